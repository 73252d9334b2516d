#include "daemon/interception.h"

#include "aggregate/proof.h"
#include "daemon/log.h"

namespace certwright::daemon {

aggregate::RootSink audit_sink(audit::Journal& journal) {
  return [&journal](const aggregate::ClosedInterval& closed) {
    return journal.record({.type = audit::EventType::aggregate_closed,
                           .actor = {.principal = "system", .tenant = "system", .door = "certgen", .remote = ""},
                           .fields = aggregate::audit_fields(closed)});
  };
}

void log_unsettled(const Error& error) {
  log_error("records of the last certificates may be lost, if the machine stops now", {{"reason", error.detail}});
}

Result<std::unique_ptr<Interception>> Interception::open(Installation& in, const Options& options) {
  std::unique_ptr<Interception> opened(new Interception());
  CERTWRIGHT_TRY(opened->log_, aggregate::Log::open({.folder = in.state.aggregate(), .retention = options.retention},
                                                    in.clock, audit_sink(in.journal)));
  CERTWRIGHT_TRY(opened->service_,
                 issuance::InterceptionService::open(
                     {.registration = in.registration,
                      .journal = in.journal,
                      .random = *in.random,
                      .clock = in.clock,
                      .log = opened->log_.get()},
                     {.ca = options.ca,
                      .profile = options.profile,
                      .actor = {.principal = "system", .tenant = "system", .door = "certgen", .remote = ""},
                      .rsa_pool_capacity = options.rsa_pool_capacity}));
  return opened;
}

}  // namespace certwright::daemon
