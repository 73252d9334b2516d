// Profiles as JSON documents: README.md describes the members.
#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "crypto/algorithm.h"
#include "json/object_reader.h"
#include "json/writer.h"
#include "profile/duration.h"
#include "profile/key_usage.h"
#include "profile/name_rule.h"
#include "profile/profile.h"
#include "profile/requested_extensions.h"
#include "profile/shown.h"
#include "profile/subject.h"
#include "x509/oids.h"

namespace certwright::profile {
namespace {

namespace oids = x509::oids;
using Kind = x509::GeneralName::Kind;

constexpr Seconds kValidityMax{50LL * 366 * 86'400};
constexpr Seconds kBackdateMax{72LL * 3'600};
constexpr Seconds kTtlMin{300}, kTtlMax{365LL * 86'400};
constexpr std::size_t kListMax = 64;
constexpr std::size_t kPatternsMax = 256;
constexpr std::int64_t kCopiedOctetsMax = 32'768;
constexpr std::int64_t kPathLengthMax = 255;

constexpr std::array<std::string_view, 2> kKeyRetentionNames = {"until_expiry",
                                                                "erase_after_delivery"};
constexpr std::array<std::string_view, 2> kInterceptionKeysNames = {"like_upstream", "always_p256"};
constexpr std::array<std::string_view, 2> kRsaPoolDryNames = {"p256", "refuse"};
constexpr std::array<std::string_view, 3> kRecordLevelNames = {"full", "digest", "aggregate"};

using json::ObjectReader;

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

Result<void> read_identity(ObjectReader& reader, Profile& profile) {
  CERTWRIGHT_TRY(profile.name, reader.string("name", {.min_length = 1, .max_length = 64}));
  for (const char c : profile.name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
      return wrong("name", fmt::format("{}: lower-case letters, digits and '-' are expected",
                                       shown(profile.name)));
  CERTWRIGHT_TRY(const auto version, reader.optional_integer("version", 1, 2'147'483'647));
  profile.version = static_cast<std::uint32_t>(version.value_or(1));
  CERTWRIGHT_TRY(const auto description, reader.optional_string("description"));
  profile.description = description.value_or("");
  CERTWRIGHT_TRY(const auto internal, reader.optional_boolean("internal"));
  profile.internal = internal.value_or(false);
  return {};
}

Result<Seconds> read_duration(const ObjectReader& reader, std::string_view name,
                              const std::string& text) {
  auto duration = parse_duration(text);
  if (!duration) return wrong(reader.field(name), std::move(duration).error().detail);
  return duration;
}

Result<void> read_validity(ObjectReader& reader, Profile& profile) {
  CERTWRIGHT_TRY(auto validity, reader.object("validity"));
  CERTWRIGHT_TRY(const auto default_text, validity.string("default"));
  CERTWRIGHT_TRY(const auto max_text, validity.string("max"));
  CERTWRIGHT_TRY(const auto backdate_text, validity.optional_string("backdate"));
  CERTWRIGHT_CHECK(validity.finish());
  CERTWRIGHT_TRY(profile.validity_default, read_duration(validity, "default", default_text));
  CERTWRIGHT_TRY(profile.validity_max, read_duration(validity, "max", max_text));
  CERTWRIGHT_TRY(profile.backdate, read_duration(validity, "backdate", backdate_text.value_or("0s")));
  if (profile.validity_max <= Seconds(0) || profile.validity_max > kValidityMax)
    return wrong("validity.max", fmt::format("{} is not between 1s and 50 years", max_text));
  if (profile.validity_default <= Seconds(0) || profile.validity_default > profile.validity_max)
    return wrong("validity.default",
                 fmt::format("{} is not between 1s and validity.max, {}", default_text, max_text));
  if (profile.backdate > kBackdateMax)
    return wrong("validity.backdate", fmt::format("{} is over 72h", *backdate_text));
  return {};
}

Result<void> read_key_algorithms(ObjectReader& reader, Profile& profile) {
  const std::string field = "key_algorithms";
  CERTWRIGHT_TRY(profile.key_algorithms, reader.strings(field, {.max_count = kListMax}));
  if (profile.key_algorithms.empty()) return wrong(field, "at least one key algorithm is needed");
  CERTWRIGHT_CHECK(check_unique(field, profile.key_algorithms));
  for (std::size_t i = 0; i < profile.key_algorithms.size(); ++i) {
    const std::string& name = profile.key_algorithms[i];
    const auto rows = crypto::key_algorithms();
    const auto row = std::ranges::find(rows, name, &crypto::KeyAlgorithm::name);
    if (row == rows.end())
      return wrong(item(field, i), fmt::format("{} is no key algorithm", shown(name)));
    if (i == 0 && row->bits == 0)
      return wrong(item(field, i), fmt::format("{} cannot be generated, so it cannot be first", name));
    if (key_usage_for(profile, row->family).empty())
      return wrong(item(field, i),
                   fmt::format("no key usage of this profile is one that {} keys can have", name));
  }
  return {};
}

Result<void> read_key_usage(ObjectReader& reader, Profile& profile) {
  const std::string field = "key_usage";
  CERTWRIGHT_TRY(profile.key_usage, reader.strings(field, {.max_count = 9}));
  CERTWRIGHT_CHECK(check_unique(field, profile.key_usage));
  x509::KeyUsage usage;
  for (std::size_t i = 0; i < profile.key_usage.size(); ++i) {
    const auto bit = x509::key_usage_bit_from_name(profile.key_usage[i]);
    if (!bit) return wrong(item(field, i), fmt::format("{} is no key usage", shown(profile.key_usage[i])));
    if (usage.has(*bit)) return wrong(item(field, i), "the same bit is in the list twice");
    usage.set(*bit);
    profile.key_usage[i] = x509::name_of(*bit);
  }
  if (usage.empty()) return wrong(field, "at least one key usage is needed");
  using Bit = x509::KeyUsageBit;
  if (usage.has(Bit::key_cert_sign) != profile.ca)
    return wrong(field, profile.ca ? "a CA needs keyCertSign" : "keyCertSign is for a CA only");
  if (usage.has(Bit::crl_sign) && !profile.ca) return wrong(field, "cRLSign is for a CA only");
  if ((usage.has(Bit::encipher_only) || usage.has(Bit::decipher_only)) &&
      !usage.has(Bit::key_agreement))
    return wrong(field, "encipherOnly and decipherOnly mean nothing without keyAgreement");
  return {};
}

Result<void> read_purposes(ObjectReader& reader, Profile& profile) {
  const std::string field = "extended_key_usage";
  CERTWRIGHT_TRY(const auto names, reader.optional_strings(field, {.max_count = kListMax}));
  if (!names) return {};
  for (std::size_t i = 0; i < names->size(); ++i) {
    const auto purpose = x509::ext_key_usage_from_name((*names)[i]);
    if (!purpose) return wrong(item(field, i), fmt::format("{} is no purpose", shown((*names)[i])));
    if (*purpose == oids::kAnyExtendedKeyUsage)
      return wrong(item(field, i), "anyExtendedKeyUsage would allow everything");
    if (*purpose == oids::kOcspSigning && !profile.internal)
      return wrong(item(field, i), "OCSPSigning is for internal profiles only");
    if (std::ranges::find(profile.extended_key_usage, *purpose) != profile.extended_key_usage.end())
      return wrong(item(field, i), fmt::format("{} is in the list twice", (*names)[i]));
    profile.extended_key_usage.push_back(*purpose);
  }
  return {};
}

Result<void> read_rights(ObjectReader& reader, Profile& profile) {
  CERTWRIGHT_TRY(const auto ca, reader.optional_boolean("ca"));
  profile.ca = ca.value_or(false);
  CERTWRIGHT_TRY(const auto path_length, reader.optional_integer("path_length", 0, kPathLengthMax));
  if (path_length) {
    if (!profile.ca) return wrong("path_length", "path_length is for a CA only");
    profile.path_length = static_cast<std::uint32_t>(*path_length);
  }
  CERTWRIGHT_CHECK(read_key_usage(reader, profile));
  CERTWRIGHT_CHECK(read_purposes(reader, profile));
  CERTWRIGHT_TRY(const auto nocheck, reader.optional_boolean("ocsp_nocheck"));
  profile.ocsp_nocheck = nocheck.value_or(false);
  const bool responder = std::ranges::find(profile.extended_key_usage, oids::kOcspSigning) !=
                         profile.extended_key_usage.end();
  if (profile.ocsp_nocheck && !responder)  // which implies internal
    return wrong("ocsp_nocheck", "ocsp_nocheck is for internal profiles with OCSPSigning only");
  CERTWRIGHT_TRY(const auto ocsp_url, reader.optional_boolean("ocsp_url"));
  profile.ocsp_url = ocsp_url.value_or(true);
  return {};
}

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

Result<void> read_copied(ObjectReader& reader, Profile& profile) {
  CERTWRIGHT_TRY(auto copied, reader.optional_objects("copy_extensions", kListMax));
  if (!copied) return {};
  for (ObjectReader& entry : *copied) {
    CERTWRIGHT_TRY(const auto text, entry.string("oid"));
    CERTWRIGHT_TRY(const auto size, entry.optional_integer("size_octets_max", 1, kCopiedOctetsMax));
    CERTWRIGHT_CHECK(entry.finish());
    const auto oid = der::Oid::from_text(text);
    if (!oid) return wrong(entry.field("oid"), fmt::format("{} is no OID", shown(text)));
    if (!may_be_copied(*oid))
      return wrong(entry.field("oid"), fmt::format("{} is decided by the profile or the CA and never "
                                                   "copied from a request", text));
    if (std::ranges::find(profile.copy_extensions, *oid, &CopyRule::oid) !=
        profile.copy_extensions.end())
      return wrong(entry.field("oid"), fmt::format("{} is in the list twice", text));
    CopyRule rule{*oid};
    if (size) rule.size_octets_max = static_cast<std::size_t>(*size);
    profile.copy_extensions.push_back(rule);
  }
  return {};
}

template <class Enum, std::size_t N>
Result<void> read_enum(ObjectReader& reader, std::string_view name,
                       const std::array<std::string_view, N>& names, Enum& out) {
  CERTWRIGHT_TRY(const auto text, reader.optional_string(name));
  if (!text) return {};
  const auto found = std::ranges::find(names, *text);
  if (found == names.end())
    return wrong(reader.field(name), fmt::format("{} is not one of {}", shown(*text),
                                                 fmt::join(names, ", ")));
  out = static_cast<Enum>(found - names.begin());
  return {};
}

// What a stranger's certificate lends to ours is names and dates: no right, no copy, no row of its own.
Result<void> check_interception(const ObjectReader& reader, const Profile& profile) {
  const auto refuse = [&](std::string_view member, std::string detail) {
    return wrong(reader.field(member), std::move(detail));
  };
  const bool aggregate = profile.record_level == store::RecordLevel::aggregate;
  if (!profile.interception) {
    if (aggregate) return refuse("record_level", "aggregate is for interception profiles only");
    return {};
  }
  if (!aggregate) return refuse("record_level", "an interception profile has record level aggregate");
  if (profile.ca || profile.internal)
    return refuse("interception", "neither a CA's nor an internal profile can intercept");
  if (profile.extended_key_usage != std::vector<der::Oid>{oids::kServerAuth})
    return refuse("extended_key_usage", "an interception profile has serverAuth and nothing else");
  if (!profile.copy_extensions.empty())
    return refuse("copy_extensions", "an interception profile copies none");
  return {};
}

Result<void> read_interception(ObjectReader& reader, Profile& profile) {
  CERTWRIGHT_TRY(auto rule, reader.optional_object("interception"));
  if (!rule) return check_interception(reader, profile);
  InterceptionRule& read = profile.interception.emplace();
  CERTWRIGHT_CHECK(read_enum(*rule, "keys", kInterceptionKeysNames, read.keys));
  CERTWRIGHT_CHECK(read_enum(*rule, "rsa_pool_dry", kRsaPoolDryNames, read.rsa_pool_dry));
  CERTWRIGHT_TRY(const auto ttl, rule->optional_string("ttl_max"));
  CERTWRIGHT_CHECK(rule->finish());
  if (ttl) {
    CERTWRIGHT_TRY(read.ttl_max, read_duration(*rule, "ttl_max", *ttl));
  }
  if (read.ttl_max < kTtlMin || read.ttl_max > kTtlMax)
    return wrong(rule->field("ttl_max"), "not between 300s and 365d");
  return check_interception(reader, profile);
}

void write_interception(json::Writer& w, const InterceptionRule& rule) {
  w.key("interception").begin_object()
      .member("keys", kInterceptionKeysNames[static_cast<std::size_t>(rule.keys)])
      .member("rsa_pool_dry", kRsaPoolDryNames[static_cast<std::size_t>(rule.rsa_pool_dry)])
      .member("ttl_max", write_duration(rule.ttl_max))
      .end_object();
}

void write_strings(json::Writer& w, std::string_view name, const std::vector<std::string>& list) {
  w.key(name).begin_array();
  for (const std::string& text : list) w.value(text);
  w.end_array();
}

void write_name_rule(json::Writer& w, std::string_view type, const NameRule& rule,
                     const bool* wildcards) {
  w.key(type).begin_object().member("permitted", rule.permitted);
  write_strings(w, "allow", rule.allow);
  write_strings(w, "deny", rule.deny);
  if (wildcards != nullptr) w.member("wildcards", *wildcards);
  w.end_object();
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

}  // namespace

Result<Profile> parse_profile(const json::Value& document) {
  CERTWRIGHT_TRY(auto reader, ObjectReader::of(document));
  Profile profile;
  CERTWRIGHT_CHECK(read_identity(reader, profile));
  CERTWRIGHT_CHECK(read_validity(reader, profile));
  CERTWRIGHT_CHECK(read_rights(reader, profile));
  CERTWRIGHT_CHECK(read_key_algorithms(reader, profile));
  CERTWRIGHT_CHECK(read_subject(reader, profile));
  CERTWRIGHT_CHECK(read_names(reader, profile));
  CERTWRIGHT_CHECK(read_copied(reader, profile));
  CERTWRIGHT_CHECK(read_enum(reader, "key_retention", kKeyRetentionNames, profile.key_retention));
  CERTWRIGHT_CHECK(read_enum(reader, "record_level", kRecordLevelNames, profile.record_level));
  CERTWRIGHT_CHECK(read_interception(reader, profile));
  if (profile.ca && profile.record_level != store::RecordLevel::full)
    return wrong("record_level", "certificates of CAs are kept whole: full");
  CERTWRIGHT_CHECK(reader.finish());
  return profile;
}

std::string write_profile(const Profile& profile) {
  json::Writer w(2048);
  w.begin_object()
      .member("name", profile.name)
      .member("version", profile.version)
      .member("description", profile.description)
      .member("internal", profile.internal);
  w.key("validity").begin_object()
      .member("default", write_duration(profile.validity_default))
      .member("max", write_duration(profile.validity_max))
      .member("backdate", write_duration(profile.backdate))
      .end_object();
  write_strings(w, "key_algorithms", profile.key_algorithms);
  w.member("ca", profile.ca);
  if (profile.path_length) w.member("path_length", *profile.path_length);
  write_strings(w, "key_usage", profile.key_usage);
  w.key("extended_key_usage").begin_array();
  for (const der::Oid& purpose : profile.extended_key_usage)
    w.value(x509::ext_key_usage_name(purpose));
  w.end_array();
  w.member("ocsp_nocheck", profile.ocsp_nocheck).member("ocsp_url", profile.ocsp_url);
  write_subject(w, profile.subject);
  write_names(w, profile);
  w.key("copy_extensions").begin_array();
  for (const CopyRule& rule : profile.copy_extensions)
    w.begin_object().member("oid", rule.oid.to_text())
        .member("size_octets_max", rule.size_octets_max).end_object();
  w.end_array();
  w.member("key_retention", kKeyRetentionNames[static_cast<std::size_t>(profile.key_retention)]);
  w.member("record_level", kRecordLevelNames[static_cast<std::size_t>(profile.record_level)]);
  if (profile.interception) write_interception(w, *profile.interception);
  w.end_object();
  return std::move(w).take();
}

}  // namespace certwright::profile
