#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/session.h"

namespace certwright::cli {
namespace {

Result<void> rotate(Session& session) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("POST", "/api/v1/kek/rotate"));
  if (session.json()) return print_json(answer), Result<void>();
  const std::string active = printable(text_of(answer, "active"));
  const std::string source = printable(text_of(answer, "source"));
  if (text_of(answer, "switched") == "yes")
    fmt::print("Key-encryption key {} is active. What is sealed under {} is sealed again in the background;\n"
               "that key is deleted when nothing needs it: certwright kek status\n",
               active, printable(text_of(answer, "retired")));
  else
    fmt::print("Key-encryption key {} is kept. Now change the {}.\n"
               "Then: certwright kek rotate, or restart the server.\n",
               active, source);
  return {};
}

Result<void> status(Session& session) {
  CERTWRIGHT_TRY(const auto answer, session.call_json("GET", "/api/v1/kek"));
  if (session.json()) return print_json(answer), Result<void>();
  print_members(answer);
  return {};
}

}  // namespace

void add_kek_commands(CLI::App& app, Registry& registry) {
  auto* group = app.add_subcommand("kek", "The key-encryption key, which seals every other key");
  group->require_subcommand(1);
  add_command(*group, registry, "rotate",
              "Another key-encryption key: a new one (file), or the one that its source has now; if that is "
              "still the same, keep it, so that the source can be changed",
              rotate);
  add_command(*group, registry, "status", "Which are in use, and how much is still sealed under a retired one",
              status);
}

}  // namespace certwright::cli
