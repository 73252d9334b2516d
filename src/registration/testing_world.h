#pragma once
// For tests of registration and of what stands on it: CAs with real keys, the shipped profiles, people
// with roles and their requests, on any store. The rooms that make CAs properly are above this one.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/events.h"
#include "audit/journal.h"
#include "ca/ca_directory.h"
#include "crypto/digest.h"
#include "crypto/private_key.h"
#include "crypto/random.h"
#include "crypto/signing.h"
#include "json/value.h"
#include "pkcs10/certification_request.h"
#include "registration/profile_publisher.h"
#include "registration/registration_authority.h"
#include "signer/software/software_signer.h"
#include "x509/oids.h"
#include "x509/subject_public_key_info.h"
#include "x509/tbs_certificate.h"

namespace certwright::registration::testing {

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "testing world: %s\n", result.error().detail.c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline constexpr Seconds kDay{86'400};
inline constexpr std::int64_t kStart_s = 1'767'323'045;  // 2026-01-02T03:04:05Z

inline crypto::PrivateKey new_key(std::string_view algorithm = "ecdsa-p256") {
  return must(crypto::PrivateKey::generate(*must(crypto::find_key_algorithm(algorithm))));
}

inline Bytes sign(const crypto::PrivateKey& key, ByteView message) {
  auto context = must(crypto::SigningContext::create(
      key, crypto::default_signature_algorithm(key.algorithm())));
  return must(context.sign(message));
}

// "CN=web,O=Acme" and "DNS:a.example" or "IP:10.0.0.1" names, signed by the key.
inline Bytes csr_der(const crypto::PrivateKey& key, std::string_view subject,
                     const std::vector<x509::GeneralName>& names = {},
                     x509::Extensions extensions = {}) {
  if (!names.empty())
    must(extensions.add({x509::oids::kSubjectAltName, false, x509::encode_subject_alt_name(names)}));
  const auto info = must(pkcs10::encode_request_info(
      must(x509::Name::from_text(subject)), key.subject_public_key_info_tlv(), extensions));
  const auto& algorithm = crypto::default_signature_algorithm(key.algorithm());
  return pkcs10::assemble_request(info, algorithm.identifier_tlv, sign(key, info.tlv())).release();
}

// Of one audit record.
inline std::string text_at(const json::Value& record, std::initializer_list<std::string_view> path) {
  const json::Value* at = &record;
  for (const auto member : path) {
    at = at->find(member);
    if (at == nullptr) return "";
  }
  return at->if_string() != nullptr ? *at->if_string() : "";
}

class World {
 public:
  using WrapSigner =
      std::function<std::shared_ptr<signer::Signer>(std::shared_ptr<signer::Signer>)>;

  // `store` must outlive this.
  World(store::Store& on, const Clock& with_clock)
      : store(on), clock(with_clock), journal(on, with_clock) {
    const audit::Actor system{.principal = "system", .tenant = "system", .door = "system", .remote = ""};
    must(publisher.publish_shipped(system));
    for (const char* tenant : {"default", "acme"})
      must(store.apply({store::PutTenant{{.id = tenant, .name = tenant, .disabled = false, .created_at = {}}}}));
  }

  struct CaOptions {
    std::string id = "issuing";
    std::vector<std::string> profiles = {"tls-server", "tls-client", "tls-server-client"};
    std::vector<std::string> tenants = {"*"};
    Seconds validity = 3650 * kDay;
    std::optional<std::uint32_t> path_length{};
    std::string key_algorithm = "ecdsa-p256";
    bool offline = false;
    store::CaState state = store::CaState::active;
    std::uint32_t crl_shards = 1;
    WrapSigner wrap{};
    std::vector<x509::Extension> more{};  // of its certificate, e.g. nameConstraints
    std::vector<Bytes> issuer_chain{};    // DER, as if those had issued it
    std::vector<ca::ApprovalRule> approval{};
  };

  // A self-signed CA, in the directory only. Twice the same id: a change of it, with a new key.
  ca::CaPtr add_ca(const CaOptions& options) {
    const auto key = new_key(options.key_algorithm);
    const auto& algorithm = crypto::default_signature_algorithm(key.algorithm());
    const auto name = must(x509::Name::from_text("CN=" + options.id));
    const ByteView spki = key.subject_public_key_info_tlv();
    x509::Extensions extensions;
    using enum x509::KeyUsageBit;
    must(extensions.add({x509::oids::kBasicConstraints, true,
                         x509::encode_basic_constraints({.ca = true, .path_length = options.path_length})}));
    must(extensions.add({x509::oids::kKeyUsage, true, x509::encode_key_usage({key_cert_sign, crl_sign})}));
    must(extensions.add(
        {x509::oids::kSubjectKeyIdentifier, false,
         x509::encode_subject_key_identifier(crypto::sha1(must(x509::subject_public_key_bits(spki))))}));
    for (const auto& extension : options.more) must(extensions.add(extension));
    const auto now = std::chrono::floor<Seconds>(clock.now());
    const auto tbs = must(x509::encode({must(x509::SerialNumber::from_text("0x4711")),
                                        to_bytes(algorithm.identifier_tlv), to_bytes(name.tlv()),
                                        now - Seconds(300), now + options.validity,
                                        to_bytes(name.tlv()), to_bytes(spki), std::move(extensions)}));
    ca::CaPolicy policy;
    policy.public_url = "http://pki.example:8080";
    policy.profiles = options.profiles;
    policy.tenants = options.tenants;
    policy.crl_shards = options.crl_shards;
    policy.approval = options.approval;
    store::CaRecord record{
        .id = options.id, .name = options.id, .state = options.state, .parent = {},
        .certificate = x509::assemble_certificate(tbs, algorithm.identifier_tlv, sign(key, tbs.tlv())).release(),
        .issuer_chain = options.issuer_chain, .sealed_key = {}, .subject_public_key_info = to_bytes(spki),
        .key_algorithm = options.key_algorithm, .signature_algorithm = std::string(algorithm.name),
        .policy = ca::write_ca_policy(policy), .revision = 1, .created_at = clock.now()};
    std::shared_ptr<signer::Signer> signer = must(signer::SoftwareSigner::create(key, algorithm));
    if (options.wrap) signer = options.wrap(signer);
    auto ca = must(ca::CertificationAuthority::create(record, options.offline ? nullptr : signer));
    cas.put(ca);
    return ca;
  }

  static access::Principal principal(std::string id, std::vector<access::RoleBinding> bindings,
                                     std::string tenant = "default") {
    return {.id = id, .name = std::move(id), .tenant = std::move(tenant), .email = {}, .bindings = std::move(bindings)};
  }
  static access::Principal issuer() {
    return principal("alice", {{access::Role::issuer, "default", ""}});
  }
  static access::Principal admin() { return principal("root", {{access::Role::admin, "*", ""}}); }

  // For a key of ours, with one DNS name.
  static IssuanceRequest request(access::Principal who, std::string profile = "tls-server") {
    IssuanceRequest request;
    request.actor = {.principal = who.id, .tenant = who.tenant, .door = "test", .remote = "192.0.2.1"};
    request.principal = std::move(who);
    request.profile = std::move(profile);
    request.entity_type = "backend";
    request.entity_id = "web";
    request.subject = {{"common_name", "web.example"}};
    request.names = {must(x509::GeneralName::dns("web.example"))};
    return request;
  }
  static IssuanceRequest csr_request(access::Principal who, Bytes der, std::string profile = "tls-server") {
    auto with = request(std::move(who), std::move(profile));
    with.subject.clear();
    with.names.clear();
    with.certification_request = must(pkcs10::CertificationRequest::parse(std::move(der)));
    return with;
  }

  // The audit log, in order; of one event only, if it is named.
  std::vector<json::Value> records(std::string_view event = {}) const {
    std::vector<json::Value> found;
    std::uint64_t from = 0;
    for (;;) {
      const auto leaves = must(store.audit_leaves(from, 1000));
      if (leaves.empty()) return found;
      for (const auto& leaf : leaves) {
        auto record = must(json::parse(as_text(leaf.record)));
        if (event.empty() || text_at(record, {"event"}) == event) found.push_back(std::move(record));
      }
      from += leaves.size();
    }
  }

  store::Store& store;
  const Clock& clock;
  audit::Journal journal;
  ca::CaDirectory cas;
  ProfileDirectory profiles{store};
  ProfilePublisher publisher{store, journal, profiles, clock};
  RegistrationAuthority registration{store, cas, profiles, clock};
};

}  // namespace certwright::registration::testing
