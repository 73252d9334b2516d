#include "notification/event.h"

#include <algorithm>
#include <array>

#include "json/value.h"
#include "json/writer.h"
#include "unicode/hidden.h"

namespace certwright::notification {
namespace {

constexpr std::array kEvents = {
#define CERTWRIGHT_NOTIFICATION_INFO(enumerator, facts, what) \
  EventInfo{EventKind::enumerator, #enumerator, facts, what},
    CERTWRIGHT_NOTIFICATION_EVENTS(CERTWRIGHT_NOTIFICATION_INFO)
#undef CERTWRIGHT_NOTIFICATION_INFO
};

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

// What would break the line.
bool is_break(char32_t c) noexcept { return unicode::is_control(c) || c == 0x2028 || c == 0x2029; }

}  // namespace

bool EventInfo::has_fact(std::string_view fact) const noexcept {
  std::string_view left = facts;
  while (!left.empty()) {
    const auto space = left.find(' ');
    if (left.substr(0, space) == fact) return true;
    left.remove_prefix(space == std::string_view::npos ? left.size() : space + 1);
  }
  return false;
}

std::span<const EventInfo> all_events() noexcept { return kEvents; }

const EventInfo& info_of(EventKind kind) noexcept { return kEvents[static_cast<std::size_t>(kind)]; }

std::optional<EventKind> event_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kEvents, name, &EventInfo::name);
  if (found == kEvents.end()) return std::nullopt;
  return found->kind;
}

std::string cleaned(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const auto [character, size] = unicode::first_code_point(text);
    const std::size_t octets = std::max<std::size_t>(size, 1);
    std::string piece(text.substr(0, octets));
    if (size == 0 || is_break(character)) piece = kReplacement;
    else if (unicode::is_hidden(character)) piece = unicode::marked(character);
    if (line.size() + piece.size() + kEllipsis.size() > kMaxFactOctets) return line.append(kEllipsis);
    line += piece;
    text.remove_prefix(octets);
  }
  return line;
}

std::string write_facts(const Facts& facts) {
  json::Writer w;
  w.begin_object();
  for (const auto& [name, value] : facts)
    if (!value.empty()) w.member(name, cleaned(value));
  w.end_object();
  return std::move(w).take();
}

Result<Facts> read_facts(std::string_view text) {
  CERTWRIGHT_TRY(const auto value, json::parse(text));
  const auto* object = value.if_object();
  if (object == nullptr) return fail(Errc::bad_encoding, "facts are not an object");
  Facts facts;
  for (const auto& member : *object) {
    const auto* string = member.value.if_string();
    if (string == nullptr) return fail(Errc::bad_encoding, "a fact is no string");
    facts.emplace_back(member.name, *string);
  }
  return facts;
}

std::string_view fact(const Facts& facts, std::string_view name) noexcept {
  const auto found = std::ranges::find(facts, name, [](const auto& f) { return std::string_view(f.first); });
  return found == facts.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace certwright::notification
