#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "errors/result.h"
#include "notification/address_policy.h"

namespace certwright::notification {

// The URL of a webhook (RFC 3986), read so strictly that no two readers can see another host in it:
// http or https, a DNS name of LDH labels or an address in its usual form, a port, a path and a query
// of printable ASCII. No user, no fragment, no percent-encoded or numeric host, no backslash.
class WebhookUrl {
 public:
  static constexpr std::size_t kMaxOctets = 2048;
  // Errors: too_large; invalid, field "url".
  static Result<WebhookUrl> parse(std::string_view text);

  bool is_https() const noexcept { return https_; }
  const std::string& host() const noexcept { return host_; }  // lower case; IPv6 without brackets
  const std::optional<IpAddress>& address() const noexcept { return address_; }  // if the host is one
  std::uint16_t port() const noexcept { return port_; }
  const std::string& target() const noexcept { return target_; }  // path and query, begins with '/'
  // The normal form: parse(text()) is the same again.
  std::string text() const;
  // Without path and query, which may hold a secret: for logs and errors.
  std::string origin() const;

 private:
  WebhookUrl() = default;
  bool https_ = true;
  std::string host_;
  std::optional<IpAddress> address_;
  std::uint16_t port_ = 443;
  std::string target_;
};

}  // namespace certwright::notification
