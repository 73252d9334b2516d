#include "store/sqlite/parker.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace certwright::store::sqlite {

void Parker::wait() noexcept {
  while (released_.load(std::memory_order_acquire) == 0)
    ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&released_), FUTEX_WAIT_PRIVATE, 0,
              nullptr, nullptr, 0);
}

void Parker::release() noexcept {
  auto* const address = reinterpret_cast<std::uint32_t*>(&released_);
  released_.store(1, std::memory_order_release);
  ::syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void name_this_thread(const char* name) noexcept { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace certwright::store::sqlite
