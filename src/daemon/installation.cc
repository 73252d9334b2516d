#include "daemon/installation.h"

#include <array>
#include <thread>

#include "daemon/log.h"
#include "keys/key_encryption_key.h"
#include "registration/profile_publisher.h"
#include "store/sqlite/sqlite_store.h"

namespace certwright::daemon {
namespace {

constexpr std::string_view kAuditKeySetting = "audit-log-key";    // sealed PKCS#8, Ed25519
constexpr std::string_view kAuditNameSetting = "audit-log-name";  // origin of its checkpoints

Result<std::string> audit_log_name(store::Store& store, crypto::Random& random) {
  CERTWRIGHT_TRY(const auto found, store.find_setting(kAuditNameSetting));
  if (found) return std::string(as_text(*found));
  std::array<std::uint8_t, 4> unique{};
  random.fill(unique);
  const std::string name = "certwright-" + to_hex(unique) + "/audit";
  CERTWRIGHT_CHECK(store.apply(
      {store::PutSettingOnce{std::string(kAuditNameSetting), to_bytes(as_bytes(name))}}));
  return name;
}

// The audit log signs with a key of its own, made at the first start.
Result<std::unique_ptr<audit::CheckpointSigner>> open_checkpoint_signer(store::Store& store,
                                                                        keys::Sealer& sealer,
                                                                        crypto::Random& random) {
  CERTWRIGHT_TRY(const auto name, audit_log_name(store, random));
  CERTWRIGHT_TRY(const auto found, store.find_setting(kAuditKeySetting));
  if (found) {
    CERTWRIGHT_TRY(const auto opened, sealer.open(kAuditKeySetting, *found));
    CERTWRIGHT_TRY(const auto key, crypto::PrivateKey::from_pkcs8(opened));
    return audit::make_checkpoint_signer(name, key);
  }
  CERTWRIGHT_TRY(const auto* algorithm, crypto::find_key_algorithm("ed25519"));
  CERTWRIGHT_TRY(const auto key, crypto::PrivateKey::generate(*algorithm));
  CERTWRIGHT_TRY(auto sealed, sealer.seal(kAuditKeySetting, key.pkcs8_der().reveal()));
  CERTWRIGHT_CHECK(store.apply({store::PutSettingOnce{std::string(kAuditKeySetting), std::move(sealed)}}));
  return audit::make_checkpoint_signer(name, key);
}

Result<keys::KeyEncryptionKey> open_kek(const keys::SourceOptions& options, crypto::Random& random) {
  CERTWRIGHT_TRY(auto source, keys::choose_source(options, random));
  if (const auto warning = source->warning()) log_warning(*warning);
  return source->load();
}

// The embedded store has one owner at a time (SqliteStore::open), so whoever opens it next is the same
// holder and need not wait for a lease to run out.
audit::CheckpointerOptions checkpointer_options() {
  audit::CheckpointerOptions options;
  options.holder = "owner-of-the-embedded-store";
  return options;
}

}  // namespace

audit::Actor system_actor() { return {.principal = "system", .tenant = "system", .door = "system", .remote = ""}; }

access::Principal system_principal() {
  return {.id = "system", .name = "system", .tenant = "system", .email = {}, .bindings = {}};
}

struct Installation::Opened {
  std::unique_ptr<crypto::Random> random;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<keys::Sealer> sealer;
  keys::SourceOptions source;
  std::unique_ptr<audit::CheckpointSigner> signer;
  issuance::KeySlots::Limits rsa_keys;
  session::SessionOptions sessions;
};

Result<std::unique_ptr<Installation>> Installation::open(StateDirectory state, std::size_t workers,
                                                        session::SessionOptions session_options) {
  Opened opened;
  opened.sessions = session_options;
  opened.rsa_keys = issuance::KeySlots::Limits::of(workers, std::thread::hardware_concurrency());
  opened.random = std::make_unique<crypto::SystemRandom>();
  const auto& options = opened.source = keys::SourceOptions::from_environment(state.root);
  CERTWRIGHT_TRY(auto kek, open_kek(options, *opened.random));
  opened.sealer = std::make_unique<keys::Sealer>(std::move(kek), *opened.random);
  CERTWRIGHT_TRY(auto retired, keys::load_retired(options));
  for (auto& old : retired) CERTWRIGHT_CHECK(opened.sealer->add(std::move(old)));
  CERTWRIGHT_TRY(opened.store, store::SqliteStore::open(state.database().string()));
  CERTWRIGHT_TRY(opened.signer, open_checkpoint_signer(*opened.store, *opened.sealer, *opened.random));
  return std::unique_ptr<Installation>(new Installation(std::move(state), std::move(opened)));
}

Installation::Installation(StateDirectory directory, Opened opened)
    : state(std::move(directory)),
      random(std::move(opened.random)),
      store(std::move(opened.store)),
      sealer(std::move(opened.sealer)),
      journal(*store, clock),
      rotation({.store = *store,
                .journal = journal,
                .sealer = *sealer,
                .random = *random,
                .source = std::move(opened.source)}),
      checkpoint_signer(std::move(opened.signer)),
      checkpointer(*store, *checkpoint_signer, clock, checkpointer_options()),
      profiles(*store),
      registration(*store, cas, profiles, clock),
      approval_passwords(*store, journal, *random, clock),
      selection_policies(*store, journal),
      requests({.store = *store,
                .journal = journal,
                .registration = registration,
                .passwords = approval_passwords,
                .random = *random,
                .clock = clock}),
      issuance_metrics(metrics),
      issuance({.registration = registration,
                .store = *store,
                .journal = journal,
                .sealer = *sealer,
                .random = *random,
                .clock = clock,
                .observer = &issuance_metrics,
                .rsa_keys = opened.rsa_keys,
                .requests = &requests}),
      authority({.store = *store,
                 .journal = journal,
                 .sealer = *sealer,
                 .cas = cas,
                 .profiles = profiles,
                 .issuance = issuance,
                 .random = *random,
                 .clock = clock}),
      revocation(*store, journal, clock),
      crls(*store, journal, cas, clock),
      ocsp(*store, cas, clock,
           [this](const ca::CertificationAuthority& ca) { return authority.make_responder(ca); }),
      access_directory(*store, clock, *random),
      authenticator(*store, clock, cas),
      sessions(*store, journal, clock, *random, opened.sessions),
      accounts({.store = *store,
                .journal = journal,
                .authenticator = authenticator,
                .sessions = sessions,
                .random = *random,
                .clock = clock}),
      inventory(*store, clock),
      stored_principals(*store),
      download_grants({.store = *store,
                       .journal = journal,
                       .sealer = *sealer,
                       .cas = cas,
                       .principals = stored_principals,
                       .random = *random,
                       .clock = clock}) {
  revocation.add_listener(authority);
  revocation.add_listener(crls);
  revocation.add_listener(ocsp);
}

Result<void> Installation::load() {
  // A newer version may ship profiles that this state directory has not seen.
  registration::ProfilePublisher publisher(*store, journal, profiles, clock);
  CERTWRIGHT_CHECK(publisher.publish_shipped(system_actor()));
  CERTWRIGHT_CHECK(authority.load());
  CERTWRIGHT_TRY(const auto abandoned, issuance.account_for_unfinished_intents());
  if (abandoned != 0)
    log_warning("intents of an earlier run have no certificate; see INTENT_ABANDONED in the audit log",
                {{"intents", std::to_string(abandoned)}});
  return {};
}

}  // namespace certwright::daemon
