#include "cli/diagnosis.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/output.h"

namespace certwright::cli {

void judge_ca(Findings& findings, const json::Value& ca, Time now) {
  const std::string id = text_of(ca, "id"), what = "CA " + id, advice = "certwright ca rotate " + id;
  const std::string not_after = text_of(ca, "not_after");
  if (text_of(ca, "revoked") == "yes")
    findings.add(Verdict::bad, what, "revoked: nothing that it issued is valid any more", advice);
  else if (not_after <= to_rfc3339(now))
    findings.add(Verdict::bad, what, "expired " + not_after, advice);
  else if (not_after <= to_rfc3339(now + Seconds(90LL * 86400)))
    findings.add(Verdict::warning, what, "expires " + not_after, advice);
  else
    findings.add(Verdict::good, what, text_of(ca, "state") + ", expires " + not_after);
  if (const std::string problem = text_of(ca, "approval_problem"); !problem.empty())
    findings.add(Verdict::warning, "approval rules of " + id, problem,
                 fmt::format("some requests or none meet that rule as it is: correct it with certwright ca policy {} FILE", id));
}

void judge_kek(Findings& findings, const json::Value& kek) {
  const std::string what = "key-encryption key", source = text_of(kek, "source");
  const std::string phase = text_of(kek, "phase"), remaining = text_of(kek, "remaining");
  if (phase == "blocked")
    findings.add(Verdict::bad, what, "a retired one is still needed: " + text_of(kek, "problem"),
                 "what does not open was altered: bring it back from a backup, or remove it; certwright kek status");
  else if (phase != "idle")
    findings.add(Verdict::good, what,
                 phase + (remaining.empty() ? std::string() : ": " + remaining + " left under a retired one"));
  else if (text_of(kek, "kept") == "yes")
    findings.add(Verdict::warning, what, "kept beside what it protects, so that the " + source + " can be changed",
                 "change it, then certwright kek rotate");
  else
    findings.add(Verdict::good, what, source);
}

void judge_certgen(Findings& findings, const json::Value& status) {
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

void judge_notifications(Findings& findings, const json::Value& status) {
  const std::string waiting = text_of(status, "notifications_waiting");
  if (waiting.empty()) return;
  constexpr unsigned long long kLate = 3600;
  const auto number = [&](const char* name) { return std::strtoull(text_of(status, name).c_str(), nullptr, 10); };
  const auto age = number("notifications_oldest_waiting_s");
  findings.add(age < kLate ? Verdict::good : Verdict::warning, "notifications",
               fmt::format("{} waiting, the oldest for {} s", waiting, age),
               age < kLate ? "" : "a mail server or a webhook does not answer: see the server's log");
  const auto failed = number("notifications_failed");
  findings.add(failed == 0 ? Verdict::good : Verdict::warning, "given up notifications", fmt::format("{}", failed),
               failed == 0 ? "" : "NOTIFICATIONS_FAILED in the audit log says why: certwright audit show");
  const std::string mail = text_of(status, "mail");
  findings.add(mail == "off" ? Verdict::warning : Verdict::good, "e-mail", mail,
               mail == "off" ? "nobody is told of expiring certificates by e-mail: set smtp.host in the configuration" : "");
}

void judge_administrators(Findings& findings, const json::Value& status) {
  const std::string count = text_of(status, "administrators"), silent = text_of(status, "administrators_without_email");
  if (count.empty()) return;
  const auto all = std::strtoull(count.c_str(), nullptr, 10);
  const auto without = silent.empty() ? 0 : 1 + static_cast<unsigned long long>(std::ranges::count(silent, ' '));
  const std::string state = without == 0 ? fmt::format("{}, each with an e-mail address", all)
                                         : fmt::format("{}, of them {} without an e-mail address: {}", all, without, silent);
  const bool is_heard = without < all;
  findings.add(is_heard ? Verdict::good : Verdict::warning, "administrators", state,
               is_heard ? "" : fmt::format("nobody is told by e-mail of CAs that expire: certwright user set-email {} ADDRESS",
                                           silent.substr(0, silent.find(' '))));
}

}  // namespace certwright::cli
