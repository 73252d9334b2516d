#include "http/request_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "http/response_writer.h"

namespace certwright::http {
namespace {

constexpr int kBadRequest = 400;
constexpr int kLengthRequired = 411;
constexpr int kContentTooLarge = 413;
constexpr int kUriTooLong = 414;
constexpr int kExpectationFailed = 417;
constexpr int kHeadersTooLarge = 431;
constexpr int kNotImplemented = 501;
constexpr int kVersionNotSupported = 505;

constexpr std::size_t kMaxSegments = 512;

using MaybeRefusal = std::optional<Refusal>;

std::string_view trim(std::string_view text) noexcept {  // OWS, RFC 9110 section 5.6.3
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_host(std::string_view text) noexcept {  // the characters of uri-host [":" port]
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~!$&'()*+,;=:[]%").find(c) != std::string_view::npos;
  });
}

// Splits the path and decodes its segments.
MaybeRefusal read_path(RequestHead& head) {
  head.segments.clear();
  if (head.raw_path == "*") return {};
  std::string_view rest = std::string_view(head.raw_path).substr(1);
  for (;;) {
    if (head.segments.size() == kMaxSegments) return Refusal{kUriTooLong, "too many path segments"};
    const std::string_view raw = rest.substr(0, rest.find('/'));
    auto segment = percent_decode(raw);
    if (!segment) return Refusal{kBadRequest, "the path has a bad percent-encoding"};
    if (!is_field_value(*segment) || segment->find('\t') != std::string::npos) {
      return Refusal{kBadRequest, "the path has a control character"};
    }
    head.segments.push_back(std::move(*segment));
    if (raw.size() == rest.size()) return {};
    rest.remove_prefix(raw.size() + 1);
  }
}

// RFC 9112 section 3.2: origin-form, absolute-form, and asterisk-form for OPTIONS.
MaybeRefusal read_target(RequestHead& head) {
  std::string_view target = head.target;
  if (target.find('#') != std::string_view::npos) {
    return Refusal{kBadRequest, "the request target has a fragment"};
  }
  if (target == "*") {
    if (head.method != "OPTIONS") return Refusal{kBadRequest, "`*` is for OPTIONS only"};
  } else if (target.front() != '/') {
    const std::size_t scheme_end = target.find("://");
    const std::string_view scheme = target.substr(0, std::min(scheme_end, target.size()));
    if (scheme_end == std::string_view::npos ||
        !(equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "https"))) {
      return Refusal{kBadRequest, "the request target is not a path"};
    }
    target.remove_prefix(scheme_end + 3);
    const std::size_t authority_size = std::min(target.find_first_of("/?"), target.size());
    if (authority_size == 0 || !is_host(target.substr(0, authority_size))) {
      return Refusal{kBadRequest, "the request target has a bad host"};
    }
    target.remove_prefix(authority_size);
  }
  const std::size_t path_size = std::min(target.find('?'), target.size());
  head.raw_path = path_size == 0 ? std::string_view("/") : target.substr(0, path_size);
  head.raw_query = path_size < target.size() ? target.substr(path_size + 1) : std::string_view();
  head.query = Query::parse(head.raw_query);
  return read_path(head);
}

MaybeRefusal read_version(std::string_view version, bool& is_1_1) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  is_1_1 = version == "HTTP/1.1";
  if (is_1_1 || version == "HTTP/1.0") return {};
  if (version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
      version[6] == '.' && is_digit(version[7])) {
    return Refusal{kVersionNotSupported, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  }
  return Refusal{kBadRequest, "the request line is malformed"};
}

MaybeRefusal read_request_line(std::string_view line, RequestHead& head, bool& is_1_1) {
  const std::size_t method_size = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_size == std::string_view::npos || target_end <= method_size + 1) {
    return Refusal{kBadRequest, "the request line is malformed"};
  }
  const std::string_view method = line.substr(0, method_size);
  const std::string_view target = line.substr(method_size + 1, target_end - method_size - 1);
  const bool visible = std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_token(method) || !visible) return Refusal{kBadRequest, "the request line is malformed"};
  if (auto refusal = read_version(line.substr(target_end + 1), is_1_1)) return refusal;
  constexpr std::string_view kMethods[] = {"GET", "POST",   "HEAD",   "PATCH",
                                           "PUT", "DELETE", "OPTIONS"};
  if (std::ranges::find(kMethods, method) == std::end(kMethods)) {
    return Refusal{kNotImplemented, "this method is not implemented"};
  }
  head.method = method;
  head.target = target;
  return read_target(head);
}

MaybeRefusal read_field(std::string_view line, RequestHead& head) {
  if (line.front() == ' ' || line.front() == '\t') {
    return Refusal{kBadRequest, "header fields may not be folded"};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return Refusal{kBadRequest, "a header field is malformed"};
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_field_value(value)) {
    return Refusal{kBadRequest, "a header field has a character that HTTP does not allow"};
  }
  head.headers.add(std::string(line.substr(0, colon)), std::string(value));
  return {};
}

// What the framing depends on, gathered in one pass over the fields.
struct FramingFields {
  const std::string* host = nullptr;
  const std::string* content_length = nullptr;
  const std::string* transfer_encoding = nullptr;
  const std::string* expect = nullptr;
  bool repeated = false;  // one of the above, which must appear once
  bool connection_close = false;
  bool bad_connection = false;  // an option that is no token
};

FramingFields gather(const Headers& headers) {
  FramingFields fields;
  const auto once = [&](const std::string*& slot, const std::string& value) {
    fields.repeated = fields.repeated || slot != nullptr;
    slot = &value;
  };
  for (const auto& [name, value] : headers) {
    if (equal_ignoring_case(name, "Host")) once(fields.host, value);
    else if (equal_ignoring_case(name, "Content-Length")) once(fields.content_length, value);
    else if (equal_ignoring_case(name, "Transfer-Encoding")) once(fields.transfer_encoding, value);
    else if (equal_ignoring_case(name, "Expect")) once(fields.expect, value);
    else if (equal_ignoring_case(name, "Connection")) {
      std::string_view rest = value;
      while (!rest.empty()) {
        const std::string_view element = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), element.size() + 1));
        const std::string_view option = trim(element);
        if (equal_ignoring_case(option, "close")) fields.connection_close = true;
        if (!option.empty() && !is_token(option)) fields.bad_connection = true;
      }
    }
  }
  return fields;
}

MaybeRefusal read_content_length(std::string_view text, std::uint64_t& length) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !digits) return Refusal{kBadRequest, "Content-Length is not a number"};
  if (error != std::errc() || end != text.data() + text.size()) {
    return Refusal{kContentTooLarge, "Content-Length is far too large"};
  }
  return {};
}

MaybeRefusal read_framing(const RequestHead& head, bool is_1_1, Framing& framing) {
  framing = {};
  const FramingFields fields = gather(head.headers);
  if (fields.repeated) {
    return Refusal{kBadRequest, "a header field that may appear once appears twice"};
  }
  if (fields.bad_connection) return Refusal{kBadRequest, "the Connection field is malformed"};
  if (is_1_1 && fields.host == nullptr) return Refusal{kBadRequest, "the Host field is missing"};
  if (fields.host != nullptr && !is_host(*fields.host)) {
    return Refusal{kBadRequest, "the Host field is malformed"};
  }
  if (fields.transfer_encoding != nullptr) {
    if (fields.content_length != nullptr) {
      return Refusal{kBadRequest, "Content-Length and Transfer-Encoding exclude each other"};
    }
    if (!is_1_1) return Refusal{kBadRequest, "HTTP/1.0 has no Transfer-Encoding"};
    if (!equal_ignoring_case(*fields.transfer_encoding, "chunked")) {
      return Refusal{kNotImplemented, "only the chunked transfer coding is implemented"};
    }
    framing.chunked = true;
  } else if (fields.content_length != nullptr) {
    if (auto refusal = read_content_length(*fields.content_length, framing.content_length)) {
      return refusal;
    }
  } else if (!is_1_1 && (head.method == "POST" || head.method == "PUT" || head.method == "PATCH")) {
    return Refusal{kLengthRequired, "a body in HTTP/1.0 needs a Content-Length"};
  }
  if (fields.expect != nullptr && is_1_1) {
    if (!equal_ignoring_case(*fields.expect, "100-continue")) {
      return Refusal{kExpectationFailed, "only 100-continue can be expected"};
    }
    framing.expects_continue = framing.has_body();
  }
  framing.keep_alive = is_1_1 && !fields.connection_close;
  return {};
}

MaybeRefusal read_head(std::string_view text, const HeadLimits& limits, RequestHead& head,
                       Framing& framing) {
  bool is_1_1 = false;
  const std::size_t request_line_size = text.find("\r\n");
  if (auto refusal = read_request_line(text.substr(0, request_line_size), head, is_1_1)) {
    return refusal;
  }
  head.headers.clear();
  text.remove_prefix(request_line_size + 2);
  while (text != "\r\n") {
    if (head.headers.size() == limits.header_count) {
      return Refusal{kHeadersTooLarge, "too many header fields"};
    }
    const std::string_view line = text.substr(0, text.find("\r\n"));
    if (auto refusal = read_field(line, head)) return refusal;
    text.remove_prefix(line.size() + 2);
  }
  return read_framing(head, is_1_1, framing);
}

}  // namespace

HeadParser::Outcome HeadParser::parse(std::string_view buffer, RequestHead& head,
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
    const bool empty_line = newline == line_start_ + 1;
    scanned_ = line_start_ = newline + 1;
    if (empty_line && !seen_request_line_) {
      return finish(Kind::refused, 0, {kBadRequest, "the request line is missing"});
    }
    seen_request_line_ = true;
    if (!empty_line) continue;
    const std::size_t consumed = newline + 1;
    if (auto refusal = read_head(buffer.substr(skip, consumed - skip), limits_, head, framing)) {
      return finish(Kind::refused, 0, *refusal);
    }
    return finish(Kind::complete, consumed, {0, {}});
  }
  return Outcome{Kind::need_more, 0, {0, {}}};
}

std::size_t ChunkedDecoder::decode(std::string_view input, Bytes& body) {
  constexpr std::size_t kMaxLineOctets = 1'024;
  std::size_t taken = 0;
  while (taken < input.size() && !done() && !refusal_) {
    if (state_ == State::data) {
      const std::size_t size =
          static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size() - taken));
      const ByteView part = as_bytes(input.substr(taken, size));
      body.insert(body.end(), part.begin(), part.end());
      taken += size;
      chunk_left_ -= size;
      if (chunk_left_ == 0) state_ = State::data_end;
      continue;
    }
    const char c = input[taken++];
    if (c != '\n') {
      if (line_.size() == kMaxLineOctets) refuse(kBadRequest, "a chunk's size line is too long");
      line_ += c;
      continue;
    }
    if (line_.empty() || line_.back() != '\r') {
      refuse(kBadRequest, "a line does not end in CR LF");
      break;
    }
    line_.pop_back();
    end_line(line_);
    line_.clear();
  }
  return taken;
}

void ChunkedDecoder::end_line(std::string_view line) {
  constexpr std::size_t kMaxOverheadOctets = 16 * 1'024;
  overhead_octets_ += line.size() + 2;
  // One octet in chunks of its own costs five of overhead: let overhead grow with the body.
  if (overhead_octets_ > kMaxOverheadOctets + 8 * body_octets_) {
    return refuse(kBadRequest, "too much chunk overhead");
  }
  if (!is_field_value(line)) return refuse(kBadRequest, "a chunk line has a control character");
  switch (state_) {
    case State::size_line: return begin_chunk(line);
    case State::data_end:
      if (!line.empty()) return refuse(kBadRequest, "a chunk is longer than its size");
      state_ = State::size_line;
      return;
    case State::trailer:
      if (line.empty()) {
        state_ = State::done;
      } else if (!is_token(line.substr(0, std::min(line.find(':'), line.size()))) ||
                 line.find(':') == std::string_view::npos) {
        refuse(kBadRequest, "a trailer field is malformed");
      }
      return;
    case State::data:
    case State::done: return;
  }
}

void ChunkedDecoder::begin_chunk(std::string_view line) {
  constexpr std::size_t kMaxSizeDigits = 8;
  constexpr int kHexadecimal = 16;
  const std::size_t digits = std::min(line.find_first_of("; \t"), line.size());
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (digits == 0 || !std::ranges::all_of(line.substr(0, digits), is_hex)) {
    return refuse(kBadRequest, "a chunk's size is not a number");
  }
  if (const std::string_view extension = trim(line.substr(digits));
      !extension.empty() && extension.front() != ';') {
    return refuse(kBadRequest, "a chunk's size is not a number");
  }
  if (digits > kMaxSizeDigits) return refuse(kContentTooLarge, "a chunk is far too large");
  std::from_chars(line.data(), line.data() + digits, chunk_left_, kHexadecimal);
  body_octets_ += chunk_left_;
  if (body_octets_ > body_limit_) return refuse(kContentTooLarge, "the body is too large");
  state_ = chunk_left_ == 0 ? State::trailer : State::data;
}

}  // namespace certwright::http
