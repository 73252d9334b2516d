#include "cli/selection_text.h"

#include <gtest/gtest.h>

#include "cli/testing_json.h"

namespace certwright::cli {
namespace {

TEST(SelectionText, SaysWhichIsChosenAndWhyOthersAreNot) {
  const auto text = selection_text(document(R"j({"success":true,"message":"chose vpn","ca_id":"vpn","candidates":[
      {"ca_id":"vpn","points":50,"excluded":false,"reasons":["purpose (+40)","lasts long (+10)"]},
      {"ca_id":"issuing","points":10,"excluded":false,"reasons":["lasts long (+10)"]},
      {"ca_id":"old","points":0,"excluded":true,"reasons":["ends too soon\u001b"]}]})j"));
  EXPECT_TRUE(text.starts_with("vpn would be chosen.\n")) << text;
  EXPECT_TRUE(has(text, "vpn      50      chosen    purpose (+40); lasts long (+10)\n")) << text;
  EXPECT_TRUE(has(text, "issuing  10                lasts long (+10)\n")) << text;
  EXPECT_TRUE(has(text, "old      0       excluded  ends too soon\\x1b\n")) << text;
}

TEST(SelectionText, SaysThatNoneSuits) {
  const auto text = selection_text(document(R"j({"success":false,"message":"none","ca_id":null,"candidates":[]})j"));
  EXPECT_TRUE(text.starts_with("No CA suits.\n")) << text;
  EXPECT_TRUE(has(text, "(none)")) << text;
}

TEST(SelectionPolicyText, HasPointsAndRules) {
  const auto text = selection_policy_text(document(R"j({"purpose_points":40,"email_points":30,"network_points":20,"key_type_points":10,
      "lifetime_points":10,"remaining_min_s":86400,"rules":[{"ca":"vpn","purposes":["vpn","wifi"],"emails":["@acme.example"],
      "networks":["10.0.0.0/8"],"key_types":["ecdsa"],"required":true}]})j"));
  EXPECT_TRUE(has(text, "purpose_points   40\n")) << text;
  EXPECT_TRUE(has(text, "remaining_min_s  86400\n")) << text;
  EXPECT_TRUE(has(text, "vpn  vpn, wifi  @acme.example  10.0.0.0/8  ecdsa      yes\n")) << text;
}

}  // namespace
}  // namespace certwright::cli
