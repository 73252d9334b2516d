#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/oid.h"
#include "der/primitive.h"
#include "der/tag.h"

namespace certwright::der {

// One encoding: `tlv` is all of it, `content` its value octets. Views into the reader's input.
struct Element {
  Tag tag;
  ByteView tlv;
  ByteView content;
};

// Reads DER (X.690 section 10) from front to back without copying; refuses all that BER adds:
// indefinite and padded lengths, constructed strings, padded integers, TRUE other than 0xff.
// Refuses tag numbers above 30 and lengths above 2^32-1. Everything it returns points into the
// input, which must outlive it. A Reader is a value: copy it to look ahead. After an error its
// position is unspecified.
//
// `what` names the field in an Error, e.g. "serialNumber"; it must outlive the call only.
// Errors of every read: bad_encoding. Nothing here allocates on success.
class Reader {
 public:
  // How deep read_constructed() and check_element() may go.
  static constexpr unsigned kMaxDepth = 32;

  explicit Reader(ByteView input) noexcept : rest_(input) {}

  bool at_end() const noexcept { return rest_.empty(); }
  ByteView rest() const noexcept { return rest_; }
  // Does an element with this tag come next? False at the end.
  bool next_is(Tag tag) const noexcept {
    return !rest_.empty() && rest_[0] == static_cast<std::uint8_t>(tag);
  }
  Result<void> expect_end(std::string_view what) const;

  // The next element whatever it is. Its content is not looked at: see check_element().
  Result<Element> read_any(std::string_view what);
  Result<Element> read(Tag tag, std::string_view what);
  // Enters a constructed element and steps over it here.
  Result<Reader> read_constructed(Tag tag, std::string_view what);
  Result<Reader> read_sequence(std::string_view what) {
    return read_constructed(Tag::sequence, what);
  }
  Result<Reader> read_set(std::string_view what) { return read_constructed(Tag::set, what); }

  // Content octets, minimal; may be negative.
  Result<ByteView> read_integer(std::string_view what);
  // 0 to 2^63-1.
  Result<std::uint64_t> read_unsigned(std::string_view what);
  Result<std::uint64_t> read_enumerated(std::string_view what);
  Result<bool> read_boolean(std::string_view what);
  Result<BitString> read_bit_string(std::string_view what);
  // A BIT STRING that must be whole octets, as keys and signatures are.
  Result<ByteView> read_bit_string_octets(std::string_view what);
  Result<ByteView> read_octet_string(std::string_view what);
  Result<void> read_null(std::string_view what);
  Result<Oid> read_oid(std::string_view what);
  // CHOICE of UTCTime and GeneralizedTime, RFC 5280 section 4.1.
  Result<Time> read_time(std::string_view what);
  Result<Time> read_generalized_time(std::string_view what);

 private:
  ByteView rest_;
  unsigned depth_ = 0;
};

// The one element that `input` is, with nothing after it.
Result<Element> read_only_element(ByteView input, std::string_view what);

// Checks an element that we keep without understanding it (ANY): everything inside constructed
// encodings and the content of universal primitives is strict DER, down to Reader::kMaxDepth.
// Does not look inside OCTET STRING and BIT STRING, and does not know which elements of a SET are
// a SET OF, so it does not check their order.
Result<void> check_element(const Element& element, std::string_view what);

// Are the elements of this SET OF content in DER order (X.690 section 11.6)? They must be readable.
Result<void> check_set_of_order(ByteView set_content, std::string_view what);

}  // namespace certwright::der
