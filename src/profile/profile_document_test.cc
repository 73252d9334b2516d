#include "profile/profile.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "profile/testing.h"

namespace certwright::profile {
namespace {

using testing::must;

std::string text_of(const char* path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

json::Value complete() { return must(json::parse(text_of("testdata/complete.json"))); }

TEST(ProfileDocument, ReadsEveryMember) {
  const auto parsed = parse_profile(complete());
  ASSERT_TRUE(parsed) << parsed.error().field << ": " << parsed.error().detail;
  const Profile& p = *parsed;
  EXPECT_EQ(p.name, "web-servers");
  EXPECT_EQ(p.version, 3U);
  EXPECT_FALSE(p.internal);
  EXPECT_EQ(p.validity_default, std::chrono::hours(24 * 30));
  EXPECT_EQ(p.validity_max, std::chrono::hours(2160));
  EXPECT_EQ(p.backdate, std::chrono::minutes(5));
  EXPECT_EQ(p.key_algorithms, (std::vector<std::string>{"ecdsa-p256", "rsa-3072"}));
  EXPECT_EQ(p.key_usage, (std::vector<std::string>{"digitalSignature", "keyEncipherment"}));
  ASSERT_EQ(p.extended_key_usage.size(), 2U);
  EXPECT_EQ(p.extended_key_usage[1].to_text(), "1.3.6.1.4.1.311.10.3.13");
  EXPECT_EQ(p.subject.fixed[0].second, "Acme");
  EXPECT_EQ(p.dns.allow, (std::vector<std::string>{"*.acme.example"}));
  EXPECT_TRUE(p.dns_wildcards);
  EXPECT_EQ(p.names_max, 50U);
  EXPECT_TRUE(p.names_required);
  EXPECT_FALSE(p.uri.permitted);
  EXPECT_EQ(p.copy_extensions[0].size_octets_max, 16U);
  EXPECT_EQ(p.key_retention, KeyRetention::erase_after_delivery);
  EXPECT_EQ(p.record_level, store::RecordLevel::digest);
}

TEST(ProfileDocument, RoundTrips) {
  const Profile profile = must(parse_profile(complete()));
  EXPECT_EQ(must(parse_profile(must(json::parse(write_profile(profile))))), profile);
}

TEST(ProfileDocument, ShortestDocument) {
  const auto parsed = parse_profile(must(json::parse(
      R"({"name":"x","validity":{"default":"1h","max":"1h"},"key_algorithms":["ed25519"],)"
      R"("key_usage":["digitalSignature"]})")));
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->version, 1U);
  EXPECT_EQ(parsed->backdate, Seconds(0));
  EXPECT_EQ(parsed->names_max, 100U);
  EXPECT_FALSE(parsed->dns.permitted);
  EXPECT_TRUE(parsed->ocsp_url);
}

// Rights and records of an interception profile are not for its author to choose.
TEST(ProfileDocument, InterceptionStandsAlone) {
  const auto with = [](std::string_view member, std::string_view value) -> std::string {
    auto document = must(json::parse(write_profile(testing::shipped("interception"))));
    document.set(std::string(member), must(json::parse(value)));
    const auto parsed = parse_profile(document);
    return parsed ? "good" : parsed.error().field;
  };
  EXPECT_EQ(with("interception", R"({"keys":"always_p256","rsa_pool_dry":"refuse","ttl_max":"300s"})"), "good");
  EXPECT_EQ(with("interception", R"({"keys":"rsa"})"), "interception.keys");
  EXPECT_EQ(with("interception", R"({"ttl_max":"299s"})"), "interception.ttl_max");
  EXPECT_EQ(with("interception", R"({"ttl_max":"366d"})"), "interception.ttl_max");
  EXPECT_EQ(with("interception", R"({"key":"like_upstream"})"), "interception.key");
  EXPECT_EQ(with("interception", "null"), "record_level");  // aggregate is for interception only
  EXPECT_EQ(with("record_level", R"("full")"), "record_level");
  EXPECT_EQ(with("internal", "true"), "interception");
  EXPECT_EQ(with("extended_key_usage", R"(["serverAuth","clientAuth"])"), "extended_key_usage");
  EXPECT_EQ(with("copy_extensions", R"([{"oid":"1.2.3"}])"), "copy_extensions");
}

TEST(ProfileDocument, ACasCertificateIsKeptWhole) {
  const auto shipped = shipped_profiles();
  std::string text = write_profile(*std::ranges::find(shipped, "intermediate-ca", &Profile::name));
  ASSERT_TRUE(parse_profile(must(json::parse(text))));
  const auto at = text.find(R"("full")");
  ASSERT_NE(at, std::string::npos);
  const auto parsed = parse_profile(must(json::parse(text.replace(at, 6, R"("digest")"))));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().field, "record_level");
}

// A CA for TLS servers only is an ordinary one; what intercepts says so.
TEST(ProfileDocument, InterceptionIsSaidAndNotGuessed) {
  const auto change = [](std::string_view of, std::initializer_list<std::pair<const char*, const char*>> members) {
    auto document = must(json::parse(write_profile(testing::shipped(of))));
    for (const auto& [member, value] : members) document.set(member, must(json::parse(value)));
    return document;
  };
  const auto tls_only = must(parse_profile(
      change("intermediate-ca", {{"name", R"("tls-issuers")"}, {"extended_key_usage", R"(["serverAuth"])"}})));
  EXPECT_FALSE(is_of_interception(tls_only));
  const auto another = must(parse_profile(change("interception-ca", {{"name", R"("proxy-cas")"}})));
  EXPECT_TRUE(is_of_interception(another));
  EXPECT_EQ(must(parse_profile(must(json::parse(write_profile(another))))), another);
  // As documents were before they could say it: the shipped name says it.
  EXPECT_TRUE(is_of_interception(must(parse_profile(change("interception-ca", {{"interception_ca", "null"}})))));
  const auto field = [&](std::string_view of, const char* member, const char* value) {
    const auto parsed = parse_profile(change(of, {{member, value}}));
    return parsed ? "good" : parsed.error().field;
  };
  EXPECT_EQ(field("interception-ca", "interception_ca", "false"), "interception_ca");
  EXPECT_EQ(field("interception-ca", "extended_key_usage", R"(["serverAuth","clientAuth"])"), "extended_key_usage");
  EXPECT_EQ(field("tls-server", "interception_ca", "true"), "interception_ca");
  EXPECT_EQ(field("intermediate-ca", "interception_ca", "true"), "extended_key_usage");
}

// Rules that came later do not stop a server whose store has older documents.
TEST(ProfileDocument, WhatAnOlderVersionTookIsLoadedWithCare) {
  const auto stored = [](std::string_view of, std::string_view member, std::string_view value) {
    auto document = must(json::parse(write_profile(testing::shipped(of))));
    document.set(std::string(member), must(json::parse(value)));
    EXPECT_FALSE(parse_profile(document)) << of;
    return load_profile(document);
  };
  for (const char* level : {R"("digest")", R"("aggregate")"})
    EXPECT_EQ(must(stored("intermediate-ca", "record_level", level)).record_level, store::RecordLevel::full);
  EXPECT_EQ(must(stored("tls-server", "record_level", R"("aggregate")")).record_level, store::RecordLevel::full);
  EXPECT_TRUE(is_of_interception(must(stored("interception-ca", "extended_key_usage", R"([])"))));
  // What no version took is no profile.
  EXPECT_FALSE(stored("interception", "record_level", R"("full")"));
  EXPECT_FALSE(stored("tls-server", "names", R"({"maximum":1})"));
  const auto sound = must(json::parse(write_profile(testing::shipped("interception"))));
  EXPECT_EQ(must(load_profile(sound)), must(parse_profile(sound)));
}

TEST(ProfileDocument, NamesTheNearestMember) {
  auto document = complete();
  document.set("key_algoritms", json::Value(1));
  const auto parsed = parse_profile(document);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::invalid);
  EXPECT_NE(parsed.error().detail.find("key_algorithms"), std::string::npos) << parsed.error().detail;
}

// One change to the complete document, and the field that must be complained about; none where the
// document is still good (the other side of a boundary).
struct ChangeCase {
  const char* name;
  std::vector<const char*> path;
  const char* json;
  const char* field;  // empty: still valid
};

class ChangedDocument : public ::testing::TestWithParam<ChangeCase> {};

TEST_P(ChangedDocument, IsJudged) {
  auto document = complete();
  json::Value* at = &document;
  const auto& row = GetParam();
  for (std::size_t i = 0; i + 1 < row.path.size(); ++i)
    at = const_cast<json::Value*>(at->find(row.path[i]));
  at->set(row.path.back(), must(json::parse(row.json)));
  const auto parsed = parse_profile(document);
  if (*row.field == 0) {
    EXPECT_TRUE(parsed) << parsed.error().field << ": " << parsed.error().detail;
  } else {
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().field, row.field) << parsed.error().detail;
  }
}

const ChangeCase kChangeCases[] = {
    {"NameUpperCase", {"name"}, R"("Web")", "name"},
    {"NameEmpty", {"name"}, R"("")", "name"},
    {"VersionZero", {"version"}, "0", "version"},
    {"VersionMissing", {"version"}, "null", ""},
    {"ValidityNoDuration", {"validity", "max"}, R"("a year")", "validity.max"},
    {"ValidityZero", {"validity", "default"}, R"("0s")", "validity.default"},
    {"DefaultIsMax", {"validity", "default"}, R"("90d")", ""},
    {"DefaultOverMax", {"validity", "default"}, R"("91d")", "validity.default"},
    {"FiftyYears", {"validity", "max"}, R"("18300d")", ""},
    {"OverFiftyYears", {"validity", "max"}, R"("18301d")", "validity.max"},
    {"Backdate72h", {"validity", "backdate"}, R"("72h")", ""},
    {"BackdateOver72h", {"validity", "backdate"}, R"("73h")", "validity.backdate"},
    {"ValidityUnknown", {"validity", "minimum"}, R"("1h")", "validity.minimum"},
    {"NoKeyAlgorithm", {"key_algorithms"}, "[]", "key_algorithms"},
    {"UnknownKeyAlgorithm", {"key_algorithms"}, R"(["dsa-1024"])", "key_algorithms[0]"},
    {"KeyAlgorithmTwice", {"key_algorithms"}, R"(["ed25519","ed25519"])", "key_algorithms[1]"},
    {"OddRsaFirst", {"key_algorithms"}, R"(["rsa"])", "key_algorithms[0]"},
    {"OddRsaLater", {"key_algorithms"}, R"(["rsa-2048","rsa"])", ""},
    {"NoUsageForKey", {"key_usage"}, R"(["keyEncipherment"])", "key_algorithms[0]"},
    {"NoKeyUsage", {"key_usage"}, "[]", "key_usage"},
    {"UnknownKeyUsage", {"key_usage"}, R"(["sign"])", "key_usage[0]"},
    {"KeyUsageTwice", {"key_usage"}, R"(["digitalSignature","digitalSignature"])", "key_usage[1]"},
    {"KeyUsageTwiceByAlias", {"key_usage"}, R"(["nonRepudiation","contentCommitment"])",
     "key_usage[1]"},
    {"CertSignWithoutCa", {"key_usage"}, R"(["digitalSignature","keyCertSign"])", "key_usage"},
    {"CrlSignWithoutCa", {"key_usage"}, R"(["digitalSignature","cRLSign"])", "key_usage"},
    {"CaWithoutCertSign", {"ca"}, "true", "key_usage"},
    {"EncipherOnlyAlone", {"key_usage"}, R"(["digitalSignature","encipherOnly"])", "key_usage"},
    {"EncipherOnly", {"key_usage"}, R"(["digitalSignature","keyAgreement","encipherOnly"])", ""},
    {"UnknownPurpose", {"extended_key_usage"}, R"(["webAuth"])", "extended_key_usage[0]"},
    {"AnyPurpose", {"extended_key_usage"}, R"(["anyExtendedKeyUsage"])", "extended_key_usage[0]"},
    {"AnyPurposeByOid", {"extended_key_usage"}, R"(["2.5.29.37.0"])", "extended_key_usage[0]"},
    {"OcspSigning", {"extended_key_usage"}, R"(["OCSPSigning"])", "extended_key_usage[0]"},
    {"OcspSigningByOid", {"extended_key_usage"}, R"(["1.3.6.1.5.5.7.3.9"])", "extended_key_usage[0]"},
    {"PurposeTwice", {"extended_key_usage"}, R"(["serverAuth","1.3.6.1.5.5.7.3.1"])",
     "extended_key_usage[1]"},
    {"Nocheck", {"ocsp_nocheck"}, "true", "ocsp_nocheck"},
    {"PathLengthWithoutCa", {"path_length"}, "0", "path_length"},
    {"SettableUnknown", {"subject", "settable"}, R"(["cn"])", "subject.settable[0]"},
    {"SettableTwice", {"subject", "settable"}, R"(["common_name","common_name"])",
     "subject.settable[1]"},
    {"FixedUnknown", {"subject", "fixed"}, R"([{"attribute":"o","value":"x"}])",
     "subject.fixed[0].attribute"},
    {"FixedAndSettable", {"subject", "fixed"}, R"([{"attribute":"common_name","value":"x"}])",
     "subject.fixed[0].attribute"},
    {"FixedTwice", {"subject", "fixed"},
     R"([{"attribute":"title","value":"x"},{"attribute":"title","value":"y"}])",
     "subject.fixed[1].attribute"},
    {"FixedTooLong", {"subject", "fixed"}, R"([{"attribute":"country","value":"USA"}])",
     "subject.fixed[0].value"},
    {"FixedEmpty", {"subject", "fixed"}, R"([{"attribute":"country","value":""}])",
     "subject.fixed[0].value"},
    {"CommonNameImpossible", {"subject", "settable"}, "[]", "subject.common_name_required"},
    {"WildcardsOfAddresses", {"names", "ip"}, R"({"wildcards":true})", "names.ip.wildcards"},
    {"PatternsNotPermitted", {"names", "dns"}, R"({"permitted":false,"allow":["a"]})",
     "names.dns.permitted"},
    {"PatternEmpty", {"names", "dns"}, R"({"allow":[""]})", "names.dns.allow[0]"},
    {"PatternWithSpace", {"names", "dns"}, R"({"deny":["ok","a b"]})", "names.dns.deny[1]"},
    {"PatternTwice", {"names", "dns"}, R"({"deny":["a","a"]})", "names.dns.deny[1]"},
    {"PrefixIsNone", {"names", "ip"}, R"({"allow":["10.0.0.0/33"]})", "names.ip.allow[0]"},
    {"PrefixIsAddress", {"names", "ip"}, R"({"allow":["10.0.0.1"]})", ""},
    {"PrefixIsName", {"names", "ip"}, R"({"allow":["localhost"]})", "names.ip.allow[0]"},
    {"NamesMost", {"names", "max"}, "1024", ""},
    {"NamesOverMost", {"names", "max"}, "1025", "names.max"},
    {"NamesRequiredOfNone", {"names", "max"}, "0", "names.required"},
    {"CopyTwice", {"copy_extensions"}, R"([{"oid":"1.2.3"},{"oid":"1.2.3"}])",
     "copy_extensions[1].oid"},
    {"CopyNoOid", {"copy_extensions"}, R"([{"oid":"x"}])", "copy_extensions[0].oid"},
    {"CopyMostOctets", {"copy_extensions"}, R"([{"oid":"1.2.3","size_octets_max":32768}])", ""},
    {"CopyTooManyOctets", {"copy_extensions"}, R"([{"oid":"1.2.3","size_octets_max":32769}])",
     "copy_extensions[0].size_octets_max"},
    {"CopyMustStaple", {"copy_extensions"}, R"([{"oid":"1.3.6.1.5.5.7.1.24"}])", ""},
    {"RetentionUnknown", {"key_retention"}, R"("never")", "key_retention"},
    {"RecordLevelUnknown", {"record_level"}, R"("none")", "record_level"},
};
INSTANTIATE_TEST_SUITE_P(Rules, ChangedDocument, ::testing::ValuesIn(kChangeCases),
                         [](const auto& c) { return std::string(c.param.name); });

class NeverCopied : public ::testing::TestWithParam<const char*> {};

TEST_P(NeverCopied, IsRefused) {
  auto document = complete();
  json::Value entry;
  entry.set("oid", json::Value(GetParam()));
  document.set("copy_extensions", json::Array{entry});
  const auto parsed = parse_profile(document);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().field, "copy_extensions[0].oid");
}

INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2, NeverCopied,
                         ::testing::Values("2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14",
                                           "2.5.29.35", "2.5.29.17", "2.5.29.31", "2.5.29.30",
                                           "2.5.29.32", "2.5.29.54", "1.3.6.1.5.5.7.1.1",
                                           "1.3.6.1.5.5.7.1.11", "1.3.6.1.5.5.7.48.1.5",
                                           "1.3.6.1.4.1.11129.2.4.2", "1.3.6.1.4.1.11129.2.4.3",
                                           "2.16.840.1.113730.1.1"),
                         [](const auto& c) { return fmt::format("Row{}", c.index); });

TEST(ProfileDocument, CaWithPathLength) {
  auto document = complete();
  document.set("ca", json::Value(true));
  document.set("path_length", json::Value(255));
  document.set("key_usage", json::Array{json::Value("keyCertSign"), json::Value("cRLSign")});
  document.set("record_level", json::Value("full"));
  EXPECT_EQ(must(parse_profile(document)).path_length, 255U);
  document.set("path_length", json::Value(256));
  EXPECT_FALSE(parse_profile(document));
}

}  // namespace
}  // namespace certwright::profile
