#include "x509/signed_encoding.h"

#include <fmt/format.h>

#include "der/reader.h"
#include "der/writer.h"
#include "x509/algorithm_identifier.h"

namespace certwright::x509 {

Result<SignedEncoding> parse_signed(ByteView tlv, std::string_view what) {
  der::Reader outer(tlv);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence(what));
  CERTWRIGHT_CHECK(outer.expect_end(what));
  CERTWRIGHT_TRY(const der::Element to_be_signed, fields.read(der::Tag::sequence, what));
  CERTWRIGHT_TRY(const der::Element algorithm,
                 fields.read(der::Tag::sequence, "signatureAlgorithm"));
  CERTWRIGHT_CHECK(AlgorithmIdentifier::parse(algorithm.tlv));
  CERTWRIGHT_TRY(const ByteView signature, fields.read_bit_string_octets("signatureValue"));
  CERTWRIGHT_CHECK(fields.expect_end(what));
  return SignedEncoding{to_be_signed.tlv, to_be_signed.content, algorithm.tlv, signature};
}

Bytes assemble_signed(ByteView to_be_signed_tlv, ByteView signature_algorithm_tlv,
                      ByteView signature) {
  const std::size_t size = to_be_signed_tlv.size() + signature_algorithm_tlv.size() +
                           der::header_size(signature.size() + 1) + 1 + signature.size();
  der::Writer writer(der::header_size(size) + size);
  writer.header(der::Tag::sequence, size);
  writer.raw(to_be_signed_tlv);
  writer.raw(signature_algorithm_tlv);
  writer.bit_string(signature);
  return std::move(writer).take();
}

Result<void> check_one_sequence(ByteView tlv, std::string_view what) {
  const auto element = der::read_only_element(tlv, what);
  if (!element || element->tag != der::Tag::sequence)
    return fail(Errc::invalid, fmt::format("{}: not one SEQUENCE", what));
  return {};
}

}  // namespace certwright::x509
