#pragma once
// What passwords and sign-in names need to know of Unicode: the same text must always be the same octets.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace certwright::session {

// Nothing if it is not UTF-8 (RFC 3629).
std::optional<std::u32string> code_points(std::string_view utf8);

// C0, DEL and C1.
bool is_control(char32_t point) noexcept;

// True only for text in Normalization Form C (UAX #15), up to the order of marks that join nothing. False
// also for some that is: where a combining mark stands that could join the character before it.
bool is_surely_nfc(std::u32string_view points) noexcept;

}  // namespace certwright::session
