// Lists, filters, counters and pages; and many random operations against the memory back end.
#include <algorithm>
#include <random>

#include "store/memory/memory_store.h"
#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

using Numbers = std::vector<std::uint64_t>;
using x509::RevocationReason;

// 1 to 12; what differs is said here.
std::vector<CertificateRecord> varied() {
  std::vector<CertificateRecord> records;
  for (std::uint64_t n = 1; n <= 12; ++n) {
    auto r = certificate(n);
    r.tenant = n % 3 == 0 ? "acme" : "default";
    r.entity_id = n % 4 == 0 ? "db" : "web";
    r.entity_type = n % 2 == 0 ? "backend" : "user";
    r.principal = n > 8 ? "bob" : "alice";
    r.ca = n == 5 ? "root" : "issuing";
    r.not_after = kStart + static_cast<int>(10 * n) * kDay;
    r.names = {"www.h" + std::to_string(n) + ".example", "*.example", n == 7 ? "wwx" : "wwv"};
    r.subject_public_key_sha256 = hash_of(n % 5);
    records.push_back(r);
  }
  return records;
}

struct FilterCase {
  const char* name;
  void (*set)(LineageFilter&);
  Numbers expected;
};

const FilterCase kFilterCases[] = {
    {"None", [](LineageFilter&) {}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
    {"Tenant", [](LineageFilter& f) { f.tenants = {"acme"}; }, {3, 6, 9, 12}},
    {"TwoTenants",
     [](LineageFilter& f) { f.tenants = {"default", "acme"}; },
     {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
    {"TenantTwice", [](LineageFilter& f) { f.tenants = {"acme", "acme"}; }, {3, 6, 9, 12}},
    {"UnknownTenant", [](LineageFilter& f) { f.tenants = {"nobody"}; }, {}},
    {"Ca", [](LineageFilter& f) { f.ca = "root"; }, {5}},
    {"Principal", [](LineageFilter& f) { f.principal = "bob"; }, {9, 10, 11, 12}},
    {"EntityType", [](LineageFilter& f) { f.entity_type = "user"; }, {1, 3, 5, 7, 9, 11}},
    {"EntityId", [](LineageFilter& f) { f.entity_id = "db"; }, {4, 8, 12}},
    {"EntityIdOfTenant",
     [](LineageFilter& f) {
       f.entity_id = "db";
       f.tenants = {"acme"};
     },
     {12}},
    {"EntityIdAndType",
     [](LineageFilter& f) {
       f.entity_id = "web";
       f.entity_type = "backend";
     },
     {2, 6, 10}},
    {"NameExact", [](LineageFilter& f) { f.name = "www.h7.example"; }, {7}},
    {"NameIsNotAPrefix", [](LineageFilter& f) { f.name = "www.h7"; }, {}},
    {"NameWithLeadingStarIsExact",
     [](LineageFilter& f) {
       f.name = "*.example";
       f.principal = "bob";
     },
     {9, 10, 11, 12}},
    {"NamePrefix", [](LineageFilter& f) { f.name = "www.h1*"; }, {1, 10, 11, 12}},
    {"NamePrefixEndsRight", [](LineageFilter& f) { f.name = "wwx*"; }, {7}},
    {"NamePrefixOfTwoNamesOnce",
     [](LineageFilter& f) { f.name = "www*"; },
     {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
    {"PublicKey", [](LineageFilter& f) { f.subject_public_key_sha256 = hash_of(2); }, {2, 7, 12}},
    {"PublicKeyAndPrefix",
     [](LineageFilter& f) {
       f.subject_public_key_sha256 = hash_of(2);
       f.name = "www.h1*";
     },
     {12}},
    {"ExpiresBefore",  // excludes the moment itself
     [](LineageFilter& f) { f.expires_before = kStart + 30 * kDay; },
     {1, 2}},
    {"ExpiresAfter",  // includes it
     [](LineageFilter& f) { f.expires_after = kStart + 110 * kDay; },
     {11, 12}},
    {"ExpiresBetween",
     [](LineageFilter& f) {
       f.expires_after = kStart + 20 * kDay;
       f.expires_before = kStart + 40 * kDay;
     },
     {2, 3}},
    {"ExpiresNever",
     [](LineageFilter& f) {
       f.expires_after = kStart + 40 * kDay;
       f.expires_before = kStart + 40 * kDay;
     },
     {}},
    // now is day 45; 6 is revoked, 2 is on hold and expired, 8 was released.
    {"Valid",
     [](LineageFilter& f) { f.state = CertificateState::valid; },
     {5, 7, 8, 9, 10, 11, 12}},
    {"Expired", [](LineageFilter& f) { f.state = CertificateState::expired; }, {1, 3, 4}},
    {"Revoked", [](LineageFilter& f) { f.state = CertificateState::revoked; }, {2, 6}},
    {"RevokedOfTenant",
     [](LineageFilter& f) {
       f.state = CertificateState::revoked;
       f.tenants = {"acme"};
     },
     {6}},
    {"RevokedExpiring",
     [](LineageFilter& f) {
       f.state = CertificateState::revoked;
       f.expires_before = kStart + 30 * kDay;
     },
     {2}},
    {"ValidAtItsLastMoment",
     [](LineageFilter& f) {
       f.state = CertificateState::valid;
       f.now = kStart + 120 * kDay;
     },
     {12}},
    {"ValidOfTenantExpiringSoon",
     [](LineageFilter& f) {
       f.state = CertificateState::valid;
       f.tenants = {"default"};
       f.expires_before = kStart + 90 * kDay;
     },
     {5, 7, 8}},
    {"Everything",
     [](LineageFilter& f) {
       f.tenants = {"default", "x"};
       f.ca = "issuing";
       f.principal = "alice";
       f.entity_type = "backend";
       f.entity_id = "db";
       f.name = "www.h*";
       f.state = CertificateState::valid;
       f.expires_before = kStart + 90 * kDay;
       f.expires_after = kStart + 10 * kDay;
       f.subject_public_key_sha256 = hash_of(3);
     },
     {8}},
};

TEST_P(StoreContract, FiltersSelectWhatTheySay) {
  for (const auto& record : varied()) issue(record);
  for (const std::uint64_t n : {2U, 8U})
    ASSERT_EQ(outcome({RevokeLineage{id_of(n), revocation(RevocationReason::certificate_hold)}}),
              "ok");
  ASSERT_EQ(outcome({RevokeLineage{id_of(6), revocation(RevocationReason::superseded)}}), "ok");
  ASSERT_EQ(outcome({ReleaseHold{id_of(8)}}), "ok");
  backend_->settle();
  for (const auto& c : kFilterCases) {
    const auto wanted = filter(c.set);
    EXPECT_EQ(page(wanted), c.expected) << c.name;
    auto reversed = c.expected;
    std::ranges::reverse(reversed);
    EXPECT_EQ(page(wanted, {.limit = 1000, .newest_first = true}), reversed) << c.name;
    const auto count = store().count_lineages(wanted);
    ASSERT_TRUE(count) << c.name;
    EXPECT_EQ(count->value, c.expected.size()) << c.name;
    EXPECT_TRUE(count->exact) << c.name;
    // Every page of two, by offset and by cursor.
    Numbers by_offset;
    for (std::uint64_t at = 0; at <= c.expected.size(); at += 2)
      for (const auto n : page(wanted, {.limit = 2, .offset = at})) by_offset.push_back(n);
    EXPECT_EQ(by_offset, c.expected) << c.name;
    Numbers by_cursor;
    Page next{.limit = 2};
    for (auto part = page(wanted, next); !part.empty(); part = page(wanted, next)) {
      by_cursor.insert(by_cursor.end(), part.begin(), part.end());
      next.after = id_of(part.back());
    }
    EXPECT_EQ(by_cursor, c.expected) << c.name;
  }
}

TEST_P(StoreContract, ARowComesFromTheFirstAndTheNewest) {
  issue(certificate(1));
  auto second = renewal(2, 1);
  second.ca = "root";
  second.tenant = "ignored";
  second.entity_id = "ignored";
  second.entity_type = "ignored";
  second.principal = "ignored";
  second.profile = "tls-client";
  second.subject = "CN=new";
  second.not_before = kStart + kDay;
  second.not_after = kStart + 300 * kDay;
  second.names = {"new.example"};
  issue(second, 1);
  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(RevocationReason::superseded)}}), "ok");
  backend_->settle();
  const auto rows = store().list_lineages({}, {}).value();
  ASSERT_EQ(rows.size(), 1U);
  const auto& row = rows[0];
  EXPECT_EQ(row.lineage, id_of(1));
  EXPECT_EQ(row.handle_serial, serial_of(1));
  EXPECT_EQ(row.current_serial, serial_of(2));
  EXPECT_EQ(row.ca, "root");
  EXPECT_EQ(row.tenant, "default");
  EXPECT_EQ(row.entity_type, "backend");
  EXPECT_EQ(row.entity_id, "web");
  EXPECT_EQ(row.principal, "alice");
  EXPECT_EQ(row.profile, "tls-client");
  EXPECT_EQ(row.subject, "CN=new");
  EXPECT_EQ(row.not_before, second.not_before);
  EXPECT_EQ(row.not_after, second.not_after);
  ASSERT_TRUE(row.revocation);
  EXPECT_EQ(row.revocation->reason, RevocationReason::superseded);
  EXPECT_EQ(row.revocation->revoked_at, kStart + kDay);
  EXPECT_EQ(row.revocation->principal, "alice");

  const Numbers found{1};
  EXPECT_EQ(page(filter([](auto& f) { f.ca = "root"; })), found);
  EXPECT_EQ(page(filter([](auto& f) { f.ca = "issuing"; })), Numbers{});
  EXPECT_EQ(page(filter([](auto& f) { f.name = "host1.example"; })), found);
  EXPECT_EQ(page(filter([](auto& f) { f.name = "new.example"; })), found);
  EXPECT_EQ(page(filter([](auto& f) { f.subject_public_key_sha256 = hash_of(1001); })), found);
  EXPECT_EQ(page(filter([](auto& f) { f.subject_public_key_sha256 = hash_of(1002); })), found);
  EXPECT_EQ(page(filter([](auto& f) { f.principal = "ignored"; })), Numbers{});
  EXPECT_EQ(page(filter([](auto& f) { f.entity_id = "ignored"; })), Numbers{});
  EXPECT_EQ(page(filter([](auto& f) { f.tenants = {"ignored"}; })), Numbers{});
  EXPECT_EQ(page(filter([](auto& f) { f.expires_before = kStart + 91 * kDay; })), Numbers{});
  EXPECT_EQ(page(filter([](auto& f) { f.expires_after = kStart + 299 * kDay; })), found);
  EXPECT_EQ(store().count_lineages(filter([](auto& f) { f.entity_id = "web"; })).value().value, 1U);
}

TEST_P(StoreContract, RefusesPagesAndFiltersOutOfLimits) {
  const auto error = [&](const LineageFilter& f, const Page& p) {
    const auto rows = store().list_lineages(f, p);
    return rows ? std::string("ok")
                : std::string(name_of(rows.error().code)) + ":" + rows.error().field;
  };
  EXPECT_EQ(error({}, {.limit = 0}), "invalid:limit");
  EXPECT_EQ(error({}, {.limit = 1}), "ok");
  EXPECT_EQ(error({}, {.limit = 1000}), "ok");
  EXPECT_EQ(error({}, {.limit = 1001}), "invalid:limit");
  EXPECT_EQ(error({}, {.offset = 10'000}), "ok");
  EXPECT_EQ(error({}, {.offset = 10'001}), "invalid:offset");
  EXPECT_EQ(error(filter([](auto& f) { f.name = "ab*"; }), {}), "invalid:name");
  EXPECT_EQ(error(filter([](auto& f) { f.name = "abc*"; }), {}), "ok");
  EXPECT_EQ(error(filter([](auto& f) { f.name = "*"; }), {}), "invalid:name");
  EXPECT_EQ(error(filter([](auto& f) { f.name = "ab"; }), {}), "ok");
  EXPECT_EQ(error(filter([](auto& f) { f.tenants.resize(1001); }), {}), "invalid:tenants");
  EXPECT_FALSE(store().count_lineages(filter([](auto& f) { f.name = "*"; })));
}

TEST_P(StoreContract, APageIsStableWhileOthersIssue) {
  for (std::uint64_t n = 1; n <= 30; ++n) issue(certificate(n));
  Page next{.limit = 7, .newest_first = true};
  Numbers seen;
  for (std::uint64_t fresh = 31;; ++fresh) {
    const auto part = page({}, next);
    if (part.empty()) break;
    seen.insert(seen.end(), part.begin(), part.end());
    next.after = id_of(part.back());
    issue(certificate(fresh));
  }
  Numbers expected;
  for (std::uint64_t n = 30; n >= 1; --n) expected.push_back(n);
  EXPECT_EQ(seen, expected);
}

TEST_P(StoreContract, CountsStopAtTenThousandUnlessACounterKnows) {
  constexpr std::uint64_t kMany = Count::kStopsAt + 1;
  for (std::uint64_t n = 1; n <= kMany;) {
    Transaction transaction;
    for (int i = 0; i < 1000 && n <= kMany; ++i, ++n) {
      transaction.emplace_back(ReserveSerial{reservation(n), {}});
      auto record = certificate(n);
      record.tenant = n % 2 == 0 ? "even" : "odd";
      transaction.emplace_back(RecordCertificate{record, 0, {}});
    }
    ASSERT_EQ(outcome(std::move(transaction)), "ok");
  }
  const auto count = [&](const LineageFilter& f) { return store().count_lineages(f).value(); };
  const auto is = [](const Count& c, std::uint64_t value, bool exact) {
    return c.value == value && c.exact == exact;
  };
  EXPECT_TRUE(is(count({}), kMany, true));
  EXPECT_TRUE(is(count(filter([](auto& f) { f.tenants = {"odd"}; })), kMany / 2 + 1, true));
  EXPECT_TRUE(is(count(filter([](auto& f) { f.entity_id = "web"; })), kMany, true));
  EXPECT_TRUE(is(count(filter([](auto& f) {
                   f.entity_id = "web";
                   f.tenants = {"even"};
                 })),
                 kMany / 2, true));
  EXPECT_TRUE(is(count(filter([](auto& f) { f.principal = "alice"; })), 10'000, false));
  EXPECT_TRUE(is(count(filter([](auto& f) { f.name = "host1*"; })), 1113, true) ||
              count(filter([](auto& f) { f.name = "host1*"; })).value == 1114);
}

// The same random commands to this back end and to the memory one, which is simple enough to be
// believed: every answer must be the same.
class Differential {
 public:
  Differential(Backend& backend, std::uint32_t seed) : backend_(backend), random_(seed) {}

  void step() {
    Transaction transaction;
    const auto size = 1 + pick(3);
    for (std::uint32_t i = 0; i < size; ++i) transaction.push_back(random_command());
    const auto wanted = reference_.apply(transaction);
    const auto got = backend_.store().apply(transaction);
    ASSERT_EQ(got.has_value(), wanted.has_value());
    if (!got) {
      ASSERT_EQ(got.error().code, wanted.error().code);
      ASSERT_EQ(got.error().field, wanted.error().field);
    }
  }

  void compare() {
    for (int i = 0; i < 6; ++i) {
      const auto f = random_filter();
      Page p{.limit = 1 + pick(20), .offset = pick(4)};
      p.newest_first = pick(2) == 1;
      if (pick(2) == 1) p.after = id_of(pick(kLast));
      compare_lists(f, p);
      const auto count = backend_.store().count_lineages(f).value();
      const auto wanted = reference_.count_lineages(f).value();
      ASSERT_EQ(count.value, wanted.value);
      ASSERT_EQ(count.exact, wanted.exact);
    }
    const auto n = pick(kLast);
    const auto status = backend_.store().certificate_status("issuing", serial_of(n)).value();
    ASSERT_EQ(status.kind, reference_.certificate_status("issuing", serial_of(n)).value().kind);
    const auto lineage = backend_.store().find_lineage(id_of(n)).value();
    const auto wanted = reference_.find_lineage(id_of(n)).value();
    ASSERT_EQ(lineage.size(), wanted.size());
    for (std::size_t i = 0; i < lineage.size(); ++i) {
      ASSERT_EQ(lineage[i].certificate.id, wanted[i].certificate.id);
      ASSERT_EQ(lineage[i].current, wanted[i].current);
      ASSERT_EQ(lineage[i].revocation.has_value(), wanted[i].revocation.has_value());
    }
    const std::uint64_t after = pick(3) == 0 ? 0 : pick(40);
    const auto changes =
        backend_.store().revocations_after("issuing", 0, after, kStart, 50).value();
    const auto wanted_changes =
        reference_.revocations_after("issuing", 0, after, kStart, 50).value();
    ASSERT_EQ(changes.size(), wanted_changes.size());
    for (std::size_t i = 0; i < changes.size(); ++i) {
      ASSERT_EQ(changes[i].sequence, wanted_changes[i].sequence);
      ASSERT_EQ(changes[i].serial, wanted_changes[i].serial);
      ASSERT_EQ(changes[i].reason, wanted_changes[i].reason);
      ASSERT_EQ(changes[i].removed, wanted_changes[i].removed);
    }
    ASSERT_EQ(backend_.store().audit_size().value(), reference_.audit_size().value());
    const auto open = backend_.store().unfinished_intents(kStart + kDay, 1000).value();
    ASSERT_EQ(open.size(), reference_.unfinished_intents(kStart + kDay, 1000).value().size());
  }

 private:
  static constexpr std::uint32_t kLast = 120;
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::string one_of(std::initializer_list<const char*> all) {
    return *(all.begin() + pick(static_cast<std::uint32_t>(all.size())));
  }

  Command random_command() {
    const std::uint64_t n = 1 + pick(kLast);
    switch (pick(14)) {
      case 0:
      case 1:
      case 2: {
        std::optional<IdempotencyRecord> key;
        if (pick(4) == 0)
          key = IdempotencyRecord{"alice", std::to_string(pick(40)), hash_of(n), id_of(n), kStart};
        return ReserveSerial{reservation(n), key};
      }
      case 3:
      case 4:
      case 5:
        return RecordCertificate{random_certificate(n), 0, {}};
      case 6: {
        auto record = random_certificate(n);
        const std::uint64_t first = 1 + pick(kLast);
        record.lineage = id_of(first);
        const auto known = reference_.find_certificate(id_of(first)).value();
        return RecordCertificate{record, known ? known->current : id_of(first),
                                 ManagedKeyRecord{record.id, {1}, false}};
      }
      case 7:
        return RevokeLineage{id_of(n), revocation(pick(3) == 0 ? RevocationReason::superseded
                                                               : RevocationReason::certificate_hold,
                                                  kStart + static_cast<int>(pick(200)) * kDay)};
      case 8:
        return ReleaseHold{id_of(n)};
      case 9:
        return PutDownloadGrant{{hash_of(pick(10)), id_of(n), "alice", kStart + kDay}};
      case 10:
        return ConsumeDownloadGrant{hash_of(pick(10)), id_of(n), kStart};
      case 11:
        return AbandonIntent{id_of(n)};
      case 12:
        return ForgetIdempotencyKey{"alice", std::to_string(pick(40)), id_of(n)};
      default:
        return AppendAuditLeaf{{static_cast<std::uint8_t>(n)}};
    }
  }

  CertificateRecord random_certificate(std::uint64_t n) {
    auto r = certificate(n);
    r.tenant = one_of({"default", "acme", "zen"});
    r.entity_id = one_of({"web", "db", "cache"});
    r.entity_type = one_of({"backend", "user"});
    r.principal = one_of({"alice", "bob"});
    r.not_after = kStart + static_cast<int>(pick(200)) * kDay;
    r.names = {one_of({"www.a.example", "www.b.example", "*.example"}), "n" + std::to_string(n)};
    r.subject_public_key_sha256 = hash_of(pick(20));
    return r;
  }

  LineageFilter random_filter() {
    return filter([this](LineageFilter& f) {
      if (pick(3) == 0) f.tenants = {one_of({"default", "acme"}), one_of({"zen", "acme", "no"})};
      if (pick(5) == 0) f.ca = one_of({"issuing", "root"});
      if (pick(5) == 0) f.principal = one_of({"alice", "bob"});
      if (pick(5) == 0) f.entity_type = one_of({"backend", "user"});
      if (pick(4) == 0) f.entity_id = one_of({"web", "db", "none"});
      if (pick(4) == 0)
        f.name = one_of({"www.a.example", "www*", "www.b*", "*.example", "n1*x", "n10*"});
      if (pick(3) == 0) f.expires_before = kStart + static_cast<int>(pick(200)) * kDay;
      if (pick(3) == 0) f.expires_after = kStart + static_cast<int>(pick(200)) * kDay;
      if (pick(8) == 0) f.subject_public_key_sha256 = hash_of(pick(20));
      f.state = static_cast<CertificateState>(pick(4));
      f.now = kStart + static_cast<int>(pick(200)) * kDay;
    });
  }

  void compare_lists(const LineageFilter& f, const Page& p) {
    const auto got = backend_.store().list_lineages(f, p);
    ASSERT_TRUE(got) << got.error().detail;
    const auto wanted = reference_.list_lineages(f, p).value();
    ASSERT_EQ(got->size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto& a = (*got)[i];
      const auto& b = wanted[i];
      ASSERT_EQ(a.lineage, b.lineage);
      ASSERT_EQ(a.handle_serial, b.handle_serial);
      ASSERT_EQ(a.current_serial, b.current_serial);
      ASSERT_EQ(a.tenant, b.tenant);
      ASSERT_EQ(a.entity_id, b.entity_id);
      ASSERT_EQ(a.not_after, b.not_after);
      ASSERT_EQ(a.revocation.has_value(), b.revocation.has_value());
      if (!a.revocation) continue;
      ASSERT_EQ(a.revocation->reason, b.revocation->reason);
      ASSERT_EQ(a.revocation->revoked_at, b.revocation->revoked_at);
    }
  }

  Backend& backend_;
  MemoryStore reference_;
  std::mt19937 random_;
};

TEST_P(StoreContract, AnswersAsTheMemoryBackEndDoes) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    backend_ = GetParam().make();
    Differential differential(*backend_, seed);
    for (int i = 0; i < 800 && !HasFatalFailure(); ++i) {
      ASSERT_NO_FATAL_FAILURE(differential.step()) << "seed " << seed << " step " << i;
      if (i % 5 == 0) {
        ASSERT_NO_FATAL_FAILURE(differential.compare()) << "seed " << seed << " step " << i;
      }
      if (i % 97 == 96) backend_->reopen();
    }
  }
}

}  // namespace
}  // namespace certwright::store::contract
