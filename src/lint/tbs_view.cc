#include "lint/tbs_view.h"

#include "der/reader.h"
#include "x509/certificate.h"
#include "x509/extension.h"
#include "x509/subject_public_key_info.h"

namespace certwright::lint {
namespace {

using der::Reader;
using der::Tag;

Result<Time> read_time_with_tag(Reader& reader, Tag& tag, std::string_view what) {
  tag = reader.next_is(Tag::utc_time) ? Tag::utc_time : Tag::generalized_time;
  return reader.read_time(what);
}

Result<void> read_validity(Reader& tbs, TbsView& view) {
  CERTWRIGHT_TRY(auto validity, tbs.read_sequence("validity"));
  CERTWRIGHT_TRY(view.not_before, read_time_with_tag(validity, view.not_before_tag, "notBefore"));
  CERTWRIGHT_TRY(view.not_after, read_time_with_tag(validity, view.not_after_tag, "notAfter"));
  return validity.expect_end("validity");
}

Result<ByteView> read_checked_sequence(Reader& reader, std::string_view what) {
  CERTWRIGHT_TRY(const auto element, reader.read(Tag::sequence, what));
  CERTWRIGHT_CHECK(der::check_element(element, what));
  return element.tlv;
}

Result<void> read_unique_ids(Reader& tbs, TbsView& view) {
  for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}})
    if (tbs.next_is(der::context(number))) {
      CERTWRIGHT_TRY(const auto element, tbs.read(der::context(number), "uniqueIdentifier"));
      CERTWRIGHT_CHECK(der::parse_bit_string(element.content));
      view.has_unique_ids = true;
    }
  return {};
}

Result<void> read_extensions(Reader& tbs, TbsView& view) {
  if (!tbs.next_is(der::context_constructed(3))) return {};
  CERTWRIGHT_TRY(auto wrapper, tbs.read_constructed(der::context_constructed(3), "extensions"));
  CERTWRIGHT_TRY(auto list, wrapper.read_sequence("extensions"));
  CERTWRIGHT_CHECK(wrapper.expect_end("extensions"));
  if (list.at_end()) return fail(Errc::bad_encoding, "extensions: empty");
  view.extensions.reserve(16);
  while (!list.at_end()) {
    if (view.extensions.size() == x509::Extensions::kMaxCount)
      return fail(Errc::too_large, "extensions: too many");
    CERTWRIGHT_TRY(auto fields, list.read_sequence("extension"));
    CERTWRIGHT_TRY(const auto oid, fields.read_oid("extnID"));
    bool critical = false;
    if (fields.next_is(Tag::boolean)) {
      CERTWRIGHT_TRY(critical, fields.read_boolean("critical"));
      if (!critical) return fail(Errc::bad_encoding, "critical: the default is written out");
    }
    CERTWRIGHT_TRY(const auto value, fields.read_octet_string("extnValue"));
    CERTWRIGHT_CHECK(fields.expect_end("extension"));
    view.extensions.push_back({oid, critical, value});
  }
  return {};
}

Result<void> read_version(Reader& tbs, TbsView& view) {
  if (!tbs.next_is(der::context_constructed(0))) return {};
  CERTWRIGHT_TRY(auto wrapper, tbs.read_constructed(der::context_constructed(0), "version"));
  CERTWRIGHT_TRY(view.version, wrapper.read_unsigned("version"));
  if (view.version == 0) return fail(Errc::bad_encoding, "version: the default is written out");
  return wrapper.expect_end("version");
}

}  // namespace

const ExtensionView* TbsView::find(const der::Oid& oid) const noexcept {
  for (const ExtensionView& extension : extensions)
    if (extension.oid == oid) return &extension;
  return nullptr;
}

Result<TbsView> parse_tbs(ByteView tbs_tlv) {
  if (tbs_tlv.size() > x509::Certificate::kMaxOctets)
    return fail(Errc::too_large, "TBSCertificate: over 64 KiB");
  Reader outer(tbs_tlv);
  CERTWRIGHT_TRY(auto tbs, outer.read_sequence("TBSCertificate"));
  CERTWRIGHT_CHECK(outer.expect_end("TBSCertificate"));
  TbsView view;
  view.tlv = tbs_tlv;
  CERTWRIGHT_CHECK(read_version(tbs, view));
  CERTWRIGHT_TRY(view.serial_number_content, tbs.read_integer("serialNumber"));
  CERTWRIGHT_TRY(view.signature_algorithm_tlv, read_checked_sequence(tbs, "signature"));
  CERTWRIGHT_TRY(view.issuer_tlv, read_checked_sequence(tbs, "issuer"));
  CERTWRIGHT_CHECK(read_validity(tbs, view));
  CERTWRIGHT_TRY(view.subject_tlv, read_checked_sequence(tbs, "subject"));
  CERTWRIGHT_TRY(view.subject_public_key_info_tlv,
                 read_checked_sequence(tbs, "subjectPublicKeyInfo"));
  CERTWRIGHT_TRY(view.subject_public_key_bits,
                 x509::subject_public_key_bits(view.subject_public_key_info_tlv));
  CERTWRIGHT_CHECK(read_unique_ids(tbs, view));
  CERTWRIGHT_CHECK(read_extensions(tbs, view));
  CERTWRIGHT_CHECK(tbs.expect_end("TBSCertificate"));
  return view;
}

}  // namespace certwright::lint
