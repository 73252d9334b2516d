#pragma once
// Everything that can be changed, as data: a Transaction is a list of commands that take effect
// together or not at all. Commands carry their preconditions, so no caller reads, decides and writes.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/notification_commands.h"
#include "store/records.h"
#include "store/request_commands.h"

namespace certwright::store {

// Reserves the serial forever, also if no certificate follows: the durable intent to sign.
// Errors: conflict, field "serial", if the id was ever reserved; conflict, field "idempotency_key",
// if the principal's key is taken (find_idempotent() tells by what), or an open request has it that is not `request`.
struct ReserveSerial {
  SerialReservation reservation;
  std::optional<IdempotencyRecord> idempotency;
  std::string request{};  // that the certificate is for; empty: none
};

// Closes an intent without a certificate: from then on none can be recorded under its serial, by
// whatever request still holds it. Errors: conflict, field "serial", if it was never reserved, has
// its certificate, or was abandoned before.
struct AbandonIntent { CertificateId id = 0; };

// Frees a key whose request died after its intent, so that a retry can go ahead. No error if the key
// is free. Errors: conflict if it now names another serial, or that one has its certificate.
struct ReleaseIdempotencyKey {
  std::string principal;
  std::string key;
  CertificateId certificate = 0;
};

// Errors: conflict, field "serial", if the serial was not reserved, a certificate is recorded under
// it already, or its intent was abandoned; policy, field "key", if its public key was blocked since the
// request was approved;
// if certificate.lineage != certificate.id (a renewal): not_found if there is no such lineage,
// conflict, field "lineage", if its newest certificate is not `replaces` or is revoked.
struct RecordCertificate {
  CertificateRecord certificate;
  CertificateId replaces = 0;  // renewals only
  std::optional<ManagedKeyRecord> key;
};

// Revokes every certificate of the lineage that is not yet expired at `revocation.revoked_at` (of
// an expired lineage: the newest) and drops its managed keys and download grants; with reason
// certificateHold the keys stay. A certificate on hold may be revoked for another reason; its
// revoked_at then stays the time of the hold. With keyCompromise the public keys of all that
// find_lineage() gives at that moment, also of a renewal nobody knew of, are blocked as by BlockKey,
// but for `spared_keys`. Errors: not_found; conflict if nothing changes because it is revoked already.
struct RevokeLineage {
  CertificateId lineage = 0;
  Revocation revocation;
  std::vector<Sha256> spared_keys{};  // at most kMaxLineageRows
};

// Undoes a certificateHold for every certificate of the lineage. Errors: not_found; conflict if the
// newest is not on hold.
struct ReleaseHold {
  CertificateId lineage = 0;
};

struct PutDownloadGrant { DownloadGrantRecord grant; };
// Errors: not_found if the secret is unknown or belongs to another lineage; gone if used or expired.
struct ConsumeDownloadGrant {
  Sha256 secret_sha256{};
  CertificateId lineage = 0;
  Time now{};
};
// Drops a grant, used or not. No error if there is none.
struct EraseDownloadGrant { Sha256 secret_sha256{}; };
// Drops an idempotency key that has served its time, whether its request has a certificate or not.
// No error if there is none, or if it names another certificate by now.
struct ForgetIdempotencyKey {
  std::string principal;
  std::string key;
  CertificateId certificate = 0;
};
struct EraseManagedKey { CertificateId certificate = 0; };  // errors: not_found, so that one of two does it
// Another envelope around the same key, if `present` is what is stored. No error if it is not: the key
// was erased or replaced meanwhile, and nothing changes.
struct ResealManagedKey {
  CertificateId certificate = 0;
  Bytes present;
  Bytes sealed;
};

struct PutTenant { TenantRecord tenant; };           // insert or replace
struct PutPrincipal { PrincipalRecord principal; };  // insert or replace; not_found: no such tenant
struct PutCredential { CredentialRecord credential; };  // insert; conflict if id or lookup is taken
struct RevokeCredential { std::string id; };            // errors: not_found
// All of the principal's credentials but `kept`, and the sessions that began with them. No error if there is none.
struct RevokeOtherCredentials {
  std::string principal;
  std::vector<std::string> kept;  // ids
};
struct PutRoleBinding { RoleBindingRecord binding; };   // no error if it exists
struct RemoveRoleBinding { RoleBindingRecord binding; };  // errors: not_found
// Changes nothing. Errors: conflict, field "administrator", unless somebody is left after the commands
// before it who is enabled, in an enabled tenant, and has role admin on tenant "*" and every CA.
struct RequireAdministrator {};
// Changes nothing. Errors: conflict, field "roles", unless the principal has exactly these roles: whoever made
// the transaction judged by them what may be done to it.
struct RequireRoles {
  std::string principal;
  std::vector<RoleBindingRecord> roles;  // in any order
};
// Changes nothing. Errors: conflict, field "principal", unless this is stored, as it is: PutPrincipal replaces
// all of it, and what it was made from may have changed since.
struct RequirePrincipal { PrincipalRecord principal; };

// Insert when record.revision == 1, else replace. Errors: conflict if the stored revision is not
// record.revision - 1.
struct PutCa { CaRecord ca; };
// Errors: conflict if version is not the last stored one plus one.
struct PutProfile { ProfileRecord profile; };
// Replaces the (ca, shard)'s CRL. Errors: conflict if number is not greater than the stored one.
struct PutCrl { CrlRecord crl; };
// A small named value (server secrets are sealed before they come here). Insert or replace.
struct PutSetting {
  std::string name;
  Bytes value;
};
// Errors: conflict if it exists: for values that only the first may set.
struct PutSettingOnce {
  std::string name;
  Bytes value;
};
// As ResealManagedKey, for a sealed setting.
struct ResealSetting {
  std::string name;
  Bytes present;
  Bytes sealed;
};
struct BlockKey {  // no certificate is issued for this key again
  Sha256 subject_public_key_sha256{};
  std::string why;
};

struct AppendAuditLeaf {
  Bytes record;
  std::string request{};  // id of the request that it is about, for audit_leaves_about(); empty: of none
};
struct PutAuditCheckpoint { AuditCheckpoint checkpoint; };  // conflict if the tree is not larger
// Hashes of a complete tile (audit/README.md): kept so that proofs need not read every leaf.
struct PutAuditTile {
  std::uint32_t level = 0;
  std::uint64_t index = 0;
  Bytes hashes;
};
// Takes or extends a named lease. Errors: conflict while another holder's lease runs.
struct AcquireLease {
  std::string name;
  std::string holder;
  Time now{};
  Time until{};
};

// The principal's one password, in the place of the credential `replaces` (empty: it has none). Errors:
// conflict, field "password", if its password is another one by now; conflict, field "sign_in_name", if
// `lookup` is another principal's and not revoked: a revoked password gives its name up, and is gone then.
struct PutPassword {
  CredentialRecord credential;  // kind password
  std::string replaces;
};
struct PutSession { SessionRecord session; };  // insert; conflict if the id is taken
// Notes the use of a session. No error if there is none, and no time is moved back.
struct TouchSession {
  Sha256 id_sha256{};
  Time seen_at{};
  Time idle_ends_at{};
};
struct EndSession { Sha256 id_sha256{}; };  // errors: not_found, so that one of two does it
// All sessions of the principal but `spared`, if that is one. No error if there is none.
struct EndSessions {
  std::string principal;
  std::optional<Sha256> spared{};
};
struct EndTenantSessions { std::string tenant; };
struct EndCredentialSessions { std::string credential; };  // those that began with it
// Changes nothing. Errors: conflict, field "credential", unless after the commands before it the principal
// has this credential, unrevoked, and it and its tenant are enabled: what was asked before may have changed.
struct RequireCredential {
  std::string id;
  std::string principal;
};
// Drops sessions whose idle_ends_at is before `before`, the oldest `limit` of them (at most 1,000).
struct ForgetSessions {
  Time before{};
  std::uint32_t limit = 1000;
};

using Command =
    std::variant<ReserveSerial, AbandonIntent, ReleaseIdempotencyKey, RecordCertificate,
                 RevokeLineage, ReleaseHold, PutDownloadGrant, ConsumeDownloadGrant,
                 EraseDownloadGrant, ForgetIdempotencyKey, EraseManagedKey, PutTenant, PutPrincipal, PutCredential,
                 RevokeCredential, PutRoleBinding, RemoveRoleBinding, PutCa, PutProfile, PutCrl,
                 PutSetting, PutSettingOnce, BlockKey, AppendAuditLeaf, PutAuditCheckpoint,
                 PutAuditTile, AcquireLease, RequireAdministrator, ResealManagedKey, ResealSetting,
                 PutRequest, AddApproval, PutPassword, PutSession, TouchSession, EndSession, EndSessions,
                 EndTenantSessions, ForgetSessions, EndCredentialSessions, RequireCredential,
                 EnqueueNotification, SettleNotifications, AcknowledgeNotification, PruneNotifications,
                 PutWebhook, DeleteWebhook, PutNotificationTemplate, DeleteNotificationTemplate,
                 RevokeOtherCredentials, RequireRoles, RequirePrincipal>;

using Transaction = std::vector<Command>;

}  // namespace certwright::store
