#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace certwright::json {

struct StringLimits {
  std::size_t min_length = 0;      // octets of UTF-8
  std::size_t max_length = 1'024;  // octets of UTF-8
};
struct ArrayLimits {
  std::size_t max_count = 128;
  std::size_t max_length = 1'024;  // of each string, octets
};

// Reads a request's object member by member, with errors a person can act on:
// field "ip_addresses[2]", detail "ip_addresses[2]: expected a string".
//
//   CERTWRIGHT_TRY(auto reader, ObjectReader::of(document));
//   CERTWRIGHT_TRY(const auto csr, reader.string("csr", {.max_length = 65536}));
//   CERTWRIGHT_TRY(const auto ttl, reader.optional_string("ttl"));
//   CERTWRIGHT_CHECK(reader.finish());     // refuses members nobody asked for
//
// An optional member that is null counts as absent; a required one may not be null. All errors are
// Errc::invalid, too long or too many Errc::too_large. The Value must outlive the reader.
class ObjectReader {
 public:
  // `where` is put before the names in errors, e.g. "subject" gives "subject.common_name".
  static Result<ObjectReader> of(const Value& value, std::string where = {});

  Result<std::string> string(std::string_view name, StringLimits limits = {});
  Result<std::optional<std::string>> optional_string(std::string_view name,
                                                     StringLimits limits = {});
  Result<bool> boolean(std::string_view name);
  Result<std::optional<bool>> optional_boolean(std::string_view name);
  // Bounds are inclusive.
  Result<std::int64_t> integer(std::string_view name,
                               std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                               std::int64_t most = std::numeric_limits<std::int64_t>::max());
  Result<std::optional<std::int64_t>> optional_integer(
      std::string_view name, std::int64_t least = std::numeric_limits<std::int64_t>::min(),
      std::int64_t most = std::numeric_limits<std::int64_t>::max());
  Result<std::vector<std::string>> strings(std::string_view name, ArrayLimits limits = {});
  Result<std::optional<std::vector<std::string>>> optional_strings(std::string_view name,
                                                                   ArrayLimits limits = {});
  Result<ObjectReader> object(std::string_view name);
  Result<std::optional<ObjectReader>> optional_object(std::string_view name);
  // The objects of an array, each with its own reader ("rules[0]", ...). Each wants its finish().
  Result<std::vector<ObjectReader>> objects(std::string_view name, std::size_t max_count = 128);
  Result<std::optional<std::vector<ObjectReader>>> optional_objects(std::string_view name,
                                                                    std::size_t max_count = 128);
  // Any value, unchecked; null if absent.
  const Value* optional_value(std::string_view name);

  bool has(std::string_view name) const noexcept;  // present and not null
  // "subject.common_name" for a member of this object: for errors of the caller's own.
  std::string field(std::string_view name) const;

  // Refuses members that were never asked for, naming the nearest one that was.
  Result<void> finish() const;

 private:
  ObjectReader(const Object& object, std::string where);
  const Value* look(std::string_view name);  // null if absent or null
  tl::unexpected<Error> missing(std::string_view name) const;

  const Object* object_;
  std::string where_;
  std::vector<std::string> asked_;
};

}  // namespace certwright::json
