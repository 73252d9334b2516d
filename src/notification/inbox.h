#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "audit/journal.h"
#include "clock/clock.h"
#include "notification/event.h"
#include "store/store.h"

namespace certwright::notification {

struct InboxItem {
  store::NotificationRecord record;
  Facts facts;
  std::string title;  // subject and text of its tenant's template, filled in
  std::string text;
};

// What a principal is shown in the product. Safe to call from any thread.
class Inbox {
 public:
  static constexpr std::uint32_t kMaxLimit = 200;
  // All must outlive this.
  Inbox(store::Store& store, audit::Journal& journal, const Clock& clock)
      : store_(store), journal_(journal), clock_(clock) {}

  // The principal's own, with ids below `before` (0: from the newest), newest first. Errors: invalid for a
  // limit that is 0 or above kMaxLimit.
  Result<std::vector<InboxItem>> list(std::string_view principal, store::NotificationId before,
                                      std::uint32_t limit) const;
  // No more about its event and subject. Done before: nothing happens. Errors: not_found, also for
  // somebody else's.
  Result<void> acknowledge(store::NotificationId id, const audit::Actor& actor);

 private:
  store::Store& store_;
  audit::Journal& journal_;
  const Clock& clock_;
};

}  // namespace certwright::notification
