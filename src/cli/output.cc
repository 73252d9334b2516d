#include "cli/output.h"

#include <algorithm>

#include <fmt/format.h>

#include "unicode/hidden.h"

namespace certwright::cli {
namespace {

// Columns on a terminal, near enough: one a code point.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t used = width_of(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

std::string text_of_value(const json::Value& value) {
  if (value.is_null()) return "";
  if (const auto* text = value.if_string()) return *text;
  if (const auto* flag = value.if_bool()) return *flag ? "yes" : "no";
  if (const auto* array = value.if_array()) {
    std::string all;
    for (const auto& element : *array) all += (all.empty() ? "" : ", ") + text_of_value(element);
    return all;
  }
  return json::write(value);
}

using Lines = std::vector<std::pair<std::string, std::string>>;

void flatten(const json::Value& object, const std::string& prefix, Lines& lines) {
  for (const auto& [name, value] : *object.if_object()) {
    if (value.if_object() != nullptr) {
      flatten(value, prefix + name + ".", lines);
      continue;
    }
    std::string text = text_of_value(value);
    if (text.find('\n') == std::string::npos) lines.emplace_back(prefix + name, std::move(text));
  }
}

}  // namespace

std::string Table::text() const {
  std::vector<std::vector<std::string>> shown;
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    auto& cells = shown.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(printable(row[i]));
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  }
  std::string text;
  for (auto& row : shown) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += padded(std::move(row[i]), widths[i]) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  if (rows_.size() == 1) text += "(none)\n";
  return text;
}

void Table::print_text(const std::string& text) { fmt::print("{}", text); }

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [point, size] = unicode::first_code_point(text);
    const auto code = static_cast<std::uint32_t>(point);
    if (size == 0 || code < 0x20 || code == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else if (!unicode::is_control(point) && !unicode::is_hidden(point))
      out += text.substr(0, size);
    else
      out += code > 0xffff ? fmt::format("\\U{:08x}", code) : fmt::format("\\u{:04x}", code);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines += printable(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

std::string text_of(const json::Value& object, std::string_view member) {
  const json::Value* value = object.find(member);
  return value == nullptr ? "" : text_of_value(*value);
}

std::string time_of(const json::Value& object, std::string_view member) {
  std::string text = text_of(object, member);
  if (const auto point = text.find('.'); point != std::string::npos && text.ends_with('Z'))
    text.erase(point, text.size() - point - 1);
  return text;
}

const json::Array& rows_of(const json::Value& object, std::string_view member) {
  static const json::Array none;
  const json::Value* value = object.find(member);
  return value == nullptr || value->if_array() == nullptr ? none : *value->if_array();
}

void print_json(const json::Value& value) { fmt::print("{}\n", json::write(value)); }

std::string members_text(const json::Value& object) {
  if (object.if_object() == nullptr) return "";
  Lines lines;
  flatten(object, "", lines);
  std::size_t width = 0;
  for (const auto& [name, value] : lines) width = std::max(width, width_of(name));
  std::string text;
  for (const auto& [name, value] : lines)
    text += value.empty() ? name + "\n" : padded(name, width) + "  " + printable(value) + "\n";
  return text;
}

void print_members(const json::Value& object) { fmt::print("{}", members_text(object)); }

std::string indented(const json::Value& value, std::size_t depth) {
  const std::string inner(2 * depth + 2, ' '), outer(2 * depth, ' ');
  std::string text;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& [name, member] : *object)
      text += (text.empty() ? "{\n" : ",\n") + inner + json::write(json::Value(name)) + ": " +
              indented(member, depth + 1);
    return text + "\n" + outer + "}";
  }
  const auto* array = value.if_array();
  const bool plain =
      array == nullptr || std::ranges::all_of(*array, [](const json::Value& element) {
        return element.if_object() == nullptr && element.if_array() == nullptr;
      });
  if (plain) return json::write(value);
  for (const auto& element : *array)
    text += (text.empty() ? "[\n" : ",\n") + inner + indented(element, depth + 1);
  return text + "\n" + outer + "]";
}

}  // namespace certwright::cli
