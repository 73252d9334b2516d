#pragma once
// For tests of requests that people approve: a desk, a CA whose policy wants an officer, and who issues.
#include "issuance/testing_service.h"
#include "registration/testing_desk.h"

namespace certwright::issuance::service_test {

using registration::testing::DeskWorld;
using store::RequestState;

class Resuming : public testing::Test {
 protected:
  Resuming() {
    world.add_ca({.wrap = [this](std::shared_ptr<signer::Signer> real) {
                    signer = std::make_shared<TroubledSigner>(std::move(real));
                    return signer;
                  },
                  .approval = {{}}});
  }

  store::RequestRecord approved(const std::string& name = "a.example") {
    const auto pending = must(world.submit(alice, {name})).record;
    return must(world.approve(bob, pending));
  }
  Result<IssuedCertificate> resume(const std::string& id) { return service.resume(id, DeskWorld::actor_of(bob)); }
  static std::string outcome(const Result<IssuedCertificate>& result) {
    if (result) return "ok";
    return std::string(name_of(result.error().code)) + " " + result.error().field;
  }
  std::size_t certificates() {
    store::LineageFilter filter;
    filter.now = clock.now();
    return must(memory.list_lineages(filter, {.limit = 1000})).size();
  }
  std::size_t open_intents() { return must(memory.unfinished_intents(clock.now() + kDay, 1000)).size(); }
  std::size_t count(std::string_view event) { return world.records(event).size(); }

  ManualClock clock{from_unix_s(kStart_s)};
  crypto::DeterministicRandom random{42};
  store::MemoryStore memory;
  TroubledStore store{memory};
  DeskWorld world{store, clock};
  access::Principal alice = world.person("alice", {{access::Role::requester, "default", ""}});
  access::Principal bob = world.person("bob", {{access::Role::approver, "default", ""}});
  keys::Sealer sealer{keys::KeyEncryptionKey::generate(random), random};
  IssuanceService::Dependencies dependencies{.registration = world.registration, .store = store,
                                             .journal = world.journal, .sealer = sealer, .random = random,
                                             .clock = clock, .requests = &world.desk};
  IssuanceService service{dependencies};
  std::shared_ptr<TroubledSigner> signer;
};

}  // namespace certwright::issuance::service_test
