// The numbered defects of the replaced service that show at its store: beside defects_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

#include "gateway/certs/testing_world.h"
#include "store/testing_forwarding_store.h"

namespace certwright::gateway::certs {
namespace store_defects {  // test files are compiled together

using ::testing::HasSubstr;
using testing::World;

// Refuses to record certificates while `is_full`; counts what is read.
class TroubledStore : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<void> apply(const store::Transaction& transaction) override {
    const bool records = std::ranges::any_of(transaction, [](const auto& command) {
      return std::holds_alternative<store::RecordCertificate>(command);
    });
    if (records && is_full) return fail(Errc::unavailable, "the disk is full");
    return to().apply(transaction);
  }
  Result<std::vector<store::LineageRow>> list_lineages(const store::LineageFilter& filter,
                                                       const store::Page& page) const override {
    ++lists;
    return to().list_lineages(filter, page);
  }
  Result<std::optional<store::StoredCertificate>> find_certificate(
      const x509::SerialNumber& serial) const override {
    ++finds;
    return to().find_certificate(serial);
  }
  Result<std::optional<store::StoredCertificate>> find_certificate(
      store::CertificateId id) const override {
    ++finds;
    return to().find_certificate(id);
  }
  Result<std::vector<store::StoredCertificate>> find_lineage(
      store::CertificateId lineage) const override {
    ++finds;
    return to().find_lineage(lineage);
  }
  bool is_full = false;
  mutable int lists = 0, finds = 0;
};

// The world's door once more, with this store behind it.
struct TroubledDoor {
  explicit TroubledDoor(World& world)
      : store(world.store),
        issuance({.registration = world.registration,
                  .store = store,
                  .journal = world.journal,
                  .sealer = world.sealer,
                  .random = world.random,
                  .clock = world.clock}),
        inventory(store, world.clock),
        door({.issuance = issuance,
              .revocation = world.revocation,
              .crls = world.crls,
              .inventory = inventory,
              .downloads = world.downloads,
              .cas = world.cas,
              .clock = world.clock}),
        handler(testing::must(web::WebHandler::create(
            {world.authenticator, world.clock, world.random, metrics, &world.journal},
            door.routes(), {}))),
        admin(world.admin) {}

  http::Response call(std::string method, std::string target, std::string_view body = {}) {
    http::Headers headers;
    headers.add("Authorization", "Bearer " + admin);
    return handler->handle(
        web::testing::make_request(std::move(method), std::move(target), std::move(headers), body));
  }

  TroubledStore store;
  issuance::IssuanceService issuance;
  inventory::Inventory inventory;
  metrics::Registry metrics;
  Door door;
  std::unique_ptr<web::WebHandler> handler;
  std::string admin;
};

TEST(CertsStoreDefects, D13AListIsOneReadHoweverManyItsRows) {
  World world;
  for (int i = 0; i < 7; ++i) world.issue(world.admin, "e");
  TroubledDoor troubled(world);
  const auto response = troubled.call("GET", "/certs?limit=6");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(std::string(response.body.text()), HasSubstr("\"total\":7,"));
  EXPECT_EQ(troubled.store.lists, 1);
  EXPECT_EQ(troubled.store.finds, 0);
}

TEST(CertsStoreDefects, D18ACertificateThatIsNotRecordedIsNotHandedOut) {
  World world;
  TroubledDoor troubled(world);
  troubled.store.is_full = true;
  const auto refused = troubled.call("POST", "/certs/issue/backend/e1", "{}");
  EXPECT_EQ(refused.status, 503) << refused.body.text();
  EXPECT_THAT(std::string(refused.body.text()), HasSubstr("{\"error\":\"\",\"message\":\""));
  EXPECT_THAT(std::string(world.call("GET", "/certs", world.admin).body.text()),
              HasSubstr("\"total\":0,"));
  // What may have been signed has left evidence, so that nobody needs to guess.
  std::string log;
  for (const auto& leaf : testing::must(world.store.audit_leaves(0, 1000)))
    log += std::string(as_text(leaf.record)) + "\n";
  EXPECT_THAT(log, HasSubstr("CERTIFICATE_INTENT"));
  EXPECT_THAT(log, HasSubstr("INTENT_ABANDONED"));

  troubled.store.is_full = false;
  EXPECT_EQ(troubled.call("POST", "/certs/issue/backend/e1", "{}").status, 201);
  EXPECT_THAT(std::string(world.call("GET", "/certs", world.admin).body.text()),
              HasSubstr("\"total\":1,"));
}

}  // namespace store_defects
}  // namespace certwright::gateway::certs
