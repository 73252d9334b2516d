#pragma once
// For tests and fuzz targets only: certificates as servers present them, well formed or not. They are
// not signed: nobody here verifies an upstream's signature.
#include <optional>
#include <string>
#include <vector>

#include "profile/testing.h"

namespace certwright::profile::testing {

struct Upstream {
  std::string subject = "CN=www.example.com";
  std::vector<std::string> dns = {"www.example.com"};
  std::vector<std::string> ip{};
  Time begin = at("2024-04-01"), end = at("2024-07-01");
  std::optional<x509::KeyUsage> key_usage{};
  std::vector<der::Oid> purposes{};
  Bytes key_algorithm_tlv = must(from_hex("301306072a8648ce3d020106082a8648ce3d030107"));
  std::vector<x509::Extension> more{};
  std::vector<x509::GeneralName> other_names{};  // in front of the others
  Bytes raw_names{};                             // behind the others
  Bytes subject_tlv{};                           // instead of `subject`
  bool version_1 = false;

  Bytes names_value() const {
    der::Writer w;
    w.sequence([&] {
      for (const auto& name : other_names) name.write(w);
      for (const auto& name : dns) w.string(der::context(2), name);
      for (const auto& address : ip) w.primitive(der::context(7), must(x509::parse_ip_address(address)));
      w.raw(raw_names);
    });
    return std::move(w).take();
  }

  Bytes der() const {
    der::Writer w;
    w.sequence([&] {
      w.sequence([&] { write_tbs(w); });
      w.raw(ecdsa_sha256_tlv());
      w.bit_string(Bytes{0x30, 0x00});
    });
    return std::move(w).take();
  }

 private:
  void write_tbs(der::Writer& w) const {
    if (!version_1) w.nested(der::context_constructed(0), [&] { w.integer(2); });
    w.integer(4711);
    w.raw(ecdsa_sha256_tlv());
    w.raw(must(x509::Name::from_text("CN=Public CA")).tlv());
    w.sequence([&] {
      w.time(begin);
      w.time(end);
    });
    w.raw(subject_tlv.empty() ? to_bytes(must(x509::Name::from_text(subject)).tlv()) : subject_tlv);
    w.sequence([&] {
      w.raw(key_algorithm_tlv);
      w.bit_string(Bytes{0x04, 0x00});
    });
    if (version_1) return;
    w.nested(der::context_constructed(3), [&] {
      w.sequence([&] {
        const auto put = [&w](const der::Oid& oid, bool critical, const Bytes& value) {
          w.sequence([&] {
            w.oid(oid);
            if (critical) w.boolean(true);
            w.octet_string(value);
          });
        };
        if (key_usage) put(x509::oids::kKeyUsage, true, x509::encode_key_usage(*key_usage));
        if (!purposes.empty()) put(x509::oids::kExtKeyUsage, false, x509::encode_ext_key_usage(purposes));
        if (const Bytes names = names_value(); names.size() > 2) put(x509::oids::kSubjectAltName, false, names);
        for (const auto& extension : more) put(extension.oid, extension.critical, extension.value);
      });
    });
  }
};

}  // namespace certwright::profile::testing
