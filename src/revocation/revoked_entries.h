#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "x509/certificate_list.h"

namespace certwright::revocation {

// The entries of one CRL, encoded once and kept one after the other, so that a new CRL copies them
// as they lie. An index by serial finds the one to change; removing leaves a hole that the next
// encoded() closes. 70 to 100 octets an entry. For one thread at a time.
class RevokedEntries {
 public:
  // Adds, or replaces the entry of that serial.
  void put(const x509::SerialNumber& serial, Time revoked_at, x509::RevocationReason reason,
           Time not_after);
  // The same for the many of a first CRL, where looking for each by itself is most of the work: what
  // it replaces is found by the next call of another name, and counted by size() until then.
  void append(const x509::SerialNumber& serial, Time revoked_at, x509::RevocationReason reason,
              Time not_after);
  // False if it is not there.
  bool remove(const x509::SerialNumber& serial);

  // RFC 5280 section 3.3: an entry stays until it was on a CRL issued after the certificate's
  // notAfter. To be called when a CRL of this_update was published with all that is here now.
  void mark_published(Time this_update);
  // Removes what that allows; nothing unless that is worth a pass over everything: at least one in
  // 64, or a day since the last time.
  void prune(Time now);

  // All entries; valid until the next call that changes anything.
  ByteView encoded();
  std::size_t size() const noexcept { return entries_.size() - dead_; }
  std::size_t encoded_octets() const noexcept { return octets_.size() - dead_octets_; }

 private:
  struct Entry {
    std::int64_t not_after_s = 0;
    std::uint32_t offset = 0;
    std::uint16_t size = 0;
    bool dead = false;
  };
  static constexpr std::uint32_t kFree = 0xffffffff;
  // With its hash, so that nearly nothing but what is looked for is compared, and growing reads no
  // entry.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t entry = kFree;
  };

  ByteView serial_of(const Entry& entry) const noexcept;
  Slot& slot_of(std::uint32_t hash, ByteView serial_content) noexcept;
  void add_scratch(Time not_after);
  void index_appended();
  void kill(Entry& entry) noexcept;
  static void place(std::vector<Slot>& slots, const Slot& slot) noexcept;
  void grow_index();
  void rebuild_index();
  void close_holes();

  Bytes octets_;
  std::vector<Entry> entries_;         // in the order of octets_
  std::vector<Slot> slots_;            // open addressing; a power of two, at most half full
  std::size_t indexed_ = 0;            // entries_[0..indexed_) are in slots_
  std::size_t dead_ = 0, dead_octets_ = 0;
  std::size_t published_ = 0;          // entries_[0..published_) were on the last CRL
  Time last_this_update_{};
  Time last_prune_{};
  Bytes scratch_;
};

}  // namespace certwright::revocation
