#include "audit/events.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace certwright::audit {
namespace {

std::set<std::string_view> words_of(std::string_view text, std::size_t& count) {
  std::set<std::string_view> words;
  count = 0;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    words.insert(word);
    ++count;
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return words;
}

class CatalogueRow : public testing::TestWithParam<EventInfo> {};

TEST_P(CatalogueRow, TellsAnOperatorWhatItMeansAndWhatToDo) {
  const EventInfo& info = GetParam();
  EXPECT_GE(info.cause.size(), 10u);
  EXPECT_TRUE(info.cause.ends_with('.')) << info.cause;
  EXPECT_TRUE(info.action.ends_with('.')) << info.action;
}

TEST_P(CatalogueRow, HasFieldNamesThatRecordsCanHave) {
  std::size_t count = 0;
  const auto fields = words_of(GetParam().fields, count);
  EXPECT_EQ(fields.size(), count) << "a field is named twice";
  EXPECT_GE(count, 1u);
  for (const auto field : fields)
    EXPECT_EQ(field.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), field.npos);
}

TEST_P(CatalogueRow, IsFoundByNumberAndByName) {
  const EventInfo& info = GetParam();
  EXPECT_EQ(event_info(info.type).name, info.name);
  EXPECT_EQ(event_named(info.name), info.type);
  EXPECT_EQ(info.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), info.name.npos);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, CatalogueRow, testing::ValuesIn(kEventCatalogue),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(EventCatalogue, NamesAndNumbersAreUnique) {
  std::set<std::string_view> names;
  std::set<EventType> numbers;
  for (const EventInfo& info : kEventCatalogue) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(numbers.insert(info.type).second) << info.name;
  }
  EXPECT_FALSE(event_named("certificate_issued"));
  EXPECT_FALSE(event_named(""));
}

// Stored numbers: a change here breaks every log that exists.
TEST(EventCatalogue, StoredNumbersStay) {
  EXPECT_EQ(static_cast<int>(EventType::server_started), 1);
  EXPECT_EQ(static_cast<int>(EventType::ca_created), 10);
  EXPECT_EQ(static_cast<int>(EventType::certificate_intent), 30);
  EXPECT_EQ(static_cast<int>(EventType::certificate_issued), 31);
  EXPECT_EQ(static_cast<int>(EventType::certificate_revoked), 40);
  EXPECT_EQ(static_cast<int>(EventType::key_delivered), 51);
  EXPECT_EQ(static_cast<int>(EventType::role_granted), 68);
  EXPECT_EQ(static_cast<int>(EventType::key_blocked), 80);
}

}  // namespace
}  // namespace certwright::audit
