#include "keys/key_encryption_key.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace certwright::keys {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::string_view kHexKek =
    "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

class KekTest : public testing::Test {
 protected:
  KekTest() {
    std::string name = (fs::temp_directory_path() / "certwright-kek-XXXXXX").native();
    directory_ = ::mkdtemp(name.data());
    options_.state_directory = directory_ / "state";
    fs::create_directory(options_.state_directory);
    options_.passphrase_cost = {1, 8};  // as cheap as it gets
  }
  ~KekTest() override { fs::remove_all(directory_); }

  fs::path write(const fs::path& path, std::string_view content, mode_t mode = 0600) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Result<KeyEncryptionKey> load() {
    CERTWRIGHT_TRY(const auto source, choose_source(options_, random_));
    return source->load();
  }
  fs::path kek_path() const { return options_.state_directory / "kek"; }

  fs::path directory_;
  SourceOptions options_;
  crypto::DeterministicRandom random_{3};
};

TEST(KeyEncryptionKey, HasAnIdThatItsSecretDecides) {
  const auto kek = KeyEncryptionKey::create(
      SecretBytes::copy_of(from_hex(kHexKek).value())).value();
  // HMAC-SHA-256(secret, "certwright kek id"), 8 octets, computed with `openssl mac`. Stored.
  EXPECT_EQ(kek.id_hex(), "e017c4a9704da27a");
}

TEST(KeyEncryptionKey, RefusesWhatIsNoKey) {
  EXPECT_FALSE(KeyEncryptionKey::create(SecretBytes(32)));
  EXPECT_FALSE(KeyEncryptionKey::create(SecretBytes::copy_of(Bytes(32, 0xff))));
  Bytes octets(32, 0xff);
  octets[31] = 0xfe;
  EXPECT_TRUE(KeyEncryptionKey::create(SecretBytes::copy_of(octets)));
  octets.push_back(1);
  EXPECT_FALSE(KeyEncryptionKey::create(SecretBytes::copy_of(octets)));
  octets.resize(31);
  EXPECT_FALSE(KeyEncryptionKey::create(SecretBytes::copy_of(octets)));
}

TEST_F(KekTest, FileIsMadeOnceAndWarnedAbout) {
  const auto source = choose_source(options_, random_).value();
  EXPECT_THAT(source->description(), HasSubstr(kek_path().native()));
  EXPECT_THAT(source->warning().value_or(""), HasSubstr("systemd credential"));
  const auto made = source->load().value();
  EXPECT_EQ(fs::status(kek_path()).permissions(), fs::perms(0600));
  EXPECT_EQ(fs::file_size(kek_path()), 65u);
  EXPECT_EQ(load().value().id(), made.id());
  EXPECT_EQ(std::distance(fs::directory_iterator(options_.state_directory), {}), 1) << "a draft";
}

TEST_F(KekTest, CredentialComesFirstThenPassphraseThenFile) {
  write(kek_path(), kHexKek);
  const std::string file_id = load().value().id_hex();
  options_.passphrase_file = write(directory_ / "passphrase", "correct horse battery\n");
  const std::string passphrase_id = load().value().id_hex();
  options_.credentials_directory = directory_ / "credentials";
  fs::create_directory(options_.credentials_directory);
  EXPECT_EQ(load().value().id_hex(), passphrase_id) << "systemd's directory without our credential";
  write(options_.credentials_directory / "certwright.kek", std::string(31, 'a') + 'b', 0440);
  const std::string credential_id = load().value().id_hex();
  EXPECT_NE(file_id, passphrase_id);
  EXPECT_NE(passphrase_id, credential_id);
  EXPECT_FALSE(choose_source(options_, random_).value()->warning());
}

TEST_F(KekTest, ConfiguredSourceThatFailsIsNotSkipped) {
  write(kek_path(), kHexKek);
  options_.passphrase_file = directory_ / "missing";
  EXPECT_EQ(load().error().code, Errc::not_found);
  options_.credentials_directory = directory_ / "credentials";
  write(options_.credentials_directory / "certwright.kek", "short", 0400);
  EXPECT_EQ(load().error().code, Errc::bad_encoding);
}

struct FormCase { const char* name; std::string content; bool good; };
class KekForm : public KekTest, public testing::WithParamInterface<FormCase> {};
TEST_P(KekForm, IsJudged) {
  write(kek_path(), GetParam().content);
  const auto kek = load();
  EXPECT_EQ(kek.has_value(), GetParam().good);
  if (!kek) {
    EXPECT_EQ(kek.error().code, Errc::bad_encoding);
    EXPECT_EQ(read(kek_path()), GetParam().content) << "a file that is wrong must be left alone";
  }
}
INSTANTIATE_TEST_SUITE_P(File, KekForm, testing::Values(
    FormCase{"Hex", std::string(kHexKek), true},
    FormCase{"HexAndNewline", std::string(kHexKek) + "\n", true},
    FormCase{"Raw", std::string(31, 'a') + "b", true},
    FormCase{"HexAndTwoNewlines", std::string(kHexKek) + "\n\n", false},
    FormCase{"HexAndSpace", std::string(kHexKek) + " ", false},
    FormCase{"HexOneShort", std::string(kHexKek.substr(1)), false},
    FormCase{"NotHex", std::string(kHexKek.substr(1)) + "g", false},
    FormCase{"RawOneShort", std::string(31, 'a'), false},
    FormCase{"RawOneLong", std::string(33, 'a'), false},
    FormCase{"Empty", "", false}),
    [](const auto& c) { return std::string(c.param.name); });

struct ModeCase { const char* name; mode_t mode; bool own; bool credential; };
class KekMode : public KekTest, public testing::WithParamInterface<ModeCase> {};
TEST_P(KekMode, IsJudged) {
  const auto& c = GetParam();
  write(kek_path(), kHexKek, c.mode);
  const auto own = load();
  EXPECT_EQ(own.has_value(), c.own);
  if (!own) {
    EXPECT_EQ(own.error().code, Errc::not_permitted);
  }
  options_.credentials_directory = directory_ / "credentials";
  write(options_.credentials_directory / "certwright.kek", kHexKek, c.mode);
  EXPECT_EQ(load().has_value(), c.credential);
}
INSTANTIATE_TEST_SUITE_P(File, KekMode, testing::Values(
    ModeCase{"OwnerReadWrite", 0600, true, true}, ModeCase{"OwnerRead", 0400, true, true},
    ModeCase{"GroupRead", 0440, false, true}, ModeCase{"GroupWrite", 0620, false, false},
    ModeCase{"GroupExecute", 0610, false, false}, ModeCase{"OthersRead", 0604, false, false},
    ModeCase{"OthersWrite", 0602, false, false}, ModeCase{"OthersExecute", 0601, false, false}),
    [](const auto& c) { return std::string(c.param.name); });

TEST_F(KekTest, RefusesWhatIsNoRegularFile) {
  const auto target = write(directory_ / "elsewhere", kHexKek);
  fs::create_symlink(target, kek_path());
  auto kek = load();
  ASSERT_FALSE(kek);
  EXPECT_EQ(kek.error().code, Errc::not_permitted);
  EXPECT_THAT(kek.error().detail, HasSubstr("symbolic link"));

  fs::remove(kek_path());
  fs::create_symlink(directory_ / "nowhere", kek_path());
  EXPECT_EQ(load().error().code, Errc::not_permitted) << "a dangling link";
  EXPECT_FALSE(fs::exists(directory_ / "nowhere"));

  fs::remove(kek_path());
  ASSERT_EQ(::mkfifo(kek_path().c_str(), 0600), 0);
  EXPECT_EQ(load().error().code, Errc::not_permitted);

  fs::remove(kek_path());
  fs::create_directory(kek_path());
  fs::permissions(kek_path(), fs::perms(0700));
  EXPECT_EQ(load().error().code, Errc::not_permitted);
}

TEST_F(KekTest, RefusesAForeignOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  write(kek_path(), kHexKek);
  ASSERT_EQ(::chown(kek_path().c_str(), 12345, 12345), 0);
  const auto kek = load();
  ASSERT_FALSE(kek);
  EXPECT_EQ(kek.error().code, Errc::not_permitted);
  EXPECT_THAT(kek.error().detail, HasSubstr("12345"));
}

TEST_F(KekTest, RefusesALargeFile) {
  write(kek_path(), std::string(4097, 'a'));
  EXPECT_EQ(load().error().code, Errc::too_large);
}

TEST_F(KekTest, PassphraseNeedsItsSalt) {
  options_.passphrase_file = write(directory_ / "passphrase", "correct horse battery\n");
  const auto salt_path = options_.state_directory / "kek.salt";
  const std::string id = load().value().id_hex();
  EXPECT_THAT(read(salt_path), testing::StartsWith("argon2id 1 8 "));
  EXPECT_EQ(fs::status(salt_path).permissions(), fs::perms(0600));
  // The salt file's cost counts, not the option's.
  options_.passphrase_cost = {2, 16};
  EXPECT_EQ(load().value().id_hex(), id);
  write(options_.passphrase_file, "correct horse battery");
  EXPECT_EQ(load().value().id_hex(), id) << "the last newline is the editor's";
  write(options_.passphrase_file, "correct horse batterz");
  EXPECT_NE(load().value().id_hex(), id);
}

TEST_F(KekTest, PassphraseHasALeastLength) {
  options_.passphrase_file = write(directory_ / "passphrase", "eleven char\n");
  EXPECT_EQ(load().error().code, Errc::invalid);
  EXPECT_FALSE(fs::exists(options_.state_directory / "kek.salt"));
  write(options_.passphrase_file, "twelve chars\n");
  EXPECT_TRUE(load());
  write(options_.passphrase_file, "twelve chars\n", 0644);
  EXPECT_EQ(load().error().code, Errc::not_permitted);
}

struct SaltCase { const char* name; const char* text; bool good; };
class KekSalt : public KekTest, public testing::WithParamInterface<SaltCase> {};
TEST_P(KekSalt, IsJudged) {
  options_.passphrase_file = write(directory_ / "passphrase", "correct horse battery");
  write(options_.state_directory / "kek.salt", GetParam().text);
  EXPECT_EQ(load().has_value(), GetParam().good);
  EXPECT_EQ(read(options_.state_directory / "kek.salt"), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(File, KekSalt, testing::Values(
    SaltCase{"Good", "argon2id 1 8 000102030405060708090a0b0c0d0e0f\n", true},
    SaltCase{"NoNewline", "argon2id 1 8 000102030405060708090a0b0c0d0e0f", true},
    SaltCase{"Empty", "", false},
    SaltCase{"OtherFunction", "argon2i 1 8 000102030405060708090a0b0c0d0e0f\n", false},
    SaltCase{"NoPasses", "argon2id 0 8 000102030405060708090a0b0c0d0e0f\n", false},
    SaltCase{"TooManyPasses", "argon2id 65 8 000102030405060708090a0b0c0d0e0f\n", false},
    SaltCase{"TooLittleMemory", "argon2id 1 7 000102030405060708090a0b0c0d0e0f\n", false},
    SaltCase{"TooMuchMemory", "argon2id 1 4194305 000102030405060708090a0b0c0d0e0f\n", false},
    SaltCase{"HugeNumber", "argon2id 1 18446744073709551624 000102030405060708090a0b0c0d0e0f\n",
             false},
    SaltCase{"SignedNumber", "argon2id +1 8 000102030405060708090a0b0c0d0e0f\n", false},
    SaltCase{"ShortSalt", "argon2id 1 8 000102030405060708090a0b0c0d0e\n", false},
    SaltCase{"SecondLine", "argon2id 1 8 000102030405060708090a0b0c0d0e0f\n\n", false}),
    [](const auto& c) { return std::string(c.param.name); });

TEST_F(KekTest, RotatingTheFileKeepsTheOldKey) {
  const auto old = load().value();
  const auto made = rotate_file(options_, random_).value();
  EXPECT_NE(made.id(), old.id());
  EXPECT_EQ(load().value().id(), made.id());
  auto retired = load_retired(options_).value();
  ASSERT_EQ(retired.size(), 1u);
  EXPECT_EQ(retired[0].id(), old.id());
  // An attempt that died after the copy is finished by the next.
  ASSERT_TRUE(keep_retired(options_, made));
  ASSERT_TRUE(rotate_file(options_, random_));
  EXPECT_EQ(load_retired(options_).value().size(), 2u);
  ASSERT_TRUE(forget_retired(options_, old.id_hex()));
  EXPECT_EQ(forget_retired(options_, old.id_hex()).error().code, Errc::not_found);
  EXPECT_EQ(forget_retired(options_, "../state/kek").error().code, Errc::not_found);
  EXPECT_EQ(load_retired(options_).value().size(), 1u);
}

TEST_F(KekTest, OnlyTheFileIsRotatedHere) {
  options_.passphrase_file = write(directory_ / "passphrase", "correct horse battery");
  EXPECT_EQ(rotate_file(options_, random_).error().code, Errc::conflict);
}

TEST_F(KekTest, MovingAwayFromTheFileStillFindsItsKey) {
  const auto file_kek = load().value();
  options_.passphrase_file = write(directory_ / "passphrase", "correct horse battery");
  const auto passphrase_kek = load().value();
  ASSERT_TRUE(keep_retired(options_, passphrase_kek));
  options_.credentials_directory = directory_ / "credentials";
  write(options_.credentials_directory / "certwright.kek", kHexKek, 0400);
  const auto previous = KeyEncryptionKey::generate(random_);
  write(options_.credentials_directory / ("certwright.kek." + previous.id_hex()),
        to_hex(previous.secret().reveal()), 0440);
  std::vector<std::string> ids;
  const auto retired = load_retired(options_).value();
  for (const auto& kek : retired) ids.push_back(kek.id_hex());
  EXPECT_THAT(ids, testing::UnorderedElementsAre(file_kek.id_hex(), passphrase_kek.id_hex(),
                                                 previous.id_hex()));
}

TEST_F(KekTest, AKeyFileThatAnotherSourceReplacedIsForgottenToo) {
  const auto file_kek = load().value();
  options_.passphrase_file = write(directory_ / "passphrase", "correct horse battery");
  const auto other = KeyEncryptionKey::generate(random_);
  EXPECT_EQ(forget_retired(options_, other.id_hex()).error().code, Errc::not_found);
  EXPECT_TRUE(fs::exists(kek_path()));
  ASSERT_TRUE(keep_retired(options_, file_kek));
  EXPECT_TRUE(is_kept(options_, file_kek.id_hex()));
  ASSERT_TRUE(forget_retired(options_, file_kek.id_hex()));
  EXPECT_FALSE(is_kept(options_, file_kek.id_hex()));
  EXPECT_FALSE(fs::exists(kek_path()));
  EXPECT_TRUE(load_retired(options_).value().empty());
}

TEST_F(KekTest, TheFileInUseIsNeverForgotten) {
  const auto file_kek = load().value();
  EXPECT_EQ(forget_retired(options_, file_kek.id_hex()).error().code, Errc::not_found);
  EXPECT_EQ(load().value().id(), file_kek.id());
}

TEST_F(KekTest, RetiredKeysMustBeWhatTheirNamesSay) {
  write(options_.state_directory / "kek.notanid", kHexKek);
  EXPECT_TRUE(load_retired(options_).value().empty());
  write(options_.state_directory / "kek.0123456789abcdef", kHexKek);
  EXPECT_EQ(load_retired(options_).error().code, Errc::invalid);
  write(options_.state_directory / "kek.0123456789abcdef", kHexKek, 0640);
  EXPECT_EQ(load_retired(options_).error().code, Errc::not_permitted);
}

TEST_F(KekTest, NeedsAStateDirectory) {
  options_.state_directory.clear();
  EXPECT_EQ(load().error().code, Errc::invalid);
  options_.state_directory = directory_ / "absent";
  EXPECT_EQ(load().error().code, Errc::unavailable);
}

TEST_F(KekTest, EnvironmentIsRead) {
  ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", "/c", 1), 0);
  ASSERT_EQ(::setenv("CERTWRIGHT_KEK_PASSPHRASE_FILE", "/p", 1), 0);
  auto options = SourceOptions::from_environment("/s");
  EXPECT_EQ(options.credentials_directory, "/c");
  EXPECT_EQ(options.passphrase_file, "/p");
  EXPECT_EQ(options.state_directory, "/s");
  ASSERT_EQ(::unsetenv("CREDENTIALS_DIRECTORY"), 0);
  ASSERT_EQ(::unsetenv("CERTWRIGHT_KEK_PASSPHRASE_FILE"), 0);
  options = SourceOptions::from_environment("/s");
  EXPECT_TRUE(options.credentials_directory.empty());
  EXPECT_TRUE(options.passphrase_file.empty());
}

}  // namespace
}  // namespace certwright::keys
