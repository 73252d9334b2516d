#include "profile/shown.h"

#include <cstddef>
#include <iterator>

#include <fmt/format.h>

namespace certwright::profile {

std::string shown(std::string_view text) {
  constexpr std::size_t kMaxOctets = 100;
  std::string out = "\"";
  for (const char c : text.substr(0, kMaxOctets)) {
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  out += text.size() > kMaxOctets ? "...\"" : "\"";
  return out;
}

}  // namespace certwright::profile
