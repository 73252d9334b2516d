// Answers: the octets g3fcgen sends, and what its client accepts and drops.
#include "gateway/certgen/response.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

namespace certwright::gateway::certgen {
namespace {

Bytes answer(const Request& request, std::string_view pem, ByteView key, std::uint32_t ttl_s) {
  Bytes all(head_octets_max(request.host.size()));
  all.resize(encode_head(request, all));
  const auto body = encode_body(pem, key);
  all.insert(all.end(), body.reveal().begin(), body.reveal().end());
  std::array<std::uint8_t, kTailOctetsMax> tail{};
  const auto octets = encode_tail(ttl_s, tail);
  all.insert(all.end(), tail.begin(), tail.begin() + static_cast<std::ptrdiff_t>(octets));
  return all;
}

TEST(Encoding, IsAMapOfSixInTheOrder126345) {
  const Bytes key = {0x30, 0x00};
  const Request request{.host = "a", .service = 1, .usage = issuance::InterceptionUsage::tlcp_server_signature, .upstream_certificate = {}};
  EXPECT_EQ(to_hex(answer(request, "PEM", key, 86'400)), "86" "01a161" "0201" "060b" "03a350454d" "04c4023000" "05ce00015180");
}

TEST(Encoding, HeadFitsItsBoundForEveryHostAndService) {
  for (const std::size_t octets : {0U, 31U, 32U, 255U, 256U, 4096U}) {
    const std::string host(octets, 'h');
    Bytes buffer(head_octets_max(octets));
    const auto used = encode_head({.host = host, .service = 255, .usage = issuance::InterceptionUsage::tlcp_server_encryption, .upstream_certificate = {}}, buffer);
    EXPECT_LE(used, buffer.size()) << octets;
  }
}

TEST(Encoding, TheAnswerOfG3fcgenIsReproducedOctetByOctet) {
  std::ifstream in("testdata/fuzz/certgen_response/rsp_ec_nocert.bin", std::ios::binary);
  const std::string theirs{std::istreambuf_iterator<char>(in), {}};
  ASSERT_EQ(theirs.size(), 1362U);
  const auto read = decode_response(as_bytes(theirs));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->host, "www.example.com");
  EXPECT_EQ(read->ttl_s, 86'400U);
  EXPECT_FALSE(read->key_is_pem);
  EXPECT_TRUE(read->chain_pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
  const Request request{.host = read->host, .service = read->service, .usage = read->usage, .upstream_certificate = {}};
  EXPECT_EQ(to_hex(answer(request, read->chain_pem, read->private_key.reveal(), read->ttl_s)), to_hex(as_bytes(theirs)));
}

struct ClientCase { const char* name; std::string_view encoded; bool accepted; };
class Client : public testing::TestWithParam<ClientCase> {};

TEST_P(Client, AcceptsOrDrops) {
  const Bytes datagram = from_hex(GetParam().encoded).value();
  EXPECT_EQ(decode_response(datagram).has_value(), GetParam().accepted);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, Client,
    testing::Values(ClientCase{"Smallest", "8203a15004c40130", true}, ClientCase{"NamedKeys", "82a443657274a150a34b4559c40130", true},
                    ClientCase{"ArrayOfCertificates", "820392a150c4015104c40130", true}, ClientCase{"KeyAsPem", "8203a15004a150", true},
                    ClientCase{"UnknownKeys", "8403a15004c4013064c0a17801", true}, ClientCase{"TrailingOctets", "8203a15004c40130ff", true},
                    ClientCase{"TtlAsText", "8303a15004c4013005a23630", true}, ClientCase{"Empty", "80", false}, ClientCase{"Nil", "c0", false},
                    ClientCase{"NoKey", "8103a150", false}, ClientCase{"BooleanKey", "81c300", false}, ClientCase{"NegativeTtl", "8303a15004c4013005ff", false},
                    ClientCase{"Usage2", "8303a15004c401300602", false}, ClientCase{"EmptyCertificate", "8203a004c40130", false},
                    ClientCase{"TtlOver32Bits", "8303a15004c4013005cf0000000100000000", false}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(Client, HasABufferOf16384Octets) {
  const Request request{.host = "a", .service = 0, .usage = {}, .upstream_certificate = {}};
  const Bytes key = {0x30};
  const std::size_t overhead = answer(request, std::string(16'000, 'x'), key, 7).size() - 16'000;
  EXPECT_TRUE(decode_response(answer(request, std::string(kResponseOctetsMax - overhead, 'x'), key, 7)));
  const auto dropped = decode_response(answer(request, std::string(kResponseOctetsMax - overhead + 1, 'x'), key, 7));
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().code, Errc::too_large);
}

}  // namespace
}  // namespace certwright::gateway::certgen
