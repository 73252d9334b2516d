// The embedded store against the disk it writes to, in one run.
//   certwright_store_sqlite_bench [--folder DIR] [--seconds S] [--rows N]
// 1. Raw limit: 1.5 KB records appended and fdatasync'ed, 1, 16 and 256 at a time.
// 2. Durable certificates: ReserveSerial + leaf, then RecordCertificate + leaf, by 1 to 256
// callers.
// 3. With --rows: opening, revoking, listing and searching with 1,000 and with N certificates.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "store/sqlite/sqlite_store.h"

namespace certwright::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return s(usage.ru_utime) + s(usage.ru_stime);
}

std::uint64_t mixed(std::uint64_t x) {  // splitmix64: keys as random as hashes, and repeatable
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

Sha256 hash_of(std::uint64_t n) {
  Sha256 hash{};
  for (std::size_t part = 0; part < 4; ++part) {
    const auto word = mixed(4 * n + part);
    std::memcpy(hash.data() + 8 * part, &word, 8);
  }
  return hash;
}

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

constexpr std::uint64_t kFirstId = 0x0190'0000'0000'0000U;
const Time kStart = from_unix_s(1'767'225'600);
const ManualClock kClock(kStart + std::chrono::hours(24 * 100));  // when pages are asked for

x509::SerialNumber serial_of(std::uint64_t n) {
  std::array<std::uint8_t, 8> random{};
  const auto word = mixed(n);
  std::memcpy(random.data(), &word, 8);
  return x509::SerialNumber::from_id(kFirstId + n, random);
}

Transaction reserve(std::uint64_t n) {
  return {ReserveSerial{{.id = kFirstId + n,
                         .serial = serial_of(n),
                         .ca = "issuing",
                         .profile = "tls-server",
                         .principal = "principal-" + std::to_string(n % 100),
                         .tbs_sha256 = hash_of(n),
                         .reserved_at = kStart,
                         .not_after = kStart + std::chrono::hours(24 * 90)},
                        {}},
          AppendAuditLeaf{Bytes(180, static_cast<std::uint8_t>(n))}};
}

// Expiring evenly over a year in order of issue, for a hundred principals, a hundred tenants, and
// entities of ten certificates.
Transaction record(std::uint64_t n, std::uint64_t of = 1'000'000) {
  return {RecordCertificate{{.id = kFirstId + n,
                             .serial = serial_of(n),
                             .ca = "issuing",
                             .lineage = kFirstId + n,
                             .tenant = "tenant-" + std::to_string(mixed(n) % 100),
                             .entity_type = "backend",
                             .entity_id = "entity-" + std::to_string(mixed(n / 10)),
                             .principal = "principal-" + std::to_string(n % 100),
                             .profile = "tls-server",
                             .profile_version = 1,
                             .subject = "CN=host-" + std::to_string(n) + ".example.org",
                             .names = {"host-" + std::to_string(mixed(n)) + ".example.org"},
                             .subject_public_key_sha256 = hash_of(n + (std::uint64_t{1} << 40)),
                             .not_before = kStart,
                             .not_after = kStart + Seconds(n % of * (31'536'000 / of)),
                             .issued_at = kStart,
                             .crl_shard = 0,
                             .record_level = RecordLevel::full,
                             .key_origin = KeyOrigin::certification_request,
                             .der = Bytes(1250, static_cast<std::uint8_t>(n))},
                            0,
                            {}},
          AppendAuditLeaf{Bytes(220, static_cast<std::uint8_t>(n))}};
}

void raw_limit(const std::string& path, double run_s) {
  std::printf("\nraw limit: append 1.5 KB records + fdatasync\n%10s %12s\n", "batch", "records/s");
  for (const std::size_t batch : {1U, 16U, 256U}) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) stop("cannot write " + path);
    const std::vector<char> records(1500 * batch, 'r');
    std::size_t written = 0;
    const auto start = SteadyClock::now();
    while (seconds_since(start) < run_s / 4) {
      if (::write(file, records.data(), records.size()) != static_cast<ssize_t>(records.size()) ||
          ::fdatasync(file) != 0)
        stop("the disk failed");
      written += batch;
    }
    std::printf("%10zu %12.0f\n", batch, static_cast<double>(written) / seconds_since(start));
    ::close(file);
    ::unlink(path.c_str());
  }
}

std::unique_ptr<SqliteStore> opened(const std::string& path) {
  SqliteOptions options;
  options.clock = &kClock;
  auto store = SqliteStore::open(path, options);
  if (!store) stop(store.error().detail);
  return *std::move(store);
}

std::int64_t health_of(const Store& store, std::string_view name) {
  const auto all = store.health();
  if (!all) return -1;
  for (const auto& [key, value] : *all)
    if (key == name) return value;
  return -1;
}

void wait_for_index(const Store& store) {
  while (health_of(store, "index_lag") >= 2048)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

// Until what expired is listed as such.
void wait_for_sweep(const Store& store) {
  for (std::int64_t last = -1, now = 0; now != last;) {
    last = now;
    std::this_thread::sleep_for(std::chrono::seconds(1));
    now = health_of(store, "expired_listed_to_unix_s");
  }
}

void durable_certificates(const std::string& folder, double run_s) {
  std::printf(
      "\ndurable certificates (two transactions each)\n%8s %10s %9s %9s %9s %10s %12s %10s\n",
      "callers", "per s", "commits/s", "p50 ms", "p99 ms", "CPU us", "+index CPU", "index lag");
  for (const std::size_t callers : {1U, 8U, 64U, 256U}) {
    const auto path = folder + "/durable.db";
    auto store = opened(path);
    std::atomic<std::uint64_t> next{1};
    std::atomic<bool> stopping{false};
    std::vector<std::vector<float>> latencies(callers);
    std::vector<std::thread> threads;
    const auto start = SteadyClock::now();
    const auto cpu = cpu_s();
    for (std::size_t c = 0; c < callers; ++c)
      threads.emplace_back([&, c] {
        while (!stopping.load(std::memory_order_relaxed)) {
          const auto n = next.fetch_add(1);
          const auto began = SteadyClock::now();
          if (!store->apply(reserve(n)) || !store->apply(record(n))) stop("a transaction failed");
          latencies[c].push_back(static_cast<float>(1e3 * seconds_since(began)));
        }
      });
    std::this_thread::sleep_for(std::chrono::duration<double>(run_s));
    stopping = true;
    for (auto& thread : threads) thread.join();
    const auto took = seconds_since(start);
    const auto used = cpu_s() - cpu;
    const auto lag = health_of(*store, "index_lag");
    const auto commits = health_of(*store, "commits");
    wait_for_index(*store);
    const auto used_with_index = cpu_s() - cpu;
    std::vector<float> all;
    for (const auto& part : latencies) all.insert(all.end(), part.begin(), part.end());
    std::ranges::sort(all);
    const auto done = static_cast<double>(all.size());
    std::printf("%8zu %10.0f %9.0f %9.2f %9.2f %10.1f %12.1f %10lld\n", callers, done / took,
                static_cast<double>(commits) / took, static_cast<double>(all[all.size() / 2]),
                static_cast<double>(all[all.size() * 99 / 100]), 1e6 * used / done,
                1e6 * used_with_index / done, static_cast<long long>(lag));
    store.reset();
    for (const auto* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + suffix);
  }
}

double median_us(const std::function<void(int)>& work, int runs = 200) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto start = SteadyClock::now();
    work(i);
    times.push_back(1e6 * seconds_since(start));
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

struct Measured {
  std::string what;
  double us;
};

std::vector<Measured> measure_size(const std::string& folder, std::uint64_t rows) {
  const auto path = folder + "/size.db";
  auto store = opened(path);
  const auto load_start = SteadyClock::now();
  for (std::uint64_t n = 1; n <= rows;) {
    Transaction transaction;
    for (int i = 0; i < 500 && n <= rows; ++i, ++n) {
      auto both = reserve(n);
      both.push_back(std::move(record(n, rows)[0]));
      for (auto& command : both) transaction.push_back(std::move(command));
    }
    if (const auto done = store->apply(transaction); !done) stop(done.error().detail);
  }
  const auto load_s = seconds_since(load_start);
  wait_for_index(*store);
  std::printf("\n%llu certificates: loaded in %.1f s, indexed after %.1f s, %.0f MB\n",
              static_cast<unsigned long long>(rows), load_s, seconds_since(load_start),
              static_cast<double>(health_of(*store, "database_octets")) / 1e6);
  store.reset();
  std::vector<Measured> results;
  const auto open_start = SteadyClock::now();
  store = opened(path);
  results.push_back({"open", 1e6 * seconds_since(open_start)});
  wait_for_sweep(*store);

  const auto any = [&](int i) { return 1 + mixed(static_cast<std::uint64_t>(i)) % rows; };
  const auto list = [&](const char* what, const std::function<void(LineageFilter&, int)>& set,
                        const Page& page = {}) {
    const auto run = [&](int i) {
      LineageFilter filter;
      filter.now = kClock.now();
      set(filter, i);
      if (const auto got = store->list_lineages(filter, page); !got) stop(got.error().detail);
    };
    results.push_back({what, median_us(run)});
  };
  const auto tenant = [&](LineageFilter& f, int i) {
    f.tenants = {"tenant-" + std::to_string(mixed(any(i)) % 100)};
  };
  list("list all, 10", [](LineageFilter&, int) {});
  list("list all, newest, offset 1000", [](LineageFilter&, int) {},
       {.offset = std::min<std::uint64_t>(rows / 2, 1000), .newest_first = true});
  list("list tenant", tenant);
  list("list principal",
       [&](LineageFilter& f, int i) { f.principal = "principal-" + std::to_string(i % 100); });
  list("list entity", [&](LineageFilter& f, int i) {
    f.entity_id = "entity-" + std::to_string(mixed(any(i) / 10));
  });
  list("search name", [&](LineageFilter& f, int i) {
    f.name = "host-" + std::to_string(mixed(any(i))) + ".example.org";
  });
  list("search name prefix, few", [&](LineageFilter& f, int i) {
    f.name = "host-" + std::to_string(mixed(any(i))).substr(0, 12) + "*";
  });
  list("search name prefix, all", [&](LineageFilter& f, int) { f.name = "host-*"; });
  list("search public key", [&](LineageFilter& f, int i) {
    f.subject_public_key_sha256 = hash_of(any(i) + (std::uint64_t{1} << 40));
  });
  list("list valid", [&](LineageFilter& f, int) { f.state = CertificateState::valid; });
  list("list valid of tenant", [&](LineageFilter& f, int i) {
    tenant(f, i);
    f.state = CertificateState::valid;
  });
  list("list expired, newest", [&](LineageFilter& f, int) { f.state = CertificateState::expired; },
       {.newest_first = true});
  list("list expiring in an hour", [&](LineageFilter& f, int i) {
    f.expires_after = kStart + std::chrono::hours(i % 8000);
    f.expires_before = *f.expires_after + std::chrono::hours(1);
  });
  list("list expiring in 30 days", [&](LineageFilter& f, int i) {
    f.expires_after = kStart + std::chrono::hours(i % 8000);
    f.expires_before = *f.expires_after + std::chrono::hours(24 * 30);
  });
  results.push_back({"find certificate", median_us([&](int i) {
                       if (!store->find_certificate(serial_of(any(i)))) stop("not found");
                     })});
  results.push_back({"certificate status", median_us([&](int i) {
                       if (!store->certificate_status("issuing", serial_of(any(i)))) stop("failed");
                     })});
  results.push_back({"count entity", median_us([&](int i) {
                       LineageFilter filter;
                       filter.entity_id = "entity-" + std::to_string(mixed(any(i) / 10));
                       if (!store->count_lineages(filter)) stop("failed");
                     })});
  const auto revoke = [&](std::uint64_t n) {
    return Command(
        RevokeLineage{kFirstId + n, {x509::RevocationReason::superseded, kStart, "principal"}});
  };
  // The last 400 certificates are for measuring; the others are revoked in between.
  results.push_back({"revoke, none revoked", median_us([&](int i) {
                       if (!store->apply({revoke(rows - static_cast<std::uint64_t>(i))}))
                         stop("revoking failed");
                     })});
  for (std::uint64_t n = 1; n + 400 <= rows;) {
    Transaction transaction;
    for (int i = 0; i < 500 && n + 400 <= rows; ++i, ++n) transaction.push_back(revoke(n));
    if (!store->apply(transaction)) stop("revoking failed");
  }
  results.push_back({"revoke, all others revoked",
                     median_us(
                         [&](int i) {
                           if (!store->apply({revoke(rows - 200 - static_cast<std::uint64_t>(i))}))
                             stop("revoking failed");
                         },
                         199)});
  list("list revoked", [](LineageFilter& f, int) { f.state = CertificateState::revoked; });
  list("list revoked of tenant", [&](LineageFilter& f, int i) {
    tenant(f, i);
    f.state = CertificateState::revoked;
  });
  const auto changes_start = SteadyClock::now();
  std::uint64_t after = 0;
  std::uint64_t entries = 0;
  while (true) {
    const auto part = store->revocations_after("issuing", 0, after, Time::min(), 10'000);
    if (!part) stop(part.error().detail);
    if (part->empty()) break;
    entries += part->size();
    after = part->back().sequence;
  }
  results.push_back(
      {"revocation change, each", 1e6 * seconds_since(changes_start) /
                                      static_cast<double>(std::max<std::uint64_t>(entries, 1))});
  store.reset();
  for (const auto* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + suffix);
  return results;
}

void sizes(const std::string& folder, std::uint64_t rows) {
  const auto small = measure_size(folder, 1'000);
  const auto large = measure_size(folder, rows);
  std::printf("\n%-34s %12s %12s %8s   (median us)\n", "", "1,000", std::to_string(rows).c_str(),
              "ratio");
  for (std::size_t i = 0; i < small.size(); ++i)
    std::printf("%-34s %12.1f %12.1f %8.2f\n", small[i].what.c_str(), small[i].us, large[i].us,
                large[i].us / small[i].us);
}

}  // namespace
}  // namespace certwright::store

int main(int argc, char** argv) {
  std::string base = ".";
  double run_s = 6;
  std::uint64_t rows = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--folder") base = argv[i + 1];
    if (option == "--seconds") run_s = std::atof(argv[i + 1]);
    if (option == "--rows") rows = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::string folder = base + "/store_bench_XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return 1;
  }
  certwright::store::raw_limit(folder + "/raw", run_s);
  certwright::store::durable_certificates(folder, run_s);
  if (rows > 0) certwright::store::sizes(folder, std::max<std::uint64_t>(rows, 1'000));
  std::filesystem::remove_all(folder);
  return 0;
}
