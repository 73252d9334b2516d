#include <fstream>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "audit/verify.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace certwright::cli {
namespace {

struct AuditOptions {
  std::string from, limit = "50", position, out, key, since;
  std::vector<std::string> files;
};

Result<void> show(Session& session, const AuditOptions& o) {
  std::string path = "/api/v1/audit/records?limit=" + o.limit;
  if (!o.from.empty()) path += "&from=" + o.from;
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"POSITION", "TIME", "EVENT", "PRINCIPAL", "DOOR", "FROM", "WHAT"});
  if (const auto* rows = answer.find("records"); rows != nullptr && rows->if_array() != nullptr)
    for (const auto& row : *rows->if_array()) {
      const json::Value* record = row.find("record");
      if (record == nullptr) continue;
      const json::Value none;
      const json::Value* actor = record->find("actor");
      if (actor == nullptr) actor = &none;
      std::string what;
      if (const auto* fields = record->find("fields"); fields != nullptr && fields->if_object() != nullptr)
        for (const auto& field : *fields->if_object()) what += field.name + "=" + text_of(*fields, field.name) + " ";
      table.add({text_of(row, "position"), text_of(*record, "time"), text_of(*record, "event"),
                 text_of(*actor, "principal"), text_of(*actor, "door"), text_of(*actor, "remote"), what});
    }
  table.print();
  return {};
}

// A long log comes in parts, each a file that proves itself; verify takes them together.
Result<void> export_log(Session& session, const AuditOptions& o) {
  std::string from = o.from.empty() ? "0" : o.from;
  for (unsigned part = 1; !from.empty(); ++part) {
    CERTWRIGHT_TRY(const auto reply, session.call("GET", "/api/v1/audit/export?from=" + from));
    const std::string path = part == 1 ? o.out : o.out + "." + std::to_string(part);
    CERTWRIGHT_CHECK(write_output(path, reply.text(), false));
    from = std::string(reply.header("X-Next-Position"));
    if (o.out != "-") fmt::print(stderr, "{} ({} octets)\n", path, reply.body.size());
    else if (!from.empty())
      return fail(Errc::too_large, "the log has more than one part: give --out FILE");
  }
  return {};
}

Result<audit::CheckpointKey> read_key(const std::string& path) {
  CERTWRIGHT_TRY(auto text, read_text_file(path, 64 * 1024));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return audit::CheckpointKey::parse(text);
}

// Offline: the files and the public key are all it needs.
Result<void> verify(const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto key, read_key(o.key));
  std::optional<audit::Checkpoint> known;
  if (!o.since.empty()) {
    CERTWRIGHT_TRY(const auto note, read_text_file(o.since, 64 * 1024));
    CERTWRIGHT_TRY(known, audit::verify_checkpoint(note, key));
  }
  std::optional<audit::ExportReport> before;
  bool continues_known = false;
  for (const auto& path : o.files) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(Errc::not_found, path + ": cannot be read");
    const bool progress = isatty(STDERR_FILENO) != 0;
    const auto report = audit::verify_export(file, key, [&](std::uint64_t records) {
      if (progress) fmt::print(stderr, "\r{}: {} records", path, records);
    }, known);
    if (progress) fmt::print(stderr, "\r");
    if (!report.ok())
      return fail(Errc::invalid, fmt::format("{}:{}: {}", path, report.problem->line, report.problem->text));
    if (before && report.from != before->last.tree_size)
      return fail(Errc::invalid, fmt::format("{}: begins at record {}, but the file before it ends at {}", path, report.from, before->last.tree_size));
    if (before && report.root_before != before->last.root)
      return fail(Errc::invalid, path + ": continues another history than that of the file before it");
    continues_known = continues_known || report.continues_known;
    fmt::print("{}: {} records from {}, {} signed checkpoints, tree size {}, root {}: verified\n", path, report.records,
               report.from, report.checkpoints, report.last.tree_size, to_hex(report.last.root));
    before = report;
  }
  if (known && !continues_known)
    return fail(Errc::invalid, fmt::format("the checkpoint of {} records in {} is not within these files: {}", known->tree_size, o.since,
                                           before->last.tree_size < known->tree_size ? "records were cut off at the end"
                                                                                     : "give the files before them too"));
  if (known) fmt::print("the records continue the checkpoint of {} records in {}\n", known->tree_size, o.since);
  return {};
}

Result<void> checkpoint(Session& session, const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto reply, session.call("GET", "/api/v1/audit/checkpoint"));
  return write_output(o.out.empty() ? "-" : o.out, reply.text(), false);
}

Result<void> prove(Session& session, const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto reply, session.call("GET", "/api/v1/audit/records/" + o.position + "/proof"));
  return write_output(o.out.empty() ? "-" : o.out, reply.text(), false);
}

Result<void> check_proof(const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto key, read_key(o.key));
  for (const auto& path : o.files) {
    CERTWRIGHT_TRY(const auto text, read_text_file(path));
    CERTWRIGHT_TRY(const auto proof, audit::verify_record_proof(text, key));
    fmt::print("{}: record {} is in the log of {} records: {}\n", path, proof.position, proof.checkpoint.tree_size,
               printable(proof.record));
  }
  return {};
}

Result<void> events(Session& session) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/api/v1/audit/events"));
  if (session.json()) return print_json(answer), Result<void>();
  if (const auto* all = answer.find("events"); all != nullptr && all->if_array() != nullptr)
    for (const auto& event : *all->if_array())
      fmt::print("{}\n  fields: {}\n  {}\n  {}\n", text_of(event, "name"), text_of(event, "fields"),
                 text_of(event, "cause"), text_of(event, "action"));
  return {};
}

}  // namespace

void add_audit_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("audit", "The audit log");
  group->require_subcommand(1);
  const auto o = std::make_shared<AuditOptions>();
  auto* s = add_command(*group, registry, "show", "Records, the newest by default", [o](Session& session) { return show(session, *o); });
  s->add_option("--from", o->from, "position of the first");
  s->add_option("--limit", o->limit, "how many, at most 1000")->capture_default_str();
  auto* e = add_command(*group, registry, "export", "The log as files that prove themselves", [o](Session& session) { return export_log(session, *o); });
  e->add_option("--out", o->out, "file; further parts get .2, .3, ...")->required();
  e->add_option("--from", o->from, "position of the first record");
  add_command(*group, registry, "events", "What each event means and what to do about it", events);
  auto* n = add_command(*group, registry, "checkpoint", "The newest signed checkpoint: keep it where the server cannot change it",
                        [o](Session& session) { return checkpoint(session, *o); });
  n->add_option("--out", o->out, "file");
  auto* p = add_command(*group, registry, "prove", "One record with its proof", [o](Session& session) { return prove(session, *o); });
  p->add_option("position", o->position)->required();
  p->add_option("--out", o->out, "file");
  auto* v = group->add_subcommand("verify", "Verify exported files offline, with the log's public key");
  v->add_option("files", o->files, "exported files, in order")->required();
  v->add_option("--key", o->key, "public key: ca/audit.pub, or /api/v1/audit/key")->required();
  v->add_option("--since", o->since, "a checkpoint that you kept: the files must continue it");
  v->callback([&registry, o] { registry.chosen = [o](Session&) { return verify(*o); }; });
  auto* c = group->add_subcommand("check-proof", "Verify a record's proof offline");
  c->add_option("files", o->files, "proofs")->required();
  c->add_option("--key", o->key, "public key of the log")->required();
  c->callback([&registry, o] { registry.chosen = [o](Session&) { return check_proof(*o); }; });
}

}  // namespace certwright::cli
