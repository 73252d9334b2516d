#include "ca/approval_rule.h"

#include <fmt/format.h>

#include "ca/approval_rule_document.h"
#include "profile/name_rule.h"
#include "x509/general_name.h"

namespace certwright::ca {
namespace {

constexpr std::size_t kMaxRules = 50;
constexpr std::size_t kMaxStandingRules = 200;
constexpr std::int64_t kMinTimeLimit_s = 60;
constexpr std::int64_t kMaxTimeLimit_s = 366LL * 86'400;

Result<void> check_standing_pattern(const std::string& field, x509::GeneralName::Kind kind, std::string_view pattern) {
  if (const auto good = profile::check_pattern(kind, pattern); !good)
    return fail_field(Errc::invalid, field, fmt::format("{}: {}", field, good.error().detail));
  // A host name has no '@' and no ':': such a pattern was meant for another member, and matches nothing here.
  if (kind == x509::GeneralName::Kind::dns && pattern.find_first_of("@:/") != std::string_view::npos)
    return fail_field(Errc::invalid, field, fmt::format("{}: not a pattern of host names", field));
  if (pattern.find_first_not_of("*.@:/") == std::string_view::npos || pattern.ends_with("/0"))
    return fail_field(Errc::invalid, field,
                      fmt::format("{}: a pattern that matches every name is no rule; use officers: 0", field));
  return {};
}

Result<StandingRule> read_standing_rule(json::ObjectReader& reader) {
  StandingRule rule;
  CERTWRIGHT_TRY(rule.tenant, reader.string("tenant", {.min_length = 1, .max_length = 63}));
  using Kind = x509::GeneralName::Kind;
  const struct {
    const char* member;
    Kind kind;
    std::vector<std::string>& patterns;
  } kinds[] = {{"names", Kind::dns, rule.dns}, {"dns", Kind::dns, rule.dns}, {"ip", Kind::ip, rule.ip},
               {"email", Kind::email, rule.email}, {"uri", Kind::uri, rule.uri}};
  bool any = false;
  for (const auto& [member, kind, patterns] : kinds) {
    CERTWRIGHT_TRY(auto given, reader.optional_strings(member, {.max_count = 1000, .max_length = 512}));
    if (!given) continue;
    for (auto& pattern : *given) {
      CERTWRIGHT_CHECK(check_standing_pattern(reader.field(member), kind, pattern));
      patterns.push_back(std::move(pattern));
      any = true;
    }
  }
  CERTWRIGHT_CHECK(reader.finish());
  const auto refuse = [&](std::string_view member, std::string_view why) {
    const std::string field = reader.field(member);
    return fail_field(Errc::invalid, field, fmt::format("{}: {}", field, why));
  };
  if (rule.tenant == "*") return refuse("tenant", "a standing rule is for one tenant");
  if (!any) return refuse("dns", "at least one pattern in dns, ip, email or uri");
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
  CERTWRIGHT_TRY(const auto of_installation, reader.optional_boolean("installation_officers"));
  rule.installation_officers = of_installation.value_or(false);
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
  w.key("approval").begin_array();
  for (const auto& rule : rules) {
    w.begin_object();
    write_texts(w, "profiles", rule.profiles);
    w.member("officers", rule.officers);
    write_texts(w, "officers_of", rule.officers_of);
    if (rule.installation_officers) w.member("installation_officers", true);
    w.member("password", rule.password);
    w.member("renewals", rule.renewals);
    w.member("time_limit_s", rule.time_limit.count());
    w.key("automatic").begin_array();
    for (const auto& standing : rule.automatic) {
      w.begin_object().member("tenant", standing.tenant);
      write_texts(w, "dns", standing.dns);
      write_texts(w, "ip", standing.ip);
      write_texts(w, "email", standing.email);
      write_texts(w, "uri", standing.uri);
      w.end_object();
    }
    w.end_array().end_object();
  }
  w.end_array();
}

}  // namespace certwright::ca
