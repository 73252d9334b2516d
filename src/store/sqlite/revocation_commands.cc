#include <algorithm>
#include <limits>
#include <utility>

#include "store/limits.h"
#include "store/sqlite/command_runner.h"
#include "store/sqlite/lineage_state.h"

namespace certwright::store::sqlite {

Result<std::optional<CommandRunner::Lineage>> CommandRunner::find_lineage(CertificateId id) {
  CERTWRIGHT_TRY(auto lineage, database_.query(Statement::find_lineage, id));
  CERTWRIGHT_TRY(const bool found, lineage.next());
  if (!found) return std::nullopt;
  return Lineage{lineage.natural(0), lineage.integer(2) != 0};
}

Result<std::vector<CertificateId>> CommandRunner::certificates_of(CertificateId lineage) {
  std::vector<CertificateId> ids{lineage};
  CERTWRIGHT_TRY(auto renewals, database_.query(Statement::list_renewals, lineage,
                                                std::numeric_limits<std::int64_t>::max()));
  while (true) {
    CERTWRIGHT_TRY(const bool more, renewals.next());
    if (!more) break;
    ids.push_back(renewals.natural(0));
  }
  std::reverse(ids.begin() + 1, ids.end());
  return ids;
}

Result<void> CommandRunner::block_keys(const RevokeLineage& c,
                                       std::vector<CertificateId> certificates) {
  for (const auto id : first_and_newest(std::move(certificates))) {
    CERTWRIGHT_TRY(auto row, database_.query(Statement::find_certificate_keys, id));
    CERTWRIGHT_TRY(const bool found, row.next());
    if (!found) continue;
    const Sha256 key = row.hash(1);
    if (std::ranges::find(c.spared_keys, key) != c.spared_keys.end()) continue;
    CERTWRIGHT_TRY(const auto serial, row.serial(2));
    CERTWRIGHT_CHECK(
        database_.run(Statement::block_key, key, "keyCompromise of " + serial.hex()));
  }
  return {};
}

Result<std::optional<CommandRunner::RevocationRow>> CommandRunner::find_revocation(
    CertificateId certificate) {
  CERTWRIGHT_TRY(auto row, database_.query(Statement::find_revocation, certificate));
  CERTWRIGHT_TRY(const bool found, row.next());
  if (!found) return std::nullopt;
  return RevocationRow{
      row.natural(3),
      row.integer(4) != 0,
      {static_cast<x509::RevocationReason>(row.integer(5)), row.time(6), row.text(7)}};
}

// The change moves to the end of its shard's sequence: one entry per certificate.
Result<void> CommandRunner::put_revocation(CertificateId certificate,
                                           const std::optional<RevocationRow>& old,
                                           const Revocation& revocation, bool removed) {
  CERTWRIGHT_TRY(auto of, database_.query(Statement::find_certificate_for_crl, certificate));
  CERTWRIGHT_TRY(const bool found, of.next());
  if (!found) return fail(Errc::internal, "a lineage names a certificate that is not there");
  const ByteView serial = of.view(0);
  const std::string ca = of.text(1);
  const std::uint32_t shard = of.number(2);
  const Time not_after = of.time(3);
  std::uint64_t sequence = 0;
  {
    CERTWRIGHT_TRY(auto next, database_.query(Statement::next_revocation_sequence, ca, shard));
    CERTWRIGHT_TRY(const bool row, next.next());
    if (!row) return fail(Errc::internal, "no revocation sequence was returned");
    sequence = next.natural(0);
    CERTWRIGHT_CHECK(next.next());  // to its end: only then is the row's change complete
  }
  if (old) CERTWRIGHT_CHECK(database_.run(Statement::delete_change, ca, shard, old->sequence));
  const int reason = static_cast<int>(revocation.reason);
  CERTWRIGHT_CHECK(database_.run(Statement::put_revocation, certificate, serial, ca, shard,
                                 sequence, removed, reason, revocation.revoked_at, not_after,
                                 revocation.principal));
  CERTWRIGHT_CHECK(database_.run(Statement::put_change, ca, shard, sequence, certificate, serial,
                                 reason, revocation.revoked_at, not_after, removed));
  return {};
}

Result<void> CommandRunner::operator()(const RevokeLineage& c) {
  CERTWRIGHT_TRY(const auto lineage, find_lineage(c.lineage));
  if (!lineage) return fail_field(Errc::not_found, "lineage", "there is no such certificate");
  CERTWRIGHT_TRY(const auto certificates, certificates_of(c.lineage));
  std::vector<CertificateId> affected;
  for (const auto id : certificates) {
    CERTWRIGHT_TRY(auto of, database_.query(Statement::find_certificate_for_crl, id));
    CERTWRIGHT_TRY(const bool found, of.next());
    if (found && of.time(3) >= c.revocation.revoked_at) affected.push_back(id);
  }
  if (affected.empty()) affected.push_back(lineage->current);
  bool changed = false;
  for (const auto id : affected) {
    CERTWRIGHT_TRY(const auto old, find_revocation(id));
    const bool in_force = old && !old->removed;
    const auto next =
        next_revocation(in_force ? std::optional(old->revocation) : std::nullopt, c.revocation);
    if (!next) continue;
    changed = true;
    CERTWRIGHT_CHECK(put_revocation(id, old, *next, false));
    if (id == lineage->current) {
      CERTWRIGHT_CHECK(database_.run(Statement::mark_lineage_revoked, c.lineage, true));
      CERTWRIGHT_CHECK(place_lineage(database_, c.lineage));
    }
  }
  if (!changed) return fail_field(Errc::conflict, "lineage", "it is revoked already");
  if (c.revocation.reason != x509::RevocationReason::certificate_hold)
    for (const auto id : certificates)
      CERTWRIGHT_CHECK(database_.run(Statement::delete_managed_key, id));
  if (c.revocation.reason == x509::RevocationReason::key_compromise)
    CERTWRIGHT_CHECK(block_keys(c, certificates));
  CERTWRIGHT_CHECK(database_.run(Statement::delete_grants, c.lineage));
  return {};
}

Result<void> CommandRunner::operator()(const ReleaseHold& c) {
  constexpr auto kHold = x509::RevocationReason::certificate_hold;
  CERTWRIGHT_TRY(const auto lineage, find_lineage(c.lineage));
  if (!lineage) return fail_field(Errc::not_found, "lineage", "there is no such certificate");
  const auto on_hold = [](const std::optional<RevocationRow>& row) {
    return row && !row->removed && row->revocation.reason == kHold;
  };
  CERTWRIGHT_TRY(const auto newest, find_revocation(lineage->current));
  if (!on_hold(newest)) return fail_field(Errc::conflict, "lineage", "it is not on hold");
  CERTWRIGHT_TRY(const auto certificates, certificates_of(c.lineage));
  for (const auto id : certificates) {
    CERTWRIGHT_TRY(const auto old, find_revocation(id));
    if (on_hold(old)) CERTWRIGHT_CHECK(put_revocation(id, old, old->revocation, true));
  }
  CERTWRIGHT_CHECK(database_.run(Statement::mark_lineage_revoked, c.lineage, false));
  CERTWRIGHT_CHECK(place_lineage(database_, c.lineage));
  return {};
}

Result<void> CommandRunner::operator()(const PutCrl& c) {
  const auto& crl = c.crl;
  {
    CERTWRIGHT_TRY(auto stored, database_.query(Statement::find_crl_number, crl.ca, crl.shard));
    CERTWRIGHT_TRY(const bool found, stored.next());
    if (found && crl.number <= stored.natural(0))
      return fail_field(Errc::conflict, "number", "a CRL with this or a higher number is stored");
  }
  CERTWRIGHT_CHECK(database_.run(Statement::put_crl, crl.ca, crl.shard, crl.number, crl.sequence,
                                 crl.this_update, crl.next_update, crl.der));
  return {};
}

}  // namespace certwright::store::sqlite
