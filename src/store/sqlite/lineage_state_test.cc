// The lists by state: one list a lineage, whatever happens to it, and what a migration makes of it.
#include <fstream>

#include "store/sqlite/database.h"
#include "store/sqlite/indexer.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/testing_store.h"

namespace certwright::store::sqlite {
namespace {

// What is in the list of a state, of one tenant or ('') of all.
std::vector<std::int64_t> listed(const std::string& path, const std::string& tenant, int state) {
  std::vector<std::int64_t> numbers;
  const auto database = *Database::open(path, {});
  for (std::int64_t n = 0;; ++n) {
    const auto next = database->integer_of(
        "SELECT coalesce((SELECT lineage FROM lineage_state WHERE tenant = '" + tenant +
        "' AND state = " + std::to_string(state) + " ORDER BY lineage LIMIT 1 OFFSET " +
        std::to_string(n) + "), 0)");
    if (*next == 0) return numbers;
    numbers.push_back(*next - static_cast<std::int64_t>(contract::id_of(0)));
  }
}

using Listed = std::vector<std::int64_t>;

TEST(LineageState, ALineageIsListedUnderOneState) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  ManualClock clock(contract::kStart + 25 * contract::kDay);
  SqliteOptions options;
  options.index_from = 1;
  options.clock = &clock;
  auto store = open_store(path, options);
  const auto eventually = [&](int state, const Listed& wanted) {
    for (int i = 0; i < 2000 && listed(path, "", state) != wanted; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(listed(path, "", state), wanted) << state;
    EXPECT_EQ(listed(path, "default", state), wanted) << state;
  };
  for (std::uint64_t n = 1; n <= 5; ++n) {
    auto record = contract::certificate(n);
    record.not_after = contract::kStart + static_cast<int>(10 * n) * contract::kDay;
    ASSERT_TRUE(store->apply({ReserveSerial{contract::reservation(n), {}}}));
    ASSERT_TRUE(store->apply({RecordCertificate{record, 0, {}}}));
  }
  store.reset();  // the first sweep comes when the store opens
  store = open_store(path, options);
  eventually(0, {3, 4, 5});
  eventually(1, {1, 2});
  const auto revoke = [&](std::uint64_t n, x509::RevocationReason reason) {
    ASSERT_TRUE(store->apply({RevokeLineage{contract::id_of(n), contract::revocation(reason)}}));
  };
  revoke(1, x509::RevocationReason::superseded);
  revoke(2, x509::RevocationReason::certificate_hold);
  revoke(3, x509::RevocationReason::certificate_hold);
  eventually(0, {4, 5});
  eventually(1, {});
  eventually(2, {1, 2, 3});
  ASSERT_TRUE(store->apply({ReleaseHold{contract::id_of(2)}}));
  ASSERT_TRUE(store->apply({ReleaseHold{contract::id_of(3)}}));
  eventually(0, {3, 4, 5});
  eventually(1, {2});
  eventually(2, {1});

  // Renewed before it is swept, and what was swept already.
  for (const auto& [n, first] : {std::pair(6U, 3U), std::pair(7U, 2U)}) {
    auto renewed = contract::renewal(n, first);
    renewed.not_after = contract::kStart + 80 * contract::kDay;
    ASSERT_TRUE(store->apply({ReserveSerial{contract::reservation(n), {}}}));
    ASSERT_TRUE(store->apply({RecordCertificate{renewed, contract::id_of(first), {}}}));
  }
  eventually(0, {2, 3, 4, 5});
  eventually(1, {});
  clock.set(contract::kStart + 45 * contract::kDay);
  store.reset();
  store = open_store(path, options);
  eventually(0, {2, 3, 5});
  eventually(1, {4});
  eventually(2, {1});
  clock.set(contract::kStart + 25 * contract::kDay);  // it had been wrong
  store.reset();
  store = open_store(path, options);
  eventually(0, {2, 3, 4, 5});
  eventually(1, {});
  eventually(2, {1});
}

TEST(LineageState, MigrationListsWhatAnOlderSchemaHad) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  std::ofstream(path).flush();
  {
    const auto old = *Database::open(path, {});
    ASSERT_TRUE(migrate(*old, 6));
    for (std::uint64_t n = 1; n <= 4; ++n) {
      const auto id = std::to_string(contract::id_of(n));
      const auto not_after = to_unix_us(contract::kStart + static_cast<int>(10 * n) * contract::kDay);
      const auto text = std::to_string(not_after);
      const auto span = [&](int bits) { return std::to_string((not_after / 1'000'000) >> bits); };
      const auto serial = "x'" + to_hex(contract::serial_of(n).integer_content()) + "'";
      const std::string tenant = n % 2 == 0 ? "even" : "odd";
      for (const auto& sql :
           {"INSERT INTO certificate VALUES (" + id + "," + serial + ",'issuing'," + id + ",0," + text +
                ",0,'" + tenant + "','t','e','p','f',1,'CN=x',x'00',0,0,0,'n',x'30')",
            "INSERT INTO lineage VALUES (" + id + "," + id + "," + text + "," + (n == 3 ? "1" : "0") +
                ",'issuing','" + tenant + "','t','e','p')",
            "INSERT INTO lineage_expiry VALUES (" + text + "," + id + ")",
            "INSERT INTO lineage_expiry_span VALUES (13," + span(13) + "," + id + "), (19," +
                span(19) + "," + id + ")",
            "INSERT INTO tenant_counter VALUES ('" + tenant +
                "', 1) ON CONFLICT DO UPDATE SET lineages = lineages + 1"})
        ASSERT_TRUE(old->execute(sql)) << sql;
    }
    ASSERT_TRUE(old->execute("INSERT INTO revoked_lineage VALUES ('odd'," +
                             std::to_string(contract::id_of(3)) + ")"));
    ASSERT_TRUE(old->execute("INSERT INTO revocation VALUES (" + std::to_string(contract::id_of(3)) +
                             ",x'01','issuing',0,1,0,4,0,0,'p')"));
  }
  const auto store = open_store(path);
  const auto page = [&](const auto& set) {
    std::vector<std::uint64_t> numbers;
    const auto rows = store->list_lineages(contract::filter(set), {}).value();
    for (const auto& row : rows) numbers.push_back(row.lineage - contract::id_of(0));
    return numbers;
  };
  using Numbers = std::vector<std::uint64_t>;
  const auto now = contract::kStart + 25 * contract::kDay;
  EXPECT_EQ(page([&](auto& f) { f.state = CertificateState::valid; f.now = now; }), (Numbers{4}));
  EXPECT_EQ(page([&](auto& f) { f.state = CertificateState::expired; f.now = now; }),
            (Numbers{1, 2}));
  EXPECT_EQ(page([&](auto& f) { f.state = CertificateState::revoked; f.now = now; }),
            (Numbers{3}));
  EXPECT_EQ(page([&](auto& f) {
              f.state = CertificateState::valid;
              f.now = now;
              f.tenants = {"odd"};
            }),
            Numbers{});
  const auto database = *Database::open(path, {});
  for (const int bits : kSpanBits)
    EXPECT_EQ(*database->integer_of("SELECT count(*) FROM lineage_expiry_span AS s JOIN lineage_expiry AS e "
                                    "ON s.lineage = e.lineage AND s.span = (e.not_after / 1000000) >> " +
                                    std::to_string(bits) + " WHERE s.width_bits = " + std::to_string(bits)),
              4)
        << bits;
}

}  // namespace
}  // namespace certwright::store::sqlite
