#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/session.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct AccessOptions {
  std::string id, name, tenant, email, kind = "machine", role, ca, label, ttl, out, credential,
                                       file;
  bool clear = false;
};
auto known_role() { return CLI::IsMember({"admin", "issuer", "approver", "auditor", "requester"}); }
using Options = std::shared_ptr<AccessOptions>;

Result<void> print_rows(Session& session, const std::string& path, std::string_view member,
                        const std::vector<std::string>& columns) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path));
  if (session.json()) return print_json(answer), Result<void>();
  std::vector<std::string> headings = columns;
  for (auto& heading : headings)
    for (char& c : heading)
      c = c == '_' ? ' ' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  Table table(headings);
  for (const auto& row : rows_of(answer, member)) {
    std::vector<std::string> cells;
    for (const auto& column : columns)
      cells.push_back(column.ends_with("_at") ? time_of(row, column) : text_of(row, column));
    table.add(std::move(cells));
  }
  table.print();
  return {};
}

Result<void> set_disabled(Session& session, const char* collection, const std::string& id,
                          bool disabled) {
  CERTWRIGHT_CHECK(session.call("PATCH",
                                std::string("/api/v1/") + collection + "/" + url_encode(id),
                                disabled ? R"({"disabled":true})" : R"({"disabled":false})"));
  session.report(json::Object{{"id", id}, {"disabled", disabled}},
                 (disabled ? "Disabled " : "Enabled ") + id);
  return {};
}

Result<void> set_email(Session& session, const AccessOptions& o) {
  if (o.email.empty() != o.clear) return fail_field(Errc::invalid, "email", "give an address, or --clear");
  json::Writer w;
  w.begin_object().member("email", o.email).end_object();
  CERTWRIGHT_CHECK(session.call("PATCH", "/api/v1/principals/" + url_encode(o.id), w.text()));
  session.report(json::Object{{"id", o.id}, {"email", o.email}},
                 o.clear ? fmt::format("{} has no e-mail address any more", printable(o.id))
                         : fmt::format("The e-mail address of {} is {}. The sign-in name of who has a password stays what it is: to change that, certwright "
                                       "user reset-password {} --sign-in-name NAME",
                                       printable(o.id), printable(o.email), printable(o.id)));
  return {};
}

Result<void> create_tenant(Session& session, const AccessOptions& o) {
  json::Writer w;
  w.begin_object().member("id", o.id);
  if (!o.name.empty()) w.member("name", o.name);
  w.end_object();
  CERTWRIGHT_TRY(const auto tenant, session.call_json("POST", "/api/v1/tenants", w.text()));
  if (session.json())
    print_json(tenant);
  else
    fmt::print("Created {}. Put somebody into it: certwright user create NAME --tenant {}\n",
               text_of(tenant, "id"), text_of(tenant, "id"));
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
  if (session.json())
    print_json(user);
  else
    fmt::print("Created {} ({}). {}: certwright {} {}\n", text_of(user, "id"), printable(text_of(user, "name")),
               o.kind == "person" ? "For a password" : "Give it a token",
               o.kind == "person" ? "user reset-password" : "token create", text_of(user, "id"));
  return {};
}

Result<json::Value> user_of(Session& session, const std::string& id) {
  return session.call_json(
      "GET", id.empty() ? std::string("/api/v1/self") : "/api/v1/principals/" + url_encode(id));
}

std::string roles_text(const json::Value& user) {
  Table table({"ROLE", "TENANT", "CA"});
  for (const auto& role : rows_of(user, "roles"))
    table.add({text_of(role, "role"), text_of(role, "tenant"), text_of(role, "ca")});
  return table.text();
}

std::string credentials_text(const json::Value& user) {
  Table table({"CREDENTIAL", "KIND", "LOOKUP", "LABEL", "CREATED", "MADE BY", "EXPIRES", "REVOKED"});
  for (const auto& row : rows_of(user, "credentials"))
    table.add({text_of(row, "id"), text_of(row, "kind"), text_of(row, "lookup"),
               text_of(row, "label"), time_of(row, "created_at"), text_of(row, "created_by"),
               time_of(row, "expires_at"), text_of(row, "revoked")});
  return table.text();
}

Result<void> show_user(Session& session, const AccessOptions& o) {
  CERTWRIGHT_TRY(const auto user, user_of(session, o.id));
  if (session.json()) return print_json(user), Result<void>();
  json::Value plain;
  for (const char* member : {"id", "name", "tenant", "email"})
    plain.set(member, text_of(user, member));
  print_members(plain);
  fmt::print("\n{}", roles_text(user));
  if (user.find("credentials") != nullptr) fmt::print("\n{}", credentials_text(user));
  return {};
}

Result<void> add_certificate(Session& session, const AccessOptions& o) {
  CERTWRIGHT_TRY(const auto pem, read_text_file(o.file, 32 * 1024));
  json::Writer w;
  w.begin_object().member("certificate", pem).member("label", o.label).end_object();
  CERTWRIGHT_TRY(
      const auto credential,
      session.call_json("POST", "/api/v1/principals/" + url_encode(o.id) + "/client-certificates",
                        w.text()));
  session.report(credential, fmt::format("Added {}: whoever has the certificate's key can sign in "
                                         "with --client-cert and --client-key",
                                         text_of(credential, "id")));
  return {};
}

Result<void> create_token(Session& session, const AccessOptions& o) {
  std::optional<OutputFile> file;
  if (!o.out.empty()) {
    CERTWRIGHT_TRY(auto opened, OutputFile::open(o.out, Readers::owner));
    file.emplace(std::move(opened));
  }
  json::Writer w;
  w.begin_object().member("label", o.label);
  if (!o.ttl.empty()) w.member("ttl", o.ttl);
  w.end_object();
  CERTWRIGHT_TRY(
      const auto answer,
      session.call_json("POST", "/api/v1/principals/" + url_encode(o.id) + "/tokens", w.text()));
  const std::string token = text_of(answer, "token"), id = text_of(answer, "id");
  if (!file) {
    session.report(answer, token);
    return {};
  }
  CERTWRIGHT_CHECK(file->write(token + "\n"));
  session.report(
      json::Object{{"id", id}, {"principal", o.id}, {"file", o.out}},
      fmt::format("Token {} written to {} (mode 0600). To use it: export CERTWRIGHT_TOKEN_FILE={}",
                  id, o.out, o.out));
  return {};
}

Result<void> list_tokens(Session& session, const AccessOptions& o) {
  CERTWRIGHT_TRY(const auto user, user_of(session, o.id));
  if (session.json())
    print_json(json::Object{{"credentials", rows_of(user, "credentials")}});
  else
    fmt::print("{}", credentials_text(user));
  return {};
}

Result<void> revoke_token(Session& session, const AccessOptions& o) {
  CERTWRIGHT_CHECK(session.call("DELETE", "/api/v1/principals/" + url_encode(o.id) +
                                              "/credentials/" + url_encode(o.credential)));
  session.report(json::Object{{"id", o.credential}, {"revoked", true}}, "Revoked " + o.credential);
  return {};
}

json::Value binding_of(const AccessOptions& o, bool granted) {
  json::Value binding = json::Object{{"principal", o.id}, {"role", o.role}};
  if (!o.tenant.empty()) binding.set("tenant", o.tenant);
  if (!o.ca.empty()) binding.set("ca", o.ca);
  binding.set("granted", granted);
  return binding;
}

Result<void> grant_role(Session& session, const AccessOptions& o) {
  json::Writer w;
  w.begin_object().member("role", o.role);
  if (!o.tenant.empty()) w.member("tenant", o.tenant);
  if (!o.ca.empty()) w.member("ca", o.ca);
  w.end_object();
  CERTWRIGHT_TRY(const auto answer,
                 session.call_json("POST", "/api/v1/principals/" + url_encode(o.id) + "/roles", w.text()));
  json::Value granted = binding_of(o, true);
  std::string text = fmt::format("Granted {} to {}", o.role, o.id);
  if (const auto* ended = answer.find("credentials_revoked"); ended != nullptr && ended->if_array() != nullptr) {
    granted.set("credentials_revoked", *ended);
    if (!ended->if_array()->empty()) text += "\nRevoked:";
    for (const auto& id : *ended->if_array())
      if (id.if_string() != nullptr) text += fmt::format(" {}", printable(*id.if_string()));
    if (!ended->if_array()->empty())
      text += fmt::format("\nWhoever made them could not have given this role. Make others: certwright user reset-password {0}, "
                          "certwright token create {0}", o.id);
  }
  if (const std::string email = text_of(answer, "email_cleared"); !email.empty()) {
    granted.set("email_cleared", email);
    text += fmt::format("\nCleared its e-mail address, {}: whoever could not have given this role may have set it. Set the right "
                        "one: certwright user set-email {} ADDRESS", printable(email), o.id);
  }
  session.report(granted, text);
  return {};
}

Result<void> remove_role(Session& session, const AccessOptions& o) {
  std::string path = "/api/v1/principals/" + url_encode(o.id) + "/roles?role=" + url_encode(o.role);
  if (!o.tenant.empty()) path += "&tenant=" + url_encode(o.tenant);
  if (!o.ca.empty()) path += "&ca=" + url_encode(o.ca);
  CERTWRIGHT_CHECK(session.call("DELETE", path));
  session.report(binding_of(o, false), "Took " + o.role + " from " + o.id);
  return {};
}

void add_tenant_commands(CLI::App& app, Registry& registry, const Options& o) {
  auto* tenant = app.add_subcommand("tenant", "Tenants");
  tenant->require_subcommand(1);
  add_command(*tenant, registry, "list", "All tenants that you may see", [](Session& s) {
    return print_rows(s, "/api/v1/tenants", "tenants", {"id", "name", "disabled", "created_at"});
  });
  auto* create = add_command(*tenant, registry, "create", "A new tenant",
                             [o](Session& s) { return create_tenant(s, *o); });
  create->add_option("id", o->id, "lower-case letters, digits, '-'")->required()->type_name("ID");
  create->add_option("--name", o->name, "for people")->type_name("TEXT");
  for (const bool disabled : {true, false})
    add_command(*tenant, registry, disabled ? "disable" : "enable",
                disabled ? "Nobody of it can sign in" : "Undo disable",
                [o, disabled](Session& s) { return set_disabled(s, "tenants", o->id, disabled); })
        ->add_option("id", o->id, "the tenant's id")
        ->required()
        ->type_name("ID");
}

void add_user_commands(CLI::App& app, Registry& registry, const Options& o) {
  auto* user = app.add_subcommand("user", "Principals: people and machines");
  user->require_subcommand(1);
  add_command(
      *user, registry, "list", "Principals of a tenant",
      [o](Session& s) {
        return print_rows(
            s, "/api/v1/principals" + (o->tenant.empty() ? "" : "?tenant=" + url_encode(o->tenant)),
            "principals", {"id", "name", "kind", "email", "disabled", "created_at"});
      })
      ->add_option("--tenant", o->tenant, "default: your own")
      ->type_name("TENANT");
  auto* create = add_command(*user, registry, "create", "A new principal",
                             [o](Session& s) { return create_user(s, *o); });
  create->add_option("name", o->name, "for people, e.g. \"build server\"")
      ->required()
      ->type_name("NAME");
  create->add_option("--tenant", o->tenant, "default: your own")->type_name("TENANT");
  create->add_option("--email", o->email, "for certificates of people")->type_name("ADDRESS");
  create->add_option("--kind", o->kind, "what it is")
      ->check(CLI::IsMember({"person", "machine"}))
      ->capture_default_str()
      ->type_name("KIND");
  auto* role = create->add_option("--role", o->role, "what it may do")
                   ->check(known_role())
                   ->type_name("ROLE");
  create->add_option("--ca-scope", o->ca, "the role only for this CA")
      ->needs(role)
      ->type_name("CA");
  add_command(*user, registry, "show", "Roles and credentials of one; without an id: who you are",
              [o](Session& s) { return show_user(s, *o); })
      ->add_option("id", o->id, "the principal's id")
      ->type_name("ID");
  auto* email = add_command(*user, registry, "set-email", "Change the e-mail address of a principal",
                            [o](Session& s) { return set_email(s, *o); });
  email->add_option("id", o->id, "the principal's id")->required()->type_name("ID");
  auto* address = email->add_option("address", o->email, "the new one")->type_name("ADDRESS");
  email->add_flag("--clear", o->clear, "none any more")->excludes(address);
  auto* certificate = add_command(*user, registry, "add-certificate",
                                  "Let a principal sign in with a client certificate",
                                  [o](Session& s) { return add_certificate(s, *o); });
  certificate->add_option("id", o->id, "the principal's id")->required()->type_name("ID");
  certificate->add_option("file", o->file, "the certificate, PEM")->required()->type_name("FILE");
  certificate->add_option("--label", o->label, "what it is for")->type_name("TEXT");
  for (const bool disabled : {true, false})
    add_command(
        *user, registry, disabled ? "disable" : "enable",
        disabled ? "Its credentials stop working" : "Undo disable",
        [o, disabled](Session& s) { return set_disabled(s, "principals", o->id, disabled); })
        ->add_option("id", o->id, "the principal's id")
        ->required()
        ->type_name("ID");
}

void add_token_commands(CLI::App& app, Registry& registry, const Options& o) {
  auto* token = app.add_subcommand("token", "API tokens and other credentials");
  token->require_subcommand(1);
  const auto add_principal = [&](CLI::App* sub) {
    sub->add_option("principal", o->id, "whose: an id of certwright user list")
        ->required()
        ->type_name("ID");
    return sub;
  };
  auto* create = add_principal(add_command(*token, registry, "create", "A new token, shown once",
                                           [o](Session& s) { return create_token(s, *o); }));
  create->add_option("--label", o->label, "what it is for")->type_name("TEXT");
  create->add_option("--ttl", o->ttl, "e.g. 720h; default: until revoked")->type_name("TIME");
  create->add_option("--out", o->out, "write it to this new file (mode 0600) instead of showing it")
      ->type_name("FILE");
  add_principal(add_command(*token, registry, "list", "Credentials of a principal",
                            [o](Session& s) { return list_tokens(s, *o); }));
  add_principal(add_command(*token, registry, "revoke", "End a credential",
                            [o](Session& s) { return revoke_token(s, *o); }))
      ->add_option("credential", o->credential, "its id")
      ->required()
      ->type_name("CREDENTIAL");
}

void add_role_commands(CLI::App& app, Registry& registry, const Options& o) {
  auto* role = app.add_subcommand("role", "Roles of principals");
  role->require_subcommand(1);
  add_command(*role, registry, "list", "What a principal may do; without an id: what you may do",
              [o](Session& s) -> Result<void> {
                CERTWRIGHT_TRY(const auto user, user_of(s, o->id));
                if (s.json())
                  print_json(json::Object{{"roles", rows_of(user, "roles")}});
                else
                  fmt::print("{}", roles_text(user));
                return {};
              })
      ->add_option("principal", o->id, "an id of certwright user list")
      ->type_name("ID");
  using Run = Result<void> (*)(Session&, const AccessOptions&);
  const std::tuple<const char*, const char*, Run> commands[] = {
      {"grant", "Give a role", grant_role}, {"remove", "Take a role away", remove_role}};
  for (const auto& [name, help, run] : commands) {
    auto* sub =
        add_command(*role, registry, name, help, [o, invoke = run](Session& s) { return invoke(s, *o); });
    sub->add_option("principal", o->id, "an id of certwright user list")
        ->required()
        ->type_name("ID");
    sub->add_option("role", o->role, "which")->required()->check(known_role())->type_name("ROLE");
    sub->add_option("--tenant", o->tenant, "default: the principal's; \"*\": all")
        ->type_name("TENANT");
    sub->add_option("--ca-scope", o->ca, "only for this CA")->type_name("CA");
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
