#include "gateway/certgen/door.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gateway/certgen/response.h"

namespace certwright::gateway::certgen {
namespace {

using std::chrono::steady_clock;

// An upstream key on P-384 or P-521, seen by the octets of the OID, costs several of P-256. A guess, which
// only orders work.
bool is_costly(ByteView upstream_certificate) noexcept {
  constexpr std::array<std::uint8_t, 6> kSecp384r1 = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00};  // then 0x22, 0x23 for P-521
  const auto found = std::ranges::search(upstream_certificate, kSecp384r1);
  return !found.empty() && found.end() != upstream_certificate.end() && (*found.end() == 0x22 || *found.end() == 0x23);
}

std::size_t cores() noexcept { return std::max(1U, std::thread::hardware_concurrency()); }

std::size_t key_algorithm_index(std::string_view name) noexcept {
  const auto found = std::ranges::find(Door::kKeyAlgorithms, name);
  return found == Door::kKeyAlgorithms.end() ? Door::kKeyAlgorithms.size() - 1
                                             : static_cast<std::size_t>(found - Door::kKeyAlgorithms.begin());
}

}  // namespace

struct Door::Counters {
  using Count = std::atomic<std::uint64_t>;
  Count requests{0}, denied{0}, rate_limited{0}, invalid{0}, shed_late{0}, answered_cached{0}, answered_issued{0}, failed{0}, send_failed{0},
      kernel_dropped{0}, issued{0}, issue_failed{0}, refreshed{0}, roots_dropped{0}, names_trimmed{0}, small_keys{0}, key_types_switched{0};
  std::array<Count, kKeyAlgorithms.size()> by_key_algorithm{};
};

// What one receiving thread keeps between datagrams. Parts of answers that wait for flush() live here.
struct Door::Receiver {
  struct Pending {
    Bytes head;
    std::shared_ptr<const Answer> answer;
    std::array<std::uint8_t, kTailOctetsMax> tail;
    SteadyTime received_at;
    std::size_t octets;
  };
  BatchReceiver input;
  BatchSender output;
  RequestDecoder decoder;
  std::array<Pending, BatchSender::kBatch> pending;
  std::vector<std::uint32_t> kernel_drops_seen;  // by socket
};

Result<std::unique_ptr<Door>> Door::open(std::vector<UdpSocket> sockets, DoorOptions options,
                                         issuance::InterceptionIssuer& issuer, const Clock& clock) {
  if (sockets.empty()) return fail(Errc::invalid, "the certificate generator has no socket");
  return std::unique_ptr<Door>(new Door(std::move(sockets), std::move(options), issuer, clock));
}

Door::Door(std::vector<UdpSocket> sockets, DoorOptions options, issuance::InterceptionIssuer& issuer, const Clock& clock)
    : sockets_(std::move(sockets)),
      options_(std::move(options)),
      clock_(clock),
      issuer_(issuer),
      generation_seen_(issuer.generation()),
      cache_(options_.cache),
      queue_(options_.queue),
      rate_limit_(options_.requests_per_second_and_peer, options_.burst_per_peer),
      counters_(std::make_unique<Counters>()),
      stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Door::~Door() {
  stop();
  if (stop_event_ >= 0) ::close(stop_event_);
}

void Door::start() {
  if (!receivers_.empty()) return;
  std::uint64_t taken = 0;
  while (::read(stop_event_, &taken, sizeof taken) > 0) {
  }
  queue_.restart();
  const std::size_t receivers = options_.receivers != 0 ? options_.receivers : std::max<std::size_t>(1, cores() / 4);
  const std::size_t workers = options_.workers != 0 ? options_.workers : cores();
  for (std::size_t i = 0; i < workers; ++i) workers_.emplace_back([this] { work(); });
  for (std::size_t i = 0; i < receivers; ++i) receivers_.emplace_back([this, i] { receive(i); });
}

void Door::stop() {
  if (receivers_.empty()) return;
  const std::uint64_t one = 1;
  (void)!::write(stop_event_, &one, sizeof one);
  for (auto& thread : receivers_) thread.join();
  receivers_.clear();
  queue_.stop();
  for (auto& thread : workers_) thread.join();
  workers_.clear();
}

// Answers of another generation are never found again: their keys are not kept either.
std::uint64_t Door::generation() {
  const auto now = issuer_.generation();
  if (generation_seen_.load(std::memory_order_relaxed) != now && generation_seen_.exchange(now) != now) cache_.clear();
  return now;
}

void Door::warn(std::string_view text) {
  if (!options_.warn) return;
  const std::int64_t now_s = steady_clock::now().time_since_epoch() / Seconds(1);
  if (warned_at_s_.exchange(now_s) != now_s) options_.warn(text);
}

void Door::receive(std::size_t index) {
  const auto receiver = std::make_unique<Receiver>();
  receiver->kernel_drops_seen.resize(sockets_.size());
  std::vector<pollfd> watched;
  for (const auto& socket : sockets_) watched.push_back({.fd = socket.fd(), .events = POLLIN, .revents = 0});
  watched.push_back({.fd = stop_event_, .events = POLLIN, .revents = 0});
  for (;;) {
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return warn("the certificate generator cannot wait for datagrams");
    if ((watched.back().revents & POLLIN) != 0) return;
    for (std::size_t s = 0; s < sockets_.size(); ++s) {
      if ((watched[s].revents & (POLLIN | POLLERR)) == 0) continue;
      const std::size_t received = receiver->input.receive(sockets_[s].fd());
      for (std::size_t i = 0; i < received; ++i) take(*receiver, receiver->input[i]);
      flush(*receiver);
      // Every receiver is told the socket's total; the first one counts it.
      const auto drops = receiver->input.kernel_drops();
      if (index == 0 && drops != 0 && drops != receiver->kernel_drops_seen[s]) {
        counters_->kernel_dropped += drops - receiver->kernel_drops_seen[s];
        receiver->kernel_drops_seen[s] = drops;
        warn("requests were lost in a full receive buffer: raise net.core.rmem_max");
      }
    }
  }
}

void Door::take(Receiver& receiver, const Datagram& datagram) {
  ++counters_->requests;
  const auto now = steady_clock::now();
  const Time wall = clock_.now();
  const IpAddress peer = IpAddress::of(datagram.path.peer);
  if (!options_.peers.allows(peer, datagram.path.asked)) {
    ++counters_->denied;
    return;
  }
  if (!rate_limit_.take(peer, now)) {
    ++counters_->rate_limited;
    return;
  }
  // The kernel's stamp is of the system's clock, which may have been set since: then it counts as new.
  const Duration age = datagram.received_at == Time{} ? Duration{} : SystemClock().now() - datagram.received_at;
  const bool plausible = age >= Duration{} && age < std::chrono::minutes(1);
  const Asker asker{.path = datagram.path, .service = kServiceHttp, .received_at = plausible ? now - age : now};
  if (now - asker.received_at >= options_.queue.deadline) {
    ++counters_->shed_late;
    return;
  }
  const auto request = receiver.decoder.decode(datagram.octets);
  if (!request) {
    ++counters_->invalid;
    return;
  }
  Asker who = asker;
  who.service = request->service;
  const AnswerKey key = answer_key(generation(), *request);
  const auto hit = cache_.find(key, wall);
  const bool costly = (!hit || hit->refresh_due) && is_costly(request->upstream_certificate);
  if (!hit) return queue_.join(key, *request, costly, who);
  if (hit->refresh_due) queue_.refresh(key, *request, costly);
  answer_from_cache(receiver, *request, who, hit->answer);
}

void Door::answer_from_cache(Receiver& receiver, const Request& request, const Asker& asker, std::shared_ptr<const Answer> answer) {
  auto& pending = receiver.pending[receiver.output.pending()];
  pending.head.resize(head_octets_max(request.host.size()));
  const std::size_t head_octets = encode_head(request, pending.head);
  const std::size_t tail_octets = encode_tail(answer->ttl_s_at(clock_.now()), pending.tail);
  pending.received_at = asker.received_at;
  pending.octets = head_octets + answer->body.size() + tail_octets;
  pending.answer = std::move(answer);
  const bool full = receiver.output.add(asker.path, {ByteView(pending.head).first(head_octets), pending.answer->body.reveal(), ByteView(pending.tail).first(tail_octets)});
  if (full) flush(receiver);
}

void Door::flush(Receiver& receiver) {
  const std::size_t count = receiver.output.pending();
  if (count == 0) return;
  const std::size_t failed = receiver.output.flush();
  counters_->send_failed += failed;
  counters_->answered_cached += count;
  const auto now = steady_clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    if (options_.on_answer) options_.on_answer(now - receiver.pending[i].received_at, receiver.pending[i].octets);
    receiver.pending[i].answer.reset();
  }
}

void Door::work() {
  BatchSender sender;
  while (const auto flight = queue_.next()) serve(flight, sender);
}

void Door::serve(const std::shared_ptr<Flight>& flight, BatchSender& sender) {
  const auto generation = this->generation();
  auto made = make_answer(issuer_, flight->request(), options_.chain);
  if (!made) {
    const auto askers = queue_.land(flight);
    ++counters_->issue_failed;
    counters_->failed += askers.size();
    warn("no certificate could be made: " + made.error().detail);
    return;
  }
  const auto answer = std::make_shared<const Answer>(*std::move(made));
  count_issued(*answer, flight->is_refresh);
  // In the cache before the flight lands: whoever asks from now on finds one or the other. Under the
  // generation it was made in, which is another key than the flight's if the issuer changed meanwhile.
  cache_.put(answer_key(generation, flight->request()), answer, clock_.now());
  send_all(*flight, *answer, queue_.land(flight), sender);
}

void Door::send_all(const Flight& flight, const Answer& answer, const std::vector<Asker>& askers, BatchSender& sender) {
  constexpr std::size_t kServiceNumbers = 256;
  std::array<Bytes, kServiceNumbers> heads;  // by service
  std::array<std::uint8_t, kTailOctetsMax> tail{};
  const std::size_t tail_octets = encode_tail(answer.ttl_s_at(clock_.now()), tail);
  std::vector<const Asker*> sending;
  sending.reserve(askers.size());
  std::size_t octets = 0;
  const auto flush_now = [&] {
    counters_->answered_issued += sending.size();
    counters_->send_failed += sender.flush();
    const auto now = steady_clock::now();
    if (options_.on_answer)
      for (const auto* asker : sending) options_.on_answer(now - asker->received_at, octets);
    sending.clear();
  };
  const auto started = steady_clock::now();
  for (const auto& asker : askers) {
    if (started - asker.received_at >= options_.queue.deadline) {
      ++counters_->shed_late;
      continue;
    }
    Bytes& head = heads[asker.service];
    if (head.empty()) {
      Request echoed = flight.request();
      echoed.service = asker.service;
      head.resize(head_octets_max(echoed.host.size()));
      head.resize(encode_head(echoed, head));
    }
    octets = head.size() + answer.body.size() + tail_octets;
    sending.push_back(&asker);
    if (sender.add(asker.path, {ByteView(head), answer.body.reveal(), ByteView(tail).first(tail_octets)})) flush_now();
  }
  if (!sending.empty()) flush_now();
}

void Door::count_issued(const Answer& answer, bool is_refresh) {
  auto& c = *counters_;
  ++c.issued;
  if (is_refresh) ++c.refreshed;
  if (answer.reductions.root_dropped) ++c.roots_dropped;
  if (answer.reductions.names_trimmed) ++c.names_trimmed;
  if (answer.reductions.small_key) ++c.small_keys;
  if (answer.key_type_switched) ++c.key_types_switched;
  ++c.by_key_algorithm[key_algorithm_index(answer.key_algorithm)];
}

DoorStatistics Door::statistics() const {
  const auto& c = *counters_;
  return {.requests = c.requests, .denied = c.denied, .rate_limited = c.rate_limited, .invalid = c.invalid,
          .shed_late = c.shed_late + queue_.shed_late(), .shed_full = queue_.shed_full(), .duplicates = queue_.duplicates(),
          .answered_cached = c.answered_cached, .answered_issued = c.answered_issued, .failed = c.failed,
          .send_failed = c.send_failed, .kernel_dropped = c.kernel_dropped, .issued = c.issued, .issue_failed = c.issue_failed,
          .refreshed = c.refreshed, .roots_dropped = c.roots_dropped, .names_trimmed = c.names_trimmed,
          .small_keys = c.small_keys, .key_types_switched = c.key_types_switched, .queue_depth = queue_.waiting(),
          .cache_entries = cache_.entries(), .cache_octets = cache_.octets()};
}

std::array<std::uint64_t, Door::kKeyAlgorithms.size()> Door::issued_by_key_algorithm() const {
  std::array<std::uint64_t, kKeyAlgorithms.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = counters_->by_key_algorithm[i];
  return all;
}

}  // namespace certwright::gateway::certgen
