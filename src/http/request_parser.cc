#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <functional>
#include <limits>
#include <utility>

#include "bytes/secret_bytes.h"
#include "http/response_writer.h"

namespace certwright::http {
namespace {

namespace beast = boost::beast;
using BeastError = beast::http::error;

constexpr int kLengthRequired = 411;
constexpr int kContentTooLarge = 413;
constexpr int kExpectationFailed = 417;
constexpr int kHeadersTooLarge = 431;
constexpr int kNotImplemented = 501;
constexpr int kVersionNotSupported = 505;

constexpr std::string_view kRepeated = "a header field that may appear once appears twice";
constexpr std::string_view kTwoFramings =
    "Content-Length and Transfer-Encoding exclude each other";
constexpr std::size_t kChunkLineOctets = 1'024;
constexpr std::size_t kChunkOverheadOctets = 16 * 1'024;
constexpr std::size_t kTrailerOctets = 16 * 1'024;
constexpr std::string_view kTooMuchOverhead = "too much chunk overhead, or too long trailers";

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Is it the size line of the last chunk, with or without the line break before it?
bool is_last_chunk(std::string_view line) noexcept {
  if (line.starts_with("\r\n")) line.remove_prefix(2);
  const std::size_t zeros = std::min(line.find_first_not_of('0'), line.size());
  return zeros > 0 && (zeros == line.size() || !is_hex_digit(line[zeros]));
}

// Is it METHOD SP TARGET SP HTTP/d.d, of whatever version?
bool has_version(std::string_view request_line) noexcept {
  const std::string_view version = request_line.substr(request_line.rfind(' ') + 1);
  return std::ranges::count(request_line, ' ') == 2 && version.size() == 8 &&
         version.starts_with("HTTP/") && is_digits(version.substr(5, 1)) && version[6] == '.' &&
         is_digits(version.substr(7));
}

// Is it a field of digits? One that Beast refused has too many.
bool has_number(std::string_view field_line) noexcept {
  field_line.remove_prefix(std::min(field_line.find(':') + 1, field_line.size()));
  field_line.remove_prefix(std::min(field_line.find_first_not_of(" \t"), field_line.size()));
  return is_digits(field_line.substr(0, field_line.find_last_not_of(" \t") + 1));
}

// What an error of Beast's means to the client; `line` is the one it stopped at.
Refusal refusal_of_head(const beast::error_code& error, std::string_view line, bool is_chunked) {
  switch (static_cast<BeastError>(error.value())) {
    case BeastError::bad_method:
    case BeastError::bad_target: return {kBadRequest, "the request line is malformed"};
    case BeastError::bad_version:
      if (!has_version(line)) return {kBadRequest, "the request line is malformed"};
      return {kVersionNotSupported, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
    case BeastError::bad_content_length:
      if (is_chunked) return {kBadRequest, kTwoFramings};
      if (has_number(line)) return {kContentTooLarge, "Content-Length is far too large"};
      return {kBadRequest, "Content-Length is not a number"};
    case BeastError::bad_transfer_encoding:
      return {kBadRequest, is_chunked ? kRepeated : kTwoFramings};
    case BeastError::multiple_content_length: return {kBadRequest, kRepeated};
    case BeastError::bad_field: return {kBadRequest, "a header field is malformed"};
    case BeastError::bad_value:
      return {kBadRequest, "a header field has a value that HTTP does not allow"};
    case BeastError::bad_line_ending: return {kBadRequest, "a line does not end in CR LF"};
    default: return {kBadRequest, "the header section is malformed"};
  }
}

Refusal refusal_of_body(const beast::error_code& error) {
  if (error == BeastError::body_limit) return {kContentTooLarge, "the body is too large"};
  return {kBadRequest, "the chunked coding is malformed"};
}

}  // namespace

// One message in Beast's hands. The callbacks fill in what it says, and refuse what Beast forgives
// but another reader of the same octets may understand otherwise.
class RequestParser::Message final : public beast::http::basic_parser<true> {
 public:
  Message(const HeadLimits& limits, RequestHead& head, Framing& framing)
      : limits_(limits), head_(head), framing_(framing) {
    // Beast holds limits against what one call brings, RequestParser against the whole.
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
  }

  // `text` is a head from its first octet to its last.
  MaybeRefusal read_head(std::string_view text) {
    const auto [taken, error] = feed(text);
    if (refusal_) return refusal_;
    const std::string_view rest = text.substr(taken);
    if (error) return refusal_of_head(error, rest.substr(0, rest.find("\r\n")), chunked());
    // Beast and the search for the end agree on where it is.
    if (!is_header_done() || !rest.empty()) {
      return Refusal{kBadRequest, "the header section is malformed"};
    }
    is_head_read_ = true;
    eager(true);
    return {};
  }

  Outcome read_body(std::string_view buffer, std::size_t limit_octets, Bytes& body) {
    constexpr std::size_t kShortestChunkedBody = 5;
    if (!is_body_begun_) {
      // Beast 1.81 asserts that it is not called again with less than this.
      if (chunked() && buffer.starts_with('0') && buffer.size() < kShortestChunkedBody) {
        return {Kind::need_more};
      }
      if (chunked()) body_limit(limit_octets);
      is_body_begun_ = true;
    }
    body_ = &body;
    const auto [taken, error] = feed(buffer);
    if (refusal_) return {Kind::refused, 0, *refusal_};
    if (error && error != BeastError::need_more) return {Kind::refused, 0, refusal_of_body(error)};
    if (is_done()) return {Kind::complete, taken};
    if (const auto refusal = judge_unfinished(buffer.substr(taken))) {
      return {Kind::refused, 0, *refusal};
    }
    return {Kind::need_more, taken};
  }

 private:
  using Code = beast::error_code;
  using View = beast::string_view;
  using Field = beast::http::field;
  using Verb = beast::http::verb;

  static std::string_view text_of(View view) noexcept { return {view.data(), view.size()}; }

  std::pair<std::size_t, Code> feed(std::string_view text) {
    Code error;
    input_ = text;
    const std::size_t taken = put({text.data(), text.size()}, error);
    return {taken, error};
  }

  void refuse(Code& error, int status, std::string_view message) {
    refusal_ = Refusal{status, message};
    error = BeastError::bad_value;  // stops Beast; what is answered is refusal_
  }

  void on_request_impl(Verb verb, View method, View target, int version, Code& error) override {
    constexpr int kVersion1_1 = 11;
    is_1_1_ = version == kVersion1_1;
    const auto is_visible = [](char c) { return c > 0x20 && c < 0x7F; };
    if (!std::ranges::all_of(target, is_visible)) {
      return refuse(error, kBadRequest, "the request line is malformed");
    }
    switch (verb) {
      case Verb::get:
      case Verb::head:
      case Verb::post:
      case Verb::put:
      case Verb::patch:
      case Verb::delete_:
      case Verb::options: break;
      default: return refuse(error, kNotImplemented, "this method is not implemented");
    }
    needs_length_ = verb == Verb::post || verb == Verb::put || verb == Verb::patch;
    head_.method = text_of(method);
    head_.target = text_of(target);
    if (const auto refusal = read_target(head_)) refuse(error, refusal->status, refusal->message);
  }

  void on_response_impl(int, View, int, Code&) override {}  // of a response

  // Beast joins folded lines: the value is then not behind the colon.
  bool is_folded(View name, View value) const {
    const char* const after_colon = name.data() + name.size() + 1;
    const char* const end = input_.data() + input_.size();
    const std::less<const char*> less;
    return less(value.data(), after_colon) || less(end, value.data()) ||
           std::find(after_colon, value.data(), '\r') != value.data();
  }

  void on_field_impl(Field field, View name, View value, Code& error) override {
    if (is_head_read_) return on_trailer_field_impl(field, name, value, error);
    if (head_.headers.size() == limits_.header_count) {
      return refuse(error, kHeadersTooLarge, "too many header fields");
    }
    if (is_folded(name, value)) {
      return refuse(error, kBadRequest, "header fields may not be folded");
    }
    std::optional<std::string_view>* once = nullptr;
    switch (field) {
      case Field::host: once = &host_; break;
      case Field::transfer_encoding: once = &transfer_encoding_; break;
      case Field::expect: once = &expect_; break;
      case Field::content_length:
        once = &content_length_;
        if (!is_digits(text_of(value))) {  // Beast takes a list of equal ones
          return refuse(error, kBadRequest, "Content-Length is not a number");
        }
        break;
      default: break;
    }
    if (once != nullptr && once->has_value()) {
      return refuse(error, kBadRequest, kRepeated);
    }
    if (once != nullptr) *once = text_of(value);
    head_.headers.add(std::string(name), std::string(value));
  }

  // Later releases of Beast have a callback of this name for trailers.
  virtual void on_trailer_field_impl(Field, View name, View value, Code& error) {
    if (is_folded(name, value)) refuse(error, kBadRequest, "trailer fields may not be folded");
  }

  void on_header_impl(Code& error) override {
    if (const auto refusal = judge_framing()) refuse(error, refusal->status, refusal->message);
  }

  MaybeRefusal judge_framing() {
    if (is_1_1_ && !host_) return Refusal{kBadRequest, "the Host field is missing"};
    if (host_ && !is_host(*host_)) return Refusal{kBadRequest, "the Host field is malformed"};
    if (transfer_encoding_) {
      if (content_length_) {
        return Refusal{kBadRequest, kTwoFramings};
      }
      if (!is_1_1_) return Refusal{kBadRequest, "HTTP/1.0 has no Transfer-Encoding"};
      if (!chunked() || !equal_ignoring_case(*transfer_encoding_, "chunked")) {
        return Refusal{kNotImplemented, "only the chunked transfer coding is implemented"};
      }
    } else if (!content_length_ && !is_1_1_ && needs_length_) {
      return Refusal{kLengthRequired, "a body in HTTP/1.0 needs a Content-Length"};
    }
    framing_ = {.content_length = content_length().value_or(0),
                .chunked = chunked(),
                .keep_alive = is_1_1_ && keep_alive()};
    if (expect_ && is_1_1_) {
      if (!equal_ignoring_case(*expect_, "100-continue")) {
        return Refusal{kExpectationFailed, "only 100-continue can be expected"};
      }
      framing_.expects_continue = framing_.has_body();
    }
    return {};
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}

  std::size_t on_body_impl(View part, Code&) override {
    const ByteView octets = as_bytes(text_of(part));
    reserve_wiping(*body_, octets.size());  // it may hold a key
    body_->insert(body_->end(), octets.begin(), octets.end());
    body_octets_ += octets.size();
    return octets.size();
  }

  std::size_t on_chunk_body_impl(std::uint64_t, View part, Code& error) override {
    return on_body_impl(part, error);
  }

  // One octet in chunks of its own costs five of overhead: let overhead grow with the body. Trailers
  // do not: they wait in memory until they are whole.
  bool is_too_much(std::size_t overhead_octets, std::size_t trailer_octets) const noexcept {
    return trailer_octets > kTrailerOctets ||
           overhead_octets > kChunkOverheadOctets + 8 * body_octets_;
  }

  void on_chunk_header_impl(std::uint64_t size, View extensions, Code& error) override {
    constexpr std::size_t kMaxSizeDigits = 8;
    if (!is_field_value(text_of(extensions))) {
      return refuse(error, kBadRequest, "a chunk line has a control character");
    }
    const std::string_view before =
        input_.substr(0, static_cast<std::size_t>(extensions.data() - input_.data()));
    const auto digits = static_cast<std::size_t>(
        std::find_if_not(before.rbegin(), before.rend(), is_hex_digit) - before.rbegin());
    if (digits > kMaxSizeDigits) return refuse(error, kContentTooLarge, "a chunk is far too large");
    const std::size_t line_end = before.size() + extensions.size() + 2;
    const std::size_t line = digits + extensions.size() + (is_first_chunk_ ? 2 : 4);
    if (line > kChunkLineOctets) {
      return refuse(error, kBadRequest, "a chunk's size line is too long");
    }
    is_first_chunk_ = false;
    // Beast calls for the last chunk when the trailers are there.
    const std::size_t trailers =
        size == 0 ? input_.find("\r\n\r\n", line_end - 2) + 4 - line_end : 0;
    overhead_octets_ += line + trailers;
    if (is_too_much(overhead_octets_, trailers)) refuse(error, kBadRequest, kTooMuchOverhead);
  }

  void on_finish_impl(Code&) override {}

  // What Beast waits for without limit: the end of a chunk's size line, or of the trailers. If the
  // line has ended it waits for the trailers, or for the end of a quote that its line left open;
  // then it would count the chunk against the body's limit each time it is called.
  MaybeRefusal judge_unfinished(std::string_view rest) const {
    const std::size_t line_end = rest.find("\r\n", 1);  // the one at 0 ends the chunk before
    const std::size_t line = line_end == std::string_view::npos ? rest.size() : line_end + 2;
    if (line > kChunkLineOctets) {
      return Refusal{kBadRequest, "a chunk's size line is too long"};
    }
    if (line_end != std::string_view::npos && !is_last_chunk(rest.substr(0, line_end))) {
      return Refusal{kBadRequest, "the chunked coding is malformed"};
    }
    const std::size_t trailers = line_end == std::string_view::npos ? 0 : rest.size() - line;
    if (is_too_much(overhead_octets_ + rest.size(), trailers)) {
      return Refusal{kBadRequest, kTooMuchOverhead};
    }
    return {};
  }

  const HeadLimits& limits_;
  RequestHead& head_;  // these two while the head is read
  Framing& framing_;
  Bytes* body_ = nullptr;
  std::string_view input_;  // of the call under way
  MaybeRefusal refusal_;

  bool is_1_1_ = false;
  bool needs_length_ = false;
  bool is_head_read_ = false;
  bool is_body_begun_ = false;
  bool is_first_chunk_ = true;
  std::optional<std::string_view> host_, content_length_, transfer_encoding_, expect_;
  std::size_t body_octets_ = 0;
  std::size_t overhead_octets_ = 0;  // size lines and trailers, so that empty chunks cost something
};

RequestParser::RequestParser(const HeadLimits& limits) : limits_(limits) {}
RequestParser::~RequestParser() = default;

RequestParser::Outcome RequestParser::read_head(std::string_view buffer, RequestHead& head,
                                                Framing& framing) {
  const auto finish = [this](Kind kind, std::size_t consumed, Refusal refusal) {
    scanned_ = line_start_ = 0;
    seen_request_line_ = false;
    return Outcome{kind, consumed, refusal};
  };
  // RFC 9112 section 2.2: one empty line before a request is forgiven.
  const std::size_t skip = buffer.starts_with("\r\n") ? 2 : 0;
  if (skip > scanned_) scanned_ = line_start_ = skip;
  while (scanned_ < buffer.size()) {
    const std::size_t newline = buffer.find('\n', scanned_);
    const std::size_t line_end = std::min(newline, buffer.size());
    if (!seen_request_line_ && line_end - line_start_ > limits_.request_line_octets + 1) {
      return finish(Kind::refused, 0, {kUriTooLong, "the request line is too long"});
    }
    if (line_end - skip > limits_.header_octets) {
      return finish(Kind::refused, 0, {kHeadersTooLarge, "the header section is too large"});
    }
    if (newline == std::string_view::npos) {
      scanned_ = buffer.size();
      break;
    }
    if (newline == line_start_ || buffer[newline - 1] != '\r') {
      return finish(Kind::refused, 0, {kBadRequest, "a line does not end in CR LF"});
    }
    const bool is_empty_line = newline == line_start_ + 1;
    scanned_ = line_start_ = newline + 1;
    if (is_empty_line && !seen_request_line_) {
      return finish(Kind::refused, 0, {kBadRequest, "the request line is missing"});
    }
    seen_request_line_ = true;
    if (!is_empty_line) continue;
    const std::size_t consumed = newline + 1;
    head.headers.clear();
    framing = {};
    message_ = std::make_unique<Message>(limits_, head, framing);
    if (const auto refusal = message_->read_head(buffer.substr(skip, consumed - skip))) {
      return finish(Kind::refused, 0, *refusal);
    }
    return finish(Kind::complete, consumed, {0, {}});
  }
  return Outcome{Kind::need_more};
}

RequestParser::Outcome RequestParser::read_body(std::string_view buffer, std::size_t limit_octets,
                                                Bytes& body) {
  return message_->read_body(buffer, limit_octets, body);
}

}  // namespace certwright::http
