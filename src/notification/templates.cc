#include "notification/templates.h"

#include "audit/events.h"
#include "crypto/digest.h"

namespace certwright::notification {
namespace {

Facts made_up_facts(EventKind kind) {
  const Facts known = {{"common_name", "www.example.org"}, {"subject", "CN=www.example.org,O=<Example> & \"Sons\""},
                       {"names", "www.example.org, example.org"}, {"requester", "Alice <script>"},
                       {"reason", "because it is needed"}, {"days", "7"}, {"count", "5"},
                       {"not_after", "2030-01-01T00:00:00Z"}, {"link", "https://ca.example.org/requests/example"}};
  Facts facts;
  std::string_view names = info_of(kind).facts;
  while (!names.empty()) {
    const auto space = names.find(' ');
    const auto name = names.substr(0, space);
    const auto value = fact(known, name);
    facts.emplace_back(name, value.empty() ? "example-" + std::string(name) : std::string(value));
    names.remove_prefix(space == std::string_view::npos ? names.size() : space + 1);
  }
  return facts;
}

}  // namespace

Result<Template> template_in_force(const store::Store& store, std::string_view tenant, EventKind kind) {
  CERTWRIGHT_TRY(auto own, store.notifications().find_template(tenant, name_of(kind)));
  if (!own) return default_template(kind);
  return Template{std::move(own->subject), std::move(own->text), std::move(own->html)};
}

Result<TenantTemplate> Templates::find(std::string_view tenant, EventKind kind) const {
  CERTWRIGHT_TRY(auto own, store_.notifications().find_template(tenant, name_of(kind)));
  TenantTemplate found{.kind = kind, .wording = default_template(kind), .own = own.has_value(), .updated_by = {},
                       .updated_at = {}};
  if (!own) return found;
  found.wording = {std::move(own->subject), std::move(own->text), std::move(own->html)};
  found.updated_by = std::move(own->updated_by);
  found.updated_at = own->updated_at;
  return found;
}

Result<std::vector<TenantTemplate>> Templates::list(std::string_view tenant) const {
  std::vector<TenantTemplate> all;
  for (const auto& event : all_events()) {
    CERTWRIGHT_TRY(auto found, find(tenant, event.kind));
    all.push_back(std::move(found));
  }
  return all;
}

Result<void> Templates::put(std::string_view tenant, EventKind kind, const Template& wording,
                            const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_template(kind, wording));
  if (tenant != "*") {
    CERTWRIGHT_TRY(const auto found, store_.find_tenant(tenant));
    if (!found) return fail(Errc::not_found, "there is no such tenant");
  }
  const std::string all = wording.subject + '\0' + wording.text + '\0' + wording.html;
  return store_.apply({store::PutNotificationTemplate{{.tenant = std::string(tenant),
                                                       .event = std::string(name_of(kind)),
                                                       .subject = wording.subject,
                                                       .text = wording.text,
                                                       .html = wording.html,
                                                       .updated_by = actor.principal,
                                                       .updated_at = clock_.now()}},
                       journal_.leaf({audit::EventType::template_changed,
                                      actor,
                                      {{"tenant", std::string(tenant)},
                                       {"event", std::string(name_of(kind))},
                                       {"sha256", to_hex(crypto::sha256(as_bytes(all)))}}})});
}

Result<void> Templates::remove(std::string_view tenant, EventKind kind, const audit::Actor& actor) {
  return store_.apply(
      {store::DeleteNotificationTemplate{std::string(tenant), std::string(name_of(kind))},
       journal_.leaf({audit::EventType::template_removed,
                      actor,
                      {{"tenant", std::string(tenant)}, {"event", std::string(name_of(kind))}}})});
}

Result<Rendered> Templates::preview(EventKind kind, const Template& wording) {
  CERTWRIGHT_CHECK(check_template(kind, wording));
  return render(wording, made_up_facts(kind));
}

}  // namespace certwright::notification
