#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/session.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct NoticeOptions {
  std::string id, tenant, url, cursor, out;
  std::vector<std::string> events;
  std::int64_t limit = 50, overlap_s = 86'400;
};

Result<void> list_notifications(Session& session, const NoticeOptions& o) {
  std::string path = fmt::format("/api/v1/notifications?limit={}", o.limit);
  if (!o.cursor.empty()) path += "&cursor=" + url_encode(o.cursor);
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"ID", "CREATED", "EVENT", "SEEN", "TITLE"});
  for (const auto& row : rows_of(answer, "notifications"))
    table.add({text_of(row, "id"), time_of(row, "created_at"), text_of(row, "event"), text_of(row, "acknowledged"),
               text_of(row, "title")});
  table.print();
  if (const auto next = text_of(answer, "next_cursor"); !next.empty())
    fmt::print("More: certwright notification list --cursor {}\n", next);
  return {};
}

Result<void> acknowledge(Session& session, const NoticeOptions& o) {
  CERTWRIGHT_CHECK(session.call("POST", "/api/v1/notifications/" + url_encode(o.id) + "/acknowledge"));
  session.report(json::Object{{"id", o.id}, {"acknowledged", true}}, "Acknowledged " + o.id);
  return {};
}

// A secret goes where a token goes: to the terminal, or into a new file of mode 0600.
class SecretTarget {
 public:
  static Result<SecretTarget> open(const std::string& path) {
    SecretTarget target;
    if (path.empty()) return target;
    CERTWRIGHT_TRY(auto file, OutputFile::open(path, Readers::owner));
    target.file_.emplace(std::move(file));
    target.path_ = path;
    return target;
  }
  Result<void> show(Session& session, const json::Value& answer) {
    const std::string secret = text_of(answer, "secret"), id = text_of(answer, "id");
    if (!file_) {
      session.report(answer, fmt::format("Webhook {}. Its secret, shown only now:\n{}", id, secret));
      return {};
    }
    CERTWRIGHT_CHECK(file_->write(secret + "\n"));
    session.report(json::Object{{"id", id}, {"file", path_}},
                   fmt::format("Webhook {}. Its secret was written to {} (mode 0600)", id, path_));
    return {};
  }

 private:
  std::optional<OutputFile> file_;
  std::string path_;
};

Result<void> create_webhook(Session& session, const NoticeOptions& o) {
  CERTWRIGHT_TRY(auto target, SecretTarget::open(o.out));
  json::Writer w;
  w.begin_object().member("url", o.url);
  if (!o.tenant.empty()) w.member("tenant", o.tenant);
  w.key("events").begin_array();
  for (const auto& event : o.events) w.value(event);
  w.end_array().end_object();
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", "/api/v1/webhooks", w.text()));
  return target.show(session, answer);
}

Result<void> rotate_webhook(Session& session, const NoticeOptions& o) {
  CERTWRIGHT_TRY(auto target, SecretTarget::open(o.out));
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", "/api/v1/webhooks/" + url_encode(o.id) + "/rotate",
                                                      fmt::format(R"({{"overlap_s":{}}})", o.overlap_s)));
  return target.show(session, answer);
}

Result<void> list_webhooks(Session& session, const NoticeOptions& o) {
  CERTWRIGHT_TRY(const auto answer, session.call_json(
                                        "GET", "/api/v1/webhooks" + (o.tenant.empty() ? "" : "?tenant=" + url_encode(o.tenant))));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"ID", "TENANT", "URL", "EVENTS", "DISABLED", "CREATED"});
  for (const auto& row : rows_of(answer, "webhooks")) {
    std::string events;
    if (const auto* all = row.find("events"); all != nullptr && all->if_array() != nullptr)
      for (const auto& event : *all->if_array())
        if (event.if_string() != nullptr) events += (events.empty() ? "" : " ") + *event.if_string();
    table.add({text_of(row, "id"), text_of(row, "tenant"), text_of(row, "url"), events.empty() ? "all" : events,
               text_of(row, "disabled"), time_of(row, "created_at")});
  }
  table.print();
  return {};
}

Result<void> set_webhook_disabled(Session& session, const NoticeOptions& o, bool disabled) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("PATCH", "/api/v1/webhooks/" + url_encode(o.id),
                                                      disabled ? R"({"disabled":true})" : R"({"disabled":false})"));
  session.report(answer, (disabled ? "Disabled " : "Enabled ") + o.id);
  return {};
}

Result<void> delete_webhook(Session& session, const NoticeOptions& o) {
  CERTWRIGHT_CHECK(session.call("DELETE", "/api/v1/webhooks/" + url_encode(o.id)));
  session.report(json::Object{{"id", o.id}, {"deleted", true}}, "Deleted " + o.id);
  return {};
}

Result<void> test_webhook(Session& session, const NoticeOptions& o) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", "/api/v1/webhooks/" + url_encode(o.id) + "/test"));
  session.report(answer, "A test is on its way to " + o.id);
  return {};
}

void add_webhook_commands(CLI::App& app, Registry& registry, const std::shared_ptr<NoticeOptions>& o) {
  auto* group = app.add_subcommand("webhook", "Endpoints that are told of events");
  group->require_subcommand(1);
  const auto with = command_with(o);
  const auto add_id = [&](CLI::App* sub) {
    sub->add_option("id", o->id, "an id of certwright webhook list")->required()->type_name("ID");
    return sub;
  };
  auto* create = add_command(*group, registry, "create", "A new webhook; its secret is shown once", with(create_webhook));
  create->add_option("url", o->url, "https://...")->required()->type_name("URL");
  create->add_option("--tenant", o->tenant, "default: your own; *: every tenant")->type_name("TENANT");
  create->add_option("--event", o->events, "only this event; may be repeated; default: all")->type_name("EVENT");
  create->add_option("--out", o->out, "write the secret to this new file (mode 0600)")->type_name("FILE");
  add_command(*group, registry, "list", "Webhooks of a tenant", with(list_webhooks))
      ->add_option("--tenant", o->tenant, "default: your own; *: those of every tenant")
      ->type_name("TENANT");
  auto* rotate = add_id(add_command(*group, registry, "rotate", "A new secret", with(rotate_webhook)));
  rotate->add_option("--overlap-s", o->overlap_s, "how long the secret before signs too")
      ->check(CLI::Range(0, 604'800))
      ->capture_default_str()
      ->type_name("SECONDS");
  rotate->add_option("--out", o->out, "write the secret to this new file (mode 0600)")->type_name("FILE");
  for (const bool disabled : {true, false})
    add_id(add_command(*group, registry, disabled ? "disable" : "enable",
                       disabled ? "Tell it nothing any more" : "Undo disable",
                       [o, disabled](Session& s) { return set_webhook_disabled(s, *o, disabled); }));
  add_id(add_command(*group, registry, "test", "Send it a test", with(test_webhook)));
  add_id(add_command(*group, registry, "delete", "Delete it", with(delete_webhook)));
}

}  // namespace

void add_notification_commands(CLI::App& app, Registry& registry) {
  const auto o = std::make_shared<NoticeOptions>();
  const auto with = command_with(o);
  auto* group = app.add_subcommand("notification", "What you were told");
  group->require_subcommand(1);
  auto* list = add_command(*group, registry, "list", "Your notifications, newest first", with(list_notifications));
  list->add_option("--limit", o->limit, "so many")->check(CLI::Range(1, 200))->capture_default_str()->type_name("N");
  list->add_option("--cursor", o->cursor, "go on where a list ended")->type_name("CURSOR");
  add_command(*group, registry, "acknowledge", "No more about the same certificate or request", with(acknowledge))
      ->add_option("id", o->id, "an id of certwright notification list")
      ->required()
      ->type_name("ID");
  add_webhook_commands(app, registry, o);
}

}  // namespace certwright::cli
