#include <cstdlib>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/session.h"
#include "clock/clock.h"
#include "http_client/client.h"
#include "json/writer.h"

namespace certwright::cli {
namespace {

enum class Verdict : std::uint8_t { good, warning, bad };

// What was looked at, how it is, and what to do if it is not good.
class Findings {
 public:
  void add(Verdict verdict, std::string what, std::string state, std::string advice = {}) {
    worst_ = std::max(worst_, verdict);
    rows_.push_back({verdict, std::move(what), std::move(state), std::move(advice)});
  }

  Result<void> print(bool as_json) const {
    if (as_json) {
      json::Writer w;
      w.begin_object().key("checks").begin_array();
      for (const auto& row : rows_)
        w.begin_object()
            .member("verdict", name(row.verdict))
            .member("check", row.what)
            .member("state", row.state)
            .member("advice", row.advice)
            .end_object();
      w.end_array().end_object();
      fmt::print("{}\n", w.text());
    } else {
      Table table({"", "CHECK", "STATE", "WHAT TO DO"});
      for (const auto& row : rows_)
        table.add({std::string(name(row.verdict)), row.what, row.state, row.advice});
      table.print();
    }
    if (worst_ == Verdict::bad) return fail(Errc::invalid, "something needs attention");
    return {};
  }

 private:
  struct Row {
    Verdict verdict;
    std::string what, state, advice;
  };
  static std::string_view name(Verdict verdict) {
    constexpr std::string_view kNames[] = {"ok", "warn", "BAD"};
    return kNames[static_cast<std::size_t>(verdict)];
  }
  std::vector<Row> rows_;
  Verdict worst_ = Verdict::good;
};

// Does a URL that is written into certificates answer? Only http(s) to the operator's own
// public_url.
void check_url(Findings& findings, const std::string& url, const std::string& what) {
  const auto scheme_end = url.find("://");
  const auto path_start = url.find('/', scheme_end + 3);
  http_client::ClientOptions options;
  options.base_url = url.substr(0, path_start);
  options.connect_timeout = std::chrono::milliseconds(3000);
  options.timeout = std::chrono::milliseconds(10000);
  auto client = http_client::Client::create(std::move(options));
  if (!client)
    return findings.add(Verdict::bad, what, client.error().detail,
                        "change the public_url: certwright ca policy");
  const auto reply = client->get(url.substr(path_start));
  if (!reply)
    findings.add(Verdict::bad, what, url + " does not answer",
                 "relying parties cannot check revocation: fix public_url, or the way from it to "
                 "the http listener");
  else if (reply->status != 200)
    findings.add(Verdict::bad, what, fmt::format("{} answers {}", url, reply->status),
                 "see the server's log");
  else
    findings.add(Verdict::good, what, url);
}

void check_ca(Findings& findings, const json::Value& ca) {
  const std::string id = text_of(ca, "id");
  const std::string not_after = text_of(ca, "not_after");
  const std::string now = to_rfc3339(SystemClock().now());
  const std::string in_90_days = to_rfc3339(SystemClock().now() + Seconds(90LL * 86400));
  if (not_after <= now)
    findings.add(Verdict::bad, "CA " + id, "expired " + not_after, "certwright ca rotate " + id);
  else if (not_after <= in_90_days)
    findings.add(Verdict::warning, "CA " + id, "expires " + not_after,
                 "certwright ca rotate " + id);
  else
    findings.add(Verdict::good, "CA " + id, text_of(ca, "state") + ", expires " + not_after);
  const json::Value* policy = ca.find("policy");
  const std::string url = policy == nullptr ? "" : text_of(*policy, "public_url");
  if (url.empty()) {
    findings.add(
        Verdict::warning, "URLs of " + id, "no public_url",
        "certificates carry no OCSP, CRL and issuer URLs: set it with certwright ca policy");
    return;
  }
  check_url(findings, url + "/ca/" + id + ".cer", "issuer URL of " + id);
  const bool one_shard = text_of(*policy, "crl_shards") == "1";
  check_url(findings, url + "/crl/" + id + (one_shard ? ".crl" : "/0.crl"), "CRL URL of " + id);
}

// The UDP certificate generator, if it serves: what loses answers, and what to do.
void check_certgen(Findings& findings, const json::Value& status) {
  const std::string endpoint = text_of(status, "certgen_endpoint");
  if (endpoint.empty()) return;
  const auto number = [&](const char* name) { return std::strtoull(text_of(status, name).c_str(), nullptr, 10); };
  constexpr unsigned long long kReceiveBufferOctets = 4ULL * 1024 * 1024;
  findings.add(Verdict::good, "certificate generator",
               fmt::format("{}: {} requests, {} answers, {} in the cache, {} invalid, {} denied, {} over their rate", endpoint,
                           number("certgen_requests"), number("certgen_answers"), number("certgen_cache_entries"),
                           number("certgen_invalid"), number("certgen_denied"), number("certgen_rate_limited")));
  const std::string trouble = text_of(status, "certgen_trouble");
  findings.add(trouble.empty() ? Verdict::good : Verdict::bad, "its CA", trouble.empty() ? "can be used" : trouble,
               trouble.empty() ? "" : "certwright ca list; a new one: certwright certgen init. It is tried again every second");
  const auto lost = number("certgen_shed") + number("certgen_kernel_dropped");
  findings.add(lost == 0 ? Verdict::good : Verdict::warning, "its lost requests", fmt::format("{} since the start", lost),
               lost == 0 ? "" : "more cores, or P-256 keys for every upstream (profile: interception.keys always_p256)");
  const auto failed = number("certgen_failed");
  findings.add(failed == 0 ? Verdict::good : Verdict::bad, "its failures", fmt::format("{} since the start", failed),
               failed == 0 ? "" : "see the server's log: no certificate could be made");
  const auto buffer = number("certgen_receive_buffer_octets");
  findings.add(buffer >= kReceiveBufferOctets ? Verdict::good : Verdict::warning, "its receive buffer", fmt::format("{} octets", buffer),
               buffer >= kReceiveBufferOctets ? "" : "a burst overflows it: sysctl net.core.rmem_max=16777216, then restart");
  findings.add(Verdict::good, "its RSA keys", text_of(status, "certgen_key_pool_depth") + " of " + text_of(status, "certgen_key_pool_capacity"));
  const auto unrecorded = number("certgen_records_failed");
  const std::string record_failure = text_of(status, "certgen_record_failure");
  const bool kept = unrecorded == 0 && record_failure.empty();
  findings.add(kept ? Verdict::good : Verdict::bad, "its records",
               record_failure.empty() ? fmt::format("{} could not be written", unrecorded) : record_failure,
               kept ? "" : "see disk and permissions of the folder aggregate in the state directory");
}

void check_state_directory(Findings& findings, const std::string& state) {
  struct stat status{};
  if (::stat(state.c_str(), &status) != 0) return;
  if ((status.st_mode & 077) != 0)
    findings.add(Verdict::bad, "state directory", "others may enter it", "chmod 700 " + state);
  else
    findings.add(Verdict::good, "state directory", "private");
  if (::stat((state + "/kek").c_str(), &status) == 0)
    findings.add(Verdict::warning, "key-encryption key", "in a file beside what it protects",
                 "use a systemd credential (certwright.kek) or a passphrase file");
  struct statvfs space{};
  if (::statvfs(state.c_str(), &space) == 0) {
    const double free_gib =
        static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize) / (1 << 30);
    findings.add(free_gib < 1 ? Verdict::bad : Verdict::good, "disk",
                 fmt::format("{:.1f} GiB free", free_gib),
                 free_gib < 1 ? "nothing is issued when it is full" : "");
  }
}

Result<void> doctor(Session& session) {
  Findings findings;
  CERTWRIGHT_TRY(const auto server, session.server());
  const auto health = session.call("GET", "/health");
  if (!health) {
    const bool silent = health.error().code == Errc::unavailable;
    findings.add(Verdict::bad, "server",
                 silent ? health.error().detail : server + ": " + health.error().detail,
                 silent ? "start it: certwright serve" : "correct that option or variable");
    return findings.print(session.json());
  }
  findings.add(Verdict::good, "server", server);
  const auto status = session.call_json("GET", "/api/v1/status");
  if (!status)
    findings.add(Verdict::bad, "sign-in", status.error().detail, "give a valid token");
  else {
    findings.add(Verdict::good, "version", text_of(*status, "version"));
    const std::string time = text_of(*status, "time");
    const std::string early = to_rfc3339(SystemClock().now() - Seconds(60)),
                      late = to_rfc3339(SystemClock().now() + Seconds(60));
    findings.add(time < early || time > late ? Verdict::bad : Verdict::good, "clock", time,
                 time < early || time > late
                     ? "server and this machine differ by more than a minute: run NTP"
                     : "");
    findings.add(Verdict::good, "audit log",
                 text_of(*status, "audit_signed_records") + " records signed");
    check_certgen(findings, *status);
  }
  if (const auto cas = session.call_json("GET", "/api/v1/cas")) {
    if (const auto* all = cas->find("cas"); all != nullptr && all->if_array() != nullptr)
      for (const auto& ca : *all->if_array()) check_ca(findings, ca);
  }
  const char* environment_state = std::getenv("CERTWRIGHT_STATE");
  const std::string state = !session.connection().state.empty() ? session.connection().state
                            : environment_state != nullptr      ? environment_state
                                                                : "";
  if (!state.empty()) check_state_directory(findings, state);
  return findings.print(session.json());
}

}  // namespace

void add_doctor(CLI::App& app, Registry& registry) {
  add_command(app, registry, "doctor", "Check a running server and its host, and say what to fix",
              doctor);
}

}  // namespace certwright::cli
