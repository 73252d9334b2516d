#include "authority/authority.h"

#include <algorithm>

#include "authority/key_pair.h"
#include "crypto/digest.h"
#include "registration/hierarchy.h"

namespace certwright::authority {

Result<void> check_ca_id(std::string_view id) {
  const bool good = !id.empty() && id.size() <= 63 && id.front() != '-' &&
                    std::ranges::all_of(id, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (good) return {};
  return fail_field(Errc::invalid, "id", "id: lower-case letters, digits and '-', at most 63, got \"" +
                                             std::string(id) + "\"");
}

Result<Authority::KeyPair> Authority::KeyPair::generate(const NewCa& ca) {
  CERTWRIGHT_TRY(const auto* key_algorithm, crypto::find_key_algorithm(ca.key_algorithm));
  const auto* signature = &crypto::default_signature_algorithm(*key_algorithm);
  if (!ca.signature_algorithm.empty()) {
    CERTWRIGHT_TRY(signature, crypto::find_signature_algorithm(ca.signature_algorithm));
  }
  CERTWRIGHT_TRY(auto key, crypto::PrivateKey::generate(*key_algorithm));
  return create(std::move(key), *signature);
}

Result<Authority::KeyPair> Authority::KeyPair::create(crypto::PrivateKey key,
                                                      const crypto::SignatureAlgorithm& algorithm) {
  if (!crypto::can_sign(key.algorithm(), algorithm))
    return fail_field(Errc::invalid, "signature_algorithm",
                      "signature_algorithm: a key of " + std::string(key.algorithm().name) +
                          " cannot sign with " + std::string(algorithm.name));
  CERTWRIGHT_TRY(auto signer, signer::SoftwareSigner::create(key, algorithm));
  return KeyPair{.key = std::move(key), .algorithm = &algorithm, .signer = std::move(signer)};
}

Result<void> Authority::load() {
  const std::lock_guard lock(directory_mutex_);
  CERTWRIGHT_TRY(const auto records, d_.store.list_cas());
  for (const auto& record : records) {
    if (record.certificate.empty()) continue;
    std::shared_ptr<signer::Signer> signer;
    if (!record.sealed_key.empty()) {
      CERTWRIGHT_TRY(auto pair, open_key(record));
      signer = std::move(pair.signer);
    }
    CERTWRIGHT_TRY(const auto ca, ca::CertificationAuthority::create(record, std::move(signer)));
    CERTWRIGHT_TRY(const bool revoked, is_revoked(record, records));
    d_.cas.put(ca->with_revoked(revoked));
  }
  return {};
}

// Its certificate or one above it, as far as its issuers are here.
Result<bool> Authority::is_revoked(const store::CaRecord& record,
                                   const std::vector<store::CaRecord>& all) const {
  const store::CaRecord* at = &record;
  for (std::size_t above = 0; above <= all.size() && !at->parent.empty() && !at->certificate.empty(); ++above) {
    CERTWRIGHT_TRY(const auto certificate, x509::Certificate::parse(at->certificate));
    if (const auto serial = certificate.serial_number()) {
      CERTWRIGHT_TRY(const auto status, d_.store.certificate_status(at->parent, *serial));
      if (status.kind == store::StatusKind::revoked) return true;
    }
    const auto parent = std::ranges::find(all, at->parent, &store::CaRecord::id);
    if (parent == all.end()) return false;
    at = &*parent;
  }
  return false;
}

// A change is durable before it comes here, and must count at once; what cannot be read now is as it was.
// Two changes may come here in the other order than they were stored.
void Authority::put_in_directory(const ca::CaPtr& ca) {
  const std::lock_guard lock(directory_mutex_);
  const auto present = d_.cas.find(ca->id());
  if (present != nullptr && present->record().revision > ca->record().revision) return;
  bool revoked = false;
  if (present != nullptr) revoked = present->is_revoked();
  else if (const auto parent = d_.cas.find(ca->record().parent)) revoked = parent->is_revoked();
  if (const auto records = d_.store.list_cas()) revoked = is_revoked(ca->record(), *records).value_or(revoked);
  d_.cas.put(ca->with_revoked(revoked));
}

void Authority::on_revocation_change(std::string_view ca, std::uint32_t,
                                     const x509::SerialNumber& serial) noexcept {
  const auto is_meant = [&](const ca::CaPtr& one) {
    const auto own = one->certificate().serial_number();
    return one->record().parent == ca && own && *own == serial;
  };
  // Under the lock from the first look on: a CA may be on its way into the directory, and was not revoked
  // when its status was read.
  const std::lock_guard lock(directory_mutex_);
  if (std::ranges::none_of(d_.cas.all(), is_meant)) return;
  const auto records = d_.store.list_cas();
  for (const auto& one : d_.cas.all()) {
    bool revoked = one->is_revoked() || is_meant(one);  // what cannot be read is believed revoked
    if (records) revoked = is_revoked(one->record(), *records).value_or(revoked);
    if (revoked != one->is_revoked()) d_.cas.put(one->with_revoked(revoked));
  }
}

Result<Authority::KeyPair> Authority::open_key(const store::CaRecord& record) const {
  const auto opened = d_.sealer.open("ca-key:" + record.id, record.sealed_key);
  if (!opened)
    return fail(opened.error().code,
                "the key of CA \"" + record.id + "\" cannot be opened: " + opened.error().detail +
                    "; start with the key-encryption key it was sealed under");
  CERTWRIGHT_TRY(auto key, crypto::PrivateKey::from_pkcs8(*opened));
  CERTWRIGHT_TRY(const auto* algorithm, crypto::find_signature_algorithm(record.signature_algorithm));
  return KeyPair::create(std::move(key), *algorithm);
}

Result<store::CaRecord> Authority::new_record(const NewCa& ca, const KeyPair& pair) const {
  CERTWRIGHT_TRY(auto sealed, d_.sealer.seal("ca-key:" + ca.id, pair.key.pkcs8_der().reveal()));
  return store::CaRecord{.id = ca.id,
                         .name = ca.name.empty() ? ca.id : ca.name,
                         .state = store::CaState::active,
                         .parent = {},
                         .certificate = {},
                         .issuer_chain = {},
                         .sealed_key = std::move(sealed),
                         .subject_public_key_info = to_bytes(pair.key.subject_public_key_info_tlv()),
                         .key_algorithm = std::string(pair.key.algorithm().name),
                         .signature_algorithm = std::string(pair.algorithm->name),
                         .policy = ca::write_ca_policy(ca.policy),
                         .revision = 1,
                         .created_at = d_.clock.now()};
}

Result<void> Authority::check_hierarchy(const store::CaRecord& record) const {
  CERTWRIGHT_TRY(const auto policy, ca::parse_ca_policy(record.policy));
  const ByteView root = record.issuer_chain.empty() ? record.certificate : record.issuer_chain.back();
  return registration::check_hierarchy(d_.cas, d_.profiles, root, record.id, policy.profiles);
}

// State and audit record in one commit, then the directory. The record's revision says whether it is new.
Result<ca::CaPtr> Authority::store_ca(store::CaRecord record, std::shared_ptr<signer::Signer> signer,
                                      const audit::Event& event, std::optional<store::Command> also) {
  ca::CaPtr ca;
  if (!record.certificate.empty()) {
    CERTWRIGHT_TRY(ca, ca::CertificationAuthority::create(record, std::move(signer)));
  }
  const bool fresh = record.revision == 1;
  const std::string id = record.id;
  store::Transaction transaction{store::PutCa{std::move(record)}, d_.journal.leaf(event)};
  if (also) transaction.push_back(*std::move(also));
  const auto applied = d_.store.apply(transaction);
  if (!applied) {
    if (applied.error().code != Errc::conflict) return tl::unexpected(applied.error());
    return fail_field(Errc::conflict, "id",
                      fresh ? "id: there is a CA \"" + id + "\" already"
                            : "CA \"" + id + "\" was changed by somebody else at the same time; try again");
  }
  if (ca == nullptr) return ca;
  put_in_directory(ca);
  return d_.cas.find(id);
}

Result<store::CaRecord> Authority::find_record(std::string_view id) const {
  CERTWRIGHT_TRY(auto records, d_.store.list_cas());
  const auto found = std::ranges::find(records, id, &store::CaRecord::id);
  if (found == records.end())
    return fail_field(Errc::not_found, "ca", "ca: there is no CA \"" + std::string(id) + "\"");
  return std::move(*found);
}

// A change to a CA that is here: its record with the next revision.
Result<ca::CaPtr> Authority::replace(std::string_view id, audit::Event event,
                                     const std::function<Result<void>(store::CaRecord&, audit::Event&)>& change) {
  CERTWRIGHT_TRY(auto record, find_record(id));
  CERTWRIGHT_CHECK(change(record, event));
  ++record.revision;
  event.fields.insert(event.fields.begin(), {"ca", record.id});
  std::shared_ptr<signer::Signer> signer;
  if (!record.sealed_key.empty()) {
    CERTWRIGHT_TRY(auto pair, open_key(record));
    signer = std::move(pair.signer);
  }
  return store_ca(std::move(record), std::move(signer), event);
}

Result<ca::CaPtr> Authority::change_policy(std::string_view id, const PolicyChange& change,
                                           const audit::Actor& actor) {
  return replace(id, {.type = audit::EventType::ca_policy_changed, .actor = actor, .fields = {}},
                 [&](store::CaRecord& record, audit::Event& event) -> Result<void> {
                   CERTWRIGHT_TRY(const auto before, ca::parse_ca_policy(record.policy));
                   CERTWRIGHT_TRY(const auto policy, change(before));
                   // The document is read back, so that what is stored is what can be loaded.
                   const std::string document = ca::write_ca_policy(policy);
                   CERTWRIGHT_CHECK(ca::parse_ca_policy(document));
                   CERTWRIGHT_CHECK(check_profiles(policy));
                   if (policy.approval != before.approval || policy.profiles != before.profiles)
                     CERTWRIGHT_CHECK(check_approval_rules(policy));
                   // A shard is written into certificates: fewer would leave some without a CRL.
                   if (policy.crl_shards < before.crl_shards)
                     return fail_field(Errc::conflict, "crl_shards",
                                       "crl_shards: can only grow, certificates name their shard");
                   event.fields = {{"before", record.policy}, {"changes", document}};
                   record.policy = document;
                   return record.certificate.empty() ? Result<void>() : check_hierarchy(record);
                 });
}

Result<ca::CaPtr> Authority::change_policy(std::string_view id, const ca::CaPolicy& policy,
                                           const audit::Actor& actor) {
  return change_policy(id, [&](const ca::CaPolicy&) -> Result<ca::CaPolicy> { return policy; }, actor);
}

Result<ca::CaPtr> Authority::retire(std::string_view id, const audit::Actor& actor) {
  return replace(id, {.type = audit::EventType::ca_retired, .actor = actor, .fields = {}},
                 [](store::CaRecord& record, audit::Event&) -> Result<void> {
                   if (record.state == store::CaState::retired)
                     return fail(Errc::conflict, "CA \"" + record.id + "\" is retired already");
                   record.state = store::CaState::retired;
                   return {};
                 });
}

Result<void> Authority::take_offline(std::string_view id, revocation::CrlIssuer& crls,
                                     const KeyKeeper& keep, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto before, find_record(id));
  if (before.sealed_key.empty() || before.certificate.empty() || !before.issuer_chain.empty())
    return fail_field(Errc::conflict, "ca", "ca: only a root whose key is here can be taken offline");
  CERTWRIGHT_TRY(const auto key, open_key(before));
  CERTWRIGHT_TRY(const auto policy, ca::parse_ca_policy(before.policy));
  for (std::uint32_t shard = 0; shard < policy.crl_shards; ++shard)
    CERTWRIGHT_CHECK(crls.rebuild(id, shard));  // the last one this server signs for it
  CERTWRIGHT_CHECK(keep(key.key.pkcs8_der()));  // before the erasure: a crash leaves two copies, not none
  CERTWRIGHT_CHECK(replace(
      id,
      {.type = audit::EventType::ca_policy_changed, .actor = actor, .fields = {{"changes", "key taken offline"}}},
      [](store::CaRecord& record, audit::Event&) -> Result<void> {
        record.sealed_key.clear();
        return {};
      }));
  return {};
}

}  // namespace certwright::authority
