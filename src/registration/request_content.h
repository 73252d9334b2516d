#pragma once
// The documents in a request's record, and what they are hashed into.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registration/issuance_request.h"
#include "registration/request_changes.h"
#include "store/records.h"
#include "store/store.h"

namespace certwright::registration {

// store::RequestRecord::content: what was asked for besides the CSR, and what an officer should know.
struct RequestContent {
  std::vector<profile::SubjectAttribute> subject{};  // given by the door, not by the CSR
  std::vector<x509::GeneralName> names{};            // the same
  std::optional<Seconds> validity{};
  std::string generate_key{};         // the algorithm of the key that we make when it is issued; empty: none
  store::CertificateId renews = 0;    // the newest certificate of a lineage; 0: none
  std::string purpose{};    // in the requester's words
  std::string selection{};  // how the CA was chosen
  std::string rule{};       // why it waits: ApprovalRequirement::explanation
  std::string idempotency_key{};                     // empty: none
  std::optional<store::Sha256> idempotency_sha256{}; // request_digest() of what the door got; with the key

  friend bool operator==(const RequestContent& a, const RequestContent& b);
};

std::string write_request_content(const RequestContent& content);
// Errors: internal for what this program cannot have written.
Result<RequestContent> read_request_content(std::string_view json_text);

// What stands in the place of a CSR, for people: "the next certificate after 4711 ...". Empty where there is one.
// Errors: the store's.
Result<std::string> text_without_csr(const store::Store& store, const store::RequestRecord& record,
                                     const RequestContent& content);

// "" for no changes.
std::string write_request_changes(const RequestChanges& changes);
Result<RequestChanges> read_request_changes(std::string_view json_text);

// Equal for requests of one principal that ask for the same: by the same key, however often their CSR was
// signed anew; or by a key of this algorithm that we make, or for the next after the same certificate, whichever CA
// gives it, under the same idempotency key, without which nobody could tell a second one from the first asked for
// again. Of those one is open at a time.
store::Sha256 request_sha256_of(const IssuanceRequest& request, std::string_view tenant, std::string_view ca,
                                std::string_view key_algorithm);

// What an approval is given to: this request with its CSR, CA, profile and its version, what was asked for
// and what was changed. Changes when any of them does.
store::Sha256 binding_of(const store::RequestRecord& record);

}  // namespace certwright::registration
