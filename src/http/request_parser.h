#pragma once
// Internal to http: HTTP/1.1 request syntax, RFC 9112, from octets to a RequestHead and a body. No
// socket. Boost.Beast reads; what it forgives is refused on top of it.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "http/message.h"
#include "http/request_target.h"

namespace certwright::http {

struct HeadLimits {
  std::size_t request_line_octets = 8 * 1024;
  std::size_t header_octets = 16 * 1024;
  std::size_t header_count = 100;
};

// How the message continues after the head (RFC 9112 section 6) and the connection after it (9.3).
struct Framing {
  std::uint64_t content_length = 0;  // 0 if chunked
  bool chunked = false;
  bool keep_alive = false;
  bool expects_continue = false;
  bool has_body() const noexcept { return chunked || content_length > 0; }
};

// Reads requests off one connection, one after the other: a head, then its body if it has one.
// Keeps no octets: the caller gives the unread ones, all of them, and more of them each time.
//   kind == need_more: `consumed` octets are done with; call again when more has arrived.
//   complete: `consumed` octets are done with; what follows is the body, or the next head.
//   refused: answer, close.
// Arriving in pieces changes no outcome. It never accepts two readings of a message: see Server for
// the list of what is refused.
class RequestParser {
 public:
  enum class Kind : std::uint8_t { need_more, complete, refused };
  struct Outcome {
    Kind kind;
    std::size_t consumed = 0;
    Refusal refusal{0, {}};
  };

  explicit RequestParser(const HeadLimits& limits);
  ~RequestParser();

  // Sets `head` and `framing` when complete; takes nothing before. After complete without a body,
  // or refused, it is ready for the next head.
  Outcome read_head(std::string_view buffer, RequestHead& head, Framing& framing);

  // The decoded body, appended to `body`, after a head whose framing has one. A chunked body of
  // more than `limit_octets` is refused; a Content-Length is the caller's to judge. Chunk
  // extensions and trailer fields are checked for syntax, bounded, and dropped.
  Outcome read_body(std::string_view buffer, std::size_t limit_octets, Bytes& body);

 private:
  class Message;

  HeadLimits limits_;
  std::size_t scanned_ = 0;     // octets known to hold no end of head
  std::size_t line_start_ = 0;  // of the line `scanned_` is in
  bool seen_request_line_ = false;
  std::unique_ptr<Message> message_;
};

}  // namespace certwright::http
