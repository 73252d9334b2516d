#include "store/memory/memory_store.h"

#include <algorithm>
#include <mutex>

#include "store/limits.h"
#include "store/memory/locked_state.h"

namespace certwright::store {

namespace {

template <class Map, class Key>
auto found_in(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

StoredCertificate stored(const memory::Data& data, const CertificateRecord& certificate) {
  return {certificate, memory::revocation_of(data, certificate.id),
          data.lineages.at(certificate.lineage).current};
}

LineageRow row_of(const memory::Data& data, CertificateId id) {
  const auto& first = data.certificates.at(id);
  const auto& newest = data.certificates.at(data.lineages.at(id).current);
  return {.lineage = id,
          .handle_serial = first.serial,
          .current_serial = newest.serial,
          .ca = newest.ca,
          .tenant = first.tenant,
          .entity_type = first.entity_type,
          .entity_id = first.entity_id,
          .principal = first.principal,
          .profile = newest.profile,
          .subject = newest.subject,
          .not_before = newest.not_before,
          .not_after = newest.not_after,
          .revocation = memory::revocation_of(data, newest.id)};
}

bool selected(const memory::Data& data, const LineageFilter& filter, CertificateId id) {
  const auto row = row_of(data, id);
  if (!matches(filter, {row.tenant, row.ca, row.principal, row.entity_type, row.entity_id,
                        row.not_after, row.revocation.has_value()}))
    return false;
  bool name = filter.name.empty();
  bool key = !filter.subject_public_key_sha256;
  for (const auto certificate_id : data.lineages.at(id).certificates) {
    const auto& certificate = data.certificates.at(certificate_id);
    key = key || certificate.subject_public_key_sha256 == *filter.subject_public_key_sha256;
    for (const auto& n : certificate.names) name = name || name_matches(filter.name, n);
  }
  return name && key;
}

bool counted_exactly(const LineageFilter& f) {
  return f.ca.empty() && f.principal.empty() && f.entity_type.empty() && f.name.empty() &&
         f.state == CertificateState::any && !f.expires_before && !f.expires_after &&
         !f.subject_public_key_sha256;
}

}  // namespace

MemoryStore::MemoryStore() : state_(std::make_unique<State>()) {}
MemoryStore::~MemoryStore() = default;

Result<void> MemoryStore::apply(const Transaction& transaction) {
  CERTWRIGHT_CHECK(check_transaction(transaction));
  const std::lock_guard lock(state_->mutex);
  memory::UndoLog undo;
  for (const auto& command : transaction) {
    if (auto done = memory::run(state_->data, undo, command); !done) {
      undo.roll_back();
      return done;
    }
  }
  return {};
}

Result<std::optional<StoredCertificate>> MemoryStore::find_certificate(
    const x509::SerialNumber& serial) const {
  const auto id = serial.id();
  if (!id) return std::nullopt;
  CERTWRIGHT_TRY(auto certificate, find_certificate(*id));
  if (certificate && certificate->certificate.serial != serial) return std::nullopt;
  return certificate;
}

Result<std::optional<StoredCertificate>> MemoryStore::find_certificate(CertificateId id) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->data.certificates.find(id);
  if (found == state_->data.certificates.end()) return std::nullopt;
  return stored(state_->data, found->second);
}

Result<std::vector<StoredCertificate>> MemoryStore::find_lineage(CertificateId lineage) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<StoredCertificate> result;
  const auto found = state_->data.lineages.find(lineage);
  if (found == state_->data.lineages.end()) return result;
  for (const auto id : first_and_newest(found->second.certificates))
    result.push_back(stored(state_->data, state_->data.certificates.at(id)));
  return result;
}

Result<std::vector<LineageRow>> MemoryStore::list_lineages(const LineageFilter& filter,
                                                           const Page& page) const {
  CERTWRIGHT_CHECK(check_filter(filter));
  CERTWRIGHT_CHECK(check_page(page));
  const std::lock_guard lock(state_->mutex);
  std::vector<CertificateId> ids;
  for (const auto& [id, lineage] : state_->data.lineages) ids.push_back(id);
  if (page.newest_first) std::ranges::reverse(ids);
  std::vector<LineageRow> rows;
  std::uint64_t skipped = 0;
  for (const auto id : ids) {
    if (page.after && (page.newest_first ? id >= *page.after : id <= *page.after)) continue;
    if (!selected(state_->data, filter, id) || skipped++ < page.offset) continue;
    rows.push_back(row_of(state_->data, id));
    if (rows.size() == page.limit) break;
  }
  return rows;
}

Result<Count> MemoryStore::count_lineages(const LineageFilter& filter) const {
  CERTWRIGHT_CHECK(check_filter(filter));
  const std::lock_guard lock(state_->mutex);
  const bool exactly = counted_exactly(filter);
  Count count;
  for (const auto& [id, lineage] : state_->data.lineages) {
    if (!selected(state_->data, filter, id)) continue;
    if (!exactly && count.value == Count::kStopsAt) {
      count.exact = false;
      break;
    }
    ++count.value;
  }
  return count;
}

Result<std::optional<SerialReservation>> MemoryStore::find_reservation(CertificateId id) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.reservations, id);
}

Result<std::vector<SerialReservation>> MemoryStore::unfinished_intents(Time before,
                                                                       std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<SerialReservation> result;
  for (const auto& [id, reservation] : state_->data.reservations) {
    if (result.size() >= std::min(limit, kMaxRows)) break;
    if (reservation.reserved_at < before && !state_->data.certificates.contains(id) &&
        !state_->data.abandoned.contains(id))
      result.push_back(reservation);
  }
  return result;
}

Result<std::optional<IdempotencyRecord>> MemoryStore::find_idempotent(std::string_view principal,
                                                                      std::string_view key) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.idempotency, std::pair(std::string(principal), std::string(key)));
}

Result<std::vector<IdempotencyRecord>> MemoryStore::idempotency_before(Time before,
                                                                       std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<IdempotencyRecord> result;
  for (const auto& [key, record] : state_->data.idempotency)
    if (record.created_at < before) result.push_back(record);
  std::ranges::sort(result, {}, &IdempotencyRecord::created_at);
  if (result.size() > std::min(limit, kMaxRows)) result.resize(std::min(limit, kMaxRows));
  return result;
}

Result<bool> MemoryStore::is_key_blocked(const Sha256& subject_public_key_sha256) const {
  const std::lock_guard lock(state_->mutex);
  return state_->data.blocked_keys.contains(subject_public_key_sha256);
}

Result<std::optional<ManagedKeyRecord>> MemoryStore::find_managed_key(CertificateId id) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.keys, id);
}

Result<std::vector<ManagedKeyEnd>> MemoryStore::managed_key_ends(CertificateId after,
                                                                 std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ManagedKeyEnd> ends;
  for (auto key = state_->data.keys.upper_bound(after);
       key != state_->data.keys.end() && ends.size() < limit; ++key)
    if (const auto certificate = state_->data.certificates.find(key->first);
        certificate != state_->data.certificates.end())
      ends.push_back({key->first, certificate->second.serial, certificate->second.not_after});
  return ends;
}

Result<std::vector<ManagedKeyRecord>> MemoryStore::managed_keys(CertificateId after,
                                                                std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ManagedKeyRecord> result;
  for (auto key = state_->data.keys.upper_bound(after);
       key != state_->data.keys.end() && result.size() < std::min(limit, kMaxSealedRows); ++key)
    result.push_back(key->second);
  return result;
}

Result<std::optional<DownloadGrantRecord>> MemoryStore::find_download_grant(
    const Sha256& secret_sha256) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->data.grants.find(secret_sha256);
  if (found == state_->data.grants.end() || found->second.second) return std::nullopt;
  return found->second.first;
}

Result<std::vector<DownloadGrantRecord>> MemoryStore::download_grants_before(
    Time before, std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<DownloadGrantRecord> result;
  for (const auto& [secret, grant] : state_->data.grants)
    if (grant.first.expires_at < before) result.push_back(grant.first);
  std::ranges::sort(result, {}, &DownloadGrantRecord::expires_at);
  if (result.size() > std::min(limit, kMaxRows)) result.resize(std::min(limit, kMaxRows));
  return result;
}

Result<CertificateStatus> MemoryStore::certificate_status(std::string_view ca,
                                                          const x509::SerialNumber& serial) const {
  CERTWRIGHT_TRY(const auto found, find_certificate(serial));
  if (!found || found->certificate.ca != ca) return CertificateStatus{};
  if (found->revocation) return CertificateStatus{StatusKind::revoked, found->revocation};
  return CertificateStatus{StatusKind::good, std::nullopt};
}

Result<std::vector<RevocationEntry>> MemoryStore::revocations_after(std::string_view ca,
                                                                    std::uint32_t shard,
                                                                    std::uint64_t after,
                                                                    Time expires_from,
                                                                    std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  const auto& data = state_->data;
  std::vector<RevocationEntry> result;
  for (auto change = data.changes.upper_bound(std::tuple(std::string(ca), shard, after));
       change != data.changes.end(); ++change) {
    const auto& [change_ca, change_shard, sequence] = change->first;
    if (change_ca != ca || change_shard != shard || result.size() >= std::min(limit, kMaxRows))
      break;
    const auto& certificate = data.certificates.at(change->second);
    const auto& revocation = data.revocations.at(change->second);
    if (certificate.not_after < expires_from || (after == 0 && revocation.removed)) continue;
    result.push_back({sequence, certificate.serial, revocation.revocation.reason,
                      revocation.revocation.revoked_at, certificate.not_after, revocation.removed});
  }
  return result;
}

Result<std::optional<CrlRecord>> MemoryStore::find_crl(std::string_view ca,
                                                       std::uint32_t shard) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.crls, memory::Shard(ca, shard));
}

Result<std::optional<TenantRecord>> MemoryStore::find_tenant(std::string_view id) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.tenants, std::string(id));
}

Result<std::vector<TenantRecord>> MemoryStore::list_tenants() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<TenantRecord> result;
  for (const auto& [id, tenant] : state_->data.tenants) result.push_back(tenant);
  return result;
}

Result<std::optional<PrincipalRecord>> MemoryStore::find_principal(std::string_view id) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.principals, std::string(id));
}

Result<std::vector<PrincipalRecord>> MemoryStore::list_principals(std::string_view tenant) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<PrincipalRecord> result;
  for (const auto& [id, principal] : state_->data.principals)
    if (principal.tenant == tenant) result.push_back(principal);
  return result;
}

Result<std::optional<CredentialRecord>> MemoryStore::find_credential(
    CredentialKind kind, std::string_view lookup) const {
  const std::lock_guard lock(state_->mutex);
  const auto id = found_in(state_->data.credential_lookups, std::pair(kind, std::string(lookup)));
  if (!id) return std::nullopt;
  return found_in(state_->data.credentials, *id);
}

Result<std::vector<CredentialRecord>> MemoryStore::list_credentials(
    std::string_view principal) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<CredentialRecord> result;
  for (const auto& [id, credential] : state_->data.credentials)
    if (credential.principal == principal) result.push_back(credential);
  return result;
}

Result<std::vector<RoleBindingRecord>> MemoryStore::list_role_bindings(
    std::string_view principal) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<RoleBindingRecord> result;
  for (const auto& [key, binding] : state_->data.bindings)
    if (binding.principal == principal) result.push_back(binding);
  return result;
}

Result<std::optional<SessionRecord>> MemoryStore::find_session(const Sha256& id_sha256) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.sessions, id_sha256);
}

Result<std::vector<SessionRecord>> MemoryStore::list_sessions(std::string_view principal) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<SessionRecord> result;
  for (const auto& [id, session] : state_->data.sessions)
    if (session.principal == principal) result.push_back(session);
  std::ranges::stable_sort(result, {}, &SessionRecord::created_at);
  return result;
}

Result<std::vector<CaRecord>> MemoryStore::list_cas() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<CaRecord> result;
  for (const auto& [id, ca] : state_->data.cas) result.push_back(ca);
  return result;
}

Result<std::vector<ProfileRecord>> MemoryStore::list_profiles() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ProfileRecord> result;
  for (const auto& [key, profile] : state_->data.profiles) {
    if (!result.empty() && result.back().name == profile.name) result.pop_back();
    result.push_back(profile);
  }
  return result;
}

Result<std::optional<ProfileRecord>> MemoryStore::find_profile(std::string_view name,
                                                               std::uint32_t version) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.profiles, std::pair(std::string(name), version));
}

Result<std::optional<Bytes>> MemoryStore::find_setting(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.settings, std::string(name));
}

Result<std::vector<SettingRecord>> MemoryStore::settings(std::string_view after,
                                                         std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<SettingRecord> result;
  for (auto setting = state_->data.settings.upper_bound(std::string(after));
       setting != state_->data.settings.end() && result.size() < std::min(limit, kMaxSealedRows); ++setting)
    result.push_back({setting->first, setting->second});
  return result;
}

Result<std::uint64_t> MemoryStore::audit_size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->data.leaves.size();
}

Result<std::vector<AuditLeaf>> MemoryStore::audit_leaves(std::uint64_t from,
                                                         std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  const auto& leaves = state_->data.leaves;
  std::vector<AuditLeaf> result;
  for (auto i = from; i < leaves.size() && result.size() < std::min(limit, kMaxRows); ++i)
    result.push_back({i, leaves[i]});
  return result;
}

Result<std::optional<AuditCheckpoint>> MemoryStore::latest_checkpoint() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->data.checkpoints.empty()) return std::nullopt;
  return state_->data.checkpoints.rbegin()->second;
}

Result<std::vector<AuditCheckpoint>> MemoryStore::list_checkpoints(std::uint64_t from_tree_size,
                                                                   std::uint32_t limit) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<AuditCheckpoint> result;
  const auto& all = state_->data.checkpoints;
  for (auto at = all.lower_bound(from_tree_size);
       at != all.end() && result.size() < std::min(limit, kMaxRows); ++at)
    result.push_back(at->second);
  return result;
}

Result<std::optional<Bytes>> MemoryStore::find_audit_tile(std::uint32_t level,
                                                          std::uint64_t index) const {
  const std::lock_guard lock(state_->mutex);
  return found_in(state_->data.tiles, std::pair(level, index));
}

const NotificationQueries& MemoryStore::notifications() const noexcept { return state_->notifications; }

Result<std::vector<std::pair<std::string, std::int64_t>>> MemoryStore::health() const {
  const std::lock_guard lock(state_->mutex);
  return std::vector<std::pair<std::string, std::int64_t>>{
      {"certificates", static_cast<std::int64_t>(state_->data.certificates.size())},
      {"audit_leaves", static_cast<std::int64_t>(state_->data.leaves.size())}};
}

}  // namespace certwright::store
