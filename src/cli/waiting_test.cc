#include "cli/waiting.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace certwright::cli {
namespace {

// What a person at a terminal sees while `wait` passes.
std::string seen(std::chrono::milliseconds wait) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child < 0) return "no terminal";
  if (child == 0) {
    {
      const Waiting waiting("making a key");
      std::this_thread::sleep_for(wait);
    }
    ::_exit(0);
  }
  std::string text;
  char buffer[256];
  for (ssize_t got; (got = ::read(terminal, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(terminal);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return text;
}

TEST(Waiting, SaysForWhatAfterHalfASecondAndWipesIt) {
  const std::string text = seen(std::chrono::milliseconds(1500));
  if (text == "no terminal") GTEST_SKIP() << "no pseudo-terminals here";
  EXPECT_TRUE(text.starts_with("\rmaking a key ... ")) << text;
  EXPECT_TRUE(text.ends_with("\r\x1b[K")) << text;
}

TEST(Waiting, IsSilentWhenItIsShort) {
  const std::string text = seen(std::chrono::milliseconds(0));
  if (text == "no terminal") GTEST_SKIP() << "no pseudo-terminals here";
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace certwright::cli
