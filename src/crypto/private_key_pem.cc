// PEM, and what is encrypted under a passphrase.
#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "crypto/key_material.h"
#include "crypto/private_key.h"

namespace certwright::crypto {
namespace {

// One PEM block as the library hands it out; wiped.
struct PemBlock {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  PemBlock() = default;
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;
  ~PemBlock() { clear(); }
  void clear() noexcept {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
    name = header = nullptr;
    data = nullptr;
    size = 0;
  }
};

int give_passphrase(char* buffer, int size, int, void* secret) noexcept {
  const ByteView text = static_cast<const SecretBytes*>(secret)->reveal();
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

tl::unexpected<Error> wrong_passphrase(const SecretBytes& passphrase) {
  forget_openssl_errors();
  return passphrase.empty()
             ? fail_field(Errc::invalid, "passphrase", "the private key needs its passphrase")
             : fail_field(Errc::invalid, "passphrase", "the passphrase does not open the key");
}

Result<PrivateKey> decrypt_pkcs8(ByteView der, const SecretBytes& passphrase) {
  const unsigned char* at = der.data();
  const X509Signature encrypted(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!encrypted || at != der.data() + der.size()) {
    forget_openssl_errors();
    return fail(Errc::bad_encoding, "the encrypted private key is not PKCS#8");
  }
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(encrypted.get(), &algorithm, nullptr);
  CERTWRIGHT_CHECK(check_encryption_cost(*algorithm));
  if (passphrase.empty()) return wrong_passphrase(passphrase);
  const ByteView text = passphrase.reveal();
  const Pkcs8Info info(PKCS8_decrypt(encrypted.get(), reinterpret_cast<const char*>(text.data()),
                                     static_cast<int>(text.size())));
  if (!info) return wrong_passphrase(passphrase);
  EvpPkey pkey(EVP_PKCS82PKEY(info.get()));
  if (!pkey) return openssl_failure(Errc::invalid, "reading the PKCS#8 private key");
  return private_key_from_object(std::move(pkey));
}

// RSA PRIVATE KEY and EC PRIVATE KEY, perhaps with a Proc-Type header.
Result<PrivateKey> read_traditional(PemBlock& block, int type, const SecretBytes& passphrase) {
  EVP_CIPHER_INFO cipher{};
  long size = block.size;
  if (PEM_get_EVP_CIPHER_INFO(block.header, &cipher) != 1)
    return openssl_failure(Errc::bad_encoding, "reading the PEM header");
  if (PEM_do_header(&cipher, block.data, &size, give_passphrase,
                    const_cast<SecretBytes*>(&passphrase)) != 1)
    return wrong_passphrase(passphrase);
  const unsigned char* at = block.data;
  EvpPkey pkey(d2i_PrivateKey(type, nullptr, &at, size));
  if (!pkey || at != block.data + size) {
    if (cipher.cipher != nullptr) return wrong_passphrase(passphrase);
    return openssl_failure(Errc::bad_encoding, "reading the private key");
  }
  return private_key_from_object(std::move(pkey));
}

Result<void> check_iterations(const ASN1_INTEGER* iterations) {
  std::uint64_t count = 0;
  if (iterations == nullptr || ASN1_INTEGER_get_uint64(&count, iterations) != 1 ||
      count > PrivateKey::kMaxKdfIterations) {
    forget_openssl_errors();
    return fail(Errc::too_large,
                fmt::format("the key's encryption asks for more than {} iterations",
                            PrivateKey::kMaxKdfIterations));
  }
  return {};
}

template <class T, auto Free>
OpensslOwner<T, Free> unpack_parameter(const ASN1_TYPE* parameter, const ASN1_ITEM* item) noexcept {
  return OpensslOwner<T, Free>(
      parameter == nullptr ? nullptr
                           : static_cast<T*>(ASN1_TYPE_unpack_sequence(item, parameter)));
}

Result<void> check_scrypt_cost(const ASN1_TYPE* parameter) {
  constexpr std::uint64_t kMaxMemoryOctets = 1ull << 30;
  const auto scrypt = unpack_parameter<SCRYPT_PARAMS, SCRYPT_PARAMS_free>(
      parameter, ASN1_ITEM_rptr(SCRYPT_PARAMS));
  std::uint64_t cost = 0;
  std::uint64_t block = 0;
  std::uint64_t lanes = 0;
  if (!scrypt || ASN1_INTEGER_get_uint64(&cost, scrypt->costParameter) != 1 ||
      ASN1_INTEGER_get_uint64(&block, scrypt->blockSize) != 1 ||
      ASN1_INTEGER_get_uint64(&lanes, scrypt->parallelizationParameter) != 1 || block > 1024 ||
      lanes > 64 || cost > kMaxMemoryOctets / (128 * std::max<std::uint64_t>(block, 1))) {
    forget_openssl_errors();
    return fail(Errc::too_large, "the key's encryption asks scrypt for too much memory or time");
  }
  return {};
}

}  // namespace

Result<void> check_encryption_cost(const X509_ALGOR& algorithm) {
  const ASN1_OBJECT* oid = nullptr;
  int type = V_ASN1_UNDEF;
  const void* ignored = nullptr;
  X509_ALGOR_get0(&oid, &type, &ignored, &algorithm);
  if (OBJ_obj2nid(oid) != NID_pbes2) {  // PKCS#5 version 1 and PKCS#12 schemes: salt, iterations
    const auto pbe =
        unpack_parameter<PBEPARAM, PBEPARAM_free>(algorithm.parameter, ASN1_ITEM_rptr(PBEPARAM));
    if (!pbe) {
      forget_openssl_errors();
      return fail(Errc::invalid, "the key is encrypted in an unsupported way");
    }
    return check_iterations(pbe->iter);
  }
  const auto pbe2 =
      unpack_parameter<PBE2PARAM, PBE2PARAM_free>(algorithm.parameter, ASN1_ITEM_rptr(PBE2PARAM));
  if (!pbe2) {
    forget_openssl_errors();
    return fail(Errc::bad_encoding, "the parameters of PBES2 are not DER");
  }
  X509_ALGOR_get0(&oid, &type, &ignored, pbe2->keyfunc);
  if (OBJ_obj2nid(oid) == NID_id_scrypt) return check_scrypt_cost(pbe2->keyfunc->parameter);
  const auto pbkdf2 = unpack_parameter<PBKDF2PARAM, PBKDF2PARAM_free>(
      pbe2->keyfunc->parameter, ASN1_ITEM_rptr(PBKDF2PARAM));
  if (!pbkdf2 || OBJ_obj2nid(oid) != NID_id_pbkdf2) {
    forget_openssl_errors();
    return fail(Errc::invalid, "the key's encryption uses neither PBKDF2 nor scrypt");
  }
  return check_iterations(pbkdf2->iter);
}

Result<SecretBytes> PrivateKey::encrypted_pem(const SecretBytes& passphrase) const {
  constexpr int kIterations = 600'000;
  constexpr int kSaltOctets = 16;
  if (passphrase.size() < kMinPassphraseOctets || passphrase.size() > kMaxPassphraseOctets)
    return fail_field(passphrase.size() < kMinPassphraseOctets ? Errc::invalid : Errc::too_large, "passphrase",
                      fmt::format("a passphrase has {} to {} octets", kMinPassphraseOctets, kMaxPassphraseOctets));
  const SecretBytes der = pkcs8_der();
  const ByteView text = passphrase.reveal();
  const unsigned char* at = der.reveal().data();
  const Pkcs8Info info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  const Bio bio(BIO_new(BIO_s_mem()));
  // No salt given: the library draws one.
  const X509Signature encrypted(
      info ? PKCS8_encrypt(-1, EVP_aes_256_cbc(), reinterpret_cast<const char*>(text.data()),
                           static_cast<int>(text.size()), nullptr, kSaltOctets, kIterations, info.get())
           : nullptr);
  char* pem = nullptr;
  if (!bio || !encrypted || PEM_write_bio_PKCS8(bio.get(), encrypted.get()) != 1)
    return openssl_failure(Errc::internal, "encrypting the private key");
  const long size = BIO_get_mem_data(bio.get(), &pem);
  return SecretBytes::copy_of(as_bytes(std::string_view(pem, static_cast<std::size_t>(size))));
}

Result<PrivateKey> PrivateKey::from_pem(const SecretBytes& pem, const SecretBytes& passphrase) {
  constexpr int kMaxOtherBlocks = 32;
  if (pem.size() > 2 * kMaxEncodingOctets)
    return fail(Errc::too_large, fmt::format("a PEM file of {} octets is over the limit of {}",
                                             pem.size(), 2 * kMaxEncodingOctets));
  if (passphrase.size() > kMaxPassphraseOctets)
    return fail_field(Errc::too_large, "passphrase",
                      fmt::format("a passphrase has at most {} octets", kMaxPassphraseOctets));
  if (pem.empty()) return fail(Errc::bad_encoding, "there is no private key in the PEM text");
  const Bio bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size())));
  if (!bio) return openssl_failure(Errc::internal, "reading memory");
  PemBlock block;
  for (int others = 0; others <= kMaxOtherBlocks; ++others) {
    block.clear();
    if (PEM_read_bio(bio.get(), &block.name, &block.header, &block.data, &block.size) != 1) break;
    const std::string_view name = block.name;
    const ByteView der(block.data, static_cast<std::size_t>(block.size));
    if (name == "PRIVATE KEY") return from_pkcs8(SecretBytes::copy_of(der));
    if (name == "ENCRYPTED PRIVATE KEY") return decrypt_pkcs8(der, passphrase);
    if (name == "RSA PRIVATE KEY") return read_traditional(block, EVP_PKEY_RSA, passphrase);
    if (name == "EC PRIVATE KEY") return read_traditional(block, EVP_PKEY_EC, passphrase);
    if (name.ends_with("PRIVATE KEY"))
      return fail(Errc::invalid, fmt::format("unsupported kind of key: {}", name.substr(0, 40)));
  }
  forget_openssl_errors();
  return fail(Errc::bad_encoding, "there is no private key in the PEM text");
}

}  // namespace certwright::crypto
