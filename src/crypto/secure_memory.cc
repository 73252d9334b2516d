#include "crypto/secure_memory.h"

#include <cerrno>
#include <cstring>

#include <sys/prctl.h>
#include <sys/resource.h>

#include <fmt/format.h>

namespace certwright::crypto {

// OpenSSL's secure heap is left alone: it has a fixed size, fails when it is full, and takes one
// lock for the nonce of every ECDSA signature. What it guards against, swap and dumps, is guarded
// against here and by the host's encrypted swap.
std::vector<std::string> harden_process() {
  std::vector<std::string> refused;
  const auto check = [&refused](int result, const char* what) {
    if (result != 0)
      refused.push_back(fmt::format("{} was refused: {}", what, std::strerror(errno)));
  };
  const rlimit no_core{0, 0};
  check(setrlimit(RLIMIT_CORE, &no_core), "turning core dumps off (RLIMIT_CORE)");
  check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "hiding memory from debuggers (PR_SET_DUMPABLE)");
  rlimit locked{};
  check(getrlimit(RLIMIT_MEMLOCK, &locked), "reading the limit of locked memory");
  locked.rlim_cur = locked.rlim_max;
  check(setrlimit(RLIMIT_MEMLOCK, &locked), "raising the limit of locked memory");
  return refused;
}

}  // namespace certwright::crypto
