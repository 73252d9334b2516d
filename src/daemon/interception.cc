#include "daemon/interception.h"

#include "aggregate/proof.h"
#include "daemon/log.h"

namespace certwright::daemon {
namespace {

const audit::Actor kActor = {.principal = "system", .tenant = "system", .door = "certgen", .remote = ""};

}  // namespace

void warn_of_records(std::string_view what) { log_error("certificate generator", {{"what", std::string(what)}}); }

aggregate::RootSink audit_sink(audit::Journal& journal) {
  return [&journal](const aggregate::ClosedInterval& closed) {
    return journal.record({.type = audit::EventType::aggregate_closed, .actor = kActor, .fields = aggregate::audit_fields(closed)});
  };
}

void log_unsettled(const Error& error) {
  log_error("records of the last certificates may be lost, if the machine stops now", {{"reason", error.detail}});
}

Interception::Interception(Installation& installation, Options options) : in_(installation), options_(std::move(options)) {}

Result<void> Interception::open() {
  if (log_ == nullptr) {
    CERTWRIGHT_TRY(log_, aggregate::Log::open({.folder = in_.state.aggregate(), .warn = warn_of_records}, in_.clock, audit_sink(in_.journal)));
    recording_ = log_.get();
  }
  CERTWRIGHT_TRY(service_, issuance::InterceptionService::open(
                               {.registration = in_.registration, .journal = in_.journal, .random = *in_.random, .clock = in_.clock, .log = log_.get()},
                               {.ca = options_.ca, .profile = options_.profile, .actor = kActor, .rsa_pool_capacity = options_.rsa_pool_capacity}));
  serving_ = service_.get();
  return {};
}

Result<void> Interception::refresh() {
  const std::lock_guard one_at_a_time(refreshing_);
  const auto refreshed = service_ == nullptr ? open() : service_->refresh();
  const std::lock_guard lock(trouble_mutex_);
  trouble_ = refreshed ? "" : refreshed.error().detail;
  return refreshed;
}

std::string Interception::trouble() const {
  const std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

Result<issuance::InterceptionCertificate> Interception::issue(const issuance::InterceptionRequest& request,
                                                              const issuance::InterceptionLimits& limits) {
  if (auto* const service = serving_.load()) return service->issue(request, limits);
  return fail(Errc::unavailable, trouble());
}

std::uint64_t Interception::generation() const noexcept {
  const auto* const service = serving_.load();
  return service == nullptr ? 0 : service->generation();
}

issuance::InterceptionStatistics Interception::statistics() const noexcept {
  const auto* const service = serving_.load();
  return service == nullptr ? issuance::InterceptionStatistics{} : service->statistics();
}

std::string Interception::record_failure() const {
  const auto* const log = recording_.load();
  return log == nullptr ? "" : log->statistics().failure;
}

Result<void> Interception::settle() {
  auto* const log = recording_.load();
  return log == nullptr ? Result<void>() : log->settle();
}

}  // namespace certwright::daemon
