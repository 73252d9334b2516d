// Upstream certificates as the generator's clients send them, and the CA that g3fcgen's users have, at
// the time they were made for: every answer passes what `openssl verify -x509_strict -attime` checks.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "issuance/interception_service.h"
#include "issuance/testing_openssl.h"
#include "registration/testing_world.h"
#include "store/memory/memory_store.h"
#include "x509/certificate.h"
#include "x509/pem.h"

namespace certwright::issuance {
namespace interception_vectors_test {

using registration::testing::must;

constexpr std::int64_t kAugust_s = 1'785'542'400;  // 2026-08-01T00:00:00Z

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Vectors : ::testing::Test {
  ManualClock clock{from_unix_s(kAugust_s)};
  crypto::SystemRandom random;
  store::MemoryStore memory;
  registration::testing::World world{memory, clock};
  std::unique_ptr<InterceptionService> service;

  Vectors() {
    const auto key = must(crypto::PrivateKey::from_pem(SecretBytes::copy_of(as_bytes(read_file("testdata/ca.key"))), {}));
    const auto& algorithm = crypto::default_signature_algorithm(key.algorithm());
    ca::CaPolicy policy;
    policy.profiles = {"interception"};
    const store::CaRecord record{
        .id = "vectors", .name = "vectors", .state = store::CaState::active, .parent = {},
        .certificate = must(x509::parse_pem_one(read_file("testdata/ca.pem"), x509::kPemCertificate)),
        .issuer_chain = {}, .sealed_key = {}, .subject_public_key_info = to_bytes(key.subject_public_key_info_tlv()),
        .key_algorithm = "ecdsa-p256", .signature_algorithm = std::string(algorithm.name),
        .policy = ca::write_ca_policy(policy), .revision = 1, .created_at = clock.now()};
    world.cas.put(must(ca::CertificationAuthority::create(record, must(signer::SoftwareSigner::create(key, algorithm)))));
    service = must(InterceptionService::open(
        {.registration = world.registration, .journal = world.journal, .random = random, .clock = clock},
        {.ca = "", .actor = {}, .rsa_pool_capacity = 0}));
  }
};

TEST_F(Vectors, EachGetsAnAnswer) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator("testdata/upstream")) {
    const std::string name = file.path().stem().string();
    const std::string upstream = read_file(file.path());
    const auto from = must(x509::Certificate::parse(to_bytes(as_bytes(upstream))));
    const auto answer = must(service->issue({"www.example.com", InterceptionUsage::tls_server, as_bytes(upstream)}, {}));
    const bool expired = name == "expired2d";
    EXPECT_EQ(testing_openssl::verify_strictly(answer, clock.now(), !expired), "") << name;
    EXPECT_EQ(answer.ttl_s, expired ? 0U : 86'400U) << name;
    const auto made = must(x509::Certificate::parse(answer.certificate_der));
    EXPECT_EQ(to_bytes(made.subject_tlv()), to_bytes(from.subject_tlv())) << name;
    EXPECT_EQ(made.not_before(), from.not_before()) << name;
    EXPECT_EQ(made.not_after(), from.not_after()) << name;
    EXPECT_EQ(must(made.subject_alt_names()), must(from.subject_alt_names())) << name;
    EXPECT_EQ(answer.key_algorithm, name.starts_with("p384") ? "ecdsa-p384" : "ecdsa-p256") << name;
    ++count;
  }
  EXPECT_EQ(count, 8U);
}

}  // namespace interception_vectors_test
}  // namespace certwright::issuance
