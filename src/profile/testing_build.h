#pragma once
// For tests of build_tbs_certificate(): a CA, a request for a server, and OpenSSL's view of what was built.
#include <openssl/x509v3.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "profile/build.h"
#include "profile/testing.h"

namespace certwright::profile::build_test {

using namespace std::chrono_literals;
namespace oids = x509::oids;
using testing::must;
using testing::noon;
using testing::shipped;
using x509::GeneralName;

inline const testing::TestCa& ca() {
  static const testing::TestCa instance;
  return instance;
}
inline EVP_PKEY* leaf_key() {
  static const auto key = testing::p256_key();
  return key.get();
}

inline CertificateRequest server_request() {
  auto request = testing::request_for(leaf_key(), "ecdsa-p256");
  request.subject = {{"common_name", "a.example"}};
  request.names = {must(GeneralName::dns("a.example")), must(GeneralName::ip("10.0.0.1"))};
  return request;
}

inline Result<x509::TbsCertificate> build(const Profile& profile, const CertificateRequest& request,
                                   const Issuer& issuer = ca().issuer()) {
  return build_tbs_certificate(profile, request, issuer, testing::serial(), noon());
}

inline std::vector<std::string> names_in(const x509::TbsCertificate& tbs) {
  std::vector<std::string> out;
  if (const auto* extension = tbs.extensions.find(oids::kSubjectAltName))
    for (const auto& name : must(x509::parse_subject_alt_name(extension->value)))
      out.push_back(name.to_text());
  return out;
}

// What OpenSSL makes of a certificate.
struct OpensslView {
  testing::Owned<X509> certificate;

  explicit OpensslView(const x509::Certificate& ours) {
    const unsigned char* der = ours.der().data();
    certificate.reset(d2i_X509(nullptr, &der, static_cast<long>(ours.der().size())));
  }
  // "critical," and the text of `openssl x509 -text`; "absent".
  std::string extension(int nid) const {
    const int index = X509_get_ext_by_NID(certificate.get(), nid, -1);
    if (index < 0) return "absent";
    X509_EXTENSION* extension = X509_get_ext(certificate.get(), index);
    const testing::Owned<BIO> out(BIO_new(BIO_s_mem()));
    X509V3_EXT_print(out.get(), extension, 0, 0);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    std::string flat(X509_EXTENSION_get_critical(extension) != 0 ? "critical," : "");
    for (const char c : std::string_view(text, static_cast<std::size_t>(size)))
      if (c != '\n') flat += c;
    return flat;
  }
  std::string subject() const {
    const testing::Owned<BIO> out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
  }
};

// 1 if OpenSSL accepts the chain as strictly as it can, at `noon()`.
inline int verify_strict(const x509::Certificate& leaf, const x509::Certificate& root) {
  const OpensslView leaf_view(leaf), root_view(root);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root_view.certificate.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf_view.certificate.get(), nullptr);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
  X509_VERIFY_PARAM_set_time(param, to_unix_s(noon()));
  const int ok = X509_verify_cert(context);
  if (ok != 1)
    ADD_FAILURE() << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return ok;
}

inline GeneralName parsed_dns(std::string_view text) {
  der::Writer writer;
  writer.primitive(der::context(2), as_bytes(text));
  const Bytes tlv = std::move(writer).take();
  der::Reader reader(tlv);
  return must(GeneralName::parse(reader));
}

inline std::vector<GeneralName> hosts(std::size_t count) {
  std::vector<GeneralName> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(parsed_dns(fmt::format("h{}.example", i)));
  return names;
}

inline x509::Extension extension(const der::Oid& oid, Bytes value, bool critical = false) {
  return {oid, critical, std::move(value)};
}
using Bit = x509::KeyUsageBit;
inline constexpr der::Oid kUnknown = der::Oid::of({1, 2, 3, 4});
inline constexpr der::Oid kEvidence = der::Oid::of({2, 99999, 1, 0});

inline void make_ca(Profile& profile, CertificateRequest& request) {
  profile = shipped("intermediate-ca");
  request.subject = {{"common_name", "Issuing CA"}};
  request.names.clear();
}
inline void ask_for_ca(CertificateRequest& request, x509::BasicConstraints constraints) {
  request.extensions = {extension(oids::kBasicConstraints, x509::encode_basic_constraints(constraints), true)};
}

}  // namespace certwright::profile::build_test
