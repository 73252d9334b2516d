#include <utility>

#include "store/sqlite/command_runner.h"
#include "store/sqlite/rows.h"

namespace certwright::store::sqlite {

Result<void> CommandRunner::operator()(const ReserveSerial& c) {
  const auto& r = c.reservation;
  const auto& key = c.idempotency;
  if (key) {
    CERTWRIGHT_TRY(auto used,
                   database_.query(Statement::find_idempotency, key->principal, key->key));
    CERTWRIGHT_TRY(const bool found, used.next());
    if (found) {
      CERTWRIGHT_TRY(auto reserved, database_.query(Statement::find_reserved_serial, r.id));
      CERTWRIGHT_TRY(const bool also, reserved.next());
      if (!also) return fail_field(Errc::conflict, "idempotency_key", "the key was used before");
    }
    CERTWRIGHT_TRY(auto open, database_.query(Statement::find_open_request_of_key, key->principal, key->key));
    CERTWRIGHT_TRY(const bool waits, open.next());
    if (waits && open.text(0) != c.request)
      return fail_field(Errc::conflict, "idempotency_key", "a request with the key is open");
  }
  CERTWRIGHT_TRY(const bool inserted,
                 database_.insert(Statement::put_reservation, r.id, r.serial, r.ca, r.profile,
                                  r.principal, r.tbs_sha256, r.reserved_at, r.not_after));
  if (!inserted) return fail_field(Errc::conflict, "serial", "the serial was reserved before");
  CERTWRIGHT_CHECK(database_.run(Statement::put_open_intent, r.id));
  if (key)
    CERTWRIGHT_CHECK(database_.run(Statement::put_idempotency, key->principal, key->key,
                                   key->request_sha256, key->certificate, key->created_at));
  return {};
}

// An intent that is closed and has no certificate was abandoned.
Result<void> CommandRunner::operator()(const AbandonIntent& c) {
  CERTWRIGHT_TRY(const auto closed, database_.run(Statement::close_intent, c.id));
  if (closed == 0) return fail_field(Errc::conflict, "serial", "there is no such open intent");
  return {};
}

Result<void> CommandRunner::operator()(const ForgetIdempotencyKey& c) {
  CERTWRIGHT_CHECK(
      database_.run(Statement::forget_idempotency, c.principal, c.key, c.certificate));
  return {};
}

Result<void> CommandRunner::operator()(const ReleaseIdempotencyKey& c) {
  {
    CERTWRIGHT_TRY(auto used, database_.query(Statement::find_idempotency, c.principal, c.key));
    CERTWRIGHT_TRY(const bool found, used.next());
    if (!found) return {};
    CERTWRIGHT_TRY(auto certificate,
                   database_.query(Statement::find_certificate_exists, c.certificate));
    CERTWRIGHT_TRY(const bool issued, certificate.next());
    if (issued || used.natural(3) != c.certificate)
      return fail_field(Errc::conflict, "idempotency_key", "the key is in use");
  }
  CERTWRIGHT_CHECK(database_.run(Statement::delete_idempotency, c.principal, c.key));
  return {};
}

Result<void> CommandRunner::check_renewal(const RecordCertificate& c) {
  CERTWRIGHT_TRY(const auto lineage, find_lineage(c.certificate.lineage));
  if (!lineage) return fail_field(Errc::not_found, "lineage", "there is no such lineage");
  if (lineage->current != c.replaces)
    return fail_field(Errc::conflict, "lineage", "it was renewed by someone else meanwhile");
  if (lineage->revoked) return fail_field(Errc::conflict, "lineage", "the certificate is revoked");
  return {};
}

Result<void> CommandRunner::put_lineage(const CertificateRecord& r) {
  if (r.lineage == r.id) {
    CERTWRIGHT_CHECK(database_.run(Statement::put_lineage, r.id, r.not_after, r.ca, r.tenant,
                                   r.entity_type, r.entity_id, r.principal));
    return {};
  }
  CERTWRIGHT_CHECK(database_.run(Statement::renew_lineage, r.lineage, r.id, r.not_after, r.ca));
  CERTWRIGHT_CHECK(database_.run(Statement::put_renewal, r.lineage, r.id));
  return {};
}

Result<void> CommandRunner::operator()(const RecordCertificate& c) {
  const auto& r = c.certificate;
  {
    CERTWRIGHT_TRY(auto reserved, database_.query(Statement::find_reserved_serial, r.id));
    CERTWRIGHT_TRY(const bool found, reserved.next());
    if (!found || as_text(reserved.view(0)) != as_text(r.serial.integer_content()) ||
        as_text(reserved.view(1)) != r.ca)
      return fail_field(Errc::conflict, "serial", "the serial was not reserved");
  }
  // A second record is a conflict whatever it says of its lineage: looked for only where the
  // lineage's check would answer first.
  if (r.lineage != r.id) {
    CERTWRIGHT_TRY(auto certificate, database_.query(Statement::find_certificate_exists, r.id));
    CERTWRIGHT_TRY(const bool recorded, certificate.next());
    if (!recorded) CERTWRIGHT_CHECK(check_renewal(c));
  }
  CERTWRIGHT_TRY(const auto closed, database_.run(Statement::close_intent, r.id));
  if (closed == 0)
    return fail_field(Errc::conflict, "serial",
                      "the serial has its certificate, or its intent was abandoned");
  {
    CERTWRIGHT_TRY(auto blocked, database_.query(Statement::find_blocked_key, r.subject_public_key_sha256));
    CERTWRIGHT_TRY(const bool found, blocked.next());
    if (found) return fail_field(Errc::policy, "key", "this key was blocked meanwhile; make a new key pair");
  }
  CERTWRIGHT_CHECK(database_.run(
      Statement::put_certificate, r.id, r.serial, r.ca, r.lineage, r.not_before, r.not_after,
      r.crl_shard, r.tenant, r.entity_type, r.entity_id, r.principal, r.profile, r.profile_version,
      r.subject, r.subject_public_key_sha256, r.issued_at, static_cast<int>(r.record_level),
      static_cast<int>(r.key_origin), joined_names(r.names), r.der));
  CERTWRIGHT_CHECK(put_lineage(r));
  if (c.key)
    CERTWRIGHT_CHECK(database_.run(Statement::put_managed_key, c.key->certificate,
                                   c.key->sealed_pkcs8, c.key->erase_after_delivery));
  tail_.push_back({0, r.id, r.lineage, r.tenant, r.ca, r.principal, r.entity_type, r.entity_id,
                   r.names, r.subject_public_key_sha256, r.not_after});
  return {};
}

Result<void> CommandRunner::operator()(const PutDownloadGrant& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::put_grant, c.grant.secret_sha256, c.grant.lineage,
                                 c.grant.principal, c.grant.expires_at));
  return {};
}

Result<void> CommandRunner::operator()(const ConsumeDownloadGrant& c) {
  {
    CERTWRIGHT_TRY(auto grant, database_.query(Statement::find_grant, c.secret_sha256));
    CERTWRIGHT_TRY(const bool found, grant.next());
    if (!found || grant.natural(1) != c.lineage)
      return fail_field(Errc::not_found, "grant", "there is no such grant");
    if (grant.integer(4) != 0) return fail_field(Errc::gone, "grant", "the grant was used");
    if (grant.time(3) <= c.now) return fail_field(Errc::gone, "grant", "the grant has expired");
  }
  CERTWRIGHT_CHECK(database_.run(Statement::use_grant, c.secret_sha256));
  return {};
}

Result<void> CommandRunner::operator()(const EraseDownloadGrant& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::delete_grant, c.secret_sha256));
  return {};
}

Result<void> CommandRunner::operator()(const EraseManagedKey& c) {
  CERTWRIGHT_TRY(const auto changed, database_.run(Statement::delete_managed_key, c.certificate));
  if (changed == 0) return fail_field(Errc::not_found, "key", "there is no such key");
  return {};
}

Result<void> CommandRunner::operator()(const ResealManagedKey& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::reseal_managed_key, c.certificate, c.sealed, c.present));
  return {};
}

}  // namespace certwright::store::sqlite
