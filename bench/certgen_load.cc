// Open-loop load on a UDP certificate generator, as g3proxy's listeners make it:
//   certgen_load ADDRESS PORT --rate N [--seconds S] [--hosts N] [--listeners N] [--service N] [--usage N]
//                [--answers certificates|echo] [--cert DER]...
// A listener is one connected socket. Requests leave at the given rate, whatever comes back; an answer
// counts for its (service, usage, host) and within four seconds. A host that got none is not asked for
// ten seconds, and each attempt in that time is a failure, as a connection through the proxy would be.
// --hosts 0: a new host each time (nothing is cached); else they repeat at random.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gateway/certgen/request.h"
#include "gateway/certgen/socket_address.h"
#include "gateway/certgen/udp_socket.h"
#include "msgpack/reader.h"

namespace {

using namespace certwright;
using namespace std::chrono_literals;
using Instant = std::chrono::steady_clock::time_point;

constexpr auto kWait = 4s, kNegative = 10s;

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 2999;
  std::uint8_t service = gateway::certgen::kServiceHttp;
  issuance::InterceptionUsage usage = issuance::InterceptionUsage::tls_server;
  bool echo = false;
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

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "certgen_load: %s\n", why.c_str());
  std::exit(2);
}

// All of `text`, within the limits.
template <class Number>
Number number_of(const std::string& name, const std::string& text, Number least, Number most) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    stop(name + ": \"" + text + "\" is not a number that it takes");
  return number;
}

// What an answer is for: host, service and usage stand first, under the keys 1, 2 and 6. It counts if
// key 3, the certificates, follows. An echo (bench/udp_echo) sends the request's form: fewer keys, and 4 for
// the usage.
struct Head {
  std::string_view host;
  std::uint64_t service = 0, usage = 0;
};
std::optional<Head> head_of(ByteView datagram, bool echo) {
  msgpack::Reader reader(datagram);
  const auto next = [&reader] { return reader.read(); };
  Head head;
  if (const auto map = next(); !map || map->type != msgpack::Type::map || (map->count != 6 && !echo)) return {};
  for (const std::uint64_t expected : {1U, 2U, echo ? 4U : 6U}) {
    const auto key = next();
    if (!key || key->type != msgpack::Type::unsigned_integer || key->unsigned_integer != expected) return {};
    const auto value = next();
    if (!value) return {};
    if (expected == 1) head.host = as_text(value->payload);
    else (expected == 2 ? head.service : head.usage) = value->unsigned_integer;
  }
  const auto key = next();
  if (!key || key->unsigned_integer != 3) return {};
  return head;
}

// One listener of g3proxy: socket, requests in flight, negative cache.
class Listener {
 public:
  Listener(const Options& options, Totals& totals) : options_(options), totals_(totals) {
    const auto to = gateway::certgen::SocketAddress::of(options.address, options.port);
    if (!to) stop(to.error().detail);
    fd_ = ::socket(to->family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int buffer = 16 << 20;
    if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0) (void)setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (::connect(fd_, to->get(), to->octets()) != 0) stop("cannot connect");
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
    const Bytes datagram = gateway::certgen::encode_request(
        {.host = host, .service = options_.service, .usage = options_.usage, .upstream_certificate = certificate});
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
  void take(ByteView datagram, Instant now) {
    const auto head = head_of(datagram, options_.echo);
    const bool is_ours = head && head->service == options_.service && head->usage == static_cast<std::uint64_t>(options_.usage);
    const auto found = is_ours ? in_flight_.find(std::string(head->host)) : in_flight_.end();
    if (found == in_flight_.end()) {
      ++totals_.strangers;
      return;
    }
    totals_.latencies_ms.push_back(std::chrono::duration<float, std::milli>(now - found->second).count());
    ++totals_.good;
    in_flight_.erase(found);
  }

  const Options& options_;
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
              "late, double or for something else %llu, p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms\n",
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
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 4 || words.size() % 2 != 0)
    stop("usage: certgen_load ADDRESS PORT --rate N [--seconds S] [--hosts N] [--listeners N] [--service N] [--usage N] [--answers certificates|echo] [--cert DER]...");
  Options options;
  options.address = words[0];
  options.port = number_of<std::uint16_t>("PORT", words[1], 1, UINT16_MAX);
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const auto& name = words[i];
    const auto& value = words[i + 1];
    if (name == "--rate") options.rate = number_of<double>(name, value, 0.001, 1e7);
    else if (name == "--seconds") options.seconds = number_of<double>(name, value, 0.001, 1e6);
    else if (name == "--hosts") options.hosts = number_of<std::uint64_t>(name, value, 0, UINT64_MAX);
    else if (name == "--listeners") options.listeners = number_of<unsigned>(name, value, 1, 10'000);
    else if (name == "--service") options.service = number_of<std::uint8_t>(name, value, 0, UINT8_MAX);
    else if (name == "--answers") {
      if (value != "certificates" && value != "echo") stop(name + ": certificates or echo");
      options.echo = value == "echo";
    } else if (name == "--usage") {
      const auto usage = gateway::certgen::parse_usage(value);
      if (!usage) stop(name + ": " + usage.error().detail);
      options.usage = *usage;
    } else if (name == "--cert") {
      std::ifstream in(value, std::ios::binary);
      options.certificates.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      if (!in || options.certificates.back().empty()) stop(value + ": cannot be read");
    } else stop("unknown option " + name);
  }
  run(options);
}
