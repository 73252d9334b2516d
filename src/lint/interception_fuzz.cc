// Whatever an upstream certificate and a host are, the interception certificate made of them is one
// that the strict reader takes and lint finds nothing in; it serves TLS and nothing else, has names of
// two types, no extension beyond its five, and dates within its issuer's unless the upstream is expired.
// Input: usage, octets for names, length of the host, host, upstream.
#include <algorithm>
#include <cstdlib>

#include "lint/lint.h"
#include "profile/interception.h"
#include "profile/testing.h"

namespace profile = certwright::profile;
namespace x509 = certwright::x509;
namespace made = certwright::profile::testing;
using certwright::Bytes;
using certwright::ByteView;

namespace {

struct World {
  made::TestCa ca;
  x509::Certificate issuer_certificate = ca.certificate();
  profile::Issuer issuer = ca.issuer();
  profile::Profile profile = made::shipped("interception");
  profile::InterceptionTemplate compiled{issuer};
  Bytes p256 = made::spki_of(made::p256_key().get()), rsa = made::spki_of(made::rsa_2048_key().get()),
        ed25519 = made::spki_of(made::ed25519_key().get()),
        p384 = made::spki_of(made::Owned<EVP_PKEY>(EVP_EC_gen("P-384")).get());

  const Bytes& key_for(std::string_view algorithm) const {
    if (algorithm == "rsa-2048") return rsa;
    if (algorithm == "ed25519") return ed25519;
    return algorithm == "ecdsa-p384" ? p384 : p256;
  }
};

void must(bool holds) {
  if (!holds) std::abort();
}

void must_be_harmless(const x509::Certificate& certificate) {
  namespace oids = x509::oids;
  const std::vector<certwright::der::Oid> allowed = {oids::kKeyUsage, oids::kExtKeyUsage, oids::kSubjectAltName,
                                                     oids::kSubjectKeyIdentifier, oids::kAuthorityKeyIdentifier};
  for (const auto& extension : certificate.extensions())
    must(std::ranges::find(allowed, extension.oid) != allowed.end());
  must(!certificate.is_ca());
  const auto purposes = x509::parse_ext_key_usage(certificate.find_extension(oids::kExtKeyUsage)->value);
  must(purposes && *purposes == std::vector{oids::kServerAuth});
  const auto usage = x509::parse_key_usage(certificate.find_extension(oids::kKeyUsage)->value);
  using Bit = x509::KeyUsageBit;
  must(usage && !usage->has(Bit::key_cert_sign) && !usage->has(Bit::crl_sign));
  const auto names = certificate.subject_alt_names();
  must(names.has_value());
  for (const auto& name : *names)
    must(name.kind() == x509::GeneralName::Kind::dns || name.kind() == x509::GeneralName::Kind::ip);
  must(!certificate.subject().empty() || !names->empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  constexpr profile::InterceptionUsage kUsages[] = {
      profile::InterceptionUsage::tls_server, profile::InterceptionUsage::tls_server_tongsuo,
      profile::InterceptionUsage::tlcp_server_signature, profile::InterceptionUsage::tlcp_server_encryption};
  if (size < 3) return 0;
  ByteView rest(data, size);
  profile::InterceptionSource source;
  source.usage = kUsages[rest[0] % 4];
  if (rest[1] != 0) source.names_octets_max = rest[1] * std::size_t{64};
  const std::size_t host = std::min<std::size_t>(rest[2], size - 3);
  source.host = certwright::as_text(rest.subspan(3, host));
  source.upstream_certificate = rest.subspan(3 + host);
  const auto plan = profile::plan_interception(world.profile, source, world.issuer, made::noon());
  must(plan.names.size() <= source.names_octets_max || plan.names.size() <= 260);
  const std::string_view algorithm = plan.key_algorithm == "sm2" ? "ecdsa-p256" : plan.key_algorithm;
  const Bytes& key = world.key_for(algorithm);
  const auto tbs = world.compiled.build(plan, made::serial(), key, algorithm);
  must(tbs.has_value());
  const auto findings = certwright::lint::lint_tbs_certificate(
      tbs->tlv(), {.profile = &world.profile,
                   .issuer = &world.issuer_certificate,
                   .expected_subject_public_key_info = key,
                   .expected_signature_algorithm = world.ca.algorithm_tlv,
                   .now = made::noon()});
  must(findings.empty());
  const auto certificate = x509::Certificate::parse(
      x509::assemble_certificate(*tbs, world.ca.algorithm_tlv, Bytes(8, 1)).release());
  must(certificate.has_value());
  must_be_harmless(*certificate);
  must(certificate->not_before() < certificate->not_after());
  must(certificate->not_after() <= world.issuer.not_after);
  must(plan.expired == (certificate->not_after() < made::noon()));
  must(plan.expired || certificate->not_before() >= world.issuer.not_before);
  return 0;
}
