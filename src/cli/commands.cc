#include "cli/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/session.h"

namespace certwright::cli {
namespace {

int exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::unavailable: return 3;
    case Errc::unauthenticated:
    case Errc::not_permitted: return 4;
    case Errc::not_found: return 5;
    case Errc::conflict: return 6;
    default: return 1;
  }
}

// Words of the command line, for the shell: commands first, then options of the command.
std::string completion_words(const CLI::App& app) {
  std::string words;
  for (const auto* sub : app.get_subcommands({})) words += sub->get_name() + " ";
  for (const auto* option : app.get_options())
    if (!option->get_lnames().empty()) words += "--" + option->get_lnames().front() + " ";
  return words;
}

void print_completion(const CLI::App& app) {
  fmt::print("_certwright() {{\n  local cur=${{COMP_WORDS[COMP_CWORD]}} words\n  case \"${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}}\" in\n");
  for (const auto* group : app.get_subcommands({})) {
    for (const auto* command : group->get_subcommands({}))
      fmt::print("    \"{} {}\") words=\"{}\";;\n", group->get_name(), command->get_name(), completion_words(*command));
    fmt::print("    \"{} \"*) words=\"{}\";;\n", group->get_name(), completion_words(*group));
  }
  fmt::print("    *) words=\"{}\";;\n  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}}\n"
             "complete -o default -F _certwright certwright\n", completion_words(app));
}

}  // namespace

std::function<int()> add_commands(CLI::App& app) {
  auto registry = std::make_shared<Registry>();
  add_ca_commands(app, *registry);
  add_profile_commands(app, *registry);
  add_cert_commands(app, *registry);
  add_access_commands(app, *registry);
  add_audit_commands(app, *registry);
  add_kek_commands(app, *registry);
  add_doctor(app, *registry);
  auto* completion = app.add_subcommand("completion", "Shell completion: source <(certwright completion)");
  completion->callback([registry, &app] {
    registry->chosen = [&app](Session&) -> Result<void> {
      print_completion(app);
      return {};
    };
  });
  return [registry] {
    if (!registry->chosen) return 2;
    Session session(registry->connection);
    const auto result = registry->chosen(session);
    if (result) return 0;
    fmt::print(stderr, "certwright: {}\n", result.error().detail);
    return exit_code(result.error().code);
  };
}

}  // namespace certwright::cli
