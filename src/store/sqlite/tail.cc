#include "store/sqlite/tail.h"

#include <utility>

namespace certwright::store::sqlite {

void Tail::append(std::vector<TailEntry> entries) {
  if (entries.empty()) return;
  const auto added = entries.size();
  auto piece = std::make_shared<const std::vector<TailEntry>>(std::move(entries));
  const std::lock_guard lock(mutex_);
  pieces_.push_back(std::move(piece));
  size_ += added;
}

void Tail::drop_to(std::uint64_t sequence) {
  TailView dropped;  // freed without the lock
  const std::lock_guard lock(mutex_);
  auto keep = pieces_.begin();
  while (keep != pieces_.end() && (*keep)->back().sequence <= sequence) {
    size_ -= (*keep)->size();
    dropped.push_back(std::move(*keep));
    ++keep;
  }
  pieces_.erase(pieces_.begin(), keep);
}

TailView Tail::view() const {
  const std::lock_guard lock(mutex_);
  return pieces_;
}

std::size_t Tail::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace certwright::store::sqlite
