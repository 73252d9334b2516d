#include "ca/approval_rule.h"

#include <fmt/format.h>

#include "ca/approval_rule_document.h"

namespace certwright::ca {
namespace {

constexpr std::size_t kMaxRules = 50;
constexpr std::size_t kMaxStandingRules = 200;
constexpr std::int64_t kMinTimeLimit_s = 60;
constexpr std::int64_t kMaxTimeLimit_s = 366LL * 86'400;

Result<StandingRule> read_standing_rule(json::ObjectReader& reader) {
  StandingRule rule;
  CERTWRIGHT_TRY(rule.tenant, reader.string("tenant", {.min_length = 1, .max_length = 63}));
  CERTWRIGHT_TRY(rule.names, reader.strings("names", {.max_count = 1000, .max_length = 512}));
  CERTWRIGHT_CHECK(reader.finish());
  const auto refuse = [&](std::string_view member, std::string_view why) {
    const std::string field = reader.field(member);
    return fail_field(Errc::invalid, field, fmt::format("{}: {}", field, why));
  };
  if (rule.tenant == "*") return refuse("tenant", "a standing rule is for one tenant");
  if (rule.names.empty()) return refuse("names", "at least one pattern");
  for (const auto& name : rule.names)
    if (name.find_first_not_of("*.") == std::string::npos)
      return refuse("names", "a pattern that matches every name is no rule; use officers: 0");
  return rule;
}

Result<ApprovalRule> read_rule(json::ObjectReader& reader) {
  ApprovalRule rule;
  CERTWRIGHT_TRY(auto profiles, reader.optional_strings("profiles", {.max_count = 200, .max_length = 63}));
  if (profiles) rule.profiles = std::move(*profiles);
  CERTWRIGHT_TRY(const auto officers, reader.optional_integer("officers", 0, ApprovalRule::kMaxOfficers));
  rule.officers = static_cast<std::uint32_t>(officers.value_or(rule.officers));
  CERTWRIGHT_TRY(auto of, reader.optional_strings("officers_of", {.max_count = 200, .max_length = 64}));
  if (of) rule.officers_of = std::move(*of);
  CERTWRIGHT_TRY(const auto password, reader.optional_boolean("password"));
  rule.password = password.value_or(false);
  CERTWRIGHT_TRY(const auto renewals, reader.optional_boolean("renewals"));
  rule.renewals = renewals.value_or(false);
  CERTWRIGHT_TRY(const auto limit, reader.optional_integer("time_limit_s", kMinTimeLimit_s, kMaxTimeLimit_s));
  rule.time_limit = Seconds(limit.value_or(rule.time_limit.count()));
  CERTWRIGHT_TRY(auto automatic, reader.optional_objects("automatic", kMaxStandingRules));
  if (automatic)
    for (auto& each : *automatic) {
      CERTWRIGHT_TRY(auto standing, read_standing_rule(each));
      rule.automatic.push_back(std::move(standing));
    }
  CERTWRIGHT_CHECK(reader.finish());
  if (!rule.officers_of.empty() && rule.officers_of.size() < rule.officers)
    return fail_field(Errc::invalid, reader.field("officers_of"),
                      fmt::format("{}: {} must approve, and only {} can", reader.field("officers_of"),
                                  rule.officers, rule.officers_of.size()));
  return rule;
}

void write_texts(json::Writer& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name).begin_array();
  for (const auto& text : texts) w.value(text);
  w.end_array();
}

}  // namespace

Result<std::vector<ApprovalRule>> read_approval_rules(json::ObjectReader& policy) {
  std::vector<ApprovalRule> rules;
  CERTWRIGHT_TRY(auto readers, policy.optional_objects("approval", kMaxRules));
  if (!readers) return rules;
  for (auto& reader : *readers) {
    CERTWRIGHT_TRY(auto rule, read_rule(reader));
    rules.push_back(std::move(rule));
  }
  return rules;
}

void write_approval_rules(json::Writer& w, const std::vector<ApprovalRule>& rules) {
  if (rules.empty()) return;
  w.key("approval").begin_array();
  for (const auto& rule : rules) {
    w.begin_object();
    write_texts(w, "profiles", rule.profiles);
    w.member("officers", rule.officers);
    write_texts(w, "officers_of", rule.officers_of);
    w.member("password", rule.password);
    w.member("renewals", rule.renewals);
    w.member("time_limit_s", rule.time_limit.count());
    w.key("automatic").begin_array();
    for (const auto& standing : rule.automatic) {
      w.begin_object().member("tenant", standing.tenant);
      write_texts(w, "names", standing.names);
      w.end_object();
    }
    w.end_array().end_object();
  }
  w.end_array();
}

}  // namespace certwright::ca
