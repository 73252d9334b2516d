#include "profile/interception_names.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "der/primitive.h"
#include "der/writer.h"
#include "idna/idna.h"
#include "profile/interception.h"
#include "x509/general_name.h"
#include "x509/lenient_certificate.h"
#include "x509/name.h"

namespace certwright::profile {
namespace {

constexpr std::uint8_t kDnsNameTag = 0x82, kIpAddressTag = 0x87;  // [2] and [7] of GeneralName

char lowered(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_names(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lowered, lowered);
}

// RFC 6125 section 6.4.3: a wildcard stands for one left-most label.
bool covers(std::string_view name, std::string_view host) noexcept {
  if (!name.starts_with("*.")) return equal_names(name, host);
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && equal_names(name.substr(1), host.substr(dot));
}

struct UpstreamName {
  std::uint8_t tag;
  ByteView content;
};

std::size_t encoded_octets(const UpstreamName& name) noexcept {
  return der::header_size(name.content.size()) + name.content.size();
}

bool is_usable(const x509::LenientCertificate::Name& name) noexcept {
  if (name.tag == kDnsNameTag) return is_interception_dns_name(as_text(name.content));
  return name.tag == kIpAddressTag && (name.content.size() == 4 || name.content.size() == 16);
}

bool same(const UpstreamName& a, const UpstreamName& b) noexcept {
  return a.tag == b.tag && std::ranges::equal(a.content, b.content);
}

std::vector<UpstreamName> usable_names(ByteView content) {
  constexpr std::size_t kFewNames = 16;  // up to here comparing is cheaper than hashing
  std::vector<UpstreamName> names;
  std::unordered_set<std::string> seen;
  while (const auto name = x509::LenientCertificate::take_name(content)) {
    if (!is_usable(*name)) continue;
    const UpstreamName kept{name->tag, name->content};
    if (names.size() < kFewNames) {
      if (std::ranges::any_of(names, [&](const auto& other) { return same(other, kept); })) continue;
    } else {
      const auto key = [](const UpstreamName& n) {
        std::string text(as_text(n.content));
        text.push_back(static_cast<char>(n.tag));
        return text;
      };
      if (seen.empty())
        for (const auto& other : names) seen.insert(key(other));
      if (!seen.insert(key(kept)).second) continue;
    }
    names.push_back(kept);
  }
  return names;
}

bool covers(const UpstreamName& name, const InterceptedHost& host) noexcept {
  if (name.tag == kIpAddressTag) return std::ranges::equal(name.content, host.address);
  return !host.name.empty() && covers(as_text(name.content), host.name);
}

std::size_t total_octets(const std::vector<UpstreamName>& names) noexcept {
  std::size_t total = 0;
  for (const auto& name : names) total += encoded_octets(name);
  return total;
}

// Those that cover the host, or all if none does; then the first ones that fit, at least one.
void trim(std::vector<UpstreamName>& names, const InterceptedHost& host, std::size_t octets_max) {
  std::vector<UpstreamName> covering;
  std::ranges::copy_if(names, std::back_inserter(covering),
                       [&](const auto& name) { return covers(name, host); });
  if (!covering.empty()) names = std::move(covering);
  std::size_t kept = 0, total = 0;
  for (const auto& name : names) {
    total += encoded_octets(name);
    if (kept > 0 && (total > octets_max || kept == x509::kMaxGeneralNames)) break;
    ++kept;
  }
  names.resize(kept);
}

void write_name(der::Writer& writer, std::uint8_t tag, ByteView content) {
  writer.primitive(static_cast<der::Tag>(tag), content);
}

Bytes common_name_tlv(std::string_view text) {
  if (const auto name = x509::Name::Builder().common_name(text).build()) return to_bytes(name->tlv());
  return {0x30, 0x00};
}

}  // namespace

// As x509::valid_dns_name(), and as long as a client may send it.
bool is_interception_dns_name(std::string_view name) noexcept {
  if (name.size() <= 253)
    return x509::valid_dns_name(name, x509::Wildcard::allowed, x509::Underscore::allowed);
  if (name.size() > 255) return false;
  // Both halves around an inner dot are host names by themselves: so is the whole.
  const std::size_t dot = name.rfind('.', 200);
  return dot != std::string_view::npos &&
         x509::valid_dns_name(std::string(name.substr(0, dot)) + ".x", x509::Wildcard::allowed,
                              x509::Underscore::allowed) &&
         x509::valid_dns_name(name.substr(dot + 1), x509::Wildcard::refused, x509::Underscore::allowed);
}

InterceptedHost read_host(std::string_view host) {
  InterceptedHost read;
  std::string_view literal = host;
  if (literal.size() > 2 && literal.front() == '[' && literal.back() == ']')
    literal = literal.substr(1, literal.size() - 2);
  if (auto address = x509::parse_ip_address(literal)) {
    constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address->size() == 16 && std::equal(std::begin(kMapped), std::end(kMapped), address->begin()))
      address->erase(address->begin(), address->begin() + 12);
    read.address = std::move(*address);
    return read;
  }
  while (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return read;
  if (auto ascii = idna::to_ascii(host); ascii && is_interception_dns_name(*ascii))
    read.name = std::move(*ascii);
  return read;
}

ChosenInterceptionNames choose_upstream_names(ByteView content, std::string_view host,
                                              std::size_t octets_max) {
  ChosenInterceptionNames chosen;
  std::vector<UpstreamName> names = usable_names(content);
  if (names.size() > x509::kMaxGeneralNames || total_octets(names) > octets_max) {
    const std::size_t before = names.size();
    trim(names, read_host(host), octets_max);
    chosen.trimmed = names.size() != before;
  }
  if (names.empty()) return chosen;
  der::Writer writer(total_octets(names));
  for (const auto& name : names) write_name(writer, name.tag, name.content);
  chosen.general_names = std::move(writer).take();
  return chosen;
}

HostIdentity identity_of_host(std::string_view host) {
  const InterceptedHost read = read_host(host);
  HostIdentity identity;
  if (!read.known()) {
    // The name goes into no certificate as a name: it is none.
    identity.subject_tlv = common_name_tlv(host);
    if (identity.subject_tlv.size() == 2)
      identity.subject_tlv = common_name_tlv(host.empty() ? "No host name given" : "Unusable host name");
    return identity;
  }
  der::Writer writer(64);
  if (read.address.empty()) write_name(writer, kDnsNameTag, as_bytes(read.name));
  else write_name(writer, kIpAddressTag, read.address);
  identity.general_names = std::move(writer).take();
  identity.subject_tlv =
      common_name_tlv(read.address.empty() ? read.name : x509::ip_address_to_text(read.address));
  return identity;
}

}  // namespace certwright::profile
