#include "http_client/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

namespace certwright::http_client {
namespace {

class HeaderLines {  // owns a curl_slist; wiped, because one line holds the bearer token
 public:
  HeaderLines() = default;
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;
  ~HeaderLines() {
    for (curl_slist* at = lines_; at != nullptr; at = at->next) {
      wipe_memory(at->data, std::char_traits<char>::length(at->data));
    }
    curl_slist_free_all(lines_);
  }
  bool add(const std::string& line) {
    curl_slist* longer = curl_slist_append(lines_, line.c_str());
    if (longer != nullptr) lines_ = longer;
    return longer != nullptr;
  }
  curl_slist* get() const { return lines_; }

 private:
  curl_slist* lines_ = nullptr;
};

// What the callbacks of one exchange write to.
struct Exchange {
  Reply reply;
  std::size_t max_octets = 0;
  bool too_large = false;
  bool out_of_memory = false;
};

bool is_field_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

extern "C" std::size_t certwright_client_body(char* data, std::size_t size, std::size_t count,
                                              void* context) noexcept {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::size_t octets = size * count;
  if (exchange.reply.body.size() + octets > exchange.max_octets) {
    exchange.too_large = true;
    return 0;
  }
  try {
    exchange.reply.body.insert(exchange.reply.body.end(), data, data + octets);
  } catch (...) {
    exchange.out_of_memory = true;
    return 0;
  }
  return octets;
}

extern "C" std::size_t certwright_client_header(char* data, std::size_t size, std::size_t count,
                                                void* context) noexcept {
  auto& exchange = *static_cast<Exchange*>(context);
  const std::size_t octets = size * count;
  std::string_view line(data, octets);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  try {
    if (line.starts_with("HTTP/")) {
      exchange.reply.headers.clear();  // a 100 came before
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      std::string_view value = line.substr(colon + 1);
      while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
        value.remove_prefix(1);
      }
      exchange.reply.headers.emplace_back(line.substr(0, colon), value);
    }
  } catch (...) {
    exchange.out_of_memory = true;
    return 0;
  }
  return octets;
}

curl_blob blob_of(ByteView bytes) {
  return {const_cast<std::uint8_t*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
}

// What a person can do about it.
std::string_view advice_for(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT: return "is the server running, and is this its address?";
    case CURLE_COULDNT_RESOLVE_HOST: return "is the host name right?";
    case CURLE_OPERATION_TIMEDOUT: return "the server did not answer in time; is it overloaded?";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "the server's certificate is not trusted; is this the right CA file, and the name the "
             "certificate was issued for?";
    case CURLE_SSL_CONNECT_ERROR:
      return "the TLS handshake failed; is this an https port, and is the client certificate one "
             "that the server accepts?";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return "the server closed the connection; see its log";
    default: return "see the server's log";
  }
}

// Hosts that are this machine whatever a name server says.
constexpr const char* kNoProxy = "localhost,127.0.0.1,::1";

// By libcurl's own reading of the URL, which it connects by.
bool is_to_this_machine(const std::string& url) {
  struct Free {
    void operator()(CURLU* parsed) const noexcept { curl_url_cleanup(parsed); }
    void operator()(char* text) const noexcept { curl_free(text); }
  };
  const std::unique_ptr<CURLU, Free> parsed(curl_url());
  char* host = nullptr;
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK)
    return false;
  const std::unique_ptr<char, Free> owned(host);
  const std::string_view name(host);
  return same_name(name, "localhost") || name == "127.0.0.1" || name == "[::1]";
}

void initialise_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

std::string_view Reply::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

class Client::Impl {
 public:
  explicit Impl(ClientOptions options) : options_(std::move(options)), handle_(curl_easy_init()) {}
  bool is_ready() const { return handle_ != nullptr; }
  Result<Reply> send(std::string_view method, std::string_view path, ByteView body,
                     const HeaderList& headers);

 private:
  bool set_connection(const std::string& url);
  bool set_message(const std::string& method, ByteView body, curl_slist* headers,
                   Exchange& exchange);
  Result<void> add_headers(HeaderLines& lines, const HeaderList& headers) const;

  template <class Value>
  bool set(CURLoption option, Value value) {
    return curl_easy_setopt(handle_.get(), option, value) == CURLE_OK;
  }

  ClientOptions options_;
  struct Free {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };
  std::unique_ptr<CURL, Free> handle_;
};

bool Client::Impl::set_connection(const std::string& url) {
  bool ok = set(CURLOPT_URL, url.c_str()) && set(CURLOPT_PROTOCOLS_STR, "http,https") &&
            set(CURLOPT_FOLLOWLOCATION, 0L) && set(CURLOPT_NOSIGNAL, 1L) &&
            set(CURLOPT_PATH_AS_IS, 1L) && set(CURLOPT_NOPROXY, kNoProxy) &&
            set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
            set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
            set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count())) &&
            set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  if (ok && !options_.ca_pem.empty()) {
    curl_blob ca = blob_of(as_bytes(options_.ca_pem));
    // Only these: libcurl would add its built-in file and folder.
    ok = set(CURLOPT_CAPATH, static_cast<const char*>(nullptr)) &&
         set(CURLOPT_CAINFO, static_cast<const char*>(nullptr)) && set(CURLOPT_CAINFO_BLOB, &ca);
  }
  if (ok && !options_.client_certificate_pem.empty()) {
    curl_blob certificate = blob_of(as_bytes(options_.client_certificate_pem));
    curl_blob key = blob_of(options_.client_key_pem.reveal());
    ok = set(CURLOPT_SSLCERT_BLOB, &certificate) && set(CURLOPT_SSLKEY_BLOB, &key) &&
         set(CURLOPT_SSLCERTTYPE, "PEM") && set(CURLOPT_SSLKEYTYPE, "PEM");
  }
  return ok;
}

bool Client::Impl::set_message(const std::string& method, ByteView body, curl_slist* headers,
                               Exchange& exchange) {
  bool ok = set(CURLOPT_HTTPHEADER, headers) &&
            set(CURLOPT_WRITEFUNCTION, certwright_client_body) &&
            set(CURLOPT_WRITEDATA, &exchange) &&
            set(CURLOPT_HEADERFUNCTION, certwright_client_header) &&
            set(CURLOPT_HEADERDATA, &exchange);
  if (method == "GET") return ok && set(CURLOPT_HTTPGET, 1L);
  if (method == "HEAD") return ok && set(CURLOPT_NOBODY, 1L);
  return ok && set(CURLOPT_POST, 1L) && set(CURLOPT_CUSTOMREQUEST, method.c_str()) &&
         set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size())) &&
         set(CURLOPT_POSTFIELDS, body.empty() ? "" : reinterpret_cast<const char*>(body.data()));
}

Result<void> Client::Impl::add_headers(HeaderLines& lines, const HeaderList& headers) const {
  bool ok = lines.add("Expect:");  // no 100-continue: one round trip less
  bool has_content_type = false;
  for (const auto& [name, value] : headers) {
    if (!is_field_text(name) || !is_field_text(value)) {
      return fail(Errc::invalid, "a header field has a line break");
    }
    has_content_type = has_content_type || same_name(name, "Content-Type");
    ok = ok && lines.add(fmt::format("{}: {}", name, value));
  }
  if (!has_content_type) ok = ok && lines.add("Content-Type:");  // not libcurl's form type
  if (!options_.bearer_token.empty()) {
    std::string line = "Authorization: Bearer ";
    line += as_text(options_.bearer_token.reveal());
    if (!is_field_text(line)) return fail(Errc::invalid, "the token has a line break");
    ok = ok && lines.add(line);
    wipe(line);
  }
  if (!ok) return fail(Errc::unavailable, "no memory for the request");
  return {};
}

Result<Reply> Client::Impl::send(std::string_view method, std::string_view path, ByteView body,
                                 const HeaderList& headers) {
  if (!path.starts_with('/') || !is_field_text(path)) {
    return fail(Errc::invalid, "a request path begins with `/`");
  }
  HeaderLines lines;
  CERTWRIGHT_CHECK(add_headers(lines, headers));
  curl_easy_reset(handle_.get());  // keeps the connection
  const std::string url = fmt::format("{}{}", options_.base_url, path);
  Exchange exchange;
  exchange.max_octets = options_.max_response_octets;
  char reason[CURL_ERROR_SIZE] = "";
  if (!set_connection(url) || !set(CURLOPT_ERRORBUFFER, reason) ||
      !set_message(std::string(method), body, lines.get(), exchange)) {
    return fail(Errc::invalid, fmt::format("cannot make a request to {}", options_.base_url));
  }
  const CURLcode code = curl_easy_perform(handle_.get());
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));  // it is about to go away
  if (exchange.too_large) {
    return fail(Errc::too_large,
                fmt::format("the answer is over {} octets", options_.max_response_octets));
  }
  if (exchange.out_of_memory) return fail(Errc::unavailable, "no memory for the answer");
  if (code != CURLE_OK) {
    const std::string_view what = reason[0] != '\0' ? reason : curl_easy_strerror(code);
    const bool bad_url = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    return fail(bad_url ? Errc::invalid : Errc::unavailable,
                fmt::format("no answer from {}: {} ({})", options_.base_url, what,
                            advice_for(code)));
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  exchange.reply.status = static_cast<int>(status);
  return std::move(exchange.reply);
}

Result<Client> Client::create(ClientOptions options) {
  const bool http = options.base_url.starts_with("http://");
  if (!http && !options.base_url.starts_with("https://")) {
    return fail(Errc::invalid, "the server's URL begins with https:// or http://");
  }
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  if (options.client_certificate_pem.empty() != options.client_key_pem.empty()) {
    return fail(Errc::invalid, "a client certificate and its key belong together");
  }
  initialise_curl_once();
  const bool has_credentials = !options.bearer_token.empty() || !options.client_certificate_pem.empty();
  if (http && has_credentials && !is_to_this_machine(options.base_url)) {
    return fail(Errc::invalid, fmt::format("a token or a client certificate goes over https://, and over http:// to this "
                                           "machine only, not to {}: give the server's https:// address",
                                           options.base_url));
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  if (!impl->is_ready()) return fail(Errc::unavailable, "libcurl cannot be set up");
  return Client(std::move(impl));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Reply> Client::send(std::string_view method, std::string_view path, ByteView body,
                           const HeaderList& headers) {
  return impl_->send(method, path, body, headers);
}

}  // namespace certwright::http_client
