// Submissions that find nothing when they look, and something when they are stored.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include "registration/desk_fixture.h"
#include "registration/request_digest.h"
#include "store/testing_forwarding_store.h"

namespace certwright::registration {
namespace {

using store::RequestState;
using testing::DeskWorld;
using testing::must;
using testing::told;

// Something happens when a request was looked for and is about to be stored.
class MeanwhileStore final : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<void> apply(const store::Transaction& transaction) override {
    const bool stores_request = std::ranges::any_of(
        transaction, [](const auto& command) { return std::holds_alternative<store::PutRequest>(command); });
    if (stores_request && meanwhile) std::exchange(meanwhile, {})();
    const bool stores_refused = std::ranges::any_of(transaction, [&](const auto& command) {
      const auto* put = std::get_if<store::PutRequest>(&command);
      return put != nullptr && put->request.id == refused;
    });
    if (stores_refused) return fail(Errc::internal, "that one cannot be stored");
    return to().apply(transaction);
  }
  std::function<void()> meanwhile;
  std::string refused;  // the request that cannot be stored, for as long as this is set
};

class DeskMeanwhile : public ::testing::Test {
 protected:
  DeskMeanwhile() { world.add_ca({.id = "issuing", .approval = {{}}}); }

  RequestDesk::Submission keyed(const std::string& name) {
    auto submission = world.submission(alice, {name});
    submission.request.idempotency_key = "k";
    return submission;
  }
  std::vector<store::OpenRequest> open() { return must(memory.open_requests_of("alice", 10)); }

  // As another door does that needs nobody's approval: the key stands for this certificate from then on.
  store::Transaction certificate_for_key(const store::Sha256& digest) {
    constexpr store::CertificateId kId = 0x0190'0000'0000'0001;
    const auto serial = x509::SerialNumber::from_id(kId, {1, 2, 3, 4, 5, 6, 7, 8});
    const store::CertificateRecord record{.id = kId, .serial = serial, .ca = "issuing", .lineage = kId,
                                          .tenant = "default", .entity_type = "", .entity_id = "",
                                          .principal = "alice", .profile = "tls-server", .profile_version = 1,
                                          .subject = "", .names = {}, .subject_public_key_sha256 = {},
                                          .not_before = clock.now(), .not_after = clock.now() + testing::kDay,
                                          .issued_at = clock.now(), .crl_shard = 0,
                                          .record_level = store::RecordLevel::full,
                                          .key_origin = store::KeyOrigin::certification_request, .der = {1}};
    return {store::ReserveSerial{{.id = kId, .serial = serial, .ca = "issuing", .profile = "tls-server",
                                  .principal = "alice", .tbs_sha256 = {}, .reserved_at = clock.now(),
                                  .not_after = record.not_after},
                                 store::IdempotencyRecord{"alice", "k", digest, kId, clock.now()}},
            store::RecordCertificate{record, 0, {}}};
  }

  ManualClock clock{from_unix_s(testing::kStart_s)};
  store::MemoryStore memory;
  MeanwhileStore store{memory};
  DeskWorld world{store, clock};
  access::Principal alice = world.person("alice", {{access::Role::requester, "default", ""}});
};

TEST_F(DeskMeanwhile, OfTwoRequestsWithOneKeyOneIsQueued) {
  std::string first;
  store.meanwhile = [&] { first = told(world.desk.submit(keyed("a.example"))); };
  EXPECT_EQ(told(world.desk.submit(keyed("b.example"))), "conflict idempotency_key");
  EXPECT_EQ(first, "ok");
  ASSERT_EQ(open().size(), 1U);
  EXPECT_EQ(must(memory.find_request(open().front().id))->subject, "CN=a.example");
  EXPECT_EQ(told(world.desk.submit(keyed("b.example"))), "conflict idempotency_key") << "the same, later";
}

TEST_F(DeskMeanwhile, TheSameRequestTwiceIsOne) {
  const auto request = keyed("a.example").request;
  std::string first;
  store.meanwhile = [&] { first = must(world.desk.submit({.request = request})).record.id; };
  const auto second = must(world.desk.submit({.request = request}));
  EXPECT_TRUE(second.coalesced);
  EXPECT_EQ(second.record.id, first);
  EXPECT_EQ(open().size(), 1U);
}

// For the same key and names, but signed anew: to an idempotency key that is another request.
TEST_F(DeskMeanwhile, AnEqualRequestIsAnsweredAsItWouldBeLater) {
  const auto key = testing::new_key();
  const auto names = std::vector{must(x509::GeneralName::dns("a.example"))};
  const auto signed_anew = [&] {
    auto request = DeskWorld::csr_request(alice, testing::csr_der(key, "CN=a.example", names));
    request.ca = "issuing";
    request.idempotency_key = "k";
    return request;
  };
  std::string first;
  store.meanwhile = [&] { first = told(world.desk.submit({.request = signed_anew()})); };
  EXPECT_EQ(told(world.desk.submit({.request = signed_anew()})), "conflict idempotency_key");
  EXPECT_EQ(first, "ok");
  EXPECT_EQ(told(world.desk.submit({.request = signed_anew()})), "conflict idempotency_key") << "the same, later";
  EXPECT_EQ(open().size(), 1U);
}

TEST_F(DeskMeanwhile, AKeyThatACertificateTookIsNobodyElses) {
  store.meanwhile = [&] { must(memory.apply(certificate_for_key({}))); };
  EXPECT_EQ(told(world.desk.submit(keyed("a.example"))), "conflict idempotency_key");
  EXPECT_TRUE(open().empty());
}

TEST_F(DeskMeanwhile, WhatWasIssuedIsTheAnswerWhereAskingAgainGivesIt) {
  const auto request = keyed("a.example").request;
  store.meanwhile = [&] {
    auto issued = must(world.desk.submit({.request = request, .asks_again = true})).record;
    auto transaction = certificate_for_key(request_digest(request));
    std::get<store::ReserveSerial>(transaction.front()).request = issued.id;
    issued.state = RequestState::issued;
    issued.certificate = 0x0190'0000'0000'0001;
    ++issued.revision;
    transaction.push_back(store::PutRequest{issued});
    must(memory.apply(transaction));
  };
  const auto second = must(world.desk.submit({.request = request, .asks_again = true}));
  EXPECT_TRUE(second.coalesced);
  EXPECT_EQ(second.record.state, RequestState::issued);
  EXPECT_TRUE(open().empty());
}

// Two officers look at once, and the profile has a new version: the first to look makes the request wait under it.
TEST_F(DeskMeanwhile, APreviewThatLosesARaceLooksAgain) {
  const auto bob = world.person("bob", {{access::Role::approver, "default", ""}});
  const auto pending = must(world.desk.submit(keyed("a.example"))).record;
  const auto actor = DeskWorld::actor_of(bob);
  const auto preview = [&] {
    return told(world.desk.preview({.id = pending.id, .officer = bob, .actor = actor, .binding = pending.binding}));
  };
  world.publish_again("tls-server");
  std::string first;
  store.meanwhile = [&] { first = preview(); };
  EXPECT_EQ(preview(), "conflict binding");
  EXPECT_EQ(first, "conflict binding");
}

// What cannot be done for one of them is said, and done for the others.
TEST_F(DeskMeanwhile, UpkeepGoesOnBehindWhatFails) {
  world.add_ca({.id = "two", .approval = {{.officers = 2}}});
  const auto first = must(world.submit(alice, {"a.example"}, "two")).record;
  clock.advance(Seconds(1));
  const auto second = must(world.submit(alice, {"b.example"}, "two")).record;
  store.refused = first.id;
  world.add_ca({.id = "two"});
  EXPECT_EQ(told(world.desk.settle_waiting({})), "internal ");
  EXPECT_EQ(world.state(second.id), RequestState::approved);

  world.add_ca({.id = "two", .approval = {{.officers = 2}}});
  const auto third = must(world.submit(alice, {"c.example"}, "two")).record;
  clock.advance(Seconds(8 * 86'400));
  EXPECT_EQ(told(world.desk.expire_overdue({})), "internal ");
  EXPECT_EQ(world.state(third.id), RequestState::expired);
  EXPECT_EQ(world.state(first.id), RequestState::pending);
}

// The request names no CA, and another one serves it by now: the key says that it is the same still. The
// password of the other CA approves nothing at the first.
TEST_F(DeskMeanwhile, AKeyHoldsWhereTheCaChanges) {
  world.add_ca({.id = "later", .approval = {{.password = true}}});
  must(world.passwords.set("later", SecretBytes::copy_of(as_bytes("correct horse battery")), {}));
  auto request = keyed("a.example").request;
  request.ca.clear();
  const auto first = must(world.desk.submit({.request = request})).record;
  ASSERT_EQ(first.ca, "issuing");
  world.add_ca({.id = "issuing", .state = store::CaState::retired, .approval = {{}}});
  const auto second = must(world.desk.submit(
      {.request = request, .approval_password = SecretBytes::copy_of(as_bytes("correct horse battery"))}));
  EXPECT_TRUE(second.coalesced);
  EXPECT_EQ(second.record.id, first.id);
  EXPECT_EQ(second.record.state, RequestState::pending);
  EXPECT_EQ(open().size(), 1U);
}

}  // namespace
}  // namespace certwright::registration
