#include "store/sqlite/id_stream.h"

#include <algorithm>
#include <utility>

namespace certwright::store::sqlite {
namespace {

constexpr std::uint32_t kLargestPiece = 1024;

class ListStream final : public IdStream {
 public:
  explicit ListStream(std::vector<CertificateId> ids) : ids_(std::move(ids)) {}
  Result<std::optional<CertificateId>> next() override {
    if (at_ == ids_.size()) return std::nullopt;
    return ids_[at_++];
  }

 private:
  std::vector<CertificateId> ids_;
  std::size_t at_ = 0;
};

class IndexStream final : public IdStream {
 public:
  IndexStream(Fetch fetch, CertificateId bound, std::uint32_t first_piece)
      : fetch_(std::move(fetch)), bound_(bound), limit_(first_piece) {}

  Result<std::optional<CertificateId>> next() override {
    if (at_ == piece_.size()) {
      if (ended_) return std::nullopt;
      CERTWRIGHT_CHECK(refill());
      if (piece_.empty()) return std::nullopt;
    }
    return piece_[at_++];
  }

 private:
  Result<void> refill() {
    at_ = 0;
    piece_.clear();
    CERTWRIGHT_TRY(auto rows, fetch_(bound_, limit_));
    while (true) {
      CERTWRIGHT_TRY(const bool more, rows.next());
      if (!more) break;
      piece_.push_back(rows.natural(0));
    }
    ended_ = piece_.size() < limit_;
    if (!piece_.empty()) bound_ = piece_.back();
    limit_ = std::min(limit_ * 4, kLargestPiece);
    return {};
  }

  Fetch fetch_;
  CertificateId bound_;
  std::vector<CertificateId> piece_;
  std::size_t at_ = 0;
  std::uint32_t limit_;
  bool ended_ = false;
};

class MergedStream final : public IdStream {
 public:
  MergedStream(std::vector<IdStreamPtr> streams, Order order)
      : streams_(std::move(streams)), order_(order) {}

  Result<std::optional<CertificateId>> next() override {
    if (!primed_) {
      primed_ = true;
      for (std::size_t i = 0; i < streams_.size(); ++i) CERTWRIGHT_CHECK(pull(i));
    }
    while (!heads_.empty()) {
      const auto later = [this](const Head& a, const Head& b) {
        return order_.comes_before(b.id, a.id);
      };
      std::ranges::pop_heap(heads_, later);
      const Head head = heads_.back();
      heads_.pop_back();
      CERTWRIGHT_CHECK(pull(head.stream));
      if (last_ == head.id) continue;
      last_ = head.id;
      return head.id;
    }
    return std::nullopt;
  }

 private:
  struct Head {
    CertificateId id;
    std::size_t stream;
  };

  Result<void> pull(std::size_t stream) {
    CERTWRIGHT_TRY(const auto id, streams_[stream]->next());
    if (!id) return {};
    heads_.push_back({*id, stream});
    std::ranges::push_heap(
        heads_, [this](const Head& a, const Head& b) { return order_.comes_before(b.id, a.id); });
    return {};
  }

  std::vector<IdStreamPtr> streams_;
  Order order_;
  std::vector<Head> heads_;
  std::optional<CertificateId> last_;
  bool primed_ = false;
};

}  // namespace

IdStreamPtr stream_of(std::vector<CertificateId> ids, const Order& order) {
  std::erase_if(ids, [&](CertificateId id) { return !order.comes_before(order.bound, id); });
  std::ranges::sort(ids,
                    [&](CertificateId a, CertificateId b) { return order.comes_before(a, b); });
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  return std::make_unique<ListStream>(std::move(ids));
}

IdStreamPtr stream_of(Fetch fetch, const Order& order, std::uint32_t first_piece) {
  return std::make_unique<IndexStream>(std::move(fetch), order.bound, first_piece);
}

IdStreamPtr merged(std::vector<IdStreamPtr> streams, const Order& order) {
  if (streams.size() == 1) return std::move(streams.front());
  return std::make_unique<MergedStream>(std::move(streams), order);
}

}  // namespace certwright::store::sqlite
