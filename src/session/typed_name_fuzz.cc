// What people type as name and password: UTF-8 is read as others read it, a name's stored form stays what it
// is, and no password is accepted that could be typed in two ways.
#include <cstdlib>
#include <string>

#include "bytes/bytes.h"
#include "session/password_rules.h"
#include "session/unicode.h"

namespace {

namespace session = certwright::session;

void check(bool holds) {
  if (!holds) std::abort();
}

std::string utf8_of(const std::u32string& points) {
  std::string text;
  for (const char32_t point : points) {
    const auto put = [&](char32_t bits) { text += static_cast<char>(bits); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xc0 | point >> 6), put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      put(0xe0 | point >> 12), put(0x80 | (point >> 6 & 0x3f)), put(0x80 | (point & 0x3f));
    } else {
      put(0xf0 | point >> 18), put(0x80 | (point >> 12 & 0x3f)), put(0x80 | (point >> 6 & 0x3f)), put(0x80 | (point & 0x3f));
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(certwright::as_text({data, size}));
  const auto points = session::code_points(text);
  if (points) check(utf8_of(*points) == text);  // one way to write each, and nothing lost
  const auto name = session::sign_in_name_of(text);
  if (name) {
    check(points && !name->empty() && name->size() <= session::kMaxSignInNameOctets);
    check(session::sign_in_name_of(*name).value_or("") == *name);
    check(!session::check_new_password(*name, *name));
  }
  if (session::check_new_password(text, "somebody@example.org")) {
    check(points && session::is_surely_nfc(*points));
    check(points->size() >= session::kMinPasswordCharacters && points->size() <= session::kMaxPasswordCharacters);
  }
  return 0;
}
