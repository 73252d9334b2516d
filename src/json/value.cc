#include "json/value.h"

#include <utility>

#include "bytes/secret_bytes.h"

namespace certwright::json {

Value::Value() noexcept : alternatives_(nullptr) {}
Value::Value(std::nullptr_t) noexcept : alternatives_(nullptr) {}
Value::Value(bool value) noexcept : alternatives_(value) {}
Value::Value(int value) noexcept : alternatives_(std::int64_t{value}) {}
Value::Value(std::int64_t value) noexcept : alternatives_(value) {}
Value::Value(std::uint64_t value) noexcept {
  if (std::in_range<std::int64_t>(value)) {
    alternatives_ = static_cast<std::int64_t>(value);
  } else {
    alternatives_ = value;
  }
}
Value::Value(double value) noexcept : alternatives_(value) {}
Value::Value(const char* value) : alternatives_(std::string(value)) {}
Value::Value(std::string_view value) : alternatives_(std::string(value)) {}
Value::Value(std::string value) noexcept : alternatives_(std::move(value)) {}
Value::Value(Array value) noexcept : alternatives_(std::move(value)) {}
Value::Value(Object value) noexcept : alternatives_(std::move(value)) {}
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
// A document may hold a password or a key.
Value::~Value() {
  if (auto* text = std::get_if<std::string>(&alternatives_)) wipe(*text);
}

bool Value::is_null() const noexcept {
  return std::holds_alternative<std::nullptr_t>(alternatives_);
}
const bool* Value::if_bool() const noexcept { return std::get_if<bool>(&alternatives_); }
const std::int64_t* Value::if_int64() const noexcept {
  return std::get_if<std::int64_t>(&alternatives_);
}
const std::uint64_t* Value::if_uint64() const noexcept {
  return std::get_if<std::uint64_t>(&alternatives_);
}
const double* Value::if_double() const noexcept { return std::get_if<double>(&alternatives_); }
const std::string* Value::if_string() const noexcept {
  return std::get_if<std::string>(&alternatives_);
}
const Array* Value::if_array() const noexcept { return std::get_if<Array>(&alternatives_); }
const Object* Value::if_object() const noexcept { return std::get_if<Object>(&alternatives_); }
Array* Value::if_array() noexcept { return std::get_if<Array>(&alternatives_); }
Object* Value::if_object() noexcept { return std::get_if<Object>(&alternatives_); }

const Value* Value::find(std::string_view name) const noexcept {
  if (const Object* object = if_object()) {
    for (const Member& member : *object) {
      if (member.name == name) return &member.value;
    }
  }
  return nullptr;
}

Value& Value::set(std::string_view name, Value value) {
  if (is_null()) alternatives_ = Object{};
  Object& object = std::get<Object>(alternatives_);
  for (Member& member : object) {
    if (member.name == name) return member.value = std::move(value);
  }
  return object.emplace_back(Member{std::string(name), std::move(value)}).value;
}

std::string_view Value::type_name() const noexcept {
  constexpr std::string_view kNames[] = {"null",   "boolean", "number", "number",
                                         "number", "string",  "array",  "object"};
  return kNames[alternatives_.index()];
}

bool operator==(const Value& a, const Value& b) { return a.alternatives_ == b.alternatives_; }

}  // namespace certwright::json
