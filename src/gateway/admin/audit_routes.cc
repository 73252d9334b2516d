#include <algorithm>
#include <charconv>

#include "audit/events.h"
#include "audit/export.h"
#include "gateway/admin/routes.h"

namespace certwright::gateway::admin {
namespace {

using access::Action;
using web::Context;
using web::Guard;

constexpr std::uint64_t kMaxRecords = 1'000;           // a page
// One answer of an export, which is made in memory; whoever asks goes on with the next part.
constexpr std::uint64_t kMaxExportRecords = 40'000;
constexpr std::size_t kMaxExportOctets = 40 * 1024 * 1024;
constexpr std::uint64_t kMaxPosition = std::uint64_t{1} << 62;

Result<http::Response> list_records(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::audit_read, {}, "audit"));
  CERTWRIGHT_TRY(const auto from, context.query_number("from", kMaxPosition));
  CERTWRIGHT_TRY(const auto limit, context.query_number("limit", kMaxRecords));
  CERTWRIGHT_TRY(const auto size, d.store.audit_size());
  const std::uint64_t count = limit.value_or(100);
  // Without `from`: the newest.
  const std::uint64_t start = from.value_or(size > count ? size - count : 0);
  CERTWRIGHT_TRY(const auto leaves, d.store.audit_leaves(start, static_cast<std::uint32_t>(count)));
  json::Writer w;
  w.begin_object().member("size", size).key("records").begin_array();
  for (const auto& leaf : leaves)
    w.begin_object().member("position", leaf.position).key("record").raw(as_text(leaf.record)).end_object();
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> prove(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::audit_read, {}, "audit"));
  const std::string_view text = context.param("position");
  std::uint64_t position = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc() || end != text.data() + text.size() || position > kMaxPosition)
    return fail_field(Errc::bad_encoding, "position", "position: expected a number");
  CERTWRIGHT_TRY(auto proof, audit::prove_record(d.store, d.checkpoint_key, position));
  return http::respond(200, "text/plain; charset=utf-8", std::move(proof));
}

struct ExportPart {
  std::string text;
  audit::ExportSummary summary;
};

// At most so many records, and then up to the next checkpoint. Errors: export_log()'s; too_large for
// more than kMaxExportOctets.
Result<ExportPart> export_part(const Dependencies& d, std::uint64_t from, std::uint64_t records) {
  ExportPart part;
  const auto keep = [&](std::string_view chunk) -> Result<void> {
    if (part.text.size() + chunk.size() > kMaxExportOctets)
      return fail(Errc::too_large, "the records up to the next checkpoint are too many for one answer");
    part.text.append(chunk);
    return {};
  };
  CERTWRIGHT_TRY(part.summary, audit::export_log(d.store, d.checkpoint_key,
                                                 {.from = from, .to = from + records}, keep));
  return part;
}

Result<http::Response> export_records(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::audit_read, {}, "audit"));
  CERTWRIGHT_TRY(const auto from, context.query_number("from", kMaxPosition));
  std::uint64_t records = kMaxExportRecords;
  auto part = export_part(d, from.value_or(0), records);
  while (!part && part.error().code == Errc::too_large && records > 1) {  // long records: fewer of them
    records = std::max<std::uint64_t>(1, records / 4);
    part = export_part(d, from.value_or(0), records);
  }
  if (!part) return tl::unexpected(part.error());
  CERTWRIGHT_TRY(const auto latest, d.store.latest_checkpoint());
  const std::uint64_t next = part->summary.to;
  auto response = http::respond(200, "text/plain; charset=utf-8", std::move(part->text));
  // Where the next part begins; absent if this is all that is signed.
  if (latest && next < latest->tree_size) response.headers.add("X-Next-Position", std::to_string(next));
  return response;
}

Result<http::Response> show_checkpoint(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::audit_read, {}, "audit"));
  CERTWRIGHT_TRY(const auto latest, d.store.latest_checkpoint());
  if (!latest) return tl::unexpected(access::not_found_error());
  return http::respond(200, "text/plain; charset=utf-8", latest->signed_note);
}

Result<http::Response> show_key(Context&, const Dependencies& d) {
  return http::respond(200, "text/plain; charset=utf-8", d.checkpoint_key.text() + "\n");
}

Result<http::Response> list_events(Context&, const Dependencies&) {
  json::Writer w;
  w.begin_object().key("events").begin_array();
  for (const auto& event : audit::kEventCatalogue)
    w.begin_object().member("name", event.name).member("fields", event.fields)
        .member("cause", event.cause).member("action", event.action).end_object();
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> show_status(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::metrics_read, {}, "status"));
  json::Writer w;
  w.begin_object();
  for (const auto& [name, value] : d.status()) w.member(name, value);
  w.end_object();
  return json_response(200, std::move(w));
}

}  // namespace

std::vector<web::Route> audit_routes(const Dependencies& d) {
  const auto with = handlers_with(d);
  const auto read = Guard::needs(Action::audit_read);
  return {
      route("GET", "/api/v1/audit/records", read, "listAuditRecords", with(list_records)),
      route("GET", "/api/v1/audit/records/{position}/proof", read, "proveAuditRecord", with(prove)),
      route("GET", "/api/v1/audit/export", read, "exportAudit", with(export_records)),
      route("GET", "/api/v1/audit/checkpoint", read, "showAuditCheckpoint", with(show_checkpoint)),
      route("GET", "/api/v1/audit/key", Guard::open(), "showAuditKey", with(show_key)),
      route("GET", "/api/v1/audit/events", Guard::open(), "listAuditEvents", with(list_events)),
      route("GET", "/api/v1/status", Guard::needs(Action::metrics_read), "showStatus", with(show_status)),
  };
}

}  // namespace certwright::gateway::admin
