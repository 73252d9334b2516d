#include "gateway/admin/request_body.h"

#include "crypto/digest.h"
#include "gateway/admin/rights_body.h"
#include "registration/request_content.h"
#include "x509/pem.h"

namespace certwright::gateway::admin {
namespace {

using registration::RequestDesk;
using View = RequestDesk::View;

std::string_view kind_name(store::ApprovalKind kind) {
  switch (kind) {
    case store::ApprovalKind::officer: return "officer";
    case store::ApprovalKind::password: return "password";
    case store::ApprovalKind::standing_rule: return "standing_rule";
  }
  return "";
}

void write_names(json::Writer& w, std::string_view member, const std::vector<std::string>& names) {
  w.key(member).begin_array();
  for (const auto& name : names) w.value(name);
  w.end_array();
}

// What would be issued now, or why nothing would.
void write_view(json::Writer& w, std::string_view member, const Result<registration::Examination>& seen) {
  w.key(member).begin_object();
  if (!seen) {
    w.member("refused", seen.error().detail).end_object();
    return;
  }
  w.member("subject", seen->subject);
  write_names(w, "names", seen->names);
  w.member("validity_s", std::chrono::floor<Seconds>(seen->not_after - seen->not_before).count());
  w.member("not_after", to_rfc3339(seen->not_after));
  w.member("key_algorithm", seen->certificate_request.key_algorithm);
  w.member("profile", seen->profile->name).member("profile_version", seen->profile->version);
  write_rights(w, seen->extensions, seen->certificate_request.extensions);
  if (seen->key_is_sample) w.member("key_is_sample", true);
  w.member("lint", "passed").member("tbs_certificate", to_base64(seen->tbs_certificate_tlv));
  w.end_object();
}

void write_difference(json::Writer& w, const registration::RequestChanges& changes) {
  w.key("difference").begin_object();
  if (changes.validity) w.member("validity_s", changes.validity->count());
  write_names(w, "names_removed", changes.names_removed);
  w.end_object();
}

void write_approvals(json::Writer& w, const std::vector<RequestDesk::Counted>& approvals, bool with_reasons) {
  w.key("approvals").begin_array();
  for (const auto& [approval, why_not] : approvals) {
    w.begin_object().member("principal", approval.principal).member("kind", kind_name(approval.kind));
    w.member("binding", to_hex(approval.binding)).member("counts", why_not.empty());
    if (with_reasons && !why_not.empty()) w.member("why_not", why_not);
    w.member("comment", approval.comment).member("approved_at", to_rfc3339(approval.approved_at)).end_object();
  }
  w.end_array();
}

}  // namespace

void write_request_members(json::Writer& w, const store::RequestRecord& request) {
  w.member("id", request.id).member("state", registration::name_of(request.state));
  w.member("tenant", request.tenant).member("ca", request.ca);
  w.member("profile", request.profile).member("profile_version", request.profile_version);
  w.member("principal", request.principal).member("email", request.email);
  w.member("door", request.door).member("remote", request.remote);
  w.member("entity_type", request.entity_type).member("entity_id", request.entity_id);
  w.member("subject", request.subject).member("approvals_needed", request.approvals_needed);
  w.member("binding", to_hex(request.binding));
  w.member("received_at", to_rfc3339(request.received_at)).member("changed_at", to_rfc3339(request.changed_at));
  w.member("expires_at", to_rfc3339(request.expires_at));
  w.member("decided_by", request.decided_by).member("reason", request.reason);
}

namespace {

// The CSR, or what stands in its place.
Result<void> write_key(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request,
                       const registration::RequestContent& content) {
  if (!request.certification_request.empty()) {
    w.member("certification_request", x509::to_pem(x509::kPemCertificateRequest, request.certification_request));
    w.member("certification_request_sha256", to_hex(crypto::sha256(request.certification_request)));
  }
  if (!content.generate_key.empty()) w.member("generate_key", content.generate_key);
  CERTWRIGHT_TRY(const auto asked_for, registration::text_without_csr(d.store, request, content));
  if (!asked_for.empty()) w.member("asked_for", asked_for);
  if (content.renews == 0) return {};
  CERTWRIGHT_TRY(const auto newest, d.store.find_certificate(content.renews));
  if (newest) w.member("renews", newest->certificate.serial.decimal());
  return {};
}

}  // namespace

Result<void> write_request(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request,
                           bool with_reasons) {
  CERTWRIGHT_TRY(const auto content, registration::read_request_content(request.content));
  CERTWRIGHT_TRY(const auto changes, registration::read_request_changes(request.changes));
  w.begin_object();
  write_request_members(w, request);
  // Names of accounts are chosen, and not unique: it stands beside the id, never instead.
  CERTWRIGHT_TRY(const auto requester, d.store.find_principal(request.principal));
  if (requester) w.member("principal_name", requester->name);
  w.member("purpose", content.purpose).member("selection", content.selection).member("rule", content.rule);
  CERTWRIGHT_CHECK(write_key(w, d, request, content));
  // Of a decided one the record says what there was; nothing would be issued of it any more.
  std::optional<registration::Examination> examined;
  if (store::is_open(request.state)) {
    write_view(w, "asked", d.requests.examine(request, View::as_asked));
    auto seen = d.requests.examine(request, View::as_changed);
    write_view(w, "would_be_issued", seen);
    if (seen) examined = *std::move(seen);
  }
  write_difference(w, changes);
  CERTWRIGHT_TRY(const auto approvals, d.requests.approvals(request, examined ? &*examined : nullptr));
  write_approvals(w, approvals, with_reasons);
  CERTWRIGHT_CHECK(write_certificate(w, d, request));
  w.end_object();
  return {};
}

Result<void> write_certificate(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request) {
  if (request.state != store::RequestState::issued) return {};
  CERTWRIGHT_TRY(const auto stored, d.store.find_certificate(request.certificate));
  if (!stored) return {};
  w.key("certificate").begin_object().member("serial_number", stored->certificate.serial.decimal());
  w.member("not_before", to_rfc3339(stored->certificate.not_before));
  w.member("not_after", to_rfc3339(stored->certificate.not_after));
  if (!stored->certificate.der.empty())
    w.member("certificate", x509::to_pem(x509::kPemCertificate, stored->certificate.der));
  w.end_object();
  return {};
}

}  // namespace certwright::gateway::admin
