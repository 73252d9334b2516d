#include "audit/journal.h"

#include <gtest/gtest.h>

#include "store/memory/memory_store.h"

namespace certwright::audit {
namespace {

const Time kRecordTime = from_unix_us(1'714'743'209'405'109);  // 2024-05-03T13:33:29.405109Z

Event retired(std::string ca) {
  return Event{EventType::ca_retired,
               Actor{"p1", "default", "admin", "192.0.2.1"},
               {{"ca", std::move(ca)}}};
}

std::string encoded(const Event& event, Time time = kRecordTime) {
  return std::string(as_text(encode_leaf(event, time)));
}

TEST(JournalLeaf, IsOneLineWithAFixedOrder) {
  EXPECT_EQ(encoded(retired("issuing")),
            R"({"v":1,"time":"2024-05-03T13:33:29.405109Z","event":"CA_RETIRED",)"
            R"("actor":{"principal":"p1","tenant":"default","door":"admin","remote":"192.0.2.1"},)"
            R"("fields":{"ca":"issuing"}})");
}

TEST(JournalLeaf, FieldsMayBeAbsentAndKeepTheirOrder) {
  Event event{EventType::certificate_intent, {}, {}};
  EXPECT_TRUE(encoded(event).ends_with(R"("fields":{}})"));
  event.fields = {{"tbs_sha256", "00"}, {"serial", "0a"}};
  EXPECT_TRUE(encoded(event).ends_with(R"("fields":{"tbs_sha256":"00","serial":"0a"}})"));
}

struct TimeCase { const char* name; std::int64_t us; const char* text; };
class JournalTime : public testing::TestWithParam<TimeCase> {};
TEST_P(JournalTime, IsRfc3339WithSixDecimals) {
  EXPECT_NE(encoded(retired("x"), from_unix_us(GetParam().us))
                .find(std::string("\"time\":\"") + GetParam().text + '"'),
            std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(
    Rfc3339Section5_6, JournalTime,
    testing::Values(TimeCase{"Epoch", 0, "1970-01-01T00:00:00.000000Z"},
                    TimeCase{"BeforeTheEpoch", -1, "1969-12-31T23:59:59.999999Z"},
                    TimeCase{"LeapDay", 951'782'400'000'000, "2000-02-29T00:00:00.000000Z"},
                    TimeCase{"LastOfTheDay", 86'399'999'999, "1970-01-01T23:59:59.999999Z"}),
    [](const auto& c) { return std::string(c.param.name); });

struct ValueCase { const char* name; std::string value, json; };
class JournalValue : public testing::TestWithParam<ValueCase> {};
TEST_P(JournalValue, IsEscaped) {
  const std::string json = encoded(retired(GetParam().value));
  EXPECT_TRUE(json.ends_with("\"fields\":{\"ca\":\"" + GetParam().json + "\"}}")) << json;
}
INSTANTIATE_TEST_SUITE_P(
    Rfc8259Section7, JournalValue,
    testing::Values(ValueCase{"Quote", "a\"b\\c", R"(a\"b\\c)"},
                    ValueCase{"LineFeedCannotForgeARecord", "a\n{\"v\":1}", R"(a\u000a{\"v\":1})"},
                    ValueCase{"Nul", std::string("a\0b", 3), R"(a\u0000b)"},
                    ValueCase{"Delete", "\x7f", R"(\u007f)"},
                    ValueCase{"Utf8", "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x91",
                              "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x91"},
                    ValueCase{"NotUtf8", "a\xff" "b\xc3", "a\xef\xbf\xbd" "b\xef\xbf\xbd"},
                    ValueCase{"Overlong", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
                    ValueCase{"Surrogate", "\xed\xa0\x80",
                              "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                    ValueCase{"OverTheLastPlane", "\xf4\x90\x80\x80",
                              "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(JournalLeaf, LongValuesAreCutAndSaySo) {
  const std::string fits(kMaxValueOctets, 'a');
  EXPECT_TRUE(encoded(retired(fits)).ends_with(fits + "\"}}"));
  EXPECT_TRUE(encoded(retired(fits + "bc")).ends_with(fits + "\xe2\x80\xa6\"}}"));
  // Escapes count as they are written, so no value can make a record too long to export.
  EXPECT_LE(encoded(retired(std::string(100'000, '\n'))).size(), kMaxValueOctets + 300);
}

TEST(Journal, AnEventIsALeafOfTheTransactionItIsIn) {
  store::MemoryStore store;
  const ManualClock clock(kRecordTime);
  Journal journal(store, clock);
  ASSERT_TRUE(journal.record(retired("one")));
  ASSERT_TRUE(store.apply({store::PutSetting{"a", {}}, journal.leaf(retired("two"))}));
  // A change that fails leaves no record behind.
  ASSERT_TRUE(store.apply({store::PutSettingOnce{"b", {}}}));
  ASSERT_FALSE(store.apply({journal.leaf(retired("three")), store::PutSettingOnce{"b", {}}}));
  const auto leaves = store.audit_leaves(0, 10).value();
  ASSERT_EQ(leaves.size(), 2u);
  EXPECT_EQ(as_text(leaves[0].record), encoded(retired("one")));
  EXPECT_EQ(as_text(leaves[1].record), encoded(retired("two")));
}

struct AboutCase { const char* name; EventType type; std::string_view field; };
class JournalAbout : public testing::TestWithParam<AboutCase> {};
TEST_P(JournalAbout, ALeafIsFoundByItsRequest) {
  const std::string id = "0190f0e1d2c3b4a59687789605142332";
  store::MemoryStore store;
  const ManualClock clock(kRecordTime);
  Journal journal(store, clock);
  ASSERT_TRUE(journal.record({GetParam().type, {}, {{GetParam().field, "x"}}}));
  ASSERT_TRUE(journal.record({GetParam().type, {}, {{GetParam().field, id}}}));
  const auto found = store.audit_leaves_about(id, 0, 10).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].position, 1u);
  EXPECT_TRUE(store.audit_leaves_about("x", 0, 10).value().empty()) << "not the id of a request";
}
std::vector<AboutCase> about_cases() {
  std::vector<AboutCase> cases = {{"ACCESS_DENIED", EventType::access_denied, "object"},
                                  {"NOTIFICATION_ACKNOWLEDGED", EventType::notification_acknowledged, "subject"}};
  for (const auto& info : kEventCatalogue)  // whatever says that it is about a request
    for (const std::string_view field : {"request", "approval"})
      if ((" " + std::string(info.fields) + " ").find(" " + std::string(field) + " ") != std::string::npos)
        cases.push_back({info.name.data(), info.type, field});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Catalogue, JournalAbout, testing::ValuesIn(about_cases()),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Journal, OtherValuesAreNobodysRequest) {
  const std::string id = "0190f0e1d2c3b4a59687789605142332";
  EXPECT_EQ(request_of({EventType::certificate_issued, {}, {{"entity_id", id}}}), "");
  EXPECT_EQ(request_of({EventType::certificate_intent, {}, {{"serial", id}}}), "");
  EXPECT_EQ(request_of({EventType::access_denied, {}, {{"object", "0190F0E1D2C3B4A59687789605142332"}}}), "");
  EXPECT_EQ(request_of({EventType::access_denied, {}, {{"object", id + "0"}}}), "");
}

TEST(JournalDeathTest, AFieldTheCatalogueDoesNotHaveIsABug) {
  EXPECT_DEBUG_DEATH(encoded(Event{EventType::ca_retired, {}, {{"password", "x"}}}), "catalogue");
}

}  // namespace
}  // namespace certwright::audit
