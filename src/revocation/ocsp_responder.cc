#include "revocation/ocsp_responder.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "crypto/digest.h"
#include "crypto/verifying.h"
#include "ocsp_message/ocsp_request.h"
#include "ocsp_message/ocsp_response.h"
#include "revocation/ocsp_cache.h"
#include "revocation/responder_identities.h"

namespace certwright::revocation {
namespace {

using ocsp_message::CertId;
using ocsp_message::OcspRequest;
using ocsp_message::OcspResponseStatus;
using ocsp_message::SingleResponse;

constexpr std::uint64_t kVerifyOneIn = 256;
constexpr std::uint64_t kVerifyFirst = 4;

OcspAnswer error_answer(OcspResponseStatus status) {
  OcspAnswer answer;
  answer.der = std::make_shared<const Bytes>(ocsp_message::error_response(status));
  return answer;
}

// A request whose answer depends on one CertID and nothing else in it.
bool is_plain(const OcspRequest& request) {
  return request.cert_ids().size() == 1 && !request.nonce() &&
         !request.has_unknown_critical_extension() && request.nonce_acceptable();
}

OcspResponseStatus status_of(const Error& error) {
  return error.code == Errc::unavailable || error.code == Errc::too_many_requests
             ? OcspResponseStatus::try_later
             : OcspResponseStatus::internal_error;
}

}  // namespace

struct OcspResponder::State {
  store::Store& store;
  const ca::CaDirectory& cas;
  const Clock& clock;
  ResponderIdentities identities;
  OcspCache cache;
  // Answers without content, made once.
  const OcspAnswer malformed = error_answer(OcspResponseStatus::malformed_request);
  const OcspAnswer internal = error_answer(OcspResponseStatus::internal_error);
  const OcspAnswer later = error_answer(OcspResponseStatus::try_later);
  const OcspAnswer unauthorized = error_answer(OcspResponseStatus::unauthorized);
  std::mutex served_mutex;
  std::vector<std::string> served;  // CAs that answered at the last run_due()

  State(store::Store& the_store, const ca::CaDirectory& the_cas, const Clock& the_clock,
        IdentitySource source, std::size_t cache_entries)
      : store(the_store),
        cas(the_cas),
        clock(the_clock),
        identities(std::move(source), the_clock),
        cache(cache_entries) {}

  const OcspAnswer& refusal(const Error& error) const {
    return status_of(error) == OcspResponseStatus::try_later ? later : internal;
  }
  std::optional<OcspAnswer> cached(const OcspRequest& request);
  ca::CaPtr issuer_of(const OcspRequest& request) const;
  Result<SingleResponse> status_of_cert(const ca::CertificationAuthority& ca, const CertId& id) const;
  OcspAnswer answer(const OcspRequest& request);
  Result<OcspAnswer> sign(const ca::CertificationAuthority& ca, const ResponderPtr& responder,
                          std::vector<SingleResponse> responses, ByteView nonce, Time now);
  static bool worth_verifying(const Responder& responder) noexcept;
  Result<bool> sign_again(const OcspCache::Due& due);
  void forget_unserved();
};

OcspResponder::OcspResponder(store::Store& store, const ca::CaDirectory& cas, const Clock& clock,
                             IdentitySource source, std::size_t cache_entries)
    : state_(new State(store, cas, clock, std::move(source), cache_entries)) {}
OcspResponder::~OcspResponder() = default;

std::optional<OcspAnswer> OcspResponder::State::cached(const OcspRequest& request) {
  if (!is_plain(request)) return std::nullopt;
  const CertId& id = request.cert_ids().front();
  const auto serial = x509::SerialNumber::parse(id.serial_number_content);
  if (!serial) return std::nullopt;
  return cache.find(*serial, id.tlv, clock.now());
}

std::optional<OcspAnswer> OcspResponder::respond_from_cache(ByteView request_der) {
  const auto request = OcspRequest::parse(request_der);
  return request ? state_->cached(*request) : std::nullopt;
}

OcspAnswer OcspResponder::respond(ByteView request_der) {
  const auto request = OcspRequest::parse(request_der);
  if (request) {
    if (auto known = state_->cached(*request)) return *std::move(known);
  }
  if (!request || !request->nonce_acceptable() || request->has_unknown_critical_extension())
    return state_->malformed;
  return state_->answer(*request);
}

// The one CA that all CertIDs name, if it may answer here.
ca::CaPtr OcspResponder::State::issuer_of(const OcspRequest& request) const {
  ca::CaPtr issuer;
  for (const CertId& id : request.cert_ids()) {
    auto ca = cas.find_by_issuer_hash(id.hash_algorithm.to_text(), id.issuer_name_hash,
                                      id.issuer_key_hash);
    if (ca == nullptr || (issuer != nullptr && issuer->id() != ca->id())) return nullptr;
    issuer = std::move(ca);
  }
  return issuer != nullptr && issuer->policy().ocsp ? issuer : nullptr;
}

// By the record alone: an expired certificate is good or revoked as it was when it expired.
Result<SingleResponse> OcspResponder::State::status_of_cert(const ca::CertificationAuthority& ca,
                                                            const CertId& id) const {
  SingleResponse single;
  single.cert_id_tlv = id.tlv;
  const auto serial = x509::SerialNumber::parse(id.serial_number_content);
  if (!serial) return single;  // nobody issues such a serial: unknown
  CERTWRIGHT_TRY(const auto status, store.certificate_status(ca.id(), *serial));
  if (status.kind == store::StatusKind::good) single.status = ocsp_message::CertStatus::good;
  if (status.kind == store::StatusKind::revoked) {
    if (!status.revocation) return fail(Errc::internal, "a revoked certificate has no revocation");
    single.status = ocsp_message::CertStatus::revoked;
    single.revocation_time = status.revocation->revoked_at;
    single.reason = status.revocation->reason;
  }
  return single;
}

OcspAnswer OcspResponder::State::answer(const OcspRequest& request) {
  const ca::CaPtr ca = issuer_of(request);
  if (ca == nullptr) return unauthorized;
  const auto responder = identities.get(*ca);
  if (!responder) {
    const bool offline = ca->signer() == nullptr && responder.error().code != Errc::unavailable;
    return offline ? unauthorized : refusal(responder.error());
  }
  const Time now = clock.now();
  const auto serial = x509::SerialNumber::parse(request.cert_ids().front().serial_number_content);
  const std::uint64_t epoch = serial ? cache.epoch(*serial) : 0;
  std::vector<SingleResponse> responses;
  responses.reserve(request.cert_ids().size());
  for (const CertId& id : request.cert_ids()) {
    auto single = status_of_cert(*ca, id);
    if (!single) return refusal(single.error());
    responses.push_back(*single);
  }
  auto signed_answer = sign(*ca, *responder, std::move(responses), request.nonce().value_or(ByteView{}), now);
  if (!signed_answer) return refusal(signed_answer.error());
  if (is_plain(request) && signed_answer->cacheable && serial)
    cache.put(ca->id(), *serial, request.cert_ids().front().tlv, *signed_answer, epoch);
  return *std::move(signed_answer);
}

// The first signatures of a key are all verified, later ones now and then: a responder that signs
// wrongly is found before it has answered many.
bool OcspResponder::State::worth_verifying(const Responder& responder) noexcept {
  const std::uint64_t count = responder.signatures.fetch_add(1, std::memory_order_relaxed);
  return count < kVerifyFirst || count % kVerifyOneIn == 0;
}

Result<OcspAnswer> OcspResponder::State::sign(const ca::CertificationAuthority& ca,
                                              const ResponderPtr& responder,
                                              std::vector<SingleResponse> responses,
                                              ByteView nonce, Time now) {
  OcspAnswer answer;
  answer.this_update = from_unix_s(to_unix_s(now));
  answer.next_update =
      std::min<Time>(answer.this_update + ca.policy().ocsp_period, responder->not_after);
  bool all_known = true;
  for (SingleResponse& single : responses) {
    single.this_update = answer.this_update;
    single.next_update = answer.next_update;
    all_known = all_known && single.status != ocsp_message::CertStatus::unknown;
  }
  const auto data = ocsp_message::encode_response_data(responder->key_hash, answer.this_update,
                                                       responses, nonce);
  signer::Signer& signer = *responder->signer;
  const ByteView algorithm = signer.signature_algorithm_tlv();
  CERTWRIGHT_TRY(const Bytes signature, signer.sign(signer::PreparedOcspResponse(der::ResponseDataDer(data))));
  if (worth_verifying(*responder) &&
      !crypto::verify(signer.subject_public_key_info_tlv(), algorithm, data.tlv(), signature)) {
    identities.distrust(ca.id(), responder);
    return fail(Errc::internal,
                "the OCSP responder of CA \"" + ca.id() + "\" made a signature that does not verify");
  }
  std::vector<ByteView> certificates;
  if (!responder->certificate.empty()) certificates.emplace_back(responder->certificate);
  answer.der = std::make_shared<const Bytes>(
      ocsp_message::assemble_basic_response(data, algorithm, signature, certificates));
  answer.cacheable = nonce.empty() && all_known;
  if (answer.cacheable) answer.etag = to_hex(ByteView(crypto::sha256(signature)).first(16));
  return answer;
}

Result<bool> OcspResponder::State::sign_again(const OcspCache::Due& due) {
  const ca::CaPtr ca = cas.find(due.ca);
  const auto id = CertId::parse(due.cert_id_tlv);
  if (ca == nullptr || !ca->policy().ocsp || !id) {
    cache.drop(due.serial);
    return false;
  }
  CERTWRIGHT_TRY(const auto responder, identities.get(*ca));
  const Time now = clock.now();
  const std::uint64_t epoch = cache.epoch(due.serial);
  CERTWRIGHT_TRY(const auto single, status_of_cert(*ca, *id));
  CERTWRIGHT_TRY(const auto answer, sign(*ca, responder, {single}, {}, now));
  if (!answer.cacheable) {  // the store knows it no more
    cache.drop(due.serial);
    return false;
  }
  cache.put(ca->id(), due.serial, due.cert_id_tlv, answer, epoch);
  return true;
}

// A CA whose policy says no OCSP from now on is not answered for from the cache either.
void OcspResponder::State::forget_unserved() {
  std::vector<std::string> serving;
  for (const auto& ca : cas.all())
    if (ca->policy().ocsp) serving.push_back(ca->id());
  const std::lock_guard lock(served_mutex);
  for (const auto& id : served)
    if (std::ranges::find(serving, id) == serving.end()) cache.drop_ca(id);
  served = std::move(serving);
}

Result<std::size_t> OcspResponder::run_due() {
  std::optional<Error> first_error;
  const auto note = [&](const Error& error) { if (!first_error) first_error = error; };
  state_->forget_unserved();
  for (const auto& ca : state_->cas.all())
    if (ca->policy().ocsp)
      if (const auto renewed = state_->identities.renew_if_due(*ca); !renewed) note(renewed.error());
  std::size_t signed_again = 0;
  for (const auto& due : state_->cache.due(state_->clock.now(), kMaxResignedPerCall)) {
    const auto again = state_->sign_again(due);
    if (!again) note(again.error());
    if (again.value_or(false)) ++signed_again;
  }
  if (first_error) return tl::unexpected<Error>(std::move(*first_error));
  return signed_again;
}

void OcspResponder::on_revocation_change(std::string_view, std::uint32_t,
                                         const x509::SerialNumber& serial) noexcept {
  state_->cache.drop(serial);
}

}  // namespace certwright::revocation
