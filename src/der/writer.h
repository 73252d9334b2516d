#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/oid.h"
#include "der/tag.h"

namespace certwright::der {

// Appends DER to one buffer. Lengths of nested values are filled in when they are closed; the
// content moves by one to four octets if it turned out to be longer than 127, which costs less than
// measuring first. For values of megabytes use header() with the known length.
// Does not check the grammar: what it writes is well-formed DER, not necessarily what a standard
// asks.
class Writer {
 public:
  explicit Writer(std::size_t reserve_octets = 256) { out_.reserve(reserve_octets); }
  // Goes on after octets that are there already; take() gives all of them back.
  explicit Writer(Bytes onto) noexcept : out_(std::move(onto)) {}

  // w.nested(Tag::sequence, [&] { ... }); writes an element around what the body writes. Works for
  // OCTET STRING too. A body may return a Result<void>, which is handed on; the Writer is then only
  // good for destruction.
  template <class Body>
  auto nested(Tag tag, Body&& body) -> std::invoke_result_t<Body> {
    const std::size_t mark = open(tag);
    if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
      std::forward<Body>(body)();
      close(mark);
    } else {
      auto result = std::forward<Body>(body)();
      close(mark);
      return result;
    }
  }
  template <class Body>
  auto sequence(Body&& body) {
    return nested(Tag::sequence, std::forward<Body>(body));
  }
  template <class Body>
  auto set(Body&& body) {
    return nested(Tag::set, std::forward<Body>(body));
  }
  // SET OF: like set(), then sorts the elements as X.690 section 11.6 wants.
  template <class Body>
  void set_of(Body&& body) {
    const std::size_t mark = open(Tag::set);
    std::forward<Body>(body)();
    sort_elements(mark);
    close(mark);
  }

  // A whole encoding that is DER already.
  void raw(ByteView tlv) { out_.insert(out_.end(), tlv.begin(), tlv.end()); }
  // Any primitive: tag, length, content.
  void primitive(Tag tag, ByteView content);
  // Tag and length only; the caller then writes exactly `content_size` octets.
  void header(Tag tag, std::size_t content_size);

  void boolean(bool value);
  void integer(std::uint64_t value, Tag tag = Tag::integer);
  // Content octets, minimal already.
  void integer_content(ByteView content) { primitive(Tag::integer, content); }
  // Big-endian magnitude of a non-negative number of any size; leading zeros are dropped and one is
  // put back where the top bit needs it.
  void integer_magnitude(ByteView magnitude);
  void enumerated(std::uint64_t value) { integer(value, Tag::enumerated); }
  void bit_string(ByteView octets, Tag tag = Tag::bit_string);
  // NamedBitList (X.690 section 11.2.2): bit 0 of `bits` is named bit 0; trailing zeros are
  // dropped.
  void named_bits(std::uint32_t bits, Tag tag = Tag::bit_string);
  void octet_string(ByteView octets) { primitive(Tag::octet_string, octets); }
  void null() { primitive(Tag::null, {}); }
  void oid(const Oid& oid) { primitive(Tag::object_identifier, oid.content()); }
  void string(Tag tag, std::string_view text) { primitive(tag, as_bytes(text)); }
  // UTCTime from 1950 to 2049, else GeneralizedTime, RFC 5280 section 4.1.2.5. Truncates to
  // seconds. Years before 0 or above 9999 are clamped to the nearest time that can be written.
  void time(Time time);
  void generalized_time(Time time, Tag tag = Tag::generalized_time);

  std::size_t size() const noexcept { return out_.size(); }
  // What was written so far; valid until the next write.
  ByteView view() const noexcept { return out_; }
  Bytes take() && noexcept { return std::move(out_); }

 private:
  std::size_t open(Tag tag);
  void close(std::size_t mark);
  void sort_elements(std::size_t mark);

  Bytes out_;
};

// Octets that tag and length take in front of a content of this size.
std::size_t header_size(std::size_t content_size) noexcept;

}  // namespace certwright::der
