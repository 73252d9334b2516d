#pragma once
// FOR TESTS: a log with a fixed key, in memory.
#include <memory>
#include <string>
#include <utility>

#include "audit/checkpoint.h"
#include "audit/checkpointer.h"
#include "audit/journal.h"
#include "clock/clock.h"
#include "crypto/private_key.h"
#include "store/memory/memory_store.h"

namespace certwright::audit {

inline constexpr std::string_view kTestLog = "certwright.test/audit";

// RFC 8032 section 7.1, test 1; another key for another `seed`.
inline crypto::PrivateKey test_key(std::uint8_t seed = 0) {
  Bytes pkcs8 = from_hex("302e020100300506032b657004220420"
                         "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
                    .value();
  pkcs8.back() ^= seed;
  return crypto::PrivateKey::from_pkcs8(SecretBytes::copy_of(pkcs8)).value();
}

inline std::unique_ptr<CheckpointSigner> test_signer(std::uint8_t seed = 0,
                                                     std::string_view name = kTestLog) {
  return make_checkpoint_signer(std::string(name), test_key(seed)).value();
}

struct TestLog {
  ManualClock clock{from_unix_s(1'714'743'209)};
  store::MemoryStore store;
  std::unique_ptr<CheckpointSigner> signer = test_signer();
  CheckpointKey key = CheckpointKey::of(*signer);
  Checkpointer checkpointer{store, *signer, clock, {"test", Seconds(30), 262'144}};
  Journal journal{store, clock};
  std::uint64_t records = 0;

  void add(std::uint64_t count) {
    store::Transaction transaction;
    for (std::uint64_t i = 0; i < count; ++i) {
      clock.advance(Duration(1));
      transaction.push_back(
          journal.leaf({EventType::ca_retired, {}, {{"ca", std::to_string(records++)}}}));
      if (transaction.size() < 1000 && i + 1 < count) continue;
      if (!store.apply(transaction)) std::abort();
      transaction.clear();
    }
  }
};

}  // namespace certwright::audit
