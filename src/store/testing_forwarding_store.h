#pragma once
// For tests: a Store in front of another one. Derive from it and override what shall go wrong.
#include "store/store.h"

namespace certwright::store::testing {

class ForwardingStore : public Store {
 public:
  // `to` must outlive this.
  explicit ForwardingStore(Store& to) : to_(to) {}

  Result<void> apply(const Transaction& transaction) override { return to_.apply(transaction); }

  Result<std::optional<StoredCertificate>> find_certificate(
      const x509::SerialNumber& serial) const override {
    return to_.find_certificate(serial);
  }
  Result<std::optional<StoredCertificate>> find_certificate(CertificateId id) const override {
    return to_.find_certificate(id);
  }
  Result<std::vector<StoredCertificate>> find_lineage(CertificateId lineage) const override {
    return to_.find_lineage(lineage);
  }
  Result<std::vector<LineageRow>> list_lineages(const LineageFilter& filter,
                                                const Page& page) const override {
    return to_.list_lineages(filter, page);
  }
  Result<Count> count_lineages(const LineageFilter& filter) const override {
    return to_.count_lineages(filter);
  }
  Result<std::optional<SerialReservation>> find_reservation(CertificateId id) const override {
    return to_.find_reservation(id);
  }
  Result<std::vector<SerialReservation>> unfinished_intents(Time before,
                                                            std::uint32_t limit) const override {
    return to_.unfinished_intents(before, limit);
  }
  Result<std::optional<IdempotencyRecord>> find_idempotent(std::string_view principal,
                                                           std::string_view key) const override {
    return to_.find_idempotent(principal, key);
  }
  Result<std::vector<IdempotencyRecord>> idempotency_before(Time before,
                                                            std::uint32_t limit) const override {
    return to_.idempotency_before(before, limit);
  }
  Result<bool> is_key_blocked(const Sha256& subject_public_key_sha256) const override {
    return to_.is_key_blocked(subject_public_key_sha256);
  }
  Result<std::optional<ManagedKeyRecord>> find_managed_key(CertificateId id) const override {
    return to_.find_managed_key(id);
  }
  Result<std::vector<ManagedKeyEnd>> managed_key_ends(CertificateId after,
                                                      std::uint32_t limit) const override {
    return to_.managed_key_ends(after, limit);
  }
  Result<std::vector<ManagedKeyRecord>> managed_keys(CertificateId after,
                                                     std::uint32_t limit) const override {
    return to_.managed_keys(after, limit);
  }
  Result<std::optional<DownloadGrantRecord>> find_download_grant(
      const Sha256& secret_sha256) const override {
    return to_.find_download_grant(secret_sha256);
  }
  Result<std::vector<DownloadGrantRecord>> download_grants_before(
      Time before, std::uint32_t limit) const override {
    return to_.download_grants_before(before, limit);
  }
  Result<CertificateStatus> certificate_status(std::string_view ca,
                                               const x509::SerialNumber& serial) const override {
    return to_.certificate_status(ca, serial);
  }
  Result<std::vector<RevocationEntry>> revocations_after(std::string_view ca, std::uint32_t shard,
                                                         std::uint64_t after, Time expires_from,
                                                         std::uint32_t limit) const override {
    return to_.revocations_after(ca, shard, after, expires_from, limit);
  }
  Result<std::optional<CrlRecord>> find_crl(std::string_view ca,
                                            std::uint32_t shard) const override {
    return to_.find_crl(ca, shard);
  }
  Result<std::optional<TenantRecord>> find_tenant(std::string_view id) const override {
    return to_.find_tenant(id);
  }
  Result<std::vector<TenantRecord>> list_tenants() const override { return to_.list_tenants(); }
  Result<std::optional<PrincipalRecord>> find_principal(std::string_view id) const override {
    return to_.find_principal(id);
  }
  Result<std::vector<PrincipalRecord>> list_principals(std::string_view tenant) const override {
    return to_.list_principals(tenant);
  }
  Result<std::optional<CredentialRecord>> find_credential(CredentialKind kind,
                                                          std::string_view lookup) const override {
    return to_.find_credential(kind, lookup);
  }
  Result<std::vector<CredentialRecord>> list_credentials(
      std::string_view principal) const override {
    return to_.list_credentials(principal);
  }
  Result<std::vector<RoleBindingRecord>> list_role_bindings(
      std::string_view principal) const override {
    return to_.list_role_bindings(principal);
  }
  Result<std::optional<SessionRecord>> find_session(const Sha256& id_sha256) const override {
    return to_.find_session(id_sha256);
  }
  Result<std::vector<SessionRecord>> list_sessions(std::string_view principal) const override {
    return to_.list_sessions(principal);
  }
  Result<std::vector<CaRecord>> list_cas() const override { return to_.list_cas(); }
  Result<std::vector<ProfileRecord>> list_profiles() const override { return to_.list_profiles(); }
  Result<std::optional<ProfileRecord>> find_profile(std::string_view name,
                                                    std::uint32_t version) const override {
    return to_.find_profile(name, version);
  }
  Result<std::optional<Bytes>> find_setting(std::string_view name) const override {
    return to_.find_setting(name);
  }
  Result<std::vector<SettingRecord>> settings(std::string_view after,
                                              std::uint32_t limit) const override {
    return to_.settings(after, limit);
  }
  Result<std::uint64_t> audit_size() const override { return to_.audit_size(); }
  Result<std::vector<AuditLeaf>> audit_leaves(std::uint64_t from,
                                              std::uint32_t limit) const override {
    return to_.audit_leaves(from, limit);
  }
  Result<std::optional<AuditCheckpoint>> latest_checkpoint() const override {
    return to_.latest_checkpoint();
  }
  Result<std::vector<AuditCheckpoint>> list_checkpoints(std::uint64_t from_tree_size,
                                                        std::uint32_t limit) const override {
    return to_.list_checkpoints(from_tree_size, limit);
  }
  Result<std::optional<Bytes>> find_audit_tile(std::uint32_t level,
                                               std::uint64_t index) const override {
    return to_.find_audit_tile(level, index);
  }
  const NotificationQueries& notifications() const noexcept override { return to_.notifications(); }
  Result<std::vector<std::pair<std::string, std::int64_t>>> health() const override {
    return to_.health();
  }
  Result<std::optional<RequestRecord>> find_request(std::string_view id) const override {
    return to_.find_request(id);
  }
  Result<std::optional<RequestRecord>> find_open_request(const Sha256& request_sha256) const override {
    return to_.find_open_request(request_sha256);
  }
  Result<std::optional<RequestRecord>> find_newest_request(const Sha256& request_sha256) const override {
    return to_.find_newest_request(request_sha256);
  }
  Result<std::vector<OpenRequest>> open_requests_of(std::string_view principal,
                                                    std::uint32_t limit) const override {
    return to_.open_requests_of(principal, limit);
  }
  Result<RequestList> list_requests(const RequestFilter& filter, const RequestPage& page) const override {
    return to_.list_requests(filter, page);
  }
  Result<std::vector<ApprovalRecord>> list_approvals(std::string_view request) const override {
    return to_.list_approvals(request);
  }
  Result<std::vector<RequestRecord>> requests_past(Time now, std::uint32_t limit) const override {
    return to_.requests_past(now, limit);
  }

 protected:
  Store& to() const noexcept { return to_; }

 private:
  Store& to_;
};

}  // namespace certwright::store::testing
