#include "daemon/root_key.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "crypto/private_key.h"

namespace certwright::daemon {
namespace {

class RootKey : public ::testing::Test {
 protected:
  RootKey() {
    std::string name = (std::filesystem::temp_directory_path() / "root-key-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    options.root_key_out = folder / "root.pem";
  }
  ~RootKey() override { std::filesystem::remove_all(folder); }
  std::filesystem::path file(const char* name, std::string_view text) const {
    EXPECT_TRUE(write_file(folder / name, as_bytes(text), 0600));
    return folder / name;
  }
  std::string field() const {
    const auto checked = check_root_key_options(options);
    return checked ? "" : checked.error().field;
  }

  std::filesystem::path folder;
  InitOptions options;
};

TEST_F(RootKey, ClearTextMustBeAskedFor) {
  EXPECT_EQ(field(), "root-key-passphrase-file");
  options.root_key_plain = true;
  EXPECT_EQ(field(), "");
  options.root_key_passphrase_file = file("passphrase", "correct horse battery");
  EXPECT_EQ(field(), "root-key-passphrase-file") << "both";
  options.root_key_plain = false;
  EXPECT_EQ(field(), "");
  options.root_key_passphrase_file = file("short", "elevenchars\n");
  EXPECT_EQ(field(), "root-key-passphrase-file");
  options.root_key_out.reset();
  EXPECT_EQ(field(), "root-key-out");
}

TEST_F(RootKey, AnotherFileIsNeverOverwritten) {
  options.root_key_plain = true;
  file("root.pem", "another root's key");
  EXPECT_EQ(check_root_key_options(options).error().code, Errc::conflict);
}

TEST_F(RootKey, IsEncryptedUnderThePassphraseOfTheFile) {
  const auto key = crypto::PrivateKey::generate(**crypto::find_key_algorithm("ecdsa-p256")).value();
  options.root_key_passphrase_file = file("passphrase", "correct horse battery\n");
  const auto pem = root_key_pem(options, key.pkcs8_der()).value();
  const auto passphrase = SecretBytes::copy_of(as_bytes("correct horse battery"));
  EXPECT_EQ(crypto::PrivateKey::from_pem(pem, {}).error().field, "passphrase");
  EXPECT_EQ(to_bytes(crypto::PrivateKey::from_pem(pem, passphrase).value().subject_public_key_info_tlv()),
            to_bytes(key.subject_public_key_info_tlv()));
  options.root_key_passphrase_file.reset();
  options.root_key_plain = true;
  EXPECT_TRUE(crypto::PrivateKey::from_pem(root_key_pem(options, key.pkcs8_der()).value(), {}));
}

}  // namespace
}  // namespace certwright::daemon
