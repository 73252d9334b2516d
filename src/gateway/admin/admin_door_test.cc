// The authorisation matrix of the operators' door: every route x who asks. A route without a row fails.
#include "gateway/admin/admin_door.h"
#include "gateway/admin/request_routes.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "aggregate/log.h"
#include "aggregate/proof.h"
#include "crypto/digest.h"
#include "gateway/certs/testing_world.h"
#include "json/value.h"

namespace certwright::gateway::admin {
namespace {

using certs::testing::must;
using certs::testing::World;

// CAs and profiles are for everybody to read: a requester has to choose among them.
// Who asks, one letter of a row each: admin of everything; admin, issuer, approver, auditor, requester of
// tenant acme; auditor of everything; admin of another tenant; nobody.
constexpr std::size_t kCallers = 9;

struct Row {
  const char* route;
  const char* target;  // %P: a principal of acme, %C: its credential, %R: its request
  const char* body;
  // '+' done (or a complaint about the request of one who may make it), '-' refused, '0' hidden,
  // '?' no credential.
  const char* expected;
};

constexpr Row kRows[] = {
    {"GET /api/v1/cas", "/api/v1/cas", "", "++++++++?"},
    {"POST /api/v1/cas", "/api/v1/cas", R"({"id":"x","kind":"root","subject":"CN=X"})", "+-------?"},
    {"POST /api/v1/cas/import", "/api/v1/cas/import", "{}", "+-------?"},
    {"GET /api/v1/cas/{ca}", "/api/v1/cas/issuing", "", "++++++++?"},
    {"GET /api/v1/cas/{ca}/request", "/api/v1/cas/issuing/request", "", "+-------?"},
    {"PUT /api/v1/cas/{ca}/certificate", "/api/v1/cas/issuing/certificate", "{}", "+-------?"},
    {"PUT /api/v1/cas/{ca}/policy", "/api/v1/cas/issuing/policy", "x", "+-------?"},
    {"PATCH /api/v1/cas/{ca}/policy", "/api/v1/cas/issuing/policy", "x", "+-------?"},
    {"POST /api/v1/cas/{ca}/retire", "/api/v1/cas/spare/retire", "", "+-------?"},
    {"POST /api/v1/cas/{ca}/rotate", "/api/v1/cas/root/rotate", "", "+-------?"},
    {"POST /api/v1/cas/{ca}/crl", "/api/v1/cas/issuing/crl", "", "+-------?"},
    {"PUT /api/v1/cas/{ca}/crl", "/api/v1/cas/issuing/crl", "x", "+-------?"},
    {"GET /api/v1/profiles", "/api/v1/profiles", "", "++++++++?"},
    {"GET /api/v1/profiles/{profile}", "/api/v1/profiles/tls-server", "", "++++++++?"},
    {"POST /api/v1/profiles", "/api/v1/profiles", "{}", "+-------?"},
    {"GET /api/v1/self", "/api/v1/self", "", "++++++++?"},
    {"GET /api/v1/tenants", "/api/v1/tenants", "", "++00+0++?"},
    {"POST /api/v1/tenants", "/api/v1/tenants", R"({"id":"initech"})", "+00000-0?"},
    {"PATCH /api/v1/tenants/{tenant}", "/api/v1/tenants/acme", "{}", "++00-0-0?"},
    {"GET /api/v1/principals", "/api/v1/principals?tenant=acme", "", "++00+0+0?"},
    {"POST /api/v1/principals", "/api/v1/principals", R"({"name":"n","tenant":"acme"})", "++00-0-0?"},
    {"GET /api/v1/principals/{principal}", "/api/v1/principals/%P", "", "++00+0+0?"},
    {"PATCH /api/v1/principals/{principal}", "/api/v1/principals/%P", R"({"disabled":false})", "++00-0-0?"},
    {"PATCH /api/v1/principals/{principal}", "/api/v1/principals/%P", R"({"email":"a@acme.example"})", "++00-0-0?"},
    {"POST /api/v1/principals/{principal}/tokens", "/api/v1/principals/%P/tokens", "{}", "++00-0-0?"},
    {"POST /api/v1/principals/{principal}/client-certificates", "/api/v1/principals/%P/client-certificates", "{}", "++00-0-0?"},
    {"DELETE /api/v1/principals/{principal}/credentials/{credential}", "/api/v1/principals/%P/credentials/%C", "", "++00-0-0?"},
    {"POST /api/v1/principals/{principal}/roles", "/api/v1/principals/%P/roles", R"({"role":"issuer"})", "++00-0-0?"},
    {"DELETE /api/v1/principals/{principal}/roles", "/api/v1/principals/%P/roles?role=none", "", "++00-0-0?"},
    {"POST /api/v1/self/password", "/api/v1/self/password", "{}", "++++++++?"},
    {"GET /api/v1/self/sessions", "/api/v1/self/sessions", "", "++++++++?"},
    {"DELETE /api/v1/self/sessions", "/api/v1/self/sessions", "", "++++++++?"},
    {"POST /api/v1/principals/{principal}/password", "/api/v1/principals/%P/password", "{}", "++00-0-0?"},
    {"GET /api/v1/principals/{principal}/sessions", "/api/v1/principals/%P/sessions", "", "++00+0+0?"},
    {"DELETE /api/v1/principals/{principal}/sessions", "/api/v1/principals/%P/sessions", "", "++00-0-0?"},
    {"DELETE /api/v1/principals/{principal}/sessions/{session}", "/api/v1/principals/%P/sessions/%C", "", "++00-0-0?"},
    {"GET /api/v1/audit/records", "/api/v1/audit/records", "", "+-----+-?"},
    {"GET /api/v1/audit/records/{position}/proof", "/api/v1/audit/records/x/proof", "", "+-----+-?"},
    {"GET /api/v1/audit/export", "/api/v1/audit/export", "", "+-----+-?"},
    {"GET /api/v1/audit/checkpoint", "/api/v1/audit/checkpoint?", "", "+-----+-?"},
    {"GET /api/v1/interception/proofs/{serial}", "/api/v1/interception/proofs/1", "", "+-----+-?"},
    {"GET /api/v1/kek", "/api/v1/kek", "", "+-------?"},
    {"POST /api/v1/kek/rotate", "/api/v1/kek/rotate", "", "+-------?"},
    {"GET /api/v1/requests", "/api/v1/requests", "", "++++++++?"},
    {"GET /api/v1/requests/{request}", "/api/v1/requests/%R", "", "+++++0+0?"},
    {"GET /api/v1/requests/{request}/case", "/api/v1/requests/%R/case", "", "+++++0+0?"},
    {"POST /api/v1/requests/{request}/preview", "/api/v1/requests/%R/preview", "{}", "++-+-0-0?"},
    {"POST /api/v1/requests/{request}/approve", "/api/v1/requests/%R/approve", "{}", "++-+-0-0?"},
    {"POST /api/v1/requests/{request}/deny", "/api/v1/requests/%R/deny", "{}", "++-+-0-0?"},
    {"POST /api/v1/requests/{request}/withdraw", "/api/v1/requests/%R/withdraw", "", "-----0-0?"},
    {"PUT /api/v1/cas/{ca}/approval-password", "/api/v1/cas/issuing/approval-password", "{}", "+-------?"},
    {"DELETE /api/v1/cas/{ca}/approval-password", "/api/v1/cas/issuing/approval-password", "", "+-------?"},
    {"GET /api/v1/tenants/{tenant}/selection", "/api/v1/tenants/acme/selection", "", "++00+0+0?"},
    {"PUT /api/v1/tenants/{tenant}/selection", "/api/v1/tenants/acme/selection", "{}", "++00-0-0?"},
    {"GET /api/v1/status", "/api/v1/status", "", "+-----+-?"},
};
const std::set<std::string> kPublic = {"GET /api/v1/audit/key", "GET /api/v1/audit/events"};

class AdminDoor : public testing::Test {
 protected:
  AdminDoor() {
    world.add_tenant("acme");
    world.add_tenant("globex");
    const auto account = [&](const char* tenant, access::Role role, const char* scope) {
      return world.add_account(tenant, {{role, scope, {}}}).token;
    };
    using enum access::Role;
    callers = {world.admin,
               account("acme", admin, "acme"),
               account("acme", issuer, "acme"),
               account("acme", approver, "acme"),
               account("acme", auditor, "acme"),
               account("acme", requester, "acme"),
               account("acme", auditor, "*"),
               account("globex", admin, "globex"),
               std::string()};
    subject = world.add_account("acme", {{requester, "acme", {}}});
    authority::NewCa spare;
    spare.id = "spare";
    spare.subject = "CN=Spare";
    spare.validity = Seconds(86'400);
    must(world.authority.create_root(spare, {}));
    audit::Event event{.type = audit::EventType::server_started, .actor = {}, .fields = {}};
    must(world.journal.record(event));
    must(world.store.apply({store::PutAuditCheckpoint{{.tree_size = 1, .root = {}, .signed_note = "note", .created_at = {}}}}));
    web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    world.set_approval("issuing", {{}});
    request = must(world.requests.submit({.request = issuance_request()})).record.id;
    routes = admin_routes(dependencies);
    const auto more = request_routes({.requests = world.requests, .issuance = world.issuance,
                                      .passwords = world.approval_passwords, .selection = world.selection,
                                      .cas = world.cas, .store = world.store,
                                      .checkpoint_key = dependencies.checkpoint_key});
    routes.insert(routes.end(), more.begin(), more.end());
    handler = must(web::WebHandler::create(
        {world.authenticator, world.clock, world.random, world.metrics, &world.journal}, routes, std::move(options)));
  }

  // By the account of acme, for a key of its own.
  registration::IssuanceRequest issuance_request() {
    registration::IssuanceRequest wanted;
    wanted.principal = must(world.directory.find_principal(subject.id));
    wanted.actor = {.principal = subject.id, .tenant = "acme", .door = "test", .remote = ""};
    wanted.ca = "issuing";
    wanted.profile = "tls-server";
    wanted.entity_id = "a.example";
    wanted.certification_request = must(pkcs10::parse_pem_or_der(
        as_bytes(World::csr_pem(must(x509::Name::from_text("CN=a.example"))))));
    return wanted;
  }

  char seen(const Row& row, std::size_t caller) {
    std::string target = row.target;
    const auto fill = [&](const std::string& mark, const std::string& with) {
      if (const auto at = target.find(mark); at != std::string::npos) target.replace(at, mark.size(), with);
    };
    fill("%P", subject.id);
    fill("%C", "cnone");
    fill("%R", request);
    http::Headers headers;
    if (!callers[caller].empty()) headers.add("Authorization", "Bearer " + callers[caller]);
    const std::string method = std::string(row.route).substr(0, std::string(row.route).find(' '));
    const auto response = handler->handle(web::testing::make_request(method, target, std::move(headers), row.body));
    last = std::to_string(response.status) + " " + std::string(response.body.text());
    switch (response.status) {
      case 401: return '?';
      case 403: return '-';
      case 404:  // one who may manage the principal learns that it has no such credential
        return std::string_view(row.target).ends_with("%C") && caller < 2 ? '+' : '0';
      case 500: return '!';
      default: return '+';
    }
  }

  World world;
  std::vector<std::string> callers;
  World::Account subject;
  registration::ProfilePublisher publisher{world.store, world.journal, world.profiles, world.clock};
  key_rotation::Rotation rotation{{.store = world.store, .journal = world.journal, .sealer = world.sealer,
                                   .random = world.random, .source = {}}};
  Dependencies dependencies{.authority = world.authority, .cas = world.cas, .crls = world.crls,
                            .profiles = world.profiles, .publisher = publisher, .access = world.directory,
                            .authenticator = world.authenticator, .journal = world.journal, .store = world.store,
                            .checkpoint_key = must(audit::CheckpointKey::create("test", {})), .clock = world.clock,
                            .rotation = rotation, .accounts = world.accounts, .sessions = world.sessions,
                            .status = [] { return std::vector<std::pair<std::string, std::string>>{}; }};
  std::vector<web::Route> routes;
  std::unique_ptr<web::WebHandler> handler;
  std::string last;
  std::string request;  // of `subject`
};

// A certificate's hash in, a proof out that holds without the server.
TEST_F(AdminDoor, ProvesWhatTheAggregateLogHas) {
  char name[] = "/tmp/certwright-admin-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  ManualClock& clock = world.clock;
  const auto id = static_cast<std::uint64_t>(to_unix_us(clock.now()) / 1000) << 20;
  const auto serial = x509::SerialNumber::from_id(id, {});
  const auto digest = crypto::sha256(as_bytes("a certificate"));
  {
    const auto log = must(aggregate::Log::open({.folder = folder, .sync_every = {}, .background = false}, clock,
                                               [](const aggregate::ClosedInterval&) -> Result<void> { return {}; }));
    aggregate::Entry entry{.serial = {}, .certificate_sha256 = digest};
    std::ranges::copy(serial.integer_content(), entry.serial.begin());
    must(log->add(must(log->begin(id)), entry));
    clock.advance(Seconds(70));
    must(log->run_once());
  }
  const auto ask = [&](const std::filesystem::path& at) {
    dependencies.aggregate_folder = at;
    const auto fresh = must(web::WebHandler::create(
        {world.authenticator, world.clock, world.random, world.metrics, &world.journal}, admin_routes(dependencies), {}));
    http::Headers headers;
    headers.add("Authorization", "Bearer " + callers[0]);
    return fresh->handle(web::testing::make_request(
        "GET", "/api/v1/interception/proofs/" + serial.decimal() + "?sha256=" + to_hex(digest), std::move(headers), ""));
  };
  const auto answer = ask(folder);
  ASSERT_EQ(answer.status, 200) << answer.body.text();
  const auto body = must(json::parse(answer.body.text()));
  EXPECT_EQ(*body.find("verdict")->if_string(), "issued");
  const auto proof = must(aggregate::read_proof(*body.find("proof")->if_string()));
  EXPECT_EQ(must(aggregate::verify_proof(proof)), aggregate::Verdict::issued);
  EXPECT_EQ(ask("").status, 409);  // nothing is recorded here
  std::filesystem::remove_all(folder);
}

// What the command line takes at once is bounded, and records may be long.
TEST_F(AdminDoor, APartOfTheAuditLogIsBoundedInOctets) {
  constexpr std::uint64_t kRecords = 600, kPerCheckpoint = 5;
  const std::string record = R"({"x":")" + std::string(100'000, 'x') + R"("})";
  for (std::uint64_t n = 0; n < kRecords; ++n) {
    must(world.store.apply({store::AppendAuditLeaf{to_bytes(as_bytes(record))}}));
    if (n % kPerCheckpoint != 0) continue;
    const std::uint64_t size = must(world.store.audit_size());
    must(world.store.apply({store::PutAuditCheckpoint{{.tree_size = size, .root = {}, .signed_note = "note", .created_at = {}}}}));
  }
  http::Headers headers;
  headers.add("Authorization", "Bearer " + callers[0]);
  const auto part = handler->handle(web::testing::make_request("GET", "/api/v1/audit/export", std::move(headers), ""));
  ASSERT_EQ(part.status, 200) << part.body.text().substr(0, 300);
  EXPECT_LE(part.body.text().size(), 40U * 1024 * 1024);
  EXPECT_TRUE(part.body.text().ends_with("end\n"));
  EXPECT_TRUE(part.headers.has("X-Next-Position"));
}

TEST_F(AdminDoor, EveryRouteHasARow) {
  std::set<std::string> rows = kPublic;
  for (const Row& row : kRows) rows.insert(row.route);
  std::set<std::string> there;
  for (const auto& route : routes) there.insert(web::key_of(route));
  EXPECT_EQ(rows, there);
}

TEST_F(AdminDoor, AnswersEachCallerAsTheMatrixSays) {
  for (const Row& row : kRows) {
    std::string found;
    std::string answers;
    for (std::size_t caller = 0; caller < kCallers; ++caller) {
      found += seen(row, caller);
      answers += "\n  " + last;
    }
    EXPECT_EQ(found, row.expected) << row.route << answers;
  }
}

// A tenant may be the home of somebody with more rights than its administrator.
TEST_F(AdminDoor, ATenantIsDisabledOnlyByWhoMayDisableEverybodyInIt) {
  const auto disable = [&](std::size_t caller, const std::string& tenant) {
    return handler->handle(web::testing::make_request(
        "PATCH", "/api/v1/tenants/" + tenant, http::Headers{{"Authorization", "Bearer " + callers[caller]}},
        R"({"disabled":true})")).status;
  };
  const auto denied = [&] {
    std::size_t count = 0;
    const auto leaves = must(world.store.audit_leaves(0, 1000));
    for (const auto& leaf : leaves)
      if (as_text(leaf.record).find("ACCESS_DENIED") != std::string_view::npos) ++count;
    return count;
  };
  const auto before = denied();
  EXPECT_EQ(disable(1, "acme"), 403);  // an auditor of everything is there
  EXPECT_EQ(denied(), before + 1) << "also this refusal is on record";
  EXPECT_EQ(disable(7, "globex"), 204);
  EXPECT_EQ(disable(0, "acme"), 204);
  EXPECT_EQ(disable(0, "default"), 409);  // the last administrator is there
}

// A request that would be answered as if it had said less.
TEST_F(AdminDoor, NamesAreExcludedFromASubordinateOrNotAtAll) {
  for (const std::string kind : {"root", "request"}) {
    const auto response = handler->handle(web::testing::make_request(
        "POST", "/api/v1/cas", http::Headers{{"Authorization", "Bearer " + callers[0]}},
        R"({"id":"x","kind":")" + kind + R"(","subject":"CN=X","excluded_names":["bank.example"]})"));
    EXPECT_EQ(response.status, 422) << kind;
    EXPECT_EQ(World::text_of(response, "field"), "excluded_names") << response.body.text();
  }
  EXPECT_EQ(world.cas.find("x"), nullptr);
}

// The address decides which CA is selected and who is told: it is not the account's own to choose.
TEST_F(AdminDoor, AnEmailAddressIsChangedByWhoManagesTheAccountOnRecord) {
  const auto patch = [&](const std::string& token, const std::string& body) {
    return handler->handle(web::testing::make_request("PATCH", "/api/v1/principals/" + subject.id,
                                                      http::Headers{{"Authorization", "Bearer " + token}}, body)).status;
  };
  const auto records = [&] {
    std::vector<std::string> found;
    for (const auto& leaf : must(world.store.audit_leaves(0, 1000)))
      if (as_text(leaf.record).find("PRINCIPAL_EMAIL_CHANGED") != std::string_view::npos) found.emplace_back(as_text(leaf.record));
    return found;
  };
  const std::string before = must(world.directory.find_principal(subject.id)).email;
  EXPECT_EQ(patch(subject.token, R"({"email":"own@acme.example"})"), 403) << "its own";
  EXPECT_EQ(patch(callers[1], R"({"email":"nobody"})"), 422);
  EXPECT_EQ(patch(callers[1], R"({"email":"new@acme.example","disabled":true})"), 422) << "one at a time";
  EXPECT_EQ(patch(callers[1], "{}"), 422);
  EXPECT_EQ(must(world.directory.find_principal(subject.id)).email, before);
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(patch(callers[1], R"({"email":"new@acme.example"})"), 204);
  EXPECT_EQ(must(world.directory.find_principal(subject.id)).email, "new@acme.example");
  ASSERT_EQ(records().size(), 1U);
  EXPECT_NE(records().front().find(R"("before":")" + before + R"(","after":"new@acme.example")"), std::string::npos)
      << records().front();
  EXPECT_EQ(must(world.authenticator.by_token(subject.token, "192.0.2.1")).email, "new@acme.example") << "at once";
}

TEST_F(AdminDoor, ATokenIsShownOnceAndNotKept) {
  const auto response = handler->handle(web::testing::make_request(
      "POST", "/api/v1/principals/" + subject.id + "/tokens",
      http::Headers{{"Authorization", "Bearer " + callers[0]}}, R"({"label":"l","ttl":"1h"})"));
  ASSERT_EQ(response.status, 201) << response.body.text();
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  const std::string token = World::text_of(response, "token");
  EXPECT_TRUE(token.starts_with("cw_"));
  const auto leaves = must(world.store.audit_leaves(0, 1000));
  for (const auto& leaf : leaves) EXPECT_EQ(as_text(leaf.record).find(token.substr(16)), std::string_view::npos);
}

}  // namespace
}  // namespace certwright::gateway::admin
