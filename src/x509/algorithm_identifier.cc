#include "x509/algorithm_identifier.h"

#include "der/reader.h"
#include "der/writer.h"

namespace certwright::x509 {

Result<AlgorithmIdentifier> AlgorithmIdentifier::parse(ByteView tlv) {
  der::Reader outer(tlv);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence("AlgorithmIdentifier"));
  CERTWRIGHT_CHECK(outer.expect_end("AlgorithmIdentifier"));
  CERTWRIGHT_TRY(der::Oid algorithm, fields.read_oid("algorithm"));
  Bytes parameters;
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(const der::Element any, fields.read_any("parameters"));
    CERTWRIGHT_CHECK(der::check_element(any, "parameters"));
    parameters = to_bytes(any.tlv);
  }
  CERTWRIGHT_CHECK(fields.expect_end("AlgorithmIdentifier"));
  return AlgorithmIdentifier{algorithm, std::move(parameters)};
}

Bytes AlgorithmIdentifier::encode() const {
  der::Writer writer(32);
  writer.sequence([&] {
    writer.oid(algorithm);
    writer.raw(parameters_tlv);
  });
  return std::move(writer).take();
}

}  // namespace certwright::x509
