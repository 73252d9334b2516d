#include "notification/webhook_url.h"

#include <algorithm>
#include <charconv>

namespace certwright::notification {
namespace {

tl::unexpected<Error> refuse(std::string what) { return fail_field(Errc::invalid, "url", "url: " + std::move(what)); }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_host_label(std::string_view label) noexcept {
  constexpr std::size_t kMaxLabel = 63;
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; });
}

// A name whose last label begins with a digit is an IPv4 address to some, in one of many forms
// ("127.1", "0x7f.1", "2130706433").
bool is_dns_name(std::string_view host) noexcept {
  constexpr std::size_t kMaxHost = 253;
  if (host.size() > kMaxHost) return false;
  std::string_view label;
  std::string_view left = host;
  while (true) {
    const auto dot = left.find('.');
    label = left.substr(0, dot);
    if (!is_host_label(label)) return false;
    if (dot == std::string_view::npos) break;
    left.remove_prefix(dot + 1);
  }
  return !is_digit(label.front());
}

// RFC 3986 section 3.3 and 3.4: pchar, '/', '?', and percent-encoding of two digits.
bool is_target(std::string_view target) noexcept {
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c == '%') {
      if (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2])) return false;
      continue;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
    if (!letter && std::string_view("-._~!$&'()*+,;=:@/?").find(c) == std::string_view::npos) return false;
  }
  return true;
}

struct Authority {
  std::string_view host;
  std::string_view port;  // empty: the scheme's
  bool bracketed = false;
};

std::optional<Authority> split(std::string_view authority) {
  Authority parts;
  std::string_view after;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    parts.bracketed = true;
    parts.host = authority.substr(1, end - 1);
    after = authority.substr(end + 1);
  } else {
    const auto colon = authority.find(':');
    parts.host = authority.substr(0, colon);
    after = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  }
  if (after.empty()) return parts;
  if (after.front() != ':' || after.size() < 2) return std::nullopt;
  parts.port = after.substr(1);
  return parts;
}

}  // namespace

Result<WebhookUrl> WebhookUrl::parse(std::string_view text) {
  if (text.size() > kMaxOctets) return fail_field(Errc::too_large, "url", "url: at most 2048 octets");
  WebhookUrl url;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    url.https_ = false;
    url.port_ = 80;
  } else {
    return refuse("must begin with https://");
  }
  const auto end = std::min(text.find_first_of("/?#"), text.size());
  const auto authority = split(text.substr(0, end));
  if (!authority) return refuse("the host cannot be read");
  url.host_ = std::string(authority->host);
  std::ranges::transform(url.host_, url.host_.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  if (const auto address = IpAddress::parse(url.host_); address) {
    const bool colons = url.host_.find(':') != std::string::npos;
    if (colons != authority->bracketed) return refuse("an IPv6 address stands in brackets");
    url.address_ = *address;
    url.host_ = address->text();  // a mapped one too: as the IPv4 address that it is
  } else if (authority->bracketed || !is_dns_name(url.host_)) {
    return refuse("the host is neither a DNS name nor an IP address");
  }
  if (!authority->port.empty()) {
    const auto port = authority->port;
    const auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), url.port_);
    if (error != std::errc() || last != port.data() + port.size() || url.port_ == 0 || port.front() == '0')
      return refuse("the port is a number from 1 to 65535");
  }
  text.remove_prefix(end);
  url.target_ = (text.starts_with('/') ? "" : "/") + std::string(text);
  if (!is_target(url.target_)) return refuse("path and query must be percent-encoded ASCII, without a fragment");
  // With the "/" that it had not, it is what is kept and read again.
  if (url.text().size() > kMaxOctets) return fail_field(Errc::too_large, "url", "url: at most 2048 octets");
  return url;
}

std::string WebhookUrl::origin() const {
  const bool v6 = address_ && !address_->is_v4();
  const std::uint16_t usual = https_ ? 443 : 80;
  return (https_ ? "https://" : "http://") + (v6 ? "[" + host_ + "]" : host_) +
         (port_ == usual ? "" : ":" + std::to_string(port_));
}

std::string WebhookUrl::text() const { return origin() + target_; }

}  // namespace certwright::notification
