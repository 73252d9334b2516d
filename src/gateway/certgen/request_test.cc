// Requests in every form that real clients send, and in those that g3fcgen leaves unanswered.
#include "gateway/certgen/request.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "msgpack/writer.h"
#include "x509/pem.h"

namespace certwright::gateway::certgen {
namespace {

using issuance::InterceptionUsage;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

struct FormCase {
  const char* name;
  std::string_view encoded;
  std::string_view host;
  std::uint8_t service = 0;
  InterceptionUsage usage = InterceptionUsage::tls_server;
  std::string_view certificate_hex = "";
};

class Forms : public testing::TestWithParam<FormCase> {};

TEST_P(Forms, AreRead) {
  const Bytes datagram = hex(GetParam().encoded);
  RequestDecoder decoder;
  const auto request = decoder.decode(datagram);
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->host, GetParam().host);
  EXPECT_EQ(request->service, GetParam().service);
  EXPECT_EQ(request->usage, GetParam().usage);
  EXPECT_EQ(to_hex(request->upstream_certificate), GetParam().certificate_hex);
}

constexpr auto kTongsuo = InterceptionUsage::tls_server_tongsuo;
constexpr auto kSign = InterceptionUsage::tlcp_server_signature;
constexpr auto kEnc = InterceptionUsage::tlcp_server_encryption;

INSTANTIATE_TEST_SUITE_P(
    Root, Forms,
    testing::Values(FormCase{"NumberedKey", "8101a161", "a"}, FormCase{"NamedKey", "81a4686f7374a161", "a"},
                    FormCase{"NamedKeyUpperCase", "81a4484f5354a161", "a"}, FormCase{"NamedKeyAsOctets", "81c404686f7374a161", "a"},
                    FormCase{"BareText", "a161", "a"}, FormCase{"BareOctets", "c40161", "a"}, FormCase{"BareInteger", "cd1f90", "8080"},
                    FormCase{"WideKey", "81cf0000000000000001a161", "a"}, FormCase{"Map16", "de000101a161", "a"},
                    FormCase{"Map32", "df0000000101a161", "a"}, FormCase{"TrailingOctets", "8101a161ff00c1", "a"},
                    FormCase{"LastDuplicateWins", "8301a16101a16201a163", "c"}),
    [](const auto& c) { return std::string(c.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Host, Forms,
    testing::Values(FormCase{"Empty", "8101a0", ""}, FormCase{"Octets", "8101c40161", "a"}, FormCase{"Integer", "810107", "7"},
                    FormCase{"NegativeInteger", "8101ff", "-1"}, FormCase{"UpperCaseIsKept", "8101a44578412e", "ExA."},
                    FormCase{"LongHead", "8101db0000000161", "a"}, FormCase{"UnderscoreAndSpace", "8101a35f2062", "_ b"}),
    [](const auto& c) { return std::string(c.param.name); });

INSTANTIATE_TEST_SUITE_P(
    ServiceAndUsage, Forms,
    testing::Values(FormCase{"ClientForm", "8301a16102010400", "a", 1}, FormCase{"WideNumbers", "8301a16102cd000204cf0000000000000001", "a", 2, kTongsuo},
                    FormCase{"Names", "8301a161a773657276696365a4534d5450a57573616765b5746c63705f7365727665725f7369676e6174757265", "a", 1, kSign},
                    FormCase{"MixedCaseAndDashes", "8301a16102a4496d6170a55573616765af746c63702d7365727665722d656e63", "a", 2, kEnc},
                    FormCase{"TlcpSignature", "8201a161040b", "a", 0, kSign}, FormCase{"TlcpEncryption", "8201a161040c", "a", 0, kEnc},
                    FormCase{"NumbersAsText", "8301a16102a13104a23131", "a", 1, kSign},
                    FormCase{"UnknownServiceIsEchoed", "8201a16102ccc8", "a", 200}),
    [](const auto& c) { return std::string(c.param.name); });

INSTANTIATE_TEST_SUITE_P(
    CertificateAndUnknownKeys, Forms,
    testing::Values(FormCase{"DerInOctets", "8201a16103c4023000", "a", 0, InterceptionUsage::tls_server, "3000"},
                    FormCase{"DerInText", "8201a16103a23000", "a", 0, InterceptionUsage::tls_server, "3000"},
                    FormCase{"NilIsNone", "8201a16103c0", "a"}, FormCase{"NeitherPemNorDer", "8201a16103c403010203", "a"},
                    FormCase{"EmptyIsNone", "8201a16103c400", "a"}, FormCase{"UnknownNumber", "8201a16164c0", "a"},
                    FormCase{"UnknownName", "8201a161a1788301920203c0c3c2a0", "a"}, FormCase{"NegativeKey", "82ff0001a161", "a"},
                    FormCase{"KeyIsAContainer", "829281a17801020301a161", "a"}, FormCase{"KeyIsNil", "82c00101a161", "a"},
                    FormCase{"LastCertificateWins", "8301a16103c402300003c0", "a"}),
    [](const auto& c) { return std::string(c.param.name); });

struct RefusedCase { const char* name; std::string_view encoded; Errc error; };
class Refused : public testing::TestWithParam<RefusedCase> {};

TEST_P(Refused, HasNoHostOrNoMeaning) {
  const Bytes datagram = hex(GetParam().encoded);
  RequestDecoder decoder;
  const auto request = decoder.decode(datagram);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Requests, Refused,
    testing::Values(RefusedCase{"Nothing", "", Errc::bad_encoding}, RefusedCase{"Nil", "c0", Errc::bad_encoding},
                    RefusedCase{"EmptyMap", "80", Errc::bad_encoding}, RefusedCase{"Array", "91a161", Errc::bad_encoding},
                    RefusedCase{"HostIsNil", "8101c0", Errc::bad_encoding}, RefusedCase{"HostIsAMap", "810180", Errc::bad_encoding},
                    RefusedCase{"OnlyCertificate", "8103c4023000", Errc::bad_encoding}, RefusedCase{"Truncated", "8201a16103c40330", Errc::bad_encoding},
                    RefusedCase{"Usage2", "8201a1610402", Errc::invalid}, RefusedCase{"UsageWithoutMeaning", "8201a16104a3787879", Errc::invalid},
                    RefusedCase{"Service256", "8201a16102cd0100", Errc::invalid}, RefusedCase{"ServiceIsNegative", "8201a16102ff", Errc::invalid},
                    RefusedCase{"ServiceWithoutMeaning", "8201a16102a3667470", Errc::invalid}, RefusedCase{"UsageIsFloat", "8201a16104cb0000000000000000", Errc::invalid}),
    [](const auto& c) { return std::string(c.param.name); });

Bytes text_request(std::string_view host, std::string_view cert, bool as_text_value) {
  Bytes buffer(host.size() + cert.size() + 32);
  msgpack::Writer writer(buffer);
  writer.map_head(2).text("host").text(host).text("cert");
  if (as_text_value) writer.text(cert);
  else writer.binary(as_bytes(cert));
  buffer.resize(writer.size());
  return buffer;
}

TEST(Certificate, PemIsReadAsTextAndAsOctetsAndTheFirstBlockCounts) {
  const Bytes first = hex("3003020101"), second = hex("3003020102");
  const std::string pem = "subject=x\n" + x509::to_pem("CERTIFICATE", first) + x509::to_pem("CERTIFICATE", second);
  for (const bool as_text_value : {true, false}) {
    const Bytes datagram = text_request("a", pem, as_text_value);
    RequestDecoder decoder;
    const auto request = decoder.decode(datagram);
    ASSERT_TRUE(request);
    EXPECT_EQ(to_hex(request->upstream_certificate), to_hex(first));
  }
}

TEST(Certificate, BrokenPemIsAsNone) {
  for (const auto* pem : {"-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
                          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    const Bytes datagram = text_request("a", pem, true);
    RequestDecoder decoder;
    const auto request = decoder.decode(datagram);
    ASSERT_TRUE(request) << pem;
    EXPECT_TRUE(request->upstream_certificate.empty()) << pem;
  }
}

TEST(Sizes, ADatagramOfFullSizeIsRead) {
  std::string der(kRequestOctetsMax - 16, '\x30');
  const Bytes datagram = text_request("a", der, false);
  ASSERT_LE(datagram.size(), kRequestOctetsMax);
  ASSERT_GT(datagram.size(), kRequestOctetsMax - 16);
  RequestDecoder decoder;
  const auto request = decoder.decode(datagram);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->upstream_certificate.size(), der.size());
}

TEST(Sizes, AHostUpToTheLimit) {
  const std::string host(kHostOctetsMax, 'h');
  RequestDecoder decoder;
  EXPECT_TRUE(decoder.decode(encode_request({.host = host, .service = 0, .usage = {}, .upstream_certificate = {}})));
  const auto refused = decoder.decode(encode_request({.host = host + "h", .service = 0, .usage = {}, .upstream_certificate = {}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_large);
}

TEST(ClientForm, IsWhatG3proxySends) {
  const Bytes certificate = hex("3000");
  EXPECT_EQ(to_hex(encode_request({.host = "www.example.com", .service = 0, .usage = kSign, .upstream_certificate = certificate})),
            "8401af7777772e6578616d706c652e636f6d0200040b03c4023000");
}

// The vectors are the fuzz target's seeds too.
TEST(Vectors, AllAreReadToWhatTheirNamesSay) {
  struct Case { const char* file; std::string_view host; std::uint8_t service; InterceptionUsage usage; bool has_certificate; };
  for (const auto& c : {Case{"req_min_mapint", "a", 0, {}, false}, Case{"req_min_mapstr", "a", 0, {}, false},
                        Case{"req_bare_string", "a", 0, {}, false}, Case{"req_nocert_client_style", "www.example.com", 0, {}, false},
                        Case{"req_ec_http", "www.example.com", 0, {}, true}, Case{"req_ec_smtp", "mx.example.com", 1, {}, true},
                        Case{"req_ec_imap", "imap.example.com", 2, {}, true}, Case{"req_ec_tongsuo", "www.example.com", 0, kTongsuo, true},
                        Case{"req_noku", "noku.example", 0, {}, true}}) {
    std::ifstream in(std::string("testdata/fuzz/certgen_request/") + c.file + ".bin", std::ios::binary);
    ASSERT_TRUE(in) << c.file;
    const std::string datagram{std::istreambuf_iterator<char>(in), {}};
    RequestDecoder decoder;
    const auto request = decoder.decode(as_bytes(datagram));
    ASSERT_TRUE(request) << c.file;
    EXPECT_EQ(request->host, c.host);
    EXPECT_EQ(request->service, c.service);
    EXPECT_EQ(request->usage, c.usage);
    EXPECT_EQ(!request->upstream_certificate.empty(), c.has_certificate);
  }
}

}  // namespace
}  // namespace certwright::gateway::certgen
