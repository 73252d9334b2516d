#include "mail_address/mail_address.h"

#include <algorithm>

namespace certwright::mail {
namespace {

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_atom_character(char c) noexcept {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Pieces between dots: none empty, each acceptable.
template <class Acceptable>
bool dotted(std::string_view text, Acceptable acceptable) {
  while (true) {
    const auto dot = text.find('.');
    const auto piece = text.substr(0, dot);
    if (piece.empty() || !acceptable(piece)) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_label(std::string_view label) noexcept {
  constexpr std::size_t kMaxLabel = 63;
  return label.size() <= kMaxLabel && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

}  // namespace

Result<MailAddress> MailAddress::parse(std::string_view text) {
  const auto at = text.rfind('@');
  const bool good = text.size() <= kMaxOctets && at != std::string_view::npos && at <= kMaxLocalOctets &&
                    dotted(text.substr(0, at), [](std::string_view atom) {
                      return std::ranges::all_of(atom, is_atom_character);
                    }) &&
                    dotted(text.substr(at + 1), is_label);
  if (!good) return fail_field(Errc::invalid, "email", "not an e-mail address that can be written to");
  return MailAddress(std::string(text));
}

}  // namespace certwright::mail
