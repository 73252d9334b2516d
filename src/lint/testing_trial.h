#pragma once
// For tests: a certificate that can be wrong in ways our own types do not allow, and lint's word on it.
#include <algorithm>
#include <optional>
#include <vector>

#include "der/writer.h"
#include "lint/lint.h"
#include "profile/testing.h"

namespace certwright::lint::lint_test {

using namespace std::chrono_literals;
namespace oids = x509::oids;
namespace made = profile::testing;
using made::must;
using profile::Profile;
using x509::GeneralName;
using Bit = x509::KeyUsageBit;

inline Bytes time_tlv(Time time) {
  der::Writer writer;
  writer.time(time);
  return std::move(writer).take();
}

// A TBSCertificate that can be wrong in ways our own types do not allow.
struct RawTbs {
  std::uint64_t version = 2;
  Bytes serial_content, algorithm_tlv, issuer_tlv, not_before_tlv, not_after_tlv, subject_tlv, spki;
  Bytes unique_ids;
  std::vector<x509::Extension> extensions;

  explicit RawTbs(const x509::TbsCertificate& tbs)
      : serial_content(to_bytes(tbs.serial_number.integer_content())),
        algorithm_tlv(tbs.signature_algorithm_tlv),
        issuer_tlv(tbs.issuer_tlv),
        not_before_tlv(time_tlv(tbs.not_before)),
        not_after_tlv(time_tlv(tbs.not_after)),
        subject_tlv(tbs.subject_tlv),
        spki(tbs.subject_public_key_info_tlv),
        extensions(tbs.extensions.begin(), tbs.extensions.end()) {}

  x509::Extension& at(const der::Oid& oid) {
    return *std::ranges::find(extensions, oid, &x509::Extension::oid);
  }
  void set(const der::Oid& oid, Bytes value) { at(oid).value = std::move(value); }
  void remove(const der::Oid& oid) {
    std::erase_if(extensions, [&](const auto& extension) { return extension.oid == oid; });
  }
  void set_names(const std::vector<GeneralName>& names) {
    set(oids::kSubjectAltName, x509::encode_subject_alt_name(names));
  }

  Bytes encode() const {
    der::Writer w;
    w.sequence([&] {
      w.nested(der::context_constructed(0), [&] { w.integer(version); });
      w.integer_content(serial_content);
      w.raw(algorithm_tlv);
      w.raw(issuer_tlv);
      w.sequence([&] {
        w.raw(not_before_tlv);
        w.raw(not_after_tlv);
      });
      w.raw(subject_tlv);
      w.raw(spki);
      w.raw(unique_ids);
      w.nested(der::context_constructed(3), [&] {
        w.sequence([&] {
          for (const auto& extension : extensions) w.sequence([&] {
            w.oid(extension.oid);
            if (extension.critical) w.boolean(true);
            w.octet_string(extension.value);
          });
        });
      });
    });
    return std::move(w).take();
  }
};

// nameConstraints that exclude dNSName "a".
inline const Bytes kExcludesA = {0x30, 0x07, 0xa1, 0x05, 0x30, 0x03, 0x82, 0x01, 'a'};

inline EVP_PKEY* leaf_key() {
  static const auto key = made::p256_key();
  return key.get();
}
inline const made::TestCa& ca() {
  static const made::TestCa instance;
  return instance;
}

inline x509::TbsCertificate built(const Profile& profile) {
  auto request = made::request_for(leaf_key(), "ecdsa-p256");
  request.subject = {{"common_name", profile.ca ? "Sub CA" : "a.example"}};
  if (profile.dns.permitted) request.names = {must(GeneralName::dns("a.example"))};
  return must(profile::build_tbs_certificate(profile, request, ca().issuer(), made::serial(),
                                             made::noon()));
}

// A good certificate, its issuer and what is known about both; a case changes one of them.
struct Trial {
  std::optional<Profile> profile;
  RawTbs tbs;
  RawTbs issuer{ca().tbs()};
  std::optional<IssuersAbove> above;
  bool self_signed = false;
  Bytes expected_spki = made::spki_of(leaf_key());
  Bytes after;  // octets after the TBSCertificate

  explicit Trial(const char* name) : profile(made::shipped(name)), tbs(built(*profile)) {}

  std::vector<Finding> lint() const {
    Bytes encoded = tbs.encode();
    encoded.insert(encoded.end(), after.begin(), after.end());
    const auto der = x509::assemble_certificate(der::TbsCertificateDer(issuer.encode()),
                                                ca().algorithm_tlv, Bytes(8, 1));
    const auto issuer_certificate = must(x509::Certificate::parse(to_bytes(der.tlv())));
    Context context;
    context.profile = profile ? &*profile : nullptr;
    context.issuer = self_signed ? nullptr : &issuer_certificate;
    context.above = above ? &*above : nullptr;
    context.expected_subject_public_key_info = expected_spki;
    context.expected_signature_algorithm = ca().algorithm_tlv;
    context.now = made::noon();
    return lint_tbs_certificate(encoded, context);
  }
};

}  // namespace certwright::lint::lint_test
