#include "ocsp_message/ocsp_request.h"

#include <algorithm>

#include "der/reader.h"
#include "der/writer.h"
#include "ocsp_message/ocsp_extension.h"
#include "x509/algorithm_identifier.h"
#include "x509/general_name.h"
#include "x509/oids.h"

namespace certwright::ocsp_message {

Result<CertId> CertId::parse(ByteView tlv) {
  der::Reader outer(tlv);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence("certID"));
  CERTWRIGHT_CHECK(outer.expect_end("certID"));
  CERTWRIGHT_TRY(const der::Element algorithm, fields.read(der::Tag::sequence, "hashAlgorithm"));
  CERTWRIGHT_TRY(const auto hash, x509::AlgorithmIdentifier::parse(algorithm.tlv));
  CERTWRIGHT_TRY(const ByteView name_hash, fields.read_octet_string("issuerNameHash"));
  CERTWRIGHT_TRY(const ByteView key_hash, fields.read_octet_string("issuerKeyHash"));
  CERTWRIGHT_TRY(const ByteView serial, fields.read_integer("serialNumber"));
  CERTWRIGHT_CHECK(fields.expect_end("certID"));
  return CertId{tlv, hash.algorithm, name_hash, key_hash, serial};
}

Result<OcspRequest> OcspRequest::parse(ByteView der) {
  if (der.size() > kMaxOctets) return fail(Errc::too_large, "OCSPRequest: more than 64 KiB");
  der::Reader outer(der);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence("OCSPRequest"));
  CERTWRIGHT_CHECK(outer.expect_end("OCSPRequest"));
  CERTWRIGHT_TRY(const der::Element tbs, fields.read(der::Tag::sequence, "tbsRequest"));
  OcspRequest request;
  CERTWRIGHT_CHECK(request.parse_tbs_request(tbs.content));
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(const der::Element signature,
                   fields.read(der::context_constructed(0), "optionalSignature"));
    CERTWRIGHT_CHECK(der::check_element(signature, "optionalSignature"));
    request.signed_ = true;
  }
  CERTWRIGHT_CHECK(fields.expect_end("OCSPRequest"));
  return request;
}

Result<void> OcspRequest::parse_tbs_request(ByteView content) {
  der::Reader fields(content);
  if (fields.next_is(der::context_constructed(0)))
    return fail(Errc::bad_encoding, "version: v1 is the default and left out; there is no other");
  if (fields.next_is(der::context_constructed(1))) {
    CERTWRIGHT_TRY(der::Reader name,
                   fields.read_constructed(der::context_constructed(1), "requestorName"));
    CERTWRIGHT_CHECK(x509::GeneralName::parse(name));
    CERTWRIGHT_CHECK(name.expect_end("requestorName"));
  }
  CERTWRIGHT_TRY(der::Reader list, fields.read_sequence("requestList"));
  if (list.at_end()) return fail(Errc::bad_encoding, "requestList: empty");
  while (!list.at_end()) {
    if (cert_ids_.size() == kMaxCertIds)
      return fail(Errc::too_large, "requestList: more than 64 requests");
    CERTWRIGHT_TRY(const der::Element single, list.read(der::Tag::sequence, "request"));
    CERTWRIGHT_CHECK(parse_single_request(single.content));
  }
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(const der::Reader wrapped,
                   fields.read_constructed(der::context_constructed(2), "requestExtensions"));
    CERTWRIGHT_CHECK(parse_request_extensions(wrapped.rest()));
  }
  return fields.expect_end("tbsRequest");
}

Result<void> OcspRequest::parse_single_request(ByteView content) {
  der::Reader fields(content);
  CERTWRIGHT_TRY(const der::Element cert_id, fields.read(der::Tag::sequence, "reqCert"));
  CERTWRIGHT_TRY(const CertId parsed, CertId::parse(cert_id.tlv));
  cert_ids_.push_back(parsed);
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(const der::Reader wrapped,
                   fields.read_constructed(der::context_constructed(0), "singleRequestExtensions"));
    CERTWRIGHT_TRY(const OcspExtensions extensions, OcspExtensions::parse(wrapped.rest()));
    unknown_critical_ = unknown_critical_ || extensions.unknown_critical ||
                        (extensions.nonce && extensions.nonce->critical);  // it belongs outside
  }
  return fields.expect_end("request");
}

Result<void> OcspRequest::parse_request_extensions(ByteView extensions_tlv) {
  CERTWRIGHT_TRY(const OcspExtensions extensions, OcspExtensions::parse(extensions_tlv));
  unknown_critical_ = unknown_critical_ || extensions.unknown_critical;
  if (extensions.nonce) {
    nonce_ = extensions.nonce->octets;
    nonce_malformed_ = !extensions.nonce->well_formed;
  }
  return {};
}

bool OcspRequest::nonce_acceptable() const noexcept {
  return !nonce_ || (!nonce_malformed_ && !nonce_->empty() && nonce_->size() <= 128);
}

Bytes encode_cert_id(const der::Oid& hash_algorithm, ByteView issuer_name_hash,
                     ByteView issuer_key_hash, ByteView serial_number_content) {
  der::Writer writer(128);
  writer.sequence([&] {
    writer.sequence([&] {
      writer.oid(hash_algorithm);
      writer.null();
    });
    writer.octet_string(issuer_name_hash);
    writer.octet_string(issuer_key_hash);
    writer.integer_content(serial_number_content);
  });
  return std::move(writer).take();
}

Bytes encode_request(const std::vector<Bytes>& cert_id_tlvs, ByteView nonce) {
  der::Writer writer;
  writer.sequence([&] {
    writer.sequence([&] {
      writer.sequence([&] {
        for (const Bytes& cert_id : cert_id_tlvs) writer.sequence([&] { writer.raw(cert_id); });
      });
      if (!nonce.empty())
        writer.nested(der::context_constructed(2), [&] { write_nonce_extensions(writer, nonce); });
    });
  });
  return std::move(writer).take();
}

}  // namespace certwright::ocsp_message
