// What a server leaves in memory of what was secret.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "bytes/secret_bytes.h"
#include "http/testing_memory.h"
#include "http/testing_server.h"

namespace certwright::http {
namespace {

// Reads an answer whose body has that many octets, and keeps nothing.
void swallow_answer(const TestSocket& socket, std::size_t body_octets) {
  std::array<char, 32 * 1024> buffer{};
  std::size_t got = 0;
  std::size_t needed = SIZE_MAX;
  while (got < needed) {
    const ssize_t more = ::recv(socket.fd(), buffer.data() + got, buffer.size() - got, 0);
    ASSERT_GT(more, 0);
    got += static_cast<std::size_t>(more);
    const auto head = std::string_view(buffer.data(), got).find("\r\n\r\n");
    if (head != std::string_view::npos) needed = head + 4 + body_octets;
  }
  EXPECT_TRUE(body_octets == 0 || holds_secret({buffer.data(), got}));
  wipe_memory(buffer.data(), buffer.size());
}

TEST_F(ServerTest, ASecretAnswerIsNotLeftInMemory) {
  if (!memory_can_be_searched()) GTEST_SKIP() << "no memory to search";
  which_secret = 1;
  handler_.on_request = [](Request&& request) {
    auto response = respond(200, "text/plain", make_secret());
    response.secret = request.target == "/secret";
    return response;
  };
  start();
  TestSocket socket(port_);
  for (const char* request : {"GET /secret HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /secret HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    socket.send(request);
    swallow_answer(socket, request[0] == 'G' ? kSecretOctets : 0);
    EXPECT_TRUE(leaves_memory()) << request;
  }
  socket.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  swallow_answer(socket, kSecretOctets);
  EXPECT_TRUE(is_in_memory()) << "the search finds what is there";
}

TEST_F(ServerTest, AKeyThatIsSentIsNotLeftInMemory) {
  if (!memory_can_be_searched()) GTEST_SKIP() << "no memory to search";
  which_secret = 2;
  handler_.on_dispatch = [](const RequestHead&) { return Dispatch{Run::worker, 64 * 1024}; };
  std::atomic<bool> arrived{false};
  handler_.on_request = [&](Request&& request) {  // which leaves the body where it is
    arrived = holds_secret(request.body_text());
    return respond(200, "text/plain", "");
  };
  start();
  TestSocket socket(port_);
  socket.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kSecretOctets) + "\r\n\r\n");
  std::string secret = make_secret();
  for (std::size_t at = 0; at < secret.size(); at += 1'000) {  // in pieces, so that buffers grow
    socket.send(std::string_view(secret).substr(at, 1'000));
    std::this_thread::sleep_for(milliseconds(5));
  }
  wipe(secret);
  swallow_answer(socket, 0);
  EXPECT_TRUE(arrived);
  EXPECT_TRUE(leaves_memory());
}

// The whole body but for its last octets, as it is or in chunks.
void send_part_of_secret(TestSocket& socket, bool chunked) {
  constexpr std::size_t kSent = 6'000;
  socket.send(std::string("POST /x HTTP/1.1\r\nHost: a\r\n") +
              (chunked ? "Transfer-Encoding: chunked\r\n\r\n1900\r\n" : "Content-Length: 6400\r\n\r\n"));
  std::string secret = make_secret();
  socket.send(std::string_view(secret).substr(0, kSent));
  if (chunked) {
    socket.send(std::string_view(secret).substr(kSent));
    socket.send("\r\nno chunk\r\n");
  }
  wipe(secret);
}

TEST_F(ServerTest, AKeyThatArrivesHalfIsNotLeftInMemory) {
  if (!memory_can_be_searched()) GTEST_SKIP() << "no memory to search";
  which_secret = 3;
  handler_.on_dispatch = [](const RequestHead&) { return Dispatch{Run::worker, 64 * 1024}; };
  start();
  {
    TestSocket leaves(port_);
    send_part_of_secret(leaves, false);
    EXPECT_EQ(settled(*server_, &ServerStatistics::requests, 1U), 1U);
    std::this_thread::sleep_for(milliseconds(50));  // so that it is read; if not, there is less to wipe
  }
  EXPECT_EQ(settled(*server_, &ServerStatistics::connections_open, 0U), 0U);
  EXPECT_TRUE(leaves_memory()) << "the client went away";
  TestSocket refused(port_);
  send_part_of_secret(refused, true);
  swallow_answer(refused, 0);
  EXPECT_TRUE(leaves_memory()) << "what followed was refused";
}

}  // namespace
}  // namespace certwright::http
