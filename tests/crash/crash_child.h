#pragma once
// The process that dies: issues, from several threads, on the embedded store.
#include <memory>
#include <string>

#include "authority/authority.h"
#include "clock/clock.h"
#include "crash_evidence.h"
#include "keys/sealer.h"
#include "store/store.h"

namespace certwright::crash {

// "intent:before:3": die at the third intent, before it is written. Empty: not by itself.
struct Failpoint {
  std::string step;  // "intent", "sign", "record", "acknowledge"
  bool before = false;
  int nth = 1;
  std::string text() const { return step + (before ? ":before:" : ":after:") + std::to_string(nth); }
  static Failpoint parse(const std::string& text);
};

// The rooms that issue, over any store.
class Rooms {
 public:
  Rooms(store::Store& on, const Folder& folder);
  // Profiles and CAs from the store into memory.
  void load();
  // Once for each folder.
  void create_cas();
  registration::IssuanceRequest request(unsigned thread, unsigned n) const;

  store::Store& store;
  SystemClock clock;
  crypto::SystemRandom random;
  keys::Sealer sealer;
  audit::Journal journal;
  ca::CaDirectory cas;
  registration::ProfileDirectory profiles;
  registration::RegistrationAuthority registration;
  issuance::IssuanceService issuance;
  authority::Authority authority;
};

// Never returns but by the failpoint, by a signal, or when `issues_at_most` are acknowledged.
int run_child(const Folder& folder, const Failpoint& failpoint, unsigned threads, unsigned issues_at_most);

}  // namespace certwright::crash
