// The rows of DESIGN section 7 that can be measured inside one process, each as a ratio to its raw limit
// in the same run: issuance in memory. The rows of the store and of CRLs: scale_bench.cc.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "crypto/signing.h"
#include "crypto/verifying.h"
#include "gateway/certs/testing_world.h"

namespace {

using namespace certwright;
using gateway::certs::testing::must;
using gateway::certs::testing::World;
using SteadyTime = std::chrono::steady_clock;

double seconds_since(SteadyTime::time_point start) {
  return std::chrono::duration<double>(SteadyTime::now() - start).count();
}

// Calls per second of `work` on `threads` threads for about `run_s`.
double rate(unsigned threads, double run_s, const std::function<std::function<void()>()>& make_work) {
  std::atomic<std::uint64_t> done{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> all;
  const auto start = SteadyTime::now();
  for (unsigned i = 0; i < threads; ++i)
    all.emplace_back([&] {
      const auto work = make_work();
      while (!stop.load(std::memory_order_relaxed)) {
        work();
        done.fetch_add(1, std::memory_order_relaxed);
      }
    });
  std::this_thread::sleep_for(std::chrono::duration<double>(run_s));
  stop = true;
  for (auto& thread : all) thread.join();
  return static_cast<double>(done.load()) / seconds_since(start);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

pkcs10::CertificationRequest make_csr() {
  const auto pem = World::csr_pem(must(x509::Name::from_text("CN=bench")));
  return must(pkcs10::parse_pem_or_der(as_bytes(pem)));
}

void bench_issuance(World& world) {
  const auto csr = make_csr();
  const auto key = must(crypto::PrivateKey::generate(*must(crypto::find_key_algorithm("ecdsa-p256"))));
  const auto& algorithm = crypto::default_signature_algorithm(key.algorithm());
  const Bytes tbs(700, 0x55);
  const auto principal = must(world.directory.find_principal(world.admin_id));

  const auto raw = [&]() -> std::function<void()> {  // what no CA can avoid
    auto signing = std::make_shared<crypto::SigningContext>(must(crypto::SigningContext::create(key, algorithm)));
    auto verifying = std::make_shared<crypto::VerifyingContext>(
        must(crypto::VerifyingContext::create(key.subject_public_key_info_tlv(), algorithm)));
    return [&, signing, verifying] {
      must(crypto::verify(csr.subject_public_key_info_tlv(), csr.signature_algorithm_tlv(), csr.info_tlv(), csr.signature_value()));
      must(verifying->verify(tbs, must(signing->sign(tbs))));
    };
  };
  const auto issue = [&]() -> std::function<void()> {
    return [&] {
      registration::IssuanceRequest request;
      request.principal = principal;
      request.actor.principal = principal.id;
      request.profile = "tls-server-client";
      request.entity_type = "backend";
      request.entity_id = "bench";
      request.certification_request = csr;
      must(world.issuance.issue(std::move(request)));
    };
  };
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  for (const unsigned threads : {1U, cores}) {
    std::vector<double> limits, rates, ratios;
    for (int round = 0; round < 5; ++round) {  // in turns: the machine's speed drifts
      limits.push_back(rate(threads, 0.7, raw));
      rates.push_back(rate(threads, 0.7, issue));
      ratios.push_back(rates.back() / limits.back());
    }
    fmt::print("issue in memory, P-256 CSR, {} thread(s): {:.0f}/s; verify + sign + verify raw: {:.0f}/s; ratio {:.2f}\n",
               threads, median(rates), median(limits), median(ratios));
  }
}

}  // namespace

int main() {
  World world;
  bench_issuance(world);
  return 0;
}
