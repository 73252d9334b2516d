#include "http/request_parser.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace certwright::http {
namespace {

struct Parsed {
  HeadParser::Outcome outcome{HeadParser::Kind::need_more, 0, {0, {}}};
  RequestHead head;
  Framing framing;
};

Parsed parse(std::string_view text, const HeadLimits& limits = {}) {
  Parsed parsed;
  HeadParser parser(limits);
  parsed.outcome = parser.parse(text, parsed.head, parsed.framing);
  return parsed;
}

// 0 if accepted, -1 if more is wanted, or the status of the refusal.
int verdict(std::string_view text, const HeadLimits& limits = {}) {
  const Parsed parsed = parse(text, limits);
  if (parsed.outcome.kind == HeadParser::Kind::complete) return 0;
  return parsed.outcome.kind == HeadParser::Kind::need_more ? -1 : parsed.outcome.refusal.status;
}

struct HeadCase {
  const char* name;
  std::string_view text;
  int verdict;
};
#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
constexpr HeadCase kHeads[] = {
    {"Simple", GET HOST "\r\n", 0},
    {"Unfinished", GET HOST, -1},
    {"EmptyLineBefore", "\r\n" GET HOST "\r\n", 0},
    {"TwoEmptyLinesBefore", "\r\n\r\n" GET HOST "\r\n", 400},
    {"BareLfAfterRequestLine", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
    {"BareLfAtOnce", "GET / HTTP/1.1\n", 400},
    {"BareLfInHeader", GET "Host: a\n\r\n", 400},
    {"BareCrInHeader", GET HOST "X: a\rb\r\n\r\n", 400},
    {"NulInHeader", std::string_view(GET HOST "X: a\0b\r\n\r\n", 36), 400},
    {"Folded", GET HOST "X: a\r\n b\r\n\r\n", 400},
    {"FoldedFirst", GET " X: a\r\n" HOST "\r\n", 400},
    {"SpaceBeforeColon", GET "Host : a\r\n\r\n", 400},
    {"NoColon", GET "Host\r\n\r\n", 400},
    {"EmptyName", GET HOST ": a\r\n\r\n", 400},
    {"ObsText", GET HOST "X: \xe9\r\n\r\n", 0},
    {"NoHost", GET "\r\n", 400},
    {"TwoHosts", GET HOST HOST "\r\n", 400},
    {"HostWithSpace", GET "Host: a b\r\n\r\n", 400},
    {"HostWithAt", GET "Host: u@a\r\n\r\n", 400},
    {"Http10WithoutHost", "GET / HTTP/1.0\r\n\r\n", 0},
    {"Http09", "GET /\r\n\r\n", 400},
    {"Http12", "GET / HTTP/1.2\r\n" HOST "\r\n", 505},
    {"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"LowerCaseVersion", "GET / http/1.1\r\n" HOST "\r\n", 400},
    {"TwoSpaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"TabInRequestLine", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"SpaceInTarget", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"NonAsciiTarget", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"UnknownMethod", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"LowerCaseMethod", "get / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"Connect", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 501},
    {"StarForGet", "GET * HTTP/1.1\r\n" HOST "\r\n", 400},
    {"StarForOptions", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0},
    {"Absolute", "GET http://a/b HTTP/1.1\r\n" HOST "\r\n", 0},
    {"AbsoluteWithUser", "GET http://u@a/b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"OtherScheme", "GET ftp://a/b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"Relative", "GET b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"Fragment", "GET /#a HTTP/1.1\r\n" HOST "\r\n", 400},
    {"BadPercent", "GET /%4 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"PercentNul", "GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"PercentNewline", "GET /a%0D%0Ab HTTP/1.1\r\n" HOST "\r\n", 400},
    {"BadPercentInQueryIsTheHandlers", "GET /?a=% HTTP/1.1\r\n" HOST "\r\n", 0},
    {"ContentLength", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n", 0},
    {"ContentLengthTwice",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-length: 3\r\n\r\n", 400},
    {"ContentLengthList", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\n", 400},
    {"ContentLengthSigned", "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\n", 400},
    {"ContentLengthNegative", "POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\n", 400},
    {"ContentLengthEmpty", "POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", 400},
    {"ContentLengthHex", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\n", 400},
    {"ContentLengthOverflow",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551616\r\n\r\n", 413},
    {"Chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", 0},
    {"ChunkedAndLength",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"ChunkedTwice",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     400},
    {"ChunkedList", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
    {"Gzip", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"ChunkedWithVerticalTab",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b"
     "chunked\r\n\r\n",
     400},
    {"ChunkedInHttp10", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"Http10PostWithoutLength", "POST / HTTP/1.0\r\n" HOST "\r\n", 411},
    {"PatchWithoutBody", "PATCH / HTTP/1.1\r\n" HOST "\r\n", 0},
    {"ConnectionWithEmptyElements", "GET / HTTP/1.1\r\n" HOST "Connection: ,a, ,close,\r\n\r\n", 0},
    {"ConnectionOptionNoToken", "GET / HTTP/1.1\r\n" HOST "Connection: a, b c\r\n\r\n", 400},
    {"ExpectContinue",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n", 0},
    {"ExpectOther", "POST / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n", 417}};
#undef GET
#undef HOST

class Rfc9112 : public testing::TestWithParam<HeadCase> {};
TEST_P(Rfc9112, IsReadOneWayOnly) { EXPECT_EQ(verdict(GetParam().text), GetParam().verdict); }
TEST_P(Rfc9112, ArrivingOctetByOctetChangesNothing) {
  const std::string_view text = GetParam().text;
  Parsed parsed;
  HeadParser parser({});
  for (std::size_t size = 1; size <= text.size(); ++size) {
    parsed.outcome = parser.parse(text.substr(0, size), parsed.head, parsed.framing);
    if (parsed.outcome.kind != HeadParser::Kind::need_more) break;
  }
  const int want = GetParam().verdict;
  const bool complete = parsed.outcome.kind == HeadParser::Kind::complete;
  EXPECT_EQ(complete, want == 0);
  EXPECT_EQ(parsed.outcome.refusal.status, std::max(want, 0));
}
INSTANTIATE_TEST_SUITE_P(Heads, Rfc9112, testing::ValuesIn(kHeads),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(RequestHead, KeepsTheRawPathForOcsp) {
  const auto parsed = parse("GET /ocsp/MEow//a+b%2Bc%2F= HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parsed.head.raw_path, "/ocsp/MEow//a+b%2Bc%2F=");
  EXPECT_EQ(parsed.head.segments,
            (std::vector<std::string>{"ocsp", "MEow", "", "a+b+c/="}));
}

TEST(RequestHead, SplitsTheTarget) {
  const auto parsed =
      parse("GET http://h:8/a/%20b/?x=1&y=%20?z HTTP/1.1\r\nHost:h:8 \r\nX:\t1 2 \r\n\r\nrest");
  EXPECT_EQ(parsed.head.raw_path, "/a/%20b/");
  EXPECT_EQ(parsed.head.segments, (std::vector<std::string>{"a", " b", ""}));
  EXPECT_EQ(parsed.head.raw_query, "x=1&y=%20?z");
  EXPECT_EQ(*parsed.head.query.find("y"), " ?z");
  EXPECT_EQ(parsed.head.header("host"), "h:8");
  EXPECT_EQ(parsed.head.header("x"), "1 2");
  EXPECT_EQ(parse("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n").head.raw_path, "/");
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n").head.segments, std::vector<std::string>{""});
}

TEST(Rfc9112Section9_3, KeepAlive) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").framing.keep_alive);
  EXPECT_FALSE(
      parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").framing.keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n").framing.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").framing.keep_alive);
}

TEST(HeadLimits, BothSidesOfEachBound) {
  const std::string line = "GET /aaaa HTTP/1.1";
  const std::string head = line + "\r\nHost: a\r\nX: b\r\n\r\n";
  EXPECT_EQ(verdict(head, {.request_line_octets = line.size()}), 0);
  EXPECT_EQ(verdict(head, {.request_line_octets = line.size() - 1}), 414);
  EXPECT_EQ(verdict(head, {.header_count = 2}), 0);
  EXPECT_EQ(verdict(head, {.header_count = 1}), 431);
  EXPECT_EQ(verdict(head, {.header_octets = head.size()}), 0);
  EXPECT_EQ(verdict(head, {.header_octets = head.size() - 4}), 431);
  // Long before an end is in sight.
  EXPECT_EQ(verdict(std::string(8 * 1024 + 2, 'A')), 414);
  EXPECT_EQ(verdict(line + "\r\nX: " + std::string(16 * 1024, 'a')), 431);
}

TEST(HeadParser, IsReadyForTheNextHead) {
  const std::string two =
      "GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  HeadParser parser({});
  RequestHead head;
  Framing framing;
  const auto first = parser.parse(two, head, framing);
  ASSERT_EQ(first.kind, HeadParser::Kind::complete);
  EXPECT_EQ(head.raw_path, "/1");
  const auto second = parser.parse(std::string_view(two).substr(first.consumed), head, framing);
  ASSERT_EQ(second.kind, HeadParser::Kind::complete);
  EXPECT_EQ(head.raw_path, "/2");
  EXPECT_EQ(head.headers.size(), 1U);
  EXPECT_EQ(first.consumed + second.consumed, two.size());
}

struct ChunkCase {
  const char* name;
  std::string_view text;
  int status;  // 0: accepted
  std::string_view body, rest;
};
constexpr ChunkCase kChunks[] = {
    {"TwoChunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET", 0, "abcde", "GET"},
    {"UpperHexAndLeadingZeros", "00A\r\n0123456789\r\n0\r\n\r\n", 0, "0123456789", ""},
    {"Extension", "1;a=b\r\nx\r\n0 ; c\r\n\r\n", 0, "x", ""},
    {"Trailer", "0\r\nX-T: v\r\n\r\n", 0, "", ""},
    {"BadTrailer", "0\r\nX T: v\r\n\r\n", 400, "", ""},
    {"TrailerWithoutColon", "0\r\nXT\r\n\r\n", 400, "", ""},
    {"NoDigits", ";a\r\n", 400, "", ""},
    {"NotHex", "g\r\n", 400, "", ""},
    {"Hex0x", "0x1\r\nx\r\n", 400, "", ""},
    {"Signed", "+1\r\nx\r\n", 400, "", ""},
    {"BareLf", "1\nx\r\n0\r\n\r\n", 400, "", ""},
    {"DataTooLong", "1\r\nxy\r\n0\r\n\r\n", 400, "", ""},
    {"SizeTooLong", "000000001\r\n", 413, "", ""},
    {"OverTheLimit", "11\r\n", 413, "", ""},
    {"AtTheLimit", "10\r\n0123456789abcdef\r\n0\r\n\r\n", 0, "0123456789abcdef", ""},
    {"SumOverTheLimit", "f\r\n0123456789abcde\r\n2\r\nfg\r\n0\r\n\r\n", 413, "", ""}};

class Rfc9112Section7_1 : public testing::TestWithParam<ChunkCase> {};
TEST_P(Rfc9112Section7_1, Decodes) {
  const auto& c = GetParam();
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, c.text.size()}) {
    ChunkedDecoder decoder(16);
    Bytes body;
    std::size_t taken = 0;
    while (taken < c.text.size() && !decoder.done() && !decoder.refusal())
      taken += decoder.decode(c.text.substr(taken, step), body);
    EXPECT_EQ(decoder.refusal() ? decoder.refusal()->status : 0, c.status) << step;
    if (c.status != 0) continue;
    EXPECT_TRUE(decoder.done());
    EXPECT_EQ(as_text(body), c.body);
    EXPECT_EQ(c.text.substr(taken), c.rest);
  }
}
INSTANTIATE_TEST_SUITE_P(Bodies, Rfc9112Section7_1, testing::ValuesIn(kChunks),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(ChunkedDecoder, BoundsItsOverhead) {
  std::string flood = "1;" + std::string(1'000, 'a') + "\r\nx\r\n";
  std::string text;
  for (int i = 0; i < 40; ++i) text += flood;
  ChunkedDecoder decoder(1'000'000);
  Bytes body;
  decoder.decode(text, body);
  ASSERT_TRUE(decoder.refusal());
  ChunkedDecoder line_decoder(16);
  line_decoder.decode(std::string(2'000, '0'), body);
  EXPECT_TRUE(line_decoder.refusal());
}

}  // namespace
}  // namespace certwright::http
