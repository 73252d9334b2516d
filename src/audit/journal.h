#pragma once
#include <string_view>

#include "audit/event.h"
#include "audit/events.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "store/store.h"

namespace certwright::audit {

// A leaf: one line of JSON with fixed key order and no spaces.
//   {"v":1,"time":"2026-11-21T01:19:39.405109Z","event":"CA_RETIRED",
//    "actor":{"principal":"p..","tenant":"default","door":"admin","remote":"192.0.2.1"},
//    "fields":{"ca":"issuing"}}
// Fields stand in the order the caller gave; absent ones are absent. Octets that are not UTF-8
// become U+FFFD; a value is cut at about kMaxValueOctets and then ends in U+2026.
inline constexpr std::size_t kMaxValueOctets = 4096;
inline constexpr std::size_t kMaxFields = 24;
inline constexpr std::size_t kMaxRecordOctets = 128 * 1024;  // follows from the two
Bytes encode_leaf(const Event& event, Time time);

// The request that `event` is about: an id in `request`, in `approval` of an issued certificate, in `object`
// of a denied access, or in `subject` of an acknowledged notification. Empty: about none. Lives as long as
// `event`. 0012_audit_leaf_about.sql finds the same in records from before it.
std::string_view request_of(const Event& event) noexcept;

// Turns events into leaves of the audit log. A leaf is committed in the transaction of what it
// records, so there is no state without its record and no record without its state. If a leaf
// cannot be written, neither can the state: nothing is issued. Safe to call from any thread.
class Journal {
 public:
  // Both must outlive the journal.
  Journal(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // The command that appends `event`; the caller puts it into its own transaction. The store finds it again
  // by the request that it is about.
  store::Command leaf(const Event& event) const;

  // For events that change nothing else (refusals, sign-ins). Durable on return.
  Result<void> record(const Event& event);

 private:
  store::Store& store_;
  const Clock& clock_;
};

}  // namespace certwright::audit
