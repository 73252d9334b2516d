#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/diagnosis.h"
#include "cli/findings.h"
#include "cli/session.h"
#include "clock/clock.h"
#include "http_client/client.h"

namespace certwright::cli {
namespace {

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
  judge_ca(findings, ca, SystemClock().now());
  const std::string id = text_of(ca, "id");
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

void check_state_directory(Findings& findings, const std::string& state) {
  struct stat status{};
  if (::stat(state.c_str(), &status) != 0) return;
  if ((status.st_mode & 077) != 0)
    findings.add(Verdict::bad, "state directory", "others may enter it", "chmod 700 " + state);
  else
    findings.add(Verdict::good, "state directory", "private");
  if (::stat((state + "/kek").c_str(), &status) == 0)
    findings.add(Verdict::warning, "key file kek", "beside what it protects",
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
    judge_certgen(findings, *status);
    judge_notifications(findings, *status);
    judge_administrators(findings, *status);
  }
  if (const auto cas = session.call_json("GET", "/api/v1/cas")) {
    if (const auto* all = cas->find("cas"); all != nullptr && all->if_array() != nullptr)
      for (const auto& ca : *all->if_array()) check_ca(findings, ca);
  }
  // Not for everybody's eyes: then it is left out.
  if (const auto kek = session.call_json("GET", "/api/v1/kek")) judge_kek(findings, *kek);
  if (const std::string state = session.state(); !state.empty()) check_state_directory(findings, state);
  return findings.print(session.json());
}

}  // namespace

void add_doctor(CLI::App& app, Registry& registry) {
  add_command(app, registry, "doctor", "Check a running server and its host, and say what to fix",
              doctor);
}

}  // namespace certwright::cli
