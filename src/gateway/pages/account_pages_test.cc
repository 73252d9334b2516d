#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/pages/testing_browser.h"
#include "session/csrf.h"

namespace certwright::gateway::pages {
namespace {

using session::testing::World;
using testing::Browser;
using testing::has;
using testing::Site;
constexpr const char* kPassword = "tea kettle on tuesday";
constexpr const char* kOther = "coffee pot on wednesday";

class AccountPages : public ::testing::Test {
 protected:
  Site site_;
  Browser browser_{site_};
  std::string id_ = site_.world.add_with_password("Alice", kPassword);
};

TEST_F(AccountPages, SignInLeadsToWhereOneWasGoing) {
  const auto refused = browser_.get("/account/password");
  EXPECT_EQ(refused.status, 303);
  EXPECT_EQ(refused.headers.get("Location"), "/sign-in?next=%2Faccount%2Fpassword");
  EXPECT_FALSE(refused.headers.has("WWW-Authenticate"));
  const auto form = browser_.get(std::string(refused.headers.get("Location")));
  EXPECT_EQ(form.status, 200);
  EXPECT_TRUE(has(form, "name=\"next\" value=\"/account/password\""));
  EXPECT_TRUE(has(form, "autocomplete=\"current-password\""));
  const auto done = browser_.sign_in("alice", kPassword, "/account/password");
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(done.headers.get("Location"), "/account/password");
  EXPECT_THAT(std::string(done.headers.get("Set-Cookie")),
              ::testing::MatchesRegex("__Host-certwright=[A-Za-z0-9_-]*; Path=/; Secure; HttpOnly; SameSite=Lax"));
  const auto page = browser_.get("/account/password");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "You sign in as <strong>alice</strong>"));
  EXPECT_TRUE(has(page, "now, here"));
  EXPECT_FALSE(has(page, "href=\"/requests\"")) << "there are none here";
  EXPECT_EQ(browser_.get("/sign-in").status, 303) << "one is signed in already";
}

TEST_F(AccountPages, NobodyIsSentToAnotherSite) {
  for (const char* next : {"https://evil.example/", "//evil.example", "/\\evil.example"}) {
    Browser browser(site_);
    EXPECT_TRUE(has(browser.get("/sign-in?next=" + http::percent_encode(next)), "name=\"next\" value=\"/\""));
    EXPECT_EQ(browser.sign_in("alice", kPassword, next).headers.get("Location"), "/");
  }
}

TEST_F(AccountPages, WrongPasswordsAreRefusedAlike) {
  const auto wrong = browser_.sign_in("alice", "wrong");
  const auto unknown = browser_.sign_in("nobody", "wrong");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_TRUE(has(wrong, "The name or the password is wrong."));
  EXPECT_TRUE(has(wrong, "role=\"alert\""));
  EXPECT_FALSE(wrong.headers.has("Set-Cookie"));
  EXPECT_FALSE(has(browser_.sign_in("\"><script>alert(1)</script>", "x"), "<script"));
  EXPECT_FALSE(has(browser_.sign_in("alice", "my secret"), "my secret"));
}

TEST_F(AccountPages, TooManyWrongPasswordsLock) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(browser_.sign_in("alice", "wrong").status, 401);
  const auto locked = browser_.sign_in("alice", kPassword);
  EXPECT_EQ(locked.status, 429);
  EXPECT_TRUE(browser_.cookie.empty());
}

TEST_F(AccountPages, AnotherSiteCannotSignAnybodyIn) {
  for (const http::Headers& headers : {http::Headers{}, http::Headers{{"Sec-Fetch-Site", "cross-site"}},
                                       http::Headers{{"Host", "ca.example"}, {"Origin", "https://evil.example"}}}) {
    auto all = headers;
    all.add("Content-Type", "application/x-www-form-urlencoded");
    const auto refused = site_.handler->handle(web::testing::make_request(
        "POST", "/sign-in", all, "name=alice&password=tea+kettle+on+tuesday"));
    EXPECT_EQ(refused.status, 403);
    EXPECT_FALSE(refused.headers.has("Set-Cookie"));
  }
}

TEST_F(AccountPages, TheIdChangesAtSignIn) {
  browser_.cookie = std::string(43, 'x');  // planted by somebody else
  browser_.sign_in("alice", kPassword);
  EXPECT_NE(browser_.cookie, std::string(43, 'x'));
  const std::string first = browser_.cookie;
  browser_.sign_in("alice", kPassword);
  EXPECT_NE(browser_.cookie, first);
  Browser thief(site_);
  thief.cookie = first;
  EXPECT_EQ(thief.get("/account/password").status, 303);
}

TEST_F(AccountPages, SignOutEndsTheSessionAndTheCookie) {
  browser_.sign_in("alice", kPassword);
  const std::string id = browser_.cookie;
  const auto out = browser_.post("/sign-out", {});
  EXPECT_EQ(out.status, 303);
  EXPECT_THAT(std::string(out.headers.get("Set-Cookie")), ::testing::HasSubstr("Max-Age=0"));
  EXPECT_TRUE(has(browser_.get(std::string(out.headers.get("Location"))), "You are signed out."));
  browser_.cookie = id;
  EXPECT_EQ(browser_.get("/account/password").status, 303);
}

TEST_F(AccountPages, SignOutEverywhere) {
  Browser elsewhere(site_);
  elsewhere.sign_in("alice", kPassword);
  browser_.sign_in("alice", kPassword);
  EXPECT_EQ(browser_.post("/sign-out", {{"everywhere", "1"}}).status, 303);
  EXPECT_EQ(elsewhere.get("/account/password").status, 303);
  EXPECT_TRUE(site_.world.sessions.list(id_).value().empty());
}

TEST_F(AccountPages, FormsNeedTheToken) {
  browser_.sign_in("alice", kPassword);
  const auto page = browser_.get("/account/password");
  EXPECT_TRUE(has(page, "name=\"csrf\" value=\"" + session::csrf_token(browser_.cookie) + "\""));
  const auto refused = site_.handler->handle(web::testing::make_request(
      "POST", "/sign-out",
      {{"Cookie", "__Host-certwright=" + browser_.cookie}, {"Sec-Fetch-Site", "same-origin"},
       {"Content-Type", "application/x-www-form-urlencoded"}}, "everywhere=1"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(has(refused, "<h1>You may not do this</h1>"));
  EXPECT_EQ(browser_.get("/account/password").status, 200) << "still signed in";
}

TEST_F(AccountPages, ThePasswordIsChanged) {
  Browser elsewhere(site_);
  elsewhere.sign_in("alice", kPassword);
  browser_.sign_in("alice", kPassword);
  const std::string before = browser_.cookie;
  EXPECT_EQ(browser_.post("/account/password", {{"password", "wrong"}, {"new_password", kOther}, {"again", kOther}}).status, 401);
  EXPECT_TRUE(has(browser_.post("/account/password", {{"password", kPassword}, {"new_password", kOther}, {"again", "x"}}), "differ"));
  const auto weak = browser_.post("/account/password", {{"password", kPassword}, {"new_password", "short"}, {"again", "short"}});
  EXPECT_EQ(weak.status, 422);
  EXPECT_TRUE(has(weak, "12 to 128 characters"));
  const auto done = browser_.post("/account/password", {{"password", kPassword}, {"new_password", kOther}, {"again", kOther}});
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(done.headers.get("Location"), "/account/password?changed=1");
  EXPECT_NE(browser_.cookie, before);
  EXPECT_TRUE(has(browser_.get("/account/password?changed=1"), "Your password is changed"));
  EXPECT_EQ(elsewhere.get("/account/password").status, 303);
}

TEST_F(AccountPages, AOneTimePasswordLeadsToChoosingAnother) {
  const auto bob = site_.world.add("Bob <b>");
  const auto made = site_.world.accounts.reset_password(bob, "bob", World::admin()).value();
  const auto done = browser_.sign_in("bob", std::string(as_text(made.password.reveal())), "/requests");
  EXPECT_EQ(done.headers.get("Location"), "/account/password");
  const auto page = browser_.get("/account/password");
  EXPECT_TRUE(has(page, "<h1>Choose your password</h1>"));
  EXPECT_FALSE(has(page, "Present password"));
  EXPECT_FALSE(has(page, "<b>")) << "names are text";
  EXPECT_TRUE(has(page, "Bob &lt;b&gt;"));
  EXPECT_EQ(browser_.post("/account/password", {{"new_password", kOther}, {"again", kOther}}).headers.get("Location"), "/");
  EXPECT_TRUE(has(browser_.get("/account/password"), "Present password"));
}

TEST_F(AccountPages, TheFirstAdministratorBeginsWithTheToken) {
  Site site;
  Browser browser(site);
  const auto bootstrap = site.world.directory.bootstrap({"Administrator"}, session::testing::no_evidence).value();
  EXPECT_EQ(browser.sign_in("", std::string(as_text(bootstrap.token.text.reveal()))).headers.get("Location"), "/account/password");
  EXPECT_EQ(browser.post("/account/password", {{"new_password", kOther}, {"again", kOther}}).status, 303);
  EXPECT_TRUE(has(browser.get("/account/password"), "You sign in as <strong>administrator</strong>"));
}

TEST_F(AccountPages, PagesAreWellProtected) {
  browser_.sign_in("alice", kPassword);
  Browser stranger(site_);
  for (const auto& response : {browser_.get("/account/password"), stranger.get("/sign-in"), stranger.get("/account/password"),
                               browser_.post("/account/password", {})}) {
    EXPECT_EQ(response.headers.get("Content-Security-Policy"),
              "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; img-src 'self'");
    EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
    EXPECT_EQ(response.headers.get("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(response.headers.get("Referrer-Policy"), "same-origin");
    EXPECT_FALSE(has(response, "<script"));
    EXPECT_FALSE(has(response, " style="));
  }
}

TEST_F(AccountPages, EveryFieldHasItsLabel) {
  browser_.sign_in("alice", kPassword);
  Browser stranger(site_);
  for (const auto& response : {browser_.get("/account/password"), stranger.get("/sign-in")}) {
    const std::string html(response.body.text());
    std::size_t fields = 0;
    for (std::size_t at = html.find("<input id=\""); at != std::string::npos; at = html.find("<input id=\"", at + 1), ++fields) {
      const auto begin = at + 11;
      const auto id = html.substr(begin, html.find('"', begin) - begin);
      EXPECT_NE(html.find("<label for=\"" + id + "\">"), std::string::npos) << id;
    }
    EXPECT_GE(fields, 2U);
    EXPECT_NE(html.find("<html lang=\"en\">"), std::string::npos);
    EXPECT_NE(html.find("<main id=\"main\"><h1>"), std::string::npos);
  }
}

TEST_F(AccountPages, TheStyleSheetIsKeptForever) {
  const auto style = browser_.get(style_url().text());
  EXPECT_EQ(style.status, 200);
  EXPECT_EQ(style.headers.get("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(style.headers.get("Content-Type"), "text/css; charset=utf-8");
  EXPECT_TRUE(has(style, "prefers-color-scheme: dark"));
  EXPECT_EQ(browser_.get("/assets/style-0000000000000000.css").status, 404);
  EXPECT_TRUE(has(browser_.get("/sign-in"), "href=\"" + style_url().text() + "\""));
}

TEST_F(AccountPages, TheStartLeadsSomewhere) {
  EXPECT_EQ(browser_.get("/").headers.get("Location"), "/sign-in?next=%2F");
  browser_.sign_in("alice", kPassword);
  EXPECT_EQ(browser_.get("/").headers.get("Location"), "/account/password");
}

}  // namespace
}  // namespace certwright::gateway::pages
