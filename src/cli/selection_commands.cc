#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/selection_text.h"
#include "cli/session.h"

namespace certwright::cli {
namespace {

struct SelectionOptions {
  std::string tenant, file;
};

std::string path_of(const SelectionOptions& o) { return fmt::format("/api/v1/tenants/{}/selection", url_encode(o.tenant)); }

Result<void> show(Session& session, const SelectionOptions& o) {
  CERTWRIGHT_TRY(const auto policy, session.call_json("GET", path_of(o)));
  if (session.json()) return print_json(policy), Result<void>();
  fmt::print("{}", selection_policy_text(policy));
  return {};
}

Result<void> put(Session& session, const SelectionOptions& o, std::string_view document, std::string_view done) {
  CERTWRIGHT_TRY(const auto policy, session.call_json("PUT", path_of(o), document));
  if (session.json()) return print_json(policy), Result<void>();
  fmt::print("{} {}\n\n{}", done, printable(o.tenant), selection_policy_text(policy));
  return {};
}

Result<void> set(Session& session, const SelectionOptions& o) {
  CERTWRIGHT_TRY(const auto document, read_text_file(o.file));
  return put(session, o, document, "Set the selection policy of");
}

Result<void> clear(Session& session, const SelectionOptions& o) {
  return put(session, o, "{}", "No rules any more, and the points that every tenant begins with, for");
}

}  // namespace

void add_selection_commands(CLI::App& app, Registry& registry) {
  const auto o = std::make_shared<SelectionOptions>();
  const auto with = command_with(o);
  auto* group = app.add_subcommand("selection", "How the requests of a tenant are given to CAs");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Result<void> (*run)(Session&, const SelectionOptions&)) {
    auto* sub = add_command(*group, registry, name, help, with(run));
    sub->add_option("tenant", o->tenant, "whose")->required()->type_name("TENANT");
    return sub;
  };
  add("show", "The policy by which a CA is selected for requests that name none", show);
  add("set", "Replace it: what the document leaves out is as every tenant begins with", set)
      ->add_option("file", o->file, "the policy, JSON; - is standard input")
      ->required()
      ->type_name("FILE");
  add("clear", "No rules any more", clear);
}

}  // namespace certwright::cli
