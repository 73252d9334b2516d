#include "crypto/aead.h"

#include <algorithm>

#include <sodium.h>

#include <fmt/format.h>

#include "crypto/openssl_handle.h"

namespace certwright::crypto {
namespace {

const EVP_CIPHER* fetched_aes_256_gcm() noexcept {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (cipher == nullptr) abort_without("AES-256-GCM");
  return cipher;
}

Result<void> check_aead_key(const SecretBytes& key) {
  if (key.size() == kAeadKeyOctets) return {};
  return fail(Errc::invalid, fmt::format("an AES-256 key has {} octets, not {}", kAeadKeyOctets,
                                         key.size()));
}

}  // namespace

// The contexts are new for each message, because freeing one is what wipes its key schedule.
Result<Bytes> seal(const SecretBytes& key, ByteView additional, ByteView plaintext,
                   Random& random) {
  CERTWRIGHT_CHECK(check_aead_key(key));
  if (plaintext.size() > kAeadMaxPlaintextOctets || additional.size() > kAeadMaxPlaintextOctets)
    return fail(Errc::too_large, fmt::format("more than {} octets to seal at once",
                                             kAeadMaxPlaintextOctets));
  Bytes sealed(kAeadNonceOctets + plaintext.size() + kAeadTagOctets);
  random.fill(std::span(sealed).first(kAeadNonceOctets));
  std::uint8_t* const ciphertext = sealed.data() + kAeadNonceOctets;
  std::uint8_t* const tag = ciphertext + plaintext.size();
  const EvpCipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  if (!context ||
      EVP_EncryptInit_ex2(context.get(), fetched_aes_256_gcm(), key.reveal().data(), sealed.data(),
                          nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &size, additional.data(),
                        static_cast<int>(additional.size())) != 1 ||
      (!plaintext.empty() && EVP_EncryptUpdate(context.get(), ciphertext, &size, plaintext.data(),
                                               static_cast<int>(plaintext.size())) != 1) ||
      EVP_EncryptFinal_ex(context.get(), tag, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagOctets, tag) != 1)
    return openssl_failure(Errc::internal, "AES-256-GCM");
  return sealed;
}

Result<SecretBytes> open(const SecretBytes& key, ByteView additional, ByteView sealed) {
  CERTWRIGHT_CHECK(check_aead_key(key));
  constexpr std::size_t kOverhead = kAeadNonceOctets + kAeadTagOctets;
  if (sealed.size() < kOverhead)
    return fail(Errc::bad_encoding,
                fmt::format("{} octets are too few to be sealed", sealed.size()));
  if (sealed.size() - kOverhead > kAeadMaxPlaintextOctets ||
      additional.size() > kAeadMaxPlaintextOctets)
    return fail(Errc::too_large, fmt::format("more than {} octets to open at once",
                                             kAeadMaxPlaintextOctets));
  const ByteView ciphertext = sealed.subspan(kAeadNonceOctets, sealed.size() - kOverhead);
  std::array<std::uint8_t, kAeadTagOctets> tag;
  std::ranges::copy(sealed.last(kAeadTagOctets), tag.begin());
  SecretBytes plaintext(ciphertext.size());
  const EvpCipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  if (!context ||
      EVP_DecryptInit_ex2(context.get(), fetched_aes_256_gcm(), key.reveal().data(), sealed.data(),
                          nullptr) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &size, additional.data(),
                        static_cast<int>(additional.size())) != 1 ||
      (!ciphertext.empty() &&
       EVP_DecryptUpdate(context.get(), plaintext.writable().data(), &size, ciphertext.data(),
                         static_cast<int>(ciphertext.size())) != 1) ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagOctets, tag.data()) != 1)
    return openssl_failure(Errc::internal, "AES-256-GCM");
  if (EVP_DecryptFinal_ex(context.get(), tag.data(), &size) != 1) {
    forget_openssl_errors();
    return fail(Errc::invalid, "the sealed octets do not open: wrong key, context or content");
  }
  return plaintext;
}

Result<SecretBytes> hkdf_sha256(ByteView input_key, ByteView salt, ByteView info,
                                std::size_t size_octets) {
  constexpr std::size_t kHashOctets = 32;
  if (size_octets == 0 || size_octets > 255 * kHashOctets)
    return fail(Errc::invalid, fmt::format("HKDF cannot make {} octets", size_octets));
  auto extracted = hmac_sha256(salt, input_key);
  SecretBytes out(size_octets);
  SecretBytes block(kHashOctets + info.size() + 1);  // T(i-1) || info || i
  std::ranges::copy(info, block.writable().begin() + kHashOctets);
  ByteView message = block.reveal().subspan(kHashOctets);  // T(0) is empty
  for (std::size_t done = 0; done < size_octets; done += kHashOctets) {
    block.writable().back() = static_cast<std::uint8_t>(done / kHashOctets + 1);
    auto next = hmac_sha256(extracted, message);
    const std::size_t part = std::min(kHashOctets, size_octets - done);
    std::copy_n(next.begin(), part, out.writable().begin() + static_cast<std::ptrdiff_t>(done));
    std::ranges::copy(next, block.writable().begin());
    wipe_memory(next.data(), next.size());
    message = block.reveal();
  }
  wipe_memory(extracted.data(), extracted.size());
  return out;
}

Result<SecretBytes> argon2id(const SecretBytes& passphrase, ByteView salt,
                             const Argon2idParameters& parameters, std::size_t size_octets) {
  static_assert(Argon2idParameters::kSaltOctets == crypto_pwhash_argon2id_SALTBYTES);
  constexpr std::uint32_t kMinMemoryKib = 8;
  if (passphrase.empty()) return fail(Errc::invalid, "the passphrase is empty");
  if (salt.size() != Argon2idParameters::kSaltOctets)
    return fail(Errc::invalid, fmt::format("a salt has {} octets, not {}",
                                           Argon2idParameters::kSaltOctets, salt.size()));
  if (parameters.passes == 0 || parameters.passes > Argon2idParameters::kMaxPasses ||
      parameters.memory_kib < kMinMemoryKib ||
      parameters.memory_kib > Argon2idParameters::kMaxMemoryKib || size_octets < 16 ||
      size_octets > 1024)
    return fail(Errc::invalid,
                fmt::format("Argon2id with {} passes over {} KiB for {} octets is out of range",
                            parameters.passes, parameters.memory_kib, size_octets));
  ensure_sodium();
  SecretBytes out(size_octets);
  const ByteView text = passphrase.reveal();
  if (crypto_pwhash_argon2id(out.writable().data(), size_octets,
                             reinterpret_cast<const char*>(text.data()), text.size(), salt.data(),
                             parameters.passes, std::size_t{parameters.memory_kib} * 1024,
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
    return fail(Errc::unavailable, fmt::format("Argon2id could not have {} KiB of memory",
                                               parameters.memory_kib));
  return out;
}

}  // namespace certwright::crypto
