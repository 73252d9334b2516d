#include "gateway/admin/ca_body.h"
#include "gateway/admin/routes.h"
#include "x509/pem.h"

namespace certwright::gateway::admin {
namespace {

using access::Action;
using web::Context;
using web::Guard;

constexpr std::size_t kMaxCrlOctets = 8 * 1024 * 1024;
constexpr std::size_t kMaxImportOctets = 1024 * 1024;

Result<ca::CaPtr> find_ca(Context& context, const Dependencies& d, Action action) {
  const std::string_view id = context.param("ca");
  const auto ca = d.cas.find(id);
  if (ca == nullptr) return context.unknown(action, id);
  CERTWRIGHT_CHECK(context.authorise(action, {"", ca->id(), ""}, ca->id()));
  return ca;
}

// Policies that are older than the check of their rules have some that no request meets.
std::string approval_problem(const ca::CertificationAuthority& ca, const Dependencies& d) {
  if (ca.record().state == store::CaState::retired) return {};
  const auto checked = d.authority.check_approval_rules(ca.policy());
  return !checked && checked.error().code == Errc::invalid ? checked.error().detail : std::string();
}

http::Response show(int status, const ca::CertificationAuthority& ca, const Dependencies& d) {
  json::Writer w;
  write_ca(w, ca, d.clock.now(), approval_problem(ca, d));
  return json_response(status, std::move(w));
}

http::Response show_request(int status, std::string_view id, std::string_view pem) {
  json::Writer w;
  w.begin_object().member("id", id).member("certification_request", pem).end_object();
  return json_response(status, std::move(w));
}

Result<http::Response> list_cas(Context& context, const Dependencies& d) {
  json::Writer w;
  w.begin_object().key("cas").begin_array();
  bool any = false;
  for (const auto& ca : d.cas.all()) {
    if (!access::authorise(context.principal(), Action::ca_read, {"", ca->id(), ""})) continue;
    write_ca(w, *ca, d.clock.now(), approval_problem(*ca, d));
    any = true;
  }
  w.end_array().end_object();
  if (!any) CERTWRIGHT_CHECK(context.authorise(Action::ca_read, {}, "cas"));
  return json_response(200, std::move(w));
}

Result<http::Response> create_ca(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(const auto read, read_new_ca(body));
  // A new root, or a CA that waits for a foreign parent, belongs to the whole installation.
  CERTWRIGHT_CHECK(context.authorise(Action::ca_manage, {"", read.parent, ""}, read.ca.id));
  if (read.kind == NewCaKind::request) {
    CERTWRIGHT_TRY(const auto pem, d.authority.create_request(read.ca, context.actor()));
    return show_request(201, read.ca.id, pem);
  }
  CERTWRIGHT_TRY(const auto ca,
                 read.kind == NewCaKind::root
                     ? d.authority.create_root(read.ca, context.actor())
                     : d.authority.create_subordinate(read.ca, read.parent, context.principal(), context.actor()));
  return show(201, *ca, d);
}

Result<http::Response> import_ca(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::ca_manage, {}, "import"));
  CERTWRIGHT_TRY(const auto body, context.json_body({.size_octets = kMaxImportOctets}));
  CERTWRIGHT_TRY(auto imported, read_imported_ca(body));
  wipe(context.request.body);
  CERTWRIGHT_TRY(const auto ca, d.authority.import(std::move(imported), context.actor()));
  return show(201, *ca, d);
}

// A CA that waits for its certificate is not in the directory: only its administrators know of it.
Result<http::Response> export_request(Context& context, const Dependencies& d) {
  const std::string_view id = context.param("ca");
  CERTWRIGHT_CHECK(context.authorise(Action::ca_manage, {"", std::string(id), ""}, id));
  CERTWRIGHT_TRY(const auto pem, d.authority.export_request(id, context.actor()));
  return show_request(200, id, pem);
}

Result<http::Response> install_certificate(Context& context, const Dependencies& d) {
  const std::string_view id = context.param("ca");
  CERTWRIGHT_CHECK(context.authorise(Action::ca_manage, {"", std::string(id), ""}, id));
  CERTWRIGHT_TRY(const auto body, context.json_body({.size_octets = kMaxImportOctets}));
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  CERTWRIGHT_TRY(const auto pem, reader.string("certificate", {.max_length = kMaxImportOctets}));
  CERTWRIGHT_CHECK(reader.finish());
  CERTWRIGHT_TRY(const auto chain, read_pem_chain(pem, "certificate"));
  CERTWRIGHT_TRY(const auto ca, d.authority.install(id, chain.certificate, chain.issuers, context.actor()));
  return show(200, *ca, d);
}

Result<http::Response> change_policy(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto ca, find_ca(context, d, Action::ca_manage));
  const auto change = [&](const ca::CaPolicy& present) {
    return ca::change_ca_policy(present, context.request.body_text());
  };
  CERTWRIGHT_TRY(const auto changed, d.authority.change_policy(ca->id(), change, context.actor()));
  return show(200, *changed, d);
}

Result<http::Response> replace_policy(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto ca, find_ca(context, d, Action::ca_manage));
  CERTWRIGHT_TRY(const auto policy, ca::parse_whole_ca_policy(context.request.body_text()));
  CERTWRIGHT_TRY(const auto changed, d.authority.change_policy(ca->id(), policy, context.actor()));
  return show(200, *changed, d);
}

Result<http::Response> retire(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto ca, find_ca(context, d, Action::ca_manage));
  CERTWRIGHT_TRY(const auto retired, d.authority.retire(ca->id(), context.actor()));
  return show(200, *retired, d);
}

Result<http::Response> rotate(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto ca, find_ca(context, d, Action::ca_manage));
  const auto rotated = d.authority.rotate(ca->id(), context.principal(), context.actor());
  d.authenticator.invalidate();  // also where it failed half way: roles at the successor
  if (!rotated) return tl::unexpected(rotated.error());
  json::Writer w;
  write_rotated(w, *rotated, d.clock.now());
  return json_response(201, std::move(w));
}

Result<http::Response> rebuild_crl(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto ca, find_ca(context, d, Action::ca_manage));
  json::Writer w;
  w.begin_object().key("crls").begin_array();
  for (std::uint32_t shard = 0; shard < ca->policy().crl_shards; ++shard) {
    CERTWRIGHT_TRY(const auto crl, d.crls.rebuild(ca->id(), shard));
    w.begin_object().member("shard", shard).member("number", crl->number).member("entries", crl->entries);
    w.member("next_update", to_rfc3339(crl->next_update)).end_object();
  }
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> import_crl(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto ca, find_ca(context, d, Action::crl_import));
  Bytes der = std::move(context.request.body);
  if (as_text(der).find("-----BEGIN") != std::string_view::npos) {
    CERTWRIGHT_TRY(der, x509::parse_pem_one(as_text(der), x509::kPemCrl, kMaxCrlOctets));
  }
  CERTWRIGHT_CHECK(d.crls.import_crl(ca->id(), der, context.actor()));
  return no_content();
}

}  // namespace

std::vector<web::Route> ca_routes(const Dependencies& d) {
  const auto with = handlers_with(d);
  return {
      route("GET", "/api/v1/cas", Guard::needs(Action::ca_read), "listCas",
            [d](Context& context) -> Result<http::Response> {
              auto response = list_cas(context, d);
              if (response) context.authorised_by_service();  // each CA was asked for
              return response;
            }),
      route("POST", "/api/v1/cas", Guard::needs(Action::ca_manage), "createCa", with(create_ca)),
      route("POST", "/api/v1/cas/import", Guard::needs(Action::ca_manage), "importCa", with(import_ca), kMaxImportOctets),
      route("GET", "/api/v1/cas/{ca}", Guard::needs(Action::ca_read), "showCa",
            [d](Context& context) -> Result<http::Response> {
              CERTWRIGHT_TRY(const auto ca, find_ca(context, d, Action::ca_read));
              return show(200, *ca, d);
            }),
      route("GET", "/api/v1/cas/{ca}/request", Guard::needs(Action::ca_manage), "exportCaRequest", with(export_request)),
      route("PUT", "/api/v1/cas/{ca}/certificate", Guard::needs(Action::ca_manage), "installCaCertificate",
            with(install_certificate), kMaxImportOctets),
      route("PUT", "/api/v1/cas/{ca}/policy", Guard::needs(Action::ca_manage), "replaceCaPolicy", with(replace_policy)),
      route("PATCH", "/api/v1/cas/{ca}/policy", Guard::needs(Action::ca_manage), "changeCaPolicy", with(change_policy)),
      route("POST", "/api/v1/cas/{ca}/retire", Guard::needs(Action::ca_manage), "retireCa", with(retire)),
      route("POST", "/api/v1/cas/{ca}/rotate", Guard::needs(Action::ca_manage), "rotateCa", with(rotate)),
      route("POST", "/api/v1/cas/{ca}/crl", Guard::needs(Action::ca_manage), "rebuildCrl", with(rebuild_crl)),
      route("PUT", "/api/v1/cas/{ca}/crl", Guard::needs(Action::crl_import), "importCrl", with(import_crl), kMaxCrlOctets),
  };
}

}  // namespace certwright::gateway::admin
