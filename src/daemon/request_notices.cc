#include "daemon/request_notices.h"

#include <algorithm>
#include <iterator>

#include "pkcs10/certification_request.h"
#include "registration/request_content.h"

namespace certwright::daemon {
namespace {

using store::RequestRecord;
using store::RequestState;

// What the CSR says, in words; a request whose CSR cannot be read is told about all the same.
void describe(const RequestRecord& record, notification::RequestNotice& notice) {
  notice.common_name = record.subject;
  const auto csr = pkcs10::CertificationRequest::parse(record.certification_request);
  if (!csr) return;
  if (const auto names = csr->subject().common_names(); !names.empty()) notice.common_name = names.front();
}

std::string in_words(std::string_view changes_json) {
  const auto changes = registration::read_request_changes(changes_json);
  if (!changes || changes->empty()) return {};
  std::string text;
  if (changes->validity) text = "valid for " + std::to_string(changes->validity->count() / 86'400) + " days at most";
  for (const auto& name : changes->names_removed) text += (text.empty() ? "without " : ", without ") + name;
  return text;
}

}  // namespace

Result<std::string> RequestNotices::name_of_principal(std::string_view id) const {
  if (id.empty()) return std::string();
  CERTWRIGHT_TRY(const auto principal, store_.find_principal(id));
  return principal ? principal->name : std::string(id);
}

Result<void> RequestNotices::accompany(const registration::RequestChange& change, store::Transaction& transaction) {
  CERTWRIGHT_TRY(auto commands, about_state(change));
  for (const auto& event : change.events) {
    if (event.type != audit::EventType::approval_password_locked) continue;
    CERTWRIGHT_TRY(auto more, about_wrong_passwords(change, event));
    std::ranges::move(more, std::back_inserter(commands));
  }
  std::ranges::move(commands, std::back_inserter(transaction));
  return {};
}

Result<store::Transaction> RequestNotices::about_state(const registration::RequestChange& change) const {
  const RequestRecord& after = change.after;
  const bool is_new_state = change.before == nullptr || change.before->state != after.state;
  const bool is_changed = change.before != nullptr && change.before->binding != after.binding;
  if (!is_new_state && !(is_changed && after.state == RequestState::pending)) return store::Transaction{};
  // Issued at once, with nobody in between: the requester has the answer.
  if (change.before == nullptr && after.state == RequestState::approved) return store::Transaction{};

  notification::RequestNotice notice;
  notice.request = after.id;
  notice.tenant = after.tenant;
  notice.ca = after.ca;
  notice.profile = after.profile;
  describe(after, notice);
  notice.requester = after.principal;
  CERTWRIGHT_TRY(notice.requester_name, name_of_principal(after.principal));
  CERTWRIGHT_TRY(notice.decided_by, name_of_principal(after.decided_by));
  notice.reason = after.reason;
  notice.changes = in_words(after.changes);
  notice.occasion = is_changed ? "revision-" + std::to_string(after.revision) : "";
  switch (after.state) {
    case RequestState::pending: return outbox_.request_pending(notice);
    case RequestState::approved: return outbox_.request_approved(notice);
    case RequestState::denied: return outbox_.request_denied(notice);
    case RequestState::issued: {
      const auto serial = std::ranges::find(change.events, audit::EventType::request_issued, &audit::Event::type);
      if (serial != change.events.end())
        for (const auto& [name, value] : serial->fields)
          if (name == "serial") notice.serial = value;
      return outbox_.request_issued(notice);
    }
    case RequestState::expired:
      notice.reason = "Nobody decided in the time that the CA's policy gives.";
      return outbox_.request_closed(notice);
    case RequestState::failed: return outbox_.request_closed(notice);
    case RequestState::received:
    case RequestState::withdrawn: break;  // the requester did it
  }
  return store::Transaction{};
}

Result<store::Transaction> RequestNotices::about_wrong_passwords(const registration::RequestChange& change,
                                                                 const audit::Event& locked) const {
  notification::ApprovalFailures failures;
  failures.tenant = change.after.tenant;
  failures.ca = change.after.ca;
  failures.principal = change.actor.principal;
  CERTWRIGHT_TRY(failures.principal_name, name_of_principal(change.actor.principal));
  for (const auto& [name, value] : locked.fields)
    if (name == "count") failures.count = static_cast<std::uint32_t>(std::stoul(value));
  failures.window = change.after.changed_at;
  return outbox_.approval_failures(failures);
}

}  // namespace certwright::daemon
