#include "crash_evidence.h"

#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace certwright::crash {

void give_up(const std::string& why) {
  std::fprintf(stderr, "crash test: %s\n", why.c_str());
  std::abort();
}

DurableList::DurableList(const std::string& path)
    : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (fd_ < 0) give_up(path + " cannot be opened");
}

DurableList::~DurableList() { ::close(fd_); }

void DurableList::append(const std::string& line) {
  const std::string text = line + "\n";
  const std::lock_guard lock(mutex_);
  if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fdatasync(fd_) != 0)
    give_up("a list cannot be written");
}

std::vector<std::string> read_list(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (!file.eof()) lines.push_back(line);
  return lines;
}

}  // namespace certwright::crash
