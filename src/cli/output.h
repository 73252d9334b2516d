#pragma once
// What commands print: tables and members for people, JSON for programs. Text from the server may
// come from strangers: whatever could move the cursor, reorder a line or hide is shown escaped.
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace certwright::cli {

// Rows under headings, columns as wide as they need to be.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : rows_{std::move(headings)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print() const { print_text(text()); }
  // The lines, "(none)" under the headings if there are no rows.
  std::string text() const;

 private:
  static void print_text(const std::string& text);
  std::vector<std::vector<std::string>> rows_;
};

// A member as text, for tables: "" if absent or null, "yes" and "no" for booleans.
std::string text_of(const json::Value& object, std::string_view member);
// A moment to the second: "2026-11-27T02:33:45Z" of "2026-11-27T02:33:45.278595Z".
std::string time_of(const json::Value& object, std::string_view member);
// The objects of an array member; none if it is absent or no array.
const json::Array& rows_of(const json::Value& object, std::string_view member);
// Octets that are not UTF-8, control characters, and what nobody sees or what reorders a line
// (unicode/hidden.h) as \x1b, \u202e, \U000e0041.
std::string printable(std::string_view text);
// The same of a text of several lines, each with its end.
std::string printable_lines(std::string_view text);
void print_json(const json::Value& value);
// "name  value" lines, members of objects as outer.inner. PEM texts are left out: --json shows
// them.
void print_members(const json::Value& object);
std::string members_text(const json::Value& object);
// JSON with two spaces of indentation a level.
std::string indented(const json::Value& value, std::size_t depth = 0);

}  // namespace certwright::cli
