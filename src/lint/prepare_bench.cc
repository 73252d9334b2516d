// What the hot path pays between the request and the signature: build, encode, lint.
#include <benchmark/benchmark.h>

#include "lint/lint.h"
#include "profile/testing.h"

namespace certwright::lint {
namespace {

namespace made = profile::testing;
using made::must;

struct Work {
  made::TestCa ca;
  x509::Certificate issuer_certificate = ca.certificate();
  profile::Profile profile = made::shipped("tls-server");
  profile::CertificateRequest request;
  profile::Issuer issuer = ca.issuer();
  x509::SerialNumber serial = made::serial();
  Context context;

  Work() {
    const auto key = made::p256_key();
    request = made::request_for(key.get(), "ecdsa-p256");
    request.subject = {{"common_name", "a.example"}};
    request.names = {must(x509::GeneralName::dns("a.example")), must(x509::GeneralName::ip("10.0.0.1"))};
    context.profile = &profile;
    context.issuer = &issuer_certificate;
    context.expected_subject_public_key_info = request.subject_public_key_info;
    context.expected_signature_algorithm = ca.algorithm_tlv;
    context.now = made::noon();
  }
  x509::TbsCertificate build() const {
    return must(profile::build_tbs_certificate(profile, request, issuer, serial, made::noon()));
  }
};

void BM_Build(benchmark::State& state) {
  const Work work;
  for (auto _ : state) benchmark::DoNotOptimize(work.build());
}
BENCHMARK(BM_Build);

void BM_BuildAndEncode(benchmark::State& state) {
  const Work work;
  for (auto _ : state) benchmark::DoNotOptimize(must(x509::encode(work.build())));
}
BENCHMARK(BM_BuildAndEncode);

void BM_Lint(benchmark::State& state) {
  const Work work;
  const auto tbs = must(x509::encode(work.build()));
  for (auto _ : state) {
    auto findings = lint_tbs_certificate(tbs.tlv(), work.context);
    if (!findings.empty()) state.SkipWithError(to_text(findings).c_str());
    benchmark::DoNotOptimize(findings);
  }
}
BENCHMARK(BM_Lint);

void BM_Sha1OfTheKey(benchmark::State& state) {
  const Work work;
  const auto bits = must(x509::subject_public_key_bits(work.request.subject_public_key_info));
  for (auto _ : state) benchmark::DoNotOptimize(crypto::sha1(bits));
}
BENCHMARK(BM_Sha1OfTheKey);

}  // namespace
}  // namespace certwright::lint

BENCHMARK_MAIN();
