#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/audit_files.h"
#include "cli/case_file.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/session.h"

namespace certwright::cli {
namespace {

constexpr std::size_t kMaxCaseFileOctets = std::size_t{256} << 20;

struct AuditOptions {
  std::string from, limit = "50", position, out = "-", key, since;
  std::vector<std::string> files;
};

Result<void> show(Session& session, const AuditOptions& o) {
  std::string path = "/api/v1/audit/records?limit=" + url_encode(o.limit);
  if (!o.from.empty()) path += "&from=" + url_encode(o.from);
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"POSITION", "TIME", "EVENT", "PRINCIPAL", "DOOR", "FROM", "WHAT"});
  for (const auto& row : rows_of(answer, "records")) {
    const json::Value* record = row.find("record");
    if (record == nullptr) continue;
    const json::Value none;
    const json::Value* actor = record->find("actor");
    if (actor == nullptr) actor = &none;
    std::string what;
    if (const auto* fields = record->find("fields");
        fields != nullptr && fields->if_object() != nullptr)
      for (const auto& field : *fields->if_object())
        what += field.name + "=" + text_of(*fields, field.name) + " ";
    table.add({text_of(row, "position"), text_of(*record, "time"), text_of(*record, "event"),
               text_of(*actor, "principal"), text_of(*actor, "door"), text_of(*actor, "remote"),
               what});
  }
  table.print();
  return {};
}

// A long log comes in parts, each a file that proves itself; verify takes them together.
Result<void> export_log(Session& session, const AuditOptions& o) {
  std::string from = o.from.empty() ? "0" : o.from;
  json::Array files;
  for (unsigned part = 1; !from.empty(); ++part) {
    CERTWRIGHT_TRY(const auto reply,
                   session.call("GET", "/api/v1/audit/export?from=" + url_encode(from)));
    from = std::string(reply.header("X-Next-Position"));
    if (o.out == "-" && (part > 1 || !from.empty()))
      return fail(Errc::too_large,
                  "the log has more than one part: give --out FILE, for FILE, FILE.2, FILE.3, ...");
    const std::string path = part == 1 ? o.out : o.out + "." + std::to_string(part);
    CERTWRIGHT_CHECK(write_output(path, reply.text()));
    files.push_back(
        json::Object{{"file", path}, {"octets", static_cast<std::uint64_t>(reply.body.size())}});
    if (o.out != "-" && !session.json())
      fmt::print("Wrote {} ({} octets)\n", path, reply.body.size());
  }
  if (o.out == "-") return {};
  if (session.json())
    print_json(json::Object{{"files", std::move(files)}});
  else
    fmt::print(
        "Verify it anywhere: certwright audit verify {}{} --key AUDIT.PUB (the server's "
        "ca/audit.pub, or certwright audit key)\n",
        o.out, files.size() == 1 ? "" : " " + o.out + ".2 ...");
  return {};
}

// Does a file go on where, and with what, the one before it ended?
Result<void> follows(const std::string& path, const audit::ExportReport& report,
                     const audit::ExportReport& before) {
  if (report.from != before.last.tree_size)
    return fail(Errc::invalid,
                fmt::format("{}: begins at record {}, but the file before it ends at {}", path,
                            report.from, before.last.tree_size));
  if (report.root_before != before.last.root)
    return fail(Errc::invalid,
                path + ": continues another history than that of the file before it");
  return {};
}

// Offline: the files and the public key are all it needs.
Result<void> verify(Session& session, const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto key, read_log_key(o.key));
  std::optional<audit::Checkpoint> known;
  if (!o.since.empty()) {
    CERTWRIGHT_TRY(const auto note, read_text_file(o.since, 64 * 1024));
    CERTWRIGHT_TRY(known, audit::verify_checkpoint(note, key));
  }
  std::optional<audit::ExportReport> before;
  bool continues_known = false;
  json::Array files;
  for (const auto& path : o.files) {
    CERTWRIGHT_TRY(const auto report, verify_export_file(path, key, known));
    if (before) CERTWRIGHT_CHECK(follows(path, report, *before));
    continues_known = continues_known || report.continues_known;
    const std::string root = to_hex(report.last.root);
    files.push_back(json::Object{{"file", path},
                                 {"from", report.from},
                                 {"records", report.records},
                                 {"checkpoints", report.checkpoints},
                                 {"tree_size", report.last.tree_size},
                                 {"root", root}});
    if (!session.json())
      fmt::print("{}: {} records from {}, {} signed checkpoints, tree size {}, root {}: verified\n",
                 path, report.records, report.from, report.checkpoints, report.last.tree_size,
                 root);
    before = report;
  }
  if (known && !continues_known)
    return fail(Errc::invalid,
                fmt::format("the checkpoint of {} records in {} is not within these files: {}",
                            known->tree_size, o.since,
                            before->last.tree_size < known->tree_size
                                ? "records were cut off at the end"
                                : "give the files before them too"));
  if (session.json()) {
    print_json(json::Object{
        {"verified", true}, {"continues_checkpoint", continues_known}, {"files", std::move(files)}});
  } else if (known) {
    fmt::print("the records continue the checkpoint of {} records in {}\n", known->tree_size,
               o.since);
  }
  return {};
}

Result<void> checkpoint(Session& session, const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto reply, session.call("GET", "/api/v1/audit/checkpoint"));
  if (session.json() && o.out == "-")
    return print_json(json::Object{{"checkpoint", std::string(reply.text())}}), Result<void>();
  CERTWRIGHT_CHECK(write_output(o.out, reply.text()));
  if (o.out != "-")
    session.report(json::Object{{"file", o.out}},
                   fmt::format("Wrote {}. Later: certwright audit verify EXPORT --key AUDIT.PUB --since {}",
                               o.out, o.out));
  return {};
}

Result<void> prove(Session& session, const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto reply,
                 session.call("GET", "/api/v1/audit/records/" + url_encode(o.position) + "/proof"));
  if (session.json() && o.out == "-")
    return print_json(json::Object{{"proof", std::string(reply.text())}}), Result<void>();
  CERTWRIGHT_CHECK(write_output(o.out, reply.text()));
  if (o.out != "-")
    session.report(
        json::Object{{"file", o.out}},
        fmt::format("Wrote {}. Check it anywhere: certwright audit check-proof {} --key AUDIT.PUB",
                    o.out, o.out));
  return {};
}

void print_case(const std::string& path, const CheckedCase& checked) {
  fmt::print("{}: request {}: {} records are in the log", path, printable(checked.request), checked.proved);
  if (checked.has_csr) fmt::print(", the CSR is the one they name");
  if (checked.has_certificate) fmt::print(", the certificate too");
  fmt::print("\n");
  if (checked.checked_end)
    fmt::print("{}: state, approvals and changes are those of these records; whether there are later ones only an "
               "export shows: certwright audit export\n", path);
  else
    fmt::print("{}: state, approvals and changes were NOT checked: not every record is here with its proof\n", path);
  if (checked.unproved != 0)
    fmt::print("{}: {} records are not signed, as new ones are for a moment: ask for the case file again\n", path,
               checked.unproved);
  if (!checked.complete || checked.truncated) fmt::print("{}: there are more records: certwright audit export\n", path);
}

json::Object report_of(const std::string& path, const CheckedCase& checked) {
  return {{"file", path}, {"request", checked.request}, {"proved", checked.proved}, {"unproved", checked.unproved},
          {"csr", checked.has_csr}, {"certificate", checked.has_certificate}, {"complete", checked.complete},
          {"truncated", checked.truncated}, {"checked_end", checked.checked_end}};
}

Result<CheckedCase> check_case(std::string_view text, const audit::CheckpointKey& key) {
  // Ten thousand records, each with its proof.
  CERTWRIGHT_TRY(const auto file, json::parse(text, {.size_octets = kMaxCaseFileOctets, .values = 4'000'000}));
  return check_case_file(file, key);
}

Result<void> check_proof(Session& session, const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto key, read_log_key(o.key));
  json::Array proofs;
  bool verified = true;
  for (const auto& path : o.files) {
    CERTWRIGHT_TRY(const auto text, read_text_file(path, kMaxCaseFileOctets));
    if (text.starts_with('{')) {  // a case file
      CERTWRIGHT_TRY(const auto checked, check_case(text, key));
      if (!session.json()) print_case(path, checked);
      verified = verified && checked.checked_end;
      proofs.push_back(report_of(path, checked));
      continue;
    }
    CERTWRIGHT_TRY(const auto proof, audit::verify_record_proof(text, key));
    proofs.push_back(json::Object{{"file", path},
                                  {"position", proof.position},
                                  {"tree_size", proof.checkpoint.tree_size},
                                  {"record", proof.record}});
    if (!session.json())
      fmt::print("{}: record {} is in the log of {} records: {}\n", path, proof.position,
                 proof.checkpoint.tree_size, printable(proof.record));
  }
  if (session.json()) print_json(json::Object{{"verified", verified}, {"proofs", std::move(proofs)}});
  if (!verified) session.exit_with(1);
  return {};
}

Result<void> events(Session& session) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/api/v1/audit/events"));
  if (session.json()) return print_json(answer), Result<void>();
  for (const auto& event : rows_of(answer, "events"))
    fmt::print("{}\n  fields: {}\n  {}\n  {}\n", text_of(event, "name"), text_of(event, "fields"),
               text_of(event, "cause"), text_of(event, "action"));
  return {};
}

Result<void> show_key(Session& session, const AuditOptions& o) {
  CERTWRIGHT_TRY(const auto reply, session.call("GET", "/api/v1/audit/key"));
  if (session.json() && o.out == "-")
    return print_json(json::Object{{"key", std::string(reply.text())}}), Result<void>();
  CERTWRIGHT_CHECK(write_output(o.out, reply.text()));
  if (o.out != "-") session.report(json::Object{{"file", o.out}}, "Wrote " + o.out);
  return {};
}

}  // namespace

void add_audit_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("audit", "The audit log");
  group->require_subcommand(1);
  const auto o = std::make_shared<AuditOptions>();
  const auto with = command_with(o);
  auto* s = add_command(*group, registry, "show", "Records, the newest by default", with(show));
  s->add_option("--from", o->from, "position of the first")->type_name("POSITION");
  s->add_option("--limit", o->limit, "how many, at most 1000")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  auto* e = add_command(*group, registry, "export", "The log as files that prove themselves",
                        with(export_log));
  e->add_option("--out", o->out, "new file; further parts get .2, .3, ...")
      ->required()
      ->type_name("FILE");
  e->add_option("--from", o->from, "position of the first record")->type_name("POSITION");
  add_command(*group, registry, "events", "What each event means and what to do about it", events);
  add_command(*group, registry, "key", "The public key that signs the log", with(show_key))
      ->add_option("--out", o->out, "new file; - is standard output")
      ->capture_default_str()
      ->type_name("FILE");
  add_command(*group, registry, "checkpoint",
              "The newest signed checkpoint: keep it where the server cannot change it",
              with(checkpoint))
      ->add_option("--out", o->out, "new file; - is standard output")
      ->capture_default_str()
      ->type_name("FILE");
  auto* p = add_command(*group, registry, "prove", "One record with its proof", with(prove));
  p->add_option("position", o->position, "as in certwright audit show")
      ->required()
      ->type_name("POSITION");
  p->add_option("--out", o->out, "new file; - is standard output")
      ->capture_default_str()
      ->type_name("FILE");
  auto* v =
      add_offline_command(*group, registry, "verify",
                          "Verify exported files offline, with the log's public key", with(verify));
  v->add_option("files", o->files, "exported files, in order")->required()->type_name("FILE");
  v->add_option("--key", o->key, "public key: the server's ca/audit.pub, or certwright audit key")
      ->required()
      ->type_name("FILE");
  v->add_option("--since", o->since, "a checkpoint that you kept: the files must continue it")
      ->type_name("FILE");
  auto* c = add_offline_command(*group, registry, "check-proof", "Verify a record's proof offline",
                                with(check_proof));
  c->add_option("files", o->files, "proofs")->required()->type_name("FILE");
  c->add_option("--key", o->key, "public key of the log")->required()->type_name("FILE");
}

}  // namespace certwright::cli
