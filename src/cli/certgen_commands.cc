#include <fstream>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "aggregate/proof.h"
#include "cli/audit_files.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/session.h"
#include "clock/clock.h"
#include "crypto/digest.h"
#include "json/writer.h"
#include "x509/certificate.h"

namespace certwright::cli {
namespace {

struct CertgenOptions {
  std::string id = "interception", subject = "CN=Interception CA", root_subject = "CN=Interception Root CA";
  std::string key_algorithm = "ecdsa-p256", public_url;
  std::vector<std::string> excluded;
  std::string certificate, proof, out, state_dir, key;
  std::vector<std::string> exports;
};

constexpr std::string_view kRootProfile = "interception-ca";

Result<std::string> make_ca(Session& session, const CertgenOptions& o, bool root) {
  json::Writer w;
  w.begin_object();
  w.member("id", root ? o.id + "-root" : o.id).member("kind", root ? "root" : "subordinate");
  if (!root) w.member("parent", o.id + "-root");
  w.member("subject", root ? o.root_subject : o.subject).member("key_algorithm", o.key_algorithm);
  w.key("policy").begin_object();
  if (!o.public_url.empty()) w.member("public_url", o.public_url);
  w.key("profiles").begin_array().value(root ? kRootProfile : "interception").end_array().end_object();
  if (!root && !o.excluded.empty()) {
    w.key("excluded_names").begin_array();
    for (const auto& name : o.excluded) w.value(name);
    w.end_array();
  }
  w.end_object();
  CERTWRIGHT_TRY(const auto ca, session.call_json("POST", "/api/v1/cas", w.text()));
  return text_of(ca, "chain");
}

std::string id_of_root(const CertgenOptions& o) { return o.id + "-root"; }

// The root of an init that was interrupted before it made the CA below. Errors: conflict if the one of
// that id was made for something else.
Result<std::string> root_of_before(Session& session, const CertgenOptions& o) {
  const std::string id = id_of_root(o);
  CERTWRIGHT_TRY(const auto ca, session.call_json("GET", "/api/v1/cas/" + url_encode(id)));
  const auto differs = [&](std::string_view option, std::string_view present) {
    return fail(Errc::conflict, fmt::format("CA \"{}\" is there already, with {}: give that as {}, or another --id", id,
                                            printable(present), option));
  };
  CERTWRIGHT_TRY(const auto wanted, x509::Name::from_text(o.root_subject));
  if (text_of(ca, "subject") != wanted.to_text()) return differs("--root-subject", text_of(ca, "subject"));
  if (text_of(ca, "key_algorithm") != o.key_algorithm) return differs("--algorithm", text_of(ca, "key_algorithm"));
  const auto* policy = ca.find("policy");
  if (policy == nullptr || text_of(*policy, "profiles") != kRootProfile || !text_of(ca, "parent").empty())
    return fail(Errc::conflict, fmt::format("CA \"{}\" is there already, and no root for CAs that intercept: give another --id", id));
  return text_of(ca, "chain");
}

// A root of its own and, below it, the CA that intercepts (DESIGN section 4). Interrupted between the
// two, it goes on with the root that is there.
Result<void> init(Session& session, const CertgenOptions& o) {
  std::optional<OutputFile> file;
  if (!o.out.empty()) {
    CERTWRIGHT_TRY(auto opened, OutputFile::open(o.out, Readers::everybody));
    file.emplace(std::move(opened));
  }
  auto root = make_ca(session, o, true);
  if (!root && root.error().code == Errc::conflict) root = root_of_before(session, o);
  if (!root) return tl::unexpected(root.error());
  if (const auto made = make_ca(session, o, false); !made) {
    if (made.error().code != Errc::conflict) return tl::unexpected(made.error());
    return fail(Errc::conflict, made.error().detail + "; its root: certwright ca show " + id_of_root(o));
  }
  if (file) CERTWRIGHT_CHECK(file->write(*root));
  if (session.json()) {
    print_json(json::Object{{"ca", o.id}, {"root", id_of_root(o)}, {"root_pem", *root}, {"file", o.out}});
    return {};
  }
  fmt::print("CA \"{}\" intercepts below root \"{}\".\n{}", o.id, id_of_root(o),
             file ? "The clients of the proxy must trust the root in " + o.out + "\n"
                  : "The clients of the proxy must trust this root:\n" + *root);
  return {};
}

Result<x509::Certificate> read_certificate(const std::string& path) {
  CERTWRIGHT_TRY(const auto text, read_text_file(path));
  if (text.find("-----BEGIN") == std::string::npos) return x509::Certificate::parse(to_bytes(as_bytes(text)));
  CERTWRIGHT_TRY(auto all, x509::parse_certificates_pem(text));
  return std::move(all.front());
}

std::string sentence(aggregate::Verdict verdict, std::uint64_t lost) {
  std::string text;
  switch (verdict) {
    case aggregate::Verdict::issued: return "issued: the certificate is ours";
    case aggregate::Verdict::other_certificate: return "not issued: its serial is that of another certificate of ours";
    case aggregate::Verdict::not_issued: text = "not issued: no certificate with its serial is in the tree"; break;
    case aggregate::Verdict::interval_empty: return "not issued: there was no certificate at its serial's time";
  }
  if (lost != 0)
    text += fmt::format("; but up to {} certificates of that minute were lost in a crash, so this proves nothing", lost);
  return text;
}

// Absence is proved only where nothing of the interval was lost.
bool is_conclusive(aggregate::Verdict verdict, std::uint64_t lost) {
  return lost == 0 || verdict == aggregate::Verdict::issued || verdict == aggregate::Verdict::other_certificate;
}

json::Object report_of(aggregate::Verdict verdict, std::uint64_t lost) {
  return {{"verdict", std::string(aggregate::name_of(verdict))}, {"lost", lost}, {"conclusive", is_conclusive(verdict, lost)}};
}

Result<aggregate::Proof> fetch_proof(Session& session, const CertgenOptions& o, const x509::SerialNumber& serial,
                                     const aggregate::Sha256& digest) {
  if (!o.state_dir.empty()) {
    const auto folder = std::filesystem::path(o.state_dir) / "aggregate";
    std::error_code ignored;
    if (!std::filesystem::exists(folder, ignored))
      return fail(Errc::not_found, folder.string() + ": nothing was recorded there");
    return aggregate::prove(folder, serial, digest, SystemClock().now());
  }
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/api/v1/interception/proofs/" + serial.decimal() +
                                                                 "?sha256=" + to_hex(digest)));
  return aggregate::read_proof(text_of(answer, "proof"));
}

Result<void> prove(Session& session, const CertgenOptions& o) {
  CERTWRIGHT_TRY(const auto certificate, read_certificate(o.certificate));
  const auto serial = certificate.serial_number();
  if (!serial) return fail(Errc::invalid, "the serial is not one that Certwright issues: the certificate is not ours");
  CERTWRIGHT_TRY(const auto proof, fetch_proof(session, o, *serial, crypto::sha256(certificate.der())));
  CERTWRIGHT_TRY(const auto verdict, aggregate::verify_proof(proof));
  const std::string text = aggregate::write_proof(proof);
  if (!o.out.empty()) CERTWRIGHT_CHECK(write_output(o.out, text));
  auto document = report_of(verdict, proof.closed.lost);
  if (o.out.empty()) document.push_back({"proof", text});
  else document.push_back({"file", o.out});
  std::string said = sentence(verdict, proof.closed.lost);
  if (o.out.empty()) said += "\n\n" + text.substr(0, text.size() - (text.ends_with('\n') ? 1 : 0));
  session.report(document, said);
  return {};
}

// Does a record of the export say of the interval what the proof says?
bool says_the_same(const std::string& record, const aggregate::ClosedInterval& closed) {
  if (record.find("AGGREGATE_CLOSED") == std::string::npos) return false;
  const auto parsed = json::parse(record);
  if (!parsed || text_of(*parsed, "event") != "AGGREGATE_CLOSED") return false;
  const auto* fields = parsed->find("fields");
  if (fields == nullptr) return false;
  for (const auto& [name, value] : aggregate::audit_fields(closed))
    if (text_of(*fields, name) != value) return false;
  return true;
}

Result<std::string> read_proof_text(const CertgenOptions& o) {
  CERTWRIGHT_TRY(auto text, read_text_file(o.proof));
  // What `prove` prints on a terminal has its sentence in front.
  if (const auto at = text.find("certwright interception proof"); at != std::string::npos) text.erase(0, at);
  return text;
}

// Offline: the proof, the certificate, exports of the audit log and its public key are all it needs.
Result<void> verify(Session& session, const CertgenOptions& o) {
  CERTWRIGHT_TRY(const auto text, read_proof_text(o));
  CERTWRIGHT_TRY(const auto proof, aggregate::read_proof(text));
  CERTWRIGHT_TRY(const auto verdict, aggregate::verify_proof(proof));
  CERTWRIGHT_TRY(const auto certificate, read_certificate(o.certificate));
  if (!std::ranges::equal(certificate.serial_number_content(), proof.subject.serial) ||
      crypto::sha256(certificate.der()) != proof.subject.certificate_sha256)
    return fail(Errc::invalid, o.proof + ": the proof is about another certificate");
  CERTWRIGHT_TRY(const auto key, read_log_key(o.key));
  bool found = false;
  for (const auto& path : o.exports) {
    CERTWRIGHT_CHECK(verify_export_file(path, key));
    std::ifstream file(path, std::ios::binary);
    for (std::string line; !found && std::getline(file, line);) found = says_the_same(line, proof.closed);
  }
  if (!found)
    return fail(Errc::invalid, "the exports do not have the AGGREGATE_CLOSED record of interval " +
                                   std::to_string(proof.closed.interval) + " with this root");
  auto document = report_of(verdict, proof.closed.lost);
  document.push_back({"verified", true});
  session.report(document, sentence(verdict, proof.closed.lost));
  return {};
}

}  // namespace

void add_certgen_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("certgen", "The UDP certificate generator, for proxies that intercept TLS");
  const auto o = std::make_shared<CertgenOptions>();
  auto* i = add_command(*group, registry, "init", "A CA that intercepts, below a root of its own",
                        [o](Session& session) { return init(session, *o); });
  i->add_option("--id", o->id, "the CA's id; the root's is this and -root")->capture_default_str()->type_name("ID");
  i->add_option("--subject", o->subject, "of the CA")->capture_default_str()->type_name("NAME");
  i->add_option("--root-subject", o->root_subject, "of its root")->capture_default_str()->type_name("NAME");
  i->add_option("--algorithm", o->key_algorithm, "keys of both")->capture_default_str()->type_name("ALGORITHM");
  i->add_option("--public-url", o->public_url, "base of the URLs in the CA's certificate")->type_name("URL");
  i->add_option("--exclude", o->excluded, "host name (and all below) or address prefix that is never intercepted")
      ->type_name("NAME");
  i->add_option("--out", o->out, "new file for the root, PEM")->type_name("FILE");
  auto* p = add_command(*group, registry, "prove", "Prove that a certificate was, or was not, made here",
                        [o](Session& session) { return prove(session, *o); });
  p->add_option("certificate", o->certificate, "PEM or DER")->required()->type_name("FILE");
  p->add_option("--out", o->out, "new file for the proof, else standard output")->type_name("FILE");
  auto* folder = p->add_option("--state-dir", o->state_dir, "read this directory instead of asking a server")->type_name("DIR");
  for (const char* name : {"--server", "--ca", "--token-file", "--client-cert", "--client-key", "--state"})
    folder->excludes(p->get_option(name));
  auto* v = add_offline_command(*group, registry, "verify", "Verify a proof offline",
                                [o](Session& session) { return verify(session, *o); });
  v->add_option("proof", o->proof, "what certwright certgen prove wrote")->required()->type_name("FILE");
  v->add_option("--cert", o->certificate, "the certificate, PEM or DER")->required()->type_name("FILE");
  v->add_option("--audit", o->exports, "exports of the audit log")->required()->type_name("FILE");
  v->add_option("--key", o->key, "public key of the log: ca/audit.pub")->required()->type_name("FILE");
}

}  // namespace certwright::cli
