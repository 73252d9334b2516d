// Stores of older versions, as those wrote them.
#include <fstream>

#include "store/sqlite/schema.h"
#include "store/sqlite/testing_store.h"

namespace certwright::store {
namespace {

using contract::certificate;
using contract::id_of;
using contract::kStart;

class MigratedFrom : public testing::TestWithParam<std::uint32_t> {};

TEST_P(MigratedFrom, WorksAsANewStoreDoes) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  std::ofstream(path).flush();
  {
    const auto old = connect(path);
    ASSERT_TRUE(sqlite::migrate(*old, GetParam()));
    ASSERT_EQ(*sqlite::schema_version(*old), GetParam());
    if (GetParam() >= 1) {
      ASSERT_TRUE(old->execute("INSERT INTO tenant VALUES ('old', 'kept', 0, 0)"));
    }
  }
  const auto store = open_store(path);
  EXPECT_EQ(health_of(*store, "schema_version"),
            static_cast<std::int64_t>(sqlite::migrations().size()));
  issue(*store, certificate(1));
  EXPECT_EQ(store->list_lineages({}, {})->size(), 1U);
  EXPECT_EQ(store->find_tenant("old")->has_value(), GetParam() >= 1);
}

INSTANTIATE_TEST_SUITE_P(EverySchema, MigratedFrom,
                         testing::Range(0U, static_cast<std::uint32_t>(sqlite::migrations().size() +
                                                                       1)));

// What 0007 and 0008 have to carry over, written as the program before them wrote it.
TEST(Migration, CarriesOverWhatAnOlderStoreHolds) {
  constexpr std::uint32_t kBefore = 6;
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  std::ofstream(path).flush();
  const auto id = [](std::uint64_t n) { return std::to_string(id_of(n)); };
  {
    const auto old = connect(path);
    ASSERT_TRUE(sqlite::migrate(*old, kBefore));
    const auto run = [&](const std::string& sql) {
      const auto done = old->execute(sql);
      ASSERT_TRUE(done) << sql << ": " << done.error().detail;
    };
    for (std::uint64_t n = 1; n <= 5; ++n) {
      const std::string serial = "x'" + to_hex(contract::serial_of(n).integer_content()) + "'";
      run("INSERT INTO serial_reservation VALUES (" + id(n) + ", " + serial +
          ", 'issuing', 'tls-server', 'alice', x'00', " + std::to_string(to_unix_us(kStart)) + ", 0)");
      if (n > 3) {
        run("INSERT INTO open_intent VALUES (" + id(n) + ")");
        continue;
      }
      const std::string not_after = std::to_string(to_unix_us(kStart + 90 * contract::kDay));
      const std::string tenant = n == 3 ? "'other'" : "'default'";
      run("INSERT INTO certificate VALUES (" + id(n) + ", " + serial + ", 'issuing', " + id(n) + ", 0, " +
          not_after + ", 0, " + tenant + ", 'backend', 'web', 'alice', 'tls-server', 1, 'CN=a', x'" +
          to_hex(contract::hash_of(n)) + "', 0, 0, 0, 'a.example', x'00')");
      run("INSERT INTO lineage VALUES (" + id(n) + ", " + id(n) + ", " + not_after + ", " +
          (n == 2 ? "1" : "0") + ", 'issuing', " + tenant + ", 'backend', 'web', 'alice')");
      run("INSERT INTO lineage_expiry VALUES (" + not_after + ", " + id(n) + ")");
      for (const char* const bits : {"13", "19"})  // the two widths there were
        run(std::string("INSERT INTO lineage_expiry_span VALUES (") + bits + ", " + not_after +
            " / 1000000 >> " + bits + ", " + id(n) + ")");
    }
    run("INSERT INTO revoked_lineage VALUES ('default', " + id(2) + ")");
    run("INSERT INTO revocation VALUES (" + id(2) + ", x'" +
        to_hex(contract::serial_of(2).integer_content()) + "', 'issuing', 0, 1, 0, 1, 0, 0, 'alice')");
    run("INSERT INTO setting VALUES ('intent-abandoned:" + id(4) + "', x''), ('other', x'07')");
    run("INSERT INTO idempotency VALUES ('alice', 'k', x'00', " + id(1) + ", 5)");
    run("INSERT INTO download_grant VALUES (x'" + to_hex(contract::hash_of(9)) + "', " + id(1) +
        ", 'alice', 5, 0)");
  }
  const auto store = open_store(path);
  const auto listed = [&](CertificateState state) {
    std::vector<CertificateId> ids;
    const auto of = contract::filter([&](auto& f) {
      f.state = state;
      f.tenants = {"default"};
    });
    const auto rows = store->list_lineages(of, {.limit = 10});
    EXPECT_TRUE(rows);
    for (const auto& row : *rows) ids.push_back(row.lineage);
    return ids;
  };
  EXPECT_EQ(listed(CertificateState::valid), std::vector{id_of(1)});
  EXPECT_EQ(listed(CertificateState::revoked), std::vector{id_of(2)});
  const auto range = contract::filter([](auto& f) {
    f.expires_after = kStart;
    f.expires_before = kStart + 91 * contract::kDay;
  });
  EXPECT_EQ(store->list_lineages(range, {.limit = 10})->size(), 3U);

  const auto open = store->unfinished_intents(kStart + contract::kDay, 10).value();
  ASSERT_EQ(open.size(), 1U) << "the other one was abandoned";
  EXPECT_EQ(open[0].id, id_of(5));
  EXPECT_EQ(store->apply({RecordCertificate{certificate(4), 0, {}}}).error().code, Errc::conflict);
  EXPECT_TRUE(store->apply({RecordCertificate{certificate(5), 0, {}}}));
  EXPECT_FALSE(store->find_setting("intent-abandoned:" + id(4)).value());
  EXPECT_EQ(store->find_setting("other").value(), Bytes{7});
  EXPECT_EQ(store->idempotency_before(kStart, 10)->size(), 1U);
  EXPECT_EQ(store->download_grants_before(kStart, 10)->size(), 1U);
}

// What 0012 has to find: the leaves about requests that there are, whatever else is in the log.
TEST(Migration, FindsTheAuditLeavesOfEveryRequest) {
  constexpr std::uint32_t kBefore = 11;
  const std::string one = "0190f0e1d2c3b4a59687789605142331", two = "0190f0e1d2c3b4a59687789605142332";
  const std::string unknown = "0190f0e1d2c3b4a59687789605142333";
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  std::ofstream(path).flush();
  {
    const auto old = connect(path);
    ASSERT_TRUE(sqlite::migrate(*old, kBefore));
    const auto run = [&](const std::string& sql) {
      const auto done = old->execute(sql);
      ASSERT_TRUE(done) << sql << ": " << done.error().detail;
    };
    for (const auto& id : {one, two})
      run("INSERT INTO request VALUES ('" + id + "', 1, 1, 'default', 'issuing', 'tls-server', 1, 'alice', '', "
          "'portal', '', '', '', 'CN=a', '{}', '', CAST('" + id + "' AS BLOB), x'00', 1, '', '', 0, 0, 0, 0, x'00')");
    std::uint64_t position = 0;
    const auto leaf = [&](const std::string& record) {
      run("INSERT INTO audit_leaf VALUES (" + std::to_string(position++) + ", CAST('" + record + "' AS BLOB))");
    };
    const auto event = [&](const std::string& name, const std::string& field, const std::string& value) {
      leaf(R"({"v":1,"time":"2026-11-21T01:19:39.405109Z","event":")" + name +
           R"(","actor":{"principal":"alice","tenant":"default","door":"portal","remote":""},"fields":{")" + field +
           R"(":")" + value + R"("}})");
    };
    event("SERVER_STARTED", "version", "1");            // 0
    event("REQUEST_RECEIVED", "request", one);          // 1
    event("REQUEST_RECEIVED", "request", two);          // 2
    event("ACCESS_DENIED", "object", one);              // 3
    event("ACCESS_DENIED", "object", unknown);          // 4
    event("CERTIFICATE_ISSUED", "approval", one);       // 5
    event("CERTIFICATE_ISSUED", "entity_id", two);      // 6: what a requester typed
    event("CERTIFICATE_RENEWED", "approval", two);      // 7
    event("NOTIFICATION_ACKNOWLEDGED", "subject", one); // 8
    leaf("no JSON, " + one);                            // 9
    run("INSERT INTO audit_leaf VALUES (10, x''), (11, x'ff00')");
  }
  const auto store = open_store(path);
  const auto positions = [&](const std::string& id) {
    std::vector<std::uint64_t> found;
    const auto leaves = store->audit_leaves_about(id, 0, 100).value();
    for (const auto& leaf : leaves) found.push_back(leaf.position);
    return found;
  };
  EXPECT_EQ(positions(one), (std::vector<std::uint64_t>{1, 3, 5, 8}));
  EXPECT_EQ(positions(two), (std::vector<std::uint64_t>{2, 7}));
  EXPECT_TRUE(positions(unknown).empty());
  ASSERT_TRUE(store->apply({AppendAuditLeaf{{1}, two}}));
  EXPECT_EQ(positions(two), (std::vector<std::uint64_t>{2, 7, 12}));
}

// What 0013 has to carry over: keys that stood in the documents only, and twice where two came at once.
TEST(Migration, GivesAnOpenRequestItsIdempotencyKey) {
  constexpr std::uint32_t kBefore = 12;
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  std::ofstream(path).flush();
  {
    const auto old = connect(path);
    ASSERT_TRUE(sqlite::migrate(*old, kBefore));
    const auto request = [&](const std::string& id, const std::string& state, const std::string& principal,
                             const std::string& content) {
      const auto done = old->execute(
          "INSERT INTO request VALUES ('" + id + "', 1, " + state + ", 'default', 'issuing', 'tls-server', 1, '" +
          principal + "', '', 'certs', '', '', '', 'CN=a', '" + content + "', '', CAST('" + id +
          "' AS BLOB), x'00', 1, '', '', 0, 0, 0, 0, x'00')");
      ASSERT_TRUE(done) << done.error().detail;
    };
    const std::string keyed = R"({"idempotency_key":"k","idempotency_sha256":"00"})";
    request("1", "3", "alice", keyed);  // denied
    request("2", "1", "alice", keyed);
    request("3", "2", "alice", keyed);
    request("4", "1", "bob", keyed);
    request("5", "1", "alice", "{}");
    request("6", "1", "alice", "no JSON");
  }
  const auto store = open_store(path);
  const auto key_of = [&](const char* id) { return store->find_request(id).value()->idempotency_key; };
  EXPECT_EQ(key_of("1"), "k");
  EXPECT_EQ(key_of("2"), "k");
  EXPECT_EQ(key_of("3"), "") << "the younger of two";
  EXPECT_EQ(key_of("4"), "k");
  EXPECT_EQ(key_of("5"), "");
  EXPECT_EQ(key_of("6"), "");
  RequestRecord more = store->find_request("5").value().value();
  more.id = "7";
  more.request_sha256 = contract::hash_of(7);
  more.idempotency_key = "k";
  EXPECT_EQ(store->apply({PutRequest{more}}).error().field, "idempotency_key");
}

TEST(Migration, NumbersHaveNoGaps) {
  std::uint32_t expected = 1;
  for (const auto& migration : sqlite::migrations()) EXPECT_EQ(migration.version, expected++);
  EXPECT_GE(expected, 2U);
}

}  // namespace
}  // namespace certwright::store
