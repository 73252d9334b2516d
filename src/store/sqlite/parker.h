#pragma once
#include <atomic>
#include <cstdint>

namespace certwright::store::sqlite {

// A thread waits here until another lets it go, once. One futex each: std::atomic::notify_one may
// look at the object after the waiter has returned and destroyed it; a futex needs only its
// address.
class Parker {
 public:
  void wait() noexcept;
  // The object may be gone when this returns.
  void release() noexcept;

 private:
  std::atomic<std::uint32_t> released_{0};
};

// For `top -H` and debuggers. At most 15 characters.
void name_this_thread(const char* name) noexcept;

}  // namespace certwright::store::sqlite
