#include "profile/interception.h"

#include <gtest/gtest.h>

#include "profile/testing.h"
#include "profile/testing_upstream.h"
#include "x509/certificate.h"

namespace certwright::profile {
namespace interception_test {  // test files are compiled together

using testing::at;
using testing::must;
using testing::noon;
using testing::Upstream;
using Bit = x509::KeyUsageBit;
namespace oids = x509::oids;

struct Made {
  InterceptionPlan plan;
  x509::Certificate certificate;

  std::vector<std::string> names() const {
    std::vector<std::string> texts;
    if (const auto all = certificate.subject_alt_names())
      for (const auto& name : *all) texts.push_back(name.to_text());
    return texts;
  }
  x509::KeyUsage key_usage() const {
    return must(x509::parse_key_usage(certificate.find_extension(oids::kKeyUsage)->value));
  }
  std::string subject() const { return certificate.subject().to_text(); }
};

class Interception : public ::testing::Test {
 protected:
  Made make(InterceptionSource source) {
    auto plan = plan_interception(profile, source, ca.issuer(), now);
    const std::string_view key = plan.key_algorithm == "sm2" ? "ecdsa-p256" : plan.key_algorithm;
    const auto tbs = must(InterceptionTemplate(ca.issuer())
                              .build(plan, testing::serial(), key == "rsa-2048" ? rsa_spki : p256_spki, key));
    auto der = x509::assemble_certificate(tbs, ca.algorithm_tlv, Bytes{0x30, 0x00});
    return {std::move(plan), must(x509::Certificate::parse(std::move(der).release()))};
  }
  Made mimic(const Upstream& upstream, std::string_view host = "www.example.com",
             InterceptionUsage usage = InterceptionUsage::tls_server) {
    kept = upstream.der();
    return make({.host = host, .usage = usage, .upstream_certificate = kept});
  }
  Made for_host(std::string_view host) { return make({.host = host, .upstream_certificate = {}}); }

  testing::TestCa ca;
  Profile profile = testing::shipped("interception");
  Bytes p256_spki = testing::spki_of(testing::p256_key().get());
  Bytes rsa_spki = testing::spki_of(testing::rsa_2048_key().get());
  Time now = noon();
  Bytes kept;
};

TEST_F(Interception, LooksLikeItsUpstream) {
  const auto made = mimic({.subject = "CN=www.example.com,O=Example Inc",
                           .dns = {"www.example.com", "*.example.com", "_srv.example.com"},
                           .ip = {"192.0.2.1", "2001:db8::1"}});
  EXPECT_EQ(made.subject(), "CN=www.example.com,O=Example Inc");
  EXPECT_EQ(made.names(), (std::vector<std::string>{"DNS:www.example.com", "DNS:*.example.com",
                                                    "DNS:_srv.example.com", "IP:192.0.2.1", "IP:2001:db8::1"}));
  EXPECT_EQ(made.certificate.not_before(), at("2024-04-01"));
  EXPECT_EQ(made.certificate.not_after(), at("2024-07-01"));
  EXPECT_EQ(made.plan.key_algorithm, "ecdsa-p256");
  EXPECT_FALSE(made.certificate.find_extension(oids::kSubjectAltName)->critical);
  EXPECT_TRUE(made.certificate.find_extension(oids::kKeyUsage)->critical);
  EXPECT_EQ(made.certificate.authority_key_identifier(), ca.key_identifier);
  EXPECT_EQ(made.certificate.subject_key_identifier(), testing::TestCa::to_key_identifier(p256_spki));
}

// DESIGN section 4: no right is ever copied.
TEST_F(Interception, GivesNoRightThatAnUpstreamAsksFor) {
  Upstream upstream;
  upstream.purposes = {oids::kOcspSigning, oids::kClientAuth, oids::kAnyExtendedKeyUsage};
  upstream.key_usage = x509::KeyUsage{Bit::key_cert_sign, Bit::crl_sign, Bit::content_commitment};
  upstream.more = {
      {oids::kBasicConstraints, true, x509::encode_basic_constraints({true, {}})},
      {oids::kTlsFeature, false, {0x30, 0x03, 0x02, 0x01, 0x05}},
      {oids::kNameConstraints, true, x509::encode_name_constraints({{must(x509::GeneralName::dns_constraint("a"))}, {}})},
      {oids::kCertificatePolicies, false, x509::encode_certificate_policies({oids::kAnyPolicy})},
      {oids::kCrlDistributionPoints, false, x509::encode_crl_distribution_points({"http://a/crl"})},
      {oids::kAuthorityInfoAccess, false, x509::encode_authority_info_access({{"http://a/ocsp"}, {}})},
      {der::Oid::of({1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}), false, {0x04, 0x00}},
      {der::Oid::of({1, 2, 3, 4}), true, {0x05, 0x00}}};
  upstream.other_names = {must(x509::GeneralName::email("a@example.com")),
                          must(x509::GeneralName::uri("https://example.com/")),
                          x509::GeneralName::directory_name(must(x509::Name::from_text("CN=x")))};
  const auto made = mimic(upstream);
  ASSERT_EQ(made.certificate.extensions().size(), 5U);
  EXPECT_EQ(must(x509::parse_ext_key_usage(made.certificate.find_extension(oids::kExtKeyUsage)->value)),
            std::vector<der::Oid>{oids::kServerAuth});
  EXPECT_EQ(made.key_usage(), x509::KeyUsage{Bit::digital_signature});
  EXPECT_FALSE(made.certificate.is_ca());
  EXPECT_EQ(made.names(), std::vector<std::string>{"DNS:www.example.com"});
}

struct KeyUsageRow {
  const char* name;
  std::optional<x509::KeyUsage> upstream;
  InterceptionUsage usage;
  std::string_view key;
  x509::KeyUsage expected;
};
constexpr x509::KeyUsage kAll = {Bit::digital_signature, Bit::key_encipherment, Bit::key_agreement};
constexpr auto kTls = InterceptionUsage::tls_server;
const KeyUsageRow kKeyUsages[] = {
    {"NoneEc", {}, kTls, "ecdsa-p256", {Bit::digital_signature}},
    {"NoneRsa", {}, kTls, "rsa-2048", {Bit::digital_signature, Bit::key_encipherment}},
    {"RsaToRsa", x509::KeyUsage{Bit::digital_signature, Bit::key_encipherment}, kTls, "rsa-2048",
     {Bit::digital_signature, Bit::key_encipherment}},
    {"RsaToEc", x509::KeyUsage{Bit::digital_signature, Bit::key_encipherment}, kTls, "ecdsa-p256",
     {Bit::digital_signature}},
    {"OnlyEncipherment", x509::KeyUsage{Bit::key_encipherment}, kTls, "rsa-2048",
     {Bit::digital_signature, Bit::key_encipherment}},
    {"AgreementEc", kAll, kTls, "ecdsa-p384", {Bit::digital_signature, Bit::key_agreement}},
    {"AgreementEd25519", kAll, kTls, "ed25519", {Bit::digital_signature}},
    {"Tongsuo", {}, InterceptionUsage::tls_server_tongsuo, "ecdsa-p256", kAll},
    {"TongsuoEd25519", kAll, InterceptionUsage::tls_server_tongsuo, "ed25519", {Bit::digital_signature}},
    {"TlcpSign", {}, InterceptionUsage::tlcp_server_signature, "sm2",
     {Bit::digital_signature, Bit::content_commitment}},
    {"TlcpEncrypt", kAll, InterceptionUsage::tlcp_server_encryption, "sm2",
     {Bit::key_agreement, Bit::key_encipherment, Bit::data_encipherment}},
};
TEST(InterceptionKeyUsage, Table) {
  for (const auto& row : kKeyUsages) {
    const auto usage = interception_key_usage(row.usage, row.upstream, row.key);
    EXPECT_EQ(usage, row.expected) << row.name;
    EXPECT_TRUE(is_interception_key_usage(usage, {})) << row.name;
  }
  EXPECT_FALSE(is_interception_key_usage({Bit::digital_signature, Bit::crl_sign}, {}));
  EXPECT_FALSE(is_interception_key_usage({}, {}));
  EXPECT_FALSE(is_interception_key_usage({Bit::digital_signature, Bit::key_encipherment}, crypto::KeyFamily::ecdsa));
}

struct KeyRow { const char* name; const char* spki_algorithm; InterceptionUsage usage; std::string_view expected; };
// AlgorithmIdentifiers.
const KeyRow kKeys[] = {
    {"Rsa", "300d06092a864886f70d0101010500", kTls, "rsa-2048"},
    {"RsaPss", "300b06092a864886f70d01010a", kTls, "ecdsa-p256"},
    {"P256", "301306072a8648ce3d020106082a8648ce3d030107", kTls, "ecdsa-p256"},
    {"P384", "301006072a8648ce3d020106052b81040022", kTls, "ecdsa-p384"},
    {"P521", "301006072a8648ce3d020106052b81040023", kTls, "ecdsa-p384"},
    {"Secp256k1", "301006072a8648ce3d020106052b8104000a", kTls, "ecdsa-p256"},
    {"NoCurve", "300906072a8648ce3d0201", kTls, "ecdsa-p256"},
    {"Ed25519", "300506032b6570", kTls, "ed25519"},
    {"Ed448", "300506032b6571", kTls, "ecdsa-p256"},
    {"MlDsa65", "300b0609608648016503040312", kTls, "ecdsa-p256"},
    {"Sm2ForTls", "301306072a8648ce3d020106082a811ccf5501822d", kTls, "ecdsa-p256"},
    {"Sm2ForTongsuo", "301306072a8648ce3d020106082a811ccf5501822d", InterceptionUsage::tls_server_tongsuo, "sm2"},
    {"P256ForTlcp", "301306072a8648ce3d020106082a8648ce3d030107", InterceptionUsage::tlcp_server_signature,
     "ecdsa-p256"},
};
TEST_F(Interception, KeyTypes) {
  for (const auto& row : kKeys) {
    Upstream upstream;
    upstream.key_algorithm_tlv = must(from_hex(row.spki_algorithm));
    EXPECT_EQ(mimic(upstream, "a.example", row.usage).plan.key_algorithm, row.expected) << row.name;
  }
  profile.interception->keys = InterceptionKeys::always_p256;
  Upstream upstream;
  upstream.key_algorithm_tlv = must(from_hex(kKeys[0].spki_algorithm));
  EXPECT_EQ(mimic(upstream).plan.key_algorithm, "ecdsa-p256");
}

struct DateRow { const char* name; const char* begin; const char* end; const char* expected_begin; const char* expected_end; bool expired; };
const DateRow kDates[] = {  // now is 2024-05-02; the CA lives from 2020 to 2040
    {"Within", "2024-04-01", "2024-07-01", "2024-04-01", "2024-07-01", false},
    {"LongerThanTheCa", "2019-01-01", "2050-01-01", "2020-01-01", "2040-01-01", false},
    {"Expired", "2024-01-01", "2024-04-30", "2024-01-01", "2024-04-30", true},
    {"ExpiredBeforeTheCa", "2018-01-01", "2019-01-01", "2018-01-01", "2019-01-01", true},
    {"NotYetValid", "2030-01-01", "2031-01-01", "2030-01-01", "2031-01-01", false},
};
TEST_F(Interception, DatesFollowTheUpstream) {
  for (const auto& row : kDates) {
    const auto made = mimic({.begin = at(row.begin), .end = at(row.end)});
    EXPECT_EQ(made.certificate.not_before(), at(row.expected_begin)) << row.name;
    EXPECT_EQ(made.certificate.not_after(), at(row.expected_end)) << row.name;
    EXPECT_EQ(made.plan.expired, row.expired) << row.name;
  }
}

TEST_F(Interception, DatesAreAlwaysInOrder) {
  for (const auto& [begin, end] : {std::pair("2024-07-01", "2024-06-01"), {"2045-01-01", "2046-01-01"},
                                   {"2023-07-01", "2023-06-01"}}) {
    const auto made = mimic({.begin = at(begin), .end = at(end)});
    EXPECT_LT(made.certificate.not_before(), made.certificate.not_after()) << begin;
    EXPECT_LE(made.certificate.not_after(), at("2040-01-01")) << begin;
  }
}

TEST_F(Interception, AnUpstreamOfAnotherAgeIsExpired) {
  const auto made = mimic({.begin = at("2024-04-01"), .end = at("0059-09-29")});
  EXPECT_TRUE(made.plan.expired);
  EXPECT_EQ(made.certificate.not_after(), at("1950-01-01") + Seconds(1));
  EXPECT_EQ(made.certificate.not_before(), at("1950-01-01"));
}

TEST_F(Interception, ExpiryIsAfterTheLastSecond) {
  now = at("2024-07-01");
  EXPECT_FALSE(mimic({}).plan.expired);
  now += Seconds(1);
  EXPECT_TRUE(mimic({}).plan.expired);
}

TEST_F(Interception, InvalidNamesAreDroppedAndNoneIsAdded) {
  Upstream upstream{.subject = "CN=only.example.com", .dns = {}, .raw_names = {}};
  EXPECT_TRUE(mimic(upstream).names().empty());
  EXPECT_EQ(mimic(upstream).certificate.find_extension(oids::kSubjectAltName), nullptr);
  // dNSName with a space, with NUL, an address, a bare star, an odd iPAddress.
  upstream.raw_names = must(from_hex("8203612062" "8203610062" "8207312e322e332e34" "82012a" "87050102030405"));
  EXPECT_TRUE(mimic(upstream).names().empty());
  const Bytes twice = must(from_hex("8201618201618704010203048704010203048201"));  // and one cut short
  upstream.raw_names.insert(upstream.raw_names.end(), twice.begin(), twice.end());
  EXPECT_EQ(mimic(upstream).names(), (std::vector<std::string>{"DNS:a", "IP:1.2.3.4"}));
}

TEST_F(Interception, EmptySubjectMakesTheNamesCritical) {
  const auto made = mimic({.subject = "", .dns = {"a.example"}});
  EXPECT_TRUE(made.certificate.subject().empty());
  EXPECT_TRUE(made.certificate.find_extension(oids::kSubjectAltName)->critical);
}

TEST_F(Interception, AnUnreadableSubjectIsLeftOut) {
  Upstream upstream{.dns = {"a.example"}};
  upstream.subject_tlv = must(from_hex("300d310b300906035504030c026100"));  // a NUL in the common name
  EXPECT_TRUE(mimic(upstream).certificate.subject().empty());
  upstream.subject_tlv = must(from_hex("300430023000"));  // an RDN that is no SET
  EXPECT_TRUE(mimic(upstream).certificate.subject().empty());
  upstream.dns.clear();  // and then the host is all there is
  EXPECT_EQ(mimic(upstream, "b.example").subject(), "CN=b.example");
}

// With it no answer would fit into a client's buffer, whatever else is left out.
TEST_F(Interception, ASubjectThatIsTooLongIsLeftOut) {
  const auto name_of = [](std::size_t octets) {  // of the text; the Name around it has 21 more
    der::Writer w;
    w.sequence([&] { w.set([&] { w.sequence([&] {
      w.oid(oids::kOrganizationName);
      w.string(der::Tag::utf8_string, std::string(octets, 'o'));
    }); }); });
    return std::move(w).take();
  };
  constexpr std::size_t kAround = 21;
  Upstream upstream{.dns = {"a.example"}};
  upstream.subject_tlv = name_of(kInterceptionSubjectOctetsMax - kAround);
  ASSERT_EQ(upstream.subject_tlv.size(), kInterceptionSubjectOctetsMax);
  EXPECT_FALSE(mimic(upstream).certificate.subject().empty());
  for (const std::size_t octets : {kInterceptionSubjectOctetsMax - kAround + 1, std::size_t{60'000}}) {
    upstream.subject_tlv = name_of(octets);
    const auto made = mimic(upstream);
    EXPECT_TRUE(made.certificate.subject().empty());
    EXPECT_EQ(made.names(), std::vector<std::string>{"DNS:a.example"});
    EXPECT_TRUE(made.certificate.find_extension(oids::kSubjectAltName)->critical);
  }
}

TEST_F(Interception, TooManyNamesAreTrimmedToThoseThatCoverTheHost) {
  Upstream upstream{.dns = {}};
  for (int i = 0; i < 500; ++i) upstream.dns.push_back("h" + std::to_string(i) + ".some-long-label.example.com");
  upstream.dns.push_back("*.Example.com");
  upstream.dns.push_back("www.example.com");
  kept = upstream.der();
  InterceptionSource source{.host = "WWW.example.com", .upstream_certificate = kept};
  auto made = make(source);
  EXPECT_EQ(made.names().size(), 502U);
  EXPECT_FALSE(made.plan.names_trimmed);
  source.names_octets_max = 4000;
  made = make(source);
  EXPECT_EQ(made.names(), (std::vector<std::string>{"DNS:*.Example.com", "DNS:www.example.com"}));
  EXPECT_TRUE(made.plan.names_trimmed);
  source.host = "elsewhere.example";
  made = make(source);
  EXPECT_GT(made.names().size(), 50U);
  EXPECT_LE(made.plan.names.size(), 4000U);
  source.names_octets_max = 1;
  EXPECT_EQ(make(source).names().size(), 1U);
}

TEST_F(Interception, NoMoreNamesThanReadersTake) {
  Upstream upstream{.dns = {}};
  for (int i = 0; i < 1030; ++i) upstream.dns.push_back("h" + std::to_string(i) + ".example");
  EXPECT_EQ(mimic(upstream, "h1029.example").names(), std::vector<std::string>{"DNS:h1029.example"});
  EXPECT_EQ(mimic(upstream, "x").names().size(), x509::kMaxGeneralNames);
}

TEST_F(Interception, TheLargestUpstreamLeavesRoomForTheRest) {
  Upstream upstream{.dns = {}};
  for (int i = 0; i < 850; ++i) upstream.dns.push_back("h" + std::to_string(i) + "." + std::string(58, 'x') + ".example");
  const auto made = mimic(upstream);
  ASSERT_GT(kept.size(), 58'000U);
  ASSERT_LE(kept.size(), kUpstreamOctetsMax);
  EXPECT_TRUE(made.plan.names_trimmed);
  EXPECT_LE(made.plan.names.size(), kInterceptionNamesOctetsMax);
  EXPECT_GT(made.names().size(), 600U);
}

TEST_F(Interception, Version1AndGarbageGetAnAnswer) {
  Upstream upstream{.subject = "CN=old.example"};
  upstream.version_1 = true;
  EXPECT_EQ(mimic(upstream).subject(), "CN=old.example");
  kept = {0x30, 0x82, 0x01, 0x00, 0x30};
  EXPECT_EQ(make({.host = "a.example", .upstream_certificate = kept}).subject(), "CN=a.example");
  kept.assign(70'000, 0x30);
  EXPECT_EQ(make({.host = "a.example", .upstream_certificate = kept}).subject(), "CN=a.example");
}

struct HostRow { const char* name; std::string host; std::string subject; std::vector<std::string> names; };
const std::string kLabel(60, 'x');
const HostRow kHosts[] = {
    {"Domain", "www.example.com", "CN=www.example.com", {"DNS:www.example.com"}},
    {"UpperCase", "WWW.Example.COM", "CN=www.example.com", {"DNS:www.example.com"}},
    {"TrailingDot", "example.com.", "CN=example.com", {"DNS:example.com"}},
    {"Idna", "b\xc3\xbc" "cher.example", "CN=xn--bcher-kva.example", {"DNS:xn--bcher-kva.example"}},
    {"Ipv4", "192.0.2.7", "CN=192.0.2.7", {"IP:192.0.2.7"}},
    {"Ipv6", "2001:db8:0::7", "CN=2001:db8::7", {"IP:2001:db8::7"}},
    {"Ipv6InBrackets", "[2001:db8::7]", "CN=2001:db8::7", {"IP:2001:db8::7"}},
    {"MappedIpv4", "::ffff:192.0.2.7", "CN=192.0.2.7", {"IP:192.0.2.7"}},
    {"Wildcard", "*.example.com", "CN=*.example.com", {"DNS:*.example.com"}},
    {"Underscore", "_dmarc.example.com", "CN=_dmarc.example.com", {"DNS:_dmarc.example.com"}},
    {"OneLabel", "a", "CN=a", {"DNS:a"}},
    {"SixtyFour", kLabel + ".com", "CN=" + kLabel + ".com", {"DNS:" + kLabel + ".com"}},
    {"SixtyFive", kLabel + ".info", "", {"DNS:" + kLabel + ".info"}},
    {"Empty", "", "CN=No host name given", {}},
    {"Space", "a b", "CN=a b", {}},
    {"Nul", std::string("a\0b", 3), "CN=Unusable host name", {}},
    {"NotUtf8", "\xff\xfe", "CN=Unusable host name", {}},
    {"Numeric", "1.2.3", "CN=1.2.3", {}},
};
TEST_F(Interception, HostsWithoutUpstream) {
  for (const auto& row : kHosts) {
    const auto made = for_host(row.host);
    EXPECT_EQ(made.subject(), row.subject) << row.name;
    EXPECT_EQ(made.names(), row.names) << row.name;
    EXPECT_EQ(made.plan.key_algorithm, "ecdsa-p256");
    if (row.subject.empty()) {
      EXPECT_TRUE(made.certificate.find_extension(oids::kSubjectAltName)->critical) << row.name;
    }
  }
  const auto made = for_host("a.example");
  EXPECT_EQ(made.certificate.not_before(), noon() - std::chrono::hours(24));
  EXPECT_EQ(made.certificate.not_after(), noon() + std::chrono::hours(24 * 365));
}

TEST_F(Interception, TheLongestHosts) {
  std::string host = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(63, 'd');
  ASSERT_EQ(host.size(), 255U);
  EXPECT_EQ(for_host(host).names(), std::vector<std::string>{"DNS:" + host});
  EXPECT_EQ(for_host(host.substr(2)).names(), std::vector<std::string>{"DNS:" + host.substr(2)});
  EXPECT_TRUE(for_host(host + "d").names().empty());
  EXPECT_TRUE(for_host(std::string(255, 'a')).names().empty());
}

}  // namespace interception_test
}  // namespace certwright::profile
