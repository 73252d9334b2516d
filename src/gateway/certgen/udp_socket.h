#pragma once
// UDP sockets that answer from the address that was asked, tell when the kernel received a datagram,
// and read and write in batches.
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "gateway/certgen/peer.h"

namespace certwright::gateway::certgen {

struct SocketOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6 literal; "::" is every address of both families
  std::uint16_t port = 2999;          // 0: the system picks one
  // Asked of the kernel, which keeps it below net.core.rmem_max unless we may override that. A socket
  // that has more keeps it.
  std::size_t receive_buffer_octets = 16 * 1024 * 1024;
  std::size_t send_buffer_octets = 4 * 1024 * 1024;
  bool share_port = false;  // SO_REUSEPORT: another process of this user may bind the port too
};

class UdpSocket {
 public:
  // Errors: invalid for no address; conflict if the port is taken; not_permitted; unavailable.
  static Result<UdpSocket> bind(const SocketOptions& options);
  // Takes over a socket that somebody else bound: only the buffer sizes of the options count.
  // Errors: invalid if it is no bound UDP socket.
  static Result<UdpSocket> adopt(int fd, const SocketOptions& options);
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&&) = delete;
  ~UdpSocket();

  int fd() const noexcept { return fd_; }
  const IpAddress& address() const noexcept { return address_; }
  bool is_loopback_only() const noexcept { return address_.is_loopback(); }
  std::uint16_t port() const noexcept { return port_; }
  std::string endpoint() const;  // "127.0.0.1:2999", "[::]:2999"
  // What the kernel granted.
  std::size_t receive_buffer_octets() const noexcept;

 private:
  explicit UdpSocket(int fd) noexcept : fd_(fd) {}
  Result<void> prepare(const SocketOptions& options);
  int fd_;
  IpAddress address_;
  std::uint16_t port_ = 0;
};

// Where a datagram came from and which of our addresses it was sent to: all that an answer needs.
struct Path {
  sockaddr_storage peer{};
  socklen_t peer_octets = 0;
  IpAddress asked;          // zero if the kernel did not tell
  int interface_index = 0;
  int fd = -1;

  friend bool same_peer(const Path& a, const Path& b) noexcept;
};

struct Datagram {
  ByteView octets;  // valid until the next receive()
  Path path;
  Time received_at{};  // by the kernel, of its wall clock; zero if it did not tell
};

// Receives up to kBatch datagrams with one system call.
class BatchReceiver {
 public:
  static constexpr std::size_t kBatch = 32;
  BatchReceiver();
  ~BatchReceiver();
  // Does not wait; 0 if there is nothing. What was cut off is not among them.
  std::size_t receive(int fd);
  const Datagram& operator[](std::size_t i) const noexcept { return datagrams_[i]; }
  // Datagrams that the kernel dropped for a full buffer since the socket was made; 0 if it did not tell
  // in the last receive().
  std::uint32_t kernel_drops() const noexcept { return kernel_drops_; }

 private:
  struct Buffers;
  void read_control(msghdr& header, Datagram& datagram);
  std::unique_ptr<Buffers> buffers_;
  std::array<Datagram, kBatch> datagrams_;
  std::uint32_t kernel_drops_ = 0;
};

// Sends answers made of three parts, up to kBatch with one system call. Parts must live until flush().
class BatchSender {
 public:
  static constexpr std::size_t kBatch = 32, kParts = 3;
  BatchSender();
  ~BatchSender();
  // True if it is full: flush() before the next add().
  bool add(const Path& path, const std::array<ByteView, kParts>& parts);
  // Returns how many the kernel did not take.
  std::size_t flush();
  std::size_t pending() const noexcept { return pending_; }

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
  std::size_t pending_ = 0;
};

}  // namespace certwright::gateway::certgen
