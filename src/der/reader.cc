#include "der/reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace certwright::der {
namespace {

// Errors are rare and long-winded: out of the fast path.
[[gnu::cold, gnu::noinline]] tl::unexpected<Error> refuse(std::string_view what,
                                                          std::string_view why) {
  return fail(Errc::bad_encoding, fmt::format("{}: {}", what, why));
}

[[gnu::cold, gnu::noinline]] tl::unexpected<Error> refuse_tag(std::string_view what, Tag expected,
                                                              ByteView rest) {
  if (rest.empty()) return refuse(what, "missing");
  return refuse(what, fmt::format("found tag {:02x} where {:02x} belongs", rest[0],
                                  static_cast<unsigned>(expected)));
}

// A content parser's error, with the field's name in front.
template <class T>
Result<T> named(Result<T> result, std::string_view what) {
  if (!result) return refuse(what, result.error().detail);
  return result;
}

}  // namespace

Result<void> Reader::expect_end(std::string_view what) const {
  if (!rest_.empty()) return refuse(what, "more fields than the type has");
  return {};
}

Result<Element> Reader::read_any(std::string_view what) {
  if (rest_.size() < 2) return refuse(what, rest_.empty() ? "missing" : "cut short");
  if ((rest_[0] & 0x1f) == 0x1f) return refuse(what, "tag number above 30");
  std::size_t header = 2;
  std::size_t length = rest_[1];
  if (length >= 0x80) {
    const std::size_t octets = length & 0x7f;
    if (octets == 0) return refuse(what, "indefinite length");
    if (octets > 4) return refuse(what, "length above 2^32-1, or padded");
    if (rest_.size() < 2 + octets) return refuse(what, "cut short");
    length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = length << 8 | rest_[2 + i];
    if (length < 0x80 || length >> (8 * (octets - 1)) == 0)
      return refuse(what, "length is not in its shortest form");
    header += octets;
  }
  if (length > rest_.size() - header) return refuse(what, "cut short");
  const Element element{static_cast<Tag>(rest_[0]), rest_.first(header + length),
                        rest_.subspan(header, length)};
  rest_ = rest_.subspan(header + length);
  return element;
}

Result<Element> Reader::read(Tag tag, std::string_view what) {
  if (!next_is(tag)) return refuse_tag(what, tag, rest_);
  return read_any(what);
}

Result<Reader> Reader::read_constructed(Tag tag, std::string_view what) {
  if (depth_ >= kMaxDepth) return refuse(what, "nested too deeply");
  CERTWRIGHT_TRY(const Element element, read(tag, what));
  Reader inner(element.content);
  inner.depth_ = depth_ + 1;
  return inner;
}

Result<ByteView> Reader::read_integer(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::integer, what));
  if (const auto good = check_integer(element.content); !good)
    return refuse(what, good.error().detail);
  return element.content;
}

Result<std::uint64_t> Reader::read_unsigned(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::integer, what));
  return named(parse_unsigned(element.content), what);
}

Result<std::uint64_t> Reader::read_enumerated(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::enumerated, what));
  return named(parse_unsigned(element.content), what);
}

Result<bool> Reader::read_boolean(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::boolean, what));
  return named(parse_boolean(element.content), what);
}

Result<BitString> Reader::read_bit_string(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::bit_string, what));
  return named(parse_bit_string(element.content), what);
}

Result<ByteView> Reader::read_bit_string_octets(std::string_view what) {
  CERTWRIGHT_TRY(const BitString bits, read_bit_string(what));
  if (bits.unused_bits != 0) return refuse(what, "not a whole number of octets");
  return bits.octets;
}

Result<ByteView> Reader::read_octet_string(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::octet_string, what));
  return element.content;
}

Result<void> Reader::read_null(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::null, what));
  if (!element.content.empty()) return refuse(what, "a NULL is not empty");
  return {};
}

Result<Oid> Reader::read_oid(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::object_identifier, what));
  return named(Oid::parse(element.content), what);
}

Result<Time> Reader::read_time(std::string_view what) {
  if (next_is(Tag::generalized_time)) return read_generalized_time(what);
  CERTWRIGHT_TRY(const Element element, read(Tag::utc_time, what));
  return named(parse_utc_time(element.content), what);
}

Result<Time> Reader::read_generalized_time(std::string_view what) {
  CERTWRIGHT_TRY(const Element element, read(Tag::generalized_time, what));
  return named(parse_generalized_time(element.content), what);
}

Result<Element> read_only_element(ByteView input, std::string_view what) {
  Reader reader(input);
  CERTWRIGHT_TRY(const Element element, reader.read_any(what));
  if (!reader.at_end()) return refuse(what, "trailing octets");
  return element;
}

namespace {

Result<void> check_universal_primitive(const Element& element) {
  switch (element.tag) {
    case Tag::boolean:
      CERTWRIGHT_CHECK(parse_boolean(element.content));
      return {};
    case Tag::integer:
    case Tag::enumerated:
      return check_integer(element.content);
    case Tag::bit_string:
      CERTWRIGHT_CHECK(parse_bit_string(element.content));
      return {};
    case Tag::null:
      if (!element.content.empty()) return fail(Errc::bad_encoding, "a NULL is not empty");
      return {};
    case Tag::object_identifier:
      CERTWRIGHT_CHECK(Oid::parse(element.content));
      return {};
    default:
      if (is_string_tag(element.tag)) return check_string(element.tag, element.content);
      return {};
  }
}

Result<void> check_at_depth(const Element& element, std::string_view what, unsigned depth) {
  const auto tag = static_cast<std::uint8_t>(element.tag);
  const bool universal = (tag & 0xc0) == 0;
  if (universal && (tag & 0x1f) == 0) return refuse(what, "tag number 0");
  if (!is_constructed(element.tag)) {
    if (!universal) return {};
    if (element.tag == static_cast<Tag>(0x10) || element.tag == static_cast<Tag>(0x11))
      return refuse(what, "a SEQUENCE or SET is not constructed");
    return named(check_universal_primitive(element), what);
  }
  if (universal && element.tag != Tag::sequence && element.tag != Tag::set)
    return refuse(what, "a primitive type is constructed");
  if (depth >= Reader::kMaxDepth) return refuse(what, "nested too deeply");
  Reader inside(element.content);
  while (!inside.at_end()) {
    CERTWRIGHT_TRY(const Element child, inside.read_any(what));
    CERTWRIGHT_CHECK(check_at_depth(child, what, depth + 1));
  }
  return {};
}

}  // namespace

Result<void> check_element(const Element& element, std::string_view what) {
  return check_at_depth(element, what, 0);
}

Result<void> check_set_of_order(ByteView set_content, std::string_view what) {
  Reader reader(set_content);
  ByteView previous;
  while (!reader.at_end()) {
    CERTWRIGHT_TRY(const Element element, reader.read_any(what));
    if (std::ranges::lexicographical_compare(element.tlv, previous))
      return refuse(what, "a SET OF is not in DER order");
    previous = element.tlv;
  }
  return {};
}

}  // namespace certwright::der
