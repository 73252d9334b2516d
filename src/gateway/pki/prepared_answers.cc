#include "gateway/pki/prepared_answers.h"

#include <chrono>
#include <utility>

namespace certwright::gateway::pki {

PreparedAnswers::Prepared PreparedAnswers::get(const std::shared_ptr<const Bytes>& object, Time now,
                                               const std::function<http::Response()>& make) {
  constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
  constexpr unsigned kUpperBits = 32;
  const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(object.get()));
  Slot& slot = slots_[((address * kGoldenRatio) >> kUpperBits) % kSlots];
  const std::int64_t second = std::chrono::floor<Seconds>(now.time_since_epoch()).count();
  {
    const std::lock_guard lock(slot.mutex);
    if (slot.object == object && slot.second == second) return slot.prepared;
  }
  auto made = http::PreparedResponse::make(make());
  Prepared prepared = made ? *std::move(made) : nullptr;
  const std::lock_guard lock(slot.mutex);
  slot.object = object;
  slot.second = second;
  slot.prepared = prepared;
  return prepared;
}

}  // namespace certwright::gateway::pki
