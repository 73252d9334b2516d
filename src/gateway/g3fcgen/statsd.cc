#include "gateway/g3fcgen/statsd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "gateway/certgen/socket_address.h"

namespace certwright::gateway::g3fcgen {
namespace {

Result<certgen::SocketAddress> ip_address(const std::string& ip, std::uint16_t port) {
  auto made = certgen::SocketAddress::of(ip, port);
  if (!made) return fail_field(Errc::invalid, "stat", "stat: " + made.error().detail);
  return made;
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un made{};
  made.sun_family = AF_UNIX;
  if (!path.starts_with('/') || path.size() >= sizeof made.sun_path)
    return fail_field(Errc::invalid, "stat", "stat: a Unix socket needs an absolute path of at most 107 octets");
  std::memcpy(made.sun_path, path.data(), path.size());
  return made;
}

// A UDP socket is connected; a Unix one may not be there yet, so each datagram names it anew.
Result<int> open_socket(const StatsdOptions& options) {
  const bool is_udp = options.udp.has_value();
  certgen::SocketAddress to;
  if (is_udp) {
    CERTWRIGHT_TRY(to, ip_address(options.udp->address, options.udp->port));
  } else {
    CERTWRIGHT_CHECK(unix_address(options.unix_path).map([](const auto&) {}));
  }
  const int fd = ::socket(is_udp ? to.family() : AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(Errc::unavailable, "stat: cannot make a socket");
  const auto refuse = [&](const std::string& what) {
    const Error error{Errc::unavailable, fmt::format("stat: {}: {}", what, std::strerror(errno)), "stat"};  // NOLINT: at start
    ::close(fd);
    return tl::unexpected(error);
  };
  if (!is_udp) return fd;
  if (!options.udp_bind_ip.empty()) {
    const auto from = ip_address(options.udp_bind_ip, 0);
    if (!from || ::bind(fd, from->get(), from->octets()) != 0) return refuse("cannot send from " + options.udp_bind_ip);
  }
  if (::connect(fd, to.get(), to.octets()) != 0) return refuse("cannot send to " + options.udp->address);
  return fd;
}

}  // namespace

std::vector<std::string> segments(const std::vector<std::string>& lines, std::size_t segment_octets_max) {
  std::vector<std::string> all;
  for (const auto& line : lines) {
    if (all.empty() || all.back().size() + line.size() + 1 > segment_octets_max) all.emplace_back();
    all.back() += line + "\n";
  }
  return all;
}

Result<void> StatsdEmitter::check(const StatsdOptions& options) {
  CERTWRIGHT_TRY(const int fd, open_socket(options));
  ::close(fd);
  return {};
}

Result<std::unique_ptr<StatsdEmitter>> StatsdEmitter::open(StatsdOptions options, std::function<certgen::DoorStatistics()> statistics) {
  CERTWRIGHT_TRY(const int fd, open_socket(options));
  return std::unique_ptr<StatsdEmitter>(new StatsdEmitter(std::move(options), std::move(statistics), fd));
}

StatsdEmitter::StatsdEmitter(StatsdOptions options, std::function<certgen::DoorStatistics()> statistics, int fd)
    : options_(std::move(options)), statistics_(std::move(statistics)), fd_(fd),
      prefix_(options_.prefix.empty() ? "" : options_.prefix + "."), rotate_at_(std::chrono::steady_clock::now() + options_.rotate) {
  for (const auto& text : options_.quantiles) {
    double quantile = 0;
    std::from_chars(text.data(), text.data() + text.size(), quantile);
    quantiles_.push_back(quantile);
  }
  shown_.quantiles_ns.resize(quantiles_.size());
  thread_ = std::thread([this] { run(); });
}

StatsdEmitter::~StatsdEmitter() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  ::close(fd_);
}

void StatsdEmitter::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, options_.emit_interval, [&] { return stopping_; });
    lock.unlock();
    emit();
    lock.lock();
  }
}

void StatsdEmitter::rotate_due() {
  const auto now = std::chrono::steady_clock::now();
  if (now < rotate_at_) return;
  rotate_at_ = now + options_.rotate;
  auto summary = window_.take(quantiles_);
  if (summary.count != 0) shown_ = std::move(summary);
}

// What each of g3fcgen's counters counts, in terms of ours. Its frontend is our receivers, its backend
// our issuer; it refreshes keys every five minutes, we refresh answers. In its order, and as it does a
// counter that did not move is sent as 0 and a duration as a floating-point number.
std::vector<std::string> StatsdEmitter::lines(const certgen::DoorStatistics& now) const {
  std::vector<std::string> all;
  const auto count = [&](std::string_view name, std::uint64_t value, std::uint64_t before) {
    all.push_back(fmt::format("{}{}:{}|c", prefix_, name, value - before));
  };
  const auto gauge = [&](std::string_view quantile, double ns) {
    all.push_back(fmt::format("{}backend.request_duration:{:#}|g|#quantile:{}", prefix_, ns, quantile));
  };
  const auto answered = [](const certgen::DoorStatistics& s) { return s.answered_cached + s.answered_issued; };
  const auto unanswered = [](const certgen::DoorStatistics& s) { return s.failed + s.send_failed + s.shed_late + s.shed_full; };
  count("backend.refresh_total", now.refreshed, sent_.refreshed);
  count("backend.refresh_ok", now.refreshed, sent_.refreshed);
  count("backend.request_total", now.issued + now.issue_failed, sent_.issued + sent_.issue_failed);
  count("backend.request_ok", now.issued, sent_.issued);
  gauge("min", static_cast<double>(shown_.min_ns));
  gauge("max", static_cast<double>(shown_.max_ns));
  gauge("mean", shown_.mean_ns);
  for (std::size_t i = 0; i < quantiles_.size(); ++i) gauge(options_.quantiles[i], static_cast<double>(shown_.quantiles_ns[i]));
  count("frontend.request_total", now.requests, sent_.requests);
  count("frontend.request_invalid", now.invalid, sent_.invalid);
  count("frontend.response_total", answered(now), answered(sent_));
  count("frontend.response_fail", unanswered(now), unanswered(sent_));
  return all;
}

void StatsdEmitter::emit() {
  rotate_due();
  const auto now = statistics_();
  const auto to = options_.udp ? Result<sockaddr_un>(sockaddr_un{}) : unix_address(options_.unix_path);
  for (const auto& segment : segments(lines(now), options_.max_segment_octets)) {
    if (options_.udp) (void)::send(fd_, segment.data(), segment.size(), MSG_NOSIGNAL);
    else if (to) (void)::sendto(fd_, segment.data(), segment.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&*to), sizeof *to);
  }
  sent_ = now;
}

}  // namespace certwright::gateway::g3fcgen
