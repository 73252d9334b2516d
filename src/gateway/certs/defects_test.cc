// A test for every numbered defect of the service that this one replaces, as far as its door could
// have it (protocol notes on the certs service, section 6). The number is in the test's name. Others:
// 13 and 18 in store_defects_test.cc; 6 to 10, 17 and 20 with the whole program, tests/known_defects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "crypto/digest.h"
#include "gateway/certs/testing_world.h"
#include "x509/certificate.h"
#include "x509/oids.h"

namespace certwright::gateway::certs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::World;

class CertsDefects : public ::testing::Test {
 protected:
  // A JWT of the old service's making: HS256 over these claims under `key`.
  static std::string old_token(std::string_view key, std::string_view header,
                               std::string_view claims) {
    const std::string text = to_base64url(as_bytes(header)) + "." + to_base64url(as_bytes(claims));
    return text + "." + to_base64url(crypto::hmac_sha256(as_bytes(key), as_bytes(text)));
  }
  x509::Certificate certificate_of(const std::string& serial) {
    const auto shown = world_.call("GET", "/certs/" + serial, world_.admin);
    return std::move(
        testing::must(x509::parse_certificates_pem(World::text_of(shown, "certificate"))).front());
  }
  std::size_t audit_records_with(std::string_view text) {
    std::size_t count = 0;
    const auto size = testing::must(world_.store.audit_size());
    for (const auto& leaf :
         testing::must(world_.store.audit_leaves(0, static_cast<std::uint32_t>(size))))
      if (as_text(leaf.record).find(text) != std::string_view::npos) ++count;
    return count;
  }
  World world_;
};

TEST_F(CertsDefects, D01TokenKeyedByThePublicSerialIsRefused) {
  const auto serial = world_.issue(world_.admin, "e1");
  const std::int64_t exp = World::kStart_s + 200;
  constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
  const std::string with_jti = R"({"exp":)" + std::to_string(exp) +
                               R"(,"iss":"Certwright","sub":"certs","jti":")" +
                               std::string(43, 'A') + "\"}";
  const std::string hex = x509::SerialNumber::from_decimal(serial)->hex();
  for (const std::string& key : {serial, hex, std::string("certs"), std::string()}) {
    for (const std::string& token :
         {old_token(key, kHeader,
                    R"({"exp":)" + std::to_string(exp) + R"(,"iss":"Ultraviolet","sub":"certs"})"),
          old_token(key, kHeader, with_jti),
          old_token(key, R"({"alg":"none","typ":"JWT"})", with_jti),
          old_token(key, R"({"typ":"JWT","alg":"HS256"})", with_jti)}) {
      const auto response = world_.call("GET", "/certs/" + serial + "/download?token=" + token);
      EXPECT_EQ(response.status, 401) << token;
      EXPECT_EQ(response.body.text(),
                "{\"error\":\"\",\"message\":\"this is not a valid download token\"}\n");
    }
  }
}

TEST_F(CertsDefects, D01TokenIsUsedOnce) {
  const auto serial = world_.issue(world_.admin, "e1");
  const std::string target =
      "/certs/" + serial + "/download?token=" + world_.download_token(world_.admin, serial);
  EXPECT_EQ(world_.call("GET", target).status, 200);
  EXPECT_EQ(world_.call("GET", target).status, 410);
}

TEST_F(CertsDefects, D01TokenLivesFiveMinutes) {
  const auto serial = world_.issue(world_.admin, "e1");
  for (const auto& [wait_s, status] : {std::pair{299, 200}, std::pair{300, 410}}) {
    const auto token = world_.download_token(world_.admin, serial);
    world_.clock.advance(Seconds(wait_s));
    EXPECT_EQ(world_.call("GET", "/certs/" + serial + "/download?token=" + token).status, status);
  }
}

TEST_F(CertsDefects, D01TokenIsForItsCertificate) {
  const auto one = world_.issue(world_.admin, "e1"), other = world_.issue(world_.admin, "e2");
  const auto token = world_.download_token(world_.admin, one);
  EXPECT_EQ(world_.call("GET", "/certs/" + other + "/download?token=" + token).status, 404);
  EXPECT_EQ(world_.call("GET", "/certs/" + one + "/download?token=" + token).status, 200)
      << "an attempt elsewhere does not use it up";
}

TEST_F(CertsDefects, D01TokenDiesWithItsPrincipalsRight) {
  const auto account = world_.add_account("default", {{access::Role::issuer, "default", {}}});
  const auto serial = world_.issue(account.token, "e1");
  const auto removed = world_.download_token(account.token, serial);
  testing::must(world_.directory.remove_role(account.id, {access::Role::issuer, "default", {}},
                                             World::no_evidence()));
  EXPECT_EQ(world_.call("GET", "/certs/" + serial + "/download?token=" + removed).status, 404);
  testing::must(world_.directory.grant_role(account.id, {access::Role::issuer, "default", {}},
                                            {World::no_evidence(), World::no_evidence(), World::no_evidence()}));
  testing::must(world_.directory.set_principal_disabled(account.id, true, World::no_evidence()));
  EXPECT_EQ(world_.call("GET", "/certs/" + serial + "/download?token=" + removed).status, 403);
}

TEST_F(CertsDefects, D01RevokedCertificatesCannotBeDownloaded) {
  const auto serial = world_.issue(world_.admin, "e1");
  const auto token = world_.download_token(world_.admin, serial);
  ASSERT_EQ(world_.call("PATCH", "/certs/" + serial + "/revoke", world_.admin).status, 200);
  EXPECT_EQ(world_.call("GET", "/certs/" + serial + "/download?token=" + token).status, 410);
  EXPECT_EQ(world_.call("GET", "/certs/" + serial + "/download/token", world_.admin).status, 410);
}

TEST_F(CertsDefects, D01UnknownSerialsLookLikeBadTokens) {
  const auto serial = world_.issue(world_.admin, "e1");
  const auto known = world_.call("GET", "/certs/" + serial + "/download?token=x");
  const auto unknown = world_.call("GET", "/certs/17/download?token=x");
  EXPECT_EQ(known.status, unknown.status);
  EXPECT_EQ(known.body.text(), unknown.body.text());
}

TEST_F(CertsDefects, D02ForeignAndUnknownLookTheSame) {
  const auto tenant = world_.add_tenant("globex");
  const auto stranger = world_.add_account(tenant, {{access::Role::admin, tenant, {}}});
  const auto serial = world_.issue(world_.admin, "e1");
  for (const auto& [method, rest] : {std::pair{"GET", ""},
                                     {"PATCH", "/renew"},
                                     {"PATCH", "/revoke"},
                                     {"GET", "/download/token"},
                                     {"GET", "/chain"}}) {
    const auto foreign = world_.call(method, "/certs/" + serial + rest, stranger.token);
    const auto unknown = world_.call(method, std::string("/certs/17") + rest, stranger.token);
    EXPECT_EQ(foreign.status, 404);
    EXPECT_EQ(foreign.body.text(), unknown.body.text());
  }
  EXPECT_EQ(audit_records_with("ACCESS_DENIED"), 10u) << "both leave a record";
}

TEST_F(CertsDefects, D03KeysAreInNoAnswerButTheGrantsAndSealedAtRest) {
  const auto serial = world_.issue(world_.admin, "e1");
  for (const std::string target : {"/certs", "/certs/%", "/certs/%/chain", "/certs/ca"}) {
    std::string path = target;
    if (const auto at = path.find('%'); at != std::string::npos) path.replace(at, 1, serial);
    EXPECT_THAT(std::string(world_.call("GET", path, world_.admin).body.text()),
                Not(HasSubstr("PRIVATE KEY")));
  }
  const auto id = *x509::SerialNumber::from_decimal(serial)->id();
  const auto managed = testing::must(world_.store.find_managed_key(id));
  ASSERT_TRUE(managed.has_value());
  EXPECT_FALSE(
      crypto::PrivateKey::from_pkcs8(SecretBytes::copy_of(managed->sealed_pkcs8)).has_value());
}

TEST_F(CertsDefects, D04CaDownloadHasNoKey) {
  const auto response = world_.call("GET", "/certs/ca");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(testing::must(x509::parse_certificates_pem(response.body.text())).size(), 2u);
  EXPECT_THAT(std::string(response.body.text()), Not(HasSubstr("KEY")));
}

TEST_F(CertsDefects, D05CsrCannotMakeItselfACa) {
  x509::Extensions extensions;
  testing::must(extensions.add(
      {x509::oids::kBasicConstraints, true, x509::encode_basic_constraints({true, {}})}));
  const auto pem = World::csr_pem(*x509::Name::Builder().common_name("e").build(), extensions);
  EXPECT_EQ(world_.call("POST", "/certs/csrs/e", world_.admin, World::csr_body(pem)).status, 422);
}

TEST_F(CertsDefects, D05NamesOfTheCsrAreKept) {
  x509::Extensions extensions;
  testing::must(
      extensions.add({x509::oids::kSubjectAltName, false,
                      x509::encode_subject_alt_name({*x509::GeneralName::dns("a.example.com")})}));
  const auto pem = World::csr_pem(*x509::Name::Builder().common_name("e").build(), extensions);
  const auto response =
      world_.call("POST", "/certs/csrs/e?ttl=10h", world_.admin, World::csr_body(pem));
  ASSERT_EQ(response.status, 200) << response.body.text();
  EXPECT_EQ(World::text_of(response, "entity_id"), "e");
  EXPECT_EQ(World::text_of(response, "expiry_time"),
            to_rfc3339(from_unix_s(World::kStart_s + 36'000)));
  const auto certificate =
      testing::must(x509::parse_certificates_pem(World::text_of(response, "certificate")));
  EXPECT_EQ(testing::must(certificate.front().subject_alt_names()).front().to_text(),
            "DNS:a.example.com");
  const std::string body(response.body.text());
  EXPECT_TRUE(body.starts_with("{\"serial_number\":\"") &&
              body.ends_with(",\"entity_id\":\"e\"}\n"))
      << body;
  EXPECT_THAT(body, HasSubstr(",\"revoked\":false,\"expiry_time\":"));
}

TEST_F(CertsDefects, D05CsrRenewalKeepsTheKeyAndHasNoneToDeliver) {
  const auto pem = World::csr_pem(*x509::Name::Builder().common_name("e").build());
  const auto response = world_.call("POST", "/certs/csrs/e", world_.admin, World::csr_body(pem));
  const auto serial = World::text_of(response, "serial_number");
  const Bytes before = to_bytes(certificate_of(serial).subject_public_key_info_tlv());
  ASSERT_EQ(world_.call("PATCH", "/certs/" + serial + "/renew", world_.admin).status, 200);
  EXPECT_EQ(to_bytes(certificate_of(serial).subject_public_key_info_tlv()), before);
  const auto zip = world_.call(
      "GET", "/certs/" + serial + "/download?token=" + world_.download_token(world_.admin, serial));
  EXPECT_EQ(zip.status, 200);
  EXPECT_THAT(std::string(zip.body.text()), HasSubstr("cert.pem"));
  EXPECT_THAT(std::string(zip.body.text()), Not(HasSubstr("key.pem")));
}

TEST_F(CertsDefects, D07NoLeafCarriesOcspSigning) {
  const auto certificate = certificate_of(world_.issue(world_.admin, "e1"));
  const auto* eku = certificate.find_extension(x509::oids::kExtKeyUsage);
  ASSERT_NE(eku, nullptr);
  EXPECT_EQ(testing::must(x509::parse_ext_key_usage(eku->value)),
            (std::vector<der::Oid>{x509::oids::kServerAuth, x509::oids::kClientAuth}));
  EXPECT_FALSE(certificate.is_ca());
}

TEST_F(CertsDefects, D11TotalStaysWhateverTheOffset) {
  for (int i = 0; i < 3; ++i) world_.issue(world_.admin, "e1");
  world_.issue(world_.admin, "e2");
  EXPECT_THAT(std::string(world_.call("GET", "/certs?offset=3", world_.admin).body.text()),
              HasSubstr("\"total\":4,"));
  EXPECT_THAT(std::string(world_.call("GET", "/certs?offset=9", world_.admin).body.text()),
              HasSubstr("{\"certificates\":[],\"total\":4,\"offset\":9,"));
  EXPECT_THAT(std::string(world_.call("GET", "/certs?entity_id=e1", world_.admin).body.text()),
              HasSubstr("\"total\":3,"));
  EXPECT_THAT(std::string(world_.call("GET", "/certs?entity_id=e9", world_.admin).body.text()),
              HasSubstr("{\"certificates\":[],\"total\":0,"));
}

TEST_F(CertsDefects, D12PagesAreOrderedAndComplete) {
  std::vector<std::string> issued;
  for (int i = 0; i < 7; ++i) issued.push_back(world_.issue(world_.admin, "e"));
  const auto serials_of = [](const http::Response& response) {
    std::vector<std::string> serials;
    const auto document = json::parse(response.body.text());
    for (const auto& row : *document->find("certificates")->if_array())
      serials.push_back(*row.find("SerialNumber")->if_string());
    return serials;
  };
  for (const std::string order : {"oldest", "newest"}) {
    std::vector<std::string> walked;
    std::string cursor;
    do {
      const auto page = world_.call(
          "GET", "/certs?limit=2&order=" + order + (cursor.empty() ? "" : "&cursor=" + cursor),
          world_.admin);
      for (const auto& serial : serials_of(page)) walked.push_back(serial);
      cursor = World::text_of(page, "next_cursor");
    } while (!cursor.empty());
    if (order == "newest") std::ranges::reverse(walked);
    EXPECT_EQ(walked, issued);
  }
  EXPECT_EQ(serials_of(world_.call("GET", "/certs?offset=5&limit=2", world_.admin)),
            (std::vector<std::string>{issued[5], issued[6]}));
}

TEST_F(CertsDefects, D14RenewalHasASerialOfItsOwn) {
  const auto first = world_.issue(world_.admin, "e1");
  ASSERT_EQ(world_.call("PATCH", "/certs/" + first + "/renew", world_.admin).status, 200);
  EXPECT_NE(certificate_of(first).serial_number()->decimal(), first);
}

TEST_F(CertsDefects, D15AddressesAreNoDnsNames) {
  const auto certificate = certificate_of(
      world_.issue(world_.admin, "e1", R"({"ip_addresses":["10.0.0.1","2001:db8::1"]})"));
  for (const auto& name : testing::must(certificate.subject_alt_names()))
    EXPECT_EQ(name.kind(), x509::GeneralName::Kind::ip) << name.to_text();
}

TEST_F(CertsDefects, D16RenewingWhatIsOverIsAConflict) {
  const auto revoked = world_.issue(world_.admin, "e1"),
             expired = world_.issue(world_.admin, "e2", R"({"ttl":"1h"})");
  ASSERT_EQ(world_.call("PATCH", "/certs/" + revoked + "/revoke", world_.admin).status, 200);
  world_.clock.advance(Seconds(3'601));
  for (const auto& [serial, word] : {std::pair{revoked, "revoked"}, {expired, "expired"}}) {
    const auto response = world_.call("PATCH", "/certs/" + serial + "/renew", world_.admin);
    EXPECT_EQ(response.status, 409);
    EXPECT_THAT(std::string(response.body.text()), HasSubstr(word));
  }
}

TEST_F(CertsDefects, D17RevocationLeavesItsEvidence) {
  const auto serial = world_.issue(world_.admin, "e1");
  const auto before =
      World::text_of(world_.call("GET", "/certs/" + serial, world_.admin), "expiry_time");
  world_.clock.advance(Seconds(5));
  ASSERT_EQ(world_
                .call("PATCH", "/certs/" + serial + "/revoke", world_.admin,
                      R"({"reason":"keyCompromise"})")
                .status,
            200);
  const auto shown = world_.call("GET", "/certs/" + serial, world_.admin);
  EXPECT_EQ(World::text_of(shown, "expiry_time"), before) << "the expiry is kept apart";
  EXPECT_EQ(World::text_of(shown, "revocation_time"), "2026-01-02T03:04:10Z");
  EXPECT_EQ(World::text_of(shown, "reason"), "keyCompromise");
  world_.clock.advance(Seconds(5));
  EXPECT_EQ(world_.call("PATCH", "/certs/" + serial + "/revoke", world_.admin).status, 200)
      << "asked twice";
  EXPECT_EQ(
      world_
          .call("PATCH", "/certs/" + serial + "/revoke", world_.admin, R"({"reason":"superseded"})")
          .status,
      409);
  EXPECT_EQ(World::text_of(world_.call("GET", "/certs/" + serial, world_.admin), "revocation_time"),
            "2026-01-02T03:04:10Z")
      << "and does not move";
  EXPECT_THAT(std::string(world_.call("GET", "/certs?state=revoked", world_.admin).body.text()),
              HasSubstr(serial));
}

TEST_F(CertsDefects, D17HoldCanEnd) {
  const auto serial = world_.issue(world_.admin, "e1");
  const std::string base = "/certs/" + serial;
  ASSERT_EQ(world_.call("PATCH", base + "/revoke", world_.admin, R"({"reason":"certificateHold"})")
                .status,
            200);
  EXPECT_EQ(world_.call("PATCH", base + "/renew", world_.admin).status, 409);
  EXPECT_EQ(world_.call("GET", base + "/download/token", world_.admin).status, 410);
  EXPECT_EQ(world_.call("PATCH", base + "/release", world_.admin).status, 200);
  EXPECT_EQ(world_.call("PATCH", base + "/renew", world_.admin).status, 200);
}

TEST_F(CertsDefects, D17BulkRevocationOfAnEntity) {
  for (int i = 0; i < 3; ++i) world_.issue(world_.admin, "cvm-1");
  const auto other = world_.issue(world_.admin, "cvm-2");
  const auto response = world_.call("POST", "/certs/entities/cvm-1/revoke", world_.admin);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.text(), "{\"revoked\":3,\"already_revoked\":0,\"seen\":3}\n");
  EXPECT_EQ(world_.call("POST", "/certs/entities/cvm-1/revoke", world_.admin).body.text(),
            "{\"revoked\":0,\"already_revoked\":3,\"seen\":3}\n");
  EXPECT_EQ(world_.call("PATCH", "/certs/" + other + "/renew", world_.admin).status, 200);
}

TEST_F(CertsDefects, D19BodiesAreLimited) {
  for (const web::Route& route : world_.door.routes())
    EXPECT_LE(route.body_limit_octets, 256u * 1024) << web::key_of(route);
  const auto dispatch =
      world_.handler->dispatch(web::testing::make_request("POST", "/certs/csrs/x"));
  EXPECT_EQ(dispatch.body_limit_octets, 128u * 1024);
}

TEST_F(CertsDefects, D19SameIdempotencyKeySameCertificate) {
  const auto ask = [&](std::string_view body, std::string_view token) {
    return world_.call("POST", "/certs/issue/backend/e1", token, body, {{"Idempotency-Key", "k1"}});
  };
  const auto first = ask("{}", world_.admin), again = ask("{}", world_.admin);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(first.body.text(), again.body.text());
  EXPECT_EQ(ask(R"({"ttl":"1h"})", world_.admin).status, 409);
  const auto other = world_.add_account("default", {{access::Role::issuer, "default", {}}});
  EXPECT_NE(ask("{}", other.token).body.text(), first.body.text())
      << "keys belong to their principal";
  EXPECT_EQ(world_
                .call("POST", "/certs/issue/backend/e", world_.admin, "{}",
                      {{"Idempotency-Key", std::string(256, 'k')}})
                .status,
            422);
  EXPECT_EQ(world_
                .call("POST", "/certs/issue/backend/e", world_.admin, "{}",
                      {{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}})
                .status,
            400);
}

TEST_F(CertsDefects, D19EveryActIsOnRecord) {
  const auto serial = world_.issue(world_.admin, "e1");
  const auto token = world_.download_token(world_.admin, serial);
  EXPECT_EQ(world_.call("GET", "/certs/" + serial + "/download?token=" + token).status, 200);
  EXPECT_EQ(world_.call("GET", "/certs/" + serial + "/download?token=" + token).status, 410);
  EXPECT_EQ(world_.call("PATCH", "/certs/" + serial + "/renew", world_.admin).status, 200);
  EXPECT_EQ(world_.call("PATCH", "/certs/" + serial + "/revoke", world_.admin).status, 200);
  for (const char* event : {"DOWNLOAD_GRANTED", "KEY_DELIVERED", "DOWNLOAD_REFUSED",
                            "CERTIFICATE_RENEWED", "CERTIFICATE_REVOKED"})
    EXPECT_EQ(audit_records_with(event), 1u) << event;
  EXPECT_EQ(audit_records_with(token), 0u) << "tokens are in no record";
  EXPECT_EQ(audit_records_with(token.substr(token.rfind('.') + 1)), 0u);
}

TEST_F(CertsDefects, D19SerialsArePositiveAndDiffer) {
  std::set<std::string> serials;
  for (int i = 0; i < 50; ++i) serials.insert(world_.issue(world_.admin, "e"));
  EXPECT_EQ(serials.size(), 50u);
  for (const auto& serial : serials)
    EXPECT_TRUE(x509::SerialNumber::from_decimal(serial).has_value());
}

}  // namespace
}  // namespace certwright::gateway::certs
