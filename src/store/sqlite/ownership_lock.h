#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "errors/result.h"

namespace certwright::store::sqlite {

// An exclusive lock on a file beside the store, held as long as the object lives, also against
// other openers in this process. The system releases it when the process ends, however it ends.
class OwnershipLock {
 public:
  // Waits up to `wait_ms` for another owner to leave. Creates `path` with mode 0600.
  // Errors: conflict, field "store", if it is held; unavailable.
  static Result<OwnershipLock> acquire(const std::string& path, std::uint32_t wait_ms);
  // The process that holds it now; none if nobody does.
  static std::optional<long> owner(const std::string& path);
  OwnershipLock(OwnershipLock&& other) noexcept;
  OwnershipLock& operator=(OwnershipLock&&) = delete;
  ~OwnershipLock();

 private:
  explicit OwnershipLock(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_;
};

// Creates `path` with mode 0600 if it does not exist, durably; takes rights of group and others
// away if it has them. Errors: unavailable, field "store".
Result<void> prepare_file(const std::string& path);

}  // namespace certwright::store::sqlite
