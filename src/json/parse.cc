#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <exception>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "json/value.h"

namespace certwright::json {
namespace {

using ErrorCode = boost::system::error_code;
using StringView = boost::json::string_view;

// Builds our Value from Boost.JSON's events. Our own refusals are kept in `refusal_`; the error
// code given back to Boost then only makes it stop.
class ValueBuilder {
 public:
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  explicit ValueBuilder(std::size_t values_left) : values_left_(values_left) {}

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_object_begin(ErrorCode& ec) { return open(Object{}, ec); }
  bool on_object_end(std::size_t, ErrorCode& ec) {
    if (!names_are_unique(*open_.back().container.if_object(), ec)) return false;
    close();
    return true;
  }
  bool on_array_begin(ErrorCode& ec) { return open(Array{}, ec); }
  bool on_array_end(std::size_t, ErrorCode&) {
    close();
    return true;
  }
  bool on_key_part(StringView part, std::size_t, ErrorCode&) { return accumulate(part); }
  bool on_key(StringView part, std::size_t, ErrorCode&) {
    accumulate(part);
    open_.back().key = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(StringView part, std::size_t, ErrorCode&) { return accumulate(part); }
  bool on_string(StringView part, std::size_t, ErrorCode& ec) {
    accumulate(part);
    return add(std::exchange(text_, {}), ec);
  }
  bool on_number_part(StringView part, ErrorCode&) { return accumulate(part); }
  bool on_int64(std::int64_t value, StringView, ErrorCode& ec) { return add_number(value, ec); }
  bool on_uint64(std::uint64_t value, StringView, ErrorCode& ec) { return add_number(value, ec); }
  // Boost.JSON's own conversion can be off in the last digit; the text is converted exactly here.
  bool on_double(double, StringView part, ErrorCode& ec) {
    accumulate(part);
    const std::string text = std::exchange(text_, {});
    double exact = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
    if (end != text.data() + text.size()) return refuse("a number that cannot be read", ec);
    // result_out_of_range is also what 1e-400 gives; both are values a double cannot hold.
    if (error != std::errc() || !std::isfinite(exact)) {
      return refuse("a number outside the range of a double", ec);
    }
    return add(exact, ec);
  }
  bool on_bool(bool value, ErrorCode& ec) { return add(value, ec); }
  bool on_null(ErrorCode& ec) { return add(nullptr, ec); }
  bool on_comment_part(StringView, ErrorCode&) { return true; }
  bool on_comment(StringView, ErrorCode&) { return true; }

  Value take() { return std::move(root_); }
  const std::optional<Error>& refusal() const { return refusal_; }

 private:
  struct Open {
    Value container;
    std::string key;  // of the member being read, if the container is an object
  };

  bool accumulate(StringView part) {
    text_.append(part.data(), part.size());
    return true;
  }

  template <class Number>
  bool add_number(Number value, ErrorCode& ec) {
    text_.clear();
    return add(value, ec);
  }

  bool stop(Error error, ErrorCode& ec) {
    refusal_ = std::move(error);
    ec = boost::json::error::syntax;
    return false;
  }
  bool refuse(std::string what, ErrorCode& ec) {
    return stop(Error{Errc::bad_encoding, fmt::format("not acceptable JSON: {}", what), {}}, ec);
  }

  bool count(ErrorCode& ec) {
    if (values_left_ == 0) {
      return stop(Error{Errc::too_large, "the JSON document has too many values", {}}, ec);
    }
    --values_left_;
    return true;
  }

  bool add(Value value, ErrorCode& ec) {
    if (!count(ec)) return false;
    place(std::move(value));
    return true;
  }

  bool open(Value empty, ErrorCode& ec) {
    if (!count(ec)) return false;
    open_.push_back({std::move(empty), {}});
    return true;
  }

  void close() {
    Value done = std::move(open_.back().container);
    open_.pop_back();
    place(std::move(done));
  }

  void place(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Array* array = open_.back().container.if_array()) {
      array->push_back(std::move(value));
    } else {
      open_.back().container.if_object()->push_back(
          Member{std::exchange(open_.back().key, {}), std::move(value)});
    }
  }

  bool names_are_unique(const Object& object, ErrorCode& ec) {
    constexpr std::size_t kFewMembers = 8;  // below this, comparing all pairs is cheapest
    if (object.size() <= kFewMembers) {
      for (std::size_t i = 1; i < object.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (object[i].name == object[j].name) return refuse_duplicate(object[i].name, ec);
        }
      }
      return true;
    }
    std::unordered_set<std::string_view> seen;
    seen.reserve(object.size());
    for (const Member& member : object) {
      if (!seen.insert(member.name).second) return refuse_duplicate(member.name, ec);
    }
    return true;
  }

  bool refuse_duplicate(const std::string& name, ErrorCode& ec) {
    return refuse(fmt::format("the member \"{}\" appears twice", name.substr(0, 64)), ec);
  }

  std::vector<Open> open_;
  std::string text_;
  Value root_;
  std::size_t values_left_;
  std::optional<Error> refusal_;
};

}  // namespace

Result<Value> parse(std::string_view text, const Limits& limits) try {
  if (text.size() > limits.size_octets) {
    return fail(Errc::too_large,
                fmt::format("the JSON document is over {} octets", limits.size_octets));
  }
  boost::json::parse_options options;  // strict by default: no comments, commas, invalid UTF-8
  options.max_depth = limits.depth;
  boost::json::basic_parser<ValueBuilder> parser(options, limits.values);
  ErrorCode ec;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), ec);
  if (parser.handler().refusal()) return tl::unexpected<Error>(*parser.handler().refusal());
  if (ec == boost::json::error::too_deep) {
    return fail(Errc::too_large,
                fmt::format("the JSON document is nested deeper than {}", limits.depth));
  }
  if (ec) {
    return fail(Errc::bad_encoding,
                fmt::format("not valid JSON: {} at offset {}", ec.message(), consumed));
  }
  if (consumed != text.size()) {
    return fail(Errc::bad_encoding,
                fmt::format("not valid JSON: more follows the value at offset {}", consumed));
  }
  return parser.handler().take();
} catch (const std::exception& e) {
  return fail(Errc::internal, fmt::format("the JSON parser failed: {}", e.what()));
}

}  // namespace certwright::json
