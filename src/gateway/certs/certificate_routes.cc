#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/certs/door.h"
#include "gateway/certs/request_body.h"
#include "gateway/certs/response_body.h"
#include "json/object_reader.h"
#include "x509/pem.h"

namespace certwright::gateway::certs {
namespace {

constexpr std::uint32_t kDefaultLimit = 10;
constexpr std::string_view kEveryTenant = "*";
constexpr json::Limits kSmallLimits{.size_octets = 8 * 1024, .depth = 2, .values = 32};

Result<store::CertificateState> read_state(const std::optional<std::string>& text) {
  if (!text || *text == "any") return store::CertificateState::any;
  if (*text == "valid") return store::CertificateState::valid;
  if (*text == "revoked") return store::CertificateState::revoked;
  if (*text == "expired") return store::CertificateState::expired;
  return fail_field(Errc::bad_encoding, "state", "state: one of any, valid, revoked, expired");
}

Result<store::LineageFilter> read_filter(const web::Context& context) {
  store::LineageFilter filter;
  CERTWRIGHT_TRY(const auto tenant, context.query("tenant"));
  const std::string chosen = tenant.value_or(context.principal().tenant);
  if (chosen != kEveryTenant) filter.tenants.push_back(chosen);
  for (const auto& [parameter, member] : {std::pair{"entity_id", &store::LineageFilter::entity_id},
                                          {"entity_type", &store::LineageFilter::entity_type},
                                          {"name", &store::LineageFilter::name},
                                          {"ca", &store::LineageFilter::ca}}) {
    CERTWRIGHT_TRY(auto text, context.query(parameter));
    if (text) filter.*member = *std::move(text);
  }
  CERTWRIGHT_TRY(const auto state, context.query("state"));
  CERTWRIGHT_TRY(filter.state, read_state(state));
  for (const auto& [parameter, member] :
       {std::pair{"expires_before", &store::LineageFilter::expires_before},
        {"expires_after", &store::LineageFilter::expires_after}}) {
    CERTWRIGHT_TRY(const auto text, context.query(parameter));
    if (!text) continue;
    CERTWRIGHT_TRY(filter.*member, read_time(parameter, *text));
  }
  return filter;
}

Result<inventory::ListPage> read_page(const web::Context& context) {
  inventory::ListPage page;
  CERTWRIGHT_TRY(const auto limit, context.query_number("limit", store::Page::kMaxLimit));
  if (limit && *limit == 0)
    return fail_field(Errc::bad_encoding, "limit", "query parameter limit must be at least 1");
  page.limit = static_cast<std::uint32_t>(limit.value_or(kDefaultLimit));
  CERTWRIGHT_TRY(const auto offset, context.query_number("offset", UINT64_MAX));
  page.offset = offset.value_or(0);
  if (page.offset > store::Page::kMaxOffset)
    return fail_field(
        Errc::bad_encoding, "offset",
        fmt::format("query parameter offset must be at most {}; to read further, pass "
                    "next_cursor of the last page as cursor",
                    store::Page::kMaxOffset));
  CERTWRIGHT_TRY(page.cursor, context.query("cursor"));
  if (page.cursor && page.offset != 0)
    return fail_field(Errc::bad_encoding, "cursor", "cursor and offset exclude each other");
  CERTWRIGHT_TRY(const auto order, context.query("order"));
  if (order && *order != "oldest" && *order != "newest")
    return fail_field(Errc::bad_encoding, "order", "order: oldest or newest");
  page.newest_first = order && *order == "newest";
  return page;
}

// Renewing and revoking take no body; what a client may send is optional.
Result<json::Value> optional_body(const web::Context& context) {
  if (context.request.body.empty()) return json::Value(json::Object{});
  return context.json_body(kSmallLimits);
}

Result<std::optional<Seconds>> read_renewal_body(const json::Value& document) {
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  CERTWRIGHT_TRY(const auto ttl, reader.optional_string("ttl", {.max_length = 64}));
  CERTWRIGHT_CHECK(reader.finish());
  if (!ttl) return std::optional<Seconds>();
  CERTWRIGHT_TRY(const auto validity, read_ttl(*ttl));
  return std::optional(validity);
}

}  // namespace

Door::Answer Door::list(web::Context& context) {
  CERTWRIGHT_TRY(auto filter, read_filter(context));
  CERTWRIGHT_TRY(const auto page, read_page(context));
  const std::string tenant = filter.tenants.empty() ? std::string() : filter.tenants.front();
  CERTWRIGHT_CHECK(
      context.authorise(access::Action::certificate_list, {tenant, filter.ca, {}}, tenant));
  const std::string entity_id = filter.entity_id;
  auto listing = d_.inventory.list(std::move(filter), page, context.readable_scope());
  if (!listing) {
    Error error = std::move(listing).error();
    if (error.code == Errc::invalid) error.code = Errc::bad_encoding;  // all of it is query text
    return tl::unexpected(std::move(error));
  }
  return json_answer(200, list_json({*listing, page.offset, page.limit, entity_id}));
}

Door::Answer Door::show(web::Context& context) {
  CERTWRIGHT_TRY(const auto lineage, lineage_for(context, access::Action::certificate_read));
  CERTWRIGHT_TRY(const auto exact, context.query("exact"));
  if (exact && *exact != "true" && *exact != "false")
    return fail_field(Errc::bad_encoding, "exact", "exact: true or false");
  const store::StoredCertificate* shown = &lineage.current();
  if (exact && *exact == "true") {
    CERTWRIGHT_TRY(const auto serial, x509::SerialNumber::from_text(context.param("serial")));
    for (const auto& member : lineage.certificates)
      if (member.certificate.serial == serial) shown = &member;
  }
  return json_answer(200, detail_json(lineage, *shown));
}

Door::Answer Door::show_chain(web::Context& context) {
  CERTWRIGHT_TRY(const auto lineage, lineage_for(context, access::Action::certificate_read));
  const store::CertificateRecord& newest = lineage.current().certificate;
  if (newest.der.empty()) return fail(Errc::gone, "only a digest of this certificate is kept");
  const auto ca = d_.cas.find(newest.ca);
  if (ca == nullptr) return fail(Errc::unavailable, "the certificate's CA is not loaded");
  return http::respond(200, "application/pem-certificate-chain",
                       x509::to_pem(x509::kPemCertificate, newest.der) + ca->chain_pem());
}

Door::Answer Door::renew(web::Context& context) {
  CERTWRIGHT_TRY(auto lineage, lineage_for(context, access::Action::certificate_renew));
  CERTWRIGHT_TRY(const auto document, optional_body(context));
  CERTWRIGHT_TRY(const auto validity, read_renewal_body(document));
  auto request = registration::renewal_request(context.principal(), context.actor(),
                                               std::move(lineage.certificates.back()), validity);
  CERTWRIGHT_TRY(request.idempotency_key, idempotency_key_of(context));
  return issue_or_wait(std::move(request), [](const store::CertificateRecord&) { return empty_answer(); });
}

Door::Answer Door::revoke(web::Context& context) {
  CERTWRIGHT_TRY(const auto lineage, lineage_for(context, access::Action::certificate_revoke));
  CERTWRIGHT_TRY(const auto document, optional_body(context));
  CERTWRIGHT_TRY(const auto reason, read_revocation_body(document));
  auto revoked =
      d_.revocation.revoke(lineage.handle().certificate.lineage, reason, context.actor());
  if (!revoked && revoked.error().code == Errc::conflict) {
    // A client that asks again, not having heard the answer, has what it wanted; nothing moves.
    const auto& before = lineage.current().revocation;
    if (before && (before->reason == reason || reason == x509::RevocationReason::unspecified))
      return empty_answer();
  }
  if (!revoked) return tl::unexpected(std::move(revoked).error());
  return empty_answer();
}

Door::Answer Door::release(web::Context& context) {
  CERTWRIGHT_TRY(const auto lineage, lineage_for(context, access::Action::certificate_revoke));
  CERTWRIGHT_CHECK(d_.revocation.release(lineage.handle().certificate.lineage, context.actor()));
  return empty_answer();
}

Door::Answer Door::revoke_entity(web::Context& context) {
  CERTWRIGHT_TRY(const auto given, context.query("tenant"));
  const std::string tenant = given.value_or(context.principal().tenant);
  const std::string_view entity_id = context.param("entityID");
  // All of the entity's certificates, whoever asked for them and whichever CA signed them.
  CERTWRIGHT_CHECK(
      context.authorise(access::Action::certificate_revoke, {tenant, {}, {}}, entity_id));
  CERTWRIGHT_TRY(const auto document, optional_body(context));
  CERTWRIGHT_TRY(const auto reason, read_revocation_body(document));
  CERTWRIGHT_TRY(const auto progress,
                 d_.revocation.revoke_entity({tenant}, entity_id, reason, context.actor(), {}));
  return json_answer(200, bulk_json(progress));
}

}  // namespace certwright::gateway::certs
