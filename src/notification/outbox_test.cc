#include "notification/outbox.h"

#include "notification/template.h"
#include "notification/testing_world.h"

namespace certwright::notification {
namespace {

using fixture::World;
using Names = std::vector<std::string>;

class OutboxTest : public testing::Test {
 protected:
  static RequestNotice notice(std::string requester = "requester") {
    RequestNotice n;
    n.request = "r1";
    n.tenant = "default";
    n.ca = "issuing";
    n.profile = "tls-server";
    n.common_name = "www.example.org";
    n.names = {"www.example.org", "example.org"};
    n.requester = std::move(requester);
    n.requester_name = "Alice";
    return n;
  }
  static std::string facts(const Result<store::Transaction>& transaction) {
    return std::get<store::EnqueueNotification>(transaction->at(0)).notification.facts;
  }

  World world_;
  const Outbox outbox_{world_.store, world_.clock, {.mail = true, .portal_url = "https://ca.example.org"}};
};

TEST_F(OutboxTest, APendingRequestGoesToTheOfficersOfItsTenantAndCa) {
  world_.person("of-the-ca", "approver", "default", "issuing");
  world_.person("of-another-ca", "approver", "default", "elsewhere");
  world_.person("disabled", "approver", "default", "", true);
  const auto told = outbox_.request_pending(notice());
  EXPECT_EQ(World::recipients(told), (Names{"email:of-the-ca", "email:officer", "email:second", "in_product:of-the-ca",
                                            "in_product:officer", "in_product:second"}));
  const auto& first = std::get<store::EnqueueNotification>(told->at(0)).notification;
  EXPECT_EQ(first.event, "request_pending");
  EXPECT_EQ(first.subject, "r1");
  EXPECT_EQ(first.tenant, "default");
  EXPECT_EQ(first.created_at, world_.clock.now());
  const auto read = read_facts(first.facts);
  EXPECT_EQ(fact(*read, "names"), "www.example.org, example.org");
  EXPECT_EQ(fact(*read, "requester"), "Alice");
  EXPECT_EQ(fact(*read, "requester_id"), "requester");  // names of accounts are not unique
  const auto mail = render(default_template(EventKind::request_pending), *read);
  EXPECT_NE(mail.text.find("Requested by: Alice\nAccount id: requester\n"), std::string::npos) << mail.text;
  EXPECT_EQ(fact(*read, "link"), "https://ca.example.org/approvals/r1");
}

// A tenant's administrator makes as many approvers as it likes, with any ids.
TEST_F(OutboxTest, TheOfficersOfATenantTakeNoPlacesFromThoseOfTheInstallation) {
  for (int i = 0; i < 150; ++i) world_.person("a" + std::to_string(1000 + i), "approver", "default");
  const auto told = World::recipients(outbox_.request_pending(notice()));
  EXPECT_EQ(std::ranges::count(told, "in_product:second"), 1);
  EXPECT_EQ(told.size(), 2 * (1 + kMostRecipients));
}

TEST_F(OutboxTest, WhereThePolicyNamesOfficersTheyAreTold) {
  auto named = notice("requester");
  named.deciders.named = {"admin", "requester", "nobody"};
  EXPECT_EQ(World::recipients(outbox_.request_pending(named)), (Names{"email:admin", "in_product:admin"}));
}

// Those of the tenant do not count there, so they are no reason to leave the administrators out.
TEST_F(OutboxTest, WhereOfficersOfTheInstallationAreWantedTheyAreTold) {
  auto wanted = notice();
  wanted.deciders.of_installation = true;
  EXPECT_EQ(World::recipients(outbox_.request_pending(wanted)), (Names{"email:second", "in_product:second"}));
  world_.apply({store::RemoveRoleBinding{{"second", "approver", "*", ""}}});
  EXPECT_EQ(World::recipients(outbox_.request_pending(wanted)), (Names{"email:root", "in_product:root"}));
}

TEST_F(OutboxTest, WhoDoesNotCountIsNotTold) {
  auto some = notice();
  some.deciders.counts = [](std::string_view id) -> Result<bool> { return id == "second" || id == "admin"; };
  EXPECT_EQ(World::recipients(outbox_.request_pending(some)), (Names{"email:second", "in_product:second"}));
  some.approvals_needed = 2;
  EXPECT_EQ(World::recipients(outbox_.request_pending(some)),
            (Names{"email:admin", "email:second", "in_product:admin", "in_product:second"}));
  some.deciders.counts = [](std::string_view) -> Result<bool> { return fail(Errc::unavailable, "the store is away"); };
  EXPECT_EQ(outbox_.request_pending(some).error().code, Errc::unavailable);
}

TEST_F(OutboxTest, TheRequesterIsNotAskedToDecide) {
  EXPECT_EQ(World::recipients(outbox_.request_pending(notice("officer"))), (Names{"email:second", "in_product:second"}));
}

TEST_F(OutboxTest, WithoutOfficersTheAdministratorsAreTold) {
  world_.apply({store::RemoveRoleBinding{{"officer", "approver", "default", ""}},
                store::RemoveRoleBinding{{"second", "approver", "*", ""}}});
  EXPECT_EQ(World::recipients(outbox_.request_pending(notice())),
            (Names{"email:admin", "email:root", "in_product:admin", "in_product:root"}));
  world_.apply({store::RemoveRoleBinding{{"root", "admin", "*", ""}}});
  EXPECT_EQ(World::recipients(outbox_.request_pending(notice("admin"))), Names{});
}

TEST_F(OutboxTest, WhereOfficersAreFewAdministratorsAreToldToo) {
  auto two = notice();
  two.approvals_needed = 2;
  EXPECT_EQ(World::recipients(outbox_.request_pending(two)).size(), 4U);  // the two officers
  auto three = notice("admin");
  three.approvals_needed = 3;
  EXPECT_EQ(World::recipients(outbox_.request_pending(three)),
            (Names{"email:officer", "email:root", "email:second", "in_product:officer", "in_product:root", "in_product:second"}));
}

TEST_F(OutboxTest, WithoutARequesterOnlyWebhooksAreTold) {
  world_.webhook("w1", "default");
  EXPECT_EQ(World::recipients(outbox_.request_issued(notice(""))), Names{"webhook:w1"});
}

TEST_F(OutboxTest, DecisionsGoToTheRequester) {
  const Names requester{"email:requester", "in_product:requester"};
  EXPECT_EQ(World::recipients(outbox_.request_approved(notice())), requester);
  EXPECT_EQ(World::recipients(outbox_.request_denied(notice())), requester);
  EXPECT_EQ(World::recipients(outbox_.request_issued(notice())), requester);
  EXPECT_EQ(World::recipients(outbox_.request_closed(notice())), requester);
  EXPECT_EQ(World::recipients(outbox_.request_issued(notice("nobody"))), Names{});
}

// Whoever is told can do there what they are told for.
TEST_F(OutboxTest, OfficersAreLedToTheDecisionRequestersToTheirRequest) {
  const std::string base = "https://ca.example.org/", id = notice().request;
  EXPECT_EQ(fact(*read_facts(facts(outbox_.request_pending(notice()))), "link"), base + "approvals/" + id);
  EXPECT_EQ(fact(*read_facts(facts(outbox_.request_denied(notice()))), "link"), base + "requests/" + id);
}

TEST_F(OutboxTest, WebhooksOfTheTenantAndOfAllHearWhatTheyAskedFor) {
  world_.webhook("w-all", "default");
  world_.webhook("w-denied", "default", {"request_denied"});
  world_.webhook("w-other", "other");
  world_.webhook("w-everywhere", "*", {"request_denied", "ca_expiring"});
  EXPECT_EQ(World::recipients(outbox_.request_denied(notice())),
            (Names{"email:requester", "in_product:requester", "webhook:w-all", "webhook:w-denied", "webhook:w-everywhere"}));
  EXPECT_EQ(World::recipients(outbox_.request_approved(notice())),
            (Names{"email:requester", "in_product:requester", "webhook:w-all"}));
  store::CaRecord ca;
  ca.id = "issuing";
  EXPECT_EQ(World::recipients(outbox_.ca_expiring(ca, "CN=x", {}, 30)),
            (Names{"email:root", "in_product:root", "webhook:w-everywhere"}));
}

TEST_F(OutboxTest, WebhooksOfADisabledTenantHearNothing) {
  world_.webhook("w-tenant", "default");
  world_.webhook("w-everywhere", "*");
  world_.apply({store::PutTenant{{"default", "", true, {}}}});
  EXPECT_EQ(World::recipients(outbox_.request_denied(notice())), Names{"webhook:w-everywhere"});
}

TEST_F(OutboxTest, ToldTwiceIsToldOnce) {
  for (int i = 0; i < 2; ++i) world_.apply(*outbox_.request_denied(notice()));
  EXPECT_EQ(world_.store.notifications().in_product("requester", 0, 10).value().size(), 1U);
  auto again = notice();
  again.occasion = "changed-2";
  world_.apply(*outbox_.request_denied(again));
  world_.apply(*outbox_.request_approved(notice()));
  EXPECT_EQ(world_.store.notifications().in_product("requester", 0, 10).value().size(), 3U);
}

TEST_F(OutboxTest, NoMailWithoutAServerOrAnAddress) {
  const Outbox without(world_.store, world_.clock, {});
  EXPECT_EQ(World::recipients(without.request_denied(notice())), Names{"in_product:requester"});
  EXPECT_EQ(facts(without.request_denied(notice())).find("link"), std::string::npos);
  auto record = world_.store.find_principal("requester").value().value();
  record.email = "not an address\r\nBcc: x@example.org";
  world_.apply({store::PutPrincipal{record}});
  EXPECT_EQ(World::recipients(outbox_.request_denied(notice())), Names{"in_product:requester"});
}

TEST_F(OutboxTest, FactsFromACsrAreCleanedAndLinksHaveOnlyIds) {
  auto hostile = notice();
  hostile.common_name = "a\r\nBcc: b";
  hostile.request = "../x?y";
  const auto text = facts(outbox_.request_denied(hostile));
  EXPECT_EQ(text.find("\\r"), std::string::npos);
  EXPECT_EQ(text.find("link"), std::string::npos);
}

TEST_F(OutboxTest, ApprovalFailuresGoToOfficersAndAdministratorsOncePerWindow) {
  const ApprovalFailures failures{"default", "issuing", "requester", "Alice", 5, world_.clock.now()};
  for (int i = 0; i < 2; ++i) world_.apply(*outbox_.approval_failures(failures));
  for (const auto* who : {"officer", "second", "admin", "root"})
    EXPECT_EQ(world_.store.notifications().in_product(who, 0, 10).value().size(), 1U) << who;
  EXPECT_TRUE(world_.store.notifications().in_product("elsewhere", 0, 10).value().empty());
}

TEST_F(OutboxTest, ARevocationGoesToWhoeverAskedForTheCertificate) {
  auto certificate = store::contract::certificate(1);
  certificate.principal = "requester";
  EXPECT_EQ(World::recipients(outbox_.certificate_revoked({certificate, "keyCompromise", world_.clock.now()})),
            (Names{"email:requester", "in_product:requester"}));
  const auto read = read_facts(facts(outbox_.certificate_revoked({certificate, "keyCompromise", world_.clock.now()})));
  EXPECT_EQ(fact(*read, "serial"), certificate.serial.decimal()) << "as certwright cert show takes it";
  EXPECT_EQ(fact(*read, "link"), "https://ca.example.org/notifications") << "a page, where it is acknowledged";
}

TEST_F(OutboxTest, NotificationsHaveIdsThatStay) {
  world_.enqueue("requester", "k");
  const auto n = world_.store.notifications().waiting(store::NotificationChannel::email, "requester", 1).value().at(0);
  EXPECT_EQ(stable_id(n).size(), 32U);
}

}  // namespace
}  // namespace certwright::notification
