#include "http/request_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace certwright::http {
namespace {

struct Parsed {
  RequestParser::Outcome outcome{RequestParser::Kind::need_more};
  RequestHead head;
  Framing framing;
};

Parsed parse(std::string_view text, const HeadLimits& limits = {}) {
  Parsed parsed;
  RequestParser parser(limits);
  parsed.outcome = parser.read_head(text, parsed.head, parsed.framing);
  return parsed;
}

// 0 if accepted, -1 if more is wanted, or the status of the refusal.
int verdict(std::string_view text, const HeadLimits& limits = {}) {
  const Parsed parsed = parse(text, limits);
  if (parsed.outcome.kind == RequestParser::Kind::complete) return 0;
  return parsed.outcome.kind == RequestParser::Kind::need_more ? -1 : parsed.outcome.refusal.status;
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
    {"FoldedAfterNothing", GET HOST "X:\r\n b\r\n\r\n", 400},
    {"FoldedIntoNothing", GET HOST "X: a\r\n \r\n\r\n", 400},
    {"FoldedHost", GET "Host:\r\n a\r\n\r\n", 400},
    {"FoldedFirst", GET " X: a\r\n" HOST "\r\n", 400},
    {"SpaceBeforeColon", GET "Host : a\r\n\r\n", 400},
    {"TabBeforeColon", GET "Host\t: a\r\n\r\n", 400},
    {"DelInHeader", GET HOST "X: a\x7f\r\n\r\n", 400},
    {"EmptyValue", GET HOST "X:\r\nY: \t \r\n\r\n", 0},
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
    {"Http12AfterSpaceInTarget", "GET /a b HTTP/1.2\r\n" HOST "\r\n", 400},
    {"VersionWithTail", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
    {"VersionCutShort", "GET / HTT\r\n\r\n", 400},
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
    {"ContentLengthOfOneInAList", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3,\r\n\r\n", 400},
    {"ContentLengthTwoValues",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
    {"ContentLengthSigned", "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\n", 400},
    {"ContentLengthNegative", "POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\n", 400},
    {"ContentLengthEmpty", "POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", 400},
    {"ContentLengthHex", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\n", 400},
    {"ContentLengthOverflow",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551616\r\n\r\n", 413},
    {"Chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", 0},
    {"ChunkedAndLength",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"LengthAfterChunked",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
    {"GzipAndLength",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", 400},
    {"GzipThenChunkedField",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
     400},
    {"ChunkedTwiceInAList",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501},
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
  RequestParser parser({});
  for (std::size_t size = 1; size <= text.size(); ++size) {
    parsed.outcome = parser.read_head(text.substr(0, size), parsed.head, parsed.framing);
    if (parsed.outcome.kind != RequestParser::Kind::need_more) break;
  }
  const int want = GetParam().verdict;
  const bool complete = parsed.outcome.kind == RequestParser::Kind::complete;
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

TEST(RequestParser, IsReadyForTheNextHead) {
  const std::string two =
      "GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  RequestParser parser({});
  RequestHead head;
  Framing framing;
  const auto first = parser.read_head(two, head, framing);
  ASSERT_EQ(first.kind, RequestParser::Kind::complete);
  EXPECT_EQ(head.raw_path, "/1");
  const auto second = parser.read_head(std::string_view(two).substr(first.consumed), head, framing);
  ASSERT_EQ(second.kind, RequestParser::Kind::complete);
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
    {"TrailerWithTheFramingOfAnother", "0\r\nContent-Length: 3\r\n\r\n", 400, "", ""},
    {"FoldedTrailer", "0\r\nX: a\r\n b\r\n\r\n", 400, "", ""},
    {"LastChunkAlone", "0\r\n\r\n", 0, "", ""},
    {"QuotedExtension", "1;a=\"b;c\"\r\nx\r\n0\r\n\r\n", 0, "x", ""},
    {"ControlInQuotedExtension", "1;a=\"\x01\"\r\nx\r\n0\r\n\r\n", 400, "", ""},
    {"LineBreakInQuotedExtension", "1;a=\"\r\nx\"\r\n0\r\n\r\n", 400, "", ""},
    {"QuoteOverManyLines", "5;a=\"b\r\nc\r\nd\r\n", 400, "", ""},
    {"QuoteOverManyLinesInASecondChunk", "1\r\nx\r\n5;a=\"b\r\nc\r\n", 400, "", ""},
    {"ExtensionWithoutName", "1;=b\r\nx\r\n0\r\n\r\n", 400, "", ""},
    {"SpaceBeforeSize", " 1\r\nx\r\n0\r\n\r\n", 400, "", ""},
    {"SpaceAfterSize", "1 \r\nx\r\n0\r\n\r\n", 400, "", ""},
    {"BareCrAfterSize", "1\rx\r\n0\r\n\r\n", 400, "", ""},
    {"BareLfAfterData", "1\r\nx\n0\r\n\r\n", 400, "", ""},
    {"SizeOverflows", "ffffffffffffffffff\r\n", 400, "", ""},
    {"NoDigits", ";a\r\n", 400, "", ""},
    {"NotHex", "g\r\n", 400, "", ""},
    {"Hex0x", "0x1\r\nx\r\n0\r\n\r\n", 400, "", ""},
    {"Signed", "+1\r\nx\r\n", 400, "", ""},
    {"BareLf", "1\nx\r\n0\r\n\r\n", 400, "", ""},
    {"DataTooLong", "1\r\nxy\r\n0\r\n\r\n", 400, "", ""},
    {"SizeTooLong", "000000001\r\n", 413, "", ""},
    {"OverTheLimit", "11\r\n", 413, "", ""},
    {"AtTheLimit", "10\r\n0123456789abcdef\r\n0\r\n\r\n", 0, "0123456789abcdef", ""},
    {"SumOverTheLimit", "f\r\n0123456789abcde\r\n2\r\nfg\r\n0\r\n\r\n", 413, "", ""}};

// Reads `text` as the body of a chunked request, `step` octets arriving at a time.
struct Decoded {
  RequestParser::Outcome outcome{RequestParser::Kind::need_more};
  std::string body;
  std::size_t taken = 0;
};
Decoded decode(std::string_view text, std::size_t step, std::size_t limit = 16) {
  RequestParser parser({});
  RequestHead head;
  Framing framing;
  const std::string_view post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(parser.read_head(post, head, framing).kind, RequestParser::Kind::complete);
  Decoded decoded;
  Bytes body;
  for (std::size_t arrived = 0;
       arrived < text.size() && decoded.outcome.kind == RequestParser::Kind::need_more;) {
    arrived = std::min(arrived + step, text.size());
    const std::string_view unread = text.substr(decoded.taken, arrived - decoded.taken);
    decoded.outcome = parser.read_body(unread, limit, body);
    decoded.taken += decoded.outcome.consumed;
  }
  decoded.body = as_text(body);
  return decoded;
}

class Rfc9112Section7_1 : public testing::TestWithParam<ChunkCase> {};
TEST_P(Rfc9112Section7_1, Decodes) {
  const auto& c = GetParam();
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, c.text.size()}) {
    const Decoded decoded = decode(c.text, step);
    EXPECT_EQ(decoded.outcome.refusal.status, c.status) << step;
    if (c.status != 0) continue;
    EXPECT_EQ(decoded.outcome.kind, RequestParser::Kind::complete) << step;
    EXPECT_EQ(decoded.body, c.body);
    EXPECT_EQ(c.text.substr(decoded.taken), c.rest);
  }
}
INSTANTIATE_TEST_SUITE_P(Bodies, Rfc9112Section7_1, testing::ValuesIn(kChunks),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(ChunkedBody, BoundsItsOverhead) {
  const std::string wordy_chunk = "1;" + std::string(1'000, 'a') + "\r\nx\r\n";
  std::string wordy, thin, trailers = "0\r\n", long_line(2'000, '0');
  for (int i = 0; i < 40; ++i) wordy += wordy_chunk;
  for (int i = 0; i < 20'000; ++i) thin += "1\r\nx\r\n";
  while (trailers.size() < 20'000) trailers += "X-Trailer: value\r\n";
  for (const std::size_t step : {std::size_t{7}, std::size_t{100'000}, std::size_t{1'000'000}}) {
    EXPECT_EQ(decode(wordy, step, 1'000'000).outcome.refusal.status, 400) << step;
    EXPECT_EQ(decode(long_line, step).outcome.refusal.status, 400) << step;
    EXPECT_EQ(decode(trailers, step).outcome.refusal.status, 400) << step;
    EXPECT_EQ(decode(trailers + "\r\n", step).outcome.refusal.status, 400) << step;
    EXPECT_EQ(decode(thin + "0\r\n\r\n", step, 1'000'000).body.size(), 20'000U) << step;
  }
}

// Trailers are kept until they are whole, so that a large body does not buy large ones.
TEST(ChunkedBody, BoundsItsTrailersByThemselves) {
  constexpr std::size_t kBody = 10'000, kTrailers = 16 * 1024;
  const std::string chunk = "2710\r\n" + std::string(kBody, 'x') + "\r\n0\r\n";
  const std::string name = "X: ", end = "\r\n\r\n";
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}, std::size_t{50'000}}) {
    const std::string text =
        chunk + name + std::string(kTrailers - name.size() - end.size() + more, 'y') + end;
    for (const std::size_t step : {std::size_t{7}, std::size_t{1'000}, text.size()}) {
      const Decoded decoded = decode(text, step, kBody);
      EXPECT_EQ(decoded.outcome.refusal.status, more == 0 ? 0 : 400) << more << " by " << step;
      EXPECT_EQ(decoded.body.size(), kBody) << "it came before them";
    }
    // Nor is the end waited for.
    const Decoded endless = decode(text.substr(0, text.size() - 1), 1'000, kBody);
    EXPECT_EQ(endless.outcome.refusal.status, more < 2 ? 0 : 400) << more;
  }
}

TEST(RequestParser, ReadsOnBehindABody) {
  constexpr std::string_view kThree =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nde\r\n0\r\nX: y\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}, kThree.size()}) {
    RequestParser parser({});
    RequestHead head;
    Framing framing;
    std::string seen;
    Bytes body;
    bool in_body = false;
    std::size_t taken = 0;
    for (std::size_t arrived = 0; arrived < kThree.size();) {
      arrived = std::min(arrived + step, kThree.size());
      for (bool more = true; more && taken < arrived;) {
        const std::string_view unread = kThree.substr(taken, arrived - taken);
        const auto outcome = in_body ? parser.read_body(unread, 16, body)
                                     : parser.read_head(unread, head, framing);
        ASSERT_NE(outcome.kind, RequestParser::Kind::refused);
        taken += outcome.consumed;
        more = outcome.kind == RequestParser::Kind::complete;
        if (!more) continue;
        in_body = !in_body && framing.has_body();
        if (!in_body) seen += head.raw_path + std::string(as_text(std::exchange(body, {})));
      }
    }
    EXPECT_EQ(seen, "/1abc/2de/3") << step;
    EXPECT_EQ(taken, kThree.size());
  }
}

}  // namespace
}  // namespace certwright::http
