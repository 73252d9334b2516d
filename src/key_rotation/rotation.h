#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "audit/journal.h"
#include "crypto/random.h"
#include "errors/result.h"
#include "keys/key_encryption_key.h"
#include "keys/sealer.h"
#include "store/store.h"

namespace certwright::key_rotation {

enum class Phase : std::uint8_t {
  idle,       // one key-encryption key, and all is sealed under it
  counting,   // how much is sealed under retired ones
  resealing,
  settling,   // all is done; waits for what may be on its way from before the switch
  blocked,    // something sealed under a retired one does not open; tried again from time to time
};
std::string_view name_of(Phase phase) noexcept;  // "idle", ...

struct Progress {
  Phase phase = Phase::idle;
  std::string source;                // where the active KEK comes from; never secret
  std::string active;                // ids of KEKs
  std::vector<std::string> retired;
  bool kept = false;                 // the active KEK is kept too: the source may be changed now
  std::uint64_t resealed = 0;        // since the switch or the start
  std::optional<std::uint64_t> remaining;  // absent while counting
  std::string problem;               // of the last walk; "" if none
};

struct Rotated {
  std::string active;    // the KEK that seals from now on
  std::string retired;   // the one before; empty if `switched` is false
  std::string source;
  bool switched = false; // false: the active KEK is kept; the source has to change now
};

// See README.md. Every function may be called from any thread.
class Rotation {
 public:
  struct Dependencies {  // all must outlive this
    store::Store& store;
    audit::Journal& journal;
    keys::Sealer& sealer;
    crypto::Random& random;
    keys::SourceOptions source;
  };
  struct Options {
    std::uint32_t batch = 64;  // rows read, and at most sealed again, in one step
    std::chrono::steady_clock::duration settle = std::chrono::minutes(10);
    std::chrono::steady_clock::duration retry = std::chrono::minutes(10);  // when blocked
  };
  explicit Rotation(Dependencies dependencies) : Rotation(std::move(dependencies), Options{}) {}
  Rotation(Dependencies dependencies, Options options);

  // File source: makes a new KEK. Another source: asks it anew. If it has another KEK now, that one
  // becomes active and the old one is kept as `kek.<id>`; if not, the active one is kept, so that the
  // source can be changed: then call this again, or restart. On record before anything changes.
  // Errors: conflict while a rotation is under way; those of the source, of keeping, of the journal.
  Result<Rotated> rotate(const audit::Actor& actor);

  // One piece of work, a few milliseconds. True if there is more to do at once; false if there is
  // nothing to do now. Errors: of the store and the journal; the next step tries the same again.
  Result<bool> step();

  Progress progress() const;

 private:
  enum class Section : std::uint8_t { cas, settings, managed_keys, end };
  struct Walk {
    Section section = Section::cas;
    std::string setting;                // the last one seen
    store::CertificateId managed_key = 0;
    std::uint64_t found = 0;            // sealed under a retired KEK
    std::uint64_t resealed = 0;
    bool decides = false;               // it began when no request could be in the middle of it
    std::string problem;
  };
  void begin(Phase phase);
  Result<void> walk_piece();
  Result<void> walk_cas();
  Result<void> walk_settings();
  Result<void> walk_managed_keys();
  Result<bool> end_walk();
  Result<void> forget();
  Result<void> record_forgotten();
  bool is_retired(ByteView sealed) const;
  std::optional<Bytes> reseal(std::string_view context, ByteView sealed);
  std::optional<Bytes> reseal_setting(std::string_view name, ByteView sealed);
  Result<void> apply(const store::Transaction& transaction);
  void publish();

  const Dependencies d_;
  const Options options_;
  mutable std::mutex work_mutex_;  // rotate() and step()
  Phase phase_ = Phase::idle;
  Walk walk_;
  std::vector<std::string> retired_;
  std::chrono::steady_clock::time_point settled_at_{};  // from then on a walk decides
  std::chrono::steady_clock::time_point wait_until_{};
  std::uint64_t resealed_ = 0;
  std::optional<std::uint64_t> remaining_;
  std::string problem_;
  std::string unrecorded_;  // a KEK that is deleted, and not yet on record as forgotten
  std::string source_;
  bool kept_ = false;

  mutable std::mutex progress_mutex_;
  Progress progress_;
};

}  // namespace certwright::key_rotation
