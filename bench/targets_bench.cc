// The rows of DESIGN section 7 that can be measured inside one process, each as a ratio to its raw limit
// in the same run: issuance in memory. The rows of the store and of CRLs: scale_bench.cc.
// Usage: targets_bench
//        targets_bench raw SECONDS      (only the limit of issuance, per second of CPU time)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string_view>
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

// What no CA can avoid per certificate: verify the CSR, sign, verify what was signed.
class Raw {
 public:
  Raw() : key_(must(crypto::PrivateKey::generate(*must(crypto::find_key_algorithm("ecdsa-p256"))))) {}

  std::function<void()> work() const {
    const auto& algorithm = crypto::default_signature_algorithm(key_.algorithm());
    auto signing = std::make_shared<crypto::SigningContext>(must(crypto::SigningContext::create(key_, algorithm)));
    auto verifying = std::make_shared<crypto::VerifyingContext>(
        must(crypto::VerifyingContext::create(key_.subject_public_key_info_tlv(), algorithm)));
    return [this, signing, verifying] {
      must(crypto::verify(csr_.subject_public_key_info_tlv(), csr_.signature_algorithm_tlv(), csr_.info_tlv(), csr_.signature_value()));
      must(verifying->verify(tbs_, must(signing->sign(tbs_))));
    };
  }
  const pkcs10::CertificationRequest& csr() const { return csr_; }

 private:
  const pkcs10::CertificationRequest csr_ = make_csr();
  const crypto::PrivateKey key_;
  const Bytes tbs_ = Bytes(700, 0x55);
};

void bench_issuance(World& world) {
  const Raw limit;
  const auto principal = must(world.directory.find_principal(world.admin_id));

  const auto raw = [&] { return limit.work(); };
  const auto issue = [&]() -> std::function<void()> {
    return [&] {
      registration::IssuanceRequest request;
      request.principal = principal;
      request.actor.principal = principal.id;
      request.profile = "tls-server-client";
      request.entity_type = "backend";
      request.entity_id = "bench";
      request.certification_request = limit.csr();
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

// Raw issuances per second of CPU time with all cores at work: what script/bench holds the server's
// CPU time against.
void print_raw_per_cpu_second(double run_s) {
  const Raw limit;
  const auto cpu_s = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  const double from = cpu_s();
  const auto start = SteadyTime::now();
  const double per_s = rate(std::max(1U, std::thread::hardware_concurrency()), run_s, [&] { return limit.work(); });
  fmt::print("{:.0f}\n", per_s * seconds_since(start) / (cpu_s() - from));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "raw") {
    print_raw_per_cpu_second(std::strtod(argv[2], nullptr));
    return 0;
  }
  World world;
  bench_issuance(world);
  return 0;
}
