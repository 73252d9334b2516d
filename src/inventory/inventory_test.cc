#include "inventory/inventory.h"

#include <gtest/gtest.h>

#include <set>

#include "store/memory/memory_store.h"

namespace certwright::inventory {
namespace {

using access::Scope;

// 60 lineages: tenants blue, red, green in turn; CAs issuing, root in turn; owners u0 to u4.
class InventoryTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kFirst = std::uint64_t{1'700'000'000'000} << 20;
  static constexpr const char* kTenants[] = {"blue", "red", "green"};
  static constexpr const char* kCas[] = {"issuing", "root"};

  static x509::SerialNumber serial(std::uint64_t n) {
    return x509::SerialNumber::from_id(kFirst + n, {9, 9, 9, 9, 9, 9, 9, 9});
  }
  void record(std::uint64_t n, std::uint64_t lineage, std::uint64_t replaces,
              std::string principal) {
    store::CertificateRecord certificate{.id = kFirst + n, .serial = serial(n)};
    certificate.ca = kCas[lineage % 2];
    certificate.lineage = kFirst + lineage;
    certificate.tenant = kTenants[lineage % 3];
    certificate.entity_type = "backend";
    certificate.entity_id = "e" + std::to_string(lineage);
    certificate.principal = std::move(principal);
    certificate.profile = "tls-server";
    certificate.not_before = clock_.now();
    certificate.not_after = clock_.now() + Seconds(3600);
    certificate.der = {0x30, 0x00};
    store::SerialReservation reservation{.id = certificate.id, .serial = certificate.serial};
    reservation.ca = certificate.ca;
    ASSERT_TRUE(store_.apply({store::ReserveSerial{reservation, {}}}));
    const auto recorded = store_.apply(
        {store::RecordCertificate{certificate, replaces == 0 ? 0 : kFirst + replaces, {}}});
    ASSERT_TRUE(recorded) << recorded.error().detail;
  }
  void SetUp() override {
    for (const char* tenant : kTenants)
      ASSERT_TRUE(store_.apply({store::PutTenant{{tenant, tenant, false, {}}}}));
    for (std::uint64_t n = 1; n <= 60; ++n) record(n, n, 0, "u" + std::to_string(n % 5));
  }
  std::vector<std::uint64_t> listed(const Listing& listing) {
    std::vector<std::uint64_t> numbers;
    for (const auto& row : listing.rows) numbers.push_back(row.lineage - kFirst);
    return numbers;
  }
  // All pages by cursor.
  std::vector<std::uint64_t> walk(const store::LineageFilter& filter, const Scope& scope,
                                  std::uint32_t limit, bool newest_first) {
    std::vector<std::uint64_t> all;
    ListPage page{limit, 0, {}, newest_first, true};
    for (int pages = 0; pages < 100; ++pages) {
      const auto listing = inventory_.list(filter, page, scope).value();
      EXPECT_LE(listing.rows.size(), limit);
      for (const auto n : listed(listing)) all.push_back(n);
      if (!listing.next) return all;
      EXPECT_EQ(listing.rows.size(), limit) << "only the last page is short";
      page.cursor = listing.next;
    }
    ADD_FAILURE() << "the pages do not end";
    return all;
  }

  store::MemoryStore store_;
  ManualClock clock_{from_unix_s(1'700'000'000)};
  Inventory inventory_{store_, clock_};
};

bool in(const Scope& scope, std::uint64_t n) {
  constexpr const char* kTenantOf[] = {"blue", "red", "green"};
  return scope.permits(
      {kTenantOf[n % 3], n % 2 == 0 ? "issuing" : "root", "u" + std::to_string(n % 5)});
}

struct ScopeCase {
  const char* name;
  std::vector<Scope::Grant> grants;
};
class InventoryScope : public InventoryTest, public testing::WithParamInterface<ScopeCase> {};

TEST_P(InventoryScope, FindsAndListsExactlyWhatItPermits) {
  const Scope scope{GetParam().grants};
  std::vector<std::uint64_t> expected;
  for (std::uint64_t n = 1; n <= 60; ++n) {
    const bool permitted = in(scope, n);
    if (permitted) expected.push_back(n);
    const auto found = inventory_.find(serial(n), scope);
    EXPECT_EQ(found.has_value(), permitted) << n;
    EXPECT_EQ(inventory_.lineage(serial(n), scope).has_value(), permitted) << n;
    if (!permitted) {
      EXPECT_EQ(found.error(), access::not_found_error());
    }
  }
  for (const std::uint32_t limit : {1u, 7u, 20u, 60u, 61u, 1000u})
    EXPECT_EQ(walk({}, scope, limit, false), expected) << limit;
  EXPECT_EQ(walk({}, scope, 7, true),
            std::vector<std::uint64_t>(expected.rbegin(), expected.rend()));
  // By offset the same rows, and a count that is right or says that it is not.
  for (const std::uint64_t offset : {0u, 1u, 13u, 59u, 60u, 10'000u}) {
    const auto listing = inventory_.list({}, {5, offset, {}, false, true}, scope).value();
    std::vector<std::uint64_t> page;
    for (std::size_t i = offset; i < expected.size() && i < offset + 5; ++i)
      page.push_back(expected[i]);
    EXPECT_EQ(listed(listing), page) << offset;
    if (listing.count.exact) {
      EXPECT_EQ(listing.count.value, expected.size());
    } else {
      EXPECT_LE(listing.count.value, expected.size());
      EXPECT_GT(listing.count.value, 0u);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(
    Scopes, InventoryScope,
    testing::Values(ScopeCase{"Everything", {{"*", "", ""}}}, ScopeCase{"Nothing", {}},
                    ScopeCase{"OneTenant", {{"blue", "", ""}}},
                    ScopeCase{"TwoTenants", {{"blue", "", ""}, {"red", "", ""}}},
                    ScopeCase{"OneCa", {{"*", "root", ""}}},
                    ScopeCase{"TwoCas", {{"blue", "root", ""}, {"blue", "issuing", ""}}},
                    ScopeCase{"OwnOnly", {{"*", "", "u3"}}},
                    ScopeCase{"OwnAndATenant", {{"*", "", "u3"}, {"red", "", ""}}},
                    ScopeCase{"ThreeThatOverlap",
                              {{"*", "", "u3"}, {"red", "", ""}, {"*", "issuing", ""}}},
                    ScopeCase{"UnknownTenant", {{"purple", "", ""}}}),
    [](const auto& c) { return std::string(c.param.name); });

TEST_F(InventoryTest, CountsAreExactWhereGrantsDoNotOverlap) {
  const auto count = [&](std::vector<Scope::Grant> grants) {
    return inventory_.list({}, {}, Scope{std::move(grants)})->count;
  };
  EXPECT_TRUE(count({{"*", "", ""}}).exact);
  EXPECT_TRUE(count({{"blue", "root", ""}, {"blue", "issuing", ""}}).exact);
  EXPECT_TRUE(count({{"blue", "root", ""}, {"red", "", "u1"}}).exact);
  EXPECT_FALSE(count({{"blue", "", ""}, {"*", "", "u1"}}).exact);
  EXPECT_EQ(inventory_.list({}, {10, 0, {}, false, false}, Scope::everything())->count.value, 0u);
}

TEST_F(InventoryTest, AFilterIsCutToTheScope) {
  const Scope scope{{{"blue", "", ""}, {"red", "root", ""}}};
  store::LineageFilter filter;
  filter.tenants = {"red", "green"};
  for (const auto n : walk(filter, scope, 10, false)) {
    EXPECT_EQ(n % 3, 1u);
    EXPECT_EQ(n % 2, 1u);
  }
  filter.tenants = {"green"};
  EXPECT_TRUE(walk(filter, scope, 10, false).empty());
  filter.tenants = {};
  filter.ca = "issuing";
  for (const auto n : walk(filter, scope, 10, false)) EXPECT_EQ(n % 6, 0u) << "blue, issuing";
  filter.ca = "";
  filter.principal = "u1";
  EXPECT_TRUE(walk(filter, Scope{{{"*", "", "u2"}}}, 10, false).empty());
  EXPECT_EQ(walk(filter, Scope::everything(), 100, false).size(), 12u);
}

TEST_F(InventoryTest, AnySerialOfALineageResolves) {
  record(61, 3, 3, "somebody-else");
  record(62, 3, 61, "u3");
  const Scope owner{{{"*", "", "u3"}}}, renewer{{{"*", "", "somebody-else"}}};
  for (const std::uint64_t n : {3u, 61u, 62u}) {
    const auto lineage = inventory_.lineage(serial(n), owner).value();
    ASSERT_EQ(lineage.certificates.size(), 3u);
    EXPECT_EQ(lineage.handle().certificate.serial, serial(3));
    EXPECT_EQ(lineage.current().certificate.serial, serial(62));
    EXPECT_EQ(inventory_.find(serial(n), owner)->certificate.serial, serial(n));
    EXPECT_EQ(inventory_.find(serial(n), renewer).error().code, Errc::not_found)
        << "who renews does not come to own";
  }
  EXPECT_EQ(walk({}, owner, 100, false).size(), 12u) << "one row per lineage";
}

TEST_F(InventoryTest, ForeignSerialsAreNotFound) {
  const auto found = inventory_.find(x509::SerialNumber::from_decimal("12345").value(),
                                     Scope::everything());
  EXPECT_EQ(found.error(), access::not_found_error());
}

TEST_F(InventoryTest, PagesHaveLimits) {
  const auto error = [&](const ListPage& page) {
    const auto result = inventory_.list({}, page, Scope::everything());
    return result ? Errc::internal : result.error().code;
  };
  const std::string cursor = encode_cursor({kFirst + 3, false});
  EXPECT_EQ(error({0, 0, {}, false, true}), Errc::invalid);
  EXPECT_EQ(error({1001, 0, {}, false, true}), Errc::invalid);
  EXPECT_EQ(error({1, 10'001, {}, false, true}), Errc::invalid);
  EXPECT_EQ(error({1, 0, "!", false, true}), Errc::invalid);
  EXPECT_EQ(error({1, 0, cursor, true, true}), Errc::invalid) << "of the other order";
  EXPECT_EQ(error({1, 1, cursor, false, true}), Errc::invalid) << "with an offset";
  EXPECT_EQ(listed(*inventory_.list({}, {2, 0, cursor, false, true}, Scope::everything())),
            (std::vector<std::uint64_t>{4, 5}));
  // Also for those who see nothing: what is refused does not depend on rights.
  EXPECT_FALSE(inventory_.list({}, {0, 0, {}, false, true}, Scope{}));
}

struct CursorCase { const char* name; std::string text; };
class CursorRefused : public testing::TestWithParam<CursorCase> {};
TEST_P(CursorRefused, WithItsField) {
  const auto result = decode_cursor(GetParam().text);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::invalid);
  EXPECT_EQ(result.error().field, "cursor");
}
INSTANTIATE_TEST_SUITE_P(
    Cursors, CursorRefused,
    testing::Values(CursorCase{"Empty", ""}, CursorCase{"NotBase64", "A+==*"},
                    CursorCase{"Short", to_base64url(Bytes{1, 0, 0, 0, 0, 0, 0, 0, 5})},
                    CursorCase{"Long", to_base64url(Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0})},
                    CursorCase{"Version", to_base64url(Bytes{2, 0, 0, 0, 0, 0, 0, 0, 0, 5})},
                    CursorCase{"Order", to_base64url(Bytes{1, 2, 0, 0, 0, 0, 0, 0, 0, 5})},
                    CursorCase{"Zero", to_base64url(Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 0})},
                    CursorCase{"SixtyFourBits", to_base64url(Bytes{1, 0, 128, 0, 0, 0, 0, 0, 0, 0})}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(CursorText, ComesBack) {
  for (const bool newest_first : {false, true}) {
    const Cursor cursor{0x7fff'ffff'ffff'fffe, newest_first};
    EXPECT_EQ(decode_cursor(encode_cursor(cursor)).value(), cursor);
  }
}

}  // namespace
}  // namespace certwright::inventory
