#include "daemon/request_notices.h"

#include "notification/testing_world.h"
#include "registration/request_content.h"
#include "registration/testing_world.h"

namespace certwright::daemon {
namespace {

using notification::fact;
using notification::fixture::World;
using registration::testing::must;
using store::RequestRecord;
using store::RequestState;
using Names = std::vector<std::string>;

class RequestNoticesTest : public testing::Test {
 protected:
  RequestNoticesTest() {
    world_.webhook("hook", "default");
    const auto name = [](const char* text) { return must(x509::GeneralName::dns(text)); };
    pending_.id = "r1";
    pending_.revision = 1;
    pending_.state = RequestState::pending;
    pending_.tenant = "default";
    pending_.ca = "issuing";
    pending_.profile = "tls-server";
    pending_.principal = "requester";
    pending_.subject = "CN=www.example.org";
    pending_.approvals_needed = 1;
    pending_.changed_at = world_.clock.now();
    pending_.certification_request = registration::testing::csr_der(
        registration::testing::new_key(), "CN=www.example.org", {name("www.example.org"), name("b.example.org")});
    registration::RequestContent content;
    content.names = {name("c.example.org")};
    content.purpose = "a web server";
    pending_.content = registration::write_request_content(content);
  }
  // What the step puts into its transaction.
  std::vector<store::NotificationRecord> step(const RequestRecord* before, const RequestRecord& after,
                                              const std::string& by, std::vector<audit::Event> events = {}) {
    const audit::Actor actor{.principal = by, .tenant = "default", .door = "test", .remote = ""};
    store::Transaction transaction;
    must(notices_.accompany({before, after, actor, events}, transaction));
    std::vector<store::NotificationRecord> told;
    for (const auto& command : transaction) told.push_back(std::get<store::EnqueueNotification>(command).notification);
    world_.apply(transaction);
    return told;
  }
  static Names recipients(const std::vector<store::NotificationRecord>& told) {
    Names all;
    for (const auto& n : told) all.push_back(n.recipient);
    std::ranges::sort(all);
    return all;
  }
  static std::string said(const std::vector<store::NotificationRecord>& told, std::string_view name) {
    return std::string(fact(must(notification::read_facts(told.at(0).facts)), name));
  }
  RequestRecord approved(const std::string& by) const {
    auto record = pending_;
    record.state = RequestState::approved;
    record.decided_by = by;
    return record;
  }
  RequestRecord issued(const RequestRecord& approved) {
    auto record = approved;
    record.state = RequestState::issued;
    record.certificate = store::contract::id_of(1);
    world_.apply({store::ReserveSerial{store::contract::reservation(1), {}}});
    return record;
  }

  World world_;
  const notification::Outbox outbox_{world_.store, world_.clock, {.mail = false, .portal_url = "https://ca.example.org"}};
  RequestNotices notices_{world_.store, outbox_, world_.clock};
  RequestRecord pending_;
};

TEST_F(RequestNoticesTest, APendingOneSaysWhatIsAskedForAndWhatFor) {
  const auto told = step(nullptr, pending_, "requester");
  EXPECT_EQ(recipients(told), (Names{"hook", "officer", "second"}));
  EXPECT_EQ(said(told, "common_name"), "www.example.org");
  EXPECT_EQ(said(told, "names"), "DNS:www.example.org, DNS:b.example.org, DNS:c.example.org");
  EXPECT_EQ(said(told, "reason"), "a web server");
  EXPECT_EQ(said(told, "requester"), "Name of requester");
}

TEST_F(RequestNoticesTest, WhereTwoMustApproveEnoughAreTold) {
  pending_.approvals_needed = 3;
  EXPECT_EQ(recipients(step(nullptr, pending_, "requester")), (Names{"admin", "hook", "officer", "root", "second"}));
}

TEST_F(RequestNoticesTest, AnApprovalAndItsCertificateAreOneNotice) {
  auto decided = approved("officer");
  decided.changes = registration::write_request_changes({.validity = {}, .names_removed = {"DNS:b.example.org"}});
  EXPECT_EQ(recipients(step(&pending_, decided, "officer")), Names{"hook"});
  const auto told = step(&decided, issued(decided), "officer");
  EXPECT_EQ(recipients(told), (Names{"hook", "requester"}));
  EXPECT_EQ(said(told, "names"), "DNS:www.example.org, DNS:c.example.org");
  EXPECT_EQ(said(told, "changes"), "without DNS:b.example.org");
  EXPECT_EQ(said(told, "decided_by"), "Name of officer");
  EXPECT_EQ(said(told, "serial"), store::contract::serial_of(1).decimal());
  EXPECT_EQ(said(told, "not_after"), to_rfc3339(store::contract::reservation(1).not_after));
}

TEST_F(RequestNoticesTest, WhoWaitsForTheAnswerIsNotToldItAgain) {
  const auto at_once = approved("");
  EXPECT_EQ(recipients(step(nullptr, at_once, "requester")), Names{});
  EXPECT_EQ(recipients(step(&at_once, issued(at_once), "requester")), Names{"hook"});
}

TEST_F(RequestNoticesTest, WhatIsIssuedLaterByOthersIsTold) {
  const auto at_once = approved("");
  EXPECT_EQ(recipients(step(&at_once, issued(at_once), "system")), (Names{"hook", "requester"}));
}

TEST_F(RequestNoticesTest, ADenialSaysWhy) {
  auto denied = pending_;
  denied.state = RequestState::denied;
  denied.decided_by = "officer";
  denied.reason = "not ours";
  const auto told = step(&pending_, denied, "officer");
  EXPECT_EQ(recipients(told), (Names{"hook", "requester"}));
  EXPECT_EQ(said(told, "reason"), "not ours");
}

// Each lock is told, though the request that they were tried at has not changed.
TEST_F(RequestNoticesTest, EachLockOfAnApprovalPasswordIsTold) {
  const audit::Event locked{audit::EventType::approval_password_locked,
                            {.principal = "requester", .tenant = "default", .door = "test", .remote = ""},
                            {{"ca", "issuing"}, {"count", "5"}}};
  const auto count = [&] { return world_.store.notifications().in_product("officer", 0, 10).value().size(); };
  const auto first = step(&pending_, pending_, "requester", {locked});
  EXPECT_EQ(said(first, "count"), "5");
  EXPECT_EQ(count(), 1U);
  world_.clock.advance(Seconds(900));
  step(&pending_, pending_, "requester", {locked});
  EXPECT_EQ(count(), 2U);
}

}  // namespace
}  // namespace certwright::daemon
