#pragma once
// What the storage authority keeps: plain records, one per table (DESIGN section "Data model").
// Enum values marked `stored` are on disk and never change their number.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "store/notification_records.h"
#include "store/request_records.h"
#include "store/session_records.h"
#include "x509/certificate_list.h"
#include "x509/serial_number.h"

namespace certwright::store {

using Sha256 = std::array<std::uint8_t, 32>;

// SerialNumber has no default, so records that hold one are made with designated initializers:
// CertificateRecord{.id = id, .serial = serial}. That is what the `{}` in them are for.

// The row key of a certificate: the time-ordered first half of its serial (SerialNumber::id()).
// Unique over all CAs of an installation, increasing with time.
using CertificateId = std::uint64_t;

enum class RecordLevel : std::uint8_t { full = 0, digest = 1, aggregate = 2 };        // stored
enum class KeyOrigin : std::uint8_t { certification_request = 0, generated = 1 };     // stored
enum class PrincipalKind : std::uint8_t { person = 0, machine = 1 };                  // stored
enum class CredentialKind : std::uint8_t { api_token = 1, client_certificate = 2, password = 3 };  // stored
enum class CaState : std::uint8_t { awaiting_certificate = 0, active = 1, retired = 2 };  // stored

struct TenantRecord {
  std::string id;  // "default", lower-case letters, digits and '-'
  std::string name;
  bool disabled = false;
  Time created_at{};
};

struct PrincipalRecord {
  std::string id;  // random, opaque
  std::string tenant;
  std::string name;
  std::string email;  // empty if none
  PrincipalKind kind = PrincipalKind::machine;
  bool disabled = false;
  Time created_at{};

  friend bool operator==(const PrincipalRecord&, const PrincipalRecord&) = default;
};

struct CredentialRecord {
  std::string id;
  std::string principal;
  CredentialKind kind = CredentialKind::api_token;
  // Unique per kind: a token's public prefix; a certificate's SHA-256 in hex; the name one signs in with.
  std::string lookup;
  Bytes verifier;  // SHA-256 of the whole token; client_certificate: empty; password: Argon2id's text
  std::string label;
  Time created_at{};
  std::optional<Time> expires_at;  // of a password: it is for one sign-in, which must choose another
  bool revoked = false;
  // The principal that may know its secret besides its owner: who made it, or made what it was made with.
  std::string created_by{};  // empty: not known, it is from before schema 14
};

struct RoleBindingRecord {
  std::string principal;
  std::string role;    // "admin", "issuer", "approver", "auditor", "requester"
  std::string tenant;  // "*": every tenant
  std::string ca;      // empty: every CA of the tenant
  friend bool operator==(const RoleBindingRecord&, const RoleBindingRecord&) = default;
};

struct CaRecord {
  std::string id;  // chosen by the operator: "root", "issuing"
  std::string name;
  CaState state = CaState::awaiting_certificate;
  std::string parent;                // id of the CA here that issued it; empty if none of ours
  Bytes certificate;                 // DER; empty while awaiting_certificate
  std::vector<Bytes> issuer_chain;   // DER, its issuer first, root last; empty for a root
  Bytes sealed_key;                  // empty: the key is offline
  Bytes subject_public_key_info;     // TLV
  std::string key_algorithm;         // names of crypto/algorithm.h
  std::string signature_algorithm;
  std::string policy;                // JSON document (ca/ca_policy.h)
  std::uint64_t revision = 0;        // optimistic lock: 1 on creation, +1 with each PutCa
  Time created_at{};
};

struct ProfileRecord {
  std::string name;
  std::uint32_t version = 0;  // 1, 2, ...; old versions stay readable
  std::string document;       // JSON (profile/profile.h)
  std::string created_by;     // principal
  Time created_at{};
};

struct CertificateRecord {
  CertificateId id = 0;
  x509::SerialNumber serial;
  std::string ca{};
  CertificateId lineage = 0;  // id of the first certificate of its line of renewals
  std::string tenant{};
  std::string entity_type{};
  std::string entity_id{};
  std::string principal{};  // who asked for it
  std::string profile{};
  std::uint32_t profile_version = 0;
  std::string subject{};              // RFC 4514 text
  std::vector<std::string> names{};   // what a search by name finds: CN and SANs, lower case, no type
  Sha256 subject_public_key_sha256{};
  Time not_before{};
  Time not_after{};
  Time issued_at{};
  std::uint32_t crl_shard = 0;
  RecordLevel record_level = RecordLevel::full;
  KeyOrigin key_origin = KeyOrigin::certification_request;
  Bytes der{};  // empty at RecordLevel::digest
};

struct Revocation {
  x509::RevocationReason reason{};
  Time revoked_at{};
  std::string principal;
};

struct StoredCertificate {
  CertificateRecord certificate;
  std::optional<Revocation> revocation{};
  // The newest certificate of the lineage; equal to certificate.id for the newest itself.
  CertificateId current = 0;
};

// One row of a list: a lineage, by its first certificate (the handle clients keep) and its newest.
struct LineageRow {
  CertificateId lineage = 0;
  x509::SerialNumber handle_serial;
  x509::SerialNumber current_serial;
  std::string ca{}, tenant{}, entity_type{}, entity_id{}, principal{}, profile{}, subject{};
  Time not_before{};  // of the newest
  Time not_after{};   // of the newest
  std::optional<Revocation> revocation{};  // of the newest
};

// An entry for CRLs. `removed` means: take the serial out (hold released).
struct RevocationEntry {
  std::uint64_t sequence = 0;  // increases with every change of the (ca, shard)'s revocations
  x509::SerialNumber serial;
  x509::RevocationReason reason{};
  Time revoked_at{};
  Time not_after{};  // of the certificate
  bool removed = false;
};

enum class StatusKind : std::uint8_t { unknown, good, revoked };
struct CertificateStatus {
  StatusKind kind = StatusKind::unknown;
  std::optional<Revocation> revocation;  // iff revoked
};

struct ManagedKeyRecord {
  CertificateId certificate = 0;
  Bytes sealed_pkcs8;
  bool erase_after_delivery = false;
};

struct SettingRecord {
  std::string name;
  Bytes value;
};

struct ManagedKeyEnd {
  CertificateId certificate = 0;
  x509::SerialNumber serial;
  Time not_after{};
};

struct DownloadGrantRecord {
  Sha256 secret_sha256{};
  CertificateId lineage = 0;
  std::string principal;
  Time expires_at{};
};

struct CrlRecord {
  std::string ca;
  std::uint32_t shard = 0;
  std::uint64_t number = 0;     // cRLNumber: strictly increasing per (ca, shard), over restarts
  std::uint64_t sequence = 0;   // revocations up to here are in it
  Time this_update{};
  Time next_update{};
  Bytes der;  // empty if too large to keep (it is rebuilt at start)
};

struct IdempotencyRecord {
  std::string principal;
  std::string key;          // at most 255 octets
  Sha256 request_sha256{};
  CertificateId certificate = 0;
  Time created_at{};
};

struct SerialReservation {
  CertificateId id = 0;
  x509::SerialNumber serial;
  std::string ca{};
  std::string profile{};
  std::string principal{};
  Sha256 tbs_sha256{};
  Time reserved_at{};
  Time not_after{};
};

struct AuditLeaf {
  std::uint64_t position = 0;  // 0, 1, 2, ... without gaps
  Bytes record;                // the exact octets that are hashed
};

struct AuditCheckpoint {
  std::uint64_t tree_size = 0;
  Sha256 root{};
  std::string signed_note;
  Time created_at{};
};

}  // namespace certwright::store
