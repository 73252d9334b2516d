// What an interception certificate costs beside its cryptography: DESIGN section 7 wants at least 0.7
// of "P-256 key and P-256 signature, raw". Raw and issued alternate in small batches, so that whatever
// else the machine does hits both; `ratio` is the result.
#include <filesystem>

#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/signing.h"
#include "issuance/interception_service.h"
#include "profile/testing_upstream.h"
#include "registration/testing_world.h"
#include "store/memory/memory_store.h"

namespace certwright::issuance {
namespace {

using registration::testing::must;

// Of this thread: what others take of the machine meanwhile does not count.
std::chrono::nanoseconds cpu_time() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

struct Work {
  SystemClock clock;
  crypto::SystemRandom random;
  store::MemoryStore memory;
  registration::testing::World world{memory, clock};
  std::filesystem::path folder;
  std::unique_ptr<aggregate::Log> log;
  std::unique_ptr<InterceptionService> service;
  Bytes upstream;
  crypto::PrivateKey ca_key = registration::testing::new_key();
  crypto::SigningContext signing =
      must(crypto::SigningContext::create(ca_key, crypto::default_signature_algorithm(ca_key.algorithm())));
  Bytes message = Bytes(500, 1);

  explicit Work(bool recorded) {
    world.add_ca({.id = "interception", .profiles = {"interception"}});
    if (recorded) {
      char name[] = "/tmp/certwright-bench-XXXXXX";
      folder = ::mkdtemp(name);
      log = must(aggregate::Log::open({.folder = folder}, clock,
                                      [](const aggregate::ClosedInterval&) -> Result<void> { return {}; }));
    }
    service = must(InterceptionService::open({.registration = world.registration,
                                              .journal = world.journal,
                                              .random = random,
                                              .clock = clock,
                                              .log = log.get()},
                                             {.ca = "", .actor = {}, .rsa_pool_capacity = 0}));
    profile::testing::Upstream made;
    made.subject = "CN=www.example.com,O=Example Inc";
    made.dns = {"www.example.com", "example.com", "*.example.com"};
    made.begin = clock.now() - Seconds(86'400);
    made.end = clock.now() + Seconds(80 * 86'400);
    upstream = made.der();
  }
  ~Work() {
    service.reset();
    log.reset();
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
  void raw() {
    static const auto& p256 = *must(crypto::find_key_algorithm("ecdsa-p256"));
    benchmark::DoNotOptimize(must(crypto::PrivateKey::generate(p256)));
    benchmark::DoNotOptimize(must(signing.sign(message)));
  }
  void issue() {
    benchmark::DoNotOptimize(must(service->issue({"www.example.com", InterceptionUsage::tls_server, upstream}, {})));
  }
};

void BM_MimicAgainstRaw(benchmark::State& state) {
  constexpr int kBatch = 20;
  Work work(state.range(0) != 0);
  std::chrono::nanoseconds raw{}, issued{};
  std::uint64_t count = 0;
  for (auto _ : state) {
    const auto begin = cpu_time();
    for (int i = 0; i < kBatch; ++i) work.raw();
    const auto middle = cpu_time();
    for (int i = 0; i < kBatch; ++i) work.issue();
    raw += middle - begin;
    issued += cpu_time() - middle;
    count += kBatch;
  }
  const auto each = [&](std::chrono::nanoseconds all) {
    return static_cast<double>(all.count()) / static_cast<double>(count) / 1000;
  };
  state.counters["raw_us"] = each(raw);
  state.counters["issued_us"] = each(issued);
  state.counters["ratio"] = each(raw) / each(issued);
}
BENCHMARK(BM_MimicAgainstRaw)->ArgName("recorded")->Arg(0)->Arg(1)->MinTime(3);

void BM_Issue(benchmark::State& state) {
  Work work(true);
  for (auto _ : state) work.issue();
}
BENCHMARK(BM_Issue);

}  // namespace
}  // namespace certwright::issuance

BENCHMARK_MAIN();
