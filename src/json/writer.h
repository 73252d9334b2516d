#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace certwright::json {

class Value;

// Writes JSON (RFC 8259) straight into a string, without building values first:
//
//   Writer w;
//   w.begin_object();
//   w.member("total", 3);
//   w.key("names").begin_array().value("a").value("b").end_array();
//   w.end_object();
//   return std::move(w).take();          // {"total":3,"names":["a","b"]}
//
// Commas and escapes are its business; that begins and ends match, and that names are unique, is
// the caller's (asserted in debug builds). No white space, no trailing newline. Strings should be
// UTF-8; invalid sequences are written as U+FFFD, so the output is always valid JSON.
class Writer {
 public:
  Writer() = default;
  explicit Writer(std::size_t reserve_octets) { out_.reserve(reserve_octets); }

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);

  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool flag);
  Writer& value(double number);  // shortest form that reads back the same; null if not finite
  template <class Integer>
    requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
  Writer& value(Integer number) {
    if constexpr (std::is_signed_v<Integer>) return signed_value(number);
    else return unsigned_value(number);
  }
  Writer& value(const Value& any);
  Writer& null();
  // Inserts text that is already JSON, e.g. a stored document. Not checked.
  Writer& raw(std::string_view json);

  template <class T>
  Writer& member(std::string_view name, const T& what) {
    return key(name).value(what);
  }

  const std::string& text() const noexcept { return out_; }
  std::string take() && { return std::move(out_); }

 private:
  Writer& signed_value(std::int64_t number);
  Writer& unsigned_value(std::uint64_t number);
  void separate();
  void append_string(std::string_view text);

  std::string out_;
  int depth_ = 0;
  bool need_comma_ = false;
};

}  // namespace certwright::json
