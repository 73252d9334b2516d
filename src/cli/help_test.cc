#include "cli/help.h"

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace certwright::cli {
namespace {

class Help : public testing::Test {
 protected:
  Help() : app_("test", "certwright") {
    app_.require_subcommand(1);
    use_plain_help(app_);
    run_ = add_commands(app_);
  }

  std::string problem_of(const std::string& line) {
    try {
      app_.parse(line);
    } catch (const CLI::ParseError& error) {
      return usage_problem(app_, error);
    }
    return "";
  }

  CLI::App app_;
  std::function<int()> run_;
};

TEST_F(Help, OfAnOptionSaysChoicesDefaultAndWhetherItIsNeeded) {
  const std::string text = app_.get_subcommand("ca")->get_subcommand("create")->help();
  EXPECT_NE(text.find("  --kind KIND                 what is made: root, subordinate, request "
                      "(default subordinate)\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  --subject NAME              e.g. \"CN=Acme CA 2,O=Acme\" (required)\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("Excludes"), std::string::npos);
}

TEST_F(Help, OfACommandNamesItsPositions) {
  EXPECT_NE(app_.get_subcommand("token")->get_subcommand("revoke")->help().find(
                "[OPTIONS] ID CREDENTIAL\n"),
            std::string::npos);
  EXPECT_NE(app_.get_subcommand("user")->get_subcommand("show")->help().find("[OPTIONS] [ID]\n"),
            std::string::npos);
  EXPECT_NE(
      app_.get_subcommand("audit")->get_subcommand("verify")->help().find("[OPTIONS] FILE...\n"),
      std::string::npos);
}

TEST_F(Help, NamesTheNearestCommand) {
  EXPECT_EQ(problem_of("crt list"),
            "no command certwright crt; the nearest is certwright cert\nSee: certwright --help");
  EXPECT_EQ(problem_of("cert isue"),
            "no command certwright cert isue; the nearest is certwright cert issue\nSee: "
            "certwright cert --help");
}

TEST_F(Help, NamesTheNearestOption) {
  EXPECT_EQ(problem_of("cert list --statu valid"),
            "no option --statu of certwright cert list; the nearest is --status\nSee: certwright "
            "cert list --help");
}

TEST_F(Help, ListsTheCommandsWhereOneIsMissing) {
  EXPECT_EQ(problem_of("role"),
            "certwright role needs a command: list, grant, remove\nSee: certwright role --help");
}

TEST_F(Help, SaysWhatIsMissingOrTooMuch) {
  EXPECT_EQ(problem_of("cert show"), "serial is required\nSee: certwright cert show --help");
  EXPECT_EQ(problem_of("cert show 1 2"), "one word too many: 2\nSee: certwright cert show --help");
}

TEST(Nearest, HasTheFewestEdits) {
  EXPECT_EQ(nearest("listn", {"log", "list", "listing"}), "list");
  EXPECT_EQ(nearest("statu", {"state", "status"}), "status");
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace certwright::cli
