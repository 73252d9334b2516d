#pragma once
// Private to revocation: signed answers, kept until they age.
#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "revocation/ocsp_responder.h"
#include "x509/serial_number.h"

namespace certwright::revocation {

// Answers to one CertID, found by its octets, at most `capacity` of them; the least recently used go
// first. The index is by serial number alone: however a client writes the CertID of a certificate
// (hash, parameters), one drop() finds every answer about it. Safe to call from any thread.
class OcspCache {
 public:
  explicit OcspCache(std::size_t capacity);

  // An answer that has at least an eighth of its life left.
  std::optional<OcspAnswer> find(const x509::SerialNumber& serial, ByteView cert_id_tlv, Time now);

  // To be read before the status that an answer is made from.
  std::uint64_t epoch(const x509::SerialNumber& serial) const;
  // Keeps the answer, unless drop() was called for this serial (or one beside it) since `epoch` was
  // read: then the status it was made from may be the old one.
  void put(std::string_view ca, const x509::SerialNumber& serial, ByteView cert_id_tlv,
           const OcspAnswer& answer, std::uint64_t epoch);
  void drop(const x509::SerialNumber& serial);
  void drop_ca(std::string_view ca);

  // Answers past half of their life that were used since they were put, most recently used first
  // (by part of the cache), at most `limit`. Forgets the ones that are over.
  struct Due {
    std::string ca;
    x509::SerialNumber serial;
    Bytes cert_id_tlv;
  };
  std::vector<Due> due(Time now, std::size_t limit);
  std::size_t size() const;

 private:
  static constexpr std::size_t kParts = 64;
  // One certificate can be named in four ways: SHA-1 or SHA-256, with NULL parameters or without.
  static constexpr std::size_t kMostPerSerial = 4;

  struct Line {
    std::string ca;
    x509::SerialNumber serial;
    Bytes cert_id_tlv;
    OcspAnswer answer;
    bool used = false;
  };
  using Lines = std::list<Line>;  // most recently used first
  struct Part {
    mutable std::mutex mutex;
    Lines lines;
    std::unordered_multimap<x509::SerialNumber, Lines::iterator> by_serial;
    std::uint64_t epoch = 0;
  };
  Part& part_of(const x509::SerialNumber& serial) const noexcept;
  static void erase(Part& part, Lines::iterator line);

  const std::size_t capacity_per_part_;
  mutable std::array<Part, kParts> parts_;
};

}  // namespace certwright::revocation
