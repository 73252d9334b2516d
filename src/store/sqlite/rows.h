#pragma once
// Rows as records. Each takes the columns in the order in which statements.cc selects them.
#include <string>
#include <string_view>
#include <vector>

#include "store/sqlite/database.h"

namespace certwright::store::sqlite {

// The stored form of CertificateRecord::names: each on a line of its own.
std::string joined_names(const std::vector<std::string>& names);
std::vector<std::string> split_names(std::string_view joined);

// Errors: internal for rows that this program cannot have written.
Result<StoredCertificate> stored_certificate(const Query& row);
Result<LineageRow> lineage_row(const Query& row);
Result<SerialReservation> serial_reservation(const Query& row);
IdempotencyRecord idempotency_record(const Query& row);
DownloadGrantRecord download_grant_record(const Query& row);
TenantRecord tenant_record(const Query& row);
PrincipalRecord principal_record(const Query& row);
CredentialRecord credential_record(const Query& row);
CaRecord ca_record(const Query& row);  // without issuer_chain
ProfileRecord profile_record(const Query& row);
AuditCheckpoint audit_checkpoint(const Query& row);
RequestRecord request_record(const Query& row);
ApprovalRecord approval_record(const Query& row);
SessionRecord session_record(const Query& row);

// Columns `first` (reason), then time and principal; nothing if they are NULL.
std::optional<Revocation> revocation_at(const Query& row, int first);

}  // namespace certwright::store::sqlite
