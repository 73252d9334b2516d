#include "json/writer.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "bytes/secret_bytes.h"
#include "json/value.h"

namespace certwright::json {
namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// The length of the well-formed UTF-8 sequence (RFC 3629 section 4) that begins at `at`, or 0.
std::size_t utf8_sequence_length(std::string_view text, std::size_t at) noexcept {
  const auto octet = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto is_tail = [&](std::size_t i) { return (octet(i) & 0xC0U) == 0x80U; };
  const unsigned lead = octet(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return is_tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (lead == 0xE0 && octet(1) < 0xA0) return 0;  // overlong
    if (lead == 0xED && octet(1) > 0x9F) return 0;  // surrogate
    return is_tail(1) && is_tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (lead == 0xF0 && octet(1) < 0x90) return 0;  // overlong
    if (lead == 0xF4 && octet(1) > 0x8F) return 0;  // above U+10FFFF
    return is_tail(1) && is_tail(2) && is_tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_plain(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x20 && octet < 0x80 && c != '"' && c != '\\';
}

// What is written may hold a token: no copy stays behind where the text grows.
void append(std::string& out, std::string_view text) {
  reserve_wiping(out, text.size());
  out += text;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': return append(out, "\\\"");
    case '\\': return append(out, "\\\\");
    case '\b': return append(out, "\\b");
    case '\f': return append(out, "\\f");
    case '\n': return append(out, "\\n");
    case '\r': return append(out, "\\r");
    case '\t': return append(out, "\\t");
    default: break;
  }
  const auto octet = static_cast<unsigned char>(c);
  append(out, "\\u00");
  append(out, kHex.substr(octet >> 4U, 1));
  append(out, kHex.substr(octet & 0x0FU, 1));
}

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 40> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  assert(error == std::errc());
  static_cast<void>(error);
  append(out, {digits.data(), end});
}

}  // namespace

void Writer::separate() {
  if (need_comma_) append(out_, ",");
  need_comma_ = true;
}

void Writer::append_string(std::string_view text) {
  append(out_, "\"");
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t run = at;
    while (run < text.size() && is_plain(text[run])) ++run;
    append(out_, text.substr(at, run - at));
    if (run == text.size()) break;
    at = run;
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      append_escape(out_, text[at++]);
    } else if (const std::size_t length = utf8_sequence_length(text, at); length != 0) {
      append(out_, text.substr(at, length));
      at += length;
    } else {
      append(out_, kReplacementCharacter);
      ++at;
    }
  }
  append(out_, "\"");
}

Writer& Writer::begin_object() {
  separate();
  append(out_, "{");
  need_comma_ = false;
  ++depth_;
  return *this;
}
Writer& Writer::end_object() {
  assert(depth_ > 0);
  --depth_;
  append(out_, "}");
  need_comma_ = true;
  return *this;
}
Writer& Writer::begin_array() {
  separate();
  append(out_, "[");
  need_comma_ = false;
  ++depth_;
  return *this;
}
Writer& Writer::end_array() {
  assert(depth_ > 0);
  --depth_;
  append(out_, "]");
  need_comma_ = true;
  return *this;
}
Writer& Writer::key(std::string_view name) {
  assert(depth_ > 0);
  separate();
  append_string(name);
  append(out_, ":");
  need_comma_ = false;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  append_string(text);
  return *this;
}
Writer& Writer::value(bool flag) { return raw(flag ? "true" : "false"); }
Writer& Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  const std::size_t start = out_.size();
  append_number(out_, number);
  // Without a fraction or an exponent it would read back as an integer.
  if (out_.find_first_of(".e", start) == std::string::npos) append(out_, ".0");
  return *this;
}
Writer& Writer::signed_value(std::int64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}
Writer& Writer::unsigned_value(std::uint64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}
Writer& Writer::null() { return raw("null"); }
Writer& Writer::raw(std::string_view json) {
  separate();
  append(out_, json);
  return *this;
}

Writer& Writer::value(const Value& any) {
  if (const bool* flag = any.if_bool()) return value(*flag);
  if (const std::int64_t* number = any.if_int64()) return value(*number);
  if (const std::uint64_t* number = any.if_uint64()) return value(*number);
  if (const double* number = any.if_double()) return value(*number);
  if (const std::string* text = any.if_string()) return value(*text);
  if (const Array* array = any.if_array()) {
    begin_array();
    for (const Value& element : *array) value(element);
    return end_array();
  }
  if (const Object* object = any.if_object()) {
    begin_object();
    for (const Member& member : *object) key(member.name).value(member.value);
    return end_object();
  }
  return null();
}

std::string write(const Value& value) {
  Writer writer;
  writer.value(value);
  return std::move(writer).take();
}

}  // namespace certwright::json
