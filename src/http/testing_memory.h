#pragma once
// For tests of http and of doors: is a secret still somewhere in this process's memory?
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "bytes/secret_bytes.h"

namespace certwright::http {

// What a secret leaves in this process's memory. The octets are computed, so that the test holds none.
inline constexpr std::size_t kSecretOctets = 6'400;
inline std::size_t which_secret = 0;  // another one for each test: freed memory may hold what was no secret before
inline char secret_octet(std::size_t at) {
  const auto octet = static_cast<char>('A' + (at % 64 * (37 + which_secret) + at % 64 / 7) % 53);
  return octet == '\\' ? '~' : octet;  // as it is in JSON too
}

inline std::string make_secret() {
  std::string text(kSecretOctets, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = secret_octet(i);
  return text;
}

inline bool holds_secret(std::string_view memory) {
  constexpr std::size_t kEnough = 64;
  for (std::size_t at = 0; at + kEnough <= memory.size(); ++at) {
    std::size_t same = 0;
    while (same < kEnough && memory[at + same] == secret_octet(same)) ++same;
    if (same == kEnough) return true;
  }
  return false;
}

inline bool is_in_memory() {
  std::ifstream maps("/proc/self/maps");
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  std::string line;
  std::string chunk;
  bool found = false;
  while (!found && std::getline(maps, line)) {
    unsigned long begin = 0, end = 0;
    char mode[8] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %7s", &begin, &end, mode) != 3 || mode[1] != 'w') continue;
    constexpr unsigned long kChunk = 1024 * 1024, kOverlap = 64;
    for (unsigned long at = begin; !found && at < end; at += kChunk) {
      chunk.resize(std::min(kChunk + kOverlap, end - at));
      const ssize_t got = ::pread(memory, chunk.data(), chunk.size(), static_cast<off_t>(at));
      if (got > 0) found = holds_secret(std::string_view(chunk).substr(0, static_cast<std::size_t>(got)));
    }
  }
  wipe_memory(chunk.data(), chunk.size());
  ::close(memory);
  return found;
}

// The server cleans up behind the last octet that the client sees.
inline bool leaves_memory() {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (is_in_memory()) {
    if (std::chrono::steady_clock::now() > patience) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

// Sanitizers keep terabytes of shadow, and copies of what is freed.
inline bool memory_can_be_searched() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return ::access("/proc/self/mem", R_OK) == 0;
#endif
}

}  // namespace certwright::http
