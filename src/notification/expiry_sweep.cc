#include "notification/expiry_sweep.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "audit/events.h"
#include "ca/ca_policy.h"
#include "x509/certificate.h"

namespace certwright::notification {
namespace {

constexpr std::string_view kLease = "notification-expiry-sweep";
constexpr std::uint32_t kMostShards = 1024;
constexpr Duration kNarrowest = Seconds(1);
constexpr std::size_t kFullTransaction = 2000;  // commands; a lineage adds some hundred at most

Duration days_of(std::uint32_t days) { return std::chrono::hours(24) * days; }

std::string mark_name(std::uint32_t days) { return "expiry-sweep:" + std::to_string(days); }

std::optional<Time> read_mark(const std::optional<Bytes>& setting) {
  if (!setting) return std::nullopt;
  std::int64_t seconds = 0;
  const auto text = as_text(*setting);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return from_unix_s(seconds);
}

// What lives for less than twice the threshold is short-lived on purpose.
bool counts(std::uint32_t days, Time not_before, Time not_after) { return not_after - not_before >= 2 * days_of(days); }

// A hold may end.
bool is_over(const std::optional<store::Revocation>& revocation) {
  return revocation && revocation->reason != x509::RevocationReason::certificate_hold;
}

// For good: nobody could do anything about it. One whose key is offline is signed for by people, until it is retired.
bool cannot_replace_crl(const store::CaRecord& ca, Time now) {
  if (ca.state == store::CaState::retired && ca.sealed_key.empty()) return true;
  const auto certificate = x509::Certificate::parse(ca.certificate);
  return certificate && certificate->not_after() <= now;
}

// The lineages of CAs here: administrators of the installation are told of these as CAs.
bool is_of_a_ca(const store::LineageRow& row, const std::vector<store::CaRecord>& cas) {
  return row.entity_type == "ca" && row.tenant == "system" &&
         std::ranges::find(cas, row.entity_id, &store::CaRecord::id) != cas.end();
}

decltype(audit::Event::fields) about_certificates(std::uint32_t days, std::size_t count) {
  if (count == 0) return {};
  return {{"kind", "certificate"}, {"days", std::to_string(days)}, {"count", std::to_string(count)}};
}

void order(std::vector<std::uint32_t>& days) {
  std::ranges::sort(days, std::greater<>());
  const auto [first, last] = std::ranges::unique(days);
  days.erase(first, last);
  std::erase(days, 0U);
}

}  // namespace

ExpirySweep::ExpirySweep(const Dependencies& dependencies, ExpirySweepOptions options)
    : d_(dependencies), options_(std::move(options)) {
  order(options_.certificate_days);
  order(options_.ca_days);
}

Result<void> ExpirySweep::run_due() {
  const Time now = d_.clock.now();
  if (now < next_) return {};
  const auto lease = d_.store.apply({store::AcquireLease{std::string(kLease), options_.holder, now, now + options_.lease}});
  if (!lease && lease.error().code == Errc::conflict) return {};
  CERTWRIGHT_CHECK(lease);
  // Each by itself: what one of them cannot do must not silence the others.
  Result<void> outcome = sweep_cas();
  for (std::size_t i = 0; i < options_.certificate_days.size() && !stop_; ++i) {
    const bool is_last = i + 1 == options_.certificate_days.size();
    auto swept = sweep_certificates(options_.certificate_days[i], is_last ? 0 : options_.certificate_days[i + 1]);
    if (!swept && outcome) outcome = std::move(swept);
  }
  CERTWRIGHT_CHECK(outcome);
  next_ = now + options_.every;
  return {};
}

// The lease is extended with every batch: another node that has taken it ends this one's sweep.
Result<void> ExpirySweep::apply(store::Transaction transaction, Fields record) {
  const Time now = d_.clock.now();
  transaction.insert(transaction.begin(),
                     store::AcquireLease{std::string(kLease), options_.holder, now, now + options_.lease});
  if (!record.empty())
    transaction.push_back(d_.journal.leaf({audit::EventType::expiry_notified,
                                           {.principal = "system", .tenant = "system", .door = "system", .remote = ""},
                                           std::move(record)}));
  return d_.store.apply(transaction);
}

// CAs and CRLs are looked at whole in every sweep: what is in the outbox is not told, nor recorded, again.
Result<store::Transaction> ExpirySweep::untold(store::Transaction told) const {
  store::Transaction rest;
  for (auto& command : told) {
    const auto* enqueue = std::get_if<store::EnqueueNotification>(&command);
    if (enqueue != nullptr) {
      CERTWRIGHT_TRY(const bool known, d_.store.notifications().is_enqueued(enqueue->notification.deduplication_key));
      if (known) continue;
    }
    rest.push_back(std::move(command));
  }
  return rest;
}

// What is nearer than the next threshold is that one's to tell. A range that the store finds too large is
// swept in narrower ones, each with its mark, so that a store of any size gets through.
Result<void> ExpirySweep::sweep_certificates(std::uint32_t days, std::uint32_t next_days) {
  const Time now = d_.clock.now();
  CERTWRIGHT_TRY(const auto setting, d_.store.find_setting(mark_name(days)));
  const auto mark = read_mark(setting);
  Time from = now + days_of(next_days);
  if (mark) from = std::max(from, *mark + days_of(days));
  const Time to = now + days_of(days);
  Duration width = to - from;
  while (from < to) {
    const Time end = std::min(to, from + width);
    const auto swept = sweep_range(days, from, end);
    if (!swept && swept.error().code == Errc::too_large && width > kNarrowest) {
      width = std::max(kNarrowest, width / 2);
      continue;
    }
    CERTWRIGHT_CHECK(swept);
    if (stop_) return {};
    // Rounded down: a second is swept twice, not left out.
    const std::string reached = std::to_string(to_unix_s(end - days_of(days)));
    CERTWRIGHT_CHECK(apply({store::PutSetting{mark_name(days), to_bytes(as_bytes(reached))}}, {}));
    from = end;
  }
  return {};
}

Result<void> ExpirySweep::sweep_range(std::uint32_t days, Time from, Time to) {
  store::LineageFilter filter;
  filter.expires_after = from;
  filter.expires_before = to;
  filter.now = d_.clock.now();
  store::Page page;
  page.limit = options_.batch;
  CERTWRIGHT_TRY(const auto cas, d_.store.list_cas());
  while (!stop_) {
    CERTWRIGHT_TRY(const auto rows, d_.store.list_lineages(filter, page));
    store::Transaction transaction;
    std::size_t count = 0;
    for (const auto& row : rows) {
      if (is_over(row.revocation) || !counts(days, row.not_before, row.not_after) || is_of_a_ca(row, cas)) continue;
      CERTWRIGHT_TRY(auto told, d_.outbox.certificate_expiring(row, days));
      if (!told.empty()) ++count;
      std::ranges::move(told, std::back_inserter(transaction));
      if (transaction.size() < kFullTransaction) continue;
      CERTWRIGHT_CHECK(apply(std::exchange(transaction, {}), about_certificates(days, std::exchange(count, 0))));
    }
    if (!transaction.empty()) CERTWRIGHT_CHECK(apply(std::move(transaction), about_certificates(days, count)));
    if (rows.size() < page.limit) return {};
    page.after = rows.back().lineage;
  }
  return {};
}

Result<void> ExpirySweep::sweep_cas() {
  CERTWRIGHT_TRY(const auto cas, d_.store.list_cas());
  const Time now = d_.clock.now();
  for (const auto& ca : cas) {
    if (stop_ || ca.certificate.empty()) continue;
    CERTWRIGHT_CHECK(sweep_crls(ca));
    if (ca.state != store::CaState::active) continue;
    const auto certificate = x509::Certificate::parse(ca.certificate);
    if (!certificate) continue;
    const Time not_before = certificate->not_before();
    const Time not_after = certificate->not_after();
    std::optional<std::uint32_t> reached;  // the smallest
    for (const auto days : options_.ca_days)
      if (not_after > now && not_after - now <= days_of(days) && counts(days, not_before, not_after)) reached = days;
    if (!reached) continue;
    CERTWRIGHT_TRY(auto told, d_.outbox.ca_expiring(ca, certificate->subject().to_text(), not_after, *reached));
    CERTWRIGHT_TRY(told, untold(std::move(told)));
    if (told.empty()) continue;
    CERTWRIGHT_CHECK(apply(std::move(told), {{"kind", "ca"},
                                             {"ca", ca.id},
                                             {"days", std::to_string(*reached)},
                                             {"ends", to_rfc3339(not_after)}}));
  }
  return {};
}

// A CRL in the last tenth of its life has missed its replacement, if there can be one.
Result<void> ExpirySweep::sweep_crls(const store::CaRecord& ca) {
  if (cannot_replace_crl(ca, d_.clock.now())) return {};
  const auto policy = ca::parse_ca_policy(ca.policy);
  const std::uint32_t shards = policy ? std::min(policy->crl_shards, kMostShards) : 1;
  const Time now = d_.clock.now();
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    CERTWRIGHT_TRY(const auto crl, d_.store.find_crl(ca.id, shard));
    if (!crl || crl->next_update - now > (crl->next_update - crl->this_update) / 10) continue;
    CERTWRIGHT_TRY(auto told, d_.outbox.crl_expiring(*crl));
    CERTWRIGHT_TRY(told, untold(std::move(told)));
    if (told.empty()) continue;
    CERTWRIGHT_CHECK(apply(std::move(told), {{"kind", "crl"},
                                             {"ca", ca.id},
                                             {"shard", std::to_string(shard)},
                                             {"ends", to_rfc3339(crl->next_update)}}));
  }
  return {};
}

}  // namespace certwright::notification
