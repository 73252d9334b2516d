#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "http/message.h"

namespace certwright::gateway::pki {

// Answers as the octets that go out, of the signed objects that are asked for most. Found by the
// object itself, never by what it is about: an object that is replaced is not found again. Caching
// fields change with every second, so the octets serve for one. Safe to call from any thread.
class PreparedAnswers {
 public:
  using Prepared = std::shared_ptr<const http::PreparedResponse>;

  // The octets of `object` for the second of `now`; `make` is called where they are not at hand.
  // Null if what it makes cannot be prepared.
  Prepared get(const std::shared_ptr<const Bytes>& object, Time now,
               const std::function<http::Response()>& make);

 private:
  static constexpr std::size_t kSlots = 512;  // of about 3 KB

  struct Slot {
    std::mutex mutex;
    std::shared_ptr<const Bytes> object;  // held, so that no other can have its address
    std::int64_t second = 0;
    Prepared prepared;
  };
  std::array<Slot, kSlots> slots_;
};

}  // namespace certwright::gateway::pki
