#include "notification/curl_handle.h"

#include <algorithm>
#include <mutex>

#include "notification/event.h"

namespace certwright::notification {

namespace {
constexpr long kLongestAnswerS = 25;
}

extern "C" {
static int certwright_notification_progress(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<const Stop*>(stop)->load() ? 1 : 0;
}
}

CurlHandle::CurlHandle() : reason_(std::make_unique<char[]>(CURL_ERROR_SIZE)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_.reset(curl_easy_init());
}

void CurlHandle::set_common(const Stop& stop, long connect_timeout_ms, long timeout_ms, const std::string& ca_file) {
  set(CURLOPT_ERRORBUFFER, reason_.get());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  set(CURLOPT_TIMEOUT_MS, timeout_ms);
  // The good-bye after a transfer has no other limit: it belongs to the transfer, and takes no longer than an
  // answer. Nor has a name server that is away.
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_SERVER_RESPONSE_TIMEOUT, std::clamp((timeout_ms + 999) / 1000, 1L, kLongestAnswerS));
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, certwright_notification_progress);
  set(CURLOPT_XFERINFODATA, const_cast<Stop*>(&stop));
  if (ca_file.empty()) return;
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set(CURLOPT_CAINFO, ca_file.c_str());
}

std::string CurlHandle::problem(CURLcode code) const {
  if (code == CURLE_OK) return {};
  return cleaned(reason_[0] != '\0' ? reason_.get() : curl_easy_strerror(code)).substr(0, 300);
}

}  // namespace certwright::notification
