#include <algorithm>
#include <utility>

#include "gateway/certs/door.h"
#include "gateway/certs/request_body.h"
#include "gateway/certs/response_body.h"

namespace certwright::gateway::certs {
namespace {

constexpr std::string_view kIdempotencyKey = "Idempotency-Key";
constexpr std::size_t kMaxIdempotencyKeyOctets = 255;
constexpr json::Limits kBodyLimits{.size_octets = 256 * 1024, .depth = 4, .values = 4'096};
constexpr std::string_view kDefaultEntityType = "backend";

// What both ways of issuing share: who asks, for which tenant, under which idempotency key.
Result<registration::IssuanceRequest> start_request(web::Context& context) {
  // Registration authorises: it alone knows which CA will sign.
  context.authorised_by_service();
  registration::IssuanceRequest request;
  request.principal = context.principal();
  request.actor = context.actor();
  CERTWRIGHT_TRY(const auto tenant, context.query("tenant"));
  if (tenant) request.tenant = *tenant;
  request.entity_id = std::string(context.param("entityID"));
  CERTWRIGHT_TRY(request.idempotency_key, idempotency_key_of(context));
  return request;
}

}  // namespace

Result<std::string> idempotency_key_of(const web::Context& context) {
  const auto& headers = context.request.headers;
  if (headers.count(kIdempotencyKey) > 1)
    return fail_field(Errc::bad_encoding, "idempotency_key", "Idempotency-Key is given twice");
  std::string key(headers.get(kIdempotencyKey));
  if (key.size() > kMaxIdempotencyKeyOctets)
    return fail_field(Errc::invalid, "idempotency_key",
                      "Idempotency-Key may have at most 255 characters");
  return key;
}

Door::Answer Door::issue(web::Context& context) {
  CERTWRIGHT_TRY(auto request, start_request(context));
  CERTWRIGHT_TRY(const auto document, context.json_body(kBodyLimits));
  CERTWRIGHT_TRY(auto body, read_issue_body(document, request.entity_id));
  request.entity_type = std::string(context.param("entityType"));
  request.ca = std::move(body.ca);
  request.profile = std::move(body.profile);
  request.generate_key = std::move(body.key_type);
  request.subject = std::move(body.subject);
  request.names = std::move(body.names);
  request.validity = body.validity;
  return issue_or_wait(std::move(request), [](const store::CertificateRecord& certificate) {
    return json_answer(201, serial_number_json(certificate.serial));
  });
}

Door::Answer Door::issue_from_csr(web::Context& context) {
  CERTWRIGHT_TRY(auto request, start_request(context));
  CERTWRIGHT_TRY(const auto entity_type, context.query("entity_type"));
  CERTWRIGHT_TRY(const auto ttl, context.query("ttl"));
  CERTWRIGHT_TRY(const auto document, context.json_body(kBodyLimits));
  CERTWRIGHT_TRY(auto body, read_csr_body(document));
  if (ttl) {
    CERTWRIGHT_TRY(const auto validity, read_ttl(*ttl));
    if (body.validity && *body.validity != validity)
      return fail_field(Errc::invalid, "ttl", "ttl: the query and the body disagree");
    body.validity = validity;
  }
  request.entity_type = entity_type.value_or(std::string(kDefaultEntityType));
  request.ca = std::move(body.ca);
  request.profile = std::move(body.profile);
  request.validity = body.validity;
  // A CSR that names nothing at all is about the entity of the path.
  if (body.request.subject().empty()) {
    CERTWRIGHT_TRY(const auto names, body.request.requested_subject_alt_names());
    if (names.empty()) request.subject.push_back({"common_name", request.entity_id});
  }
  request.certification_request = std::move(body.request);
  return issue_or_wait(std::move(request), [](const store::CertificateRecord& certificate) {
    return json_answer(200, csr_answer_json(certificate));
  });
}

Door::Answer Door::issue_or_wait(registration::IssuanceRequest request, const AnswerOf& answer) {
  // Only where somebody may have to approve it is it worth a copy.
  std::optional<registration::IssuanceRequest> kept;
  if (d_.requests != nullptr && std::ranges::any_of(d_.cas.all(), [](const ca::CaPtr& ca) {
        return registration::has_approval_rules(*ca);
      })) {
    request.can_wait = true;
    // Before it is issued: what people approved a moment ago may need nobody the next time.
    if (request.renews) {
      CERTWRIGHT_TRY(const auto before, d_.requests->answered_renewal(request));
      if (before) return answer(request.renews->certificate);
    }
    kept = request;
  }
  const auto issued = d_.issuance.issue(std::move(request));
  if (issued) return answer(issued->certificate);
  if (issued.error().code == Errc::approval_required && kept)
    return wait_for_approval(*std::move(kept), issued.error(), answer);
  return tl::unexpected(issued.error());
}

// Clients of this service take 2xx for a certificate, and have no other way to ask how it went than to send
// the same request again: so it is a conflict until it is issued, and then the certificate.
Door::Answer Door::wait_for_approval(registration::IssuanceRequest request, const Error& why, const AnswerOf& answer) {
  const audit::Actor actor = request.actor;
  const std::string profile = request.profile;
  auto submitted = d_.requests->submit({.request = std::move(request), .asks_again = true});
  if (!submitted) {
    d_.issuance.refused(actor, profile, submitted.error());
    return tl::unexpected(std::move(submitted).error());
  }
  auto& record = submitted->record;
  if (record.state == store::RequestState::approved) {
    const auto issued = d_.issuance.resume(record.id, actor);
    if (issued) return answer(issued->certificate);
    if (issued.error().code != Errc::conflict) return tl::unexpected(issued.error());
  }
  if (record.state == store::RequestState::issued) {
    CERTWRIGHT_TRY(const auto stored, d_.inventory.certificate(record.certificate));
    if (stored) return answer(stored->certificate);
  }
  if (record.state == store::RequestState::denied)
    return fail(Errc::not_permitted, "approval: the request was denied: " + record.reason);
  return waiting_answer(record, why);
}

}  // namespace certwright::gateway::certs
