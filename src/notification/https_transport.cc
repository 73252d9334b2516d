#include "notification/https_transport.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include "notification/curl_handle.h"
#include "notification/socket_guard.h"

namespace certwright::notification {
namespace {

constexpr std::size_t kMaxAnswerOctets = 64 * 1024;
constexpr std::size_t kMostAddresses = 8;
constexpr int kMostLookups = 64;

struct Exchange {
  std::size_t octets = 0;
};

extern "C" {
static std::size_t certwright_notification_answer(char*, std::size_t size, std::size_t count,
                                                  void* context) noexcept {
  auto& exchange = *static_cast<Exchange*>(context);
  exchange.octets += size * count;
  return exchange.octets > kMaxAnswerOctets ? 0 : size * count;
}
}

}  // namespace

Result<std::vector<IpAddress>> resolve_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0) return fail(Errc::unavailable, fmt::format("{} cannot be resolved: {}", host, gai_strerror(failed)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<IpAddress> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next)
    if (const auto address = address_of_socket(at->ai_addr, at->ai_addrlen)) addresses.push_back(*address);
  return addresses;
}

namespace {

std::atomic<int> lookups_under_way{0};

struct Lookup {
  Lookup() { ++lookups_under_way; }
  ~Lookup() { --lookups_under_way; }
  std::mutex mutex;
  std::condition_variable ended;
  std::optional<Result<std::vector<IpAddress>>> answer;
};

// On a thread of its own, where nobody would catch what is thrown.
Result<std::vector<IpAddress>> resolved(const Resolve& resolve, const std::string& host) noexcept {
  try {
    return resolve(host);
  } catch (const std::exception& e) {
    return fail(Errc::unavailable, e.what());
  }
}

}  // namespace

// The lookup has a thread of its own, for nobody can break it off; one that is late ends by itself and is
// heard by nobody. Its place is free again with the last of the two who know of it, however they end.
Result<std::vector<IpAddress>> resolve_within(const Resolve& resolve, const std::string& host,
                                              std::chrono::milliseconds limit, const Stop& stop) {
  if (lookups_under_way >= kMostLookups) return fail(Errc::unavailable, "too many lookups of names wait for an answer");
  const auto lookup = std::make_shared<Lookup>();
  std::thread([lookup, resolve, host] {
    auto answer = resolved(resolve, host);
    const std::lock_guard lock(lookup->mutex);
    lookup->answer.emplace(std::move(answer));
    lookup->ended.notify_one();
  }).detach();
  std::unique_lock lock(lookup->mutex);
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!lookup->answer && !stop && std::chrono::steady_clock::now() < until)
    lookup->ended.wait_for(lock, std::min(limit, std::chrono::milliseconds(100)));
  if (!lookup->answer) return fail(Errc::unavailable, host + " was not resolved in time");
  return *std::move(lookup->answer);
}

// One of several addresses that is private is a sign of rebinding: then none will do.
Result<std::vector<IpAddress>> HttpsTransport::addresses_of(const WebhookUrl& url, const Stop& stop) const {
  std::vector<IpAddress> addresses;
  if (url.address()) {
    addresses.push_back(*url.address());
  } else {
    CERTWRIGHT_TRY(addresses, resolve_within(options_.resolve, url.host(), options_.connect_timeout, stop));
  }
  if (addresses.empty()) return fail(Errc::unavailable, url.host() + " has no address");
  for (const auto& address : addresses) {
    // Whose address it is may be a secret of the operator's DNS.
    if (const auto judged = options_.policy.check(address); !judged)
      return url.address() ? tl::unexpected(judged.error())
                           : fail_field(Errc::policy, "url", "the host has an address that is not public; an administrator can list it");
    if (!url.is_https() && !options_.policy.is_listed(address))
      return fail_field(Errc::policy, "url", "plain http is only for addresses that an administrator lists");
  }
  if (addresses.size() > kMostAddresses) addresses.resize(kMostAddresses);
  return addresses;
}

Result<int> HttpsTransport::post(const WebhookRequest& request, const Stop& stop) {
  const WebhookUrl& url = request.url;
  CERTWRIGHT_TRY(const auto addresses, addresses_of(url, stop));
  CurlHandle curl;
  if (!curl.is_ready()) return fail(Errc::unavailable, "libcurl cannot be set up");
  const std::string text = url.text();
  CurlList pinned;
  CurlList headers;
  std::string pin = fmt::format("{}:{}:", url.host(), url.port());
  for (const auto& address : addresses)  // libcurl goes on to the next where one does not answer
    pin += (pin.ends_with(':') ? "" : ",") + (address.is_v4() ? address.text() : "[" + address.text() + "]");
  bool listed = pinned.add(pin);
  for (const auto& [name, value] : request.headers) {
    if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return fail(Errc::invalid, "a header field has a line break");
    listed = listed && headers.add(name + ": " + value);
  }
  listed = listed && headers.add("Expect:");
  Exchange exchange;
  SocketGuard guard(options_.policy);
  curl.set_common(stop, static_cast<long>(options_.connect_timeout.count()),
                  static_cast<long>(options_.timeout.count()), options_.ca_file);
  curl.set(CURLOPT_URL, text.c_str());
  curl.set(CURLOPT_PROTOCOLS_STR, url.is_https() ? "https" : "http");
  curl.set(CURLOPT_FOLLOWLOCATION, 0L);
  curl.set(CURLOPT_PATH_AS_IS, 1L);
  curl.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (!url.address()) curl.set(CURLOPT_RESOLVE, pinned.get());
  guard.watch(curl);
  curl.set(CURLOPT_WRITEFUNCTION, certwright_notification_answer);
  curl.set(CURLOPT_WRITEDATA, &exchange);
  curl.set(CURLOPT_HEADERFUNCTION, certwright_notification_answer);
  curl.set(CURLOPT_HEADERDATA, &exchange);
  curl.set(CURLOPT_HTTPHEADER, headers.get());
  curl.set(CURLOPT_POST, 1L);
  curl.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl.set(CURLOPT_POSTFIELDS, request.body.c_str());
  if (!listed || !curl.ok()) return fail(Errc::internal, "libcurl does not take an option for a webhook");
  const CURLcode code = curl_easy_perform(curl.get());
  if (guard.has_refused()) return fail_field(Errc::policy, "url", "the address is not to be reached");
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  // A long answer is cut off; its status counts.
  const bool cut = code == CURLE_WRITE_ERROR && exchange.octets > kMaxAnswerOctets && status >= 200;
  if (code == CURLE_OK || cut) return static_cast<int>(status);
  return fail(Errc::unavailable, fmt::format("no answer from {}: {}", url.origin(), curl.problem(code)));
}

}  // namespace certwright::notification
