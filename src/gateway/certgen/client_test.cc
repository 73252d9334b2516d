#include "gateway/certgen/client.h"

#include <thread>

#include <gtest/gtest.h>

#include "gateway/certgen/testing_issuer.h"
#include "gateway/certgen/door.h"

namespace certwright::gateway::certgen {
namespace {

using namespace std::chrono_literals;

Request client_request(std::string_view name) { return {.host = name, .service = 2, .usage = {}, .upstream_certificate = {}}; }

TEST(Client, GetsTheDoorsAnswer) {
  std::vector<UdpSocket> sockets;
  sockets.push_back(UdpSocket::bind({.address = "127.0.0.1", .port = 0}).value());
  const auto port = sockets.front().port();
  const SystemClock clock;
  TestingIssuer issuer;
  const auto door = Door::open(std::move(sockets), {}, issuer, clock).value();
  door->start();
  const auto answer = ask("127.0.0.1", port, client_request("www.example.com"), 5s);
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->response.host, "www.example.com");
  EXPECT_EQ(answer->response.service, 2);
  EXPECT_GT(answer->octets, answer->response.chain_pem.size());
}

TEST(Client, SaysWhyThereIsNone) {
  EXPECT_EQ(ask("localhost", 2999, client_request("a"), 1s).error().code, Errc::invalid);
  std::uint16_t closed = 0;
  { closed = UdpSocket::bind({.address = "127.0.0.1", .port = 0}).value().port(); }
  const auto refused = ask("127.0.0.1", closed, client_request("a"), 1s);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  const auto silent = UdpSocket::bind({.address = "127.0.0.1", .port = 0}).value();
  EXPECT_EQ(ask("127.0.0.1", silent.port(), client_request("a"), 50ms).error().code, Errc::unavailable);
  const Bytes enormous(70'000, 0x30);
  Request request = client_request("a");
  request.upstream_certificate = enormous;
  EXPECT_EQ(ask("127.0.0.1", silent.port(), request, 50ms).error().code, Errc::too_large);
}

}  // namespace
}  // namespace certwright::gateway::certgen
