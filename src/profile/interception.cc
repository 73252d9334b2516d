#include "profile/interception.h"

#include <algorithm>

#include "crypto/digest.h"
#include "der/primitive.h"
#include "der/writer.h"
#include "profile/interception_names.h"
#include "profile/key_usage.h"
#include "x509/lenient_certificate.h"
#include "x509/oids.h"
#include "x509/subject_public_key_info.h"

namespace certwright::profile {
namespace {

using UsageBit = x509::KeyUsageBit;

constexpr x509::KeyUsage kServerUsage = {UsageBit::digital_signature, UsageBit::key_encipherment,
                                         UsageBit::key_agreement};
constexpr x509::KeyUsage kTlcpSignature = {UsageBit::digital_signature, UsageBit::content_commitment};
constexpr x509::KeyUsage kTlcpEncryption = {UsageBit::key_encipherment, UsageBit::data_encipherment,
                                            UsageBit::key_agreement};

constexpr der::Oid kSm2Curve = der::Oid::of({1, 2, 156, 10197, 1, 301});

x509::KeyUsage both(x509::KeyUsage a, x509::KeyUsage b) noexcept {
  return x509::KeyUsage::from_mask(static_cast<std::uint16_t>(a.mask() & b.mask()));
}

bool holds(ByteView oid_content, const der::Oid& oid) noexcept {
  return std::ranges::equal(oid_content, oid.content());
}

// The named curve of an EC key's parameters; empty for any other form.
ByteView curve_of(const x509::LenientCertificate& upstream) noexcept {
  const ByteView tlv = upstream.key_parameters_tlv;
  if (tlv.size() < 3 || tlv[0] != 0x06 || tlv[1] != tlv.size() - 2) return {};
  return tlv.subspan(2);
}

// What a client that accepts the upstream's key surely accepts; P-256 where there is nothing alike.
std::string_view key_like(const x509::LenientCertificate& upstream, InterceptionUsage usage) noexcept {
  namespace oids = x509::oids;
  const ByteView oid = upstream.key_algorithm_oid;
  if (holds(oid, oids::kRsaEncryption)) return "rsa-2048";
  if (holds(oid, oids::kEd25519)) return "ed25519";
  if (!holds(oid, oids::kEcPublicKey)) return "ecdsa-p256";
  const ByteView curve = curve_of(upstream);
  if (holds(curve, oids::kSecp384r1) || holds(curve, oids::kSecp521r1)) return "ecdsa-p384";
  if (holds(curve, kSm2Curve) && usage != InterceptionUsage::tls_server) return "sm2";
  return "ecdsa-p256";
}

// A Name that strict readers take, and that shows on one line what it says.
bool is_usable_subject(ByteView tlv) {
  if (tlv.size() > kInterceptionSubjectOctetsMax) return false;
  const auto name = x509::Name::parse(tlv);
  return name && name->check_characters();
}

// Within the years that certificates of today write: UTCTime begins in 1950 (RFC 5280 section
// 4.1.2.5.1). An upstream that ended before then is still expired.
Time writable(Time time) noexcept {
  constexpr Time kEarliest{std::chrono::sys_days{std::chrono::year(1950) / 1 / 1} + Seconds(1)};
  return std::clamp(time, kEarliest, der::kLatestTime);
}

void choose_dates(const x509::LenientCertificate& upstream, const Profile& profile,
                  const Issuer& issuer, Time now, InterceptionPlan& plan) {
  const Time issuer_end = std::chrono::floor<Seconds>(issuer.not_after);
  const Time issuer_start = std::chrono::ceil<Seconds>(issuer.not_before);
  const Time start = std::chrono::floor<Seconds>(now);
  // One date alone says little: which one is wrong?
  const bool given = upstream.not_before && upstream.not_after;
  Time not_before = given ? writable(*upstream.not_before) : start - profile.backdate;
  Time not_after = given ? writable(*upstream.not_after) : start + profile.validity_default;
  plan.expired = not_after < now;
  if (!plan.expired) {
    not_before = std::max(not_before, issuer_start);
    not_after = std::min(not_after, issuer_end);
  }
  if (not_before >= not_after) not_before = not_after - Seconds(1);
  plan.not_before = not_before;
  plan.not_after = not_after;
}

// Tag, length and content of an Extension around an OCTET STRING.
Bytes encoded_extension(const der::Oid& oid, bool critical, ByteView value) {
  der::Writer writer(value.size() + 24);
  writer.sequence([&] {
    writer.oid(oid);
    if (critical) writer.boolean(true);
    writer.octet_string(value);
  });
  return std::move(writer).take();
}

void write_key_usage(der::Writer& writer, x509::KeyUsage usage) {
  writer.sequence([&] {
    writer.oid(x509::oids::kKeyUsage);
    writer.boolean(true);
    writer.nested(der::Tag::octet_string, [&] { writer.named_bits(usage.mask()); });
  });
}

void write_names(der::Writer& writer, ByteView names, bool critical) {
  writer.sequence([&] {
    writer.oid(x509::oids::kSubjectAltName);
    if (critical) writer.boolean(true);
    const std::size_t sequence_octets = der::header_size(names.size()) + names.size();
    writer.header(der::Tag::octet_string, sequence_octets);
    writer.header(der::Tag::sequence, names.size());
    writer.raw(names);
  });
}

void write_key_identifier(der::Writer& writer, ByteView key_bits) {
  constexpr std::uint8_t kHead[] = {0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14};
  writer.raw(kHead);
  writer.raw(crypto::sha1(key_bits));
}

}  // namespace

x509::KeyUsage interception_key_usage(InterceptionUsage usage,
                                      const std::optional<x509::KeyUsage>& upstream,
                                      std::string_view key_algorithm) noexcept {
  if (usage == InterceptionUsage::tlcp_server_signature) return kTlcpSignature;
  if (usage == InterceptionUsage::tlcp_server_encryption) return kTlcpEncryption;
  const bool edwards = key_algorithm == "ed25519";
  if (usage == InterceptionUsage::tls_server_tongsuo)
    return edwards ? x509::KeyUsage{UsageBit::digital_signature} : kServerUsage;
  const bool rsa = key_algorithm.starts_with("rsa");
  x509::KeyUsage possible = {UsageBit::digital_signature};
  if (rsa) possible.set(UsageBit::key_encipherment);
  else if (!edwards) possible.set(UsageBit::key_agreement);
  x509::KeyUsage chosen;
  if (upstream) chosen = both(*upstream, possible);
  else if (rsa) chosen.set(UsageBit::key_encipherment);
  chosen.set(UsageBit::digital_signature);
  return chosen;
}

bool is_interception_key_usage(x509::KeyUsage usage, std::optional<crypto::KeyFamily> family) noexcept {
  if (usage.empty()) return false;
  if (usage == kTlcpSignature || usage == kTlcpEncryption || usage == kServerUsage) return true;
  if (both(usage, kServerUsage) != usage) return false;
  return !family || both(usage, possible_key_usage(*family)) == usage;
}

InterceptionPlan plan_interception(const Profile& profile, const InterceptionSource& source,
                                   const Issuer& issuer, Time now) {
  InterceptionPlan plan;
  plan.usage = source.usage;
  x509::LenientCertificate upstream;
  if (source.upstream_certificate.size() <= kUpstreamOctetsMax)
    upstream = x509::read_leniently(source.upstream_certificate);
  auto names = choose_upstream_names(upstream.subject_alt_name_content, source.host,
                                     std::min(source.names_octets_max, kInterceptionNamesOctetsMax));
  const bool subject = upstream.subject_tlv.size() > 2 && is_usable_subject(upstream.subject_tlv);
  plan.identity_from_upstream = subject || !names.general_names.empty();
  if (plan.identity_from_upstream) {
    plan.subject_tlv = subject ? to_bytes(upstream.subject_tlv) : Bytes{0x30, 0x00};
    plan.names = std::move(names.general_names);
    plan.names_trimmed = names.trimmed;
  } else {
    auto identity = identity_of_host(source.host);
    plan.subject_tlv = std::move(identity.subject_tlv);
    plan.names = std::move(identity.general_names);
  }
  choose_dates(upstream, profile, issuer, now, plan);
  plan.upstream_key_usage = upstream.key_usage;
  const bool like_upstream = !profile.interception || profile.interception->keys == InterceptionKeys::like_upstream;
  plan.key_algorithm = like_upstream ? key_like(upstream, source.usage) : "ecdsa-p256";
  return plan;
}

InterceptionTemplate::InterceptionTemplate(const Issuer& issuer) {
  signature_and_issuer_ = to_bytes(issuer.signature_algorithm_tlv);
  signature_and_issuer_.insert(signature_and_issuer_.end(), issuer.subject_tlv.begin(), issuer.subject_tlv.end());
  ext_key_usage_ = encoded_extension(x509::oids::kExtKeyUsage, false,
                                     x509::encode_ext_key_usage({x509::oids::kServerAuth}));
  authority_key_identifier_ =
      encoded_extension(x509::oids::kAuthorityKeyIdentifier, false,
                        x509::encode_authority_key_identifier(issuer.subject_key_identifier));
}

Result<der::TbsCertificateDer> InterceptionTemplate::build(const InterceptionPlan& plan,
                                                           const x509::SerialNumber& serial,
                                                           ByteView spki_tlv,
                                                           std::string_view key_algorithm) const {
  constexpr std::uint8_t kVersion3[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
  CERTWRIGHT_TRY(const ByteView key_bits, x509::subject_public_key_bits(spki_tlv));
  const auto usage = interception_key_usage(plan.usage, plan.upstream_key_usage, key_algorithm);
  der::Writer writer(512 + signature_and_issuer_.size() + plan.subject_tlv.size() + plan.names.size() +
                     spki_tlv.size());
  writer.sequence([&] {
    writer.raw(kVersion3);
    writer.integer_content(serial.integer_content());
    writer.raw(signature_and_issuer_);
    writer.sequence([&] {
      writer.time(plan.not_before);
      writer.time(plan.not_after);
    });
    writer.raw(plan.subject_tlv);
    writer.raw(spki_tlv);
    writer.nested(der::context_constructed(3), [&] {
      writer.sequence([&] {
        write_key_usage(writer, usage);
        writer.raw(ext_key_usage_);
        if (!plan.names.empty()) write_names(writer, plan.names, plan.subject_tlv.size() == 2);
        write_key_identifier(writer, key_bits);
        writer.raw(authority_key_identifier_);
      });
    });
  });
  return der::TbsCertificateDer(std::move(writer).take());
}

}  // namespace certwright::profile
