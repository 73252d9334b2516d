#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bytes/bytes.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/session.h"
#include "clock/clock.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct CertOptions {
  std::string serial, entity, entity_type = "backend", ttl, key_type, csr_file, profile, out,
                              reason;
  std::string ca, tenant, state, name, cursor, idempotency_key, expires_before;
  std::vector<std::string> ips, dns;
  unsigned limit = 50;
  bool all = false;
};

void write_list(json::Writer& w, const char* name, const std::vector<std::string>& values) {
  w.key(name).begin_array();
  for (const auto& value : values) w.value(value);
  w.end_array();
}

std::string issue_body(const CertOptions& o, const std::string& csr) {
  json::Writer w;
  w.begin_object();
  if (!csr.empty()) {
    w.member("csr", csr);
  } else {
    write_list(w, "ip_addresses", o.ips);
    if (!o.dns.empty()) write_list(w, "dns_names", o.dns);
  }
  const std::pair<const char*, const std::string*> optional[] = {
      {"ttl", &o.ttl}, {"key_type", &o.key_type}, {"profile", &o.profile}, {"ca", &o.ca}};
  for (const auto& [name, value] : optional)
    if (!value->empty()) w.member(name, *value);
  w.end_object();
  return std::move(w).take();
}

// `file` is open already: fetching the key may be what deletes it at the server.
Result<void> save_with_key(Session& session, const std::string& serial, OutputFile& file) {
  const std::string base = "/certs/" + url_encode(serial) + "/download";
  CERTWRIGHT_TRY(const auto grant, session.call_json("GET", base + "/token"));
  CERTWRIGHT_TRY(const auto reply,
                 session.call("GET", base + "?token=" + url_encode(text_of(grant, "token"))));
  return file.write(reply.text());
}

json::Value wrote(const std::string& serial, const std::string& file) {
  return json::Object{{"serial_number", serial}, {"file", file}};
}

constexpr std::string_view kZip = "ca.pem, cert.pem, key.pem; mode 0600";

Result<void> issue_from_csr(Session& session, const CertOptions& o,
                            const http_client::HeaderList& headers, std::optional<OutputFile>& file) {
  CERTWRIGHT_TRY(const auto csr, read_text_file(o.csr_file, 128 * 1024));
  const std::string path =
      "/certs/csrs/" + url_encode(o.entity) + "?entity_type=" + url_encode(o.entity_type);
  CERTWRIGHT_TRY(const auto reply, session.call("POST", path, issue_body(o, csr), headers));
  CERTWRIGHT_TRY(const auto answer, json::parse(reply.text()));
  const std::string serial = text_of(answer, "serial_number");
  if (file) CERTWRIGHT_CHECK(file->write(text_of(answer, "certificate")));
  if (session.json()) return print_json(answer), Result<void>();
  fmt::print(o.out == "-" ? stderr : stdout, "Issued {}{}\n", serial,
             o.out.empty() ? "" : ": certificate in " + o.out);
  if (o.out.empty()) fmt::print("{}", text_of(answer, "certificate"));
  return {};
}

Result<void> issue(Session& session, const CertOptions& o) {
  http_client::HeaderList headers{{"Content-Type", "application/json"}};
  if (!o.idempotency_key.empty()) headers.emplace_back("Idempotency-Key", o.idempotency_key);
  std::optional<OutputFile> file;
  if (!o.out.empty()) {
    CERTWRIGHT_TRY(auto opened, OutputFile::open(o.out, o.csr_file.empty() ? Readers::owner : Readers::everybody));
    file.emplace(std::move(opened));
  }
  if (!o.csr_file.empty()) return issue_from_csr(session, o, headers, file);
  CERTWRIGHT_TRY(
      const auto reply,
      session.call("POST", "/certs/issue/" + url_encode(o.entity_type) + "/" + url_encode(o.entity),
                   issue_body(o, ""), headers));
  CERTWRIGHT_TRY(const auto answer, json::parse(reply.text()));
  const std::string serial = text_of(answer, "serial_number");
  if (!file) {
    session.report(
        answer,
        fmt::format("Issued {}\nFetch it with its key: certwright cert download {} --out {}.zip",
                    serial, serial, o.entity));
    return {};
  }
  if (const auto saved = save_with_key(session, serial, *file); !saved)
    return fail(saved.error().code,
                "issued " + serial + ", but not saved: " + saved.error().detail +
                    "; once that is solved: certwright cert download " + serial + " --out FILE");
  session.report(wrote(serial, o.out), fmt::format("Issued {}: {} ({})", serial, o.out, kZip));
  return {};
}

std::string state_of(const json::Value& row, const std::string& now) {
  if (text_of(row, "Revoked") == "yes") return "revoked";
  return text_of(row, "ExpiryDate") <= now ? "expired" : "valid";
}

// One document whatever the number of pages: all rows, with the first page's totals and the last
// cursor.
Result<json::Value> fetch_list(Session& session, const CertOptions& o) {
  json::Value whole;
  std::string cursor = o.cursor;
  do {
    std::string path = "/certs?limit=" + std::to_string(o.limit);
    const std::pair<const char*, const std::string*> filters[] = {
        {"entity_id", &o.entity},
        {"state", &o.state},
        {"name", &o.name},
        {"cursor", &cursor},
        {"expires_before", &o.expires_before},
        {"tenant", &o.tenant}};
    for (const auto& [name, value] : filters)
      if (!value->empty()) path += std::string("&") + name + "=" + url_encode(*value);
    CERTWRIGHT_TRY(auto page, session.call_json("GET", path));
    cursor = text_of(page, "next_cursor");
    if (whole.is_null()) {
      whole = std::move(page);
      continue;
    }
    json::Array rows = rows_of(whole, "certificates");
    for (const auto& row : rows_of(page, "certificates")) rows.push_back(row);
    whole.set("certificates", std::move(rows));
    whole.set("next_cursor", cursor.empty() ? json::Value() : json::Value(cursor));
  } while (o.all && !cursor.empty());
  return whole;
}

Result<void> list(Session& session, const CertOptions& o) {
  CERTWRIGHT_TRY(const auto answer, fetch_list(session, o));
  if (session.json()) return print_json(answer), Result<void>();
  const std::string now = to_rfc3339(SystemClock().now());
  Table table({"SERIAL", "STATE", "ENDS", "TYPE", "ENTITY", "SUBJECT"});
  for (const auto& row : rows_of(answer, "certificates"))
    table.add({text_of(row, "SerialNumber"), state_of(row, now), time_of(row, "ExpiryDate"),
               text_of(row, "EntityType"), text_of(row, "EntityID"), text_of(row, "Subject")});
  table.print();
  if (const auto cursor = text_of(answer, "next_cursor"); !cursor.empty())
    fmt::print("More: the same with --cursor {}, or --all\n", cursor);
  return {};
}

Result<void> show(Session& session, const CertOptions& o) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/certs/" + url_encode(o.serial)));
  if (session.json()) return print_json(answer), Result<void>();
  print_members(answer);
  fmt::print("{}", text_of(answer, "certificate"));
  return {};
}

Result<void> chain(Session& session, const CertOptions& o) {
  CERTWRIGHT_TRY(const auto reply,
                 session.call("GET", "/certs/" + url_encode(o.serial) + "/chain"));
  const bool to_file = !o.out.empty() && o.out != "-";
  if (to_file) CERTWRIGHT_CHECK(write_output(o.out, reply.text()));
  if (to_file)
    session.report(wrote(o.serial, o.out), "Wrote " + o.out + ": certificate, then its issuers");
  else if (session.json())
    print_json(json::Object{{"chain", std::string(reply.text())}});
  else
    fmt::print("{}", reply.text());
  return {};
}

Result<void> renew(Session& session, const CertOptions& o) {
  json::Writer w;
  if (!o.ttl.empty()) w.begin_object().member("ttl", o.ttl).end_object();
  const std::string path = "/certs/" + url_encode(o.serial);
  http_client::HeaderList headers{{"Content-Type", "application/json"}};
  if (!o.idempotency_key.empty()) headers.emplace_back("Idempotency-Key", o.idempotency_key);
  CERTWRIGHT_CHECK(session.call("PATCH", path + "/renew", w.text(), headers));
  CERTWRIGHT_TRY(const auto now, session.call_json("GET", path));
  session.report(now, fmt::format("Renewed {}: the certificate is now {}, until {}\nFetch it: "
                                  "certwright cert download {} --out FILE",
                                  o.serial, text_of(now, "current_serial_number"),
                                  time_of(now, "expiry_time"), o.serial));
  return {};
}

Result<void> revoke(Session& session, const CertOptions& o) {
  json::Writer w;
  if (!o.reason.empty()) w.begin_object().member("reason", o.reason).end_object();
  CERTWRIGHT_CHECK(session.call("PATCH", "/certs/" + url_encode(o.serial) + "/revoke", w.text()));
  session.report(
      json::Object{{"serial_number", o.serial}, {"revoked", true}},
      "Revoked " + o.serial + " and its renewals: at OCSP now, in the CRL within seconds");
  return {};
}

Result<void> revoke_entity(Session& session, const CertOptions& o) {
  json::Writer w;
  if (!o.reason.empty()) w.begin_object().member("reason", o.reason).end_object();
  std::string path = "/certs/entities/" + url_encode(o.entity) + "/revoke";
  if (!o.tenant.empty()) path += "?tenant=" + url_encode(o.tenant);
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", path, w.text()));
  session.report(answer, fmt::format("Revoked {} certificates of {}; {} were revoked before",
                                     text_of(answer, "revoked"), printable(o.entity),
                                     text_of(answer, "already_revoked")));
  return {};
}

Result<void> release(Session& session, const CertOptions& o) {
  CERTWRIGHT_CHECK(session.call("PATCH", "/certs/" + url_encode(o.serial) + "/release"));
  session.report(json::Object{{"serial_number", o.serial}, {"revoked", false}},
                 "Released " + o.serial + " from hold");
  return {};
}

Result<void> download(Session& session, const CertOptions& o) {
  CERTWRIGHT_TRY(auto file, OutputFile::open(o.out, Readers::owner));
  CERTWRIGHT_CHECK(save_with_key(session, o.serial, file));
  if (o.out != "-")
    session.report(wrote(o.serial, o.out), fmt::format("Wrote {} ({})", o.out, kZip));
  return {};
}

void add_issue(CLI::App& sub, CertOptions& o) {
  sub.add_option("entity", o.entity,
                 "whom it is for: becomes the common name, unless a CSR says otherwise")
      ->required()
      ->type_name("ENTITY");
  sub.add_option("--type", o.entity_type, "kind of entity")
      ->capture_default_str()
      ->type_name("TYPE");
  auto* ip = sub.add_option("--ip", o.ips, "IP address; may be repeated")
                 ->allow_extra_args(false)
                 ->type_name("ADDRESS");
  auto* dns = sub.add_option("--dns", o.dns, "DNS name; may be repeated")
                  ->allow_extra_args(false)
                  ->type_name("NAME");
  sub.add_option("--ttl", o.ttl, "e.g. 720h or 90d; default: the profile's")->type_name("TIME");
  auto* key = sub.add_option("--key-type", o.key_type,
                             "e.g. ecdsa-p256, rsa-3072, ed25519; default: the profile's")
                  ->type_name("ALGORITHM");
  // A CSR brings names and key of its own.
  sub.add_option("--csr", o.csr_file, "certification request (PEM); the key stays with you")
      ->type_name("FILE")
      ->excludes(ip)
      ->excludes(dns)
      ->excludes(key);
  sub.add_option("--profile", o.profile, "default tls-server-client")->type_name("PROFILE");
  sub.add_option("--issuer", o.ca, "CA that signs; default: the one for the profile")
      ->type_name("CA");
  sub.add_option("--out", o.out,
                 "save it: a zip with certificate, chain and key, or with --csr the certificate")
      ->type_name("FILE");
  sub.add_option("--idempotency-key", o.idempotency_key, "the same key gives the same certificate")
      ->type_name("KEY");
}

}  // namespace

void add_cert_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("cert", "Certificates");
  group->require_subcommand(1);
  const auto o = std::make_shared<CertOptions>();
  const auto with = command_with(o);
  const auto by_serial = [&](const std::string& name, const std::string& help,
                             Result<void> (*f)(Session&, const CertOptions&)) {
    auto* sub = add_command(*group, registry, name, help, with(f));
    sub->add_option("serial", o->serial, "decimal, 0x..., or aa:bb:...; any of the line")
        ->required()
        ->type_name("SERIAL");
    return sub;
  };
  const auto add_reason = [&](CLI::App* sub) {
    sub->add_option("--reason", o->reason, "as RFC 5280 names it")
        ->default_str("unspecified")
        ->check(CLI::IsMember({"unspecified", "keyCompromise", "cACompromise", "affiliationChanged",
                               "superseded", "cessationOfOperation", "certificateHold",
                               "privilegeWithdrawn", "aACompromise"}))
        ->type_name("REASON");
  };
  add_issue(*add_command(*group, registry, "issue",
                         "Issue a certificate, for a key made here or by CSR", with(issue)),
            *o);
  auto* l = add_command(*group, registry, "list",
                        "Certificates, one line for each line of renewals", with(list));
  l->add_option("--entity", o->entity, "only this entity's")->type_name("ENTITY");
  l->add_option("--tenant", o->tenant, "only this tenant's")->type_name("TENANT");
  l->add_option("--status", o->state, "only these")
      ->check(CLI::IsMember({"valid", "revoked", "expired"}))
      ->type_name("STATE");
  l->add_option("--name", o->name, "exact, or a prefix ending in *")->type_name("NAME");
  l->add_option("--expires-before", o->expires_before, "e.g. 2027-01-31T00:00:00Z")
      ->type_name("TIME");
  l->add_option("--limit", o->limit, "rows a page")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  l->add_option("--cursor", o->cursor, "continue a list")->type_name("CURSOR");
  l->add_flag("--all", o->all, "all pages");
  by_serial("show", "One certificate", show);
  by_serial("chain", "Certificate and issuers as PEM, without the key", chain)
      ->add_option("--out", o->out, "new file; default standard output")
      ->type_name("FILE");
  auto* renewal = by_serial("renew", "A new certificate for the same line", renew);
  renewal->add_option("--ttl", o->ttl, "e.g. 720h; default: as before")->type_name("TIME");
  renewal->add_option("--idempotency-key", o->idempotency_key, "with the same key the line is renewed once")->type_name("KEY");
  add_reason(by_serial("revoke", "Revoke every unexpired certificate of the line", revoke));
  auto* e = add_command(*group, registry, "revoke-entity", "Revoke all certificates of an entity",
                        with(revoke_entity));
  e->add_option("entity", o->entity, "whose")->required()->type_name("ENTITY");
  e->add_option("--tenant", o->tenant, "default: your own")->type_name("TENANT");
  add_reason(e);
  by_serial("release", "End a certificateHold", release);
  by_serial("download", "Certificate, chain and private key as a zip", download)
      ->add_option("--out", o->out, "new file, mode 0600; - is standard output")
      ->required()
      ->type_name("FILE");
}

}  // namespace certwright::cli
