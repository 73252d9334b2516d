#include "gateway/web/client_address.h"

#include <algorithm>

#include "x509/general_name.h"

namespace certwright::gateway::web {
namespace {

constexpr std::string_view kForwardedFor = "X-Forwarded-For";
constexpr std::size_t kIpv6Octets = 16;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& texts) {
  TrustedProxies proxies;
  for (const std::string& text : texts) {
    if (text.find('/') == std::string::npos) {
      auto address = x509::parse_ip_address(text);
      if (!address)
        return fail_field(Errc::invalid, "trusted_proxies", text + " is no address or prefix");
      Bytes mask(address->size(), 0xff);
      proxies.prefixes_.push_back({*std::move(address), std::move(mask)});
      continue;
    }
    const auto prefix = x509::GeneralName::ip_constraint(text);
    if (!prefix)
      return fail_field(Errc::invalid, "trusted_proxies", text + " is no address or prefix");
    const ByteView octets = prefix->octets();
    const std::size_t half = octets.size() / 2;
    proxies.prefixes_.push_back({to_bytes(octets.first(half)), to_bytes(octets.subspan(half))});
  }
  return proxies;
}

bool TrustedProxies::contains(std::string_view address) const {
  const auto octets = x509::parse_ip_address(address);
  if (!octets) return false;
  return std::ranges::any_of(prefixes_, [&](const Prefix& prefix) {
    if (prefix.address.size() != octets->size()) return false;
    for (std::size_t i = 0; i < octets->size(); ++i)
      if (((*octets)[i] & prefix.mask[i]) != (prefix.address[i] & prefix.mask[i])) return false;
    return true;
  });
}

std::string TrustedProxies::client_of(const http::RequestHead& head) const {
  std::string client = head.peer ? head.peer->address : std::string();
  if (prefixes_.empty() || !contains(client)) return client;
  // Several fields are one list (RFC 9110 section 5.3).
  std::string list;
  for (const auto& field : head.headers) {
    if (!http::equal_ignoring_case(field.name, kForwardedFor)) continue;
    if (!list.empty()) list += ',';
    list += field.value;
  }
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t comma = rest.rfind(',');
    const std::string_view hop =
        trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    if (!x509::parse_ip_address(hop)) break;
    client = std::string(hop);
    if (!contains(client)) break;
  }
  return client;
}

bool is_forwarded(const http::RequestHead& head) noexcept {
  return head.headers.has(kForwardedFor) || head.headers.has("Forwarded") ||
         head.headers.has("X-Real-IP") || head.headers.has("Via");
}

std::string rate_key(std::string_view address) {
  const auto octets = x509::parse_ip_address(address);
  if (!octets || octets->size() != kIpv6Octets) return std::string(address);
  return to_hex(ByteView(*octets).first(kIpv6Octets / 2));
}

}  // namespace certwright::gateway::web
