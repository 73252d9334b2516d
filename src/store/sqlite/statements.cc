#include "store/sqlite/statements.h"

#include <array>

namespace certwright::store::sqlite {
namespace {

struct Entry {
  Statement statement;
  const char* name;
  const char* sql;
};

// In the order of the enumeration.
// In the order that rows.cc reads.
#define CERTWRIGHT_REQUEST_COLUMNS                                                                 \
  "id, revision, state, tenant, ca, profile, profile_version, principal, email, door, remote, "    \
  "entity_type, entity_id, subject, content, changes, request_sha256, binding, approvals_needed, " \
  "reason, decided_by, certificate, received_at, changed_at, expires_at, certification_request"

constexpr std::array kTable = {
    // The group commit and its transactions
    Entry{Statement::begin_write, "begin_write",
     "BEGIN IMMEDIATE"},
    Entry{Statement::begin_read, "begin_read",
     "BEGIN"},
    Entry{Statement::commit, "commit",
     "COMMIT"},
    Entry{Statement::rollback, "rollback",
     "ROLLBACK"},
    Entry{Statement::savepoint, "savepoint",
     "SAVEPOINT one_transaction"},
    Entry{Statement::release, "release",
     "RELEASE one_transaction"},
    Entry{Statement::rollback_to, "rollback_to",
     "ROLLBACK TO one_transaction"},
    // Access
    Entry{Statement::put_tenant, "put_tenant",
     "INSERT INTO tenant (id, name, disabled, created_at) VALUES (?1, ?2, ?3, ?4) ON "
     "CONFLICT (id) DO UPDATE SET name = ?2, disabled = ?3, created_at = ?4"},
    Entry{Statement::find_tenant, "find_tenant",
     "SELECT id, name, disabled, created_at FROM tenant WHERE id = ?1"},
    Entry{Statement::list_tenants, "list_tenants",
     "SELECT id, name, disabled, created_at FROM tenant ORDER BY id"},
    Entry{Statement::put_principal, "put_principal",
     "INSERT INTO principal (id, tenant, name, email, kind, disabled, created_at) VALUES "
     "(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET tenant = ?2, name = ?3, "
     "email = ?4, kind = ?5, disabled = ?6, created_at = ?7"},
    Entry{Statement::find_principal, "find_principal",
     "SELECT id, tenant, name, email, kind, disabled, created_at FROM principal WHERE id = "
     "?1"},
    Entry{Statement::list_principals, "list_principals",
     "SELECT id, tenant, name, email, kind, disabled, created_at FROM principal WHERE "
     "tenant = ?1 ORDER BY id"},
    Entry{Statement::put_credential, "put_credential",
     "INSERT INTO credential (id, principal, kind, lookup, verifier, label, created_at, "
     "expires_at, revoked, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
    Entry{Statement::find_credential, "find_credential",
     "SELECT id, principal, kind, lookup, verifier, label, created_at, expires_at, revoked, "
     "created_by FROM credential WHERE kind = ?1 AND lookup = ?2"},
    Entry{Statement::list_credentials, "list_credentials",
     "SELECT id, principal, kind, lookup, verifier, label, created_at, expires_at, revoked, "
     "created_by FROM credential WHERE principal = ?1 ORDER BY id"},
    Entry{Statement::revoke_credential, "revoke_credential",
     "UPDATE credential SET revoked = 1 WHERE id = ?1"},
    Entry{Statement::put_role_binding, "put_role_binding",
     "INSERT INTO role_binding (principal, role, tenant, ca) VALUES (?1, ?2, ?3, ?4) ON "
     "CONFLICT DO NOTHING"},
    Entry{Statement::remove_role_binding, "remove_role_binding",
     "DELETE FROM role_binding WHERE principal = ?1 AND role = ?2 AND tenant = ?3 AND ca = "
     "?4"},
    Entry{Statement::list_role_bindings, "list_role_bindings",
     "SELECT principal, role, tenant, ca FROM role_binding WHERE principal = ?1 ORDER BY "
     "role, tenant, ca"},
    Entry{Statement::find_administrator, "find_administrator",
     "SELECT 1 FROM role_binding AS b CROSS JOIN principal AS p ON p.id = b.principal CROSS "
     "JOIN tenant AS t ON t.id = p.tenant WHERE b.role = 'admin' AND b.tenant = '*' AND "
     "b.ca = '' AND p.disabled = 0 AND t.disabled = 0 LIMIT 1"},
    // Authorities, profiles, settings
    Entry{Statement::find_ca_revision, "find_ca_revision",
     "SELECT revision FROM ca WHERE id = ?1"},
    Entry{Statement::put_ca, "put_ca",
     "INSERT INTO ca (id, name, state, parent, certificate, sealed_key, "
     "subject_public_key_info, key_algorithm, signature_algorithm, policy, revision, "
     "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT "
     "(id) DO UPDATE SET name = ?2, state = ?3, parent = ?4, certificate = ?5, sealed_key "
     "= ?6, subject_public_key_info = ?7, key_algorithm = ?8, signature_algorithm = ?9, "
     "policy = ?10, revision = ?11, created_at = ?12"},
    Entry{Statement::list_cas, "list_cas",
     "SELECT id, name, state, parent, certificate, sealed_key, subject_public_key_info, "
     "key_algorithm, signature_algorithm, policy, revision, created_at FROM ca ORDER BY id"},
    Entry{Statement::delete_ca_issuers, "delete_ca_issuers",
     "DELETE FROM ca_issuer WHERE ca = ?1"},
    Entry{Statement::put_ca_issuer, "put_ca_issuer",
     "INSERT INTO ca_issuer (ca, position, certificate) VALUES (?1, ?2, ?3)"},
    Entry{Statement::list_ca_issuers, "list_ca_issuers",
     "SELECT certificate FROM ca_issuer WHERE ca = ?1 ORDER BY position"},
    Entry{Statement::last_profile_version, "last_profile_version",
     "SELECT version FROM profile WHERE name = ?1 ORDER BY version DESC LIMIT 1"},
    Entry{Statement::put_profile, "put_profile",
     "INSERT INTO profile (name, version, document, created_by, created_at) VALUES (?1, "
     "?2, ?3, ?4, ?5)"},
    Entry{Statement::list_profiles, "list_profiles",
     "SELECT name, version, document, created_by, created_at FROM profile AS p WHERE "
     "version = (SELECT max(version) FROM profile WHERE name = p.name) ORDER BY name"},
    Entry{Statement::find_profile, "find_profile",
     "SELECT name, version, document, created_by, created_at FROM profile WHERE name = ?1 "
     "AND version = ?2"},
    Entry{Statement::put_setting, "put_setting",
     "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET "
     "value = ?2"},
    Entry{Statement::put_setting_once, "put_setting_once",
     "INSERT INTO setting (name, value) VALUES (?1, ?2)"},
    Entry{Statement::find_setting, "find_setting",
     "SELECT value FROM setting WHERE name = ?1"},
    Entry{Statement::reseal_setting, "reseal_setting",
     "UPDATE setting SET value = ?2 WHERE name = ?1 AND value = ?3"},
    Entry{Statement::list_settings, "list_settings",
     "SELECT name, value FROM setting WHERE name > ?1 ORDER BY name LIMIT ?2"},
    Entry{Statement::block_key, "block_key",
     "INSERT INTO blocked_key (subject_public_key_sha256, why) VALUES (?1, ?2) ON CONFLICT "
     "(subject_public_key_sha256) DO UPDATE SET why = ?2"},
    Entry{Statement::find_blocked_key, "find_blocked_key",
     "SELECT 1 FROM blocked_key WHERE subject_public_key_sha256 = ?1"},
    Entry{Statement::find_lease, "find_lease",
     "SELECT holder, until FROM lease WHERE name = ?1"},
    Entry{Statement::put_lease, "put_lease",
     "INSERT INTO lease (name, holder, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO "
     "UPDATE SET holder = ?2, until = ?3"},
    // Intents
    Entry{Statement::put_reservation, "put_reservation",
     "INSERT INTO serial_reservation (id, serial, ca, profile, principal, tbs_sha256, "
     "reserved_at, not_after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    Entry{Statement::put_open_intent, "put_open_intent",
     "INSERT INTO open_intent (id) VALUES (?1)"},
    Entry{Statement::close_intent, "close_intent",
     "DELETE FROM open_intent WHERE id = ?1"},
    Entry{Statement::find_reserved_serial, "find_reserved_serial",
     "SELECT serial, ca FROM serial_reservation WHERE id = ?1"},
    Entry{Statement::find_reservation, "find_reservation",
     "SELECT id, serial, ca, profile, principal, tbs_sha256, reserved_at, not_after FROM "
     "serial_reservation WHERE id = ?1"},
    Entry{Statement::list_open_intents, "list_open_intents",
     "SELECT r.id, r.serial, r.ca, r.profile, r.principal, r.tbs_sha256, r.reserved_at, "
     "r.not_after FROM open_intent AS o CROSS JOIN serial_reservation AS r ON r.id = o.id "
     "WHERE r.reserved_at < ?1 ORDER BY o.id LIMIT ?2"},
    Entry{Statement::put_idempotency, "put_idempotency",
     "INSERT INTO idempotency (principal, key, request_sha256, certificate, created_at) "
     "VALUES (?1, ?2, ?3, ?4, ?5)"},
    Entry{Statement::find_idempotency, "find_idempotency",
     "SELECT principal, key, request_sha256, certificate, created_at FROM idempotency "
     "WHERE principal = ?1 AND key = ?2"},
    Entry{Statement::delete_idempotency, "delete_idempotency",
     "DELETE FROM idempotency WHERE principal = ?1 AND key = ?2"},
    Entry{Statement::forget_idempotency, "forget_idempotency",
     "DELETE FROM idempotency WHERE principal = ?1 AND key = ?2 AND certificate = ?3"},
    Entry{Statement::list_idempotency, "list_idempotency",
     "SELECT principal, key, request_sha256, certificate, created_at FROM idempotency "
     "WHERE created_at < ?1 ORDER BY created_at LIMIT ?2"},
    // Certificates and lineages
    Entry{Statement::put_certificate, "put_certificate",
     "INSERT INTO certificate (id, serial, ca, lineage, not_before, not_after, crl_shard, "
     "tenant, entity_type, entity_id, principal, profile, profile_version, subject, "
     "subject_public_key_sha256, issued_at, record_level, key_origin, names, der) VALUES "
     "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
     "?19, ?20)"},
    Entry{Statement::find_certificate, "find_certificate",
     "SELECT c.id, c.serial, c.ca, c.lineage, c.not_before, c.not_after, c.crl_shard, "
     "c.tenant, c.entity_type, c.entity_id, c.principal, c.profile, c.profile_version, "
     "c.subject, c.subject_public_key_sha256, c.issued_at, c.record_level, c.key_origin, "
     "c.names, c.der, l.current, r.reason, r.revoked_at, r.principal FROM certificate AS c "
     "CROSS JOIN lineage AS l ON l.id = c.lineage LEFT JOIN revocation AS r ON "
     "r.certificate = c.id AND r.removed = 0 WHERE c.id = ?1"},
    Entry{Statement::find_certificate_exists, "find_certificate_exists",
     "SELECT 1 FROM certificate WHERE id = ?1"},
    Entry{Statement::find_certificate_status, "find_certificate_status",
     "SELECT serial, ca FROM certificate WHERE id = ?1"},
    Entry{Statement::find_certificate_for_crl, "find_certificate_for_crl",
     "SELECT serial, ca, crl_shard, not_after FROM certificate WHERE id = ?1"},
    Entry{Statement::find_certificate_keys, "find_certificate_keys",
     "SELECT names, subject_public_key_sha256, serial FROM certificate WHERE id = ?1"},
    Entry{Statement::put_lineage, "put_lineage",
     "INSERT INTO lineage (id, current, not_after, revoked, ca, tenant, entity_type, "
     "entity_id, principal) VALUES (?1, ?1, ?2, 0, ?3, ?4, ?5, ?6, ?7)"},
    Entry{Statement::renew_lineage, "renew_lineage",
     "UPDATE lineage SET current = ?2, not_after = ?3, ca = ?4 WHERE id = ?1"},
    Entry{Statement::mark_lineage_revoked, "mark_lineage_revoked",
     "UPDATE lineage SET revoked = ?2 WHERE id = ?1"},
    Entry{Statement::find_lineage, "find_lineage",
     "SELECT current, not_after, revoked, ca, tenant, entity_type, entity_id, principal "
     "FROM lineage WHERE id = ?1"},
    Entry{Statement::find_lineage_row, "find_lineage_row",
     "SELECT l.id, h.serial, n.serial, l.ca, l.tenant, l.entity_type, l.entity_id, "
     "l.principal, n.profile, n.subject, n.not_before, n.not_after, r.reason, "
     "r.revoked_at, r.principal FROM lineage AS l CROSS JOIN certificate AS h ON h.id = "
     "l.id CROSS JOIN certificate AS n ON n.id = l.current LEFT JOIN revocation AS r ON "
     "r.certificate = l.current AND r.removed = 0 WHERE l.id = ?1"},
    Entry{Statement::lineages_ascending, "lineages_ascending",
     "SELECT id FROM lineage WHERE id > ?1 ORDER BY id LIMIT ?2"},
    Entry{Statement::lineages_descending, "lineages_descending",
     "SELECT id FROM lineage WHERE id < ?1 ORDER BY id DESC LIMIT ?2"},
    Entry{Statement::put_renewal, "put_renewal",
     "INSERT INTO renewal (lineage, certificate) VALUES (?1, ?2)"},
    Entry{Statement::list_renewals, "list_renewals",  // newest first
     "SELECT certificate FROM renewal WHERE lineage = ?1 ORDER BY certificate DESC LIMIT ?2"},
    Entry{Statement::add_to_tenant_counter, "add_to_tenant_counter",
     "INSERT INTO tenant_counter (tenant, lineages) VALUES (?1, ?2) ON CONFLICT (tenant) "
     "DO UPDATE SET lineages = lineages + ?2"},
    Entry{Statement::list_tenant_counters, "list_tenant_counters",
     "SELECT tenant, lineages FROM tenant_counter"},
    Entry{Statement::put_managed_key, "put_managed_key",
     "INSERT INTO managed_key (certificate, sealed_pkcs8, erase_after_delivery) VALUES "
     "(?1, ?2, ?3) ON CONFLICT (certificate) DO UPDATE SET sealed_pkcs8 = ?2, "
     "erase_after_delivery = ?3"},
    Entry{Statement::find_managed_key, "find_managed_key",
     "SELECT certificate, sealed_pkcs8, erase_after_delivery FROM managed_key WHERE "
     "certificate = ?1"},
    Entry{Statement::managed_key_ends, "managed_key_ends",
     "SELECT m.certificate, c.serial, c.not_after FROM managed_key AS m CROSS JOIN "
     "certificate AS c ON c.id = m.certificate WHERE m.certificate > ?1 ORDER BY "
     "m.certificate LIMIT ?2"},
    Entry{Statement::reseal_managed_key, "reseal_managed_key",
     "UPDATE managed_key SET sealed_pkcs8 = ?2 WHERE certificate = ?1 AND sealed_pkcs8 = "
     "?3"},
    Entry{Statement::list_managed_keys, "list_managed_keys",
     "SELECT certificate, sealed_pkcs8, erase_after_delivery FROM managed_key WHERE "
     "certificate > ?1 ORDER BY certificate LIMIT ?2"},
    Entry{Statement::delete_managed_key, "delete_managed_key",
     "DELETE FROM managed_key WHERE certificate = ?1"},
    Entry{Statement::put_grant, "put_grant",
     "INSERT INTO download_grant (secret_sha256, lineage, principal, expires_at, used) "
     "VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (secret_sha256) DO UPDATE SET lineage = ?2, "
     "principal = ?3, expires_at = ?4, used = 0"},
    Entry{Statement::find_grant, "find_grant",
     "SELECT secret_sha256, lineage, principal, expires_at, used FROM download_grant WHERE "
     "secret_sha256 = ?1"},
    Entry{Statement::use_grant, "use_grant",
     "UPDATE download_grant SET used = 1 WHERE secret_sha256 = ?1"},
    Entry{Statement::delete_grants, "delete_grants",
     "DELETE FROM download_grant WHERE lineage = ?1"},
    Entry{Statement::delete_grant, "delete_grant",
     "DELETE FROM download_grant WHERE secret_sha256 = ?1"},
    Entry{Statement::list_grants, "list_grants",
     "SELECT secret_sha256, lineage, principal, expires_at, used FROM download_grant WHERE "
     "expires_at < ?1 ORDER BY expires_at LIMIT ?2"},
    // Revocation
    Entry{Statement::find_revocation, "find_revocation",
     "SELECT serial, ca, crl_shard, sequence, removed, reason, revoked_at, principal FROM "
     "revocation WHERE certificate = ?1"},
    Entry{Statement::put_revocation, "put_revocation",
     "INSERT INTO revocation (certificate, serial, ca, crl_shard, sequence, removed, "
     "reason, revoked_at, not_after, principal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
     "?9, ?10) ON CONFLICT (certificate) DO UPDATE SET sequence = ?5, removed = ?6, reason "
     "= ?7, revoked_at = ?8, principal = ?10"},
    Entry{Statement::next_revocation_sequence, "next_revocation_sequence",
     "INSERT INTO revocation_sequence (ca, crl_shard, sequence) VALUES (?1, ?2, 1) ON "
     "CONFLICT (ca, crl_shard) DO UPDATE SET sequence = sequence + 1 RETURNING sequence"},
    Entry{Statement::put_change, "put_change",
     "INSERT INTO revocation_change (ca, crl_shard, sequence, certificate, serial, reason, "
     "revoked_at, not_after, removed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
    Entry{Statement::delete_change, "delete_change",
     "DELETE FROM revocation_change WHERE ca = ?1 AND crl_shard = ?2 AND sequence = ?3"},
    Entry{Statement::list_changes, "list_changes",
     "SELECT sequence, serial, reason, revoked_at, not_after, removed FROM "
     "revocation_change WHERE ca = ?1 AND crl_shard = ?2 AND sequence > ?3 AND not_after "
     ">= ?4 AND removed <= ?5 ORDER BY sequence LIMIT ?6"},
    Entry{Statement::find_crl_number, "find_crl_number",
     "SELECT number FROM crl WHERE ca = ?1 AND crl_shard = ?2"},
    Entry{Statement::put_crl, "put_crl",
     "INSERT INTO crl (ca, crl_shard, number, sequence, this_update, next_update, der) "
     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (ca, crl_shard) DO UPDATE SET number "
     "= ?3, sequence = ?4, this_update = ?5, next_update = ?6, der = ?7"},
    Entry{Statement::find_crl, "find_crl",
     "SELECT ca, crl_shard, number, sequence, this_update, next_update, der FROM crl WHERE "
     "ca = ?1 AND crl_shard = ?2"},
    // Audit
    Entry{Statement::last_leaf_position, "last_leaf_position",
     "SELECT position FROM audit_leaf ORDER BY position DESC LIMIT 1"},
    Entry{Statement::put_leaf, "put_leaf",
     "INSERT INTO audit_leaf (position, record) VALUES (?1, ?2)"},
    Entry{Statement::list_leaves, "list_leaves",
     "SELECT position, record FROM audit_leaf WHERE position >= ?1 ORDER BY position LIMIT "
     "?2"},
    Entry{Statement::latest_checkpoint, "latest_checkpoint",
     "SELECT tree_size, root, signed_note, created_at FROM audit_checkpoint ORDER BY "
     "tree_size DESC LIMIT 1"},
    Entry{Statement::list_checkpoints, "list_checkpoints",
     "SELECT tree_size, root, signed_note, created_at FROM audit_checkpoint WHERE "
     "tree_size >= ?1 ORDER BY tree_size LIMIT ?2"},
    Entry{Statement::put_checkpoint, "put_checkpoint",
     "INSERT INTO audit_checkpoint (tree_size, root, signed_note, created_at) VALUES (?1, "
     "?2, ?3, ?4)"},
    Entry{Statement::put_tile, "put_tile",
     "INSERT INTO audit_tile (level, tile_index, hashes) VALUES (?1, ?2, ?3) ON CONFLICT "
     "(level, tile_index) DO UPDATE SET hashes = ?3"},
    Entry{Statement::find_tile, "find_tile",
     "SELECT hashes FROM audit_tile WHERE level = ?1 AND tile_index = ?2"},
    // Filling the search indexes
    Entry{Statement::last_queued, "last_queued",
     "SELECT sequence FROM index_queue ORDER BY sequence DESC LIMIT 1"},
    Entry{Statement::put_queued, "put_queued",
     "INSERT INTO index_queue (sequence, certificate) VALUES (?1, ?2)"},
    Entry{Statement::list_queued, "list_queued",
     "SELECT q.sequence, c.id, c.lineage, c.tenant, c.ca, c.principal, c.entity_type, "
     "c.entity_id, c.names, c.subject_public_key_sha256, c.not_after FROM index_queue AS q "
     "CROSS JOIN certificate AS c ON c.id = q.certificate WHERE q.sequence > ?1 ORDER BY "
     "q.sequence"},
    Entry{Statement::delete_queued, "delete_queued",
     "DELETE FROM index_queue WHERE sequence <= ?1"},
    Entry{Statement::find_progress, "find_progress",
     "SELECT done_to, batch_to, step, entity_id, tenant, sequence FROM index_progress "
     "WHERE id = 1"},
    Entry{Statement::put_progress, "put_progress",
     "UPDATE index_progress SET done_to = ?1, batch_to = ?2, step = ?3, entity_id = ?4, "
     "tenant = ?5, sequence = ?6 WHERE id = 1"},
    Entry{Statement::index_key, "index_key",
     "INSERT INTO lineage_key (kind, value, lineage) VALUES (?1, ?2, ?3) ON CONFLICT DO "
     "NOTHING"},
    Entry{Statement::index_entity, "index_entity",
     "INSERT INTO lineage_entity (entity_id, tenant, lineage) VALUES (?1, ?2, ?3) ON "
     "CONFLICT DO NOTHING"},
    Entry{Statement::add_to_entity_counter, "add_to_entity_counter",
     "INSERT INTO entity_counter (entity_id, tenant, lineages) VALUES (?1, ?2, ?3) ON "
     "CONFLICT (entity_id, tenant) DO UPDATE SET lineages = lineages + ?3"},
    Entry{Statement::index_public_key, "index_public_key",
     "INSERT INTO lineage_public_key (subject_public_key_sha256, lineage) VALUES (?1, ?2) "
     "ON CONFLICT DO NOTHING"},
    Entry{Statement::index_expiry, "index_expiry",
     "INSERT INTO lineage_expiry (not_after, lineage) VALUES (?1, ?2) ON CONFLICT DO "
     "NOTHING"},
    Entry{Statement::index_expiry_span, "index_expiry_span",
     "INSERT INTO lineage_expiry_span (width_bits, span, lineage) VALUES (?1, ?2, ?3) ON "
     "CONFLICT DO NOTHING"},
    Entry{Statement::put_state, "put_state",
     "INSERT INTO lineage_state (tenant, state, lineage) VALUES (?1, ?2, ?3) ON CONFLICT DO "
     "NOTHING"},
    Entry{Statement::delete_state, "delete_state",
     "DELETE FROM lineage_state WHERE tenant = ?1 AND state = ?2 AND lineage = ?3"},
    Entry{Statement::find_sweep, "find_sweep",
     "SELECT not_after, lineage FROM expiry_sweep WHERE id = 1"},
    Entry{Statement::put_sweep, "put_sweep",
     "UPDATE expiry_sweep SET not_after = ?1, lineage = ?2 WHERE id = 1"},
    Entry{Statement::list_to_sweep, "list_to_sweep",
     "SELECT not_after, lineage FROM lineage_expiry WHERE (not_after, lineage) >= (?1, ?2) "
     "AND not_after < ?3 ORDER BY not_after, lineage LIMIT ?4"},
    Entry{Statement::list_swept, "list_swept",
     "SELECT not_after, lineage FROM lineage_expiry WHERE (not_after, lineage) < (?1, ?2) "
     "AND not_after >= ?3 ORDER BY not_after DESC, lineage DESC LIMIT ?4"},
    // Searching: streams of lineages in order, from a bound, a piece at a time
    Entry{Statement::key_ascending, "key_ascending",
     "SELECT lineage FROM lineage_key WHERE kind = ?3 AND value = ?4 AND lineage > ?1 "
     "ORDER BY lineage LIMIT ?2"},
    Entry{Statement::key_descending, "key_descending",
     "SELECT lineage FROM lineage_key WHERE kind = ?3 AND value = ?4 AND lineage < ?1 "
     "ORDER BY lineage DESC LIMIT ?2"},
    Entry{Statement::lineages_of_entity, "lineages_of_entity",
     "SELECT lineage FROM lineage_entity WHERE entity_id = ?1 LIMIT ?2"},
    Entry{Statement::entity_ascending, "entity_ascending",
     "SELECT lineage FROM lineage_entity WHERE entity_id = ?3 AND tenant = ?4 AND lineage "
     "> ?1 ORDER BY lineage LIMIT ?2"},
    Entry{Statement::entity_descending, "entity_descending",
     "SELECT lineage FROM lineage_entity WHERE entity_id = ?3 AND tenant = ?4 AND lineage "
     "< ?1 ORDER BY lineage DESC LIMIT ?2"},
    Entry{Statement::public_key_ascending, "public_key_ascending",
     "SELECT lineage FROM lineage_public_key WHERE subject_public_key_sha256 = ?3 AND "
     "lineage > ?1 ORDER BY lineage LIMIT ?2"},
    Entry{Statement::public_key_descending, "public_key_descending",
     "SELECT lineage FROM lineage_public_key WHERE subject_public_key_sha256 = ?3 AND "
     "lineage < ?1 ORDER BY lineage DESC LIMIT ?2"},
    Entry{Statement::state_ascending, "state_ascending",
     "SELECT lineage FROM lineage_state WHERE tenant = ?3 AND state = ?4 AND lineage > ?1 "
     "ORDER BY lineage LIMIT ?2"},
    Entry{Statement::state_descending, "state_descending",
     "SELECT lineage FROM lineage_state WHERE tenant = ?3 AND state = ?4 AND lineage < ?1 "
     "ORDER BY lineage DESC LIMIT ?2"},
    Entry{Statement::expiry_span_ascending, "expiry_span_ascending",
     "SELECT lineage FROM lineage_expiry_span WHERE width_bits = ?3 AND span = ?4 AND "
     "lineage > ?1 ORDER BY lineage LIMIT ?2"},
    Entry{Statement::expiry_span_descending, "expiry_span_descending",
     "SELECT lineage FROM lineage_expiry_span WHERE width_bits = ?3 AND span = ?4 AND "
     "lineage < ?1 ORDER BY lineage DESC LIMIT ?2"},
    Entry{Statement::next_expiry_span, "next_expiry_span",
     "SELECT span FROM lineage_expiry_span WHERE width_bits = ?1 AND span >= ?2 ORDER BY "
     "span LIMIT 1"},
    Entry{Statement::names_with_prefix, "names_with_prefix",
     "SELECT lineage FROM lineage_key WHERE kind = 5 AND value >= ?1 AND value < ?2 LIMIT "
     "?3"},
    Entry{Statement::expiring_between, "expiring_between",
     "SELECT lineage FROM lineage_expiry WHERE not_after >= ?1 AND not_after < ?2 LIMIT ?3"},
    Entry{Statement::entity_counters, "entity_counters",
     "SELECT tenant, lineages FROM entity_counter WHERE entity_id = ?1"},
    // Requests and approvals
    Entry{Statement::put_request, "put_request",
     "INSERT INTO request (id, revision, state, tenant, ca, profile, profile_version, "
     "principal, email, door, remote, entity_type, entity_id, subject, content, changes, "
     "request_sha256, binding, approvals_needed, reason, decided_by, certificate, received_at, "
     "changed_at, expires_at, certification_request) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
     "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26) "
     "ON CONFLICT (id) DO UPDATE SET revision = ?2, state = ?3, tenant = ?4, ca = ?5, profile "
     "= ?6, profile_version = ?7, principal = ?8, email = ?9, door = ?10, remote = ?11, "
     "entity_type = ?12, entity_id = ?13, subject = ?14, content = ?15, changes = ?16, "
     "request_sha256 = ?17, binding = ?18, approvals_needed = ?19, reason = ?20, decided_by = "
     "?21, certificate = ?22, received_at = ?23, changed_at = ?24, expires_at = ?25, "
     "certification_request = ?26"},
    Entry{Statement::find_request, "find_request",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE id = ?1"},
    Entry{Statement::find_request_step, "find_request_step",
     "SELECT revision, state FROM request WHERE id = ?1"},
    Entry{Statement::find_open_request, "find_open_request",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE request_sha256 = ?1 AND state < 3"},
    Entry{Statement::find_open_request_id, "find_open_request_id",
     "SELECT id FROM request WHERE request_sha256 = ?1 AND state < 3"},
    Entry{Statement::find_newest_request, "find_newest_request",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE request_sha256 = ?1 ORDER BY id DESC LIMIT 1"},
    Entry{Statement::open_requests_of, "open_requests_of",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE principal = ?1 AND state < 3 ORDER BY id LIMIT ?2"},
    Entry{Statement::count_open_requests, "count_open_requests",
     "SELECT count(*) FROM request WHERE principal = ?1 AND state < 3"},
    Entry{Statement::requests_ascending, "requests_ascending",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE id > ?1 ORDER BY id LIMIT ?2"},
    Entry{Statement::requests_descending, "requests_descending",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE id < ?1 ORDER BY id DESC LIMIT ?2"},
    Entry{Statement::requests_of_state_ascending, "requests_of_state_ascending",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE state = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    Entry{Statement::requests_of_state_descending, "requests_of_state_descending",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE state = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"},
    Entry{Statement::requests_of_tenant_ascending, "requests_of_tenant_ascending",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    Entry{Statement::requests_of_tenant_descending, "requests_of_tenant_descending",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE tenant = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"},
    Entry{Statement::requests_of_principal_ascending, "requests_of_principal_ascending",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE principal = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    Entry{Statement::requests_of_principal_descending, "requests_of_principal_descending",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE principal = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"},
    Entry{Statement::requests_past, "requests_past",
     "SELECT " CERTWRIGHT_REQUEST_COLUMNS " FROM request WHERE state < 2 AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2"},
    Entry{Statement::find_request_binding, "find_request_binding",
     "SELECT binding, principal FROM request WHERE id = ?1"},
    Entry{Statement::put_approval, "put_approval",
     "INSERT INTO approval (request, principal, kind, binding, comment, approved_at) VALUES "
     "(?1, ?2, ?3, ?4, ?5, ?6)"},
    Entry{Statement::find_approval, "find_approval",
     "SELECT 1 FROM approval WHERE request = ?1 AND principal = ?2 AND binding = ?3"},
    Entry{Statement::list_approvals, "list_approvals",
     "SELECT request, principal, kind, binding, comment, approved_at FROM approval WHERE "
     "request = ?1 ORDER BY id"},
    // Sign-in
    Entry{Statement::find_password, "find_password",
     "SELECT id FROM credential WHERE principal = ?1 AND kind = 3 ORDER BY id LIMIT 1"},
    Entry{Statement::delete_credential, "delete_credential",
     "DELETE FROM credential WHERE id = ?1"},
    Entry{Statement::put_session, "put_session",
     "INSERT INTO session (id_sha256, principal, tenant, remote, created_at, last_seen_at, "
     "idle_ends_at, ends_at, restricted, credential) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
     "?10)"},
    Entry{Statement::find_session, "find_session",
     "SELECT id_sha256, principal, tenant, remote, created_at, last_seen_at, idle_ends_at, "
     "ends_at, restricted, credential FROM session WHERE id_sha256 = ?1"},
    Entry{Statement::list_sessions, "list_sessions",
     "SELECT id_sha256, principal, tenant, remote, created_at, last_seen_at, idle_ends_at, "
     "ends_at, restricted, credential FROM session WHERE principal = ?1 ORDER BY created_at, "
     "id_sha256"},
    Entry{Statement::touch_session, "touch_session",
     "UPDATE session SET last_seen_at = max(last_seen_at, ?2), idle_ends_at = "
     "max(idle_ends_at, min(?3, ends_at)) WHERE id_sha256 = ?1"},
    Entry{Statement::end_session, "end_session",
     "DELETE FROM session WHERE id_sha256 = ?1"},
    Entry{Statement::end_sessions, "end_sessions",
     "DELETE FROM session WHERE principal = ?1 AND id_sha256 <> ?2"},
    Entry{Statement::end_tenant_sessions, "end_tenant_sessions",
     "DELETE FROM session WHERE tenant = ?1"},
    Entry{Statement::forget_sessions, "forget_sessions",
     "DELETE FROM session WHERE id_sha256 IN (SELECT id_sha256 FROM session WHERE "
     "idle_ends_at < ?1 ORDER BY idle_ends_at LIMIT ?2)"},
    Entry{Statement::end_credential_sessions, "end_credential_sessions",
     "DELETE FROM session WHERE credential = ?1"},
    Entry{Statement::find_credential_id, "find_credential_id",
     "SELECT 1 FROM credential WHERE id = ?1"},
    Entry{Statement::find_good_credential, "find_good_credential",
     "SELECT 1 FROM credential AS c CROSS JOIN principal AS p ON p.id = c.principal CROSS JOIN "
     "tenant AS t ON t.id = p.tenant WHERE c.id = ?1 AND c.principal = ?2 AND c.revoked = 0 AND "
     "p.disabled = 0 AND t.disabled = 0"},
    // Notifications
    Entry{Statement::enqueue_notification, "enqueue_notification",
     "INSERT INTO notification (channel, recipient, tenant, event, subject, facts, "
     "deduplication_key, state, attempts, last_error, created_at, next_attempt_at, "
     "settled_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, '', ?9, ?10, ?11) ON CONFLICT "
     "(deduplication_key) DO NOTHING"},
    Entry{Statement::find_notification, "find_notification",
     "SELECT id, channel, recipient, tenant, event, subject, facts, deduplication_key, "
     "state, attempts, last_error, created_at, next_attempt_at, settled_at FROM "
     "notification WHERE id = ?1"},
    Entry{Statement::find_first_waiting, "find_first_waiting",
     "SELECT next_attempt_at FROM notification WHERE channel = ?1 AND recipient = ?2 AND "
     "state = 0 ORDER BY id LIMIT 1"},
    Entry{Statement::settle_notification, "settle_notification",
     "UPDATE notification SET state = ?4, attempts = attempts + 1, last_error = ?5, "
     "next_attempt_at = ?6, settled_at = ?7 WHERE id = ?1 AND channel = ?2 AND recipient = "
     "?3 AND state = 0"},
    Entry{Statement::acknowledge_notification, "acknowledge_notification",
     "UPDATE notification SET state = 3, settled_at = ?2 WHERE id = ?1"},
    Entry{Statement::list_open_about, "list_open_about",
     "SELECT id, channel, state FROM notification WHERE recipient = ?1 AND event = ?2 AND "
     "subject = ?3 AND state IN (0, 1) ORDER BY id"},
    Entry{Statement::open_lane, "open_lane",
     "INSERT INTO notification_lane (channel, recipient, next_attempt_at) VALUES (?1, ?2, "
     "?3) ON CONFLICT DO NOTHING"},
    Entry{Statement::put_lane, "put_lane",
     "INSERT INTO notification_lane (channel, recipient, next_attempt_at) VALUES (?1, ?2, "
     "?3) ON CONFLICT (channel, recipient) DO UPDATE SET next_attempt_at = ?3"},
    Entry{Statement::delete_lane, "delete_lane",
     "DELETE FROM notification_lane WHERE channel = ?1 AND recipient = ?2"},
    Entry{Statement::list_due_lanes, "list_due_lanes",
     "SELECT channel, recipient, next_attempt_at FROM notification_lane WHERE channel = ?1 "
     "AND next_attempt_at <= ?2 ORDER BY next_attempt_at LIMIT ?3"},
    Entry{Statement::list_waiting, "list_waiting",
     "SELECT id, channel, recipient, tenant, event, subject, facts, deduplication_key, "
     "state, attempts, last_error, created_at, next_attempt_at, settled_at FROM "
     "notification WHERE channel = ?1 AND recipient = ?2 AND state = 0 ORDER BY id LIMIT "
     "?3"},
    Entry{Statement::list_in_product, "list_in_product",
     "SELECT id, channel, recipient, tenant, event, subject, facts, deduplication_key, "
     "state, attempts, last_error, created_at, next_attempt_at, settled_at FROM "
     "notification WHERE recipient = ?1 AND channel = 0 AND id < ?2 ORDER BY id DESC LIMIT "
     "?3"},
    Entry{Statement::list_about, "list_about",
     "SELECT id, channel, recipient, tenant, event, subject, facts, deduplication_key, "
     "state, attempts, last_error, created_at, next_attempt_at, settled_at FROM "
     "notification WHERE recipient = ?1 AND event = ?2 AND subject = ?3 ORDER BY id LIMIT "
     "?4"},
    Entry{Statement::list_told_about, "list_told_about",
     "SELECT id, channel, recipient, tenant, event, subject, facts, deduplication_key, "
     "state, attempts, last_error, created_at, next_attempt_at, settled_at FROM "
     "notification WHERE subject = ?1 AND tenant = ?2 ORDER BY id LIMIT ?3"},
    Entry{Statement::prune_notifications, "prune_notifications",
     "DELETE FROM notification WHERE id IN (SELECT id FROM notification WHERE state = ?1 "
     "AND created_at < ?2 ORDER BY created_at LIMIT ?3)"},
    Entry{Statement::count_notifications, "count_notifications",
     "SELECT count(*) FROM notification WHERE state = ?1"},
    Entry{Statement::oldest_waiting, "oldest_waiting",
     "SELECT created_at FROM notification WHERE state = 0 ORDER BY created_at LIMIT 1"},
    Entry{Statement::find_webhook, "find_webhook",
     "SELECT id, tenant, url, events, disabled, secret_generation, previous_until, "
     "revision, created_by, created_at FROM webhook WHERE id = ?1"},
    Entry{Statement::list_webhooks, "list_webhooks",
     "SELECT id, tenant, url, events, disabled, secret_generation, previous_until, "
     "revision, created_by, created_at FROM webhook WHERE tenant = ?1 ORDER BY id LIMIT ?2"},
    Entry{Statement::put_webhook, "put_webhook",
     "INSERT INTO webhook (id, tenant, url, events, disabled, secret_generation, "
     "previous_until, revision, created_by, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
     "?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET tenant = ?2, url = ?3, events = ?4, "
     "disabled = ?5, secret_generation = ?6, previous_until = ?7, revision = ?8, "
     "created_by = ?9, created_at = ?10"},
    Entry{Statement::delete_webhook, "delete_webhook",
     "DELETE FROM webhook WHERE id = ?1"},
    Entry{Statement::put_template, "put_template",
     "INSERT INTO notification_template (tenant, event, subject, text, html, updated_by, "
     "updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tenant, event) DO "
     "UPDATE SET subject = ?3, text = ?4, html = ?5, updated_by = ?6, updated_at = ?7"},
    Entry{Statement::delete_template, "delete_template",
     "DELETE FROM notification_template WHERE tenant = ?1 AND event = ?2"},
    Entry{Statement::find_template, "find_template",
     "SELECT tenant, event, subject, text, html, updated_by, updated_at FROM "
     "notification_template WHERE tenant = ?1 AND event = ?2"},
    Entry{Statement::list_templates, "list_templates",
     "SELECT tenant, event, subject, text, html, updated_by, updated_at FROM "
     "notification_template WHERE tenant = ?1 ORDER BY event LIMIT ?2"},
    Entry{Statement::list_role_holders, "list_role_holders",
     "SELECT principal, role, tenant, ca FROM role_binding WHERE role = ?1 AND tenant = ?2 "
     "ORDER BY principal LIMIT ?3"},
};
#undef CERTWRIGHT_REQUEST_COLUMNS

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].statement) != i) return false;
  return true;
}
static_assert(in_order());

}  // namespace

const std::size_t kStatementCount = kTable.size();

const char* name_of(Statement statement) noexcept {
  return kTable[static_cast<std::size_t>(statement)].name;
}
const char* sql_of(Statement statement) noexcept {
  return kTable[static_cast<std::size_t>(statement)].sql;
}

}  // namespace certwright::store::sqlite
