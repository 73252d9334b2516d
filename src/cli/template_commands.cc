#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/session.h"
#include "cli/template_text.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct TemplateOptions {
  std::string event, tenant, subject, text_file, html_file;
};

std::string path_of(const TemplateOptions& o, std::string_view step = {}) {
  std::string path = "/api/v1/notification-templates";
  if (!o.event.empty()) path += fmt::format("/{}{}", url_encode(o.event), step);
  if (!o.tenant.empty()) path += fmt::format("?tenant={}", url_encode(o.tenant));
  return path;
}

// For what an administrator of a tenant types next.
std::string tenant_option(const TemplateOptions& o) {
  return o.tenant.empty() ? "" : fmt::format(" --tenant '{}'", printable(o.tenant));
}

Result<void> list(Session& session, const TemplateOptions& o) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path_of(o)));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"EVENT", "OWN", "CHANGED BY", "CHANGED", "SUBJECT"});
  for (const auto& row : rows_of(answer, "templates"))
    table.add({text_of(row, "event"), text_of(row, "own"), text_of(row, "updated_by"), time_of(row, "updated_at"), text_of(row, "subject")});
  table.print();
  return {};
}

Result<void> show(Session& session, const TemplateOptions& o) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path_of(o)));
  if (session.json()) return print_json(answer), Result<void>();
  fmt::print("{}", notification_template_text(answer));
  return {};
}

// The wording that there is, with the parts that are given in the place of its own.
Result<std::string> changed_wording(Session& session, const TemplateOptions& o) {
  if (o.subject.empty() && o.text_file.empty() && o.html_file.empty())
    return fail(Errc::invalid, "give what should be other: --subject, --text or --html");
  if (o.text_file == "-" && o.html_file == "-")
    return fail(Errc::invalid, "--html: standard input is the plain text already; give a file");
  CERTWRIGHT_TRY(const auto present, session.call_json("GET", path_of(o)));
  std::string text = text_of(present, "text"), html = text_of(present, "html");
  if (!o.text_file.empty()) {
    CERTWRIGHT_TRY(text, read_text_file(o.text_file));
  }
  if (!o.html_file.empty()) {
    CERTWRIGHT_TRY(html, read_text_file(o.html_file));
  }
  json::Writer w;
  w.begin_object().member("subject", o.subject.empty() ? text_of(present, "subject") : o.subject);
  w.member("text", text).member("html", html).end_object();
  return std::move(w).take();
}

Result<void> set(Session& session, const TemplateOptions& o) {
  CERTWRIGHT_TRY(const auto wording, changed_wording(session, o));
  CERTWRIGHT_CHECK(session.call("PUT", path_of(o), wording));
  session.report(json::Object{{"event", o.event}, {"own", true}},
                 fmt::format("{} has a wording of its own. See it: certwright notification-template show {}{}", o.event, o.event,
                             tenant_option(o)));
  return {};
}

Result<void> preview(Session& session, const TemplateOptions& o) {
  CERTWRIGHT_TRY(const auto wording, changed_wording(session, o));
  CERTWRIGHT_TRY(const auto made, session.call_json("POST", path_of(o, "/preview"), wording));
  if (session.json()) return print_json(made), Result<void>();
  fmt::print("{}", notification_template_text(made));
  return {};
}

Result<void> remove(Session& session, const TemplateOptions& o) {
  CERTWRIGHT_CHECK(session.call("DELETE", path_of(o)));
  session.report(json::Object{{"event", o.event}, {"own", false}}, fmt::format("{} has the shipped wording again", o.event));
  return {};
}

}  // namespace

void add_template_commands(CLI::App& app, Registry& registry) {
  const auto o = std::make_shared<TemplateOptions>();
  const auto with = command_with(o);
  auto* group = app.add_subcommand("notification-template", "The wording of notifications, in a tenant");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Result<void> (*run)(Session&, const TemplateOptions&)) {
    auto* sub = add_command(*group, registry, name, help, with(run));
    sub->add_option("--tenant", o->tenant, "default: your own; *: of what is told about the installation")->type_name("TENANT");
    return sub;
  };
  const auto add_event = [&](CLI::App* sub) {
    sub->add_option("event", o->event, "an event of certwright notification-template list")->required()->type_name("EVENT");
    return sub;
  };
  const auto add_parts = [&](CLI::App* sub) {
    sub->add_option("--subject", o->subject, "the subject; default: as it is")->type_name("TEXT");
    sub->add_option("--text", o->text_file, "the plain text; default: as it is")->type_name("FILE");
    sub->add_option("--html", o->html_file, "the HTML; default: as it is")->type_name("FILE");
  };
  add("list", "Every event, and whether the tenant has a wording of its own", list);
  add_event(add("show", "The wording of an event, and the facts that it may name", show));
  add_parts(add_event(add("set", "A wording of the tenant's own", set)));
  add_parts(add_event(add("preview", "What a wording would make of made-up facts; nothing is changed", preview)));
  add_event(add("delete", "The shipped wording again", remove));
}

}  // namespace certwright::cli
