// More commands of `certwright request`: a CSR to the portal's routes, and what one should be like.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bytes/secret_bytes.h"
#include "cli/commands.h"
#include "cli/csr_text.h"
#include "cli/output_file.h"
#include "cli/password_prompt.h"
#include "cli/selection_text.h"
#include "cli/session.h"
#include "json/writer.h"
#include "pkcs10/certification_request.h"

namespace certwright::cli {
namespace {

struct CsrOptions {
  std::string csr_file, ca, tenant, purpose, profile, validity, common_name, password_file, out, chain_out, config_file;
  std::vector<std::string> extensions;
  bool wait = false;
};

constexpr std::size_t kMaxCsrOctets = 128 * 1024;

Result<pkcs10::CertificationRequest> read_csr(const CsrOptions& o) {
  CERTWRIGHT_TRY(const auto text, read_text_file(o.csr_file, kMaxCsrOctets));
  auto csr = pkcs10::parse_pem_or_der(as_bytes(text));
  if (!csr) return fail(csr.error().code, fmt::format("{}: this is no CSR: {}", o.csr_file, csr.error().detail));
  return csr;
}

// What the route wants beside the CSR, so that nobody sends another's by mistake. Left out, it is the CSR's own.
Result<std::string> common_name_for(const pkcs10::CertificationRequest& csr, const CsrOptions& o) {
  if (!o.common_name.empty()) return o.common_name;
  const auto names = csr.subject().common_names();
  if (names.size() != 1)
    return fail_field(Errc::invalid, "csr",
                      fmt::format("{}: its subject has {} common names, and must have one: make another, as certwright "
                                  "request template CA says",
                                  o.csr_file, names.size()));
  return names.front();
}

void write_wishes(json::Writer& w, const CsrOptions& o) {
  const std::pair<const char*, std::string> texts[] = {{"ca_id", o.ca},           {"tenant_id", o.tenant},
                                                       {"profile", o.profile},    {"purpose_category", o.purpose},
                                                       {"validity_days", days_of(o.validity)}};
  for (const auto& [name, value] : texts)
    if (!value.empty()) w.member(name, value);
  if (o.extensions.empty()) return;
  w.key("requested_extensions").begin_array();
  for (const auto& extension : o.extensions) w.value(extension);
  w.end_array();
}

Result<std::string> body_of(const CsrOptions& o) {
  if (o.csr_file == "-" && o.password_file == "-")
    return fail_field(Errc::invalid, "password-file", "--password-file: standard input is the CSR already; give a file");
  CERTWRIGHT_TRY(const auto csr, read_csr(o));
  CERTWRIGHT_TRY(const auto common_name, common_name_for(csr, o));
  json::Writer w;
  w.begin_object().member("csr_data", csr.pem()).member("common_name", common_name);
  write_wishes(w, o);
  if (!o.password_file.empty()) {
    CERTWRIGHT_TRY(auto password, password_of_file(o.password_file));
    w.member("approval_password", password);
    wipe(password);
  }
  w.end_object();
  return std::move(w).take();
}

// With --json standard output is one JSON document, and nothing before or after it.
Result<void> check_one_document(const Session& session, std::string_view option, const std::string& path) {
  if (!session.json() || path != "-") return {};
  return fail(Errc::invalid, fmt::format("{} -: standard output is the JSON already; give a file, or leave --json out", option));
}

// Where the certificate goes. Opened before the server is asked: what cannot be kept is not made.
struct Outputs {
  std::optional<OutputFile> certificate{}, chain{};

  static Result<Outputs> open(const CsrOptions& o) {
    Outputs outputs;
    for (const auto& [path, file] : {std::pair(&o.out, &outputs.certificate), std::pair(&o.chain_out, &outputs.chain)}) {
      if (path->empty()) continue;
      CERTWRIGHT_TRY(auto opened, OutputFile::open(*path, Readers::everybody));
      file->emplace(std::move(opened));
    }
    return outputs;
  }
  Result<void> write(const std::string& pem, const std::string& issuers) {
    if (certificate) CERTWRIGHT_CHECK(certificate->write(pem));
    if (chain) CERTWRIGHT_CHECK(chain->write(pem + issuers));
    return {};
  }
};

// The certificate is there, whatever became of the files.
tl::unexpected<Error> not_saved(const std::string& serial, const Error& error) {
  return fail(error.code, fmt::format("issued {0}, but not saved: {1}; once that is solved: certwright cert chain {0} --out FILE",
                                      serial, error.detail));
}

Result<void> deliver(Session& session, const CsrOptions& o, const json::Value& answer, Outputs outputs) {
  const json::Value* certificate = answer.find("certificate");
  const std::string pem = certificate == nullptr ? "" : text_of(*certificate, "certificate");
  if (pem.empty())  // of a profile that keeps digests only
    return fail(Errc::not_found, fmt::format("it was issued, but the server keeps no copy of it: {}", text_of(answer, "message")));
  if (const auto written = outputs.write(pem, text_of(*certificate, "chain")); !written)
    return not_saved(text_of(*certificate, "serial_number"), written.error());
  if (session.json()) return print_json(answer), Result<void>();
  const bool to_output = o.out == "-" || o.chain_out == "-";
  fmt::print(to_output ? stderr : stdout, "{}", csr_outcome_text(answer));
  if (o.out.empty() && o.chain_out.empty()) fmt::print("{}", pem);
  return {};
}

// The request as it is when people are done with it. A server that is away for a while is waited for too.
Result<json::Value> wait_until_decided(Session& session, const std::string& id) {
  constexpr int kFailuresInARow = 60;
  const std::string path = "/csr/requests/" + url_encode(id);
  fmt::print(stderr, "Request {} waits for approval. To end this command (Ctrl-C) does not end the request.\n", printable(id));
  session.wait_for(fmt::format("waiting for the decision about {}", printable(id)));
  int failures = 0;
  for (int round = 0;; ++round) {
    std::this_thread::sleep_for(std::chrono::seconds(std::min(1 + round / 10, 10)));
    auto answer = session.call_json("GET", path);
    if (!answer) {
      const Errc code = answer.error().code;
      const bool may_pass = code == Errc::unavailable || code == Errc::too_many_requests;
      if (may_pass && ++failures < kFailuresInARow) continue;
      session.wait_for("");
      // What is not theirs to see any more, or was refused, may be decided by now: nothing is known of it.
      return fail(code, fmt::format("{}; {}: certwright request show {}", answer.error().detail,
                                    may_pass ? "the request goes on without this command" : "how the request went on is not known", id));
    }
    failures = 0;
    const json::Value* request = answer->find("request");
    const std::string state = request == nullptr ? "" : text_of(*request, "state");
    if (state == "received" || state == "pending" || state == "approved") continue;
    session.wait_for("");
    return answer;
  }
}

Result<void> submit(Session& session, const CsrOptions& o) {
  for (const auto& [option, path] : {std::pair("--out", &o.out), std::pair("--chain-out", &o.chain_out)})
    CERTWRIGHT_CHECK(check_one_document(session, option, *path));
  std::optional<Outputs> outputs;
  const auto open = [&]() -> Result<void> {
    CERTWRIGHT_TRY(auto opened, Outputs::open(o));
    outputs.emplace(std::move(opened));
    return {};
  };
  CERTWRIGHT_CHECK(open());
  CERTWRIGHT_TRY(auto body, body_of(o));
  auto sent = session.call("POST", "/csr/process", body);
  wipe(body);  // the password
  CERTWRIGHT_TRY(const auto reply, std::move(sent));
  CERTWRIGHT_TRY(const auto answer, json::parse(reply.text()));
  constexpr int kAccepted = 202;
  if (reply.status != kAccepted) return deliver(session, o, answer, *std::move(outputs));
  if (!o.wait) {
    session.exit_with(kWaitsForPeople);
    if (session.json()) return print_json(answer), Result<void>();
    fmt::print("{}", csr_outcome_text(answer));
    return {};
  }
  // Not kept open meanwhile: whoever interrupts the command would find empty files.
  outputs.reset();
  CERTWRIGHT_TRY(const auto decided, wait_until_decided(session, text_of(answer, "request_id")));
  const json::Value* certificate = decided.find("certificate");
  if (certificate == nullptr) {
    if (session.json()) print_json(decided);
    return fail(Errc::policy, printable(text_of(decided, "message")));
  }
  if (const auto opened = open(); !opened) return not_saved(text_of(*certificate, "serial_number"), opened.error());
  return deliver(session, o, decided, *std::move(outputs));
}

Result<void> select(Session& session, const CsrOptions& o) {
  json::Writer w;
  w.begin_object();
  if (!o.csr_file.empty()) {
    CERTWRIGHT_TRY(const auto csr, read_csr(o));
    w.member("csr_data", csr.pem());
  }
  write_wishes(w, o);
  w.end_object();
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", "/csr/select", w.text()));
  if (session.json()) print_json(answer);
  else fmt::print("{}", selection_text(answer));
  if (text_of(answer, "success") == "yes") return {};
  return fail(Errc::policy, fmt::format("no CA suits: {}", printable(text_of(answer, "message"))));
}

Result<void> show_template(Session& session, const CsrOptions& o) {
  CERTWRIGHT_CHECK(check_one_document(session, "--openssl-config", o.config_file));
  std::optional<OutputFile> file;
  if (!o.config_file.empty()) {
    CERTWRIGHT_TRY(auto opened, OutputFile::open(o.config_file, Readers::everybody));
    file.emplace(std::move(opened));
  }
  CERTWRIGHT_TRY(auto shown, session.call_json("GET", "/csr/ca-template/" + url_encode(o.ca)));
  if (file) CERTWRIGHT_CHECK(file->write(text_of(shown, "openssl_config")));
  if (o.config_file == "-") return {};
  if (file) shown.set("file", o.config_file);
  if (session.json()) return print_json(shown), Result<void>();
  fmt::print("{}", ca_template_text(shown, o.config_file));
  return {};
}

void add_wishes(CLI::App& sub, CsrOptions& o) {
  sub.add_option("--tenant", o.tenant, "for which tenant; default: your own")->type_name("TENANT");
  sub.add_option("--purpose", o.purpose, "a word that the tenant's selection policy knows, or a profile")->type_name("WORD");
  sub.add_option("--extension", o.extensions, "what the certificate must be good for; may be repeated")
      ->check(CLI::IsMember({"server_auth", "client_auth", "email_protection", "code_signing"}))
      ->allow_extra_args(false)
      ->type_name("EXTENSION");
  sub.add_option("--profile", o.profile, "by name, instead of by extensions")->type_name("PROFILE");
  sub.add_option("--validity", o.validity, "days, e.g. 90; default: the profile's")->type_name("DAYS");
}

}  // namespace

void add_csr_commands(CLI::App& app, Registry& registry) {
  const auto o = std::make_shared<CsrOptions>();
  const auto with = command_with(o);
  auto* group = app.get_subcommand("request");
  auto* submitted = add_command(*group, registry, "submit", "Have a CSR signed, or queued for approval", with(submit));
  submitted->add_option("csr", o->csr_file, "certification request, PEM or DER; - is standard input")->required()->type_name("CSR-FILE");
  submitted->add_option("--issuer", o->ca, "CA that signs; default: one is selected")->type_name("CA");
  submitted->add_option("--common-name", o->common_name, "refused unless it is the CSR's; default: the CSR's")->type_name("NAME");
  add_wishes(*submitted, *o);
  submitted->add_option("--password-file", o->password_file, "its first line is the CA's approval password; - is standard input")->type_name("FILE");
  submitted->add_flag("--wait", o->wait, "stay until people have decided");
  submitted->add_option("--out", o->out, "new file for the certificate; - is standard output")->type_name("FILE");
  submitted->add_option("--chain-out", o->chain_out, "new file for the certificate and its issuers")->type_name("FILE");
  auto* selected = add_command(*group, registry, "select", "Which CA a CSR would be given to, and why; nothing is sent to it", with(select));
  selected->add_option("csr", o->csr_file, "certification request, PEM or DER; - is standard input")->type_name("CSR-FILE");
  add_wishes(*selected, *o);
  auto* shown = add_command(*group, registry, "template", "What a CSR for a CA should be like, with openssl commands that make one",
                            with(show_template));
  shown->add_option("ca", o->ca, "an issuing CA")->required()->type_name("CA");
  shown->add_option("--openssl-config", o->config_file, "write the configuration for openssl req to this new file; - is standard output")->type_name("FILE");
}

}  // namespace certwright::cli
