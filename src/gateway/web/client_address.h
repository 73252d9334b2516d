#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "errors/result.h"
#include "http/message.h"

namespace certwright::gateway::web {

// The proxies whose X-Forwarded-For is believed. Immutable.
class TrustedProxies {
 public:
  // Addresses and prefixes: "10.0.0.7", "10.0.0.0/8", "2001:db8::/32". Errors: invalid.
  static Result<TrustedProxies> parse(const std::vector<std::string>& texts);

  // The address of the socket's peer; if that is a listed proxy, the right-most address of
  // X-Forwarded-For that is not one. What cannot be read ends the search at the last good address.
  std::string client_of(const http::RequestHead& head) const;

 private:
  bool contains(std::string_view address) const;
  struct Prefix {
    Bytes address, mask;
  };
  std::vector<Prefix> prefixes_;
};

// Says that a proxy stands between, listed or not.
bool is_forwarded(const http::RequestHead& head) noexcept;

// What a rate limit counts by: the address, of IPv6 the first 64 bits.
std::string rate_key(std::string_view address);

}  // namespace certwright::gateway::web
