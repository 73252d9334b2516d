// The rows of DESIGN section 7 that can be measured inside one process, each as a ratio to its raw limit
// in the same run: issuance in memory; revocation, start and lists with few and with many certificates.
// Usage: targets_bench [CERTIFICATES]   (default 1,000,000; the store is made in $TMPDIR)
//        targets_bench raw SECONDS      (only the limit of issuance, per second of CPU time)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "crypto/signing.h"
#include "crypto/verifying.h"
#include "gateway/certs/testing_world.h"
#include "store/sqlite/sqlite_store.h"

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

std::array<std::uint8_t, 8> tail_of(std::uint64_t n) {
  std::array<std::uint8_t, 8> tail{};
  for (std::size_t i = 0; i < 8; ++i) tail[i] = static_cast<std::uint8_t>(n * 0x9e3779b97f4a7c15ULL >> (8 * i));
  return tail;
}

store::CertificateRecord record(std::uint64_t n, std::uint64_t base, Time now) {
  const std::uint64_t id = base + n;
  store::CertificateRecord r{.id = id, .serial = x509::SerialNumber::from_id(id, tail_of(n)), .ca = "issuing", .lineage = id,
                             .tenant = "default", .entity_type = "backend", .entity_id = fmt::format("entity-{}", n / 3),
                             .principal = "p", .profile = "tls-server-client", .profile_version = 1,
                             .subject = fmt::format("CN=host-{}.example", n), .names = {fmt::format("host-{}.example", n)},
                             .subject_public_key_sha256 = crypto::sha256(as_bytes(std::to_string(n))),
                             .not_before = now, .not_after = now + Seconds(90 * 86400), .issued_at = now, .crl_shard = 0,
                             .record_level = store::RecordLevel::full, .key_origin = store::KeyOrigin::generated,
                             .der = Bytes(900, 0x30)};
  return r;
}

void fill(store::Store& store, std::uint64_t base, std::uint64_t from, std::uint64_t to, Time now, bool revoke) {
  constexpr std::uint64_t kPerTransaction = 500;
  for (std::uint64_t n = from; n < to;) {
    store::Transaction transaction;
    for (std::uint64_t i = 0; i < kPerTransaction && n < to; ++i, ++n) {
      auto r = record(n, base, now);
      transaction.push_back(store::ReserveSerial{{.id = r.id, .serial = r.serial, .ca = r.ca, .profile = r.profile, .principal = r.principal,
                                                  .tbs_sha256 = {}, .reserved_at = now, .not_after = r.not_after}, {}});
      const auto lineage = r.lineage;
      transaction.push_back(store::RecordCertificate{std::move(r), 0, {}});
      if (revoke) transaction.push_back(store::RevokeLineage{lineage, {x509::RevocationReason::superseded, now, "p"}});
    }
    must(store.apply(transaction));
    if (n % 100'000 == 0) fmt::print(stderr, "\rfilling: {} of {}", n, to);
  }
  fmt::print(stderr, "\r{:40}\r", "");
}

// Search indexes are filled behind the commits: what is measured is the store at rest.
void wait_for_index(const store::Store& store) {
  for (;;) {
    for (const auto& [name, value] : must(store.health()))
      if (name == "index_lag" && value < 2'048) return;  // shorter tails stay in memory
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    static int patience = 4'000;
    if (--patience == 0) return;
  }
}

double revoke_us(store::Store& store, std::uint64_t base, std::uint64_t from, Time now) {
  std::vector<double> times;
  for (std::uint64_t n = from; n < from + 300; ++n) {
    const auto start = SteadyTime::now();
    must(store.apply({store::RevokeLineage{base + n, {x509::RevocationReason::superseded, now, "p"}}}));
    times.push_back(seconds_since(start) * 1e6);
  }
  return median(times);
}

double page_us(const store::Store& store, const store::LineageFilter& filter) {
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    const auto start = SteadyTime::now();
    must(store.list_lineages(filter, {.limit = 50}));
    times.push_back(seconds_since(start) * 1e6);
  }
  return median(times);
}

void bench_store(std::uint64_t certificates) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("certwright-bench-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "bench.db").string();
  const Time now = SystemClock().now();
  const std::uint64_t base = static_cast<std::uint64_t>(to_unix_us(now) / 1000) << 20;
  store::LineageFilter all, one;
  all.tenants = {"default"};
  one.name = "host-7.example";
  all.now = one.now = now;
  double empty_open_s = 0, few_revoke = 0, few_page = 0, few_search = 0;
  {
    auto start = SteadyTime::now();
    auto store = must(store::SqliteStore::open(path));
    empty_open_s = seconds_since(start);
    must(store->apply({store::PutTenant{{.id = "default", .name = "d", .disabled = false, .created_at = now}}}));
    fill(*store, base, 0, 1000, now, false);
    wait_for_index(*store);
    few_page = page_us(*store, all);
    few_search = page_us(*store, one);
    few_revoke = revoke_us(*store, base, 0, now);
    start = SteadyTime::now();
    fill(*store, base, 1000, certificates, now, true);
    fmt::print("filled: {} certificates, all revoked, {:.0f} rows/s\n", certificates, static_cast<double>(certificates - 1000) / seconds_since(start));
    fill(*store, base, certificates, certificates + 1000, now, false);
    wait_for_index(*store);
    std::this_thread::sleep_for(std::chrono::seconds(2));  // the last checkpoint
    const double many_revoke = revoke_us(*store, base, certificates, now);
    fmt::print("revoke one: {:.0f} us with 0 revoked, {:.0f} us with {} revoked; ratio {:.2f}\n", few_revoke, many_revoke, certificates, many_revoke / few_revoke);
    const double many_page = page_us(*store, all), many_search = page_us(*store, one);
    fmt::print("list a page of 50: {:.0f} us among 1 k, {:.0f} us among {}; ratio {:.2f}\n", few_page, many_page, certificates, many_page / few_page);
    fmt::print("search by name: {:.0f} us among 1 k, {:.0f} us among {}; ratio {:.2f}\n", few_search, many_search, certificates, many_search / few_search);
    start = SteadyTime::now();
    std::uint64_t after = 0, rows = 0;
    for (;;) {
      const auto entries = must(store->revocations_after("issuing", 0, after, now, 10'000));
      if (entries.empty()) break;
      rows += entries.size();
      after = entries.back().sequence;
    }
    fmt::print("read {} revocations: {:.2f} s\n", rows, seconds_since(start));
  }
  const auto start = SteadyTime::now();
  auto again = must(store::SqliteStore::open(path));
  fmt::print("open the store: {:.3f} s empty, {:.3f} s with {} certificates\n", empty_open_s, seconds_since(start), certificates);
  again.reset();
  std::filesystem::remove_all(folder);
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
  {
    World world;
    bench_issuance(world);
  }
  bench_store(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000);
  return 0;
}
