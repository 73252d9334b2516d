#include "cli/completion.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace certwright::cli {
namespace {

// Choices are in the type's name, as CLI::IsMember writes it: STATE:{valid,revoked,expired}
std::string choices_of(const std::string& type_name) {
  const auto open = type_name.find('{'), close = type_name.find('}');
  if (open == std::string::npos || close == std::string::npos) return "";
  std::string words = type_name.substr(open + 1, close - open - 1);
  std::ranges::replace(words, ',', ' ');
  return words;
}

struct Words {
  std::string all;     // subcommands, options, and what a position chooses from
  std::string files;   // options whose value is a file
  std::string values;  // options with another value
  std::vector<std::pair<std::string, std::string>> choices;  // options with a fixed set
};

Words words_of(const CLI::App& app) {
  Words words;
  for (const auto* sub : app.get_subcommands({})) words.all += sub->get_name() + " ";
  for (const auto* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (option->get_lnames().empty()) {
      if (option->get_positional()) words.all += choices_of(type) + " ";
      continue;
    }
    const std::string name = "--" + option->get_lnames().front();
    words.all += name + " ";
    if (option->get_expected_max() == 0) continue;
    if (type.starts_with("FILE") || type.starts_with("DIR"))
      words.files += name + " ";
    else
      words.values += name + " ";
    if (auto choices = choices_of(type); !choices.empty())
      words.choices.emplace_back(name, std::move(choices));
  }
  return words;
}

std::string shell_case(const std::string& pattern, const CLI::App& app) {
  const Words words = words_of(app);
  std::string text =
      fmt::format("    {})\n      words=\"{}\"\n      files=\" {}\" values=\" {}\"\n", pattern,
                  words.all, words.files, words.values);
  if (!words.choices.empty()) {
    text += "      case \"$prev\" in\n";
    for (const auto& [name, choices] : words.choices)
      text += fmt::format("        {}) choices=\"{}\" ;;\n", name, choices);
    text += "      esac\n";
  }
  return text + "      ;;\n";
}

constexpr const char* kBegin = R"(_certwright() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local path= words= files= values= choices=
  [ "$COMP_CWORD" -lt 2 ] || path=${COMP_WORDS[1]}
  [ "$COMP_CWORD" -lt 3 ] || path="$path ${COMP_WORDS[2]}"
  COMPREPLY=()
  case "$path" in
)";

// An empty COMPREPLY leaves the shell to complete file names (-o default).
constexpr const char* kEnd = R"(  esac
  if [ -n "$choices" ]; then
    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
    return
  fi
  case "$files" in *" $prev "*) return ;; esac
  case "$values" in *" $prev "*) type compopt >/dev/null 2>&1 && compopt +o default; return ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _certwright certwright
)";

// Most groups need a command; one that does not is a command too.
bool runs_by_itself(const CLI::App& group) {
  return group.get_subcommands({}).empty() || group.get_require_subcommand_min() == 0;
}

}  // namespace

void for_each_command(const CLI::App& app,
                      const std::function<void(const std::string& path, const CLI::App&)>& visit) {
  for (const auto* group : app.get_subcommands({})) {
    const auto subcommands = group->get_subcommands({});
    if (runs_by_itself(*group)) visit(group->get_name(), *group);
    for (const auto* command : subcommands)
      visit(group->get_name() + " " + command->get_name(), *command);
  }
}

std::string completion_script(const CLI::App& app, Shell shell) {
  std::string script =
      shell == Shell::zsh
          ? "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"
          : "";
  script += kBegin;
  script += shell_case("\"\"", app);
  for (const auto* group : app.get_subcommands({})) {
    const std::string& name = group->get_name();
    if (group->get_subcommands({}).empty()) {
      script += shell_case(fmt::format("\"{0}\"|\"{0} \"*", name), *group);
      continue;
    }
    script += shell_case(
        runs_by_itself(*group) ? fmt::format("\"{0}\"|\"{0} -\"*", name) : fmt::format("\"{}\"", name), *group);
    for (const auto* command : group->get_subcommands({}))
      script += shell_case(fmt::format("\"{} {}\"", name, command->get_name()), *command);
  }
  return script + kEnd;
}

}  // namespace certwright::cli
