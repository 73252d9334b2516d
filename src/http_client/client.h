#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "errors/result.h"

namespace certwright::http_client {

struct ClientOptions {
  std::string base_url;  // "https://127.0.0.1:8443"; paths are appended
  // Trust anchors in PEM: only these are trusted. Empty: the system's.
  std::string ca_pem = {};
  // A client certificate (PEM chain) and its key (PEM), for mutual TLS; both or none.
  std::string client_certificate_pem = {};
  SecretBytes client_key_pem = {};
  SecretBytes bearer_token = {};  // sent as `Authorization: Bearer`; in no log and no error
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{60'000};  // of the whole exchange
  std::size_t max_response_octets = 64 * 1024 * 1024;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Reply {
  int status = 0;
  HeaderList headers;
  Bytes body;

  std::string_view text() const noexcept { return as_text(body); }
  // The first header of that name, without regard to case; "" if there is none.
  std::string_view header(std::string_view name) const noexcept;
};

// A synchronous HTTP/1.1 client for one server: keeps its connection, verifies the server's
// certificate and name, follows no redirect, no proxy for loopback, speaks http and https only; with a
// token or a client certificate http to localhost, 127.0.0.1 and ::1 only, where nobody listens on the way.
// A reply of any status is a Reply; only no reply is an error.
// Errors: unavailable with what to look at ("is the server running?"), too_large over
// max_response_octets, invalid for options or a URL.
// Thread safety: one thread at a time; make one client per thread.
class Client {
 public:
  static Result<Client> create(ClientOptions options);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // `path` begins with `/` and may hold a query; it is sent as it is.
  Result<Reply> send(std::string_view method, std::string_view path, ByteView body = {},
                     const HeaderList& headers = {});
  Result<Reply> get(std::string_view path) { return send("GET", path); }
  Result<Reply> del(std::string_view path) { return send("DELETE", path); }
  Result<Reply> post_json(std::string_view path, std::string_view json) {
    return send("POST", path, as_bytes(json), {{"Content-Type", "application/json"}});
  }
  Result<Reply> put_json(std::string_view path, std::string_view json) {
    return send("PUT", path, as_bytes(json), {{"Content-Type", "application/json"}});
  }
  Result<Reply> patch_json(std::string_view path, std::string_view json) {
    return send("PATCH", path, as_bytes(json), {{"Content-Type", "application/json"}});
  }

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace certwright::http_client
