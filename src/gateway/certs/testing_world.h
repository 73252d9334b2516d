#pragma once
// For tests and the fuzz target: a whole certification authority in memory, with the certs
// service's door in front. Everything is real but the clock, the store's durability and the
// sockets.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "access/authenticator.h"
#include "access/directory.h"
#include "authority/authority.h"
#include "crypto/private_key.h"
#include "crypto/signing.h"
#include "gateway/certs/door.h"
#include "gateway/web/testing_request.h"
#include "gateway/web/web_handler.h"
#include "json/value.h"
#include "json/writer.h"
#include "keys/sealer.h"
#include "pkcs10/certification_request.h"
#include "registration/profile_publisher.h"
#include "registration/selection_policies.h"
#include "session/accounts.h"
#include "session/sessions.h"
#include "store/memory/memory_store.h"
#include "x509/pem.h"

namespace certwright::gateway::certs::testing {

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "testing world: %s\n", result.error().detail.c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class World {
 public:
  static constexpr std::int64_t kStart_s = 1'767'323'045;  // 2026-01-02T03:04:05Z

  World() {
    const audit::Actor system{
        .principal = "system", .tenant = "system", .door = "system", .remote = ""};
    must(publisher.publish_shipped(system));
    authority::NewCa root;
    root.id = "root";
    root.name = "Root";
    root.subject = "CN=Test Root CA";
    root.validity = Seconds(20LL * 365 * 86'400);
    root.policy.public_url = "http://pki.example:8080";
    root.policy.profiles = {"intermediate-ca"};
    must(authority.create_root(root, system));
    auto first = must(directory.bootstrap({"admin"}, no_evidence()));
    admin = std::string(as_text(first.token.text.reveal()));
    admin_id = first.principal.id;
    const access::Principal itself{
        .id = "system", .name = "system", .tenant = "system", .email = {}, .bindings = {}};

    authority::NewCa issuing = root;
    issuing.id = "issuing";
    issuing.name = "Issuing";
    issuing.subject = "CN=Test Issuing CA";
    issuing.validity = Seconds(5LL * 365 * 86'400);
    issuing.policy.profiles = {"tls-server", "tls-client", "tls-server-client", "code-signing"};
    must(authority.create_subordinate(issuing, "root", itself, system));

    revocation.add_listener(crls);
    web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    options.on_internal_error = [this](const web::InternalError& error) {
      internal_error = std::string(error.operation) + ": " + std::string(error.detail);
    };
    handler = must(web::WebHandler::create({authenticator, clock, random, metrics, &journal},
                                           door.routes(), std::move(options)));
  }

  http::Response call(std::string method, std::string target, std::string_view token = {},
                      std::string_view body = {}, http::Headers headers = {}) {
    if (!token.empty()) headers.add("Authorization", "Bearer " + std::string(token));
    return handler->handle(
        web::testing::make_request(std::move(method), std::move(target), std::move(headers), body));
  }

  // Changes what people must approve at a CA.
  void set_approval(std::string_view ca, std::vector<ca::ApprovalRule> rules) {
    auto policy = cas.find(ca)->policy();
    policy.approval = std::move(rules);
    must(authority.change_policy(ca, policy, {}));
  }

  // Issues for `entity` and returns the decimal serial.
  std::string issue(std::string_view token, const std::string& entity,
                    std::string_view body = "{}") {
    const auto response = call("POST", "/certs/issue/backend/" + entity, token, body);
    const auto document = json::parse(response.body.text());
    const json::Value* serial = document ? document->find("serial_number") : nullptr;
    if (response.status != 201 || serial == nullptr) {
      std::fprintf(stderr, "testing world: issue: %d %s %s\n", response.status,
                   std::string(response.body.text()).c_str(), internal_error.c_str());
      std::abort();
    }
    return *serial->if_string();
  }

  std::string add_tenant(const std::string& id) {
    must(directory.create_tenant({id, id}, no_evidence()));
    return id;
  }
  struct Account {
    std::string id, token;
  };
  Account add_account(const std::string& tenant, std::vector<access::RoleBinding> bindings) {
    const auto made = must(directory.create_principal(
        {tenant, "account", "", store::PrincipalKind::machine, std::move(bindings)},
        no_evidence()));
    auto token = must(directory.create_token({made.id, "test", {}}, no_evidence()));
    authenticator.invalidate();
    return {made.id, std::string(as_text(token.text.reveal()))};
  }

  // A member of a JSON answer; "" if it is no string.
  static std::string text_of(const http::Response& response, std::string_view member) {
    const auto document = json::parse(response.body.text());
    const json::Value* value = document ? document->find(member) : nullptr;
    return value != nullptr && value->if_string() != nullptr ? *value->if_string() : std::string();
  }
  std::string download_token(std::string_view token, const std::string& serial) {
    return text_of(call("GET", "/certs/" + serial + "/download/token", token), "token");
  }

  // A PEM request for a new P-256 key, as a JSON string's content.
  static std::string csr_pem(const x509::Name& subject, const x509::Extensions& extensions = {}) {
    const auto key =
        must(crypto::PrivateKey::generate(*must(crypto::find_key_algorithm("ecdsa-p256"))));
    return csr_pem(key, subject, extensions);
  }
  static std::string csr_pem(const crypto::PrivateKey& key, const x509::Name& subject,
                             const x509::Extensions& extensions) {
    const auto& algorithm = crypto::default_signature_algorithm(key.algorithm());
    const auto info =
        must(pkcs10::encode_request_info(subject, key.subject_public_key_info_tlv(), extensions));
    auto signing = must(crypto::SigningContext::create(key, algorithm));
    const auto request =
        pkcs10::assemble_request(info, algorithm.identifier_tlv, must(signing.sign(info.tlv())));
    return x509::to_pem(x509::kPemCertificateRequest, request.tlv());
  }
  static std::string csr_body(std::string_view pem) {
    json::Writer writer;
    writer.begin_object().member("csr", pem).end_object();
    return std::move(writer).take();
  }

  static access::Evidence no_evidence() {
    return [](std::string_view) { return store::Transaction{}; };
  }

  static session::AccountOptions cheap_passwords() {
    session::AccountOptions options;
    options.cost = {.passes = 1, .memory_kib = 8};
    return options;
  }

  ManualClock clock{from_unix_s(kStart_s)};
  crypto::SystemRandom random;
  store::MemoryStore store;
  keys::Sealer sealer{keys::KeyEncryptionKey::generate(random), random};
  audit::Journal journal{store, clock};
  ca::CaDirectory cas;
  registration::ProfileDirectory profiles{store};
  registration::ProfilePublisher publisher{store, journal, profiles, clock};
  registration::RegistrationAuthority registration{store, cas, profiles, clock};
  registration::ApprovalPasswords approval_passwords{
      store, journal, random, clock, {.hashes_at_once = 1, .waiting_max = 32, .operations = 1, .memory_octets = 8192}};
  registration::RequestDesk requests{{.store = store,
                                      .journal = journal,
                                      .registration = registration,
                                      .passwords = approval_passwords,
                                      .random = random,
                                      .clock = clock}};
  registration::SelectionPolicies selection{store, journal};
  issuance::IssuanceService issuance{{.registration = registration,
                                      .store = store,
                                      .journal = journal,
                                      .sealer = sealer,
                                      .random = random,
                                      .clock = clock,
                                      .requests = &requests}};
  revocation::RevocationService revocation{store, journal, clock};
  revocation::CrlIssuer crls{store, journal, cas, clock};
  authority::Authority authority{{.store = store,
                                  .journal = journal,
                                  .sealer = sealer,
                                  .cas = cas,
                                  .profiles = profiles,
                                  .issuance = issuance,
                                  .random = random,
                                  .clock = clock}};
  inventory::Inventory inventory{store, clock};
  access::Directory directory{store, clock, random};
  access::Authenticator authenticator{store, clock, cas};
  session::Sessions sessions{store, journal, clock, random};
  session::Accounts accounts{{.store = store,
                              .journal = journal,
                              .authenticator = authenticator,
                              .sessions = sessions,
                              .random = random,
                              .clock = clock},
                             cheap_passwords()};
  delivery::StoredPrincipals principals{store};
  delivery::DownloadGrants downloads{{.store = store,
                                      .journal = journal,
                                      .sealer = sealer,
                                      .cas = cas,
                                      .principals = principals,
                                      .random = random,
                                      .clock = clock}};
  metrics::Registry metrics;
  Door door{{.issuance = issuance,
             .revocation = revocation,
             .crls = crls,
             .inventory = inventory,
             .downloads = downloads,
             .cas = cas,
             .clock = clock,
             .requests = &requests}};
  std::unique_ptr<web::WebHandler> handler;
  std::string admin, admin_id, internal_error;
};

}  // namespace certwright::gateway::certs::testing
