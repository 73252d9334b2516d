#pragma once
// JSON, RFC 8259: a value, its strict parser and its serialiser. No library type in this header.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "errors/result.h"

namespace certwright::json {

class Value;
struct Member;
using Array = std::vector<Value>;
using Object = std::vector<Member>;  // in the order written; names are unique after parse()

// One JSON value. An ordinary value type: copies deeply, compares structurally (member order
// counts). Integers keep 64 bits: parse() gives int64 where it fits, uint64 above that, double only
// for numbers written with a fraction or an exponent, or beyond 64 bits.
class Value {
 public:
  Value() noexcept;  // null
  Value(std::nullptr_t) noexcept;
  Value(bool value) noexcept;
  Value(int value) noexcept;
  Value(std::int64_t value) noexcept;
  Value(std::uint64_t value) noexcept;  // kept as int64 where it fits
  Value(double value) noexcept;         // must be finite; write() turns others into null
  Value(const char* value);
  Value(std::string_view value);
  Value(std::string value) noexcept;
  Value(Array value) noexcept;
  Value(Object value) noexcept;
  Value(const void*) = delete;  // a pointer is not a bool
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();

  bool is_null() const noexcept;
  // Null if the value is of another type. Valid as long as *this is unchanged.
  const bool* if_bool() const noexcept;
  const std::int64_t* if_int64() const noexcept;
  const std::uint64_t* if_uint64() const noexcept;  // only above the range of int64
  const double* if_double() const noexcept;
  const std::string* if_string() const noexcept;
  const Array* if_array() const noexcept;
  const Object* if_object() const noexcept;
  Array* if_array() noexcept;
  Object* if_object() noexcept;

  // The member of an object; null if this is no object or has none of that name.
  const Value* find(std::string_view name) const noexcept;
  // Sets or adds a member; turns null into an object first. Must be null or an object.
  Value& set(std::string_view name, Value value);

  // "null", "boolean", "number", "string", "array" or "object".
  std::string_view type_name() const noexcept;

  friend bool operator==(const Value& a, const Value& b);

 private:
  using Alternatives = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double,
                                    std::string, Array, Object>;
  Alternatives alternatives_;
};

struct Member {
  std::string name;
  Value value;
  friend bool operator==(const Member&, const Member&) = default;
};

struct Limits {
  std::size_t size_octets = 1024 * 1024;
  std::size_t depth = 32;       // nested arrays and objects; [[]] is 2
  std::size_t values = 65'536;  // of any type, in the whole document
};

// Parses one document, strictly as RFC 8259: no comments, no trailing commas, no trailing bytes
// but white space, no byte order mark, valid UTF-8 only, no unpaired surrogate escapes, no
// duplicate member names. Numbers that a double cannot hold are refused.
// Errors: too_large for a limit; bad_encoding for the rest, with the offset in the detail.
Result<Value> parse(std::string_view text, const Limits& limits = {});

// The compact form: no white space, no trailing newline, members in order. parse(write(v)) == v
// for every v with finite numbers, valid UTF-8 and unique names; invalid UTF-8 becomes U+FFFD.
std::string write(const Value& value);

}  // namespace certwright::json
