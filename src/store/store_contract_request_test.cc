// Requests for approval, and approvals.
#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

std::string id_text(std::uint64_t n) {
  std::string digits = std::to_string(n);
  return std::string(32 - digits.size(), '0') + digits;
}

RequestRecord request(std::uint64_t n) {
  return {.id = id_text(n),
          .revision = 1,
          .state = RequestState::pending,
          .tenant = "default",
          .ca = "issuing",
          .profile = "tls-server",
          .profile_version = 3,
          .principal = "alice",
          .email = "alice@example.org",
          .door = "portal",
          .remote = "192.0.2.1",
          .entity_type = "backend",
          .entity_id = "web",
          .certification_request = {1, 2, 3},
          .subject = "CN=web",
          .content = "{}",
          .changes = "",
          .request_sha256 = hash_of(n),
          .binding = hash_of(1000 + n),
          .approvals_needed = 2,
          .reason = "",
          .decided_by = "",
          .certificate = 0,
          .received_at = kStart + Seconds(n),
          .changed_at = kStart + Seconds(n),
          .expires_at = kStart + kDay + Seconds(n)};
}

ApprovalRecord approval(std::uint64_t n, std::string principal) {
  return {.request = id_text(n),
          .principal = std::move(principal),
          .kind = ApprovalKind::officer,
          .binding = hash_of(1000 + n),
          .comment = "looks right",
          .approved_at = kStart + Seconds(n)};
}

RequestRecord next(RequestRecord record, RequestState state) {
  ++record.revision;
  record.state = state;
  return record;
}

const RequestFilter kAll{.scope = {{"*", "", ""}}, .states = {}, .tenant = {}, .ca = {}, .principal = {}};

template <class Record>
std::vector<std::string> ids_of(const std::vector<Record>& records) {
  std::vector<std::string> ids;
  for (const auto& record : records) ids.push_back(record.id);
  return ids;
}
std::vector<std::string> ids(std::initializer_list<std::uint64_t> numbers) {
  std::vector<std::string> texts;
  for (const auto n : numbers) texts.push_back(id_text(n));
  return texts;
}

TEST_P(StoreContract, KeepsRequests) {
  ASSERT_EQ(outcome({PutRequest{request(1)}}), "ok");
  auto changed = request(1);
  changed.revision = 2;
  changed.state = RequestState::issued;
  changed.certificate = id_of(7);
  changed.changes = R"({"validity_s":60})";
  changed.reason = "because";
  changed.decided_by = "bob";
  changed.approvals_needed = 3;
  changed.idempotency_key = "k";
  ASSERT_EQ(outcome({PutRequest{changed}}), "ok");
  const bool kept = backend_->reopen();
  static_cast<void>(kept);
  const auto found = store().find_request(id_text(1)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->revision, 2U);
  EXPECT_EQ(found->state, RequestState::issued);
  EXPECT_EQ(found->tenant, "default");
  EXPECT_EQ(found->ca, "issuing");
  EXPECT_EQ(found->profile, "tls-server");
  EXPECT_EQ(found->profile_version, 3U);
  EXPECT_EQ(found->principal, "alice");
  EXPECT_EQ(found->email, "alice@example.org");
  EXPECT_EQ(found->door, "portal");
  EXPECT_EQ(found->remote, "192.0.2.1");
  EXPECT_EQ(found->entity_type, "backend");
  EXPECT_EQ(found->entity_id, "web");
  EXPECT_EQ(found->certification_request, (Bytes{1, 2, 3}));
  EXPECT_EQ(found->subject, "CN=web");
  EXPECT_EQ(found->content, "{}");
  EXPECT_EQ(found->changes, R"({"validity_s":60})");
  EXPECT_EQ(found->request_sha256, hash_of(1));
  EXPECT_EQ(found->binding, hash_of(1001));
  EXPECT_EQ(found->approvals_needed, 3U);
  EXPECT_EQ(found->idempotency_key, "k");
  EXPECT_EQ(found->reason, "because");
  EXPECT_EQ(found->decided_by, "bob");
  EXPECT_EQ(found->certificate, id_of(7));
  EXPECT_EQ(found->received_at, kStart + Seconds(1));
  EXPECT_EQ(found->changed_at, kStart + Seconds(1));
  EXPECT_EQ(found->expires_at, kStart + kDay + Seconds(1));
  EXPECT_FALSE(store().find_request(id_text(2)).value());
}

TEST_P(StoreContract, OpenRequestsOfAPrincipal) {
  for (const std::uint64_t n : {3U, 1U, 2U, 4U, 5U}) ASSERT_EQ(outcome({PutRequest{request(n)}}), "ok");
  ASSERT_EQ(outcome({PutRequest{next(request(2), RequestState::approved)}}), "ok");
  ASSERT_EQ(outcome({PutRequest{next(request(4), RequestState::withdrawn)}}), "ok");
  auto theirs = request(6);
  theirs.principal = "bob";
  ASSERT_EQ(outcome({PutRequest{theirs}}), "ok");
  EXPECT_EQ(ids_of(store().open_requests_of("alice", 10).value()), ids({1, 2, 3, 5}));
  EXPECT_EQ(ids_of(store().open_requests_of("alice", 2).value()), ids({1, 2}));
  EXPECT_EQ(ids_of(store().open_requests_of("bob", 10).value()), ids({6}));
  const auto second = store().open_requests_of("alice", 2).value().at(1);
  EXPECT_EQ(second.state, RequestState::approved);
  EXPECT_EQ(second.request_sha256, hash_of(2));
  EXPECT_EQ(second.content, "{}");
  EXPECT_EQ(second.expires_at, kStart + kDay + Seconds(2));
  EXPECT_TRUE(store().open_requests_of("carol", 10).value().empty());
}

TEST_P(StoreContract, ARequestsRevisionIsItsLock) {
  auto second = request(1);
  second.revision = 2;
  EXPECT_EQ(outcome_with_field({PutRequest{second}}), "conflict:revision");
  ASSERT_EQ(outcome({PutRequest{request(1)}}), "ok");
  EXPECT_EQ(outcome_with_field({PutRequest{request(1)}}), "conflict:revision");
  ASSERT_EQ(outcome({PutRequest{next(request(1), RequestState::approved)}}), "ok");
  EXPECT_EQ(outcome_with_field({PutRequest{next(request(1), RequestState::denied)}}),
            "conflict:revision");
  EXPECT_EQ(store().find_request(id_text(1)).value()->state, RequestState::approved);
}

TEST_P(StoreContract, ADecidedRequestNeverChanges) {
  using enum RequestState;
  std::uint64_t n = 0;
  for (const auto final_state : {denied, withdrawn, expired, issued, failed}) {
    auto record = request(++n);
    ASSERT_EQ(outcome({PutRequest{record}}), "ok");
    record = next(record, final_state);
    ASSERT_EQ(outcome({PutRequest{record}}), "ok");
    for (const auto state : {pending, approved, issued})
      EXPECT_EQ(outcome_with_field({PutRequest{next(record, state)}}), "conflict:state");
  }
}

TEST_P(StoreContract, AnEqualRequestIsOpenOnce) {
  ASSERT_EQ(outcome({PutRequest{request(1)}}), "ok");
  auto equal = request(2);
  equal.request_sha256 = hash_of(1);
  EXPECT_EQ(outcome_with_field({PutRequest{equal}}), "conflict:request_sha256");
  EXPECT_EQ(store().find_open_request(hash_of(1)).value()->id, id_text(1));
  ASSERT_EQ(outcome({PutRequest{next(request(1), RequestState::denied)}}), "ok");
  EXPECT_FALSE(store().find_open_request(hash_of(1)).value());
  EXPECT_EQ(outcome({PutRequest{equal}}), "ok");
  EXPECT_EQ(store().find_open_request(hash_of(1)).value()->id, id_text(2));
  EXPECT_EQ(store().find_newest_request(hash_of(1)).value()->id, id_text(2));
  EXPECT_FALSE(store().find_newest_request(hash_of(2)).value());
}

TEST_P(StoreContract, AnOpenRequestHasItsIdempotencyKeyAlone) {
  const auto keyed = [](std::uint64_t n, const char* key = "k") {
    auto record = request(n);
    record.idempotency_key = key;
    return record;
  };
  ASSERT_EQ(outcome({PutRequest{keyed(1)}}), "ok");
  EXPECT_EQ(outcome_with_field({PutRequest{keyed(2)}}), "conflict:idempotency_key");
  EXPECT_FALSE(store().find_request(id_text(2)).value());
  EXPECT_EQ(outcome_with_field({PutRequest{keyed(2, "l")}, PutRequest{keyed(3, "l")}}), "conflict:idempotency_key");
  EXPECT_EQ(outcome({PutRequest{keyed(2, "l")}, PutRequest{request(3)}, PutRequest{request(4)}}), "ok");
  auto theirs = keyed(5);
  theirs.principal = "bob";
  EXPECT_EQ(outcome({PutRequest{theirs}}), "ok");
  EXPECT_EQ(outcome({PutRequest{next(keyed(1), RequestState::approved)}}), "ok") << "its own";
  EXPECT_EQ(outcome_with_field({PutRequest{keyed(6)}}), "conflict:idempotency_key");
  auto closed = next(keyed(1), RequestState::withdrawn);
  closed.revision = 3;
  EXPECT_EQ(outcome({PutRequest{closed}}), "ok");
  EXPECT_EQ(outcome({PutRequest{keyed(6)}}), "ok");
  EXPECT_EQ(outcome_with_field({PutRequest{keyed(7, std::string(256, 'k').c_str())}}), "too_large:idempotency_key");
}

TEST_P(StoreContract, ACertificatesIdempotencyKeyIsNoRequests) {
  const auto reserve = [](std::uint64_t n) {
    return ReserveSerial{reservation(n), IdempotencyRecord{"alice", "k", hash_of(1), id_of(n), kStart}};
  };
  auto waiting = request(1);
  waiting.idempotency_key = "k";
  ASSERT_EQ(outcome({reserve(1)}), "ok");
  EXPECT_EQ(outcome_with_field({PutRequest{waiting}}), "conflict:idempotency_key");
  ASSERT_EQ(outcome({ReleaseIdempotencyKey{"alice", "k", id_of(1)}}), "ok");
  ASSERT_EQ(outcome({PutRequest{waiting}}), "ok");
  // While it waits, the key is no other certificate's.
  EXPECT_EQ(outcome_with_field({reserve(2)}), "conflict:idempotency_key");
  auto another = reserve(2);
  another.request = id_text(9);
  EXPECT_EQ(outcome_with_field({another}), "conflict:idempotency_key");
  // The certificate of the request itself.
  auto own = reserve(2);
  own.request = waiting.id;
  EXPECT_EQ(outcome({own, PutRequest{next(waiting, RequestState::approved)}}), "ok");
}

TEST_P(StoreContract, OpenRequestsOfAPrincipalAreCapped) {
  ASSERT_EQ(outcome({PutRequest{request(1), 2}, PutRequest{request(2), 2}}), "ok");
  EXPECT_EQ(outcome_with_field({PutRequest{request(3), 2}}), "too_many_requests:pending");
  auto other = request(3);
  other.principal = "bob";
  EXPECT_EQ(outcome({PutRequest{other, 2}}), "ok");
  // What is there can go on, and makes room when it is decided.
  EXPECT_EQ(outcome({PutRequest{next(request(1), RequestState::approved), 2}}), "ok");
  EXPECT_EQ(outcome({PutRequest{next(request(2), RequestState::withdrawn), 2}}), "ok");
  EXPECT_EQ(outcome({PutRequest{request(4), 2}}), "ok");
  EXPECT_EQ(outcome({PutRequest{request(5), 0}}), "ok");
}

// Whoever sends and withdraws, again and again, fills the store and other people's mail.
TEST_P(StoreContract, RequestsOfAPrincipalInATimeAreCapped) {
  const auto put = [&](std::uint64_t n, std::uint64_t after) {
    return outcome_with_field({PutRequest{request(n), 0, 2, id_text(after)}});
  };
  ASSERT_EQ(put(1, 0), "ok");
  ASSERT_EQ(put(2, 0), "ok");
  for (const auto state : {RequestState::withdrawn, RequestState::denied})
    ASSERT_EQ(outcome({PutRequest{next(request(state == RequestState::denied ? 1 : 2), state)}}), "ok");
  EXPECT_EQ(put(3, 0), "too_many_requests:received");
  auto theirs = request(4);
  theirs.principal = "bob";
  EXPECT_EQ(outcome({PutRequest{theirs, 0, 2, id_text(0)}}), "ok");
  // Those before do not count, nor do certificates; what is there can go on.
  EXPECT_EQ(put(3, 1), "ok");
  EXPECT_EQ(put(5, 1), "too_many_requests:received");
  EXPECT_EQ(outcome({PutRequest{next(request(3), RequestState::issued), 0, 2, id_text(0)}}), "ok");
  EXPECT_EQ(put(5, 1), "ok");
}

TEST_P(StoreContract, APrincipalApprovesABindingOnce) {
  EXPECT_EQ(outcome_with_field({AddApproval{approval(1, "bob")}}), "not_found:request");
  ASSERT_EQ(outcome({PutRequest{request(1)}}), "ok");
  EXPECT_EQ(outcome({AddApproval{approval(1, "bob")}}), "ok");
  EXPECT_EQ(outcome_with_field({AddApproval{approval(1, "bob")}}), "conflict:principal");
  EXPECT_EQ(outcome({AddApproval{approval(1, "carol")}}), "ok");
  EXPECT_EQ(outcome_with_field({AddApproval{approval(1, "alice")}}), "not_permitted:principal");
  auto password = approval(1, "alice");
  password.kind = ApprovalKind::password;
  EXPECT_EQ(outcome({AddApproval{password}}), "ok");
  auto elsewhere = approval(1, "dave");
  elsewhere.binding = hash_of(5);
  EXPECT_EQ(outcome_with_field({AddApproval{elsewhere}}), "conflict:binding");

  // Another binding: all may approve again, and the old approvals stay on record.
  auto changed = next(request(1), RequestState::pending);
  changed.binding = hash_of(5);
  elsewhere.principal = "bob";
  EXPECT_EQ(outcome({PutRequest{changed}, AddApproval{elsewhere}}), "ok");
  const auto approvals = store().list_approvals(id_text(1)).value();
  ASSERT_EQ(approvals.size(), 4U);
  EXPECT_EQ(approvals[0].principal, "bob");
  EXPECT_EQ(approvals[0].request, id_text(1));
  EXPECT_EQ(approvals[0].kind, ApprovalKind::officer);
  EXPECT_EQ(approvals[0].binding, hash_of(1001));
  EXPECT_EQ(approvals[0].comment, "looks right");
  EXPECT_EQ(approvals[0].approved_at, kStart + Seconds(1));
  EXPECT_EQ(approvals[2].kind, ApprovalKind::password);
  EXPECT_EQ(approvals[3].binding, hash_of(5));
  EXPECT_TRUE(store().list_approvals(id_text(2)).value().empty());
}

TEST_P(StoreContract, AFailedStepLeavesNoApproval) {
  ASSERT_EQ(outcome({PutRequest{request(1)}}), "ok");
  EXPECT_EQ(outcome({AddApproval{approval(1, "bob")}, PutRequest{request(1)}}), "conflict");
  EXPECT_EQ(outcome({PutRequest{next(request(1), RequestState::approved)},
                     AddApproval{approval(1, "alice")}}),
            "not_permitted");
  EXPECT_TRUE(store().list_approvals(id_text(1)).value().empty());
  EXPECT_EQ(store().find_request(id_text(1)).value()->revision, 1U);
}

TEST_P(StoreContract, ListsRequestsByFilter) {
  const char* const kTenants[] = {"default", "acme"};
  const char* const kPrincipals[] = {"alice", "bob", "carol"};
  for (std::uint64_t n = 0; n < 12; ++n) {
    auto record = request(n);
    record.tenant = kTenants[n % 2];
    record.principal = kPrincipals[n % 3];
    record.ca = n % 4 == 0 ? "vpn" : "issuing";
    record.state = n < 4 ? RequestState::pending : n < 8 ? RequestState::approved : RequestState::denied;
    ASSERT_EQ(outcome({PutRequest{record}}), "ok");
  }
  const auto listed = [&](auto set, RequestPage page = {.limit = 100, .newest_first = false}) {
    RequestFilter filter = kAll;
    set(filter);
    return ids_of(store().list_requests(filter, page).value().requests);
  };
  EXPECT_EQ(listed([](auto&) {}).size(), 12U);
  EXPECT_TRUE(listed([](auto& f) { f.scope.clear(); }).empty());
  EXPECT_EQ(listed([](auto& f) { f.tenant = "acme"; }), ids({1, 3, 5, 7, 9, 11}));
  EXPECT_EQ(listed([](auto& f) { f.principal = "carol"; }), ids({2, 5, 8, 11}));
  EXPECT_EQ(listed([](auto& f) { f.ca = "vpn"; }), ids({0, 4, 8}));
  EXPECT_EQ(listed([](auto& f) { f.states = {RequestState::pending}; }), ids({0, 1, 2, 3}));
  EXPECT_EQ(listed([](auto& f) { f.states = {RequestState::denied}; }), ids({8, 9, 10, 11}));
  EXPECT_EQ(listed([](auto& f) {
              f.states = {RequestState::pending, RequestState::denied};
              f.tenant = "default";
            }),
            ids({0, 2, 8, 10}));
  EXPECT_EQ(listed([](auto& f) { f.scope = {{"acme", "issuing", ""}}; }), ids({1, 3, 5, 7, 9, 11}));
  EXPECT_EQ(listed([](auto& f) { f.scope = {{"default", "vpn", ""}, {"acme", "", "bob"}}; }),
            ids({0, 1, 4, 7, 8}));
  EXPECT_EQ(listed([](auto& f) { f.scope = {{"*", "", "alice"}}; }), ids({0, 3, 6, 9}));
  EXPECT_TRUE(listed([](auto& f) {
                f.scope = {{"acme", "", ""}};
                f.tenant = "default";
              }).empty());
}

TEST_P(StoreContract, PagesThroughRequests) {
  for (std::uint64_t n = 1; n <= 7; ++n) ASSERT_EQ(outcome({PutRequest{request(n)}}), "ok");
  for (const bool newest_first : {false, true}) {
    RequestPage page{.limit = 3, .newest_first = newest_first};
    std::vector<std::string> seen;
    for (int pages = 0; pages < 5; ++pages) {
      const auto list = store().list_requests(kAll, page).value();
      for (const auto& id : ids_of(list.requests)) seen.push_back(id);
      if (!list.next) break;
      page.after = *list.next;
    }
    EXPECT_EQ(seen, newest_first ? ids({7, 6, 5, 4, 3, 2, 1}) : ids({1, 2, 3, 4, 5, 6, 7}));
  }
  EXPECT_FALSE(store().list_requests(kAll, {.limit = 7})->next);
  EXPECT_EQ(store().list_requests(kAll, {.limit = 7})->requests.at(0).certification_request, (Bytes{1, 2, 3}));
  EXPECT_EQ(store().list_requests(kAll, {.limit = 0}).error().field, "limit");
  EXPECT_EQ(store().list_requests(kAll, {.limit = 101}).error().field, "limit");
}

TEST_P(StoreContract, FindsRequestsWhoseTimeIsOver) {
  for (std::uint64_t n = 1; n <= 4; ++n) {
    auto record = request(n);
    record.expires_at = kStart + Seconds(10 - n);
    if (n == 3) record.state = RequestState::approved;
    ASSERT_EQ(outcome({PutRequest{record}}), "ok");
  }
  EXPECT_TRUE(store().requests_past(kStart + Seconds(5), 10).value().empty());
  EXPECT_EQ(ids_of(store().requests_past(kStart + Seconds(8), 10).value()), ids({4, 2}));
  EXPECT_EQ(ids_of(store().requests_past(kStart + Seconds(9), 2).value()), ids({4, 2}));
  EXPECT_EQ(ids_of(store().requests_past(kStart + Seconds(9), 9).value()), ids({4, 2, 1}));
}

}  // namespace
}  // namespace certwright::store::contract
