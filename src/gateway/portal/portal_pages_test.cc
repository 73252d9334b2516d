// The pages of requests over a whole CA in memory: what people do with a browser.
#include "gateway/portal/testing_pages.h"

#include <gmock/gmock.h>

#include "access/stored_principal.h"
#include "crypto/digest.h"
#include "gateway/portal/comparison.h"
#include "x509/oids.h"

namespace certwright::gateway::portal {
namespace {

using access::Role;
using certs::testing::must;
using certs::testing::World;
using pages::testing::Browser;
using pages::testing::has;
using ::testing::HasSubstr;

using testing::csr;
using testing::Fields;

class PortalPagesTest : public testing::PagesFixture {};

TEST_F(PortalPagesTest, AFileIsSignedAtOnceWhereNobodyMustApprove) {
  EXPECT_TRUE(has(alice->get("/csr/upload"), "<option value=\"issuing\">Issuing (issuing)</option>"));
  EXPECT_FALSE(has(alice->get("/csr/upload"), "value=\"root\""));
  const auto sent = alice->post_files("/csr/upload",
                                      {{"csr_data", ""}, {"common_name", "a.example"}, {"validity_days", "30"}, {"ca_id", ""}, {"extensions", "server_auth"}},
                                      {{"csr_file", csr("CN=a.example", {"a.example"})}});
  ASSERT_EQ(sent.status, 303) << sent.body.text() << internal_error;
  const std::string location(sent.headers.get("Location"));
  const auto page = alice->get(location);
  EXPECT_TRUE(has(page, "The certificate is issued.")) << page.body.text();
  EXPECT_TRUE(has(page, "How it was chosen"));
  const std::string id = location.substr(10, location.find('?') - 10);
  const auto issued = certificate(id);
  EXPECT_TRUE(has(page, must(issued.serial_number()).decimal()));
  EXPECT_EQ(issued.not_after() - world.clock.now(), Seconds(30 * 86'400));
  const auto pem = alice->get("/requests/" + id + "/certificate.pem");
  EXPECT_EQ(pem.status, 200);
  EXPECT_EQ(must(x509::parse_certificates_pem(pem.body.text())).at(0).der().size(), issued.der().size());
  EXPECT_THAT(std::string(pem.body.text()), HasSubstr(world.cas.find("issuing")->chain_pem()));
  EXPECT_TRUE(has(alice->get("/requests"), "/requests/" + id));
}

TEST_F(PortalPagesTest, WhatIsLeftOutOfTheCsrIsSaid) {
  x509::Extensions policies;
  must(policies.add({x509::oids::kCertificatePolicies, false, to_bytes(as_bytes("\x30"))}));
  const auto id = upload(csr("CN=a.example", {"a.example"}, policies));
  ASSERT_NE(id, "") << last.body.text();
  EXPECT_TRUE(has(alice->get("/requests/" + id), "<dt>Extensions of the CSR that are left out</dt><dd>2.5.29.32</dd>"));
  const auto without = upload(csr("CN=b.example", {"b.example"}), "b.example");
  EXPECT_FALSE(has(alice->get("/requests/" + without), "left out"));
}

TEST_F(PortalPagesTest, AnOfficerSeesBothSidesAndDecides) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example,O=Acme", {"a.example", "www.a.example"}), "a.example", {{"purpose_category", "web"}});
  ASSERT_NE(id, "") << last.body.text() << internal_error;
  EXPECT_TRUE(has(alice->get("/requests/" + id), "waits for approval"));
  EXPECT_TRUE(has(bob->get("/approvals"), "/approvals/" + id));
  EXPECT_TRUE(has(bob->get("/requests/" + id), "<a href=\"/approvals/" + id + "\">Decide about this request</a>"));
  EXPECT_FALSE(has(alice->get("/requests/" + id), "/approvals/" + id));
  const auto review = bob->get("/approvals/" + id);
  EXPECT_EQ(review.status, 200);
  EXPECT_TRUE(has(review, "<th scope=\"row\">Name</th><td>DNS:www.a.example</td>")) << review.body.text();
  EXPECT_TRUE(has(review, "<th scope=\"row\">Key</th><td>ecdsa-p256</td>"));
  EXPECT_TRUE(has(review, "<td>serverAuth</td><td>serverAuth</td>") || has(review, "<td>clientAuth, serverAuth</td><td>clientAuth, serverAuth</td>"));
  EXPECT_TRUE(has(review, "No findings."));
  EXPECT_TRUE(has(review, "Why it needs approval"));
  EXPECT_TRUE(has(review, "Alice"));
  EXPECT_TRUE(has(review, "name=\"remove\" value=\"DNS:www.a.example\""));
  EXPECT_FALSE(has(review, "name=\"remove\" value=\"DNS:a.example\"")) << "the common name";
  EXPECT_EQ(approve(*bob, id, {{"comment", "known to us"}}), 303) << last.body.text();
  EXPECT_EQ(last.headers.get("Location"), "/requests/" + id);
  const auto seen_by_officer = bob->get("/requests/" + id);
  EXPECT_TRUE(has(seen_by_officer, "The certificate is issued."));
  EXPECT_TRUE(has(seen_by_officer, must(certificate(id).serial_number()).decimal()));
  EXPECT_TRUE(has(alice->get("/requests/" + id), "known to us"));
  EXPECT_FALSE(has(bob->get("/approvals"), id)) << "it waits no more";
  EXPECT_FALSE(has(bob->get("/requests/" + id), "Decide about this request"));
  const auto again = bob->get("/approvals/" + id);
  EXPECT_TRUE(has(again, "nothing to decide"));
  EXPECT_FALSE(has(again, "value=\"approve\""));
}

// Without a CSR it is the certificate before, or what the door said, that stands beside what would be issued.
TEST_F(PortalPagesTest, AnOfficerSeesWhatARenewalFollows) {
  world.set_approval("issuing", {{.renewals = true}});
  const auto requester = must(access::stored_principal(world.store, ids["Alice"]));
  const audit::Actor actor{.principal = requester.id, .tenant = "default", .door = "certs", .remote = "192.0.2.7"};
  registration::IssuanceRequest request;
  request.principal = requester;
  request.actor = actor;
  request.profile = "tls-server";
  request.names = {must(x509::GeneralName::dns("a.example"))};
  request.subject = {{"common_name", "a.example"}};
  const auto made = must(world.requests.submit({.request = std::move(request)})).record;
  const auto review = bob->get("/approvals/" + made.id);
  EXPECT_TRUE(has(review, "<dt>Asked for</dt><dd>a key pair of ecdsa-p256, which the server makes when it is issued</dd>")) << review.body.text();
  EXPECT_TRUE(has(review, "<th scope=\"row\">Key</th><td>ecdsa-p256</td>"));
  EXPECT_TRUE(has(review, "<th scope=\"row\">Name</th><td>DNS:a.example</td>"));
  EXPECT_EQ(approve(*bob, made.id), 303) << last.body.text();
  const auto first = *must(world.store.find_certificate(must(world.requests.find(made.id))->certificate));

  const auto next = must(world.requests.submit({.request = registration::renewal_request(requester, actor, first, {})})).record;
  const auto shown = bob->get("/approvals/" + next.id);
  EXPECT_TRUE(has(shown, "the next certificate after " + first.certificate.serial.decimal() + ", with a new key pair")) << shown.body.text();
  EXPECT_TRUE(has(shown, "<th scope=\"row\">Subject</th><td>CN=a.example</td>"));
  EXPECT_TRUE(has(shown, "<th scope=\"row\">Name</th><td>DNS:a.example</td>"));
  EXPECT_TRUE(has(shown, "<td>serverAuth</td><td>serverAuth</td>")) << shown.body.text();
  EXPECT_EQ(approve(*bob, next.id), 303) << last.body.text();
  EXPECT_EQ(certificate(next.id).subject().to_text(), "CN=a.example");
}

// Names of accounts are chosen, and not unique: two Alices are told apart.
TEST_F(PortalPagesTest, TheAccountStandsBesideItsName) {
  world.set_approval("issuing", {{.officers = 2}});
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  const auto account = [&](const char* name) { return std::string(name) + " <code>" + ids[name] + "</code>"; };
  EXPECT_TRUE(has(bob->get("/approvals"), "<td>" + account("Alice") + "</td>")) << bob->get("/approvals").body.text();
  EXPECT_EQ(approve(*bob, id), 303);
  const auto review = carol->get("/approvals/" + id);
  EXPECT_TRUE(has(review, "<dt>Requested by</dt><dd>" + account("Alice") + "</dd>")) << review.body.text();
  EXPECT_TRUE(has(review, "Received, by " + account("Alice")));
  EXPECT_TRUE(has(review, "Approved, by " + account("Bob")));
}

// What is copied into the certificate is told apart by its digest, however long it is.
TEST_F(PortalPagesTest, CopiedExtensionsAreToldApart) {
  world.set_approval("issuing", {{}});
  constexpr der::Oid kCopied = der::Oid::of({2, 99999, 1, 0});
  const auto evidence = [](std::size_t octets, std::uint8_t content) {
    Bytes value(octets, content);
    value[0] = 0x04;
    value[1] = static_cast<std::uint8_t>(octets - 2);
    return value;
  };
  const auto id_of = [&](const Bytes& value) {
    x509::Extensions extensions;
    must(extensions.add({kCopied, false, value}));
    return upload(csr("CN=a.example", {"a.example"}, extensions));
  };
  const Bytes small = evidence(8, 1), one = evidence(100, 1), other = evidence(100, 2);
  const auto shown = [](const Bytes& value) { return std::to_string(value.size()) + " octets, SHA-256 " + to_hex(crypto::sha256(value)); };
  const auto first = id_of(one);
  const auto review = bob->get("/approvals/" + first);
  EXPECT_TRUE(has(review, "Extension 2.99999.1.0</th><td>" + shown(one) + "</td><td></td><td>" + shown(one) + "</td>")) << review.body.text();
  EXPECT_TRUE(has(bob->get("/approvals/" + id_of(other)), shown(other)));
  EXPECT_TRUE(has(bob->get("/approvals/" + id_of(small)), shown(small) + ": " + to_hex(small)));

  // Another content of the same size is a change.
  const auto request = *must(world.requests.find(first));
  auto seen = must(world.requests.examine(request, registration::RequestDesk::View::as_changed));
  const auto changed = [&] {
    const auto rows = must(compare(request, seen, world.clock.now()));
    return std::ranges::find(rows, "Extension 2.99999.1.0", &pages::Comparison::what)->changed;
  };
  EXPECT_FALSE(changed());
  x509::Extensions forged;
  for (const auto& extension : seen.extensions)
    must(forged.add(extension.oid == kCopied ? x509::Extension{kCopied, false, other} : extension));
  seen.extensions = forged;
  EXPECT_TRUE(changed());
}

TEST_F(PortalPagesTest, ChangesTakeAwayAndShow) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example", {"a.example", "www.a.example"}), "a.example", {{"validity_days", "90"}});
  EXPECT_TRUE(has(bob->get("/approvals/" + id), "Empty: 90 days"));
  EXPECT_EQ(approve(*bob, id, {{"validity_days", "91"}}), 422);
  EXPECT_TRUE(has(last, "can only shorten")) << last.body.text();
  EXPECT_EQ(approve(*bob, id, {{"remove", "DNS:none.example"}}), 422);
  EXPECT_EQ(approve(*bob, id, {{"validity_days", "20"}, {"remove", "DNS:www.a.example"}}), 303) << last.body.text();
  const auto issued = certificate(id);
  EXPECT_EQ(issued.not_after() - world.clock.now(), Seconds(20 * 86'400));
  EXPECT_EQ(must(x509::parse_subject_alt_name(issued.find_extension(x509::oids::kSubjectAltName)->value)).size(), 1U);
  EXPECT_TRUE(has(alice->get("/requests/" + id), "validity 20d, without DNS:www.a.example"));
}

TEST_F(PortalPagesTest, AChangeIsShownLintedBeforeItIsApproved) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example", {"a.example", "www.a.example"}), "a.example", {{"validity_days", "90"}});
  const auto binding = hidden(bob->get("/approvals/" + id), "binding");
  const Fields change = {{"verdict", "approve"}, {"validity_days", "20"}, {"remove", "DNS:www.a.example"}};
  const auto with = [&](const std::string& seen, bool again) {
    Fields fields = change;
    fields.emplace_back("binding", seen);
    if (again) fields.emplace_back("changes_seen", "1");
    return fields;
  };
  const auto shown = bob->post("/approvals/" + id, with(binding, false));
  EXPECT_EQ(shown.status, 200) << shown.body.text();
  EXPECT_TRUE(has(shown, "<mark>Changed: left out</mark>")) << shown.body.text();
  EXPECT_TRUE(has(shown, "<mark>Changed: 20d, until "));
  EXPECT_TRUE(has(shown, "No findings."));
  EXPECT_TRUE(has(shown, "validity 20d, without DNS:www.a.example"));
  EXPECT_EQ(state(id), store::RequestState::pending);
  EXPECT_EQ(must(world.requests.find(id))->changes, "");
  const auto seen = hidden(shown, "binding");
  EXPECT_NE(seen, binding);
  // What was shown, and nothing else.
  EXPECT_EQ(bob->post("/approvals/" + id, {{"verdict", "approve"}, {"binding", seen}}).status, 409);
  EXPECT_EQ(bob->post("/approvals/" + id, with(std::string(64, '0'), true)).status, 409);
  EXPECT_EQ(bob->post("/approvals/" + id, with(seen, true)).status, 303);
  EXPECT_EQ(state(id), store::RequestState::issued);
}

TEST_F(PortalPagesTest, TwoOfficersAndAChangeInBetween) {
  world.set_approval("issuing", {{.officers = 2}});
  const auto id = upload(csr("CN=a.example", {"a.example", "www.a.example"}));
  const auto seen_first = hidden(carol->get("/approvals/" + id), "binding");
  EXPECT_EQ(approve(*bob, id), 303);
  EXPECT_TRUE(has(alice->get("/requests/" + id), "1 of 2"));
  EXPECT_EQ(approve(*bob, id), 409) << "not twice";
  EXPECT_EQ(approve(*carol, id, {{"remove", "DNS:www.a.example"}}), 303) << last.body.text();
  EXPECT_EQ(state(id), store::RequestState::pending);
  const auto changed = bob->get("/approvals/" + id);
  EXPECT_TRUE(has(changed, "<mark>Changed: left out</mark>")) << changed.body.text();
  EXPECT_TRUE(has(changed, "counts no more"));
  EXPECT_TRUE(has(changed, "1 of 2"));
  // Who decides about what was there before is told to look again.
  last = bob->post("/approvals/" + id, {{"verdict", "approve"}, {"binding", seen_first}});
  EXPECT_EQ(last.status, 409);
  EXPECT_TRUE(has(last, "look at the request again"));
  EXPECT_EQ(approve(*bob, id), 303);
  EXPECT_EQ(state(id), store::RequestState::issued);
}

// As the desk counts: what the page says is there is there for the next decision.
TEST_F(PortalPagesTest, AnApprovalOfADisabledOfficerIsNotCounted) {
  world.set_approval("issuing", {{.officers = 2}});
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  EXPECT_EQ(approve(*bob, id), 303);
  EXPECT_TRUE(has(carol->get("/approvals/" + id), "1 of 2"));
  auto record = *must(world.store.find_principal(ids["Bob"]));
  record.disabled = true;
  must(world.store.apply({store::PutPrincipal{record}}));
  const auto shown = carol->get("/approvals/" + id);
  EXPECT_TRUE(has(shown, "0 of 2")) << shown.body.text();
  EXPECT_TRUE(has(shown, "Approved; counts no more: the officer&#39;s account is disabled"));
  // Not the requester's to know.
  const auto own = alice->get("/requests/" + id);
  EXPECT_TRUE(has(own, "Approved; counts no more")) << own.body.text();
  EXPECT_FALSE(has(own, "disabled"));
}

TEST_F(PortalPagesTest, DeniedWithAReasonThatTheRequesterReads) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  EXPECT_EQ(bob->post("/approvals/" + id, {{"verdict", "deny"}, {"reason", " "}}).status, 422);
  EXPECT_EQ(bob->post("/approvals/" + id, {{"verdict", "deny"}, {"reason", "not one of <our> names"}}).status, 303);
  EXPECT_TRUE(has(alice->get("/requests/" + id), "not one of &lt;our&gt; names"));
  EXPECT_EQ(state(id), store::RequestState::denied);
}

TEST_F(PortalPagesTest, WithdrawnByTheRequesterOnly) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  EXPECT_TRUE(has(alice->get("/requests/" + id), "/withdraw\""));
  EXPECT_FALSE(has(bob->get("/requests/" + id), "/withdraw\""));
  EXPECT_EQ(bob->post("/requests/" + id + "/withdraw", {{"reason", "x"}}).status, 403);
  EXPECT_EQ(alice->post("/requests/" + id + "/withdraw", {{"reason", "typo"}}).status, 303);
  EXPECT_EQ(state(id), store::RequestState::withdrawn);
  EXPECT_TRUE(has(alice->get("/requests/" + id), "typo"));
}

TEST_F(PortalPagesTest, WhatWouldBeRefusedByNowCanOnlyBeDenied) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  auto policy = world.cas.find("issuing")->policy();
  policy.tenants = {"acme"};
  must(world.authority.change_policy("issuing", policy, {}));
  const auto review = bob->get("/approvals/" + id);
  EXPECT_EQ(review.status, 200) << internal_error;
  EXPECT_TRUE(has(review, "<strong>Error: </strong>"));
  EXPECT_FALSE(has(review, "value=\"approve\""));
  EXPECT_EQ(bob->post("/approvals/" + id, {{"verdict", "deny"}, {"reason", "no longer"}}).status, 303);
}

TEST_F(PortalPagesTest, AnOfficerIsNotSentToSignInForTheRequester) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  const auto binding = hidden(bob->get("/approvals/" + id), "binding");
  must(world.directory.set_principal_disabled(ids["Alice"], true, World::no_evidence()));
  world.authenticator.invalidate();
  EXPECT_TRUE(has(bob->get("/approvals/" + id), "<strong>Error: </strong>"));
  last = bob->post("/approvals/" + id, {{"verdict", "approve"}, {"binding", binding}});
  EXPECT_EQ(last.status, 422);
  EXPECT_TRUE(has(last, "the requester&#39;s account is disabled")) << last.body.text();
  EXPECT_EQ(state(id), store::RequestState::pending);
}

TEST_F(PortalPagesTest, WhatFailsAfterTheApprovalSaysWhy) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  const auto officer = must(world.directory.find_principal(ids["Bob"]));
  const audit::Actor actor{.principal = officer.id, .tenant = "default", .door = "test", .remote = ""};
  must(world.requests.approve({.id = id, .officer = officer, .actor = actor, .binding = must(world.requests.find(id))->binding}));
  EXPECT_TRUE(has(alice->get("/requests/" + id), "its certificate is being issued"));
  auto policy = world.cas.find("issuing")->policy();
  policy.profiles = {"code-signing"};
  must(world.authority.change_policy("issuing", policy, {}));
  EXPECT_FALSE(world.issuance.resume(id, actor));
  ASSERT_EQ(state(id), store::RequestState::failed);
  EXPECT_TRUE(has(alice->get("/requests/" + id), "There is no certificate: " + pages::escaped(must(world.requests.find(id))->reason)));
  EXPECT_TRUE(has(bob->get("/requests/" + id), "Could not be issued"));
}

TEST_F(PortalPagesTest, TheApprovalPasswordStandsForTheOfficer) {
  constexpr std::string_view kApproval = "correct horse battery";
  world.set_approval("issuing", {{.password = true}});
  must(world.approval_passwords.set("issuing", SecretBytes::copy_of(as_bytes(kApproval)), {}));
  const auto right = upload(csr("CN=a.example", {"a.example"}), "a.example", {{"approval_password", std::string(kApproval)}});
  EXPECT_EQ(state(right), store::RequestState::issued);
  EXPECT_TRUE(has(alice->get("/requests/" + right), "Approved by the CA&#39;s approval password"));
  const auto wrong = upload(csr("CN=b.example", {"b.example"}), "b.example", {{"approval_password", "wrong horse battery"}});
  EXPECT_EQ(state(wrong), store::RequestState::pending);
}

TEST_F(PortalPagesTest, RefusalsNameFieldAndRuleAndStoreNothing) {
  x509::Extensions ca;
  must(ca.add({x509::oids::kBasicConstraints, true, x509::encode_basic_constraints({.ca = true, .path_length = {}})}));
  const std::string good = csr("CN=a.example", {"a.example"});
  const struct {
    const char* name;
    std::string csr;
    const char* common_name;
    Fields more;
    int status;
    const char* text;
  } kRows[] = {
      {"another common name", good, "b.example", {}, 422, "common_name: the request says &quot;b.example&quot;, the CSR says &quot;a.example&quot;"},
      {"no common name", csr("O=Acme", {"a.example"}), "a.example", {}, 422, "no common name"},
      {"not a CSR", "x", "a.example", {}, 400, "csr_data: "},
      {"a root", good, "a.example", {{"ca_id", "root"}}, 422, "is a root CA"},
      {"no such CA", good, "a.example", {{"ca_id", "none"}}, 404, "ca_id: &quot;none&quot;: no such CA, or none that you may use"},
      {"too long", good, "a.example", {{"validity_days", "3000"}}, 422, "3000 is over the max_validity_days of"},
      {"extensions that no profile has", good, "a.example", {{"ca_id", "issuing"}, {"extensions", "email_protection"}}, 422, "requested_extensions: CA"},
      {"an unknown extension", good, "a.example", {{"extensions", "cert_sign"}}, 422, "is none of"},
      {"a CSR for a CA", csr("CN=a.example", {"a.example"}, ca), "a.example", {}, 422, "basicConstraints"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(upload(row.csr, row.common_name, row.more), "") << row.name;
    EXPECT_EQ(last.status, row.status) << row.name;
    EXPECT_TRUE(has(last, row.text)) << row.name << last.body.text();
    EXPECT_TRUE(has(last, "role=\"alert\"")) << row.name;
    EXPECT_TRUE(has(last, "name=\"csr_data\"")) << row.name << ": the form is there again";
  }
  const auto refusals = [&] {
    const auto leaves = must(world.store.audit_leaves(0, 1000));
    return std::ranges::count_if(leaves, [](const auto& leaf) {
      return as_text(leaf.record).find("\"ISSUANCE_REFUSED\"") != std::string_view::npos;
    });
  };
  const auto before = refusals();
  EXPECT_EQ(upload("x"), "");
  EXPECT_EQ(refusals(), before + 1) << "what cannot be read is recorded too";
  for (const char* days : {"0", "-1", "1.5", "x", "99999999999999999999"}) {
    EXPECT_EQ(upload(good, "a.example", {{"validity_days", days}}), "") << days;
    EXPECT_TRUE(has(last, "a whole number of days from 1 to 3650, got &quot;" + std::string(days) + "&quot;")) << last.body.text();
  }
  EXPECT_EQ(requests(), 0U);
}

// What each page is for whom, on a request of Alice's: '+' done, '-' refused, '0' hidden.
TEST_F(PortalPagesTest, Matrix) {
  world.set_approval("issuing", {{}});
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  const auto erin = person("Erin", {{Role::requester, "default", ""}});
  const auto frank = person("Frank", {{Role::auditor, "default", ""}});
  const auto ivan = person("Ivan", {{Role::issuer, "default", ""}});
  const auto mallory = person("Mallory", {{Role::approver, "default", "root"}});  // of another CA
  Browser* const callers[] = {alice.get(), bob.get(), dave.get(), erin.get(), frank.get(), ivan.get(), mallory.get()};
  const struct {
    std::string method, path;
    Fields fields;
    const char* expected;
  } kRows[] = {{"GET", "/requests/" + id, {}, "++00++0"},
               {"GET", "/requests/" + id + "/certificate.pem", {}, "0000000"},  // there is none yet; below
               {"GET", "/approvals/" + id, {}, "-+00--0"},
               {"POST", "/approvals/" + id, {{"verdict", "approve"}, {"binding", std::string(64, '0')}}, "-+00--0"},  // not what was seen
               {"POST", "/approvals/" + id, {{"verdict", "deny"}, {"reason", "x"}}, "-+00--0"},  // too short
               {"POST", "/requests/" + id + "/withdraw", {{"reason", "x\ny"}}, "++00++0"}};       // not one line
  for (const auto& row : kRows) {
    std::string found;
    for (auto* browser : callers) {
      const auto response = row.method == "GET" ? browser->get(row.path) : browser->post(row.path, row.fields);
      found += response.status == 404 ? '0' : response.status == 403 ? '-' : '+';
    }
    EXPECT_EQ(found, row.expected) << row.method << " " << row.path;
  }
  EXPECT_EQ(state(id), store::RequestState::pending);
  EXPECT_EQ(approve(*bob, id), 303);
  std::string found;
  for (auto* browser : callers) found += browser->get("/requests/" + id + "/certificate.pem").status == 404 ? '0' : '+';
  EXPECT_EQ(found, "++00++0") << "the certificate, now that it is there";
  const auto more = upload(csr("CN=a.example", {"a.example"}));
  // Lists have what one may see.
  for (auto* browser : callers) {
    EXPECT_EQ(has(browser->get("/requests"), id), browser == alice.get());
    EXPECT_EQ(has(browser->get("/approvals"), more), browser == bob.get());
  }
}

TEST_F(PortalPagesTest, NobodyDecidesTheirOwn) {
  world.set_approval("issuing", {{}});
  auto root = person("Root", {{Role::admin, "*", ""}});
  std::swap(alice, root);
  const auto id = upload(csr("CN=a.example", {"a.example"}));
  ASSERT_NE(id, "") << last.body.text();
  EXPECT_FALSE(has(alice->get("/approvals"), id));
  const auto review = alice->get("/approvals/" + id);
  EXPECT_EQ(review.status, 200);
  EXPECT_FALSE(has(review, "value=\"approve\""));
  const auto binding = to_hex(must(world.requests.find(id))->binding);
  EXPECT_EQ(alice->post("/approvals/" + id, {{"verdict", "approve"}, {"binding", binding}}).status, 403);
  EXPECT_EQ(state(id), store::RequestState::pending);
}

}  // namespace
}  // namespace certwright::gateway::portal
