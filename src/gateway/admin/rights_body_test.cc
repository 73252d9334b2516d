#include "gateway/admin/rights_body.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "x509/oids.h"

namespace certwright::gateway::admin {
namespace {

namespace oids = x509::oids;

std::string rights(const std::vector<x509::Extension>& all, const std::vector<x509::Extension>& requested = {}) {
  x509::Extensions extensions;
  for (const auto& extension : all) EXPECT_TRUE(extensions.add(extension));
  json::Writer w;
  w.begin_object();
  write_rights(w, extensions, requested);
  w.end_object();
  return std::move(w).take();
}

TEST(Rights, OfACaAreShown) {
  EXPECT_EQ(rights({{oids::kBasicConstraints, true, x509::encode_basic_constraints({.ca = true, .path_length = 0})},
                    {oids::kKeyUsage, true,
                     x509::encode_key_usage({x509::KeyUsageBit::key_cert_sign, x509::KeyUsageBit::crl_sign})}}),
            R"({"key_usage":["keyCertSign","cRLSign"],"extended_key_usage":[],)"
            R"("basic_constraints":{"ca":true,"path_length":0},"extensions":[]})");
  EXPECT_EQ(rights({{oids::kBasicConstraints, true, x509::encode_basic_constraints({.ca = true, .path_length = {}})}}),
            R"({"key_usage":[],"extended_key_usage":[],"basic_constraints":{"ca":true},"extensions":[]})");
}

TEST(Rights, OfNoCaSayNothingOfConstraints) {
  EXPECT_EQ(rights({{oids::kBasicConstraints, true, x509::encode_basic_constraints({})},
                    {oids::kExtKeyUsage, false, x509::encode_ext_key_usage({oids::kServerAuth, oids::kClientAuth})}}),
            R"({"key_usage":[],"extended_key_usage":["serverAuth","clientAuth"],"extensions":[]})");
}

// What the CA writes itself is left out; what is copied is told from what is alike only in its OID.
TEST(Rights, OpaqueExtensionsHaveSizeAndDigest) {
  const x509::Extension copied{der::Oid::of({2, 99999, 1, 0}), true, {0x05, 0x00}};
  const x509::Extension own{oids::kTlsFeature, false, {0x30, 0x03, 0x02, 0x01, 0x05}};
  x509::Extension other = own;
  other.value.back() = 0x11;
  EXPECT_EQ(rights({{oids::kSubjectKeyIdentifier, false, x509::encode_subject_key_identifier(Bytes(20, 1))}, copied, own},
                   {copied, other}),
            R"({"key_usage":[],"extended_key_usage":[],"extensions":[)"
            R"({"oid":"2.99999.1.0","critical":true,"size_octets":2,"sha256":")" + to_hex(crypto::sha256(copied.value)) +
            R"(","copied":true},{"oid":"1.3.6.1.5.5.7.1.24","critical":false,"size_octets":5,"sha256":")" +
            to_hex(crypto::sha256(own.value)) + R"(","copied":false}]})");
}

}  // namespace
}  // namespace certwright::gateway::admin
