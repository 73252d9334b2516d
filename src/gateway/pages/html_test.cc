#include "gateway/pages/html.h"

#include <gtest/gtest.h>

namespace certwright::gateway::pages {
namespace {

TEST(Html, WritesElementsAndEndsThem) {
  Html html;
  html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"sign-in"})}});
  html.begin("input", {{"name", "x"}, {"required"}}).element("br", "");
  html.begin("p").text("one").link(Url::of({"a b", "c"}).with("d", "e&f"), "two");
  EXPECT_EQ(std::move(html).take(),
            "<form method=\"post\" action=\"/sign-in\"><input name=\"x\" required><br>"
            "<p>one<a href=\"/a%20b/c?d=e%26f\">two</a></p></form>");
}

TEST(Html, MoreEndsThanBeginningsAreNone) {
  Html html;
  html.begin("p").end().end().end();
  EXPECT_EQ(std::move(html).take(), "<p></p>");
}

struct EscapeCase {
  const char* name;
  std::string text, shown;
};
class Escaped : public ::testing::TestWithParam<EscapeCase> {};
TEST_P(Escaped, InTextAndValues) {
  const auto& [name, text, shown] = GetParam();
  EXPECT_EQ(escaped(text), shown);
  EXPECT_EQ(std::move(Html().element("p", text)).take(), "<p>" + shown + "</p>");
  EXPECT_EQ(std::move(Html().begin("input", {{"title", text}})).take(), "<input title=\"" + shown + "\">");
  // What a form sends back is what was typed: of these cases those with marks have nothing else to escape.
  const std::string& sent_back = shown.find("[U+") == std::string::npos ? shown : text;
  EXPECT_EQ(std::move(Html().begin("input", {{"value", text}})).take(), "<input value=\"" + sent_back + "\">");
  EXPECT_EQ(std::move(Html().element("textarea", text)).take(), "<textarea>" + sent_back + "</textarea>");
}
INSTANTIATE_TEST_SUITE_P(
    Html, Escaped,
    ::testing::Values(EscapeCase{"Script", "<script>alert('1')</script>", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"},
                      EscapeCase{"Attribute", "\" onfocus=\"x", "&quot; onfocus=&quot;x"},
                      EscapeCase{"ReferenceStaysText", "&lt;", "&amp;lt;"}, EscapeCase{"Umlaut", "Müller", "Müller"},
                      EscapeCase{"LinesStay", "a\r\n\tb", "a\r\n\tb"},
                      EscapeCase{"Nul", std::string("a\0b", 3), "a\xef\xbf\xbd" "b"},
                      EscapeCase{"Overlong", "\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"},
                      EscapeCase{"CutInside", "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
                      EscapeCase{"Surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                      EscapeCase{"Escape", "\x1b[2J", "\xef\xbf\xbd[2J"},
                      EscapeCase{"C1", "\xc2\x9b", "\xef\xbf\xbd"},
                      EscapeCase{"RightToLeftOverride", "moc.\xe2\x80\xae" "evil", "moc.[U+202E]evil"},
                      EscapeCase{"Isolate", "\xe2\x81\xa6x", "[U+2066]x"}, EscapeCase{"SoftHyphen", "a\xc2\xad" "b", "a[U+00AD]b"},
                      EscapeCase{"ZeroWidthSpace", "ac\xe2\x80\x8bme", "ac[U+200B]me"}, EscapeCase{"Joiner", "\xe2\x80\x8d", "[U+200D]"},
                      EscapeCase{"InvisibleTimes", "a\xe2\x81\xa2" "b", "a[U+2062]b"}, EscapeCase{"ByteOrderMark", "\xef\xbb\xbfx", "[U+FEFF]x"},
                      EscapeCase{"LineSeparator", "a\xe2\x80\xa8" "b", "a[U+2028]b"}, EscapeCase{"Tag", "a\xf3\xa0\x81\x81", "a[U+E0041]"}, EscapeCase{"Emoji", "\xf0\x9f\x8d\x8b", "\xf0\x9f\x8d\x8b"}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(Url, IsAlwaysAPathHere) {
  EXPECT_EQ(Url::of({}).text(), "/");
  EXPECT_EQ(Url::of({"requests", "a/../b?c"}).text(), "/requests/a%2F..%2Fb%3Fc");
  EXPECT_EQ(Url::of({"", "evil.example"}).text(), "/evil.example");
  EXPECT_EQ(Url::local("/requests/abc?x=1&y=2").text(), "/requests/abc?x=1&y=2");
  for (const char* elsewhere : {"", "requests", "//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil.example",
                                "/a\r\nSet-Cookie: x=y", "/a b", "/\"onclick=\"", "/a#b", "/\xc3\xa9", "\t//evil.example"})
    EXPECT_EQ(Url::local(elsewhere).text(), "/") << elsewhere;
  EXPECT_EQ(Url::local("/" + std::string(1024, 'a')).text(), "/");
  EXPECT_EQ(Url::fragment("main").text(), "#main");
}

TEST(Document, EscapesItsTitle) {
  const auto html = document("</title><script>", Url::of({"s.css"}), "B");
  EXPECT_NE(html.find("<title>&lt;/title&gt;&lt;script&gt;</title>"), std::string::npos);
  EXPECT_NE(html.find("<body>B</body>"), std::string::npos);
}

}  // namespace
}  // namespace certwright::gateway::pages
