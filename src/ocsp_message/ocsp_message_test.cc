#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <openssl/ocsp.h>

#include "ocsp_message/ocsp_request.h"
#include "ocsp_message/ocsp_response.h"
#include "x509/extension.h"
#include "x509/oids.h"

namespace certwright::ocsp_message {
namespace {

namespace oids = x509::oids;
using x509::RevocationReason;

const Time kNow = from_unix_s(1714743209);

Bytes hex(std::string_view text) { return from_hex(text).value(); }
const Bytes& algorithm() {
  static const Bytes tlv = hex("300506032b6570");
  return tlv;
}

Bytes sha1_cert_id(Bytes serial) {
  return encode_cert_id(oids::kSha1, Bytes(20, 0xaa), Bytes(20, 0xbb), serial);
}
Bytes sha256_cert_id(Bytes serial) {
  return encode_cert_id(oids::kSha256, Bytes(32, 0xaa), Bytes(32, 0xbb), serial);
}

// What OpenSSL writes again after reading; "refused" if it does not read it.
std::string openssl_request_again(ByteView der) {
  const unsigned char* at = der.data();
  OCSP_REQUEST* const request = d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(der.size()));
  if (request == nullptr) return "refused";
  unsigned char* out = nullptr;
  const int size = i2d_OCSP_REQUEST(request, &out);
  std::string again = to_hex({out, static_cast<std::size_t>(size)});
  OPENSSL_free(out);
  OCSP_REQUEST_free(request);
  return again;
}

TEST(OcspRequestRfc6960Section4_1, RoundTripsAndAgreesWithOpenSsl) {
  const Bytes nonce(32, 0x5a);
  const Bytes der = encode_request({sha1_cert_id({1}), sha256_cert_id(hex("0080"))}, nonce);
  EXPECT_EQ(openssl_request_again(der), to_hex(der));
  const auto request = OcspRequest::parse(der);
  ASSERT_TRUE(request) << request.error().detail;
  ASSERT_EQ(request->cert_ids().size(), 2U);
  const CertId& first = request->cert_ids()[0];
  EXPECT_EQ(first.hash_algorithm, oids::kSha1);
  EXPECT_EQ(to_hex(first.issuer_name_hash), to_hex(Bytes(20, 0xaa)));
  EXPECT_EQ(to_hex(first.issuer_key_hash), to_hex(Bytes(20, 0xbb)));
  EXPECT_EQ(to_hex(first.serial_number_content), "01");
  EXPECT_EQ(to_hex(first.tlv), to_hex(sha1_cert_id({1})));
  EXPECT_EQ(to_hex(request->cert_ids()[1].serial_number_content), "0080");
  EXPECT_EQ(to_hex(*request->nonce()), to_hex(nonce));
  EXPECT_TRUE(request->nonce_acceptable());
  EXPECT_FALSE(request->is_signed());
  EXPECT_FALSE(request->has_unknown_critical_extension());
}

TEST(OcspRequestRfc6960Section4_1, ReadsWhatOpenSslWrites) {
  OCSP_REQUEST* const theirs = OCSP_REQUEST_new();
  const Bytes id = sha1_cert_id(hex("7fff"));
  const unsigned char* at = id.data();
  OCSP_CERTID* const cert_id = d2i_OCSP_CERTID(nullptr, &at, static_cast<long>(id.size()));
  ASSERT_NE(cert_id, nullptr);
  OCSP_request_add0_id(theirs, cert_id);
  OCSP_request_add1_nonce(theirs, nullptr, 16);
  unsigned char* out = nullptr;
  const int size = i2d_OCSP_REQUEST(theirs, &out);
  const Bytes der(out, out + size);
  const auto ours = OcspRequest::parse(der);
  ASSERT_TRUE(ours) << ours.error().detail;
  EXPECT_EQ(to_hex(ours->cert_ids().at(0).tlv), to_hex(id));
  EXPECT_EQ(ours->nonce()->size(), 16U);
  OPENSSL_free(out);
  OCSP_REQUEST_free(theirs);
}

// Made, with the files of ../x509/testdata/certificate, by
//   openssl ocsp -issuer root_p256.pem -cert leaf_all_names.pem -reqout sha1_nonce
//   openssl ocsp -sha256 -issuer root_p256.pem -serial 5 -serial 0x80 -no_nonce -reqout sha256_two
//   ocsptool --generate-request --load-issuer root_p256.pem --load-cert leaf_all_names.pem
TEST(OcspRequestGolden, OfOpenSslAndGnuTlsAreRead) {
  const auto read = [](const char* file) {
    std::ifstream in(std::string("testdata/fuzz/ocsp_request/") + file, std::ios::binary);
    const std::string raw{std::istreambuf_iterator<char>(in), {}};
    return to_bytes(as_bytes(raw));
  };
  const Bytes nonced = read("sha1_nonce"), two = read("sha256_two"), gnutls = read("gnutls");
  const auto first = OcspRequest::parse(nonced), second = OcspRequest::parse(two),
             third = OcspRequest::parse(gnutls);
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->cert_ids().at(0).hash_algorithm, oids::kSha1);
  EXPECT_EQ(first->nonce()->size(), 16U);
  ASSERT_EQ(second->cert_ids().size(), 2U);
  EXPECT_EQ(second->cert_ids()[1].hash_algorithm, oids::kSha256);
  EXPECT_EQ(to_hex(second->cert_ids()[1].serial_number_content), "0080");
  EXPECT_FALSE(second->nonce());
  // Both tools name the same certificate by SHA-1.
  EXPECT_EQ(to_hex(third->cert_ids().at(0).tlv), to_hex(first->cert_ids()[0].tlv));
  // What our encoder writes for the same CertIDs and no nonce are OpenSSL's octets.
  EXPECT_EQ(to_hex(encode_request(
                {to_bytes(second->cert_ids()[0].tlv), to_bytes(second->cert_ids()[1].tlv)}, {})),
            to_hex(two));
}

TEST(OcspRequestParse, AbsentParametersAreKept) {
  // A CertID whose AlgorithmIdentifier has no NULL, as some clients write.
  der::Writer writer;
  writer.sequence([&] {
    writer.sequence([&] { writer.oid(oids::kSha256); });
    writer.octet_string(Bytes(32, 1));
    writer.octet_string(Bytes(32, 2));
    writer.integer(5);
  });
  const Bytes cert_id = to_bytes(writer.view());
  const Bytes der = encode_request({cert_id}, {});
  const auto request = OcspRequest::parse(der);
  ASSERT_TRUE(request);
  EXPECT_EQ(to_bytes(request->cert_ids().at(0).tlv), cert_id);
  EXPECT_FALSE(request->nonce());
  EXPECT_TRUE(request->nonce_acceptable());
}

struct NonceCase {
  const char* name;
  std::size_t size;
  bool acceptable;
};
constexpr NonceCase kNonces[] = {
    {"One", 1, true}, {"Thirty", 30, true}, {"Most", 128, true}, {"TooLong", 129, false}};
class NonceLength : public testing::TestWithParam<NonceCase> {};
TEST_P(NonceLength, IsDataNotRefusal) {
  const Bytes der = encode_request({sha1_cert_id({1})}, Bytes(GetParam().size, 1));
  const auto request = OcspRequest::parse(der);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->nonce()->size(), GetParam().size);
  EXPECT_EQ(request->nonce_acceptable(), GetParam().acceptable);
}
INSTANTIATE_TEST_SUITE_P(Rfc9654Section2_1, NonceLength, testing::ValuesIn(kNonces),
                         [](const auto& c) { return std::string(c.param.name); });

// A request with these fields in tbsRequest after one CertID.
Bytes request_with(void (*before)(der::Writer&), void (*single)(der::Writer&),
                   void (*after)(der::Writer&), void (*outside)(der::Writer&)) {
  der::Writer w;
  w.sequence([&] {
    w.sequence([&] {
      before(w);
      w.sequence([&] {
        w.sequence([&] {
          w.raw(sha1_cert_id({1}));
          single(w);
        });
      });
      after(w);
    });
    outside(w);
  });
  return std::move(w).take();
}
void nothing(der::Writer&) {}
void extension(der::Writer& w, const der::Oid& oid, bool critical, std::string_view value_hex) {
  w.sequence([&] {
    w.oid(oid);
    if (critical) w.boolean(true);
    w.octet_string(hex(value_hex));
  });
}

TEST(OcspRequestNonce, MalformedOrEmptyOnesAreSeen) {
  for (const char* value : {"", "01020304", "0400", "040101ff", "02010a"}) {
    static std::string_view current;
    current = value;
    const Bytes der = request_with(
        nothing, nothing,
        [](der::Writer& w) {
          w.nested(der::context_constructed(2),
                   [&] { w.sequence([&] { extension(w, oids::kOcspNonce, false, current); }); });
        },
        nothing);
    const auto request = OcspRequest::parse(der);
    ASSERT_TRUE(request) << value;
    EXPECT_TRUE(request->nonce().has_value());
    EXPECT_FALSE(request->nonce_acceptable()) << value;
  }
}

struct RequestCase {
  const char* name;
  bool good, unknown_critical, is_signed;
  void (*before)(der::Writer&);
  void (*single)(der::Writer&);
  void (*after)(der::Writer&);
  void (*outside)(der::Writer&);
};
const RequestCase kRequests[] = {
    {"Plain", true, false, false, nothing, nothing, nothing, nothing},
    {"VersionWrittenOut", false, false, false,
     [](der::Writer& w) { w.nested(der::context_constructed(0), [&] { w.integer(0); }); }, nothing,
     nothing, nothing},
    {"RequestorName", true, false, false,
     [](der::Writer& w) {
       w.nested(der::context_constructed(1), [&] { w.string(der::context(2), "a.example"); });
     },
     nothing, nothing, nothing},
    {"RequestorNameBad", false, false, false,
     [](der::Writer& w) { w.nested(der::context_constructed(1), [&] { w.null(); }); }, nothing,
     nothing, nothing},
    {"SingleExtension", true, false, false, nothing,
     [](der::Writer& w) {
       w.nested(der::context_constructed(0),
                [&] { w.sequence([&] { extension(w, oids::kTlsFeature, false, "0500"); }); });
     },
     nothing, nothing},
    {"SingleCriticalExtension", true, true, false, nothing,
     [](der::Writer& w) {
       w.nested(der::context_constructed(0),
                [&] { w.sequence([&] { extension(w, oids::kTlsFeature, true, "0500"); }); });
     },
     nothing, nothing},
    {"CriticalExtension", true, true, false, nothing, nothing,
     [](der::Writer& w) {
       w.nested(der::context_constructed(2),
                [&] { w.sequence([&] { extension(w, oids::kTlsFeature, true, "0500"); }); });
     },
     nothing},
    {"CriticalNonceIsKnown", true, false, false, nothing, nothing,
     [](der::Writer& w) {
       w.nested(der::context_constructed(2),
                [&] { w.sequence([&] { extension(w, oids::kOcspNonce, true, "040101"); }); });
     },
     nothing},
    {"NonceTwice", false, false, false, nothing, nothing,
     [](der::Writer& w) {
       w.nested(der::context_constructed(2), [&] {
         w.sequence([&] {
           extension(w, oids::kOcspNonce, true, "040101");
           extension(w, oids::kOcspNonce, true, "040101");
         });
       });
     },
     nothing},
    {"ExtensionsEmpty", false, false, false, nothing, nothing,
     [](der::Writer& w) { w.nested(der::context_constructed(2), [&] { w.sequence([] {}); }); },
     nothing},
    {"Signed", true, false, true, nothing, nothing, nothing,
     [](der::Writer& w) {
       w.nested(der::context_constructed(0), [&] {
         w.sequence([&] {
           w.raw(algorithm());
           w.bit_string(Bytes(64, 1));
         });
       });
     }},
    {"SignatureNotDer", false, false, false, nothing, nothing, nothing,
     [](der::Writer& w) {
       w.nested(der::context_constructed(0), [&] { w.raw(Bytes{0x01, 0x01, 0x01}); });
     }},
    {"FieldAtTheEnd", false, false, false, nothing, nothing, nothing,
     [](der::Writer& w) { w.null(); }}};
class OcspRequestGrammar : public testing::TestWithParam<RequestCase> {};
TEST_P(OcspRequestGrammar, IsChecked) {
  const auto& c = GetParam();
  const Bytes der = request_with(c.before, c.single, c.after, c.outside);
  const auto request = OcspRequest::parse(der);
  ASSERT_EQ(request.has_value(), c.good) << (request ? "" : request.error().detail);
  if (!request) return;
  EXPECT_EQ(request->has_unknown_critical_extension(), c.unknown_critical);
  EXPECT_EQ(request->is_signed(), c.is_signed);
}
INSTANTIATE_TEST_SUITE_P(Rfc6960Section4_1_1, OcspRequestGrammar, testing::ValuesIn(kRequests),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(OcspRequestLimits, AreCertIdsAndOctets) {
  const auto with = [](std::size_t count) {
    std::vector<Bytes> ids(count, sha1_cert_id({1}));
    const Bytes der = encode_request(ids, {});
    const auto request = OcspRequest::parse(der);
    return request ? std::optional<Errc>() : request.error().code;
  };
  EXPECT_EQ(with(0), Errc::bad_encoding);
  EXPECT_EQ(with(OcspRequest::kMaxCertIds), std::nullopt);
  EXPECT_EQ(with(OcspRequest::kMaxCertIds + 1), Errc::too_large);
  EXPECT_EQ(OcspRequest::parse(Bytes(OcspRequest::kMaxOctets + 1)).error().code, Errc::too_large);
  Bytes trailing = encode_request({sha1_cert_id({1})}, {});
  trailing.push_back(0);
  EXPECT_EQ(OcspRequest::parse(trailing).error().code, Errc::bad_encoding);
}

TEST(OcspResponseRfc6960Section4_2, EveryStatusRoundTripsAndAgreesWithOpenSsl) {
  const Bytes a = sha1_cert_id({1}), b = sha256_cert_id({2}), c = sha1_cert_id({3}),
              d = sha1_cert_id({4});
  const std::vector<SingleResponse> singles = {
      {.cert_id_tlv = a,
       .status = CertStatus::good,
       .this_update = kNow,
       .next_update = kNow + std::chrono::hours(1)},
      {.cert_id_tlv = b,
       .status = CertStatus::revoked,
       .revocation_time = from_unix_s(1700000000),
       .reason = RevocationReason::key_compromise,
       .this_update = kNow,
       .next_update = {}},
      {.cert_id_tlv = c,
       .status = CertStatus::revoked,
       .revocation_time = from_unix_s(1700000001),
       .reason = RevocationReason::unspecified,
       .this_update = kNow,
       .next_update = {}},
      {.cert_id_tlv = d, .status = CertStatus::unknown, .this_update = kNow, .next_update = {}}};
  const Bytes nonce = hex("0102030405");
  const auto data = encode_response_data(Bytes(20, 0xcc), kNow, singles, nonce);
  const Bytes der = assemble_basic_response(data, algorithm(), Bytes(64, 9), {});

  const auto ours = OcspResponse::parse(der);
  ASSERT_TRUE(ours) << ours.error().detail;
  EXPECT_EQ(ours->status(), OcspResponseStatus::successful);
  EXPECT_EQ(to_hex(ours->responder_key_hash()), to_hex(Bytes(20, 0xcc)));
  EXPECT_EQ(ours->produced_at(), kNow);
  EXPECT_EQ(to_hex(*ours->nonce()), to_hex(nonce));
  EXPECT_EQ(to_hex(ours->response_data_tlv()), to_hex(data.tlv()));
  EXPECT_EQ(to_hex(ours->signature_value()), to_hex(Bytes(64, 9)));
  ASSERT_EQ(ours->responses().size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const SingleResponse &read = ours->responses()[i], &written = singles[i];
    EXPECT_EQ(to_hex(read.cert_id_tlv), to_hex(written.cert_id_tlv));
    EXPECT_EQ(read.status, written.status);
    EXPECT_EQ(read.revocation_time, written.revocation_time);
    EXPECT_EQ(read.reason, written.reason);
    EXPECT_EQ(read.this_update, written.this_update);
    EXPECT_EQ(read.next_update, written.next_update);
  }

  const unsigned char* at = der.data();
  OCSP_RESPONSE* const theirs = d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size()));
  ASSERT_NE(theirs, nullptr);
  EXPECT_EQ(OCSP_response_status(theirs), OCSP_RESPONSE_STATUS_SUCCESSFUL);
  OCSP_BASICRESP* const basic = OCSP_response_get1_basic(theirs);
  ASSERT_NE(basic, nullptr);
  EXPECT_EQ(OCSP_resp_count(basic), 4);
  const int expected_status[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
                                 V_OCSP_CERTSTATUS_REVOKED, V_OCSP_CERTSTATUS_UNKNOWN};
  const int expected_reason[] = {-1, OCSP_REVOKED_STATUS_KEYCOMPROMISE, -1, -1};
  for (int i = 0; i < 4; ++i) {
    int reason = -2;
    EXPECT_EQ(OCSP_single_get0_status(OCSP_resp_get0(basic, i), &reason, nullptr, nullptr, nullptr),
              expected_status[i]);
    if (expected_status[i] == V_OCSP_CERTSTATUS_REVOKED) {
      EXPECT_EQ(reason, expected_reason[i]);
    }
  }
  unsigned char* out = nullptr;
  const int size = i2d_OCSP_BASICRESP(basic, &out);
  const std::string basic_hex = to_hex({out, static_cast<std::size_t>(size)});
  EXPECT_NE(to_hex(der).find(basic_hex), std::string::npos);
  OPENSSL_free(out);
  OCSP_BASICRESP_free(basic);
  OCSP_RESPONSE_free(theirs);
}

TEST(OcspResponseRfc6960Section4_2, CarriesCertificates) {
  const Bytes id = sha1_cert_id({1});
  const auto data = encode_response_data(
      Bytes(20, 1), kNow,
      {{.cert_id_tlv = id, .status = CertStatus::good, .this_update = kNow, .next_update = {}}},
      {});
  const Bytes one = hex("30020500"), two = hex("3000");
  const auto response =
      OcspResponse::parse(assemble_basic_response(data, algorithm(), Bytes(64, 1), {one, two}));
  ASSERT_TRUE(response);
  ASSERT_EQ(response->certificates().size(), 2U);
  EXPECT_EQ(to_bytes(response->certificates()[0]), one);
  EXPECT_FALSE(response->nonce());
}

TEST(OcspResponseErrors, AreFiveOctets) {
  for (const auto status : {OcspResponseStatus::malformed_request,
                            OcspResponseStatus::internal_error, OcspResponseStatus::try_later,
                            OcspResponseStatus::sig_required, OcspResponseStatus::unauthorized}) {
    const Bytes der = error_response(status);
    EXPECT_EQ(der.size(), 5U);
    EXPECT_EQ(OcspResponse::parse(der)->status(), status);
    const unsigned char* at = der.data();
    OCSP_RESPONSE* const theirs = d2i_OCSP_RESPONSE(nullptr, &at, 5);
    ASSERT_NE(theirs, nullptr);
    EXPECT_EQ(OCSP_response_status(theirs), static_cast<int>(status));
    OCSP_RESPONSE_free(theirs);
  }
  EXPECT_EQ(name_of(OcspResponseStatus::unauthorized), "unauthorized");
}

TEST(OcspResponseParse, RefusesOtherShapes) {
  for (const char* bad : {"", "3000", "30030a0104", "30030a0107", "30030a0100", "30050a01060500",
                          "30030a010600", "3003020106"})
    EXPECT_FALSE(OcspResponse::parse(hex(bad))) << bad;
  EXPECT_EQ(OcspResponse::parse(Bytes(OcspResponse::kMaxOctets + 1)).error().code, Errc::too_large);
}

}  // namespace
}  // namespace certwright::ocsp_message
