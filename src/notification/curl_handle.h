#pragma once
// Private to this room: what its two users of libcurl share.
#include <curl/curl.h>

#include <memory>
#include <string>

#include "notification/transport.h"

namespace certwright::notification {

class CurlHandle {
 public:
  CurlHandle();  // sets up the library at the first use; sets no option
  bool is_ready() const noexcept { return handle_ != nullptr; }
  CURL* get() const noexcept { return handle_.get(); }

  // All options so far have been taken.
  bool ok() const noexcept { return ok_; }
  template <class Value>
  void set(CURLoption option, Value value) {
    ok_ = ok_ && curl_easy_setopt(handle_.get(), option, value) == CURLE_OK;
  }
  // What every transfer here has: no signals, TLS 1.2 or newer with the certificate and its name verified,
  // no proxy from the environment (it would resolve the name anew), limits of time for the transfer, for each
  // answer and for the good-bye, and an end when `stop` is set. An empty `ca_file`: the system's anchors.
  void set_common(const Stop& stop, long connect_timeout_ms, long timeout_ms, const std::string& ca_file);
  // The error of the last transfer, one line without control characters; "" if there is none.
  std::string problem(CURLcode code) const;

 private:
  struct Free {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };
  std::unique_ptr<char[]> reason_;  // outlives the handle, which writes to it to its end
  std::unique_ptr<CURL, Free> handle_;
  bool ok_ = true;
};

class CurlList {  // owns a curl_slist
 public:
  CurlList() = default;
  CurlList(const CurlList&) = delete;
  CurlList& operator=(const CurlList&) = delete;
  ~CurlList() { curl_slist_free_all(lines_); }
  bool add(const std::string& line) {
    curl_slist* longer = curl_slist_append(lines_, line.c_str());
    if (longer != nullptr) lines_ = longer;
    return longer != nullptr;
  }
  curl_slist* get() const noexcept { return lines_; }

 private:
  curl_slist* lines_ = nullptr;
};

}  // namespace certwright::notification
