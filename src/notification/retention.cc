#include "notification/retention.h"

#include "audit/events.h"
#include "notification/delivery.h"

namespace certwright::notification {

Result<void> Retention::run_due() {
  const Time now = d_.clock.now();
  if (now < next_) return {};
  const Time before = now - options_.keep;
  const auto until = std::chrono::steady_clock::now() + options_.turn;
  using State = store::NotificationState;
  for (const auto state : {State::delivered, State::failed, State::acknowledged}) {
    std::uint32_t dropped = options_.batch;
    while (dropped == options_.batch) {
      if (stop_) return {};
      CERTWRIGHT_TRY(dropped, prune(state, before));
      if (dropped != 0 && std::chrono::steady_clock::now() >= until) return {};
    }
  }
  next_ = now + options_.every;
  return {};
}

Result<std::uint32_t> Retention::prune(store::NotificationState state, Time before) {
  CERTWRIGHT_TRY(const auto count, d_.store.notifications().count_before(state, before, options_.batch));
  if (count == 0) return count;
  const auto done = d_.store.apply({store::PruneNotifications{state, before, count},
                                    d_.journal.leaf({audit::EventType::notifications_pruned,
                                                     {.principal = "system", .tenant = "system", .door = "system", .remote = ""},
                                                     {{"state", std::string(name_of(state))},
                                                      {"count", std::to_string(count)},
                                                      {"before", to_rfc3339(before)}}})});
  // Somebody has acknowledged one of them meanwhile, or another node drops them: they are counted anew.
  if (!done && done.error().code == Errc::conflict) return options_.batch;
  CERTWRIGHT_CHECK(done);
  return count;
}

}  // namespace certwright::notification
