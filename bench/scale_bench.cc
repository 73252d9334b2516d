// Rows of DESIGN section 7 about many certificates, each beside its limit in the same run: revoking,
// starting, the first page, and a CRL of all that is revoked.
// Usage: scale_bench [CERTIFICATES]   (default 1,000,000; the store is made in $TMPDIR)
// Pages by filter: certwright_store_sqlite_bench --rows.
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "crypto/signing.h"
#include "revocation/crl_issuer.h"
#include "revocation/testing_ca.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using namespace certwright;
using revocation::test::must;
using SteadyTime = std::chrono::steady_clock;

double seconds_since(SteadyTime::time_point start) {
  return std::chrono::duration<double>(SteadyTime::now() - start).count();
}

double cpu_s() {  // of all threads of this process
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Where others share the machine, the processor's time says what the clock's does not.
struct Took {
  double wall_s = 0, cpu_s = 0;
};
template <class Work>
Took time_of(const Work& work) {
  const auto start = SteadyTime::now();
  const double cpu = cpu_s();
  work();
  return {seconds_since(start), cpu_s() - cpu};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::uint64_t mixed(std::uint64_t x) {  // splitmix64: as random as hashes, and repeatable
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

struct Filling {
  store::Store& store;
  std::uint64_t base;
  Time now;
};

store::CertificateRecord record(const Filling& filling, std::uint64_t n) {
  const std::uint64_t id = filling.base + n;
  std::array<std::uint8_t, 8> tail{};
  for (std::size_t i = 0; i < 8; ++i) tail[i] = static_cast<std::uint8_t>(mixed(n) >> (8 * i));
  return {.id = id,
          .serial = x509::SerialNumber::from_id(id, tail),
          .ca = "issuing",
          .lineage = id,
          .tenant = "default",
          .entity_type = "backend",
          .entity_id = fmt::format("entity-{}", n / 3),
          .principal = "p",
          .profile = "tls-server-client",
          .profile_version = 1,
          .subject = fmt::format("CN=host-{}.example", n),
          .names = {fmt::format("host-{}.example", n)},
          .subject_public_key_sha256 = crypto::sha256(as_bytes(std::to_string(n))),
          .not_before = filling.now,
          .not_after = filling.now + Seconds(90 * 86'400),
          .issued_at = filling.now,
          .crl_shard = 0,
          .record_level = store::RecordLevel::full,
          .key_origin = store::KeyOrigin::generated,
          .der = Bytes(900, 0x30)};
}

store::RevokeLineage revocation_of(const Filling& filling, std::uint64_t n) {
  return {filling.base + n, {x509::RevocationReason::superseded, filling.now, "p"}};
}

enum class Revoked { no, yes };

void fill(const Filling& filling, std::uint64_t from, std::uint64_t to, Revoked revoked) {
  constexpr std::uint64_t kPerTransaction = 500;
  for (std::uint64_t n = from; n < to;) {
    store::Transaction transaction;
    for (std::uint64_t i = 0; i < kPerTransaction && n < to; ++i, ++n) {
      auto r = record(filling, n);
      transaction.push_back(store::ReserveSerial{{.id = r.id,
                                                  .serial = r.serial,
                                                  .ca = r.ca,
                                                  .profile = r.profile,
                                                  .principal = r.principal,
                                                  .tbs_sha256 = {},
                                                  .reserved_at = filling.now,
                                                  .not_after = r.not_after},
                                                 {}});
      transaction.push_back(store::RecordCertificate{std::move(r), 0, {}});
      if (revoked == Revoked::yes) transaction.push_back(revocation_of(filling, n));
    }
    must(filling.store.apply(transaction));
  }
}

// Search indexes are filled behind the commits: what is measured is the store at rest.
void wait_for_index(const store::Store& store) {
  for (;;) {
    for (const auto& [name, value] : must(store.health()))
      if (name == "index_lag" && value < 2'048) return;  // shorter tails stay in memory
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

double revoke_us(const Filling& filling, std::uint64_t from) {
  std::vector<double> times;
  for (std::uint64_t n = from; n < from + 300; ++n) {
    const auto start = SteadyTime::now();
    must(filling.store.apply({revocation_of(filling, n)}));
    times.push_back(seconds_since(start) * 1e6);
  }
  return median(times);
}

std::int64_t resident_kib() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  statm >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

// In a process of its own: what a start costs, and how much memory it holds then.
int open_only(const std::string& path) {
  const auto start = SteadyTime::now();
  const auto store = must(store::SqliteStore::open(path));
  const double open_s = seconds_since(start);
  const auto opened_kib = resident_kib();
  store::LineageFilter filter;
  filter.now = SystemClock().now();
  filter.tenants = {"default"};
  must(store->list_lineages(filter, {.limit = 50}));
  fmt::print("{} {} {} {}\n", open_s, seconds_since(start), opened_kib, resident_kib());
  return 0;
}

struct Opened {
  double open_s = 0, page_s = 0;
  std::int64_t opened_kib = 0, page_kib = 0;
};
Opened open_elsewhere(const std::string& path) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  Opened result;
  std::FILE* const out = ::popen(fmt::format("'{}' --open '{}'", self, path).c_str(), "r");
  if (out == nullptr || std::fscanf(out, "%lf %lf %ld %ld", &result.open_s, &result.page_s,
                                    &result.opened_kib, &result.page_kib) != 4)
    std::abort();
  ::pclose(out);
  return result;
}

// The rows of a CRL, as SQLite gives them to anyone.
void plain_select(const std::string& path) {
  sqlite3* connection = nullptr;
  sqlite3_stmt* rows = nullptr;
  if (sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(connection,
                         "SELECT sequence, serial, reason, revoked_at, not_after, removed FROM "
                         "revocation_change WHERE ca = 'issuing' AND crl_shard = 0",
                         -1, &rows, nullptr) != SQLITE_OK)
    std::abort();
  std::int64_t sum = 0;
  while (sqlite3_step(rows) == SQLITE_ROW) {
    for (const int column : {0, 2, 3, 4, 5}) sum += sqlite3_column_int64(rows, column);
    if (sqlite3_column_blob(rows, 1) != nullptr) sum += sqlite3_column_bytes(rows, 1);
  }
  sqlite3_finalize(rows);
  sqlite3_close(connection);
  if (sum == 0) std::abort();
}

// Ours beside its limit, in turns.
class Pair {
 public:
  void add(const Took& limit, const Took& ours) {
    limits_.push_back(limit.wall_s);
    ours_.push_back(ours.wall_s);
    ratios_.push_back(ours.wall_s / limit.wall_s);
    cpu_ratios_.push_back(ours.cpu_s / limit.cpu_s);
  }
  std::string text(const char* limit) const {
    return fmt::format("{:.1f} ms; {}: {:.1f} ms; ratio {:.2f}, of processor time {:.2f}", 1e3 * median(ours_), limit,
                       1e3 * median(limits_), median(ratios_), median(cpu_ratios_));
  }

 private:
  std::vector<double> limits_, ours_, ratios_, cpu_ratios_;
};

void bench_crl(const Filling& filling, const std::string& path, std::uint64_t spare) {
  const SystemClock clock;
  audit::Journal journal(filling.store, clock);
  ca::CaDirectory cas;
  const revocation::test::TestingCa ca(filling.store, cas, clock);
  Pair cold, warm;
  for (int round = 0; round < 3; ++round) {
    const auto limit = time_of([&] { plain_select(path); });
    revocation::CrlIssuer issuer(filling.store, journal, cas, clock);
    cold.add(limit, time_of([&] { must(issuer.rebuild("issuing", 0)); }));
  }
  const auto before_kib = resident_kib();
  revocation::CrlIssuer issuer(filling.store, journal, cas, clock);
  auto crl = must(issuer.rebuild("issuing", 0));
  fmt::print("CRL of {} entries, {} octets, {} MiB resident: cold {}\n", crl->entries, crl->der->size(),
             (resident_kib() - before_kib) / 1024, cold.text("a plain SELECT of its rows"));
  auto signing = must(crypto::SigningContext::create(
      ca.key(), crypto::default_signature_algorithm(ca.key().algorithm())));
  for (int round = 0; round < 11; ++round) {
    must(filling.store.apply({revocation_of(filling, spare + static_cast<std::uint64_t>(round))}));
    const auto limit = time_of([&] { must(signing.sign(*crl->der)); });
    warm.add(limit, time_of([&] { crl = must(issuer.rebuild("issuing", 0)); }));
  }
  fmt::print("CRL of {} entries after one more revocation: {}\n", crl->entries,
             warm.text("hashing and signing its octets"));
}

void bench(std::uint64_t certificates) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("certwright-bench-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "bench.db").string();
  const std::string empty = (folder / "empty.db").string();
  const Time now = SystemClock().now();
  {
    auto store = must(store::SqliteStore::open(path));
    const Filling filling{*store, static_cast<std::uint64_t>(to_unix_us(now) / 1000) << 20, now};
    must(store->apply({store::PutTenant{{.id = "default", .name = "d", .disabled = false, .created_at = now}}}));
    fill(filling, 0, 1000, Revoked::no);
    wait_for_index(*store);
    const double few = revoke_us(filling, 0);
    const auto start = SteadyTime::now();
    fill(filling, 1000, certificates, Revoked::yes);
    fmt::print("filled: {} certificates, all revoked, {:.0f} rows/s\n", certificates,
               static_cast<double>(certificates - 1000) / seconds_since(start));
    fill(filling, certificates, certificates + 1000, Revoked::no);
    wait_for_index(*store);
    fmt::print("indexed after {:.0f} s\n", seconds_since(start));
    std::this_thread::sleep_for(std::chrono::seconds(2));  // the last checkpoint
    const double many = revoke_us(filling, certificates);
    fmt::print("revoke one: {:.0f} us with 0 revoked, {:.0f} us with {} revoked; ratio {:.2f}\n", few, many,
               certificates, many / few);
    bench_crl(filling, path, certificates + 400);
    fmt::print("database: {} MB\n", std::filesystem::file_size(path) / 1'000'000);
  }
  must(store::SqliteStore::open(empty));
  open_elsewhere(empty);
  const auto none = open_elsewhere(empty);
  const auto all = open_elsewhere(path);
  fmt::print("open the store: {:.4f} s empty, {:.4f} s with {} certificates; with the first page {:.4f} and {:.4f} s\n",
             none.open_s, all.open_s, certificates, none.page_s, all.page_s);
  fmt::print("resident when open: {:.1f} MiB empty, {:.1f} MiB with {}; after the first page {:.1f} and {:.1f} MiB; "
             "ratio {:.2f}\n",
             static_cast<double>(none.opened_kib) / 1024, static_cast<double>(all.opened_kib) / 1024, certificates,
             static_cast<double>(none.page_kib) / 1024, static_cast<double>(all.page_kib) / 1024,
             static_cast<double>(all.page_kib) / static_cast<double>(none.page_kib));
  std::filesystem::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // minutes pass between its lines
  if (argc > 2 && std::string_view(argv[1]) == "--open") return open_only(argv[2]);
  bench(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000);
  return 0;
}
