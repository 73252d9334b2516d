#include "cli/template_text.h"

#include <gtest/gtest.h>

#include "cli/testing_json.h"

namespace certwright::cli {
namespace {

std::string wording(std::string_view json) { return notification_template_text(document(json)); }

// A tenant's administrator writes it; whoever reads it may be another's.
TEST(NotificationTemplateText, KeepsLinesAndShowsWhatWouldMoveTheCursor) {
  EXPECT_EQ(wording(R"({"event":"request_issued","own":true,"facts":"ca link","updated_by":"p1","updated_at":"2026-11-27T10:00:00.25Z",
                      "subject":"Done\nnow","text":"one\n\u001b[2Jtwo","html":"<p>one</p>\n"})"),
            "event       request_issued\nfacts       ca link\nown         yes\nupdated_by  p1\nupdated_at  2026-11-27T10:00:00Z\n\n"
            "Subject: Done\\x0anow\n\n-- text\none\n\\x1b[2Jtwo\n\n-- html\n<p>one</p>\n");
}

TEST(NotificationTemplateText, APreviewIsOnlyTheWording) {
  EXPECT_EQ(wording(R"({"subject":"s","text":"t","html":"h"})"), "Subject: s\n\n-- text\nt\n\n-- html\nh\n");
}

}  // namespace
}  // namespace certwright::cli
