#include "revocation/ocsp_cache.h"

#include <algorithm>
#include <utility>

namespace certwright::revocation {

OcspCache::OcspCache(std::size_t capacity)
    : capacity_per_part_(std::max<std::size_t>(1, capacity / kParts)) {}

OcspCache::Part& OcspCache::part_of(const x509::SerialNumber& serial) const noexcept {
  // The upper bits, as the index below takes the lower ones.
  return parts_[(std::hash<x509::SerialNumber>{}(serial) >> 32) % kParts];
}

void OcspCache::erase(Part& part, Lines::iterator line) {
  const auto [begin, end] = part.by_serial.equal_range(line->serial);
  part.by_serial.erase(
      std::find_if(begin, end, [&](const auto& entry) { return entry.second == line; }));
  part.lines.erase(line);
}

std::optional<OcspAnswer> OcspCache::find(const x509::SerialNumber& serial, ByteView cert_id_tlv,
                                          Time now) {
  Part& part = part_of(serial);
  const std::lock_guard lock(part.mutex);
  const auto [begin, end] = part.by_serial.equal_range(serial);
  for (auto entry = begin; entry != end; ++entry) {
    const auto line = entry->second;
    if (!std::ranges::equal(line->cert_id_tlv, cert_id_tlv)) continue;
    const OcspAnswer& answer = line->answer;
    if (now > answer.next_update - (answer.next_update - answer.this_update) / 8) return std::nullopt;
    line->used = true;
    part.lines.splice(part.lines.begin(), part.lines, line);
    return answer;
  }
  return std::nullopt;
}

std::uint64_t OcspCache::epoch(const x509::SerialNumber& serial) const {
  const Part& part = part_of(serial);
  const std::lock_guard lock(part.mutex);
  return part.epoch;
}

void OcspCache::put(std::string_view ca, const x509::SerialNumber& serial, ByteView cert_id_tlv,
                    const OcspAnswer& answer, std::uint64_t epoch) {
  Part& part = part_of(serial);
  const std::lock_guard lock(part.mutex);
  if (part.epoch != epoch) return;
  const auto [begin, end] = part.by_serial.equal_range(serial);
  const auto known = std::find_if(begin, end, [&](const auto& entry) {
    return std::ranges::equal(entry.second->cert_id_tlv, cert_id_tlv);
  });
  if (known != end) {
    known->second->answer = answer;
    known->second->used = false;
    return;
  }
  if (static_cast<std::size_t>(std::distance(begin, end)) >= kMostPerSerial)
    erase(part, begin->second);
  if (part.lines.size() >= capacity_per_part_) erase(part, std::prev(part.lines.end()));
  part.lines.push_front({std::string(ca), serial, to_bytes(cert_id_tlv), answer, false});
  part.by_serial.emplace(serial, part.lines.begin());
}

void OcspCache::drop(const x509::SerialNumber& serial) {
  Part& part = part_of(serial);
  const std::lock_guard lock(part.mutex);
  ++part.epoch;
  const auto [begin, end] = part.by_serial.equal_range(serial);
  for (auto entry = begin; entry != end; ++entry) part.lines.erase(entry->second);
  part.by_serial.erase(begin, end);
}

void OcspCache::drop_ca(std::string_view ca) {
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    ++part.epoch;
    for (auto line = part.lines.begin(); line != part.lines.end();) {
      const auto next = std::next(line);
      if (line->ca == ca) erase(part, line);
      line = next;
    }
  }
}

std::vector<OcspCache::Due> OcspCache::due(Time now, std::size_t limit) {
  std::vector<Due> due;
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    for (auto line = part.lines.begin(); line != part.lines.end();) {
      const auto next = std::next(line);
      const OcspAnswer& answer = line->answer;
      if (now >= answer.next_update)
        erase(part, line);
      else if (line->used && due.size() < limit &&
               now > answer.next_update - (answer.next_update - answer.this_update) / 2)
        due.push_back({line->ca, line->serial, line->cert_id_tlv});
      line = next;
    }
  }
  return due;
}

std::size_t OcspCache::size() const {
  std::size_t size = 0;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    size += part.lines.size();
  }
  return size;
}

}  // namespace certwright::revocation
