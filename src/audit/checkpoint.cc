#include "audit/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>

#include "crypto/algorithm.h"
#include "crypto/digest.h"
#include "crypto/signing.h"
#include "crypto/verifying.h"
#include "x509/pem.h"

namespace certwright::audit {
namespace {

constexpr std::string_view kAlgorithm = "ed25519";
constexpr std::uint8_t kNoteAlgorithm = 1;  // Ed25519 in signed notes
constexpr std::size_t kKeyIdOctets = 4;
constexpr std::size_t kSignatureOctets = 64;
constexpr std::string_view kSignatureMark = "\xe2\x80\x94 ";  // an em dash and a space

// SubjectPublicKeyInfo of Ed25519 up to the key's octets (RFC 8410 section 4).
constexpr std::array<std::uint8_t, 12> kSpkiPrefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

Bytes spki_of(const Ed25519PublicKey& key) {
  Bytes spki(kSpkiPrefix.begin(), kSpkiPrefix.end());
  spki.insert(spki.end(), key.begin(), key.end());
  return spki;
}

Result<Ed25519PublicKey> key_in(ByteView spki) {
  Ed25519PublicKey key{};
  if (spki.size() != kSpkiPrefix.size() + key.size() ||
      !std::equal(kSpkiPrefix.begin(), kSpkiPrefix.end(), spki.begin()))
    return fail(Errc::invalid, "The audit log's key is an Ed25519 key; this is another kind.");
  std::ranges::copy(spki.subspan(kSpkiPrefix.size()), key.begin());
  return key;
}

std::array<std::uint8_t, kKeyIdOctets> key_id(std::string_view name, const Ed25519PublicKey& key) {
  Bytes message = to_bytes(as_bytes(name));
  message.push_back('\n');
  message.push_back(kNoteAlgorithm);
  message.insert(message.end(), key.begin(), key.end());
  const Hash hash = crypto::sha256(message);
  return {hash[0], hash[1], hash[2], hash[3]};
}

class KeySigner final : public CheckpointSigner {
 public:
  KeySigner(std::string name, const Ed25519PublicKey& key, crypto::SigningContext context)
      : name_(std::move(name)), key_(key), context_(std::move(context)) {}

  Result<Bytes> sign(ByteView message) override {
    const std::scoped_lock lock(mutex_);
    return context_.sign(message);
  }
  std::string_view key_name() const noexcept override { return name_; }
  Ed25519PublicKey public_key() const noexcept override { return key_; }

 private:
  const std::string name_;
  const Ed25519PublicKey key_;
  std::mutex mutex_;
  crypto::SigningContext context_;
};

// Takes the text up to the next line feed, without it.
Result<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == rest.npos) return fail(Errc::bad_encoding, "A checkpoint has five lines.");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

Result<std::uint64_t> tree_size_in(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() ||
      (digits.size() > 1 && digits.front() == '0'))
    return fail(Errc::bad_encoding, "A checkpoint's tree size is a decimal number.");
  return value;
}

Result<void> read_signature_line(std::string_view line, SignedCheckpoint& note) {
  if (!line.starts_with(kSignatureMark))
    return fail(Errc::bad_encoding, "A checkpoint's last line is its signature.");
  line.remove_prefix(kSignatureMark.size());
  const auto space = line.find(' ');
  if (space == line.npos || !valid_key_name(line.substr(0, space)))
    return fail(Errc::bad_encoding, "The signature line does not name its key.");
  note.key_name = line.substr(0, space);
  CERTWRIGHT_TRY(const Bytes blob, from_base64(line.substr(space + 1)));
  if (blob.size() != kKeyIdOctets + kSignatureOctets)
    return fail(Errc::bad_encoding, "The signature does not have the length of an Ed25519 one.");
  std::copy_n(blob.begin(), kKeyIdOctets, note.key_id.begin());
  note.signature.assign(blob.begin() + kKeyIdOctets, blob.end());
  return {};
}

}  // namespace

bool valid_key_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 200 &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f && c != '+'; });
}

Result<std::unique_ptr<CheckpointSigner>> make_checkpoint_signer(std::string name,
                                                                 const crypto::PrivateKey& key) {
  if (!valid_key_name(name))
    return fail(Errc::invalid, "A log's name is 1 to 200 printable ASCII characters without '+'.");
  CERTWRIGHT_TRY(const auto public_key, key_in(key.subject_public_key_info_tlv()));
  CERTWRIGHT_TRY(const auto* algorithm, crypto::find_signature_algorithm(kAlgorithm));
  CERTWRIGHT_TRY(auto context, crypto::SigningContext::create(key, *algorithm));
  return std::unique_ptr<CheckpointSigner>(
      std::make_unique<KeySigner>(std::move(name), public_key, std::move(context)));
}

Result<CheckpointKey> CheckpointKey::create(std::string name, const Ed25519PublicKey& key) {
  if (!name.empty() && !valid_key_name(name))
    return fail(Errc::invalid, "A log's name is 1 to 200 printable ASCII characters without '+'.");
  CheckpointKey result;
  result.name_ = std::move(name);
  result.key_ = key;
  return result;
}

CheckpointKey CheckpointKey::of(const CheckpointSigner& signer) {
  CheckpointKey result;
  result.name_ = signer.key_name();
  result.key_ = signer.public_key();
  return result;
}

Result<CheckpointKey> CheckpointKey::parse(std::string_view text) {
  constexpr std::size_t kMaxOctets = 4096;
  if (text.size() > kMaxOctets) return fail(Errc::too_large, "This is too long for a public key.");
  if (text.find("-----BEGIN") != text.npos) {
    CERTWRIGHT_TRY(const Bytes spki, x509::parse_pem_one(text, x509::kPemPublicKey));
    CERTWRIGHT_TRY(const auto key, key_in(spki));
    return create({}, key);
  }
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto first = text.find('+');
  const auto second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos)
    return fail(Errc::bad_encoding, "A log's key reads <name>+<key id>+<base64>, or is PEM.");
  const std::string_view name = text.substr(0, first);
  const std::string_view id = text.substr(first + 1, second - first - 1);
  CERTWRIGHT_TRY(const Bytes blob, from_base64(text.substr(second + 1)));
  if (!valid_key_name(name) || blob.empty())
    return fail(Errc::bad_encoding, "A log's key reads <name>+<key id>+<base64>, or is PEM.");
  Ed25519PublicKey key{};
  if (blob.front() != kNoteAlgorithm || blob.size() != 1 + key.size())
    return fail(Errc::invalid, "The audit log's key is an Ed25519 key; this is another kind.");
  std::copy(blob.begin() + 1, blob.end(), key.begin());
  if (to_hex(key_id(name, key)) != id)
    return fail(Errc::bad_encoding, "The key id is not that of this name and key.");
  return create(std::string(name), key);
}

std::string CheckpointKey::text(std::string_view name_if_none) const {
  const std::string_view name = name_.empty() ? name_if_none : std::string_view(name_);
  Bytes blob{kNoteAlgorithm};
  blob.insert(blob.end(), key_.begin(), key_.end());
  return fmt::format("{}+{}+{}", name, to_hex(key_id(name, key_)), to_base64(blob));
}

std::string CheckpointKey::pem() const {
  return x509::to_pem(x509::kPemPublicKey, spki_of(key_));
}

Result<std::string> sign_checkpoint(std::uint64_t tree_size, const Hash& root,
                                    CheckpointSigner& signer) {
  const std::string_view name = signer.key_name();
  std::string note = fmt::format("{}\n{}\n{}\n", name, tree_size, to_base64(root));
  CERTWRIGHT_TRY(const Bytes signature, signer.sign(as_bytes(note)));
  if (signature.size() != kSignatureOctets)
    return fail(Errc::internal, "The audit log's key made something that is not a signature.");
  const auto id = key_id(name, signer.public_key());
  Bytes blob(id.begin(), id.end());
  blob.insert(blob.end(), signature.begin(), signature.end());
  return note + fmt::format("\n{}{} {}\n", kSignatureMark, name, to_base64(blob));
}

Result<SignedCheckpoint> parse_checkpoint(std::string_view note) {
  if (note.size() > kMaxNoteOctets)
    return fail(Errc::too_large, "This is too long for a checkpoint.");
  SignedCheckpoint result;
  std::string_view rest = note;
  CERTWRIGHT_TRY(const std::string_view origin, take_line(rest));
  if (!valid_key_name(origin))
    return fail(Errc::bad_encoding, "A checkpoint's first line is the name of its log.");
  CERTWRIGHT_TRY(const std::string_view size, take_line(rest));
  CERTWRIGHT_TRY(result.checkpoint.tree_size, tree_size_in(size));
  CERTWRIGHT_TRY(const std::string_view encoded_root, take_line(rest));
  CERTWRIGHT_TRY(const Bytes root, from_base64(encoded_root));
  if (root.size() != result.checkpoint.root.size())
    return fail(Errc::bad_encoding, "A checkpoint's root is 32 octets.");
  result.checkpoint.origin = origin;
  std::ranges::copy(root, result.checkpoint.root.begin());
  result.body = note.substr(0, note.size() - rest.size());
  CERTWRIGHT_TRY(const std::string_view blank, take_line(rest));
  CERTWRIGHT_TRY(const std::string_view signature, take_line(rest));
  if (!blank.empty() || !rest.empty())
    return fail(Errc::bad_encoding, "A checkpoint has five lines, and the fourth is empty.");
  CERTWRIGHT_CHECK(read_signature_line(signature, result));
  return result;
}

Result<Checkpoint> verify_checkpoint(std::string_view note, const CheckpointKey& key) {
  CERTWRIGHT_TRY(SignedCheckpoint parsed, parse_checkpoint(note));
  if (parsed.key_name != parsed.checkpoint.origin ||
      (!key.name().empty() && key.name() != parsed.key_name) ||
      parsed.key_id != key_id(parsed.key_name, key.public_key()))
    return fail(Errc::invalid, "The checkpoint was not signed by this log's key.");
  CERTWRIGHT_TRY(const auto* algorithm, crypto::find_signature_algorithm(kAlgorithm));
  const auto verified = crypto::verify(spki_of(key.public_key()), algorithm->identifier_tlv,
                                       as_bytes(parsed.body), parsed.signature);
  if (!verified) return fail(Errc::invalid, "The checkpoint's signature does not verify.");
  return std::move(parsed.checkpoint);
}

}  // namespace certwright::audit
