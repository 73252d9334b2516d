// Requests and approvals: what their commands do, and the reads.
#include <algorithm>

#include "store/limits.h"
#include "store/memory/locked_state.h"

namespace certwright::store {
namespace memory {

Result<void> put_request(Data& data, UndoLog& undo, const PutRequest& command) {
  const auto& request = command.request;
  const auto found = data.requests.find(request.id);
  CERTWRIGHT_CHECK(check_step(request, found == data.requests.end() ? nullptr : &found->second));
  if (is_open(request.state)) {
    std::uint32_t open = 0;
    for (const auto& [id, other] : data.requests) {
      if (id == request.id || !is_open(other.state)) continue;
      if (other.request_sha256 == request.request_sha256)
        return fail_field(Errc::conflict, "request_sha256", "an equal request is open");
      if (other.principal == request.principal) ++open;
    }
    if (request.revision == 1 && command.open_max != 0 && open >= command.open_max)
      return fail_field(Errc::too_many_requests, "pending", "too many open requests");
  }
  if (request.revision == 1 && command.received_max != 0) {
    const auto counts = [&](const auto& entry) {
      return entry.second.principal == request.principal && entry.second.state != RequestState::issued;
    };
    if (std::count_if(data.requests.upper_bound(command.received_after), data.requests.end(), counts) >=
        std::int64_t{command.received_max})
      return fail_field(Errc::too_many_requests, "received", "too many requests were received");
  }
  undo.put(data.requests, request.id, request);
  return {};
}

Result<void> add_approval(Data& data, UndoLog& undo, const AddApproval& command) {
  const auto& approval = command.approval;
  const auto request = data.requests.find(approval.request);
  if (request == data.requests.end())
    return fail_field(Errc::not_found, "request", "there is no such request");
  if (approval.kind == ApprovalKind::officer && approval.principal == request->second.principal)
    return fail_field(Errc::not_permitted, "principal", "nobody approves their own request");
  if (approval.binding != request->second.binding)
    return fail_field(Errc::conflict, "binding", "the request is not what was approved");
  const auto found = data.approvals.find(approval.request);
  auto approvals = found == data.approvals.end() ? std::vector<ApprovalRecord>{} : found->second;
  for (const auto& other : approvals)
    if (other.principal == approval.principal && other.binding == approval.binding)
      return fail_field(Errc::conflict, "principal", "this principal has approved it");
  approvals.push_back(approval);
  undo.put(data.approvals, approval.request, std::move(approvals));
  return {};
}

}  // namespace memory

Result<std::optional<RequestRecord>> MemoryStore::find_request(std::string_view id) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->data.requests.find(std::string(id));
  if (found == state_->data.requests.end()) return std::nullopt;
  return found->second;
}

Result<std::optional<RequestRecord>> MemoryStore::find_open_request(const Sha256& request_sha256) const {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [id, request] : state_->data.requests)
    if (is_open(request.state) && request.request_sha256 == request_sha256) return request;
  return std::nullopt;
}

Result<std::optional<RequestRecord>> MemoryStore::find_newest_request(const Sha256& request_sha256) const {
  const std::lock_guard lock(state_->mutex);
  std::optional<RequestRecord> newest;
  for (const auto& [id, request] : state_->data.requests)
    if (request.request_sha256 == request_sha256) newest = request;
  return newest;
}

Result<std::vector<OpenRequest>> MemoryStore::open_requests_of(std::string_view principal,
                                                               std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<OpenRequest> open;
  for (const auto& [id, request] : state_->data.requests)
    if (is_open(request.state) && request.principal == principal && open.size() < std::min(limit, kMaxRequestRows))
      open.push_back({id, request.state, request.request_sha256, request.content, request.expires_at});
  return open;
}

Result<RequestList> MemoryStore::list_requests(const RequestFilter& filter, const RequestPage& page) const {
  CERTWRIGHT_CHECK(check_page(page));
  const std::lock_guard lock(state_->mutex);
  std::vector<const RequestRecord*> all;
  for (const auto& [id, request] : state_->data.requests) all.push_back(&request);
  if (page.newest_first) std::ranges::reverse(all);
  RequestList list;
  for (const auto* request : all) {
    if (!page.after.empty() &&
        (page.newest_first ? request->id >= page.after : request->id <= page.after))
      continue;
    if (!matches(filter, *request)) continue;
    if (list.requests.size() == page.limit) {
      list.next = list.requests.back().id;
      break;
    }
    list.requests.push_back(*request);
  }
  return list;
}

Result<std::vector<ApprovalRecord>> MemoryStore::list_approvals(std::string_view request) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->data.approvals.find(std::string(request));
  if (found == state_->data.approvals.end()) return std::vector<ApprovalRecord>{};
  return found->second;
}

Result<std::vector<RequestRecord>> MemoryStore::requests_past(Time now, std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<RequestRecord> past;
  for (const auto& [id, request] : state_->data.requests)
    if (request.state < RequestState::approved && request.expires_at <= now) past.push_back(request);
  std::ranges::sort(past, {}, &RequestRecord::expires_at);
  if (past.size() > std::min(limit, kMaxRequestRows)) past.resize(std::min(limit, kMaxRequestRows));
  return past;
}

}  // namespace certwright::store
