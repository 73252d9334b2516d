#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bytes/bytes.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct CertOptions {
  std::string serial, entity, entity_type = "backend", ttl, key_type, csr_file, profile, out, reason;
  std::string state, name, cursor, idempotency_key;
  std::vector<std::string> ips, dns;
  unsigned limit = 50;
  bool all = false;
};

std::string encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

void write_list(json::Writer& w, const char* name, const std::vector<std::string>& values) {
  w.key(name).begin_array();
  for (const auto& value : values) w.value(value);
  w.end_array();
}

Result<void> issue(Session& session, const CertOptions& o) {
  http_client::HeaderList headers{{"Content-Type", "application/json"}};
  if (!o.idempotency_key.empty()) headers.emplace_back("Idempotency-Key", o.idempotency_key);
  json::Writer w;
  std::string path;
  if (!o.csr_file.empty()) {
    CERTWRIGHT_TRY(const auto csr, read_text_file(o.csr_file, 128 * 1024));
    w.begin_object().member("csr", csr).end_object();
    path = "/certs/csrs/" + encode(o.entity) + "?entity_type=" + encode(o.entity_type);
    if (!o.ttl.empty()) path += "&ttl=" + encode(o.ttl);
    if (!o.profile.empty()) path += "&profile=" + encode(o.profile);
  } else {
    w.begin_object();
    write_list(w, "ip_addresses", o.ips);
    if (!o.dns.empty()) write_list(w, "dns_names", o.dns);
    if (!o.ttl.empty()) w.member("ttl", o.ttl);
    if (!o.key_type.empty()) w.member("key_type", o.key_type);
    if (!o.profile.empty()) w.member("profile", o.profile);
    w.end_object();
    path = "/certs/issue/" + encode(o.entity_type) + "/" + encode(o.entity);
  }
  CERTWRIGHT_TRY(const auto reply, session.call("POST", path, w.text(), headers));
  CERTWRIGHT_TRY(const auto answer, json::parse(reply.text()));
  if (session.json()) return print_json(answer), Result<void>();
  const std::string serial = text_of(answer, "serial_number");
  if (!o.csr_file.empty() && !o.out.empty()) return write_output(o.out, text_of(answer, "certificate"), false);
  fmt::print("Issued {}\n", serial);
  if (!o.csr_file.empty()) fmt::print("{}", text_of(answer, "certificate"));
  else fmt::print("Fetch it with its key: certwright cert download {} --out {}.zip\n", serial, "certificate");
  return {};
}

Result<void> list(Session& session, const CertOptions& o) {
  Table table({"SERIAL", "STATE", "EXPIRES", "TYPE", "ENTITY", "SUBJECT"});
  std::string cursor = o.cursor;
  do {
    std::string path = "/certs?limit=" + std::to_string(o.limit);
    const std::pair<const char*, const std::string*> filters[] = {
        {"entity_id", &o.entity}, {"state", &o.state}, {"name", &o.name}, {"cursor", &cursor}};
    for (const auto& [name, value] : filters)
      if (!value->empty()) path += std::string("&") + name + "=" + encode(*value);
    CERTWRIGHT_TRY(const auto answer, session.call_json("GET", path));
    if (session.json()) print_json(answer);
    if (const auto* rows = answer.find("certificates"); rows != nullptr && rows->if_array() != nullptr)
      for (const auto& row : *rows->if_array())
        table.add({text_of(row, "SerialNumber"), text_of(row, "Revoked") == "yes" ? "revoked" : "valid",
                   text_of(row, "ExpiryDate"), text_of(row, "EntityType"), text_of(row, "EntityID"), text_of(row, "Subject")});
    cursor = text_of(answer, "next_cursor");
  } while (o.all && !cursor.empty());
  if (session.json()) return {};
  table.print();
  if (!cursor.empty()) fmt::print("More: --cursor {} (or --all)\n", cursor);
  return {};
}

Result<void> show(Session& session, const CertOptions& o) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/certs/" + encode(o.serial)));
  if (session.json()) return print_json(answer), Result<void>();
  print_members(answer);
  fmt::print("{}", text_of(answer, "certificate"));
  return {};
}

Result<void> change(Session& session, const CertOptions& o, const char* what, std::string_view body) {
  CERTWRIGHT_CHECK(session.call("PATCH", "/certs/" + encode(o.serial) + "/" + what, body));
  if (!session.json()) fmt::print("Done: {} {}\n", what, o.serial);
  return {};
}

Result<void> revoke(Session& session, const CertOptions& o) {
  if (o.reason.empty()) return change(session, o, "revoke", "");
  json::Writer w;
  w.begin_object().member("reason", o.reason).end_object();
  return change(session, o, "revoke", w.text());
}

Result<void> download(Session& session, const CertOptions& o) {
  const std::string base = "/certs/" + encode(o.serial) + "/download";
  CERTWRIGHT_TRY(const auto grant, session.call_json("GET", base + "/token"));
  CERTWRIGHT_TRY(const auto reply, session.call("GET", base + "?token=" + encode(text_of(grant, "token"))));
  CERTWRIGHT_CHECK(write_output(o.out, reply.text(), true));
  if (o.out != "-") fmt::print("Wrote {} (mode 0600): ca.pem, cert.pem, key.pem\n", o.out);
  return {};
}

}  // namespace

void add_cert_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("cert", "Certificates");
  group->require_subcommand(1);
  const auto o = std::make_shared<CertOptions>();
  const auto with = [o](Result<void> (*f)(Session&, const CertOptions&)) { return [o, f](Session& s) { return f(s, *o); }; };
  const auto by_serial = [&](const std::string& name, const std::string& help, Command command) {
    auto* sub = add_command(*group, registry, name, help, std::move(command));
    sub->add_option("serial", o->serial, "decimal, 0x..., or aa:bb:...")->required();
    return sub;
  };
  auto* i = add_command(*group, registry, "issue", "Issue a certificate, for a key made here or by CSR", with(issue));
  i->add_option("entity", o->entity, "whom it is for: becomes the common name, unless a CSR says otherwise")->required();
  i->add_option("--type", o->entity_type, "kind of entity")->capture_default_str();
  i->add_option("--ip", o->ips, "IP address");
  i->add_option("--dns", o->dns, "DNS name");
  i->add_option("--ttl", o->ttl, "e.g. 720h");
  i->add_option("--key-type", o->key_type, "e.g. rsa-3072");
  i->add_option("--csr", o->csr_file, "certification request (PEM); the key stays with you");
  i->add_option("--profile", o->profile, "default tls-server-client");
  i->add_option("--out", o->out, "with --csr: where the certificate goes");
  i->add_option("--idempotency-key", o->idempotency_key, "the same key gives the same certificate");
  auto* l = add_command(*group, registry, "list", "Certificates, one line for each line of renewals", with(list));
  l->add_option("--entity", o->entity, "only this entity's");
  l->add_option("--status", o->state, "valid, revoked or expired");
  l->add_option("--name", o->name, "exact, or a prefix ending in *");
  l->add_option("--limit", o->limit, "rows a page")->check(CLI::Range(1, 1000))->capture_default_str();
  l->add_option("--cursor", o->cursor, "continue a list");
  l->add_flag("--all", o->all, "all pages");
  by_serial("show", "One certificate", with(show));
  by_serial("renew", "A new certificate for the same line", [o](Session& s) { return change(s, *o, "renew", ""); });
  by_serial("revoke", "Revoke every unexpired certificate of the line", with(revoke))
      ->add_option("--reason", o->reason, "keyCompromise, superseded, cessationOfOperation, certificateHold, ...");
  by_serial("release", "End a certificateHold", [o](Session& s) { return change(s, *o, "release", ""); });
  by_serial("download", "Certificate, chain and private key as a zip", with(download))
      ->add_option("--out", o->out, "file, mode 0600")->required();
}

}  // namespace certwright::cli
