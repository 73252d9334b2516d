#pragma once
// For tests: accounts over a store in memory, at a clock that stands still.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/authenticator.h"
#include "access/directory.h"
#include "ca/ca_directory.h"
#include "json/value.h"
#include "session/accounts.h"
#include "session/sessions.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"

namespace certwright::session::testing {

inline store::Transaction no_evidence(std::string_view) { return {}; }

// So cheap that a test can sign in a thousand times.
inline AccountOptions cheap_options() {
  AccountOptions options;
  options.cost = {.passes = 1, .memory_kib = 8};
  return options;
}

// Between looking and doing somebody else ends what was to be ended.
class EndingStore : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<void> apply(const store::Transaction& transaction) override {
    if (meanwhile) (void)to().apply(*std::exchange(meanwhile, {}));
    return to().apply(transaction);
  }
  std::optional<store::Transaction> meanwhile;
};

struct World {
  explicit World(AccountOptions account_options = cheap_options(), SessionOptions session_options = {})
      : sessions(store, journal, clock, random, session_options),
        accounts({store, journal, authenticator, sessions, random, clock}, account_options) {
    (void)directory.create_tenant({"default", "Default"}, no_evidence);
  }

  std::string add(std::string name, std::string email = {}, store::PrincipalKind kind = store::PrincipalKind::person,
                  std::vector<access::RoleBinding> bindings = {}) {
    return directory
        .create_principal({"default", std::move(name), std::move(email), kind, std::move(bindings)}, no_evidence)
        .value()
        .id;
  }
  // A person with a password of their own.
  std::string add_with_password(std::string name, std::string_view password,
                                std::vector<access::RoleBinding> bindings = {}) {
    const auto id = add(std::move(name), {}, store::PrincipalKind::person, std::move(bindings));
    const auto one_time = accounts.reset_password(id, "", admin()).value();
    const auto session = accounts.sign_in(one_time.sign_in_name, as_text(one_time.password.reveal()), "", anybody()).value();
    (void)accounts.change_password(session.record, "", password, actor_of(id)).value();
    (void)sessions.end_all(id, {}, "test", admin());
    return id;
  }
  // The id of a new credential of theirs, to begin sessions with.
  std::string credential_of(std::string_view principal) {
    return directory.create_token({std::string(principal), "", {}}, no_evidence).value().credential.id;
  }
  std::string token_of(std::string_view principal) {
    const auto made = directory.create_token({std::string(principal), "", {}}, no_evidence).value();
    return std::string(as_text(made.text.reveal()));
  }

  static audit::Actor anybody(std::string remote = "192.0.2.1") {
    return {.principal = "", .tenant = "", .door = "pages", .remote = std::move(remote)};
  }
  static audit::Actor admin() { return {.principal = "padmin", .tenant = "default", .door = "admin", .remote = "192.0.2.9"}; }
  static audit::Actor actor_of(std::string principal) {
    return {.principal = std::move(principal), .tenant = "default", .door = "pages", .remote = "192.0.2.1"};
  }

  // "ok", or the error's code.
  std::string sign_in(std::string_view name, std::string_view password, std::string remote = "192.0.2.1") {
    const auto session = accounts.sign_in(name, password, "", anybody(std::move(remote)));
    return session ? "ok" : std::string(name_of(session.error().code));
  }
  bool works(const NewSession& session) {
    return authenticator.by_session(as_text(session.id.reveal())).has_value();
  }
  // The names of all audit events, in order.
  std::vector<std::string> events() const {
    std::vector<std::string> names;
    const auto leaves = store.audit_leaves(0, 10'000).value();
    for (const auto& leaf : leaves)
      names.push_back(*json::parse(as_text(leaf.record)).value().find("event")->if_string());
    return names;
  }
  std::string last_record() const {
    const auto leaves = store.audit_leaves(0, 10'000).value();
    return std::string(as_text(leaves.back().record));
  }

  store::MemoryStore store;
  ManualClock clock{from_unix_s(1'767'225'600)};
  crypto::DeterministicRandom random{1};
  audit::Journal journal{store, clock};
  ca::CaDirectory cas;
  access::Directory directory{store, clock, random};
  access::Authenticator authenticator{store, clock, cas};
  Sessions sessions;
  Accounts accounts;
};

}  // namespace certwright::session::testing
