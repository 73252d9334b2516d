#include "x509/certificate_list.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>

#include "der/writer.h"
#include "x509/oids.h"
#include "x509/signed_encoding.h"

namespace certwright::x509 {
namespace {

constexpr std::size_t kMaxEntryExtensions = 16;
constexpr std::size_t kMaxListedSerialOctets = 64;

// What an entry says; `entry` is filled on the way. Does not allocate: a list has a million of
// these.
Result<void> read_entry_extensions(der::Reader list, RevokedCertificate& entry) {
  if (list.at_end()) return fail(Errc::bad_encoding, "crlEntryExtensions: empty");
  std::array<ByteView, kMaxEntryExtensions> seen;
  for (std::size_t count = 0; !list.at_end(); ++count) {
    if (count == kMaxEntryExtensions)
      return fail(Errc::too_large, "crlEntryExtensions: more than 16");
    CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("crlEntryExtension"));
    CERTWRIGHT_TRY(const der::Element oid,
                   fields.read(der::Tag::object_identifier, "crlEntryExtension.extnID"));
    CERTWRIGHT_CHECK(der::Oid::parse(oid.content));
    const auto is = [&](ByteView other) { return std::ranges::equal(other, oid.content); };
    if (std::any_of(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(count), is))
      return fail(Errc::bad_encoding, "crlEntryExtensions: an extension comes twice");
    seen[count] = oid.content;
    bool critical = false;
    if (fields.next_is(der::Tag::boolean)) {
      CERTWRIGHT_TRY(critical, fields.read_boolean("crlEntryExtension.critical"));
      if (!critical)
        return fail(Errc::bad_encoding,
                    "crlEntryExtension.critical: FALSE is the default and left out");
    }
    CERTWRIGHT_TRY(const ByteView value, fields.read_octet_string("crlEntryExtension.extnValue"));
    CERTWRIGHT_CHECK(fields.expect_end("crlEntryExtension"));
    if (is(oids::kReasonCode.content())) {
      CERTWRIGHT_TRY(entry.reason, parse_reason_code(value));
    } else if (is(oids::kInvalidityDate.content())) {
      CERTWRIGHT_TRY(entry.invalidity_date, parse_invalidity_date(value));
    } else if (critical) {
      entry.unknown_critical_extension = true;
    }
  }
  return {};
}

Result<RevokedCertificate> read_entry(der::Reader& list, bool extensions_allowed) {
  CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("revokedCertificate"));
  RevokedCertificate entry;
  CERTWRIGHT_TRY(entry.serial_number_content, fields.read_integer("userCertificate"));
  if (entry.serial_number_content.size() > kMaxListedSerialOctets)
    return fail(Errc::bad_encoding, "userCertificate: longer than 64 octets");
  CERTWRIGHT_TRY(entry.revocation_date, fields.read_time("revocationDate"));
  if (!fields.at_end()) {
    if (!extensions_allowed) return fail(Errc::bad_encoding, "crlEntryExtensions: only in v2");
    CERTWRIGHT_TRY(const der::Reader extensions, fields.read_sequence("crlEntryExtensions"));
    CERTWRIGHT_CHECK(read_entry_extensions(extensions, entry));
  }
  CERTWRIGHT_CHECK(fields.expect_end("revokedCertificate"));
  return entry;
}

}  // namespace

CertificateList::Range CertificateList::range_of(ByteView part) const noexcept {
  return {static_cast<std::uint32_t>(part.data() - der_.data()),
          static_cast<std::uint32_t>(part.size())};
}

Result<CertificateList> CertificateList::parse(Bytes der) {
  if (der.size() > kMaxOctets) return fail(Errc::too_large, "certificateList: more than 256 MiB");
  CertificateList list;
  list.der_ = std::move(der);
  CERTWRIGHT_TRY(const SignedEncoding parts, parse_signed(list.der_, "certificateList"));
  list.tbs_ = list.range_of(parts.to_be_signed_tlv);
  list.signature_ = list.range_of(parts.signature);
  CERTWRIGHT_CHECK(list.parse_tbs(parts.to_be_signed_content));
  if (!std::ranges::equal(list.signature_algorithm_tlv(), parts.signature_algorithm_tlv))
    return fail(Errc::bad_encoding, "certificateList: inner and outer signature algorithm differ");
  return list;
}

Result<void> CertificateList::parse_tbs(ByteView tbs_content) {
  der::Reader fields(tbs_content);
  if (fields.next_is(der::Tag::integer)) {
    CERTWRIGHT_TRY(const std::uint64_t version, fields.read_unsigned("version"));
    if (version != 1) return fail(Errc::bad_encoding, "version: v2 if it is there");
    version_ = 2;
  }
  CERTWRIGHT_TRY(const der::Element algorithm, fields.read(der::Tag::sequence, "signature"));
  signature_algorithm_ = range_of(algorithm.tlv);
  CERTWRIGHT_TRY(const der::Element issuer_name, fields.read(der::Tag::sequence, "issuer"));
  CERTWRIGHT_CHECK(Name::parse(issuer_name.tlv));
  issuer_ = range_of(issuer_name.tlv);
  CERTWRIGHT_TRY(this_update_, fields.read_time("thisUpdate"));
  if (fields.next_is(der::Tag::utc_time) || fields.next_is(der::Tag::generalized_time)) {
    CERTWRIGHT_TRY(next_update_, fields.read_time("nextUpdate"));
  }
  entries_ = range_of(fields.rest().first(0));
  if (fields.next_is(der::Tag::sequence)) {
    CERTWRIGHT_TRY(der::Reader list, fields.read_sequence("revokedCertificates"));
    entries_ = range_of(list.rest());
    for (; !list.at_end(); ++size_) CERTWRIGHT_CHECK(read_entry(list, version_ == 2));
  }
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(const der::Reader wrapped,
                   fields.read_constructed(der::context_constructed(0), "crlExtensions"));
    if (version_ != 2) return fail(Errc::bad_encoding, "crlExtensions: only in v2");
    CERTWRIGHT_TRY(extensions_, Extensions::parse(wrapped.rest()));
  }
  return fields.expect_end("tbsCertList");
}

bool CertificateList::Entries::next(RevokedCertificate& entry) {
  if (reader_.at_end()) return false;
  auto read = read_entry(reader_, true);
  if (!read) return false;  // parse() has read the same octets
  entry = *read;
  return true;
}

std::optional<RevokedCertificate> CertificateList::find(ByteView serial_number_content) const {
  Entries walk = entries();
  RevokedCertificate entry;
  while (walk.next(entry))
    if (std::ranges::equal(entry.serial_number_content, serial_number_content)) return entry;
  return std::nullopt;
}

Name CertificateList::issuer() const { return Name::parse(issuer_tlv()).value_or(Name()); }

void encode_revoked_entry(const SerialNumber& serial_number, Time revocation_date,
                          RevocationReason reason, Bytes& out) {
  // SEQUENCE { SEQUENCE { OID id-ce-cRLReasons, OCTET STRING { ENUMERATED reason } } }
  constexpr std::array<std::uint8_t, 13> kReasonBefore = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55,
                                                          0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01};
  const std::size_t begin = out.size();
  der::Writer writer(std::move(out));
  writer.header(der::Tag::sequence, 0);
  writer.integer_content(serial_number.integer_content());
  writer.time(revocation_date);
  if (reason != RevocationReason::unspecified) writer.raw(kReasonBefore);
  out = std::move(writer).take();
  if (reason != RevocationReason::unspecified) out.push_back(static_cast<std::uint8_t>(reason));
  out[begin + 1] = static_cast<std::uint8_t>(out.size() - begin - 2);  // 53 at most: one octet
}

namespace {

// A TBSCertList in its parts: what is before the entries, its own header included, and after them.
struct TbsFrame {
  Bytes before, after;
};

Result<TbsFrame> frame_of(const TbsCertList& fields, std::size_t entries_octets) {
  CERTWRIGHT_CHECK(check_one_sequence(fields.signature_algorithm_tlv, "signature"));
  CERTWRIGHT_CHECK(check_one_sequence(fields.issuer_tlv, "issuer"));
  for (const Time time : {fields.this_update, fields.next_update})
    if (time < der::kEarliestTime || time >= der::kLatestTime + Seconds(1))
      return fail(Errc::invalid, "thisUpdate, nextUpdate: outside the years 0 to 9999");
  der::Writer before;
  before.integer(1);  // v2
  before.raw(fields.signature_algorithm_tlv);
  before.raw(fields.issuer_tlv);
  before.time(fields.this_update);
  before.time(fields.next_update);
  if (entries_octets != 0) before.header(der::Tag::sequence, entries_octets);
  der::Writer after;
  if (!fields.extensions.empty())
    after.nested(der::context_constructed(0), [&] { fields.extensions.write(after); });
  der::Writer whole;
  whole.header(der::Tag::sequence, before.size() + entries_octets + after.size());
  whole.raw(before.view());
  return TbsFrame{std::move(whole).take(), std::move(after).take()};
}

void append(Bytes& to, ByteView octets) { to.insert(to.end(), octets.begin(), octets.end()); }

// Pages of 2 MiB where the system has them: the buffer is written once, and its pages are counted.
void prefer_large_pages([[maybe_unused]] Bytes& reserved) {
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t kLargePage = std::uintptr_t{2} << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(reserved.data());
  const auto first = (begin + kLargePage - 1) / kLargePage * kLargePage;
  const auto end = (begin + reserved.capacity()) / kLargePage * kLargePage;
  if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
}

}  // namespace

Result<CertificateListBuffer> CertificateListBuffer::begin(const TbsCertList& fields,
                                                           ByteView revoked_entries) {
  // For algorithm and value. SLH-DSA's are of 50 KB: moving a list for them costs more than its hash.
  constexpr std::size_t kCostlyToMoveOctets = 1024 * 1024;
  const std::size_t for_signature = revoked_entries.size() < kCostlyToMoveOctets ? 1024 : 64 * 1024;
  CERTWRIGHT_TRY(const auto frame, frame_of(fields, revoked_entries.size()));
  const auto tbs_octets = frame.before.size() + revoked_entries.size() + frame.after.size();
  const auto room = der::header_size(tbs_octets + for_signature);
  auto octets = std::make_shared<Bytes>();
  octets->reserve(room + tbs_octets + for_signature);
  prefer_large_pages(*octets);
  octets->resize(room);
  append(*octets, frame.before);
  append(*octets, revoked_entries);
  append(*octets, frame.after);
  return CertificateListBuffer(std::move(octets), room);
}

der::SharedTbsCertListDer CertificateListBuffer::tbs() const {
  return {octets_, tbs_offset_, octets_->size() - tbs_offset_};
}

Result<std::shared_ptr<const Bytes>> CertificateListBuffer::finish(ByteView signature_algorithm_tlv,
                                                                   ByteView signature) && {
  if (octets_.use_count() != 1)
    return fail(Errc::internal, "a CertificateList is finished while someone reads it");
  constexpr std::size_t kBitStringOctets = 16;  // its header, and the list's if that has to grow
  octets_->reserve(octets_->size() + signature_algorithm_tlv.size() + signature.size() +
                   kBitStringOctets);
  der::Writer writer(std::move(*octets_));
  writer.raw(signature_algorithm_tlv);
  writer.bit_string(signature);
  *octets_ = std::move(writer).take();
  der::Writer header;
  header.header(der::Tag::sequence, octets_->size() - tbs_offset_);
  // Nearly always as long as the room that was left.
  const auto begin = octets_->begin();
  if (header.size() < tbs_offset_)
    octets_->erase(begin, begin + static_cast<std::ptrdiff_t>(tbs_offset_ - header.size()));
  if (header.size() > tbs_offset_) octets_->insert(begin, header.size() - tbs_offset_, 0);
  std::ranges::copy(header.view(), octets_->begin());
  return std::shared_ptr<const Bytes>(std::move(octets_));
}

}  // namespace certwright::x509
