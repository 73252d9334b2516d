#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "notification/address_policy.h"
#include "notification/transport.h"

namespace certwright::notification {

// Every address of a host. Errors: unavailable.
using Resolve = std::function<Result<std::vector<IpAddress>>(const std::string& host)>;
Result<std::vector<IpAddress>> resolve_by_system(const std::string& host);
// The same with an end: `resolve` may be at work for longer, so what it uses must outlive it. Errors:
// unavailable, also when `limit` is over, `stop` is set, or dozens of others hang.
Result<std::vector<IpAddress>> resolve_within(const Resolve& resolve, const std::string& host,
                                              std::chrono::milliseconds limit, const Stop& stop);

struct HttpsOptions {
  AddressPolicy policy;
  std::string ca_file;  // PEM; empty: the system's anchors
  std::chrono::milliseconds connect_timeout{5'000};  // of the lookup, and again of the connection
  std::chrono::milliseconds timeout{10'000};  // of the whole exchange
  Resolve resolve = resolve_by_system;
};

// Posts to endpoints that users choose. A name is resolved once; if one of its addresses is not to be
// reached (AddressPolicy) nothing is; the connection goes to one of those that were judged, which is looked
// at once more when its socket is opened. Plain http only to listed addresses. No redirects, no proxy, no
// cookies, no credentials; of the answer only the status is read, and at most 64 KiB of it.
// Safe to call from any thread.
class HttpsTransport final : public WebhookTransport {
 public:
  explicit HttpsTransport(HttpsOptions options) : options_(std::move(options)) {}
  Result<int> post(const WebhookRequest& request, const Stop& stop) override;

 private:
  Result<std::vector<IpAddress>> addresses_of(const WebhookUrl& url, const Stop& stop) const;
  const HttpsOptions options_;
};

}  // namespace certwright::notification
