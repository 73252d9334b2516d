#include "notification/template.h"

#include <gtest/gtest.h>

namespace certwright::notification {
namespace {

TEST(DefaultTemplates, AreAcceptableAndSayEveryFact) {
  for (const auto& event : all_events()) {
    const auto& wording = default_template(event.kind);
    const auto checked = check_template(event.kind, wording);
    EXPECT_TRUE(checked) << event.name << ": " << (checked ? "" : checked.error().detail);
    EXPECT_EQ(event_named(event.name), event.kind);
  }
  EXPECT_FALSE(event_named("nothing"));
}

TEST(Template, EscapesByWhereAFactStands) {
  const Template wording{"S {{common_name}}", "T {{common_name}}\n", "<p>{{common_name}}</p>\n"};
  ASSERT_TRUE(check_template(EventKind::request_pending, wording));
  const auto made = render(wording, {{"common_name", "<img src=x onerror=\"a('b')\">&\r\nBcc: y"}});
  EXPECT_EQ(made.html, "<p>&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;\xef\xbf\xbd\xef\xbf\xbd" "Bcc: y</p>\n");
  EXPECT_EQ(made.text.find('\r'), std::string::npos);
  EXPECT_EQ(std::ranges::count(made.text, '\n'), 1);
  EXPECT_EQ(made.subject.find_first_of("\r\n"), std::string::npos);
}

TEST(Template, AFactIsNotFilledInAgain) {
  const Template wording{"{{common_name}}", "{{common_name}}", "{{common_name}}"};
  EXPECT_EQ(render(wording, {{"common_name", "{{request}}"}, {"request", "r1"}}).text, "{{request}}\n");
}

TEST(Template, ALineOfEmptyFactsIsLeftOut) {
  const Template wording{"S", "a\nReason: {{reason}}\nby {{requester}} {{reason}}\nb", "x"};
  EXPECT_EQ(render(wording, {{"requester", "Al"}}).text, "a\nby Al \nb\n");
}

TEST(Template, SimpleMarkupIsAllowed) {
  const Template wording{"s", "t",
                         "<h2>A</h2><p align=\"center\">b<br>c<br/></p>\n<ul>\n<li>{{request}}</li>\n</ul>\n<hr>\n"
                         "<P>see <a href=\"https://wiki.example/x?y=1\">this</a>, <a href=\"{{link}}\">that</a></P>"};
  const auto checked = check_template(EventKind::request_pending, wording);
  EXPECT_TRUE(checked) << checked.error().detail;
}

struct BadCase {
  const char* name;
  Template wording;
  const char* field;
};
class BadTemplate : public testing::TestWithParam<BadCase> {};
TEST_P(BadTemplate, IsRefused) {
  const auto checked = check_template(EventKind::request_pending, GetParam().wording);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().field, GetParam().field);
}
std::string repeated(std::string_view what, int times) {
  std::string all;
  while (times-- > 0) all += what;
  return all;
}
const BadCase kBad[] = {
    {"UnknownFact", {"{{serial}}", "t", "h"}, "subject"},
    {"Spaces", {"{{ request }}", "t", "h"}, "subject"},
    {"Unclosed", {"s", "{{request", "h"}, "text"},
    {"TwoLines", {"a\nb", "t", "h"}, "subject"},
    {"Empty", {"s", "", "h"}, "text"},
    {"Script", {"s", "t", "<SCRIPT>{{request}}</SCRIPT>"}, "html"},
    {"Style", {"s", "t", "<style>"}, "html"},
    {"Comment", {"s", "t", "<!-- {{request}} -->"}, "html"},
    {"InAnAttribute", {"s", "t", "<a title=\"{{common_name}}\">"}, "html"},
    {"InATag", {"s", "t", "<{{common_name}}>"}, "html"},
    {"LinkWithoutQuotes", {"s", "t", "<a href={{link}}>"}, "html"},
    {"LinkWithMore", {"s", "t", "<a href=\"{{link}}/x\">"}, "html"},
    {"LinkElsewhere", {"s", "t", "<img src=\"{{link}}\">"}, "html"},
    {"OtherFactAsLink", {"s", "t", "<a href=\"{{common_name}}\">"}, "html"},
    {"HiddenInAQuote", {"s", "t", "<a title=\">\" href=\"{{common_name}}\">"}, "html"},
    {"HiddenInAnOddName", {"s", "t", "<a \"=\">\" href=\"{{common_name}}\">"}, "html"},
    {"SingleQuotes", {"s", "t", "<a title='x'>"}, "html"},
    {"NoTag", {"s", "t", "1 < 2"}, "html"},
    {"Unended", {"s", "t", "<p"}, "html"},
    {"BreakInATag", {"s", "t", "<a\nhref=\"{{link}}\">x</a>"}, "html"},
    {"BreakInAValue", {"s", "t", "<a href=\"https://x\n{{request}}\">x</a>"}, "html"},
    {"DroppedLineThatOpens", {"s", "t", "<b>{{reason}}\n{{common_name}}</b>"}, "html"},
    {"NotClosed", {"s", "t", "<table><tr>"}, "html"},
    {"ClosesWhatIsOutside", {"s", "t", "</body>"}, "html"},
    {"ClosesInAnotherOrder", {"s", "t", "<b><i></b></i>"}, "html"},
    {"TooDeep", {"s", "t", repeated("<b>", 33) + repeated("</b>", 33)}, "html"},
    {"HidesByStyle", {"s", "t", "<div style=\"display:none\">x</div>"}, "html"},
    {"HidesByAttribute", {"s", "t", "<div hidden>x</div>"}, "html"},
    {"Class", {"s", "t", "<p class=\"x\">x</p>"}, "html"},
    {"Fetches", {"s", "t", "<img src=\"https://x.example/\">"}, "html"},
    {"Form", {"s", "t", "<form action=\"https://x.example/\"></form>"}, "html"},
    {"ScriptLink", {"s", "t", "<a href=\"javascript:a()\">x</a>"}, "html"},
    {"SlashOfNothing", {"s", "t", "<p/>"}, "html"},
    {"TooLong", {"s", "t", std::string(kMaxTemplateOctets + 1, 'x')}, "html"},
};
INSTANTIATE_TEST_SUITE_P(Check, BadTemplate, testing::ValuesIn(kBad),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Facts, ComeBackCleaned) {
  const auto written = write_facts({{"ca", "issuing"}, {"reason", ""}, {"common_name", "a\nb"}});
  EXPECT_EQ(written, "{\"ca\":\"issuing\",\"common_name\":\"a\xef\xbf\xbd" "b\"}");
  const auto facts = read_facts(written);
  ASSERT_TRUE(facts);
  EXPECT_EQ(fact(*facts, "ca"), "issuing");
  EXPECT_EQ(fact(*facts, "reason"), "");
  EXPECT_FALSE(read_facts("[]"));
  EXPECT_FALSE(read_facts("{\"a\":1}"));
}

}  // namespace
}  // namespace certwright::notification
