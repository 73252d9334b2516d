#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "errors/result.h"
#include "http/message.h"

namespace certwright::http {

enum class Run : std::uint8_t {
  inline_,  // on the I/O thread: constant time, no blocking, no disk, no lock that is held long
  worker,   // on the worker pool: may block
  either,   // by Handler::answer_now() on the I/O thread if it can, else on the worker pool
};

// What the handler says of a request before its body is read.
struct Dispatch {
  Run run = Run::worker;
  std::size_t body_limit_octets = 64 * 1024;  // more is answered 413 without being read
};

// The application. Called from many threads at once; must outlive the server.
class Handler {
 public:
  virtual ~Handler() = default;
  // Always on an I/O thread: must not block. An exception is logged and answered 500.
  virtual Dispatch dispatch(const RequestHead& head) = 0;
  // May take the request apart. For HEAD, answer as for GET: the server drops the body and keeps
  // its length. An exception is logged and answered 500.
  virtual Response handle(Request&& request) = 0;
  // With Run::either, on the I/O thread, as for Run::inline_: the answer if it is at hand; nullopt sends
  // the request to handle() on a worker. An exception is logged and answered 500.
  virtual std::optional<Response> answer_now(const Request&) { return std::nullopt; }
};

enum class Security : std::uint8_t { plain, tls };

struct ListenerOptions {
  std::string name = {};  // "https", "http": appears in Peer::listener and endpoints()
  std::string address = "127.0.0.1";  // IPv4 or IPv6 literal; "::" also takes IPv4
  std::uint16_t port = 0;            // 0: the system picks one, see Server::endpoints()
  Security security = Security::tls;
  // A listening TCP socket made by someone else (service_manager.h); address and port are then
  // ignored. The server owns and closes it.
  std::optional<int> inherited_fd = std::nullopt;
};

// The server's certificate: DER chain, leaf first, and the leaf's key as PKCS#8 DER.
struct TlsIdentity {
  std::vector<Bytes> chain;
  SecretBytes private_key;
};
// Reads both from PEM ("CERTIFICATE" blocks in order, one "PRIVATE KEY" block in any PKCS form).
// Errors: bad_encoding if there is no certificate or no key, or the key is encrypted.
Result<TlsIdentity> tls_identity_from_pem(std::string_view chain_pem, ByteView key_pem);

struct Limits {
  std::size_t request_line_octets = 8 * 1024;  // 414
  std::size_t header_octets = 16 * 1024;       // the whole head: 431
  std::size_t header_count = 100;              // 431
  std::size_t connections = 8'192;             // further ones are closed at once
  // By address (IPv6: by /64). Behind a reverse proxy all users share the proxy's address.
  std::size_t connections_per_peer = 512;
  std::size_t worker_requests = 1'024;         // queued or running on workers: 503, Retry-After
  std::size_t requests_per_connection = 100'000;  // then closed, so that load can move

  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds header_timeout{10'000};  // from a head's first octet to its last
  std::chrono::milliseconds idle_timeout{75'000};    // between requests
  // A body or a response may take this long plus its size over the rate: slower peers are cut off.
  std::chrono::milliseconds transfer_timeout{20'000};
  std::size_t min_rate_octets_per_s = 4 * 1024;
};

struct ServerOptions {
  std::vector<ListenerOptions> listeners;
  std::optional<TlsIdentity> identity = std::nullopt;   // required by a tls listener
  std::vector<Bytes> client_ca_der = {};  // not empty: ask clients for a certificate of these
  Limits limits = {};
  std::size_t io_threads = 0;            // 0: one per core
  std::size_t worker_threads = 64;
  // The form of answers the server gives by itself (400, 408, 411, 413, 414, 417, 431, 500, 501,
  // 503, 505). Called on any thread. Default: application/problem+json, RFC 9457.
  std::function<Response(int status, std::string_view message)> error_response = {};
  // Told of what an operator should know: an exception out of a handler, a failing accept. Never
  // a request's content. Called on any thread. Default: nothing is told.
  std::function<void(std::string_view message)> log = {};
};

struct Endpoint {
  std::string name, address;
  std::uint16_t port = 0;
  int fd = -1;  // the listening socket, the server's until stop(): for whoever hands a copy on
  std::string text() const;  // "127.0.0.1:8443", "[::1]:8443"
};

// Totals since the start, but for `open` and `in_flight`.
struct ServerStatistics {
  std::uint64_t connections_accepted = 0, connections_open = 0;
  std::uint64_t connections_refused = 0;  // over a connection limit
  std::uint64_t handshakes_failed = 0, handshakes_resumed = 0, handshakes_full = 0;
  std::uint64_t requests = 0, requests_refused = 0;  // refused: answered by the server itself
  std::uint64_t requests_in_flight = 0;              // queued or running on workers
  std::uint64_t timeouts = 0, handler_exceptions = 0;
};

// An HTTP/1.1 server (RFC 9110, RFC 9112) with TLS 1.2 and 1.3, made for hostile clients: strict
// syntax, a limit on everything, one request at a time per connection (pipelined ones wait, answers
// keep the order). Not made for: HTTP/2, uploads that do not fit in memory, files, WebSocket.
//
// Refuses, besides what is no HTTP: both Content-Length and Transfer-Encoding, two Content-Length
// or two Host fields, line folding, bare LF or CR, NUL, space before a colon, other codings than
// `chunked`. Sessions resume by tickets for 12 hours; their keys live in memory and are shared by
// all threads, so a restart only costs a full handshake.
//
// Thread safety: all members may be called from any thread but a handler's.
class Server {
 public:
  // Binds the sockets; accepts nothing before start(). `handler` must outlive the server.
  // Errors: invalid for the options; unavailable if an address cannot be bound (says which, why).
  static Result<std::unique_ptr<Server>> bind(ServerOptions options, Handler& handler);
  ~Server();  // stops at once if still running
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // What was really bound, in the order of the listeners.
  const std::vector<Endpoint>& endpoints() const noexcept;

  // Starts the threads and begins to accept. Once.
  Result<void> start();

  // Stops accepting, answers what is in flight, closes idle connections; what is not done by then
  // is cut off. Returns when all threads have ended (a handler that blocks longer delays that).
  void stop(std::chrono::milliseconds deadline);

  // For new handshakes from now on; open connections and resumable sessions keep working.
  // Errors: invalid if the chain and the key do not belong together; then nothing changes.
  Result<void> set_identity(const TlsIdentity& identity);
  // As above; empty asks no client. Sessions made before can no longer be resumed, so that none
  // carries a certificate of a CA that was taken off the list. Errors: invalid.
  Result<void> set_client_cas(const std::vector<Bytes>& client_ca_der);

  ServerStatistics statistics() const noexcept;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace certwright::http
