#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "gateway/certgen/answer_cache.h"
#include "gateway/certgen/udp_socket.h"

namespace certwright::gateway::certgen {

using SteadyTime = std::chrono::steady_clock::time_point;

// Somebody who waits for an answer.
struct Asker {
  Path path;
  std::uint8_t service = kServiceHttp;
  SteadyTime received_at{};  // by the kernel
};

// What one certificate is made for: everybody who asked for it meanwhile.
struct Flight {
  AnswerKey key{};
  std::string host;
  issuance::InterceptionUsage usage = issuance::InterceptionUsage::tls_server;
  Bytes upstream_certificate;
  bool costly = false;     // its key type takes much longer than P-256
  bool is_refresh = false; // of an answer that is still good: nobody waits
  std::vector<Asker> askers;  // the queue's business until land()

  Request request() const noexcept { return {.host = host, .service = kServiceHttp, .usage = usage, .upstream_certificate = upstream_certificate}; }
};

struct QueueLimits {
  std::chrono::milliseconds deadline{3'500};  // older requests are not worth any work
  std::chrono::milliseconds overload{250};    // a flight that waited this long says that we are behind
  std::size_t flights_max = 65'536;
  std::size_t octets_max = 64 * 1024 * 1024;  // of requests that wait
  std::size_t askers_per_flight_max = 1'024;
};

// Requests that need a certificate, from receivers to workers, one flight for each certificate.
// In order of arrival while there is time. Behind (`overload`), the newest first and cheap ones before
// costly ones: their clients still listen when the answer comes. Refreshes when there is nothing else.
// Whoever waited longer than the deadline is dropped without work, and so is the oldest flight when the
// queue is full, costly ones first. Safe to call from any thread.
class FlightQueue {
 public:
  explicit FlightQueue(QueueLimits limits) : limits_(limits) {}

  // Puts the asker on the flight of that key, or starts one. The same peer asking again for the same
  // service is one asker, as new as the second time.
  void join(const AnswerKey& key, const Request& request, bool costly, const Asker& asker);
  // Starts a flight that nobody waits for, unless there is one or the queue is full.
  void refresh(const AnswerKey& key, const Request& request, bool costly);

  // The next flight to work on, waiting for one; null once stopped and nobody waits. It goes on taking askers.
  std::shared_ptr<Flight> next();
  // The same without waiting, at a time of the caller's choice.
  std::shared_ptr<Flight> try_next(SteadyTime now);
  // The flight's work is done: everybody who is on it.
  std::vector<Asker> land(const std::shared_ptr<Flight>& flight);

  // No next() waits any more. Whoever waits is still served; refreshes, which nobody waits for, are dropped.
  void stop();
  void restart();

  std::size_t waiting() const;
  // Askers dropped for their age; for a full queue or flight; that were on a flight already.
  std::uint64_t shed_late() const noexcept { return shed_late_; }
  std::uint64_t shed_full() const noexcept { return shed_full_; }
  std::uint64_t duplicates() const noexcept { return duplicates_; }

 private:
  using FlightPointer = std::shared_ptr<Flight>;
  static std::size_t octets_of(const Flight& flight) noexcept;
  FlightPointer start(const AnswerKey& key, const Request& request, bool costly);
  void add_asker(Flight& flight, const Asker& asker);
  bool is_late(const Flight& flight, SteadyTime now) const noexcept;
  bool is_behind(SteadyTime now) const noexcept;
  void drop(std::deque<FlightPointer>& from, std::atomic<std::uint64_t>& reason);
  void drop_late(std::deque<FlightPointer>& from, SteadyTime now);
  void make_room();
  FlightPointer take(std::deque<FlightPointer>& from, bool newest);

  const QueueLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::unordered_map<AnswerKey, FlightPointer, AnswerKeyHash> flights_;  // queued and being worked on
  std::deque<FlightPointer> cheap_, costly_, refreshes_;                 // in order of arrival
  std::size_t octets_ = 0;
  std::atomic<std::uint64_t> shed_late_{0}, shed_full_{0}, duplicates_{0};
};

}  // namespace certwright::gateway::certgen
