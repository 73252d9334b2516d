#include "x509/certificate.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "x509/golden.h"
#include "x509/oids.h"
#include "x509/tbs_certificate.h"

namespace certwright::x509 {
namespace certificate_test {  // test files are compiled together

Certificate golden_certificate(const std::string& name) {
  return Certificate::parse(golden::read_der("testdata/certificate/" + name + ".pem")).value();
}

// A TBSCertificate of ours with the fields of `certificate`.
TbsCertificate fields_of(const Certificate& certificate) {
  return {.serial_number = certificate.serial_number().value(),
          .signature_algorithm_tlv = to_bytes(certificate.signature_algorithm_tlv()),
          .issuer_tlv = to_bytes(certificate.issuer_tlv()),
          .not_before = certificate.not_before(),
          .not_after = certificate.not_after(),
          .subject_tlv = to_bytes(certificate.subject_tlv()),
          .subject_public_key_info_tlv = to_bytes(certificate.subject_public_key_info_tlv()),
          .extensions = certificate.extensions()};
}

TEST(CertificateGolden, AllRoundTripByteForByte) {
  for (const auto& file : golden::files_in("testdata/certificate")) {
    const Bytes der = golden::read_der(file);
    const auto certificate = Certificate::parse(der);
    ASSERT_TRUE(certificate) << file << ": " << certificate.error().detail;
    EXPECT_EQ(parse_pem_one(certificate->pem(), kPemCertificate).value(), der);
    if (certificate->version() != 3 || !certificate->serial_number()) continue;
    const auto tbs = encode(fields_of(*certificate)).value();
    EXPECT_EQ(to_hex(tbs.tlv()), to_hex(certificate->tbs_tlv())) << file;
    const auto whole = assemble_certificate(tbs, certificate->signature_algorithm_tlv(),
                                            certificate->signature_value());
    EXPECT_EQ(to_hex(whole.tlv()), to_hex(der)) << file;
  }
}

TEST(CertificateGolden, FieldsAgreeWithOpenSsl) {
  for (const auto& file : golden::files_in("testdata/certificate")) {
    const Bytes der = golden::read_der(file);
    const Certificate ours = Certificate::parse(der).value();
    const unsigned char* at = der.data();
    X509* const theirs = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
    ASSERT_NE(theirs, nullptr) << file;
    EXPECT_EQ(ours.version(), X509_get_version(theirs) + 1);
    const auto seconds = [](const ASN1_TIME* time) {
      std::tm parts{};
      ASN1_TIME_to_tm(time, &parts);
      return static_cast<std::int64_t>(timegm(&parts));
    };
    EXPECT_EQ(to_unix_s(ours.not_before()), seconds(X509_get0_notBefore(theirs)));
    EXPECT_EQ(to_unix_s(ours.not_after()), seconds(X509_get0_notAfter(theirs)));
    EXPECT_EQ(static_cast<int>(ours.extensions().size()), X509_get_ext_count(theirs));
    EXPECT_EQ(ours.is_ca(), (X509_get_extension_flags(theirs) & EXFLAG_CA) != 0);
    const ASN1_BIT_STRING* const key = X509_get0_pubkey_bitstr(theirs);
    EXPECT_EQ(
        to_hex(ours.subject_public_key()),
        to_hex({ASN1_STRING_get0_data(key), static_cast<std::size_t>(ASN1_STRING_length(key))}));
    if (const ASN1_OCTET_STRING* const skid = X509_get0_subject_key_id(theirs)) {
      EXPECT_EQ(to_hex(ours.subject_key_identifier()),
                to_hex({ASN1_STRING_get0_data(skid),
                        static_cast<std::size_t>(ASN1_STRING_length(skid))}));
    }
    unsigned char* subject = nullptr;
    const int size = i2d_X509_NAME(X509_get_subject_name(theirs), &subject);
    EXPECT_EQ(to_hex(ours.subject().tlv()), to_hex({subject, static_cast<std::size_t>(size)}));
    OPENSSL_free(subject);
    X509_free(theirs);
  }
}

TEST(CertificateSerial, UnacceptableOnesAreReadableRaw) {
  EXPECT_FALSE(golden_certificate("serial_negative").serial_number());
  EXPECT_EQ(to_hex(golden_certificate("serial_negative").serial_number_content()), "ff7f");
  EXPECT_FALSE(golden_certificate("serial_zero").serial_number());
  EXPECT_EQ(golden_certificate("serial_twenty_octets").serial_number()->decimal(),
            "730750818665451459101842416358141509827966271487");
}

TEST(CertificateVersions, AreOneAndThree) {
  EXPECT_EQ(golden_certificate("version_1").version(), 1);
  EXPECT_TRUE(golden_certificate("version_1").extensions().empty());
  EXPECT_FALSE(golden_certificate("version_1").is_ca());
  EXPECT_EQ(golden_certificate("root_p256").version(), 3);
  EXPECT_TRUE(golden_certificate("root_p256").is_ca());
  EXPECT_TRUE(golden_certificate("root_p256").is_self_issued());
  EXPECT_FALSE(golden_certificate("intermediate").is_self_issued());
}

TEST(CertificateCopy, ViewsBelongToTheCopy) {
  std::optional<Certificate> original = golden_certificate("leaf_all_names");
  const Certificate copy = *original;
  const std::string before = to_hex(original->subject_tlv());
  const Certificate moved = std::move(*original);
  original.reset();
  EXPECT_EQ(to_hex(copy.subject_tlv()), before);
  EXPECT_EQ(to_hex(moved.subject_tlv()), before);
  EXPECT_NE(copy.der().data(), moved.der().data());
  EXPECT_EQ(copy, moved);
}

TEST(CertificateParse, RefusesWhatIsAroundIt) {
  Bytes der = golden::read_der("testdata/certificate/leaf_all_names.pem");
  der.push_back(0);
  EXPECT_EQ(Certificate::parse(der).error().code, Errc::bad_encoding);
  der.pop_back();
  der.pop_back();
  EXPECT_FALSE(Certificate::parse(der));
  EXPECT_FALSE(Certificate::parse({}));
  EXPECT_EQ(Certificate::parse(Bytes(Certificate::kMaxOctets + 1)).error().code, Errc::too_large);
}

TEST(CertificateParseRfc5280Section4_1_1_2, InnerAndOuterAlgorithmMustBeEqual) {
  const Certificate leaf = golden_certificate("leaf_all_names");
  const Certificate other = golden_certificate("leaf_rsa");
  const auto mixed = assemble_certificate(encode(fields_of(leaf)).value(),
                                          other.signature_algorithm_tlv(), leaf.signature_value());
  const auto parsed = Certificate::parse(to_bytes(mixed.tlv()));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().detail, "certificate: inner and outer signature algorithm differ");
}

// Hand-made TBSCertificates: each breaks one rule of the grammar.
struct BrokenCase {
  const char* name;
  bool good;
  void (*write)(der::Writer&);
};
const Bytes& algorithm() {
  static const Bytes tlv = from_hex("300506032b6570").value();
  return tlv;
}
void write_to_spki(der::Writer& w) {
  w.raw(algorithm());
  w.raw(Name().tlv());
  w.sequence([&] {
    w.time(from_unix_s(0));
    w.time(from_unix_s(1));
  });
  w.raw(Name().tlv());
  w.sequence([&] {
    w.raw(algorithm());
    w.bit_string(Bytes(32, 1));
  });
}
void write_version(der::Writer& w, std::uint64_t version) {
  w.nested(der::context_constructed(0), [&] { w.integer(version); });
}
void write_extensions(der::Writer& w) {
  w.nested(der::context_constructed(3), [&] {
    w.sequence([&] {
      w.sequence([&] {
        w.oid(oids::kOcspNoCheck);
        w.octet_string(encode_ocsp_nocheck());
      });
    });
  });
}
const BrokenCase kTbsCases[] = {{"Version1", true,
                                 [](der::Writer& w) {
                                   w.integer(1);
                                   write_to_spki(w);
                                 }},
                                {"Version1WrittenOut", false,
                                 [](der::Writer& w) {
                                   write_version(w, 0);
                                   w.integer(1);
                                   write_to_spki(w);
                                 }},
                                {"Version2", true,
                                 [](der::Writer& w) {
                                   write_version(w, 1);
                                   w.integer(1);
                                   write_to_spki(w);
                                 }},
                                {"Version3", true,
                                 [](der::Writer& w) {
                                   write_version(w, 2);
                                   w.integer(1);
                                   write_to_spki(w);
                                 }},
                                {"Version4", false,
                                 [](der::Writer& w) {
                                   write_version(w, 3);
                                   w.integer(1);
                                   write_to_spki(w);
                                 }},
                                {"ExtensionsInVersion3", true,
                                 [](der::Writer& w) {
                                   write_version(w, 2);
                                   w.integer(1);
                                   write_to_spki(w);
                                   write_extensions(w);
                                 }},
                                {"ExtensionsInVersion2", false,
                                 [](der::Writer& w) {
                                   write_version(w, 1);
                                   w.integer(1);
                                   write_to_spki(w);
                                   write_extensions(w);
                                 }},
                                {"ExtensionsInVersion1", false,
                                 [](der::Writer& w) {
                                   w.integer(1);
                                   write_to_spki(w);
                                   write_extensions(w);
                                 }},
                                {"ExtensionsTwice", false,
                                 [](der::Writer& w) {
                                   write_version(w, 2);
                                   w.integer(1);
                                   write_to_spki(w);
                                   write_extensions(w);
                                   write_extensions(w);
                                 }},
                                {"UniqueIdentifierInVersion2", true,
                                 [](der::Writer& w) {
                                   write_version(w, 1);
                                   w.integer(1);
                                   write_to_spki(w);
                                   w.bit_string(Bytes{1}, der::context(1));
                                   w.bit_string(Bytes{1}, der::context(2));
                                 }},
                                {"UniqueIdentifierInVersion1", false,
                                 [](der::Writer& w) {
                                   w.integer(1);
                                   write_to_spki(w);
                                   w.bit_string(Bytes{1}, der::context(1));
                                 }},
                                {"UniqueIdentifiersSwapped", false,
                                 [](der::Writer& w) {
                                   write_version(w, 1);
                                   w.integer(1);
                                   write_to_spki(w);
                                   w.bit_string(Bytes{1}, der::context(2));
                                   w.bit_string(Bytes{1}, der::context(1));
                                 }},
                                {"SerialOf64Octets", true,
                                 [](der::Writer& w) {
                                   w.integer_content(Bytes(64, 1));
                                   write_to_spki(w);
                                 }},
                                {"SerialOf65Octets", false,
                                 [](der::Writer& w) {
                                   w.integer_content(Bytes(65, 1));
                                   write_to_spki(w);
                                 }},
                                {"SerialPadded", false,
                                 [](der::Writer& w) {
                                   w.integer_content(Bytes{0, 1});
                                   write_to_spki(w);
                                 }},
                                {"FieldAtTheEnd", false, [](der::Writer& w) {
                                   w.integer(1);
                                   write_to_spki(w);
                                   w.null();
                                 }}};
class TbsGrammar : public testing::TestWithParam<BrokenCase> {};
TEST_P(TbsGrammar, IsChecked) {
  der::Writer writer;
  writer.sequence([&] { GetParam().write(writer); });
  const der::TbsCertificateDer tbs(std::move(writer).take());
  const auto certificate =
      Certificate::parse(to_bytes(assemble_certificate(tbs, algorithm(), Bytes(64, 1)).tlv()));
  EXPECT_EQ(certificate.has_value(), GetParam().good)
      << (certificate ? "" : certificate.error().detail);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2, TbsGrammar, testing::ValuesIn(kTbsCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(TbsCertificateEncode, RefusesWhatIsNotASequenceAndTimesOutOfRange) {
  const TbsCertificate good = fields_of(golden_certificate("leaf_all_names"));
  ASSERT_TRUE(encode(good));
  for (Bytes TbsCertificate::* field :
       {&TbsCertificate::signature_algorithm_tlv, &TbsCertificate::issuer_tlv,
        &TbsCertificate::subject_tlv, &TbsCertificate::subject_public_key_info_tlv}) {
    TbsCertificate bad = good;
    (bad.*field).clear();
    EXPECT_EQ(encode(bad).error().code, Errc::invalid);
    (bad.*field) = {0x30, 0x00, 0x00};
    EXPECT_FALSE(encode(bad));
    (bad.*field) = {0x05, 0x00};
    EXPECT_FALSE(encode(bad));
  }
  TbsCertificate late = good;
  late.not_after = from_unix_us(253402300799'999'999);
  EXPECT_TRUE(encode(late));
  late.not_after = from_unix_s(253402300800);
  EXPECT_EQ(encode(late).error().code, Errc::invalid);
}

TEST(CertificatesPem, AreReadInOrder) {
  const Certificate a = golden_certificate("root_p256"), b = golden_certificate("intermediate");
  const auto chain = parse_certificates_pem(b.pem() + a.pem()).value();
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0], b);
  EXPECT_EQ(chain[1], a);
  EXPECT_FALSE(parse_certificates_pem(""));
  EXPECT_FALSE(parse_certificates_pem(a.pem() + to_pem(kPemPublicKey, Bytes{0x30, 0x00})));
}

}  // namespace certificate_test
}  // namespace certwright::x509
