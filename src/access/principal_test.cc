#include "access/principal.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace certwright::access {
namespace {

Principal person(Role role, std::string tenant = "blue", std::string ca = "") {
  return {"me", "Me", "blue", "me@example.com", {{role, std::move(tenant), std::move(ca)}}};
}

// y: yes; n: not_permitted; -: not_found, as for an object that is not there.
char verdict(const Principal& principal, Action action, const Object& object) {
  const auto result = authorise(principal, action, object);
  if (result) return 'y';
  if (result.error() == not_found_error()) return '-';
  return result.error().code == Errc::not_permitted ? 'n' : '?';
}

std::string verdicts(Action action, const Object& object) {
  std::string text;
  for (const Role role : all_roles()) text += verdict(person(role), action, object);
  return text;
}

// The rights of admin, issuer, approver, auditor, requester of tenant "blue", five letters, over:
struct MatrixRow {
  Action action;
  const char* own;       // a certificate of one's own tenant that one owns
  const char* tenants;   // one of one's own tenant that somebody else owns
  const char* foreign;   // one of another tenant
  const char* shared;    // what belongs to no tenant
};

using enum Action;
constexpr MatrixRow kMatrix[] = {
    {certificate_issue, "yynny", "yynny", "-----", "nnnnn"},
    {certificate_issue_csr, "yynny", "yynny", "-----", "nnnnn"},
    {certificate_read, "yyyyy", "yyyy-", "-----", "-----"},
    {certificate_list, "yyyyy", "yyyy-", "-----", "yyyyy"},
    {certificate_renew, "yynny", "yynn-", "-----", "-----"},
    {certificate_revoke, "yynny", "yynn-", "-----", "-----"},
    {certificate_download, "yynny", "yynn-", "-----", "-----"},
    {ca_read, "yyyyy", "yyyyy", "-----", "yyyyy"},
    {ca_manage, "nnnnn", "nnnnn", "-----", "nnnnn"},
    {ca_issue_subordinate, "nnnnn", "nnnnn", "-----", "nnnnn"},
    {crl_import, "nnnnn", "nnnnn", "-----", "nnnnn"},
    {profile_read, "yyyyy", "yyyyy", "-----", "yyyyy"},
    {profile_manage, "nnnnn", "nnnnn", "-----", "nnnnn"},
    {access_read, "yyyyy", "y--y-", "-----", "-----"},
    {access_manage, "ynnnn", "y--n-", "-----", "-----"},
    {audit_read, "nnnnn", "nnnnn", "nnnnn", "nnnnn"},
    {metrics_read, "nnnnn", "nnnnn", "nnnnn", "nnnnn"},
    {keys_manage, "nnnnn", "nnnnn", "nnnnn", "nnnnn"},
    {request_read, "yyyyy", "yyyy-", "-----", "-----"},
    {request_decide, "ynynn", "ynyn-", "-----", "-----"},
};

class RoleMatrix : public testing::TestWithParam<MatrixRow> {};
TEST_P(RoleMatrix, IsTheTable) {
  const auto& row = GetParam();
  EXPECT_EQ(verdicts(row.action, {"blue", "issuing", "me"}), row.own);
  EXPECT_EQ(verdicts(row.action, {"blue", "issuing", "other"}), row.tenants);
  EXPECT_EQ(verdicts(row.action, {"red", "issuing", "me"}), row.foreign);
  EXPECT_EQ(verdicts(row.action, {"", "issuing", ""}), row.shared);
}
INSTANTIATE_TEST_SUITE_P(TenantBlue, RoleMatrix, testing::ValuesIn(kMatrix), [](const auto& c) {
  return std::string(name_of(c.param.action));
});

TEST(RoleMatrixCompleteness, EveryActionHasARow) {
  ASSERT_EQ(std::size(kMatrix), all_actions().size());
  for (std::size_t i = 0; i < std::size(kMatrix); ++i)
    EXPECT_EQ(kMatrix[i].action, all_actions()[i]);
  EXPECT_EQ(all_roles().size(), 5u);
}

// What only a binding to every tenant gives.
TEST(RoleMatrixEverywhere, ABindingToEveryTenantReachesWhatBelongsToNone) {
  const std::map<Action, std::string> expected = {
      {ca_manage, "ynnnn"},      {ca_issue_subordinate, "ynnnn"}, {crl_import, "ynnnn"},
      {profile_manage, "ynnnn"}, {audit_read, "ynnyn"},           {metrics_read, "ynnyn"},
      {keys_manage, "ynnnn"}};
  for (const auto& [action, verdicts_of_roles] : expected) {
    std::string found;
    for (const Role role : all_roles())
      found += verdict(person(role, "*"), action, {"", action == ca_manage ? "root" : "", ""});
    EXPECT_EQ(found, verdicts_of_roles) << name_of(action);
  }
  EXPECT_EQ(verdict(person(Role::admin, "*"), certificate_revoke, {"red", "root", "x"}), 'y');
}

struct BoundCase {
  const char* name;
  Principal principal;
  Action action;
  Object object;
  char verdict;
};
class Authorise : public testing::TestWithParam<BoundCase> {};
TEST_P(Authorise, Decides) {
  const auto& c = GetParam();
  EXPECT_EQ(verdict(c.principal, c.action, c.object), c.verdict);
}
Principal with(std::vector<RoleBinding> bindings) {
  return {"me", "Me", "blue", "", std::move(bindings)};
}
INSTANTIATE_TEST_SUITE_P(
    Bindings, Authorise,
    testing::Values(
        BoundCase{"NobodySeesNothing", with({}), certificate_read, {"blue", "issuing", "me"}, '-'},
        BoundCase{"NobodyHasNoMetrics", with({}), metrics_read, {}, 'n'},
        BoundCase{"CaBoundIssuerThere", person(Role::issuer, "blue", "issuing"), certificate_issue,
                  {"blue", "issuing", ""}, 'y'},
        BoundCase{"CaBoundIssuerElsewhere", person(Role::issuer, "blue", "issuing"),
                  certificate_issue, {"blue", "root", ""}, '-'},
        BoundCase{"CaBoundIssuerOfNoCa", person(Role::issuer, "blue", "issuing"),
                  certificate_issue, {"blue", "", ""}, '-'},
        BoundCase{"CaBoundListOfAll", person(Role::issuer, "blue", "issuing"), certificate_list,
                  {"", "", ""}, 'y'},
        BoundCase{"CaBoundReadElsewhere", person(Role::auditor, "*", "issuing"), certificate_read,
                  {"blue", "root", "x"}, '-'},
        BoundCase{"CaAdminThere", person(Role::admin, "*", "issuing"), ca_manage,
                  {"", "issuing", ""}, 'y'},
        BoundCase{"CaAdminElsewhere", person(Role::admin, "*", "issuing"), ca_manage,
                  {"", "root", ""}, '-'},
        BoundCase{"CaAdminIsNotAdminOfPeople", person(Role::admin, "*", "issuing"), access_manage,
                  {"blue", "", ""}, '-'},
        BoundCase{"CaAdminIsNotAdminOfProfiles", person(Role::admin, "*", "issuing"),
                  profile_manage, {}, 'n'},
        BoundCase{"TenantAdminMakesNoSubordinate", person(Role::admin), ca_issue_subordinate,
                  {"blue", "root", ""}, 'n'},
        BoundCase{"TenantAdminGrantsNoRoleEverywhere", person(Role::admin), access_manage,
                  {"*", "", ""}, '-'},
        BoundCase{"AdminEverywhereGrantsRolesEverywhere", person(Role::admin, "*"), access_manage,
                  {"*", "", ""}, 'y'},
        BoundCase{"RequesterIssuesInItsTenantOnly", person(Role::requester, "*"),
                  certificate_issue, {"red", "issuing", ""}, 'n'},
        BoundCase{"RequesterBoundToAForeignTenantIssuesNot", person(Role::requester, "red"),
                  certificate_issue, {"red", "issuing", ""}, 'n'},
        BoundCase{"RequesterReadsItsOwnInAForeignTenant", person(Role::requester, "red"),
                  certificate_read, {"red", "issuing", "me"}, 'y'},
        BoundCase{"RequesterOwnsNothingOfNobody", person(Role::requester), certificate_read,
                  {"blue", "issuing", ""}, '-'},
        BoundCase{"TwoRolesAdd",
                  with({{Role::auditor, "*", ""}, {Role::issuer, "blue", "issuing"}}),
                  certificate_revoke, {"blue", "issuing", "x"}, 'y'},
        BoundCase{"TwoRolesDoNotMultiply",
                  with({{Role::auditor, "*", ""}, {Role::issuer, "blue", "issuing"}}),
                  certificate_revoke, {"red", "issuing", "x"}, 'n'},
        BoundCase{"TenantNamesAreWhole", person(Role::admin, "blu"), certificate_read,
                  {"blue", "issuing", "x"}, '-'}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(MayManage, NobodyGetsRightsThroughAStrongerPrincipal) {
  const Principal tenant_admin = person(Role::admin);
  const auto target = [](std::vector<RoleBinding> bindings, std::string tenant = "blue") {
    return Principal{"other", "Other", std::move(tenant), "", std::move(bindings)};
  };
  EXPECT_TRUE(may_manage(tenant_admin, target({})));
  EXPECT_TRUE(may_manage(tenant_admin, target({{Role::admin, "blue", ""}})));
  EXPECT_TRUE(may_manage(tenant_admin, target({{Role::issuer, "blue", "issuing"}})));
  EXPECT_EQ(may_manage(tenant_admin, target({{Role::auditor, "*", ""}})).error().code,
            Errc::not_permitted);
  EXPECT_EQ(may_manage(tenant_admin, target({{Role::requester, "red", ""}})).error().code,
            Errc::not_permitted);
  EXPECT_EQ(may_manage(tenant_admin, target({}, "red")).error().code, Errc::not_found);
  EXPECT_EQ(may_manage(person(Role::issuer), target({})).error().code, Errc::not_found);
  EXPECT_EQ(may_manage(person(Role::auditor), target({})).error().code, Errc::not_permitted);
  EXPECT_TRUE(may_manage(person(Role::admin, "*"), target({{Role::admin, "*", ""}}, "red")));
}

TEST(ReadableScope, IsWhatCertificateReadAllows) {
  const std::vector<std::vector<RoleBinding>> everyone = {
      {},
      {{Role::admin, "*", ""}},
      {{Role::requester, "blue", ""}},
      {{Role::issuer, "blue", "issuing"}, {Role::auditor, "red", ""}},
      {{Role::requester, "*", ""}, {Role::approver, "green", "root"}},
      {{Role::requester, "red", "issuing"}, {Role::requester, "blue", ""}}};
  for (const auto& bindings : everyone) {
    const Principal principal = with(bindings);
    const Scope scope = readable_scope(principal);
    for (const char* tenant : {"blue", "red", "green"})
      for (const char* ca : {"issuing", "root"})
        for (const char* owner : {"me", "other"}) {
          const Object object{tenant, ca, owner};
          EXPECT_EQ(scope.permits(object),
                    authorise(principal, certificate_read, object).has_value())
              << tenant << ca << owner;
        }
  }
}

TEST(ReadableScope, LeavesOutWhatAnotherGrantContains) {
  const Scope scope = readable_scope(with({{Role::requester, "blue", ""},
                                           {Role::issuer, "blue", "issuing"},
                                           {Role::auditor, "blue", ""},
                                           {Role::approver, "blue", ""},
                                           {Role::requester, "red", ""}}));
  EXPECT_EQ(scope.grants,
            (std::vector<Scope::Grant>{{"blue", "", ""}, {"red", "", "me"}}));
  EXPECT_TRUE(readable_scope(with({})).empty());
  EXPECT_TRUE(Scope::everything().permits({"any", "ca", "who"}));
}

TEST(Names, AreStableAndUnique) {
  for (const Role role : all_roles()) EXPECT_EQ(role_named(name_of(role)), role);
  EXPECT_FALSE(role_named("Admin"));
  EXPECT_FALSE(role_named(""));
  std::map<std::string_view, int> seen;
  for (const Action action : all_actions()) EXPECT_EQ(++seen[name_of(action)], 1);
}

}  // namespace
}  // namespace certwright::access
