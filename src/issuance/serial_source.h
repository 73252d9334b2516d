#pragma once
#include <atomic>

#include "clock/clock.h"
#include "crypto/random.h"
#include "x509/serial_number.h"

namespace certwright::issuance {

// Serial numbers of the shape x509::SerialNumber::from_id(): Unix milliseconds << 20, a counter that
// starts anywhere in the lower half of its range, so that two servers on one store rarely meet, and
// 64 random bits. Ids only grow, also where the clock is set back. Safe to call from any thread.
class SerialSource {
 public:
  // Both must outlive this.
  SerialSource(crypto::Random& random, const Clock& clock) : random_(random), clock_(clock) {}
  x509::SerialNumber next();
  // No id below `id` is given from now on.
  void raise(std::uint64_t id) noexcept;

 private:
  crypto::Random& random_;
  const Clock& clock_;
  std::atomic<std::uint64_t> last_id_{0};
};

}  // namespace certwright::issuance
