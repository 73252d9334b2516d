#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"

namespace certwright::cli {

enum class Verdict : std::uint8_t { good, warning, bad };
std::string_view name_of(Verdict verdict) noexcept;  // "ok", "warn", "BAD"

// What `doctor` looked at, how it is, and what to do if it is not good.
class Findings {
 public:
  struct Row {
    Verdict verdict;
    std::string what, state, advice;
  };
  void add(Verdict verdict, std::string what, std::string state, std::string advice = {});
  const std::vector<Row>& rows() const noexcept { return rows_; }

  // A table, or one JSON document. Errors: invalid if anything is bad.
  Result<void> print(bool as_json) const;

 private:
  std::vector<Row> rows_;
  Verdict worst_ = Verdict::good;
};

}  // namespace certwright::cli
