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
  const auto& headers = context.request.headers;
  if (headers.count(kIdempotencyKey) > 1)
    return fail_field(Errc::bad_encoding, "idempotency_key", "Idempotency-Key is given twice");
  request.idempotency_key = std::string(headers.get(kIdempotencyKey));
  if (request.idempotency_key.size() > kMaxIdempotencyKeyOctets)
    return fail_field(Errc::invalid, "idempotency_key",
                      "Idempotency-Key may have at most 255 characters");
  return request;
}

}  // namespace

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
  CERTWRIGHT_TRY(const auto issued, d_.issuance.issue(std::move(request)));
  return json_answer(201, serial_number_json(issued.certificate.serial));
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
  CERTWRIGHT_TRY(const auto issued, d_.issuance.issue(std::move(request)));
  return json_answer(200, csr_answer_json(issued.certificate));
}

}  // namespace certwright::gateway::certs
