#include "notification/delivery.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <thread>

#include "audit/events.h"
#include "notification/event.h"

namespace certwright::notification {
namespace {

constexpr std::size_t kMostCounted = 10'000;  // recipients with failures

const audit::Actor kSystem{.principal = "system", .tenant = "system", .door = "system", .remote = ""};

audit::Event record_of(audit::EventType type, const store::NotificationLane& lane,
                       const std::vector<store::NotificationId>& ids) {
  return {type,
          kSystem,
          {{"channel", std::string(name_of(lane.channel))},
           {"recipient", lane.recipient},
           {"first", std::to_string(ids.front())},
           {"last", std::to_string(ids.back())},
           {"count", std::to_string(ids.size())}}};
}

std::vector<store::NotificationId> ids_of(const std::vector<store::NotificationRecord>& notifications) {
  std::vector<store::NotificationId> ids;
  for (const auto& n : notifications) ids.push_back(n.id);
  return ids;
}

// What is thrown on a thread of a round would end the process, and memory may be short for a moment.
template <class Work>
Result<void> caught(const Work& work) noexcept {
  try {
    return work();
  } catch (const std::exception& e) {
    return fail(Errc::internal, e.what());
  }
}

tl::unexpected<Error> taken_over() {
  return fail(Errc::conflict, "another node has taken over the delivery of notifications");
}

}  // namespace

std::string_view name_of(store::NotificationChannel channel) noexcept {
  switch (channel) {
    case store::NotificationChannel::in_product: return "in_product";
    case store::NotificationChannel::email: return "email";
    case store::NotificationChannel::webhook: return "webhook";
  }
  return "unknown";
}

std::string_view name_of(store::NotificationState state) noexcept {
  switch (state) {
    case store::NotificationState::waiting: return "waiting";
    case store::NotificationState::delivered: return "delivered";
    case store::NotificationState::failed: return "failed";
    case store::NotificationState::acknowledged: return "acknowledged";
  }
  return "unknown";
}

Delivery::Delivery(const Dependencies& dependencies, DeliveryOptions options)
    : d_(dependencies),
      options_(std::move(options)),
      lease_name_("notification-delivery/" + std::string(name_of(d_.courier.channel()))) {}

DeliveryCounts Delivery::counts() const noexcept { return {delivered_, retried_, failed_}; }

Duration Delivery::delay_after(std::uint32_t attempts) {
  Duration delay = options_.first_delay;
  for (std::uint32_t i = 1; i < attempts && delay < options_.longest_delay; ++i) delay *= 2;
  delay = std::min(delay, options_.longest_delay);
  std::array<std::uint8_t, 2> octets{};
  d_.random.fill(octets);
  const int thousandths = 800 + (octets[0] * 256 + octets[1]) % 401;
  return delay * thousandths / 1000;
}

// True if the lease is ours for long enough for another attempt.
Result<bool> Delivery::hold_lease() {
  const std::lock_guard lock(lease_mutex_);
  const Time now = d_.clock.now();
  if (now + options_.attempt_limit < lease_until_ && now + options_.lease >= lease_until_) return true;
  const Time until = now + options_.lease;
  const auto taken = d_.store.apply({store::AcquireLease{lease_name_, options_.holder, now, until}});
  if (taken) {
    lease_until_ = until;
    return true;
  }
  lease_until_ = {};
  if (taken.error().code == Errc::conflict) return false;
  return tl::unexpected(taken.error());
}

Result<void> Delivery::run_due() {
  while (!stop_) {
    CERTWRIGHT_TRY(const bool more, round());
    if (!more) break;
  }
  return {};
}

// Some recipients, a few at once. False if none was due or another node delivers.
Result<bool> Delivery::round() {
  CERTWRIGHT_TRY(const auto lanes, d_.store.notifications().due_lanes(d_.courier.channel(), d_.clock.now(), options_.lanes));
  if (lanes.empty()) return false;
  CERTWRIGHT_TRY(const bool ours, hold_lease());
  if (!ours) return false;
  const std::uint64_t settled_before = settled();
  std::atomic<std::size_t> next{0};
  std::mutex problem_mutex;
  std::optional<Error> problem;
  const auto work = [&] {
    for (std::size_t i = next++; i < lanes.size() && !stop_; i = next++) {
      const auto done = caught([&] { return deliver_lane(lanes[i]); });
      if (done) continue;
      const std::lock_guard lock(problem_mutex);
      problem = done.error();
      next = lanes.size();
    }
  };
  {
    const std::size_t helpers = std::min<std::size_t>(options_.threads, lanes.size()) - 1;
    std::vector<std::jthread> threads;
    // With fewer of them it takes longer.
    (void)caught([&]() -> Result<void> {
      for (std::size_t i = 0; i < helpers; ++i) threads.emplace_back(work);
      return {};
    });
    work();
  }
  if (problem) return tl::unexpected(*std::move(problem));
  return settled() != settled_before;  // else there is nothing to be done now, whatever the lanes say
}

Result<void> Delivery::deliver_lane(const store::NotificationLane& lane) {
  const Deadline until = std::chrono::steady_clock::now() + options_.turn;
  bool more = true;
  while (more && !stop_ && std::chrono::steady_clock::now() < until) {
    CERTWRIGHT_TRY(more, attempt(lane, until));
  }
  return {};
}

// True if it succeeded, so that the recipient's next ones may follow.
Result<bool> Delivery::attempt(const store::NotificationLane& lane, Deadline until) {
  CERTWRIGHT_TRY(const bool ours, hold_lease());
  if (!ours) return taken_over();
  CERTWRIGHT_TRY(auto waiting,
                 d_.store.notifications().waiting(lane.channel, lane.recipient, d_.courier.most_at_once()));
  if (waiting.empty() || waiting.front().next_attempt_at > d_.clock.now()) return false;
  waiting.resize(std::clamp<std::size_t>(d_.courier.together(waiting), 1, waiting.size()));
  const auto outcome = caught([&] { return d_.courier.deliver(lane.recipient, waiting, stop_); });
  if (!outcome && stop_) return false;  // broken off: as if it had not been tried
  if (!outcome && outcome.error().code == Errc::conflict && waiting.size() > 1)
    return one_by_one(lane, waiting, until);
  CERTWRIGHT_CHECK(settle(lane, waiting, outcome));
  return outcome.has_value() || outcome.error().code == Errc::gone;
}

// One of them spoils what they would go in together.
Result<bool> Delivery::one_by_one(const store::NotificationLane& lane,
                                  const std::vector<store::NotificationRecord>& waiting, Deadline until) {
  for (const auto& notification : waiting) {
    CERTWRIGHT_TRY(const bool ours, hold_lease());
    if (!ours) return taken_over();
    const std::vector one{notification};
    const auto outcome = caught([&] { return d_.courier.deliver(lane.recipient, one, stop_); });
    if (!outcome && stop_) return false;
    CERTWRIGHT_CHECK(settle(lane, one, outcome));
    if (!outcome && outcome.error().code != Errc::gone) return false;
    if (std::chrono::steady_clock::now() >= until) break;
  }
  return true;
}

// Once the first is given up, all that is as old is: whoever is away is not asked once for each. What comes
// next waits like what was tried.
Result<Delivery::Sorted> Delivery::sort_failed(const store::NotificationLane& lane,
                                               const std::vector<store::NotificationRecord>& tried, Time now) const {
  Sorted sorted;
  const auto is_old = [&](const auto& n) { return now - n.created_at >= options_.give_up_after; };
  if (!is_old(tried.front()) || tried.front().attempts + 1 < options_.least_attempts) {
    sorted.again = ids_of(tried);
    return sorted;
  }
  CERTWRIGHT_TRY(const auto waiting, d_.store.notifications().waiting(lane.channel, lane.recipient,
                                                                      store::NotificationQueries::kMaxLimit));
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if (is_old(waiting[i])) sorted.done.push_back(waiting[i].id);
    else if (i < tried.size() || sorted.again.empty()) sorted.again.push_back(waiting[i].id);
  }
  return sorted;
}

std::uint32_t Delivery::count_failure(const std::string& recipient, std::uint32_t attempts) {
  const std::lock_guard lock(failures_mutex_);
  if (failures_.size() >= kMostCounted && !failures_.contains(recipient)) failures_.clear();
  auto& failures = failures_[recipient];
  failures = std::max(failures, attempts) + 1;  // after a restart the store knows
  return failures;
}

void Delivery::forget_failures(const std::string& recipient) {
  const std::lock_guard lock(failures_mutex_);
  failures_.erase(recipient);
}

Result<void> Delivery::settle(const store::NotificationLane& lane,
                              const std::vector<store::NotificationRecord>& tried, const Result<void>& outcome) {
  const Time now = d_.clock.now();
  Sorted sorted;
  std::uint32_t attempts = 0;
  if (outcome || outcome.error().code == Errc::gone) {
    sorted.done = ids_of(tried);
    forget_failures(lane.recipient);
  } else {
    CERTWRIGHT_TRY(sorted, sort_failed(lane, tried, now));
    attempts = count_failure(lane.recipient, tried.front().attempts);
  }
  const auto& [done, again] = sorted;
  const std::string reason = outcome ? "" : cleaned(outcome.error().detail);
  store::Transaction transaction;
  if (!done.empty()) {
    const auto state = outcome ? store::NotificationState::delivered : store::NotificationState::failed;
    transaction.push_back(
        store::SettleNotifications{lane.channel, lane.recipient, done, state, now, now, reason});
    auto event = record_of(outcome ? audit::EventType::notifications_delivered : audit::EventType::notifications_failed,
                           lane, done);
    if (!outcome) event.fields.emplace_back("reason", reason);
    transaction.push_back(d_.journal.leaf(event));
  }
  if (!again.empty())
    transaction.push_back(store::SettleNotifications{lane.channel, lane.recipient, again,
                                                     store::NotificationState::waiting, now,
                                                     now + delay_after(attempts), reason});
  CERTWRIGHT_CHECK(d_.store.apply(transaction));
  if (!outcome && options_.on_failure) options_.on_failure(lane.recipient, reason);
  (outcome ? delivered_ : failed_) += done.size();
  retried_ += again.size();
  return {};
}

}  // namespace certwright::notification
