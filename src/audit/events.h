#pragma once
// The catalogue of audit events: the one place that says what is recorded, with which fields, and
// what an operator should do about it. `certwright audit events` prints it; README.md does not.
//
// To add an event: a row here, with a number of its own. Numbers and names are stored (numbers in
// exports' statistics, names in every record): never change or reuse one.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "audit/event.h"

namespace certwright::audit {

// X(number, enumerator, NAME, fields, what it means, what to do)
// Common fields: serial (hex), ca (id), lineage (serial of the first certificate, hex),
// sha256 (of the certificate's DER, hex), reason (RFC 5280 section 5.3.1), request (id of the request
// that it is about: its case file has the record; see request_of() in journal.h).
#define CERTWRIGHT_AUDIT_EVENTS(X)                                                                 \
  X(1, server_started, "SERVER_STARTED", "version store listeners",                                \
    "The server is ready and answers on its listeners.",                                           \
    "Nothing, if you started it. Without a SERVER_STOPPED before it, the last run crashed.")       \
  X(2, server_stopped, "SERVER_STOPPED", "cause",                                                  \
    "The server drained its listeners and stopped.", "Nothing, if you stopped it.")                \
  X(10, ca_created, "CA_CREATED", "ca name parent algorithm not_after sha256",                     \
    "A certificate authority with a key of its own was created.",                                  \
    "Check that it was planned; publish its certificate to relying parties if it is a root.")      \
  X(11, ca_imported, "CA_IMPORTED", "ca name parent algorithm not_after sha256",                   \
    "A certificate authority made elsewhere was imported.",                                        \
    "Check that it was planned, and that no other copy of its key still signs.")                   \
  X(12, ca_certificate_installed, "CA_CERTIFICATE_INSTALLED", "ca not_after sha256 issuer",        \
    "The certificate that an outside issuer made for a CA's key was installed.",                   \
    "Nothing; the CA can issue from now on.")                                                      \
  X(13, ca_request_exported, "CA_REQUEST_EXPORTED", "ca sha256",                                   \
    "A certification request for a CA's key was exported for an outside issuer.",                  \
    "Have it signed, then install the answer.")                                                    \
  X(14, ca_policy_changed, "CA_POLICY_CHANGED", "ca before changes",                               \
    "What a CA may issue, whose approval that needs, or how it publishes its state, was changed: " \
    "from the policy `before` to the one in `changes`, or as that says.",                          \
    "Check that it was planned.")                                                                  \
  X(15, ca_retired, "CA_RETIRED", "ca",                                                            \
    "A CA issues no more; it goes on publishing CRLs and OCSP answers.",                           \
    "Move its users to another CA before its last certificate expires.")                           \
  X(20, profile_created, "PROFILE_CREATED", "profile version sha256",                              \
    "A certificate profile, or a new version of one, was created.",                                \
    "Compare it with the version before: it decides the rights of certificates.")                  \
  X(30, certificate_intent, "CERTIFICATE_INTENT", "serial ca profile profile_version tbs_sha256",  \
    "About to sign; written durably before the key is used.",                                      \
    "Without CERTIFICATE_ISSUED within 60 s: a crash or a token failure. Treat the serial as "     \
    "possibly issued; INTENT_ABANDONED closes it.")                                                \
  X(31, certificate_issued, "CERTIFICATE_ISSUED",                                                  \
    "serial ca sha256 lineage entity_type entity_id subject approval",                             \
    "A certificate was signed and recorded.", "Nothing.")                                          \
  X(32, certificate_renewed, "CERTIFICATE_RENEWED",                                                \
    "serial ca sha256 lineage entity_type entity_id subject approval replaces",                    \
    "A certificate was signed and recorded in the place of the one in `replaces`.", "Nothing.")    \
  X(33, issuance_refused, "ISSUANCE_REFUSED", "code reason rule ca profile entity_type entity_id", \
    "A request for a certificate was refused, by policy, lint or rights.",                         \
    "If the requester should have it, `reason` says what to change in the request, the profile "   \
    "or the role.")                                                                                \
  X(34, intent_abandoned, "INTENT_ABANDONED", "serial ca tbs_sha256 reserved_at",                  \
    "An intent from before a crash has no certificate and never will have.",                       \
    "The key may have been used: search for a certificate with this serial if you are in doubt. "  \
    "OCSP answers for it as revoked or unknown.")                                                  \
  X(35, aggregate_closed, "AGGREGATE_CLOSED", "interval begin count root previous lost",         \
    "The interception certificates of one interval: how many, and the root of the sorted Merkle "  \
    "tree of their hashes. Intervals between `previous` and this one had none.",                   \
    "`lost` above 0: a crash; at most so many certificates were signed that the tree lacks.")      \
  X(36, interception_approved, "INTERCEPTION_APPROVED", "ca profile profile_version",              \
    "The UDP certificate generator may issue under this CA and profile until either changes.",     \
    "Check that it was planned: whoever reaches its port can have a certificate for any server.")  \
  X(40, certificate_revoked, "CERTIFICATE_REVOKED", "serial lineage ca reason revoked_at",         \
    "Every unexpired certificate of the lineage was revoked.",                                     \
    "For keyCompromise, find out how the key was lost; its keys are blocked, but see "              \
    "KEY_NOT_BLOCKED.")                                                                            \
  X(41, certificate_hold_released, "CERTIFICATE_HOLD_RELEASED", "serial lineage ca",               \
    "A certificateHold was undone; the certificate is valid again.",                               \
    "Check that whoever asked for the hold agrees.")                                               \
  X(42, crl_issued, "CRL_ISSUED", "ca shard number entries tbs_sha256 next_update",                \
    "A CRL is about to be signed with this number.",                                               \
    "Nothing. If they stop coming, relying parties refuse certificates after nextUpdate.")         \
  X(43, crl_imported, "CRL_IMPORTED", "ca shard number entries sha256 next_update",                \
    "A CRL that an offline CA signed was imported.", "Import the next one before next_update.")    \
  X(44, ocsp_responder_renewed, "OCSP_RESPONDER_RENEWED", "ca serial not_after",                   \
    "The delegated OCSP responder has a new certificate.",                                         \
    "Nothing. If this stops, OCSP answers stop verifying at the old certificate's end.")           \
  X(45, key_not_blocked, "KEY_NOT_BLOCKED", "serial lineage spki_sha256 keys",                     \
    "A lineage was revoked for keyCompromise, but certificates of another tenant are in force for " \
    "its key (the first of `keys` such keys): it stays usable, or one tenant could take away "     \
    "another's key.",                                                                              \
    "Ask the other tenant. If the key is lost, revoke its certificates for keyCompromise too: "    \
    "the last one blocks the key.")                                                                \
  X(50, download_granted, "DOWNLOAD_GRANTED", "serial lineage expires_at",                         \
    "A single-use grant to download a certificate and its private key was made.", "Nothing.")      \
  X(51, key_delivered, "KEY_DELIVERED", "serial lineage format",                                   \
    "A grant was used: a private key left the server.",                                            \
    "If the principal does not know of it, revoke the certificate.")                               \
  X(52, key_erased, "KEY_ERASED", "serial cause",                                                  \
    "The server's copy of a private key was erased.", "Nothing; it cannot be downloaded again.")   \
  X(53, download_refused, "DOWNLOAD_REFUSED", "serial code reason",                                \
    "A grant was unknown, used, expired, or not for this certificate or principal.",               \
    "One is a slow client; many from one address are guesses.")                                    \
  X(60, tenant_created, "TENANT_CREATED", "tenant name", "A tenant was created.",                  \
    "Check that it was planned.")                                                                  \
  X(61, tenant_disabled, "TENANT_DISABLED", "tenant", "No principal of the tenant can sign in.",   \
    "Its certificates stay valid: revoke them if they should not.")                                \
  X(62, tenant_enabled, "TENANT_ENABLED", "tenant", "A disabled tenant was enabled.",              \
    "Check that it was planned.")                                                                  \
  X(63, principal_created, "PRINCIPAL_CREATED", "principal tenant name kind",                      \
    "A person or a machine was given an account.", "Check that it was planned.")                   \
  X(64, principal_disabled, "PRINCIPAL_DISABLED", "principal tenant",                              \
    "An account was disabled; its credentials do not work.",                                       \
    "Its certificates stay valid: revoke them if they should not.")                                \
  X(65, principal_enabled, "PRINCIPAL_ENABLED", "principal tenant",                                \
    "A disabled account was enabled; its credentials work again.", "Check that it was planned.")   \
  X(66, credential_created, "CREDENTIAL_CREATED", "credential principal kind label expires_at",    \
    "A token or a client certificate was registered for an account.",                              \
    "If the account's owner does not know of it, revoke it and look at who made it.")              \
  X(67, credential_revoked, "CREDENTIAL_REVOKED", "credential principal cause",                    \
    "A token, a client certificate or a password works no more. Causes: role_granted, its maker could not give " \
    "its owner that role; name_taken, another account got its sign-in name.", "Give the owner another one if they need it.") \
  X(68, role_granted, "ROLE_GRANTED", "principal role tenant ca", "An account was given a role.",  \
    "Check that it was planned, above all for admin and for tenant \"*\".")                        \
  X(69, role_removed, "ROLE_REMOVED", "principal role tenant ca", "A role was taken away.",        \
    "Nothing.")                                                                                    \
  X(70, access_denied, "ACCESS_DENIED", "action object reason count",                              \
    "A known principal tried what it may not do. Beyond 20 in a minute `count` says how many.",    \
    "One is a mistake or a missing role; many are somebody looking for more.")                     \
  X(71, authentication_failed, "AUTHENTICATION_FAILED", "method reason count",                     \
    "A credential was refused. Not every failure has a record of its own: `count` says how many.", \
    "Many from one address are guesses or a forgotten job with an old token.")                     \
  X(72, principal_email_changed, "PRINCIPAL_EMAIL_CHANGED", "principal tenant before after cause", \
    "An account has another e-mail address: notifications go there, and the selection of CAs "     \
    "takes it into account. With the cause role_granted it was cleared by a promotion.",             \
    "Check that it was planned, with the account's owner.")                                        \
  X(80, key_blocked, "KEY_BLOCKED", "spki_sha256 why",                                             \
    "No certificate will be issued for this public key again.",                                    \
    "Revoke the certificates that exist for it.")                                                  \
  X(90, kek_rotated, "KEK_ROTATED", "kek source",                                                  \
    "Another key-encryption key takes the place of `kek`, which stays until all is sealed again.", \
    "Check that it was planned. `certwright kek status` says how much remains.")                   \
  X(91, kek_kept, "KEK_KEPT", "kek source",                                                        \
    "The key-encryption key was kept beside the store, so that its source can be changed.",        \
    "Change the source, then `certwright kek rotate` again, or restart.")                          \
  X(92, kek_forgotten, "KEK_FORGOTTEN", "kek active resealed",                                     \
    "Nothing is sealed under a retired key-encryption key any more; it was deleted.",              \
    "Backups from before the rotation need it: keep it with them, or make a new backup.")          \
  X(100, request_received, "REQUEST_RECEIVED",                                                     \
    "request before after ca profile profile_version subject names csr_sha256 generate_key renews binding selection rule checks", \
    "A request for a certificate passed every check and was stored. `checks`: a line each.",       \
    "Nothing.")                                                                                    \
  X(101, request_pending, "REQUEST_PENDING", "request before after ca needed expires_at",          \
    "A request waits for the approval of `needed` officers until `expires_at`.",                   \
    "Somebody who may decide should look: certwright request show.")                               \
  X(102, request_repeated, "REQUEST_REPEATED", "request state",                                    \
    "A principal asked again for what it has an open request for; that one stands for both.",      \
    "Nothing. Many are a program that does not wait.")                                             \
  X(103, approval_given, "APPROVAL_GIVEN",                                                          \
    "request kind before after binding given needed changes changes_sha256 names_removed comment", \
    "An approval was given: by an officer, by the CA's approval password, or by a standing rule.", \
    "Check now and then that standing rules and passwords approve only what they should.")         \
  X(104, request_approved, "REQUEST_APPROVED", "request before after binding checks",              \
    "A request has all approvals it needs, and will be issued. `checks`: what was checked then.",  \
    "Nothing.")                                                                                    \
  X(105, request_changed, "REQUEST_CHANGED", "request cause before after changes_sha256 names_removed binding_before binding",\
    "What would be issued changed: an officer took something away, or the profile has a new "      \
    "version; approvals given before count no more. Or the CA's policy wants more or less than "   \
    "was given (cause policy); they count on.",                                                    \
    "Nothing; officers look again.")                                                               \
  X(106, request_denied, "REQUEST_DENIED", "request before after reason checks",                   \
    "An officer denied a request. `checks`: what was checked then, or why it would be refused.",   \
    "Nothing; the requester sees the reason.")                                                     \
  X(107, request_withdrawn, "REQUEST_WITHDRAWN", "request before after reason",                    \
    "The requester withdrew a request.", "Nothing.")                                               \
  X(108, request_expired, "REQUEST_EXPIRED", "request before after received_at",                   \
    "Nobody decided a request in the time that its CA's policy gives; or it was approved (before), "\
    "and no certificate could be issued for a month.",                                             \
    "If that happens often, there are too few officers, or they are not notified.")                \
  X(109, request_issued, "REQUEST_ISSUED", "request before after serial binding approved_by",      \
    "The certificate of an approved request was signed and recorded, in this commit.", "Nothing.") \
  X(110, request_failed, "REQUEST_FAILED", "request before after code reason",                     \
    "An approved request was refused when it should be issued.",                                   \
    "`reason` says what changed since; the requester can ask again.")                              \
  X(111, decision_refused, "DECISION_REFUSED", "request action code reason",                       \
    "Somebody with the right to decide may not decide this request, or not so.",                   \
    "One's own request, or one that changed meanwhile: look at it if it is repeated.")             \
  X(112, approval_password_set, "APPROVAL_PASSWORD_SET", "ca",                                     \
    "The approval password of a CA was set or changed.", "Check that it was planned.")             \
  X(113, approval_password_cleared, "APPROVAL_PASSWORD_CLEARED", "ca",                             \
    "A CA has no approval password any more.", "Check that it was planned.")                       \
  X(114, approval_password_refused, "APPROVAL_PASSWORD_REFUSED", "ca count",                       \
    "A wrong approval password was given: the request waits for an officer instead.",              \
    "Ask the principal if there are many.")                                                        \
  X(115, approval_password_locked, "APPROVAL_PASSWORD_LOCKED", "ca count scope",                   \
    "Too many wrong approval passwords for a CA, of a principal, a tenant or all (scope): none is right for a while.", \
    "These are guesses, or an old password in a program: ask the principal, change the password.") \
  X(116, selection_changed, "SELECTION_CHANGED", "tenant before after",                            \
    "How a tenant's requests are given to CAs was changed.", "Check that it was planned.")                      \
  X(120, signed_in, "SIGNED_IN", "session method",                                                 \
    "A person signed in: with a password, a one-time password, or the first administrator's token.", \
    "Nothing, if it was they: compare the address with where they work.")                          \
  X(121, sign_in_refused, "SIGN_IN_REFUSED", "principal reason",                                   \
    "A sign-in was refused. `principal` is whose name was typed, if it is anybody's.",             \
    "One is a typing error; many are guesses, and end in SIGN_IN_LOCKED.")                         \
  X(122, sign_in_locked, "SIGN_IN_LOCKED", "principal limit until",                                \
    "After too many refusals nobody can sign in: to this account (`limit` account), to this account " \
    "from this address (account_and_remote), or from this address (remote).",                      \
    "If the person did not do it, somebody guesses their password: warn them, block the address.") \
  X(123, session_ended, "SESSION_ENDED", "session principal cause",                                \
    "A session was ended: by its owner, by another sign-in in its place, or by an administrator.", \
    "Nothing.")                                                                                    \
  X(124, sessions_ended, "SESSIONS_ENDED", "principal count cause",                                \
    "All sessions of an account were ended, but for the one that may have asked for it.",          \
    "Nothing.")                                                                                    \
  X(125, password_changed, "PASSWORD_CHANGED", "credential sign_in_name",                          \
    "A person chose a password; their other sessions ended.",                                      \
    "If it was not they, disable the account and look at SIGNED_IN before it.")                    \
  X(126, password_reset, "PASSWORD_RESET", "principal credential sign_in_name expires_at",         \
    "Somebody else's account was given a one-time password, in the place of the one it had.",      \
    "Check that its owner asked for it.")                                                          \
  X(140, notifications_delivered, "NOTIFICATIONS_DELIVERED", "channel recipient first last count", \
    "Notifications reached their recipient: a mail server or a webhook took charge of them.", \
    "Nothing.") \
  X(141, notifications_failed, "NOTIFICATIONS_FAILED", "channel recipient first last count reason", \
    "Notifications were given up after the last attempt.", \
    "Repair what `reason` says; the recipient has not been told. What it was about is in the log.") \
  X(142, notification_acknowledged, "NOTIFICATION_ACKNOWLEDGED", "notification event subject", \
    "A recipient wants no more notifications about this event and subject.", \
    "Nothing.") \
  X(143, expiry_notified, "EXPIRY_NOTIFIED", "kind ca shard days ends count", \
    "Owners were told of `count` certificates that expire soon, or administrators of a CA or CRL.", \
    "Renew those that are still needed. A CRL that expires was not replaced in time: see why.") \
  X(144, webhook_created, "WEBHOOK_CREATED", "webhook tenant url", \
    "An endpoint will be told of events.", \
    "Check that the endpoint is yours: it learns who asks for which certificate.") \
  X(145, webhook_secret_rotated, "WEBHOOK_SECRET_ROTATED", "webhook tenant generation previous_until", \
    "A webhook has a new secret; the one before signs too until `previous_until`.", \
    "Give the new one to the endpoint before then.") \
  X(146, webhook_disabled, "WEBHOOK_DISABLED", "webhook tenant", \
    "An endpoint is told of nothing any more.", \
    "What was waiting for it has failed.") \
  X(147, webhook_enabled, "WEBHOOK_ENABLED", "webhook tenant", \
    "An endpoint is told of events again.", \
    "Check that it was planned.") \
  X(148, webhook_deleted, "WEBHOOK_DELETED", "webhook tenant url", \
    "An endpoint was deleted.", \
    "Nothing, if you deleted it.") \
  X(149, webhook_tested, "WEBHOOK_TESTED", "webhook tenant", \
    "A test was sent to an endpoint.", \
    "Nothing.") \
  X(150, template_changed, "TEMPLATE_CHANGED", "tenant event sha256", \
    "What a tenant is told about an event has another wording.", \
    "Check that it was planned: people act on these texts.") \
  X(151, template_removed, "TEMPLATE_REMOVED", "tenant event", \
    "The wording that Certwright ships is used again.", \
    "Nothing.") \
  X(152, notifications_pruned, "NOTIFICATIONS_PRUNED", "state count before", \
    "Notifications of this state that were made before `before` are kept no longer.", \
    "Nothing. What they were about is in the log.")

enum class EventType : std::uint8_t {  // stored
#define CERTWRIGHT_AUDIT_ENUMERATOR(number, enumerator, name, fields, cause, action) \
  enumerator = number,
  CERTWRIGHT_AUDIT_EVENTS(CERTWRIGHT_AUDIT_ENUMERATOR)
#undef CERTWRIGHT_AUDIT_ENUMERATOR
};

struct EventInfo {
  EventType type;
  std::string_view name;    // "CERTIFICATE_ISSUED": in every record
  std::string_view fields;  // the names it may carry, space-separated, in the order of records
  std::string_view cause;   // what it means, for an operator
  std::string_view action;  // what to do about it
};

inline constexpr auto kEventCatalogue = std::to_array<EventInfo>({
#define CERTWRIGHT_AUDIT_ROW(number, enumerator, name, fields, cause, action) \
  {EventType::enumerator, name, fields, cause, action},
    CERTWRIGHT_AUDIT_EVENTS(CERTWRIGHT_AUDIT_ROW)
#undef CERTWRIGHT_AUDIT_ROW
});
#undef CERTWRIGHT_AUDIT_EVENTS

// Constant time. Aborts for a number that is not in the catalogue: that is our bug.
const EventInfo& event_info(EventType type) noexcept;
std::optional<EventType> event_named(std::string_view name) noexcept;

}  // namespace certwright::audit
