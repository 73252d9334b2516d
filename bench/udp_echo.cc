// What an answer of the certificate generator costs when there is nothing to find out: sends every datagram
// back, filled up to the size of an answer, in batches, from as many threads as there are cores on one
// socket. bench/certgen_limits holds the generator's cached answers against it.
// Usage: udp_echo OCTETS     Prints the port it listens on at 127.0.0.1 and ends on SIGTERM.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace {

constexpr unsigned kBatch = 32;
constexpr std::size_t kMaxOctets = 65'536;

struct Batch {
  std::array<std::array<std::uint8_t, kMaxOctets>, kBatch> octets{};
  std::array<sockaddr_in, kBatch> peers{};
  std::array<iovec, kBatch> parts{};
  std::array<mmsghdr, kBatch> messages{};
};

void echo(int fd, std::size_t answer_octets) {
  const auto batch = std::make_unique<Batch>();
  for (;;) {
    for (unsigned i = 0; i < kBatch; ++i) {
      batch->parts[i] = {batch->octets[i].data(), kMaxOctets};
      batch->messages[i].msg_hdr = {&batch->peers[i], sizeof(sockaddr_in), &batch->parts[i], 1, nullptr, 0, 0};
    }
    const int received = recvmmsg(fd, batch->messages.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (received <= 0) continue;
    for (int i = 0; i < received; ++i) batch->parts[static_cast<unsigned>(i)].iov_len = answer_octets;
    (void)sendmmsg(fd, batch->messages.data(), static_cast<unsigned>(received), 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t octets = argc == 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
  if (octets == 0 || octets > 65'507) {
    std::fprintf(stderr, "usage: udp_echo OCTETS\n");
    return 2;
  }
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int buffer = 16 << 20;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("udp_echo");
    return 1;
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  std::vector<std::thread> others;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) others.emplace_back(echo, fd, octets);
  echo(fd, octets);
}
