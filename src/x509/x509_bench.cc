#include <benchmark/benchmark.h>

#include "x509/certificate.h"
#include "x509/certificate_list.h"
#include "x509/oids.h"
#include "x509/tbs_certificate.h"

namespace certwright::x509 {
namespace {

// A TLS server's certificate as this CA issues them, with a P-256 key: about 700 octets of TBS.
TbsCertificate server_fields() {
  der::Writer key;
  key.sequence([&] {
    key.sequence([&] {
      key.oid(oids::kEcPublicKey);
      key.oid(oids::kSecp256r1);
    });
    key.bit_string(Bytes(65, 4));
  });
  TbsCertificate tbs{
      .serial_number = SerialNumber::from_id(1ULL << 60, {1, 2, 3, 4, 5, 6, 7, 8}),
      .signature_algorithm_tlv = AlgorithmIdentifier{oids::kEcdsaWithSha256, {}}.encode(),
      .issuer_tlv = to_bytes(Name::from_text("CN=Acme Issuing CA 1,O=Acme,C=SE")->tlv()),
      .not_before = from_unix_s(1714743209),
      .not_after = from_unix_s(1714743209 + 90 * 86400),
      .subject_tlv = to_bytes(Name::from_text("CN=service.prod.acme.example,O=Acme")->tlv()),
      .subject_public_key_info_tlv = std::move(key).take(),
      .extensions = {}};
  const auto add = [&](const der::Oid& oid, bool critical, Bytes value) {
    (void)tbs.extensions.add({oid, critical, std::move(value)}).has_value();
  };
  add(oids::kBasicConstraints, true, encode_basic_constraints({}));
  add(oids::kKeyUsage, true, encode_key_usage({KeyUsageBit::digital_signature}));
  add(oids::kExtKeyUsage, false, encode_ext_key_usage({oids::kServerAuth, oids::kClientAuth}));
  add(oids::kSubjectAltName, false,
      encode_subject_alt_name({GeneralName::dns("service.prod.acme.example").value(),
                               GeneralName::dns("*.service.prod.acme.example").value(),
                               GeneralName::ip("10.20.30.40").value()}));
  add(oids::kSubjectKeyIdentifier, false, encode_subject_key_identifier(Bytes(20, 1)));
  add(oids::kAuthorityKeyIdentifier, false, encode_authority_key_identifier(Bytes(20, 2)));
  add(oids::kCrlDistributionPoints, false,
      encode_crl_distribution_points({"http://pki.acme.example/crl/issuing-1.crl"}));
  add(oids::kAuthorityInfoAccess, false,
      encode_authority_info_access(
          {{"http://pki.acme.example/ocsp"}, {"http://pki.acme.example/ca/issuing-1.cer"}}));
  return tbs;
}

void encode_tbs(benchmark::State& state) {
  const TbsCertificate fields = server_fields();
  for (auto _ : state) benchmark::DoNotOptimize(encode(fields));
  state.counters["octets"] = static_cast<double>(encode(fields)->tlv().size());
}
BENCHMARK(encode_tbs);

void build_and_encode_tbs(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(encode(server_fields()));
}
BENCHMARK(build_and_encode_tbs);

void parse_certificate(benchmark::State& state) {
  const TbsCertificate fields = server_fields();
  const auto der =
      assemble_certificate(encode(fields).value(), fields.signature_algorithm_tlv, Bytes(71, 1));
  const Bytes octets = to_bytes(der.tlv());
  for (auto _ : state) benchmark::DoNotOptimize(Certificate::parse(octets));
}
BENCHMARK(parse_certificate);

void serial_decimal(benchmark::State& state) {
  const SerialNumber serial = SerialNumber::from_id(0x0123456789abcdef, {9, 8, 7, 6, 5, 4, 3, 2});
  for (auto _ : state) benchmark::DoNotOptimize(serial.decimal());
}
BENCHMARK(serial_decimal);

void serial_from_decimal(benchmark::State& state) {
  const std::string text =
      SerialNumber::from_id(0x0123456789abcdef, {9, 8, 7, 6, 5, 4, 3, 2}).decimal();
  for (auto _ : state) benchmark::DoNotOptimize(SerialNumber::from_decimal(text));
}
BENCHMARK(serial_from_decimal);

void crl_entry(benchmark::State& state) {
  const SerialNumber serial = SerialNumber::from_id(0x0123456789abcdef, {9, 8, 7, 6, 5, 4, 3, 2});
  Bytes out;
  for (auto _ : state) {
    if (out.size() > 1 << 20) out.clear();
    encode_revoked_entry(serial, from_unix_s(1714743209), RevocationReason::superseded, out);
  }
}
BENCHMARK(crl_entry);

void crl_of_a_million(benchmark::State& state) {
  Bytes entries;
  for (std::uint64_t i = 0; i < 1'000'000; ++i)
    encode_revoked_entry(SerialNumber::from_id((1ULL << 60) + i, {}), from_unix_s(1714743209),
                         RevocationReason::superseded, entries);
  const TbsCertificate fields = server_fields();
  for (auto _ : state)
    benchmark::DoNotOptimize(
        CertificateListBuffer::begin({.signature_algorithm_tlv = fields.signature_algorithm_tlv,
                                      .issuer_tlv = fields.issuer_tlv,
                                      .this_update = fields.not_before,
                                      .next_update = fields.not_after,
                                      .extensions = {}},
                                     entries));
}
BENCHMARK(crl_of_a_million)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace certwright::x509

BENCHMARK_MAIN();
