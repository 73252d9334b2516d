// What the portal refuses: each refusal names rule and value, stores nothing, and is one audit record.
#include <gmock/gmock.h>

#include <fstream>

#include "gateway/portal/testing_portal.h"

namespace certwright::gateway::portal {
namespace {

using certs::testing::must;
using certs::testing::World;
using ::testing::HasSubstr;
using std::string_view_literals::operator""sv;

class PortalRefusals : public testing::PortalFixture {};

// openssl req -new -newkey rsa:2560 -nodes -subj /CN=a.example -addext subjectAltName=DNS:a.example
std::string rsa_2560() {
  std::ifstream file("testdata/rsa_2560.pem");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(PortalRefusals, ExtensionsThatAreLeftOutAreNamedAndOthersRefused) {
  const auto with = [&](const der::Oid& oid, bool critical) {
    x509::Extensions extensions;
    must(extensions.add({x509::oids::kSubjectAltName, false, x509::encode_subject_alt_name({must(x509::GeneralName::dns("a.example"))})}));
    must(extensions.add({x509::oids::kKeyUsage, true, x509::encode_key_usage(x509::KeyUsage::from_mask(1))}));
    must(extensions.add({oid, critical, to_bytes(as_bytes("\x05\x00"sv))}));
    return call("POST", "/csr/process", alice.token, body(World::csr_pem(must(x509::Name::from_text("CN=a.example")), extensions))).status;
  };
  const auto comment = der::Oid::of({2, 16, 840, 1, 113730, 1, 13}), copied = der::Oid::of({2, 99999, 1, 0});
  ASSERT_EQ(with(comment, false), 200) << json::write(last);
  EXPECT_EQ(json::write(*last.find("ignored_extensions")), R"(["2.16.840.1.113730.1.13"])");
  EXPECT_EQ(call("GET", text({"status_url"}), alice.token).status, 200);
  EXPECT_EQ(json::write(*last.find("ignored_extensions")), R"(["2.16.840.1.113730.1.13"])");
  ASSERT_EQ(with(copied, false), 200) << json::write(last);
  EXPECT_EQ(json::write(*last.find("ignored_extensions")), "[]");
  EXPECT_EQ(with(comment, true), 422);
  EXPECT_THAT(text({"message"}), HasSubstr("critical extension 2.16.840.1.113730.1.13: profile tls-server-client does not copy it"));
  EXPECT_EQ(with(x509::oids::kTlsFeature, false), 422);
  EXPECT_EQ(text({"field"}), "extensions[1.3.6.1.5.5.7.1.24]");
  EXPECT_THAT(text({"message"}), HasSubstr("must-staple"));
}

// Usages beyond the profile's are refused, in whatever place they are asked for.
TEST_F(PortalRefusals, UsagesThatTheProfileDoesNotGive) {
  const auto with = [&](const der::Oid& oid, Bytes value, Members more) {
    x509::Extensions extensions;
    must(extensions.add({x509::oids::kSubjectAltName, false, x509::encode_subject_alt_name({must(x509::GeneralName::dns("a.example"))})}));
    must(extensions.add({oid, oid == x509::oids::kKeyUsage, std::move(value)}));
    return call("POST", "/csr/process", alice.token,
                body(World::csr_pem(must(x509::Name::from_text("CN=a.example")), extensions), std::move(more))).status;
  };
  const auto purpose = [](const der::Oid& oid) { return x509::encode_ext_key_usage({oid}); };
  const Members for_servers{{"requested_extensions", R"(["server_auth"])"}};
  EXPECT_EQ(with(x509::oids::kExtKeyUsage, purpose(x509::oids::kServerAuth), for_servers), 200) << json::write(last);
  const auto before = requests();
  EXPECT_EQ(with(x509::oids::kExtKeyUsage, purpose(x509::oids::kCodeSigning), for_servers), 422) << json::write(last);
  EXPECT_THAT(text({"message"}), HasSubstr("codeSigning"));
  EXPECT_EQ(with(x509::oids::kExtKeyUsage, purpose(x509::oids::kOcspSigning), {}), 422) << json::write(last);
  EXPECT_THAT(text({"message"}), HasSubstr("OCSPSigning"));
  constexpr std::uint32_t kKeyCertSign = 1U << 5U;
  EXPECT_EQ(with(x509::oids::kKeyUsage, x509::encode_key_usage(x509::KeyUsage::from_mask(kKeyCertSign)), {}), 422) << json::write(last);
  EXPECT_THAT(text({"message"}), HasSubstr("keyCertSign"));
  EXPECT_EQ(requests(), before);
}

struct Refusal {
  const char* name;
  std::string body;
  int status;
  const char* field;
  const char* message;
};

TEST_F(PortalRefusals, EveryRefusalNamesRuleAndValueAndQueuesNothing) {
  world.set_approval("issuing", {{}});
  const std::string good = pem();
  const std::vector<Refusal> rows = {
      {"another common name", body(good, {}, "b.example"), 422, "common_name", "\"b.example\", the CSR says \"a.example\""},
      {"no common name", body(pem("O=Acme")), 422, "csr_data", "no common name"},
      {"a root", body(good, {{"ca_id", "\"root\""}}), 422, "ca_id", "\"root\" is a root CA"},
      {"no such CA", body(good, {{"ca_id", "\"none\""}}), 404, "ca_id", "ca_id: \"none\": no such CA, or none that you may use"},
      {"no such CA, and unprintable", body(good, {{"ca_id", R"("é")"}}), 404, "ca_id", "ca_id: \"\\xc3\\xa9\": no such CA"},
      {"too long", body(good, {{"validity_days", "4000"}}), 422, "validity_days", "4000 is over the max_validity_days of"},
      {"an extension that no profile has", body(good, {{"requested_extensions", R"(["email_protection"])"}}), 422, "ca_id", "no profile with email_protection"},
      {"the same with a CA", body(good, {{"ca_id", "\"issuing\""}, {"requested_extensions", R"(["email_protection"])"}}), 422, "requested_extensions", "allowed: server_auth, client_auth, code_signing"},
      {"an unknown extension", body(good, {{"requested_extensions", R"(["cert_sign"])"}}), 422, "requested_extensions", "\"cert_sign\" is none of"},
      {"a foreign tenant", body(good, {{"tenant_id", "\"acme\""}}), 404, "tenant_id", "tenant_id: \"acme\": no such tenant, or none that you may request for"},
      {"no such tenant", body(good, {{"tenant_id", "\"none\""}}), 404, "tenant_id", "tenant_id: \"none\": no such tenant, or none that you may request for"},
      {"a foreign tenant with a CA", body(good, {{"tenant_id", "\"acme\""}, {"ca_id", "\"issuing\""}}), 404, "tenant_id", "tenant_id: \"acme\": no such tenant"},
      {"no days", body(good, {{"validity_days", "0"}}), 422, "validity_days", "from 1 to 3650, got \"0\""},
      {"many days", body(good, {{"validity_days", "100001"}}), 422, "validity_days", "100001 is over the max_validity_days of"},
      {"days that are none", body(good, {{"validity_days", "[1]"}}), 422, "validity_days", "got \"[1]\""},
      {"a key of another size", body(rsa_2560()), 422, "ca_id", "takes no rsa-2560 keys"},
      {"the same with a CA", body(rsa_2560(), {{"ca_id", "\"issuing\""}}), 422, "key_algorithm", "takes no \"rsa-2560\" keys; it takes"},
      {"a false signature", body(forged(good)), 422, "csr_data", "csr_data: the self-signature does not verify"},
      {"not a CSR", body("x"), 400, "csr_data", "csr_data"},
      {"a name that is none", body(pem("CN=a_b.example", {"a_b.example"}), {}, "a_b.example"), 422, "names[0]", "a_b.example"},
  };
  for (const auto& row : rows) {
    const auto response = call("POST", "/csr/process", alice.token, row.body);
    EXPECT_EQ(response.status, row.status) << row.name << ": " << response.body.text();
    EXPECT_FALSE(success()) << row.name;
    EXPECT_EQ(text({"field"}), row.field) << row.name << ": " << text({"message"});
    EXPECT_THAT(text({"message"}), HasSubstr(row.message)) << row.name;
  }
  EXPECT_EQ(requests(), 0U);
}

TEST_F(PortalRefusals, ARoleThatIsMissingIsToldWithWhatItIsMissingFor) {
  const std::string good = pem();
  EXPECT_EQ(call("POST", "/csr/process", bob.token, body(good)).status, 404);
  EXPECT_EQ(text({"field"}), "ca_id");
  EXPECT_THAT(text({"message"}), HasSubstr("for tenant \"default\""));
  EXPECT_EQ(call("POST", "/csr/process", bob.token, body(good, {{"ca_id", "\"issuing\""}})).status, 403);
  EXPECT_EQ(text({"field"}), "ca_id");
  EXPECT_THAT(text({"message"}), HasSubstr("ca_id: \"issuing\": your roles do not let you request"));
  // Of a tenant that there is not, too, where every one would be theirs.
  EXPECT_EQ(call("POST", "/csr/process", world.admin, body(good, {{"tenant_id", "\"none\""}})).status, 404);
  EXPECT_EQ(text({"field"}), "tenant_id");
  EXPECT_THAT(text({"message"}), HasSubstr("tenant_id: \"none\": no such tenant"));
  EXPECT_EQ(requests(), 0U);
}

TEST_F(PortalRefusals, ARefusalIsOneAuditRecord) {
  world.set_approval("issuing", {{}});
  const auto refused = [&] {
    const auto leaves = must(world.store.audit_leaves(0, 1000));
    return std::ranges::count_if(leaves, [](const auto& leaf) {
      return as_text(leaf.record).find("\"ISSUANCE_REFUSED\"") != std::string_view::npos;
    });
  };
  const auto before = refused();
  call("POST", "/csr/process", alice.token, body(pem(), {{"validity_days", "4000"}}));
  EXPECT_EQ(refused(), before + 1) << "by the portal";
  call("POST", "/csr/process", alice.token, body(pem("CN=a_b.example", {"a_b.example"}), {}, "a_b.example"));
  EXPECT_EQ(refused(), before + 2) << "by registration";
  call("POST", "/csr/process", alice.token, body(pem(), {{"ca_id", "\"none-such\""}}));
  EXPECT_THAT(std::string(as_text(must(world.store.audit_leaves(0, 1000)).back().record)), HasSubstr("none-such"));
  EXPECT_EQ(refused(), before + 3) << "with what was tried";
  call("POST", "/csr/process", alice.token, body(pem()));
  world.call("POST", "/certs/csrs/e", alice.token, World::csr_body(pem("CN=b.example", {"b.example"})));
  EXPECT_EQ(requests(), 2U);
  EXPECT_EQ(refused(), before + 3) << "to wait is no refusal";
}

TEST_F(PortalRefusals, WhatCannotBeReadIsAnAuditRecordToo) {
  const auto reason = [&](const std::string& sent, std::string_view type = "application/json") {
    const auto before = must(world.store.audit_leaves(0, 1000)).size();
    call("POST", "/csr/process", alice.token, sent, type);
    const auto leaves = must(world.store.audit_leaves(0, 1000));
    if (leaves.size() != before + 1) return std::to_string(leaves.size() - before) + " records";
    const auto record = must(json::parse(as_text(leaves.back().record)));
    EXPECT_EQ(*record.find("event")->if_string(), "ISSUANCE_REFUSED");
    return *record.find("fields")->find("reason")->if_string();
  };
  EXPECT_THAT(reason(body("x")), HasSubstr("csr_data"));
  EXPECT_THAT(reason(body(pem(), {{"validity_days", "0"}})), HasSubstr("got \"0\""));
  EXPECT_THAT(reason(body(pem(), {{"requested_extensions", R"(["cert_sign"])"}})), HasSubstr("\"cert_sign\" is none of"));
  EXPECT_THAT(reason("{"), ::testing::Not(HasSubstr("records")));
  EXPECT_THAT(reason("x", "text/plain"), HasSubstr("Content-Type"));
  // Neither a password nor a whole body goes there.
  EXPECT_THAT(reason(body("x", {{"approval_password", "\"correct horse battery\""}})), ::testing::Not(HasSubstr("horse")));
  EXPECT_LE(reason(std::string(50'000, 'a') + "=1&" + std::string(50'000, 'a') + "=1", "application/x-www-form-urlencoded").size(), 1'000U);
  EXPECT_LE(reason("{\"" + std::string(50'000, 'a') + "\":1}").size(), 1'000U);
}

}  // namespace
}  // namespace certwright::gateway::portal
