#include "crypto/password_hash.h"

#include <array>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace certwright::crypto {
namespace {

constexpr std::size_t kHashOctets = 32;

// The PHC format leaves the padding out.
std::string unpadded(ByteView octets) {
  std::string text = to_base64(octets);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

Result<Bytes> from_unpadded(std::string_view text) {
  std::string padded(text);
  padded.append((4 - padded.size() % 4) % 4, '=');
  return from_base64(padded);
}

std::string verifier_text(const Argon2idParameters& cost, ByteView salt, ByteView hash) {
  return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", cost.memory_kib, cost.passes, unpadded(salt),
                     unpadded(hash));
}

struct Verifier {
  Argon2idParameters cost;
  Bytes salt, hash;
};

tl::unexpected<Error> no_verifier() { return fail(Errc::bad_encoding, "this is no verifier of a password"); }

// Takes `prefix`, a number and `end` from the front of the text.
Result<std::uint32_t> take_number(std::string_view& text, std::string_view prefix, char end) {
  if (!text.starts_with(prefix)) return no_verifier();
  text.remove_prefix(prefix.size());
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<std::size_t>(stop - text.data());
  if (error != std::errc() || digits == text.size() || *stop != end) return no_verifier();
  text.remove_prefix(digits + 1);
  return number;
}

Result<Verifier> parse(std::string_view text) {
  Verifier verifier;
  CERTWRIGHT_TRY(verifier.cost.memory_kib, take_number(text, "$argon2id$v=19$m=", ','));
  CERTWRIGHT_TRY(verifier.cost.passes, take_number(text, "t=", ','));
  CERTWRIGHT_TRY(const auto lanes, take_number(text, "p=", '$'));
  const auto middle = text.find('$');
  if (lanes != 1 || middle == text.npos) return no_verifier();
  CERTWRIGHT_TRY(verifier.salt, from_unpadded(text.substr(0, middle)));
  CERTWRIGHT_TRY(verifier.hash, from_unpadded(text.substr(middle + 1)));
  if (verifier.salt.size() != Argon2idParameters::kSaltOctets || verifier.hash.size() != kHashOctets)
    return no_verifier();
  return verifier;
}

}  // namespace

Result<std::string> hash_password(std::string_view password, const Argon2idParameters& cost, Random& random) {
  std::array<std::uint8_t, Argon2idParameters::kSaltOctets> salt;
  random.fill(salt);
  CERTWRIGHT_TRY(const auto hash,
                 argon2id(SecretBytes::copy_of(as_bytes(password)), salt, cost, kHashOctets));
  return verifier_text(cost, salt, hash.reveal());
}

Result<bool> verify_password(std::string_view verifier, std::string_view password) {
  CERTWRIGHT_TRY(const Verifier parsed, parse(verifier));
  // The empty password is nobody's, and takes its time.
  const auto secret = SecretBytes::copy_of(as_bytes(password.empty() ? std::string_view(" ") : password));
  CERTWRIGHT_TRY(const auto hash, argon2id(secret, parsed.salt, parsed.cost, kHashOctets));
  return equal_constant_time(hash.reveal(), parsed.hash) && !password.empty();
}

bool has_cost(std::string_view verifier, const Argon2idParameters& cost) {
  const auto parsed = parse(verifier);
  return parsed && parsed->cost.passes == cost.passes && parsed->cost.memory_kib == cost.memory_kib;
}

std::string nobodys_verifier(const Argon2idParameters& cost) {
  // A hash of 32 zeros is as likely as any other: nobody will find a password for it.
  return verifier_text(cost, Bytes(Argon2idParameters::kSaltOctets), Bytes(kHashOctets));
}

}  // namespace certwright::crypto
