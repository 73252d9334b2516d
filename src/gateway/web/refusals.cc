#include "gateway/web/refusals.h"

#include <utility>

namespace certwright::gateway::web {
namespace {

constexpr std::size_t kMaxRefusedNameOctets = 200;

// What a stranger typed goes into the log as one line of bounded length.
std::string shown_in_audit(std::string_view what) {
  std::string text(what.substr(0, kMaxRefusedNameOctets));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  return text;
}

void make_room(auto& tracked, Time now) {
  if (tracked.size() < Refusals::kRemotesTracked) return;
  std::erase_if(tracked, [&](const auto& entry) { return now - entry.second.recorded_at >= Refusals::kWindow; });
  if (tracked.size() >= Refusals::kRemotesTracked) tracked.clear();
}

}  // namespace

void Refusals::denied(const audit::Actor& actor, access::Action action, std::string_view what,
                      Errc code) {
  if (journal_ == nullptr) return;
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    make_room(denials_, now);
    Denials& denials = denials_[actor.principal];
    if (now - denials.recorded_at >= kWindow) {
      denials.recorded_at = now;
      denials.recorded = 0;
    }
    ++denials.since;
    if (denials.recorded == kDeniedInFull) return;
    ++denials.recorded;
    count = std::exchange(denials.since, 0);
  }
  (void)journal_->record({audit::EventType::access_denied,
                          actor,
                          {{"action", std::string(access::name_of(action))},
                           {"object", shown_in_audit(what)},
                           {"reason", std::string(name_of(code))},
                           {"count", std::to_string(count)}}});
}

void Refusals::not_authenticated(const audit::Actor& actor, std::string_view method, Errc code) {
  if (journal_ == nullptr) return;
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    make_room(failures_, now);
    const auto [entry, is_new] = failures_.try_emplace(actor.remote);
    Failures& failures = entry->second;
    ++failures.since;
    if (!is_new && now - failures.recorded_at < kWindow) return;
    failures.recorded_at = now;
    count = std::exchange(failures.since, 0);
  }
  (void)journal_->record({audit::EventType::authentication_failed,
                          actor,
                          {{"method", std::string(method)},
                           {"reason", std::string(name_of(code))},
                           {"count", std::to_string(count)}}});
}

}  // namespace certwright::gateway::web
