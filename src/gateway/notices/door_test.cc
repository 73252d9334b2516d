// The authorisation matrix of these routes: every route x who asks. A route without a row fails.
#include "gateway/notices/door.h"

#include <set>

#include <gtest/gtest.h>

#include "gateway/notices/testing_notices.h"

namespace certwright::gateway::notices {
namespace {

using certs::testing::must;
using certs::testing::World;

// One letter of a row each: admin of everything; admin, issuer, approver, auditor, requester of tenant
// acme; auditor of everything; admin of another tenant; nobody.
constexpr std::size_t kCallers = 9;

struct Row {
  const char* route;
  const char* target;  // %W: a webhook of acme; %G: one of "*"; %N: a notification of acme's requester
  const char* body;
  // '+' done (or a complaint about the request of one who may make it), '-' refused, '0' hidden,
  // '?' no credential.
  const char* expected;
};

constexpr const char* kWording = R"({"subject":"s","text":"t","html":"h"})";
constexpr Row kRows[] = {
    {"GET /api/v1/notifications", "/api/v1/notifications", "", "++++++++?"},
    {"POST /api/v1/notifications/{notification}/acknowledge", "/api/v1/notifications/%N/acknowledge", "", "00000+00?"},
    {"GET /api/v1/webhooks", "/api/v1/webhooks?tenant=acme", "", "++00-0-0?"},
    {"GET /api/v1/webhooks", "/api/v1/webhooks?tenant=*", "", "+00000-0?"},
    {"POST /api/v1/webhooks", "/api/v1/webhooks", R"({"tenant":"acme","url":"x"})", "++00-0-0?"},
    {"POST /api/v1/webhooks", "/api/v1/webhooks", R"({"tenant":"*","url":"x"})", "+00000-0?"},
    {"GET /api/v1/webhooks/{webhook}", "/api/v1/webhooks/%W", "", "++00-0-0?"},
    {"GET /api/v1/webhooks/{webhook}", "/api/v1/webhooks/%G", "", "+00000-0?"},
    {"PATCH /api/v1/webhooks/{webhook}", "/api/v1/webhooks/%W", R"({"disabled":false})", "++00-0-0?"},
    {"POST /api/v1/webhooks/{webhook}/rotate", "/api/v1/webhooks/%W/rotate", "", "++00-0-0?"},
    {"POST /api/v1/webhooks/{webhook}/test", "/api/v1/webhooks/%W/test", "", "++00-0-0?"},
    {"GET /api/v1/notification-templates", "/api/v1/notification-templates?tenant=acme", "", "++00+0+0?"},
    {"GET /api/v1/notification-templates/{event}", "/api/v1/notification-templates/ca_expiring?tenant=acme", "", "++00+0+0?"},
    {"PUT /api/v1/notification-templates/{event}", "/api/v1/notification-templates/ca_expiring?tenant=acme", kWording, "++00-0-0?"},
    {"POST /api/v1/notification-templates/{event}/preview", "/api/v1/notification-templates/ca_expiring/preview?tenant=acme", kWording, "++00-0-0?"},
    {"DELETE /api/v1/notification-templates/{event}", "/api/v1/notification-templates/ca_expiring?tenant=acme", "", "+000-0-0?"},
    {"DELETE /api/v1/webhooks/{webhook}", "/api/v1/webhooks/%W", "", "++00-0-0?"},  // a new one each time
};

class NoticesDoor : public ::testing::Test {
 protected:
  NoticesDoor() {
    auto& world = notices.world;
    world.add_tenant("acme");
    world.add_tenant("globex");
    const auto account = [&](const char* tenant, access::Role role, const char* scope) {
      return world.add_account(tenant, {{role, scope, {}}}).token;
    };
    using enum access::Role;
    const auto asking = world.add_account("acme", {{requester, "acme", {}}});
    callers = {world.admin,
               account("acme", admin, "acme"),
               account("acme", issuer, "acme"),
               account("acme", approver, "acme"),
               account("acme", auditor, "acme"),
               asking.token,
               account("acme", auditor, "*"),
               account("globex", admin, "globex"),
               std::string()};
    requester_id = asking.id;
    notification = notices.tell(asking.id, "r1");
    webhook = must(notices.webhooks.create({"acme", "https://hooks.example.org/", {}}, {})).webhook.id;
    global = must(notices.webhooks.create({"*", "https://hooks.example.org/", {}}, {})).webhook.id;
  }

  char seen(const Row& row, std::size_t caller) {
    std::string target = row.target;
    const auto fill = [&](const std::string& mark, const std::string& with) {
      if (const auto at = target.find(mark); at != std::string::npos) target.replace(at, mark.size(), with);
    };
    if (std::string_view(row.route) == "DELETE /api/v1/webhooks/{webhook}")
      webhook = must(notices.webhooks.create({"acme", "https://hooks.example.org/", {}}, {})).webhook.id;
    fill("%W", webhook);
    fill("%G", global);
    fill("%N", notification);
    const std::string method = std::string(row.route).substr(0, std::string(row.route).find(' '));
    const auto response = notices.call(method, target, callers[caller], row.body);
    last = std::to_string(response.status) + " " + std::string(response.body.text());
    switch (response.status) {
      case 401: return '?';
      case 403: return '-';
      case 404: return '0';
      case 500: return '!';
      default: return '+';
    }
  }

  testing::NoticesWorld notices;
  std::vector<std::string> callers;
  std::string requester_id, notification, webhook, global, last;
};

TEST_F(NoticesDoor, EveryRouteHasARow) {
  std::set<std::string> rows;
  for (const Row& row : kRows) rows.insert(row.route);
  std::set<std::string> there;
  for (const auto& route : notices.table) there.insert(web::key_of(route));
  EXPECT_EQ(rows, there);
}

TEST_F(NoticesDoor, AnswersEachCallerAsTheMatrixSays) {
  for (const Row& row : kRows) {
    std::string found;
    std::string answers;
    for (std::size_t caller = 0; caller < kCallers; ++caller) {
      found += seen(row, caller);
      answers += "\n  " + last;
    }
    EXPECT_EQ(found, row.expected) << row.route << " " << row.target << answers;
  }
}

TEST_F(NoticesDoor, ASecretIsInOneAnswerOnly) {
  const auto created = notices.call("POST", "/api/v1/webhooks", callers[1], R"({"url":"https://a.example/x","events":["request_denied"]})");
  ASSERT_EQ(created.status, 201) << created.body.text();
  EXPECT_EQ(created.headers.get("Cache-Control"), "no-store");
  EXPECT_TRUE(created.secret);
  const auto secret = World::text_of(created, "secret");
  EXPECT_TRUE(secret.starts_with("whsec_"));
  const auto path = "/api/v1/webhooks/" + World::text_of(created, "id");
  EXPECT_EQ(notices.call("GET", path, callers[1]).body.text().find(secret), std::string::npos);
  const auto rotated = notices.call("POST", path + "/rotate", callers[1], R"({"overlap_s":60})");
  ASSERT_EQ(rotated.status, 200) << rotated.body.text();
  EXPECT_TRUE(rotated.secret);
  EXPECT_NE(World::text_of(rotated, "secret"), secret);
  EXPECT_NE(World::text_of(rotated, "previous_secret_until"), "");
  const auto leaves = must(notices.world.store.audit_leaves(0, 1000));
  for (const auto& leaf : leaves) EXPECT_EQ(as_text(leaf.record).find(secret), std::string_view::npos);
}

TEST_F(NoticesDoor, AWebhookCannotBeAimedInside) {
  for (const std::string url : {"https://127.0.0.1/", "https://[::1]/", "http://hooks.example.org/", "https://169.254.169.254/",
                                "https://localhost@10.0.0.1/", "https://0x7f.1/", "file:///etc/passwd"}) {
    const auto refused = notices.call("POST", "/api/v1/webhooks", callers[1], R"({"url":")" + url + R"("})");
    EXPECT_TRUE(refused.status == 422 || refused.status == 400 || refused.status == 403) << url << refused.status;
    EXPECT_EQ(World::text_of(refused, "field"), "url") << url;
  }
}

TEST_F(NoticesDoor, APersonPagesTheirOwnAndAcknowledges) {
  for (int i = 2; i <= 5; ++i) notices.tell(requester_id, "r" + std::to_string(i));
  const auto first = notices.call("GET", "/api/v1/notifications?limit=3", callers[5]);
  ASSERT_EQ(first.status, 200) << first.body.text();
  const auto cursor = World::text_of(first, "next_cursor");
  const auto second = must(json::parse(notices.call("GET", "/api/v1/notifications?limit=3&cursor=" + cursor, callers[5]).body.text()));
  const auto& items = *second.find("notifications")->if_array();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_TRUE(second.find("next_cursor")->is_null());
  EXPECT_EQ(*items[1].find("id")->if_string(), notification);
  EXPECT_EQ(*items[1].find("title")->if_string(), "Your request for www.example.org was denied");
  EXPECT_FALSE(*items[1].find("acknowledged")->if_bool());
  EXPECT_EQ(notices.call("POST", "/api/v1/notifications/" + notification + "/acknowledge", callers[5]).status, 204);
  for (const std::string id : {"0", "x", "-1", "99999999999999999999", "4711"})
    EXPECT_EQ(notices.call("POST", "/api/v1/notifications/" + id + "/acknowledge", callers[5]).status, 404) << id;
  EXPECT_EQ(notices.call("GET", "/api/v1/notifications?limit=0", callers[5]).status, 422);
  EXPECT_EQ(notices.call("GET", "/api/v1/notifications?limit=201", callers[5]).status, 400);
}

TEST_F(NoticesDoor, ATemplateIsCheckedShownAndPreviewed) {
  const std::string path = "/api/v1/notification-templates/request_denied";
  const auto bad = notices.call("PUT", path, callers[1], R"({"subject":"{{serial}}","text":"t","html":"h"})");
  EXPECT_EQ(bad.status, 422) << bad.body.text();
  EXPECT_EQ(World::text_of(bad, "field"), "subject");
  EXPECT_EQ(notices.call("PUT", "/api/v1/notification-templates/nothing", callers[1], kWording).status, 404);
  EXPECT_EQ(notices.call("PUT", path, callers[1], R"({"subject":"No: {{common_name}}","text":"t","html":"h"})").status, 204);
  EXPECT_EQ(World::text_of(notices.call("GET", path, callers[4]), "subject"), "No: {{common_name}}");
  const auto listed = notices.call("GET", "/api/v1/notifications", callers[5]);
  EXPECT_NE(listed.body.text().find("No: www.example.org"), std::string::npos) << listed.body.text();
  const auto preview = notices.call("POST", path + "/preview", callers[1], R"({"subject":"s","text":"t","html":"<b>{{reason}}</b>"})");
  EXPECT_EQ(World::text_of(preview, "html"), "<b>because it is needed</b>\n");
}

}  // namespace
}  // namespace certwright::gateway::notices
