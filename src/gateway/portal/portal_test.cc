// The portal's routes over a whole CA in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "gateway/portal/testing_portal.h"

namespace certwright::gateway::portal {
namespace {

using access::Role;
using certs::testing::must;
using certs::testing::World;
using ::testing::HasSubstr;

constexpr std::string_view kPassword = "correct horse battery";

class Portal : public testing::PortalFixture {};

TEST_F(Portal, IssuesAtOnceWhereNobodyMustApprove) {
  const auto response = call("POST", "/csr/process", alice.token, body(pem(), {{"validity_days", "90"}}));
  ASSERT_EQ(response.status, 200) << response.body.text();
  EXPECT_TRUE(success());
  EXPECT_EQ(text({"certificate", "ca_id"}), "issuing");
  EXPECT_EQ(text({"certificate", "common_name"}), "a.example");
  EXPECT_THAT(text({"certificate", "certificate"}), HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_EQ(text({"certificate", "chain"}), world.cas.find("issuing")->chain_pem());
  const std::string serial = text({"certificate", "serial_number"});
  EXPECT_EQ(text({"certificate", "links", "self"}), "/certs/" + serial);
  EXPECT_EQ(world.call("GET", "/certs/" + serial, alice.token).status, 200);
  EXPECT_EQ(call("GET", text({"status_url"}), alice.token).status, 200);
  EXPECT_EQ(text({"request", "state"}), "issued");
  EXPECT_EQ(text({"certificate", "serial_number"}), serial);
}

TEST_F(Portal, WaitsForAnOfficerElse) {
  world.set_approval("issuing", {{}});
  const auto response = call("POST", "/csr/process", alice.token, body(pem()));
  ASSERT_EQ(response.status, 202) << response.body.text();
  EXPECT_EQ(last.find("certificate"), nullptr);
  const std::string id = text({"request_id"});
  EXPECT_EQ(text({"status_url"}), "/csr/requests/" + id);
  EXPECT_EQ(call("GET", "/csr/requests/" + id, alice.token).status, 200);
  EXPECT_EQ(text({"request", "state"}), "pending");
  approve(id, bob);
  // Reading changes nothing; whoever approves goes on to issue, and else the server's upkeep does.
  EXPECT_EQ(call("GET", "/csr/requests/" + id, alice.token).status, 200);
  EXPECT_EQ(text({"request", "state"}), "approved");
  EXPECT_EQ(must(world.issuance.resume_approved({}, Seconds(0))), 1U);
  EXPECT_EQ(call("GET", "/csr/requests/" + id, alice.token).status, 200);
  EXPECT_EQ(text({"request", "state"}), "issued");
  EXPECT_THAT(text({"certificate", "certificate"}), HasSubstr("BEGIN CERTIFICATE"));
}

TEST_F(Portal, APasswordWrongOrMissingIsAnsweredAlike) {
  world.set_approval("issuing", {{.password = true}});
  must(world.approval_passwords.set("issuing", SecretBytes::copy_of(as_bytes(kPassword)), {}));
  const auto with = [&](const char* password) {
    Members more;
    if (password != nullptr) more["approval_password"] = json::write(json::Value(password));
    const auto response = call("POST", "/csr/process", alice.token, body(pem(), std::move(more)));
    return std::to_string(response.status) + text({"message"});
  };
  EXPECT_EQ(with(std::string(kPassword).c_str()).substr(0, 3), "200");
  const auto missing = with(nullptr);
  EXPECT_EQ(missing.substr(0, 3), "202");
  EXPECT_EQ(with("wrong horse battery"), missing);
  EXPECT_EQ(with(""), missing);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(with("wrong horse battery"), missing);
  EXPECT_EQ(with(std::string(kPassword).c_str()), missing) << "locked out";
  for (const auto& leaf : must(world.store.audit_leaves(0, 1000)))
    EXPECT_EQ(as_text(leaf.record).find("horse"), std::string_view::npos);
}

// The same letters, typed on two systems: nobody would see the difference.
TEST_F(Portal, ACommonNameThatIsComposedOtherwiseIsSaidToBe) {
  const std::string composed = "M\u00fcller", decomposed = "Mu\u0308ller";
  EXPECT_EQ(call("POST", "/csr/process", alice.token, body(pem(("CN=" + composed).c_str()), {}, decomposed)).status, 422);
  EXPECT_EQ(text({"field"}), "common_name");
  EXPECT_THAT(text({"message"}), HasSubstr("common_name: the request says \"Mu\\xcc\\x88ller\""));
  EXPECT_THAT(text({"message"}), HasSubstr("the request's has letters that are not composed (Unicode NFC): send them composed"));
  EXPECT_EQ(call("POST", "/csr/process", alice.token, body(pem(("CN=" + decomposed).c_str()), {}, composed)).status, 422);
  EXPECT_THAT(text({"message"}), HasSubstr("the CSR's has letters that are not composed (Unicode NFC): make a CSR with composed ones"));
  EXPECT_EQ(call("POST", "/csr/process", alice.token, body(pem(), {}, "b.example")).status, 422);
  EXPECT_THAT(text({"message"}), ::testing::Not(HasSubstr("composed")));
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Portal, WhereNoCaServesTheTenantTheRefusalSaysSo) {
  auto policy = world.cas.find("issuing")->policy();
  policy.tenants = {"acme"};
  must(world.authority.change_policy("issuing", policy, {}));
  EXPECT_EQ(call("POST", "/csr/process", alice.token, body(pem())).status, 404);
  EXPECT_EQ(text({"field"}), "ca_id");
  EXPECT_THAT(text({"message"}), HasSubstr("there is no CA that your roles let you request certificates by"));
  EXPECT_EQ(call("POST", "/csr/process", alice.token, body(pem(), {{"ca_id", "\"issuing\""}})).status, 404);
  EXPECT_THAT(text({"message"}), HasSubstr("\"issuing\": no such CA, or none that you may use"));
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Portal, SelectionIsShownWithoutBeingUsed) {
  EXPECT_EQ(call("POST", "/csr/select", alice.token, R"({"validity_days": 30})").status, 200);
  EXPECT_EQ(text({"ca_id"}), "issuing");
  EXPECT_THAT(text({"message"}), HasSubstr("chose issuing"));
  EXPECT_EQ(call("POST", "/csr/select", alice.token, R"({"tenant_id": "acme"})").status, 200);
  EXPECT_FALSE(success());
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Portal, TemplateHasWhatTheSpecificationLists) {
  world.set_approval("issuing", {{.profiles = {"code-signing"}}});
  ASSERT_EQ(call("GET", "/csr/ca-template/issuing", alice.token).status, 200);
  EXPECT_EQ(text({"id"}), "issuing");
  EXPECT_EQ(text({"name"}), "Issuing");
  EXPECT_EQ(text({"common_name"}), "Test Issuing CA");
  EXPECT_EQ(text({"organization"}), "");
  EXPECT_EQ(*last.find("requires_manual_approval"), json::Value(true));
  EXPECT_GT(*last.find("max_validity_days")->if_int64(), 300);
  // What POST /csr/process takes without further words, though code-signing could be longer.
  const auto longest = *last.find("max_validity_days")->if_int64();
  EXPECT_EQ(longest, service.longest_validity(*world.cas.find("issuing"), *registration::profile_for(*world.cas.find("issuing"), world.profiles, {}, {})).days);
  EXPECT_EQ(json::write(*last.find("allowed_extensions")), R"(["server_auth","client_auth","code_signing"])");
  EXPECT_THAT(json::write(*last.find("allowed_key_sizes")), HasSubstr("2048"));
  EXPECT_THAT(text({"openssl_command"}), HasSubstr("openssl req -new"));
  EXPECT_THAT(text({"openssl_config"}), HasSubstr("extendedKeyUsage = serverAuth, clientAuth"));
  EXPECT_EQ(call("GET", "/csr/ca-template/root", alice.token).status, 422);
  EXPECT_EQ(call("GET", "/csr/ca-template/none", alice.token).status, 404);
  EXPECT_THAT(text({"message"}), HasSubstr("ca_id: \"none\": no such CA, or none that you may use"));
  // A CA of other tenants looks like none.
  auto policy = world.cas.find("issuing")->policy();
  policy.tenants = {"acme"};
  must(world.authority.change_policy("issuing", policy, {}));
  EXPECT_EQ(call("GET", "/csr/ca-template/issuing", alice.token).status, 404);
  EXPECT_EQ(call("GET", "/csr/ca-template/issuing", dave.token).status, 200);
}

TEST_F(Portal, ACertificateThatEndsWithItsCaSaysSo) {
  ASSERT_EQ(call("POST", "/csr/process", alice.token, body(pem())).status, 200);
  EXPECT_EQ(text({"message"}), "The certificate was issued.");
  const auto ca = world.cas.find("issuing");
  world.clock.advance(std::chrono::floor<Seconds>(ca->not_after() - world.clock.now()) - 20 * Seconds(86'400));
  ASSERT_EQ(call("POST", "/csr/process", alice.token, body(pem("CN=b.example", {"b.example"}), {}, "b.example")).status, 200)
      << json::write(last);
  const std::string said = "The certificate was issued. It ends with its CA \"issuing\", on " + to_rfc3339(ca->not_after()) + ".";
  EXPECT_EQ(text({"message"}), said);
  EXPECT_EQ(text({"certificate", "not_after"}), to_rfc3339(ca->not_after()));
  const std::string status = text({"status_url"});
  EXPECT_EQ(call("GET", status, alice.token).status, 200);
  EXPECT_EQ(text({"message"}), said);
  // Whoever says how long, and has it, need not be told.
  ASSERT_EQ(call("POST", "/csr/process", alice.token,
                 body(pem("CN=c.example", {"c.example"}), {{"validity_days", "10"}}, "c.example")).status, 200);
  EXPECT_EQ(text({"message"}), "The certificate was issued.");
}

TEST_F(Portal, ACaWithoutProfilesSaysSo) {
  auto policy = world.cas.find("issuing")->policy();
  policy.profiles.clear();
  must(world.authority.change_policy("issuing", policy, {}));
  EXPECT_EQ(call("POST", "/csr/process", alice.token, body(pem(), {{"ca_id", R"("issuing")"}})).status, 422);
  EXPECT_EQ(text({"field"}), "ca_id");
  EXPECT_EQ(text({"message"}), R"(ca_id: CA "issuing" has no profile for requests)");
}

// For every profile that can be the only one: a file that openssl reads, and names that the profile takes.
TEST_F(Portal, TheTemplateIsForTheProfileThatTheRequestGets) {
  const auto shown = [&](const std::string& profile) {
    auto policy = world.cas.find("issuing")->policy();
    policy.profiles = {profile};
    must(world.authority.change_policy("issuing", policy, {}));
    EXPECT_EQ(call("GET", "/csr/ca-template/issuing", alice.token).status, 200);
  };
  shown("code-signing");
  EXPECT_THAT(text({"openssl_config"}), ::testing::Not(HasSubstr("subjectAltName"))) << "the profile takes none";
  EXPECT_THAT(text({"openssl_config"}), HasSubstr("extendedKeyUsage = codeSigning"));
  const auto& commands = *last.find("openssl_commands")->if_array();
  EXPECT_EQ(commands.size(), world.profiles.find("code-signing")->key_algorithms.size());
  EXPECT_EQ(*commands.front().find("command")->if_string(), text({"openssl_command"}));
  for (const auto& each : commands)
    if (*each.find("key_type")->if_string() == "slh-dsa-sha2-128s") {
      EXPECT_THAT(*each.find("command")->if_string(), HasSubstr("-newkey slh-dsa-sha2-128s "));
    }
  shown("tls-client");
  EXPECT_THAT(text({"openssl_config"}), HasSubstr("subjectAltName = DNS:www.example.com"));
  // One that takes nothing but post-quantum keys.
  auto document = must(json::parse(profile::write_profile(*world.profiles.find("code-signing"))));
  document.set("key_algorithms", json::Array{"ml-dsa-65", "slh-dsa-sha2-128f"});
  must(world.publisher.publish(document, {}));
  shown("code-signing");
  EXPECT_THAT(text({"openssl_command"}), HasSubstr("-newkey ml-dsa-65 "));
  EXPECT_EQ(last.find("openssl_commands")->if_array()->size(), 2U);
}

TEST_F(Portal, AFileAsMultipart) {
  const std::string file = pem();
  const std::string multipart =
      "--b\r\nContent-Disposition: form-data; name=\"common_name\"\r\n\r\na.example\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"csr_data\"; filename=\"a.pem\"\r\n\r\n" + file + "\r\n--b--\r\n";
  EXPECT_EQ(call("POST", "/csr/process", alice.token, multipart, "multipart/form-data; boundary=b").status, 200);
}

TEST_F(Portal, TheSameAgainIsTheSameRequest) {
  world.set_approval("issuing", {{}});
  const std::string same = body(pem());
  call("POST", "/csr/process", alice.token, same);
  const auto id = text({"request_id"});
  call("POST", "/csr/process", alice.token, same);
  EXPECT_EQ(text({"request_id"}), id);
  EXPECT_EQ(requests(), 1U);
}

// The authorisation matrix: route x caller, on a request of alice's. A route without a row fails.
TEST_F(Portal, Matrix) {
  world.set_approval("issuing", {{}});
  call("POST", "/csr/process", alice.token, body(pem()));
  const std::string id = text({"request_id"});
  const auto account = [&](const char* tenant, Role role, const char* scope) {
    return world.add_account(tenant, {{role, scope, ""}}).token;
  };
  // admin of all; admin, issuer, approver, auditor, another requester, the owner of tenant default; admin of acme; nobody
  const std::vector<std::string> callers = {
      world.admin, account("default", Role::admin, "default"), account("default", Role::issuer, "default"), bob.token,
      account("default", Role::auditor, "default"), account("default", Role::requester, "default"), alice.token, dave.token, ""};
  const struct {
    const char* route;
    std::string target, body;
    const char* expected;  // '+' done, '-' refused, '0' hidden, '?' no credential
  } kRows[] = {
      {"POST /csr/process", "/csr/process", body(pem(), {{"tenant_id", "\"default\""}}), "+++00++0?"},
      {"POST /csr/select", "/csr/select", "{}", "++++++++?"},
      {"GET /csr/ca-template/{caId}", "/csr/ca-template/issuing", "", "++++++++?"},
      {"GET /csr/requests/{id}", "/csr/requests/" + id, "", "+++++0+0?"}};
  std::set<std::string> rows, there;
  for (const auto& row : kRows) {
    rows.insert(row.route);
    std::string found, answers;
    for (const auto& token : callers) {
      const std::string method(row.route, std::string_view(row.route).find(' '));
      const auto response = call(method, row.target, token, row.body);
      found += response.status == 401 ? '?' : response.status == 403 ? '-' : response.status == 404 ? '0' : '+';
      answers += "\n  " + std::to_string(response.status) + " " + std::string(response.body.text());
    }
    EXPECT_EQ(found, row.expected) << row.route << answers;
  }
  for (const auto& route : routes) there.insert(web::key_of(route));
  EXPECT_EQ(rows, there);
}

// ---- The certs service is no way around

TEST_F(Portal, TheCertsServiceWaitsForTheSameOfficer) {
  world.set_approval("issuing", {{}});
  const std::string csr = World::csr_body(pem());
  const auto first = world.call("POST", "/certs/csrs/e", alice.token, csr);
  EXPECT_EQ(first.status, 409) << first.body.text();
  EXPECT_EQ(World::text_of(first, "error"), "");
  const std::string id = World::text_of(first, "request_id");
  EXPECT_EQ(World::text_of(world.call("POST", "/certs/csrs/e", alice.token, csr), "request_id"), id);
  EXPECT_EQ(requests(), 1U);
  approve(id, bob);
  const auto issued = world.call("POST", "/certs/csrs/e", alice.token, csr);
  ASSERT_EQ(issued.status, 200) << issued.body.text();
  const std::string serial = World::text_of(issued, "serial_number");
  EXPECT_FALSE(serial.empty());
  EXPECT_EQ(World::text_of(world.call("POST", "/certs/csrs/e", alice.token, csr), "serial_number"), serial);
  EXPECT_EQ(requests(), 1U);
  // The same CSR from somebody else is another request.
  EXPECT_EQ(world.call("POST", "/certs/csrs/e", world.admin, csr).status, 409);
  EXPECT_EQ(requests(), 2U);
}

TEST_F(Portal, AKeyThatTheServerMakesAndARenewalWaitForHimToo) {
  world.set_approval("issuing", {{.renewals = true}});
  const std::string body = R"({"dns_names": ["e.example"], "profile": "tls-server"})";
  const auto ask = [&] { return world.call("POST", "/certs/issue/backend/e", alice.token, body); };
  const auto first = ask();
  EXPECT_EQ(first.status, 409) << first.body.text();
  approve(World::text_of(first, "request_id"), bob);
  const auto made = ask();
  ASSERT_EQ(made.status, 201) << made.body.text();
  const std::string serial = World::text_of(made, "serial_number");
  EXPECT_EQ(World::text_of(ask(), "serial_number"), serial);

  const auto renew = [&] { return world.call("PATCH", "/certs/" + serial + "/renew", alice.token, ""); };
  const auto waiting = renew();
  EXPECT_EQ(waiting.status, 409) << waiting.body.text();
  const std::string id = World::text_of(waiting, "request_id");
  const auto shown = std::string(call("GET", "/csr/requests/" + id, alice.token, "").body.text());
  EXPECT_NE(shown.find("\"renews\":\"" + serial), std::string::npos) << shown;
  approve(id, bob);
  EXPECT_EQ(renew().status, 200);
  EXPECT_EQ(renew().status, 200);
  EXPECT_EQ(requests(), 2U);
}

// Only a certificate that can be had and used is the answer.
TEST_F(Portal, ARevokedOrExpiredCertificateIsNoAnswer) {
  world.set_approval("issuing", {{}});
  const std::string csr = World::csr_body(pem());
  const auto ask = [&] {
    world.clock.advance(Seconds(1));  // the newest request is told by its time
    return world.call("POST", "/certs/csrs/e", alice.token, csr);
  };
  const auto approved = [&] {
    approve(World::text_of(ask(), "request_id"), bob);
    return World::text_of(ask(), "serial_number");
  };
  const std::string first = approved();
  EXPECT_EQ(ask().status, 200);
  ASSERT_EQ(world.call("PATCH", "/certs/" + first + "/revoke", world.admin, "{}").status / 100, 2);
  EXPECT_EQ(ask().status, 409);
  const std::string second = approved();
  EXPECT_NE(second, first);
  EXPECT_EQ(World::text_of(ask(), "serial_number"), second);
  EXPECT_EQ(requests(), 2U);
}

// A renewed key of a client: with it the answer is the same, whoever had to approve it.
TEST_F(Portal, AnIdempotencyKeyOfTheCertsServiceOutlivesTheWait) {
  world.set_approval("issuing", {{}});
  const std::string a = World::csr_body(pem()), b = World::csr_body(pem("CN=b.example", {"b.example"}));
  const auto ask = [&](const std::string& csr) {
    return world.call("POST", "/certs/csrs/e", alice.token, csr, {{"Idempotency-Key", "k"}});
  };
  const std::string id = World::text_of(ask(a), "request_id");
  EXPECT_EQ(ask(b).status, 409);
  EXPECT_EQ(requests(), 1U);
  approve(id, bob);
  const std::string serial = World::text_of(ask(a), "serial_number");
  EXPECT_FALSE(serial.empty());
  world.clock.advance(std::chrono::hours(24 * 6));
  EXPECT_EQ(World::text_of(ask(a), "serial_number"), serial);
  EXPECT_EQ(ask(b).status, 409);
}

TEST_F(Portal, TheCertsServiceSaysThatItWasDenied) {
  world.set_approval("issuing", {{}});
  const std::string csr = World::csr_body(pem());
  const std::string id = World::text_of(world.call("POST", "/certs/csrs/e", alice.token, csr), "request_id");
  const auto officer = must(world.directory.find_principal(bob.id));
  must(world.requests.deny(id, officer, {.principal = bob.id, .tenant = "default", .door = "test", .remote = ""}, "not ours"));
  const auto denied = world.call("POST", "/certs/csrs/e", alice.token, csr);
  EXPECT_EQ(denied.status, 403);
  EXPECT_THAT(World::text_of(denied, "message"), HasSubstr("not ours"));
}

}  // namespace
}  // namespace certwright::gateway::portal
