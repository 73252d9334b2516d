#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "access/principal.h"
#include "audit/journal.h"
#include "clock/clock.h"

namespace certwright::gateway::web {

// Audit records of requests that were turned away before they reached a service. Safe to call from
// any thread. A journal that cannot be written changes nothing here: the answer is a refusal
// anyway.
class Refusals {
 public:
  static constexpr Duration kWindow = Seconds(60);
  static constexpr std::size_t kRemotesTracked = 4'096;  // and as many principals
  static constexpr std::uint32_t kDeniedInFull = 20;

  // `journal` may be null: then nothing is recorded. Both must outlive this.
  Refusals(audit::Journal* journal, const Clock& clock) : journal_(journal), clock_(clock) {}

  // ACCESS_DENIED: of a principal one record each up to kDeniedInFull in a window; those beyond it are
  // counted in the next record, so that trying does not fill the log.
  void denied(const audit::Actor& actor, access::Action action, std::string_view what, Errc code);
  // AUTHENTICATION_FAILED: the first of a remote address at once, then one record a window with the
  // number of failures since, so that guessing does not fill the log.
  void not_authenticated(const audit::Actor& actor, std::string_view method, Errc code);

 private:
  struct Failures {
    Time recorded_at{};
    std::uint64_t since = 0;
  };
  struct Denials {
    Time recorded_at{};  // start of the window
    std::uint32_t recorded = 0;  // in it
    std::uint64_t since = 0;
  };
  audit::Journal* journal_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Failures, std::less<>> failures_;  // of a remote address
  std::map<std::string, Denials, std::less<>> denials_;    // of a principal
};

}  // namespace certwright::gateway::web
