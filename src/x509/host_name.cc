// The text rules of names: host names, mailboxes, URIs, addresses.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "x509/general_name.h"

namespace certwright::x509 {
namespace {

bool is_ascii_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_ascii_hex(char c) noexcept {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool valid_label(std::string_view label, Underscore underscore) noexcept {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
    return false;
  if (label.size() == 4 && (label.starts_with("xn--") || label.starts_with("XN--"))) return false;
  return std::ranges::all_of(label, [&](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || c == '-' ||
           (c == '_' && underscore == Underscore::allowed);
  });
}

// "10" as in 10.0.0.10, or "0x7f": inet_aton would take a name that ends so for an address.
bool looks_numeric(std::string_view label) noexcept {
  if (std::ranges::all_of(label, is_ascii_digit)) return true;
  return (label.starts_with("0x") || label.starts_with("0X")) &&
         std::ranges::all_of(label.substr(2), is_ascii_hex);
}

// Takes decimal 0-255 without leading zeros off the front.
bool take_decimal_octet(std::string_view& text, Bytes& out) {
  std::size_t size = 0;
  unsigned value = 0;
  while (size < text.size() && size < 3 && is_ascii_digit(text[size]))
    value = value * 10 + static_cast<unsigned>(text[size++] - '0');
  if (size == 0 || value > 255 || (size > 1 && text[0] == '0')) return false;
  out.push_back(static_cast<std::uint8_t>(value));
  text.remove_prefix(size);
  return true;
}

bool parse_ipv4(std::string_view text, Bytes& out) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return false;
      text.remove_prefix(1);
    }
    if (!take_decimal_octet(text, out)) return false;
  }
  return text.empty();
}

// Groups separated by single colons; a dotted tail is allowed at the end of the whole address.
bool parse_ipv6_groups(std::string_view text, bool dotted_tail, Bytes& out) {
  if (text.empty()) return true;
  while (true) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && dotted_tail && group.find('.') != std::string_view::npos)
      return parse_ipv4(group, out);
    if (group.empty() || group.size() > 4 || !std::ranges::all_of(group, is_ascii_hex))
      return false;
    unsigned value = 0;
    for (const char c : group)
      value =
          value * 16 + static_cast<unsigned>(is_ascii_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value & 0xff));
    if (last) return true;
    if (out.size() > 16) return false;
    text.remove_prefix(colon + 1);
  }
}

bool parse_ipv6(std::string_view text, Bytes& out) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return parse_ipv6_groups(text, true, out) && out.size() == 16;
  Bytes tail;
  if (!parse_ipv6_groups(text.substr(0, gap), false, out) ||
      !parse_ipv6_groups(text.substr(gap + 2), true, tail))
    return false;
  if (out.size() + tail.size() > 14) return false;  // "::" stands for at least one group
  out.resize(16 - tail.size());
  out.insert(out.end(), tail.begin(), tail.end());
  return true;
}

std::string ipv6_to_text(ByteView address) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = address[2 * i] * 256U + address[2 * i + 1];
  std::size_t best = 8,
              best_size = 1;  // the longest run of at least two zero groups, the first one
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_size) {
      best = i;
      best_size = end - i;
    }
  }
  const bool mapped = best == 0 && best_size == 5 && groups[5] == 0xffff;
  std::string text;
  for (std::size_t i = 0; i < (mapped ? 6U : 8U); ++i) {
    if (i == best) {
      text += "::";
      i += best_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  if (mapped) text += ':' + ip_address_to_text(address.subspan(12));
  return text;
}

}  // namespace

bool valid_dns_name(std::string_view name, Wildcard wildcard, Underscore underscore) noexcept {
  if (name.empty() || name.size() > 253) return false;
  const bool star = name.starts_with("*.");
  if (star) {
    if (wildcard == Wildcard::refused) return false;
    name.remove_prefix(2);
    if (name.find('.') == std::string_view::npos) return false;
  }
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (!valid_label(label, underscore)) return false;
    if (dot == std::string_view::npos) return !looks_numeric(label);
    name.remove_prefix(dot + 1);
  }
}

bool valid_email_address(std::string_view address) noexcept {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || address.size() > 254) return false;
  const std::string_view local = address.substr(0, at);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
    return false;
  const bool atoms = std::ranges::all_of(local, [](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) ||
           std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  });
  return atoms && valid_dns_name(address.substr(at + 1), Wildcard::refused, Underscore::refused);
}

bool valid_absolute_uri(std::string_view uri) noexcept {
  if (uri.empty() || uri.size() > 2048 || !is_ascii_letter(uri[0])) return false;
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon + 1 == uri.size()) return false;
  const std::string_view scheme = uri.substr(0, colon);
  const bool good_scheme = std::ranges::all_of(scheme, [](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || c == '+' || c == '-' || c == '.';
  });
  if (!good_scheme) return false;
  std::string_view rest = uri.substr(colon + 1);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '%') {
      if (rest.size() - i < 3 || !is_ascii_hex(rest[i + 1]) || !is_ascii_hex(rest[i + 2]))
        return false;
    } else if (!is_ascii_letter(c) && !is_ascii_digit(c) &&
               std::string_view("-._~:/?#[]@!$&'()*+,;=").find(c) == std::string_view::npos) {
      return false;
    }
  }
  const bool web = std::ranges::equal(scheme, std::string_view("http"), {},
                                      [](char c) { return static_cast<char>(c | 0x20); }) ||
                   std::ranges::equal(scheme, std::string_view("https"), {},
                                      [](char c) { return static_cast<char>(c | 0x20); });
  if (!web) return true;
  if (!rest.starts_with("//")) return false;
  rest.remove_prefix(2);
  std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (const std::size_t user = host.rfind('@'); user != std::string_view::npos)
    host.remove_prefix(user + 1);
  return !host.empty() && host[0] != ':';
}

Result<Bytes> parse_ip_address(std::string_view text) {
  Bytes address;
  const bool v6 = text.find(':') != std::string_view::npos;
  if (text.size() > 45 || !(v6 ? parse_ipv6(text, address) : parse_ipv4(text, address)))
    return fail(Errc::bad_encoding, "not an IPv4 or IPv6 address");
  return address;
}

std::string ip_address_to_text(ByteView address) {
  if (address.size() == 4)
    return fmt::format("{}.{}.{}.{}", address[0], address[1], address[2], address[3]);
  if (address.size() == 16) return ipv6_to_text(address);
  return to_hex(address);
}

}  // namespace certwright::x509
