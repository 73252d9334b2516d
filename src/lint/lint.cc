#include "lint/lint.h"

#include <array>

#include "lint/inspection.h"

namespace certwright::lint {
namespace {

constexpr Rule kEncodingRule = {"rfc5280.4.1.encoding",
                                "the TBSCertificate is strict DER of at most 64 KiB"};

std::array<std::span<const RuleCheck>, 4> all_checks() noexcept {
  return {field_rules(), extension_rules(), issuer_rules(), profile_rules()};
}

}  // namespace

std::span<const Rule> rules() noexcept {
  static const std::vector<Rule> kRules = [] {
    std::vector<Rule> list = {kEncodingRule};
    for (const auto checks : all_checks())
      for (const RuleCheck& check : checks) list.push_back(check.rule);
    return list;
  }();
  return kRules;
}

std::vector<Finding> lint_tbs_certificate(ByteView tbs_tlv, const Context& context) {
  std::vector<Finding> findings;
  const auto inspection = inspect(tbs_tlv, context);
  if (!inspection) {
    findings.push_back({std::string(kEncodingRule.id), inspection.error().detail});
    return findings;
  }
  for (const auto checks : all_checks())
    for (const RuleCheck& check : checks)
      if (auto complaint = check.check(*inspection))
        findings.push_back({std::string(check.rule.id), std::move(*complaint)});
  return findings;
}

std::string to_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    if (!text.empty()) text += "; ";
    text += finding.rule;
    text += ": ";
    text += finding.detail;
  }
  return text;
}

}  // namespace certwright::lint
