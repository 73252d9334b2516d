#include <array>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bytes/secret_bytes.h"
#include "cli/commands.h"
#include "cli/password_prompt.h"
#include "cli/request_text.h"
#include "cli/session.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct RequestOptions {
  std::string id, state, tenant, ca, principal, cursor, binding, comment, validity, reason, file;
  std::vector<std::string> remove_names;
  unsigned limit = 20;
  bool as_case = false, clear = false;
};

std::string path_of(const RequestOptions& o, std::string_view step = {}) {
  return "/api/v1/requests/" + url_encode(o.id) + std::string(step);
}

Result<void> list(Session& session, const RequestOptions& o) {
  std::string path = "/api/v1/requests?limit=" + std::to_string(o.limit);
  const std::pair<const char*, const std::string*> conditions[] = {
      {"state", &o.state}, {"tenant", &o.tenant}, {"ca", &o.ca}, {"principal", &o.principal}, {"cursor", &o.cursor}};
  for (const auto& [name, value] : conditions)
    if (!value->empty()) path += std::string("&") + name + "=" + url_encode(*value);
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"REQUEST", "STATE", "SUBJECT", "CA", "PROFILE", "REQUESTER", "RECEIVED", "EXPIRES"});
  for (const auto& row : rows_of(answer, "requests"))
    table.add({text_of(row, "id"), text_of(row, "state"), text_of(row, "subject"), text_of(row, "ca"),
               text_of(row, "profile"), text_of(row, "principal"), time_of(row, "received_at"),
               time_of(row, "expires_at")});
  table.print();
  if (const auto next = text_of(answer, "next_cursor"); !next.empty()) fmt::print("More: --cursor {}\n", next);
  return {};
}

Result<void> show(Session& session, const RequestOptions& o) {
  if (o.as_case) {  // for a file: JSON always
    CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path_of(o, "/case")));
    return print_json(answer), Result<void>();
  }
  CERTWRIGHT_TRY(const auto request, session.call_json("GET", path_of(o)));
  if (session.json()) return print_json(request), Result<void>();
  fmt::print("{}", request_text(request));
  return {};
}

Result<void> report(Session& session, const json::Value& request) {
  if (session.json()) return print_json(request), Result<void>();
  fmt::print("Request {} is {}.\n", text_of(request, "id"), text_of(request, "state"));
  return {};
}

// At the terminal, whatever standard input is. Errors: unavailable without one.
Result<bool> ask_at_terminal(const char* question) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> terminal(std::fopen("/dev/tty", "r+"), &std::fclose);
  if (terminal == nullptr) return fail(Errc::unavailable, "there is no terminal");
  std::fputs(question, terminal.get());
  std::fflush(terminal.get());
  std::array<char, 16> answer{};
  if (std::fgets(answer.data(), answer.size(), terminal.get()) == nullptr) return false;
  const std::string_view text(answer.data());
  return text == "y\n" || text == "yes\n";
}

// What an officer decides: the body of approve and of preview.
std::string decision_body(const RequestOptions& o, const std::string& binding) {
  json::Writer w;
  w.begin_object().member("binding", binding);
  if (!o.comment.empty()) w.member("comment", o.comment);
  if (!o.validity.empty()) w.member("validity", o.validity);
  if (!o.remove_names.empty()) {
    w.key("remove_names").begin_array();
    for (const auto& name : o.remove_names) w.value(name);
    w.end_array();
  }
  w.end_object();
  return std::move(w).take();
}

// The request as it would be with the changes asked for; as it is without any.
Result<json::Value> previewed(Session& session, const RequestOptions& o, json::Value request) {
  if (o.validity.empty() && o.remove_names.empty()) return request;
  return session.call_json("POST", path_of(o, "/preview"), decision_body(o, text_of(request, "binding")));
}

Result<void> preview(Session& session, const RequestOptions& o) {
  CERTWRIGHT_TRY(auto request, session.call_json("GET", path_of(o)));
  CERTWRIGHT_TRY(const auto shown, previewed(session, o, std::move(request)));
  if (session.json()) return print_json(shown), Result<void>();
  fmt::print("{}", request_text(shown));
  return {};
}

// The binding of what was seen: given by its beginning, or shown now and asked about. With changes it is what
// they make of the request.
Result<std::string> seen_binding(Session& session, const RequestOptions& o) {
  constexpr std::size_t kWhole = 64, kLeast = 16;  // digits; fewer could be another request's by chance
  if (o.binding.size() >= kWhole) return o.binding;
  if (!o.binding.empty() && o.binding.size() < kLeast)
    return fail_field(Errc::invalid, "binding", "--binding: at least 16 digits of what certwright request show prints");
  CERTWRIGHT_TRY(auto request, session.call_json("GET", path_of(o)));
  std::string present = text_of(request, "binding");
  if (!o.binding.empty() && present.starts_with(o.binding)) return present;
  CERTWRIGHT_TRY(const auto shown, previewed(session, o, std::move(request)));
  present = text_of(shown, "binding");
  if (!present.starts_with(o.binding))
    return fail(Errc::conflict, "the request is not the one that you saw; look again: certwright request show " + o.id);
  if (!o.binding.empty()) return present;
  fmt::print("{}", request_text(shown));
  const auto yes = ask_at_terminal("\nApprove this? [y/N] ");
  if (!yes)
    return fail_field(Errc::invalid, "binding",
                      "--binding: what certwright request show prints says what you approve; without a terminal it is needed");
  if (!*yes) return fail(Errc::conflict, "nothing was approved");
  return present;
}

Result<void> approve(Session& session, const RequestOptions& o) {
  CERTWRIGHT_TRY(const auto binding, seen_binding(session, o));
  CERTWRIGHT_TRY(const auto request, session.call_json("POST", path_of(o, "/approve"), decision_body(o, binding)));
  return report(session, request);
}

Result<void> end_request(Session& session, const RequestOptions& o, std::string_view step) {
  json::Writer w;
  w.begin_object();
  if (!o.reason.empty()) w.member("reason", o.reason);
  w.end_object();
  CERTWRIGHT_TRY(const auto request, session.call_json("POST", path_of(o, step), w.text()));
  return report(session, request);
}

Result<void> set_password(Session& session, const RequestOptions& o) {
  const std::string path = "/api/v1/cas/" + url_encode(o.ca) + "/approval-password";
  if (o.clear) {
    CERTWRIGHT_CHECK(session.call("DELETE", path));
    session.report(json::Object{{"ca", o.ca}, {"approval_password", false}}, "No password approves requests at " + o.ca);
    return {};
  }
  CERTWRIGHT_TRY(auto password, password_of_file(o.file));  // as submit reads it
  json::Writer w;
  w.begin_object().member("password", password).end_object();
  wipe(password);
  std::string body = std::move(w).take();
  const auto done = session.call("PUT", path, body);
  wipe(body);
  CERTWRIGHT_CHECK(done);
  session.report(json::Object{{"ca", o.ca}, {"approval_password", true}}, "Set the approval password of " + o.ca);
  return {};
}

}  // namespace

void add_request_commands(CLI::App& app, Registry& registry) {
  const auto o = std::make_shared<RequestOptions>();
  const auto with = command_with(o);
  auto* group = app.add_subcommand("request", "Requests for certificates that people must approve");
  group->require_subcommand(1);
  const auto add_id = [&](CLI::App* sub) {
    sub->add_option("request", o->id, "an id of certwright request list")->required()->type_name("ID");
    return sub;
  };
  auto* listing = add_command(*group, registry, "list", "Requests that you may see, the newest first", with(list));
  listing->add_option("--status", o->state, "only those")
      ->check(CLI::IsMember({"pending", "approved", "denied", "withdrawn", "expired", "issued", "failed"}))
      ->type_name("STATE");
  listing->add_option("--tenant", o->tenant, "only of this tenant")->type_name("TENANT");
  listing->add_option("--ca-scope", o->ca, "only for this CA")->type_name("CA");
  listing->add_option("--principal", o->principal, "only by this requester")->type_name("ID");
  listing->add_option("--limit", o->limit, "rows, at most 100")->check(CLI::Range(1, 100))->capture_default_str()->type_name("N");
  listing->add_option("--cursor", o->cursor, "go on where a list ended")->type_name("CURSOR");
  auto* shown = add_id(add_command(*group, registry, "show", "One request: what was asked for, what would be issued, who said what",
                                   with(show)));
  shown->add_flag("--case", o->as_case, "the case file: everything, with audit records and their proofs, as JSON");
  const auto add_changes = [&](CLI::App* sub) {
    sub->add_option("--validity", o->validity, "a shorter validity, e.g. 30d")->type_name("TIME");
    sub->add_option("--remove-name", o->remove_names, "a name to leave out, as show prints it: DNS:a.example")->type_name("NAME");
  };
  add_changes(add_id(add_command(*group, registry, "preview", "What approving a request with something taken away would issue",
                                 with(preview))));
  auto* approved = add_id(add_command(*group, registry, "approve", "Approve a request, as it is or with something taken away",
                                      with(approve)));
  approved->add_option("--binding", o->binding, "what show or preview printed, or 16 digits of it or more; without it you are shown what you approve, and asked")->type_name("HEX");
  approved->add_option("--comment", o->comment, "for the record")->type_name("TEXT");
  add_changes(approved);
  auto* denied = add_id(add_command(*group, registry, "deny", "Deny a request",
                                    [o](Session& s) { return end_request(s, *o, "/deny"); }));
  denied->add_option("--reason", o->reason, "why; the requester sees it")->required()->type_name("TEXT");
  auto* withdrawn = add_id(add_command(*group, registry, "withdraw", "Take back a request of your own",
                                       [o](Session& s) { return end_request(s, *o, "/withdraw"); }));
  withdrawn->add_option("--reason", o->reason, "why")->type_name("TEXT");
  auto* password = add_command(*group, registry, "password", "The password of a CA that approves instead of officers",
                               with(set_password));
  password->add_option("ca", o->ca, "whose")->required()->type_name("CA");
  auto* file = password->add_option("--file", o->file, "holds the new one, 12 to 128 characters")->check(CLI::ExistingFile)->type_name("FILE");
  auto* clear = password->add_flag("--clear", o->clear, "no password approves any more");
  file->excludes(clear);
}

}  // namespace certwright::cli
