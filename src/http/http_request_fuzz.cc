// The request syntax as the server reads it, without a socket. What is accepted reads the same
// after being written again; arriving in pieces changes nothing; no message has two framings.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bytes/bytes.h"
#include "http/request_parser.h"

namespace {

using namespace certwright;
using certwright::http::Framing;
using certwright::http::RequestHead;
using certwright::http::RequestParser;

void check(bool holds) {
  if (!holds) std::abort();
}

bool same(const RequestHead& a, const RequestHead& b) {
  return a.method == b.method && a.target == b.target && a.raw_path == b.raw_path &&
         a.segments == b.segments && a.raw_query == b.raw_query && a.headers == b.headers;
}

bool same(const Framing& a, const Framing& b) {
  return a.chunked == b.chunked && a.content_length == b.content_length &&
         a.keep_alive == b.keep_alive && a.expects_continue == b.expects_continue;
}

void check_rewritten(const RequestHead& head, const Framing& framing, bool is_1_1) {
  std::string text = head.method + ' ' + head.target + (is_1_1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  for (const auto& [name, value] : head.headers) text += name + ": " + value + "\r\n";
  text += "\r\n";
  RequestHead again;
  Framing framing_again;
  RequestParser parser({.header_octets = 64 * 1024});
  const auto outcome = parser.read_head(text, again, framing_again);
  check(outcome.kind == RequestParser::Kind::complete && outcome.consumed == text.size());
  check(same(head, again) && same(framing, framing_again));
}

void check_in_pieces(std::string_view input, std::size_t step, const RequestParser::Outcome& whole,
                     const RequestHead& head) {
  RequestParser parser({});
  RequestHead again;
  Framing framing;
  RequestParser::Outcome outcome{RequestParser::Kind::need_more};
  for (std::size_t size = 0;
       outcome.kind == RequestParser::Kind::need_more && size < input.size();) {
    size = std::min(size + step, input.size());
    outcome = parser.read_head(input.substr(0, size), again, framing);
  }
  check(outcome.kind == whole.kind && outcome.consumed == whole.consumed);
  check(outcome.refusal.status == whole.refusal.status);
  check(whole.kind != RequestParser::Kind::complete || same(head, again));
}

// `input` follows the head that `whole` has read.
void check_body(RequestParser& whole, std::string_view head_text, std::string_view input,
                std::size_t step) {
  constexpr std::size_t kLimit = 512;
  RequestParser parser({});
  RequestHead head;
  Framing framing;
  check(parser.read_head(head_text, head, framing).kind == RequestParser::Kind::complete);
  Bytes body;
  Bytes body_in_pieces;
  const auto outcome = whole.read_body(input, kLimit, body);
  RequestParser::Outcome in_pieces{RequestParser::Kind::need_more};
  std::size_t taken = 0;
  for (std::size_t arrived = 0;
       arrived < input.size() && in_pieces.kind == RequestParser::Kind::need_more;) {
    arrived = std::min(arrived + step, input.size());
    in_pieces = parser.read_body(input.substr(taken, arrived - taken), kLimit, body_in_pieces);
    taken += in_pieces.consumed;
  }
  check(outcome.kind == in_pieces.kind);
  if (framing.chunked) check(body.size() <= kLimit);
  if (outcome.kind == RequestParser::Kind::refused) return;
  check(body == body_in_pieces && outcome.consumed == taken);
  if (!framing.chunked && outcome.kind == RequestParser::Kind::complete)
    check(as_text(body) == input.substr(0, static_cast<std::size_t>(framing.content_length)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 7U;
  const std::string_view input = as_text({data + 1, size - 1});
  RequestHead head;
  Framing framing;
  RequestParser parser({});
  const auto outcome = parser.read_head(input, head, framing);
  check_in_pieces(input, step, outcome, head);
  if (outcome.kind != RequestParser::Kind::complete) return 0;
  const std::string_view text = input.substr(0, outcome.consumed);
  check(text.ends_with("\r\n\r\n") && text.find('\0') == std::string_view::npos);
  check(!(head.headers.has("Transfer-Encoding") && head.headers.has("Content-Length")));
  check(head.headers.count("Host") <= 1 && head.headers.count("Content-Length") <= 1);
  check(framing.chunked == head.headers.has("Transfer-Encoding"));
  const std::string_view line = text.substr(text.starts_with("\r\n") ? 2 : 0);
  check_rewritten(head, framing, line.substr(0, line.find("\r\n")).ends_with("HTTP/1.1"));
  if (framing.has_body() && outcome.consumed < input.size())
    check_body(parser, text, input.substr(outcome.consumed), step);
  return 0;
}
