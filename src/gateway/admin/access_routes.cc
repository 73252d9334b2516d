#include <algorithm>

#include "access/token.h"
#include "gateway/admin/routes.h"
#include "json/object_reader.h"
#include "profile/duration.h"
#include "x509/pem.h"

namespace certwright::gateway::admin {
namespace {

using access::Action;
using audit::EventType;
using web::Context;
using web::Guard;
using Fields = std::vector<std::pair<std::string_view, std::string>>;

// The audit record of a change, committed with it. The id is known only when the change is made.
access::Evidence evidence(Context& context, const Dependencies& d, EventType type, std::string_view id_field,
                          Fields fields) {
  return [&context, &d, type, id_field, fields = std::move(fields)](std::string_view id) {
    audit::Event event{.type = type, .actor = context.actor(), .fields = fields};
    if (!id_field.empty()) event.fields.insert(event.fields.begin(), {id_field, std::string(id)});
    return store::Transaction{d.journal.leaf(event)};
  };
}

// The same for what may be done only to a principal of these roles.
access::Evidence evidence_about(const access::Principal& judged, access::Evidence evidence) {
  return [required = access::require_roles(judged), evidence = std::move(evidence)](std::string_view id) {
    auto commands = evidence(id);
    commands.push_back(required);
    return commands;
  };
}

void write_tenant(json::Writer& w, const store::TenantRecord& tenant) {
  w.begin_object().member("id", tenant.id).member("name", tenant.name).member("disabled", tenant.disabled);
  w.member("created_at", to_rfc3339(tenant.created_at)).end_object();
}

void write_bindings(json::Writer& w, const std::vector<access::RoleBinding>& bindings) {
  w.key("roles").begin_array();
  for (const auto& binding : bindings)
    w.begin_object().member("role", access::name_of(binding.role)).member("tenant", binding.tenant)
        .member("ca", binding.ca).end_object();
  w.end_array();
}

std::string_view kind_of(const store::CredentialRecord& credential) {
  switch (credential.kind) {
    case store::CredentialKind::api_token: return "api_token";
    case store::CredentialKind::client_certificate: return "client_certificate";
    case store::CredentialKind::password: return credential.expires_at ? "one_time_password" : "password";
  }
  return "unknown";
}

void write_credential(json::Writer& w, const store::CredentialRecord& credential) {
  w.begin_object().member("id", credential.id);
  w.member("kind", kind_of(credential));
  w.member("lookup", credential.lookup).member("label", credential.label);
  w.member("created_at", to_rfc3339(credential.created_at));
  w.key("expires_at");
  if (credential.expires_at) w.value(to_rfc3339(*credential.expires_at)); else w.null();
  w.member("created_by", credential.created_by).member("revoked", credential.revoked).end_object();
}

Result<access::RoleBinding> read_binding(std::string_view role, std::string_view tenant, std::string_view ca) {
  const auto parsed = access::role_named(role);
  if (!parsed)
    return fail_field(Errc::invalid, "role",
                      "role: expected admin, issuer, approver, auditor or requester, got \"" + std::string(role) + "\"");
  return access::RoleBinding{.role = *parsed, .tenant = std::string(tenant), .ca = std::string(ca)};
}

Result<http::Response> show_self(Context& context, const Dependencies&) {
  const auto& self = context.principal();
  json::Writer w;
  w.begin_object().member("id", self.id).member("name", self.name).member("tenant", self.tenant);
  w.member("email", self.email);
  write_bindings(w, self.bindings);
  w.end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> list_tenants(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto tenants, d.access.list_tenants());
  json::Writer w;
  w.begin_object().key("tenants").begin_array();
  bool any = false;
  for (const auto& tenant : tenants) {
    if (!access::authorise(context.principal(), Action::access_read, {tenant.id, "", ""})) continue;
    write_tenant(w, tenant);
    any = true;
  }
  w.end_array().end_object();
  if (any) context.authorised_by_service();
  else CERTWRIGHT_CHECK(context.authorise(Action::access_read, {}, "tenants"));
  return json_response(200, std::move(w));
}

Result<http::Response> create_tenant(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  access::TenantToCreate tenant;
  CERTWRIGHT_TRY(tenant.id, reader.string("id", {.max_length = 63}));
  CERTWRIGHT_TRY(const auto name, reader.optional_string("name", {.max_length = 200}));
  tenant.name = name.value_or(tenant.id);
  CERTWRIGHT_CHECK(reader.finish());
  CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {tenant.id, "", ""}, tenant.id));
  CERTWRIGHT_TRY(const auto created,
                 d.access.create_tenant(tenant, evidence(context, d, EventType::tenant_created, "tenant",
                                                         {{"name", tenant.name}})));
  json::Writer w;
  write_tenant(w, created);
  return json_response(201, std::move(w));
}

Result<bool> read_disabled(Context& context) {
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  CERTWRIGHT_TRY(const bool disabled, reader.boolean("disabled"));
  CERTWRIGHT_CHECK(reader.finish());
  return disabled;
}

// Disabling a tenant disables all who are in it: only for one who could disable each of them.
Result<void> may_disable_everybody(Context& context, const Dependencies& d, std::string_view tenant) {
  CERTWRIGHT_TRY(const auto principals, d.access.list_principals(tenant));
  for (const auto& record : principals) {
    CERTWRIGHT_TRY(const auto principal, d.access.find_principal(record.id));
    CERTWRIGHT_CHECK(context.may_manage(principal));
  }
  return {};
}

Result<http::Response> change_tenant(Context& context, const Dependencies& d) {
  const std::string_view id = context.param("tenant");
  CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {std::string(id), "", ""}, id));
  CERTWRIGHT_TRY(const bool disabled, read_disabled(context));
  if (disabled) CERTWRIGHT_CHECK(may_disable_everybody(context, d, id));
  const auto type = disabled ? EventType::tenant_disabled : EventType::tenant_enabled;
  CERTWRIGHT_CHECK(d.access.set_tenant_disabled(id, disabled, evidence(context, d, type, "tenant", {})));
  d.authenticator.invalidate();
  return no_content();
}

Result<http::Response> list_principals(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto asked, context.query("tenant"));
  const std::string tenant = asked.value_or(context.principal().tenant);
  CERTWRIGHT_CHECK(context.authorise(Action::access_read, {tenant, "", ""}, tenant));
  CERTWRIGHT_TRY(const auto principals, d.access.list_principals(tenant));
  json::Writer w;
  w.begin_object().key("principals").begin_array();
  for (const auto& p : principals)
    w.begin_object().member("id", p.id).member("name", p.name).member("tenant", p.tenant)
        .member("email", p.email)
        .member("kind", p.kind == store::PrincipalKind::person ? "person" : "machine")
        .member("disabled", p.disabled).member("created_at", to_rfc3339(p.created_at)).end_object();
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> create_principal(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  access::PrincipalToCreate principal;
  CERTWRIGHT_TRY(principal.name, reader.string("name", {.max_length = 200}));
  CERTWRIGHT_TRY(const auto tenant, reader.optional_string("tenant", {.max_length = 63}));
  principal.tenant = tenant.value_or(context.principal().tenant);
  CERTWRIGHT_TRY(const auto email, reader.optional_string("email", {.max_length = 254}));
  principal.email = email.value_or("");
  CERTWRIGHT_TRY(const auto kind, reader.optional_string("kind"));
  if (kind && *kind != "person" && *kind != "machine")
    return fail_field(Errc::invalid, "kind", "kind: expected person or machine, got \"" + *kind + "\"");
  principal.kind = kind == "person" ? store::PrincipalKind::person : store::PrincipalKind::machine;
  CERTWRIGHT_TRY(auto roles, reader.optional_objects("roles", access::Directory::kMaxBindings));
  CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {principal.tenant, "", ""}, principal.tenant));
  if (roles) {
    for (auto& role : *roles) {
      CERTWRIGHT_TRY(const auto name, role.string("role"));
      CERTWRIGHT_TRY(const auto in, role.optional_string("tenant"));
      CERTWRIGHT_TRY(const auto ca, role.optional_string("ca"));
      CERTWRIGHT_CHECK(role.finish());
      CERTWRIGHT_TRY(const auto binding, read_binding(name, in.value_or(principal.tenant), ca.value_or("")));
      CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {binding.tenant, binding.ca, ""}, binding.tenant));
      principal.bindings.push_back(binding);
    }
  }
  CERTWRIGHT_CHECK(reader.finish());
  Fields fields{{"tenant", principal.tenant}, {"name", principal.name}, {"kind", kind.value_or("machine")}};
  CERTWRIGHT_TRY(const auto created,
                 d.access.create_principal(principal, evidence(context, d, EventType::principal_created,
                                                               "principal", std::move(fields))));
  json::Writer w;
  w.begin_object().member("id", created.id).member("name", created.name).member("tenant", created.tenant);
  write_bindings(w, principal.bindings);
  w.end_object();
  return json_response(201, std::move(w));
}

Result<http::Response> show_principal(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_read));
  CERTWRIGHT_TRY(const auto credentials, d.access.list_credentials(principal.id));
  json::Writer w;
  w.begin_object().member("id", principal.id).member("name", principal.name).member("tenant", principal.tenant);
  w.member("email", principal.email);
  write_bindings(w, principal.bindings);
  w.key("credentials").begin_array();
  for (const auto& credential : credentials) write_credential(w, credential);
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

struct PrincipalChange {  // one of them
  std::optional<bool> disabled;
  std::optional<std::string> email;
};

Result<PrincipalChange> read_principal_change(Context& context) {
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  PrincipalChange change;
  CERTWRIGHT_TRY(change.disabled, reader.optional_boolean("disabled"));
  CERTWRIGHT_TRY(change.email, reader.optional_string("email", {.max_length = 254}));
  CERTWRIGHT_CHECK(reader.finish());
  // Each is a record of its own in the audit log.
  if (change.disabled.has_value() == change.email.has_value())
    return fail_field(Errc::invalid, "disabled", "disabled, email: give one of the two at a time");
  return change;
}

// The address decides who is told of requests, and which CA is selected: it is for who manages the account.
Result<void> change_email(Context& context, const Dependencies& d, const access::Principal& principal,
                          const std::string& email) {
  return d.access.set_principal_email(
      {.principal = principal.id, .before = principal.email, .after = email},
      evidence_about(principal, evidence(context, d, EventType::principal_email_changed, "principal",
                                         {{"tenant", principal.tenant}, {"before", principal.email}, {"after", email}})));
}

Result<http::Response> change_principal(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  CERTWRIGHT_TRY(const auto change, read_principal_change(context));
  if (change.email) {
    CERTWRIGHT_CHECK(change_email(context, d, principal, *change.email));
  } else {
    const auto type = *change.disabled ? EventType::principal_disabled : EventType::principal_enabled;
    CERTWRIGHT_CHECK(d.access.set_principal_disabled(
        principal.id, *change.disabled, evidence(context, d, type, "principal", {{"tenant", principal.tenant}})));
  }
  d.authenticator.invalidate();
  return no_content();
}

Result<http::Response> create_token(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  access::TokenToCreate token{.principal = principal.id, .label = {}, .expires_at = {}, .created_by = context.principal().id};
  CERTWRIGHT_TRY(const auto label, reader.optional_string("label", {.max_length = 200}));
  token.label = label.value_or("");
  CERTWRIGHT_TRY(const auto ttl, reader.optional_string("ttl", {.max_length = 32}));
  CERTWRIGHT_CHECK(reader.finish());
  if (ttl) {
    const auto parsed = profile::parse_duration(*ttl);
    if (!parsed) return fail_field(Errc::invalid, "ttl", "ttl: " + parsed.error().detail);
    token.expires_at = d.clock.now() + *parsed;
  }
  Fields fields{{"principal", principal.id}, {"kind", "api_token"}, {"label", token.label}};
  if (token.expires_at) fields.emplace_back("expires_at", to_rfc3339(*token.expires_at));
  CERTWRIGHT_TRY(const auto created,
                 d.access.create_token(token, evidence_about(principal, evidence(context, d, EventType::credential_created,
                                                                                 "credential", std::move(fields)))));
  json::Writer w;
  w.begin_object().member("id", created.credential.id).member("principal", principal.id);
  w.member("token", as_text(created.text.reveal()));
  w.key("expires_at");
  if (token.expires_at) w.value(to_rfc3339(*token.expires_at)); else w.null();
  w.end_object();
  return secret_response(201, std::move(w));
}

Result<http::Response> add_client_certificate(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  CERTWRIGHT_TRY(const auto pem, reader.string("certificate", {.max_length = 32 * 1024}));
  CERTWRIGHT_TRY(const auto label, reader.optional_string("label", {.max_length = 200}));
  CERTWRIGHT_CHECK(reader.finish());
  CERTWRIGHT_TRY(const auto der, x509::parse_pem_one(pem, x509::kPemCertificate));
  CERTWRIGHT_TRY(const auto credential,
                 d.access.add_client_certificate(
                     principal.id, der, label.value_or(""),
                     evidence_about(principal, evidence(context, d, EventType::credential_created, "credential",
                                                        {{"principal", principal.id},
                                                         {"kind", "client_certificate"},
                                                         {"label", label.value_or("")}})),
                     context.principal().id));
  json::Writer w;
  write_credential(w, credential);
  return json_response(201, std::move(w));
}

Result<http::Response> revoke_credential(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  CERTWRIGHT_CHECK(d.access.revoke_credential(
      principal.id, context.param("credential"),
      evidence(context, d, EventType::credential_revoked, "credential", {{"principal", principal.id}})));
  d.authenticator.invalidate();
  return no_content();
}

Fields binding_fields(const access::Principal& principal, const access::RoleBinding& binding) {
  return {{"principal", principal.id}, {"role", std::string(access::name_of(binding.role))},
          {"tenant", binding.tenant}, {"ca", binding.ca}};
}

access::GrantEvidence evidence_of_grant(Context& context, const Dependencies& d, const access::Principal& principal,
                                        const access::RoleBinding& binding) {
  return {.granted = evidence(context, d, EventType::role_granted, "", binding_fields(principal, binding)),
          .credential_ended = evidence(context, d, EventType::credential_revoked, "credential",
                                       {{"principal", principal.id}, {"cause", "role_granted"}}),
          .email_cleared = [&context, &d, &principal](std::string_view address) {
            return evidence(context, d, EventType::principal_email_changed, "principal",
                            {{"tenant", principal.tenant}, {"before", std::string(address)}, {"after", ""},
                             {"cause", "role_granted"}})(principal.id);
          }};
}

Result<http::Response> grant_role(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  CERTWRIGHT_TRY(const auto role, reader.string("role"));
  CERTWRIGHT_TRY(const auto tenant, reader.optional_string("tenant", {.max_length = 63}));
  CERTWRIGHT_TRY(const auto ca, reader.optional_string("ca", {.max_length = 63}));
  CERTWRIGHT_CHECK(reader.finish());
  CERTWRIGHT_TRY(const auto binding, read_binding(role, tenant.value_or(principal.tenant), ca.value_or("")));
  CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {binding.tenant, binding.ca, ""}, principal.id));
  CERTWRIGHT_TRY(const auto granted, d.access.grant_role(principal.id, binding, evidence_of_grant(context, d, principal, binding)));
  d.authenticator.invalidate();
  if (granted.credentials_ended.empty() && granted.email_cleared.empty()) return no_content();
  json::Writer w;
  w.begin_object().key("credentials_revoked").begin_array();
  for (const auto& id : granted.credentials_ended) w.value(id);
  w.end_array();
  if (!granted.email_cleared.empty()) w.member("email_cleared", granted.email_cleared);
  w.end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> remove_role(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  CERTWRIGHT_TRY(const auto role, context.query("role"));
  CERTWRIGHT_TRY(const auto tenant, context.query("tenant"));
  CERTWRIGHT_TRY(const auto ca, context.query("ca"));
  CERTWRIGHT_TRY(const auto binding,
                 read_binding(role.value_or(""), tenant.value_or(principal.tenant), ca.value_or("")));
  CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {binding.tenant, binding.ca, ""}, principal.id));
  CERTWRIGHT_CHECK(d.access.remove_role(
      principal.id, binding, evidence(context, d, EventType::role_removed, "", binding_fields(principal, binding))));
  d.authenticator.invalidate();
  return no_content();
}

}  // namespace

Result<access::Principal> find_principal(Context& context, const Dependencies& d, Action action) {
  const std::string_view id = context.param("principal");
  const auto principal = d.access.find_principal(id);
  if (!principal) {
    if (principal.error().code == Errc::not_found) return context.unknown(action, id);
    return tl::unexpected(principal.error());
  }
  CERTWRIGHT_CHECK(context.authorise(action, {principal->tenant, "", principal->id}, id));
  if (action == Action::access_manage) CERTWRIGHT_CHECK(context.may_manage(*principal));
  return *principal;
}

std::vector<web::Route> access_routes(const Dependencies& d) {
  const auto with = handlers_with(d);
  const auto read = Guard::needs(Action::access_read);
  const auto manage = Guard::needs(Action::access_manage);
  return {
      route("GET", "/api/v1/self", Guard::principal(), "showSelf", with(show_self)),
      route("GET", "/api/v1/tenants", read, "listTenants", with(list_tenants)),
      route("POST", "/api/v1/tenants", manage, "createTenant", with(create_tenant)),
      route("PATCH", "/api/v1/tenants/{tenant}", manage, "changeTenant", with(change_tenant)),
      route("GET", "/api/v1/principals", read, "listPrincipals", with(list_principals)),
      route("POST", "/api/v1/principals", manage, "createPrincipal", with(create_principal)),
      route("GET", "/api/v1/principals/{principal}", read, "showPrincipal", with(show_principal)),
      route("PATCH", "/api/v1/principals/{principal}", manage, "changePrincipal", with(change_principal)),
      route("POST", "/api/v1/principals/{principal}/tokens", manage, "createToken", with(create_token)),
      route("POST", "/api/v1/principals/{principal}/client-certificates", manage, "addClientCertificate",
            with(add_client_certificate)),
      route("DELETE", "/api/v1/principals/{principal}/credentials/{credential}", manage, "revokeCredential",
            with(revoke_credential)),
      route("POST", "/api/v1/principals/{principal}/roles", manage, "grantRole", with(grant_role)),
      route("DELETE", "/api/v1/principals/{principal}/roles", manage, "removeRole", with(remove_role)),
  };
}

}  // namespace certwright::gateway::admin
