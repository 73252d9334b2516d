// The text form of names, RFC 4514.
#include <algorithm>

#include <fmt/format.h>

#include "x509/name.h"

namespace certwright::x509 {
namespace {

constexpr std::string_view kSpecial = "\"+,;<>\\";

struct TextAttribute {
  der::Oid type;
  std::string value;
  bool same_rdn;  // "+" stood before it
};

int text_hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void skip_spaces(std::string_view& text) noexcept {
  while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
}

// Reads a value up to an unescaped ',' or '+' or the end; drops unescaped spaces at its end.
Result<std::string> take_value(std::string_view& text) {
  std::string value;
  std::size_t keep = 0;  // up to here the end is not an unescaped space
  while (!text.empty() && text[0] != ',' && text[0] != '+') {
    const char c = text[0];
    text.remove_prefix(1);
    if (c != '\\') {
      if (kSpecial.find(c) != std::string_view::npos)
        return fail(Errc::bad_encoding, fmt::format("name: '{}' must be escaped", c));
      value += c;
      if (c != ' ') keep = value.size();
      continue;
    }
    const int high = text.empty() ? -1 : text_hex_digit(text[0]);
    const int low = text.size() < 2 ? -1 : text_hex_digit(text[1]);
    if (high >= 0 && low >= 0) {
      value += static_cast<char>(high * 16 + low);
      text.remove_prefix(2);
    } else if (!text.empty() && (kSpecial.find(text[0]) != std::string_view::npos ||
                                 text[0] == ' ' || text[0] == '#' || text[0] == '=')) {
      value += text[0];
      text.remove_prefix(1);
    } else {
      return fail(Errc::bad_encoding, "name: a backslash before nothing special");
    }
    keep = value.size();
  }
  value.resize(keep);
  return value;
}

Result<TextAttribute> take_attribute(std::string_view& text, bool same_rdn) {
  skip_spaces(text);
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return fail(Errc::bad_encoding, "name: not of the form TYPE=value,TYPE=value");
  std::string_view type_name = text.substr(0, equals);
  while (!type_name.empty() && type_name.back() == ' ') type_name.remove_suffix(1);
  CERTWRIGHT_TRY(const der::Oid type, attribute_type_from_name(type_name));
  text.remove_prefix(equals + 1);
  skip_spaces(text);
  if (text.starts_with('#'))
    return fail(Errc::bad_encoding, "name: values in hexadecimal are not supported");
  CERTWRIGHT_TRY(std::string value, take_value(text));
  return TextAttribute{type, std::move(value), same_rdn};
}

void append_escaped(std::string& out, std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const auto octet = static_cast<std::uint8_t>(c);
    const bool c1 =
        octet == 0xc2 && i + 1 < value.size() && static_cast<std::uint8_t>(value[i + 1]) < 0xa0;
    const bool at_edge = i == 0 || i + 1 == value.size();
    if (octet < 0x20 || octet == 0x7f) {
      out += fmt::format("\\{:02x}", octet);
    } else if (c1) {
      out += fmt::format("\\c2\\{:02x}", static_cast<std::uint8_t>(value[++i]));
    } else if (kSpecial.find(c) != std::string_view::npos || (c == ' ' && at_edge) ||
               (c == '#' && i == 0)) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

}  // namespace

Result<Name> Name::from_text(std::string_view text) {
  if (text.size() > kMaxTlvOctets) return fail(Errc::too_large, "name: the text is too long");
  skip_spaces(text);
  if (text.empty()) return Name();
  std::vector<TextAttribute> attributes;
  bool same_rdn = false;
  while (true) {
    CERTWRIGHT_TRY(TextAttribute attribute, take_attribute(text, same_rdn));
    attributes.push_back(std::move(attribute));
    if (text.empty()) break;
    same_rdn = text[0] == '+';
    text.remove_prefix(1);
  }
  Builder builder;
  for (auto end = attributes.end();
       end != attributes.begin();) {  // RDNs from the last to the first
    auto start = end - 1;
    while (start->same_rdn) --start;
    for (auto attribute = start; attribute != end; ++attribute) {
      if (attribute != start) builder.and_also();
      builder.add(attribute->type, attribute->value);
    }
    end = start;
  }
  return builder.build();
}

std::string Name::to_text() const {
  std::string text;
  for (std::size_t end = size(); end > 0;) {
    std::size_t start = end - 1;
    while (start > 0 && entries_[start - 1].rdn == entries_[end - 1].rdn) --start;
    for (std::size_t i = start; i < end; ++i) {
      if (i != start) {
        text += '+';
      } else if (!text.empty()) {
        text += ',';
      }
      text += attribute_type_name(entries_[i].type);
      text += '=';
      append_escaped(text, attribute(i).text());
    }
    end = start;
  }
  return text;
}

}  // namespace certwright::x509
