#pragma once
// How often a password may be guessed.
#include <cstdint>
#include <optional>
#include <string_view>

#include "access/remote_limit.h"
#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::session {

struct SignInLimits {
  // Within `window`, which begins with the first failure. Whoever fails from one address cannot lock a
  // person out from elsewhere; many addresses together can, until the window is over.
  std::uint32_t per_account_and_remote = 10;
  std::uint32_t per_account = 100;
  std::uint32_t per_remote = 100;
  std::uint32_t right_per_account = 60;  // right passwords: each costs a hash too
  Duration window = Seconds(15 * 60);
  std::size_t tracked = 16'384;  // of each of the four
};

enum class SignInLimitKind : std::uint8_t { account_and_remote, account, remote };
std::string_view name_of(SignInLimitKind kind) noexcept;

// Counts failures by what was typed as name, whether or not somebody has it, so that a lock tells nothing,
// and by address. In memory: a restart forgets. Safe to call from any thread.
class SignInLimit {
 public:
  explicit SignInLimit(const SignInLimits& limits);

  // `name` as sign_in_name_of() gives it, or nothing where a token stands for it: those count by address
  // alone. Errors: too_many_requests, in the same words for each limit.
  using Name = std::optional<std::string_view>;
  Result<void> check(Name name, std::string_view remote, Time now) const;
  // Says which limit this failure reached, if it is the one that reached it.
  std::optional<SignInLimitKind> failed(Name name, std::string_view remote, Time now);
  // The right password from there: what was mistyped before it does not count.
  void succeeded(std::string_view name, std::string_view remote);
  // A right password, whatever then came of it.
  void was_right(std::string_view name, Time now);

 private:
  access::RemoteLimit accounts_and_remotes_, accounts_, remotes_, right_;
};

}  // namespace certwright::session
