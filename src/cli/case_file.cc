#include "cli/case_file.h"

#include <fmt/format.h>

#include "audit/verify.h"
#include "bytes/bytes.h"
#include "cli/case_story.h"
#include "cli/output.h"
#include "crypto/digest.h"
#include "x509/pem.h"

namespace certwright::cli {
namespace {

const json::Value& member(const json::Value& object, std::string_view name) {
  static const json::Value none;
  const json::Value* found = object.find(name);
  return found == nullptr ? none : *found;
}

tl::unexpected<Error> wrong(std::string detail) { return fail(Errc::invalid, std::move(detail)); }

// Is what stands in the file what the proved records say? `said`: empty if none of them says anything.
Result<bool> is_what_was_said(const std::string& pem, std::string_view label, const std::string& said, const char* what) {
  if (pem.empty()) return false;
  if (said.empty()) return wrong(fmt::format("the file has a {}, and no proved record is about one", what));
  CERTWRIGHT_TRY(const Bytes der, x509::parse_pem_one(pem, label));
  if (to_hex(crypto::sha256(der)) != said) return wrong(fmt::format("the {} is not the one that the records name", what));
  return true;
}

}  // namespace

Result<CheckedCase> check_case_file(const json::Value& file, const audit::CheckpointKey& key) {
  const json::Value& request = member(file, "request");
  CheckedCase checked{.request = text_of(request, "id")};
  if (checked.request.empty()) return wrong("this is no case file of a request");
  checked.complete = text_of(file, "complete") != "no";
  CaseStory story;
  for (const auto& each : rows_of(file, "records")) {
    const std::string text = text_of(each, "proof");
    if (text.empty()) {
      ++checked.unproved;
      continue;
    }
    CERTWRIGHT_TRY(const auto proof, audit::verify_record_proof(text, key));
    CERTWRIGHT_TRY(const auto proved, json::parse(proof.record));
    if (json::write(proved) != json::write(member(each, "record")))
      return wrong(fmt::format("record {} of the log is not what the file says", proof.position));
    if (proof.record.find('"' + checked.request + '"') == std::string::npos)
      return wrong(fmt::format("record {} of the log is not about request {}", proof.position, checked.request));
    CERTWRIGHT_CHECK(story.add(proved));
    ++checked.proved;
  }
  if (checked.proved == 0)
    return wrong("the file has no proofs: they are for whoever may read the audit log (role auditor or admin in tenant \"*\")");
  CERTWRIGHT_TRY(checked.has_csr, is_what_was_said(text_of(request, "certification_request"),
                                                   x509::kPemCertificateRequest, story.csr_sha256(), "CSR"));
  CERTWRIGHT_TRY(checked.has_certificate, is_what_was_said(text_of(member(request, "certificate"), "certificate"),
                                                           x509::kPemCertificate, story.certificate_sha256(), "certificate"));
  CERTWRIGHT_CHECK(story.check_asked(request));
  // What came after the last of them is not known: then the end is not either.
  const auto* left_out = member(file, "left_out").if_object();
  const bool has_every_step = checked.complete || (left_out != nullptr && !left_out->empty());
  if (checked.unproved == 0 && has_every_step) CERTWRIGHT_CHECK(story.check_end(request));
  return checked;
}

}  // namespace certwright::cli
