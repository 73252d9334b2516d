// The pages of requests, over a registration authority that says what a test wants.
#include <gtest/gtest.h>

#include <set>

#include "gateway/pages/testing_browser.h"

namespace certwright::gateway::pages {
namespace {

using testing::Browser;
using testing::has;
using testing::Site;
constexpr const char* kAlicesPassword = "tea kettle on tuesday";
// What a CSR, a name or a reason may hold.
const std::string kHostile = "\"><script>alert(1)</script><b x='";

class FakePortal final : public PortalPort {
 public:
  Result<std::vector<CaChoice>> issuing_cas(web::Context&) override { return cas; }
  Result<std::vector<std::string>> tenants(web::Context&) override { return of_tenants; }
  Result<std::string> upload(web::Context& context, Upload upload) override {
    if (refusal) return tl::unexpected<Error>(*refusal);
    uploader = context.principal().name;
    password = std::string(as_text(upload.approval_password.reveal()));
    uploaded = std::move(upload);
    return std::string("r1");
  }
  Result<RequestRows> own_requests(web::Context&, std::string_view after) override {
    asked_after = after;
    return rows;
  }
  Result<RequestView> find(web::Context&, std::string_view id) override {
    if (id != request.row.id) return tl::unexpected<Error>(access::not_found_error());
    return request;
  }
  Result<void> withdraw(web::Context&, std::string_view id, std::string_view reason) override {
    withdrawn = std::string(id) + ": " + std::string(reason);
    return {};
  }
  Result<RequestRows> queue(web::Context&, std::string_view) override { return rows; }
  Result<Review> review(web::Context& context, std::string_view id) override {
    CERTWRIGHT_TRY(to_review.request, find(context, id));
    return to_review;
  }
  Result<Review> preview(web::Context&, const Decision& decision) override {
    if (refusal) return tl::unexpected<Error>(*refusal);
    Review shown = to_review;
    shown.binding = "with " + decision.binding;
    return shown;
  }
  Result<void> approve(web::Context&, const Decision& decision) override {
    if (refusal) return tl::unexpected<Error>(*refusal);
    decided = decision;
    return {};
  }
  Result<void> deny(web::Context&, std::string_view id, std::string_view reason) override {
    denied = std::string(id) + ": " + std::string(reason);
    return {};
  }

  std::vector<std::string> of_tenants{"default"};
  std::vector<CaChoice> cas{{"issuing", "Issuing CA"}, {kHostile, kHostile}};
  std::optional<Error> refusal;
  RequestRows rows;
  RequestView request;
  Review to_review;
  std::optional<Upload> uploaded;
  std::optional<Decision> decided;
  std::string uploader, password, asked_after, withdrawn, denied;
};

class RequestPages : public ::testing::Test {
 protected:
  RequestPages() {
    site_.world.add_with_password("Alice", kAlicesPassword,
                                  {{access::Role::requester, "default", ""}, {access::Role::approver, "default", ""}});
    browser_.sign_in("alice", kAlicesPassword);
    portal_.request.row = {"r1", "pending", "CN=web." + kHostile, "issuing", "tls-server", kHostile, from_unix_s(1'767'225'600)};
    portal_.request.reason = kHostile;
    portal_.request.selection = kHostile;
    portal_.request.remote = kHostile;
    portal_.request.approvals_needed = 2;
    portal_.request.expires_at = from_unix_s(1'767'312'000);
    portal_.request.steps = {{from_unix_s(1'767'225'600), kHostile, "received", kHostile}};
    portal_.rows.rows = {portal_.request.row};
    portal_.to_review.binding = "abcd";
    portal_.to_review.validity_days = 90;
    portal_.to_review.names = {"DNS:web.example", kHostile};
    portal_.to_review.comparison = {{"Subject", kHostile, kHostile, kHostile, true}, {"Key", "P-256", "any", "P-256", false}};
    portal_.to_review.lint = {{true, kHostile}, {false, "a note"}};
    portal_.to_review.may_decide = true;
  }
  static void expect_harmless(const http::Response& response) {
    EXPECT_EQ(response.headers.get("Content-Type"), "text/html; charset=utf-8");
    EXPECT_FALSE(has(response, "<script")) << response.body.text();
    EXPECT_FALSE(has(response, "<b x"));
  }

  FakePortal portal_;
  Site site_{&portal_};
  Browser browser_{site_};
};

TEST_F(RequestPages, TheFormOffersTheCasOneMayUse) {
  const auto form = browser_.get("/csr/upload");
  EXPECT_EQ(form.status, 200);
  EXPECT_TRUE(has(form, "<option value=\"issuing\">Issuing CA (issuing)</option>"));
  EXPECT_TRUE(has(form, "enctype=\"multipart/form-data\""));
  EXPECT_TRUE(has(form, "aria-current=\"page\""));
  EXPECT_TRUE(has(browser_.get("/account/password"), "href=\"/requests\""));
  expect_harmless(form);
  EXPECT_FALSE(has(form, "tenant_id")) << "there is no choice";
  portal_.of_tenants = {"default", "globex"};
  EXPECT_TRUE(has(browser_.get("/csr/upload"), "<option value=\"globex\">globex</option>"));
  portal_.of_tenants = {"globex"};  // not the caller's own
  EXPECT_TRUE(has(browser_.get("/csr/upload"), "<select id=\"tenant_id\" name=\"tenant_id\"><option value=\"globex\">globex</option></select>"));
  portal_.cas.clear();
  EXPECT_TRUE(has(browser_.get("/csr/upload"), "There is no CA that you may request"));
}

TEST_F(RequestPages, AFileOrTextIsSent) {
  const auto sent = browser_.post_files("/csr/upload",
                                        {{"csr_data", ""}, {"common_name", "web.example"}, {"validity_days", "30"}, {"ca_id", "issuing"},
                                         {"purpose_category", "web"}, {"extensions", "server_auth"}, {"extensions", "client_auth"},
                                         {"approval_password", "open sesame"}},
                                        {{"csr_file", std::string("\x30\x82\x00\x01", 4)}});
  EXPECT_EQ(sent.status, 303);
  EXPECT_EQ(sent.headers.get("Location"), "/requests/r1?new=1");
  ASSERT_TRUE(portal_.uploaded);
  EXPECT_EQ(portal_.uploaded->csr, std::string("\x30\x82\x00\x01", 4));
  EXPECT_EQ(portal_.uploaded->common_name, "web.example");
  EXPECT_EQ(portal_.uploaded->validity_days, "30");
  EXPECT_EQ(portal_.uploaded->ca, "issuing");
  EXPECT_EQ(portal_.uploaded->purpose, "web");
  EXPECT_EQ(portal_.uploaded->extensions, (std::vector<std::string>{"server_auth", "client_auth"}));
  EXPECT_EQ(portal_.password, "open sesame");
  EXPECT_EQ(portal_.uploader, "Alice");
  portal_.uploaded.reset();
  EXPECT_EQ(browser_.post("/csr/upload", {{"csr_data", "-----BEGIN\r\nx"}, {"common_name", "a"}}).status, 303);
  ASSERT_TRUE(portal_.uploaded);
  EXPECT_EQ(portal_.uploaded->csr, "-----BEGIN\r\nx");
  EXPECT_EQ(portal_.uploaded->validity_days, "");
}

TEST_F(RequestPages, ComplaintsKeepWhatWasFilledInButThePassword) {
  const auto both = browser_.post_files("/csr/upload", {{"csr_data", "x"}, {"common_name", "a"}}, {{"csr_file", "y"}});
  EXPECT_EQ(both.status, 422);
  EXPECT_TRUE(has(both, "not both"));
  EXPECT_TRUE(has(browser_.post("/csr/upload", {{"common_name", "a"}}), "Choose a CSR file"));
  portal_.refusal = Error{Errc::policy, "the key is too small: " + kHostile, "csr"};
  const auto refused = browser_.post("/csr/upload", {{"csr_data", kHostile}, {"common_name", kHostile}, {"purpose_category", kHostile},
                                                     {"ca_id", "issuing"}, {"extensions", "code_signing"}, {"approval_password", "open sesame"}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_TRUE(has(refused, "the key is too small"));
  EXPECT_TRUE(has(refused, "<option value=\"issuing\" selected>"));
  EXPECT_TRUE(has(refused, "value=\"code_signing\" checked"));
  EXPECT_FALSE(has(refused, "open sesame"));
  EXPECT_TRUE(has(refused, escaped(kHostile) + "</textarea>"));
  EXPECT_FALSE(has(refused, "<script"));
}

TEST_F(RequestPages, ListsLeadToEachAndOn) {
  portal_.rows.next = "r1&x";
  const auto list = browser_.get("/requests?after=r0");
  EXPECT_EQ(portal_.asked_after, "r0");
  EXPECT_TRUE(has(list, "<a href=\"/requests/r1\">CN=web."));
  EXPECT_TRUE(has(list, "Waits for approval"));
  EXPECT_TRUE(has(list, "href=\"/requests?after=r1%26x\""));
  expect_harmless(list);
  const auto queue = browser_.get("/approvals");
  EXPECT_TRUE(has(queue, "href=\"/approvals/r1\""));
  expect_harmless(queue);
  portal_.rows = {};
  EXPECT_TRUE(has(browser_.get("/requests"), "There are none."));
}

TEST_F(RequestPages, ShowsWhatBecameOfARequest) {
  const auto pending = browser_.get("/requests/r1");
  EXPECT_TRUE(has(pending, "0 of 2"));
  EXPECT_TRUE(has(pending, "waits for approval"));
  EXPECT_FALSE(has(pending, "Withdraw"));
  expect_harmless(pending);
  EXPECT_EQ(browser_.get("/requests/r2").status, 404);
  EXPECT_EQ(browser_.get("/requests/r1/certificate.pem").status, 404);
  portal_.request.may_withdraw = true;
  EXPECT_TRUE(has(browser_.get("/requests/r1"), "action=\"/requests/r1/withdraw\""));
  EXPECT_EQ(browser_.post("/requests/r1/withdraw", {{"reason", "typo"}}).headers.get("Location"), "/requests/r1");
  EXPECT_EQ(portal_.withdrawn, "r1: typo");

  portal_.request.row.state = "issued";
  portal_.request.certificate_pem = "-----BEGIN CERTIFICATE-----\n";
  EXPECT_TRUE(has(browser_.get("/requests/r1"), "The certificate is issued."));
  const auto pem = browser_.get("/requests/r1/certificate.pem");
  EXPECT_EQ(pem.status, 200);
  EXPECT_EQ(pem.body.text(), "-----BEGIN CERTIFICATE-----\n");
  EXPECT_EQ(pem.headers.get("Content-Type"), "application/x-pem-file");
  EXPECT_EQ(pem.headers.get("Content-Disposition"), "attachment; filename=\"certificate.pem\"");
}

TEST_F(RequestPages, TheOfficerSeesBothSides) {
  const auto review = browser_.get("/approvals/r1");
  EXPECT_EQ(review.status, 200);
  EXPECT_TRUE(has(review, "<mark>Changed: "));
  EXPECT_TRUE(has(review, "<td>P-256</td><td>any</td><td>P-256</td>"));
  EXPECT_TRUE(has(review, "<strong>Error: </strong>"));
  EXPECT_TRUE(has(review, "name=\"binding\" value=\"abcd\""));
  expect_harmless(review);
  EXPECT_FALSE(has(review, "value=\"approve\"")) << "what would not be issued";
  EXPECT_TRUE(has(review, "value=\"deny\""));
  portal_.to_review.lint.clear();
  EXPECT_TRUE(has(browser_.get("/approvals/r1"), "Empty: 90 days"));
  portal_.to_review.may_decide = false;
  portal_.to_review.why_not = "You made this request yourself.";
  const auto own = browser_.get("/approvals/r1");
  EXPECT_TRUE(has(own, "You made this request yourself."));
  EXPECT_FALSE(has(own, "value=\"approve\""));
  EXPECT_FALSE(has(own, "value=\"deny\""));
}

TEST_F(RequestPages, TheOfficerDecides) {
  EXPECT_EQ(browser_.post("/approvals/r1", {{"verdict", "approve"}, {"binding", "abcd"}, {"validity_days", "30"}, {"comment", "fine"},
                                            {"remove", "DNS:a"}, {"remove", "DNS:b"}, {"changes_seen", "1"}})
                .headers.get("Location"),
            "/requests/r1");
  ASSERT_TRUE(portal_.decided);
  EXPECT_EQ(portal_.decided->id, "r1");
  EXPECT_EQ(portal_.decided->binding, "abcd");
  EXPECT_EQ(portal_.decided->comment, "fine");
  EXPECT_EQ(portal_.decided->validity_days, 30U);
  EXPECT_EQ(portal_.decided->names_removed, (std::vector<std::string>{"DNS:a", "DNS:b"}));
  std::vector<std::pair<std::string, std::string>> everything{{"verdict", "approve"}, {"binding", "abcd"}, {"changes_seen", "1"}};
  for (int i = 0; i < 1024; ++i) everything.emplace_back("remove", "DNS:host" + std::to_string(i) + ".example");
  EXPECT_EQ(browser_.post("/approvals/r1", everything).status, 303);
  EXPECT_EQ(portal_.decided->names_removed.size(), 1024U);
  EXPECT_TRUE(has(browser_.post("/approvals/r1", {{"verdict", "deny"}, {"reason", " \r\n"}}), "Say why"));
  EXPECT_EQ(portal_.denied, "");
  EXPECT_EQ(browser_.post("/approvals/r1", {{"verdict", "deny"}, {"reason", "wrong name"}}).status, 303);
  EXPECT_EQ(portal_.denied, "r1: wrong name");
  EXPECT_EQ(browser_.post("/approvals/r1", {{"verdict", "both"}}).status, 422);
  portal_.refusal = Error{Errc::conflict, "The request has changed meanwhile; look at it again.", "binding"};
  const auto changed = browser_.post("/approvals/r1", {{"verdict", "approve"}, {"binding", "abcd"}});
  EXPECT_EQ(changed.status, 409);
  EXPECT_TRUE(has(changed, "changed meanwhile"));
  EXPECT_TRUE(has(changed, "<mark>"));
  portal_.refusal = Error{Errc::not_permitted, "You made this request yourself.", ""};
  EXPECT_EQ(browser_.post("/approvals/r1", {{"verdict", "approve"}}).status, 403);
}

// What an officer changes is shown as it would be issued, and approved by a second answer about that.
TEST_F(RequestPages, ChangesAreShownBeforeTheyAreApproved) {
  const auto shown = browser_.post("/approvals/r1", {{"verdict", "approve"}, {"binding", "abcd"}, {"validity_days", "30"},
                                                     {"comment", kHostile}, {"remove", kHostile}, {"remove", "DNS:b"}});
  EXPECT_EQ(shown.status, 200);
  EXPECT_FALSE(portal_.decided);
  expect_harmless(shown);
  EXPECT_TRUE(has(shown, "Nothing is approved yet"));
  EXPECT_TRUE(has(shown, "<mark>Changed: "));
  EXPECT_TRUE(has(shown, "name=\"binding\" value=\"with abcd\""));
  EXPECT_TRUE(has(shown, "name=\"validity_days\" value=\"30\""));
  EXPECT_TRUE(has(shown, "name=\"remove\" value=\"" + escaped(kHostile) + "\""));
  EXPECT_TRUE(has(shown, "name=\"remove\" value=\"DNS:b\""));
  EXPECT_TRUE(has(shown, "name=\"changes_seen\" value=\"1\""));
  // A comment with an emoji of two code points, one of which nobody sees, is sent back as it was typed.
  const auto commented = browser_.post("/approvals/r1", {{"verdict", "approve"}, {"binding", "abcd"}, {"validity_days", "30"},
                                                         {"comment", "fine \xe2\x9c\x94\xef\xb8\x8f"}});
  EXPECT_TRUE(has(commented, "name=\"comment\" value=\"fine \xe2\x9c\x94\xef\xb8\x8f\""));
  portal_.refusal = Error{Errc::policy, "would not pass lint", ""};
  const auto refused = browser_.post("/approvals/r1", {{"verdict", "approve"}, {"binding", "abcd"}, {"validity_days", "30"}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_TRUE(has(refused, "would not pass lint"));
}

TEST_F(RequestPages, LeadsEverybodyToWhatTheirRolesAreFor) {
  using access::Role;
  const struct {
    const char* name;
    std::vector<access::RoleBinding> bindings;
    const char* start;
    bool requests, approvals;
  } kPeople[] = {{"Bob", {{Role::requester, "default", ""}}, "/requests", true, false},
                 {"Carol", {{Role::approver, "default", ""}}, "/approvals", false, true},
                 {"Dave", {{Role::auditor, "*", ""}}, "/account/password", false, false},
                 {"Erin", {}, "/account/password", false, false},
                 {"Frank", {{Role::admin, "*", ""}}, "/requests", true, true}};
  for (const auto& person : kPeople) {
    site_.world.add_with_password(person.name, kAlicesPassword, person.bindings);
    Browser browser(site_);
    browser.sign_in(person.name, kAlicesPassword);
    EXPECT_EQ(browser.get("/").headers.get("Location"), person.start) << person.name;
    const auto page = browser.get("/account/password");
    EXPECT_EQ(has(page, "href=\"/csr/upload\""), person.requests) << person.name;
    EXPECT_EQ(has(page, "href=\"/requests\""), person.requests) << person.name;
    EXPECT_EQ(has(page, "href=\"/approvals\""), person.approvals) << person.name;
  }
}

// Every route of the pages: whom it is for. Objects are the port's to judge: it is asked for each.
struct Row {
  const char* route;
  const char* target;
  int stranger, signed_in, without_token;  // the last: a form without CSRF token; 0 for GET
};
constexpr Row kRows[] = {
    {"GET /", "/", 303, 303, 0},
    {"GET /assets/{file}", "/assets/none.css", 404, 404, 0},
    {"GET /sign-in", "/sign-in", 200, 303, 0},
    {"POST /sign-in", "/sign-in", 401, 401, 401},
    {"POST /sign-out", "/sign-out", 303, 303, 403},
    {"GET /account/password", "/account/password", 303, 200, 0},
    {"POST /account/password", "/account/password", 303, 422, 403},
    {"GET /notifications", "/notifications", 303, 200, 0},
    {"POST /notifications/{notification}/acknowledge", "/notifications/1/acknowledge", 303, 404, 403},
    {"GET /csr/upload", "/csr/upload", 303, 200, 0},
    {"POST /csr/upload", "/csr/upload", 303, 422, 403},
    {"GET /requests", "/requests", 303, 200, 0},
    {"GET /requests/{request}", "/requests/r2", 303, 404, 0},
    {"GET /requests/{request}/certificate.pem", "/requests/r2/certificate.pem", 303, 404, 0},
    {"POST /requests/{request}/withdraw", "/requests/r1/withdraw", 303, 303, 403},
    {"GET /approvals", "/approvals", 303, 200, 0},
    {"GET /approvals/{request}", "/approvals/r2", 303, 404, 0},
    {"POST /approvals/{request}", "/approvals/r1", 303, 422, 403},
};

TEST_F(RequestPages, Matrix) {
  std::set<std::string> rows;
  for (const Row& row : kRows) {
    rows.insert(row.route);
    const bool is_post = std::string_view(row.route).starts_with("POST");
    Browser stranger(site_);
    EXPECT_EQ((is_post ? stranger.post(row.target, {}) : stranger.get(row.target)).status, row.stranger) << row.route;
    if (is_post) {
      const auto refused = site_.handler->handle(web::testing::make_request(
          "POST", row.target, {{"Cookie", "__Host-certwright=" + browser_.cookie}, {"Sec-Fetch-Site", "same-origin"},
                               {"Content-Type", "application/x-www-form-urlencoded"}}));
      EXPECT_EQ(refused.status, row.without_token) << row.route;
    }
    Browser person(site_);
    person.sign_in("alice", kAlicesPassword);
    EXPECT_EQ((is_post ? person.post(row.target, {}) : person.get(row.target)).status, row.signed_in) << row.route << site_.internal_error;
  }
  for (const web::Route& route : site_.handler->routes()) EXPECT_TRUE(rows.contains(web::key_of(route))) << web::key_of(route);
  EXPECT_EQ(rows.size(), site_.handler->routes().size());
}

// A session that is for choosing a password sees none of this.
TEST_F(RequestPages, NothingBeforeAPasswordIsChosen) {
  const auto id = site_.world.add("Bob");
  const auto made = site_.world.accounts.reset_password(id, "", session::testing::World::admin()).value();
  Browser bob(site_);
  bob.sign_in("bob", std::string(as_text(made.password.reveal())));
  for (const char* path : {"/csr/upload", "/requests", "/requests/r1", "/approvals", "/approvals/r1"})
    EXPECT_EQ(bob.get(path).headers.get("Location"), "/account/password") << path;
}

}  // namespace
}  // namespace certwright::gateway::pages
