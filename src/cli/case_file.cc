#include "cli/case_file.h"

#include <fmt/format.h>

#include "audit/verify.h"
#include "bytes/bytes.h"
#include "cli/case_story.h"
#include "cli/output.h"
#include "crypto/digest.h"
#include "x509/certificate.h"
#include "x509/pem.h"

namespace certwright::cli {
namespace {

const json::Value& member(const json::Value& object, std::string_view name) {
  static const json::Value none;
  const json::Value* found = object.find(name);
  return found == nullptr ? none : *found;
}

tl::unexpected<Error> wrong(std::string_view detail) { return fail(Errc::invalid, printable(detail)); }

// Its octets; none where the file has none, or where no record says which it is because the newest are not here.
Result<Bytes> what_was_said(const std::string& pem, std::string_view label, const std::string& said, const CaseStory& story) {
  const std::string_view what = label == x509::kPemCertificate ? "certificate" : "CSR";
  if (pem.empty() || (said.empty() && !story.has_all())) return Bytes();
  if (said.empty()) return wrong(fmt::format("the file has a {}, and no proved record is about one", what));
  CERTWRIGHT_TRY(Bytes der, x509::parse_pem_one(pem, label));
  if (to_hex(crypto::sha256(der)) != said) return wrong(fmt::format("the {} is not the one that the records name", what));
  return der;
}

Result<void> check_documents(const json::Value& request, const CaseStory& story, CheckedCase& checked) {
  CERTWRIGHT_TRY(const auto csr, what_was_said(text_of(request, "certification_request"), x509::kPemCertificateRequest,
                                               story.csr_sha256(), story));
  checked.has_csr = !csr.empty();
  CERTWRIGHT_TRY(const auto der, what_was_said(text_of(member(request, "certificate"), "certificate"),
                                               x509::kPemCertificate, story.certificate_sha256(), story));
  if (der.empty()) return {};
  CERTWRIGHT_TRY(const auto certificate, x509::Certificate::parse(der));
  CERTWRIGHT_TRY(const auto serial, certificate.serial_number());
  if (serial.hex() != story.serial_hex()) return wrong("the certificate has not the serial that the records name");
  checked.has_certificate = true;
  return {};
}

// Are there records about the request that the file has not, and that are more than one more repeat of the same?
bool is_truncated(const json::Value& file) {
  const auto* left_out = member(file, "left_out").if_object();
  const bool says_which = left_out != nullptr && !left_out->empty();
  return text_of(file, "truncated") == "yes" || (text_of(file, "complete") == "no" && !says_which);
}

Result<void> add_record(const json::Value& row, const std::string& proof_text, const audit::CheckpointKey& key,
                        CaseStory& story) {
  CERTWRIGHT_TRY(const auto proof, audit::verify_record_proof(proof_text, key));
  CERTWRIGHT_TRY(const auto proved, json::parse(proof.record));
  const auto position = text_of(row, "position");
  if (json::write(proved) != json::write(member(row, "record")) ||
      (!position.empty() && position != fmt::to_string(proof.position)))
    return wrong(fmt::format("record {} of the log is not what the file says", proof.position));
  return story.add(proof.position, proved);
}

}  // namespace

Result<CheckedCase> check_case_file(const json::Value& file, const audit::CheckpointKey& key) {
  const json::Value& request = member(file, "request");
  CheckedCase checked{.request = text_of(request, "id")};
  if (checked.request.empty()) return wrong("this is no case file of a request");
  checked.complete = text_of(file, "complete") != "no";
  checked.truncated = is_truncated(file);
  CaseStory story(checked.request);
  if (checked.truncated) story.lacks_some();
  for (const auto& each : rows_of(file, "records")) {
    const std::string proof = text_of(each, "proof");
    if (proof.empty()) {
      ++checked.unproved;
      story.lacks_some();
      continue;
    }
    CERTWRIGHT_CHECK(add_record(each, proof, key, story));
    ++checked.proved;
  }
  if (checked.proved == 0)
    return wrong("the file has no proofs: they are for whoever may read the audit log (role auditor or admin in tenant \"*\")");
  CERTWRIGHT_CHECK(check_documents(request, story, checked));
  CERTWRIGHT_CHECK(story.check(file));
  checked.checked_end = story.has_all();
  return checked;
}

}  // namespace certwright::cli
