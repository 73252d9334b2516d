#include "ocsp_message/ocsp_response.h"

#include "der/reader.h"
#include "der/writer.h"
#include "ocsp_message/ocsp_extension.h"
#include "x509/algorithm_identifier.h"
#include "x509/name.h"
#include "x509/oids.h"

namespace certwright::ocsp_message {
namespace {

void write_status(der::Writer& writer, const SingleResponse& single) {
  switch (single.status) {
    case CertStatus::good:
      writer.primitive(der::context(0), {});
      return;
    case CertStatus::unknown:
      writer.primitive(der::context(2), {});
      return;
    case CertStatus::revoked:
      break;
  }
  writer.nested(der::context_constructed(1), [&] {
    writer.generalized_time(single.revocation_time);
    if (single.reason != x509::RevocationReason::unspecified)
      writer.nested(der::context_constructed(0),
                    [&] { writer.enumerated(static_cast<std::uint64_t>(single.reason)); });
  });
}

Result<void> read_status(der::Reader& fields, SingleResponse& single) {
  CERTWRIGHT_TRY(const der::Element status, fields.read_any("certStatus"));
  if (status.tag == der::context_constructed(1)) {
    single.status = CertStatus::revoked;
    der::Reader info(status.content);
    CERTWRIGHT_TRY(single.revocation_time, info.read_generalized_time("revocationTime"));
    if (!info.at_end()) {
      CERTWRIGHT_TRY(der::Reader wrapped,
                     info.read_constructed(der::context_constructed(0), "revocationReason"));
      CERTWRIGHT_TRY(const std::uint64_t number, wrapped.read_enumerated("revocationReason"));
      CERTWRIGHT_CHECK(wrapped.expect_end("revocationReason"));
      const auto reason = x509::revocation_reason_from_number(number);
      if (!reason) return fail(Errc::bad_encoding, "revocationReason: no reason has this number");
      single.reason = *reason;
    }
    return info.expect_end("revokedInfo");
  }
  if (status.tag != der::context(0) && status.tag != der::context(2))
    return fail(Errc::bad_encoding, "certStatus: neither good, revoked nor unknown");
  if (!status.content.empty()) return fail(Errc::bad_encoding, "certStatus: a NULL is not empty");
  single.status = status.tag == der::context(0) ? CertStatus::good : CertStatus::unknown;
  return {};
}

Result<SingleResponse> read_single_response(der::Reader& list) {
  CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("singleResponse"));
  CERTWRIGHT_TRY(const der::Element cert_id, fields.read(der::Tag::sequence, "certID"));
  CERTWRIGHT_CHECK(CertId::parse(cert_id.tlv));
  SingleResponse single;
  single.cert_id_tlv = cert_id.tlv;
  CERTWRIGHT_CHECK(read_status(fields, single));
  CERTWRIGHT_TRY(single.this_update, fields.read_generalized_time("thisUpdate"));
  if (fields.next_is(der::context_constructed(0))) {
    CERTWRIGHT_TRY(der::Reader wrapped,
                   fields.read_constructed(der::context_constructed(0), "nextUpdate"));
    CERTWRIGHT_TRY(single.next_update, wrapped.read_generalized_time("nextUpdate"));
    CERTWRIGHT_CHECK(wrapped.expect_end("nextUpdate"));
  }
  if (fields.next_is(der::context_constructed(1))) {
    CERTWRIGHT_TRY(const der::Reader wrapped,
                   fields.read_constructed(der::context_constructed(1), "singleExtensions"));
    CERTWRIGHT_CHECK(OcspExtensions::parse(wrapped.rest()));
  }
  CERTWRIGHT_CHECK(fields.expect_end("singleResponse"));
  return single;
}

}  // namespace

std::string_view name_of(OcspResponseStatus status) noexcept {
  switch (status) {
    case OcspResponseStatus::successful:
      return "successful";
    case OcspResponseStatus::malformed_request:
      return "malformedRequest";
    case OcspResponseStatus::internal_error:
      return "internalError";
    case OcspResponseStatus::try_later:
      return "tryLater";
    case OcspResponseStatus::sig_required:
      return "sigRequired";
    case OcspResponseStatus::unauthorized:
      return "unauthorized";
  }
  return "internalError";
}

std::string_view name_of(CertStatus status) noexcept {
  switch (status) {
    case CertStatus::good:
      return "good";
    case CertStatus::revoked:
      return "revoked";
    case CertStatus::unknown:
      return "unknown";
  }
  return "unknown";
}

der::ResponseDataDer encode_response_data(ByteView responder_key_hash, Time produced_at,
                                          const std::vector<SingleResponse>& responses,
                                          ByteView nonce) {
  der::Writer writer(256 + 128 * responses.size());
  writer.sequence([&] {
    writer.nested(der::context_constructed(2), [&] { writer.octet_string(responder_key_hash); });
    writer.generalized_time(produced_at);
    writer.sequence([&] {
      for (const SingleResponse& single : responses) {
        writer.sequence([&] {
          writer.raw(single.cert_id_tlv);
          write_status(writer, single);
          writer.generalized_time(single.this_update);
          if (single.next_update)
            writer.nested(der::context_constructed(0),
                          [&] { writer.generalized_time(*single.next_update); });
        });
      }
    });
    if (!nonce.empty())
      writer.nested(der::context_constructed(1), [&] { write_nonce_extensions(writer, nonce); });
  });
  return der::ResponseDataDer(std::move(writer).take());
}

Bytes assemble_basic_response(const der::ResponseDataDer& response_data,
                              ByteView signature_algorithm_tlv, ByteView signature,
                              const std::vector<ByteView>& certificates) {
  std::size_t size = 64 + response_data.tlv().size() + signature.size();
  for (const ByteView certificate : certificates) size += certificate.size();
  der::Writer writer(size);
  writer.sequence([&] {
    writer.enumerated(static_cast<std::uint64_t>(OcspResponseStatus::successful));
    writer.nested(der::context_constructed(0), [&] {
      writer.sequence([&] {
        writer.oid(x509::oids::kOcspBasic);
        writer.nested(der::Tag::octet_string, [&] {
          writer.sequence([&] {
            writer.raw(response_data.tlv());
            writer.raw(signature_algorithm_tlv);
            writer.bit_string(signature);
            if (certificates.empty()) return;
            writer.nested(der::context_constructed(0), [&] {
              writer.sequence([&] {
                for (const ByteView certificate : certificates) writer.raw(certificate);
              });
            });
          });
        });
      });
    });
  });
  return std::move(writer).take();
}

Bytes error_response(OcspResponseStatus status) {
  return {0x30, 0x03, 0x0a, 0x01, static_cast<std::uint8_t>(status)};
}

Result<OcspResponse> OcspResponse::parse(Bytes der) {
  if (der.size() > kMaxOctets) return fail(Errc::too_large, "OCSPResponse: more than 256 KiB");
  OcspResponse response;
  response.der_ = std::move(der);
  der::Reader outer(response.der_);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence("OCSPResponse"));
  CERTWRIGHT_CHECK(outer.expect_end("OCSPResponse"));
  CERTWRIGHT_TRY(const std::uint64_t status, fields.read_enumerated("responseStatus"));
  if (status > 6 || status == 4)
    return fail(Errc::bad_encoding, "responseStatus: no status has this number");
  response.status_ = static_cast<OcspResponseStatus>(status);
  const bool successful = response.status_ == OcspResponseStatus::successful;
  if (successful == fields.at_end())
    return fail(Errc::bad_encoding, "responseBytes: present just when successful");
  if (!successful) return response;
  CERTWRIGHT_TRY(der::Reader wrapped,
                 fields.read_constructed(der::context_constructed(0), "responseBytes"));
  CERTWRIGHT_CHECK(fields.expect_end("OCSPResponse"));
  CERTWRIGHT_TRY(der::Reader bytes, wrapped.read_sequence("responseBytes"));
  CERTWRIGHT_CHECK(wrapped.expect_end("responseBytes"));
  CERTWRIGHT_TRY(const der::Oid type, bytes.read_oid("responseType"));
  if (type != x509::oids::kOcspBasic)
    return fail(Errc::bad_encoding, "responseType: not id-pkix-ocsp-basic");
  CERTWRIGHT_TRY(const ByteView basic, bytes.read_octet_string("response"));
  CERTWRIGHT_CHECK(bytes.expect_end("responseBytes"));
  CERTWRIGHT_CHECK(response.parse_basic(basic));
  return response;
}

Result<void> OcspResponse::parse_basic(ByteView tlv) {
  der::Reader outer(tlv);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence("BasicOCSPResponse"));
  CERTWRIGHT_CHECK(outer.expect_end("BasicOCSPResponse"));
  CERTWRIGHT_TRY(const der::Element data, fields.read(der::Tag::sequence, "tbsResponseData"));
  response_data_ = data.tlv;
  CERTWRIGHT_CHECK(parse_response_data(data.content));
  CERTWRIGHT_TRY(const der::Element algorithm,
                 fields.read(der::Tag::sequence, "signatureAlgorithm"));
  CERTWRIGHT_CHECK(x509::AlgorithmIdentifier::parse(algorithm.tlv));
  signature_algorithm_ = algorithm.tlv;
  CERTWRIGHT_TRY(signature_, fields.read_bit_string_octets("signature"));
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(der::Reader wrapped,
                   fields.read_constructed(der::context_constructed(0), "certs"));
    CERTWRIGHT_TRY(der::Reader list, wrapped.read_sequence("certs"));
    CERTWRIGHT_CHECK(wrapped.expect_end("certs"));
    while (!list.at_end()) {
      if (certificates_.size() == 16) return fail(Errc::too_large, "certs: more than 16");
      CERTWRIGHT_TRY(const der::Element certificate, list.read(der::Tag::sequence, "certs"));
      certificates_.push_back(certificate.tlv);
    }
  }
  return fields.expect_end("BasicOCSPResponse");
}

Result<void> OcspResponse::parse_response_data(ByteView content) {
  der::Reader fields(content);
  if (fields.next_is(der::context_constructed(0)))
    return fail(Errc::bad_encoding, "version: v1 is the default and left out; there is no other");
  if (fields.next_is(der::context_constructed(1))) {
    CERTWRIGHT_TRY(const der::Reader by_name,
                   fields.read_constructed(der::context_constructed(1), "byName"));
    CERTWRIGHT_CHECK(x509::Name::parse(by_name.rest()));
    responder_name_ = by_name.rest();
  } else {
    CERTWRIGHT_TRY(der::Reader by_key,
                   fields.read_constructed(der::context_constructed(2), "byKey"));
    CERTWRIGHT_TRY(responder_key_hash_, by_key.read_octet_string("byKey"));
    CERTWRIGHT_CHECK(by_key.expect_end("byKey"));
  }
  CERTWRIGHT_TRY(produced_at_, fields.read_generalized_time("producedAt"));
  CERTWRIGHT_TRY(der::Reader list, fields.read_sequence("responses"));
  while (!list.at_end()) {
    if (responses_.size() == kMaxResponses)
      return fail(Errc::too_large, "responses: more than 256");
    CERTWRIGHT_TRY(const SingleResponse single, read_single_response(list));
    responses_.push_back(single);
  }
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(const der::Reader wrapped,
                   fields.read_constructed(der::context_constructed(1), "responseExtensions"));
    CERTWRIGHT_TRY(const OcspExtensions extensions, OcspExtensions::parse(wrapped.rest()));
    if (extensions.nonce) nonce_ = extensions.nonce->octets;
  }
  return fields.expect_end("responseData");
}

}  // namespace certwright::ocsp_message
