// Requests that people approved.
#include <algorithm>

#include "access/principal.h"
#include "issuance/issuance_service.h"
#include "issuance/subject.h"

namespace certwright::issuance {
namespace {

constexpr Seconds kFirstPause{60};
constexpr Seconds kLongestPause{3'600};

// Would it be refused the next time too?
bool is_final(const Error& error) {
  switch (error.code) {
    case Errc::conflict:
    case Errc::unavailable:
    case Errc::too_many_requests:
    case Errc::internal: return false;
    default: return true;
  }
}

// Nobody waits for a CA that never issues again.
bool is_of_ended_ca(const Error& error, const registration::RegistrationAuthority& registration, std::string_view ca) {
  return error.code == Errc::unavailable && registration.has_ended(ca).value_or(false);
}

}  // namespace

Result<IssuedCertificate> IssuanceService::resume(std::string_view request, const audit::Actor& actor) {
  if (d_.requests == nullptr) return tl::unexpected<Error>(access::not_found_error());
  {
    const std::lock_guard lock(resuming_mutex_);
    if (!resuming_.emplace(request).second)
      return fail_field(Errc::conflict, "request", "request: its certificate is being issued");
  }
  struct InHand {  // also where something throws
    IssuanceService& service;
    std::string_view request;
    ~InHand() {
      const std::lock_guard lock(service.resuming_mutex_);
      service.resuming_.erase(service.resuming_.find(request));
    }
  } const in_hand{*this, request};
  return resume_unguarded(request, actor);
}

Result<IssuedCertificate> IssuanceService::resume_unguarded(std::string_view request, const audit::Actor& actor) {
  const auto give_up = [&](const store::RequestRecord& record, const Error& error) {
    // Where this cannot be stored, resume_approved() comes here again.
    if (is_final(error) || is_of_ended_ca(error, d_.registration, record.ca)) (void)d_.requests->fail(record, error, actor);
    // A hold lasts, and upkeep asks every few seconds: that is no news each time.
    const bool is_on_hold = error.code == Errc::conflict && error.field == "certificate";
    if (!is_on_hold) record_refusal(actor, record.profile, error);
    return tl::unexpected<Error>(error);
  };
  auto decided = d_.requests->decided(request, actor);
  if (!decided) {
    CERTWRIGHT_TRY(const auto record, d_.requests->find(request));
    if (record && record->state == store::RequestState::approved) return give_up(*record, decided.error());
    return tl::unexpected(std::move(decided).error());
  }
  const store::RequestRecord record = decided->record();
  auto approved = d_.registration.approve(*std::move(decided));
  if (!approved) return give_up(record, approved.error());
  Subject subject{.approved = *std::move(approved), .decided = record, .resumed_by = actor};
  auto issued = run_path(subject);
  if (!issued) return give_up(record, issued.error());
  return finish(std::move(issued), subject.request().actor, record.profile);
}

bool IssuanceService::is_paused(const std::string& ca) {
  const std::lock_guard lock(resuming_mutex_);
  const auto found = outages_.find(ca);
  return found != outages_.end() && found->second.until > d_.clock.now();
}

void IssuanceService::note_outage(const std::string& ca, bool is_away) {
  const std::lock_guard lock(resuming_mutex_);
  if (!is_away) {
    outages_.erase(ca);
    return;
  }
  Outage& outage = outages_[ca];
  outage.pause = std::clamp(outage.pause * 2, kFirstPause, kLongestPause);
  outage.until = d_.clock.now() + outage.pause;
}

// Every try that fails at the signature leaves an intent and its account in the audit log: so few are made.
Result<std::size_t> IssuanceService::resume_approved(const audit::Actor& actor, Seconds since) {
  if (d_.requests == nullptr) return 0;
  store::RequestFilter approved{
      .scope = {{"*", "", ""}}, .states = {store::RequestState::approved}, .tenant = {}, .ca = {}, .principal = {}};
  store::RequestPage page{.limit = store::RequestPage::kMaxLimit, .after = {}, .newest_first = false};
  const Time newest = d_.clock.now() - since;
  for (std::size_t issued = 0;;) {
    CERTWRIGHT_TRY(const auto list, d_.requests->list(approved, page));
    for (const auto& request : list.requests) {
      if (request.changed_at > newest || is_paused(request.ca)) continue;
      const auto done = resume(request.id, actor);
      if (done) ++issued;
      const bool is_away = !done && done.error().code == Errc::unavailable &&
                           !is_of_ended_ca(done.error(), d_.registration, request.ca);
      if (done || is_away) note_outage(request.ca, is_away);
    }
    if (!list.next) return issued;
    page.after = *list.next;
  }
}

}  // namespace certwright::issuance
