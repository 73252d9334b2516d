#include "issuance/issuance_service.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

#include "crypto/digest.h"
#include "crypto/private_key.h"
#include "crypto/public_key.h"
#include "crypto/verifying.h"
#include "issuance/subject.h"
#include "lint/lint.h"
#include "profile/build.h"
#include "registration/removed_names.h"
#include "x509/oids.h"
#include "x509/tbs_certificate.h"

namespace certwright::issuance {
namespace {

constexpr int kSerialAttempts = 4;

std::string sha256_hex(ByteView octets) { return to_hex(crypto::sha256(octets)); }

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// What a search by name finds: SAN texts without their type, and the common name.
std::vector<std::string> searchable_names(const x509::Certificate& certificate) {
  std::vector<std::string> names;
  for (const auto& name : certificate.subject().common_names()) names.push_back(lower_case(name));
  if (const auto alternatives = certificate.subject_alt_names()) {
    for (const auto& name : *alternatives) {
      if (name.kind() == x509::GeneralName::Kind::ip)
        names.push_back(x509::ip_address_to_text(name.octets()));
      else if (!name.text().empty())
        names.push_back(lower_case(std::string(name.text())));
    }
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

}  // namespace

// Measures the time since the last mark as one stage.
class StageClock {
 public:
  explicit StageClock(StageObserver* observer) : observer_(observer) {}
  void done(std::string_view stage) {
    if (observer_ == nullptr) return;
    const auto now = std::chrono::steady_clock::now();
    observer_->on_stage(stage, now - last_);
    last_ = now;
  }

 private:
  StageObserver* observer_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Result<IssuedCertificate> IssuanceService::issue(registration::IssuanceRequest request) {
  return issue(std::move(request), nullptr);
}

Result<IssuedCertificate> IssuanceService::issue(registration::IssuanceRequest request,
                                                 const registration::SystemAuthority& system) {
  return issue(std::move(request), &system);
}

Result<IssuedCertificate> IssuanceService::issue(registration::IssuanceRequest request,
                                                 const registration::SystemAuthority* system) {
  StageClock stages(d_.observer);
  const audit::Actor actor = request.actor;
  const std::string profile = request.profile;
  const KeyedRequest keyed = keyed_request(request);
  const bool can_wait = request.can_wait;
  auto approved = system != nullptr ? d_.registration.approve(std::move(request), *system)
                                    : d_.registration.approve(std::move(request));
  stages.done("approve");
  if (!approved) {
    const bool must_wait = approved.error().code == Errc::approval_required;
    if (must_wait && !keyed.key.empty()) {
      // It was answered before: after its approval, or before there was a rule.
      auto replay = find_replay(keyed);
      if (!replay) return finish(tl::unexpected(std::move(replay).error()), actor, profile);
      if (*replay) return finish(**std::move(replay), actor, profile);
    }
    if (!must_wait || !can_wait) record_refusal(actor, profile, approved.error());
    return tl::unexpected(std::move(approved).error());
  }
  Subject subject{.approved = std::move(*approved)};
  return finish(run_path(subject), actor, profile);
}

// The path is the same for a first certificate and for a renewal.
Result<IssuedCertificate> IssuanceService::run_path(Subject& subject) {
  const KeyedRequest keyed = keyed_request(subject.request());
  subject.request_sha256 = keyed.request_sha256;
  if (!keyed.key.empty()) {
    CERTWRIGHT_TRY(auto replay, find_replay(keyed));
    if (replay) return answered_before(subject, *std::move(replay));
    // Else what waits with this key would come to nothing when people have approved it.
    if (!subject.decided && d_.requests != nullptr)
      CERTWRIGHT_CHECK(d_.requests->check_idempotency_key(keyed.principal, keyed.key, keyed.request_sha256));
  }
  CERTWRIGHT_CHECK(obtain_key(subject));
  StageClock stages(d_.observer);
  for (int attempt = 1;; ++attempt) {
    CERTWRIGHT_CHECK(build_and_lint(subject));
    stages.done("build");
    auto prepared = record_intent(subject);
    stages.done("intent");
    if (prepared) return sign_and_record(subject, std::move(*prepared));
    const Error& error = prepared.error();
    if (error.code != Errc::conflict) return tl::unexpected(error);
    if (error.field == "idempotency_key") {
      // Another request with this key was faster: its answer is ours, if it is the same request.
      CERTWRIGHT_TRY(auto replay, find_replay(keyed));
      if (replay) return answered_before(subject, *std::move(replay));
    }
    if (error.field == "revision" || error.field == "state") return tl::unexpected(error);  // the request's
    if (attempt == kSerialAttempts) return tl::unexpected(error);
  }
}

// A key that we generate, or the one that came with the request.
Result<void> IssuanceService::obtain_key(Subject& subject) {
  subject.certificate_request = subject.approved.certificate_request();
  if (!subject.certificate_request.subject_public_key_info.empty()) return {};
  const auto algorithm = crypto::find_key_algorithm(subject.certificate_request.key_algorithm);
  if (!algorithm)
    return fail_field(Errc::invalid, "key_type", "key_type: " + algorithm.error().detail);
  KeySlots::Slot slot;
  if ((*algorithm)->family == crypto::KeyFamily::rsa) {
    CERTWRIGHT_TRY(slot, rsa_slots_.take());
  }
  CERTWRIGHT_TRY(auto key, crypto::PrivateKey::generate(**algorithm));
  subject.certificate_request.subject_public_key_info = to_bytes(key.subject_public_key_info_tlv());
  subject.generated_key.emplace(std::move(key));
  return {};
}

// Steps 3 to 5: serial, TBSCertificate, lint.
Result<void> IssuanceService::build_and_lint(Subject& subject) {
  const auto& ca = subject.approved.ca();
  const auto& profile = subject.approved.profile();
  subject.serial = serials_.next();
  subject.now = d_.clock.now();
  subject.crl_shard = subject.serial->integer_content()[15] % ca.policy().crl_shards;

  const auto issuer = registration::issuer_of(ca, profile, subject.crl_shard);
  CERTWRIGHT_TRY(const auto tbs,
                 profile::build_tbs_certificate(profile, subject.certificate_request, issuer,
                                                *subject.serial, subject.now));
  CERTWRIGHT_CHECK(registration::check_removed(subject.request().names_removed, tbs));
  subject.not_before = tbs.not_before;
  subject.not_after = tbs.not_after;
  CERTWRIGHT_TRY(auto encoded, x509::encode(tbs));
  subject.tbs.emplace(std::move(encoded));

  const auto findings = lint::lint_tbs_certificate(
      subject.tbs->tlv(),
      {.profile = &profile,
       .issuer = &ca.certificate(),
       .above = &ca.issuers_above(),
       .expected_subject_public_key_info = subject.certificate_request.subject_public_key_info,
       .expected_signature_algorithm = ca.signer()->signature_algorithm_tlv(),
       .now = subject.now});
  if (!findings.empty())
    return fail(Errc::policy, "the certificate would not pass lint: " + lint::to_text(findings));
  subject.tbs_sha256 = crypto::sha256(subject.tbs->tlv());
  return {};
}

// Step 6: from here on a crash leaves evidence. Only what is recorded becomes a PreparedCertificate.
Result<signer::PreparedCertificate> IssuanceService::record_intent(Subject& subject) {
  const auto& request = subject.request();
  const store::CertificateId id = *subject.serial->id();
  store::ReserveSerial reserve{.reservation = {.id = id,
                                               .serial = *subject.serial,
                                               .ca = subject.approved.ca().id(),
                                               .profile = subject.approved.profile().name,
                                               .principal = request.principal.id,
                                               .tbs_sha256 = subject.tbs_sha256,
                                               .reserved_at = subject.now,
                                               .not_after = subject.not_after},
                               .idempotency = std::nullopt};
  if (!request.idempotency_key.empty())
    reserve.idempotency = store::IdempotencyRecord{.principal = request.principal.id,
                                                   .key = request.idempotency_key,
                                                   .request_sha256 = subject.request_sha256,
                                                   .certificate = id,
                                                   .created_at = subject.now};
  if (subject.decided) reserve.request = subject.decided->id;
  store::Transaction transaction;
  transaction.reserve(2);
  transaction.push_back(std::move(reserve));
  transaction.push_back(d_.journal.leaf(
      {.type = audit::EventType::certificate_intent,
       .actor = request.actor,
       .fields = {{"serial", subject.serial->hex()},
                  {"ca", subject.approved.ca().id()},
                  {"profile", subject.approved.profile().name},
                  {"profile_version", std::to_string(subject.approved.profile().version)},
                  {"tbs_sha256", to_hex(subject.tbs_sha256)}}}));
  std::optional<store::RequestRecord> taken = subject.decided;
  if (taken)
    for (auto& command : d_.requests->commands_of_intent(*taken, id)) transaction.push_back(std::move(command));
  CERTWRIGHT_CHECK(d_.store.apply(transaction));
  subject.decided = std::move(taken);
  return signer::PreparedCertificate(*subject.tbs);
}

// Steps 7 to 9. A failure here leaves an intent without certificate, and says so in the audit log.
Result<IssuedCertificate> IssuanceService::sign_and_record(Subject& subject,
                                                           signer::PreparedCertificate prepared) {
  auto issued = sign_and_record_unguarded(subject, std::move(prepared));
  if (!issued) account_for_failed_intent(subject);
  return issued;
}

Result<IssuedCertificate> IssuanceService::sign_and_record_unguarded(
    Subject& subject, signer::PreparedCertificate prepared) {
  StageClock stages(d_.observer);
  const auto& ca = subject.approved.ca();
  CERTWRIGHT_TRY(const Bytes signature, ca.signer()->sign(std::move(prepared)));
  stages.done("sign");

  // Over the octets that were linted and whose hash is in the intent, not over what the signer says.
  if (crypto::sha256(subject.tbs->tlv()) != subject.tbs_sha256)
    return fail(Errc::internal, "the TBSCertificate changed after it was linted");
  const ByteView algorithm = ca.signer()->signature_algorithm_tlv();
  if (const auto verified = crypto::verify(ca.certificate().subject_public_key_info_tlv(), algorithm,
                                           subject.tbs->tlv(), signature);
      !verified)
    return fail(Errc::internal, "our own signature does not verify: " + verified.error().detail);
  CERTWRIGHT_TRY(const auto certificate,
                 x509::Certificate::parse(
                     x509::assemble_certificate(*subject.tbs, algorithm, signature).release()));
  stages.done("verify");

  CERTWRIGHT_TRY(auto record, record_certificate(subject, certificate));
  stages.done("record");
  return IssuedCertificate{.certificate = std::move(record), .ca = subject.approved.ca_ptr(), .replayed = false};
}

// Step 9.
Result<store::CertificateRecord> IssuanceService::record_certificate(
    Subject& subject, const x509::Certificate& certificate) {
  const auto& request = subject.request();
  const auto& profile = subject.approved.profile();
  const store::CertificateId id = *subject.serial->id();
  store::CertificateRecord record{
      .id = id,
      .serial = *subject.serial,
      .ca = subject.approved.ca().id(),
      .lineage = subject.replaces() != nullptr ? subject.replaces()->certificate.lineage : id,
      .tenant = subject.approved.tenant(),
      .entity_type = request.entity_type,
      .entity_id = request.entity_id,
      .principal = subject.replaces() != nullptr ? subject.replaces()->certificate.principal : request.principal.id,
      .profile = profile.name,
      .profile_version = profile.version,
      .subject = certificate.subject().to_text(),
      .names = searchable_names(certificate),
      .subject_public_key_sha256 = crypto::sha256(certificate.subject_public_key_info_tlv()),
      .not_before = subject.not_before,
      .not_after = subject.not_after,
      .issued_at = subject.now,
      .crl_shard = subject.crl_shard,
      .record_level = profile.record_level,
      .key_origin = subject.generated_key ? store::KeyOrigin::generated
                                          : store::KeyOrigin::certification_request,
      .der = to_bytes(certificate.der())};

  store::RecordCertificate command{.certificate = record, .replaces = 0, .key = std::nullopt};
  if (profile.record_level != store::RecordLevel::full) command.certificate.der.clear();
  if (subject.replaces() != nullptr) command.replaces = subject.replaces()->certificate.id;
  if (subject.generated_key) {
    CERTWRIGHT_TRY(auto sealed, d_.sealer.seal("managed-key:" + std::to_string(id),
                                               subject.generated_key->pkcs8_der().reveal()));
    command.key = store::ManagedKeyRecord{
        .certificate = id,
        .sealed_pkcs8 = std::move(sealed),
        .erase_after_delivery = profile.key_retention == profile::KeyRetention::erase_after_delivery};
  }

  audit::Event event{.type = audit::EventType::certificate_issued,
                     .actor = request.actor,
                     .fields = {{"serial", record.serial.hex()},
                                {"ca", record.ca},
                                {"sha256", sha256_hex(certificate.der())},
                                {"lineage", std::to_string(record.lineage)},
                                {"entity_type", record.entity_type},
                                {"entity_id", record.entity_id},
                                {"subject", record.subject}}};
  if (subject.replaces() != nullptr) {
    event.type = audit::EventType::certificate_renewed;
    event.fields.emplace_back("replaces", subject.replaces()->certificate.serial.hex());
  }
  if (subject.decided) event.fields.emplace_back("approval", subject.decided->id);
  store::Transaction transaction;
  transaction.reserve(4);
  transaction.push_back(std::move(command));
  transaction.push_back(d_.journal.leaf(event));
  if (subject.decided) {
    CERTWRIGHT_TRY(auto done,
                   d_.requests->commands_of_issue(*subject.decided, id, record.serial.hex(), subject.resumed_by));
    std::ranges::move(done, std::back_inserter(transaction));
  }
  CERTWRIGHT_CHECK(d_.store.apply(transaction));
  return record;
}

Result<IssuedCertificate> IssuanceService::finish(Result<IssuedCertificate> result,
                                                  const audit::Actor& actor, std::string_view profile) {
  if (!result) record_refusal(actor, profile, result.error());
  else if (d_.observer != nullptr)
    d_.observer->on_outcome(actor.door, result->certificate.ca, profile,
                            result->replayed ? "replayed" : "issued");
  return result;
}

void IssuanceService::refused(const audit::Actor& actor, std::string_view profile, const Error& error) {
  record_refusal(actor, profile, error);
}

void IssuanceService::record_refusal(const audit::Actor& actor, std::string_view profile,
                                     const Error& error) {
  if (d_.observer != nullptr) d_.observer->on_outcome(actor.door, "", profile, name_of(error.code));
  // An outage is not a refusal, and could not be recorded anyway.
  if (error.code == Errc::unavailable || actor.principal.empty()) return;
  (void)d_.journal.record({.type = audit::EventType::issuance_refused,
                           .actor = actor,
                           .fields = {{"code", std::string(name_of(error.code))},
                                      {"reason", error.detail},
                                      {"profile", std::string(profile)}}});
}

}  // namespace certwright::issuance
