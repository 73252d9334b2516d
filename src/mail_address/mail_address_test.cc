#include "mail_address/mail_address.h"

#include <gtest/gtest.h>

namespace certwright::mail {
namespace {

TEST(MailAddress, Rfc5321WithoutItsRarities) {
  for (const auto* text : {"a@b", "alice@example.org", "a.b+c=d@x-y.example", "o'neil@example.org", "x@123.example"})
    EXPECT_TRUE(MailAddress::parse(text)) << text;
  for (const std::string_view text :
       {"", "@", "a@", "@b", "a", "a@b@c", "a b@c", "a@b c", "<a@b>", "a@b>", "\"a b\"@c", "a@[127.0.0.1]", ".a@b", "a.@b", "a..b@c",
        "a@b..c", "a@.b", "a@b.", "a@-b", "a@b-", "a@b_c", "a,b@c", "a:b@c", "a;b@c", "a\\b@c", "(x)a@b", "a@b\r\nBcc: x@y",
        "a\n@b", "a@b\n", "\xc3\xa4@b", "a@\xc3\xa4"})
    EXPECT_FALSE(MailAddress::parse(text)) << text;
  EXPECT_FALSE(MailAddress::parse(std::string_view("a@b\0", 4)));
  EXPECT_TRUE(MailAddress::parse(std::string(64, 'a') + "@b"));
  EXPECT_FALSE(MailAddress::parse(std::string(65, 'a') + "@b"));
  EXPECT_EQ(MailAddress::parse("a@example.org")->domain(), "example.org");
}

}  // namespace
}  // namespace certwright::mail
