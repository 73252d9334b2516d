#include "revocation/revocation_service.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "x509/certificate.h"

namespace certwright::revocation {
namespace {

constexpr std::uint32_t kPageLineages = 500;
// Small enough that issuance, which shares the store's one writer, does not wait long for a group.
constexpr std::size_t kGroupLineages = 50;

// Of records without the certificate none is a CA's: profiles of CAs keep it (profile room).
bool is_ca_certificate(const store::CertificateRecord& record) {
  const auto certificate = x509::Certificate::parse(record.der);
  return certificate && certificate->is_ca();
}

Result<void> check_reason(x509::RevocationReason reason) {
  if (reason == x509::RevocationReason::remove_from_crl)
    return fail_field(Errc::invalid, "reason",
                      "reason: removeFromCRL is not a reason to revoke; release the hold instead");
  return {};
}

}  // namespace

// A lineage as it was just before the act: oldest first, not empty.
struct RevocationService::Target {
  store::CertificateId lineage = 0;
  std::vector<store::StoredCertificate> certificates;
};

struct RevocationService::Act {
  std::optional<x509::RevocationReason> revoke_for;  // none: release
  audit::Actor actor;
  Time now{};
};

void RevocationService::add_listener(RevocationListener& listener) {
  listeners_.push_back(&listener);
}

Result<RevocationService::Target> RevocationService::find_target(
    store::CertificateId lineage) const {
  CERTWRIGHT_TRY(auto certificates, store_.find_lineage(lineage));
  if (certificates.empty()) return fail(Errc::not_found, "there is no such certificate");
  return Target{lineage, std::move(certificates)};
}

Result<void> RevocationService::append(const Act& act, const Target& target,
                                       store::Transaction& transaction) const {
  const auto& newest = target.certificates.back().certificate;
  const std::string serial = newest.serial.hex();
  const std::string lineage = target.certificates.front().certificate.serial.hex();
  audit::Event event{audit::EventType::certificate_hold_released, act.actor, {}};
  event.fields = {{"serial", serial}, {"lineage", lineage}, {"ca", newest.ca}};
  if (!act.revoke_for) {
    transaction.emplace_back(store::ReleaseHold{target.lineage});
    transaction.push_back(journal_.leaf(event));
    return {};
  }
  std::vector<store::Sha256> spared;
  if (act.revoke_for == x509::RevocationReason::key_compromise) {
    CERTWRIGHT_TRY(spared, keys_of_others(target, act.now));
  }
  event.type = audit::EventType::certificate_revoked;
  event.fields.emplace_back("reason", std::string(x509::name_of(*act.revoke_for)));
  event.fields.emplace_back("revoked_at", to_rfc3339(act.now));
  transaction.emplace_back(store::RevokeLineage{
      target.lineage, {*act.revoke_for, act.now, act.actor.principal}, spared});
  transaction.push_back(journal_.leaf(event));
  if (!spared.empty())
    transaction.push_back(journal_.leaf({audit::EventType::key_not_blocked,
                                         act.actor,
                                         {{"serial", serial},
                                          {"lineage", lineage},
                                          {"spki_sha256", to_hex(spared.front())},
                                          {"keys", std::to_string(spared.size())}}}));
  if (notices_) {
    CERTWRIGHT_TRY(auto told, notices_(newest, x509::name_of(*act.revoke_for), act.now));
    std::ranges::move(told, std::back_inserter(transaction));
  }
  return {};
}

// Whether a lineage of another tenant that is in force, or on hold, has the key.
Result<bool> RevocationService::has_another_owner(const store::Sha256& key,
                                                  const std::string& tenant, Time now) const {
  store::LineageFilter filter;
  filter.subject_public_key_sha256 = key;
  filter.now = now;
  store::Page page;
  page.limit = kPageLineages;
  for (;;) {
    CERTWRIGHT_TRY(const auto rows, store_.list_lineages(filter, page));
    for (const auto& row : rows) {
      const bool in_force = !row.revocation ||
                            row.revocation->reason == x509::RevocationReason::certificate_hold;
      if (row.tenant != tenant && in_force && row.not_after >= now) return true;
    }
    if (rows.size() < page.limit) return false;
    page.after = rows.back().lineage;
  }
}

Result<std::vector<store::Sha256>> RevocationService::keys_of_others(const Target& target,
                                                                     Time now) const {
  std::set<store::Sha256> keys;
  for (const auto& stored : target.certificates)
    keys.insert(stored.certificate.subject_public_key_sha256);
  std::vector<store::Sha256> others;
  for (const auto& key : keys) {
    CERTWRIGHT_TRY(const bool shared,
                   has_another_owner(key, target.certificates.front().certificate.tenant, now));
    if (shared) others.push_back(key);
  }
  return others;
}

Result<void> RevocationService::apply(const Act& act, const Target& target) {
  store::Transaction transaction;
  CERTWRIGHT_CHECK(append(act, target, transaction));
  const auto applied = store_.apply(transaction);
  // After `unavailable` the change may be durable: an answer dropped for nothing is no harm.
  if (applied || applied.error().code == Errc::unavailable) tell(target);
  return applied;
}

Result<void> RevocationService::revoke(store::CertificateId lineage, x509::RevocationReason reason,
                                       const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_reason(reason));
  CERTWRIGHT_TRY(const Target target, find_target(lineage));
  return apply({reason, actor, clock_.now()}, target);
}

Result<void> RevocationService::release(store::CertificateId lineage, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const Target target, find_target(lineage));
  return apply({std::nullopt, actor, clock_.now()}, target);
}

Result<RevocationService::BulkProgress> RevocationService::revoke_entity(
    const std::vector<std::string>& tenants, std::string_view entity_id,
    x509::RevocationReason reason, const audit::Actor& actor,
    const std::function<void(const BulkProgress&)>& on_progress) {
  CERTWRIGHT_CHECK(check_reason(reason));
  // To the store's filter an empty condition means "any": here that would revoke everything.
  if (tenants.empty()) return fail_field(Errc::invalid, "tenant", "tenant: none is given");
  if (entity_id.empty()) return fail_field(Errc::invalid, "entity_id", "entity_id: is empty");

  store::LineageFilter filter;
  if (std::ranges::find(tenants, "*") == tenants.end()) filter.tenants = tenants;
  filter.entity_id = entity_id;
  store::Page page;
  page.limit = kPageLineages;
  BulkProgress progress;
  for (;;) {
    filter.now = clock_.now();
    CERTWRIGHT_TRY(const auto rows, store_.list_lineages(filter, page));
    std::vector<Target> group;
    for (const auto& row : rows) {
      ++progress.seen;
      const bool on_hold =
          row.revocation && row.revocation->reason == x509::RevocationReason::certificate_hold;
      if (row.revocation && !(on_hold && reason != x509::RevocationReason::certificate_hold)) {
        ++progress.already_revoked;
        continue;
      }
      CERTWRIGHT_TRY(auto target, find_target(row.lineage));
      if (is_ca_certificate(target.certificates.back().certificate)) continue;
      group.push_back(std::move(target));
      if (group.size() < kGroupLineages) continue;
      CERTWRIGHT_CHECK(apply_group({reason, actor, clock_.now()}, group, progress));
      group.clear();
      if (on_progress) on_progress(progress);
    }
    CERTWRIGHT_CHECK(apply_group({reason, actor, clock_.now()}, group, progress));
    if (on_progress) on_progress(progress);
    if (rows.size() < kPageLineages) return progress;
    page.after = rows.back().lineage;
  }
}

// A transaction is all or nothing: where one lineage was revoked in the meantime, each is tried alone.
Result<void> RevocationService::apply_group(const Act& act, const std::vector<Target>& group,
                                            BulkProgress& progress) {
  if (group.empty()) return {};
  store::Transaction transaction;
  for (const Target& target : group) CERTWRIGHT_CHECK(append(act, target, transaction));
  const auto applied = store_.apply(transaction);
  if (applied || applied.error().code == Errc::unavailable)
    for (const Target& target : group) tell(target);
  if (applied) {
    progress.revoked += group.size();
    return {};
  }
  const Errc code = applied.error().code;
  if (code != Errc::conflict && code != Errc::not_found) return applied;
  for (const Target& target : group) {
    const auto alone = apply(act, target);
    if (!alone && alone.error().code != Errc::conflict && alone.error().code != Errc::not_found)
      return alone;
    alone ? ++progress.revoked : ++progress.already_revoked;
  }
  return {};
}

// The lineage may have been renewed between our reading and the commit, so it is read again. Where
// that fails the certificates known from before are told, and listeners find the rest by themselves:
// OCSP when the answer ages, CRLs by the store's sequence.
void RevocationService::tell(const Target& target) const noexcept {
  const auto now = store_.find_lineage(target.lineage);
  for (const auto& stored : now ? *now : target.certificates)
    for (RevocationListener* const listener : listeners_)
      listener->on_revocation_change(stored.certificate.ca, stored.certificate.crl_shard,
                                     stored.certificate.serial);
}

}  // namespace certwright::revocation
