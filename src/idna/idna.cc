#include "idna/idna.h"

#include <algorithm>
#include <memory>

#include <idn2.h>

namespace certwright::idna {
namespace {

struct FreeText {
  void operator()(char* text) const noexcept { idn2_free(text); }
};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Result<std::string> to_ascii(std::string_view host) {
  constexpr std::size_t kMaxOctets = 255;
  if (host.size() > kMaxOctets) return fail(Errc::invalid, "host: more than 255 octets");
  const bool ascii = std::ranges::all_of(host, [](char c) { return (c & 0x80) == 0; });
  std::string text(host);
  if (ascii) {
    std::ranges::transform(text, text.begin(), lower);
    return text;
  }
  if (text.find('\0') != std::string::npos) return fail(Errc::invalid, "host: a NUL in a name");
  char* made = nullptr;
  const int code = idn2_to_ascii_8z(text.c_str(), &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, FreeText> owner(made);
  if (code != IDN2_OK) return fail(Errc::invalid, std::string("host: ") + idn2_strerror(code));
  return std::string(owner.get());
}

}  // namespace certwright::idna
