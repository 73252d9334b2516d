#include "http/message.h"

#include <gtest/gtest.h>

#include "http/response_writer.h"

namespace certwright::http {
namespace {

TEST(Rfc9110Section5_1, FieldNamesCompareWithoutCase) {
  Headers headers{{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(headers.get("CONTENT-TYPE"), "a");
  EXPECT_EQ(headers.count("content-Type"), 2U);
  headers.set("content-type", "c");
  EXPECT_EQ(headers.size(), 1U);
  EXPECT_EQ(headers.find("Accept"), nullptr);
}

TEST(Query, DecodesPairsInOrder) {
  const Query query = Query::parse("a=1&b=%2B+x&a=2&&flag&e=&=v");
  EXPECT_FALSE(query.malformed());
  EXPECT_EQ(*query.find("a"), "1");
  EXPECT_EQ(query.count("a"), 2U);
  EXPECT_EQ(*query.find("b"), "+ x");
  EXPECT_EQ(*query.find("flag"), "");
  EXPECT_EQ(*query.find("e"), "");
  EXPECT_EQ(*query.find(""), "v");
  EXPECT_EQ(query.find("c"), nullptr);
}

TEST(Query, FlagsWhatDoesNotDecode) {
  for (const char* bad : {"a=%", "a=%1", "a=%zz", "%g0=1", "a=%00", "a=%0a", "a=1&b=%7f"}) {
    EXPECT_TRUE(Query::parse(bad).malformed()) << bad;
    EXPECT_TRUE(Query::parse(bad).empty()) << bad;
  }
  std::string many;
  for (int i = 0; i < 64; ++i) many += "a&";
  EXPECT_FALSE(Query::parse(many).malformed());
  EXPECT_TRUE(Query::parse(many + "a").malformed());
}

TEST(Rfc3986Section2, PercentEncodingRoundTrips) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(all)).value(), all);
  EXPECT_EQ(percent_encode("a-._~ /+"), "a-._~%20%2F%2B");
  EXPECT_EQ(percent_decode("+%2b%2B").value(), "+++");
}

TEST(PreparedResponse, HoldsTheBytesOfTheAnswer) {
  const auto made = PreparedResponse::make(respond(200, "text/plain", "hello")).value();
  EXPECT_EQ(made->status_line(), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(made->rest(), "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(made->rest().substr(made->head_size()), "hello");
}

TEST(PreparedResponse, RefusesWhatWouldSplitTheAnswer) {
  Response bad;
  bad.headers.add("X", "a\r\nSet-Cookie: b");
  EXPECT_FALSE(PreparedResponse::make(bad));
  bad.headers = {{"X Y", "a"}};
  EXPECT_FALSE(PreparedResponse::make(bad));
  for (const auto& [status, fine] :
       {std::pair{199, false}, {200, true}, {599, true}, {600, false}}) {
    Response response;
    response.status = status;
    EXPECT_EQ(PreparedResponse::make(response).has_value(), fine) << status;
  }
}

TEST(Rfc9110Section8_6, NoContentHasNoLength) {
  Response response;
  std::string out;
  response.status = 204;
  EXPECT_TRUE(append_fields(out, response));
  EXPECT_EQ(out, "");
  response.status = 200;
  EXPECT_TRUE(append_fields(out, response));
  EXPECT_EQ(out, "Content-Length: 0\r\n");
}

TEST(Rfc9110Section6_6_1, TheDateIsAnImfFixdate) {
  DateLine date;
  const std::string line(date.get());
  ASSERT_EQ(line.size(), std::string("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n").size());
  EXPECT_EQ(line.substr(line.size() - 6), " GMT\r\n");
}

}  // namespace
}  // namespace certwright::http
