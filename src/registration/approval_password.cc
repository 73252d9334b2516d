#include "registration/approval_password.h"

#include <algorithm>

#include <fmt/format.h>

#include "audit/events.h"
#include "crypto/password_hash.h"
#include "session/password_rules.h"

namespace certwright::registration {
namespace {

constexpr std::size_t kMaxOctets = 256;
constexpr Seconds kMinute{60};

Result<void> check_choice(std::string_view password, std::string_view ca) {
  if (password.size() > kMaxOctets)
    return fail_field(Errc::too_large, "password", "password: at most 256 octets");
  if (const auto good = session::check_new_password(password, ""); !good)
    return fail_field(Errc::invalid, "password", "password: " + good.error().detail);
  if (!session::check_new_password(password, ca))
    return fail_field(Errc::invalid, "password", "password: it is the CA's id, or little more than that");
  return {};
}

crypto::Argon2idParameters cost_of(const ApprovalPasswords::Limits& limits) {
  return {.passes = static_cast<std::uint32_t>(limits.operations),
          .memory_kib = static_cast<std::uint32_t>(limits.memory_octets / 1024)};
}

}  // namespace

// A place among those that hash at once, waited for.
class ApprovalPasswords::Turn {
 public:
  static Result<Turn> take(ApprovalPasswords& of, const std::string& tenant) {
    std::unique_lock lock(of.mutex_);
    const auto taken = of.places_.find(tenant);
    if ((of.hashing_ >= of.limits_.hashes_at_once && of.waiting_ >= of.limits_.waiting_max) ||
        (taken != of.places_.end() && taken->second >= of.limits_.tenant_places_max))
      return fail(Errc::too_many_requests, "many approval passwords are being checked; try again shortly");
    ++of.places_[tenant];
    ++of.waiting_;
    of.turn_is_free_.wait(lock, [&] { return of.hashing_ < of.limits_.hashes_at_once; });
    --of.waiting_;
    ++of.hashing_;
    return Turn(of, tenant);
  }
  // At once or not at all, at the cost of nobody who waits: for a hash that may be left out.
  static std::optional<Turn> take_free(ApprovalPasswords& of) {
    const std::lock_guard lock(of.mutex_);
    if (of.hashing_ >= of.limits_.hashes_at_once || of.waiting_ != 0) return std::nullopt;
    ++of.hashing_;
    return Turn(of, std::nullopt);
  }
  Turn(Turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)), tenant_(std::move(other.tenant_)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (of_ == nullptr) return;
    {
      const std::lock_guard lock(of_->mutex_);
      --of_->hashing_;
      const auto taken = tenant_ ? of_->places_.find(*tenant_) : of_->places_.end();
      if (taken != of_->places_.end() && --taken->second == 0) of_->places_.erase(taken);
    }
    of_->turn_is_free_.notify_one();
  }

 private:
  Turn(ApprovalPasswords& of, std::optional<std::string> tenant) : of_(&of), tenant_(std::move(tenant)) {}
  ApprovalPasswords* of_;
  std::optional<std::string> tenant_;  // whose place it is; none: nobody's
};

// One try of a principal at a CA, from before it hashes to its end.
class ApprovalPasswords::Try {
 public:
  static Result<Try> begin(ApprovalPasswords& of, const Key& key, Time now) {
    CERTWRIGHT_CHECK(of.begin_try(key, now));
    return Try(of, key);
  }
  Try(Try&& other) noexcept : of_(std::exchange(other.of_, nullptr)), key_(std::move(other.key_)) {}
  Try(const Try&) = delete;
  Try& operator=(const Try&) = delete;
  ~Try() {
    if (of_ == nullptr) return;
    const std::lock_guard lock(of_->mutex_);
    if (const auto found = of_->tries_.find(key_); found != of_->tries_.end()) found->second.hashing = false;
  }

  // Others were in the way: nothing was tried.
  void take_back() const {
    const std::lock_guard lock(of_->mutex_);
    if (const auto found = of_->tries_.find(key_); found != of_->tries_.end() && found->second.count > 0)
      --found->second.count;
  }

 private:
  Try(ApprovalPasswords& of, Key key) : of_(&of), key_(std::move(key)) {}
  ApprovalPasswords* of_;
  Key key_;
};

ApprovalPasswords::ApprovalPasswords(store::Store& store, audit::Journal& journal, crypto::Random& random, const Clock& clock)
    : ApprovalPasswords(store, journal, random, clock, Limits{}) {}

ApprovalPasswords::ApprovalPasswords(store::Store& store, audit::Journal& journal, crypto::Random& random, const Clock& clock,
                                     Limits limits)
    : store_(store), journal_(journal), random_(random), clock_(clock), limits_(limits),
      nobodys_(crypto::nobodys_verifier(cost_of(limits))) {}

std::string ApprovalPasswords::setting(std::string_view ca) { return "ca-approval-password:" + std::string(ca); }

Result<void> ApprovalPasswords::set(std::string_view ca, const SecretBytes& password, const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_choice(as_text(password.reveal()), ca));
  std::string verifier;
  {
    CERTWRIGHT_TRY(const auto turn, Turn::take(*this, actor.tenant));
    CERTWRIGHT_TRY(verifier, crypto::hash_password(as_text(password.reveal()), cost_of(limits_), random_));
  }
  return store_.apply({store::PutSetting{setting(ca), to_bytes(as_bytes(verifier))},
                       journal_.leaf({.type = audit::EventType::approval_password_set,
                                      .actor = actor,
                                      .fields = {{"ca", std::string(ca)}}})});
}

Result<void> ApprovalPasswords::clear(std::string_view ca, const audit::Actor& actor) {
  return store_.apply({store::PutSetting{setting(ca), {}},
                       journal_.leaf({.type = audit::EventType::approval_password_cleared,
                                      .actor = actor,
                                      .fields = {{"ca", std::string(ca)}}})});
}

Result<bool> ApprovalPasswords::is_set(std::string_view ca) const {
  CERTWRIGHT_TRY(const auto stored, store_.find_setting(setting(ca)));
  return stored && !stored->empty();
}

Result<ApprovalPasswords::Checked> ApprovalPasswords::check(std::string_view ca, const SecretBytes& password, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto stored, store_.find_setting(setting(ca)));
  const bool can_be_right = stored && !stored->empty() && password.size() <= kMaxOctets;
  const std::string verifier = can_be_right ? std::string(as_text(*stored)) : nobodys_;
  const ByteView tried = password.reveal().first(std::min(password.size(), kMaxOctets));
  const Key key(ca, actor.principal);
  if (password.empty()) {
    spend_a_hash(key, verifier);
    return Checked{};
  }
  bool verified = false;
  bool locked = false;
  CERTWRIGHT_TRY(const auto one, Try::begin(*this, key, clock_.now()));
  {
    const auto turn = Turn::take(*this, actor.tenant);
    if (!turn) {
      one.take_back();
      return tl::unexpected(turn.error());
    }
    locked = is_locked(key, actor.tenant, clock_.now());
    CERTWRIGHT_TRY(verified, crypto::verify_password(verifier, as_text(tried)));
  }
  if (locked) return Checked{};
  if (!verified || !can_be_right) return Checked{.right = false, .evidence = count_failure(key, actor)};
  const std::lock_guard lock(mutex_);
  tries_[key].failures = {};
  return Checked{.right = true, .evidence = {}};
}

bool ApprovalPasswords::Failures::add(Time now, Seconds window, std::uint32_t most) {
  if (is_over(now, window)) *this = {.count = 0, .since = now, .locked_until = {}};
  if (++count != most) return false;
  locked_until = now + window;
  return true;
}

bool ApprovalPasswords::is_locked(const Key& key, const std::string& tenant, Time now) {
  const std::lock_guard lock(mutex_);
  const auto own = tries_.find(key);
  const auto tenants = tenants_.find(Key(key.first, tenant));
  const auto all = cas_.find(key.first);
  return (own != tries_.end() && own->second.failures.locked_until > now) ||
         (tenants != tenants_.end() && tenants->second.locked_until > now) ||
         (all != cas_.end() && all->second.locked_until > now);
}

// A principal takes one place of those that hash or wait, and a core for some of the time, however it asks.
Result<void> ApprovalPasswords::begin_try(const Key& key, Time now) {
  const std::lock_guard lock(mutex_);
  const auto is_needed = [&](const Tries& each) { return each.hashing || each.failures.locked_until > now; };
  if (tries_.size() >= limits_.tracked_max && !tries_.contains(key)) {
    std::erase_if(tries_, [&](const auto& each) {
      return !is_needed(each.second) && each.second.failures.is_over(now, limits_.window) &&
             each.second.counted_from + kMinute <= now;
    });
    // Whoever is locked out stays so: the oldest of the others is forgotten.
    auto oldest = tries_.end();
    for (auto each = tries_.begin(); tries_.size() >= limits_.tracked_max && each != tries_.end(); ++each)
      if (!is_needed(each->second) && (oldest == tries_.end() || each->second.counted_from < oldest->second.counted_from))
        oldest = each;
    if (oldest != tries_.end()) tries_.erase(oldest);
    if (tries_.size() >= limits_.tracked_max)
      return fail(Errc::too_many_requests, "many principals try approval passwords; try again later");
  }
  Tries& tries = counted(key, now);
  if (tries.hashing || tries.count >= limits_.tries_max)
    return fail(Errc::too_many_requests, "you try many approval passwords; try again in a minute, or without one");
  ++tries.count;
  tries.hashing = true;
  return {};
}

// With the counts of this minute. The mutex is held.
ApprovalPasswords::Tries& ApprovalPasswords::counted(const Key& key, Time now) {
  Tries& tries = tries_[key];
  if (tries.counted_from + kMinute <= now) {
    tries.count = tries.none = 0;
    tries.counted_from = now;
  }
  return tries;
}

// No right of anybody's to a place is touched: whoever gives a password comes first.
void ApprovalPasswords::spend_a_hash(const Key& key, const std::string& verifier) {
  const auto turn = Turn::take_free(*this);
  if (!turn) return;
  {
    const std::lock_guard lock(mutex_);
    if (tries_.size() >= limits_.tracked_max && !tries_.contains(key)) return;
    Tries& tries = counted(key, clock_.now());
    if (tries.none >= limits_.tries_max) return;
    ++tries.none;
  }
  (void)crypto::verify_password(verifier, "none was given");
}

audit::Event ApprovalPasswords::count_failure(const Key& key, const audit::Actor& actor) {
  const Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (tenants_.size() >= limits_.tracked_max)
    std::erase_if(tenants_, [&](const auto& each) { return each.second.is_over(now, limits_.window); });
  struct Scope {
    Failures& failures;
    std::uint32_t most;
    const char* name;
  };
  const Scope narrow_to_wide[] = {{tries_[key].failures, limits_.failures_max, "principal"},
                                  {tenants_[Key(key.first, actor.tenant)], limits_.tenant_failures_max, "tenant"},
                                  {cas_[key.first], limits_.ca_failures_max, "ca"}};
  const Scope* locks = nullptr;
  for (const Scope& scope : narrow_to_wide)
    if (scope.failures.add(now, limits_.window, scope.most)) locks = &scope;
  const auto& counted = locks != nullptr ? locks->failures : narrow_to_wide[0].failures;
  audit::Event event{.type = audit::EventType::approval_password_refused,
                     .actor = actor,
                     .fields = {{"ca", key.first}, {"count", std::to_string(counted.count)}}};
  if (locks != nullptr) {
    event.type = audit::EventType::approval_password_locked;
    event.fields.emplace_back("scope", locks->name);
  }
  return event;
}

}  // namespace certwright::registration
