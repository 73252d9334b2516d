#pragma once
// What MemoryStore holds, and the commands that change it.
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "store/store.h"

namespace certwright::store::memory {

// Every change registers how to take it back, so that a failed transaction leaves nothing.
class UndoLog {
 public:
  template <class Map>
  void put(Map& map, const typename Map::key_type& key, typename Map::mapped_type value) {
    remember(map, key);
    map.insert_or_assign(key, std::move(value));
  }
  template <class Map>
  void erase(Map& map, const typename Map::key_type& key) {
    remember(map, key);
    map.erase(key);
  }
  void push_back(std::vector<Bytes>& list, Bytes value) {
    undo_.emplace_back([&list] { list.pop_back(); });
    list.push_back(std::move(value));
  }
  void roll_back() {
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) (*step)();
    undo_.clear();
  }

 private:
  template <class Map>
  void remember(Map& map, const typename Map::key_type& key) {
    const auto found = map.find(key);
    if (found == map.end()) {
      undo_.emplace_back([&map, key] { map.erase(key); });
    } else {
      undo_.emplace_back([&map, key, old = found->second] { map.insert_or_assign(key, old); });
    }
  }
  std::vector<std::function<void()>> undo_;
};

struct Lineage {
  CertificateId current = 0;
  std::vector<CertificateId> certificates;  // ascending
};

struct RevocationState {
  Revocation revocation;
  std::uint64_t sequence = 0;
  bool removed = false;
};

struct Lease {
  std::string holder;
  Time until{};
};

using Shard = std::pair<std::string, std::uint32_t>;  // CA, shard

struct Data {
  std::map<CertificateId, SerialReservation> reservations;
  std::map<CertificateId, bool> abandoned;
  std::map<std::pair<std::string, std::string>, IdempotencyRecord> idempotency;
  std::map<CertificateId, CertificateRecord> certificates;
  std::map<CertificateId, Lineage> lineages;
  std::map<CertificateId, ManagedKeyRecord> keys;
  std::map<Sha256, std::pair<DownloadGrantRecord, bool>> grants;  // true: used
  std::map<CertificateId, RevocationState> revocations;
  std::map<std::tuple<std::string, std::uint32_t, std::uint64_t>, CertificateId> changes;
  std::map<Shard, std::uint64_t> sequences;  // the last one given out
  std::map<Shard, CrlRecord> crls;
  std::map<std::string, TenantRecord> tenants;
  std::map<std::string, PrincipalRecord> principals;
  std::map<std::string, CredentialRecord> credentials;
  std::map<std::pair<CredentialKind, std::string>, std::string> credential_lookups;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, RoleBindingRecord>
      bindings;
  std::map<std::string, CaRecord> cas;
  std::map<std::pair<std::string, std::uint32_t>, ProfileRecord> profiles;
  std::map<std::string, Bytes> settings;
  std::map<Sha256, std::string> blocked_keys;
  std::vector<Bytes> leaves;
  std::map<std::pair<std::string, std::uint64_t>, bool> leaves_about;  // request, position
  std::map<std::uint64_t, AuditCheckpoint> checkpoints;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Bytes> tiles;
  std::map<std::string, Lease> leases;
  std::map<std::string, RequestRecord> requests;
  std::map<std::string, std::vector<ApprovalRecord>> approvals;  // by request, in order
  std::map<Sha256, SessionRecord> sessions;
  std::map<NotificationId, NotificationRecord> notifications;
  std::map<std::string, NotificationId> notification_keys;
  NotificationId last_notification = 0;  // not taken back: a number is used once
  std::map<std::string, WebhookRecord> webhooks;
  std::map<std::pair<std::string, std::string>, NotificationTemplateRecord> notification_templates;
};

// The revocation in force, if any.
std::optional<Revocation> revocation_of(const Data& data, CertificateId id);

Result<void> put_request(Data& data, UndoLog& undo, const PutRequest& command);
Result<void> add_approval(Data& data, UndoLog& undo, const AddApproval& command);
// The commands of the outbox (notification_commands.cc), as run().
Result<void> run(Data& data, UndoLog& undo, const EnqueueNotification& command);
Result<void> run(Data& data, UndoLog& undo, const SettleNotifications& command);
Result<void> run(Data& data, UndoLog& undo, const AcknowledgeNotification& command);
Result<void> run(Data& data, UndoLog& undo, const PruneNotifications& command);
Result<void> run(Data& data, UndoLog& undo, const PutWebhook& command);
Result<void> run(Data& data, UndoLog& undo, const DeleteWebhook& command);
Result<void> run(Data& data, UndoLog& undo, const PutNotificationTemplate& command);
Result<void> run(Data& data, UndoLog& undo, const DeleteNotificationTemplate& command);

// Runs one command. On failure something may have changed: the caller rolls back.
Result<void> run(Data& data, UndoLog& undo, const Command& command);
// session_commands.cc
Result<void> run(Data& data, UndoLog& undo, const PutPassword& c);
Result<void> run(Data& data, UndoLog& undo, const PutSession& c);
Result<void> run(Data& data, UndoLog& undo, const TouchSession& c);
Result<void> run(Data& data, UndoLog& undo, const EndSession& c);
Result<void> run(Data& data, UndoLog& undo, const EndSessions& c);
Result<void> run(Data& data, UndoLog& undo, const EndTenantSessions& c);
Result<void> run(Data& data, UndoLog& undo, const ForgetSessions& c);
Result<void> run(Data& data, UndoLog& undo, const EndCredentialSessions& c);
Result<void> run(const Data& data, const RequireCredential& c);
Result<void> run(Data& data, UndoLog& undo, const RevokeOtherCredentials& c);
Result<void> run(const Data& data, const RequireRoles& c);
Result<void> run(const Data& data, const RequirePrincipal& c);

}  // namespace certwright::store::memory
