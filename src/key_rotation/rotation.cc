#include "key_rotation/rotation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "audit/events.h"

namespace certwright::key_rotation {
namespace {

using SteadyTime = std::chrono::steady_clock;

// Retired KEKs that do not go away (something does not open) may not pile up to what a start refuses.
constexpr std::size_t kMostKeks = 32;

// The setting with the id of the KEK that is being forgotten, from before its deletion until that is on
// record: a crash between the two is made up for at the next start.
constexpr const char* kForgetting = "kek-being-forgotten";

audit::Actor system_actor() { return {.principal = "system", .tenant = "system", .door = "system", .remote = ""}; }

}  // namespace

std::string_view name_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::idle: return "idle";
    case Phase::counting: return "counting";
    case Phase::resealing: return "resealing";
    case Phase::settling: return "settling";
    case Phase::blocked: return "blocked";
  }
  return "unknown";
}

Rotation::Rotation(Dependencies dependencies, Options options)
    : d_(std::move(dependencies)), options_(options) {
  if (const auto source = keys::choose_source(d_.source, d_.random)) source_ = (*source)->description();
  kept_ = keys::is_kept(d_.source, d_.sealer.active_id_hex());
  // Deleted by an earlier run, if it is not here any more; else it is still to be walked for.
  if (const auto forgetting = d_.store.find_setting(kForgetting); forgetting && *forgetting) {
    unrecorded_ = as_text(**forgetting);
    if (std::ranges::count(d_.sealer.ids_hex(), unrecorded_) != 0) unrecorded_.clear();
  }
  // Of an earlier run: what it had under way died with it.
  if (d_.sealer.ids_hex().size() > 1) begin(Phase::counting);
  publish();
}

Result<Rotated> Rotation::rotate(const audit::Actor& actor) {
  const std::lock_guard lock(work_mutex_);
  if (phase_ == Phase::counting || phase_ == Phase::resealing)
    return fail(Errc::conflict, "a rotation is under way: wait until everything is sealed again");
  if (d_.sealer.ids_hex().size() >= kMostKeks)
    return fail(Errc::conflict, "too many retired key-encryption keys are still needed; see the status");
  CERTWRIGHT_TRY(const auto source, keys::choose_source(d_.source, d_.random));
  CERTWRIGHT_TRY(const auto active, d_.sealer.copy_of_active());
  Rotated rotated{.active = active.id_hex(), .retired = {}, .source = source->description(), .switched = true};
  const auto record = [&](audit::EventType type) {
    return d_.journal.record(
        {.type = type, .actor = actor, .fields = {{"kek", active.id_hex()}, {"source", rotated.source}}});
  };
  CERTWRIGHT_TRY(auto next, source->load());
  const bool from_file = keys::comes_from_file(d_.source);
  rotated.switched = from_file || next.id() != active.id();
  CERTWRIGHT_CHECK(record(rotated.switched ? audit::EventType::kek_rotated : audit::EventType::kek_kept));
  CERTWRIGHT_CHECK(keys::keep_retired(d_.source, active));
  if (from_file) {
    CERTWRIGHT_TRY(next, keys::rotate_file(d_.source, d_.random));
  }
  source_ = rotated.source;
  if (rotated.switched) {
    rotated.retired = std::exchange(rotated.active, next.id_hex());
    CERTWRIGHT_CHECK(d_.sealer.add(std::move(next)));
    CERTWRIGHT_CHECK(d_.sealer.activate(rotated.active));
    settled_at_ = SteadyTime::now() + options_.settle;
    resealed_ = 0;
    problem_.clear();
    begin(Phase::counting);
  }
  kept_ = keys::is_kept(d_.source, rotated.active);
  publish();
  return rotated;
}

void Rotation::begin(Phase phase) {
  phase_ = phase;
  walk_ = Walk{};
  walk_.decides = SteadyTime::now() >= settled_at_;
  retired_ = d_.sealer.ids_hex();
  retired_.erase(retired_.begin());
  if (phase == Phase::counting) remaining_.reset();
}

Result<bool> Rotation::step() {
  const std::lock_guard lock(work_mutex_);
  CERTWRIGHT_CHECK(record_forgotten());
  if (phase_ == Phase::idle) return false;
  if (phase_ == Phase::settling || phase_ == Phase::blocked) {
    if (SteadyTime::now() < wait_until_) return false;
    begin(Phase::resealing);
  }
  Walk before = walk_;
  if (auto done = walk_piece(); !done) {
    walk_ = std::move(before);  // the same piece again
    return tl::unexpected(std::move(done).error());
  }
  auto more = walk_.section == Section::end ? end_walk() : Result<bool>(true);
  publish();
  return more;
}

Result<void> Rotation::walk_piece() {
  switch (walk_.section) {
    case Section::cas: return walk_cas();
    case Section::settings: return walk_settings();
    case Section::managed_keys: return walk_managed_keys();
    case Section::end: return {};
  }
  return {};
}

bool Rotation::is_retired(ByteView sealed) const {
  // What is no envelope, or of a KEK that is not here, does not need the ones that are retired here.
  const auto header = keys::EnvelopeHeader::parse(sealed);
  return header && std::ranges::find(retired_, to_hex(header->kek_id)) != retired_.end();
}

// The new envelope; nothing if there is no need, or if it does not open (which ends in `problem`).
std::optional<Bytes> Rotation::reseal(std::string_view context, ByteView sealed) {
  if (!is_retired(sealed)) return std::nullopt;
  ++walk_.found;
  if (phase_ == Phase::counting) return std::nullopt;
  auto again = d_.sealer.reseal(context, sealed);
  if (again) return std::move(*again);
  walk_.problem = again.error().detail;
  return std::nullopt;
}

std::optional<Bytes> Rotation::reseal_setting(std::string_view name, ByteView sealed) {
  const std::string prefixed = fmt::format("setting:{}", name);
  if (is_retired(sealed) && d_.sealer.open(prefixed, sealed)) return reseal(prefixed, sealed);
  return reseal(name, sealed);
}

Result<void> Rotation::apply(const store::Transaction& transaction) {
  if (transaction.empty()) return {};
  CERTWRIGHT_CHECK(d_.store.apply(transaction));
  settled_at_ = SteadyTime::now() + options_.settle;
  walk_.resealed += transaction.size();
  resealed_ += transaction.size();
  if (remaining_) *remaining_ -= std::min<std::uint64_t>(*remaining_, transaction.size());
  return {};
}

// CAs are few. The revision keeps a change that was read before this from bringing the old envelope back.
Result<void> Rotation::walk_cas() {
  CERTWRIGHT_TRY(auto records, d_.store.list_cas());
  for (auto& ca : records) {
    auto again = reseal("ca-key:" + ca.id, ca.sealed_key);
    if (!again) continue;
    ca.sealed_key = *std::move(again);
    ++ca.revision;
    const auto put = apply({store::PutCa{std::move(ca)}});
    // Changed at the same moment: it counts as found, so another walk follows.
    if (!put && put.error().code != Errc::conflict) return put;
  }
  walk_.section = Section::settings;
  return {};
}

Result<void> Rotation::walk_settings() {
  CERTWRIGHT_TRY(auto settings, d_.store.settings(walk_.setting, options_.batch));
  store::Transaction transaction;
  for (auto& setting : settings)
    if (auto again = reseal_setting(setting.name, setting.value))
      transaction.push_back(store::ResealSetting{setting.name, std::move(setting.value), *std::move(again)});
  CERTWRIGHT_CHECK(apply(transaction));
  if (settings.empty())
    walk_.section = Section::managed_keys;
  else
    walk_.setting = settings.back().name;
  return {};
}

Result<void> Rotation::walk_managed_keys() {
  CERTWRIGHT_TRY(auto keys, d_.store.managed_keys(walk_.managed_key, options_.batch));
  store::Transaction transaction;
  for (auto& key : keys)
    if (auto again = reseal(fmt::format("managed-key:{}", key.certificate), key.sealed_pkcs8))
      transaction.push_back(
          store::ResealManagedKey{key.certificate, std::move(key.sealed_pkcs8), *std::move(again)});
  CERTWRIGHT_CHECK(apply(transaction));
  if (keys.empty())
    walk_.section = Section::end;
  else
    walk_.managed_key = keys.back().certificate;
  return {};
}

Result<bool> Rotation::end_walk() {
  const auto now = SteadyTime::now();
  if (phase_ == Phase::counting) {
    remaining_ = walk_.found;
    begin(Phase::resealing);
    return true;
  }
  problem_ = walk_.problem;
  remaining_ = walk_.found - std::min(walk_.found, walk_.resealed);
  if (!problem_.empty()) {
    phase_ = Phase::blocked;
    wait_until_ = now + options_.retry;
    return fail(Errc::conflict, "a retired key-encryption key is still needed: " + problem_);
  }
  if (!walk_.decides || walk_.found != 0) {
    phase_ = Phase::settling;
    wait_until_ = settled_at_;
    return now >= wait_until_;
  }
  if (auto forgotten = forget(); !forgotten) {
    phase_ = Phase::blocked;
    wait_until_ = now + options_.retry;
    problem_ = forgotten.error().detail;
    return tl::unexpected(std::move(forgotten).error());
  }
  phase_ = Phase::idle;
  return false;
}

Result<void> Rotation::forget() {
  for (const auto& id : retired_) {
    CERTWRIGHT_CHECK(d_.store.apply({store::PutSetting{kForgetting, to_bytes(as_bytes(id))}}));
    const auto deleted = keys::forget_retired(d_.source, id);
    if (!deleted && deleted.error().code != Errc::not_found) return deleted;
    CERTWRIGHT_CHECK(d_.sealer.remove(id));
    // Not there: it is among the credentials, where only the operator can take it away.
    if (!deleted) continue;
    unrecorded_ = id;
    CERTWRIGHT_CHECK(record_forgotten());
  }
  retired_.clear();
  return {};
}

Result<void> Rotation::record_forgotten() {
  if (unrecorded_.empty()) return {};
  CERTWRIGHT_CHECK(d_.store.apply(
      {store::PutSetting{kForgetting, {}},
       d_.journal.leaf({.type = audit::EventType::kek_forgotten,
                        .actor = system_actor(),
                        .fields = {{"kek", unrecorded_},
                                   {"active", d_.sealer.active_id_hex()},
                                   {"resealed", std::to_string(resealed_)}}})}));
  unrecorded_.clear();
  return {};
}

void Rotation::publish() {
  const std::lock_guard lock(progress_mutex_);
  progress_ = {.phase = phase_,
               .source = source_,
               .active = d_.sealer.active_id_hex(),
               .retired = retired_,
               .kept = kept_,
               .resealed = resealed_,
               .remaining = phase_ == Phase::idle ? std::optional<std::uint64_t>(0) : remaining_,
               .problem = problem_};
}

Progress Rotation::progress() const {
  const std::lock_guard lock(progress_mutex_);
  return progress_;
}

}  // namespace certwright::key_rotation
