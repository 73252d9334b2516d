#include "cli/completion.h"

#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace certwright::cli {
namespace {

// What bash itself would offer after `words`, the last of which is being typed.
std::string completed(const std::string& words) {
  CLI::App app("test", "certwright");
  const auto run = add_commands(app);
  const std::string path =
      testing::TempDir() + "certwright-completion-" + std::to_string(::getpid());
  std::ofstream(path) << completion_script(app, Shell::bash) << "COMP_WORDS=(certwright " << words
                      << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                      << "_certwright 2>/dev/null\necho \"${COMPREPLY[@]}\"\n";
  FILE* shell = ::popen(("bash " + path).c_str(), "r");
  char buffer[4096];
  const std::size_t got = std::fread(buffer, 1, sizeof buffer, shell);
  EXPECT_EQ(::pclose(shell), 0);
  ::unlink(path.c_str());
  std::string text(buffer, got);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

struct Case {
  const char* name;
  const char* words;
  const char* offered;
};
constexpr Case kCases[] = {
    {"Group", "aud", "audit"},
    {"SeveralGroups", "c", "ca cert certgen completion"},
    {"Subcommand", "ca im", "import import-crl"},
    {"AllSubcommands", "token ''", "create list revoke --help"},
    {"Option", "cert issue web-1 --d", "--dns"},
    {"OptionAfterOptions", "cert issue web-1 --ttl 1h --id", "--idempotency-key"},
    {"OptionOfAPlainCommand", "doctor --j", "--json"},
    {"Choice", "cert list --status re", "revoked"},
    {"EveryChoice", "cert list --status ''", "valid revoked expired"},
    {"ChoiceOfAPosition", "completion z", "zsh"},
    {"FilesAreLeftToTheShell", "cert issue web-1 --csr ''", ""},
    {"OtherValuesAreNotGuessed", "cert issue web-1 --ttl ''", ""},
    {"UnknownCommand", "nonsense --x", ""},
};
class Completion : public testing::TestWithParam<Case> {};
TEST_P(Completion, InBash) { EXPECT_EQ(completed(GetParam().words), GetParam().offered); }
INSTANTIATE_TEST_SUITE_P(CommandLines, Completion, testing::ValuesIn(kCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(ForEachCommand, VisitsEachThatRuns) {
  CLI::App app("test", "certwright");
  const auto run = add_commands(app);
  std::string paths;
  for_each_command(app, [&](const std::string& path, const CLI::App&) { paths += path + "|"; });
  EXPECT_NE(paths.find("cert issue|"), std::string::npos);
  EXPECT_NE(paths.find("doctor|"), std::string::npos);
  EXPECT_EQ(paths.find("|cert|"), std::string::npos);
}

}  // namespace
}  // namespace certwright::cli
