#pragma once
// Signed checkpoints: "the log called <origin> has <tree size> records, and this is their root".
// Text in the form of signed notes and checkpoints of transparency logs (C2SP signed-note and
// tlog-checkpoint), so that other people's tools read them too:
//
//   <origin>\n<tree size, decimal>\n<root, base64>\n\n— <name> <base64(key id || signature)>\n
//
// Key id: the first four octets of SHA-256(name || "\n" || 0x01 || public key). Ed25519 (RFC 8032).
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "audit/merkle.h"
#include "bytes/bytes.h"
#include "crypto/private_key.h"
#include "errors/result.h"

namespace certwright::audit {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;

// Has the log's key: one of its own, never a CA's. Safe to call from any thread.
class CheckpointSigner {
 public:
  virtual ~CheckpointSigner() = default;
  // 64 octets, Ed25519. Errors: internal, unavailable.
  virtual Result<Bytes> sign(ByteView message) = 0;
  // Valid as long as *this. The name of the log, its origin line: see valid_key_name().
  virtual std::string_view key_name() const noexcept = 0;
  virtual Ed25519PublicKey public_key() const noexcept = 0;
};

// 1 to 200 printable ASCII characters, no space, no '+': "certwright.example.com/audit".
bool valid_key_name(std::string_view name) noexcept;

// A signer over a key in memory. Errors: invalid for a name or a key that does not fit.
Result<std::unique_ptr<CheckpointSigner>> make_checkpoint_signer(std::string name,
                                                                 const crypto::PrivateKey& key);

// The public half. A key that came as PEM has no name: any name is accepted with it.
class CheckpointKey {
 public:
  // `<name>+<key id, 8 hex digits>+<base64(0x01 || public key)>`, or a PEM SubjectPublicKeyInfo of
  // an Ed25519 key; a final newline is fine. Errors: bad_encoding; invalid for another algorithm.
  static Result<CheckpointKey> parse(std::string_view text);
  // Errors: invalid for a name that is not valid_key_name() (an empty one is fine).
  static Result<CheckpointKey> create(std::string name, const Ed25519PublicKey& key);
  static CheckpointKey of(const CheckpointSigner& signer);

  const std::string& name() const noexcept { return name_; }
  const Ed25519PublicKey& public_key() const noexcept { return key_; }
  std::string text(std::string_view name_if_none = {}) const;  // the first form
  std::string pem() const;

 private:
  std::string name_;
  Ed25519PublicKey key_{};
};

struct Checkpoint {
  std::string origin;
  std::uint64_t tree_size = 0;
  Hash root{};
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

inline constexpr std::size_t kMaxNoteOctets = 1024;

// origin := the signer's key name.
Result<std::string> sign_checkpoint(std::uint64_t tree_size, const Hash& root,
                                    CheckpointSigner& signer);

// A note as its text says; nothing is verified. Exactly one signature; no other octet anywhere.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string_view body;  // what is signed; a view into the text
  std::string key_name;
  std::array<std::uint8_t, 4> key_id{};
  Bytes signature;  // 64 octets
};
// Errors: bad_encoding, too_large.
Result<SignedCheckpoint> parse_checkpoint(std::string_view note);

// The checkpoint, if `key` signed it and its origin is the key's name.
// Errors: bad_encoding, too_large; invalid if it is another key's or the signature does not verify.
Result<Checkpoint> verify_checkpoint(std::string_view note, const CheckpointKey& key);

}  // namespace certwright::audit
