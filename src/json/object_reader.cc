#include "json/object_reader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace certwright::json {
namespace {

tl::unexpected<Error> bad_field(Errc code, const std::string& field, std::string_view what) {
  return fail_field(code, field, fmt::format("{}: {}", field, what));
}

tl::unexpected<Error> bad_type(const std::string& field, std::string_view expected) {
  return bad_field(Errc::invalid, field, fmt::format("expected {}", expected));
}

Result<std::string> checked_string(const Value& value, const std::string& field,
                                   StringLimits limits) {
  const std::string* text = value.if_string();
  if (text == nullptr) return bad_type(field, "a string");
  if (text->size() > limits.max_length) {
    return bad_field(Errc::too_large, field,
                     fmt::format("longer than {} octets", limits.max_length));
  }
  if (text->size() < limits.min_length) {
    return bad_field(Errc::invalid, field,
                     text->empty() ? "may not be empty"
                                   : fmt::format("shorter than {} octets", limits.min_length));
  }
  return *text;
}

Result<const Array*> checked_array(const Value& value, const std::string& field,
                                   std::size_t max_count) {
  const Array* array = value.if_array();
  if (array == nullptr) return bad_type(field, "an array");
  if (array->size() > max_count) {
    return bad_field(Errc::too_large, field, fmt::format("more than {} elements", max_count));
  }
  return array;
}

// Levenshtein's distance; names are short.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// Makes the optional form of a reader out of its required form.
template <class T, class Read>
Result<std::optional<T>> if_present(bool present, Read read) {
  if (!present) return std::optional<T>();
  CERTWRIGHT_TRY(T value, read());
  return std::optional<T>(std::move(value));
}

}  // namespace

ObjectReader::ObjectReader(const Object& object, std::string where)
    : object_(&object), where_(std::move(where)) {}

Result<ObjectReader> ObjectReader::of(const Value& value, std::string where) {
  if (const Object* object = value.if_object()) return ObjectReader(*object, std::move(where));
  if (where.empty()) return fail(Errc::invalid, "expected a JSON object");
  return bad_type(where, "an object");
}

std::string ObjectReader::field(std::string_view name) const {
  return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

const Value* ObjectReader::optional_value(std::string_view name) {
  if (std::ranges::find(asked_, name) == asked_.end()) asked_.emplace_back(name);
  for (const Member& member : *object_) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

const Value* ObjectReader::look(std::string_view name) {
  const Value* value = optional_value(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool ObjectReader::has(std::string_view name) const noexcept {
  return std::ranges::any_of(*object_, [&](const Member& member) {
    return member.name == name && !member.value.is_null();
  });
}

tl::unexpected<Error> ObjectReader::missing(std::string_view name) const {
  return bad_field(Errc::invalid, field(name), "is required");
}

Result<std::string> ObjectReader::string(std::string_view name, StringLimits limits) {
  const Value* value = look(name);
  if (value == nullptr) return missing(name);
  return checked_string(*value, field(name), limits);
}
Result<std::optional<std::string>> ObjectReader::optional_string(std::string_view name,
                                                                 StringLimits limits) {
  return if_present<std::string>(look(name) != nullptr, [&] { return string(name, limits); });
}

Result<bool> ObjectReader::boolean(std::string_view name) {
  const Value* value = look(name);
  if (value == nullptr) return missing(name);
  if (const bool* flag = value->if_bool()) return *flag;
  return bad_type(field(name), "true or false");
}
Result<std::optional<bool>> ObjectReader::optional_boolean(std::string_view name) {
  return if_present<bool>(look(name) != nullptr, [&] { return boolean(name); });
}

Result<std::int64_t> ObjectReader::integer(std::string_view name, std::int64_t least,
                                           std::int64_t most) {
  const Value* value = look(name);
  if (value == nullptr) return missing(name);
  const std::int64_t* number = value->if_int64();
  const bool over_int64 = value->if_uint64() != nullptr;
  if (number == nullptr && !over_int64) return bad_type(field(name), "an integer");
  if (over_int64 || *number < least || *number > most) {
    return bad_field(Errc::invalid, field(name), fmt::format("not within {} to {}", least, most));
  }
  return *number;
}
Result<std::optional<std::int64_t>> ObjectReader::optional_integer(std::string_view name,
                                                                   std::int64_t least,
                                                                   std::int64_t most) {
  return if_present<std::int64_t>(look(name) != nullptr,
                                  [&] { return integer(name, least, most); });
}

Result<std::vector<std::string>> ObjectReader::strings(std::string_view name, ArrayLimits limits) {
  const Value* value = look(name);
  if (value == nullptr) return missing(name);
  CERTWRIGHT_TRY(const Array* array, checked_array(*value, field(name), limits.max_count));
  std::vector<std::string> texts;
  texts.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    CERTWRIGHT_TRY(std::string text,
                   checked_string((*array)[i], fmt::format("{}[{}]", field(name), i),
                                  {.min_length = 0, .max_length = limits.max_length}));
    texts.push_back(std::move(text));
  }
  return texts;
}
Result<std::optional<std::vector<std::string>>> ObjectReader::optional_strings(
    std::string_view name, ArrayLimits limits) {
  return if_present<std::vector<std::string>>(look(name) != nullptr,
                                              [&] { return strings(name, limits); });
}

Result<ObjectReader> ObjectReader::object(std::string_view name) {
  const Value* value = look(name);
  if (value == nullptr) return missing(name);
  return of(*value, field(name));
}
Result<std::optional<ObjectReader>> ObjectReader::optional_object(std::string_view name) {
  return if_present<ObjectReader>(look(name) != nullptr, [&] { return object(name); });
}

Result<std::vector<ObjectReader>> ObjectReader::objects(std::string_view name,
                                                        std::size_t max_count) {
  const Value* value = look(name);
  if (value == nullptr) return missing(name);
  CERTWRIGHT_TRY(const Array* array, checked_array(*value, field(name), max_count));
  std::vector<ObjectReader> readers;
  readers.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    CERTWRIGHT_TRY(ObjectReader reader, of((*array)[i], fmt::format("{}[{}]", field(name), i)));
    readers.push_back(std::move(reader));
  }
  return readers;
}
Result<std::optional<std::vector<ObjectReader>>> ObjectReader::optional_objects(
    std::string_view name, std::size_t max_count) {
  return if_present<std::vector<ObjectReader>>(look(name) != nullptr,
                                               [&] { return objects(name, max_count); });
}

Result<void> ObjectReader::finish() const {
  constexpr std::size_t kLongestNameToCompare = 64;
  for (const Member& member : *object_) {
    if (std::ranges::find(asked_, member.name) != asked_.end()) continue;
    const std::string shown = member.name.substr(0, kLongestNameToCompare);
    std::string what = "is not known here";
    std::size_t nearest_distance = shown.size() / 2 + 1;  // further off is no help
    for (const std::string& asked : asked_) {
      const std::size_t distance = edit_distance(shown, asked);
      if (distance >= nearest_distance) continue;
      nearest_distance = distance;
      what = fmt::format("is not known here; did you mean \"{}\"?", asked);
    }
    return bad_field(Errc::invalid, field(shown), what);
  }
  return {};
}

}  // namespace certwright::json
