#include "x509/lenient_certificate.h"

#include <algorithm>
#include <array>

#include "der/primitive.h"
#include "x509/oids.h"

namespace certwright::x509 {
namespace {
namespace lenient {  // this room is compiled as one file

constexpr std::uint8_t kSequence = 0x30, kInteger = 0x02, kBoolean = 0x01, kOid = 0x06,
                       kBitString = 0x03, kOctetString = 0x04, kUtcTime = 0x17,
                       kGeneralizedTime = 0x18, kVersion = 0xa0, kExtensions = 0xa3;

struct Tlv {
  std::uint8_t tag;
  ByteView whole, content;
};

// The first element of `rest`, which it is cut from. Any definite length; low tag numbers.
std::optional<Tlv> take(ByteView& rest) noexcept {
  if (rest.size() < 2 || (rest[0] & 0x1f) == 0x1f) return std::nullopt;
  std::size_t at = 2, length = rest[1];
  if (length >= 0x80) {
    const std::size_t octets = length & 0x7f;
    if (octets == 0 || octets > 8 || rest.size() - 2 < octets) return std::nullopt;
    length = 0;
    for (; at < 2 + octets; ++at) {
      if (length > 0xff'ffff) return std::nullopt;
      length = length << 8 | rest[at];
    }
  }
  if (rest.size() - at < length) return std::nullopt;
  const Tlv tlv{rest[0], rest.first(at + length), rest.subspan(at, length)};
  rest = rest.subspan(at + length);
  return tlv;
}

std::optional<Tlv> take(ByteView& rest, std::uint8_t tag) noexcept {
  if (rest.empty() || rest[0] != tag) return std::nullopt;
  return take(rest);
}

bool is_digit(std::uint8_t c) noexcept { return c >= '0' && c <= '9'; }

// "+0130" as what must be taken off to come to UTC.
std::optional<Seconds> zone_offset(ByteView zone) noexcept {
  if (zone.size() != 5 || (zone[0] != '+' && zone[0] != '-') ||
      !std::all_of(zone.begin() + 1, zone.end(), is_digit))
    return std::nullopt;
  const int minutes = ((zone[1] - '0') * 10 + zone[2] - '0') * 60 + (zone[3] - '0') * 10 + zone[4] - '0';
  return Seconds(minutes * (zone[0] == '+' ? 60 : -60));
}

// What X.680 allows and DER does not: no seconds, a fraction, another zone than Z.
std::optional<Time> read_time(const Tlv& tlv) noexcept {
  const bool utc = tlv.tag == kUtcTime;
  if (!utc && tlv.tag != kGeneralizedTime) return std::nullopt;
  const auto strict = [utc](ByteView content) {
    return utc ? der::parse_utc_time(content) : der::parse_generalized_time(content);
  };
  const std::size_t minutes_end = utc ? 10 : 12;
  const ByteView text = tlv.content;
  if (text.size() < minutes_end + 1 || text.size() > 40) return std::nullopt;
  if (text.size() == minutes_end + 3) {
    if (const auto time = strict(text)) return *time;
  }
  std::array<std::uint8_t, 15> plain{};
  std::copy_n(text.begin(), minutes_end, plain.begin());
  std::size_t at = minutes_end;
  plain[minutes_end] = plain[minutes_end + 1] = '0';
  if (text.size() >= at + 2 && is_digit(text[at]) && is_digit(text[at + 1])) {
    plain[minutes_end] = text[at];
    plain[minutes_end + 1] = text[at + 1];
    at += 2;
  }
  if (at < text.size() && (text[at] == '.' || text[at] == ','))
    for (++at; at < text.size() && is_digit(text[at]);) ++at;
  plain[minutes_end + 2] = 'Z';
  const auto time = strict(ByteView(plain).first(minutes_end + 3));
  if (!time) return std::nullopt;
  const ByteView zone = text.subspan(at);
  if (zone.size() == 1 && zone[0] == 'Z') return *time;
  const auto offset = zone_offset(zone);
  if (!offset) return std::nullopt;
  return *time - *offset;
}

void read_validity(ByteView content, LenientCertificate& out) noexcept {
  if (const auto first = take(content)) out.not_before = read_time(*first);
  if (const auto second = take(content)) out.not_after = read_time(*second);
}

void read_key(ByteView content, LenientCertificate& out) noexcept {
  const auto algorithm = take(content, kSequence);
  if (!algorithm) return;
  ByteView fields = algorithm->content;
  const auto oid = take(fields, kOid);
  if (!oid) return;
  out.key_algorithm_oid = oid->content;
  if (const auto parameters = take(fields)) out.key_parameters_tlv = parameters->whole;
}

std::optional<KeyUsage> read_key_usage(ByteView value) noexcept {
  const auto bits = take(value, kBitString);
  if (!bits || bits->content.size() < 2) return std::nullopt;
  std::uint16_t mask = 0;
  for (unsigned bit = 0; bit < 9 && bit / 8 + 1 < bits->content.size(); ++bit)
    if ((bits->content[bit / 8 + 1] >> (7 - bit % 8) & 1) != 0)
      mask = static_cast<std::uint16_t>(mask | 1U << bit);
  return KeyUsage::from_mask(mask);
}

bool is(ByteView content, const der::Oid& oid) noexcept {
  return std::ranges::equal(content, oid.content());
}

void read_extension(ByteView fields, LenientCertificate& out) noexcept {
  const auto oid = take(fields, kOid);
  if (!oid) return;
  if (!fields.empty() && fields[0] == kBoolean) (void)take(fields);
  const auto wrapped = take(fields, kOctetString);
  if (!wrapped) return;
  ByteView value = wrapped->content;
  if (is(oid->content, oids::kKeyUsage)) {
    if (!out.key_usage) out.key_usage = read_key_usage(value);
  } else if (is(oid->content, oids::kExtKeyUsage)) {
    out.has_ext_key_usage = true;
  } else if (is(oid->content, oids::kSubjectAltName) && out.subject_alt_name_content.empty()) {
    if (const auto names = take(value, kSequence)) out.subject_alt_name_content = names->content;
  }
}

void read_extensions(ByteView content, LenientCertificate& out) noexcept {
  const auto list = take(content, kSequence);
  if (!list) return;
  ByteView rest = list->content;
  for (std::size_t i = 0; i < kMaxLenientExtensions; ++i) {
    const auto extension = take(rest);
    if (!extension) return;
    if (extension->tag == kSequence) read_extension(extension->content, out);
  }
}

}  // namespace lenient
}  // namespace

std::optional<LenientCertificate::Name> LenientCertificate::take_name(ByteView& rest) noexcept {
  const auto name = lenient::take(rest);
  if (!name) return std::nullopt;
  return Name{name->tag, name->content};
}

LenientCertificate read_leniently(ByteView der) noexcept {
  using namespace lenient;
  LenientCertificate out;
  const auto certificate = take(der, kSequence);
  if (!certificate) return out;
  ByteView rest = certificate->content;
  const auto tbs = take(rest, kSequence);
  if (!tbs) return out;
  rest = tbs->content;
  (void)take(rest, kVersion);
  if (!take(rest, kInteger)) return out;   // serialNumber
  if (!take(rest, kSequence)) return out;  // signature
  if (!take(rest, kSequence)) return out;  // issuer
  const auto validity = take(rest, kSequence);
  if (!validity) return out;
  read_validity(validity->content, out);
  const auto subject = take(rest, kSequence);
  if (!subject) return out;
  out.subject_tlv = subject->whole;
  const auto key = take(rest, kSequence);
  if (!key) return out;
  read_key(key->content, out);
  while (const auto next = take(rest))  // unique identifiers may stand before them
    if (next->tag == kExtensions) {
      read_extensions(next->content, out);
      break;
    }
  return out;
}

}  // namespace certwright::x509
