#pragma once
// For tests and fuzz targets only: keys, an issuer and a request to vary. OpenSSL makes the keys and
// the signatures, so that it can be the oracle of what we build.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/digest.h"
#include "profile/build.h"
#include "x509/certificate.h"
#include "x509/name.h"
#include "x509/oids.h"
#include "x509/subject_public_key_info.h"
#include "x509/tbs_certificate.h"

namespace certwright::profile::testing {

struct FreeOpenssl {
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(EVP_MD_CTX* p) const noexcept { EVP_MD_CTX_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(BIO* p) const noexcept { BIO_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().field + ": " + result.error().detail);
  return std::move(*result);
}

inline Owned<EVP_PKEY> p256_key() { return Owned<EVP_PKEY>(EVP_EC_gen("P-256")); }
inline Owned<EVP_PKEY> ed25519_key() {
  return Owned<EVP_PKEY>(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}
inline Owned<EVP_PKEY> rsa_2048_key() { return Owned<EVP_PKEY>(EVP_RSA_gen(2048)); }

inline Bytes spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  Bytes spki(der, der + size);
  OPENSSL_free(der);
  return spki;
}

inline Bytes ecdsa_sha256_tlv() { return must(from_hex("300a06082a8648ce3d040302")); }

inline x509::SerialNumber serial() {
  return must(x509::SerialNumber::from_text("0x0190a1b2c3d4e5f60718293a4b5c6d7e"));
}

inline Time at(std::string_view date) {  // "2024-05-02"
  const auto number = [&](std::size_t from, std::size_t count) {
    return std::stoi(std::string(date.substr(from, count)));
  };
  return std::chrono::sys_days(std::chrono::year(number(0, 4)) / number(5, 2) / number(8, 2));
}
inline Time noon() { return at("2024-05-02") + std::chrono::hours(12); }

// Signs with ECDSA and SHA-256.
inline x509::Certificate sign(EVP_PKEY* key, const x509::TbsCertificate& tbs) {
  const auto encoded = must(x509::encode(tbs));
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  Bytes signature(256);
  size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, encoded.tlv().data(),
                     encoded.tlv().size()) != 1)
    throw std::runtime_error("cannot sign");
  signature.resize(size);
  auto der = x509::assemble_certificate(encoded, tbs.signature_algorithm_tlv, signature);
  return must(x509::Certificate::parse(std::move(der).release()));
}

inline Profile shipped(std::string_view name) {
  for (Profile& profile : shipped_profiles())
    if (profile.name == name) return std::move(profile);
  throw std::runtime_error("no such profile: " + std::string(name));
}

// A self-signed CA of P-256 that lives from 2020 to 2040.
struct TestCa {
  Owned<EVP_PKEY> key = p256_key();
  Bytes name_tlv = to_bytes(must(x509::Name::from_text("CN=Test CA,O=Certwright")).tlv());
  Bytes spki = spki_of(key.get());
  Bytes key_identifier = to_key_identifier(spki);
  Bytes algorithm_tlv = ecdsa_sha256_tlv();
  std::vector<x509::Extension> more;  // of its own certificate, e.g. nameConstraints
  std::optional<std::uint32_t> path_length;

  static Bytes to_key_identifier(const Bytes& spki_tlv) {
    return to_bytes(crypto::sha1(must(x509::subject_public_key_bits(spki_tlv))));
  }

  Issuer issuer() const {
    Issuer issuer;
    issuer.subject_tlv = name_tlv;
    issuer.subject_key_identifier = key_identifier;
    issuer.signature_algorithm_tlv = algorithm_tlv;
    issuer.not_before = at("2020-01-01");
    issuer.not_after = at("2040-01-01");
    issuer.path_length = path_length;
    issuer.ocsp_url = "http://ca.example/ocsp";
    issuer.ca_issuers_url = "http://ca.example/issuing.cer";
    issuer.crl_url = "http://ca.example/issuing.crl";
    return issuer;
  }

  x509::TbsCertificate tbs() const {
    x509::Extensions extensions;
    const auto add = [&](const x509::Extension& extension) {
      if (!extensions.add(extension)) throw std::runtime_error("extension");
    };
    using Bit = x509::KeyUsageBit;
    namespace oids = x509::oids;
    add({oids::kBasicConstraints, true, x509::encode_basic_constraints({true, path_length})});
    add({oids::kKeyUsage, true,
         x509::encode_key_usage({Bit::digital_signature, Bit::key_cert_sign, Bit::crl_sign})});
    add({oids::kSubjectKeyIdentifier, false, x509::encode_subject_key_identifier(key_identifier)});
    for (const auto& extension : more) add(extension);
    return {must(x509::SerialNumber::from_text("0x7fffffffffffffffffff")), algorithm_tlv, name_tlv,
            at("2020-01-01"), at("2040-01-01"), name_tlv, spki, std::move(extensions)};
  }
  x509::Certificate certificate() const { return sign(key.get(), tbs()); }
};

inline CertificateRequest request_for(EVP_PKEY* key, std::string_view key_algorithm) {
  CertificateRequest request;
  request.subject_public_key_info = spki_of(key);
  request.key_algorithm = key_algorithm;
  return request;
}

}  // namespace certwright::profile::testing
