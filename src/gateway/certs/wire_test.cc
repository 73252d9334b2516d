// What clients of the certs service see on the wire, octet for octet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <fmt/format.h>

#include <map>
#include <regex>

#include "crypto/private_key.h"
#include "gateway/certs/testing_world.h"
#include "pkcs10/certification_request.h"
#include "x509/certificate.h"
#include "x509/pem.h"

namespace certwright::gateway::certs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::World;

constexpr std::string_view kEntity = "fde3263e-70b8-4ce9-9f3c-4a203a0dcdf5";

class CertsWire : public ::testing::Test {
 protected:
  std::map<std::string, std::string> unzip(const http::Response& response,
                                           std::vector<std::string>& order) {
    std::map<std::string, std::string> files;
    const ByteView octets = response.body.view();
    zip_error_t error;
    zip_source_t* source = zip_source_buffer_create(octets.data(), octets.size(), 0, &error);
    zip_t* archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    if (archive == nullptr) return files;
    for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); ++i) {
      const auto at = static_cast<zip_uint64_t>(i);
      zip_stat_t stat;
      zip_stat_index(archive, at, 0, &stat);
      std::string content(stat.size, '\0');
      zip_file_t* file = zip_fopen_index(archive, at, 0);
      (void)zip_fread(file, content.data(), content.size());
      zip_fclose(file);
      order.push_back(stat.name);
      files[stat.name] = content;
    }
    zip_discard(archive);
    return files;
  }

  World world_;
};

TEST_F(CertsWire, Issue) {
  const auto response = world_.call("POST", "/certs/issue/backend/" + std::string(kEntity),
                                    world_.admin, "{\n\"ip_addresses\": [\"192.168.100.4\"]\n}\n",
                                    {{"Content-Type", "application/json"}});
  EXPECT_EQ(response.status, 201) << response.body.text();
  EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
  EXPECT_FALSE(response.headers.has("Location"));
  EXPECT_TRUE(std::regex_match(std::string(response.body.text()),
                               std::regex("\\{\"serial_number\":\"[1-9][0-9]{0,38}\"\\}\n")))
      << response.body.text();
}

TEST_F(CertsWire, IssueWithoutAddresses) {
  for (const char* body : {"{}", "{\"ip_addresses\": []}", "{\"ip_addresses\":null}"})
    EXPECT_EQ(world_.call("POST", "/certs/issue/backend/x/", world_.admin, body).status, 201)
        << body;
}

TEST_F(CertsWire, IssuedCertificateIsTheEntitys) {
  const auto serial =
      world_.issue(world_.admin, std::string(kEntity), R"({"ip_addresses":["192.168.100.4"]})");
  const auto shown = world_.call("GET", "/certs/" + serial, world_.admin);
  const auto certificate = x509::parse_certificates_pem(World::text_of(shown, "certificate"));
  ASSERT_TRUE(certificate.has_value());
  EXPECT_EQ(certificate->front().subject().to_text(), "CN=" + std::string(kEntity));
  EXPECT_EQ(certificate->front().serial_number()->decimal(), serial);
  const auto names = certificate->front().subject_alt_names();
  ASSERT_EQ(names->size(), 1u);
  EXPECT_EQ(names->front().to_text(), "IP:192.168.100.4");
  EXPECT_EQ(World::text_of(shown, "entity_type"), "backend");
}

TEST_F(CertsWire, EmptyList) {
  for (const char* target : {"/certs", "/certs/"}) {
    const auto response = world_.call("GET", target, world_.admin);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
    EXPECT_EQ(response.body.text(), "{\"certificates\":[],\"total\":0,\"limit\":10}\n");
  }
}

TEST_F(CertsWire, List) {
  const auto serial = world_.issue(world_.admin, "e1");
  const auto expiry = to_rfc3339(from_unix_s(World::kStart_s + 90 * 86'400));
  EXPECT_EQ(world_.call("GET", "/certs", world_.admin).body.text(),
            fmt::format(
                "{{\"certificates\":[{{\"SerialNumber\":\"{0}\",\"Certificate\":null,\"Key\":null,"
                "\"Revoked\":false,\"ExpiryDate\":\"{1}\",\"EntityType\":\"backend\","
                "\"EntityID\":\"e1\",\"DownloadUrl\":\"\",\"CurrentSerialNumber\":\"{0}\","
                "\"Subject\":\"CN=e1\",\"Profile\":\"tls-server-client\",\"CA\":\"issuing\","
                "\"Tenant\":\"default\"}}],\"total\":1,\"limit\":10}}\n",
                serial, expiry));
}

TEST_F(CertsWire, ListOfAnEntityWithOffset) {
  for (int i = 0; i < 3; ++i) world_.issue(world_.admin, "e1");
  world_.issue(world_.admin, "e2");
  const auto response = world_.call("GET", "/certs?entity_id=e1&offset=2&limit=5", world_.admin);
  const std::string body(response.body.text());
  EXPECT_TRUE(body.ends_with("],\"total\":3,\"offset\":2,\"limit\":5,\"entity_id\":\"e1\"}\n"))
      << body;
  EXPECT_THAT(body, Not(HasSubstr("e2")));
}

// Spec: the sample's ExpiryDate 2024-05-03T13:33:29.405109Z is the time of the revocation.
TEST_F(CertsWire, RevokedRowShowsTheTimeOfRevocation) {
  const auto serial = world_.issue(world_.admin, "e1");
  world_.clock.advance(Duration(405'109));
  const auto revoked = world_.call("PATCH", "/certs/" + serial + "/revoke", world_.admin);
  EXPECT_EQ(revoked.status, 200);
  EXPECT_EQ(revoked.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(revoked.body.size(), 0u);
  EXPECT_THAT(std::string(world_.call("GET", "/certs", world_.admin).body.text()),
              HasSubstr("\"Revoked\":true,\"ExpiryDate\":\"2026-01-02T03:04:05.405109Z\""));
}

TEST_F(CertsWire, RenewAnswersNothingAndMovesTheExpiry) {
  const auto serial = world_.issue(world_.admin, "e1");
  world_.clock.advance(Seconds(3'600));
  const auto renewed = world_.call("PATCH", "/certs/" + serial + "/renew", world_.admin);
  EXPECT_EQ(renewed.status, 200) << renewed.body.text();
  EXPECT_EQ(renewed.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(renewed.body.size(), 0u);
  const std::string list(world_.call("GET", "/certs", world_.admin).body.text());
  EXPECT_THAT(list, HasSubstr("{\"SerialNumber\":\"" + serial + "\""));
  EXPECT_THAT(list,
              HasSubstr("\"ExpiryDate\":\"" +
                        to_rfc3339(from_unix_s(World::kStart_s + 90 * 86'400 + 3'600)) + "\""));
  EXPECT_THAT(list, HasSubstr("\"total\":1,")) << "one row per lineage";
  EXPECT_THAT(list, Not(HasSubstr("\"CurrentSerialNumber\":\"" + serial + "\"")));
}

TEST_F(CertsWire, EverySerialOfALineageLeadsToIt) {
  const auto first = world_.issue(world_.admin, "e1");
  world_.clock.advance(Seconds(60));
  ASSERT_EQ(world_.call("PATCH", "/certs/" + first + "/renew", world_.admin).status, 200);
  const auto second =
      World::text_of(world_.call("GET", "/certs/" + first, world_.admin), "current_serial_number");
  ASSERT_NE(first, second);
  EXPECT_EQ(World::text_of(world_.call("GET", "/certs/" + second, world_.admin), "serial_number"),
            first);
  const auto exact = world_.call("GET", "/certs/" + first + "?exact=true", world_.admin);
  EXPECT_EQ(World::text_of(exact, "shown_serial_number"), first);
  ASSERT_EQ(world_.call("PATCH", "/certs/" + second + "/renew", world_.admin).status, 200);
  ASSERT_EQ(world_.call("PATCH", "/certs/" + second + "/revoke", world_.admin).status, 200);
  for (const auto& serial : {first, second}) {
    const auto record = world_.store.find_certificate(*x509::SerialNumber::from_decimal(serial));
    EXPECT_TRUE((*record)->revocation.has_value()) << "revoking one revokes the lineage";
    EXPECT_EQ(world_.call("PATCH", "/certs/" + serial + "/renew", world_.admin).status, 409);
  }
}

TEST_F(CertsWire, DownloadToken) {
  const auto serial = world_.issue(world_.admin, "e1");
  const auto response = world_.call("GET", "/certs/" + serial + "/download/token", world_.admin);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  EXPECT_TRUE(std::regex_match(std::string(response.body.text()),
                               std::regex("\\{\"token\":\"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\\.[-"
                                          "_A-Za-z0-9]+\\.[-_A-Za-z0-9]{43}\"\\}\n")))
      << response.body.text();
}

TEST_F(CertsWire, DownloadIsAZipOfThree) {
  const auto serial = world_.issue(world_.admin, "e1");
  const auto token = world_.download_token(world_.admin, serial);
  const auto response = world_.call("GET", "/certs/" + serial + "/download?token=" + token);
  ASSERT_EQ(response.status, 200) << response.body.text() << world_.internal_error;
  EXPECT_EQ(response.headers.get("Content-Type"), "application/zip");
  EXPECT_EQ(response.headers.get("Content-Disposition"), "attachment; filename=certificates.zip");
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  std::vector<std::string> order;
  auto files = unzip(response, order);
  EXPECT_THAT(order, ::testing::ElementsAre("ca.pem", "cert.pem", "key.pem"));
  const auto chain = x509::parse_certificates_pem(files["cert.pem"]);
  const auto cas = x509::parse_certificates_pem(files["ca.pem"]);
  ASSERT_TRUE(chain && cas);
  ASSERT_EQ(chain->size(), 2u);
  ASSERT_EQ(cas->size(), 2u);
  EXPECT_EQ((*chain)[0].serial_number()->decimal(), serial);
  EXPECT_EQ((*chain)[1], (*cas)[0]) << "the issuing CA follows the leaf";
  EXPECT_TRUE((*cas)[1].is_self_issued());
  EXPECT_TRUE(files["key.pem"].starts_with("-----BEGIN PRIVATE KEY-----\n"));
  const auto key =
      crypto::PrivateKey::from_pem(SecretBytes::copy_of(as_bytes(files["key.pem"])), {});
  ASSERT_TRUE(key.has_value());
  EXPECT_TRUE(std::ranges::equal(key->subject_public_key_info_tlv(),
                                 (*chain)[0].subject_public_key_info_tlv()));
}

TEST_F(CertsWire, RenewalMakesAnotherKeyForThoseWeMade) {
  const auto serial = world_.issue(world_.admin, "e1");
  const auto before =
      World::text_of(world_.call("GET", "/certs/" + serial, world_.admin), "certificate");
  ASSERT_EQ(world_.call("PATCH", "/certs/" + serial + "/renew", world_.admin).status, 200);
  const auto after =
      World::text_of(world_.call("GET", "/certs/" + serial, world_.admin), "certificate");
  const auto a = x509::parse_certificates_pem(before), b = x509::parse_certificates_pem(after);
  EXPECT_NE(to_bytes(a->front().subject_public_key_info_tlv()),
            to_bytes(b->front().subject_public_key_info_tlv()));
  EXPECT_EQ(to_bytes(a->front().subject_tlv()), to_bytes(b->front().subject_tlv()));
}

TEST_F(CertsWire, Errors) {
  const auto unknown = world_.call("GET", "/certs/17", world_.admin);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(unknown.body.text(), "{\"error\":\"\",\"message\":\"There is no such object.\"}\n");
  const auto nobody = world_.call("GET", "/certs");
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(nobody.headers.get("WWW-Authenticate"), "Bearer realm=\"certwright\"");
  EXPECT_THAT(std::string(nobody.body.text()), HasSubstr("{\"error\":\"\",\"message\":\""));
}

struct StatusCase {
  const char* name;
  const char* method;
  const char* target;  // %S: a good serial
  const char* body;
  int status;
};

constexpr StatusCase kStatusCases[] = {
    {"EmptyBody", "POST", "/certs/issue/backend/x", "", 400},
    {"NoJson", "POST", "/certs/issue/backend/x", "{", 400},
    {"TrailingBytes", "POST", "/certs/issue/backend/x", "{} {}", 400},
    {"DuplicateMember", "POST", "/certs/issue/backend/x", R"({"ttl":"1h","ttl":"2h"})", 400},
    {"NotAnAddress", "POST", "/certs/issue/backend/x", R"({"ip_addresses":["x"]})", 422},
    {"ZeroTtl", "POST", "/certs/issue/backend/x", R"({"ttl":"0"})", 422},
    {"TtlOverTheProfile", "POST", "/certs/issue/backend/x", R"({"ttl":"87600h"})", 422},
    {"UnknownKeyType", "POST", "/certs/issue/backend/x", R"({"key_type":"dsa-1024"})", 422},
    {"UnknownProfile", "POST", "/certs/issue/backend/x", R"({"profile":"nothing"})", 404},
    {"InternalProfile", "POST", "/certs/issue/backend/x", R"({"profile":"ocsp-responder"})", 404},
    {"UnknownCa", "POST", "/certs/issue/backend/x", R"({"ca":"nothing"})", 404},
    {"UnknownTenant", "POST", "/certs/issue/backend/x?tenant=nothing", "{}", 404},
    {"EmptyEntityType", "POST", "/certs/issue//x", "{}", 404},
    {"OnlyEntityType", "POST", "/certs/issue/backend", "{}", 404},
    {"LimitNoNumber", "GET", "/certs?limit=x", "", 400},
    {"LimitNegative", "GET", "/certs?limit=-1", "", 400},
    {"LimitZero", "GET", "/certs?limit=0", "", 400},
    {"LimitMost", "GET", "/certs?limit=1000", "", 200},
    {"LimitOver", "GET", "/certs?limit=1001", "", 400},
    {"LimitTwice", "GET", "/certs?limit=1&limit=1", "", 400},
    {"LimitOverflows", "GET", "/certs?limit=99999999999999999999", "", 400},
    {"OffsetMost", "GET", "/certs?offset=10000", "", 200},
    {"OffsetOver", "GET", "/certs?offset=10001", "", 400},
    {"BadCursor", "GET", "/certs?cursor=zzz", "", 400},
    {"BadState", "GET", "/certs?state=fine", "", 400},
    {"BadTime", "GET", "/certs?expires_before=tomorrow", "", 400},
    {"MalformedQuery", "GET", "/certs?limit=%zz", "", 400},
    {"UnknownParametersAreIgnored", "GET", "/certs?domainID=7", "", 200},
    {"SerialWithLetters", "GET", "/certs/not-a-serial", "", 400},
    {"SerialZero", "GET", "/certs/0", "", 400},
    {"SerialHexWithoutMark", "GET", "/certs/0a1b", "", 400},
    {"SerialOver159Bits", "GET", "/certs/1461501637330902918203684832716283019655932542976", "",
     404},
    {"RenewUnknown", "PATCH", "/certs/17/renew", "", 404},
    {"RenewByPost", "POST", "/certs/%S/renew", "", 405},
    {"RevokeUnknown", "PATCH", "/certs/17/revoke", "", 404},
    {"RevokeBadReason", "PATCH", "/certs/%S/revoke", R"({"reason":"x"})", 422},
    {"RevokeBadBody", "PATCH", "/certs/%S/revoke", "x", 400},
    {"ReleaseNotHeld", "PATCH", "/certs/%S/release", "", 409},
    {"TokenUnknown", "GET", "/certs/17/download/token", "", 404},
    {"TokenHead", "HEAD", "/certs/%S/download/token", "", 405},
    {"DownloadWithoutToken", "GET", "/certs/%S/download", "", 400},
    {"DownloadHead", "HEAD", "/certs/%S/download?token=x", "", 405},
    {"CsrMissing", "POST", "/certs/csrs/x", "{}", 422},
    {"CsrNoPem", "POST", "/certs/csrs/x", R"({"csr":"hello"})", 400},
    {"CaChain", "GET", "/certs/ca", "", 200},
    {"CaUnknown", "GET", "/certs/ca?ca=x", "", 404},
    {"Crl", "GET", "/certs/crl", "", 200},
    {"BulkOfUnknownEntity", "POST", "/certs/entities/nobody/revoke", "", 200},
};

class CertsStatus : public ::testing::TestWithParam<StatusCase> {
 protected:
  static World& world() {
    static World shared;
    return shared;
  }
};

TEST_P(CertsStatus, IsTheTables) {
  static const std::string serial = world().issue(world().admin, "status");
  std::string target = GetParam().target;
  if (const auto at = target.find("%S"); at != std::string::npos) target.replace(at, 2, serial);
  const auto response = world().call(GetParam().method, target, world().admin, GetParam().body);
  EXPECT_EQ(response.status, GetParam().status) << response.body.text() << world().internal_error;
  if (response.status >= 400) {
    EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
    EXPECT_TRUE(response.body.text().starts_with("{\"error\":\"\",\"message\":\""))
        << response.body.text();
    EXPECT_TRUE(response.body.text().ends_with("\"}\n"));
  }
}

INSTANTIATE_TEST_SUITE_P(Answers, CertsStatus, ::testing::ValuesIn(kStatusCases),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace certwright::gateway::certs
