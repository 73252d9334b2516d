#include <algorithm>

#include "store/limits.h"
#include "store/memory/state.h"

namespace certwright::store::memory {
namespace {

class Runner {
 public:
  Runner(Data& data, UndoLog& undo) : data_(data), undo_(undo) {}

  Result<void> operator()(const ReserveSerial& c) {
    const auto& reservation = c.reservation;
    if (data_.reservations.contains(reservation.id))
      return fail_field(Errc::conflict, "serial", "the serial was reserved before");
    if (c.idempotency) {
      const auto key = std::pair(c.idempotency->principal, c.idempotency->key);
      if (data_.idempotency.contains(key))
        return fail_field(Errc::conflict, "idempotency_key", "the key was used before");
      for (const auto& [id, request] : data_.requests)
        if (is_open(request.state) && id != c.request && request.principal == c.idempotency->principal &&
            request.idempotency_key == c.idempotency->key)
          return fail_field(Errc::conflict, "idempotency_key", "a request with the key is open");
      undo_.put(data_.idempotency, key, *c.idempotency);
    }
    undo_.put(data_.reservations, reservation.id, reservation);
    return {};
  }

  Result<void> operator()(const AbandonIntent& c) {
    if (!data_.reservations.contains(c.id) || data_.certificates.contains(c.id) ||
        data_.abandoned.contains(c.id))
      return fail_field(Errc::conflict, "serial", "there is no such open intent");
    undo_.put(data_.abandoned, c.id, true);
    return {};
  }

  Result<void> operator()(const ForgetIdempotencyKey& c) {
    const auto key = std::pair(c.principal, c.key);
    const auto found = data_.idempotency.find(key);
    if (found != data_.idempotency.end() && found->second.certificate == c.certificate)
      undo_.erase(data_.idempotency, key);
    return {};
  }

  Result<void> operator()(const ReleaseIdempotencyKey& c) {
    const auto key = std::pair(c.principal, c.key);
    const auto found = data_.idempotency.find(key);
    if (found == data_.idempotency.end()) return {};
    if (found->second.certificate != c.certificate || data_.certificates.contains(c.certificate))
      return fail_field(Errc::conflict, "idempotency_key", "the key is in use");
    undo_.erase(data_.idempotency, key);
    return {};
  }

  Result<void> operator()(const RecordCertificate& c) {
    const auto& certificate = c.certificate;
    const auto reserved = data_.reservations.find(certificate.id);
    if (reserved == data_.reservations.end() || reserved->second.serial != certificate.serial ||
        reserved->second.ca != certificate.ca)
      return fail_field(Errc::conflict, "serial", "the serial was not reserved");
    if (data_.certificates.contains(certificate.id))
      return fail_field(Errc::conflict, "serial", "a certificate is recorded under the serial");
    Lineage lineage{certificate.id, {certificate.id}};
    if (certificate.lineage != certificate.id) {
      const auto found = data_.lineages.find(certificate.lineage);
      if (found == data_.lineages.end())
        return fail_field(Errc::not_found, "lineage", "there is no such lineage");
      lineage = found->second;
      if (lineage.current != c.replaces)
        return fail_field(Errc::conflict, "lineage", "it was renewed by someone else meanwhile");
      if (revocation_of(data_, lineage.current))
        return fail_field(Errc::conflict, "lineage", "the certificate is revoked");
      lineage.current = certificate.id;
      lineage.certificates.push_back(certificate.id);
      std::ranges::sort(lineage.certificates);
    }
    if (data_.abandoned.contains(certificate.id))
      return fail_field(Errc::conflict, "serial", "the intent was abandoned");
    if (data_.blocked_keys.contains(certificate.subject_public_key_sha256))
      return fail_field(Errc::policy, "key", "this key was blocked meanwhile; make a new key pair");
    undo_.put(data_.lineages, certificate.lineage, lineage);
    undo_.put(data_.certificates, certificate.id, certificate);
    if (c.key) undo_.put(data_.keys, c.key->certificate, *c.key);
    return {};
  }

  Result<void> operator()(const RevokeLineage& c) {
    const auto found = data_.lineages.find(c.lineage);
    if (found == data_.lineages.end())
      return fail_field(Errc::not_found, "lineage", "there is no such certificate");
    std::vector<CertificateId> affected;
    for (const auto id : found->second.certificates)
      if (data_.certificates.at(id).not_after >= c.revocation.revoked_at) affected.push_back(id);
    if (affected.empty()) affected.push_back(found->second.current);
    bool changed = false;
    for (const auto id : affected) {
      const auto next = next_revocation(revocation_of(data_, id), c.revocation);
      if (!next) continue;
      changed = true;
      put_revocation(id, *next, false);
    }
    if (!changed) return fail_field(Errc::conflict, "lineage", "it is revoked already");
    if (c.revocation.reason != x509::RevocationReason::certificate_hold)
      for (const auto id : found->second.certificates) undo_.erase(data_.keys, id);
    if (c.revocation.reason == x509::RevocationReason::key_compromise) block_keys(c, found->second);
    std::vector<Sha256> grants;
    for (const auto& [secret, grant] : data_.grants)
      if (grant.first.lineage == c.lineage) grants.push_back(secret);
    for (const auto& secret : grants) undo_.erase(data_.grants, secret);
    return {};
  }

  Result<void> operator()(const ReleaseHold& c) {
    const auto found = data_.lineages.find(c.lineage);
    if (found == data_.lineages.end())
      return fail_field(Errc::not_found, "lineage", "there is no such certificate");
    if (!on_hold(found->second.current))
      return fail_field(Errc::conflict, "lineage", "it is not on hold");
    for (const auto id : found->second.certificates)
      if (on_hold(id)) put_revocation(id, *revocation_of(data_, id), true);
    return {};
  }

  Result<void> operator()(const PutDownloadGrant& c) {
    undo_.put(data_.grants, c.grant.secret_sha256, std::pair(c.grant, false));
    return {};
  }
  Result<void> operator()(const ConsumeDownloadGrant& c) {
    const auto found = data_.grants.find(c.secret_sha256);
    if (found == data_.grants.end() || found->second.first.lineage != c.lineage)
      return fail_field(Errc::not_found, "grant", "there is no such grant");
    const auto& [grant, used] = found->second;
    if (used) return fail_field(Errc::gone, "grant", "the grant was used");
    if (grant.expires_at <= c.now) return fail_field(Errc::gone, "grant", "the grant has expired");
    undo_.put(data_.grants, c.secret_sha256, std::pair(grant, true));
    return {};
  }
  Result<void> operator()(const EraseDownloadGrant& c) {
    undo_.erase(data_.grants, c.secret_sha256);
    return {};
  }
  Result<void> operator()(const EraseManagedKey& c) {
    if (!data_.keys.contains(c.certificate))
      return fail_field(Errc::not_found, "key", "there is no such key");
    undo_.erase(data_.keys, c.certificate);
    return {};
  }

  Result<void> operator()(const PutTenant& c) {
    undo_.put(data_.tenants, c.tenant.id, c.tenant);
    return {};
  }
  Result<void> operator()(const PutPrincipal& c) {
    if (!data_.tenants.contains(c.principal.tenant))
      return fail_field(Errc::not_found, "tenant", "there is no such tenant");
    undo_.put(data_.principals, c.principal.id, c.principal);
    return {};
  }
  Result<void> operator()(const PutCredential& c) {
    const auto lookup = std::pair(c.credential.kind, c.credential.lookup);
    if (data_.credentials.contains(c.credential.id) || data_.credential_lookups.contains(lookup))
      return fail_field(Errc::conflict, "credential", "the credential exists");
    undo_.put(data_.credentials, c.credential.id, c.credential);
    undo_.put(data_.credential_lookups, lookup, c.credential.id);
    return {};
  }
  Result<void> operator()(const RevokeCredential& c) {
    const auto found = data_.credentials.find(c.id);
    if (found == data_.credentials.end())
      return fail_field(Errc::not_found, "credential", "there is no such credential");
    auto credential = found->second;
    credential.revoked = true;
    undo_.put(data_.credentials, c.id, credential);
    return {};
  }
  Result<void> operator()(const PutRoleBinding& c) {
    undo_.put(data_.bindings, key_of(c.binding), c.binding);
    return {};
  }
  Result<void> operator()(const RemoveRoleBinding& c) {
    if (!data_.bindings.contains(key_of(c.binding)))
      return fail_field(Errc::not_found, "role", "there is no such role binding");
    undo_.erase(data_.bindings, key_of(c.binding));
    return {};
  }

  Result<void> operator()(const RequireAdministrator&) {
    for (const auto& [key, binding] : data_.bindings) {
      if (binding.role != "admin" || binding.tenant != "*" || !binding.ca.empty()) continue;
      const auto principal = data_.principals.find(binding.principal);
      if (principal == data_.principals.end() || principal->second.disabled) continue;
      const auto tenant = data_.tenants.find(principal->second.tenant);
      if (tenant != data_.tenants.end() && !tenant->second.disabled) return {};
    }
    return fail_field(Errc::conflict, "administrator", "no administrator would be left");
  }

  Result<void> operator()(const PutCa& c) {
    const auto found = data_.cas.find(c.ca.id);
    const std::uint64_t stored = found == data_.cas.end() ? 0 : found->second.revision;
    if (c.ca.revision != stored + 1)
      return fail_field(Errc::conflict, "revision", "the CA was changed by someone else meanwhile");
    undo_.put(data_.cas, c.ca.id, c.ca);
    return {};
  }
  Result<void> operator()(const PutProfile& c) {
    std::uint32_t last = 0;
    for (const auto& [key, profile] : data_.profiles)
      if (key.first == c.profile.name) last = key.second;
    if (c.profile.version != last + 1)
      return fail_field(Errc::conflict, "version",
                        "the profile was changed by someone else meanwhile");
    undo_.put(data_.profiles, std::pair(c.profile.name, c.profile.version), c.profile);
    return {};
  }
  Result<void> operator()(const PutCrl& c) {
    const auto found = data_.crls.find(Shard(c.crl.ca, c.crl.shard));
    if (found != data_.crls.end() && c.crl.number <= found->second.number)
      return fail_field(Errc::conflict, "number", "a CRL with this or a higher number is stored");
    undo_.put(data_.crls, Shard(c.crl.ca, c.crl.shard), c.crl);
    return {};
  }
  Result<void> operator()(const PutSetting& c) {
    undo_.put(data_.settings, c.name, c.value);
    return {};
  }
  Result<void> operator()(const PutSettingOnce& c) {
    if (data_.settings.contains(c.name))
      return fail_field(Errc::conflict, "name", "the setting exists");
    undo_.put(data_.settings, c.name, c.value);
    return {};
  }
  Result<void> operator()(const ResealManagedKey& c) {
    const auto found = data_.keys.find(c.certificate);
    if (found == data_.keys.end() || found->second.sealed_pkcs8 != c.present) return {};
    auto key = found->second;
    key.sealed_pkcs8 = c.sealed;
    undo_.put(data_.keys, c.certificate, std::move(key));
    return {};
  }
  Result<void> operator()(const ResealSetting& c) {
    const auto found = data_.settings.find(c.name);
    if (found == data_.settings.end() || found->second != c.present) return {};
    undo_.put(data_.settings, c.name, c.sealed);
    return {};
  }
  Result<void> operator()(const BlockKey& c) {
    undo_.put(data_.blocked_keys, c.subject_public_key_sha256, c.why);
    return {};
  }

  Result<void> operator()(const AppendAuditLeaf& c) {
    if (!c.request.empty()) undo_.put(data_.leaves_about, std::pair(c.request, data_.leaves.size()), true);
    undo_.push_back(data_.leaves, c.record);
    return {};
  }
  Result<void> operator()(const PutAuditCheckpoint& c) {
    if (!data_.checkpoints.empty() &&
        c.checkpoint.tree_size <= data_.checkpoints.rbegin()->second.tree_size)
      return fail_field(Errc::conflict, "tree_size",
                        "a checkpoint of this or a larger tree exists");
    undo_.put(data_.checkpoints, c.checkpoint.tree_size, c.checkpoint);
    return {};
  }
  Result<void> operator()(const PutAuditTile& c) {
    undo_.put(data_.tiles, std::pair(c.level, c.index), c.hashes);
    return {};
  }
  Result<void> operator()(const AcquireLease& c) {
    const auto found = data_.leases.find(c.name);
    if (found != data_.leases.end() && found->second.holder != c.holder &&
        found->second.until > c.now)
      return fail_field(Errc::conflict, "lease", "another holder has the lease");
    undo_.put(data_.leases, c.name, Lease{c.holder, c.until});
    return {};
  }
  Result<void> operator()(const PutRequest& c) { return put_request(data_, undo_, c); }
  Result<void> operator()(const AddApproval& c) { return add_approval(data_, undo_, c); }

  Result<void> operator()(const PutPassword& c) { return run(data_, undo_, c); }
  Result<void> operator()(const PutSession& c) { return run(data_, undo_, c); }
  Result<void> operator()(const TouchSession& c) { return run(data_, undo_, c); }
  Result<void> operator()(const EndSession& c) { return run(data_, undo_, c); }
  Result<void> operator()(const EndSessions& c) { return run(data_, undo_, c); }
  Result<void> operator()(const EndTenantSessions& c) { return run(data_, undo_, c); }
  Result<void> operator()(const ForgetSessions& c) { return run(data_, undo_, c); }
  Result<void> operator()(const EndCredentialSessions& c) { return run(data_, undo_, c); }
  Result<void> operator()(const RequireCredential& c) { return run(data_, c); }
  Result<void> operator()(const RevokeOtherCredentials& c) { return run(data_, undo_, c); }
  Result<void> operator()(const RequireRoles& c) { return run(data_, c); }
  Result<void> operator()(const RequirePrincipal& c) { return run(data_, c); }

  Result<void> operator()(const EnqueueNotification& c) { return run(data_, undo_, c); }
  Result<void> operator()(const SettleNotifications& c) { return run(data_, undo_, c); }
  Result<void> operator()(const AcknowledgeNotification& c) { return run(data_, undo_, c); }
  Result<void> operator()(const PruneNotifications& c) { return run(data_, undo_, c); }
  Result<void> operator()(const PutWebhook& c) { return run(data_, undo_, c); }
  Result<void> operator()(const DeleteWebhook& c) { return run(data_, undo_, c); }
  Result<void> operator()(const PutNotificationTemplate& c) { return run(data_, undo_, c); }
  Result<void> operator()(const DeleteNotificationTemplate& c) { return run(data_, undo_, c); }

 private:
  static std::tuple<std::string, std::string, std::string, std::string> key_of(
      const RoleBindingRecord& b) {
    return {b.principal, b.role, b.tenant, b.ca};
  }

  bool on_hold(CertificateId id) const {
    const auto revocation = revocation_of(data_, id);
    return revocation && revocation->reason == x509::RevocationReason::certificate_hold;
  }

  void block_keys(const RevokeLineage& c, const Lineage& lineage) {
    for (const auto id : first_and_newest(lineage.certificates)) {
      const auto& certificate = data_.certificates.at(id);
      const auto& key = certificate.subject_public_key_sha256;
      if (std::ranges::find(c.spared_keys, key) == c.spared_keys.end())
        undo_.put(data_.blocked_keys, key, "keyCompromise of " + certificate.serial.hex());
    }
  }

  // One entry per certificate: its latest change, at the end of its shard's sequence.
  void put_revocation(CertificateId id, const Revocation& revocation, bool removed) {
    const auto& certificate = data_.certificates.at(id);
    const Shard shard(certificate.ca, certificate.crl_shard);
    if (const auto old = data_.revocations.find(id); old != data_.revocations.end())
      undo_.erase(data_.changes, std::tuple(shard.first, shard.second, old->second.sequence));
    const std::uint64_t sequence = data_.sequences[shard] + 1;
    undo_.put(data_.sequences, shard, sequence);
    undo_.put(data_.changes, std::tuple(shard.first, shard.second, sequence), id);
    undo_.put(data_.revocations, id, RevocationState{revocation, sequence, removed});
  }

  Data& data_;
  UndoLog& undo_;
};

}  // namespace

std::optional<Revocation> revocation_of(const Data& data, CertificateId id) {
  const auto found = data.revocations.find(id);
  if (found == data.revocations.end() || found->second.removed) return std::nullopt;
  return found->second.revocation;
}

Result<void> run(Data& data, UndoLog& undo, const Command& command) {
  return std::visit(Runner(data, undo), command);
}

}  // namespace certwright::store::memory
