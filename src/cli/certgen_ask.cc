#include <algorithm>
#include <charconv>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/session.h"
#include "crypto/private_key.h"
#include "gateway/certgen/client.h"
#include "json/value.h"
#include "json/writer.h"
#include "x509/certificate.h"
#include "x509/general_name.h"
#include "x509/pem.h"

namespace certwright::cli {
namespace {

namespace certgen = gateway::certgen;

struct AskOptions {
  std::string host, certificate_file, server, service = "http", usage = "tls_server";
  unsigned timeout_ms = 4'000;  // what g3proxy waits
  bool chain = false;
};

// DER of a certificate, from DER or the first block of PEM.
Result<Bytes> read_upstream(const std::string& path) {
  CERTWRIGHT_TRY(const auto content, read_text_file(path));
  if (content.find("-----BEGIN") == std::string::npos) return to_bytes(as_bytes(content));
  CERTWRIGHT_TRY(const auto blocks, x509::parse_pem(content));
  for (const auto& block : blocks)
    if (block.label == x509::kPemCertificate) return block.der;
  return fail(Errc::bad_encoding, path + ": has no certificate");
}

struct Server { std::string address; std::uint16_t port = 0; };

Result<Server> parse_server(std::string_view text) {
  const auto colon = text.rfind(':');
  Server server;
  if (colon == std::string_view::npos) return fail_field(Errc::invalid, "--generator", "--generator: expected ADDRESS:PORT");
  server.address = std::string(text.substr(0, colon));
  if (server.address.starts_with('[') && server.address.ends_with(']')) server.address = server.address.substr(1, server.address.size() - 2);
  const auto digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), server.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return fail_field(Errc::invalid, "--generator", "--generator: expected ADDRESS:PORT");
  return server;
}

// As given; else the server of the state directory; else where g3fcgen listens.
Result<Server> find_server(const AskOptions& o, const Session& session) {
  if (!o.server.empty()) return parse_server(o.server);
  if (const std::string state = session.state(); !state.empty())
    if (const auto endpoints = read_text_file(state + "/run/endpoints.json", 64 * 1024))
      if (const auto document = json::parse(*endpoints))
        if (const auto endpoint = text_of(*document, "certgen"); !endpoint.empty()) return parse_server(endpoint);
  return Server{"127.0.0.1", 2999};
}

// A key comes as PEM or in one of three DER forms; which one, the octets alone do not say.
std::optional<crypto::PrivateKey> read_key(const certgen::Response& response) {
  if (response.key_is_pem) {
    auto key = crypto::PrivateKey::from_pem(response.private_key, {});
    return key ? std::optional(*key) : std::nullopt;
  }
  for (const auto* label : {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"})
    if (auto key = crypto::PrivateKey::from_pem(x509::to_pem_secret(label, response.private_key.reveal()), {})) return *key;
  return {};
}

std::string names_of(const x509::Certificate& certificate) {
  std::string text;
  if (const auto names = certificate.subject_alt_names())
    for (const auto& name : *names) text += (text.empty() ? "" : ", ") + name.to_text();
  return text;
}

struct Judged {
  std::vector<x509::Certificate> chain;
  std::string key;      // its algorithm
  bool matches = false;  // key and leaf
};

Result<Judged> judge(const certgen::Response& response) {
  Judged judged;
  CERTWRIGHT_TRY(judged.chain, x509::parse_certificates_pem(response.chain_pem));
  const auto key = read_key(response);
  judged.key = key ? std::string(key->algorithm().name) : "unreadable";
  judged.matches = key && std::ranges::equal(key->subject_public_key_info_tlv(), judged.chain.front().subject_public_key_info_tlv());
  return judged;
}

void print_for_people(const certgen::AskedAnswer& answer, const Judged& judged) {
  const auto& leaf = judged.chain.front();
  const auto line = [](std::string_view name, std::string_view value) { fmt::print("{:<12} {}\n", name, printable(value)); };
  line("host", answer.response.host);
  line("service", certgen::service_name(answer.response.service));
  line("usage", certgen::usage_name(answer.response.usage));
  line("subject", leaf.subject().to_text());
  line("names", names_of(leaf));
  line("issuer", leaf.issuer().to_text());
  line("serial", to_hex(leaf.serial_number_content()));
  line("valid", to_rfc3339(leaf.not_before()) + " to " + to_rfc3339(leaf.not_after()));
  line("key", judged.key + (judged.matches ? ", the certificate's" : ", NOT the certificate's"));
  line("chain", fmt::format("{} certificate(s)", judged.chain.size()));
  line("ttl", answer.response.ttl_s == 0 ? "0 (the client's own choice)" : fmt::format("{} s", answer.response.ttl_s));
  line("answer", fmt::format("{} octets after {:.3f} ms", answer.octets, static_cast<double>(answer.took.count()) / 1e3));
}

void print_for_programs(const certgen::AskedAnswer& answer, const Judged& judged) {
  const auto& leaf = judged.chain.front();
  json::Writer w;
  w.begin_object();
  w.member("host", answer.response.host).member("service", certgen::service_name(answer.response.service));
  w.member("usage", certgen::usage_name(answer.response.usage)).member("ttl_s", answer.response.ttl_s);
  w.member("subject", leaf.subject().to_text()).member("issuer", leaf.issuer().to_text());
  w.member("serial_number", to_hex(leaf.serial_number_content()));
  w.key("names").begin_array();
  if (const auto names = leaf.subject_alt_names())
    for (const auto& name : *names) w.value(name.to_text());
  w.end_array();
  w.member("not_before", to_rfc3339(leaf.not_before())).member("not_after", to_rfc3339(leaf.not_after()));
  w.member("key_algorithm", judged.key).member("key_matches", judged.matches);
  w.member("chain_pem", answer.response.chain_pem).member("octets", answer.octets).member("took_us", answer.took.count());
  w.end_object();
  fmt::print("{}\n", w.text());
}

Result<void> ask(Session& session, const AskOptions& o) {
  Bytes certificate;
  if (!o.certificate_file.empty()) {
    CERTWRIGHT_TRY(certificate, read_upstream(o.certificate_file));
  }
  certgen::Request request{.host = o.host, .service = 0, .usage = {}, .upstream_certificate = certificate};
  CERTWRIGHT_TRY(request.service, certgen::parse_service(o.service));
  CERTWRIGHT_TRY(request.usage, certgen::parse_usage(o.usage));
  CERTWRIGHT_TRY(const auto server, find_server(o, session));
  CERTWRIGHT_TRY(const auto answer, certgen::ask(server.address, server.port, request, std::chrono::milliseconds(o.timeout_ms)));
  CERTWRIGHT_TRY(const auto judged, judge(answer.response));
  if (session.json()) print_for_programs(answer, judged);
  else if (o.chain) fmt::print("{}", answer.response.chain_pem);
  else print_for_people(answer, judged);
  if (!judged.matches) return fail(Errc::invalid, "the key is not the certificate's");
  return {};
}

}  // namespace

void add_certgen_ask(CLI::App& app, Registry& registry) {
  auto* group = app.get_subcommand("certgen");  // add_certgen_commands() made it
  auto o = std::make_shared<AskOptions>();
  auto* command = add_offline_command(*group, registry, "ask",
                                      "Ask a certificate generator for a host, as g3proxy does, and show the answer",
                                      [o](Session& session) { return ask(session, *o); });
  command->add_option("host", o->host, "server name or IP address")->required()->type_name("HOST");
  command->add_option("--cert", o->certificate_file, "the upstream's certificate to mimic, PEM or DER")->type_name("FILE");
  command->add_option("--generator", o->server, "ADDRESS:PORT (default: that of the server of --state, or 127.0.0.1:2999)")
      ->type_name("ADDRESS");
  command->add_option("--service", o->service, "of the upstream")->check(CLI::IsMember({"http", "smtp", "imap"}))
      ->capture_default_str()->type_name("SERVICE");
  command->add_option("--usage", o->usage, "of the certificate")
      ->check(CLI::IsMember({"tls_server", "tls_server_tongsuo", "tlcp_server_signature", "tlcp_server_encryption"}))
      ->capture_default_str()->type_name("USAGE");
  command->add_option("--timeout-ms", o->timeout_ms, "how long to wait")->capture_default_str()->type_name("N");
  command->add_option("--state", registry.connection.state, "state directory of a server on this machine (CERTWRIGHT_STATE)")
      ->type_name("DIR")->group("Connection");
  command->add_flag("--chain", o->chain, "print the certificates only, PEM")->excludes(command->get_option("--json"));
}

}  // namespace certwright::cli
