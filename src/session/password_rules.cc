#include "session/password_rules.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "session/unicode.h"

namespace certwright::session {
namespace {

constexpr std::string_view kField = "new_password";
constexpr std::size_t kMinDifferentCharacters = 5;
constexpr std::size_t kMinBesideName = 8;  // characters, besides the sign-in name

// Those of at least 12 characters that lists of leaked passwords begin with, and ours. Lower case.
constexpr auto kWorst = std::to_array<std::string_view>({
    "1234567890123", "123456789012", "1234567890ab", "12345678910111", "123456789abc", "1q2w3e4r5t6y", "1qaz2wsx3edc",
    "abc123456789", "abcdefghijkl", "adminadmin123", "administrator", "administrator1", "administrator123",
    "asdfghjkl123", "azertyuiop12", "azertyuiop123", "certificate1", "certificate123", "certwright12",
    "certwright123", "changeme1234", "changemenow1", "contraseña12", "correcthorsebatterystaple",
    "iloveyou1234", "letmein12345", "letmeinplease", "motdepasse12", "motdepasse123", "p@ssw0rd1234",
    "p@ssword1234", "passw0rd1234", "password!234", "password1234", "password12345", "password123!",
    "passwordpassword", "passwort1234", "qazwsxedcrfv", "qwerty123456", "qwertyuiop12", "qwertyuiop123",
    "qwertyuiop[]", "qwertzuiop12", "qwertzuiop123", "welcome12345", "welcome123456", "zaq12wsxcde3",
});

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// "abcdefghijklm", "9876543210987": each character the neighbour of the one before it.
bool is_a_run(std::u32string_view points) {
  for (const int step : {1, -1}) {
    bool runs = true;
    for (std::size_t i = 1; i < points.size() && runs; ++i) {
      const auto difference = static_cast<int>(points[i]) - static_cast<int>(points[i - 1]);
      runs = difference == step || difference == -9 * step;  // 9 and 0 are neighbours
    }
    if (runs) return true;
  }
  return false;
}

// What is left of the password when the name, or the part of an address before the @, is taken out.
std::size_t octets_beside(const std::string& password, std::string_view name) {
  constexpr std::size_t kShortestTold = 4;
  std::size_t least = password.size();
  for (const std::string_view part : {name, name.substr(0, name.find('@'))})
    if (part.size() >= kShortestTold && password.find(part) != std::string::npos)
      least = std::min(least, password.size() - part.size());
  return least;
}

tl::unexpected<Error> refused(std::string detail) {
  return fail_field(Errc::invalid, std::string(kField), std::move(detail));
}

}  // namespace

Result<std::string> sign_in_name_of(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto points = code_points(text);
  if (text.empty() || text.size() > kMaxSignInNameOctets || !points || std::ranges::any_of(*points, is_control) ||
      !is_surely_nfc(*points))
    return fail_field(Errc::invalid, "sign_in_name",
                      "A sign-in name is 1 to 254 octets of UTF-8 in composed form (NFC), without control characters.");
  return lower_case(text);
}

Result<void> check_new_password(std::string_view password, std::string_view sign_in_name) {
  const auto points = code_points(password);
  if (!points || std::ranges::any_of(*points, is_control))
    return refused("A password is text without control characters.");
  if (points->size() < kMinPasswordCharacters || points->size() > kMaxPasswordCharacters)
    return refused(fmt::format("A password has {} to {} characters.", kMinPasswordCharacters, kMaxPasswordCharacters));
  if (!is_surely_nfc(*points))
    return refused("A password's accented letters must be composed (NFC), so that every keyboard types the same.");
  const std::string lower = lower_case(password);
  if (octets_beside(lower, sign_in_name) < kMinBesideName)
    return refused("This password is the sign-in name, or little more than that.");
  if (std::set(points->begin(), points->end()).size() < kMinDifferentCharacters || is_a_run(*points))
    return refused("This password repeats or counts; choose a longer phrase of several words.");
  if (std::ranges::find(kWorst, lower) != kWorst.end())
    return refused("This password is among the first that anybody tries; choose a phrase of several words.");
  return {};
}

}  // namespace certwright::session
