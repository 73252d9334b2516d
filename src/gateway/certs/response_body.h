#pragma once
// What the certs service answers, octet for octet.
#include <cstdint>
#include <string>
#include <string_view>

#include "ca/certification_authority.h"
#include "http/message.h"
#include "inventory/inventory.h"
#include "revocation/revocation_service.h"
#include "store/records.h"

namespace certwright::gateway::certs {

// A JSON text and its newline, as `application/json`.
http::Response json_answer(int status, std::string json);
// 200 with Content-Type application/json and no body, as renewing and revoking answer.
http::Response empty_answer();

// {"serial_number":"<decimal>"}
std::string serial_number_json(const x509::SerialNumber& serial);
// {"token":"..."}
std::string token_json(std::string_view token);
// {"serial_number","certificate","revoked","expiry_time","entity_id"}
std::string csr_answer_json(const store::CertificateRecord& certificate);

struct ListAnswer {
  const inventory::Listing& listing;
  std::uint64_t offset = 0;
  std::uint32_t limit = 10;
  std::string_view entity_id;
};
// Envelope: certificates, total, offset (not when 0), limit, entity_id (not when empty), then what
// is new: next_cursor (where there is a next page), total_is_exact (only where it is false).
// ExpiryDate of a revoked row is the time of revocation.
std::string list_json(const ListAnswer& answer);

// 409 in the error form of this service, with what is new: request_id, status_url. `why`: approval_required.
http::Response waiting_answer(const store::RequestRecord& request, const Error& why);

// One certificate of a lineage, the newest unless asked otherwise. serial_number is the handle of
// the lineage, shown_serial_number that of the certificate that is shown.
std::string detail_json(const inventory::Lineage& lineage, const store::StoredCertificate& shown);

std::string bulk_json(const revocation::RevocationService::BulkProgress& progress);

}  // namespace certwright::gateway::certs
