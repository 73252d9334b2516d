#include "store/limits.h"
#include "store/sqlite/command_runner.h"
#include "store/sqlite/rows.h"

namespace certwright::store::sqlite {

Result<void> CommandRunner::operator()(const PutRequest& c) {
  const auto& r = c.request;
  {
    CERTWRIGHT_TRY(auto row, database_.query(Statement::find_request_step, r.id));
    CERTWRIGHT_TRY(const bool found, row.next());
    RequestRecord stored;
    if (found) {
      stored.revision = row.natural(0);
      stored.state = static_cast<RequestState>(row.integer(1));
    }
    CERTWRIGHT_CHECK(check_step(r, found ? &stored : nullptr));
  }
  if (is_open(r.state)) {
    CERTWRIGHT_TRY(auto equal, database_.query(Statement::find_open_request_id, r.request_sha256));
    CERTWRIGHT_TRY(const bool found, equal.next());
    if (found && equal.text(0) != r.id)
      return fail_field(Errc::conflict, "request_sha256", "an equal request is open");
  }
  if (is_open(r.state) && r.revision == 1 && c.open_max != 0) {
    CERTWRIGHT_TRY(auto open, database_.query(Statement::count_open_requests, r.principal));
    CERTWRIGHT_TRY(const bool counted, open.next());
    if (counted && open.natural(0) >= c.open_max)
      return fail_field(Errc::too_many_requests, "pending", "too many open requests");
  }
  if (r.revision == 1 && c.received_max != 0) {
    CERTWRIGHT_TRY(auto last, database_.query(Statement::find_received_request, r.principal, c.received_after,
                                              c.received_max - 1));
    CERTWRIGHT_TRY(const bool found, last.next());
    if (found)
      return fail_field(Errc::too_many_requests, "received", "too many requests were received");
  }
  CERTWRIGHT_CHECK(database_.run(
      Statement::put_request, r.id, r.revision, static_cast<int>(r.state), r.tenant, r.ca, r.profile,
      r.profile_version, r.principal, r.email, r.door, r.remote, r.entity_type, r.entity_id, r.subject,
      r.content, r.changes, r.request_sha256, r.binding, r.approvals_needed, r.reason, r.decided_by,
      r.certificate, r.received_at, r.changed_at, r.expires_at, r.certification_request));
  return {};
}

Result<void> CommandRunner::operator()(const AddApproval& c) {
  const auto& a = c.approval;
  {
    CERTWRIGHT_TRY(auto request, database_.query(Statement::find_request_binding, a.request));
    CERTWRIGHT_TRY(const bool found, request.next());
    if (!found) return fail_field(Errc::not_found, "request", "there is no such request");
    if (a.kind == ApprovalKind::officer && request.text(1) == a.principal)
      return fail_field(Errc::not_permitted, "principal", "nobody approves their own request");
    if (request.hash(0) != a.binding)
      return fail_field(Errc::conflict, "binding", "the request is not what was approved");
  }
  CERTWRIGHT_TRY(const bool inserted,
                 database_.insert(Statement::put_approval, a.request, a.principal,
                                  static_cast<int>(a.kind), a.binding, a.comment, a.approved_at));
  if (!inserted) return fail_field(Errc::conflict, "principal", "this principal has approved it");
  return {};
}

}  // namespace certwright::store::sqlite
