#include "lint/name_constraints.h"

#include <gtest/gtest.h>

#include "der/writer.h"
#include "profile/testing.h"

namespace certwright::lint {
namespace {

using profile::testing::must;
using x509::GeneralName;

// "dns:a.example", "email:...", "uri:...", "ip:...", "dir:CN=x".
GeneralName parse_as(std::string_view text, bool constraint) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon), value = text.substr(colon + 1);
  if (kind == "dir") return GeneralName::directory_name(must(x509::Name::from_text(value)));
  if (kind == "ip")
    return must(constraint ? GeneralName::ip_constraint(value) : GeneralName::ip(value));
  // Texts are taken as they are: constraints of the field are not all well formed.
  der::Writer writer;
  writer.primitive(der::context(kind == "email" ? 1 : kind == "dns" ? 2 : 6), as_bytes(value));
  const Bytes tlv = std::move(writer).take();
  der::Reader reader(tlv);
  return must(GeneralName::parse(reader));
}

struct SubtreeCase {
  const char* name;
  const char* subtree;
  const char* value;
  bool permitted;  // where the subtree is the only permitted one
  bool excluded;   // where it is the only excluded one
};
class Subtree : public ::testing::TestWithParam<SubtreeCase> {};

TEST_P(Subtree, Judges) {
  const auto& row = GetParam();
  const auto name = parse_as(row.value, false);
  const auto subtree = parse_as(row.subtree, true);
  EXPECT_EQ(!name_constraints_complaint({{subtree}, {}}, x509::Name(), {name}), row.permitted);
  EXPECT_EQ(name_constraints_complaint({{}, {subtree}}, x509::Name(), {name}).has_value(), row.excluded);
}

const SubtreeCase kSubtreeCases[] = {
    {"DnsSame", "dns:example.com", "dns:Example.COM", true, true},
    {"DnsBelow", "dns:example.com", "dns:a.b.example.com", true, true},
    {"DnsOnlyTheEnd", "dns:example.com", "dns:badexample.com", false, false},
    {"DnsAbove", "dns:a.example.com", "dns:example.com", false, false},
    {"DnsDotSame", "dns:.example.com", "dns:example.com", false, false},
    {"DnsDotBelow", "dns:.example.com", "dns:a.example.com", true, true},
    {"DnsEmptyIsAll", "dns:", "dns:a.example.com", true, true},
    {"DnsWildcardInside", "dns:example.com", "dns:*.example.com", true, true},
    {"DnsWildcardCoversOne", "dns:secret.example.com", "dns:*.example.com", false, true},
    {"DnsWildcardCoversNotDeep", "dns:a.secret.example.com", "dns:*.example.com", false, false},
    {"DnsWildcardOther", "dns:secret.example.org", "dns:*.example.com", false, false},
    {"MailboxSame", "email:a@example.com", "email:a@Example.com", true, true},
    {"MailboxLocalPartCase", "email:a@example.com", "email:A@example.com", false, false},
    {"MailHost", "email:example.com", "email:a@example.com", true, true},
    {"MailHostNotBelow", "email:example.com", "email:a@b.example.com", false, false},
    {"MailDomain", "email:.example.com", "email:a@b.example.com", true, true},
    {"MailDomainNotSame", "email:.example.com", "email:a@example.com", false, false},
    {"UriHost", "uri:example.com", "uri:https://example.com/x", true, true},
    {"UriHostNotBelow", "uri:example.com", "uri:https://a.example.com/x", false, false},
    {"UriDomain", "uri:.example.com", "uri:https://a.example.com:8443/x", true, true},
    {"UriUserInfo", "uri:example.com", "uri:https://example.org@example.com/", true, true},
    {"UriUserInfoTrick", "uri:example.com", "uri:https://example.com@example.org/", false, false},
    {"UriWithoutHost", "uri:example.com", "uri:urn:uuid:1", false, true},
    {"UriAddress", "uri:example.com", "uri:https://10.0.0.1/", false, true},
    {"Ipv4", "ip:10.0.0.0/8", "ip:10.9.8.7", true, true},
    {"Ipv4Outside", "ip:10.0.0.0/8", "ip:11.0.0.0", false, false},
    {"Ipv6", "ip:2001:db8::/32", "ip:2001:db8::1", true, true},
    {"IpOtherFamily", "ip:0.0.0.0/0", "ip:2001:db8::1", false, false},
    {"DirBelow", "dir:O=Acme,C=US", "dir:CN=x,O=Acme,C=US", true, true},
    {"DirSame", "dir:O=Acme,C=US", "dir:O=Acme,C=US", true, true},
    {"DirCaseAndSpaces", "dir:O=Acme  Corp", "dir:CN=x,O=ACME Corp", true, true},
    {"DirOther", "dir:O=Acme,C=US", "dir:CN=x,O=Acme,C=DE", false, false},
    {"DirAbove", "dir:CN=x,O=Acme", "dir:O=Acme", false, false},
    {"DirPartOfAnRdn", "dir:O=Acme", "dir:O=Acme+OU=x", false, false},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_10, Subtree, ::testing::ValuesIn(kSubtreeCases),
                         [](const auto& c) { return std::string(c.param.name); });

bool complains(const x509::NameConstraints& constraints, const char* subject,
               const std::vector<const char*>& texts) {
  std::vector<GeneralName> names;
  for (const char* text : texts) names.push_back(parse_as(text, false));
  return name_constraints_complaint(constraints, must(x509::Name::from_text(subject)), names).has_value();
}

TEST(Rfc5280Section4_2_1_10, OtherTypesAreFree) {
  const x509::NameConstraints dns_only{{parse_as("dns:example.com", true)}, {}};
  EXPECT_FALSE(complains(dns_only, "CN=Someone", {"ip:10.0.0.1", "email:a@b.example"}));
}

TEST(Rfc5280Section4_2_1_10, OnePermittedIsEnoughOneExcludedTooMuch) {
  const x509::NameConstraints both{
      {parse_as("dns:example.com", true), parse_as("dns:example.org", true)},
      {parse_as("dns:bad.example.org", true)}};
  EXPECT_FALSE(complains(both, "CN=Someone", {"dns:example.com", "dns:a.example.org"}));
  EXPECT_TRUE(complains(both, "CN=Someone", {"dns:example.com", "dns:x.bad.example.org"}));
  EXPECT_TRUE(complains(both, "CN=Someone", {"dns:example.com", "dns:example.net"}));
}

TEST(Rfc5280Section4_2_1_10, SubjectIsADirectoryName) {
  const x509::NameConstraints acme{{parse_as("dir:O=Acme", true)}, {}};
  EXPECT_FALSE(complains(acme, "CN=x,O=Acme", {"dns:a.example"}));
  EXPECT_TRUE(complains(acme, "CN=x,O=Other", {"dns:a.example"}));
}

TEST(Rfc5280Section4_2_1_10, EmailAddressOfTheSubject) {
  const x509::NameConstraints mail{{parse_as("email:example.com", true)}, {}};
  EXPECT_FALSE(complains(mail, "emailAddress=a@example.com", {}));
  EXPECT_TRUE(complains(mail, "emailAddress=a@example.org", {}));
  EXPECT_TRUE(complains(mail, "emailAddress=nobody", {}));
}

TEST(Rfc5280Section4_2_1_10, CommonNameThatVerifiersFallBackTo) {
  const x509::NameConstraints dns{{parse_as("dns:example.com", true)}, {}};
  EXPECT_TRUE(complains(dns, "CN=example.org", {}));
  EXPECT_FALSE(complains(dns, "CN=a.example.com", {}));
  EXPECT_FALSE(complains(dns, "CN=Some device", {}));
  EXPECT_FALSE(complains(dns, "CN=example.org", {"dns:a.example.com"}));
}

}  // namespace
}  // namespace certwright::lint
