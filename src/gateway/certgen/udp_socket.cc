#include "gateway/certgen/udp_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "gateway/certgen/socket_address.h"

namespace certwright::gateway::certgen {
namespace {

constexpr std::size_t kDatagramOctets = 65'536;
constexpr std::size_t kControlOctets = 256;
constexpr int kSendWaitMs = 100;
constexpr std::size_t kMappedOctets = 12;

std::string system_text() { return std::strerror(errno); }  // NOLINT: at start only

std::size_t buffer_octets(int fd, int option) noexcept {
  int octets = 0;
  socklen_t size = sizeof octets;
  (void)getsockopt(fd, SOL_SOCKET, option, &octets, &size);
  return static_cast<std::size_t>(octets) / 2;  // the kernel doubles it for its own bookkeeping
}

// What anybody gets who asks for so much. Asked of a socket of its own, because asking may make a buffer
// smaller; not read in /proc/sys, which a hardened service does not see.
std::size_t grantable(int option, int octets) noexcept {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  (void)setsockopt(fd, SOL_SOCKET, option, &octets, sizeof octets);
  const std::size_t granted = buffer_octets(fd, option);
  ::close(fd);
  return granted;
}

// The larger of what we may force and what anybody may have, but never less than the socket has: a
// service manager that made it may have forced what we may not.
void set_buffer(int fd, int option, int forcing_option, std::size_t octets) {
  const std::size_t present = buffer_octets(fd, option);
  const int asked = static_cast<int>(std::min<std::size_t>(octets, INT32_MAX / 2));
  if (static_cast<std::size_t>(asked) <= present) return;
  if (setsockopt(fd, SOL_SOCKET, forcing_option, &asked, sizeof asked) == 0) return;
  if (grantable(option, asked) > present) (void)setsockopt(fd, SOL_SOCKET, option, &asked, sizeof asked);
}

bool set_flag(int fd, int level, int name, int value = 1) noexcept { return setsockopt(fd, level, name, &value, sizeof value) == 0; }

bool is_link_local(const IpAddress& address) noexcept {
  return address.octets[0] == 0xfe && (address.octets[1] & 0xc0U) == 0x80U;
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(const SocketOptions& options) {
  CERTWRIGHT_TRY(const auto address, SocketAddress::of(options.address, options.port));
  UdpSocket made(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (made.fd_ < 0) return fail(Errc::unavailable, "cannot make a UDP socket: " + system_text());
  if (address.family() == AF_INET6) set_flag(made.fd_, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (options.share_port && options.port != 0) set_flag(made.fd_, SOL_SOCKET, SO_REUSEPORT);
  if (::bind(made.fd_, address.get(), address.octets()) != 0) {
    const Errc code = errno == EADDRINUSE ? Errc::conflict : errno == EACCES ? Errc::not_permitted : Errc::unavailable;
    return fail(code, fmt::format("cannot bind UDP {}:{}: {}", options.address, options.port, system_text()));
  }
  CERTWRIGHT_CHECK(made.prepare(options));
  return made;
}

Result<UdpSocket> UdpSocket::adopt(int fd, const SocketOptions& options) {
  UdpSocket made(fd);
  int type = 0;
  socklen_t octets = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &octets) != 0 || type != SOCK_DGRAM)
    return fail(Errc::invalid, fmt::format("inherited file descriptor {} is no UDP socket", fd));
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  CERTWRIGHT_CHECK(made.prepare(options));
  return made;
}

Result<void> UdpSocket::prepare(const SocketOptions& options) {
  sockaddr_storage bound{};
  socklen_t octets = sizeof bound;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &octets) != 0 || (bound.ss_family != AF_INET && bound.ss_family != AF_INET6))
    return fail(Errc::invalid, "the socket is not bound to an IP address");
  address_ = IpAddress::of(bound);
  port_ = ntohs(bound.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(bound).sin_port : reinterpret_cast<sockaddr_in6&>(bound).sin6_port);
  set_buffer(fd_, SO_RCVBUF, SO_RCVBUFFORCE, options.receive_buffer_octets);
  set_buffer(fd_, SO_SNDBUF, SO_SNDBUFFORCE, options.send_buffer_octets);
  set_flag(fd_, SOL_SOCKET, SO_TIMESTAMPNS);
  set_flag(fd_, SOL_SOCKET, SO_RXQ_OVFL);
  const bool told = bound.ss_family == AF_INET ? set_flag(fd_, IPPROTO_IP, IP_PKTINFO) : set_flag(fd_, IPPROTO_IPV6, IPV6_RECVPKTINFO);
  if (!told) return fail(Errc::unavailable, "the kernel does not tell which address a datagram was sent to: " + system_text());
  return {};
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), address_(other.address_), port_(other.port_) {}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) ::close(fd_);
}

std::string UdpSocket::endpoint() const {
  return address_.is_ipv4() ? fmt::format("{}:{}", address_.text(), port_) : fmt::format("[{}]:{}", address_.text(), port_);
}

std::size_t UdpSocket::receive_buffer_octets() const noexcept { return buffer_octets(fd_, SO_RCVBUF); }

bool same_peer(const Path& a, const Path& b) noexcept {
  return a.fd == b.fd && a.peer_octets == b.peer_octets && std::memcmp(&a.peer, &b.peer, a.peer_octets) == 0 && a.asked == b.asked;
}

struct BatchReceiver::Buffers {
  std::array<std::array<std::uint8_t, kDatagramOctets>, kBatch> octets;
  alignas(cmsghdr) std::array<std::array<std::uint8_t, kControlOctets>, kBatch> control;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> headers;
};

BatchReceiver::BatchReceiver() : buffers_(new Buffers) {}  // not zeroed: pages are used as they are needed
BatchReceiver::~BatchReceiver() = default;

void BatchReceiver::read_control(msghdr& header, Datagram& datagram) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
      datagram.received_at = Time(Duration(stamp.tv_sec * 1'000'000LL + stamp.tv_nsec / 1'000));
    } else if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&kernel_drops_, CMSG_DATA(item), sizeof kernel_drops_);
    } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      sockaddr_storage local{};
      local.ss_family = AF_INET;
      reinterpret_cast<sockaddr_in&>(local).sin_addr = info.ipi_spec_dst;
      datagram.path.asked = IpAddress::of(local);
      datagram.path.interface_index = info.ipi_ifindex;
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      std::memcpy(datagram.path.asked.octets.data(), &info.ipi6_addr, datagram.path.asked.octets.size());
      datagram.path.interface_index = static_cast<int>(info.ipi6_ifindex);
    }
  }
}

std::size_t BatchReceiver::receive(int fd) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    buffers_->parts[i] = {buffers_->octets[i].data(), kDatagramOctets};
    msghdr& header = buffers_->headers[i].msg_hdr;
    header = {};
    header.msg_name = &datagrams_[i].path.peer;
    header.msg_namelen = sizeof datagrams_[i].path.peer;
    header.msg_iov = &buffers_->parts[i];
    header.msg_iovlen = 1;
    header.msg_control = buffers_->control[i].data();
    header.msg_controllen = kControlOctets;
  }
  kernel_drops_ = 0;
  const int received = recvmmsg(fd, buffers_->headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (received <= 0) return 0;
  std::size_t whole = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i) {
    msghdr& header = buffers_->headers[i].msg_hdr;
    if ((header.msg_flags & MSG_TRUNC) != 0) continue;
    Datagram datagram;
    datagram.path.peer = datagrams_[i].path.peer;
    datagram.path.peer_octets = header.msg_namelen;
    datagram.path.fd = fd;
    datagram.octets = ByteView(buffers_->octets[i]).first(buffers_->headers[i].msg_len);
    read_control(header, datagram);
    datagrams_[whole++] = datagram;
  }
  return whole;
}

struct BatchSender::Buffers {
  std::array<Path, kBatch> paths;
  std::array<std::array<iovec, kParts>, kBatch> parts;
  alignas(cmsghdr) std::array<std::array<std::uint8_t, kControlOctets>, kBatch> control;
  std::array<mmsghdr, kBatch> headers;
};

BatchSender::BatchSender() : buffers_(std::make_unique<Buffers>()) {}
BatchSender::~BatchSender() = default;

namespace {

// The control message that makes `path.asked` the source; returns its length.
std::size_t write_source(const Path& path, std::uint8_t* control) {
  auto* item = reinterpret_cast<cmsghdr*>(control);
  if (path.asked == IpAddress{}) return 0;
  if (path.peer.ss_family == AF_INET) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, path.asked.octets.data() + kMappedOctets, sizeof info.ipi_spec_dst);
    item->cmsg_level = IPPROTO_IP;
    item->cmsg_type = IP_PKTINFO;
    item->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(item), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }
  in6_pktinfo info{};
  std::memcpy(&info.ipi6_addr, path.asked.octets.data(), sizeof info.ipi6_addr);
  if (is_link_local(path.asked)) info.ipi6_ifindex = static_cast<unsigned>(path.interface_index);
  item->cmsg_level = IPPROTO_IPV6;
  item->cmsg_type = IPV6_PKTINFO;
  item->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(item), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

}  // namespace

bool BatchSender::add(const Path& path, const std::array<ByteView, kParts>& parts) {
  auto& b = *buffers_;
  const std::size_t i = pending_++;
  b.paths[i] = path;
  for (std::size_t k = 0; k < kParts; ++k)
    b.parts[i][k] = {const_cast<std::uint8_t*>(parts[k].data()), parts[k].size()};  // iovec knows no const
  msghdr& header = b.headers[i].msg_hdr;
  header = {};
  header.msg_name = &b.paths[i].peer;
  header.msg_namelen = path.peer_octets;
  header.msg_iov = b.parts[i].data();
  header.msg_iovlen = kParts;
  header.msg_controllen = write_source(path, b.control[i].data());
  header.msg_control = header.msg_controllen == 0 ? nullptr : b.control[i].data();
  return pending_ == kBatch;
}

// Runs of one socket go out together. A full send buffer is waited for, but not for long: a late answer
// is worth nothing. One that cannot be sent does not hold up the others.
std::size_t BatchSender::flush() {
  auto& b = *buffers_;
  std::size_t failed = 0, at = 0;
  bool waited = false;
  while (at < pending_) {
    const int fd = b.paths[at].fd;
    std::size_t end = at;
    while (end < pending_ && b.paths[end].fd == fd) ++end;
    const int sent = sendmmsg(fd, b.headers.data() + at, static_cast<unsigned>(end - at), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      at += static_cast<std::size_t>(sent);
      waited = false;
      continue;
    }
    if (errno == EINTR) continue;
    pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
    if ((errno == EAGAIN || errno == ENOBUFS) && !waited && poll(&writable, 1, kSendWaitMs) > 0) {
      waited = true;
      continue;
    }
    ++failed;
    ++at;
    waited = false;
  }
  pending_ = 0;
  return failed;
}

}  // namespace certwright::gateway::certgen
