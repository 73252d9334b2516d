// Ours beside the library's own calls in the same run: `build/bench/certwright_crypto_bench`.
// A pair's ratio is what counts; run with --benchmark_repetitions=5 on a quiet machine.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <benchmark/benchmark.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/private_key.h"
#include "crypto/public_key.h"
#include "crypto/random.h"
#include "crypto/signing.h"
#include "crypto/verifying.h"

namespace certwright::crypto {
namespace {

const Bytes kMessage(700, 0x5a);  // about a TBSCertificate

PrivateKey key_of(const char* name) {
  return PrivateKey::generate(*find_key_algorithm(name).value()).value();
}

EVP_PKEY* raw_key(const PrivateKey& key) {
  const SecretBytes der = key.pkcs8_der();
  const unsigned char* at = der.reveal().data();
  return d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
}

void our_sign(benchmark::State& state, const char* key_name) {
  const PrivateKey key = key_of(key_name);
  auto context = SigningContext::create(key, default_signature_algorithm(key.algorithm())).value();
  for (auto _ : state) benchmark::DoNotOptimize(context.sign(kMessage));
}

// A reused EVP_PKEY_CTX and EVP_MD_CTX with a fetched digest: the best the EVP layer offers.
void raw_sign(benchmark::State& state, const char* key_name) {
  EVP_PKEY* const key = raw_key(key_of(key_name));
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key, nullptr);
  EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* const hash = EVP_MD_CTX_new();
  EVP_PKEY_sign_init(context);
  EVP_PKEY_CTX_set_signature_md(context, md);
  unsigned char digest[32];
  unsigned char signature[512];
  for (auto _ : state) {
    std::size_t size = sizeof signature;
    EVP_DigestInit_ex2(hash, md, nullptr);
    EVP_DigestUpdate(hash, kMessage.data(), kMessage.size());
    EVP_DigestFinal_ex(hash, digest, nullptr);
    if (EVP_PKEY_sign(context, signature, &size, digest, sizeof digest) != 1)
      state.SkipWithError("sign");
  }
  EVP_MD_CTX_free(hash);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  EVP_MD_free(md);
}

void our_verify_new_key(benchmark::State& state, const char* key_name) {
  const PrivateKey key = key_of(key_name);
  const SignatureAlgorithm& algorithm = default_signature_algorithm(key.algorithm());
  const Bytes signature =
      SigningContext::create(key, algorithm).value().sign(kMessage).value();
  for (auto _ : state)
    if (!verify(key.subject_public_key_info_tlv(), algorithm.identifier_tlv, kMessage, signature))
      state.SkipWithError("verify");
}

void our_verify_same_key(benchmark::State& state, const char* key_name) {
  const PrivateKey key = key_of(key_name);
  const SignatureAlgorithm& algorithm = default_signature_algorithm(key.algorithm());
  const Bytes signature =
      SigningContext::create(key, algorithm).value().sign(kMessage).value();
  auto context = VerifyingContext::create(key.subject_public_key_info_tlv(), algorithm).value();
  for (auto _ : state)
    if (!context.verify(kMessage, signature)) state.SkipWithError("verify");
}

void raw_verify(benchmark::State& state, const char* key_name) {
  const PrivateKey own = key_of(key_name);
  const Bytes signature = SigningContext::create(own, default_signature_algorithm(own.algorithm()))
                              .value()
                              .sign(kMessage)
                              .value();
  EVP_PKEY* const key = raw_key(own);
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(key, nullptr);
  EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* const hash = EVP_MD_CTX_new();
  EVP_PKEY_verify_init(context);
  EVP_PKEY_CTX_set_signature_md(context, md);
  unsigned char digest[32];
  for (auto _ : state) {
    EVP_DigestInit_ex2(hash, md, nullptr);
    EVP_DigestUpdate(hash, kMessage.data(), kMessage.size());
    EVP_DigestFinal_ex(hash, digest, nullptr);
    if (EVP_PKEY_verify(context, signature.data(), signature.size(), digest, sizeof digest) != 1)
      state.SkipWithError("verify");
  }
  EVP_MD_CTX_free(hash);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  EVP_MD_free(md);
}

void our_keygen(benchmark::State& state, const char* name) {
  const KeyAlgorithm& algorithm = *find_key_algorithm(name).value();
  for (auto _ : state) benchmark::DoNotOptimize(PrivateKey::generate(algorithm));
}
void our_keygen_pkcs8(benchmark::State& state, const char* name) {
  const KeyAlgorithm& algorithm = *find_key_algorithm(name).value();
  for (auto _ : state)
    benchmark::DoNotOptimize(PrivateKey::generate(algorithm).value().pkcs8_der());
}
void our_from_pkcs8(benchmark::State& state, const char* name) {
  const SecretBytes der = key_of(name).pkcs8_der();
  for (auto _ : state) benchmark::DoNotOptimize(PrivateKey::from_pkcs8(der));
}
// The least that makes a usable P-256 key pair: a reused EC_KEY, and the 65 octets of its point.
void raw_keygen_p256(benchmark::State& state) {
  EC_KEY* const key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
  unsigned char point[65];
  for (auto _ : state) {
    EC_KEY_generate_key(key);
    benchmark::DoNotOptimize(EC_POINT_point2oct(EC_KEY_get0_group(key),
                                                EC_KEY_get0_public_key(key),
                                                POINT_CONVERSION_UNCOMPRESSED, point, 65, nullptr));
  }
  EC_KEY_free(key);
}

void our_check(benchmark::State& state, const char* name) {
  const PrivateKey key = key_of(name);
  for (auto _ : state)
    if (!check_public_key(key.subject_public_key_info_tlv())) state.SkipWithError("check");
}

void our_sha256(benchmark::State& state) {
  const Bytes text(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) benchmark::DoNotOptimize(sha256(text));
}
void our_hmac(benchmark::State& state) {
  const Bytes text(120, 1);
  for (auto _ : state) benchmark::DoNotOptimize(hmac_sha256(text, text));
}
void our_random_20(benchmark::State& state) {
  SystemRandom random;
  std::array<std::uint8_t, 20> out;
  for (auto _ : state) {
    random.fill(out);
    benchmark::DoNotOptimize(out);
  }
}
void our_seal(benchmark::State& state) {
  SystemRandom random;
  const SecretBytes key(32);
  const Bytes text(138, 1);
  for (auto _ : state) benchmark::DoNotOptimize(seal(key, text, text, random));
}

BENCHMARK_CAPTURE(raw_sign, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_sign, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_sign, p256_threads, "ecdsa-p256")->Threads(4);
BENCHMARK_CAPTURE(raw_sign, rsa2048, "rsa-2048");
BENCHMARK_CAPTURE(our_sign, rsa2048, "rsa-2048");
BENCHMARK_CAPTURE(our_sign, p384, "ecdsa-p384");
BENCHMARK_CAPTURE(our_sign, ed25519, "ed25519");
BENCHMARK_CAPTURE(raw_verify, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_verify_same_key, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_verify_new_key, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_verify_new_key, p256_threads, "ecdsa-p256")->Threads(4);
BENCHMARK_CAPTURE(raw_verify, rsa2048, "rsa-2048");
BENCHMARK_CAPTURE(our_verify_same_key, rsa2048, "rsa-2048");
BENCHMARK_CAPTURE(our_verify_new_key, rsa2048, "rsa-2048");
BENCHMARK_CAPTURE(our_verify_new_key, ed25519, "ed25519");
BENCHMARK(raw_keygen_p256);
BENCHMARK_CAPTURE(our_keygen, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_keygen, p256_threads, "ecdsa-p256")->Threads(4);
BENCHMARK_CAPTURE(our_keygen_pkcs8, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_keygen_pkcs8, p256_threads, "ecdsa-p256")->Threads(4);
BENCHMARK_CAPTURE(our_keygen, ed25519, "ed25519");
BENCHMARK_CAPTURE(our_from_pkcs8, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_check, p256, "ecdsa-p256");
BENCHMARK_CAPTURE(our_check, ed25519, "ed25519");
BENCHMARK_CAPTURE(our_check, rsa2048, "rsa-2048");
BENCHMARK_CAPTURE(our_check, rsa4096, "rsa-4096");
BENCHMARK(our_sha256)->Arg(32)->Arg(700)->Arg(8192);
BENCHMARK(our_hmac);
BENCHMARK(our_random_20);
BENCHMARK(our_seal);

}  // namespace
}  // namespace certwright::crypto

BENCHMARK_MAIN();
