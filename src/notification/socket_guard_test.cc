// Through the real libcurl, against a small server of bytes on loopback: what is judged when the names were
// not, as after a rebinding between the look at an address and the connection.
#include "notification/socket_guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "notification/https_transport.h"
#include "notification/testing_byte_server.h"

namespace certwright::notification {
namespace {

using namespace std::chrono_literals;
using fixture::ByteServer;
using fixture::read_until;
using fixture::say;

class SocketGuardTest : public testing::Test {
 protected:
  struct Outcome {
    CURLcode code = CURLE_OK;
    long status = 0;
    bool refused = false;
  };
  // Gets http://host/ of the server; libcurl finds the host at `addresses`, or by itself where there are none.
  Outcome get(const std::string& host, const std::string& addresses, const AddressPolicy& policy) {
    CurlHandle curl;
    CurlList pinned;
    SocketGuard guard(policy);
    const std::string port = std::to_string(server_.port());
    const std::string url = "http://" + host + ":" + port + "/";
    if (!addresses.empty()) pinned.add(host + ":" + port + ":" + addresses);
    curl.set_common(stop_, 2'000, 2'000, "");
    curl.set(CURLOPT_URL, url.c_str());
    curl.set(CURLOPT_RESOLVE, pinned.get());
    guard.watch(curl);
    EXPECT_TRUE(curl.ok());
    Outcome outcome;
    outcome.code = curl_easy_perform(curl.get());
    outcome.refused = guard.has_refused();
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &outcome.status);
    return outcome;
  }
  void expect_no_connection(const std::string& host, const std::string& addresses, const AddressPolicy& policy) {
    const auto outcome = get(host, addresses, policy);
    EXPECT_NE(outcome.code, CURLE_OK) << host << addresses;
    EXPECT_TRUE(outcome.refused) << host << addresses;
    std::this_thread::sleep_for(60ms);  // the server would have seen it by then
    EXPECT_EQ(server_.connections, 0) << host << addresses;
  }
  static AddressPolicy listed(const char* network) { return AddressPolicy({*Network::parse(network)}); }

  ByteServer server_{[](int c) {
    read_until(c, "\r\n\r\n");
    say(c, "HTTP/1.1 204 No Content\r\n\r\n");
  }};
  Stop stop_{false};
};

TEST_F(SocketGuardTest, AListedAddressIsConnectedTo) {
  const auto outcome = get("inside.example", "127.0.0.1", listed("127.0.0.0/8"));
  EXPECT_EQ(outcome.code, CURLE_OK);
  EXPECT_EQ(outcome.status, 204);
  EXPECT_FALSE(outcome.refused);
  EXPECT_EQ(server_.connections, 1);
}

// A name server that said something public when it was asked first, and this when the connection is made.
TEST_F(SocketGuardTest, ANameThatLeadsInsideAtTheConnectionIsNot) {
  for (const std::string address : {"127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "10.0.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]"})
    expect_no_connection("rebind.example", address, {});
}

TEST_F(SocketGuardTest, NorOneThatTheSystemItselfFindsInside) { expect_no_connection("localhost", "", {}); }

TEST_F(SocketGuardTest, NorAnAddressThatIsWrittenAsNoUrlOfOursMay) {
  for (const std::string host : {"127.1", "2130706433", "0x7f000001", "0", "[::ffff:7f00:1]"}) expect_no_connection(host, "", {});
}

TEST_F(SocketGuardTest, AfterARefusalThereIsNoOther) {
  expect_no_connection("both.example", "127.0.0.2,127.0.0.1", listed("127.0.0.1"));
}

TEST_F(SocketGuardTest, OnlyInternetAddressesAreJudgedAtAll) {
  const AddressPolicy all({*Network::parse("0.0.0.0/0"), *Network::parse("::/0")});
  curl_sockaddr local{};
  local.family = AF_UNIX;
  local.socktype = SOCK_STREAM;
  local.addrlen = sizeof local.addr;
  local.addr.sa_family = AF_UNIX;
  SocketGuard guard(all);
  EXPECT_EQ(guard.open(CURLSOCKTYPE_IPCXN, local), CURL_SOCKET_BAD);
  EXPECT_TRUE(guard.has_refused());

  curl_sockaddr v4{};
  v4.family = AF_INET;
  v4.socktype = SOCK_STREAM;
  v4.addrlen = sizeof(sockaddr_in);
  v4.addr.sa_family = AF_INET;
  SocketGuard incoming(all);
  EXPECT_EQ(incoming.open(CURLSOCKTYPE_ACCEPT, v4), CURL_SOCKET_BAD);
  SocketGuard willing(all);
  const curl_socket_t opened = willing.open(CURLSOCKTYPE_IPCXN, v4);
  EXPECT_NE(opened, CURL_SOCKET_BAD);
  ::close(opened);
  v4.addrlen = 4;  // cut off
  EXPECT_EQ(willing.open(CURLSOCKTYPE_IPCXN, v4), CURL_SOCKET_BAD);
}

// The transport as a whole: the connection goes to what was judged, though the system would say otherwise.
TEST_F(SocketGuardTest, TheTransportConnectsToWhatItHasJudged) {
  int asked = 0;
  HttpsOptions options;
  options.policy = listed("127.0.0.1");
  options.resolve = [&](const std::string&) -> Result<std::vector<IpAddress>> {
    ++asked;
    return std::vector{*IpAddress::parse("127.0.0.1")};
  };
  HttpsTransport transport(std::move(options));
  const auto status = transport.post(
      {.url = *WebhookUrl::parse("http://not-there.invalid:" + std::to_string(server_.port()) + "/"), .headers = {}, .body = "{}"}, stop_);
  ASSERT_TRUE(status) << status.error().detail;
  EXPECT_EQ(*status, 204);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(server_.connections, 1);
}

}  // namespace
}  // namespace certwright::notification
