#include "revocation/revoked_entries.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace certwright::revocation {
namespace {

constexpr std::size_t kFirstSlots = 64;
constexpr std::size_t kWorthwhileShare = 64;
constexpr Duration kPruneInterval = std::chrono::hours(24);

std::uint32_t hash_of(ByteView serial_content) noexcept {
  const std::uint64_t hash = std::hash<std::string_view>{}(as_text(serial_content));
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

}  // namespace

// SEQUENCE { INTEGER serial, ... }, both lengths in one octet: encode_revoked_entry() writes at most
// 22 + 17 + 14 octets.
ByteView RevokedEntries::serial_of(const Entry& entry) const noexcept {
  return ByteView(octets_).subspan(entry.offset + 4U, octets_[entry.offset + 3U]);
}

// The slot that holds this serial, or the free one where it would go.
RevokedEntries::Slot& RevokedEntries::slot_of(std::uint32_t hash,
                                              ByteView serial_content) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at].entry != kFree; at = (at + 1) & mask)
    if (slots_[at].hash == hash &&
        std::ranges::equal(serial_of(entries_[slots_[at].entry]), serial_content))
      break;
  return slots_[at];
}

void RevokedEntries::kill(Entry& entry) noexcept {
  entry.dead = true;
  ++dead_;
  dead_octets_ += entry.size;
}

void RevokedEntries::put(const x509::SerialNumber& serial, Time revoked_at,
                         x509::RevocationReason reason, Time not_after) {
  index_appended();
  scratch_.clear();
  x509::encode_revoked_entry(serial, revoked_at, reason, scratch_);
  if (entries_.size() * 2 >= slots_.size()) grow_index();
  const auto hash = hash_of(serial.integer_content());
  Slot& slot = slot_of(hash, serial.integer_content());
  const bool is_known = slot.entry != kFree && !entries_[slot.entry].dead;
  if (is_known && entries_[slot.entry].size == scratch_.size()) {
    std::ranges::copy(scratch_, octets_.begin() + entries_[slot.entry].offset);
    return;
  }
  add_scratch(not_after);
  if (is_known) kill(entries_[slot.entry]);
  slot = {hash, static_cast<std::uint32_t>(indexed_++)};
}

void RevokedEntries::append(const x509::SerialNumber& serial, Time revoked_at,
                            x509::RevocationReason reason, Time not_after) {
  scratch_.clear();
  x509::encode_revoked_entry(serial, revoked_at, reason, scratch_);
  add_scratch(not_after);
}

// What may fail comes first: after it nothing points to what is not there.
void RevokedEntries::add_scratch(Time not_after) {
  if (entries_.size() == entries_.capacity())
    entries_.reserve(std::max(kFirstSlots, entries_.size() * 2));
  const Entry entry{to_unix_s(not_after), static_cast<std::uint32_t>(octets_.size()),
                    static_cast<std::uint16_t>(scratch_.size()), false};
  octets_.insert(octets_.end(), scratch_.begin(), scratch_.end());
  entries_.push_back(entry);
}

// In one go the look-ups do not wait for each other, and the index has its size from the start.
void RevokedEntries::index_appended() {
  if (indexed_ == entries_.size()) return;
  while (entries_.size() * 2 > slots_.size()) grow_index();
  for (; indexed_ < entries_.size(); ++indexed_) {
    const ByteView serial = serial_of(entries_[indexed_]);
    const auto hash = hash_of(serial);
    Slot& slot = slot_of(hash, serial);
    if (slot.entry != kFree && !entries_[slot.entry].dead) kill(entries_[slot.entry]);
    slot = {hash, static_cast<std::uint32_t>(indexed_)};
  }
}

bool RevokedEntries::remove(const x509::SerialNumber& serial) {
  index_appended();
  if (slots_.empty()) return false;
  const auto content = serial.integer_content();
  const Slot& slot = slot_of(hash_of(content), content);
  if (slot.entry == kFree || entries_[slot.entry].dead) return false;
  kill(entries_[slot.entry]);
  return true;
}

void RevokedEntries::mark_published(Time this_update) {
  index_appended();
  close_holes();
  published_ = entries_.size();
  last_this_update_ = this_update;
}

void RevokedEntries::prune(Time now) {
  index_appended();
  const std::int64_t before_s = to_unix_s(last_this_update_);
  const auto may_go = [&](const Entry& entry) {
    return !entry.dead && entry.not_after_s < before_s;
  };
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(published_);
  const auto count = static_cast<std::size_t>(std::count_if(entries_.begin(), end, may_go));
  if (count == 0) return;
  if (count * kWorthwhileShare < entries_.size() && now < last_prune_ + kPruneInterval) return;
  last_prune_ = now;
  for (auto entry = entries_.begin(); entry != end; ++entry)
    if (may_go(*entry)) kill(*entry);
}

ByteView RevokedEntries::encoded() {
  index_appended();
  close_holes();
  return octets_;
}

void RevokedEntries::close_holes() {
  if (dead_ == 0) return;
  std::size_t kept = 0, end = 0, published = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry entry = entries_[i];
    if (entry.dead) continue;
    if (end != entry.offset)
      std::memmove(octets_.data() + end, octets_.data() + entry.offset, entry.size);
    entry.offset = static_cast<std::uint32_t>(end);
    end += entry.size;
    if (i < published_) ++published;
    entries_[kept++] = entry;
  }
  entries_.resize(kept);
  octets_.resize(end);
  published_ = published;
  indexed_ = kept;
  dead_ = dead_octets_ = 0;
  rebuild_index();
}

void RevokedEntries::place(std::vector<Slot>& slots, const Slot& slot) noexcept {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = slot.hash & mask;
  while (slots[at].entry != kFree) at = (at + 1) & mask;
  slots[at] = slot;
}

void RevokedEntries::grow_index() {
  std::vector<Slot> larger(std::max(kFirstSlots, slots_.size() * 2));
  for (const Slot& slot : slots_)
    if (slot.entry != kFree) place(larger, slot);
  slots_ = std::move(larger);
}

// After entries were moved.
void RevokedEntries::rebuild_index() {
  std::ranges::fill(slots_, Slot{});
  for (std::size_t i = 0; i < entries_.size(); ++i)
    place(slots_, {hash_of(serial_of(entries_[i])), static_cast<std::uint32_t>(i)});
}

}  // namespace certwright::revocation
