#include "store/limits.h"

#include <algorithm>
#include <limits>

namespace certwright::store {
namespace {

constexpr std::uint64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxRequestIdOctets = 64;

Result<void> check_text(const char* field, std::string_view text) {
  if (text.size() > kMaxTextOctets)
    return fail_field(Errc::too_large, field, "the text is too long");
  return {};
}

Result<void> check_blob(const char* field, ByteView blob, std::size_t limit = kMaxBlobOctets) {
  if (blob.size() > limit) return fail_field(Errc::too_large, field, "the value is too large");
  return {};
}

Result<void> check_id(const char* field, CertificateId id) {
  if (id == 0 || id > kMaxInteger)
    return fail_field(Errc::invalid, field, "not the id of a certificate");
  return {};
}

Result<void> check_counter(const char* field, std::uint64_t value) {
  if (value > kMaxInteger)
    return fail_field(Errc::invalid, field, "the number does not fit 63 bits");
  return {};
}

Result<void> check_serial(const x509::SerialNumber& serial, CertificateId id) {
  CERTWRIGHT_CHECK(check_id("serial", id));
  if (serial.id() != id)
    return fail_field(Errc::invalid, "serial", "the serial does not begin with its id");
  return {};
}

struct TextField {
  const char* field;
  std::string_view text;
};
Result<void> check_texts(std::initializer_list<TextField> texts) {
  for (const auto& t : texts) CERTWRIGHT_CHECK(check_text(t.field, t.text));
  return {};
}

// One overload per command that has something to check.
struct CommandCheck {
  template <class Other>
  Result<void> operator()(const Other&) const {
    return {};
  }
  Result<void> operator()(const ReserveSerial& c) const {
    const auto& r = c.reservation;
    CERTWRIGHT_CHECK(check_serial(r.serial, r.id));
    CERTWRIGHT_CHECK(
        check_texts({{"ca", r.ca}, {"profile", r.profile}, {"principal", r.principal}}));
    if (!c.idempotency) return {};
    if (c.idempotency->key.size() > kMaxKeyOctets)
      return fail_field(Errc::too_large, "idempotency_key", "at most 255 octets");
    CERTWRIGHT_CHECK(check_id("idempotency_key", c.idempotency->certificate));
    return check_text("principal", c.idempotency->principal);
  }
  Result<void> operator()(const AbandonIntent& c) const { return check_id("serial", c.id); }
  Result<void> operator()(const ForgetIdempotencyKey& c) const {
    CERTWRIGHT_CHECK(check_id("certificate", c.certificate));
    return check_texts({{"principal", c.principal}, {"idempotency_key", c.key}});
  }
  Result<void> operator()(const ReleaseIdempotencyKey& c) const {
    CERTWRIGHT_CHECK(check_id("certificate", c.certificate));
    return check_texts({{"principal", c.principal}, {"idempotency_key", c.key}});
  }
  Result<void> operator()(const RecordCertificate& c) const {
    const auto& r = c.certificate;
    CERTWRIGHT_CHECK(check_serial(r.serial, r.id));
    CERTWRIGHT_CHECK(check_id("lineage", r.lineage));
    CERTWRIGHT_CHECK(check_texts({{"ca", r.ca},
                                  {"tenant", r.tenant},
                                  {"entity_type", r.entity_type},
                                  {"entity_id", r.entity_id},
                                  {"principal", r.principal},
                                  {"profile", r.profile},
                                  {"subject", r.subject}}));
    if (r.names.size() > kMaxNames) return fail_field(Errc::too_large, "names", "too many names");
    for (const auto& name : r.names) {
      if (name.size() > kMaxNameOctets)
        return fail_field(Errc::too_large, "names", "a name is too long");
      if (name.find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
        return fail_field(Errc::invalid, "names", "a name has a line feed or NUL in it");
    }
    CERTWRIGHT_CHECK(check_blob("der", r.der));
    if (r.lineage != r.id) CERTWRIGHT_CHECK(check_id("replaces", c.replaces));
    if (c.key) {
      CERTWRIGHT_CHECK(check_id("key", c.key->certificate));
      CERTWRIGHT_CHECK(check_blob("key", c.key->sealed_pkcs8));
    }
    return {};
  }
  Result<void> operator()(const RevokeLineage& c) const {
    CERTWRIGHT_CHECK(check_id("lineage", c.lineage));
    if (c.revocation.reason == x509::RevocationReason::remove_from_crl)
      return fail_field(Errc::invalid, "reason", "removeFromCRL is not a reason to revoke");
    if (c.spared_keys.size() > kMaxLineageRows)
      return fail_field(Errc::too_large, "spared_keys", "more keys than a lineage has");
    return check_text("principal", c.revocation.principal);
  }
  Result<void> operator()(const ReleaseHold& c) const { return check_id("lineage", c.lineage); }
  Result<void> operator()(const PutDownloadGrant& c) const {
    CERTWRIGHT_CHECK(check_id("lineage", c.grant.lineage));
    return check_text("principal", c.grant.principal);
  }
  Result<void> operator()(const ConsumeDownloadGrant& c) const {
    return check_id("lineage", c.lineage);
  }
  Result<void> operator()(const EraseManagedKey& c) const {
    return check_id("certificate", c.certificate);
  }
  Result<void> operator()(const PutTenant& c) const {
    return check_texts({{"id", c.tenant.id}, {"name", c.tenant.name}});
  }
  Result<void> operator()(const PutPrincipal& c) const {
    return check_texts({{"id", c.principal.id},
                        {"tenant", c.principal.tenant},
                        {"name", c.principal.name},
                        {"email", c.principal.email}});
  }
  Result<void> operator()(const PutCredential& c) const {
    CERTWRIGHT_CHECK(check_blob("verifier", c.credential.verifier));
    return check_texts({{"id", c.credential.id},
                        {"principal", c.credential.principal},
                        {"lookup", c.credential.lookup},
                        {"label", c.credential.label},
                        {"created_by", c.credential.created_by}});
  }
  Result<void> operator()(const PutRoleBinding& c) const {
    return check_texts({{"principal", c.binding.principal},
                        {"role", c.binding.role},
                        {"tenant", c.binding.tenant},
                        {"ca", c.binding.ca}});
  }
  Result<void> operator()(const PutCa& c) const {
    const auto& ca = c.ca;
    CERTWRIGHT_CHECK(check_counter("revision", ca.revision));
    CERTWRIGHT_CHECK(check_blob("certificate", ca.certificate));
    for (const auto& issuer : ca.issuer_chain) CERTWRIGHT_CHECK(check_blob("issuer_chain", issuer));
    CERTWRIGHT_CHECK(check_blob("sealed_key", ca.sealed_key));
    CERTWRIGHT_CHECK(check_blob("subject_public_key_info", ca.subject_public_key_info));
    return check_texts({{"id", ca.id},
                        {"name", ca.name},
                        {"parent", ca.parent},
                        {"key_algorithm", ca.key_algorithm},
                        {"signature_algorithm", ca.signature_algorithm},
                        {"policy", ca.policy}});
  }
  Result<void> operator()(const PutProfile& c) const {
    return check_texts({{"name", c.profile.name},
                        {"document", c.profile.document},
                        {"created_by", c.profile.created_by}});
  }
  Result<void> operator()(const PutCrl& c) const {
    CERTWRIGHT_CHECK(check_text("ca", c.crl.ca));
    CERTWRIGHT_CHECK(check_counter("number", c.crl.number));
    CERTWRIGHT_CHECK(check_counter("sequence", c.crl.sequence));
    return check_blob("der", c.crl.der, kMaxCrlOctets);
  }
  Result<void> operator()(const PutSetting& c) const {
    CERTWRIGHT_CHECK(check_text("name", c.name));
    return check_blob("value", c.value);
  }
  Result<void> operator()(const PutSettingOnce& c) const {
    CERTWRIGHT_CHECK(check_text("name", c.name));
    return check_blob("value", c.value);
  }
  Result<void> operator()(const ResealManagedKey& c) const {
    CERTWRIGHT_CHECK(check_id("certificate", c.certificate));
    return check_blob("key", c.sealed);
  }
  Result<void> operator()(const ResealSetting& c) const {
    CERTWRIGHT_CHECK(check_text("name", c.name));
    return check_blob("value", c.sealed);
  }
  Result<void> operator()(const BlockKey& c) const { return check_text("why", c.why); }
  Result<void> operator()(const AppendAuditLeaf& c) const { return check_blob("record", c.record); }
  Result<void> operator()(const PutAuditCheckpoint& c) const {
    CERTWRIGHT_CHECK(check_counter("tree_size", c.checkpoint.tree_size));
    return check_text("signed_note", c.checkpoint.signed_note);
  }
  Result<void> operator()(const PutAuditTile& c) const {
    CERTWRIGHT_CHECK(check_counter("index", c.index));
    return check_blob("hashes", c.hashes);
  }
  Result<void> operator()(const EnqueueNotification& c) const {
    const auto& n = c.notification;
    return check_texts({{"recipient", n.recipient},
                        {"tenant", n.tenant},
                        {"event", n.event},
                        {"subject", n.subject},
                        {"facts", n.facts},
                        {"deduplication_key", n.deduplication_key}});
  }
  Result<void> operator()(const SettleNotifications& c) const {
    if (c.ids.size() > kMaxCommands) return fail_field(Errc::too_large, "ids", "too many notifications");
    for (const auto id : c.ids) CERTWRIGHT_CHECK(check_counter("ids", id));
    return check_texts({{"recipient", c.recipient}, {"error", c.error}});
  }
  Result<void> operator()(const AcknowledgeNotification& c) const {
    CERTWRIGHT_CHECK(check_counter("id", c.id));
    return check_text("principal", c.principal);
  }
  Result<void> operator()(const PruneNotifications& c) const {
    if (c.state == NotificationState::waiting)
      return fail_field(Errc::invalid, "state", "what waits is not dropped");
    return {};
  }
  Result<void> operator()(const PutWebhook& c) const {
    CERTWRIGHT_CHECK(check_counter("revision", c.webhook.revision));
    if (c.webhook.events.size() > kMaxNames) return fail_field(Errc::too_large, "events", "too many events");
    for (const auto& event : c.webhook.events) {
      CERTWRIGHT_CHECK(check_text("events", event));
      if (event.find('\n') != std::string::npos)
        return fail_field(Errc::invalid, "events", "an event has a line feed in it");
    }
    return check_texts({{"id", c.webhook.id},
                        {"tenant", c.webhook.tenant},
                        {"url", c.webhook.url},
                        {"created_by", c.webhook.created_by}});
  }
  Result<void> operator()(const PutNotificationTemplate& c) const {
    return check_texts({{"tenant", c.record.tenant},
                        {"event", c.record.event},
                        {"subject", c.record.subject},
                        {"text", c.record.text},
                        {"html", c.record.html},
                        {"updated_by", c.record.updated_by}});
  }
  Result<void> operator()(const AcquireLease& c) const {
    return check_texts({{"name", c.name}, {"holder", c.holder}});
  }
  Result<void> operator()(const PutRequest& c) const {
    const auto& r = c.request;
    if (r.id.empty() || r.id.size() > kMaxRequestIdOctets)
      return fail_field(Errc::invalid, "request", "not the id of a request");
    CERTWRIGHT_CHECK(check_counter("revision", r.revision));
    CERTWRIGHT_CHECK(check_counter("certificate", r.certificate));
    CERTWRIGHT_CHECK(check_blob("certification_request", r.certification_request));
    return check_texts({{"tenant", r.tenant}, {"ca", r.ca}, {"profile", r.profile},
                        {"principal", r.principal}, {"email", r.email}, {"door", r.door},
                        {"remote", r.remote}, {"entity_type", r.entity_type},
                        {"entity_id", r.entity_id}, {"subject", r.subject}, {"content", r.content},
                        {"changes", r.changes}, {"reason", r.reason}, {"decided_by", r.decided_by}});
  }
  Result<void> operator()(const AddApproval& c) const {
    return check_texts({{"request", c.approval.request}, {"principal", c.approval.principal},
                        {"comment", c.approval.comment}});
  }
  Result<void> operator()(const PutPassword& c) const {
    if (c.credential.kind != CredentialKind::password)
      return fail_field(Errc::invalid, "kind", "the credential is no password");
    CERTWRIGHT_CHECK(check_text("replaces", c.replaces));
    return (*this)(PutCredential{c.credential});
  }
  Result<void> operator()(const PutSession& c) const {
    if (c.session.idle_ends_at > c.session.ends_at)
      return fail_field(Errc::invalid, "idle_ends_at", "the session would be idle after its end");
    return check_texts({{"principal", c.session.principal},
                        {"tenant", c.session.tenant},
                        {"remote", c.session.remote},
                        {"credential", c.session.credential}});
  }
};

}  // namespace

Result<void> check_transaction(const Transaction& transaction) {
  if (transaction.size() > kMaxCommands)
    return fail_field(Errc::too_large, "transaction", "too many commands in one transaction");
  for (const auto& command : transaction) CERTWRIGHT_CHECK(std::visit(CommandCheck{}, command));
  return {};
}

Result<void> check_filter(const LineageFilter& filter) {
  constexpr std::size_t kShortestPrefix = 3;
  if (filter.tenants.size() > kMaxFilterTenants)
    return fail_field(Errc::invalid, "tenants", "too many tenants");
  const std::string_view name = filter.name;
  if (name.size() > kMaxNameOctets)
    return fail_field(Errc::invalid, "name", "the name is too long");
  if (name.ends_with('*') && name.size() < kShortestPrefix + 1)
    return fail_field(Errc::invalid, "name", "at least 3 characters must come before '*'");
  return check_texts({{"ca", filter.ca},
                      {"principal", filter.principal},
                      {"entity_type", filter.entity_type},
                      {"entity_id", filter.entity_id}});
}

Result<void> check_page(const Page& page) {
  if (page.limit < 1 || page.limit > Page::kMaxLimit)
    return fail_field(Errc::invalid, "limit", "the limit must be 1 to 1000");
  if (page.offset > Page::kMaxOffset)
    return fail_field(
        Errc::invalid, "offset",
        "the offset is over 10000: continue with the cursor of the last page instead");
  return {};
}

Result<void> check_page(const RequestPage& page) {
  if (page.limit < 1 || page.limit > RequestPage::kMaxLimit)
    return fail_field(Errc::invalid, "limit", "the limit must be 1 to 100");
  return check_text("cursor", page.after);
}

bool matches(const RequestFilter& filter, const RequestRecord& request) {
  const auto is_one = [](std::string_view wanted, std::string_view is) {
    return wanted.empty() || wanted == is;
  };
  const bool visible = std::ranges::any_of(filter.scope, [&](const RequestFilter::Grant& grant) {
    return (grant.tenant == "*" || grant.tenant == request.tenant) && is_one(grant.ca, request.ca) &&
           is_one(grant.principal, request.principal);
  });
  if (!visible) return false;
  if (!filter.states.empty() &&
      std::ranges::find(filter.states, request.state) == filter.states.end())
    return false;
  return is_one(filter.tenant, request.tenant) && is_one(filter.ca, request.ca) &&
         is_one(filter.principal, request.principal);
}

Result<void> check_step(const RequestRecord& request, const RequestRecord* stored) {
  const std::uint64_t revision = stored == nullptr ? 0 : stored->revision;
  if (request.revision != revision + 1)
    return fail_field(Errc::conflict, "revision", "the request was changed by someone else meanwhile");
  if (stored != nullptr && !is_open(stored->state))
    return fail_field(Errc::conflict, "state", "the request is decided");
  return {};
}

bool matches(const LineageFilter& filter, const LineageFacts& facts) {
  const auto differs = [](const std::string& wanted, std::string_view is) {
    return !wanted.empty() && wanted != is;
  };
  if (!filter.tenants.empty() &&
      std::ranges::find(filter.tenants, facts.tenant) == filter.tenants.end())
    return false;
  if (differs(filter.ca, facts.ca) || differs(filter.principal, facts.principal) ||
      differs(filter.entity_type, facts.entity_type) || differs(filter.entity_id, facts.entity_id))
    return false;
  if (filter.expires_before && facts.not_after >= *filter.expires_before) return false;
  if (filter.expires_after && facts.not_after < *filter.expires_after) return false;
  switch (filter.state) {
    case CertificateState::any:
      return true;
    case CertificateState::revoked:
      return facts.revoked;
    case CertificateState::valid:
      return !facts.revoked && facts.not_after >= filter.now;
    case CertificateState::expired:
      return !facts.revoked && facts.not_after < filter.now;
  }
  return false;
}

bool name_matches(std::string_view pattern, std::string_view name) noexcept {
  if (!pattern.ends_with('*') || pattern.size() == 1) return name == pattern;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

std::vector<CertificateId> first_and_newest(std::vector<CertificateId> ascending) {
  if (ascending.size() > kMaxLineageRows)
    ascending.erase(ascending.begin() + 1,
                    ascending.end() - static_cast<std::ptrdiff_t>(kMaxLineageRows - 1));
  return ascending;
}

std::optional<Revocation> next_revocation(const std::optional<Revocation>& present,
                                          const Revocation& wanted) {
  if (!present) return wanted;
  constexpr auto kHold = x509::RevocationReason::certificate_hold;
  if (present->reason != kHold || wanted.reason == kHold) return std::nullopt;
  Revocation next = wanted;
  next.revoked_at = present->revoked_at;
  return next;
}

}  // namespace certwright::store
