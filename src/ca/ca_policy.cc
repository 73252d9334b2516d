#include "ca/ca_policy.h"

#include <algorithm>

#include "ca/approval_rule_document.h"
#include "json/object_reader.h"
#include "json/value.h"
#include "json/writer.h"

namespace certwright::ca {
namespace {

constexpr std::int64_t kMinPeriod_s = 60;
constexpr std::int64_t kMaxPeriod_s = 20LL * 366 * 86400;  // a root that goes offline

bool is_base_url(std::string_view url) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
  if (url.ends_with('/') || url.size() > 512) return false;
  return std::ranges::all_of(url, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~:/[]%").find(c) != std::string_view::npos;
  });
}

Result<void> check(const CaPolicy& policy) {
  if (!policy.public_url.empty() && !is_base_url(policy.public_url))
    return fail_field(Errc::invalid, "public_url",
                      "public_url: expected http://HOST[:PORT][/PATH] without a trailing slash, got \"" +
                          policy.public_url + "\"");
  if (policy.crl_refresh > policy.crl_period)
    return fail_field(Errc::invalid, "crl_refresh_s",
                      "crl_refresh_s: must not be longer than crl_period_s, or CRLs run out");
  if (std::ranges::find(policy.profiles, "*") != policy.profiles.end())
    return fail_field(Errc::invalid, "profiles", "profiles: name them one by one, \"*\" is not allowed");
  return {};
}

std::string write_document(const CaPolicy& policy, bool with_approval) {
  json::Writer w;
  w.begin_object();
  w.member("public_url", policy.public_url);
  w.member("ocsp", policy.ocsp);
  w.member("crl_shards", policy.crl_shards);
  w.member("crl_period_s", policy.crl_period.count());
  w.member("crl_refresh_s", policy.crl_refresh.count());
  w.member("ocsp_period_s", policy.ocsp_period.count());
  w.key("tenants").begin_array();
  for (const auto& tenant : policy.tenants) w.value(tenant);
  w.end_array();
  w.key("profiles").begin_array();
  for (const auto& profile : policy.profiles) w.value(profile);
  w.end_array();
  if (with_approval) write_approval_rules(w, policy.approval);
  w.end_object();
  return std::move(w).take();
}

}  // namespace

Result<CaPolicy> parse_ca_policy(std::string_view json_text) {
  CERTWRIGHT_TRY(const auto document, json::parse(json_text));
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  CaPolicy policy;
  CERTWRIGHT_TRY(const auto url, reader.optional_string("public_url", {.max_length = 512}));
  policy.public_url = url.value_or("");
  CERTWRIGHT_TRY(const auto ocsp, reader.optional_boolean("ocsp"));
  policy.ocsp = ocsp.value_or(policy.ocsp);
  CERTWRIGHT_TRY(const auto shards, reader.optional_integer("crl_shards", 1, 1024));
  policy.crl_shards = static_cast<std::uint32_t>(shards.value_or(1));
  CERTWRIGHT_TRY(const auto period, reader.optional_integer("crl_period_s", kMinPeriod_s, kMaxPeriod_s));
  policy.crl_period = Seconds(period.value_or(policy.crl_period.count()));
  CERTWRIGHT_TRY(const auto refresh, reader.optional_integer("crl_refresh_s", 1, kMaxPeriod_s));
  policy.crl_refresh = Seconds(refresh.value_or(policy.crl_period.count() / 2));
  CERTWRIGHT_TRY(const auto ocsp_period, reader.optional_integer("ocsp_period_s", kMinPeriod_s, 30 * 86400));
  policy.ocsp_period = Seconds(ocsp_period.value_or(policy.ocsp_period.count()));
  CERTWRIGHT_TRY(auto tenants, reader.optional_strings("tenants", {.max_count = 1000, .max_length = 63}));
  if (tenants) policy.tenants = std::move(*tenants);
  CERTWRIGHT_TRY(auto profiles, reader.optional_strings("profiles", {.max_count = 200, .max_length = 63}));
  if (profiles) policy.profiles = std::move(*profiles);
  CERTWRIGHT_TRY(policy.approval, read_approval_rules(reader));
  CERTWRIGHT_CHECK(reader.finish());
  CERTWRIGHT_CHECK(check(policy));
  return policy;
}

Result<CaPolicy> parse_whole_ca_policy(std::string_view json_text) {
  CERTWRIGHT_TRY(const auto document, json::parse(json_text));
  CERTWRIGHT_TRY(const auto reader, json::ObjectReader::of(document));
  for (const std::string member : {"public_url", "tenants", "profiles", "approval"})
    if (!reader.has(member))
      return fail_field(Errc::invalid, member,
                        member + ": is required where the whole policy is replaced; to change only what a "
                                 "document names, use PATCH (certwright ca policy does)");
  return parse_ca_policy(json_text);
}

Result<CaPolicy> change_ca_policy(const CaPolicy& present, std::string_view json_text) {
  CERTWRIGHT_TRY(const auto changes, json::parse(json_text));
  CERTWRIGHT_CHECK(json::ObjectReader::of(changes));
  CERTWRIGHT_TRY(auto document, json::parse(write_whole_ca_policy(present)));
  for (const auto& [name, value] : *changes.if_object()) {
    if (value.is_null())
      return fail_field(Errc::invalid, name.substr(0, 64),
                        name.substr(0, 64) + ": null is no value; left out, it stays as it is");
    document.set(name, value);
  }
  return parse_ca_policy(json::write(document));
}

std::string write_ca_policy(const CaPolicy& policy) { return write_document(policy, !policy.approval.empty()); }

std::string write_whole_ca_policy(const CaPolicy& policy) { return write_document(policy, true); }

}  // namespace certwright::ca
