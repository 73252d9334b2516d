#include "crypto/openssl_handle.h"

#include <cstdio>
#include <cstdlib>

#include <sodium.h>

#include <fmt/format.h>

namespace certwright::crypto {

tl::unexpected<Error> openssl_failure(Errc code, std::string_view what) {
  const unsigned long number = ERR_peek_last_error();
  const char* const reason = number == 0 ? nullptr : ERR_reason_error_string(number);
  ERR_clear_error();
  if (reason == nullptr) return fail(code, fmt::format("{} failed", what));
  return fail(code, fmt::format("{} failed: {}", what, reason));
}

void abort_without(std::string_view what) noexcept {
  std::fprintf(stderr, "certwright: the cryptographic library cannot do %.*s\n",
               static_cast<int>(what.size()), what.data());
  std::abort();
}

const EVP_MD* fetched_digest(DigestAlgorithm algorithm) noexcept {
  struct Fetched {
    EVP_MD* md[4];
    Fetched() noexcept {
      constexpr const char* kNames[] = {"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"};
      for (std::size_t i = 0; i < std::size(kNames); ++i) {
        md[i] = EVP_MD_fetch(nullptr, kNames[i], nullptr);
        if (md[i] == nullptr) abort_without(kNames[i]);
      }
    }
  };
  static const Fetched fetched;  // never freed: threads may outlive main
  return fetched.md[static_cast<std::size_t>(algorithm)];
}

void ensure_sodium() noexcept {
  static const bool ready = sodium_init() >= 0;
  if (!ready) abort_without("libsodium's initialisation");
}

}  // namespace certwright::crypto
