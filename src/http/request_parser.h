#pragma once
// Internal to http: HTTP/1.1 request syntax, RFC 9112, from octets to a RequestHead. No socket.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "http/message.h"

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

// A refusal: the status to answer before closing, and why, in words that quote nothing.
struct Refusal {
  int status;
  std::string_view message;
};

// Reads one request head. Feed it the octets from the head's first one, more of them each time:
//   kind == need_more: call again with more; complete: `head` and `framing` are set and the first
//   `consumed` octets are done with; refused: answer, close.
// It never accepts two readings of a message: see Server for the list of what is refused.
class HeadParser {
 public:
  enum class Kind : std::uint8_t { need_more, complete, refused };
  struct Outcome {
    Kind kind;
    std::size_t consumed = 0;
    Refusal refusal{0, {}};
  };

  explicit HeadParser(const HeadLimits& limits) noexcept : limits_(limits) {}
  // Reuses the memory of `head`. After complete or refused it is ready for the next head.
  Outcome parse(std::string_view buffer, RequestHead& head, Framing& framing);

 private:
  HeadLimits limits_;
  std::size_t scanned_ = 0;     // octets known to hold no end of head
  std::size_t line_start_ = 0;  // of the line `scanned_` is in
  bool seen_request_line_ = false;
};

// Decodes the chunked coding (RFC 9112 section 7.1) into a body of bounded size. Chunk extensions
// and trailer fields are checked for syntax, bounded, and dropped.
class ChunkedDecoder {
 public:
  ChunkedDecoder() = default;
  explicit ChunkedDecoder(std::size_t limit_octets) noexcept : body_limit_(limit_octets) {}

  // Takes octets from the front of `input` (all of them, unless done() or refused) and appends to
  // `body`. Returns how many it took.
  std::size_t decode(std::string_view input, Bytes& body);
  bool done() const noexcept { return state_ == State::done; }
  const std::optional<Refusal>& refusal() const noexcept { return refusal_; }

 private:
  enum class State : std::uint8_t { size_line, data, data_end, trailer, done };
  void end_line(std::string_view line);
  void begin_chunk(std::string_view line);
  void refuse(int status, std::string_view message) { refusal_ = Refusal{status, message}; }

  std::size_t body_limit_ = 0;
  State state_ = State::size_line;
  std::string line_;
  std::size_t overhead_octets_ = 0;  // size lines and trailers, so that empty chunks cost something
  std::uint64_t chunk_left_ = 0;
  std::uint64_t body_octets_ = 0;
  std::optional<Refusal> refusal_;
};

}  // namespace certwright::http
