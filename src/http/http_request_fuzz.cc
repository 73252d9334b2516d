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
using certwright::http::HeadParser;
using certwright::http::RequestHead;

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
  HeadParser parser({.header_octets = 64 * 1024});
  const auto outcome = parser.parse(text, again, framing_again);
  check(outcome.kind == HeadParser::Kind::complete && outcome.consumed == text.size());
  check(same(head, again) && same(framing, framing_again));
}

void check_in_pieces(std::string_view input, std::size_t step, const HeadParser::Outcome& whole,
                     const RequestHead& head) {
  HeadParser parser({});
  RequestHead again;
  Framing framing;
  HeadParser::Outcome outcome{HeadParser::Kind::need_more, 0, {0, {}}};
  for (std::size_t size = 0; outcome.kind == HeadParser::Kind::need_more && size < input.size();) {
    size = std::min(size + step, input.size());
    outcome = parser.parse(input.substr(0, size), again, framing);
  }
  check(outcome.kind == whole.kind && outcome.consumed == whole.consumed);
  check(outcome.refusal.status == whole.refusal.status);
  check(whole.kind != HeadParser::Kind::complete || same(head, again));
}

void check_chunked(std::string_view input, std::size_t step) {
  constexpr std::size_t kLimit = 512;
  http::ChunkedDecoder whole(kLimit);
  http::ChunkedDecoder pieces(kLimit);
  Bytes body;
  Bytes body_in_pieces;
  const std::size_t taken = whole.decode(input, body);
  std::size_t taken_in_pieces = 0;
  while (taken_in_pieces < input.size() && !pieces.done() && !pieces.refusal())
    taken_in_pieces += pieces.decode(input.substr(taken_in_pieces, step), body_in_pieces);
  check(body.size() <= kLimit && body == body_in_pieces && taken == taken_in_pieces);
  check(whole.done() == pieces.done());
  check(whole.refusal().has_value() == pieces.refusal().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 7U;
  const std::string_view input = as_text({data + 1, size - 1});
  RequestHead head;
  Framing framing;
  HeadParser parser({});
  const auto outcome = parser.parse(input, head, framing);
  check_in_pieces(input, step, outcome, head);
  if (outcome.kind != HeadParser::Kind::complete) return 0;
  const std::string_view text = input.substr(0, outcome.consumed);
  check(text.ends_with("\r\n\r\n") && text.find('\0') == std::string_view::npos);
  check(!(head.headers.has("Transfer-Encoding") && head.headers.has("Content-Length")));
  check(head.headers.count("Host") <= 1 && head.headers.count("Content-Length") <= 1);
  check(framing.chunked == head.headers.has("Transfer-Encoding"));
  const std::string_view line = text.substr(text.starts_with("\r\n") ? 2 : 0);
  check_rewritten(head, framing, line.substr(0, line.find("\r\n")).ends_with("HTTP/1.1"));
  if (framing.chunked) check_chunked(input.substr(outcome.consumed), step);
  return 0;
}
