// Passwords and sessions of people: more commands of `certwright user`.
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bytes/secret_bytes.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/password_prompt.h"
#include "cli/session.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct AccountOptions {
  std::string id, sign_in_name, out, password_file, session;
  bool take_name = false;
};

std::string principal_path(const AccountOptions& o) { return "/api/v1/principals/" + url_encode(o.id); }

Result<void> reset_password(Session& session, const AccountOptions& o) {
  std::optional<OutputFile> file;
  if (!o.out.empty()) {
    CERTWRIGHT_TRY(auto opened, OutputFile::open(o.out, Readers::owner));
    file.emplace(std::move(opened));
  }
  json::Writer w;
  w.begin_object();
  if (!o.sign_in_name.empty()) w.member("sign_in_name", o.sign_in_name);
  if (o.take_name) w.member("take_name", true);
  w.end_object();
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", principal_path(o) + "/password", w.text()));
  const std::string password = text_of(answer, "password"), name = printable(text_of(answer, "sign_in_name"));
  const std::string taken_from = printable(text_of(answer, "taken_from"));
  const std::string taken = taken_from.empty() ? "" : "\nThe name was that of " + taken_from + ", whose password is revoked.";
  if (!file) {
    session.report(answer, fmt::format("{}\nFor one sign-in as {} until {}, which then chooses another.{}", password,
                                       name, time_of(answer, "expires_at"), taken));
    return {};
  }
  CERTWRIGHT_CHECK(file->write(password + "\n"));
  json::Value document = json::Object{{"principal", o.id},
                                      {"sign_in_name", text_of(answer, "sign_in_name")},
                                      {"file", o.out},
                                      {"expires_at", text_of(answer, "expires_at")}};
  if (!taken_from.empty()) document.set("taken_from", taken_from);
  session.report(document, fmt::format("One-time password for {} written to {} (mode 0600); it is valid until {}.{}", name,
                                       o.out, time_of(answer, "expires_at"), taken));
  return {};
}

Result<void> set_password(Session& session, const AccountOptions& o) {
  CERTWRIGHT_TRY(auto password, o.password_file.empty() ? ask_new_password() : password_of_file(o.password_file));
  json::Writer w;
  w.begin_object();
  if (!o.sign_in_name.empty()) w.member("sign_in_name", o.sign_in_name);
  w.member("new_password", password).end_object();
  wipe(password);
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", "/api/v1/self/password", w.text()));
  session.report(answer, fmt::format("Your password is set: sign in as {} at /sign-in.", printable(text_of(answer, "sign_in_name"))));
  return {};
}

Result<void> list_sessions(Session& session, const AccountOptions& o) {
  const std::string path = o.id.empty() ? "/api/v1/self/sessions" : principal_path(o) + "/sessions";
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"SESSION", "FROM", "SIGNED IN", "LAST SEEN", "ENDS"});
  for (const auto& row : rows_of(answer, "sessions"))
    table.add({text_of(row, "id"), text_of(row, "remote"), time_of(row, "created_at"), time_of(row, "last_seen_at"),
               time_of(row, "ends_at")});
  table.print();
  return {};
}

Result<void> end_sessions(Session& session, const AccountOptions& o) {
  std::string path = principal_path(o) + "/sessions";
  if (!o.session.empty()) path += "/" + url_encode(o.session);
  CERTWRIGHT_CHECK(session.call("DELETE", path));
  json::Value document = json::Object{{"principal", o.id}, {"ended", true}};
  if (!o.session.empty()) document.set("session", o.session);
  session.report(document, o.session.empty() ? "Ended all sessions of " + o.id : "Ended " + o.session);
  return {};
}

}  // namespace

void add_account_commands(CLI::App& app, Registry& registry) {
  const auto o = std::make_shared<AccountOptions>();
  const auto with = command_with(o);
  auto& user = *app.get_subcommand("user");
  const auto add_principal = [&](CLI::App* sub) {
    sub->add_option("id", o->id, "the principal's id")->required()->type_name("ID");
    return sub;
  };
  const auto add_sign_in_name = [&](CLI::App* sub) {
    sub->add_option("--sign-in-name", o->sign_in_name, "default: the e-mail address, else the name")->type_name("NAME");
    return sub;
  };
  auto* reset = add_sign_in_name(add_principal(add_command(
      user, registry, "reset-password", "A one-time password for a person, shown once", with(reset_password))));
  reset->add_option("--out", o->out, "write it to this new file (mode 0600) instead of showing it")->type_name("FILE");
  reset->add_flag("--take-name", o->take_name, "the sign-in name also from another account, whose password is revoked");
  auto* set = add_sign_in_name(add_command(
      user, registry, "set-password", "Your own first password, as an administrator with a token", with(set_password)));
  set->add_option("--password-file", o->password_file, "read it from this file (-: standard input), not from the terminal")
      ->type_name("FILE");
  add_command(user, registry, "sessions", "Where a person is signed in; without an id: you", with(list_sessions))
      ->add_option("id", o->id, "the principal's id")
      ->type_name("ID");
  add_principal(add_command(user, registry, "end-sessions", "Sign a person out, everywhere or of one session",
                            with(end_sessions)))
      ->add_option("session", o->session, "an id of certwright user sessions")
      ->type_name("SESSION");
}

}  // namespace certwright::cli
