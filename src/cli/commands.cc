#include "cli/commands.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/completion.h"
#include "cli/session.h"

namespace certwright::cli {
namespace {

void add_completion(CLI::App& app, Registry& registry) {
  auto* completion = app.add_subcommand(
      "completion", "Shell completion; in ~/.bashrc: source <(certwright completion bash)");
  const auto shell = std::make_shared<std::string>("bash");
  completion->add_option("shell", *shell, "which shell")
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->capture_default_str()
      ->type_name("SHELL");
  completion->callback([&registry, &app, shell] {
    registry.chosen = [&app, shell](Session&) -> Result<void> {
      fmt::print("{}", completion_script(app, *shell == "zsh" ? Shell::zsh : Shell::bash));
      return {};
    };
  });
}

}  // namespace

int exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::unavailable:
      return 3;
    case Errc::unauthenticated:
    case Errc::not_permitted:
      return 4;
    case Errc::not_found:
      return 5;
    case Errc::conflict:
      return 6;
    case Errc::approval_required:
      return kWaitsForPeople;
    default:
      return 1;
  }
}

std::function<int()> add_commands(CLI::App& app) {
  auto registry = std::make_shared<Registry>();
  add_ca_commands(app, *registry);
  add_profile_commands(app, *registry);
  add_cert_commands(app, *registry);
  add_request_commands(app, *registry);
  add_csr_commands(app, *registry);
  add_access_commands(app, *registry);
  add_selection_commands(app, *registry);
  add_account_commands(app, *registry);
  add_audit_commands(app, *registry);
  add_certgen_commands(app, *registry);
  add_certgen_ask(app, *registry);
  add_notification_commands(app, *registry);
  add_template_commands(app, *registry);
  add_kek_commands(app, *registry);
  add_doctor(app, *registry);
  add_completion(app, *registry);
  return [registry] {
    if (!registry->chosen) return 2;
    Session session(registry->connection);
    const auto result = registry->chosen(session);
    if (result) return session.exit_code();
    fmt::print(stderr, "certwright: {}\n", result.error().detail);
    return exit_code(result.error().code);
  };
}

}  // namespace certwright::cli
