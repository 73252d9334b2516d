#pragma once
// A CA's approval password: who knows it needs no officer (the spec's approval_password).
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "audit/journal.h"
#include "bytes/secret_bytes.h"
#include "crypto/random.h"
#include "store/store.h"

namespace certwright::registration {

// Keeps an Argon2id verifier (RFC 9106) for each CA in the store, and checks passwords against it. A
// password is never stored, logged or recorded. Safe to call from any thread.
class ApprovalPasswords {
 public:
  struct Limits {
    std::uint32_t hashes_at_once = 2;   // each takes memory_octets and a core for a while
    std::uint32_t waiting_max = 32;     // beyond it: too_many_requests
    std::uint32_t tenant_places_max = 8;  // of a tenant, hashing and waiting; beyond it: too_many_requests
    std::uint64_t operations = 3;       // Argon2id passes
    std::size_t memory_octets = 32 * 1024 * 1024;
    // Wrong ones at a CA within `window`, from the first on: then whoever it is about is locked out of it for
    // `window`. A tenant makes as many accounts as it likes, so they count together; so do all tenants.
    std::uint32_t failures_max = 5;         // of a principal
    std::uint32_t tenant_failures_max = 20;
    std::uint32_t ca_failures_max = 100;    // of everybody
    Seconds window{900};
    std::uint32_t tries_max = 10;       // of a principal at a CA in a minute, right or wrong; one at once
    std::size_t tracked_max = 10'000;   // principals that tried of late
  };

  // All must outlive this.
  ApprovalPasswords(store::Store& store, audit::Journal& journal, crypto::Random& random, const Clock& clock);
  ApprovalPasswords(store::Store& store, audit::Journal& journal, crypto::Random& random, const Clock& clock, Limits limits);

  // What a person may choose (session/password_rules.h), of at most 256 octets, and not the CA's id. Errors:
  // invalid, too_large, field "password"; unavailable.
  Result<void> set(std::string_view ca, const SecretBytes& password, const audit::Actor& actor);
  // From then on no password is right. No error if there was none.
  Result<void> clear(std::string_view ca, const audit::Actor& actor);
  Result<bool> is_set(std::string_view ca) const;

  struct Checked {
    bool right = false;
    std::optional<audit::Event> evidence;  // of a wrong one: goes into the caller's next transaction
  };
  // Is it the CA's password, and neither the principal nor its tenant nor everybody locked out? Takes about the
  // same time whether it is right, wrong, not set or locked out: one hash is computed for each, and what is to
  // be recorded costs no commit of its own. An empty one is none: a hash is computed for it too, so that nobody who
  // measures tells it from a wrong one, but it counts nowhere, and where others hash or wait, or the principal gave
  // none tries_max times in this minute, it goes on without. The evidence of a lock names the widest that this
  // failure reached. A right one takes back the principal's failures, not those of its tenant or of all. Errors: too_many_requests if the principal tries another at this moment or tried
  // tries_max in this minute, and if waiting_max others wait or tenant_places_max of the tenant; unavailable.
  Result<Checked> check(std::string_view ca, const SecretBytes& password, const audit::Actor& actor);

  static std::string setting(std::string_view ca);  // "ca-approval-password:<ca>"

 private:
  using Key = std::pair<std::string, std::string>;  // CA, principal
  struct Failures {
    std::uint32_t count = 0;
    Time since{};
    Time locked_until{};
    bool is_over(Time now, Seconds window) const { return since + window <= now && locked_until <= now; }
    bool add(Time now, Seconds window, std::uint32_t most);  // is it the one that locks?
  };
  struct Tries {
    Failures failures;
    std::uint32_t count = 0;  // since `counted_from`, for a minute
    std::uint32_t none = 0;   // hashes for requests without a password, likewise
    Time counted_from{};
    bool hashing = false;
  };
  class Turn;
  class Try;
  bool is_locked(const Key& key, const std::string& tenant, Time now);
  Result<void> begin_try(const Key& key, Time now);
  Tries& counted(const Key& key, Time now);
  void spend_a_hash(const Key& key, const std::string& verifier);
  audit::Event count_failure(const Key& key, const audit::Actor& actor);

  store::Store& store_;
  audit::Journal& journal_;
  crypto::Random& random_;
  const Clock& clock_;
  const Limits limits_;
  const std::string nobodys_;  // a verifier that no password matches, for what has none
  std::mutex mutex_;
  std::condition_variable turn_is_free_;
  std::uint32_t hashing_ = 0, waiting_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> places_;  // by tenant: hashing and waiting
  std::map<Key, Tries> tries_;
  // By (CA, tenant), and by CA. Tenants and CAs are the installation's own, which bounds these.
  std::map<Key, Failures> tenants_;
  std::map<std::string, Failures, std::less<>> cas_;
};

}  // namespace certwright::registration
