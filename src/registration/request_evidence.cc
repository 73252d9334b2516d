// What counts as an approval, and whose.
#include <algorithm>

#include <fmt/format.h>

#include "access/stored_principal.h"
#include "registration/registration_authority.h"
#include "registration/request_step.h"

namespace certwright::registration {
namespace {

using store::RequestRecord;
using store::RequestState;

constexpr std::uint32_t kSettledAtOnce = 50;

bool administers_installation(const access::RoleBinding& binding) {
  return binding.role == access::Role::admin && binding.tenant == "*" && binding.ca.empty();
}

// Could this one, who administers tenants, sign in as both: make the request, and approve it?
bool holds_both(const access::Principal& administrator, const access::Principal& requester,
                const access::Principal& officer) {
  // Whoever administers the installation may change the rule itself.
  if (std::ranges::any_of(administrator.bindings, administers_installation)) return false;
  const bool is_requester = administrator.id == requester.id;
  return (is_requester || access::may_manage(administrator, requester)) && access::may_manage(administrator, officer);
}

// Is there somebody besides the officer, whom the rule trusts, who could sign in as both? Such rights end where
// the officer has a role that no administrator of its tenant can give.
Result<bool> are_in_one_hand(const store::Store& store, const access::Principal& requester,
                             const access::Principal& officer) {
  if (std::ranges::any_of(officer.bindings, [](const auto& binding) { return binding.tenant == "*"; })) return false;
  if (holds_both(requester, requester, officer)) return true;
  const auto& queries = store.notifications();
  CERTWRIGHT_TRY(const auto bindings, queries.role_holders(access::name_of(access::Role::admin), officer.tenant));
  if (bindings.size() >= store::NotificationQueries::kMaxLimit) return true;  // there may be more of them
  for (const auto& binding : bindings) {
    if (!binding.ca.empty() || binding.principal == officer.id) continue;
    const auto administrator = access::stored_principal(store, binding.principal);
    if (!administrator && administrator.error().code != Errc::unauthenticated)
      return tl::unexpected(administrator.error());
    if (administrator && holds_both(*administrator, requester, officer)) return true;
  }
  return false;
}

}  // namespace

Result<void> RequestDesk::check_may_approve(const Examination& examined, const access::Principal& officer,
                                            const RequestRecord& record) const {
  const auto& requirement = examined.requirement;
  CERTWRIGHT_CHECK(check_officer(requirement, officer, record));
  // Whoever asked for it: it is theirs.
  if (const auto& renews = examined.request.renews; renews && renews->certificate.principal == officer.id)
    return ::certwright::fail(Errc::not_permitted, "Nobody approves the renewal of a certificate of their own.");
  if (requirement.officers_of.empty() && !requirement.installation_officers) return {};
  CERTWRIGHT_TRY(const bool one_hand, are_in_one_hand(d_.store, examined.request.principal, officer));
  if (!one_hand) return {};
  return ::certwright::fail(Errc::not_permitted,
                            "The policy of CA \"" + record.ca +
                                "\" names its officers, and an administrator of the requester's tenant could sign in "
                                "as you: your approval does not count for this request.");
}

Result<std::string> RequestDesk::why_not_this_officer(const RequestRecord& record, const Examination* examined,
                                                      std::string_view principal) const {
  const auto officer = access::stored_principal(d_.store, principal);
  if (!officer && officer.error().code != Errc::unauthenticated) return tl::unexpected(officer.error());
  if (!officer) return "the officer's account is disabled";
  if (!access::authorise(*officer, access::Action::request_decide, object_of(record)))
    return "the officer has no role for it any more";
  if (examined == nullptr) return "";
  const auto may = check_may_approve(*examined, *officer, record);
  if (!may && may.error().code != Errc::not_permitted) return tl::unexpected(may.error());
  return may ? "" : "the CA's policy does not count this officer for it";
}

Result<bool> RequestDesk::may_approve(const RequestRecord& record, const Examination& examined,
                                      std::string_view principal) const {
  CERTWRIGHT_TRY(const auto why_not, why_not_this_officer(record, &examined, principal));
  return why_not.empty();
}

Result<std::string> RequestDesk::why_not(const RequestRecord& record, const Examination* examined,
                                         const store::ApprovalRecord& approval) const {
  using enum store::ApprovalKind;
  if (approval.binding != record.binding) return "it was given before something was changed";
  if (!is_open(record.state)) return "";
  if (examined != nullptr && examined->profile->version != record.profile_version)
    return "the profile has another version since";
  if (approval.kind == officer) return why_not_this_officer(record, examined, approval.principal);
  if (examined == nullptr || !examined->requirement.needed()) return "";
  if (approval.kind == standing_rule) return "no standing rule of the CA's policy covers it any more";
  return examined->requirement.password ? "" : "the CA's policy takes no password for it any more";
}

Result<std::vector<RequestDesk::Counted>> RequestDesk::approvals(const RequestRecord& record,
                                                                 const Examination* examined) const {
  CERTWRIGHT_TRY(auto all, d_.store.list_approvals(record.id));
  std::vector<Counted> counted;
  for (auto& approval : all) {
    CERTWRIGHT_TRY(auto reason, why_not(record, examined, approval));
    counted.push_back({.approval = std::move(approval), .why_not = std::move(reason)});
  }
  return counted;
}

// How many officers besides `not_this_one` approved what the record is now, and still may.
Result<std::size_t> RequestDesk::officers_for(const RequestRecord& record, const Examination& examined,
                                              std::string_view not_this_one) const {
  CERTWRIGHT_TRY(const auto all, approvals(record, &examined));
  return static_cast<std::size_t>(std::ranges::count_if(all, [&](const Counted& each) {
    return each.approval.kind == store::ApprovalKind::officer && each.why_not.empty() &&
           each.approval.principal != not_this_one;
  }));
}

// Do the approvals that are there satisfy the policy of now?
Result<bool> RequestDesk::is_enough(const RequestRecord& record, const Examination& examined) const {
  const auto& requirement = examined.requirement;
  if (!requirement.needed()) return true;
  CERTWRIGHT_TRY(const auto all, approvals(record, &examined));
  const bool by_password = std::ranges::any_of(all, [](const Counted& each) {
    return each.approval.kind == store::ApprovalKind::password && each.why_not.empty();
  });
  if (by_password) return true;
  CERTWRIGHT_TRY(const auto officers, officers_for(record, examined, ""));
  return officers >= requirement.officers;
}

Result<bool> RequestDesk::has_approved(const RequestRecord& record, std::string_view principal) const {
  CERTWRIGHT_TRY(const auto approvals, d_.store.list_approvals(record.id));
  return std::ranges::any_of(approvals, [&](const store::ApprovalRecord& approval) {
    return approval.principal == principal && approval.binding == record.binding;
  });
}

Result<bool> RequestDesk::add_approval(Step& step, const RequestRecord& record, store::ApprovalKind kind) const {
  CERTWRIGHT_TRY(const auto approvals, d_.store.list_approvals(record.id));
  for (const auto& earlier : approvals)
    if (earlier.principal == record.principal && earlier.binding == record.binding) return earlier.kind == kind;
  step.approval = approval_by_requester(record, kind);
  step.events.push_back(approval_event(record, *step.approval, 0, step.actor));
  return true;
}

Result<bool> RequestDesk::settle(RequestRecord& record, const Examination& examined, Step& step) const {
  // Under another version of the profile it is another certificate, and nothing was given to that.
  if (record.state != RequestState::pending || examined.profile->version != record.profile_version) return false;
  CERTWRIGHT_TRY(const bool enough, is_enough(record, examined));
  if (!enough) return false;
  const RequestRecord before = record;
  record.state = RequestState::approved;
  record.changed_at = d_.clock.now();
  record.approvals_needed = examined.requirement.officers;
  step.events.push_back(changed_event(before, record, "policy", step.actor));
  if (examined.requirement.by_standing_rule) {  // it needs nobody, whichever evidence is there
    CERTWRIGHT_CHECK(add_approval(step, record, store::ApprovalKind::standing_rule));
  }
  step.events.push_back(approved_event(record, before.state, step.actor));
  return true;
}

// A CA that has ended for good issues nothing any more, and a certificate that was revoked, or renewed otherwise, is
// not renewed: whoever waits for that should not wait until the time is over.
Result<void> RequestDesk::close_hopeless(const RequestRecord& record, const Error& refusal, const audit::Actor& actor) {
  const bool is_over = refusal.code == Errc::policy && refusal.field == "certificate";
  CERTWRIGHT_TRY(const bool has_ended, d_.registration.has_ended(record.ca));
  if (!has_ended && !is_over) return {};
  const auto closed = end_as_failed(record, refusal, actor);
  if (!closed && closed.error().code != Errc::conflict) return tl::unexpected(closed.error());
  return {};
}

Result<bool> RequestDesk::settle_one(RequestRecord before, const audit::Actor& actor) {
  const auto examined = examine(before, View::as_changed);
  if (!examined) {  // whoever decides, or issues, will hear why
    CERTWRIGHT_CHECK(close_hopeless(before, examined.error(), actor));
    return false;
  }
  if (examined->profile->version != before.profile_version) {
    if (examined->requirement.needed()) return false;  // what was given before counts no more
    auto rebased = rebase(before, actor);
    if (!rebased) return false;
    before = *std::move(rebased);
  }
  Step step{.actor = actor, .approval = {}, .events = {}, .examined = &*examined};
  RequestRecord after = before;
  CERTWRIGHT_TRY(const bool enough, settle(after, *examined, step));
  if (!enough) return false;
  const auto stored = commit(&before, std::move(after), std::move(step));
  if (!stored && stored.error().code != Errc::conflict) return tl::unexpected(stored.error());
  return stored.has_value();  // else somebody decided just now
}

Result<std::size_t> RequestDesk::settle_waiting(const audit::Actor& actor) {
  const std::lock_guard lock(settled_mutex_);
  const store::RequestFilter pending{
      .scope = {{"*", "", ""}}, .states = {RequestState::pending}, .tenant = {}, .ca = {}, .principal = {}};
  CERTWRIGHT_TRY(const auto list, d_.store.list_requests(
                                      pending, {.limit = kSettledAtOnce, .after = settled_, .newest_first = false}));
  settled_ = list.next.value_or("");
  std::size_t approved = 0;
  std::optional<Error> first;
  for (const auto& each : list.requests) {
    const auto settled = settle_one(each, actor);
    if (settled && *settled) ++approved;
    if (!settled && !first) first = settled.error();
  }
  if (first) return tl::unexpected(*std::move(first));
  return approved;
}

// The state alone is not believed: the approvals must be there, to what the record is now.
Result<void> RequestDesk::check_evidence(const RequestRecord& record) const {
  if (record.approvals_needed == 0) return {};
  CERTWRIGHT_TRY(const auto approvals, d_.store.list_approvals(record.id));
  std::size_t officers = 0;
  for (const auto& approval : approvals) {
    if (approval.binding != record.binding) continue;
    if (approval.kind == store::ApprovalKind::password) return {};
    if (approval.kind == store::ApprovalKind::officer && approval.principal != record.principal) ++officers;
  }
  if (officers >= record.approvals_needed) return {};
  return ::certwright::fail(Errc::internal, "the approvals of request " + record.id + " are not there");
}

}  // namespace certwright::registration
