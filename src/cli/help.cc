#include "cli/help.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace certwright::cli {
namespace {

// What CLI11 shows of an option's type: "STATE:{valid,revoked}", "N:INT in [1 - 1000]", "FILE".
struct Type {
  std::string name, values;
};

Type type_of(const CLI::Option& option) {
  const std::string text = option.get_type_name();
  const auto colon = text.find(':');
  if (colon == std::string::npos) return {text, ""};
  Type type{text.substr(0, colon), ""};
  for (const char c : text.substr(colon + 1))
    if (c == ',')
      type.values += ", ";
    else if (c != '{' && c != '}' && c != '[' && c != ']')
      type.values += c;
  if (type.values.starts_with("INT in ")) type.values.erase(0, 7);
  return type;
}

class PlainHelp : public CLI::Formatter {
 public:
  PlainHelp() { column_width(30); }

  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    return is_positional ? type_of(*option).name : option->get_name(false, true);
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    const bool takes_value = option->get_type_size() != 0 && !option->get_lnames().empty();
    return takes_value ? " " + type_of(*option).name : "";
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (const auto values = type_of(*option).values; !values.empty()) text += ": " + values;
    if (!option->get_default_str().empty()) text += " (default " + option->get_default_str() + ")";
    if (!option->get_envname().empty()) text += " (" + option->get_envname() + ")";
    if (option->get_required() && !option->get_lnames().empty()) text += " (required)";
    return text;
  }

  std::string make_option_usage(const CLI::Option* option) const override {
    std::string text = type_of(*option).name;
    if (option->get_expected_max() > 1) text += "...";
    return option->get_required() ? text : "[" + text + "]";
  }
};

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    if (!option->get_lnames().empty()) names.push_back("--" + option->get_lnames().front());
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// What is wrong with the words that `command` could not place; "" if that is not what is wrong.
std::string unplaced(const CLI::App& command, const std::string& path,
                     const std::vector<std::string>& words) {
  const bool is_group = !command.get_subcommands({}).empty();
  const auto option =
      std::ranges::find_if(words, [](const auto& word) { return word.starts_with("-"); });
  if (option != words.end()) {
    const std::string name = option->substr(0, option->find('='));
    return fmt::format("no option {} of {}; the nearest is {}", name, path,
                       nearest(name, options_of(command)));
  }
  if (!words.empty() && is_group)
    return fmt::format("no command {} {}; the nearest is {} {}", path, words.front(), path,
                       nearest(words.front(), names_of(command)));
  if (!words.empty()) return fmt::format("one word too many: {}", words.front());
  if (is_group) return fmt::format("{} needs a command: {}", path, joined(names_of(command)));
  return "";
}

}  // namespace

void use_plain_help(CLI::App& app) { app.formatter(std::make_shared<PlainHelp>()); }

std::string usage_problem(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  std::string path = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    path += " " + command->get_name();
  }
  const bool misplaced = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                         !command->get_subcommands({}).empty();
  std::string what = misplaced ? unplaced(*command, path, app.remaining(true)) : "";
  if (what.empty()) what = error.what();
  return fmt::format("{}\nSee: {} --help", what, path);
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const auto& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t above = row[j];
        row[j] = std::min(
            {row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1)});
        diagonal = above;
      }
    }
    // A beginning of it wins where the edits are as many.
    const std::size_t cost = 2 * row.back() + (candidate.starts_with(word) ? 0 : 1);
    if (cost >= least) continue;
    least = cost;
    best = candidate;
  }
  return best;
}

}  // namespace certwright::cli
