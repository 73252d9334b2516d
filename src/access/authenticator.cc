#include "access/authenticator.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

#include "access/principal_cache.h"
#include "access/remote_limit.h"
#include "access/token.h"
#include "ca/ca_directory.h"
#include "crypto/digest.h"
#include "x509/certificate.h"

namespace certwright::access {
namespace {

using store::Sha256;

// Every refusal, so that none tells what was wrong.
tl::unexpected<Error> refusal() {
  return fail(Errc::unauthenticated, "This is not a valid credential.");
}

// Is it by a CA here, which is revoked or stands below one that is? A CA and its successor share their
// name; which of them it is, the key identifier says, where both have one.
bool is_by_revoked_ca(const ca::CaDirectory& cas, const x509::Certificate& certificate) {
  const Bytes key_identifier = certificate.authority_key_identifier();
  return std::ranges::any_of(cas.all(), [&](const ca::CaPtr& ca) {
    if (!ca->is_revoked() || !std::ranges::equal(ca->certificate().subject_tlv(), certificate.issuer_tlv()))
      return false;
    return key_identifier.empty() || std::ranges::equal(ca->subject_key_identifier(), key_identifier);
  });
}

}  // namespace

struct Authenticator::State {
  State(const store::Store& store_in, const Clock& clock_in, const ca::CaDirectory& cas_in,
        const AuthenticatorLimits& limits)
      : store(store_in),
        clock(clock_in),
        cas(cas_in),
        cache(limits.cache_ttl, limits.cache_entries),
        remotes(limits.failures_per_remote, limits.failure_window, limits.remotes_tracked) {}

  Result<Principal> resolve(const store::CredentialRecord& credential, Time now) const;
  Result<Principal> resolve(std::string_view principal) const;
  Result<SignedIn> find_session(const Sha256& hash, Time now);
  Result<Principal> look_up(store::CredentialKind kind, std::string_view lookup,
                            const Sha256& hash, Time now);
  Result<void> check_certificate(ByteView der, const Sha256& hash, Time now) const;
  // Runs `work` unless the remote failed too often with this or other credentials that were not good
  // lately, and counts its refusals.
  template <class Work>
  std::invoke_result_t<Work> limited(const CacheKey& key, std::string_view remote, Time now, Work work);

  const store::Store& store;
  const Clock& clock;
  const ca::CaDirectory& cas;
  PrincipalCache cache;
  RemoteLimit remotes;
};

Result<Principal> Authenticator::State::resolve(const store::CredentialRecord& credential,
                                                Time now) const {
  if (credential.revoked || (credential.expires_at && now >= *credential.expires_at))
    return refusal();
  return resolve(credential.principal);
}

Result<Principal> Authenticator::State::resolve(std::string_view id) const {
  CERTWRIGHT_TRY(const auto principal, store.find_principal(id));
  if (!principal || principal->disabled) return refusal();
  CERTWRIGHT_TRY(const auto tenant, store.find_tenant(principal->tenant));
  if (!tenant || tenant->disabled) return refusal();
  CERTWRIGHT_TRY(const auto records, store.list_role_bindings(principal->id));
  Principal result{principal->id, principal->name, principal->tenant, principal->email, {}};
  for (const auto& record : records)
    if (const auto role = role_named(record.role))  // a role of a later version gives nothing here
      result.bindings.push_back({*role, record.tenant, record.ca});
  return result;
}

Result<Principal> Authenticator::State::look_up(store::CredentialKind kind,
                                                std::string_view lookup, const Sha256& hash,
                                                Time now) {
  const std::uint64_t generation = cache.generation();
  CERTWRIGHT_TRY(const auto credential, store.find_credential(kind, lookup));
  // Compared also where there is no such row, so that both take the same time.
  static constexpr Sha256 kNobody{};
  const bool is_token = kind == store::CredentialKind::api_token;
  const ByteView verifier =
      credential && is_token ? ByteView(credential->verifier) : ByteView(kNobody);
  const bool equal = equal_constant_time(verifier, hash);
  if (!credential || (is_token && !equal)) return refusal();
  CERTWRIGHT_TRY(Principal principal, resolve(*credential, now));
  cache.put({is_token ? ProofKind::token : ProofKind::client_certificate, hash}, principal, credential->expires_at,
            now, generation);
  return principal;
}

Result<SignedIn> Authenticator::State::find_session(const Sha256& hash, Time now) {
  const CacheKey key{ProofKind::session, hash};
  const std::uint64_t generation = cache.generation();
  CERTWRIGHT_TRY(auto session, store.find_session(hash));
  if (!session || now >= session->idle_ends_at || now >= session->ends_at) return refusal();
  if (auto cached = cache.find(key, now)) return SignedIn{*std::move(cached), *std::move(session)};
  CERTWRIGHT_TRY(Principal principal, resolve(session->principal));
  cache.put(key, principal, session->ends_at, now, generation);
  return SignedIn{std::move(principal), *std::move(session)};
}

// Ours is a certificate whose serial we recorded with these very octets, or without any (digest).
Result<void> Authenticator::State::check_certificate(ByteView der, const Sha256& hash,
                                                         Time now) const {
  const auto certificate = x509::Certificate::parse(to_bytes(der));
  if (!certificate) return refusal();
  if (now < certificate->not_before() || now > certificate->not_after()) return refusal();
  if (is_by_revoked_ca(cas, *certificate)) return refusal();
  const auto serial = certificate->serial_number();
  if (!serial) return {};  // no CA of ours issues such a serial
  CERTWRIGHT_TRY(const auto stored, store.find_certificate(*serial));
  if (!stored) return {};
  const Bytes& recorded = stored->certificate.der;
  if (!recorded.empty() && crypto::sha256(recorded) != hash) return {};
  CERTWRIGHT_TRY(const auto status, store.certificate_status(stored->certificate.ca, *serial));
  if (status.kind == store::StatusKind::revoked) return refusal();
  return {};
}

template <class Work>
std::invoke_result_t<Work> Authenticator::State::limited(const CacheKey& key, std::string_view remote, Time now,
                                                         Work work) {
  const std::string peer = peer_of(remote);
  if (remotes.is_over(peer, now) && !cache.remembers(key))
    return fail(Errc::too_many_requests,
                "Too many failed sign-ins from this address; try again in a minute.");
  auto result = work();
  if (!result && result.error().code == Errc::unauthenticated) {
    remotes.failed(peer, now);
    cache.forget(key);
  }
  return result;
}

Authenticator::Authenticator(const store::Store& store, const Clock& clock,
                             const ca::CaDirectory& cas, AuthenticatorLimits limits)
    : state_(std::make_unique<State>(store, clock, cas, limits)) {}
Authenticator::~Authenticator() = default;

Result<Principal> Authenticator::by_token(std::string_view token, std::string_view remote) {
  const Time now = state_->clock.now();
  // Hashed whatever it looks like, so that the shape of a guess does not show in the time.
  const Sha256 hash = token_hash(token.substr(0, kTokenCharacters + 1));
  const CacheKey key{ProofKind::token, hash};
  const auto prefix = token_prefix(token);
  if (auto cached = prefix ? state_->cache.find(key, now) : std::nullopt) return *std::move(cached);
  return state_->limited(key, remote, now, [&]() -> Result<Principal> {
    if (!prefix) return tl::unexpected<Error>(prefix.error());
    return state_->look_up(store::CredentialKind::api_token, *prefix, hash, now);
  });
}

Result<Principal> Authenticator::by_client_certificate(ByteView leaf_der, std::string_view remote) {
  const Time now = state_->clock.now();
  if (leaf_der.size() > x509::Certificate::kMaxOctets) return refusal();
  const Sha256 hash = crypto::sha256(leaf_der);
  const CacheKey key{ProofKind::client_certificate, hash};
  if (auto cached = state_->cache.find(key, now)) {
    CERTWRIGHT_CHECK(state_->check_certificate(leaf_der, hash, now));
    return *std::move(cached);
  }
  return state_->limited(key, remote, now, [&]() -> Result<Principal> {
    CERTWRIGHT_CHECK(state_->check_certificate(leaf_der, hash, now));
    return state_->look_up(store::CredentialKind::client_certificate, to_hex(hash), hash, now);
  });
}

Result<SignedIn> Authenticator::by_session(std::string_view id) {
  return state_->find_session(session_hash(id), state_->clock.now());
}

void Authenticator::invalidate() { state_->cache.begin_generation(); }

}  // namespace certwright::access
