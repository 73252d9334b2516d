#include "gateway/certgen/flight_queue.h"

#include <algorithm>

namespace certwright::gateway::certgen {
namespace {

constexpr std::size_t kFlightOctets = 512;  // the flight itself, its map entry and one asker, about

// When the first of them asked: askers are kept in order of arrival, but a repeated one moves on.
SteadyTime oldest(const Flight& flight) noexcept {
  return flight.askers.empty() ? SteadyTime::max() : std::ranges::min(flight.askers, {}, &Asker::received_at).received_at;
}

SteadyTime newest(const Flight& flight) noexcept {
  return flight.askers.empty() ? SteadyTime::min() : std::ranges::max(flight.askers, {}, &Asker::received_at).received_at;
}

}  // namespace

std::size_t FlightQueue::octets_of(const Flight& flight) noexcept {
  return kFlightOctets + flight.host.size() + flight.upstream_certificate.size();
}

FlightQueue::FlightPointer FlightQueue::start(const AnswerKey& key, const Request& request, bool costly) {
  auto flight = std::make_shared<Flight>();
  flight->key = key;
  flight->host = request.host;
  flight->usage = request.usage;
  flight->upstream_certificate = to_bytes(request.upstream_certificate);
  flight->costly = costly;
  flights_[key] = flight;
  octets_ += octets_of(*flight);
  return flight;
}

void FlightQueue::add_asker(Flight& flight, const Asker& asker) {
  const auto known = std::ranges::find_if(flight.askers, [&](const Asker& a) { return a.service == asker.service && same_peer(a.path, asker.path); });
  if (known != flight.askers.end()) {
    known->received_at = std::max(known->received_at, asker.received_at);
    ++duplicates_;
  } else if (flight.askers.size() >= limits_.askers_per_flight_max) {
    ++shed_full_;
  } else {
    flight.askers.push_back(asker);
  }
}

void FlightQueue::join(const AnswerKey& key, const Request& request, bool costly, const Asker& asker) {
  {
    const std::lock_guard guard(mutex_);
    if (const auto found = flights_.find(key); found != flights_.end()) {
      Flight& flight = *found->second;
      add_asker(flight, asker);
      if (!flight.is_refresh) return;
      // Somebody waits now. If it is queued, it goes before other refreshes.
      const auto queued = std::ranges::find(refreshes_, found->second);
      if (queued == refreshes_.end()) return;
      flight.is_refresh = false;
      (flight.costly ? costly_ : cheap_).push_back(found->second);
      refreshes_.erase(queued);
    } else {
      make_room();
      auto flight = start(key, request, costly);
      add_asker(*flight, asker);
      (costly ? costly_ : cheap_).push_back(std::move(flight));
    }
  }
  wake_.notify_one();
}

void FlightQueue::refresh(const AnswerKey& key, const Request& request, bool costly) {
  {
    const std::lock_guard guard(mutex_);
    if (stopped_ || flights_.contains(key) || flights_.size() >= limits_.flights_max || octets_ >= limits_.octets_max) return;
    auto flight = start(key, request, costly);
    flight->is_refresh = true;
    refreshes_.push_back(std::move(flight));
  }
  wake_.notify_one();
}

void FlightQueue::drop(std::deque<FlightPointer>& from, std::atomic<std::uint64_t>& reason) {
  const auto& flight = from.front();
  reason += flight->askers.size();
  octets_ -= octets_of(*flight);
  flights_.erase(flight->key);
  from.pop_front();
}

void FlightQueue::make_room() {
  while ((flights_.size() >= limits_.flights_max || octets_ >= limits_.octets_max)) {
    auto& from = !refreshes_.empty() ? refreshes_ : !costly_.empty() ? costly_ : cheap_;
    if (from.empty()) return;  // all are being worked on
    drop(from, shed_full_);
  }
}

bool FlightQueue::is_late(const Flight& flight, SteadyTime now) const noexcept {
  return newest(flight) + limits_.deadline <= now;
}

void FlightQueue::drop_late(std::deque<FlightPointer>& from, SteadyTime now) {
  while (!from.empty() && is_late(*from.front(), now)) drop(from, shed_late_);
}

bool FlightQueue::is_behind(SteadyTime now) const noexcept {
  const auto waits = [&](const std::deque<FlightPointer>& from) {
    return !from.empty() && !from.front()->askers.empty() && oldest(*from.front()) + limits_.overload <= now;
  };
  return waits(cheap_) || waits(costly_);
}

FlightQueue::FlightPointer FlightQueue::take(std::deque<FlightPointer>& from, bool newest_first) {
  FlightPointer flight = newest_first ? std::move(from.back()) : std::move(from.front());
  if (newest_first) from.pop_back();
  else from.pop_front();
  octets_ -= octets_of(*flight);
  return flight;
}

std::shared_ptr<Flight> FlightQueue::try_next(SteadyTime now) {
  const std::lock_guard guard(mutex_);
  drop_late(cheap_, now);
  drop_late(costly_, now);
  if (!cheap_.empty() && !costly_.empty()) {
    const bool behind = is_behind(now);
    const bool cheap_first = behind || oldest(*cheap_.front()) <= oldest(*costly_.front());
    return take(cheap_first ? cheap_ : costly_, behind);
  }
  auto& waiting = cheap_.empty() ? costly_ : cheap_;
  if (!waiting.empty()) return take(waiting, is_behind(now));
  return refreshes_.empty() ? nullptr : take(refreshes_, false);
}

std::shared_ptr<Flight> FlightQueue::next() {
  for (;;) {
    if (auto flight = try_next(std::chrono::steady_clock::now())) return flight;
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return stopped_ || !cheap_.empty() || !costly_.empty() || !refreshes_.empty(); });
    if (stopped_ && cheap_.empty() && costly_.empty()) return nullptr;
  }
}

std::vector<Asker> FlightQueue::land(const std::shared_ptr<Flight>& flight) {
  const std::lock_guard guard(mutex_);
  if (const auto found = flights_.find(flight->key); found != flights_.end() && found->second == flight) flights_.erase(found);
  return std::move(flight->askers);
}

void FlightQueue::stop() {
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
    for (const auto& flight : refreshes_) {
      octets_ -= octets_of(*flight);
      flights_.erase(flight->key);
    }
    refreshes_.clear();
  }
  wake_.notify_all();
}

void FlightQueue::restart() {
  const std::lock_guard guard(mutex_);
  stopped_ = false;
}

std::size_t FlightQueue::waiting() const {
  const std::lock_guard guard(mutex_);
  return cheap_.size() + costly_.size() + refreshes_.size();
}

}  // namespace certwright::gateway::certgen
