#include "session/sign_in_limit.h"

#include "bytes/bytes.h"
#include "crypto/digest.h"

namespace certwright::session {
namespace {

// Names may be long: their hash stands for them.
std::string key_of(std::string_view name) { return to_hex(crypto::sha256(as_bytes(name))); }
std::string key_of(std::string_view name, std::string_view remote) {
  return key_of(name) + " " + access::peer_of(remote);
}

}  // namespace

std::string_view name_of(SignInLimitKind kind) noexcept {
  switch (kind) {
    case SignInLimitKind::account_and_remote: return "account_and_remote";
    case SignInLimitKind::account: return "account";
    case SignInLimitKind::remote: return "remote";
  }
  return "remote";
}

SignInLimit::SignInLimit(const SignInLimits& limits)
    : accounts_and_remotes_(limits.per_account_and_remote, limits.window, limits.tracked),
      accounts_(limits.per_account, limits.window, limits.tracked),
      remotes_(limits.per_remote, limits.window, limits.tracked),
      right_(limits.right_per_account, limits.window, limits.tracked) {}

Result<void> SignInLimit::check(Name name, std::string_view remote, Time now) const {
  const bool name_is_over = name && (accounts_and_remotes_.is_over(key_of(*name, remote), now) ||
                                     accounts_.is_over(key_of(*name), now) || right_.is_over(key_of(*name), now));
  if (name_is_over || remotes_.is_over(access::peer_of(remote), now))
    return fail(Errc::too_many_requests, "Too many attempts to sign in; try again in a quarter of an hour.");
  return {};
}

std::optional<SignInLimitKind> SignInLimit::failed(Name name, std::string_view remote, Time now) {
  const auto reaches = [now](access::RemoteLimit& limit, const std::string& key) {
    const bool was_over = limit.is_over(key, now);
    limit.failed(key, now);
    return !was_over && limit.is_over(key, now);
  };
  const bool remote_reached = reaches(remotes_, access::peer_of(remote));
  const bool account_reached = name && reaches(accounts_, key_of(*name));
  const bool pair_reached = name && reaches(accounts_and_remotes_, key_of(*name, remote));
  if (remote_reached) return SignInLimitKind::remote;
  if (account_reached) return SignInLimitKind::account;
  if (pair_reached) return SignInLimitKind::account_and_remote;
  return std::nullopt;
}

void SignInLimit::succeeded(std::string_view name, std::string_view remote) {
  accounts_and_remotes_.forget(key_of(name, remote));
}

void SignInLimit::was_right(std::string_view name, Time now) { right_.failed(key_of(name), now); }

}  // namespace certwright::session
