#include "crypto/pkcs12.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/key_material.h"

namespace certwright::crypto {
namespace {

void free_authsafes(STACK_OF(PKCS7) * stack) noexcept { sk_PKCS7_pop_free(stack, PKCS7_free); }
void free_safebags(STACK_OF(PKCS12_SAFEBAG) * stack) noexcept {
  sk_PKCS12_SAFEBAG_pop_free(stack, PKCS12_SAFEBAG_free);
}
using Pkcs12File = OpensslOwner<PKCS12, PKCS12_free>;
using Authsafes = OpensslOwner<STACK_OF(PKCS7), free_authsafes>;
using Safebags = OpensslOwner<STACK_OF(PKCS12_SAFEBAG), free_safebags>;
using X509Certificate = OpensslOwner<X509, X509_free>;

// What has been found so far; `spkis` runs beside `certificates`.
struct Pkcs12Reader {
  // nullptr and "" are different passwords to PKCS#12; files without one use either.
  const char* passphrase;
  int passphrase_octets;
  std::optional<PrivateKey> key;
  std::vector<Bytes> certificates;
  std::vector<Bytes> spkis;

  Result<void> read_safe(PKCS7* safe);
  Result<void> read_bag(const PKCS12_SAFEBAG* bag);
  Result<void> read_key(const PKCS8_PRIV_KEY_INFO* info);
  Result<void> read_certificate(const PKCS12_SAFEBAG* bag);
};

template <auto Encode, class T>
Bytes encoding_of(T* object) {
  unsigned char* encoded = nullptr;
  const int size = Encode(object, &encoded);
  if (size <= 0) return {};
  Bytes out(encoded, encoded + size);
  OPENSSL_free(encoded);
  return out;
}

Result<void> Pkcs12Reader::read_safe(PKCS7* safe) {
  Safebags bags;
  if (PKCS7_type_is_data(safe)) {
    bags.reset(PKCS12_unpack_p7data(safe));
  } else if (PKCS7_type_is_encrypted(safe)) {
    CERTWRIGHT_CHECK(check_encryption_cost(*safe->d.encrypted->enc_data->algorithm));
    bags.reset(PKCS12_unpack_p7encdata(safe, passphrase, passphrase_octets));
  } else {
    return fail(Errc::invalid, "the PKCS#12 file is not protected by a passphrase");
  }
  if (!bags) return openssl_failure(Errc::invalid, "decrypting a part of the PKCS#12 file");
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags.get()); ++i)
    CERTWRIGHT_CHECK(read_bag(sk_PKCS12_SAFEBAG_value(bags.get(), i)));
  return {};
}

Result<void> Pkcs12Reader::read_bag(const PKCS12_SAFEBAG* bag) {
  switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_keyBag: return read_key(PKCS12_SAFEBAG_get0_p8inf(bag));
    case NID_certBag: return read_certificate(bag);
    case NID_pkcs8ShroudedKeyBag: break;
    case NID_safeContentsBag:
      return fail(Errc::invalid, "the PKCS#12 file nests its parts, which nothing writes");
    default: return {};  // CRLs and secrets are none of ours
  }
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, nullptr);
  CERTWRIGHT_CHECK(check_encryption_cost(*algorithm));
  const Pkcs8Info info(PKCS12_decrypt_skey(bag, passphrase, passphrase_octets));
  if (!info) return openssl_failure(Errc::invalid, "decrypting the key in the PKCS#12 file");
  return read_key(info.get());
}

Result<void> Pkcs12Reader::read_key(const PKCS8_PRIV_KEY_INFO* info) {
  if (key) return fail(Errc::invalid, "the PKCS#12 file holds more than one private key");
  EvpPkey pkey(EVP_PKCS82PKEY(info));
  if (!pkey) return openssl_failure(Errc::invalid, "reading the key in the PKCS#12 file");
  CERTWRIGHT_TRY(key, private_key_from_object(std::move(pkey)));
  return {};
}

Result<void> Pkcs12Reader::read_certificate(const PKCS12_SAFEBAG* bag) {
  if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return {};
  if (certificates.size() == kPkcs12MaxCertificates)
    return fail(Errc::too_large, fmt::format("the PKCS#12 file holds more than {} certificates",
                                             kPkcs12MaxCertificates));
  const X509Certificate certificate(PKCS12_SAFEBAG_get1_cert(bag));
  if (!certificate) return openssl_failure(Errc::bad_encoding, "reading a certificate");
  certificates.push_back(encoding_of<i2d_X509>(certificate.get()));
  spkis.push_back(encoding_of<i2d_X509_PUBKEY>(X509_get_X509_PUBKEY(certificate.get())));
  return {};
}

Result<void> check_mac(PKCS12* file, const SecretBytes& passphrase, Pkcs12Reader& reader) {
  if (PKCS12_mac_present(file) != 1)
    return fail(Errc::invalid, "the PKCS#12 file has no MAC, so nothing vouches for its content");
  const X509_ALGOR* mac = nullptr;
  const ASN1_INTEGER* iterations = nullptr;
  PKCS12_get0_mac(nullptr, &mac, nullptr, &iterations, file);
  const ASN1_OBJECT* oid = nullptr;
  X509_ALGOR_get0(&oid, nullptr, nullptr, mac);
  if (OBJ_obj2nid(oid) == NID_pbmac1)  // its iterations are elsewhere, and unlimited
    return fail(Errc::invalid, "the PKCS#12 file uses PBMAC1, which is not supported");
  std::uint64_t count = 1;  // absent means one
  if (iterations != nullptr && (ASN1_INTEGER_get_uint64(&count, iterations) != 1 ||
                                count > PrivateKey::kMaxKdfIterations))
    return fail(Errc::too_large, fmt::format("the PKCS#12 file asks for more than {} iterations",
                                             PrivateKey::kMaxKdfIterations));
  reader.passphrase_octets = static_cast<int>(passphrase.size());
  reader.passphrase =
      passphrase.empty() ? "" : reinterpret_cast<const char*>(passphrase.reveal().data());
  if (PKCS12_verify_mac(file, reader.passphrase, reader.passphrase_octets) == 1) return {};
  reader.passphrase = nullptr;
  if (passphrase.empty() && PKCS12_verify_mac(file, nullptr, 0) == 1) return {};
  return fail_field(Errc::invalid, "passphrase", "the passphrase does not open the PKCS#12 file");
}

Result<Pkcs12Content> read_pkcs12(ByteView file, const SecretBytes& passphrase) {
  if (file.size() > kPkcs12MaxOctets)
    return fail(Errc::too_large, fmt::format("a PKCS#12 file of {} octets is over the limit of {}",
                                             file.size(), kPkcs12MaxOctets));
  if (passphrase.size() > PrivateKey::kMaxPassphraseOctets)
    return fail_field(
        Errc::too_large, "passphrase",
        fmt::format("a passphrase has at most {} octets", PrivateKey::kMaxPassphraseOctets));
  const unsigned char* at = file.data();
  const Pkcs12File parsed(d2i_PKCS12(nullptr, &at, static_cast<long>(file.size())));
  if (!parsed || at != file.data() + file.size())
    return fail(Errc::bad_encoding, "the file is not PKCS#12");
  Pkcs12Reader reader{};
  CERTWRIGHT_CHECK(check_mac(parsed.get(), passphrase, reader));
  const Authsafes safes(PKCS12_unpack_authsafes(parsed.get()));
  if (!safes) return openssl_failure(Errc::bad_encoding, "reading the PKCS#12 file");
  for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i)
    CERTWRIGHT_CHECK(reader.read_safe(sk_PKCS7_value(safes.get(), i)));

  if (reader.key) {
    const ByteView spki = reader.key->subject_public_key_info_tlv();
    const auto own = std::ranges::find_if(
        reader.spkis, [&](const Bytes& other) { return std::ranges::equal(other, spki); });
    if (own != reader.spkis.end()) {
      const auto first = reader.certificates.begin();
      const auto found = first + (own - reader.spkis.begin());
      std::rotate(first, found, found + 1);
    }
  }
  return Pkcs12Content{std::move(reader.key), std::move(reader.certificates)};
}

}  // namespace

Result<Pkcs12Content> import_pkcs12(ByteView file, const SecretBytes& passphrase) {
  auto content = read_pkcs12(file, passphrase);
  // Left by whatever step it was, also where all went well: the next caller would take them for its own.
  forget_openssl_errors();
  return content;
}

}  // namespace certwright::crypto
