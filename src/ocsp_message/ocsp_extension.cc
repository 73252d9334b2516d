#include "ocsp_message/ocsp_extension.h"

#include "der/reader.h"
#include "x509/extension.h"
#include "x509/oids.h"

namespace certwright::ocsp_message {
namespace {

constexpr std::size_t kMaxOcspExtensions = 16;

// x509::Extensions copies its values; these views must point into the caller's octets.
Result<void> read_extension(der::Reader& list, OcspExtensions& extensions) {
  CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("extension"));
  CERTWRIGHT_TRY(const der::Oid oid, fields.read_oid("extnID"));
  bool critical = false;
  if (fields.next_is(der::Tag::boolean)) {
    CERTWRIGHT_TRY(critical, fields.read_boolean("extension.critical"));
  }
  CERTWRIGHT_TRY(const ByteView value, fields.read_octet_string("extnValue"));
  if (oid == x509::oids::kOcspNonce) {
    const auto inner = der::read_only_element(value, "nonce");
    const bool well_formed = inner && inner->tag == der::Tag::octet_string;
    extensions.nonce = {well_formed ? inner->content : value, well_formed, critical};
  } else if (critical) {
    extensions.unknown_critical = true;
  }
  return {};
}

}  // namespace

Result<OcspExtensions> OcspExtensions::parse(ByteView tlv) {
  CERTWRIGHT_TRY(const x509::Extensions checked, x509::Extensions::parse(tlv));  // the grammar
  if (checked.size() > kMaxOcspExtensions) return fail(Errc::too_large, "extensions: more than 16");
  der::Reader outer(tlv);
  CERTWRIGHT_TRY(der::Reader list, outer.read_sequence("extensions"));
  OcspExtensions extensions;
  while (!list.at_end()) CERTWRIGHT_CHECK(read_extension(list, extensions));
  return extensions;
}

void write_nonce_extensions(der::Writer& writer, ByteView nonce) {
  writer.sequence([&] {
    writer.sequence([&] {
      writer.oid(x509::oids::kOcspNonce);
      writer.nested(der::Tag::octet_string, [&] { writer.octet_string(nonce); });
    });
  });
}

}  // namespace certwright::ocsp_message
