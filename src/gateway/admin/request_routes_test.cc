// A request through the officers' routes, over a whole CA in memory.
#include "gateway/admin/request_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/checkpointer.h"
#include "crypto/digest.h"
#include "gateway/certs/testing_world.h"
#include "x509/oids.h"

namespace certwright::gateway::admin {
namespace {

using access::Role;
using certs::testing::must;
using certs::testing::World;
using ::testing::HasSubstr;

class RequestRoutes : public ::testing::Test {
 protected:
  RequestRoutes() {
    alice = world.add_account("default", {{Role::requester, "default", ""}});
    bob = world.add_account("default", {{Role::approver, "default", ""}});
    carol = world.add_account("default", {{Role::approver, "default", ""}});
    world.set_approval("issuing", {{.officers = 2}});
    web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    handler = must(web::WebHandler::create(
        {world.authenticator, world.clock, world.random, world.metrics, &world.journal},
        request_routes({.requests = world.requests, .issuance = world.issuance, .passwords = world.approval_passwords,
                        .selection = world.selection, .cas = world.cas, .store = world.store,
                        .checkpoint_key = must(audit::CheckpointKey::create("test", {}))}),
        std::move(options)));
    id = submit({"a.example", "b.example"});
  }

  std::string submit(const std::vector<std::string>& names, x509::Extensions extensions = {}, const char* profile = "tls-server") {
    registration::IssuanceRequest wanted;
    wanted.principal = must(world.directory.find_principal(alice.id));
    wanted.actor = {.principal = alice.id, .tenant = "default", .door = "portal", .remote = "192.0.2.1"};
    wanted.ca = "issuing";
    wanted.profile = profile;
    wanted.entity_id = names.front();
    std::vector<x509::GeneralName> alternatives;
    for (const auto& name : names) alternatives.push_back(must(x509::GeneralName::dns(name)));
    must(extensions.add({x509::oids::kSubjectAltName, false, x509::encode_subject_alt_name(alternatives)}));
    wanted.certification_request = must(pkcs10::parse_pem_or_der(
        as_bytes(World::csr_pem(must(x509::Name::from_text("CN=" + names.front())), extensions))));
    return must(world.requests.submit({.request = wanted, .purpose = "web"})).record.id;
  }
  int call(std::string method, const std::string& target, const std::string& token, std::string_view body = {}) {
    const auto response = handler->handle(web::testing::make_request(
        std::move(method), "/api/v1" + target, http::Headers{{"Authorization", "Bearer " + token}}, body));
    last = response.body.text().empty() ? json::Value() : must(json::parse(response.body.text()));
    return response.status;
  }
  std::string text(std::initializer_list<std::string_view> path) const {
    const json::Value* at = &last;
    for (const auto member : path)
      if (at != nullptr) at = at->find(member);
    return at != nullptr && at->if_string() != nullptr ? *at->if_string() : std::string();
  }
  std::string binding() { return to_hex((*must(world.requests.find(id))).binding); }
  int approve(const World::Account& officer, const std::string& seen, const std::string& more = "") {
    return call("POST", "/requests/" + id + "/approve", officer.token, R"({"binding":")" + seen + "\"" + more + "}");
  }

  World world;
  World::Account alice, bob, carol;
  std::unique_ptr<web::WebHandler> handler;
  json::Value last;
  std::string id;
};

TEST_F(RequestRoutes, ShowsWhatWasAskedBesideWhatWouldBeIssued) {
  ASSERT_EQ(approve(bob, binding(), R"(,"validity":"10d","remove_names":["DNS:b.example"],"comment":"shorter")"), 200)
      << json::write(last);
  EXPECT_EQ(text({"state"}), "pending");
  ASSERT_EQ(call("GET", "/requests/" + id, carol.token), 200);
  EXPECT_EQ(json::write(*last.find("asked")->find("names")), R"(["DNS:a.example","DNS:b.example"])");
  EXPECT_EQ(json::write(*last.find("would_be_issued")->find("names")), R"(["DNS:a.example"])");
  EXPECT_EQ(json::write(*last.find("difference")), R"({"validity_s":864000,"names_removed":["DNS:b.example"]})");
  EXPECT_EQ(text({"would_be_issued", "lint"}), "passed");
  EXPECT_THAT(text({"certification_request"}), HasSubstr("BEGIN CERTIFICATE REQUEST"));
  EXPECT_EQ(text({"purpose"}), "web");
}

TEST_F(RequestRoutes, APreviewShowsWhatAChangeWouldIssueAndStoresNothing) {
  const std::string changes = R"(,"validity":"10d","remove_names":["DNS:b.example"])";
  const auto before = binding();
  const auto preview = [&](const World::Account& who, const std::string& seen) {
    return call("POST", "/requests/" + id + "/preview", who.token, R"({"binding":")" + seen + "\"" + changes + "}");
  };
  ASSERT_EQ(preview(bob, before), 200) << json::write(last);
  EXPECT_EQ(json::write(*last.find("asked")->find("names")), R"(["DNS:a.example","DNS:b.example"])");
  EXPECT_EQ(json::write(*last.find("would_be_issued")->find("names")), R"(["DNS:a.example"])");
  EXPECT_EQ(json::write(*last.find("difference")), R"({"validity_s":864000,"names_removed":["DNS:b.example"]})");
  const auto shown = text({"binding"});
  EXPECT_NE(shown, before);
  EXPECT_EQ(binding(), before) << "nothing is stored";
  EXPECT_EQ(preview(alice, before), 403);
  EXPECT_EQ(preview(bob, std::string(64, '0')), 409);
  ASSERT_EQ(approve(bob, shown, changes), 200) << json::write(last);
  EXPECT_EQ(binding(), shown);
}

// All that is signed and that a request can bring in: rights, and what is copied.
TEST_F(RequestRoutes, ShowsTheRightsAndWhatIsCopied) {
  const Bytes evidence = {0x04, 0x03, 1, 2, 3};
  x509::Extensions asked;
  must(asked.add({der::Oid::of({2, 99999, 1, 0}), false, evidence}));
  must(asked.add({der::Oid::of({1, 2, 3, 4}), false, {0x05, 0x00}}));  // no profile copies it
  id = submit({"c.example"}, asked, "tls-server-client");
  ASSERT_EQ(call("GET", "/requests/" + id, bob.token), 200);
  EXPECT_EQ(text({"principal"}), alice.id);
  EXPECT_EQ(text({"principal_name"}), must(world.directory.find_principal(alice.id)).name);
  for (const char* member : {"asked", "would_be_issued"}) {
    const auto& view = *last.find(member);
    ASSERT_NE(view.find("key_usage"), nullptr) << json::write(view);
    EXPECT_EQ(json::write(*view.find("key_usage")), R"(["digitalSignature"])");
    EXPECT_EQ(json::write(*view.find("extended_key_usage")), R"(["serverAuth","clientAuth"])");
    EXPECT_EQ(view.find("basic_constraints"), nullptr) << "it is for no CA";
    EXPECT_EQ(json::write(*view.find("extensions")),
              R"([{"oid":"2.99999.1.0","critical":false,"size_octets":5,"sha256":")" + to_hex(crypto::sha256(evidence)) +
                  R"(","copied":true}])");
  }
}

TEST_F(RequestRoutes, TheLastApprovalIssues) {
  const auto seen = binding();
  ASSERT_EQ(approve(bob, seen), 200);
  EXPECT_EQ(approve(bob, seen), 409);
  ASSERT_EQ(approve(carol, seen), 200);
  EXPECT_EQ(text({"state"}), "issued");
  EXPECT_THAT(text({"certificate", "certificate"}), HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_EQ(approve(carol, seen), 409);
}

TEST_F(RequestRoutes, AnApprovalOfSomethingElseIsRefused) {
  const auto seen = binding();
  EXPECT_EQ(approve(bob, std::string(64, '0')), 409);
  EXPECT_EQ(text({"field"}), "binding");
  EXPECT_EQ(approve(bob, "x"), 422);
  ASSERT_EQ(approve(bob, seen, R"(,"remove_names":["DNS:b.example"])"), 200);
  EXPECT_EQ(approve(carol, seen), 409);
  EXPECT_EQ(approve(carol, binding()), 200);
  EXPECT_EQ(text({"state"}), "issued");
}

TEST_F(RequestRoutes, Denial) {
  EXPECT_EQ(call("POST", "/requests/" + id + "/deny", bob.token, "{}"), 422);
  EXPECT_EQ(call("POST", "/requests/" + id + "/deny", bob.token, R"({"reason":"not ours"})"), 200);
  EXPECT_EQ(text({"state"}), "denied");
  EXPECT_EQ(text({"reason"}), "not ours");
  EXPECT_EQ(call("POST", "/requests/" + id + "/withdraw", alice.token), 409);
}

TEST_F(RequestRoutes, Withdrawal) {
  EXPECT_EQ(call("POST", "/requests/" + id + "/withdraw", bob.token), 403);
  EXPECT_EQ(call("POST", "/requests/" + id + "/withdraw", alice.token, R"({"reason":"mistake"})"), 200);
  EXPECT_EQ(text({"state"}), "withdrawn");
}

TEST_F(RequestRoutes, ListsPages) {
  for (const char* name : {"c.example", "d.example"}) {
    world.clock.advance(Seconds(1));
    submit({name});
  }
  ASSERT_EQ(call("GET", "/requests?state=pending&limit=2", bob.token), 200);
  EXPECT_EQ(last.find("requests")->if_array()->size(), 2U);
  const std::string cursor = text({"next_cursor"});
  ASSERT_EQ(call("GET", "/requests?state=pending&limit=2&cursor=" + cursor, bob.token), 200);
  EXPECT_EQ(last.find("requests")->if_array()->size(), 1U);
  EXPECT_EQ(last.find("next_cursor"), nullptr);
  EXPECT_EQ(call("GET", "/requests?state=lost", bob.token), 400);
  EXPECT_EQ(call("GET", "/requests?limit=0", bob.token), 422);
  ASSERT_EQ(call("GET", "/requests?tenant=acme", bob.token), 200);
  EXPECT_TRUE(last.find("requests")->if_array()->empty());
}

TEST_F(RequestRoutes, TheCaseFileHasEveryStep) {
  const auto seen = binding();
  approve(bob, seen);
  world.clock.advance(std::chrono::hours(30));
  approve(carol, seen);
  store::NotificationRecord told;
  told.channel = store::NotificationChannel::email;
  told.recipient = bob.id;
  told.tenant = "default";
  told.event = "request_pending";
  told.subject = id;
  told.deduplication_key = "once";
  told.created_at = told.next_attempt_at = world.clock.now();
  must(world.store.apply({store::EnqueueNotification{told}}));
  // Who may not read the audit log sees what happened, and no addresses of officers.
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", alice.token), 200) << json::write(last);
  ASSERT_EQ(last.find("records")->if_array()->size(), 7U);
  ASSERT_EQ(last.find("notifications")->if_array()->size(), 1U);
  EXPECT_EQ(last.find("notifications")->if_array()->front().find("recipient"), nullptr);
  for (const auto& each : *last.find("records")->if_array()) {
    EXPECT_NE(each.find("event"), nullptr);
    EXPECT_EQ(each.find("record"), nullptr);
    EXPECT_EQ(each.find("proof"), nullptr);
  }
  const auto auditor = world.add_account("default", {{Role::auditor, "*", ""}});
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", auditor.token), 200) << json::write(last);
  const auto& notified = last.find("notifications")->if_array()->front();
  EXPECT_EQ(*notified.find("recipient")->if_string(), bob.id);
  EXPECT_EQ(*notified.find("event")->if_string(), "request_pending");
  EXPECT_EQ(*notified.find("channel")->if_string(), "email");
  EXPECT_EQ(*notified.find("state")->if_string(), "waiting");
  std::vector<std::string> events;
  for (const auto& each : *last.find("records")->if_array())
    events.push_back(*each.find("record")->find("event")->if_string());
  EXPECT_THAT(events, ::testing::ElementsAre("REQUEST_RECEIVED", "REQUEST_PENDING", "APPROVAL_GIVEN", "APPROVAL_GIVEN",
                                             "REQUEST_APPROVED", "CERTIFICATE_ISSUED", "REQUEST_ISSUED"));
  EXPECT_EQ(*last.find("complete"), json::Value(true));
  EXPECT_THAT(text({"request", "certificate", "certificate"}), HasSubstr("BEGIN CERTIFICATE"));
}

// However much else is recorded while it waits, and after it.
TEST_F(RequestRoutes, TheCaseFileIsCompleteInABusyLog) {
  constexpr std::size_t kUnrelated = 100'001, kAtOnce = 10'000;
  const auto seen = binding();
  approve(bob, seen);
  world.clock.advance(std::chrono::hours(30));
  for (std::size_t done = 0; done < kUnrelated; done += kAtOnce) {
    const store::Transaction unrelated(kAtOnce, world.journal.leaf({audit::EventType::crl_issued, {}, {{"ca", "issuing"}}}));
    must(world.store.apply(unrelated));
  }
  approve(carol, seen);
  // Of another request, and nobody's: neither is in this file.
  submit({"other.example"});
  const auto dave = world.add_account("default", {{Role::requester, "default", ""}});
  EXPECT_EQ(call("GET", "/requests/" + std::string(32, '0'), dave.token), 404);
  world.clock.advance(std::chrono::hours(30));
  EXPECT_EQ(call("GET", "/requests/" + id, dave.token), 404);
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", alice.token), 200) << json::write(last);
  std::vector<std::string> events;
  for (const auto& each : *last.find("records")->if_array()) events.push_back(*each.find("event")->if_string());
  EXPECT_THAT(events, ::testing::ElementsAre("REQUEST_RECEIVED", "REQUEST_PENDING", "APPROVAL_GIVEN", "APPROVAL_GIVEN",
                                             "REQUEST_APPROVED", "CERTIFICATE_ISSUED", "REQUEST_ISSUED", "ACCESS_DENIED"));
  EXPECT_EQ(*last.find("complete"), json::Value(true));
}

TEST_F(RequestRoutes, ACaseFileThatHasNoEndSaysSo) {
  const auto refused = world.journal.leaf({audit::EventType::decision_refused, {}, {{"request", id}}});
  must(world.store.apply(store::Transaction(9'998, refused)));
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", alice.token), 200);
  EXPECT_EQ(last.find("records")->if_array()->size(), 10'000U);
  EXPECT_EQ(*last.find("complete"), json::Value(true));
  EXPECT_EQ(*last.find("truncated"), json::Value(false));
  must(world.store.apply({refused}));
  ASSERT_EQ(call("POST", "/requests/" + id + "/deny", bob.token, R"({"reason":"not ours"})"), 200) << json::write(last);
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", alice.token), 200);
  const auto& records = *last.find("records")->if_array();
  EXPECT_EQ(records.size(), 10'000U);
  EXPECT_EQ(*records.front().find("event"), json::Value("REQUEST_RECEIVED"));
  EXPECT_EQ(*records.back().find("event"), json::Value("REQUEST_DENIED"));
  EXPECT_EQ(*last.find("complete"), json::Value(false));
  EXPECT_EQ(*last.find("truncated"), json::Value(true));
  EXPECT_EQ(*last.find("left_out"), json::Value(json::Object{}));
}

// Whoever asks again and again does not push out what was decided.
TEST_F(RequestRoutes, RepeatsAreCountedAndTheDecisionIsThere) {
  const auto repeated = world.journal.leaf({audit::EventType::request_repeated, {}, {{"request", id}}});
  const auto denied = world.journal.leaf({audit::EventType::access_denied, {}, {{"action", "request.read"}, {"object", id}}});
  must(world.store.apply(store::Transaction(100, repeated)));
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", alice.token), 200);
  EXPECT_EQ(*last.find("complete"), json::Value(true));
  EXPECT_EQ(*last.find("left_out"), json::Value(json::Object{}));
  must(world.store.apply(store::Transaction(10'000, repeated)));
  must(world.store.apply(store::Transaction(103, denied)));
  const auto seen = binding();
  approve(bob, seen);
  approve(carol, seen);
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", alice.token), 200);
  const auto& records = *last.find("records")->if_array();
  EXPECT_EQ(records.size(), 207U);
  EXPECT_EQ(*records.back().find("event"), json::Value("REQUEST_ISSUED"));
  EXPECT_EQ(*last.find("complete"), json::Value(false));
  EXPECT_EQ(json::write(*last.find("left_out")), R"({"ACCESS_DENIED":3,"REQUEST_REPEATED":10000})");
  EXPECT_EQ(*last.find("truncated"), json::Value(false)) << "what is missing is counted";
}

TEST_F(RequestRoutes, BehindMoreRepeatsThanAreReadTheDecisionIsThereToo) {
  const auto repeated = world.journal.leaf({audit::EventType::request_repeated, {}, {{"request", id}}});
  for (int i = 0; i < 21; ++i) must(world.store.apply(store::Transaction(10'000, repeated)));
  const auto seen = binding();
  approve(bob, seen);
  approve(carol, seen);
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", alice.token), 200);
  const auto& records = *last.find("records")->if_array();
  EXPECT_EQ(records.size(), 107U);
  EXPECT_EQ(*records.front().find("event"), json::Value("REQUEST_RECEIVED"));
  EXPECT_EQ(*records.back().find("event"), json::Value("REQUEST_ISSUED"));
  EXPECT_EQ(*last.find("complete"), json::Value(false));
  EXPECT_EQ(*last.find("truncated"), json::Value(true));
}

// Nothing would be issued of a decided request any more: what was checked is in the records of its steps.
TEST_F(RequestRoutes, TheCaseFileHasWhatWasChecked) {
  const auto results_of = [&](std::string_view event) {
    std::string all;
    for (const auto& each : *last.find("checks")->if_array())
      if (*each.find("event") == json::Value(std::string(event))) all += json::write(*each.find("results"));
    return all;
  };
  const auto seen = binding();
  approve(bob, seen);
  approve(carol, seen);
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", alice.token), 200);
  ASSERT_EQ(text({"request", "state"}), "issued");
  for (const char* step : {"REQUEST_RECEIVED", "REQUEST_APPROVED"}) {
    const auto results = results_of(step);
    EXPECT_THAT(results, HasSubstr("\"self-signature: verified (ecdsa-sha256)\",\"key: ecdsa-p256, ")) << step;
    EXPECT_THAT(results, HasSubstr("lint: no findings by ")) << step;
  }
  const auto denied = submit({"other.example"});
  ASSERT_EQ(call("POST", "/requests/" + denied + "/deny", bob.token, R"({"reason":"not ours"})"), 200) << json::write(last);
  ASSERT_EQ(call("GET", "/requests/" + denied + "/case", alice.token), 200);
  EXPECT_THAT(results_of("REQUEST_DENIED"), HasSubstr("lint: no findings by "));
}

// Records are cut; the case file has the whole of what their digest is of.
TEST_F(RequestRoutes, TheDigestInTheRecordIsThatOfTheDifference) {
  ASSERT_EQ(approve(bob, binding(), R"(,"validity":"10d","remove_names":["DNS:b.example"])"), 200);
  const auto auditor = world.add_account("default", {{Role::auditor, "*", ""}});
  ASSERT_EQ(call("GET", "/requests/" + id + "/case", auditor.token), 200) << json::write(last);
  const auto digest = to_hex(crypto::sha256(as_bytes(json::write(*last.find("request")->find("difference")))));
  std::size_t found = 0;
  for (const auto& each : *last.find("records")->if_array()) {
    const auto& record = *each.find("record");
    const auto event = *record.find("event")->if_string();
    if (event != "APPROVAL_GIVEN" && event != "REQUEST_CHANGED") continue;
    ++found;
    ASSERT_NE(record.find("fields")->find("changes_sha256"), nullptr);
    EXPECT_EQ(json::write(*record.find("fields")->find("changes_sha256")), '"' + digest + '"');
    EXPECT_EQ(json::write(*record.find("fields")->find("names_removed")), "\"1\"");
  }
  EXPECT_EQ(found, 2U);
}

TEST_F(RequestRoutes, PasswordAndSelectionAreSet) {
  EXPECT_EQ(call("PUT", "/cas/issuing/approval-password", world.admin, R"({"password":"short"})"), 422);
  EXPECT_EQ(call("PUT", "/cas/issuing/approval-password", world.admin, R"({"password":"correct horse battery"})"), 204);
  EXPECT_TRUE(must(world.approval_passwords.is_set("issuing")));
  EXPECT_EQ(call("DELETE", "/cas/issuing/approval-password", world.admin), 204);
  EXPECT_FALSE(must(world.approval_passwords.is_set("issuing")));
  EXPECT_EQ(call("PUT", "/tenants/default/selection", world.admin, R"({"rules":[{"ca":"issuing","purposes":["web"]}]})"), 200);
  EXPECT_EQ(call("GET", "/tenants/default/selection", world.admin), 200);
  EXPECT_EQ(last.find("rules")->if_array()->size(), 1U);
  EXPECT_EQ(call("PUT", "/tenants/default/selection", world.admin, R"({"rules":[{"ca":"isuing"}]})"), 422);
  EXPECT_EQ(text({"field"}), "rules[0].ca");
  EXPECT_EQ(call("PUT", "/tenants/none/selection", world.admin, "{}"), 404);
}

}  // namespace
}  // namespace certwright::gateway::admin
