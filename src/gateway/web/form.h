#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"

namespace certwright::gateway::web {

// What a browser's form sends: application/x-www-form-urlencoded (URL Standard section 5.1) or
// multipart/form-data (RFC 7578). Values are octets as they were sent, whatever their character set.
class Form {
 public:
  static constexpr std::size_t kMaxFields = 64;  // where a route says nothing else
  static constexpr std::size_t kMaxNameOctets = 128;

  struct Field {
    std::string name, value;
    bool is_file = false;  // a file's content; an empty file field has an empty value
    friend bool operator==(const Field&, const Field&) = default;
  };

  explicit Form(std::size_t max_fields = kMaxFields) : max_fields_(max_fields) {}
  Form(Form&&) = default;
  Form& operator=(Form&&) = default;
  ~Form();  // wipes: it may hold a password

  // Is this a Content-Type that parse() reads?
  static bool is_form(std::string_view content_type) noexcept;
  // Errors: invalid, field "Content-Type", for another one; bad_encoding; too_large for too many fields
  // or too long a name.
  static Result<Form> parse(std::string_view content_type, std::string_view body, std::size_t max_fields = kMaxFields);

  // Errors: bad_encoding, with the field, if it is there twice.
  Result<std::optional<std::string>> value(std::string_view name) const;
  // All of that name, in order: of check boxes.
  std::vector<std::string> values(std::string_view name) const;
  const std::vector<Field>& fields() const noexcept { return fields_; }

 private:
  Result<void> parse_urlencoded(std::string_view body);
  Result<void> parse_multipart(std::string_view content_type, std::string_view body);
  Result<void> add(std::string name, std::string value, bool is_file);
  std::size_t max_fields_;
  std::vector<Field> fields_;
};

}  // namespace certwright::gateway::web
