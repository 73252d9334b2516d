// The document of a tenant's wishes about its CAs.
#include <algorithm>

#include <fmt/format.h>

#include "json/object_reader.h"
#include "json/writer.h"
#include "profile/name_rule.h"
#include "profile/shown.h"
#include "registration/ca_selection.h"

namespace certwright::registration {
namespace {

constexpr std::size_t kMaxRules = 200;
constexpr std::int64_t kMaxPoints = 1'000;
constexpr std::int64_t kMaxRemaining_s = 50LL * 366 * 86'400;

Result<void> read_texts(json::ObjectReader& reader, std::string_view member, std::vector<std::string>& into) {
  CERTWRIGHT_TRY(auto texts, reader.optional_strings(member, {.max_count = 200, .max_length = 254}));
  if (texts) into = std::move(*texts);
  return {};
}

Result<SelectionRule> read_rule(json::ObjectReader& reader) {
  SelectionRule rule;
  CERTWRIGHT_TRY(rule.ca, reader.string("ca", {.min_length = 1, .max_length = 63}));
  CERTWRIGHT_CHECK(read_texts(reader, "purposes", rule.purposes));
  CERTWRIGHT_CHECK(read_texts(reader, "emails", rule.emails));
  CERTWRIGHT_CHECK(read_texts(reader, "networks", rule.networks));
  CERTWRIGHT_CHECK(read_texts(reader, "key_types", rule.key_types));
  CERTWRIGHT_TRY(const auto required, reader.optional_boolean("required"));
  rule.required = required.value_or(false);
  CERTWRIGHT_CHECK(reader.finish());
  const auto refuse = [&](std::string_view member, const std::string& why) {
    const std::string field = reader.field(member);
    return fail_field(Errc::invalid, field, field + ": " + why);
  };
  for (const auto& network : rule.networks)
    if (const auto good = profile::check_pattern(x509::GeneralName::Kind::ip, network); !good)
      return refuse("networks", good.error().detail);
  for (const auto& email : rule.emails)
    if (email.find('@') == std::string::npos)
      return refuse("emails", "expected \"@domain\" or an address, got \"" + email + "\"");
  return rule;
}

void write_texts(json::Writer& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name).begin_array();
  for (const auto& text : texts) w.value(text);
  w.end_array();
}

struct Points {
  std::string_view member;
  int SelectionPolicy::*points;
};
constexpr Points kPoints[] = {{"purpose_points", &SelectionPolicy::purpose_points},
                              {"email_points", &SelectionPolicy::email_points},
                              {"network_points", &SelectionPolicy::network_points},
                              {"key_type_points", &SelectionPolicy::key_type_points},
                              {"lifetime_points", &SelectionPolicy::lifetime_points}};

}  // namespace

Result<SelectionPolicy> parse_selection_policy(std::string_view json_text) {
  CERTWRIGHT_TRY(const auto document, json::parse(json_text));
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  SelectionPolicy policy;
  for (const auto& [member, points] : kPoints) {
    CERTWRIGHT_TRY(const auto given, reader.optional_integer(member, 0, kMaxPoints));
    policy.*points = static_cast<int>(given.value_or(policy.*points));
  }
  CERTWRIGHT_TRY(const auto remaining, reader.optional_integer("remaining_min_s", 0, kMaxRemaining_s));
  policy.remaining_min = Seconds(remaining.value_or(0));
  CERTWRIGHT_TRY(auto rules, reader.optional_objects("rules", kMaxRules));
  if (rules)
    for (auto& each : *rules) {
      CERTWRIGHT_TRY(auto rule, read_rule(each));
      policy.rules.push_back(std::move(rule));
    }
  CERTWRIGHT_CHECK(reader.finish());
  return policy;
}

Result<void> check_selection_policy(const SelectionPolicy& policy, std::string_view tenant, const ca::CaDirectory& cas) {
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const auto& rule = policy.rules[i];
    const auto refuse = [&](const std::string& member, const std::string& why) {
      const std::string field = fmt::format("rules[{}].{}", i, member);
      return fail_field(Errc::invalid, field, field + ": " + why);
    };
    const auto ca = cas.find(rule.ca);
    const auto serves = [&](const std::string& served) { return served == "*" || served == tenant; };
    if (ca == nullptr || std::ranges::none_of(ca->policy().tenants, serves))
      return refuse("ca", fmt::format("no CA {} serves tenant \"{}\"", profile::shown(rule.ca), tenant));
    if (ca->is_root()) return refuse("ca", fmt::format("\"{}\" is a root CA, and those are never chosen", rule.ca));
    for (std::size_t before = 0; before < i; ++before)
      if (policy.rules[before].ca == rule.ca)
        return refuse("ca", fmt::format("rules[{}] is about \"{}\" already, and the first one counts", before, rule.ca));
    for (const auto& type : rule.key_types)
      if (!is_key_type(type))
        return refuse("key_types", fmt::format("there is no key type {}; e.g. rsa, rsa-2048, ecdsa-p256", profile::shown(type)));
  }
  return {};
}

std::string write_selection_policy(const SelectionPolicy& policy) {
  json::Writer w;
  w.begin_object();
  for (const auto& [member, points] : kPoints) w.member(member, policy.*points);
  w.member("remaining_min_s", policy.remaining_min.count());
  w.key("rules").begin_array();
  for (const auto& rule : policy.rules) {
    w.begin_object().member("ca", rule.ca);
    write_texts(w, "purposes", rule.purposes);
    write_texts(w, "emails", rule.emails);
    write_texts(w, "networks", rule.networks);
    write_texts(w, "key_types", rule.key_types);
    w.member("required", rule.required).end_object();
  }
  w.end_array().end_object();
  return std::move(w).take();
}

std::string selection_setting(std::string_view tenant) { return "ca-selection:" + std::string(tenant); }

}  // namespace certwright::registration
