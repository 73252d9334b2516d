#include "issuance/interception_service.h"

#include <filesystem>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "aggregate/interval_file.h"
#include "crypto/digest.h"
#include "crypto/sm2_key.h"
#include "issuance/testing_openssl.h"
#include "profile/testing_upstream.h"
#include "registration/testing_world.h"
#include "store/memory/memory_store.h"
#include "x509/certificate.h"

namespace certwright::issuance {
namespace interception_service_test {

using profile::testing::Upstream;
using registration::testing::kDay;
using registration::testing::kStart_s;
using registration::testing::must;
using World = registration::testing::World;

// Signs; where `wrong_from` is set, wrongly from that signature on.
class CountingSigner : public signer::Signer {
 public:
  explicit CountingSigner(std::shared_ptr<signer::Signer> with) : with_(std::move(with)) {}
  Result<Bytes> sign(signer::PreparedInterceptionCertificate prepared) override {
    auto signature = with_->sign(std::move(prepared));
    if (++count >= wrong_from) signature->back() ^= 1;
    return signature;
  }
  Result<Bytes> sign(signer::PreparedCertificate) override { return fail(Errc::internal, "the other path"); }
  Result<Bytes> sign(signer::PreparedCertificateList) override { return fail(Errc::internal, ""); }
  Result<Bytes> sign(signer::PreparedOcspResponse) override { return fail(Errc::internal, ""); }
  Result<Bytes> sign(signer::PreparedRootCertificate) override { return fail(Errc::internal, ""); }
  Result<Bytes> sign(signer::PreparedCaRequest) override { return fail(Errc::internal, ""); }
  ByteView signature_algorithm_tlv() const noexcept override { return with_->signature_algorithm_tlv(); }
  ByteView subject_public_key_info_tlv() const noexcept override { return with_->subject_public_key_info_tlv(); }
  std::atomic<int> count = 0;
  int wrong_from = 1 << 30;

 private:
  std::shared_ptr<signer::Signer> with_;
};

class Interception : public ::testing::Test {
 protected:
  Interception() {
    add_ca({});
    char name[] = "/tmp/certwright-interception-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~Interception() override { std::filesystem::remove_all(folder); }

  void add_ca(World::CaOptions options) {
    options.id = "interception";
    if (options.profiles == World::CaOptions().profiles) options.profiles = {"interception"};
    options.wrap = [this](std::shared_ptr<signer::Signer> real) {
      signer = std::make_shared<CountingSigner>(std::move(real));
      return signer;
    };
    ca = world.add_ca(options);
  }
  void open_log() {
    log = must(aggregate::Log::open({.folder = folder / "log", .sync_every = {}, .background = false}, clock,
                                    [this](const aggregate::ClosedInterval& closed) -> Result<void> {
                                      told.push_back(closed);
                                      return {};
                                    }));
  }
  Result<std::unique_ptr<InterceptionService>> try_open(std::size_t rsa_keys = 0) {
    return InterceptionService::open({.registration = world.registration,
                                      .journal = world.journal,
                                      .random = random,
                                      .clock = clock,
                                      .log = log.get()},
                                     {.ca = "", .actor = {"system", "system", "certgen", ""}, .rsa_pool_capacity = rsa_keys});
  }
  InterceptionService& service() {
    if (!opened) opened = must(try_open());
    return *opened;
  }
  Upstream upstream() const {
    Upstream made;
    made.begin = clock.now() - 10 * kDay;
    made.end = clock.now() + 80 * kDay;
    return made;
  }
  InterceptionCertificate issue(const Upstream& with, std::string_view host = "www.example.com",
                                InterceptionUsage usage = InterceptionUsage::tls_server,
                                const InterceptionLimits& limits = {}) {
    const Bytes der = with.der();
    return must(service().issue({host, usage, der}, limits));
  }
  static x509::Certificate parsed(const InterceptionCertificate& answer) {
    return must(x509::Certificate::parse(answer.certificate_der));
  }
  void publish(std::string_view change) {
    auto document = must(json::parse(profile::write_profile(*world.profiles.find("interception"))));
    document.set("interception", must(json::parse(change)));
    must(world.publisher.publish(document, {.principal = "root", .tenant = "", .door = "test", .remote = ""}));
  }

  ManualClock clock{from_unix_s(kStart_s)};
  crypto::DeterministicRandom random{7};
  store::MemoryStore memory;
  World world{memory, clock};
  std::shared_ptr<CountingSigner> signer;
  ca::CaPtr ca;
  std::filesystem::path folder;
  std::vector<aggregate::ClosedInterval> told;
  std::unique_ptr<aggregate::Log> log;
  std::unique_ptr<InterceptionService> opened;
};

constexpr std::string_view kRsaKey = "300d06092a864886f70d0101010500", kPssKey = "300b06092a864886f70d01010a",
                           kP384Key = "301006072a8648ce3d020106052b81040022", kEd25519Key = "300506032b6570",
                           kMlDsaKey = "300b0609608648016503040312",
                           kSm2Key = "301306072a8648ce3d020106082a811ccf5501822d";

// The shapes of real upstreams, each of which gets an answer that OpenSSL's strictest check takes.
TEST_F(Interception, EveryUpstreamGetsAnAnswerThatVerifies) {
  struct Shape { const char* name; std::function<void(Upstream&)> change; bool dates = true; };
  using Bit = x509::KeyUsageBit;
  const Shape kShapes[] = {
      {"plain", [](Upstream&) {}},
      {"three names", [](Upstream& u) { u.dns = {"www.example.com", "example.com", "*.example.com"}; }},
      {"rsa", [](Upstream& u) { u.key_algorithm_tlv = must(from_hex(kRsaKey)); }},
      {"rsa-pss", [](Upstream& u) { u.key_algorithm_tlv = must(from_hex(kPssKey)); }},
      {"p384", [](Upstream& u) { u.key_algorithm_tlv = must(from_hex(kP384Key)); }},
      {"ed25519", [](Upstream& u) { u.key_algorithm_tlv = must(from_hex(kEd25519Key)); }},
      {"ml-dsa", [](Upstream& u) { u.key_algorithm_tlv = must(from_hex(kMlDsaKey)); }},
      {"key usage", [](Upstream& u) { u.key_usage = x509::KeyUsage{Bit::digital_signature, Bit::key_encipherment}; }},
      {"a ca", [](Upstream& u) {
         u.key_usage = x509::KeyUsage{Bit::key_cert_sign};
         u.more = {{x509::oids::kBasicConstraints, true, x509::encode_basic_constraints({true, {}})}};
       }},
      {"v1", [](Upstream& u) { u.version_1 = true; }},
      {"no subject", [](Upstream& u) { u.subject = ""; }},
      {"no names", [](Upstream& u) { u.dns = {}; }},
      {"address", [](Upstream& u) { u.dns = {}; u.ip = {"192.0.2.1", "2001:db8::1"}; }},
      {"500 names", [](Upstream& u) {
         for (int i = 0; i < 500; ++i) u.dns.push_back("h" + std::to_string(i) + ".some-long-label.example.com");
       }},
      {"outlives the ca", [](Upstream& u) { u.end += 20 * 365 * kDay; }},
      {"expired", [](Upstream& u) { u.end = u.begin + kDay; }, false},
      {"not yet valid", [](Upstream& u) { u.begin = u.end - kDay; }, false},
      {"long organization", [](Upstream& u) {
         der::Writer w;
         w.sequence([&] { w.set([&] { w.sequence([&] {
           w.oid(x509::oids::kOrganizationName);
           w.string(der::Tag::utf8_string, std::string(200, 'o'));
         }); }); });
         u.subject_tlv = std::move(w).take();
       }},
  };
  open_log();
  std::set<std::string> serials;
  for (const auto& shape : kShapes) {
    Upstream from = upstream();
    shape.change(from);
    const auto answer = issue(from);
    EXPECT_EQ(testing_openssl::verify_strictly(answer, clock.now(), shape.dates), "") << shape.name;
    EXPECT_TRUE(answer.chain_ends_in_root);
    EXPECT_EQ(answer.issuer_chain_der, std::vector<Bytes>{to_bytes(ca->certificate().der())});
    EXPECT_TRUE(serials.insert(must(parsed(answer).serial_number()).hex()).second);
    EXPECT_LE(answer.not_after, ca->certificate().not_after());
  }
  EXPECT_EQ(service().statistics().issued, std::size(kShapes));
  EXPECT_EQ(service().statistics().failed, 0U);
}

TEST_F(Interception, EveryHostGetsAnAnswerThatVerifies) {
  for (const std::string host : {"www.example.com", "192.0.2.1", "2001:db8::1", "*.example.com", "", "a b",
                                 "b\xc3\xbc" "cher.example", "\xff"}) {
    const auto answer = must(service().issue({host, InterceptionUsage::tls_server, {}}, {}));
    EXPECT_EQ(testing_openssl::verify_strictly(answer, clock.now()), "") << host;
    EXPECT_EQ(answer.ttl_s, 86'400U);
  }
}

TEST_F(Interception, TtlIsInDaysOfSecondsAndBounded) {
  Upstream from = upstream();
  EXPECT_EQ(issue(from).ttl_s, 86'400U);
  from.end = clock.now() + Seconds(7200);
  EXPECT_EQ(issue(from).ttl_s, 7200U);
  from.end = clock.now() - Seconds(1);
  EXPECT_EQ(issue(from).ttl_s, 0U);
  publish(R"({"ttl_max": "30d"})");
  must(service().refresh());
  from.end = clock.now() + 10 * kDay;
  EXPECT_EQ(issue(from).ttl_s, 864'000U);
}

TEST_F(Interception, SerialsCarryTheirInterval) {
  open_log();
  const auto answer = issue(upstream());
  const auto serial = must(parsed(answer).serial_number());
  ASSERT_TRUE(serial.id());
  EXPECT_EQ(aggregate::interval_of_id(*serial.id()), aggregate::interval_at(clock.now()));
  clock.advance(Seconds(70));
  must(log->run_once());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 1U);
  const auto file = must(aggregate::read_closed(aggregate::closed_path(folder / "log", told[0].interval)));
  EXPECT_EQ(file.entries[0].certificate_sha256, crypto::sha256(answer.certificate_der));
  EXPECT_EQ(to_bytes(file.entries[0].serial), to_bytes(serial.integer_content()));
}

TEST_F(Interception, NothingLeavesUnrecorded) {
  log = must(aggregate::Log::open({.folder = folder / "log", .sync_every = {}, .backlog_entries_max = 2, .background = false},
                                  clock, [](const aggregate::ClosedInterval&) -> Result<void> { return {}; }));
  issue(upstream());
  issue(upstream());
  const Bytes der = upstream().der();
  const auto refused = service().issue({"a", InterceptionUsage::tls_server, der}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(signer->count, 2);
  must(log->run_once());
  EXPECT_TRUE(service().issue({"a", InterceptionUsage::tls_server, der}, {}));
}

TEST_F(Interception, AClockSetBackTakesSerialsOfAnOpenInterval) {
  open_log();
  issue(upstream());
  clock.advance(Seconds(70));
  must(log->run_once());
  clock.advance(-Seconds(70));
  EXPECT_EQ(testing_openssl::verify_strictly(issue(upstream()), clock.now()), "");
  clock.advance(Seconds(180));
  must(log->run_once());
  ASSERT_EQ(told.size(), 2U);
}

TEST_F(Interception, RsaKeysComeFromThePool) {
  Upstream from = upstream();
  from.key_algorithm_tlv = must(from_hex(kRsaKey));
  opened = must(try_open(1));
  for (int i = 0; i < 30'000 && opened->statistics().rsa_pool_depth == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto answer = issue(from);
  EXPECT_EQ(answer.key_algorithm, "rsa-2048");
  EXPECT_FALSE(answer.key_type_switched);
  EXPECT_EQ(testing_openssl::verify_strictly(answer, clock.now()), "");
  EXPECT_EQ(opened->statistics().rsa_pool_dry, 0U);
  EXPECT_EQ(issue(from, "a", InterceptionUsage::tls_server, {.prefer_small_key = true}).key_algorithm, "ecdsa-p256");
}

TEST_F(Interception, AnEmptyPoolFollowsThePolicy) {
  Upstream from = upstream();
  from.key_algorithm_tlv = must(from_hex(kRsaKey));
  const auto answer = issue(from);
  EXPECT_EQ(answer.key_algorithm, "ecdsa-p256");
  EXPECT_TRUE(answer.key_type_switched);
  EXPECT_EQ(service().statistics().rsa_pool_dry, 1U);
  publish(R"({"rsa_pool_dry": "refuse"})");
  const auto before = service().generation();
  must(service().refresh());
  EXPECT_GT(service().generation(), before);
  const Bytes der = from.der();
  EXPECT_EQ(service().issue({"a", InterceptionUsage::tls_server, der}, {}).error().code, Errc::unavailable);
  publish(R"({"keys": "always_p256"})");
  must(service().refresh());
  EXPECT_FALSE(issue(from).key_type_switched);
}

TEST_F(Interception, Sm2OnlyForSm2) {
  if (!crypto::generate_sm2_key()) GTEST_SKIP() << "this libcrypto has no SM2";
  Upstream from = upstream();
  EXPECT_EQ(issue(from, "a", InterceptionUsage::tlcp_server_signature).key_algorithm, "ecdsa-p256");
  from.key_algorithm_tlv = must(from_hex(kSm2Key));
  EXPECT_EQ(issue(from, "a", InterceptionUsage::tls_server).key_algorithm, "ecdsa-p256");
  for (const auto usage : {InterceptionUsage::tls_server_tongsuo, InterceptionUsage::tlcp_server_signature,
                           InterceptionUsage::tlcp_server_encryption}) {
    const auto answer = issue(from, "a", usage);
    EXPECT_EQ(answer.key_algorithm, "sm2");
    EXPECT_EQ(testing_openssl::verify_strictly(answer, clock.now()).find("another's"), std::string::npos);
  }
}

TEST_F(Interception, TrimsNamesWhenAsked) {
  Upstream from = upstream();
  for (int i = 0; i < 500; ++i) from.dns.push_back("h" + std::to_string(i) + ".some-long-label.example.com");
  EXPECT_FALSE(issue(from).names_trimmed);
  const auto answer = issue(from, "h7.some-long-label.example.com", InterceptionUsage::tls_server,
                            {.names_octets_max = 4000});
  EXPECT_TRUE(answer.names_trimmed);
  const auto names = must(parsed(answer).subject_alt_names());
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].text(), "h7.some-long-label.example.com");
}

TEST_F(Interception, SignaturesAreVerifiedFirstAndThenNowAndAgain) {
  signer->wrong_from = 1;
  const Bytes der = upstream().der();
  const InterceptionRequest request{"a", InterceptionUsage::tls_server, der};
  EXPECT_EQ(service().issue(request, {}).error().code, Errc::internal);
  signer->wrong_from = 3;
  for (int i = 0; i < 255; ++i) ASSERT_TRUE(service().issue(request, {})) << i;
  EXPECT_EQ(service().issue(request, {}).error().code, Errc::internal);  // the 257th
}

TEST_F(Interception, ARetiredCaInterceptsNoMore) {
  const Bytes der = upstream().der();
  const InterceptionRequest request{"a", InterceptionUsage::tls_server, der};
  ASSERT_TRUE(service().issue(request, {}));
  add_ca({.state = store::CaState::retired});
  const auto before = service().generation();
  EXPECT_FALSE(service().refresh());
  EXPECT_GT(service().generation(), before);  // what caches kept of it ends too
  const auto refused = service().generation();
  EXPECT_FALSE(service().refresh());
  EXPECT_EQ(service().generation(), refused);
  EXPECT_EQ(service().issue(request, {}).error().code, Errc::unavailable);
  add_ca({});
  ASSERT_TRUE(service().refresh());
  const auto answer = service().issue(request, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(testing_openssl::verify_strictly(*answer, clock.now()), "");  // under the new key
}

TEST_F(Interception, AnExpiredCaInterceptsNoMore) {
  const Bytes der = upstream().der();
  ASSERT_TRUE(service().issue({"a", InterceptionUsage::tls_server, der}, {}));
  clock.advance(3651 * kDay);
  EXPECT_EQ(service().issue({"a", InterceptionUsage::tls_server, der}, {}).error().code, Errc::unavailable);
}

TEST_F(Interception, NeverForWhatTheCaExcludes) {
  add_ca({.more = {{x509::oids::kNameConstraints, true,
                    x509::encode_name_constraints({{}, {must(x509::GeneralName::dns_constraint("bank.example")),
                                                        must(x509::GeneralName::ip_constraint("10.0.0.0/8"))}})}}});
  Upstream from = upstream();
  from.subject = "CN=www.bank.example";
  from.dns = {"www.bank.example", "www.example.com"};
  from.ip = {"10.1.2.3", "192.0.2.1"};
  const auto answer = issue(from);
  EXPECT_TRUE(parsed(answer).subject().empty());
  const auto names = must(parsed(answer).subject_alt_names());
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(names[0].to_text(), "DNS:www.example.com");
  EXPECT_EQ(names[1].to_text(), "IP:192.0.2.1");
  EXPECT_EQ(testing_openssl::verify_strictly(answer, clock.now()), "");
  const auto refused = [&](const Upstream& with, std::string_view host) {
    const Bytes der = with.der();
    const auto result = service().issue({host, InterceptionUsage::tls_server, der}, {});
    return !result && result.error().code == Errc::policy;
  };
  from.dns = {"bank.example"};
  from.ip = {};
  EXPECT_TRUE(refused(from, "bank.example"));
  from.dns = {};  // an old client would believe the common name
  EXPECT_TRUE(refused(from, "www.bank.example"));
  EXPECT_EQ(service().issue({"bank.example", InterceptionUsage::tls_server, {}}, {}).error().code, Errc::policy);
  EXPECT_EQ(service().issue({"10.9.9.9", InterceptionUsage::tls_server, {}}, {}).error().code, Errc::policy);
  EXPECT_TRUE(service().issue({"other.example", InterceptionUsage::tls_server, {}}, {}));
}

TEST_F(Interception, NorForWhatACaAboveExcludesAndNotLonger) {
  const auto above = world.add_ca(
      {.id = "above",
       .profiles = {},
       .validity = 30 * kDay,
       .more = {{x509::oids::kNameConstraints, true,
                 x509::encode_name_constraints({{}, {must(x509::GeneralName::dns_constraint("bank.example"))}})}}});
  add_ca({.issuer_chain = {to_bytes(above->certificate().der())}});
  Upstream from = upstream();
  from.dns = {"www.bank.example", "www.example.com"};
  const auto answer = issue(from);
  const auto names = must(parsed(answer).subject_alt_names());
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].to_text(), "DNS:www.example.com");
  EXPECT_EQ(parsed(answer).not_after(), above->certificate().not_after());
  EXPECT_EQ(service().issue({"bank.example", InterceptionUsage::tls_server, {}}, {}).error().code, Errc::policy);
}

TEST_F(Interception, IsApprovedOnceAndAgainWhenSomethingChanges) {
  service();
  EXPECT_EQ(world.records("INTERCEPTION_APPROVED").size(), 1U);
  for (int i = 0; i < 10; ++i) issue(upstream());
  must(service().refresh());
  EXPECT_EQ(world.records("INTERCEPTION_APPROVED").size(), 1U);
  add_ca({});
  must(service().refresh());
  EXPECT_EQ(world.records("INTERCEPTION_APPROVED").size(), 2U);
}

TEST_F(Interception, ItsProfileIsNobodyElses) {
  const auto asked = world.registration.approve(World::request(World::admin(), "interception"));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Errc::not_found);
  EXPECT_EQ(world.registration.approve_interception("", "tls-server").error().code, Errc::not_found);
  EXPECT_EQ(world.registration.approve_interception("elsewhere", "interception").error().code, Errc::not_found);
}

TEST_F(Interception, SharesNoCaWithAnotherProfile) {
  add_ca({.profiles = {"interception", "tls-server"}});
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::policy);
  EXPECT_NE(refused.error().detail.find("tls-server"), std::string::npos);
}

TEST_F(Interception, WorksFromManyThreads) {
  open_log();
  service();
  const Bytes der = upstream().der();
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<Bytes> serials;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto answer = must(service().issue({"a.example", InterceptionUsage::tls_server, der}, {}));
        const std::lock_guard lock(mutex);
        serials.insert(to_bytes(parsed(answer).serial_number_content()));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(serials.size(), 400U);
}

}  // namespace interception_service_test
}  // namespace certwright::issuance
