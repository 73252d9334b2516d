#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/certgen/answer.h"
#include "gateway/certgen/answer_cache.h"
#include "gateway/certgen/flight_queue.h"
#include "gateway/certgen/peer.h"
#include "gateway/certgen/udp_socket.h"
#include "issuance/interception.h"

namespace certwright::gateway::certgen {

struct DoorOptions {
  ChainForm chain = ChainForm::without_root;
  PeerPolicy peers;
  double requests_per_second_and_peer = 5'000;  // beyond loopback; 0: no limit
  double burst_per_peer = 10'000;
  std::size_t receivers = 0;  // threads that read and answer from the cache; 0: one per four cores
  std::size_t workers = 0;    // threads that have certificates made; 0: one per core
  CacheLimits cache;
  QueueLimits queue;
  // Called from the door's threads, at most once a second: what an operator should see.
  std::function<void(std::string_view)> warn;
  // Called for every answer, from the door's threads: from the kernel's receipt to after sending.
  std::function<void(std::chrono::nanoseconds took, std::size_t octets)> on_answer;
};

// Since the start. `requests` is the sum of all that follow up to `failed`, but for those under way.
struct DoorStatistics {
  std::uint64_t requests = 0;
  std::uint64_t denied = 0;        // by the peer policy
  std::uint64_t rate_limited = 0;
  std::uint64_t invalid = 0;       // no request that could be answered
  std::uint64_t shed_late = 0;     // older than the deadline
  std::uint64_t shed_full = 0;     // the queue was full
  std::uint64_t duplicates = 0;    // the same client asked again while it waited
  std::uint64_t answered_cached = 0, answered_issued = 0;
  std::uint64_t failed = 0;        // the issuer had no certificate, or it did not fit
  std::uint64_t send_failed = 0;   // of the answered
  std::uint64_t kernel_dropped = 0;  // datagrams that we never saw: the receive buffer was full
  std::uint64_t issued = 0, issue_failed = 0, refreshed = 0;  // certificates
  std::uint64_t roots_dropped = 0, names_trimmed = 0, small_keys = 0, key_types_switched = 0;  // of the issued
  std::uint64_t queue_depth = 0, cache_entries = 0, cache_octets = 0;  // now
};

// The UDP certificate generator's door. Receivers read batches, answer from the cache, and queue the
// rest; workers have certificates made, one for everybody who waits for the same, and send.
//
//   auto door = Door::open(std::move(sockets), options, issuer, clock);
//   door->start(); ... door->stop();
//
// Between start() and stop() its public functions may be called from any thread, but start() and stop().
class Door {
 public:
  // `issuer` and `clock` must outlive the door. Answers of a former generation of the issuer are
  // forgotten. Errors: invalid if there is no socket.
  static Result<std::unique_ptr<Door>> open(std::vector<UdpSocket> sockets, DoorOptions options,
                                            issuance::InterceptionIssuer& issuer, const Clock& clock);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  void start();
  // Stops reading, answers what was read, and returns. The sockets stay open: what arrives meanwhile
  // waits in the kernel for the next start(), in this process or in one that inherits them.
  void stop();

  const std::vector<UdpSocket>& sockets() const noexcept { return sockets_; }
  std::string endpoint() const { return sockets_.front().endpoint(); }
  DoorStatistics statistics() const;
  issuance::InterceptionStatistics issuer_statistics() const { return issuer_.statistics(); }
  // Certificates by key algorithm, since the start.
  static constexpr std::array<std::string_view, 7> kKeyAlgorithms = {"ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519", "sm2", "ed448", "other"};
  std::array<std::uint64_t, kKeyAlgorithms.size()> issued_by_key_algorithm() const;

 private:
  struct Counters;
  struct Receiver;
  Door(std::vector<UdpSocket> sockets, DoorOptions options, issuance::InterceptionIssuer& issuer, const Clock& clock);
  std::uint64_t generation();
  void receive(std::size_t index);
  void take(Receiver& receiver, const Datagram& datagram);
  void answer_from_cache(Receiver& receiver, const Request& request, const Asker& asker, std::shared_ptr<const Answer> answer);
  void flush(Receiver& receiver);
  void work();
  void serve(const std::shared_ptr<Flight>& flight, BatchSender& sender);
  void send_all(const Flight& flight, const Answer& answer, const std::vector<Asker>& askers, BatchSender& sender);
  void count_issued(const Answer& answer, bool is_refresh);
  void warn(std::string_view text);

  std::vector<UdpSocket> sockets_;
  const DoorOptions options_;
  const Clock& clock_;
  issuance::InterceptionIssuer& issuer_;
  std::atomic<std::uint64_t> generation_seen_;
  AnswerCache cache_;
  FlightQueue queue_;
  PeerRateLimit rate_limit_;
  const std::unique_ptr<Counters> counters_;
  int stop_event_ = -1;
  std::vector<std::thread> receivers_, workers_;
  std::atomic<std::int64_t> warned_at_s_{0};
};

}  // namespace certwright::gateway::certgen
