#include "issuance/interception_service.h"

#include <algorithm>
#include <optional>

#include "crypto/digest.h"
#include "crypto/sm2_key.h"
#include "crypto/verifying.h"
#include "lint/lint.h"
#include "lint/name_constraints.h"
#include "profile/interception.h"
#include "x509/oids.h"
#include "x509/tbs_certificate.h"

namespace certwright::issuance {
namespace {

profile::Issuer issuer_of(const ca::CertificationAuthority& ca) {
  return {.subject_tlv = ca.certificate().subject_tlv(),
          .subject_key_identifier = ca.subject_key_identifier(),
          .signature_algorithm_tlv = ca.signer()->signature_algorithm_tlv(),
          .not_before = ca.certificate().not_before(),
          .not_after = ca.not_after(),
          .path_length = {},
          .ocsp_url = {},
          .ca_issuers_url = {},
          .crl_url = {}};
}

Result<crypto::PrivateKey> make_rsa_key(const std::stop_token& stop) {
  CERTWRIGHT_TRY(const auto* algorithm, crypto::find_key_algorithm("rsa-2048"));
  return crypto::PrivateKey::generate(*algorithm, stop);
}

std::uint32_t ttl_of(const profile::InterceptionPlan& plan, const profile::Profile& profile, Time now) {
  if (plan.expired) return 0;
  const auto left = std::chrono::floor<Seconds>(plan.not_after - now);
  return static_cast<std::uint32_t>(std::clamp(left, Seconds(0), profile.interception->ttl_max).count());
}

// The names and the subject that an issuer's nameConstraints leave. Errors: policy if none is left.
Result<void> cut_to_constraints(const x509::NameConstraints& constraints, profile::InterceptionPlan& plan) {
  const auto excluded = [&](const x509::Name& subject, const std::vector<x509::GeneralName>& names) {
    return lint::name_constraints_complaint(constraints, subject, names).has_value();
  };
  std::vector<x509::GeneralName> names;
  if (!plan.names.empty()) {
    CERTWRIGHT_TRY(names, x509::parse_general_names_content(der::Reader(plan.names)));
  }
  const std::size_t before = names.size();
  std::erase_if(names, [&](const auto& name) { return excluded(x509::Name(), {name}); });
  CERTWRIGHT_TRY(const auto subject, x509::Name::parse(plan.subject_tlv));
  if (excluded(subject, {})) plan.subject_tlv = {0x30, 0x00};  // with no name in the way of its CN
  if (names.empty() && (before != 0 || plan.subject_tlv.size() == 2))
    return fail(Errc::policy, "the CA's name constraints exclude every name of the server");
  if (names.size() == before) return {};
  der::Writer writer;
  for (const auto& name : names) name.write(writer);
  plan.names = std::move(writer).take();
  return {};
}

}  // namespace

struct InterceptionService::Authority {
  explicit Authority(registration::StandingAuthority approved)
      : standing(std::move(approved)),
        issuer(issuer_of(standing.ca())),
        compiled(issuer),
        algorithm(standing.ca().signer()->signature_algorithm_tlv()) {
    for (const ByteView link : standing.ca().chain()) chain.push_back(to_bytes(link));
    if (const auto last = x509::Certificate::parse(chain.back())) ends_in_root = last->is_self_issued();
    for (const auto& above : standing.ca().issuers_above().limits)
      if (above.names) constraints.push_back(*above.names);
    const auto* extension = standing.ca().certificate().find_extension(x509::oids::kNameConstraints);
    if (extension == nullptr) return;
    if (auto parsed = x509::parse_name_constraints(extension->value)) constraints.push_back(std::move(*parsed));
  }

  const registration::StandingAuthority standing;
  const profile::Issuer issuer;  // views into the CA, which `standing` keeps
  const profile::InterceptionTemplate compiled;
  const ByteView algorithm;
  std::vector<Bytes> chain;
  bool ends_in_root = false;
  std::vector<x509::NameConstraints> constraints;  // of the CA and those above
  std::atomic<std::uint64_t> signatures{0};
  std::atomic<bool> withdrawn{false};  // registration says no to what it is now
};

struct InterceptionService::Key {
  std::string_view algorithm;
  Bytes spki;
  SecretBytes traditional;
  bool switched = false;

  static Key of(const crypto::PrivateKey& key) {
    return {key.algorithm().name, to_bytes(key.subject_public_key_info_tlv()), key.traditional_der(), false};
  }
};

InterceptionService::InterceptionService(Dependencies dependencies, Options options)
    : d_(dependencies),
      options_(std::move(options)),
      serials_(dependencies.random, dependencies.clock),
      rsa_keys_(options_.rsa_pool_capacity, make_rsa_key) {
  if (d_.log != nullptr) serials_.raise(d_.log->floor_id());
}

InterceptionService::~InterceptionService() = default;

Result<std::unique_ptr<InterceptionService>> InterceptionService::open(Dependencies dependencies,
                                                                       Options options) {
  std::unique_ptr<InterceptionService> service(
      new InterceptionService(dependencies, std::move(options)));
  CERTWRIGHT_CHECK(service->approve());
  return service;
}

// Registration's word, in the audit log before the first certificate under it.
Result<void> InterceptionService::approve() {
  auto approval = d_.registration.approve_interception(options_.ca, options_.profile);
  if (!approval) {
    // Once for each refusal that begins: answers that were kept under the approval end with it.
    if (const auto present = authority(); present != nullptr && !present->withdrawn.exchange(true)) ++generation_;
    return tl::unexpected(approval.error());
  }
  registration::StandingAuthority standing = *std::move(approval);
  CERTWRIGHT_CHECK(d_.journal.record({.type = audit::EventType::interception_approved,
                                      .actor = options_.actor,
                                      .fields = {{"ca", standing.ca().id()},
                                                 {"profile", standing.profile().name},
                                                 {"profile_version", std::to_string(standing.profile().version)}}}));
  auto approved = std::make_shared<Authority>(std::move(standing));
  const std::lock_guard lock(mutex_);
  authority_ = std::move(approved);
  ++generation_;
  return {};
}

std::shared_ptr<InterceptionService::Authority> InterceptionService::authority() const {
  const std::lock_guard lock(mutex_);
  return authority_;
}

Result<void> InterceptionService::refresh() {
  const std::lock_guard one_at_a_time(approving_);
  const auto present = authority();
  if (!present->withdrawn && d_.registration.is_current(present->standing)) return {};
  return approve();
}

InterceptionStatistics InterceptionService::statistics() const noexcept {
  InterceptionStatistics now;
  now.issued = issued_;
  now.failed = failed_;
  now.upstream_unusable = unusable_;
  now.rsa_pool_depth = rsa_keys_.depth();
  now.rsa_pool_capacity = rsa_keys_.capacity();
  now.rsa_pool_dry = rsa_keys_.dry_count();
  now.rsa_pool_made = rsa_keys_.made_count();
  now.records_failed = unrecorded_;
  if (d_.log == nullptr) return now;
  const auto log = d_.log->statistics();
  now.records_unsynced = log.unsynced;
  now.record_failures = log.failures;
  now.records_failing = !log.failure.empty();
  return now;
}

Result<InterceptionService::Key> InterceptionService::make_key(const Authority& with,
                                                               const InterceptionLimits& limits,
                                                               std::string_view wanted) {
  if (limits.prefer_small_key && wanted == "rsa-2048") wanted = "ecdsa-p256";
  if (wanted == "rsa-2048") {
    if (const auto key = rsa_keys_.take()) return Key::of(*key);
    if (with.standing.profile().interception->rsa_pool_dry == profile::RsaPoolDry::refuse)
      return fail(Errc::unavailable, "no RSA key is ready, and the profile wants no other");
    wanted = "ecdsa-p256";
  }
  if (wanted == "sm2") {
    if (auto pair = crypto::generate_sm2_key())
      return Key{"sm2", std::move(pair->subject_public_key_info_tlv), std::move(pair->sec1_der), false};
    wanted = "ecdsa-p256";
  }
  CERTWRIGHT_TRY(const auto* algorithm, crypto::find_key_algorithm(wanted));
  CERTWRIGHT_TRY(const auto key, crypto::PrivateKey::generate(*algorithm));
  return Key::of(key);
}

// A serial whose interval is open. The clock may have been set back over one that is closed.
Result<x509::SerialNumber> InterceptionService::begin(std::optional<aggregate::Log::Ticket>& ticket) {
  constexpr int kAttempts = 4;
  for (int attempt = 1;; ++attempt) {
    const auto serial = serials_.next();
    if (d_.log == nullptr) return serial;
    auto begun = d_.log->begin(*serial.id());
    if (begun) {
      ticket.emplace(std::move(*begun));
      return serial;
    }
    if (begun.error().code != Errc::conflict || attempt == kAttempts) return tl::unexpected(begun.error());
    serials_.raise(d_.log->floor_id());
  }
}

Result<InterceptionCertificate> InterceptionService::issue(const InterceptionRequest& request,
                                                           const InterceptionLimits& limits) {
  const auto with = authority();
  auto issued = run_path(*with, request, limits);
  ++(issued ? issued_ : failed_);
  return issued;
}

Result<InterceptionCertificate> InterceptionService::run_path(Authority& with,
                                                              const InterceptionRequest& request,
                                                              const InterceptionLimits& limits) {
  const auto& ca = with.standing.ca();
  const auto& profile = with.standing.profile();
  const Time now = d_.clock.now();
  if (with.withdrawn || !ca.can_issue(now))
    return fail(Errc::unavailable, "CA \"" + ca.id() + "\" cannot intercept now (changed, retired, expired or offline)");

  auto plan = profile::plan_interception(profile,
                                         {.host = request.host,
                                          .usage = request.usage,
                                          .upstream_certificate = request.upstream_certificate,
                                          .names_octets_max = limits.names_octets_max},
                                         with.issuer, now);
  if (!request.upstream_certificate.empty() && !plan.identity_from_upstream) ++unusable_;
  for (const auto& constraints : with.constraints) CERTWRIGHT_CHECK(cut_to_constraints(constraints, plan));
  CERTWRIGHT_TRY(auto key, make_key(with, limits, plan.key_algorithm));

  std::optional<aggregate::Log::Ticket> ticket;
  CERTWRIGHT_TRY(const auto serial, begin(ticket));
  CERTWRIGHT_TRY(auto tbs, with.compiled.build(plan, serial, key.spki, key.algorithm));
  const auto findings = lint::lint_tbs_certificate(
      tbs.tlv(), {.profile = &profile,
                  .issuer = &ca.certificate(),
                  .above = &ca.issuers_above(),
                  .expected_subject_public_key_info = key.spki,
                  .expected_signature_algorithm = with.algorithm,
                  .now = now});
  if (!findings.empty())
    return fail(Errc::internal, "the certificate would not pass lint: " + lint::to_text(findings));

  CERTWRIGHT_TRY(const Bytes signature, ca.signer()->sign(signer::PreparedInterceptionCertificate(tbs)));
  if (with.signatures.fetch_add(1, std::memory_order_relaxed) % kVerifyOneIn == 0) {
    if (const auto verified = crypto::verify(ca.certificate().subject_public_key_info_tlv(), with.algorithm,
                                             tbs.tlv(), signature);
        !verified)
      return fail(Errc::internal, "our own signature does not verify: " + verified.error().detail);
  }
  InterceptionCertificate answer;
  answer.certificate_der = x509::assemble_certificate(tbs, with.algorithm, signature).release();
  // What is handed out begins with what was linted, behind its own header.
  const ByteView inside = ByteView(answer.certificate_der).subspan(der::header_size(
      tbs.tlv().size() + with.algorithm.size() + der::header_size(signature.size() + 1) + signature.size() + 1));
  if (!std::ranges::equal(inside.first(tbs.tlv().size()), tbs.tlv()))
    return fail(Errc::internal, "the TBSCertificate changed after it was linted");
  if (ticket) {
    aggregate::Entry entry{.serial = {}, .certificate_sha256 = crypto::sha256(answer.certificate_der)};
    std::ranges::copy(serial.integer_content(), entry.serial.begin());
    if (const auto added = d_.log->add(std::move(*ticket), entry); !added) {
      ++unrecorded_;
      return tl::unexpected(added.error());
    }
  }
  answer.issuer_chain_der = with.chain;
  answer.chain_ends_in_root = with.ends_in_root;
  answer.private_key_der = std::move(key.traditional);
  answer.key_algorithm = key.algorithm;
  answer.not_after = plan.not_after;
  answer.ttl_s = ttl_of(plan, profile, now);
  answer.names_trimmed = plan.names_trimmed;
  answer.key_type_switched = key.algorithm != plan.key_algorithm;
  return answer;
}

}  // namespace certwright::issuance
