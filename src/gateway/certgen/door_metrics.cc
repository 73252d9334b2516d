#include "gateway/certgen/door_metrics.h"

namespace certwright::gateway::certgen {
namespace {

const std::vector<double> kOctetBuckets = {512, 1'024, 1'472, 2'048, 3'072, 4'096, 6'144, 8'192, 12'288, 16'384};

struct CounterRow {
  const char* name;
  const char* help;
  std::uint64_t DoorStatistics::*value;
  metrics::Labels labels = {};
};

std::vector<CounterRow> counter_rows() {
  using S = DoorStatistics;
  return {
      {"certwright_certgen_requests_total", "Requests received.", &S::requests},
      {"certwright_certgen_invalid_total", "Requests that could not be read.", &S::invalid},
      {"certwright_certgen_denied_total", "Requests from peers that are not allowed.", &S::denied},
      {"certwright_certgen_rate_limited_total", "Requests over their peer's rate.", &S::rate_limited},
      {"certwright_certgen_shed_total", "Requests dropped without an answer.", &S::shed_late, {{"reason", "deadline"}}},
      {"certwright_certgen_shed_total", "Requests dropped without an answer.", &S::shed_full, {{"reason", "queue_full"}}},
      {"certwright_certgen_duplicates_total", "Requests repeated by a client that was waiting already.", &S::duplicates},
      {"certwright_certgen_answers_total", "Answers sent.", &S::answered_cached, {{"source", "cache"}}},
      {"certwright_certgen_answers_total", "Answers sent.", &S::answered_issued, {{"source", "issued"}}},
      {"certwright_certgen_failed_total", "Requests for which no certificate could be made.", &S::failed},
      {"certwright_certgen_send_failed_total", "Answers that the kernel did not take.", &S::send_failed},
      {"certwright_certgen_kernel_dropped_total", "Requests lost in a full receive buffer.", &S::kernel_dropped},
      {"certwright_certgen_certificates_total", "Certificates made.", &S::issued},
      {"certwright_certgen_refreshed_total", "Certificates made before their cached answer expired.", &S::refreshed},
      {"certwright_certgen_reductions_total", "Certificates cut to fit an answer.", &S::roots_dropped, {{"kind", "root"}}},
      {"certwright_certgen_reductions_total", "Certificates cut to fit an answer.", &S::names_trimmed, {{"kind", "names"}}},
      {"certwright_certgen_reductions_total", "Certificates cut to fit an answer.", &S::small_keys, {{"kind", "key_type"}}},
      {"certwright_certgen_key_type_switched_total", "Certificates with another key type than upstream and policy ask for.",
       &S::key_types_switched},
  };
}

}  // namespace

DoorMetrics::DoorMetrics(metrics::Registry& registry)
    : registry_(registry),
      seconds_(registry.histogram("certwright_certgen_answer_seconds", "From the kernel's receipt of a request to its answer.")),
      octets_(registry.histogram("certwright_certgen_answer_octets", "Sizes of answers.", {}, kOctetBuckets)) {}

void DoorMetrics::observe(std::chrono::nanoseconds took, std::size_t octets) const noexcept {
  seconds_.observe(std::chrono::duration<double>(took).count());
  octets_.observe(static_cast<double>(octets));
}

void DoorMetrics::follow(const Door& door) {
  follow_counters(door);
  follow_issuer(door);
  registry_.on_scrape([&door, depth = registry_.gauge("certwright_certgen_queue_depth", "Certificates that wait to be made."),
                       entries = registry_.gauge("certwright_certgen_cache_entries", "Answers kept."),
                       octets = registry_.gauge("certwright_certgen_cache_octets", "Octets of the answers kept.")] {
    const auto now = door.statistics();
    depth.set(static_cast<double>(now.queue_depth));
    entries.set(static_cast<double>(now.cache_entries));
    octets.set(static_cast<double>(now.cache_octets));
  });
}

void DoorMetrics::follow_counters(const Door& door) {
  for (const auto& row : counter_rows())
    registry_.counter_from(row.name, row.help, [&door, value = row.value] { return static_cast<double>(door.statistics().*value); }, row.labels);
  for (std::size_t i = 0; i < Door::kKeyAlgorithms.size(); ++i)
    registry_.counter_from("certwright_certgen_keys_total", "Certificates made, by the type of their key.",
                           [&door, i] { return static_cast<double>(door.issued_by_key_algorithm()[i]); },
                           {{"algorithm", std::string(Door::kKeyAlgorithms[i])}});
}

void DoorMetrics::follow_issuer(const Door& door) {
  registry_.counter_from("certwright_certgen_record_failures_total", "Attempts to write, sync or close records that failed.",
                         [&door] { return static_cast<double>(door.issuer_statistics().record_failures); });
  registry_.on_scrape([&door, depth = registry_.gauge("certwright_certgen_key_pool_depth", "RSA keys made in advance."),
                       capacity = registry_.gauge("certwright_certgen_key_pool_capacity", "RSA keys the pool can hold."),
                       dry = registry_.gauge("certwright_certgen_key_pool_dry", "Times that the pool had no key, since the CA was opened."),
                       unsynced = registry_.gauge("certwright_certgen_records_unsynced", "Records that a crash now would lose."),
                       failed = registry_.gauge("certwright_certgen_records_failed", "Certificates that nobody got, because their record came too late."),
                       failing = registry_.gauge("certwright_certgen_records_failing", "1 while records cannot be written, synced or closed.")] {
    const auto now = door.issuer_statistics();
    failing.set(now.records_failing ? 1 : 0);
    depth.set(static_cast<double>(now.rsa_pool_depth));
    capacity.set(static_cast<double>(now.rsa_pool_capacity));
    dry.set(static_cast<double>(now.rsa_pool_dry));
    unsynced.set(static_cast<double>(now.records_unsynced));
    failed.set(static_cast<double>(now.records_failed));
  });
}

}  // namespace certwright::gateway::certgen
