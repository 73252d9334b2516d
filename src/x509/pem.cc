#include "x509/pem.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace certwright::x509 {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kMaxLine = 256;
constexpr std::size_t kMaxLabel = 64;

constexpr std::array<std::int8_t, 256> kDecode = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}();

// Octets that pem_write() puts out.
std::size_t pem_size(std::string_view label, ByteView der) noexcept {
  const std::size_t base64 = (der.size() + 2) / 3 * 4;
  return base64 + (base64 + 63) / 64 + 2 * label.size() + 17 + 15;
}

// Writes into `out`, which has pem_size() octets: works for secrets, so no string in between.
void pem_write(std::string_view label, ByteView der, std::span<std::uint8_t> out) noexcept {
  std::size_t at = 0;
  const auto put = [&](std::string_view text) {
    for (const char c : text) out[at++] = static_cast<std::uint8_t>(c);
  };
  put("-----BEGIN ");
  put(label);
  put("-----\n");
  for (std::size_t i = 0; i < der.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, der.size() - i);
    std::uint32_t group = std::uint32_t{der[i]} << 16;
    if (left > 1) group |= std::uint32_t{der[i + 1]} << 8;
    if (left > 2) group |= der[i + 2];
    for (std::size_t k = 0; k < 4; ++k)
      out[at++] =
          static_cast<std::uint8_t>(k <= left ? kAlphabet[group >> (18 - 6 * k) & 63] : '=');
    if ((i / 3 + 1) % 16 == 0 || i + 3 >= der.size()) put("\n");
  }
  put("-----END ");
  put(label);
  put("-----\n");
}

// One block as it stands in the text; views into the text.
struct RawBlock {
  std::string_view label;
  std::string_view body;  // base64 lines
};

// Takes the first line off `text`, without its end and trailing blanks.
std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  return line;
}

bool strip_boundary(std::string_view& line, std::string_view prefix) noexcept {
  if (!line.starts_with(prefix) || !line.ends_with("-----") || line.size() < prefix.size() + 5)
    return false;
  line = line.substr(prefix.size(), line.size() - prefix.size() - 5);
  return true;
}

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= kMaxLabel && std::ranges::all_of(label, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
  });
}

Result<std::vector<RawBlock>> split_blocks(std::string_view text, std::size_t limit_octets) {
  if (text.size() > limit_octets)
    return fail(Errc::too_large, fmt::format("PEM: more than {} octets", limit_octets));
  std::vector<RawBlock> blocks;
  while (!text.empty()) {
    std::string_view begin = take_line(text);
    if (!strip_boundary(begin, "-----BEGIN ")) continue;
    if (!is_label(begin)) return fail(Errc::bad_encoding, "PEM: a BEGIN line without a good label");
    const char* const body = text.data();
    while (true) {
      if (text.empty()) return fail(Errc::bad_encoding, "PEM: no END line");
      const char* const line_start = text.data();
      std::string_view line = take_line(text);
      if (line.size() > kMaxLine) return fail(Errc::bad_encoding, "PEM: a line is too long");
      if (!line.starts_with("-----")) continue;
      if (!strip_boundary(line, "-----END ") || line != begin)
        return fail(Errc::bad_encoding, "PEM: the END line does not match");
      blocks.push_back({begin, {body, static_cast<std::size_t>(line_start - body)}});
      break;
    }
  }
  if (blocks.empty()) return fail(Errc::bad_encoding, "PEM: no -----BEGIN line");
  return blocks;
}

// Decodes canonical base64 split into lines; `out` has room for three quarters of the body.
Result<std::size_t> decode_body(std::string_view body, std::span<std::uint8_t> out) {
  const auto malformed = fail(Errc::bad_encoding, "PEM: not canonical base64");
  std::uint32_t group = 0;
  unsigned digits = 0, padding = 0;
  std::size_t size = 0;
  bool ended = false;
  while (!body.empty()) {
    for (const char c : take_line(body)) {
      if (ended) return malformed;
      const int value = kDecode[static_cast<std::uint8_t>(c)];
      if (c == '=' && digits >= 2) {
        ++padding;
      } else if (value < 0 || padding > 0) {
        return malformed;
      }
      group = group << 6 | (value < 0 ? 0U : static_cast<std::uint32_t>(value));
      if (++digits < 4) continue;
      const std::uint32_t unused = padding == 2 ? 0xffffU : padding == 1 ? 0xffU : 0U;
      if ((group & unused) != 0) return malformed;
      for (unsigned i = 0; i < 3 - padding; ++i)
        out[size++] = static_cast<std::uint8_t>(group >> (16 - 8 * i));
      ended = padding > 0;
      group = 0;
      digits = 0;
    }
  }
  if (digits != 0 || size == 0) return malformed;
  return size;
}

std::string_view modern_label(std::string_view label) noexcept {
  return label == "NEW CERTIFICATE REQUEST" ? kPemCertificateRequest : label;
}

}  // namespace

std::string to_pem(std::string_view label, ByteView der) {
  std::string text(pem_size(label, der), '\0');
  pem_write(label, der, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return text;
}

SecretBytes to_pem_secret(std::string_view label, ByteView der) {
  SecretBytes text(pem_size(label, der));
  pem_write(label, der, text.writable());
  return text;
}

Result<std::vector<PemBlock>> parse_pem(std::string_view text, std::size_t limit_octets) {
  CERTWRIGHT_TRY(const std::vector<RawBlock> raw, split_blocks(text, limit_octets));
  std::vector<PemBlock> blocks;
  for (const RawBlock& block : raw) {
    if (block.label.ends_with("PRIVATE KEY"))
      return fail(Errc::conflict, "PEM: a private key where none belongs");
    PemBlock decoded{std::string(modern_label(block.label)), Bytes(block.body.size() / 4 * 3 + 3)};
    CERTWRIGHT_TRY(const std::size_t size, decode_body(block.body, decoded.der));
    decoded.der.resize(size);
    blocks.push_back(std::move(decoded));
  }
  return blocks;
}

Result<Bytes> parse_pem_one(std::string_view text, std::string_view label,
                            std::size_t limit_octets) {
  CERTWRIGHT_TRY(std::vector<PemBlock> blocks, parse_pem(text, limit_octets));
  if (blocks.size() != 1 || blocks[0].label != label)
    return fail(Errc::bad_encoding, fmt::format("PEM: not one {} block", label));
  return std::move(blocks[0].der);
}

Result<std::vector<PemSecretBlock>> parse_pem_secret(std::string_view text,
                                                     std::size_t limit_octets) {
  CERTWRIGHT_TRY(const std::vector<RawBlock> raw, split_blocks(text, limit_octets));
  std::vector<PemSecretBlock> blocks;
  for (const RawBlock& block : raw) {
    if (block.label == "EC PARAMETERS") continue;
    SecretBytes room(block.body.size() / 4 * 3 + 3);
    CERTWRIGHT_TRY(const std::size_t size, decode_body(block.body, room.writable()));
    blocks.push_back(
        {std::string(modern_label(block.label)), SecretBytes::copy_of(room.reveal().first(size))});
  }
  return blocks;
}

}  // namespace certwright::x509
