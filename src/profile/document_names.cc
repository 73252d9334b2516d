#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "profile/document_reading.h"
#include "profile/name_rule.h"
#include "profile/shown.h"
#include "profile/subject.h"

namespace certwright::profile {
namespace {

using Kind = x509::GeneralName::Kind;
using json::ObjectReader;

constexpr std::size_t kPatternsMax = 256;

Result<void> check_fixed(const std::string& field, const std::string& attribute,
                         const std::string& value) {
  x509::Name::Builder builder;
  builder.add(*subject_attribute_oid(attribute), value);
  const auto name = builder.build();
  if (!name) return wrong(field, name.error().detail);
  return {};
}

Result<void> read_fixed(ObjectReader& reader, SubjectRule& rule) {
  CERTWRIGHT_TRY(auto fixed, reader.optional_objects("fixed", kListMax));
  if (!fixed) return {};
  for (ObjectReader& entry : *fixed) {
    CERTWRIGHT_TRY(auto attribute, entry.string("attribute"));
    CERTWRIGHT_TRY(auto value, entry.string("value"));
    CERTWRIGHT_CHECK(entry.finish());
    if (!subject_attribute_oid(attribute))
      return wrong(entry.field("attribute"), fmt::format("{} is no subject attribute; known are {}",
                                                         shown(attribute),
                                                         fmt::join(subject_attribute_names(), ", ")));
    if (std::ranges::find(rule.settable, attribute) != rule.settable.end())
      return wrong(entry.field("attribute"),
                   fmt::format("{} is both settable and fixed", attribute));
    for (const auto& [other, ignored] : rule.fixed)
      if (other == attribute)
        return wrong(entry.field("attribute"), fmt::format("{} is fixed twice", attribute));
    CERTWRIGHT_CHECK(check_fixed(entry.field("value"), attribute, value));
    rule.fixed.emplace_back(std::move(attribute), std::move(value));
  }
  return {};
}

Result<void> read_patterns(const std::string& field, Kind kind,
                           const std::vector<std::string>& patterns) {
  CERTWRIGHT_CHECK(check_unique(field, patterns));
  for (std::size_t i = 0; i < patterns.size(); ++i)
    if (const auto checked = check_pattern(kind, patterns[i]); !checked)
      return wrong(item(field, i), checked.error().detail);
  return {};
}

// `wildcards` is read for host names only.
Result<void> read_name_rule(ObjectReader& names, std::string_view type, Kind kind, NameRule& rule,
                            bool* wildcards) {
  CERTWRIGHT_TRY(auto reader, names.optional_object(type));
  if (!reader) return {};
  CERTWRIGHT_TRY(const auto permitted, reader->optional_boolean("permitted"));
  CERTWRIGHT_TRY(auto allow, reader->optional_strings("allow", {.max_count = kPatternsMax}));
  CERTWRIGHT_TRY(auto deny, reader->optional_strings("deny", {.max_count = kPatternsMax}));
  if (wildcards != nullptr) {
    CERTWRIGHT_TRY(const auto allowed, reader->optional_boolean("wildcards"));
    *wildcards = allowed.value_or(false);
  }
  CERTWRIGHT_CHECK(reader->finish());
  rule.permitted = permitted.value_or(true);
  rule.allow = std::move(allow).value_or(std::vector<std::string>{});
  rule.deny = std::move(deny).value_or(std::vector<std::string>{});
  CERTWRIGHT_CHECK(read_patterns(reader->field("allow"), kind, rule.allow));
  CERTWRIGHT_CHECK(read_patterns(reader->field("deny"), kind, rule.deny));
  const bool says_more = !rule.allow.empty() || !rule.deny.empty() ||
                         (wildcards != nullptr && *wildcards);
  if (!rule.permitted && says_more)
    return wrong(reader->field("permitted"), "patterns or wildcards for names that are not permitted");
  return {};
}

void write_name_rule(json::Writer& w, std::string_view type, const NameRule& rule,
                     const bool* wildcards) {
  w.key(type).begin_object().member("permitted", rule.permitted);
  write_strings(w, "allow", rule.allow);
  write_strings(w, "deny", rule.deny);
  if (wildcards != nullptr) w.member("wildcards", *wildcards);
  w.end_object();
}

}  // namespace

tl::unexpected<Error> wrong(std::string field, std::string detail) {
  return fail_field(Errc::invalid, std::move(field), std::move(detail));
}

std::string item(const std::string& field, std::size_t index) {
  return fmt::format("{}[{}]", field, index);
}

Result<void> check_unique(const std::string& field, const std::vector<std::string>& list) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (!seen.insert(list[i]).second)
      return wrong(item(field, i), fmt::format("{} is in the list twice", shown(list[i])));
  return {};
}

void write_strings(json::Writer& w, std::string_view name, const std::vector<std::string>& list) {
  w.key(name).begin_array();
  for (const std::string& text : list) w.value(text);
  w.end_array();
}

Result<void> read_subject(ObjectReader& reader, Profile& profile) {
  CERTWRIGHT_TRY(auto subject, reader.optional_object("subject"));
  if (!subject) return {};
  SubjectRule& rule = profile.subject;
  CERTWRIGHT_TRY(const auto required, subject->optional_boolean("common_name_required"));
  CERTWRIGHT_TRY(auto settable, subject->optional_strings("settable", {.max_count = kListMax}));
  const std::string field = subject->field("settable");
  rule.settable = std::move(settable).value_or(std::vector<std::string>{});
  CERTWRIGHT_CHECK(check_unique(field, rule.settable));
  for (std::size_t i = 0; i < rule.settable.size(); ++i)
    if (!subject_attribute_oid(rule.settable[i]))
      return wrong(item(field, i), fmt::format("{} is no subject attribute; known are {}",
                                               shown(rule.settable[i]),
                                               fmt::join(subject_attribute_names(), ", ")));
  CERTWRIGHT_CHECK(read_fixed(*subject, rule));
  CERTWRIGHT_TRY(const auto to_san, subject->optional_boolean("common_name_to_san"));
  CERTWRIGHT_CHECK(subject->finish());
  rule.common_name_required = required.value_or(false);
  rule.common_name_to_san = to_san.value_or(true);
  const bool has_common_name =
      std::ranges::find(rule.settable, "common_name") != rule.settable.end() ||
      std::ranges::any_of(rule.fixed, [](const auto& f) { return f.first == "common_name"; });
  if (rule.common_name_required && !has_common_name)
    return wrong(subject->field("common_name_required"),
                 "a common name is required, but neither settable nor fixed");
  return {};
}

Result<void> read_names(ObjectReader& reader, Profile& profile) {
  CERTWRIGHT_TRY(auto names, reader.optional_object("names"));
  if (!names) return {};
  CERTWRIGHT_CHECK(read_name_rule(*names, "dns", Kind::dns, profile.dns, &profile.dns_wildcards));
  CERTWRIGHT_CHECK(read_name_rule(*names, "ip", Kind::ip, profile.ip, nullptr));
  CERTWRIGHT_CHECK(read_name_rule(*names, "email", Kind::email, profile.email, nullptr));
  CERTWRIGHT_CHECK(read_name_rule(*names, "uri", Kind::uri, profile.uri, nullptr));
  CERTWRIGHT_TRY(const auto max, names->optional_integer("max", 0, x509::kMaxGeneralNames));
  CERTWRIGHT_TRY(const auto required, names->optional_boolean("required"));
  CERTWRIGHT_CHECK(names->finish());
  profile.names_max = static_cast<std::size_t>(max.value_or(100));
  profile.names_required = required.value_or(false);
  const bool any_permitted = profile.dns.permitted || profile.ip.permitted ||
                             profile.email.permitted || profile.uri.permitted;
  if (profile.names_required && (!any_permitted || profile.names_max == 0))
    return wrong(names->field("required"), "names are required, but none is permitted");
  return {};
}

void write_subject(json::Writer& w, const SubjectRule& rule) {
  w.key("subject").begin_object().member("common_name_required", rule.common_name_required);
  write_strings(w, "settable", rule.settable);
  w.key("fixed").begin_array();
  for (const auto& [attribute, value] : rule.fixed)
    w.begin_object().member("attribute", attribute).member("value", value).end_object();
  w.end_array();
  w.member("common_name_to_san", rule.common_name_to_san).end_object();
}

void write_names(json::Writer& w, const Profile& profile) {
  w.key("names").begin_object();
  write_name_rule(w, "dns", profile.dns, &profile.dns_wildcards);
  write_name_rule(w, "ip", profile.ip, nullptr);
  write_name_rule(w, "email", profile.email, nullptr);
  write_name_rule(w, "uri", profile.uri, nullptr);
  w.member("max", profile.names_max).member("required", profile.names_required).end_object();
}

}  // namespace certwright::profile
