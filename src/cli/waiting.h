#pragma once
#include <memory>
#include <string>

namespace certwright::cli {

// While it lives: on a terminal, after half a second, one line on standard error that says what is
// being waited for and for how long ("making the root CA, rsa-4096 ... 3 s"), wiped at the end.
// Elsewhere it prints nothing. One at a time.
class Waiting {
 public:
  explicit Waiting(std::string what);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  class Ticker;
  std::unique_ptr<Ticker> ticker_;
};

}  // namespace certwright::cli
