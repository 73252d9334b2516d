#include "delivery/download_grants.h"

#include <utility>

#include "crypto/digest.h"
#include "delivery/grant_token.h"
#include "x509/pem.h"

namespace certwright::delivery {
namespace {

constexpr std::string_view kSigningKeySetting = "download-grant-key";
constexpr std::string_view kSigningKeyContext = "setting:download-grant-key";
constexpr std::size_t kSigningKeyOctets = 32;
constexpr Duration kForgedRecordInterval = Seconds(1);

access::Object object_of(const store::CertificateRecord& certificate) {
  return {certificate.tenant, certificate.ca, certificate.principal};
}

// What cannot be opened was sealed by us: not the requester's fault, and none of its business.
tl::unexpected<Error> not_opened(const Error& error) {
  return fail(Errc::internal, "a sealed secret cannot be opened: " + error.detail);
}

}  // namespace

Result<std::string> DownloadGrants::grant(const store::StoredCertificate& certificate,
                                          const access::Principal& principal,
                                          const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto newest, newest_of(certificate));
  CERTWRIGHT_CHECK(check_deliverable(newest));
  CERTWRIGHT_TRY(const SecretBytes key, signing_key());

  GrantToken token;
  d_.random.fill(token.secret);
  token.expires_at_s = to_unix_s(d_.clock.now() + kLifetime);
  const Time expires_at = from_unix_s(token.expires_at_s);
  CERTWRIGHT_CHECK(
      d_.store.apply({store::PutDownloadGrant{{.secret_sha256 = crypto::sha256(token.secret),
                                               .lineage = newest.certificate.lineage,
                                               .principal = principal.id,
                                               .expires_at = expires_at}},
                      d_.journal.leaf({.type = audit::EventType::download_granted,
                                       .actor = actor,
                                       .fields = {{"serial", newest.certificate.serial.hex()},
                                                  {"lineage", lineage_serial(newest)},
                                                  {"expires_at", to_rfc3339(expires_at)}}})}));
  return token.sign(key.reveal());
}

Result<Bundle> DownloadGrants::redeem(const store::StoredCertificate& certificate,
                                      std::string_view token, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const SecretBytes key, signing_key());
  const auto verified = GrantToken::verify(token, key.reveal());
  if (!verified) {
    if (may_record_forged()) record_refusal(certificate, actor, verified.error());
    return tl::unexpected(verified.error());
  }
  auto bundle = redeem_verified(certificate, *verified, actor);
  if (!bundle && bundle.error().code != Errc::unavailable && bundle.error().code != Errc::internal)
    record_refusal(certificate, actor, bundle.error());
  return bundle;
}

Result<Bundle> DownloadGrants::redeem_verified(const store::StoredCertificate& certificate,
                                               const GrantToken& token, audit::Actor actor) {
  const Time now = d_.clock.now();
  if (from_unix_s(token.expires_at_s) <= now)
    return fail(Errc::gone, "the download token has expired; request another");
  const store::Sha256 secret_sha256 = crypto::sha256(token.secret);
  CERTWRIGHT_TRY(const auto grant, d_.store.find_download_grant(secret_sha256));
  if (!grant)
    return fail(Errc::gone, "the download token cannot be used any more; request another");
  if (grant->lineage != certificate.certificate.lineage)
    return tl::unexpected(access::not_found_error());

  auto principal = d_.principals.current(grant->principal);
  if (!principal) {
    if (principal.error().code == Errc::unauthenticated)
      principal.error().code = Errc::not_permitted;
    return tl::unexpected(std::move(principal).error());
  }
  actor.principal = principal->id;
  actor.tenant = principal->tenant;

  CERTWRIGHT_TRY(const auto newest, newest_of(certificate));
  CERTWRIGHT_CHECK(access::authorise(*principal, access::Action::certificate_download,
                                     object_of(newest.certificate)));
  CERTWRIGHT_CHECK(check_deliverable(newest));
  const auto ca = d_.cas.find(newest.certificate.ca);
  if (ca == nullptr) return fail(Errc::unavailable, "the certificate's CA is not loaded");

  Bundle bundle{.ca_pem = ca->chain_pem(),
                .certificate_pem = x509::to_pem(x509::kPemCertificate, newest.certificate.der) +
                                   ca->certificate_pem(),
                .key_pem = {}};
  CERTWRIGHT_TRY(const auto managed, d_.store.find_managed_key(newest.certificate.id));
  CERTWRIGHT_CHECK(consume(newest, secret_sha256, managed, actor, now));
  if (managed) {
    CERTWRIGHT_TRY(bundle.key_pem, open_key(*managed));
  }
  return bundle;
}

// One durable transaction: the grant is used, its use is on record, and the key erased where its
// profile says so. Only after it may the key be opened.
Result<void> DownloadGrants::consume(const store::StoredCertificate& newest,
                                     const store::Sha256& secret_sha256,
                                     const std::optional<store::ManagedKeyRecord>& managed,
                                     const audit::Actor& actor, Time now) {
  store::Transaction transaction;
  transaction.push_back(
      store::ConsumeDownloadGrant{secret_sha256, newest.certificate.lineage, now});
  if (managed) {
    transaction.push_back(d_.journal.leaf({.type = audit::EventType::key_delivered,
                                           .actor = actor,
                                           .fields = {{"serial", newest.certificate.serial.hex()},
                                                      {"lineage", lineage_serial(newest)},
                                                      {"format", "pkcs8"}}}));
    if (managed->erase_after_delivery) {
      transaction.push_back(store::EraseManagedKey{newest.certificate.id});
      transaction.push_back(d_.journal.leaf(
          {.type = audit::EventType::key_erased,
           .actor = actor,
           .fields = {{"serial", newest.certificate.serial.hex()}, {"cause", "delivered"}}}));
    }
  }
  auto applied = d_.store.apply(transaction);
  // A revocation in the meantime drops the grant: to its holder it is gone, not unknown.
  if (!applied && (applied.error().code == Errc::gone || applied.error().code == Errc::not_found))
    return fail(Errc::gone, "the download token was used already; request another");
  return applied;
}

Result<std::size_t> DownloadGrants::erase_ended_grants() {
  constexpr std::uint32_t kBatch = 200;  // of one commit: others' requests wait for no more
  constexpr std::size_t kAtMost = 20'000;
  std::size_t erased = 0;
  while (erased < kAtMost) {
    CERTWRIGHT_TRY(const auto ended, d_.store.download_grants_before(d_.clock.now(), kBatch));
    if (ended.empty()) break;
    store::Transaction transaction;
    for (const auto& grant : ended)
      transaction.push_back(store::EraseDownloadGrant{grant.secret_sha256});
    CERTWRIGHT_CHECK(d_.store.apply(transaction));
    erased += ended.size();
    if (ended.size() < kBatch) break;
  }
  return erased;
}

Result<SecretBytes> DownloadGrants::open_key(const store::ManagedKeyRecord& managed) const {
  const auto opened =
      d_.sealer.open("managed-key:" + std::to_string(managed.certificate), managed.sealed_pkcs8);
  if (!opened) return not_opened(opened.error());
  return x509::to_pem_secret(x509::kPemPrivateKey, opened->reveal());
}

Result<void> DownloadGrants::check_deliverable(const store::StoredCertificate& newest) const {
  if (newest.revocation)
    return fail(Errc::gone, "the certificate is revoked; it cannot be downloaded any more");
  if (newest.certificate.not_after < d_.clock.now())
    return fail(Errc::gone, "the certificate has expired; it cannot be downloaded any more");
  if (newest.certificate.der.empty())
    return fail(Errc::gone, "only a digest of this certificate is kept");
  if (newest.certificate.key_origin != store::KeyOrigin::generated) return {};
  CERTWRIGHT_TRY(const auto managed, d_.store.find_managed_key(newest.certificate.id));
  if (!managed)
    return fail(Errc::gone, "the private key is not kept any more; renew the certificate");
  return {};
}

Result<store::StoredCertificate> DownloadGrants::newest_of(
    const store::StoredCertificate& certificate) const {
  // Read again: what the caller loaded may be older than a revocation.
  CERTWRIGHT_TRY(auto newest, d_.store.find_certificate(certificate.current));
  if (!newest) return tl::unexpected(access::not_found_error());
  if (newest->current != newest->certificate.id) {
    // Renewed between the caller's look and ours.
    const store::CertificateId current = newest->current;
    CERTWRIGHT_TRY(newest, d_.store.find_certificate(current));
    if (!newest) return tl::unexpected(access::not_found_error());
  }
  return *std::move(newest);
}

// The handle of the lineage as audit records name it.
std::string DownloadGrants::lineage_serial(const store::StoredCertificate& certificate) const {
  const auto first = d_.store.find_certificate(certificate.certificate.lineage);
  return first && *first ? (*first)->certificate.serial.hex()
                         : certificate.certificate.serial.hex();
}

void DownloadGrants::record_refusal(const store::StoredCertificate& certificate,
                                    const audit::Actor& actor, const Error& error) {
  // A journal that cannot be written changes nothing: the answer is a refusal anyway.
  (void)d_.journal.record({.type = audit::EventType::download_refused,
                           .actor = actor,
                           .fields = {{"serial", certificate.certificate.serial.hex()},
                                      {"code", std::string(name_of(error.code))},
                                      {"reason", error.detail}}});
}

// Anybody can send made-up tokens: they may not fill the audit log.
bool DownloadGrants::may_record_forged() {
  const std::lock_guard lock(mutex_);
  const Time now = d_.clock.now();
  if (last_forged_ != Time{} && now - last_forged_ < kForgedRecordInterval) return false;
  last_forged_ = now;
  return true;
}

Result<std::size_t> DownloadGrants::erase_expired() {
  const std::lock_guard lock(sweep_mutex_);
  CERTWRIGHT_TRY(const auto ends, d_.store.managed_key_ends(swept_to_, kKeysPerSweep));
  const Time now = d_.clock.now();
  store::Transaction transaction;
  for (const auto& end : ends) {
    if (end.not_after >= now) continue;
    transaction.push_back(store::EraseManagedKey{end.certificate});
    transaction.push_back(
        d_.journal.leaf({.type = audit::EventType::key_erased,
                         .actor = {.principal = "system", .tenant = "system", .door = "system", .remote = ""},
                         .fields = {{"serial", end.serial.hex()}, {"cause", "expired"}}}));
  }
  const auto applied = d_.store.apply(transaction);
  // Somebody else erased one of them: the next round finds the others.
  if (!applied && applied.error().code != Errc::not_found) return tl::unexpected(applied.error());
  swept_to_ = ends.size() < kKeysPerSweep ? 0 : ends.back().certificate;
  return applied ? transaction.size() / 2 : 0;
}

Result<SecretBytes> DownloadGrants::signing_key() {
  const std::lock_guard lock(mutex_);
  if (!signing_key_.empty()) return signing_key_.clone();
  CERTWRIGHT_TRY(auto sealed, d_.store.find_setting(kSigningKeySetting));
  if (!sealed) {
    SecretBytes fresh(kSigningKeyOctets);
    d_.random.fill(fresh.writable());
    CERTWRIGHT_TRY(auto to_keep, d_.sealer.seal(kSigningKeyContext, fresh.reveal()));
    const auto put = d_.store.apply(
        {store::PutSettingOnce{std::string(kSigningKeySetting), std::move(to_keep)}});
    // conflict: another node of the fleet was first; its key counts.
    if (!put && put.error().code != Errc::conflict) return tl::unexpected(put.error());
    CERTWRIGHT_TRY(sealed, d_.store.find_setting(kSigningKeySetting));
    if (!sealed) return fail(Errc::unavailable, "the download secret is not readable");
  }
  auto opened = d_.sealer.open(kSigningKeyContext, *sealed);
  if (!opened) return not_opened(opened.error());
  signing_key_ = *std::move(opened);
  return signing_key_.clone();
}

}  // namespace certwright::delivery
