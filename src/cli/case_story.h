#pragma once
// What the records of one request say that happened to it, one after the other.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errors/result.h"
#include "json/value.h"

namespace certwright::cli {

class CaseStory {
 public:
  explicit CaseStory(std::string request) : request_(std::move(request)) {}

  // From here on records are missing that the log may have: a step need not follow on the one before, and check()
  // leaves out what only all of them tell.
  void lacks_some() noexcept { lacks_some_ = true; }
  bool has_all() const noexcept { return !lacks_some_; }

  // The next record, as its proof has it, at its position in the log. Errors: invalid where it is not about the
  // request, stands before one that was added, or does not follow on those before: one is missing.
  Result<void> add(std::uint64_t position, const json::Value& record);

  // Does the case file show what the records tell? What was asked for and by whom, what was checked, the serial;
  // and, if it has_all(), what became of it: state, reason, approvals, changes, binding and version of the profile.
  // Errors: invalid, with what is otherwise.
  Result<void> check(const json::Value& file) const;

  const std::string& csr_sha256() const noexcept { return csr_sha256_; }
  const std::string& certificate_sha256() const noexcept { return certificate_sha256_; }
  const std::string& serial_hex() const noexcept { return serial_hex_; }

 private:
  using Approval = std::array<std::string, 4>;  // who, kind, binding, comment
  Result<void> take_received(const json::Value& record, const json::Value& fields);
  Result<void> take_serial(const json::Value& fields);
  void take_change(std::string_view event, const json::Value& record, const json::Value& fields);
  void take_checks(std::string_view event, const json::Value& record, const json::Value& fields);
  Result<void> check_asked(const json::Value& request) const;
  Result<void> check_serial(const json::Value& request) const;
  Result<void> check_checks(const json::Value& file) const;
  Result<void> check_end(const json::Value& request) const;
  Result<void> check_approvals(const json::Value& request) const;

  std::string request_;
  bool lacks_some_ = false;
  std::uint64_t next_position_ = 0;
  std::string state_{}, reason_{}, changes_sha256_{}, binding_{}, profile_version_{};
  std::string csr_sha256_{}, certificate_sha256_{}, serial_hex_{}, generate_key_{}, renews_{};
  std::vector<std::pair<std::string, std::string>> received_{};  // member of the request as the file shows it, value
  std::vector<Approval> approvals_{};
  std::vector<std::string> checks_{};  // JSON, as the file's `checks` has them
};

}  // namespace certwright::cli
