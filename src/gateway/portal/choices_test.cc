// Which CA, for whom, and for how long: what the portal makes of who asks, from where, and of the limits.
#include <gmock/gmock.h>

#include "gateway/portal/testing_portal.h"

namespace certwright::gateway::portal {
namespace {

using access::Role;
using certs::testing::must;
using certs::testing::World;
using ::testing::HasSubstr;

constexpr std::int64_t kDay_s = 86'400;

class PortalChoices : public testing::PortalFixture {
 protected:
  PortalChoices() { add_ca("second", "CN=Second Issuing CA"); }

  void add_ca(const std::string& id, const std::string& subject, std::int64_t days = 5LL * 365,
              std::vector<std::string> profiles = {"tls-server", "tls-client", "tls-server-client"}) {
    authority::NewCa ca;
    ca.id = id;
    ca.name = id;
    ca.subject = subject;
    ca.validity = Seconds(days * kDay_s);
    ca.policy.public_url = "http://pki.example:8080";
    ca.policy.profiles = std::move(profiles);
    must(world.authority.create_subordinate(ca, "root", {.id = "system", .name = "system", .tenant = "system", .email = {}, .bindings = {}}, {}));
  }
  // A person of this e-mail address, who requests.
  std::string person(const std::string& email) {
    const auto made = must(world.directory.create_principal(
        {"default", "account", email, store::PrincipalKind::person, {{Role::requester, "default", ""}}}, World::no_evidence()));
    const auto token = must(world.directory.create_token({made.id, "test", {}}, World::no_evidence()));
    world.authenticator.invalidate();
    return std::string(as_text(token.text.reveal()));
  }
  http::Response from(const std::string& address, const std::string& target, const std::string& token,
                      const std::string& body, const std::string& forwarded_for = {}) {
    http::Headers headers;
    headers.add("Authorization", "Bearer " + token);
    headers.add("Content-Type", "application/json");
    if (!forwarded_for.empty()) headers.add("X-Forwarded-For", forwarded_for);
    auto request = web::testing::make_request("POST", target, std::move(headers), body);
    request.peer = web::testing::tls_peer(address);
    auto response = handler->handle(std::move(request));
    last = must(json::parse(response.body.text()));
    return response;
  }
  std::string csr_of(const char* key_type, const std::string& name) {
    x509::Extensions extensions;
    must(extensions.add({x509::oids::kSubjectAltName, false, x509::encode_subject_alt_name({must(x509::GeneralName::dns(name))})}));
    const auto key = must(crypto::PrivateKey::generate(*must(crypto::find_key_algorithm(key_type))));
    return World::csr_pem(key, must(x509::Name::from_text("CN=" + name)), extensions);
  }
  void prefer(registration::SelectionRule rule) {
    rule.ca = "second";
    registration::SelectionPolicy policy;
    policy.rules.push_back(std::move(rule));
    must(world.selection.put("default", policy, world.cas, {}));
  }
  void set_profiles(const std::string& ca, std::vector<std::string> profiles) {
    auto policy = world.cas.find(ca)->policy();
    policy.profiles = std::move(profiles);
    must(world.authority.change_policy(ca, policy, {}));
  }
  std::vector<std::string> offered(const World::Account& who) {
    std::vector<std::string> ids;
    for (const auto& ca : service.issuing_cas(must(world.directory.find_principal(who.id)))) ids.push_back(ca->id());
    return ids;
  }
};

// Each criterion looks at what was authenticated, and the preview says what processing does.
TEST_F(PortalChoices, SelectionLooksAtWhoAsksAndFromWhere) {
  const std::string ours = person("anna@corp.example"), others = person("anna@elsewhere.example");
  const struct {
    const char* what;
    registration::SelectionRule rule;
    std::string token, address, purpose;
    const char* key_type;
    const char* expected;
  } kRows[] = {
      {"nothing said", {}, ours, "192.0.2.7", "", "ecdsa-p256", "issuing"},
      {"the e-mail address", {.emails = {"@corp.example"}}, ours, "192.0.2.7", "", "ecdsa-p256", "second"},
      {"another's", {.emails = {"@corp.example"}}, others, "192.0.2.7", "", "ecdsa-p256", "issuing"},
      {"the network", {.networks = {"10.0.0.0/8"}}, ours, "10.1.2.3", "", "ecdsa-p256", "second"},
      {"another", {.networks = {"10.0.0.0/8"}}, ours, "192.0.2.7", "", "ecdsa-p256", "issuing"},
      {"the key", {.key_types = {"ecdsa-p384"}}, ours, "192.0.2.7", "", "ecdsa-p384", "second"},
      {"another", {.key_types = {"ecdsa-p384"}}, ours, "192.0.2.7", "", "ecdsa-p256", "issuing"},
      {"the purpose", {.purposes = {"vpn"}}, ours, "192.0.2.7", "vpn", "ecdsa-p256", "second"},
      {"another", {.purposes = {"vpn"}}, ours, "192.0.2.7", "web", "ecdsa-p256", "issuing"}};
  int n = 0;
  for (const auto& row : kRows) {
    prefer(row.rule);
    const std::string name = "n" + std::to_string(++n) + ".example";
    json::Writer w;
    w.begin_object().member("csr_data", csr_of(row.key_type, name)).member("common_name", name);
    if (!row.purpose.empty()) w.member("purpose_category", row.purpose);
    w.end_object();
    const std::string body = std::move(w).take();
    // A header that anybody can write is no evidence, also where it names the rule's network.
    ASSERT_EQ(from(row.address, "/csr/select", row.token, body, "10.9.9.9").status, 200) << json::write(last);
    EXPECT_EQ(text({"ca_id"}), row.expected) << row.what << text({"message"});
    ASSERT_EQ(from(row.address, "/csr/process", row.token, body, "10.9.9.9").status, 200) << json::write(last);
    EXPECT_EQ(text({"certificate", "ca_id"}), row.expected) << row.what;
  }
}

TEST_F(PortalChoices, TheFormOffersWhatTheCallerCanUse) {
  EXPECT_EQ(offered(alice), (std::vector<std::string>{"issuing", "second"}));
  const auto bound = world.add_account("default", {{Role::requester, "default", "second"}});
  EXPECT_EQ(offered(bound), std::vector<std::string>{"second"});
  EXPECT_EQ(offered(bob), std::vector<std::string>{});  // an officer requests nothing
  // For other doors: CAs of CAs, and those without a profile.
  add_ca("above", "CN=Above", 5LL * 365, {"intermediate-ca"});
  set_profiles("second", {});
  EXPECT_EQ(offered(alice), std::vector<std::string>{"issuing"});
  set_profiles("second", {"tls-server"});
  must(world.authority.retire("second", {}));
  EXPECT_EQ(offered(alice), std::vector<std::string>{"issuing"});
  world.clock.advance(Seconds(6LL * 365 * kDay_s));
  EXPECT_EQ(offered(alice), std::vector<std::string>{});
}

// A role at one CA is none at another: not for requests, not for templates, not for what others asked for.
TEST_F(PortalChoices, ARoleAtAnotherCaIsNone) {
  const auto bound = world.add_account("default", {{Role::requester, "default", "second"}});
  const auto officer = world.add_account("default", {{Role::approver, "default", "second"}});
  world.set_approval("issuing", {{}});
  EXPECT_EQ(call("GET", "/csr/ca-template/issuing", bound.token).status, 404);
  EXPECT_EQ(call("GET", "/csr/ca-template/second", bound.token).status, 200);
  EXPECT_EQ(call("POST", "/csr/process", bound.token, body(pem(), {{"ca_id", "\"issuing\""}})).status, 404);
  EXPECT_EQ(text({"field"}), "ca_id");
  EXPECT_EQ(call("POST", "/csr/process", bound.token, body(pem())).status, 200);
  EXPECT_EQ(text({"certificate", "ca_id"}), "second");
  EXPECT_EQ(call("POST", "/csr/process", alice.token, body(pem(), {{"ca_id", "\"issuing\""}})).status, 202);
  const std::string at_issuing = text({"request_id"});
  world.set_approval("second", {{}});
  EXPECT_EQ(call("POST", "/csr/process", alice.token, body(pem(), {{"ca_id", "\"second\""}})).status, 202);
  const std::string at_second = text({"request_id"});
  EXPECT_EQ(call("GET", "/csr/requests/" + at_issuing, officer.token).status, 404);
  EXPECT_EQ(call("GET", "/csr/requests/" + at_second, officer.token).status, 200);
}

// max_validity_days is the least of three, the template says so, and it is the first that is taken.
TEST_F(PortalChoices, TheLongestValidityIsTheLeastOfThreeLimits) {
  auto document = must(json::parse(profile::write_profile(*world.profiles.find("tls-server-client"))));
  const auto set_maximum = [&](const std::string& duration) {
    document.set("validity", json::Object{{"default", "1d"}, {"max", duration}});
    must(world.publisher.publish(document, {}));
  };
  add_ca("short", "CN=Short Issuing CA", 30, {"tls-server-client"});
  add_ca("long", "CN=Long Issuing CA", 3'653, {"tls-server-client"});
  const struct {
    const char* ca;
    const char* maximum;
    std::int64_t days;
    const char* rule;
  } kRows[] = {{"long", "20d", 20, "the maximum of profile \"tls-server-client\""},
               {"short", "397d", 29, "the remaining life of CA \"short\""},  // and some seconds
               {"long", "5000d", 3'650, "the limit for requests of this kind"}};
  int n = 0;
  for (const auto& row : kRows) {
    set_maximum(row.maximum);
    ASSERT_EQ(call("GET", std::string("/csr/ca-template/") + row.ca, alice.token).status, 200);
    const auto days = *last.find("max_validity_days")->if_int64();
    EXPECT_NEAR(static_cast<double>(days), static_cast<double>(row.days), 1.0) << row.rule;
    const std::string name = "v" + std::to_string(++n) + ".example", ca = std::string("\"") + row.ca + "\"";
    const auto ask = [&](std::int64_t wanted) {
      return call("POST", "/csr/process", alice.token,
                  body(pem(("CN=" + name).c_str(), {name}), {{"ca_id", ca}, {"validity_days", std::to_string(wanted)}}, name)).status;
    };
    EXPECT_EQ(ask(days + 1), 422) << json::write(last);
    EXPECT_EQ(text({"field"}), "validity_days");
    EXPECT_THAT(text({"message"}), HasSubstr(row.rule));
    EXPECT_EQ(ask(days), 200) << json::write(last);
  }
}

TEST_F(PortalChoices, TheTemplateHasExactlyItsMembers) {
  ASSERT_EQ(call("GET", "/csr/ca-template/issuing", alice.token).status, 200);
  std::set<std::string> members;
  for (const auto& [name, value] : *last.if_object()) members.insert(name);
  EXPECT_EQ(members, (std::set<std::string>{
                         // the specification's
                         "id", "name", "common_name", "organization", "country", "requires_manual_approval",
                         "max_validity_days", "allowed_key_sizes", "allowed_extensions",
                         // additive
                         "allowed_key_types", "openssl_command", "openssl_commands", "openssl_config"}));
  EXPECT_EQ(json::write(*last.find("allowed_key_sizes")), "[2048,3072,4096]");
}

TEST_F(PortalChoices, TenantsThatOneMayRequestFor) {
  const auto both = world.add_account("acme", {{Role::requester, "acme", ""}, {Role::issuer, "default", "second"}, {Role::auditor, "*", ""}});
  EXPECT_EQ(must(service.tenants(must(world.directory.find_principal(both.id)))), (std::vector<std::string>{"acme", "default"}));
  EXPECT_EQ(must(service.tenants(must(world.directory.find_principal(alice.id)))), std::vector<std::string>{"default"});
  EXPECT_EQ(must(service.tenants(must(world.directory.find_principal(bob.id)))), std::vector<std::string>{});
}

}  // namespace
}  // namespace certwright::gateway::portal
