#include "daemon/reload.h"

#include <csignal>
#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/sqlite/ownership_lock.h"

namespace certwright::daemon {
namespace reload_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Reload : public ::testing::Test {
 protected:
  Reload() {
    char name[] = "/tmp/certwright-reload-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~Reload() override {
    if (other > 0) {
      ::kill(other, SIGKILL);
      ::waitpid(other, nullptr, 0);
    }
    fs::remove_all(folder);
  }
  fs::path pid_file(const std::string& content) const {
    std::ofstream(folder / "pid") << content;
    return folder / "pid";
  }
  // A program of another name, which SIGHUP would end.
  void start_another() {
    other = ::fork();
    if (other != 0) return;
    ::execl("/bin/sleep", "sleep", "600", nullptr);
    ::_exit(1);
  }
  bool another_has_its_name() const {
    for (int i = 0; i < 1000; ++i) {
      std::string name;
      std::ifstream("/proc/" + std::to_string(other) + "/comm") >> name;
      if (name == "sleep") return true;
      ::usleep(10'000);
    }
    return false;
  }
  fs::path folder;
  pid_t other = 0;
};

TEST_F(Reload, AProcessOfOurNameIsTold) {
  EXPECT_EQ(process_of_pid_file(pid_file(std::to_string(::getpid()) + "\n")).value(), ::getpid());
}

TEST_F(Reload, AStalePidFileNamesSomebodyElse) {
  start_another();
  ASSERT_TRUE(another_has_its_name());
  ReloadOptions options;
  options.pid_file = pid_file(std::to_string(other) + "\n");
  const auto refused = reload(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_THAT(refused.error().detail, HasSubstr("is sleep now"));
  EXPECT_EQ(::waitpid(other, nullptr, WNOHANG), 0) << "it was not told";
}

TEST_F(Reload, APidFileOfNobody) {
  start_another();
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  const auto ended = process_of_pid_file(pid_file(std::to_string(std::exchange(other, 0)) + "\n"));
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().detail, HasSubstr("has ended"));
  for (const char* wrong : {"", "x", "0", "1", "-5"})
    EXPECT_EQ(process_of_pid_file(pid_file(wrong)).error().code, Errc::not_found) << wrong;
  EXPECT_EQ(process_of_pid_file(folder / "none").error().code, Errc::not_found);
}

// A server that was killed leaves its endpoints.json; whoever has its process id now holds no store.
TEST_F(Reload, OnlyWhoHoldsTheStoreServes) {
  EXPECT_EQ(serving_process(folder).error().code, Errc::not_found);
  const auto path = (folder / "certwright.db.lock").string();
  {
    const auto lock = store::sqlite::OwnershipLock::acquire(path, 0);
    ASSERT_TRUE(lock);
    EXPECT_EQ(serving_process(folder).value(), ::getpid());
  }
  EXPECT_TRUE(fs::exists(path));
  EXPECT_EQ(serving_process(folder).error().code, Errc::not_found);
  EXPECT_TRUE(store::sqlite::OwnershipLock::acquire(path, 0)) << "asking leaves nothing behind";
}

}  // namespace reload_test
}  // namespace certwright::daemon
