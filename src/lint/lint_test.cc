#include "lint/testing_trial.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace certwright::lint::lint_test {
namespace {

TEST(Lint, FindsNothingInWhatShippedProfilesMake) {
  for (const Profile& profile : profile::shipped_profiles()) {
    if (profile.names_required && !profile.dns.permitted) continue;  // email-protection: below
    const Trial trial(profile.name.c_str());
    EXPECT_EQ(to_text(trial.lint()), "") << profile.name;
  }
}

TEST(Lint, FindsNothingWithEveryKind) {
  const auto rsa = made::rsa_2048_key(), ed = made::ed25519_key();
  const std::pair<EVP_PKEY*, const char*> kKeys[] = {
      {rsa.get(), "rsa-2048"}, {ed.get(), "ed25519"}, {leaf_key(), "ecdsa-p256"}};
  for (const auto& [key, algorithm] : kKeys) {
    const Profile profile = made::shipped("email-protection");
    auto request = made::request_for(key, algorithm);
    request.names = {must(GeneralName::email("a@b.example"))};
    Trial trial("tls-server");
    trial.profile = profile;
    trial.tbs = RawTbs(must(profile::build_tbs_certificate(profile, request, ca().issuer(),
                                                           made::serial(), made::noon())));
    trial.expected_spki = made::spki_of(key);
    EXPECT_EQ(to_text(trial.lint()), "") << algorithm;
  }
}

TEST(Lint, FindsNothingInASelfSignedRoot) {
  Trial trial("intermediate-ca");
  trial.profile.reset();
  trial.tbs = RawTbs(ca().tbs());
  trial.expected_spki = ca().spki;
  trial.self_signed = true;
  EXPECT_EQ(to_text(trial.lint()), "");
  trial.tbs.extensions.push_back({oids::kAuthorityKeyIdentifier, false,
                                  x509::encode_authority_key_identifier(ca().key_identifier)});
  EXPECT_EQ(to_text(trial.lint()), "");
}

TEST(Lint, WritesFindingsAsText) {
  EXPECT_EQ(to_text({}), "");
  EXPECT_EQ(to_text({{"a.b", "one"}, {"c", "two"}}), "a.b: one; c: two");
}

struct Mutation {
  const char* name;
  const char* rule;
  const char* profile;
  void (*change)(Trial&);
};

constexpr der::Oid kUnknownExtension = der::Oid::of({1, 2, 3, 4});

Bytes subject_with(const der::Oid& type, der::Tag tag, std::string_view text) {
  der::Writer w;
  w.sequence([&] {
    w.set([&] {
      w.sequence([&] {
        w.oid(type);
        w.string(tag, text);
      });
    });
  });
  return std::move(w).take();
}

GeneralName parsed_dns(std::string_view text) {
  der::Writer writer;
  writer.primitive(der::context(2), as_bytes(text));
  const Bytes tlv = std::move(writer).take();
  der::Reader reader(tlv);
  return must(GeneralName::parse(reader));
}

const Mutation kFieldMutations[] = {
    {"TrailingOctet", "rfc5280.4.1.encoding", "tls-server", [](Trial& t) { t.after = {0}; }},
    {"NotDer", "rfc5280.4.1.encoding", "tls-server", [](Trial& t) { t.tbs.issuer_tlv = {0x30, 0x80, 0, 0}; }},
    {"VersionOne", "rfc5280.4.1.encoding", "tls-server", [](Trial& t) { t.tbs.version = 0; }},
    {"TooLarge", "rfc5280.4.1.size", "tls-server",
     [](Trial& t) {
       t.profile->copy_extensions = {{kUnknownExtension, 65'536}};
       t.tbs.extensions.push_back({kUnknownExtension, false, Bytes(60'000)});
     }},
    {"VersionTwo", "rfc5280.4.1.2.1.version_3", "tls-server", [](Trial& t) { t.tbs.version = 1; }},
    {"Negative", "rfc5280.4.1.2.2.serial_positive", "tls-server",
     [](Trial& t) { t.tbs.serial_content = Bytes(16, 0x80); }},
    {"Zero", "rfc5280.4.1.2.2.serial_positive", "tls-server",
     [](Trial& t) { t.tbs.serial_content = {0}; }},
    {"Octets21", "rfc5280.4.1.2.2.serial_size", "tls-server",
     [](Trial& t) { t.tbs.serial_content = Bytes(21, 0x11); }},
    {"Bits62", "certwright.serial_64_bits", "tls-server",
     [](Trial& t) { t.tbs.serial_content = Bytes(8, 0x3f); }},
    {"OtherAlgorithm", "rfc5280.4.1.2.3.signature_expected", "tls-server",
     [](Trial& t) { t.tbs.algorithm_tlv = must(from_hex("300a06082a8648ce3d040303")); }},
    {"IssuerEmpty", "rfc5280.4.1.2.4.issuer_not_empty", "tls-server",
     [](Trial& t) {
       t.profile.reset();
       t.self_signed = true;
       t.tbs.issuer_tlv = t.tbs.subject_tlv = {0x30, 0};
       t.tbs.at(oids::kSubjectAltName).critical = true;
       t.tbs.remove(oids::kAuthorityKeyIdentifier);
     }},
    {"NotAfterIsNotBefore", "rfc5280.4.1.2.5.validity_order", "tls-server",
     [](Trial& t) { t.tbs.not_after_tlv = t.tbs.not_before_tlv; }},
    {"GeneralizedTimeBefore2050", "rfc5280.4.1.2.5.time_form", "tls-server",
     [](Trial& t) {
       der::Writer w;
       w.generalized_time(made::noon() + 1h);
       t.tbs.not_after_tlv = std::move(w).take();
     }},
    {"ControlCharacter", "rfc5280.4.1.2.6.subject_form", "tls-server",
     [](Trial& t) {
       t.tbs.subject_tlv = subject_with(oids::kCommonName, der::Tag::utf8_string, "a\nb");
     }},
    {"HiddenCharacter", "rfc5280.4.1.2.6.subject_form", "tls-server",
     [](Trial& t) {
       t.tbs.subject_tlv = subject_with(oids::kCommonName, der::Tag::utf8_string, "a\xe2\x80\x8b" "b");
     }},
    {"CommonNameOf65", "rfc5280.4.1.2.6.subject_form", "tls-server",
     [](Trial& t) {
       t.tbs.subject_tlv = subject_with(oids::kCommonName, der::Tag::utf8_string, std::string(65, 'x'));
     }},
    {"NamesNotCritical", "rfc5280.4.1.2.6.subject_or_critical_san", "tls-server",
     [](Trial& t) { t.tbs.subject_tlv = {0x30, 0}; }},
    {"NeitherSubjectNorNames", "rfc5280.4.1.2.6.subject_or_critical_san", "tls-client",
     [](Trial& t) {
       t.tbs.subject_tlv = {0x30, 0};
       t.tbs.remove(oids::kSubjectAltName);
     }},
    {"CaWithoutSubject", "rfc5280.4.1.2.6.ca_subject", "intermediate-ca",
     [](Trial& t) {
       t.profile->subject.common_name_required = false;
       t.tbs.subject_tlv = {0x30, 0};
     }},
    {"AnotherKey", "rfc5280.4.1.2.7.subject_public_key_expected", "tls-server",
     [](Trial& t) { t.expected_spki = ca().spki; }},
    {"UniqueId", "rfc5280.4.1.2.8.unique_ids_absent", "tls-server",
     [](Trial& t) { t.tbs.unique_ids = {0x82, 0x02, 0x00, 0x55}; }},
};

const Mutation kExtensionMutations[] = {
    {"Twice", "rfc5280.4.2.extension_once", "tls-server",
     [](Trial& t) { t.tbs.extensions.push_back(t.tbs.at(oids::kKeyUsage)); }},
    {"CriticalUnknown", "rfc5280.4.2.critical_known", "tls-server",
     [](Trial& t) { t.tbs.extensions.push_back({kUnknownExtension, true, {5, 0}}); }},
    {"NameConstraintsOfNobody", "rfc5280.4.2.extension_form", "intermediate-ca",
     [](Trial& t) { t.tbs.extensions.push_back({oids::kNameConstraints, true, {0x30, 0}}); }},
    {"NameConstraintsInALeaf", "rfc5280.4.2.1.10.ca_and_critical", "tls-server",
     [](Trial& t) { t.tbs.extensions.push_back({oids::kNameConstraints, true, kExcludesA}); }},
    {"NameConstraintsNotCritical", "rfc5280.4.2.1.10.ca_and_critical", "intermediate-ca",
     [](Trial& t) { t.tbs.extensions.push_back({oids::kNameConstraints, false, kExcludesA}); }},
    {"InterceptionWithAMailbox", "profile.names", "interception",
     [](Trial& t) { t.tbs.set_names({must(GeneralName::email("a@b.example"))}); }},
    {"InterceptionKeyUsage", "profile.key_usage", "interception",
     [](Trial& t) {
       t.tbs.set(oids::kKeyUsage, x509::encode_key_usage({x509::KeyUsageBit::content_commitment}));
     }},
    {"InterceptionOutlivesItsCa", "rfc5280.4.1.2.5.validity_within_issuer", "interception",
     [](Trial& t) { t.tbs.not_after_tlv = time_tlv(made::at("2041-01-01")); }},
    {"Unknown", "profile.extension_listed", "tls-server",
     [](Trial& t) { t.tbs.extensions.push_back({kUnknownExtension, false, {5, 0}}); }},
    {"CopiedTooLarge", "profile.extension_size", "tls-server",
     [](Trial& t) {
       t.profile->copy_extensions = {{kUnknownExtension, 8}};
       t.tbs.extensions.push_back({kUnknownExtension, false, Bytes(9)});
     }},
    {"MalformedNames", "rfc5280.4.2.extension_form", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kSubjectAltName, {0x30, 0}); }},
    {"MalformedKeyUsage", "rfc5280.4.2.extension_form", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kKeyUsage, {0x03, 0x02, 0x00, 0x80}); }},
    {"MalformedBasicConstraints", "rfc5280.4.2.extension_form", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kBasicConstraints, {0x30, 0x03, 0x01, 0x01, 0x00}); }},
    {"MalformedPurposes", "rfc5280.4.2.extension_form", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kExtKeyUsage, {0x30, 0}); }},
    {"MalformedKeyIdentifier", "rfc5280.4.2.extension_form", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kSubjectKeyIdentifier, {0x04}); }},
    {"MalformedAuthority", "rfc5280.4.2.extension_form", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kAuthorityKeyIdentifier, {0x31, 0}); }},
    {"MalformedCrlPoints", "rfc5280.4.2.extension_form", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kCrlDistributionPoints, {0x30, 0}); }},
    {"MalformedAccess", "rfc5280.4.2.extension_form", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kAuthorityInfoAccess, {0x30, 0}); }},
    {"MalformedNocheck", "rfc5280.4.2.extension_form", "ocsp-responder",
     [](Trial& t) { t.tbs.set(oids::kOcspNoCheck, {0x05, 0x01, 0x00}); }},
    {"KeyIdentifierCritical", "rfc5280.4.2.not_critical", "tls-server",
     [](Trial& t) { t.tbs.at(oids::kSubjectKeyIdentifier).critical = true; }},
    {"AccessCritical", "rfc5280.4.2.not_critical", "tls-server",
     [](Trial& t) { t.tbs.at(oids::kAuthorityInfoAccess).critical = true; }},
    {"OtherKeyIdentifier", "rfc5280.4.2.1.2.subject_key_identifier", "tls-server",
     [](Trial& t) {
       t.tbs.set(oids::kSubjectKeyIdentifier, x509::encode_subject_key_identifier(Bytes(20, 1)));
     }},
    {"NoKeyIdentifier", "rfc5280.4.2.1.2.subject_key_identifier", "tls-server",
     [](Trial& t) { t.tbs.remove(oids::kSubjectKeyIdentifier); }},
    {"KeyUsageNotCritical", "rfc5280.4.2.1.3.key_usage_critical", "tls-server",
     [](Trial& t) { t.tbs.at(oids::kKeyUsage).critical = false; }},
    {"NoKeyUsage", "rfc5280.4.2.1.3.key_usage_critical", "tls-server",
     [](Trial& t) { t.tbs.remove(oids::kKeyUsage); }},
    {"EnciphermentOfCurve", "rfc5280.4.2.1.3.key_usage_fits_key", "tls-server",
     [](Trial& t) {
       t.profile.reset();
       t.tbs.set(oids::kKeyUsage, x509::encode_key_usage({Bit::digital_signature, Bit::key_encipherment}));
     }},
    {"CertSignWithoutCa", "rfc5280.4.2.1.3.cert_sign_iff_ca", "tls-server",
     [](Trial& t) {
       t.profile.reset();
       t.tbs.set(oids::kKeyUsage, x509::encode_key_usage({Bit::key_cert_sign}));
     }},
    {"CaWithoutCertSign", "rfc5280.4.2.1.3.cert_sign_iff_ca", "intermediate-ca",
     [](Trial& t) {
       t.profile.reset();
       t.tbs.set(oids::kKeyUsage, x509::encode_key_usage({Bit::crl_sign}));
     }},
    {"CaNotCritical", "rfc5280.4.2.1.9.critical_in_ca", "intermediate-ca",
     [](Trial& t) { t.tbs.at(oids::kBasicConstraints).critical = false; }},
    {"AddressAsHost", "rfc5280.4.2.1.6.name_form", "tls-server",
     [](Trial& t) { t.tbs.set_names({parsed_dns("10.0.0.1")}); }},
    {"SameNameTwice", "certwright.name_once", "tls-server",
     [](Trial& t) { t.tbs.set_names({parsed_dns("b.example"), parsed_dns("b.example")}); }},
    {"AnyPurpose", "rfc5280.4.2.1.12.no_any_purpose", "tls-server",
     [](Trial& t) {
       t.profile->extended_key_usage = {oids::kAnyExtendedKeyUsage};
       t.tbs.set(oids::kExtKeyUsage, x509::encode_ext_key_usage({oids::kAnyExtendedKeyUsage}));
     }},
    {"LdapCrl", "rfc5280.4.2.1.13.crl_uris", "tls-server",
     [](Trial& t) {
       t.tbs.set(oids::kCrlDistributionPoints, x509::encode_crl_distribution_points({"ldap://a/b"}));
     }},
    {"CrlWithoutHost", "rfc5280.4.2.1.13.crl_uris", "tls-server",
     [](Trial& t) {
       t.tbs.set(oids::kCrlDistributionPoints, x509::encode_crl_distribution_points({"http:///x"}));
     }},
    {"FtpIssuer", "rfc5280.4.2.2.1.access_uris", "tls-server",
     [](Trial& t) {
       t.tbs.set(oids::kAuthorityInfoAccess,
                 x509::encode_authority_info_access({{}, {"ftp://a.example/ca.cer"}}));
     }},
};

x509::Extension constraints(const x509::NameConstraints& value) {
  return {oids::kNameConstraints, true, x509::encode_name_constraints(value)};
}

// The issuer's issuers, from below: the test CA's certificate, changed.
using ChangeCa = void (*)(RawTbs&);
IssuersAbove chain_above(std::initializer_list<ChangeCa> changes) {
  std::vector<Bytes> chain;
  for (const ChangeCa change : changes) {
    RawTbs tbs{ca().tbs()};
    change(tbs);
    chain.push_back(to_bytes(
        x509::assemble_certificate(der::TbsCertificateDer(tbs.encode()), ca().algorithm_tlv, Bytes(8, 1)).tlv()));
  }
  return IssuersAbove::read(chain);
}
void as_it_is(RawTbs&) {}
void only_b_example(RawTbs& tbs) {
  tbs.extensions.push_back(constraints({{must(GeneralName::dns_constraint("b.example"))}, {}}));
}
void no_a_example(RawTbs& tbs) {
  tbs.extensions.push_back(constraints({{}, {must(GeneralName::dns_constraint("a.example"))}}));
}
void only_clients(RawTbs& tbs) {
  tbs.extensions.push_back({oids::kExtKeyUsage, false, x509::encode_ext_key_usage({oids::kClientAuth})});
}
void any_purpose(RawTbs& tbs) {
  tbs.extensions.push_back(
      {oids::kExtKeyUsage, false, x509::encode_ext_key_usage({oids::kClientAuth, oids::kAnyExtendedKeyUsage})});
}
void servers_and_clients(RawTbs& tbs) {
  tbs.extensions.push_back(
      {oids::kExtKeyUsage, false, x509::encode_ext_key_usage({oids::kClientAuth, oids::kServerAuth})});
}
void ends_tomorrow(RawTbs& tbs) { tbs.not_after_tlv = time_tlv(made::noon() + 24h); }
void malformed_constraints(RawTbs& tbs) { tbs.extensions.push_back({oids::kNameConstraints, true, Bytes{5, 0}}); }

const Mutation kIssuerMutations[] = {
    {"OtherIssuer", "rfc5280.4.1.2.4.issuer_matches", "tls-server",
     [](Trial& t) {
       t.tbs.issuer_tlv = to_bytes(must(x509::Name::from_text("CN=test CA,O=Certwright")).tlv());
     }},
    {"OutlivesIssuer", "rfc5280.4.1.2.5.validity_within_issuer", "tls-server",
     [](Trial& t) {
       t.profile->validity_max = 50 * 366 * 24h;
       t.tbs.not_after_tlv = time_tlv(made::at("2040-01-01") + 1s);
     }},
    {"BeforeIssuer", "rfc5280.4.1.2.5.validity_within_issuer", "tls-server",
     [](Trial& t) {
       t.profile->backdate = 10 * 366 * 24h;
       t.tbs.not_before_tlv = time_tlv(made::at("2020-01-01") - 1s);
     }},
    {"OtherAuthority", "rfc5280.4.2.1.1.authority_key_identifier", "tls-server",
     [](Trial& t) {
       t.tbs.set(oids::kAuthorityKeyIdentifier, x509::encode_authority_key_identifier(Bytes(20, 1)));
     }},
    {"NoAuthority", "rfc5280.4.2.1.1.authority_key_identifier", "tls-server",
     [](Trial& t) { t.tbs.remove(oids::kAuthorityKeyIdentifier); }},
    {"IssuerIsNoCa", "rfc5280.4.2.1.9.issuer_may_sign", "tls-server",
     [](Trial& t) { t.issuer.set(oids::kBasicConstraints, x509::encode_basic_constraints({})); }},
    {"IssuerMayNotSign", "rfc5280.4.2.1.9.issuer_may_sign", "tls-server",
     [](Trial& t) { t.issuer.set(oids::kKeyUsage, x509::encode_key_usage({Bit::crl_sign})); }},
    {"PathLengthOfIssuerIsZero", "rfc5280.4.2.1.9.path_length", "intermediate-ca",
     [](Trial& t) { t.issuer.set(oids::kBasicConstraints, x509::encode_basic_constraints({true, 0})); }},
    {"PathLengthAsLong", "rfc5280.4.2.1.9.path_length", "intermediate-ca",
     [](Trial& t) {
       t.profile->path_length = 1;
       t.tbs.set(oids::kBasicConstraints, x509::encode_basic_constraints({true, 1}));
       t.issuer.set(oids::kBasicConstraints, x509::encode_basic_constraints({true, 1}));
     }},
    {"PathLengthUnlimited", "rfc5280.4.2.1.9.path_length", "intermediate-ca",
     [](Trial& t) {
       t.profile->path_length.reset();
       t.tbs.set(oids::kBasicConstraints, x509::encode_basic_constraints({true, {}}));
       t.issuer.set(oids::kBasicConstraints, x509::encode_basic_constraints({true, 1}));
     }},
    {"OutsideNameConstraints", "rfc5280.4.2.1.10.name_constraints", "tls-server",
     [](Trial& t) {
       t.issuer.extensions.push_back(constraints({{must(GeneralName::dns_constraint("b.example"))}, {}}));
     }},
    {"OutsideNameConstraintsOfTheRoot", "rfc5280.4.2.1.10.name_constraints", "tls-server",
     [](Trial& t) { t.above = chain_above({as_it_is, only_b_example}); }},
    {"ExcludedByTheIssuersIssuer", "rfc5280.4.2.1.10.name_constraints", "tls-server",
     [](Trial& t) { t.above = chain_above({no_a_example, as_it_is}); }},
    {"PurposeBeyondTheRoot", "certwright.purpose_within_issuer", "tls-server",
     [](Trial& t) { t.above = chain_above({as_it_is, only_clients}); }},
    {"PurposeOfTheIssuerBeyondTheRoot", "certwright.purpose_within_issuer", "tls-server",
     [](Trial& t) {
       servers_and_clients(t.issuer);
       t.above = chain_above({only_clients});
     }},
    {"OutlivesTheRoot", "rfc5280.4.1.2.5.validity_within_issuer", "tls-server",
     [](Trial& t) { t.above = chain_above({as_it_is, ends_tomorrow}); }},
    {"ConstraintsAboveAreMalformed", "rfc5280.4.1.2.5.validity_within_issuer", "tls-server",
     [](Trial& t) { t.above = chain_above({malformed_constraints}); }},
    {"PurposeBeyondIssuer", "certwright.purpose_within_issuer", "tls-server",
     [](Trial& t) {
       t.issuer.extensions.push_back(
           {oids::kExtKeyUsage, false, x509::encode_ext_key_usage({oids::kClientAuth})});
     }},
};

const Mutation kProfileMutations[] = {
    {"TooLong", "profile.validity_max", "tls-server",
     [](Trial& t) { t.tbs.not_after_tlv = time_tlv(made::noon() + 397 * 24h + 1s); }},
    {"BackdatedTooFar", "profile.not_before", "tls-server",
     [](Trial& t) { t.tbs.not_before_tlv = time_tlv(made::noon() - 361s); }},
    {"InTheFuture", "profile.not_before", "tls-server",
     [](Trial& t) { t.tbs.not_before_tlv = time_tlv(made::noon() + 61s); }},
    {"NotSettable", "profile.subject", "tls-server",
     [](Trial& t) {
       t.tbs.subject_tlv = subject_with(oids::kUserId, der::Tag::utf8_string, "x");
     }},
    {"FixedMissing", "profile.subject", "tls-server",
     [](Trial& t) { t.profile->subject.fixed = {{"title", "x"}}; }},
    {"CommonNameMissing", "profile.subject", "tls-server-client",
     [](Trial& t) {
       t.tbs.subject_tlv = subject_with(oids::kOrganizationName, der::Tag::utf8_string, "x");
     }},
    {"OtherKeyAlgorithm", "profile.key_algorithm", "tls-server",
     [](Trial& t) { t.profile->key_algorithms = {"ecdsa-p384"}; }},
    {"OtherKeyUsage", "profile.key_usage", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kKeyUsage, x509::encode_key_usage({Bit::content_commitment})); }},
    {"OtherPurpose", "profile.extended_key_usage", "tls-server",
     [](Trial& t) { t.tbs.set(oids::kExtKeyUsage, x509::encode_ext_key_usage({oids::kClientAuth})); }},
    {"NoPurpose", "profile.extended_key_usage", "tls-server",
     [](Trial& t) { t.tbs.remove(oids::kExtKeyUsage); }},
    {"OcspSigning", "profile.ocsp_signing_internal", "tls-server",
     [](Trial& t) {
       t.profile->extended_key_usage = {oids::kOcspSigning};
       t.tbs.set(oids::kExtKeyUsage, x509::encode_ext_key_usage({oids::kOcspSigning}));
     }},
    {"UnexpectedCa", "profile.basic_constraints", "tls-server",
     [](Trial& t) {
       t.profile->key_usage = {"keyCertSign"};
       t.tbs.set(oids::kKeyUsage, x509::encode_key_usage({Bit::key_cert_sign}));
       t.tbs.set(oids::kBasicConstraints, x509::encode_basic_constraints({true, {}}));
     }},
    {"PathLengthOverProfile", "profile.basic_constraints", "intermediate-ca",
     [](Trial& t) { t.tbs.set(oids::kBasicConstraints, x509::encode_basic_constraints({true, 1})); }},
    {"Wildcard", "profile.names", "tls-server",
     [](Trial& t) { t.tbs.set_names({parsed_dns("*.a.example")}); }},
    {"Underscore", "profile.names", "tls-server",
     [](Trial& t) { t.tbs.set_names({parsed_dns("a_b.example")}); }},
    {"Denied", "profile.names", "tls-server", [](Trial& t) { t.profile->dns.deny = {"a.*"}; }},
    {"OtherType", "profile.names", "tls-server",
     [](Trial& t) { t.tbs.set_names({must(GeneralName::uri("https://a.example/"))}); }},
    {"TooMany", "profile.names", "tls-server", [](Trial& t) { t.profile->names_max = 0; }},
    {"NoNames", "profile.names", "tls-server",
     [](Trial& t) { t.tbs.remove(oids::kSubjectAltName); }},
    {"NocheckMissing", "profile.ocsp_nocheck", "ocsp-responder",
     [](Trial& t) { t.tbs.remove(oids::kOcspNoCheck); }},
    {"NocheckUnasked", "profile.ocsp_nocheck", "tls-server",
     [](Trial& t) { t.tbs.extensions.push_back({oids::kOcspNoCheck, false, x509::encode_ocsp_nocheck()}); }},
    {"OcspUrlUnasked", "profile.ocsp_url", "tls-server",
     [](Trial& t) { t.profile->ocsp_url = false; }},
};

class OneMistake : public ::testing::TestWithParam<Mutation> {};

TEST_P(OneMistake, IsOneFinding) {
  Trial trial(GetParam().profile);
  ASSERT_EQ(to_text(trial.lint()), "");
  GetParam().change(trial);
  const auto findings = trial.lint();
  ASSERT_EQ(findings.size(), 1U) << to_text(findings);
  EXPECT_EQ(findings[0].rule, GetParam().rule) << findings[0].detail;
  EXPECT_FALSE(findings[0].detail.empty());
}

const auto name_of_case = [](const auto& c) { return std::string(c.param.name); };
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1, OneMistake, ::testing::ValuesIn(kFieldMutations), name_of_case);
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2, OneMistake, ::testing::ValuesIn(kExtensionMutations), name_of_case);
INSTANTIATE_TEST_SUITE_P(Issuer, OneMistake, ::testing::ValuesIn(kIssuerMutations), name_of_case);
INSTANTIATE_TEST_SUITE_P(ProfileRules, OneMistake, ::testing::ValuesIn(kProfileMutations), name_of_case);

TEST(Rules, EachHasAMistakeThatOnlyItCatches) {
  std::set<std::string_view> covered;
  for (const auto& row : kFieldMutations) covered.insert(row.rule);
  for (const auto& row : kExtensionMutations) covered.insert(row.rule);
  for (const auto& row : kIssuerMutations) covered.insert(row.rule);
  for (const auto& row : kProfileMutations) covered.insert(row.rule);
  std::set<std::string_view> ids;
  for (const Rule& rule : rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id << " is there twice";
    EXPECT_TRUE(covered.contains(rule.id)) << rule.id;
    EXPECT_FALSE(rule.wants.empty());
  }
}

// The good side of the boundaries above.
const Mutation kAllowed[] = {
    {"Serial20Octets", "", "tls-server", [](Trial& t) { t.tbs.serial_content = Bytes(20, 0x11); }},
    {"Serial8OctetsFull", "", "tls-server", [](Trial& t) { t.tbs.serial_content = Bytes(8, 0x40); }},
    {"LongestValidity", "", "tls-server",
     [](Trial& t) { t.tbs.not_after_tlv = time_tlv(made::noon() + 397 * 24h); }},
    {"ToTheIssuersEnd", "", "tls-server",
     [](Trial& t) {
       t.profile->validity_max = 50 * 366 * 24h;
       t.tbs.not_after_tlv = time_tlv(made::at("2040-01-01"));
     }},
    {"WithinClockSlack", "", "tls-server",
     [](Trial& t) { t.tbs.not_before_tlv = time_tlv(made::noon() - 360s); }},
    {"PathLengthBelow", "", "intermediate-ca",
     [](Trial& t) { t.issuer.set(oids::kBasicConstraints, x509::encode_basic_constraints({true, 1})); }},
    {"CriticalCopied", "", "tls-server",
     [](Trial& t) {
       t.profile->copy_extensions = {{kUnknownExtension, 8}};
       t.tbs.extensions.push_back({kUnknownExtension, true, Bytes(8)});
     }},
    {"NameConstraintsOfACa", "", "intermediate-ca",
     [](Trial& t) { t.tbs.extensions.push_back({oids::kNameConstraints, true, kExcludesA}); }},
    {"InterceptionNotYetValid", "", "interception",
     [](Trial& t) { t.tbs.not_before_tlv = time_tlv(made::at("2039-01-01")); t.tbs.not_after_tlv = time_tlv(made::at("2039-02-01")); }},
    {"InterceptionExpiredBeforeItsCa", "", "interception",
     [](Trial& t) { t.tbs.not_before_tlv = time_tlv(made::at("2018-01-01")); t.tbs.not_after_tlv = time_tlv(made::at("2019-01-01")); }},
    {"InsideNameConstraints", "", "tls-server",
     [](Trial& t) {
       t.issuer.extensions.push_back(constraints({{must(GeneralName::dns_constraint("example"))}, {}}));
     }},
    {"PurposeOfIssuer", "", "tls-server",
     [](Trial& t) {
       t.issuer.extensions.push_back(
           {oids::kExtKeyUsage, false,
            x509::encode_ext_key_usage({oids::kClientAuth, oids::kServerAuth})});
     }},
    {"ResponderOfConstrainedIssuer", "", "ocsp-responder",
     [](Trial& t) {
       t.issuer.extensions.push_back(
           {oids::kExtKeyUsage, false, x509::encode_ext_key_usage({oids::kServerAuth})});
     }},
    {"CasAboveAllowIt", "", "tls-server",
     [](Trial& t) { t.above = chain_above({as_it_is, servers_and_clients, any_purpose}); }},
    {"ResponderBelowAConstrainedRoot", "", "ocsp-responder",
     [](Trial& t) { t.above = chain_above({only_clients}); }},
    {"IssuerWithoutKeyIdentifier", "", "tls-server",
     [](Trial& t) { t.issuer.remove(oids::kSubjectKeyIdentifier); }},
    {"Year2050", "", "tls-server",
     [](Trial& t) {
       t.profile->validity_max = 50 * 366 * 24h;
       t.issuer.not_after_tlv = time_tlv(made::at("2060-01-01"));
       t.tbs.not_after_tlv = time_tlv(made::at("2050-01-01"));
     }},
};
class NoMistake : public ::testing::TestWithParam<Mutation> {};

TEST_P(NoMistake, IsNoFinding) {
  Trial trial(GetParam().profile);
  GetParam().change(trial);
  EXPECT_EQ(to_text(trial.lint()), "");
}
INSTANTIATE_TEST_SUITE_P(Boundaries, NoMistake, ::testing::ValuesIn(kAllowed), name_of_case);

TEST(Encoding, EveryCutIsAFinding) {
  Trial trial("tls-server");
  const Bytes whole = trial.tbs.encode();
  Context context;
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_EQ(lint_tbs_certificate(ByteView(whole).first(size), context)[0].rule,
              "rfc5280.4.1.encoding");
}

}  // namespace
}  // namespace certwright::lint::lint_test
