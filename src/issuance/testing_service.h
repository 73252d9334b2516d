#pragma once
// The issuance service over a store and a signer that fail where a test wants them to.
#include "issuance/issuance_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "crypto/public_key.h"
#include "crypto/verifying.h"
#include "keys/key_encryption_key.h"
#include "registration/testing_world.h"
#include "signer/testing_forwarding_signer.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"

namespace certwright::issuance::service_test {

using registration::testing::csr_der;
using registration::testing::kDay;
using registration::testing::kStart_s;
using registration::testing::must;
using registration::testing::new_key;
using registration::testing::text_at;
using registration::IssuanceRequest;
using testing::Contains;
using testing::HasSubstr;

enum class Trouble { none, refused, lost_answer };

// Fails at the n-th apply() that issuance makes: before it is done, or behind it, when it is durable
// and only the answer is lost.
class TroubledStore : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<void> apply(const store::Transaction& transaction) override {
    const bool now = trouble != Trouble::none && ++applied_ >= from && applied_ <= to_inclusive;
    if (now && trouble == Trouble::refused) return fail(Errc::unavailable, "the disk is away");
    CERTWRIGHT_CHECK(to().apply(transaction));
    if (now) return fail(Errc::unavailable, "the answer of the disk is lost");
    return {};
  }
  void begin(Trouble which, int first, int last) {
    trouble = which;
    from = first;
    to_inclusive = last;
    applied_ = 0;
  }
  void end() { trouble = Trouble::none; }

  std::atomic<Trouble> trouble = Trouble::none;
  int from = 0, to_inclusive = 0;

 private:
  std::atomic<int> applied_{0};
};

// Signs, unless it is told to fail or to sign wrongly.
class TroubledSigner : public signer::testing::ForwardingSigner {
 public:
  enum class Mode { good, away, wrong };
  using ForwardingSigner::ForwardingSigner;
  using ForwardingSigner::sign;
  Result<Bytes> sign(signer::PreparedCertificate prepared) override {
    if (mode == Mode::away) return fail(Errc::unavailable, "the token is away");
    if (const auto meanwhile = std::exchange(while_signing, {})) meanwhile();
    auto signature = ForwardingSigner::sign(std::move(prepared));
    if (signature && mode == Mode::wrong) signature->back() ^= 1;
    return signature;
  }
  Mode mode = Mode::good;
  std::function<void()> while_signing;  // once
};

class Issuance : public testing::Test {
 protected:
  using World = registration::testing::World;
  Issuance() {
    issuing = world.add_ca({.wrap = [this](std::shared_ptr<signer::Signer> real) {
      signer = std::make_shared<TroubledSigner>(std::move(real));
      return signer;
    }});
  }

  static IssuanceRequest request() { return World::request(World::issuer()); }
  static IssuanceRequest csr_request() {
    return World::csr_request(World::issuer(),
                              csr_der(new_key(), "CN=own.example", {must(x509::GeneralName::dns("own.example"))}));
  }
  static IssuanceRequest renewal_of(const store::StoredCertificate& newest) {
    const auto with = request();
    return registration::renewal_request(with.principal, with.actor, newest, {});
  }
  store::StoredCertificate stored(const IssuedCertificate& issued) {
    return must(memory.find_certificate(issued.certificate.id)).value();
  }
  std::size_t certificates() {
    store::LineageFilter filter;
    filter.now = clock.now();
    return must(memory.list_lineages(filter, {.limit = 1000})).size();
  }
  std::size_t open_intents() {
    return must(memory.unfinished_intents(clock.now() + kDay, 1000)).size();
  }
  std::size_t count(std::string_view event) { return world.records(event).size(); }

  ManualClock clock{from_unix_s(kStart_s)};
  crypto::DeterministicRandom random{42};
  store::MemoryStore memory;
  TroubledStore store{memory};
  World world{store, clock};
  keys::Sealer sealer{keys::KeyEncryptionKey::generate(random), random};
  IssuanceService service{{.registration = world.registration,
                           .store = store,
                           .journal = world.journal,
                           .sealer = sealer,
                           .random = random,
                           .clock = clock}};
  std::shared_ptr<TroubledSigner> signer;
  ca::CaPtr issuing;
};

}  // namespace certwright::issuance::service_test
