#include "audit/checkpoint.h"

#include <gtest/gtest.h>

#include "audit/log_fixture.h"

namespace certwright::audit {
namespace {

std::string good_note(std::uint64_t size = 7) {
  Hash root{};
  root.fill(0xab);
  return sign_checkpoint(size, root, *test_signer()).value();
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  if (at == text.npos) ADD_FAILURE() << what;
  return text.replace(at, what.size(), with);
}

TEST(C2spSignedNote, IsTheTextThatOthersRead) {
  const std::string note = good_note();
  EXPECT_TRUE(note.starts_with("certwright.test/audit\n7\n"
                               "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n\n"
                               "\xe2\x80\x94 certwright.test/audit "))
      << note;
  EXPECT_TRUE(note.ends_with("\n"));
  EXPECT_EQ(note, good_note()) << "Ed25519 is deterministic";
  const auto parsed = parse_checkpoint(note).value();
  EXPECT_EQ(parsed.body, note.substr(0, note.find("\n\n") + 1));
  EXPECT_EQ(parsed.checkpoint.tree_size, 7u);
  EXPECT_EQ(verify_checkpoint(note, CheckpointKey::of(*test_signer())).value(), parsed.checkpoint);
}

// The key of the signed-note documentation, and the Go checksum database's.
TEST(C2spSignedNote, ReadsTheKeysOfOtherLogs) {
  for (const char* text :
       {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"}) {
    const auto key = CheckpointKey::parse(text);
    ASSERT_TRUE(key) << text;
    EXPECT_EQ(key->text(), text);
    EXPECT_TRUE(CheckpointKey::parse(std::string(text) + "\n"));
    EXPECT_FALSE(CheckpointKey::parse(std::string(text) + "\n\n"));
  }
}

TEST(CheckpointKeyParse, TakesPemWhichHasNoName) {
  const CheckpointKey key = CheckpointKey::of(*test_signer());
  const auto pem = CheckpointKey::parse(key.pem());
  ASSERT_TRUE(pem);
  EXPECT_EQ(pem->name(), "");
  EXPECT_EQ(pem->public_key(), key.public_key());
  EXPECT_EQ(pem->text(kTestLog), key.text());
  EXPECT_TRUE(verify_checkpoint(good_note(), *pem));
}

TEST(CheckpointKeyParse, RefusesWhatIsNotAKey) {
  const std::string good = CheckpointKey::of(*test_signer()).text();
  for (const std::string& bad :
       {std::string(), std::string("+"), std::string("a+b"), std::string("a+00000000+"),
        replaced(good, "certwright", "certwrong"), replaced(good, "+A", "+B"), good + "A",
        "x" + good, std::string(5000, 'a')})
    EXPECT_FALSE(CheckpointKey::parse(bad)) << bad;
  const auto rsa = crypto::PrivateKey::generate(
      **crypto::find_key_algorithm("ecdsa-p256"));
  EXPECT_EQ(make_checkpoint_signer("log", rsa.value()).error().code, Errc::invalid);
  EXPECT_FALSE(make_checkpoint_signer("with space", test_key()));
  EXPECT_FALSE(make_checkpoint_signer("", test_key()));
  EXPECT_FALSE(CheckpointKey::create("a+b", {}));
}

struct NoteCase { const char* name; std::string note; Errc error; };
class CheckpointRefused : public testing::TestWithParam<NoteCase> {};
TEST_P(CheckpointRefused, WithTheRightCode) {
  const auto result = verify_checkpoint(GetParam().note, CheckpointKey::of(*test_signer()));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, GetParam().error) << result.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    C2spTlogCheckpoint, CheckpointRefused,
    testing::Values(
        NoteCase{"Empty", "", Errc::bad_encoding},
        NoteCase{"OtherSize", replaced(good_note(), "\n7\n", "\n8\n"), Errc::invalid},
        NoteCase{"LeadingZero", replaced(good_note(), "\n7\n", "\n07\n"), Errc::bad_encoding},
        NoteCase{"NegativeSize", replaced(good_note(), "\n7\n", "\n-7\n"), Errc::bad_encoding},
        NoteCase{"SizeOver64Bits", replaced(good_note(), "\n7\n", "\n18446744073709551616\n"),
                 Errc::bad_encoding},
        NoteCase{"OtherRoot", replaced(good_note(), "\nq6", "\nr6"), Errc::invalid},
        NoteCase{"ShortRoot", replaced(good_note(), "q6urq6urq6ur", "q6urq6ur"),
                 Errc::bad_encoding},
        NoteCase{"Extension", replaced(good_note(), "\n\n", "\nmore\n\n"), Errc::bad_encoding},
        NoteCase{"TwoSignatures", good_note() + good_note().substr(good_note().find("\xe2")),
                 Errc::bad_encoding},
        NoteCase{"NoFinalLineFeed", good_note().substr(0, good_note().size() - 1),
                 Errc::bad_encoding},
        NoteCase{"Hyphen", replaced(good_note(), "\xe2\x80\x94", "-"), Errc::bad_encoding},
        NoteCase{"OtherKey", sign_checkpoint(7, Hash{}, *test_signer(1)).value(), Errc::invalid},
        NoteCase{"OtherName", sign_checkpoint(7, Hash{}, *test_signer(0, "another")).value(),
                 Errc::invalid},
        NoteCase{"TooLong", good_note() + std::string(kMaxNoteOctets, 'a'), Errc::too_large}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(C2spTlogCheckpoint, NoChangedOctetVerifies) {
  const std::string note = good_note();
  const CheckpointKey key = CheckpointKey::of(*test_signer());
  for (std::size_t i = 0; i < note.size(); ++i)
    for (const int bit : {1, 0x20, 0x80}) {
      std::string changed = note;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      EXPECT_FALSE(verify_checkpoint(changed, key)) << i;
    }
}

}  // namespace
}  // namespace certwright::audit
