#include "keys/sealer.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "crypto/aead.h"

namespace certwright::keys {
namespace {

constexpr std::size_t kMaxContextOctets = 256;

Result<void> check_context(std::string_view context) {
  if (!context.empty() && context.size() <= kMaxContextOctets) return {};
  return fail(Errc::invalid, fmt::format("a sealing context has 1 to {} octets, not {}",
                                         kMaxContextOctets, context.size()));
}

// Each envelope has a key of its own, so no key comes near the 2^32 messages that random 96-bit
// nonces allow.
Result<SecretBytes> envelope_key(const KeyEncryptionKey& kek, ByteView salt) {
  return crypto::hkdf_sha256(kek.secret().reveal(), salt, as_bytes("certwright envelope"),
                             crypto::kAeadKeyOctets);
}

// What is authenticated beside the content: the header as it stands, and the context.
Bytes additional_data(ByteView header, std::string_view context) {
  Bytes additional;
  additional.reserve(header.size() + context.size());
  additional.insert(additional.end(), header.begin(), header.end());
  additional.insert(additional.end(), context.begin(), context.end());
  return additional;
}

}  // namespace

Result<EnvelopeHeader> EnvelopeHeader::parse(ByteView sealed) {
  if (sealed.size() > kMaxEnvelopeOctets)
    return fail(Errc::too_large, fmt::format("an envelope of {} octets is over the limit of {}",
                                             sealed.size(), kMaxEnvelopeOctets));
  if (sealed.size() < kMinEnvelopeOctets)
    return fail(Errc::bad_encoding,
                fmt::format("{} octets are too few for an envelope", sealed.size()));
  if (sealed[0] != kVersion)
    return fail(Errc::bad_encoding,
                fmt::format("an envelope of version {}, not {}", sealed[0], kVersion));
  EnvelopeHeader header;
  std::ranges::copy(sealed.subspan(1, header.kek_id.size()), header.kek_id.begin());
  std::ranges::copy(sealed.subspan(1 + header.kek_id.size(), kSaltOctets), header.salt.begin());
  header.ciphertext = sealed.subspan(kOctets);
  return header;
}

struct Sealer::Ring {
  using Id = std::array<std::uint8_t, KeyEncryptionKey::kIdOctets>;
  std::map<Id, KeyEncryptionKey> keks;
  Id active{};

  const KeyEncryptionKey& active_kek() const { return keks.at(active); }
  auto find(std::string_view id_hex) {
    return std::ranges::find_if(keks,
                                [&](const auto& entry) { return to_hex(entry.first) == id_hex; });
  }
};

Sealer::Sealer(KeyEncryptionKey active, crypto::Random& random)
    : ring_(std::make_unique<Ring>()), random_(random) {
  ring_->active = active.id();
  ring_->keks.emplace(active.id(), std::move(active));
}
Sealer::~Sealer() = default;

Result<Bytes> Sealer::seal(std::string_view context, ByteView plaintext) const {
  CERTWRIGHT_CHECK(check_context(context));
  if (plaintext.size() > EnvelopeHeader::kMaxEnvelopeOctets - EnvelopeHeader::kMinEnvelopeOctets)
    return fail(Errc::too_large, fmt::format("{} octets are too many to seal", plaintext.size()));
  Bytes envelope(EnvelopeHeader::kOctets);
  envelope[0] = EnvelopeHeader::kVersion;
  const auto salt = std::span(envelope).last(EnvelopeHeader::kSaltOctets);
  random_.fill(salt);
  SecretBytes key;
  {
    const std::shared_lock lock(mutex_);
    const KeyEncryptionKey& kek = ring_->active_kek();
    std::ranges::copy(kek.id(), envelope.begin() + 1);
    CERTWRIGHT_TRY(key, envelope_key(kek, salt));
  }
  CERTWRIGHT_TRY(const Bytes sealed,
                 crypto::seal(key, additional_data(envelope, context), plaintext, random_));
  envelope.insert(envelope.end(), sealed.begin(), sealed.end());
  return envelope;
}

Result<SecretBytes> Sealer::open(std::string_view context, ByteView sealed) const {
  CERTWRIGHT_CHECK(check_context(context));
  CERTWRIGHT_TRY(const EnvelopeHeader header, EnvelopeHeader::parse(sealed));
  SecretBytes key;
  {
    const std::shared_lock lock(mutex_);
    const auto kek = ring_->keks.find(header.kek_id);
    if (kek == ring_->keks.end())
      return fail(Errc::not_found,
                  fmt::format("'{}' is sealed under key-encryption key {}, which is not here; the "
                              "active one is {}",
                              context, to_hex(header.kek_id), to_hex(ring_->active)));
    CERTWRIGHT_TRY(key, envelope_key(kek->second, header.salt));
  }
  auto plaintext = crypto::open(
      key, additional_data(sealed.first(EnvelopeHeader::kOctets), context), header.ciphertext);
  if (!plaintext && plaintext.error().code == Errc::invalid)
    return fail(Errc::invalid,
                fmt::format("what is stored as '{}' was altered, or was sealed for another use",
                            context));
  return plaintext;
}

Result<void> Sealer::add(KeyEncryptionKey kek) {
  const std::unique_lock lock(mutex_);
  if (ring_->keks.size() == kMaxKeks && !ring_->keks.contains(kek.id()))
    return fail(Errc::too_large, fmt::format("more than {} key-encryption keys", kMaxKeks));
  const auto id = kek.id();
  ring_->keks.try_emplace(id, std::move(kek));
  return {};
}

Result<void> Sealer::activate(std::string_view id_hex) {
  const std::unique_lock lock(mutex_);
  const auto kek = ring_->find(id_hex);
  if (kek == ring_->keks.end())
    return fail(Errc::not_found, fmt::format("no key-encryption key {}", id_hex));
  ring_->active = kek->first;
  return {};
}

Result<void> Sealer::remove(std::string_view id_hex) {
  const std::unique_lock lock(mutex_);
  const auto kek = ring_->find(id_hex);
  if (kek == ring_->keks.end())
    return fail(Errc::not_found, fmt::format("no key-encryption key {}", id_hex));
  if (kek->first == ring_->active)
    return fail(Errc::conflict, fmt::format("key-encryption key {} is the active one", id_hex));
  ring_->keks.erase(kek);
  return {};
}

std::string Sealer::active_id_hex() const {
  const std::shared_lock lock(mutex_);
  return to_hex(ring_->active);
}

Result<KeyEncryptionKey> Sealer::copy_of_active() const {
  const std::shared_lock lock(mutex_);
  return KeyEncryptionKey::create(ring_->active_kek().secret().clone());
}

std::vector<std::string> Sealer::ids_hex() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> ids{to_hex(ring_->active)};
  for (const auto& [id, kek] : ring_->keks)
    if (id != ring_->active) ids.push_back(to_hex(id));
  return ids;
}

Result<Bytes> Sealer::reseal(std::string_view context, ByteView sealed) const {
  CERTWRIGHT_TRY(const SecretBytes plaintext, open(context, sealed));
  return seal(context, plaintext.reveal());
}

}  // namespace certwright::keys
