#include <array>

#include "bytes/bytes.h"

namespace certwright {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}
constexpr auto kStandardReverse = reverse(kStandard);
constexpr auto kUrlSafeReverse = reverse(kUrlSafe);

std::string encode(ByteView in, std::string_view alphabet, bool padded) {
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= in.size(); i += 3) {
    const std::uint32_t v = (std::uint32_t{in[i]} << 16) | (std::uint32_t{in[i + 1]} << 8) | in[i + 2];
    out += alphabet[v >> 18];
    out += alphabet[(v >> 12) & 63];
    out += alphabet[(v >> 6) & 63];
    out += alphabet[v & 63];
  }
  const std::size_t left = in.size() - i;
  if (left != 0) {
    std::uint32_t v = std::uint32_t{in[i]} << 16;
    if (left == 2) v |= std::uint32_t{in[i + 1]} << 8;
    out += alphabet[v >> 18];
    out += alphabet[(v >> 12) & 63];
    if (left == 2) out += alphabet[(v >> 6) & 63];
    if (padded) out.append(3 - left, '=');
  }
  return out;
}

Result<Bytes> decode(std::string_view text, const std::array<std::int8_t, 256>& table) {
  const std::size_t tail = text.size() % 4;
  if (tail == 1) return fail(Errc::bad_encoding, "truncated base64");
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = table[static_cast<std::uint8_t>(c)];
    if (value < 0) return fail(Errc::bad_encoding, "not a base64 character");
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> count));
      bits &= (1U << count) - 1U;
    }
  }
  if (bits != 0) return fail(Errc::bad_encoding, "base64 with non-zero unused bits");
  return out;
}

}  // namespace

std::string to_base64(ByteView bytes) { return encode(bytes, kStandard, true); }
std::string to_base64url(ByteView bytes) { return encode(bytes, kUrlSafe, false); }

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(Errc::bad_encoding, "base64 without its padding");
  if (text.ends_with("==")) text.remove_suffix(2);
  else if (text.ends_with('=')) text.remove_suffix(1);
  return decode(text, kStandardReverse);
}

Result<Bytes> from_base64url(std::string_view text) { return decode(text, kUrlSafeReverse); }

}  // namespace certwright
