#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct CaOptions {
  std::string id, name, kind = "subordinate", parent, subject, key_algorithm, signature_algorithm, validity;
  std::string public_url, policy_file, file, key_file, passphrase_file, out = "-";
};

Result<void> show(Session& session, const json::Value& ca) {
  if (session.json()) print_json(ca);
  else print_members(ca);
  return {};
}

Result<void> list(Session& session) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/api/v1/cas"));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"ID", "STATE", "ISSUES", "KEY", "ALGORITHM", "EXPIRES", "SUBJECT"});
  if (const auto* cas = answer.find("cas"); cas != nullptr && cas->if_array() != nullptr)
    for (const auto& ca : *cas->if_array())
      table.add({text_of(ca, "id"), text_of(ca, "state"), text_of(ca, "can_issue"),
                 text_of(ca, "key_online") == "yes" ? "online" : "offline", text_of(ca, "key_algorithm"),
                 text_of(ca, "not_after"), text_of(ca, "subject")});
  table.print();
  return {};
}

// The document of --policy, or one made of --public-url.
Result<std::string> policy_json(const CaOptions& o) {
  if (!o.policy_file.empty()) return read_text_file(o.policy_file);
  if (o.public_url.empty()) return std::string();
  json::Writer w;
  w.begin_object().member("public_url", o.public_url).end_object();
  return std::move(w).take();
}

Result<void> create(Session& session, const CaOptions& o) {
  json::Writer w;
  w.begin_object().member("id", o.id).member("kind", o.kind).member("subject", o.subject);
  const std::pair<const char*, const std::string*> optional[] = {{"name", &o.name}, {"parent", &o.parent},
      {"key_algorithm", &o.key_algorithm}, {"signature_algorithm", &o.signature_algorithm}, {"validity", &o.validity}};
  for (const auto& [name, value] : optional)
    if (!value->empty()) w.member(name, *value);
  CERTWRIGHT_TRY(const auto policy, policy_json(o));
  if (!policy.empty()) w.key("policy").raw(policy);
  w.end_object();
  CERTWRIGHT_TRY(const auto ca, session.call_json("POST", "/api/v1/cas", w.text()));
  if (const auto pem = text_of(ca, "certification_request"); !pem.empty() && !session.json())
    return write_output(o.out, pem, false);
  return show(session, ca);
}

Result<void> import_ca(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto content, read_text_file(o.file));
  json::Writer w;
  w.begin_object().member("id", o.id);
  if (!o.name.empty()) w.member("name", o.name);
  if (content.find("-----BEGIN") == std::string::npos) w.member("pkcs12", to_base64(as_bytes(content)));
  else w.member("certificate", content);
  if (!o.key_file.empty()) {
    CERTWRIGHT_TRY(const auto key, read_text_file(o.key_file));
    w.member("private_key", key);
  }
  if (!o.passphrase_file.empty()) {
    CERTWRIGHT_TRY(auto passphrase, read_text_file(o.passphrase_file, 4096));
    while (!passphrase.empty() && passphrase.back() == '\n') passphrase.pop_back();
    w.member("passphrase", passphrase);
  }
  CERTWRIGHT_TRY(const auto policy, policy_json(o));
  if (!policy.empty()) w.key("policy").raw(policy);
  w.end_object();
  std::string body = std::move(w).take();
  const auto ca = session.call_json("POST", "/api/v1/cas/import", body);
  wipe_memory(body.data(), body.size());
  if (!ca) return tl::unexpected(ca.error());
  return show(session, *ca);
}

Result<void> export_csr(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/api/v1/cas/" + o.id + "/request"));
  return write_output(o.out, text_of(answer, "certification_request"), false);
}

Result<void> install(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto pem, read_text_file(o.file));
  json::Writer w;
  w.begin_object().member("certificate", pem).end_object();
  CERTWRIGHT_TRY(const auto ca, session.call_json("PUT", "/api/v1/cas/" + o.id + "/certificate", w.text()));
  return show(session, ca);
}

Result<void> change_policy(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto policy, read_text_file(o.policy_file));
  CERTWRIGHT_TRY(const auto ca, session.call_json("PUT", "/api/v1/cas/" + o.id + "/policy", policy));
  return show(session, ca);
}

Result<void> import_crl(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto crl, read_text_file(o.file, 8 * 1024 * 1024));
  CERTWRIGHT_CHECK(session.call("PUT", "/api/v1/cas/" + o.id + "/crl", crl, {{"Content-Type", "application/pkix-crl"}}));
  fmt::print("Imported.\n");
  return {};
}

Command post(const std::shared_ptr<CaOptions>& o, const std::string& what) {
  return [o, what](Session& session) -> Result<void> {
    CERTWRIGHT_TRY(const auto answer, session.call_json("POST", "/api/v1/cas/" + o->id + "/" + what));
    return show(session, answer);
  };
}

}  // namespace

void add_ca_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("ca", "Certification authorities");
  group->require_subcommand(1);
  const auto o = std::make_shared<CaOptions>();
  const auto with = [o](Result<void> (*f)(Session&, const CaOptions&)) { return [o, f](Session& s) { return f(s, *o); }; };
  const auto add = [&](const std::string& name, const std::string& help, Command command, bool takes_id = true) {
    auto* sub = add_command(*group, registry, name, help, std::move(command));
    if (takes_id) sub->add_option("id", o->id, "the CA's id")->required();
    return sub;
  };
  add("list", "All CAs", list, false);
  add("show", "One CA", [o](Session& s) -> Result<void> {
    CERTWRIGHT_TRY(const auto ca, s.call_json("GET", "/api/v1/cas/" + o->id));
    return show(s, ca);
  });
  auto* c = add("create", "A new CA: below a parent here, a new root, or a request for an outside parent", with(create));
  c->add_option("--kind", o->kind, "root, subordinate or request")->capture_default_str();
  c->add_option("--parent", o->parent, "issuing CA, for a subordinate");
  c->add_option("--subject", o->subject, "e.g. \"CN=Acme CA 2,O=Acme\"")->required();
  c->add_option("--name", o->name, "for people");
  c->add_option("--algorithm", o->key_algorithm, "key, default ecdsa-p256");
  c->add_option("--signature", o->signature_algorithm, "signature, default by key");
  c->add_option("--lifetime", o->validity, "e.g. 1825d");
  c->add_option("--public-url", o->public_url, "base of the URLs in certificates");
  c->add_option("--policy", o->policy_file, "policy document (JSON file)");
  c->add_option("--out", o->out, "where the request goes (kind request)")->capture_default_str();
  add("rotate", "A successor with a new key; the present CA is retired", post(o, "rotate"));
  add("retire", "It issues no more; CRLs and OCSP go on", post(o, "retire"));
  add("crl", "Build and sign its CRLs now", post(o, "crl"));
  auto* i = add("import", "A CA made elsewhere: PEM or PKCS#12", with(import_ca));
  i->add_option("file", o->file, "certificate and issuers (PEM), or PKCS#12")->required();
  i->add_option("--key", o->key_file, "private key, PEM; without it the CA stays offline");
  i->add_option("--passphrase-file", o->passphrase_file, "passphrase of key or PKCS#12");
  i->add_option("--name", o->name, "for people");
  i->add_option("--public-url", o->public_url, "base of the URLs in certificates");
  i->add_option("--policy", o->policy_file, "policy document (JSON file)");
  add("export-csr", "The CA's certification request", with(export_csr))->add_option("--out", o->out, "file")->capture_default_str();
  add("install", "The certificate an outside parent made", with(install))->add_option("file", o->file, "PEM: certificate, then its issuers")->required();
  add("policy", "Change a CA's policy", with(change_policy))->add_option("file", o->policy_file, "policy document (JSON)")->required();
  add("import-crl", "A CRL that an offline CA signed", with(import_crl))->add_option("file", o->file, "DER or PEM")->required();
}

void add_profile_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("profile", "Certificate profiles");
  group->require_subcommand(1);
  const auto name = std::make_shared<std::string>();
  add_command(*group, registry, "list", "All profiles", [](Session& s) -> Result<void> {
    CERTWRIGHT_TRY(const auto answer, s.call_json("GET", "/api/v1/profiles"));
    if (s.json()) return print_json(answer), Result<void>();
    Table table({"NAME", "VERSION", "DESCRIPTION"});
    if (const auto* all = answer.find("profiles"); all != nullptr && all->if_array() != nullptr)
      for (const auto& profile : *all->if_array())
        table.add({text_of(profile, "name"), text_of(profile, "version"), text_of(profile, "description")});
    table.print();
    return {};
  });
  add_command(*group, registry, "show", "One profile, as its document", [name](Session& s) -> Result<void> {
    CERTWRIGHT_TRY(const auto profile, s.call_json("GET", "/api/v1/profiles/" + *name));
    print_json(profile);
    return {};
  })->add_option("name", *name)->required();
  add_command(*group, registry, "publish", "A new profile, or the next version of one", [name](Session& s) -> Result<void> {
    CERTWRIGHT_TRY(const auto document, read_text_file(*name));
    CERTWRIGHT_TRY(const auto profile, s.call_json("POST", "/api/v1/profiles", document));
    if (s.json()) print_json(profile);
    else fmt::print("Published {} version {}.\n", text_of(profile, "name"), text_of(profile, "version"));
    return {};
  })->add_option("file", *name, "document (JSON)")->required();
}

}  // namespace certwright::cli
