#include "cli/output_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include <gtest/gtest.h>

namespace certwright::cli {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public testing::Test {
 protected:
  OutputFileTest() {
    char name[] = "/tmp/certwright-output-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~OutputFileTest() override { fs::remove_all(folder); }

  static std::string content(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static unsigned mode(const fs::path& path) {
    struct stat status{};
    ::stat(path.c_str(), &status);
    return status.st_mode & 0777;
  }
  fs::path folder;
};

TEST_F(OutputFileTest, IsThereWithWhatWasWritten) {
  for (const auto readers : {Readers::everybody, Readers::owner}) {
    const auto path = folder / (readers == Readers::owner ? "secret" : "public");
    auto file = OutputFile::open(path, readers);
    ASSERT_TRUE(file) << file.error().detail;
    ASSERT_TRUE(file->write("some text\n"));
    EXPECT_EQ(content(path), "some text\n");
    EXPECT_EQ(mode(path) & 077, readers == Readers::owner ? 0U : 044U);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2);
}

TEST_F(OutputFileTest, GoesAwayUnwritten) {
  const auto path = folder / "file";
  {
    auto file = OutputFile::open(path, Readers::owner);
    ASSERT_TRUE(file);
    const OutputFile moved(std::move(*file));
    EXPECT_TRUE(fs::exists(path)) << "whatever comes next knows that it can be written";
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(OutputFileTest, WhatIsThereStays) {
  const auto path = folder / "file";
  ASSERT_TRUE(write_output(path, "first"));
  EXPECT_EQ(OutputFile::open(path, Readers::owner).error().code, Errc::conflict);
  EXPECT_EQ(write_output(path, "second").error().code, Errc::conflict);
  EXPECT_EQ(content(path), "first");
  fs::create_symlink(folder / "elsewhere", folder / "link");
  EXPECT_EQ(write_output(folder / "link", "second").error().code, Errc::conflict);
  EXPECT_FALSE(fs::exists(folder / "elsewhere"));
}

TEST_F(OutputFileTest, AFolderThatIsNotThereIsSaidAtOnce) {
  const auto missing = OutputFile::open(folder / "none" / "file", Readers::owner);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::unavailable);
}

// A limit of file sizes stands for the full disk.
TEST_F(OutputFileTest, AFullDiskIsNoticedBeforeAndLeavesNothing) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1024;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto secret = OutputFile::open(folder / "secret", Readers::owner);
  const auto large = write_output(folder / "large", std::string(2048, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, Errc::unavailable);
  ASSERT_FALSE(large);
  EXPECT_TRUE(fs::is_empty(folder));
}

}  // namespace
}  // namespace certwright::cli
