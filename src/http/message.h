#pragma once
// HTTP messages as the gateways see them: RFC 9110 semantics, RFC 9112 HTTP/1.1 syntax.
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bytes/bytes.h"
#include "errors/result.h"

namespace certwright::http {

// Header fields in order; names compare without regard to case (RFC 9110 section 5.1).
class Headers {
 public:
  struct Field {
    std::string name, value;
    friend bool operator==(const Field&, const Field&) = default;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  // The first field of that name; null if there is none. Valid until the headers change.
  const std::string* find(std::string_view name) const noexcept;
  // The same, or "" if there is none.
  std::string_view get(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);  // replaces all of that name
  void clear() noexcept { fields_.clear(); }

  bool empty() const noexcept { return fields_.empty(); }
  std::size_t size() const noexcept { return fields_.size(); }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }
  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Field> fields_;
};

// Decoded query parameters in order (application/x-www-form-urlencoded: `+` is a space).
class Query {
 public:
  // Reads what follows the `?`. A bad percent-encoding, a control character or more than 64
  // parameters leaves it empty and malformed(): the gateway decides whether it cares.
  static Query parse(std::string_view raw);

  bool malformed() const noexcept { return malformed_; }
  const std::string* find(std::string_view name) const noexcept;  // the first; null if none
  std::size_t count(std::string_view name) const noexcept;
  bool empty() const noexcept { return pairs_.empty(); }
  auto begin() const noexcept { return pairs_.begin(); }
  auto end() const noexcept { return pairs_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
  bool malformed_ = false;
};

// Who is on the other end of a connection. Shared by all requests of that connection; immutable.
struct Peer {
  std::string address;   // text form; IPv4-mapped IPv6 is given as IPv4
  std::uint16_t port = 0;
  bool is_loopback = false;
  std::string listener;  // ListenerOptions::name of the listener it came through
  std::string tls_version;  // "TLSv1.3", "TLSv1.2"; empty on a plain listener
  // The client's certificate as DER, leaf first, verified against the configured CAs when the
  // session began; empty if none was presented. On a resumed session only the leaf is known. Its
  // expiry and revocation must be checked again for each request.
  std::vector<Bytes> client_chain;

  bool is_tls() const noexcept { return !tls_version.empty(); }
};

// What is known before the body is read.
struct RequestHead {
  std::string method;    // as sent: "GET", "HEAD", ...
  std::string target;    // as sent
  std::string raw_path;  // undecoded, not normalised: "//" and "%2B" stay; "*" for OPTIONS *
  // The path's segments, percent-decoded one by one: "/a/b%2Fc/" is {"a", "b/c", ""}; "/" is {""}.
  // `+` stays `+`. A path that does not decode, or decodes to control characters, never gets here.
  std::vector<std::string> segments;
  std::string raw_query;  // after the first `?`, undecoded
  Query query;
  Headers headers;
  std::shared_ptr<const Peer> peer;  // never null when the server made it

  std::string_view header(std::string_view name) const noexcept { return headers.get(name); }
};

struct Request : RequestHead {
  Bytes body;
  std::string_view body_text() const noexcept { return as_text(body); }
};

// A body that is text, octets, or octets shared with a cache (never copied before the socket).
class Body {
 public:
  Body() = default;
  Body(std::string text) : data_(std::move(text)) {}
  Body(std::string_view text) : data_(std::string(text)) {}
  Body(const char* text) : data_(std::string(text)) {}
  Body(Bytes octets) : data_(std::move(octets)) {}
  Body(std::shared_ptr<const Bytes> shared) : data_(std::move(shared)) {}

  ByteView view() const noexcept;  // valid as long as *this is unchanged
  std::string_view text() const noexcept { return as_text(view()); }
  std::size_t size() const noexcept { return view().size(); }
  bool empty() const noexcept { return size() == 0; }
  // Overwrites what only this holds, and empties it. Shared octets are their owner's to wipe.
  void wipe() noexcept;

 private:
  std::variant<std::string, Bytes, std::shared_ptr<const Bytes>> data_;
};

class PreparedResponse;

// The server adds Date, Content-Length and Connection; a handler must not. Header names and values
// with characters RFC 9110 section 5.5 forbids turn the answer into a 500.
struct Response {
  int status = 200;
  Headers headers;
  Body body;
  // The body is a secret (a private key, a token): it is sent from where it is, and wiped when it was
  // sent or the connection is over.
  bool secret = false;
  // If set, stands for all of the above: bytes serialised once and sent many times.
  std::shared_ptr<const PreparedResponse> prepared;
};

// An answer whose bytes are made once, for hot constant answers (a cached OCSP response, a CRL,
// health): serving it copies or gathers those bytes and does no formatting but the date.
// Immutable, so safe to share between threads.
class PreparedResponse {
 public:
  // Errors: invalid for a status outside 200..599 or a header RFC 9110 section 5.5 forbids.
  static Result<std::shared_ptr<const PreparedResponse>> make(const Response& response);

  int status() const noexcept { return status_; }
  std::string_view status_line() const noexcept { return status_line_; }  // with CRLF
  // Header fields, the empty line, and the body.
  std::string_view rest() const noexcept { return rest_; }
  std::size_t head_size() const noexcept { return head_size_; }  // of rest(), without the body

 private:
  PreparedResponse() = default;
  int status_ = 200;
  std::string status_line_, rest_;
  std::size_t head_size_ = 0;
};

// A response with that Content-Type.
Response respond(int status, std::string content_type, Body body);

// "Not Found"; "Unknown" for a code RFC 9110 does not define.
std::string_view reason_phrase(int status) noexcept;

// Percent-decodes; `+` stays `+`. Errors: bad_encoding for a bad triplet.
Result<std::string> percent_decode(std::string_view text);
// Encodes all but RFC 3986 unreserved characters: fit for a segment or a query value.
std::string percent_encode(std::string_view text);

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;  // ASCII

}  // namespace certwright::http
