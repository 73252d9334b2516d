#include <algorithm>
#include <limits>
#include <type_traits>

#include "store/limits.h"
#include "store/sqlite/lineage_search.h"
#include "store/sqlite/parts.h"
#include "store/sqlite/row_readers.h"
#include "store/sqlite/rows.h"

namespace certwright::store {
namespace {

using sqlite::Query;
using sqlite::Statement;

using sqlite::all_rows;
using sqlite::first_row;

constexpr CertificateId kLargestId = std::numeric_limits<std::int64_t>::max();

// A number that no row has, and that would be negative in the database.
bool too_large(std::uint64_t number) { return number > kLargestId; }

std::uint32_t capped(std::uint32_t limit) { return std::min(limit, kMaxRows); }

}  // namespace

Result<std::optional<StoredCertificate>> SqliteStore::find_certificate(
    const x509::SerialNumber& serial) const {
  const auto id = serial.id();
  if (!id) return std::nullopt;
  CERTWRIGHT_TRY(auto found, find_certificate(*id));
  if (found && found->certificate.serial != serial) return std::nullopt;
  return found;
}

Result<std::optional<StoredCertificate>> SqliteStore::find_certificate(CertificateId id) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_certificate, id), sqlite::stored_certificate);
}

Result<std::vector<StoredCertificate>> SqliteStore::find_lineage(CertificateId lineage) const {
  const auto reader = parts_->readers->borrow();
  CERTWRIGHT_TRY(const auto snapshot, sqlite::Snapshot::begin(*reader));
  std::vector<CertificateId> ids{lineage};
  {
    CERTWRIGHT_TRY(auto renewals,
                   all_rows(reader->query(Statement::list_renewals, lineage,
                                          static_cast<std::uint64_t>(kMaxLineageRows - 1)),
                            [](const Query& row) { return row.natural(0); }));
    ids.insert(ids.end(), renewals.rbegin(), renewals.rend());
  }
  std::vector<StoredCertificate> result;
  for (const auto id : ids) {
    CERTWRIGHT_TRY(auto certificate, first_row(reader->query(Statement::find_certificate, id),
                                               sqlite::stored_certificate));
    if (certificate && certificate->certificate.lineage == lineage)
      result.push_back(*std::move(certificate));
  }
  return result;
}

Result<std::vector<LineageRow>> SqliteStore::list_lineages(const LineageFilter& filter,
                                                           const Page& page) const {
  CERTWRIGHT_CHECK(check_filter(filter));
  CERTWRIGHT_CHECK(check_page(page));
  auto tail = parts_->tail->view();
  const auto reader = parts_->readers->borrow();
  CERTWRIGHT_TRY(const auto snapshot, sqlite::Snapshot::begin(*reader));
  return sqlite::LineageSearch(*reader, std::move(tail), filter).page(page);
}

Result<Count> SqliteStore::count_lineages(const LineageFilter& filter) const {
  CERTWRIGHT_CHECK(check_filter(filter));
  auto tail = parts_->tail->view();
  const auto reader = parts_->readers->borrow();
  CERTWRIGHT_TRY(const auto snapshot, sqlite::Snapshot::begin(*reader));
  return sqlite::LineageSearch(*reader, std::move(tail), filter).count();
}

Result<std::optional<SerialReservation>> SqliteStore::find_reservation(CertificateId id) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_reservation, id), sqlite::serial_reservation);
}

Result<std::vector<SerialReservation>> SqliteStore::unfinished_intents(Time before,
                                                                       std::uint32_t limit) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_open_intents, before, capped(limit)),
                  sqlite::serial_reservation);
}

Result<std::optional<IdempotencyRecord>> SqliteStore::find_idempotent(std::string_view principal,
                                                                      std::string_view key) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_idempotency, principal, key),
                   sqlite::idempotency_record);
}

Result<std::vector<IdempotencyRecord>> SqliteStore::idempotency_before(Time before,
                                                                       std::uint32_t limit) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_idempotency, before, capped(limit)),
                  sqlite::idempotency_record);
}

Result<bool> SqliteStore::is_key_blocked(const Sha256& subject_public_key_sha256) const {
  const auto reader = parts_->readers->borrow();
  CERTWRIGHT_TRY(auto row, reader->query(Statement::find_blocked_key, subject_public_key_sha256));
  return row.next();
}

Result<std::optional<ManagedKeyRecord>> SqliteStore::find_managed_key(CertificateId id) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_managed_key, id), [](const Query& row) {
    return ManagedKeyRecord{row.natural(0), row.blob(1), row.integer(2) != 0};
  });
}

Result<std::vector<ManagedKeyEnd>> SqliteStore::managed_key_ends(CertificateId after,
                                                                 std::uint32_t limit) const {
  if (too_large(after)) return std::vector<ManagedKeyEnd>{};
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::managed_key_ends, after, capped(limit)),
                  [](const Query& row) -> Result<ManagedKeyEnd> {
                    CERTWRIGHT_TRY(const auto serial, row.serial(1));
                    return ManagedKeyEnd{row.natural(0), serial, row.time(2)};
                  });
}

Result<std::vector<ManagedKeyRecord>> SqliteStore::managed_keys(CertificateId after,
                                                                std::uint32_t limit) const {
  if (too_large(after)) return std::vector<ManagedKeyRecord>{};
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_managed_keys, after, std::min(limit, kMaxSealedRows)),
                  [](const Query& row) {
                    return ManagedKeyRecord{row.natural(0), row.blob(1), row.integer(2) != 0};
                  });
}

Result<std::optional<DownloadGrantRecord>> SqliteStore::find_download_grant(
    const Sha256& secret_sha256) const {
  const auto reader = parts_->readers->borrow();
  CERTWRIGHT_TRY(auto row, reader->query(Statement::find_grant, secret_sha256));
  CERTWRIGHT_TRY(const bool found, row.next());
  if (!found || row.integer(4) != 0) return std::nullopt;
  return sqlite::download_grant_record(row);
}

Result<std::vector<DownloadGrantRecord>> SqliteStore::download_grants_before(
    Time before, std::uint32_t limit) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_grants, before, capped(limit)),
                  sqlite::download_grant_record);
}

Result<CertificateStatus> SqliteStore::certificate_status(std::string_view ca,
                                                          const x509::SerialNumber& serial) const {
  const auto id = serial.id();
  if (!id) return CertificateStatus{};
  const auto names_it = [&](const Query& row) {
    return as_text(row.view(0)) == as_text(serial.integer_content()) && as_text(row.view(1)) == ca;
  };
  const auto reader = parts_->readers->borrow();
  {
    CERTWRIGHT_TRY(auto revocation, reader->query(Statement::find_revocation, *id));
    CERTWRIGHT_TRY(const bool found, revocation.next());
    if (found && names_it(revocation) && revocation.integer(4) == 0)
      return CertificateStatus{StatusKind::revoked, sqlite::revocation_at(revocation, 5)};
  }
  CERTWRIGHT_TRY(auto certificate, reader->query(Statement::find_certificate_status, *id));
  CERTWRIGHT_TRY(const bool found, certificate.next());
  if (!found || !names_it(certificate)) return CertificateStatus{};
  return CertificateStatus{StatusKind::good, std::nullopt};
}

Result<std::vector<RevocationEntry>> SqliteStore::revocations_after(std::string_view ca,
                                                                    std::uint32_t shard,
                                                                    std::uint64_t after,
                                                                    Time expires_from,
                                                                    std::uint32_t limit) const {
  if (too_large(after)) return std::vector<RevocationEntry>{};
  const auto reader = parts_->readers->borrow();
  const int most_removed = after == 0 ? 0 : 1;
  return all_rows(
      reader->query(Statement::list_changes, ca, shard, after, expires_from, most_removed,
                    capped(limit)),
      [](const Query& row) -> Result<RevocationEntry> {
        CERTWRIGHT_TRY(const auto serial, row.serial(1));
        return RevocationEntry{
            row.natural(0), serial,      static_cast<x509::RevocationReason>(row.integer(2)),
            row.time(3),    row.time(4), row.integer(5) != 0};
      });
}

Result<std::optional<CrlRecord>> SqliteStore::find_crl(std::string_view ca,
                                                       std::uint32_t shard) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_crl, ca, shard), [](const Query& row) {
    return CrlRecord{row.text(0), row.number(1), row.natural(2), row.natural(3),
                     row.time(4), row.time(5),   row.blob(6)};
  });
}

Result<std::optional<TenantRecord>> SqliteStore::find_tenant(std::string_view id) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_tenant, id), sqlite::tenant_record);
}

Result<std::vector<TenantRecord>> SqliteStore::list_tenants() const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_tenants), sqlite::tenant_record);
}

Result<std::optional<PrincipalRecord>> SqliteStore::find_principal(std::string_view id) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_principal, id), sqlite::principal_record);
}

Result<std::vector<PrincipalRecord>> SqliteStore::list_principals(std::string_view tenant) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_principals, tenant), sqlite::principal_record);
}

Result<std::optional<CredentialRecord>> SqliteStore::find_credential(
    CredentialKind kind, std::string_view lookup) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_credential, static_cast<int>(kind), lookup),
                   sqlite::credential_record);
}

Result<std::vector<CredentialRecord>> SqliteStore::list_credentials(
    std::string_view principal) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_credentials, principal), sqlite::credential_record);
}

Result<std::vector<RoleBindingRecord>> SqliteStore::list_role_bindings(
    std::string_view principal) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_role_bindings, principal), [](const Query& row) {
    return RoleBindingRecord{row.text(0), row.text(1), row.text(2), row.text(3)};
  });
}

Result<std::optional<SessionRecord>> SqliteStore::find_session(const Sha256& id_sha256) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_session, id_sha256), sqlite::session_record);
}

Result<std::vector<SessionRecord>> SqliteStore::list_sessions(std::string_view principal) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_sessions, principal), sqlite::session_record);
}

Result<std::vector<CaRecord>> SqliteStore::list_cas() const {
  const auto reader = parts_->readers->borrow();
  CERTWRIGHT_TRY(const auto snapshot, sqlite::Snapshot::begin(*reader));
  CERTWRIGHT_TRY(auto cas, all_rows(reader->query(Statement::list_cas), sqlite::ca_record));
  for (auto& ca : cas) {
    CERTWRIGHT_TRY(ca.issuer_chain, all_rows(reader->query(Statement::list_ca_issuers, ca.id),
                                             [](const Query& row) { return row.blob(0); }));
  }
  return cas;
}

Result<std::vector<ProfileRecord>> SqliteStore::list_profiles() const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_profiles), sqlite::profile_record);
}

Result<std::optional<ProfileRecord>> SqliteStore::find_profile(std::string_view name,
                                                               std::uint32_t version) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_profile, name, version), sqlite::profile_record);
}

Result<std::optional<Bytes>> SqliteStore::find_setting(std::string_view name) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_setting, name),
                   [](const Query& row) { return row.blob(0); });
}

Result<std::vector<SettingRecord>> SqliteStore::settings(std::string_view after,
                                                         std::uint32_t limit) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_settings, after, std::min(limit, kMaxSealedRows)),
                  [](const Query& row) { return SettingRecord{row.text(0), row.blob(1)}; });
}

Result<std::uint64_t> SqliteStore::audit_size() const { return parts_->writer->audit_size(); }

Result<std::vector<AuditLeaf>> SqliteStore::audit_leaves(std::uint64_t from,
                                                         std::uint32_t limit) const {
  if (too_large(from)) return std::vector<AuditLeaf>{};
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_leaves, from, capped(limit)),
                  [](const Query& row) { return AuditLeaf{row.natural(0), row.blob(1)}; });
}

Result<std::vector<AuditLeaf>> SqliteStore::audit_leaves_about(std::string_view request, std::uint64_t from,
                                                               std::uint32_t limit) const {
  if (too_large(from)) return std::vector<AuditLeaf>{};
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_leaves_about, request, from, std::min(limit, kMaxRequestRows)),
                  [](const Query& row) { return AuditLeaf{row.natural(0), row.blob(1)}; });
}

Result<std::optional<AuditCheckpoint>> SqliteStore::latest_checkpoint() const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::latest_checkpoint), sqlite::audit_checkpoint);
}

Result<std::vector<AuditCheckpoint>> SqliteStore::list_checkpoints(std::uint64_t from_tree_size,
                                                                   std::uint32_t limit) const {
  if (too_large(from_tree_size)) return std::vector<AuditCheckpoint>{};
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_checkpoints, from_tree_size, capped(limit)),
                  sqlite::audit_checkpoint);
}

Result<std::optional<Bytes>> SqliteStore::find_audit_tile(std::uint32_t level,
                                                          std::uint64_t index) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_tile, level, index),
                   [](const Query& row) { return row.blob(0); });
}

}  // namespace certwright::store
