#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/session.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

struct CaOptions {
  std::string id, name, kind = "subordinate", parent, subject, key_algorithm, signature_algorithm,
                        validity;
  std::string public_url, policy_file, file, key_file, passphrase_file, out = "-";
};

Result<void> show(Session& session, const json::Value& ca) {
  if (session.json())
    print_json(ca);
  else
    print_members(ca);
  return {};
}

Result<void> list(Session& session) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/api/v1/cas"));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"ID", "STATE", "ISSUES", "KEY", "ALGORITHM", "EXPIRES", "SUBJECT"});
  for (const auto& ca : rows_of(answer, "cas"))
    table.add({text_of(ca, "id"), text_of(ca, "state"), text_of(ca, "can_issue"),
               text_of(ca, "key_online") == "yes" ? "online" : "offline",
               text_of(ca, "key_algorithm"), text_of(ca, "not_after"), text_of(ca, "subject")});
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

// A request for an outside parent: to a file or, without one, to standard output.
Result<void> save_request(Session& session, const CaOptions& o, const json::Value& answer) {
  if (session.json() && o.out == "-") return print_json(answer), Result<void>();
  CERTWRIGHT_CHECK(write_output(o.out, text_of(answer, "certification_request")));
  if (o.out != "-")
    session.report(json::Object{{"id", o.id}, {"file", o.out}},
                   fmt::format("Wrote {}. Have it signed (CA:TRUE, keyCertSign, cRLSign), then: "
                               "certwright ca install {} ANSWER.pem",
                               o.out, o.id));
  return {};
}

Result<void> create(Session& session, const CaOptions& o) {
  if ((o.kind == "subordinate") == o.parent.empty())
    return fail(
        Errc::invalid,
        o.parent.empty()
            ? "a CA below another needs --parent (certwright ca list shows which there are); "
              "otherwise say --kind root or --kind request"
            : "--parent goes with --kind subordinate only");
  if (o.kind != "request" && o.out != "-") return fail(Errc::invalid, "--out goes with --kind request only");
  json::Writer w;
  w.begin_object().member("id", o.id).member("kind", o.kind).member("subject", o.subject);
  const std::pair<const char*, const std::string*> optional[] = {
      {"name", &o.name},
      {"parent", &o.parent},
      {"key_algorithm", &o.key_algorithm},
      {"signature_algorithm", &o.signature_algorithm},
      {"validity", &o.validity}};
  for (const auto& [name, value] : optional)
    if (!value->empty()) w.member(name, *value);
  CERTWRIGHT_TRY(const auto policy, policy_json(o));
  if (!policy.empty()) w.key("policy").raw(policy);
  w.end_object();
  CERTWRIGHT_TRY(const auto ca, session.call_json("POST", "/api/v1/cas", w.text()));
  const auto pem = text_of(ca, "certification_request");
  if (pem.empty()) return show(session, ca);
  return save_request(session, o, ca);
}

Result<void> import_ca(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto content, read_text_file(o.file));
  json::Writer w;
  w.begin_object().member("id", o.id);
  if (!o.name.empty()) w.member("name", o.name);
  if (content.find("-----BEGIN") == std::string::npos)
    w.member("pkcs12", to_base64(as_bytes(content)));
  else
    w.member("certificate", content);
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
  CERTWRIGHT_TRY(const auto answer,
                 session.call_json("GET", "/api/v1/cas/" + url_encode(o.id) + "/request"));
  return save_request(session, o, answer);
}

Result<void> install(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto pem, read_text_file(o.file));
  json::Writer w;
  w.begin_object().member("certificate", pem).end_object();
  CERTWRIGHT_TRY(
      const auto ca,
      session.call_json("PUT", "/api/v1/cas/" + url_encode(o.id) + "/certificate", w.text()));
  return show(session, ca);
}

Result<void> change_policy(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto policy, read_text_file(o.policy_file));
  CERTWRIGHT_TRY(const auto ca,
                 session.call_json("PATCH", "/api/v1/cas/" + url_encode(o.id) + "/policy", policy));
  return show(session, ca);
}

Result<void> import_crl(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto crl, read_text_file(o.file, 8 * 1024 * 1024));
  CERTWRIGHT_CHECK(session.call("PUT", "/api/v1/cas/" + url_encode(o.id) + "/crl", crl,
                                {{"Content-Type", "application/pkix-crl"}}));
  session.report(json::Object{{"id", o.id}, {"imported", true}}, "Imported the CRL of " + o.id);
  return {};
}

Result<void> build_crls(Session& session, const CaOptions& o) {
  CERTWRIGHT_TRY(const auto answer,
                 session.call_json("POST", "/api/v1/cas/" + url_encode(o.id) + "/crl"));
  if (session.json()) return print_json(answer), Result<void>();
  Table table({"SHARD", "NUMBER", "ENTRIES", "NEXT UPDATE"});
  for (const auto& crl : rows_of(answer, "crls"))
    table.add({text_of(crl, "shard"), text_of(crl, "number"), text_of(crl, "entries"),
               text_of(crl, "next_update")});
  table.print();
  return {};
}

void say_what_rotation_did(const CaOptions& o, const json::Value& successor) {
  const std::string id = text_of(successor, "id");
  fmt::print("{} issues from now on; {} goes on with CRLs and OCSP\n", id, o.id);
  if (const auto* carried = successor.find("carried_over"))
    fmt::print("Hold for {} too: roles at {} ({}), selection rules ({}), its approval password ({})\n", id, o.id,
               text_of(*carried, "roles"), text_of(*carried, "selection_rules"), text_of(*carried, "approval_password"));
  if (const std::string open = text_of(successor, "open_requests"); open != "0")
    fmt::print("Requests that wait at {}: {}. They cannot be issued any more: within minutes they are failed, their "
               "requesters are told, and they can be made again\n", o.id, open);
}

Command post(const std::shared_ptr<CaOptions>& o, const std::string& what) {
  return [o, what](Session& session) -> Result<void> {
    CERTWRIGHT_TRY(const auto answer,
                   session.call_json("POST", "/api/v1/cas/" + url_encode(o->id) + "/" + what));
    return show(session, answer);
  };
}

void add_policy(CLI::App& sub, CaOptions& o) {
  auto* url = sub.add_option("--public-url", o.public_url, "base of the URLs in certificates")
                  ->type_name("URL");
  sub.add_option("--policy", o.policy_file, "policy document (JSON file)")
      ->excludes(url)
      ->type_name("FILE");
}

void add_create(CLI::App& sub, CaOptions& o) {
  sub.add_option("--kind", o.kind, "what is made")
      ->check(CLI::IsMember({"root", "subordinate", "request"}))
      ->capture_default_str()
      ->type_name("KIND");
  sub.add_option("--parent", o.parent, "issuing CA, for a subordinate")->type_name("CA");
  sub.add_option("--subject", o.subject, "e.g. \"CN=Acme CA 2,O=Acme\"")
      ->required()
      ->type_name("NAME");
  sub.add_option("--name", o.name, "for people")->type_name("TEXT");
  sub.add_option("--algorithm", o.key_algorithm, "key, e.g. rsa-4096")
      ->default_str("ecdsa-p256")
      ->type_name("ALGORITHM");
  sub.add_option("--signature", o.signature_algorithm,
                 "signature, e.g. rsa-pss-sha256; default by key")
      ->type_name("ALGORITHM");
  sub.add_option("--lifetime", o.validity, "e.g. 1825d; default 7300d for a root, 1825d otherwise")
      ->type_name("TIME");
  add_policy(sub, o);
  sub.add_option("--out", o.out, "kind request: new file for the request; - is standard output")
      ->capture_default_str()
      ->type_name("FILE");
}

}  // namespace

void add_ca_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("ca", "Certification authorities");
  group->require_subcommand(1);
  const auto o = std::make_shared<CaOptions>();
  const auto with = command_with(o);
  const auto add = [&](const std::string& name, const std::string& help, Command command) {
    auto* sub = add_command(*group, registry, name, help, std::move(command));
    sub->add_option("id", o->id, "the CA's id")->required()->type_name("CA");
    return sub;
  };
  add_command(*group, registry, "list", "All CAs", list);
  add("show", "One CA", [o](Session& s) -> Result<void> {
    CERTWRIGHT_TRY(const auto ca, s.call_json("GET", "/api/v1/cas/" + url_encode(o->id)));
    return show(s, ca);
  });
  add_create(*add("create",
                  "A new CA: below a parent here, a new root, or a request for an outside parent",
                  with(create)),
             *o);
  add("rotate", "A successor with a new key; the present CA is retired",
      [o](Session& s) -> Result<void> {
        CERTWRIGHT_TRY(const auto successor,
                       s.call_json("POST", "/api/v1/cas/" + url_encode(o->id) + "/rotate"));
        CERTWRIGHT_CHECK(show(s, successor));
        if (!s.json()) say_what_rotation_did(*o, successor);
        return {};
      });
  add("retire", "It issues no more; CRLs and OCSP go on", post(o, "retire"));
  add("crl", "Build and sign its CRLs now", with(build_crls));
  auto* i = add("import", "A CA made elsewhere: PEM or PKCS#12", with(import_ca));
  i->add_option("file", o->file, "certificate and issuers (PEM), or PKCS#12")
      ->required()
      ->type_name("FILE");
  i->add_option("--key", o->key_file, "private key, PEM; without it the CA stays offline")
      ->type_name("FILE");
  i->add_option("--passphrase-file", o->passphrase_file, "passphrase of key or PKCS#12")
      ->type_name("FILE");
  i->add_option("--name", o->name, "for people")->type_name("TEXT");
  add_policy(*i, *o);
  add("export-csr", "The CA's certification request", with(export_csr))
      ->add_option("--out", o->out, "new file; - is standard output")
      ->capture_default_str()
      ->type_name("FILE");
  add("install", "The certificate an outside parent made", with(install))
      ->add_option("file", o->file, "PEM: certificate, then its issuers")
      ->required()
      ->type_name("FILE");
  add("policy", "Change a CA's policy: what FILE names, and nothing else", with(change_policy))
      ->add_option("file", o->policy_file,
                   "members of the policy (JSON); certwright ca show CA --json has all")
      ->required()
      ->type_name("FILE");
  add("import-crl", "A CRL that an offline CA signed", with(import_crl))
      ->add_option("file", o->file, "DER or PEM")
      ->required()
      ->type_name("FILE");
}

void add_profile_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("profile", "Certificate profiles");
  group->require_subcommand(1);
  const auto name = std::make_shared<std::string>();
  add_command(*group, registry, "list", "All profiles", [](Session& s) -> Result<void> {
    CERTWRIGHT_TRY(const auto answer, s.call_json("GET", "/api/v1/profiles"));
    if (s.json()) return print_json(answer), Result<void>();
    Table table({"NAME", "VERSION", "DESCRIPTION"});
    for (const auto& profile : rows_of(answer, "profiles"))
      table.add(
          {text_of(profile, "name"), text_of(profile, "version"), text_of(profile, "description")});
    table.print();
    return {};
  });
  add_command(*group, registry, "show", "One profile, as its document",
              [name](Session& s) -> Result<void> {
                CERTWRIGHT_TRY(const auto profile,
                               s.call_json("GET", "/api/v1/profiles/" + url_encode(*name)));
                if (s.json())
                  print_json(profile);
                else
                  fmt::print("{}\n", indented(profile));
                return {};
              })
      ->add_option("name", *name, "its name, as in certwright profile list")
      ->required()
      ->type_name("PROFILE");
  add_command(*group, registry, "publish", "A new profile, or the next version of one",
              [name](Session& s) -> Result<void> {
                CERTWRIGHT_TRY(const auto document, read_text_file(*name));
                CERTWRIGHT_TRY(const auto profile,
                               s.call_json("POST", "/api/v1/profiles", document));
                s.report(profile, fmt::format("Published {} version {}", text_of(profile, "name"),
                                              text_of(profile, "version")));
                return {};
              })
      ->add_option("file", *name, "document (JSON), as certwright profile show prints it")
      ->required()
      ->type_name("FILE");
}

}  // namespace certwright::cli
