#pragma once
// The contract of store.h as one parametrised suite. A back end compiles store_contract_*_test.cc
// into its test program and instantiates StoreContract with ways to make itself.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace certwright::store::contract {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Store& store() = 0;
  // Closes the store and opens it again. False if it keeps nothing beyond its life.
  virtual bool reopen() = 0;
  // Waits until what runs behind the commits has nothing left to do.
  virtual void settle() {}
};

struct BackendCase {
  const char* name;
  std::unique_ptr<Backend> (*make)();
};
inline std::string case_name(const testing::TestParamInfo<BackendCase>& info) {
  return info.param.name;
}

inline const Time kStart = from_unix_s(1'767'225'600);  // 2026-01-01
inline constexpr Duration kDay = std::chrono::hours(24);

// Ids and serials of certificates that a test calls 1, 2, 3, ...
inline CertificateId id_of(std::uint64_t n) { return 0x0190'0000'0000'0000U + n; }
inline x509::SerialNumber serial_of(std::uint64_t n) {
  const auto low = static_cast<std::uint8_t>(n);
  return x509::SerialNumber::from_id(id_of(n), {0xa0, 1, 2, 3, 4, 5, 6, low});
}
inline Sha256 hash_of(std::uint64_t n) {
  Sha256 hash{};
  for (std::size_t i = 0; i < 8; ++i) hash[i] = static_cast<std::uint8_t>(n >> (8 * i));
  hash[31] = 0x5a;
  return hash;
}

inline SerialReservation reservation(std::uint64_t n) {
  return {.id = id_of(n),
          .serial = serial_of(n),
          .ca = "issuing",
          .profile = "tls-server",
          .principal = "alice",
          .tbs_sha256 = hash_of(n),
          .reserved_at = kStart + Seconds(n),
          .not_after = kStart + 90 * kDay};
}

inline CertificateRecord certificate(std::uint64_t n) {
  return {.id = id_of(n),
          .serial = serial_of(n),
          .ca = "issuing",
          .lineage = id_of(n),
          .tenant = "default",
          .entity_type = "backend",
          .entity_id = "web",
          .principal = "alice",
          .profile = "tls-server",
          .profile_version = 3,
          .subject = "CN=host" + std::to_string(n),
          .names = {"host" + std::to_string(n) + ".example", "10.0.0.1"},
          .subject_public_key_sha256 = hash_of(1000 + n),
          .not_before = kStart,
          .not_after = kStart + 90 * kDay,
          .issued_at = kStart + Seconds(n),
          .crl_shard = 0,
          .record_level = RecordLevel::full,
          .key_origin = KeyOrigin::certification_request,
          .der = Bytes(40, static_cast<std::uint8_t>(n))};
}

inline CertificateRecord renewal(std::uint64_t n, std::uint64_t first) {
  auto record = certificate(n);
  record.lineage = id_of(first);
  return record;
}

inline Revocation revocation(x509::RevocationReason reason, Time at = kStart + kDay) {
  return {reason, at, "alice"};
}

// filter([](auto& f) { f.ca = "root"; }): aggregates with many empty members, without their names.
template <class Set>
LineageFilter filter(Set set) {
  LineageFilter result;
  result.now = kStart + 45 * kDay;
  set(result);
  return result;
}

class StoreContract : public testing::TestWithParam<BackendCase> {
 protected:
  void SetUp() override { backend_ = GetParam().make(); }

  Store& store() { return backend_->store(); }

  Result<void> apply(Transaction transaction) { return store().apply(transaction); }
  // Success, or the error's code by name.
  std::string outcome(Transaction transaction) {
    const auto done = apply(std::move(transaction));
    return done ? "ok" : std::string(name_of(done.error().code));
  }
  // The same, with the field after a colon.
  std::string outcome_with_field(Transaction transaction) {
    const auto done = apply(std::move(transaction));
    if (done) return "ok";
    return std::string(name_of(done.error().code)) + ":" + done.error().field;
  }

  // Reserves and records.
  void issue(const CertificateRecord& record, std::uint64_t replaces = 0,
             std::optional<ManagedKeyRecord> key = {}) {
    auto intent = reservation(record.id - id_of(0));
    intent.ca = record.ca;
    ASSERT_EQ(outcome({ReserveSerial{intent, {}}}), "ok");
    ASSERT_EQ(
        outcome({RecordCertificate{record, replaces == 0 ? 0 : id_of(replaces), std::move(key)}}),
        "ok");
  }

  StoredCertificate stored(std::uint64_t n) {
    const auto found = store().find_certificate(id_of(n));
    if (!found || !*found) throw std::runtime_error("certificate is not there");
    return **found;
  }
  StatusKind status(std::uint64_t n) {
    return store().certificate_status("issuing", serial_of(n)).value().kind;
  }

  // The numbers of the lineages on a page.
  std::vector<std::uint64_t> page(const LineageFilter& filter, const Page& page = {.limit = 1000}) {
    std::vector<std::uint64_t> numbers;
    const auto rows = store().list_lineages(filter, page);
    EXPECT_TRUE(rows) << rows.error().detail;
    if (rows)
      for (const auto& row : *rows) numbers.push_back(row.lineage - id_of(0));
    return numbers;
  }

  std::unique_ptr<Backend> backend_;
};

}  // namespace certwright::store::contract
