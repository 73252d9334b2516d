// The OpenAPI document against the route tables of every door: this is the highest room that sees all.
#include <gtest/gtest.h>

#include "audit/checkpoint.h"
#include "gateway/admin/admin_door.h"
#include "gateway/admin/request_routes.h"
#include "gateway/certs/testing_world.h"
#include "gateway/notices/testing_notices.h"
#include "gateway/pki/door.h"
#include "gateway/portal/portal_door.h"
#include "gateway/web/standard_routes.h"

namespace certwright::gateway::admin {
namespace {

TEST(OpenApi, DescribesEveryRouteAndNothingElse) {
  certs::testing::World world;
  revocation::OcspResponder ocsp(world.store, world.cas, world.clock,
                                 [&](const ca::CertificationAuthority& ca) {
                                   return world.authority.make_responder(ca);
                                 });
  pki::Door pki({.ocsp = ocsp, .crls = world.crls, .cas = world.cas, .clock = world.clock});
  auto routes = web::standard_routes({}, world.metrics, {});
  key_rotation::Rotation rotation({.store = world.store,
                                   .journal = world.journal,
                                   .sealer = world.sealer,
                                   .random = world.random,
                                   .source = {}});
  const auto admin = admin_routes({.authority = world.authority,
                                   .cas = world.cas,
                                   .crls = world.crls,
                                   .profiles = world.profiles,
                                   .publisher = world.publisher,
                                   .access = world.directory,
                                   .authenticator = world.authenticator,
                                   .journal = world.journal,
                                   .store = world.store,
                                   .checkpoint_key = certs::testing::must(
                                       audit::CheckpointKey::create("test", {})),
                                   .clock = world.clock,
                                   .rotation = rotation,
                                   .accounts = world.accounts,
                                   .sessions = world.sessions,
                                   .status = {}});
  const auto requests = request_routes({.requests = world.requests, .issuance = world.issuance,
                                        .passwords = world.approval_passwords, .selection = world.selection,
                                        .cas = world.cas, .store = world.store,
                                        .checkpoint_key = certs::testing::must(audit::CheckpointKey::create("test", {}))});
  portal::CsrService csr({.requests = world.requests, .issuance = world.issuance, .cas = world.cas,
                          .profiles = world.profiles, .selection = world.selection, .store = world.store,
                          .clock = world.clock});
  portal::Door portal_door(csr, world.requests);
  const notices::testing::NoticesWorld notices;
  for (const auto& door : {world.door.routes(), portal_door.routes(), pki.routes(), notices.table, admin, requests})
    routes.insert(routes.end(), door.begin(), door.end());
  for (const std::string& difference : web::openapi_differences(routes, web::openapi_document()))
    ADD_FAILURE() << difference;
  // All doors fit into one table.
  EXPECT_TRUE(web::Router::build(routes).has_value());
}

}  // namespace
}  // namespace certwright::gateway::admin
