#include "crypto/digest.h"

#include <cstring>

#include "bytes/secret_bytes.h"
#include "crypto/openssl_handle.h"

namespace certwright::crypto {
namespace {

// One context per thread and algorithm: initialising it again with the digest it has is cheap.
EVP_MD_CTX* thread_digest_context(DigestAlgorithm algorithm) noexcept {
  thread_local EvpMdContext contexts[4];
  EvpMdContext& context = contexts[static_cast<std::size_t>(algorithm)];
  if (!context) {
    context.reset(EVP_MD_CTX_new());
    if (!context) abort_without("a digest context");
  }
  return context.get();
}

void start_digest(EVP_MD_CTX* context, DigestAlgorithm algorithm) noexcept {
  if (EVP_DigestInit_ex2(context, fetched_digest(algorithm), nullptr) != 1)
    abort_without("a digest");
}

template <std::size_t N>
std::array<std::uint8_t, N> fixed_digest(DigestAlgorithm algorithm, ByteView message) noexcept {
  std::array<std::uint8_t, N> out;
  digest_into(algorithm, message, out.data());
  return out;
}

}  // namespace

void digest_into(DigestAlgorithm algorithm, ByteView message, std::uint8_t* out) noexcept {
  EVP_MD_CTX* const context = thread_digest_context(algorithm);
  start_digest(context, algorithm);
  if (EVP_DigestUpdate(context, message.data(), message.size()) != 1 ||
      EVP_DigestFinal_ex(context, out, nullptr) != 1)
    abort_without("a digest");
}

std::array<std::uint8_t, 20> sha1(ByteView message) noexcept {
  return fixed_digest<20>(DigestAlgorithm::sha1, message);
}
std::array<std::uint8_t, 32> sha256(ByteView message) noexcept {
  return fixed_digest<32>(DigestAlgorithm::sha256, message);
}
std::array<std::uint8_t, 48> sha384(ByteView message) noexcept {
  return fixed_digest<48>(DigestAlgorithm::sha384, message);
}
std::array<std::uint8_t, 64> sha512(ByteView message) noexcept {
  return fixed_digest<64>(DigestAlgorithm::sha512, message);
}

Bytes digest(DigestAlgorithm algorithm, ByteView message) {
  Bytes out(digest_size_octets(algorithm));
  digest_into(algorithm, message, out.data());
  return out;
}

struct Sha256::Context {
  EvpMdContext md{EVP_MD_CTX_new()};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (!context_->md) abort_without("a digest context");
  start_digest(context_->md.get(), DigestAlgorithm::sha256);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(ByteView part) noexcept {
  if (EVP_DigestUpdate(context_->md.get(), part.data(), part.size()) != 1)
    abort_without("a digest");
}

std::array<std::uint8_t, 32> Sha256::finish() noexcept {
  std::array<std::uint8_t, 32> out;
  if (EVP_DigestFinal_ex(context_->md.get(), out.data(), nullptr) != 1) abort_without("a digest");
  start_digest(context_->md.get(), DigestAlgorithm::sha256);
  return out;
}

// Written out over the digest above: EVP_MAC would allocate a context for each message.
std::array<std::uint8_t, 32> hmac_sha256(ByteView key, ByteView message) noexcept {
  constexpr std::size_t kBlockOctets = 64;
  std::array<std::uint8_t, kBlockOctets> pad{};
  if (key.size() > kBlockOctets)
    digest_into(DigestAlgorithm::sha256, key, pad.data());
  else if (!key.empty())
    std::memcpy(pad.data(), key.data(), key.size());

  EVP_MD_CTX* const context = thread_digest_context(DigestAlgorithm::sha256);
  std::array<std::uint8_t, 32> out;
  const auto round = [&](std::uint8_t mask, ByteView text) noexcept {
    for (std::uint8_t& octet : pad) octet = static_cast<std::uint8_t>(octet ^ mask);
    start_digest(context, DigestAlgorithm::sha256);
    if (EVP_DigestUpdate(context, pad.data(), pad.size()) != 1 ||
        EVP_DigestUpdate(context, text.data(), text.size()) != 1 ||
        EVP_DigestFinal_ex(context, out.data(), nullptr) != 1)
      abort_without("a digest");
  };
  round(0x36, message);
  const std::array<std::uint8_t, 32> inner = out;
  round(0x36 ^ 0x5c, inner);  // takes the inner mask off and puts the outer one on
  wipe_memory(pad.data(), pad.size());
  return out;
}

}  // namespace certwright::crypto
