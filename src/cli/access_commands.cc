#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/session.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct AccessOptions {
  std::string id, name, tenant, email, kind = "machine", role, ca, label, ttl, out, credential;
};
using Options = std::shared_ptr<AccessOptions>;

Result<void> print_rows(Session& session, const std::string& path, std::string_view member,
                        const std::vector<std::string>& columns) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path));
  if (session.json()) return print_json(answer), Result<void>();
  std::vector<std::string> headings = columns;
  for (auto& heading : headings)
    for (char& c : heading) c = c == '_' ? ' ' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  Table table(headings);
  if (const auto* rows = answer.find(member); rows != nullptr && rows->if_array() != nullptr)
    for (const auto& row : *rows->if_array()) {
      std::vector<std::string> cells;
      for (const auto& column : columns) cells.push_back(text_of(row, column));
      table.add(std::move(cells));
    }
  table.print();
  return {};
}

Result<void> set_disabled(Session& session, const std::string& path, bool disabled) {
  CERTWRIGHT_CHECK(session.call("PATCH", path, disabled ? R"({"disabled":true})" : R"({"disabled":false})"));
  if (!session.json()) fmt::print("{}.\n", disabled ? "Disabled" : "Enabled");
  return {};
}

Result<void> create_tenant(Session& session, const AccessOptions& o) {
  json::Writer w;
  w.begin_object().member("id", o.id);
  if (!o.name.empty()) w.member("name", o.name);
  w.end_object();
  CERTWRIGHT_TRY(const auto tenant, session.call_json("POST", "/api/v1/tenants", w.text()));
  if (session.json()) print_json(tenant);
  else print_members(tenant);
  return {};
}

Result<void> create_user(Session& session, const AccessOptions& o) {
  json::Writer w;
  w.begin_object().member("name", o.name).member("kind", o.kind);
  if (!o.tenant.empty()) w.member("tenant", o.tenant);
  if (!o.email.empty()) w.member("email", o.email);
  if (!o.role.empty()) {
    w.key("roles").begin_array().begin_object().member("role", o.role);
    if (!o.ca.empty()) w.member("ca", o.ca);
    w.end_object().end_array();
  }
  w.end_object();
  CERTWRIGHT_TRY(const auto user, session.call_json("POST", "/api/v1/principals", w.text()));
  if (session.json()) print_json(user);
  else fmt::print("Created {} ({}). Give it a token: certwright token create {}\n", text_of(user, "id"),
                  printable(text_of(user, "name")), text_of(user, "id"));
  return {};
}

Result<void> show_user(Session& session, const AccessOptions& o) {
  CERTWRIGHT_TRY(const auto user, session.call_json("GET", "/api/v1/principals/" + o.id));
  if (session.json()) print_json(user);
  else print_members(user);
  return {};
}

Result<void> create_token(Session& session, const AccessOptions& o) {
  json::Writer w;
  w.begin_object().member("label", o.label);
  if (!o.ttl.empty()) w.member("ttl", o.ttl);
  w.end_object();
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", "/api/v1/principals/" + o.id + "/tokens", w.text()));
  const std::string token = text_of(answer, "token");
  if (!o.out.empty()) {
    CERTWRIGHT_CHECK(write_output(o.out, token + "\n", true));
    fmt::print("Token {} written to {} (mode 0600)\n", text_of(answer, "id"), o.out);
    return {};
  }
  if (session.json()) print_json(answer);
  else fmt::print("{}\n", token);
  return {};
}

Result<void> grant_role(Session& session, const AccessOptions& o) {
  json::Writer w;
  w.begin_object().member("role", o.role);
  if (!o.tenant.empty()) w.member("tenant", o.tenant);
  if (!o.ca.empty()) w.member("ca", o.ca);
  w.end_object();
  CERTWRIGHT_CHECK(session.call("POST", "/api/v1/principals/" + o.id + "/roles", w.text()));
  if (!session.json()) fmt::print("Granted.\n");
  return {};
}

Result<void> remove_role(Session& session, const AccessOptions& o) {
  std::string path = "/api/v1/principals/" + o.id + "/roles?role=" + o.role;
  if (!o.tenant.empty()) path += "&tenant=" + (o.tenant == "*" ? std::string("%2A") : o.tenant);
  if (!o.ca.empty()) path += "&ca=" + o.ca;
  CERTWRIGHT_CHECK(session.call("DELETE", path));
  if (!session.json()) fmt::print("Removed.\n");
  return {};
}

void add_tenant_commands(CLI::App& app, Registry& registry, const Options& o) {
  auto* tenant = app.add_subcommand("tenant", "Tenants");
  tenant->require_subcommand(1);
  add_command(*tenant, registry, "list", "All tenants", [](Session& s) {
    return print_rows(s, "/api/v1/tenants", "tenants", {"id", "name", "disabled", "created_at"});
  });
  auto* create = add_command(*tenant, registry, "create", "A new tenant", [o](Session& s) { return create_tenant(s, *o); });
  create->add_option("id", o->id, "lower-case letters, digits, '-'")->required();
  create->add_option("--name", o->name, "for people");
  for (const bool disabled : {true, false})
    add_command(*tenant, registry, disabled ? "disable" : "enable",
                disabled ? "Nobody of it can sign in" : "Undo disable",
                [o, disabled](Session& s) { return set_disabled(s, "/api/v1/tenants/" + o->id, disabled); })
        ->add_option("id", o->id)->required();
}

void add_user_commands(CLI::App& app, Registry& registry, const Options& o) {
  auto* user = app.add_subcommand("user", "Principals: people and machines");
  user->require_subcommand(1);
  add_command(*user, registry, "list", "Principals of a tenant", [o](Session& s) {
    return print_rows(s, "/api/v1/principals" + (o->tenant.empty() ? "" : "?tenant=" + o->tenant), "principals",
                      {"id", "name", "kind", "email", "disabled", "created_at"});
  })->add_option("--tenant", o->tenant, "default: your own");
  auto* create = add_command(*user, registry, "create", "A new principal", [o](Session& s) { return create_user(s, *o); });
  create->add_option("name", o->name)->required();
  create->add_option("--tenant", o->tenant, "default: your own");
  create->add_option("--email", o->email);
  create->add_option("--kind", o->kind, "person or machine")->capture_default_str();
  create->add_option("--role", o->role, "admin, issuer, approver, auditor or requester");
  create->add_option("--ca-scope", o->ca, "only for this CA");
  add_command(*user, registry, "show", "Roles and credentials of one", [o](Session& s) { return show_user(s, *o); })
      ->add_option("id", o->id)->required();
  for (const bool disabled : {true, false})
    add_command(*user, registry, disabled ? "disable" : "enable",
                disabled ? "Its credentials stop working" : "Undo disable",
                [o, disabled](Session& s) { return set_disabled(s, "/api/v1/principals/" + o->id, disabled); })
        ->add_option("id", o->id)->required();
}

void add_token_commands(CLI::App& app, Registry& registry, const Options& o) {
  auto* token = app.add_subcommand("token", "API tokens");
  token->require_subcommand(1);
  auto* create = add_command(*token, registry, "create", "A new token, shown once", [o](Session& s) { return create_token(s, *o); });
  create->add_option("principal", o->id)->required();
  create->add_option("--label", o->label, "what it is for");
  create->add_option("--ttl", o->ttl, "e.g. 720h; default: until revoked");
  create->add_option("--out", o->out, "write it to this file (mode 0600) instead of showing it");
  add_command(*token, registry, "list", "Credentials of a principal", [o](Session& s) {
    return print_rows(s, "/api/v1/principals/" + o->id, "credentials",
                      {"id", "kind", "lookup", "label", "created_at", "expires_at", "revoked"});
  })->add_option("principal", o->id)->required();
  auto* revoke = add_command(*token, registry, "revoke", "End a credential", [o](Session& s) -> Result<void> {
    CERTWRIGHT_CHECK(s.call("DELETE", "/api/v1/principals/" + o->id + "/credentials/" + o->credential));
    if (!s.json()) fmt::print("Revoked.\n");
    return {};
  });
  revoke->add_option("principal", o->id)->required();
  revoke->add_option("credential", o->credential)->required();
}

void add_role_commands(CLI::App& app, Registry& registry, const Options& o) {
  auto* role = app.add_subcommand("role", "Roles of principals");
  role->require_subcommand(1);
  using Run = Result<void> (*)(Session&, const AccessOptions&);
  const std::tuple<const char*, const char*, Run> commands[] = {{"grant", "Give a role", grant_role},
                                                                {"remove", "Take a role away", remove_role}};
  for (const auto& [name, help, run] : commands) {
    auto* sub = add_command(*role, registry, name, help, [o, run = run](Session& s) { return run(s, *o); });
    sub->add_option("principal", o->id)->required();
    sub->add_option("role", o->role, "admin, issuer, approver, auditor, requester")->required();
    sub->add_option("--tenant", o->tenant, "default: the principal's; \"*\": all");
    sub->add_option("--ca-scope", o->ca, "only for this CA");
  }
}

}  // namespace

void add_access_commands(CLI::App& app, Registry& registry) {
  const auto o = std::make_shared<AccessOptions>();
  add_tenant_commands(app, registry, o);
  add_user_commands(app, registry, o);
  add_token_commands(app, registry, o);
  add_role_commands(app, registry, o);
}

}  // namespace certwright::cli
