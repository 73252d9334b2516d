// Profiles as JSON documents: README.md describes the members.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "crypto/algorithm.h"
#include "profile/document_reading.h"
#include "profile/duration.h"
#include "profile/key_usage.h"
#include "profile/profile.h"
#include "profile/requested_extensions.h"
#include "profile/shown.h"
#include "x509/oids.h"

namespace certwright::profile {
namespace {

namespace oids = x509::oids;

constexpr Seconds kValidityMax{50LL * 366 * 86'400};
constexpr Seconds kBackdateMax{72LL * 3'600};
constexpr std::string_view kInterceptionCaName = "interception-ca";
constexpr Seconds kTtlMin{300}, kTtlMax{365LL * 86'400};
constexpr std::int64_t kCopiedOctetsMax = 32'768;
constexpr std::int64_t kPathLengthMax = 255;

constexpr std::array<std::string_view, 2> kKeyRetentionNames = {"until_expiry",
                                                                "erase_after_delivery"};
constexpr std::array<std::string_view, 2> kInterceptionKeysNames = {"like_upstream", "always_p256"};
constexpr std::array<std::string_view, 2> kRsaPoolDryNames = {"p256", "refuse"};
constexpr std::array<std::string_view, 3> kRecordLevelNames = {"full", "digest", "aggregate"};

using json::ObjectReader;

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
Result<void> check_interception(const Profile& profile) {
  if (profile.record_level != store::RecordLevel::aggregate)
    return wrong("record_level", "an interception profile has record level aggregate");
  if (profile.ca || profile.internal)
    return wrong("interception", "neither a CA's nor an internal profile can intercept");
  if (profile.extended_key_usage != std::vector<der::Oid>{oids::kServerAuth})
    return wrong("extended_key_usage", "an interception profile has serverAuth and nothing else");
  if (!profile.copy_extensions.empty())
    return wrong("copy_extensions", "an interception profile copies none");
  return {};
}

Result<void> check_interception_ca(const Profile& profile) {
  if (!profile.interception_ca) {
    if (profile.name != kInterceptionCaName) return {};
    return wrong("interception_ca", fmt::format("{} is what CAs that intercept are made by", profile.name));
  }
  if (!profile.ca) return wrong("interception_ca", "interception_ca is for a CA only");
  if (profile.extended_key_usage != std::vector<der::Oid>{oids::kServerAuth})
    return wrong("extended_key_usage", "a CA that intercepts has serverAuth and nothing else");
  return {};
}

// Rules that are younger than documents that may be in a store.
Result<void> check_later_rules(const Profile& profile) {
  if (profile.ca && profile.record_level != store::RecordLevel::full)
    return wrong("record_level", "certificates of CAs are kept whole: full");
  if (profile.record_level == store::RecordLevel::aggregate && !profile.interception)
    return wrong("record_level", "aggregate is for interception profiles only");
  return check_interception_ca(profile);
}

Result<void> read_interception(ObjectReader& reader, Profile& profile) {
  CERTWRIGHT_TRY(const auto ca, reader.optional_boolean("interception_ca"));
  profile.interception_ca = ca.value_or(profile.name == kInterceptionCaName);
  CERTWRIGHT_TRY(auto rule, reader.optional_object("interception"));
  if (!rule) return {};
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
  return check_interception(profile);
}

// What its structure says, and the rules that are as old as the members they are about.
Result<Profile> read_profile(const json::Value& document) {
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
  CERTWRIGHT_CHECK(reader.finish());
  return profile;
}

void write_interception(json::Writer& w, const InterceptionRule& rule) {
  w.key("interception").begin_object()
      .member("keys", kInterceptionKeysNames[static_cast<std::size_t>(rule.keys)])
      .member("rsa_pool_dry", kRsaPoolDryNames[static_cast<std::size_t>(rule.rsa_pool_dry)])
      .member("ttl_max", write_duration(rule.ttl_max))
      .end_object();
}

}  // namespace

Result<Profile> parse_profile(const json::Value& document) {
  CERTWRIGHT_TRY(auto profile, read_profile(document));
  CERTWRIGHT_CHECK(check_later_rules(profile));
  return profile;
}

Result<Profile> load_profile(const json::Value& document) {
  CERTWRIGHT_TRY(auto profile, read_profile(document));
  const bool aggregate = profile.record_level == store::RecordLevel::aggregate;
  if (profile.ca || (aggregate && !profile.interception)) profile.record_level = store::RecordLevel::full;
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
  if (profile.interception_ca) w.member("interception_ca", true);
  if (profile.interception) write_interception(w, *profile.interception);
  w.end_object();
  return std::move(w).take();
}

}  // namespace certwright::profile
