// Requests and approvals. A list follows the one index that narrows it most, and decides on the rest
// row by row, by the columns that decide: what was asked for is long.
#include <algorithm>

#include "store/limits.h"
#include "store/sqlite/parts.h"
#include "store/sqlite/row_readers.h"
#include "store/sqlite/rows.h"

namespace certwright::store {
namespace {

using sqlite::all_rows;
using sqlite::Database;
using sqlite::first_row;
using sqlite::Query;
using sqlite::Statement;

constexpr std::string_view kAfterEveryId = "~";  // ids are hexadecimal digits

// The tenant, or the principal, that every visible request has; empty if there is no such one.
std::string common(const RequestFilter& filter, std::string RequestFilter::Grant::*member,
                   const std::string& wanted) {
  if (!wanted.empty() || filter.scope.empty()) return wanted;
  const std::string& first = filter.scope.front().*member;
  if (first == "*") return "";
  const bool all = std::ranges::all_of(filter.scope, [&](const auto& g) { return g.*member == first; });
  return all ? first : "";
}

// What the statement is given; must outlive the query.
struct Range {
  std::string principal, tenant;  // those that all have, or empty
  std::string_view after;
  std::uint32_t limit = 0;
};

Result<Query> stream(Database& reader, const RequestFilter& filter, bool newest_first, const Range& range) {
  const auto pick = [&](Statement ascending, Statement descending) {
    return newest_first ? descending : ascending;
  };
  const bool one_state = filter.states.size() == 1;
  const Statement by_state =
      pick(Statement::requests_of_state_ascending, Statement::requests_of_state_descending);
  if (!range.principal.empty())
    return reader.query(pick(Statement::requests_of_principal_ascending,
                             Statement::requests_of_principal_descending),
                        range.principal, range.after, range.limit);
  if (one_state && is_open(filter.states.front()))  // few, whatever else there is
    return reader.query(by_state, static_cast<int>(filter.states.front()), range.after, range.limit);
  if (!range.tenant.empty())
    return reader.query(
        pick(Statement::requests_of_tenant_ascending, Statement::requests_of_tenant_descending),
        range.tenant, range.after, range.limit);
  if (one_state)
    return reader.query(by_state, static_cast<int>(filter.states.front()), range.after, range.limit);
  return reader.query(pick(Statement::requests_ascending, Statement::requests_descending), range.after,
                      range.limit);
}

// What matches() looks at.
RequestRecord deciding_columns(const Query& row) {
  RequestRecord request;
  request.id = row.text(0);
  request.state = static_cast<RequestState>(row.integer(1));
  request.tenant = row.text(2);
  request.ca = row.text(3);
  request.principal = row.text(4);
  return request;
}

OpenRequest open_request(const Query& row) {
  return {.id = row.text(0),
          .state = static_cast<RequestState>(row.integer(1)),
          .request_sha256 = row.hash(2),
          .content = row.text(3),
          .expires_at = row.time(4)};
}

}  // namespace

Result<std::optional<RequestRecord>> SqliteStore::find_request(std::string_view id) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_request, id), sqlite::request_record);
}

Result<std::optional<RequestRecord>> SqliteStore::find_open_request(const Sha256& request_sha256) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_open_request, request_sha256), sqlite::request_record);
}

Result<std::optional<RequestRecord>> SqliteStore::find_newest_request(const Sha256& request_sha256) const {
  const auto reader = parts_->readers->borrow();
  return first_row(reader->query(Statement::find_newest_request, request_sha256), sqlite::request_record);
}

Result<std::vector<OpenRequest>> SqliteStore::open_requests_of(std::string_view principal,
                                                               std::uint32_t limit) const {
  const auto reader = parts_->readers->borrow();
  // Few are open, and the index of those does not have them in order; that of all has every request ever.
  CERTWRIGHT_TRY(auto open, all_rows(reader->query(Statement::open_requests_of, principal, kMaxRequestRows), open_request));
  std::ranges::sort(open, {}, &OpenRequest::id);
  if (open.size() > limit) open.resize(limit);
  return open;
}

Result<RequestList> SqliteStore::list_requests(const RequestFilter& filter, const RequestPage& page) const {
  CERTWRIGHT_CHECK(check_page(page));
  RequestList list;
  if (filter.scope.empty()) return list;
  const std::string_view begin = page.newest_first ? kAfterEveryId : std::string_view();
  const Range range{.principal = common(filter, &RequestFilter::Grant::principal, filter.principal),
                    .tenant = common(filter, &RequestFilter::Grant::tenant, filter.tenant),
                    .after = page.after.empty() ? begin : std::string_view(page.after),
                    .limit = RequestPage::kMaxExamined + 1};
  const auto reader = parts_->readers->borrow();
  CERTWRIGHT_TRY(auto rows, stream(*reader, filter, page.newest_first, range));
  std::string last;
  for (std::uint32_t examined = 0;; ++examined) {
    CERTWRIGHT_TRY(const bool more, rows.next());
    if (!more) return list;
    if (examined == RequestPage::kMaxExamined) break;
    auto deciding = deciding_columns(rows);
    if (matches(filter, deciding)) {
      if (list.requests.size() == page.limit) break;
      // Of the same snapshot, which `rows` holds.
      CERTWRIGHT_TRY(auto request, first_row(reader->query(Statement::find_request, deciding.id), sqlite::request_record));
      if (request) list.requests.push_back(*std::move(request));
    }
    last = std::move(deciding.id);
  }
  list.next = last;
  return list;
}

Result<std::vector<ApprovalRecord>> SqliteStore::list_approvals(std::string_view request) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::list_approvals, request), sqlite::approval_record);
}

Result<std::vector<RequestRecord>> SqliteStore::requests_past(Time now, std::uint32_t limit) const {
  const auto reader = parts_->readers->borrow();
  return all_rows(reader->query(Statement::requests_past, now, std::min(limit, kMaxRequestRows)),
                  sqlite::request_record);
}

}  // namespace certwright::store
