#pragma once
// Private to crypto: typed owners of OpenSSL's objects, and what is fetched once per process. The
// only file of the room that includes OpenSSL.
//
// The low-level EC and RSA functions are deprecated in OpenSSL 3 but are what its own providers are
// made of. They are used where the object layer above them costs several times the mathematics:
// loading a public key that is seen once (EVP: 28 us for P-256; EC_KEY_oct2key: 1.5 us).
#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif
#include <memory>
#include <string_view>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/digest.h"
#include "errors/result.h"

namespace certwright::crypto {

template <auto Free>
struct OpensslFreer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using OpensslOwner = std::unique_ptr<T, OpensslFreer<Free>>;

inline void free_bio(BIO* bio) noexcept { BIO_free(bio); }

using Bignum = OpensslOwner<BIGNUM, BN_clear_free>;
using BignumContext = OpensslOwner<BN_CTX, BN_CTX_free>;
using EcGroup = OpensslOwner<EC_GROUP, EC_GROUP_free>;
using EcKey = OpensslOwner<EC_KEY, EC_KEY_free>;
using EcPoint = OpensslOwner<EC_POINT, EC_POINT_clear_free>;
using RsaKey = OpensslOwner<RSA, RSA_free>;
using EvpPkey = OpensslOwner<EVP_PKEY, EVP_PKEY_free>;
using EvpPkeyContext = OpensslOwner<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using EvpMdContext = OpensslOwner<EVP_MD_CTX, EVP_MD_CTX_free>;
using EvpCipherContext = OpensslOwner<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Bio = OpensslOwner<BIO, free_bio>;
using Pkcs8Info = OpensslOwner<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using X509Signature = OpensslOwner<X509_SIG, X509_SIG_free>;
static_assert(sizeof(EvpPkey) == sizeof(void*));

// OpenSSL's functions have said that `what` failed: empties the thread's error queue, so that no
// later caller finds our error in it. The library's reason goes into the detail.
tl::unexpected<Error> openssl_failure(Errc code, std::string_view what);
// Empties the queue where the caller has its own words.
inline void forget_openssl_errors() noexcept { ERR_clear_error(); }

// The library cannot do what every build of it can: nothing sensible can follow.
[[noreturn]] void abort_without(std::string_view what) noexcept;

// Fetched on first use and kept for the life of the process.
const EVP_MD* fetched_digest(DigestAlgorithm algorithm) noexcept;

// digest() without the heap. `out` has room for digest_size_octets(algorithm).
void digest_into(DigestAlgorithm algorithm, ByteView message, std::uint8_t* out) noexcept;

// libsodium picks its fastest code on its first call; this makes sure that it was called.
void ensure_sodium() noexcept;

}  // namespace certwright::crypto
