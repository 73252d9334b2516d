#include "pkcs10/certification_request.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "x509/golden.h"
#include "x509/oids.h"

namespace certwright::pkcs10 {
namespace certification_request_test {  // test files are compiled together

namespace golden = x509::golden;
namespace oids = x509::oids;

CertificationRequest golden_request(const std::string& name) {
  return CertificationRequest::parse(golden::read_der("testdata/request/" + name + ".pem")).value();
}

const Bytes& algorithm() {
  static const Bytes tlv = from_hex("300506032b6570").value();
  return tlv;
}
Bytes key_info() {
  der::Writer w;
  w.sequence([&] {
    w.raw(algorithm());
    w.bit_string(Bytes(32, 1));
  });
  return std::move(w).take();
}

TEST(RequestGolden, AllAreReadAndBuiltAgainByteForByte) {
  for (const auto& file : golden::files_in("testdata/request")) {
    const Bytes der = golden::read_der(file);
    const auto request = CertificationRequest::parse(der);
    ASSERT_TRUE(request) << file << ": " << request.error().detail;
    EXPECT_EQ(parse_pem_or_der(der)->info_tlv().size(), request->info_tlv().size());
    EXPECT_EQ(to_bytes(parse_pem_or_der(as_bytes(golden::read_text(file)))->der()), der);
    EXPECT_EQ(to_bytes(parse_pem_or_der(as_bytes(request->pem()))->der()), der);
    if (request->attributes().size() != (request->requested_extensions().empty() ? 0U : 1U))
      continue;
    const auto info =
        encode_request_info(request->subject(), request->subject_public_key_info_tlv(),
                            request->requested_extensions())
            .value();
    EXPECT_EQ(to_hex(info.tlv()), to_hex(request->info_tlv())) << file;
    EXPECT_EQ(to_hex(assemble_request(info, request->signature_algorithm_tlv(),
                                      request->signature_value())
                         .tlv()),
              to_hex(der))
        << file;
  }
}

TEST(RequestGolden, SaysWhatIsAskedFor) {
  const auto request = golden_request("extensions");
  EXPECT_EQ(request.subject().to_text(), "CN=r.example.com,C=SE");
  EXPECT_EQ(request.requested_subject_alt_names()->at(0).text(), "r.example.com");
  EXPECT_EQ(request.requested_extensions().size(), 3U);
  EXPECT_FALSE(request.has_challenge_password());
  EXPECT_TRUE(golden_request("bare").requested_subject_alt_names()->empty());
  EXPECT_TRUE(golden_request("bare").attributes().empty());
  EXPECT_TRUE(golden_request("empty_subject").subject().empty());
  EXPECT_TRUE(golden_request("gnutls").has_challenge_password());
}

TEST(RequestGolden, WildcardsOfTheTlsCertificatesInterface) {
  EXPECT_EQ(golden_request("tls_certificates_banana_com").subject().to_text(),
            "CN=*.banana.com,C=US");
  EXPECT_EQ(golden_request("tls_certificates_banana_ca").subject().to_text(),
            "CN=*.banana.ca,C=US");
  EXPECT_EQ(golden_request("tls_certificates_pizza").subject().to_text(), "CN=*.pizza.com,C=US");
}

TEST(RequestAttributes, UnknownOnesAreKeptRaw) {
  const auto request = golden_request("challenge_password");
  EXPECT_TRUE(request.has_challenge_password());
  ASSERT_EQ(request.attributes().size(), 3U);
  bool found = false;
  for (const Attribute& attribute : request.attributes()) {
    if (attribute.type.to_text() != "1.2.840.113549.1.9.2") continue;
    found = true;
    EXPECT_EQ(as_text(ByteView(attribute.values_tlv).subspan(4)), "something");
  }
  EXPECT_TRUE(found);
  EXPECT_NE(request.requested_extensions().find(oids::kBasicConstraints), nullptr);
}

struct InfoCase {
  const char* name;
  bool good;
  void (*write)(der::Writer&);
};
void head(der::Writer& w, std::uint64_t version) {
  w.integer(version);
  w.raw(x509::Name().tlv());
  w.raw(key_info());
}
void attributes(der::Writer& w, void (*body)(der::Writer&)) {
  w.nested(der::context_constructed(0), [&] { body(w); });
}
void attribute(der::Writer& w, const der::Oid& type, std::string_view set_hex) {
  w.sequence([&] {
    w.oid(type);
    w.raw(from_hex(set_hex).value());
  });
}
constexpr std::string_view kOneExtension = "310c300a300806022a0304020500";
const InfoCase kInfos[] = {
    {"NoAttributes", true,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer&) {});
     }},
    {"AttributesMissing", false, [](der::Writer& w) { head(w, 0); }},
    {"Version1", false,
     [](der::Writer& w) {
       head(w, 1);
       attributes(w, [](der::Writer&) {});
     }},
    {"Extensions", true,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) { attribute(x, oids::kExtensionRequest, kOneExtension); });
     }},
    {"ExtensionsTwice", false,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) {
         attribute(x, oids::kExtensionRequest, kOneExtension);
         attribute(x, oids::kExtensionRequest, kOneExtension);
       });
     }},
    {"ExtensionsOfTwoValues", false,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) {
         attribute(x, oids::kExtensionRequest,
                   "3118300a300806022a0304020500300a300806022a0404020500");
       });
     }},
    {"ExtensionsEmpty", false,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) { attribute(x, oids::kExtensionRequest, "31023000"); });
     }},
    {"ValuesEmpty", false,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) { attribute(x, oids::kTitle, "3100"); });
     }},
    {"UnknownAttribute", true,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) { attribute(x, oids::kTitle, "31020500"); });
     }},
    {"UnknownAttributeNotDer", false,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) { attribute(x, oids::kTitle, "3103010101"); });
     }},
    {"ValuesUnsorted", false,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) { attribute(x, oids::kTitle, "3106020102020101"); });
     }},
    {"AttributesUnsorted", false,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) {
         attribute(x, oids::kTitle, "31020500");
         attribute(x, oids::kSurname, "31020500");
       });
     }},
    {"ChallengeNotAString", false,
     [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer& x) { attribute(x, oids::kChallengePassword, "31020500"); });
     }},
    {"FieldAtTheEnd", false, [](der::Writer& w) {
       head(w, 0);
       attributes(w, [](der::Writer&) {});
       w.null();
     }}};
class RequestInfo : public testing::TestWithParam<InfoCase> {};
TEST_P(RequestInfo, IsChecked) {
  der::Writer writer;
  writer.sequence([&] { GetParam().write(writer); });
  const der::CertificationRequestInfoDer info(std::move(writer).take());
  const auto request = CertificationRequest::parse(
      to_bytes(assemble_request(info, algorithm(), Bytes(64, 1)).tlv()));
  EXPECT_EQ(request.has_value(), GetParam().good) << (request ? "" : request.error().detail);
}
INSTANTIATE_TEST_SUITE_P(Rfc2986Section4_1, RequestInfo, testing::ValuesIn(kInfos),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(RequestLimits, AreOctetsAndAttributes) {
  EXPECT_EQ(parse_pem_or_der(Bytes(CertificationRequest::kMaxOctets + 1, '-')).error().code,
            Errc::too_large);
  EXPECT_EQ(CertificationRequest::parse(Bytes(CertificationRequest::kMaxOctets + 1)).error().code,
            Errc::too_large);
  const auto with_attributes = [](std::size_t count) {
    der::Writer w;
    w.sequence([&] {
      head(w, 0);
      w.nested(der::context_constructed(0), [&] {
        for (std::size_t i = 0; i < count; ++i)
          attribute(w, der::Oid::from_text("1.2." + std::to_string(10 + i)).value(), "31020500");
      });
    });
    const der::CertificationRequestInfoDer info(std::move(w).take());
    return CertificationRequest::parse(
        to_bytes(assemble_request(info, algorithm(), Bytes(64, 1)).tlv()));
  };
  EXPECT_TRUE(with_attributes(CertificationRequest::kMaxAttributes));
  EXPECT_EQ(with_attributes(CertificationRequest::kMaxAttributes + 1).error().code,
            Errc::too_large);
}

TEST(RequestInput, RefusesOtherPemAndTrailingOctets) {
  Bytes der = golden::read_der("testdata/request/bare.pem");
  der.push_back(0);
  EXPECT_FALSE(parse_pem_or_der(der));
  EXPECT_FALSE(parse_pem_or_der({}));
  EXPECT_FALSE(parse_pem_or_der(as_bytes("hello")));
  EXPECT_FALSE(parse_pem_or_der(as_bytes(x509::to_pem(x509::kPemCertificate, der))));
  const std::string two = golden_request("bare").pem() + golden_request("bare").pem();
  EXPECT_FALSE(parse_pem_or_der(as_bytes(two)));
  // Text that happens to start with the octet of a SEQUENCE.
  EXPECT_TRUE(parse_pem_or_der(as_bytes("0: my request\n" + golden_request("bare").pem())));
}

TEST(RequestInfoEncode, RefusesAKeyThatIsNotASequence) {
  EXPECT_EQ(encode_request_info(x509::Name(), Bytes{0x05, 0x00}, {}).error().code, Errc::invalid);
}

}  // namespace certification_request_test
}  // namespace certwright::pkcs10
