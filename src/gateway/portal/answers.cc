#include "gateway/portal/answers.h"

#include <fmt/format.h>

#include "json/writer.h"
#include "registration/request_content.h"
#include "x509/pem.h"

namespace certwright::gateway::portal {
namespace {

http::Response json_answer(int status, json::Writer&& w) {
  auto response = http::respond(status, "application/json", std::move(w).take() + "\n");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

// Without a validity_days of its own a certificate may end with its CA, long before the profile's default.
std::string message_with_end(const Outcome& outcome) {
  std::string message = message_of(outcome.request);
  if (outcome.certificate && outcome.ca != nullptr &&
      outcome.certificate->not_after == std::chrono::floor<Seconds>(outcome.ca->not_after()))
    message += fmt::format(" It ends with its CA \"{}\", on {}.", outcome.ca->id(), to_rfc3339(outcome.certificate->not_after));
  return message;
}

void write_ignored(json::Writer& w, const Outcome& outcome) {
  w.key("ignored_extensions").begin_array();
  for (const auto& oid : outcome.ignored_extensions) w.value(oid);
  w.end_array();
}

void write_certificate(json::Writer& w, const Outcome& outcome) {
  if (!outcome.certificate) return;
  const auto& certificate = *outcome.certificate;
  const std::string serial = certificate.serial.decimal();
  w.key("certificate").begin_object();
  w.member("ca_id", certificate.ca).member("serial_number", serial);
  w.member("common_name", outcome.request.entity_id).member("subject", certificate.subject);
  w.member("profile", certificate.profile);
  w.member("not_before", to_rfc3339(certificate.not_before)).member("not_after", to_rfc3339(certificate.not_after));
  if (!certificate.der.empty())
    w.member("certificate", x509::to_pem(x509::kPemCertificate, certificate.der));
  if (outcome.ca != nullptr) w.member("chain", outcome.ca->chain_pem());
  w.key("links").begin_object();
  w.member("self", "/certs/" + serial).member("chain", "/certs/" + serial + "/chain");
  w.member("request", status_url(outcome.request)).end_object();
  w.end_object();
}

}  // namespace

std::string status_url(const store::RequestRecord& request) { return "/csr/requests/" + request.id; }

std::string message_of(const store::RequestRecord& request) {
  using enum store::RequestState;
  switch (request.state) {
    case received:
    case pending: return "The request waits for approval by an officer.";
    case approved: return "The request is approved; its certificate is being issued.";
    case denied: return "The request was denied: " + request.reason;
    case withdrawn: return "The request was withdrawn.";
    case expired: return "The request's time is over: nobody decided it, or its certificate could not be made; it can be made again.";
    case issued: return "The certificate was issued.";
    case failed: return "The request could not be issued: " + request.reason;
  }
  return {};
}

http::Response outcome_answer(const Outcome& outcome) {
  const bool is_issued = outcome.request.state == store::RequestState::issued;
  json::Writer w;
  w.begin_object().member("success", true).member("message", message_with_end(outcome));
  if (!is_issued) w.member("pending", true);
  w.member("request_id", outcome.request.id).member("status_url", status_url(outcome.request));
  write_ignored(w, outcome);
  write_certificate(w, outcome);
  w.end_object();
  auto response = json_answer(is_issued ? 200 : 202, std::move(w));
  if (!is_issued) response.headers.set("Location", status_url(outcome.request));
  return response;
}

http::Response status_answer(const Outcome& outcome) {
  const auto& request = outcome.request;
  json::Writer w;
  w.begin_object().member("success", true).member("message", message_with_end(outcome)).key("request").begin_object();
  w.member("request_id", request.id).member("state", registration::name_of(request.state));
  w.member("ca_id", request.ca).member("tenant_id", request.tenant).member("profile", request.profile);
  w.member("common_name", request.entity_id).member("subject", request.subject);
  if (!outcome.generate_key.empty()) w.member("generate_key", outcome.generate_key);
  if (!outcome.renews.empty()) w.member("renews", outcome.renews);
  w.member("approvals_needed", request.approvals_needed);
  if (!request.changes.empty()) w.key("changes").raw(request.changes);
  if (!request.reason.empty()) w.member("reason", request.reason);
  w.member("received_at", to_rfc3339(request.received_at)).member("changed_at", to_rfc3339(request.changed_at));
  if (store::is_open(request.state)) w.member("expires_at", to_rfc3339(request.expires_at));
  w.end_object();
  write_ignored(w, outcome);
  write_certificate(w, outcome);
  w.end_object();
  return json_answer(200, std::move(w));
}

http::Response selection_answer(const registration::Selection& selection) {
  json::Writer w;
  w.begin_object().member("success", !selection.ca.empty()).member("message", selection.explanation);
  if (selection.ca.empty()) w.key("ca_id").null();
  else w.member("ca_id", selection.ca);
  w.key("candidates").begin_array();
  for (const auto& candidate : selection.candidates) {
    w.begin_object().member("ca_id", candidate.ca).member("points", candidate.points);
    w.member("excluded", candidate.excluded).key("reasons").begin_array();
    for (const auto& reason : candidate.reasons) w.value(reason);
    w.end_array().end_object();
  }
  w.end_array().end_object();
  return json_answer(200, std::move(w));
}

}  // namespace certwright::gateway::portal
