#include "daemon/succession.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace certwright::daemon {
namespace {

// Which file a descriptor is: device and inode; zeros where it is none.
std::pair<dev_t, ino_t> file_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

// A successor that the kernel does not start: an argument is longer than it takes (E2BIG).
std::unique_ptr<Succession> impossible() {
  static std::string name = "certwright", argument(256 * 1024, 'x');
  static char* words[] = {name.data(), argument.data(), nullptr};
  return std::make_unique<Succession>(2, words);
}

TEST(Succession, ThatFailsLeavesEveryDescriptorAsItWas) {
  auto succession = impossible();
  const int held = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::vector<std::pair<dev_t, ino_t>> before;
  for (int fd = 0; fd < 32; ++fd) before.push_back(file_of(fd));
  const int first = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), second = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto first_file = file_of(first), second_file = file_of(second);
  ASSERT_TRUE(succession->keep(first, "http"));
  ASSERT_TRUE(succession->keep(second, "certgen"));
  ::close(first);
  ::close(second);
  const auto failed = succession->take_over();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::unavailable);
  for (int fd = 0; fd < 32; ++fd) EXPECT_EQ(file_of(fd), before[static_cast<std::size_t>(fd)]) << fd;
  EXPECT_EQ(::getenv("LISTEN_FDS"), nullptr);
  EXPECT_EQ(::fcntl(held, F_GETFD), FD_CLOEXEC);

  const auto sockets = succession->take_back();  // and what was kept is there to go on with
  ASSERT_EQ(sockets.size(), 2U);
  EXPECT_EQ(sockets[0].name, "http");
  EXPECT_EQ(file_of(sockets[0].fd), first_file);
  EXPECT_EQ(sockets[1].name, "certgen");
  EXPECT_EQ(file_of(sockets[1].fd), second_file);
  for (const auto& socket : sockets) ::close(socket.fd);
  ::close(held);
}

TEST(Succession, KeepsTheFirstNumbersFree) {
  impossible()->reserve();
  for (int fd = 3; fd < 3 + 8; ++fd) EXPECT_NE(::fcntl(fd, F_GETFD), -1) << fd;
  const int opened = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(opened, 3 + 8);
  ::close(opened);
}

}  // namespace
}  // namespace certwright::daemon
