#pragma once
// What the records of one request say that happened to it, one after the other.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"
#include "json/value.h"

namespace certwright::cli {

class CaseStory {
 public:
  // The next record, as its proof has it. Errors: invalid where it does not follow on those before: one is missing.
  Result<void> add(const json::Value& record);

  // Is the request as the file shows it what became of it? Its state and reason, the approvals and the changes.
  // Errors: invalid, with what is otherwise.
  Result<void> check_end(const json::Value& request) const;
  // Likewise what it is about, where it has no CSR: a key that is made, a certificate that is renewed.
  Result<void> check_asked(const json::Value& request) const;

  const std::string& csr_sha256() const noexcept { return csr_sha256_; }
  const std::string& certificate_sha256() const noexcept { return certificate_sha256_; }

 private:
  using Approval = std::array<std::string, 3>;  // who, kind, binding
  Result<void> check_approvals(const json::Value& request) const;
  void take_key(const json::Value& fields);

  std::string state_{}, reason_{}, changes_sha256_{};
  std::string csr_sha256_{}, certificate_sha256_{}, generate_key_{}, renews_{};
  std::vector<Approval> approvals_{};
};

}  // namespace certwright::cli
