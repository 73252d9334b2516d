#include "x509/lenient_certificate.h"

#include <gtest/gtest.h>

#include "der/writer.h"
#include "x509/certificate.h"
#include "x509/golden.h"
#include "x509/oids.h"

namespace certwright::x509 {
namespace lenient_certificate_test {

Bytes bytes(std::string_view hex) { return from_hex(hex).value(); }

// Of a certificate that the strict reader takes, both read the same.
TEST(LenientCertificate, AgreesWithTheStrictReader) {
  for (const auto& file : golden::files_in("testdata/certificate")) {
    const Bytes der = golden::read_der(file);
    const auto strict = Certificate::parse(der).value();
    const auto lenient = read_leniently(der);
    EXPECT_EQ(to_bytes(lenient.subject_tlv), to_bytes(strict.subject_tlv())) << file;
    EXPECT_EQ(lenient.not_before, strict.not_before()) << file;
    EXPECT_EQ(lenient.not_after, strict.not_after()) << file;
    const auto key = SubjectPublicKeyInfo::parse(strict.subject_public_key_info_tlv()).value();
    EXPECT_EQ(to_bytes(lenient.key_algorithm_oid), to_bytes(key.algorithm.algorithm.content())) << file;
    const auto* usage = strict.find_extension(oids::kKeyUsage);
    ASSERT_EQ(lenient.key_usage.has_value(), usage != nullptr) << file;
    if (usage != nullptr) {
      EXPECT_EQ(*lenient.key_usage, parse_key_usage(usage->value).value());
    }
    EXPECT_EQ(lenient.has_ext_key_usage, strict.find_extension(oids::kExtKeyUsage) != nullptr) << file;
    std::size_t names = 0;
    for (ByteView rest = lenient.subject_alt_name_content; LenientCertificate::take_name(rest);) ++names;
    const auto expected = strict.subject_alt_names();
    EXPECT_EQ(names, expected ? expected->size() : 0) << file;
  }
}

TEST(LenientCertificate, AnyPrefixAndAnyOctetCanBeRead) {
  const Bytes der = golden::read_der("testdata/certificate/leaf_all_names.pem");
  for (std::size_t size = 0; size < der.size(); ++size) (void)read_leniently(ByteView(der).first(size));
  for (std::size_t i = 0; i < der.size(); ++i)
    for (const std::uint8_t octet : Bytes{0x00, 0x7f, 0x80, 0x84, 0x88, 0xff}) {
      Bytes changed = der;
      changed[i] = octet;
      (void)read_leniently(changed);
    }
}

// What Certificate::parse() refuses and servers send: a padded length, an empty extension list, a
// trailing octet.
TEST(LenientCertificate, ReadsWhatTheStrictReaderRefuses) {
  const Bytes der = golden::read_der("testdata/certificate/leaf_all_names.pem");
  ASSERT_EQ(der[1], 0x82);
  Bytes padded = {der[0], 0x83, 0x00, der[2], der[3]};
  padded.insert(padded.end(), der.begin() + 4, der.end());
  padded.push_back(0x00);
  ASSERT_FALSE(Certificate::parse(padded));
  EXPECT_EQ(to_bytes(read_leniently(padded).subject_tlv), to_bytes(read_leniently(der).subject_tlv));
}

struct TimeRow { const char* name; const char* hex; std::optional<std::int64_t> unix_s; };
// All mean 2026-08-01T00:00:00Z, 1785542400, or a minute of it.
const TimeRow kTimes[] = {
    {"Utc", "170d3236303830313030303030305a", 1785542400},
    {"UtcWithoutSeconds", "170b323630383031303030305a", 1785542400},
    {"UtcWithZone", "17113236303830313031333030302b30313330", 1785542400},
    {"UtcWestOfGreenwich", "17113236303733313233303030302d30313030", 1785542400},
    {"Generalized", "180f32303236303830313030303030305a", 1785542400},
    {"GeneralizedWithFraction", "181132303236303830313030303030302e355a", 1785542400},
    {"GeneralizedWithoutSeconds", "180d323032363038303130303030 5a", 1785542400},
    {"NoZone", "170c323630383031303030303030", std::nullopt},
    {"NoSuchDay", "170d3236313333323030303030305a", std::nullopt},
    {"AnotherType", "0401 00", std::nullopt},
    {"Empty", "1700", std::nullopt},
};

TEST(LenientCertificate, Times) {
  for (const TimeRow& row : kTimes) {
    std::string hex;
    for (const char c : std::string_view(row.hex))
      if (c != ' ') hex += c;
    der::Writer w;
    w.sequence([&] {
      w.sequence([&] {
        w.integer(1);
        w.sequence([] {});
        w.sequence([] {});
        w.sequence([&] {
          w.raw(bytes(hex));
          w.raw(bytes(hex));
        });
        w.sequence([] {});
      });
    });
    const auto read = read_leniently(w.view());
    ASSERT_EQ(read.not_after.has_value(), row.unix_s.has_value()) << row.name;
    if (row.unix_s) {
      EXPECT_EQ(to_unix_s(*read.not_after), *row.unix_s) << row.name;
    }
    EXPECT_EQ(read.subject_tlv.size(), 2U) << row.name;
  }
}

}  // namespace lenient_certificate_test
}  // namespace certwright::x509
