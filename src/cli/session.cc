#include "cli/session.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/waiting.h"

namespace certwright::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string first_of(std::initializer_list<std::string> candidates) {
  for (const auto& candidate : candidates)
    if (!candidate.empty()) return candidate;
  return "";
}

Errc errc_of_status(int status) {
  switch (status) {
    case 401:
      return Errc::unauthenticated;
    case 403:
      return Errc::not_permitted;
    case 404:
      return Errc::not_found;
    case 409:
      return Errc::conflict;
    case 410:
      return Errc::gone;
    case 413:
      return Errc::too_large;
    case 429:
      return Errc::too_many_requests;
    case 503:
      return Errc::unavailable;
    default:
      return status < 500 ? Errc::invalid : Errc::internal;
  }
}

// The server's words, from a problem document or the certs service's form.
std::string message_of(const http_client::Reply& reply) {
  if (const auto document = json::parse(reply.text()))
    for (const char* member : {"detail", "message", "title"})
      if (auto text = text_of(*document, member); !text.empty()) return printable(text);
  return "the server answered " + std::to_string(reply.status);
}

// The answer about a request that people must approve before this is done; null: it is another one.
json::Value waiting_answer(const http_client::Reply& reply) {
  constexpr int kConflict = 409;
  if (reply.status != kConflict) return {};
  const auto document = json::parse(reply.text());
  return document && !text_of(*document, "request_id").empty() ? *document : json::Value();
}

// Which option or variable led to what went wrong.
tl::unexpected<Error> of_option(std::string_view option, const Error& error) {
  return fail(error.code, std::string(option) + ": " + error.detail);
}

Result<std::string> read_ca(const std::string& file) {
  auto pem = read_text_file(file);
  if (!pem) return of_option("--ca", pem.error());
  if (pem->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    return fail(Errc::invalid,
                "--ca: " + file +
                    ": there is no certificate in it (PEM); a server has its own in ca/root.pem");
  return pem;
}

Result<SecretBytes> read_token(const Connection& connection) {
  const std::string direct = environment("CERTWRIGHT_TOKEN");
  if (connection.token_file.empty() && !direct.empty())
    return SecretBytes::copy_of(as_bytes(direct));
  const std::string file = first_of({connection.token_file, environment("CERTWRIGHT_TOKEN_FILE")});
  if (file.empty()) return SecretBytes();
  auto read = read_text_file(file, 4096);
  if (!read) return of_option("--token-file", read.error());
  std::string text = std::move(*read);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  auto token = SecretBytes::copy_of(as_bytes(text));
  wipe(text);
  return token;
}

}  // namespace

Result<std::string> Session::server() const {
  const std::string given = first_of({connection_.server, environment("CERTWRIGHT_SERVER")});
  if (!given.empty()) return given.find("://") == std::string::npos ? "https://" + given : given;
  if (const std::string state = this->state(); !state.empty()) {
    const auto endpoints = read_text_file(state + "/run/endpoints.json", 64 * 1024);
    if (!endpoints)
      return fail(Errc::unavailable,
                  "no server runs on " + state +
                      " (it has no run/endpoints.json); start it with: certwright serve --state " +
                      state);
    CERTWRIGHT_TRY(const auto document, json::parse(*endpoints));
    if (const auto https = text_of(document, "https"); !https.empty()) return "https://" + https;
  }
  return "https://127.0.0.1:8443";
}

std::string Session::state() const { return first_of({connection_.state, environment("CERTWRIGHT_STATE")}); }

std::string Session::ca_file() const {
  const std::string state = this->state();
  return first_of({connection_.ca_file, environment("CERTWRIGHT_CA"),
                   state.empty() ? "" : state + "/ca/root.pem"});
}

Session::Session(const Connection& connection) : connection_(connection) {}
Session::~Session() = default;

void Session::wait_for(std::string what) {
  waiting_.reset();  // its line is wiped before another is written
  if (!what.empty()) waiting_ = std::make_unique<Waiting>(std::move(what));
}

Result<void> Session::connect() {
  if (client_ != nullptr) return {};
  http_client::ClientOptions options;
  options.timeout =
      std::chrono::minutes(10);  // RSA keys and CRLs of millions take their time; it is shown
  // CRLs of millions, and audit logs that were signed in larger steps than now.
  options.max_response_octets = 512UL * 1024 * 1024;
  CERTWRIGHT_TRY(options.base_url, server());
  if (const auto file = ca_file(); !file.empty()) {
    CERTWRIGHT_TRY(options.ca_pem, read_ca(file));
  }
  CERTWRIGHT_TRY(options.bearer_token, read_token(connection_));
  has_credentials_ = !options.bearer_token.empty() || !connection_.certificate_file.empty();
  if (has_credentials_ && !options.base_url.starts_with("https://"))
    return fail(Errc::invalid, "a token or a client certificate is sent over https:// only, not to " + options.base_url +
                                   ": give the server's https:// address (--server, CERTWRIGHT_SERVER)");
  if (!connection_.certificate_file.empty()) {
    CERTWRIGHT_TRY(options.client_certificate_pem, read_text_file(connection_.certificate_file));
    CERTWRIGHT_TRY(auto key, read_text_file(connection_.key_file));
    options.client_key_pem = SecretBytes::copy_of(as_bytes(key));
    wipe(key);
  }
  CERTWRIGHT_TRY(auto client, http_client::Client::create(std::move(options)));
  client_ = std::make_unique<http_client::Client>(std::move(client));
  return {};
}

Result<http_client::Reply> Session::call(std::string_view method, std::string_view path,
                                         std::string_view body,
                                         const http_client::HeaderList& headers) {
  CERTWRIGHT_CHECK(connect());
  http_client::HeaderList all = headers;
  if (!body.empty() && headers.empty()) all.emplace_back("Content-Type", "application/json");
  const auto exchange = [&] {
    std::optional<Waiting> waiting;
    if (waiting_ == nullptr) waiting.emplace("waiting for the server");
    return client_->send(method, path, as_bytes(body), all);
  };
  CERTWRIGHT_TRY(auto reply, exchange());
  if (reply.status >= 200 && reply.status < 300) return reply;
  std::string message = message_of(reply);
  if (const json::Value waiting = waiting_answer(reply); !waiting.is_null()) {
    if (json()) print_json(waiting);
    return fail(Errc::approval_required, fmt::format("{}; look at it: certwright request show {}", message,
                                                     printable(text_of(waiting, "request_id"))));
  }
  if (reply.status == 401)
    message += has_credentials_ ? "; the token or certificate given is unknown, expired or "
                                  "revoked: an administrator makes "
                                  "another with certwright token create, and the first one is "
                                  "renewed by certwright init "
                                  "--renew-admin-token"
                                : "; give a token with --token-file or CERTWRIGHT_TOKEN_FILE";
  // The server does not tell a stranger whether there is one, nor which: it was asked for it.
  if (reply.status == 404 && message == "There is no such object.")
    message = printable(path.substr(0, path.find('?'))) +
              ": there is no such object, or none that you may see";
  return fail(errc_of_status(reply.status), message);
}

Result<json::Value> Session::call_json(std::string_view method, std::string_view path,
                                       std::string_view body) {
  CERTWRIGHT_TRY(const auto reply, call(method, path, body));
  if (reply.body.empty()) return json::Value();
  return json::parse(reply.text(), {.size_octets = 64 * 1024 * 1024, .values = 4'000'000});
}

void Session::report(const json::Value& document, std::string_view text) const {
  if (json())
    print_json(document);
  else
    fmt::print("{}\n", text);
}

CLI::App* add_offline_command(CLI::App& group, Registry& registry, const std::string& name,
                              const std::string& help, Command command) {
  auto* app = group.add_subcommand(name, help);
  app->add_flag("--json", registry.connection.json, "JSON for programs")->group("Output");
  app->callback([&registry, command = std::move(command)] { registry.chosen = command; });
  return app;
}

CLI::App* add_command(CLI::App& group, Registry& registry, const std::string& name,
                      const std::string& help, Command command) {
  auto* app = add_offline_command(group, registry, name, help, std::move(command));
  auto& c = registry.connection;
  app->add_option("--server", c.server, "address of the server (CERTWRIGHT_SERVER)")
      ->type_name("URL")
      ->group("Connection");
  app->add_option("--ca", c.ca_file, "trust anchor of the server, PEM (CERTWRIGHT_CA)")
      ->type_name("FILE")
      ->group("Connection");
  app->add_option("--token-file", c.token_file, "file with the API token (CERTWRIGHT_TOKEN_FILE)")
      ->type_name("FILE")
      ->group("Connection");
  auto* certificate = app->add_option("--client-cert", c.certificate_file,
                                      "client certificate, PEM, instead of a token")
                          ->type_name("FILE")
                          ->group("Connection");
  auto* key = app->add_option("--client-key", c.key_file, "its key, PEM")
                  ->type_name("FILE")
                  ->group("Connection");
  certificate->needs(key);
  key->needs(certificate);
  app->add_option("--state", c.state,
                  "state directory of a server on this machine: gives address and trust anchor "
                  "(CERTWRIGHT_STATE)")
      ->type_name("DIR")
      ->group("Connection");
  return app;
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Result<std::string> read_text_file(const std::string& path, std::size_t size_octets_max) {
  std::ostringstream text;
  if (path == "-") {
    std::string all;
    char buffer[4096];
    for (std::size_t got;
         (got = std::fread(buffer, 1, sizeof buffer, stdin)) != 0 && all.size() <= size_octets_max;)
      all.append(buffer, got);
    text << all;
  } else {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(Errc::not_found, path + ": cannot be read: " + std::strerror(errno));
    text << in.rdbuf();
  }
  if (text.str().size() > size_octets_max) return fail(Errc::too_large, path + ": too large");
  return text.str();
}

}  // namespace certwright::cli
