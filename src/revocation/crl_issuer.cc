#include "revocation/crl_issuer.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "crypto/verifying.h"
#include "revocation/crl_content.h"
#include "revocation/crl_shard.h"

namespace certwright::revocation {
namespace {

constexpr std::uint32_t kFetchEntries = 20'000;
// A burst of revocations costs at most a tenth of one core.
constexpr int kGatherPerBuild = 10;
constexpr Duration kLongestGather = std::chrono::seconds(30);
// Changes that no listener call told of: another node's, or one whose teller failed.
constexpr Duration kPollInterval = std::chrono::seconds(10);

using Steady = std::chrono::steady_clock;

bool has_online_key(const ca::CertificationAuthority& ca, Time now) {
  return ca.signer() != nullptr && now < ca.certificate().not_after();
}

std::string number_setting(std::string_view ca, std::uint32_t shard) {
  return fmt::format("crl-number/{}/{}", ca, shard);
}

Result<std::uint64_t> reserved_number(const store::Store& store, std::string_view ca,
                                      std::uint32_t shard) {
  CERTWRIGHT_TRY(const auto value, store.find_setting(number_setting(ca, shard)));
  if (!value) return std::uint64_t{0};
  const std::string_view text = as_text(*value);
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
    return fail(Errc::internal, "the stored CRL number of \"" + std::string(ca) + "\" is no number");
  return number;
}

// A CRL from before the CA had several shards says that it is about all certificates, and knows
// nothing of those in the other shards (RFC 5280 section 5.2.5). An offline CA has no other.
bool may_be_served(const ca::CertificationAuthority& ca, const PublishedCrl& crl, Time now) {
  return crl.partitioned == is_partitioned(ca) || !has_online_key(ca, now);
}

}  // namespace

struct CrlIssuer::State {
  store::Store& store;
  audit::Journal& journal;
  const ca::CaDirectory& cas;
  const Clock& clock;
  CrlShards shards;

  Result<void> load_stored(const ca::CertificationAuthority& ca, CrlShard& shard);
  Result<bool> changed_elsewhere(CrlShard& shard, Time now);
  CrlPtr servable(const ca::CertificationAuthority& ca, const CrlShard& shard) const;
  bool is_due(const ca::CertificationAuthority& ca, CrlShard& shard, Time now);
  Result<void> fetch(CrlShard& shard);
  Result<CrlPtr> build(const ca::CertificationAuthority& ca, CrlShard& shard, Seconds period);
  Result<CrlPtr> sign_and_publish(const ca::CertificationAuthority& ca, CrlShard& shard, Time now,
                                  Seconds period);
  Result<ca::CaPtr> find_ca(std::string_view id, std::uint32_t shard) const;
};

CrlIssuer::CrlIssuer(store::Store& store, audit::Journal& journal, const ca::CaDirectory& cas,
                     const Clock& clock)
    : state_(new State{store, journal, cas, clock, {}}) {}
CrlIssuer::~CrlIssuer() = default;

Result<ca::CaPtr> CrlIssuer::State::find_ca(std::string_view id, std::uint32_t shard) const {
  auto ca = cas.find(id);
  if (ca == nullptr || shard >= ca->policy().crl_shards)
    return fail(Errc::not_found, "there is no such CRL");
  return ca;
}

// What an earlier run published, if it is this CA's and still in force. An offline CA's is kept also
// when it is not: there is no other, and whoever checks it sees that it is old.
Result<void> CrlIssuer::State::load_stored(const ca::CertificationAuthority& ca, CrlShard& shard) {
  CERTWRIGHT_TRY(const auto record, store.find_crl(ca.id(), shard.number));
  CERTWRIGHT_TRY(const auto reserved, reserved_number(store, ca.id(), shard.number));
  shard.last_number = reserved;
  shard.loaded = true;
  if (!record) return {};
  shard.last_number = std::max(shard.last_number, record->number);
  shard.expires_from = record->this_update;
  shard.published_sequence = record->sequence;
  if (record->der.empty()) return {};
  auto list = x509::CertificateList::parse(record->der);
  if (!list || !verify_by(ca, *list)) return {};  // of a key this CA no longer has: build anew
  CERTWRIGHT_TRY(const auto number, number_of(*list));
  PublishedCrl crl = published_from(*list, number);
  if (has_online_key(ca, clock.now()) && crl.next_update <= clock.now()) return {};
  shard.publish(std::make_shared<const PublishedCrl>(std::move(crl)));
  return {};
}

Result<std::shared_ptr<const PublishedCrl>> CrlIssuer::current(std::string_view ca_id,
                                                               std::uint32_t shard_number) {
  CERTWRIGHT_TRY(const auto ca, state_->find_ca(ca_id, shard_number));
  CrlShard& shard = state_->shards.at(ca->id(), shard_number);
  if (auto crl = state_->servable(*ca, shard)) return crl;
  const std::lock_guard lock(shard.build_mutex);
  if (auto crl = state_->servable(*ca, shard)) return crl;
  if (!shard.loaded) CERTWRIGHT_CHECK(state_->load_stored(*ca, shard));
  if (auto crl = state_->servable(*ca, shard)) return crl;
  if (!has_online_key(*ca, state_->clock.now()))
    return fail(Errc::not_found, "CA \"" + ca->id() + "\" is offline and no CRL of it was imported");
  return state_->build(*ca, shard, ca->policy().crl_period);
}

std::shared_ptr<const PublishedCrl> CrlIssuer::published(std::string_view ca_id,
                                                         std::uint32_t shard_number) const {
  const auto ca = state_->find_ca(ca_id, shard_number);
  const CrlShard* const shard = ca ? state_->shards.find(ca_id, shard_number) : nullptr;
  return shard == nullptr ? nullptr : state_->servable(**ca, *shard);
}

CrlPtr CrlIssuer::State::servable(const ca::CertificationAuthority& ca,
                                  const CrlShard& shard) const {
  auto crl = shard.published();
  return crl != nullptr && may_be_served(ca, *crl, clock.now()) ? crl : nullptr;
}

Result<std::shared_ptr<const PublishedCrl>> CrlIssuer::rebuild(std::string_view ca_id,
                                                               std::uint32_t shard_number,
                                                               std::optional<Seconds> period) {
  CERTWRIGHT_TRY(const auto ca, state_->find_ca(ca_id, shard_number));
  if (!has_online_key(*ca, state_->clock.now()))
    return fail(Errc::conflict, "the key of CA \"" + ca->id() + "\" is offline, or it has expired");
  CrlShard& shard = state_->shards.at(ca->id(), shard_number);
  const std::lock_guard lock(shard.build_mutex);
  if (!shard.loaded) CERTWRIGHT_CHECK(state_->load_stored(*ca, shard));
  return state_->build(*ca, shard, period.value_or(ca->policy().crl_period));
}

Result<bool> CrlIssuer::State::changed_elsewhere(CrlShard& shard, Time now) {
  if (now < shard.last_poll + kPollInterval && now >= shard.last_poll) return false;
  CERTWRIGHT_TRY(const auto news, store.revocations_after(shard.ca, shard.number,
                                                          shard.published_sequence,
                                                          shard.expires_from, 1));
  shard.last_poll = now;
  return !news.empty();
}

bool CrlIssuer::State::is_due(const ca::CertificationAuthority& ca, CrlShard& shard, Time now) {
  const auto crl = servable(ca, shard);
  if (crl == nullptr || now >= crl->this_update + ca.policy().crl_refresh) return true;
  const std::int64_t changed_us = shard.first_change_us.load();
  if (changed_us == CrlShard::kNoChange) return false;
  const auto gather = std::min<Duration>(kLongestGather, kGatherPerBuild * shard.last_cost);
  // A clock that was set back must not hold the change up.
  return now >= from_unix_us(changed_us) + gather || now < from_unix_us(changed_us);
}

Result<std::size_t> CrlIssuer::run_due() {
  std::size_t built = 0;
  std::optional<Error> first_error;
  const auto note = [&](const Error& error) { if (!first_error) first_error = error; };
  for (const auto& ca : state_->cas.all()) {
    const Time now = state_->clock.now();
    if (!has_online_key(*ca, now)) continue;
    for (std::uint32_t number = 0; number < ca->policy().crl_shards; ++number) {
      CrlShard& shard = state_->shards.at(ca->id(), number);
      const std::unique_lock lock(shard.build_mutex, std::try_to_lock);
      if (!lock) continue;  // being built
      if (!shard.loaded) {
        if (const auto loaded = state_->load_stored(*ca, shard); !loaded) {
          note(loaded.error());
          continue;
        }
      }
      const auto changed = state_->changed_elsewhere(shard, now);
      if (!changed) note(changed.error());
      if (changed.value_or(false)) shard.note_change(now);
      if (!state_->is_due(*ca, shard, now)) continue;
      const auto crl = state_->build(*ca, shard, ca->policy().crl_period);
      crl ? void(++built) : note(crl.error());
    }
  }
  if (first_error) return tl::unexpected<Error>(std::move(*first_error));
  return built;
}

// Applies what changed since the last build; the first time, everything that is revoked now and may
// not have been on a CRL after it expired.
Result<void> CrlIssuer::State::fetch(CrlShard& shard) {
  const bool is_first = shard.sequence == 0;
  for (;;) {
    CERTWRIGHT_TRY(const auto changes, store.revocations_after(shard.ca, shard.number, shard.sequence,
                                                               shard.expires_from, kFetchEntries));
    for (const auto& change : changes) {
      if (change.removed)
        shard.entries.remove(change.serial);
      else if (is_first)
        shard.entries.append(change.serial, change.revoked_at, change.reason, change.not_after);
      else
        shard.entries.put(change.serial, change.revoked_at, change.reason, change.not_after);
      shard.sequence = change.sequence;
    }
    if (shard.entries.encoded_octets() > x509::CertificateList::kMaxOctets - 64 * 1024)
      return fail(Errc::too_large, "the CRL would be over 256 MiB: give the CA more CRL shards");
    if (changes.size() < kFetchEntries) return {};
  }
}

Result<CrlPtr> CrlIssuer::State::build(const ca::CertificationAuthority& ca, CrlShard& shard,
                                       Seconds period) {
  const auto began = Steady::now();
  const Time now = clock.now();
  // A change that is told from here on may or may not be seen by fetch(): then it is built again.
  const std::int64_t pending = shard.first_change_us.exchange(CrlShard::kNoChange);
  auto crl = [&]() -> Result<CrlPtr> {
    CERTWRIGHT_CHECK(fetch(shard));
    shard.entries.prune(now);
    return sign_and_publish(ca, shard, now, period);
  }();
  if (!crl && pending != CrlShard::kNoChange) shard.note_change(from_unix_us(pending));
  shard.last_cost = std::chrono::duration_cast<Duration>(Steady::now() - began);
  return crl;
}

Result<CrlPtr> CrlIssuer::State::sign_and_publish(const ca::CertificationAuthority& ca,
                                                  CrlShard& shard, Time now, Seconds period) {
  const ByteView algorithm = ca.signer()->signature_algorithm_tlv();
  const std::uint64_t number = shard.last_number + 1;
  const Time this_update = from_unix_s(to_unix_s(now));
  const Time next_update = this_update + period;
  CERTWRIGHT_TRY(auto extensions, extensions_of(ca, shard.number, number));
  CERTWRIGHT_TRY(auto list, x509::CertificateListBuffer::begin(
                                {to_bytes(algorithm), to_bytes(ca.certificate().subject_tlv()),
                                 this_update, next_update, std::move(extensions)},
                                shard.entries.encoded()));
  auto tbs = list.tbs();
  const ByteView tbs_tlv = tbs.tlv();  // as long as the list
  const auto tbs_sha256 = crypto::sha256(tbs_tlv);
  const std::string number_text = std::to_string(number);
  CERTWRIGHT_CHECK(store.apply(
      {store::PutSetting{number_setting(ca.id(), shard.number), to_bytes(as_bytes(number_text))},
       journal.leaf({audit::EventType::crl_issued,
                     {"system", "", "system", ""},
                     {{"ca", ca.id()},
                      {"shard", std::to_string(shard.number)},
                      {"number", number_text},
                      {"entries", std::to_string(shard.entries.size())},
                      {"tbs_sha256", to_hex(tbs_sha256)},
                      {"next_update", to_rfc3339(next_update)}}})}));
  shard.last_number = number;
  CERTWRIGHT_TRY(const Bytes signature,
                 ca.signer()->sign(signer::PreparedCertificateList(std::move(tbs))));
  // The very octets that are published are those that were signed; their digest is in the journal.
  if (!crypto::verify(ca.certificate().subject_public_key_info_tlv(), algorithm,
                      crypto::DigestedMessage{tbs_tlv, tbs_sha256}, signature))
    return fail(Errc::internal, "CA \"" + ca.id() + "\" made a signature that does not verify");
  CERTWRIGHT_TRY(auto der, std::move(list).finish(algorithm, signature));
  const bool is_stored = der->size() <= kMaxStoredOctets;
  CERTWRIGHT_CHECK(store.apply({store::PutCrl{{ca.id(), shard.number, number, shard.sequence,
                                               this_update, next_update,
                                               is_stored ? *der : Bytes{}}}}));
  auto crl = std::make_shared<const PublishedCrl>(PublishedCrl{
      std::move(der), number, shard.entries.size(), this_update, next_update,
      etag_of(signature, number), is_partitioned(ca)});
  shard.entries.mark_published(this_update);
  shard.expires_from = this_update;
  shard.published_sequence = shard.sequence;
  shard.publish(crl);
  return crl;
}

Result<void> CrlIssuer::import_crl(std::string_view ca_id, ByteView der, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto ca, state_->find_ca(ca_id, 0));
  if (ca->signer() != nullptr)
    return fail_field(Errc::conflict, "ca",
                      "ca: the key of \"" + ca->id() + "\" is online, its CRLs are made here");
  if (der.size() > kMaxImportOctets)
    return fail_field(Errc::too_large, "crl", "crl: it is over 16 MiB");
  CERTWRIGHT_TRY(const auto list, x509::CertificateList::parse(to_bytes(der)));
  CERTWRIGHT_TRY(const auto number, number_of(list));
  CrlShard& shard = state_->shards.at(ca->id(), 0);
  const std::lock_guard lock(shard.build_mutex);
  if (!shard.loaded) CERTWRIGHT_CHECK(state_->load_stored(*ca, shard));
  const auto known = shard.published();
  CERTWRIGHT_CHECK(check_import(*ca, list, number,
                                {shard.last_number, known.get(), state_->clock.now()}));
  auto crl = std::make_shared<const PublishedCrl>(published_from(list, number));
  CERTWRIGHT_CHECK(state_->store.apply(
      {store::PutCrl{{ca->id(), 0, number, shard.published_sequence, crl->this_update,
                      crl->next_update, to_bytes(der)}},
       state_->journal.leaf({audit::EventType::crl_imported,
                             actor,
                             {{"ca", ca->id()},
                              {"shard", "0"},
                              {"number", std::to_string(number)},
                              {"entries", std::to_string(crl->entries)},
                              {"sha256", to_hex(crypto::sha256(der))},
                              {"next_update", to_rfc3339(crl->next_update)}}})}));
  shard.last_number = number;
  shard.publish(std::move(crl));
  return {};
}

void CrlIssuer::on_revocation_change(std::string_view ca, std::uint32_t crl_shard,
                                     const x509::SerialNumber&) noexcept {
  // A shard nobody asked for yet compares its CRL with the store when it is first looked at.
  if (CrlShard* const shard = state_->shards.find(ca, crl_shard))
    shard->note_change(state_->clock.now());
}

}  // namespace certwright::revocation
