#include "store/sqlite/rows.h"

namespace certwright::store::sqlite {

std::string joined_names(const std::vector<std::string>& names) {
  std::string joined;
  for (const auto& name : names) {
    joined += name;
    joined += '\n';
  }
  return joined;
}

std::vector<std::string> split_names(std::string_view joined) {
  std::vector<std::string> names;
  while (!joined.empty()) {
    const auto end = joined.find('\n');
    names.emplace_back(joined.substr(0, end));
    joined.remove_prefix(end == std::string_view::npos ? joined.size() : end + 1);
  }
  return names;
}

std::optional<Revocation> revocation_at(const Query& row, int first) {
  if (row.is_null(first)) return std::nullopt;
  return Revocation{static_cast<x509::RevocationReason>(row.integer(first)), row.time(first + 1),
                    row.text(first + 2)};
}

Result<StoredCertificate> stored_certificate(const Query& row) {
  CERTWRIGHT_TRY(const auto serial, row.serial(1));
  return StoredCertificate{
      .certificate = {.id = row.natural(0),
                      .serial = serial,
                      .ca = row.text(2),
                      .lineage = row.natural(3),
                      .tenant = row.text(7),
                      .entity_type = row.text(8),
                      .entity_id = row.text(9),
                      .principal = row.text(10),
                      .profile = row.text(11),
                      .profile_version = row.number(12),
                      .subject = row.text(13),
                      .names = split_names(as_text(row.view(18))),
                      .subject_public_key_sha256 = row.hash(14),
                      .not_before = row.time(4),
                      .not_after = row.time(5),
                      .issued_at = row.time(15),
                      .crl_shard = row.number(6),
                      .record_level = static_cast<RecordLevel>(row.integer(16)),
                      .key_origin = static_cast<KeyOrigin>(row.integer(17)),
                      .der = row.blob(19)},
      .revocation = revocation_at(row, 21),
      .current = row.natural(20)};
}

Result<LineageRow> lineage_row(const Query& row) {
  CERTWRIGHT_TRY(const auto handle, row.serial(1));
  CERTWRIGHT_TRY(const auto current, row.serial(2));
  return LineageRow{.lineage = row.natural(0),
                    .handle_serial = handle,
                    .current_serial = current,
                    .ca = row.text(3),
                    .tenant = row.text(4),
                    .entity_type = row.text(5),
                    .entity_id = row.text(6),
                    .principal = row.text(7),
                    .profile = row.text(8),
                    .subject = row.text(9),
                    .not_before = row.time(10),
                    .not_after = row.time(11),
                    .revocation = revocation_at(row, 12)};
}

Result<SerialReservation> serial_reservation(const Query& row) {
  CERTWRIGHT_TRY(const auto serial, row.serial(1));
  return SerialReservation{.id = row.natural(0),
                           .serial = serial,
                           .ca = row.text(2),
                           .profile = row.text(3),
                           .principal = row.text(4),
                           .tbs_sha256 = row.hash(5),
                           .reserved_at = row.time(6),
                           .not_after = row.time(7)};
}

IdempotencyRecord idempotency_record(const Query& row) {
  return {row.text(0), row.text(1), row.hash(2), row.natural(3), row.time(4)};
}

DownloadGrantRecord download_grant_record(const Query& row) {
  return {row.hash(0), row.natural(1), row.text(2), row.time(3)};
}

TenantRecord tenant_record(const Query& row) {
  return {row.text(0), row.text(1), row.integer(2) != 0, row.time(3)};
}

PrincipalRecord principal_record(const Query& row) {
  return {row.text(0),
          row.text(1),
          row.text(2),
          row.text(3),
          static_cast<PrincipalKind>(row.integer(4)),
          row.integer(5) != 0,
          row.time(6)};
}

CredentialRecord credential_record(const Query& row) {
  return {row.text(0),
          row.text(1),
          static_cast<CredentialKind>(row.integer(2)),
          row.text(3),
          row.blob(4),
          row.text(5),
          row.time(6),
          row.is_null(7) ? std::nullopt : std::optional(row.time(7)),
          row.integer(8) != 0,
          row.text(9)};
}

CaRecord ca_record(const Query& row) {
  return {.id = row.text(0),
          .name = row.text(1),
          .state = static_cast<CaState>(row.integer(2)),
          .parent = row.text(3),
          .certificate = row.blob(4),
          .issuer_chain = {},
          .sealed_key = row.blob(5),
          .subject_public_key_info = row.blob(6),
          .key_algorithm = row.text(7),
          .signature_algorithm = row.text(8),
          .policy = row.text(9),
          .revision = row.natural(10),
          .created_at = row.time(11)};
}

ProfileRecord profile_record(const Query& row) {
  return {row.text(0), row.number(1), row.text(2), row.text(3), row.time(4)};
}

SessionRecord session_record(const Query& row) {
  return {row.hash(0), row.text(1), row.text(2), row.text(3),          row.time(4),
          row.time(5), row.time(6), row.time(7), row.integer(8) != 0, row.text(9)};
}

AuditCheckpoint audit_checkpoint(const Query& row) {
  return {row.natural(0), row.hash(1), row.text(2), row.time(3)};
}

RequestRecord request_record(const Query& row) {
  return {.id = row.text(0),
          .revision = row.natural(1),
          .state = static_cast<RequestState>(row.integer(2)),
          .tenant = row.text(3),
          .ca = row.text(4),
          .profile = row.text(5),
          .profile_version = row.number(6),
          .principal = row.text(7),
          .email = row.text(8),
          .door = row.text(9),
          .remote = row.text(10),
          .entity_type = row.text(11),
          .entity_id = row.text(12),
          .certification_request = row.blob(25),
          .subject = row.text(13),
          .content = row.text(14),
          .changes = row.text(15),
          .request_sha256 = row.hash(16),
          .binding = row.hash(17),
          .approvals_needed = row.number(18),
          .reason = row.text(19),
          .decided_by = row.text(20),
          .certificate = row.natural(21),
          .received_at = row.time(22),
          .changed_at = row.time(23),
          .expires_at = row.time(24)};
}

ApprovalRecord approval_record(const Query& row) {
  return {row.text(0), row.text(1), static_cast<ApprovalKind>(row.integer(2)),
          row.hash(3), row.text(4), row.time(5)};
}

}  // namespace certwright::store::sqlite
