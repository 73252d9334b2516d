#include "gateway/certs/request_body.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "json/object_reader.h"
#include "profile/duration.h"

namespace certwright::gateway::certs {
namespace {

constexpr json::ArrayLimits kNameLimits{.max_count = 1'000, .max_length = 253};
constexpr json::ArrayLimits kAttributeLimits{.max_count = 16, .max_length = 256};
constexpr std::size_t kMaxCsrOctets = 64 * 1024;

// Members of `options` and the attribute each becomes, in the order they have in a subject
// (RFC 5280 appendix A), so that equal requests give equal names.
struct OptionAttribute {
  std::string_view member, attribute;
};
constexpr std::array<OptionAttribute, 7> kOptionAttributes = {
    {{"country", "country"},
     {"province", "state_or_province"},
     {"locality", "locality"},
     {"street_address", "street_address"},
     {"postal_code", "postal_code"},
     {"organization", "organization"},
     {"organizational_unit", "organizational_unit"}}};

using MakeName = Result<x509::GeneralName> (*)(std::string_view);

Result<void> add_names(json::ObjectReader& reader, std::string_view member, MakeName make,
                       std::vector<x509::GeneralName>& names) {
  CERTWRIGHT_TRY(const auto texts, reader.optional_strings(member, kNameLimits));
  if (!texts) return {};
  for (std::size_t i = 0; i < texts->size(); ++i) {
    auto name = make((*texts)[i]);
    if (!name) {
      const std::string field = fmt::format("{}[{}]", reader.field(member), i);
      return fail_field(Errc::invalid, field, field + ": " + name.error().detail);
    }
    if (std::ranges::find(names, *name) == names.end()) names.push_back(*std::move(name));
  }
  return {};
}

Result<void> read_options(json::ObjectReader& options, IssueBody& body, std::string& common_name) {
  for (const auto& [member, attribute] : kOptionAttributes) {
    CERTWRIGHT_TRY(const auto values, options.optional_strings(member, kAttributeLimits));
    if (!values) continue;
    for (const std::string& value : *values)
      if (!value.empty()) body.subject.push_back({std::string(attribute), value});
  }
  CERTWRIGHT_TRY(const auto given, options.optional_string("common_name", {.max_length = 256}));
  if (given && !given->empty()) common_name = *given;
  CERTWRIGHT_CHECK(add_names(options, "dns_names", &x509::GeneralName::dns, body.names));
  CERTWRIGHT_CHECK(add_names(options, "ip_addresses", &x509::GeneralName::ip, body.names));
  return options.finish();
}

// Members that a CSR's body has too.
struct CommonMembers {
  std::optional<Seconds> validity;
  std::string profile{kDefaultProfile}, ca;
};

Result<CommonMembers> read_common(json::ObjectReader& reader) {
  CommonMembers common;
  CERTWRIGHT_TRY(const auto ttl, reader.optional_string("ttl", {.max_length = 64}));
  if (ttl) {
    CERTWRIGHT_TRY(common.validity, read_ttl(*ttl));
  }
  CERTWRIGHT_TRY(const auto profile,
                 reader.optional_string("profile", {.min_length = 1, .max_length = 64}));
  if (profile) common.profile = *profile;
  CERTWRIGHT_TRY(const auto ca, reader.optional_string("ca", {.max_length = 64}));
  if (ca) common.ca = *ca;
  return common;
}

}  // namespace

Result<IssueBody> read_issue_body(const json::Value& document, std::string_view common_name) {
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  IssueBody body;
  std::string name(common_name);
  CERTWRIGHT_CHECK(add_names(reader, "dns_names", &x509::GeneralName::dns, body.names));
  CERTWRIGHT_CHECK(add_names(reader, "ip_addresses", &x509::GeneralName::ip, body.names));
  CERTWRIGHT_TRY(auto options, reader.optional_object("options"));
  if (options) CERTWRIGHT_CHECK(read_options(*options, body, name));
  body.subject.push_back({"common_name", std::move(name)});
  CERTWRIGHT_TRY(const auto key_type, reader.optional_string("key_type", {.max_length = 64}));
  if (key_type) body.key_type = *key_type;
  CERTWRIGHT_TRY(auto common, read_common(reader));
  CERTWRIGHT_CHECK(reader.finish());
  body.validity = common.validity;
  body.profile = std::move(common.profile);
  body.ca = std::move(common.ca);
  return body;
}

Result<CsrBody> read_csr_body(const json::Value& document) {
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  CERTWRIGHT_TRY(const auto pem,
                 reader.string("csr", {.min_length = 1, .max_length = kMaxCsrOctets}));
  CERTWRIGHT_TRY(auto common, read_common(reader));
  CERTWRIGHT_CHECK(reader.finish());
  auto request = pkcs10::parse_pem_or_der(as_bytes(pem));
  if (!request) return fail_field(request.error().code, "csr", "csr: " + request.error().detail);
  return CsrBody{*std::move(request), common.validity, std::move(common.profile),
                 std::move(common.ca)};
}

Result<x509::RevocationReason> read_revocation_body(const json::Value& document) {
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  CERTWRIGHT_TRY(const auto name, reader.optional_string("reason", {.max_length = 64}));
  CERTWRIGHT_CHECK(reader.finish());
  if (!name) return x509::RevocationReason::unspecified;
  const auto reason = x509::revocation_reason_from_name(*name);
  if (!reason || *reason == x509::RevocationReason::remove_from_crl)
    return fail_field(
        Errc::invalid, "reason",
        "reason: not a revocation reason of RFC 5280 such as keyCompromise, superseded "
        "or certificateHold");
  return *reason;
}

Result<Seconds> read_ttl(std::string_view text) {
  const auto duration = profile::parse_duration(text);
  if (!duration) return fail_field(Errc::invalid, "ttl", "ttl: " + duration.error().detail);
  if (duration->count() <= 0) return fail_field(Errc::invalid, "ttl", "ttl: it must be positive");
  return *duration;
}

Result<Time> read_time(std::string_view field, std::string_view text) {
  const auto refuse = [&] {
    return fail_field(Errc::bad_encoding, std::string(field),
                      fmt::format("{}: expected a time such as 2026-01-31T12:00:00Z", field));
  };
  // "YYYY-MM-DDTHH:MM:SS", then a fraction, then the zone.
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size() || text.size() > 40) return refuse();
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return refuse();
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    for (const char c : text.substr(at, size)) value = value * 10 + (c - '0');
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  const int hours = number(11, 2), minutes = number(14, 2), seconds = number(17, 2);
  if (!date.ok() || hours > 23 || minutes > 59 || seconds > 59) return refuse();
  Duration sum = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hours) +
                 std::chrono::minutes(minutes) + Seconds(seconds);

  std::size_t at = kShape.size();
  if (text[at] == '.') {
    const std::size_t first = ++at;
    for (std::int64_t unit = 100'000; at < text.size() && is_digit(text[at]); ++at, unit /= 10)
      sum += Duration((text[at] - '0') * unit);
    if (at == first) return refuse();
  }
  const std::string_view zone = text.substr(at);
  if (zone == "Z") return Time(sum);
  // A `+` that was not percent-encoded in a query arrives as a space.
  if (zone.size() != 6 || zone[3] != ':' || (zone[0] != '+' && zone[0] != '-' && zone[0] != ' '))
    return refuse();
  for (const std::size_t i : {1u, 2u, 4u, 5u})
    if (!is_digit(zone[i])) return refuse();
  const int zone_hours = number(at + 1, 2), zone_minutes = number(at + 4, 2);
  if (zone_hours > 23 || zone_minutes > 59) return refuse();
  const Duration offset = std::chrono::hours(zone_hours) + std::chrono::minutes(zone_minutes);
  return Time(zone[0] == '-' ? sum + offset : sum - offset);
}

}  // namespace certwright::gateway::certs
