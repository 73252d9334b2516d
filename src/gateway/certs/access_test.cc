// The authorisation matrix: every route x every role x own and foreign object. A route without a
// row fails.
#include <gtest/gtest.h>

#include <set>

#include "gateway/certs/testing_world.h"

namespace certwright::gateway::certs {
namespace {

using testing::World;

// Of an answer, what matters here.
enum class Seen { done, refused, hidden, no_credential };

Seen seen_of(int status) {
  switch (status) {
    case 401:
      return Seen::no_credential;
    case 403:
      return Seen::refused;
    case 404:
      return Seen::hidden;
    default:
      return Seen::done;  // 2xx, or a complaint about the request of one who may make it
  }
}

struct Row {
  const char* route;
  const char* target;  // %S: serial, %T: ?tenant=<the object's>, %E: entity
  const char* body;
  // For the object of: the caller; another principal of its tenant; another tenant.
  // '+' done, '-' refused, '0' hidden. One letter per role: admin issuer approver auditor
  // requester.
  const char* own;
  const char* colleagues;
  const char* foreign;
};

constexpr Row kRows[] = {
    {"POST /certs/issue/{entityType}/{entityID}", "/certs/issue/backend/e%T", "{}", "++--+",
     "++--+", "00000"},
    {"POST /certs/csrs/{entityID}", "/certs/csrs/e%T", "%CSR", "++--+", "++--+", "00000"},
    {"GET /certs", "/certs%T", "", "+++++", "+++++", "00000"},
    {"GET /certs/{serial}", "/certs/%S", "", "+++++", "++++0", "00000"},
    {"GET /certs/{serial}/chain", "/certs/%S/chain", "", "+++++", "++++0", "00000"},
    {"PATCH /certs/{serial}/renew", "/certs/%S/renew", "", "++--+", "++--0", "00000"},
    {"PATCH /certs/{serial}/revoke", "/certs/%S/revoke", "", "++--+", "++--0", "00000"},
    {"PATCH /certs/{serial}/release", "/certs/%S/release", "", "++--+", "++--0", "00000"},
    {"POST /certs/entities/{entityID}/revoke", "/certs/entities/nobody/revoke%T", "", "++--0",
     "++--0", "00000"},
    {"GET /certs/{serial}/download/token", "/certs/%S/download/token", "", "++--+", "++--0",
     "00000"},
};
// What asks for no credential: by design, each with its reason in the route table.
const std::set<std::string> kPublic = {"GET /certs/{serial}/download", "GET /certs/ca",
                                       "GET /certs/crl"};

class CertsMatrix : public ::testing::TestWithParam<Row> {
 protected:
  CertsMatrix() {
    mine_ = world_.add_tenant("acme");
    theirs_ = world_.add_tenant("globex");
    for (const access::Role role : access::all_roles())
      callers_.push_back(world_.add_account(mine_, {{role, mine_, {}}}));
    colleague_ = world_.add_account(mine_, {{access::Role::issuer, mine_, {}}});
    stranger_ = world_.add_account(theirs_, {{access::Role::issuer, theirs_, {}}});
  }

  // A fresh certificate whose owner is `owner`; also for owners that may not issue themselves.
  std::string certificate_of(const World::Account& owner, const std::string& tenant) {
    const access::RoleBinding issuer{access::Role::issuer, tenant, {}};
    const bool had = has_issuer(owner.id);
    if (!had) testing::must(world_.directory.grant_role(owner.id, issuer, {World::no_evidence(), World::no_evidence(), World::no_evidence()}));
    world_.authenticator.invalidate();
    const auto serial = world_.issue(owner.token, "entity");
    if (!had) testing::must(world_.directory.remove_role(owner.id, issuer, World::no_evidence()));
    world_.authenticator.invalidate();
    return serial;
  }
  bool has_issuer(const std::string& id) {
    const auto principal = testing::must(world_.directory.find_principal(id));
    for (const auto& binding : principal.bindings)
      if (binding.role == access::Role::issuer) return true;
    return false;
  }

  char ask(const Row& row, const World::Account& caller, const std::string& serial,
           const std::string& tenant) {
    std::string target = row.target;
    const auto put = [&](std::string_view mark, const std::string& value) {
      if (const auto at = target.find(mark); at != std::string::npos)
        target.replace(at, mark.size(), value);
    };
    put("%S", serial);
    put("%T", "?tenant=" + tenant);
    std::string body = row.body;
    if (body == "%CSR")
      body = World::csr_body(World::csr_pem(*x509::Name::Builder().common_name("e").build()));
    const std::string route = row.route;
    const auto response = world_.call(route.substr(0, route.find(' ')), target, caller.token, body);
    EXPECT_NE(response.status, 500) << world_.internal_error;
    EXPECT_NE(response.status, 400) << response.body.text();
    switch (seen_of(response.status)) {
      case Seen::done:
        return '+';
      case Seen::refused:
        return '-';
      case Seen::hidden:
        return '0';
      case Seen::no_credential:
        return '?';
    }
    return '?';
  }

  std::string column(const Row& row, const World::Account* owner, const std::string& tenant) {
    std::string result;
    for (const auto& caller : callers_) {
      const auto serial = certificate_of(owner != nullptr ? *owner : caller, tenant);
      result += ask(row, caller, serial, tenant);
    }
    return result;
  }

  World world_;
  std::string mine_, theirs_;
  std::vector<World::Account> callers_;
  World::Account colleague_, stranger_;
};

TEST_P(CertsMatrix, RolesTimesObjects) {
  const Row& row = GetParam();
  EXPECT_EQ(column(row, nullptr, mine_), row.own);
  EXPECT_EQ(column(row, &colleague_, mine_), row.colleagues);
  EXPECT_EQ(column(row, &stranger_, theirs_), row.foreign);
}

TEST_P(CertsMatrix, WithoutCredential) {
  const auto serial = certificate_of(colleague_, mine_);
  EXPECT_EQ(ask(GetParam(), {}, serial, mine_), '?');
  EXPECT_EQ(ask(GetParam(), {"", "cw_aaaaaaaaaaaa_" + std::string(43, 'a')}, serial, mine_), '?');
}

// A binding that is about another CA gives no right over this one's certificates.
TEST_P(CertsMatrix, RightsOverAnotherCa) {
  const auto caller = world_.add_account(mine_, {{access::Role::admin, mine_, "root"}});
  const auto serial = certificate_of(colleague_, mine_);
  const char answer = ask(GetParam(), caller, serial, mine_);
  if (std::string_view(GetParam().route) == "GET /certs") {
    EXPECT_EQ(answer, '+') << "the list is there, its rows are not";
  } else {
    EXPECT_NE(answer, '+');
  }
}

// Before anything else: a disabled account has no rights, whatever its token says.
TEST_P(CertsMatrix, DisabledAccount) {
  const auto caller = world_.add_account(mine_, {{access::Role::admin, mine_, {}}});
  const auto serial = certificate_of(colleague_, mine_);
  testing::must(world_.directory.set_principal_disabled(caller.id, true, World::no_evidence()));
  world_.authenticator.invalidate();
  EXPECT_EQ(ask(GetParam(), caller, serial, mine_), '?');
}

INSTANTIATE_TEST_SUITE_P(Routes, CertsMatrix, ::testing::ValuesIn(kRows), [](const auto& row) {
  std::string name;
  for (const char c : std::string_view(row.param.route)) {
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
  }
  return name;
});

TEST(CertsMatrixRows, EveryRouteHasOne) {
  World world;
  std::set<std::string> rows;
  for (const Row& row : kRows) rows.insert(row.route);
  for (const web::Route& route : world.door.routes()) {
    const bool is_public = route.guard.reach == web::Reach::public_;
    EXPECT_EQ(kPublic.contains(web::key_of(route)), is_public) << web::key_of(route);
    EXPECT_EQ(rows.contains(web::key_of(route)), !is_public) << web::key_of(route);
  }
}

// A list shows what its reader may read, and counts no more than that.
TEST(CertsListScope, RequesterSeesItsOwn) {
  World world;
  const auto tenant = world.add_tenant("acme");
  const auto requester = world.add_account(tenant, {{access::Role::requester, tenant, {}}});
  const auto issuer = world.add_account(tenant, {{access::Role::issuer, tenant, {}}});
  world.issue(requester.token, "mine");
  world.issue(issuer.token, "others");
  const std::string own(world.call("GET", "/certs", requester.token).body.text());
  EXPECT_NE(own.find("\"mine\""), std::string::npos);
  EXPECT_EQ(own.find("\"others\""), std::string::npos);
  EXPECT_NE(own.find("\"total\":1,"), std::string::npos);
  const std::string all(world.call("GET", "/certs", issuer.token).body.text());
  EXPECT_NE(all.find("\"total\":2,"), std::string::npos);
  EXPECT_NE(std::string(world.call("GET", "/certs?tenant=*", issuer.token).body.text())
                .find("\"total\":2,"),
            std::string::npos);
}

// The certificate of a CA is not a tenant's to revoke, though it may be in its list.
TEST(CertsCaCertificate, NeedsTheRightOverTheCa) {
  World world;
  const auto issuer = world.add_account("default", {{access::Role::issuer, "default", {}}});
  authority::NewCa sub;
  sub.id = "sub";
  sub.name = "Sub";
  sub.subject = "CN=Sub CA";
  sub.validity = Seconds(365LL * 86'400);
  const auto admin = testing::must(world.directory.find_principal(world.admin_id));
  const auto ca = testing::must(world.authority.create_subordinate(
      sub, "root", admin,
      {.principal = admin.id, .tenant = "default", .door = "test", .remote = ""}));
  const auto serial = ca->certificate().serial_number()->decimal();
  EXPECT_EQ(world.call("GET", "/certs/" + serial, issuer.token).status, 200);
  EXPECT_EQ(world.call("PATCH", "/certs/" + serial + "/revoke", issuer.token).status, 403);
  EXPECT_EQ(world.call("PATCH", "/certs/" + serial + "/revoke", world.admin).status, 200);
}

}  // namespace
}  // namespace certwright::gateway::certs
