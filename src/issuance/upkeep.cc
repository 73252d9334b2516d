// What becomes of intents without certificate, and of idempotency keys that nobody asks for again.
#include "issuance/issuance_service.h"
#include "issuance/subject.h"

namespace certwright::issuance {
namespace {

audit::Event abandoned_event(const store::SerialReservation& intent, const audit::Actor& actor) {
  return {.type = audit::EventType::intent_abandoned,
          .actor = actor,
          .fields = {{"serial", intent.serial.hex()},
                     {"ca", intent.ca},
                     {"tbs_sha256", to_hex(intent.tbs_sha256)},
                     {"reserved_at", to_rfc3339(intent.reserved_at)}}};
}

}  // namespace

// Closes an intent without certificate and accounts for it, in one commit. Errors: conflict if its
// certificate was recorded after all, or someone else accounted for it.
Result<void> IssuanceService::abandon(const store::SerialReservation& intent,
                                      const audit::Actor& actor) {
  return d_.store.apply(
      {store::AbandonIntent{intent.id}, d_.journal.leaf(abandoned_event(intent, actor))});
}

// Best effort: where it fails too, account_for_unfinished_intents() finds the intent at the next start.
void IssuanceService::account_for_failed_intent(const Subject& subject) {
  const auto& request = subject.request();
  const store::CertificateId id = *subject.serial->id();
  const auto intent = d_.store.find_reservation(id);
  if (!intent || !*intent) return;
  // The store may have committed what it could not acknowledge: then it is issued, not abandoned.
  if (!abandon(**intent, request.actor) || request.idempotency_key.empty()) return;
  (void)d_.store.apply(
      {store::ReleaseIdempotencyKey{request.principal.id, request.idempotency_key, id}});
}

Result<std::size_t> IssuanceService::account_for_unfinished_intents() {
  constexpr std::uint32_t kBatch = 1000;
  const audit::Actor actor{.principal = "system", .tenant = "", .door = "system", .remote = ""};
  const Time now = d_.clock.now();
  for (std::size_t accounted = 0;;) {
    CERTWRIGHT_TRY(const auto intents, d_.store.unfinished_intents(now, kBatch));
    if (intents.empty()) return accounted;
    store::Transaction transaction;
    for (const auto& intent : intents) {
      transaction.push_back(store::AbandonIntent{intent.id});
      transaction.push_back(d_.journal.leaf(abandoned_event(intent, actor)));
    }
    CERTWRIGHT_CHECK(d_.store.apply(transaction));
    accounted += intents.size();
  }
}

Result<std::size_t> IssuanceService::forget_old_idempotency_keys() {
  constexpr std::uint32_t kBatch = 200;  // of one commit: others' requests wait for no more
  constexpr std::size_t kAtMost = 20'000;
  std::size_t forgotten = 0;
  while (forgotten < kAtMost) {
    CERTWRIGHT_TRY(const auto old, d_.store.idempotency_before(
                                       d_.clock.now() - kIdempotencyKeyKept, kBatch));
    if (old.empty()) break;
    store::Transaction transaction;
    for (const auto& record : old)
      transaction.push_back(
          store::ForgetIdempotencyKey{record.principal, record.key, record.certificate});
    CERTWRIGHT_CHECK(d_.store.apply(transaction));
    forgotten += old.size();
    if (old.size() < kBatch) break;
  }
  return forgotten;
}

}  // namespace certwright::issuance
