#include "daemon/request_notices.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "pkcs10/certification_request.h"
#include "registration/request_content.h"
#include "x509/certificate.h"
#include "x509/general_name.h"

namespace certwright::daemon {
namespace {

using store::RequestRecord;
using store::RequestState;

// What is asked for, in words, without what an officer took away; a request whose CSR cannot be read is told
// about all the same.
void describe(const store::Store& store, const RequestRecord& record, notification::RequestNotice& notice) {
  notice.common_name = record.subject;
  std::vector<x509::GeneralName> names;
  if (const auto csr = pkcs10::CertificationRequest::parse(record.certification_request)) {
    if (const auto common = csr->subject().common_names(); !common.empty()) notice.common_name = common.front();
    if (auto asked = csr->requested_subject_alt_names()) names = *std::move(asked);
  }
  if (const auto content = registration::read_request_content(record.content)) {
    names.insert(names.end(), content->names.begin(), content->names.end());
    notice.reason = content->purpose;
    if (content->renews != 0) {
      const auto newest = store.find_certificate(content->renews);
      if (newest && *newest)
        if (const auto certificate = x509::Certificate::parse((*newest)->certificate.der)) {
          if (const auto common = certificate->subject().common_names(); !common.empty()) notice.common_name = common.front();
          if (auto before = certificate->subject_alt_names()) names = *std::move(before);
        }
    }
    for (const auto& [attribute, value] : content->subject)
      if (attribute == "common_name") notice.common_name = value;
  }
  const auto changes = registration::read_request_changes(record.changes);
  const auto has = [](const auto& all, const auto& one) { return std::ranges::find(all, one) != all.end(); };
  for (const auto& name : names) {
    auto text = name.to_text();
    if (!has(notice.names, text) && !(changes && has(changes->names_removed, text))) notice.names.push_back(std::move(text));
  }
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
  CERTWRIGHT_TRY(auto given_up, no_more_to_decide(change));
  std::ranges::move(given_up, std::back_inserter(commands));
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
  describe(store_, after, notice);
  notice.requester = after.principal;
  CERTWRIGHT_TRY(notice.requester_name, name_of_principal(after.principal));
  CERTWRIGHT_TRY(notice.decided_by, name_of_principal(after.decided_by));
  if (after.state != RequestState::pending) notice.reason = after.reason;  // else the requester's, if any
  notice.changes = in_words(after.changes);
  notice.approvals_needed = after.approvals_needed;
  if (change.requirement != nullptr)
    notice.deciders = {change.requirement->officers_of, change.requirement->installation_officers, change.may_approve};
  // One may come to the same state again, with the same binding: a policy that wants more reopens it.
  notice.occasion = change.before == nullptr ? "" : "revision-" + std::to_string(after.revision);
  switch (after.state) {
    case RequestState::pending: return outbox_.request_pending(notice);
    case RequestState::approved:
      notice.requester.clear();  // is told when it is issued, or why it was not, which is moments later
      return outbox_.request_approved(notice);
    case RequestState::denied: return outbox_.request_denied(notice);
    case RequestState::issued: {
      CERTWRIGHT_TRY(const auto certificate, store_.find_reservation(after.certificate));
      if (certificate) {
        notice.serial = certificate->serial.decimal();
        notice.not_after = certificate->not_after;
      }
      // Nobody came in between, and the requester waits for the answer.
      if (after.decided_by.empty() && change.actor.principal == after.principal) notice.requester.clear();
      return outbox_.request_issued(notice);
    }
    case RequestState::expired:
      notice.reason = change.before != nullptr && change.before->state == RequestState::approved
                          ? "It was approved, but for a month no certificate could be issued."
                          : "Nobody decided in the time that the CA's policy gives.";
      return outbox_.request_closed(notice);
    case RequestState::failed: return outbox_.request_closed(notice);
    case RequestState::received:
    case RequestState::withdrawn: break;  // the requester did it
  }
  return store::Transaction{};
}

// Nobody is to be asked any more to decide: what waits to say so is given up, or whoever sends requests and
// withdraws them fills the officers' mail. A webhook hears of a decision too, in order, and so goes on hearing
// what it was about; of a withdrawal it would hear nothing.
Result<store::Transaction> RequestNotices::no_more_to_decide(const registration::RequestChange& change) const {
  store::Transaction commands;
  const RequestRecord& after = change.after;
  if (change.before == nullptr || change.before->state != RequestState::pending || after.state == RequestState::pending)
    return commands;
  CERTWRIGHT_TRY(const auto told, store_.notifications().told_about(after.tenant, after.id));
  std::map<std::pair<store::NotificationChannel, std::string>, std::vector<store::NotificationId>> waiting;
  for (const auto& n : told)
    if (n.state == store::NotificationState::waiting && n.event == name_of(notification::EventKind::request_pending) &&
        (n.channel == store::NotificationChannel::email || after.state == RequestState::withdrawn))
      waiting[{n.channel, n.recipient}].push_back(n.id);
  const Time now = clock_.now();
  for (auto& [to, ids] : waiting)
    commands.push_back(store::SettleNotifications{to.first, to.second, std::move(ids),
                                                  store::NotificationState::acknowledged, now, now,
                                                  "there is nothing to decide any more"});
  return commands;
}

Result<store::Transaction> RequestNotices::about_wrong_passwords(const registration::RequestChange& change,
                                                                 const audit::Event& locked) const {
  notification::ApprovalFailures failures;
  failures.tenant = change.after.tenant;
  failures.ca = change.after.ca;
  failures.principal = change.actor.principal;
  CERTWRIGHT_TRY(failures.principal_name, name_of_principal(change.actor.principal));
  for (const auto& [name, value] : locked.fields) {
    if (name == "count") failures.count = static_cast<std::uint32_t>(std::stoul(value));
    // Many accounts that fail a little: the one that failed last stands for them.
    if (name == "scope" && value == "tenant")
      failures.principal_name = "several accounts of tenant " + locked.actor.tenant + ", at last " + failures.principal_name;
    if (name == "scope" && value == "ca")
      failures.principal_name = "accounts of several tenants, at last " + failures.principal_name;
  }
  failures.window = clock_.now();  // the lock begins; the request may have changed long before
  return outbox_.approval_failures(failures);
}

}  // namespace certwright::daemon
