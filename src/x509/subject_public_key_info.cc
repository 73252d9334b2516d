#include "x509/subject_public_key_info.h"

#include "der/reader.h"
#include "der/writer.h"

namespace certwright::x509 {
namespace {

struct SpkiParts {
  ByteView algorithm_tlv;
  ByteView key_bits;
};

Result<SpkiParts> split_spki(ByteView tlv) {
  der::Reader outer(tlv);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence("subjectPublicKeyInfo"));
  CERTWRIGHT_CHECK(outer.expect_end("subjectPublicKeyInfo"));
  CERTWRIGHT_TRY(const der::Element algorithm,
                 fields.read(der::Tag::sequence, "subjectPublicKeyInfo.algorithm"));
  CERTWRIGHT_TRY(const ByteView key, fields.read_bit_string_octets("subjectPublicKey"));
  CERTWRIGHT_CHECK(fields.expect_end("subjectPublicKeyInfo"));
  if (key.empty()) return fail(Errc::bad_encoding, "subjectPublicKey: empty");
  return SpkiParts{algorithm.tlv, key};
}

}  // namespace

Result<SubjectPublicKeyInfo> SubjectPublicKeyInfo::parse(ByteView tlv) {
  CERTWRIGHT_TRY(const SpkiParts parts, split_spki(tlv));
  CERTWRIGHT_TRY(AlgorithmIdentifier algorithm, AlgorithmIdentifier::parse(parts.algorithm_tlv));
  return SubjectPublicKeyInfo{std::move(algorithm), to_bytes(parts.key_bits)};
}

Bytes SubjectPublicKeyInfo::encode() const {
  der::Writer writer(subject_public_key.size() + 48);
  writer.sequence([&] {
    writer.raw(algorithm.encode());
    writer.bit_string(subject_public_key);
  });
  return std::move(writer).take();
}

Result<ByteView> subject_public_key_bits(ByteView spki_tlv) {
  CERTWRIGHT_TRY(const SpkiParts parts, split_spki(spki_tlv));
  return parts.key_bits;
}

}  // namespace certwright::x509
