#include "gateway/certgen/udp_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "gateway/certgen/testing_client.h"

namespace certwright::gateway::certgen {
namespace {

bool wait_readable(const UdpSocket& socket) {
  pollfd readable{.fd = socket.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&readable, 1, 5'000) == 1;
}

Result<UdpSocket> bind_to(const char* address) { return UdpSocket::bind({.address = address, .port = 0}); }

struct AddressCase { const char* name; const char* bound; const char* asked; };
class Answering : public testing::TestWithParam<AddressCase> {};

// A connected client hears only the very address it asked.
TEST_P(Answering, ComesFromTheAddressThatWasAsked) {
  const auto socket = bind_to(GetParam().bound);
  if (!socket && std::string_view(GetParam().bound) != "0.0.0.0") GTEST_SKIP() << "no IPv6 here";
  ASSERT_TRUE(socket) << socket.error().detail;
  const TestingClient client(socket->port(), GetParam().asked);
  ASSERT_TRUE(client.connected());
  const Bytes question = {1, 2, 3};
  ASSERT_TRUE(client.send(question));
  ASSERT_TRUE(wait_readable(*socket));
  BatchReceiver receiver;
  ASSERT_EQ(receiver.receive(socket->fd()), 1U);
  EXPECT_EQ(to_hex(receiver[0].octets), "010203");
  EXPECT_EQ(receiver[0].path.asked.text(), GetParam().asked);
  const auto age = SystemClock().now() - receiver[0].received_at;
  EXPECT_GE(age, Duration(0));
  EXPECT_LT(age, Seconds(5));
  const Bytes a = {7}, b = {8, 9}, c = {};
  BatchSender sender;
  EXPECT_FALSE(sender.add(receiver[0].path, {ByteView(a), ByteView(b), ByteView(c)}));
  EXPECT_EQ(sender.flush(), 0U);
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_hex(*answer), "070809");
}

INSTANTIATE_TEST_SUITE_P(Sockets, Answering,
                         testing::Values(AddressCase{"EveryIPv4Address", "0.0.0.0", "127.0.0.9"}, AddressCase{"IPv6", "::1", "::1"},
                                         AddressCase{"IPv4OnASocketForAll", "::", "127.0.0.7"}, AddressCase{"IPv6OnASocketForAll", "::", "::1"}),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(BatchReceiver, TakesBatchesAndDatagramsOfFullSize) {
  const auto socket = bind_to("127.0.0.1");
  ASSERT_TRUE(socket);
  const TestingClient client(socket->port());
  const Bytes largest(65'507, 0x5a), small = {1};
  ASSERT_TRUE(client.send(largest));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.send(small));
  ASSERT_TRUE(wait_readable(*socket));
  BatchReceiver receiver;
  ASSERT_EQ(receiver.receive(socket->fd()), 4U);
  EXPECT_EQ(receiver[0].octets.size(), largest.size());
  EXPECT_EQ(receiver[3].octets.size(), 1U);
  EXPECT_EQ(receiver.receive(socket->fd()), 0U);
}

TEST(BatchSender, OneThatCannotBeSentDoesNotHoldUpTheOthers) {
  const auto socket = bind_to("127.0.0.1");
  ASSERT_TRUE(socket);
  const TestingClient client(socket->port());
  const Bytes small = {1}, too_long(70'000, 0), empty;
  ASSERT_TRUE(client.send(small));
  ASSERT_TRUE(wait_readable(*socket));
  BatchReceiver receiver;
  ASSERT_EQ(receiver.receive(socket->fd()), 1U);
  BatchSender sender;
  sender.add(receiver[0].path, {ByteView(too_long), ByteView(empty), ByteView(empty)});
  sender.add(receiver[0].path, {ByteView(small), ByteView(empty), ByteView(empty)});
  EXPECT_EQ(sender.flush(), 1U);
  EXPECT_TRUE(client.receive());
}

TEST(UdpSocket, RefusesWhatItCannotBind) {
  EXPECT_EQ(UdpSocket::bind({.address = "localhost", .port = 0}).error().code, Errc::invalid);
  const auto socket = bind_to("127.0.0.1");
  ASSERT_TRUE(socket);
  EXPECT_EQ(UdpSocket::bind({.address = "127.0.0.1", .port = socket->port()}).error().code, Errc::conflict);
}

TEST(UdpSocket, IsAdoptedWithWhatWaitsInIt) {
  const auto first = bind_to("127.0.0.1");
  ASSERT_TRUE(first);
  const TestingClient client(first->port());
  const Bytes question = {4, 2};
  ASSERT_TRUE(client.send(question));
  ASSERT_TRUE(wait_readable(*first));
  const auto second = UdpSocket::adopt(::dup(first->fd()), {});
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(second->endpoint(), first->endpoint());
  BatchReceiver receiver;
  ASSERT_EQ(receiver.receive(second->fd()), 1U);
  EXPECT_EQ(to_hex(receiver[0].octets), "0402");
}

TEST(UdpSocket, AdoptedItKeepsALargerBufferThanAskedFor) {
  const auto first = UdpSocket::bind({.address = "127.0.0.1", .port = 0, .receive_buffer_octets = 200'000});
  ASSERT_TRUE(first);
  const auto granted = first->receive_buffer_octets();
  ASSERT_GE(granted, 100'000U);
  const auto second = UdpSocket::adopt(::dup(first->fd()), {.receive_buffer_octets = 50'000, .send_buffer_octets = 50'000});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->receive_buffer_octets(), granted);
}

TEST(UdpSocket, GetsTheBuffersThatAnybodyMayHaveAtLeast) {
  const int plain = ::socket(AF_INET, SOCK_DGRAM, 0), asked = 64 * 1024 * 1024;
  ASSERT_EQ(::setsockopt(plain, SOL_SOCKET, SO_RCVBUF, &asked, sizeof asked), 0);
  int granted = 0;
  socklen_t octets = sizeof granted;
  ASSERT_EQ(::getsockopt(plain, SOL_SOCKET, SO_RCVBUF, &granted, &octets), 0);
  ::close(plain);
  const auto socket = UdpSocket::bind({.address = "127.0.0.1", .port = 0, .receive_buffer_octets = static_cast<std::size_t>(asked)});
  ASSERT_TRUE(socket);
  EXPECT_GE(socket->receive_buffer_octets(), static_cast<std::size_t>(granted) / 2);
}

TEST(UdpSocket, DoesNotAdoptAnythingElse) {
  const int tcp = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(UdpSocket::adopt(tcp, {}).error().code, Errc::invalid);
  EXPECT_EQ(UdpSocket::adopt(::open("/dev/null", O_RDONLY), {}).error().code, Errc::invalid);
  const int local = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  EXPECT_EQ(UdpSocket::adopt(local, {}).error().code, Errc::invalid);
}

}  // namespace
}  // namespace certwright::gateway::certgen
