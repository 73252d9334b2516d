// Open-loop load on a UDP certificate generator, as g3proxy's listeners make it:
//   certgen_load ADDRESS PORT --rate N [--seconds S] [--hosts N] [--listeners N] [--cert DER]...
// A listener is one connected socket. Requests leave at the given rate, whatever comes back; an answer
// counts for its (service, usage, host) and within four seconds. A host that got none is not asked for
// ten seconds, and each attempt in that time is a failure, as a connection through the proxy would be.
// --hosts 0: a new host each time (nothing is cached); else they repeat at random.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gateway/certgen/request.h"
#include "gateway/certgen/udp_socket.h"
#include "msgpack/reader.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace {

using namespace certwright;
using namespace std::chrono_literals;
using Instant = std::chrono::steady_clock::time_point;

constexpr auto kWait = 4s, kNegative = 10s;

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 2999;
  double rate = 1'000;
  double seconds = 10;
  std::uint64_t hosts = 0;
  unsigned listeners = 1;
  std::vector<Bytes> certificates;
};

struct Totals {
  std::uint64_t attempts = 0, sent = 0, good = 0, lost = 0, refused_by_cache = 0, joined = 0, strangers = 0;
  std::vector<float> latencies_ms;
};

[[noreturn]] void stop(const char* why) {
  std::fprintf(stderr, "certgen_load: %s\n", why);
  std::exit(2);
}

// One listener of g3proxy: socket, requests in flight, negative cache.
class Listener {
 public:
  Listener(const Options& options, Totals& totals) : totals_(totals) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(options.port);
    if (inet_pton(AF_INET, options.address.c_str(), &to.sin_addr) != 1) stop("ADDRESS is no IPv4 address");
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const int buffer = 16 << 20;
    if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0) (void)setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) stop("cannot connect");
  }

  void attempt(const std::string& host, ByteView certificate, Instant now) {
    ++totals_.attempts;
    if (const auto found = refused_until_.find(host); found != refused_until_.end()) {
      if (now < found->second) {
        ++totals_.refused_by_cache;
        return;
      }
      refused_until_.erase(found);
    }
    if (in_flight_.contains(host)) {
      ++totals_.joined;
      return;
    }
    const Bytes datagram = gateway::certgen::encode_request({.host = host, .service = 0, .usage = {}, .upstream_certificate = certificate});
    if (::send(fd_, datagram.data(), datagram.size(), 0) < 0) {
      refused_until_[host] = now + kNegative;
      ++totals_.lost;
      return;
    }
    ++totals_.sent;
    in_flight_.emplace(host, now);
    waiting_.emplace_back(now + kWait, host);
  }

  void receive(Instant now) {
    for (;;) {
      const std::size_t count = input_.receive(fd_);
      for (std::size_t i = 0; i < count; ++i) take(input_[i].octets, now);
      if (count < gateway::certgen::BatchReceiver::kBatch) return;
    }
  }

  void expire(Instant now) {
    for (; !waiting_.empty() && waiting_.front().first <= now; waiting_.pop_front()) {
      const auto found = in_flight_.find(waiting_.front().second);
      if (found == in_flight_.end() || found->second + kWait > now) continue;
      in_flight_.erase(found);
      refused_until_[waiting_.front().second] = now + kNegative;
      ++totals_.lost;
    }
  }

  bool idle() const { return in_flight_.empty(); }

 private:
  // The host stands first in every answer.
  void take(ByteView datagram, Instant now) {
    msgpack::Reader reader(datagram);
    if (!reader.read() || !reader.read()) return;
    const auto host = reader.read();
    if (!host) return;
    const auto found = in_flight_.find(std::string(as_text(host->payload)));
    if (found == in_flight_.end()) {
      ++totals_.strangers;
      return;
    }
    totals_.latencies_ms.push_back(std::chrono::duration<float, std::milli>(now - found->second).count());
    ++totals_.good;
    in_flight_.erase(found);
  }

  Totals& totals_;
  int fd_ = -1;
  gateway::certgen::BatchReceiver input_;
  std::unordered_map<std::string, Instant> in_flight_, refused_until_;
  std::deque<std::pair<Instant, std::string>> waiting_;
};

void report(const Options& options, Totals& totals, double seconds) {
  auto& all = totals.latencies_ms;
  std::ranges::sort(all);
  const auto at = [&](double q) { return all.empty() ? 0.0F : all[static_cast<std::size_t>(q * static_cast<double>(all.size() - 1))]; };
  std::printf("offered %.0f/s, attempts %llu, sent %llu, good %llu (%.0f/s), lost %llu, refused by the negative cache %llu, joined %llu, "
              "late or double %llu, p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms\n",
              options.rate, static_cast<unsigned long long>(totals.attempts), static_cast<unsigned long long>(totals.sent),
              static_cast<unsigned long long>(totals.good), static_cast<double>(totals.good) / seconds,
              static_cast<unsigned long long>(totals.lost), static_cast<unsigned long long>(totals.refused_by_cache),
              static_cast<unsigned long long>(totals.joined), static_cast<unsigned long long>(totals.strangers), static_cast<double>(at(0.5)),
              static_cast<double>(at(0.99)), static_cast<double>(at(0.999)), static_cast<double>(at(1)));
}

void run(const Options& options) {
  Totals totals;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (unsigned i = 0; i < options.listeners; ++i) listeners.push_back(std::make_unique<Listener>(options, totals));
  std::mt19937_64 random(42);
  const auto start = std::chrono::steady_clock::now();
  const auto total = static_cast<std::uint64_t>(options.rate * options.seconds);
  std::uint64_t made = 0;
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    const double elapsed = std::chrono::duration<double>(now - start).count();
    const auto due = std::min(total, static_cast<std::uint64_t>(elapsed * options.rate));
    for (unsigned burst = 0; made < due && burst < 64; ++made, ++burst) {
      const std::uint64_t number = options.hosts == 0 ? made : random() % options.hosts;
      const ByteView certificate = options.certificates.empty() ? ByteView() : options.certificates[number % options.certificates.size()];
      listeners[made % listeners.size()]->attempt("host" + std::to_string(number) + ".example", certificate, now);
    }
    bool idle = true;
    for (auto& listener : listeners) {
      listener->receive(std::chrono::steady_clock::now());
      listener->expire(now);
      idle = idle && listener->idle();
    }
    if (made == total && idle) break;
    if (made >= due) std::this_thread::sleep_for(50us);
  }
  report(options, totals, options.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (argc < 3) stop("usage: certgen_load ADDRESS PORT --rate N [--seconds S] [--hosts N] [--listeners N] [--cert DER]...");
  options.address = argv[1];
  options.port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  for (int i = 3; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--rate") options.rate = std::atof(value.c_str());
    else if (name == "--seconds") options.seconds = std::atof(value.c_str());
    else if (name == "--hosts") options.hosts = std::strtoull(value.c_str(), nullptr, 10);
    else if (name == "--listeners") options.listeners = static_cast<unsigned>(std::max(1, std::atoi(value.c_str())));
    else if (name == "--cert") {
      std::ifstream in(value, std::ios::binary);
      options.certificates.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    } else stop("unknown option");
  }
  run(options);
}
