#pragma once
// For tests, fuzz targets and benchmarks: a CA with certificates in a store, without the rooms that
// issue for real. What goes wrong here ends the program.
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/journal.h"
#include "ca/ca_directory.h"
#include "crypto/digest.h"
#include "crypto/private_key.h"
#include "crypto/random.h"
#include "crypto/signing.h"
#include "revocation/ocsp_responder.h"
#include "signer/software/software_signer.h"
#include "store/memory/memory_store.h"
#include "x509/certificate.h"
#include "x509/oids.h"
#include "x509/tbs_certificate.h"

namespace certwright::revocation::test {

inline Time start_time() { return from_unix_s(1767323045); }  // 2026-01-02T03:04:05Z

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "testing CA: %s\n", result.error().detail.c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline crypto::PrivateKey new_key(std::string_view algorithm = "ecdsa-p256") {
  return must(crypto::PrivateKey::generate(*must(crypto::find_key_algorithm(algorithm))));
}

inline std::shared_ptr<signer::SoftwareSigner> signer_of(const crypto::PrivateKey& key) {
  return must(
      signer::SoftwareSigner::create(key, crypto::default_signature_algorithm(key.algorithm())));
}

struct CertificateFields {
  x509::SerialNumber serial;
  Bytes issuer_tlv;
  Bytes subject_tlv;
  Time not_before{};
  Time not_after{};
  x509::Extensions extensions;
};

// Signs with the bare key: the rooms that may do so properly are not below this one.
inline Bytes sign_certificate(const CertificateFields& fields, ByteView spki,
                              const crypto::PrivateKey& issuer_key) {
  const auto& algorithm = crypto::default_signature_algorithm(issuer_key.algorithm());
  const auto tbs = must(x509::encode({fields.serial, to_bytes(algorithm.identifier_tlv),
                                      fields.issuer_tlv, fields.not_before, fields.not_after,
                                      fields.subject_tlv, to_bytes(spki), fields.extensions}));
  auto context = must(crypto::SigningContext::create(issuer_key, algorithm));
  const Bytes signature = must(context.sign(tbs.tlv()));
  return x509::assemble_certificate(tbs, algorithm.identifier_tlv, signature).release();
}

inline x509::Name name_of_cn(std::string_view cn) {
  return must(x509::Name::Builder().common_name(cn).build());
}

// A self-signed CA in a directory, on a store, under a clock that the test moves.
class TestingCa {
 public:
  TestingCa(store::Store& store, ca::CaDirectory& cas, const Clock& clock,
            std::string id = "issuing", std::string_view key_algorithm = "ecdsa-p256")
      : store_(store), cas_(cas), clock_(clock), key_(new_key(key_algorithm)) {
    record_.id = std::move(id);
    record_.name = record_.id;
    record_.state = store::CaState::active;
    record_.revision = 1;
    record_.subject_public_key_info = to_bytes(key_.subject_public_key_info_tlv());
    policy_.public_url = "http://pki.example:8080";
    name_ = name_of_cn("CA " + record_.id);
    record_.certificate = certificate_of_ca();
    put();
  }

  const std::string& id() const { return record_.id; }
  const crypto::PrivateKey& key() const { return key_; }
  const Bytes& certificate() const { return record_.certificate; }
  ca::CaPtr ca() const { return cas_.find(record_.id); }

  void set_policy(const ca::CaPolicy& policy) {
    policy_ = policy;
    put();
  }
  ca::CaPolicy policy() const { return policy_; }
  void take_offline() {
    offline_ = true;
    put();
  }

  void set_tenant(std::string tenant) { tenant_ = std::move(tenant); }  // of what is issued from now

  // A certificate in the store; its lineage is its id. `instead` is recorded in place of its octets.
  store::CertificateId issue(Seconds validity = std::chrono::hours(24 * 90), std::uint32_t shard = 0,
                             std::string entity = "entity-1", store::CertificateId lineage = 0,
                             store::CertificateId replaces = 0, const Bytes& instead = {}) {
    static std::atomic<std::uint64_t> counter{0};
    const store::CertificateId cert_id = (std::uint64_t{1767323045000} << 20) + ++counter;
    std::array<std::uint8_t, 8> random{};
    crypto::SystemRandom().fill(random);
    const auto serial = x509::SerialNumber::from_id(cert_id, random);
    const Time now = clock_.now();
    store::CertificateRecord record{.serial = serial, .names = {}, .der = {}};
    record.id = cert_id;
    record.ca = record_.id;
    record.lineage = lineage != 0 ? lineage : cert_id;
    record.tenant = tenant_;
    record.entity_type = "backend";
    record.entity_id = std::move(entity);
    record.principal = "tester";
    record.profile = "tls-server";
    record.subject = "CN=leaf";
    record.not_before = now;
    record.not_after = now + validity;
    record.issued_at = now;
    record.crl_shard = shard;
    record.der = sign_certificate({serial, to_bytes(name_.tlv()), to_bytes(name_of_cn("leaf").tlv()),
                                   record.not_before, record.not_after, {}},
                                  leaf_key().subject_public_key_info_tlv(), key_);
    if (!instead.empty()) record.der = instead;
    record.subject_public_key_sha256 = crypto::sha256(leaf_key().subject_public_key_info_tlv());
    store::SerialReservation reservation{cert_id, serial, record_.id, "tls-server", "tester", {}, now,
                                         record.not_after};
    must(store_.apply({store::ReserveSerial{reservation, {}}}));
    must(store_.apply({store::RecordCertificate{record, replaces, {}}}));
    return cert_id;
  }
  store::CertificateRecord find(store::CertificateId cert_id) const {
    return must(store_.find_certificate(cert_id)).value().certificate;
  }
  x509::SerialNumber serial_of(store::CertificateId cert_id) const { return find(cert_id).serial; }

  struct ResponderOptions {
    Seconds validity{std::chrono::hours(24 * 7)};
    bool with_ocsp_signing = true;
  };
  ResponderIdentity make_responder(const ResponderOptions& options) const {
    const auto key = new_key();
    x509::Extensions extensions;
    const auto purpose = options.with_ocsp_signing ? x509::oids::kOcspSigning : x509::oids::kServerAuth;
    must(extensions.add({x509::oids::kKeyUsage, true,
                                x509::encode_key_usage({x509::KeyUsageBit::digital_signature})}));
    must(extensions.add({x509::oids::kExtKeyUsage, false, x509::encode_ext_key_usage({purpose})}));
    must(extensions.add({x509::oids::kOcspNoCheck, false, x509::encode_ocsp_nocheck()}));
    std::array<std::uint8_t, 8> random{};
    crypto::SystemRandom().fill(random);
    const Time now = clock_.now();
    CertificateFields fields{x509::SerialNumber::from_id(std::uint64_t{1} << 60, random),
                             to_bytes(name_.tlv()), to_bytes(name_of_cn("OCSP responder").tlv()),
                             now - Seconds(60), now + options.validity, std::move(extensions)};
    return {sign_certificate(fields, key.subject_public_key_info_tlv(), key_), signer_of(key),
            now + options.validity};
  }
  ResponderIdentity make_responder() const { return make_responder(ResponderOptions{}); }
  ResponderIdentity itself_as_responder() const {
    return {record_.certificate, signer_of(key_), ca()->certificate().not_after()};
  }

 private:
  static const crypto::PrivateKey& leaf_key() {
    static const crypto::PrivateKey key = new_key();
    return key;
  }
  Bytes certificate_of_ca() {
    const Bytes ski = to_bytes(ByteView(crypto::sha1(key_.subject_public_key_info_tlv())));
    x509::Extensions extensions;
    must(extensions.add({x509::oids::kBasicConstraints, true,
                                x509::encode_basic_constraints({.ca = true, .path_length = {}})}));
    must(extensions.add(
        {x509::oids::kKeyUsage, true,
         x509::encode_key_usage({x509::KeyUsageBit::key_cert_sign, x509::KeyUsageBit::crl_sign})}));
    must(extensions.add(
        {x509::oids::kSubjectKeyIdentifier, false, x509::encode_subject_key_identifier(ski)}));
    std::array<std::uint8_t, 8> random{};
    crypto::SystemRandom().fill(random);
    CertificateFields fields{x509::SerialNumber::from_id(std::uint64_t{1} << 61, random),
                             to_bytes(name_.tlv()), to_bytes(name_.tlv()), clock_.now() - Seconds(60),
                             clock_.now() + std::chrono::hours(24 * 3650), std::move(extensions)};
    return sign_certificate(fields, key_.subject_public_key_info_tlv(), key_);
  }
  void put() {
    record_.policy = ca::write_ca_policy(policy_);
    cas_.put(must(ca::CertificationAuthority::create(record_, offline_ ? nullptr : signer_of(key_))));
  }

  store::Store& store_;
  ca::CaDirectory& cas_;
  const Clock& clock_;
  crypto::PrivateKey key_;
  x509::Name name_;
  store::CaRecord record_;
  std::string tenant_ = "default";
  ca::CaPolicy policy_;
  bool offline_ = false;
};

// What most tests need.
struct World {
  store::MemoryStore store;
  ManualClock clock{start_time()};
  audit::Journal journal{store, clock};
  ca::CaDirectory cas;
  audit::Actor actor{"tester", "default", "test", "192.0.2.1"};
};

}  // namespace certwright::revocation::test
