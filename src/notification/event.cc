#include "notification/event.h"

#include <algorithm>
#include <array>

#include "json/value.h"
#include "json/writer.h"

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

struct Decoded {
  char32_t character = 0;
  std::size_t octets = 0;  // 0: not UTF-8
};

// One character of UTF-8 (RFC 3629): shortest form, no surrogates.
Decoded decode(std::string_view text) noexcept {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = octet(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xF0 ? 4U : first >= 0xE0 ? 3U : 2U;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {};
  char32_t character = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((octet(i) & 0xC0U) != 0x80) return {};
    character = (character << 6) | (octet(i) & 0x3FU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (character < kLeast[size] || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF))
    return {};
  return {character, size};
}

bool is_plain(char32_t c) noexcept {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;             // controls
  if (c == 0x2028 || c == 0x2029) return false;                      // separators
  if (c >= 0x200B && c <= 0x200F) return false;                      // invisible, direction marks
  if ((c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069)) return false;  // direction
  return c != 0xFEFF && c != 0x061C;
}

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
    const Decoded next = decode(text);
    const std::size_t octets = std::max<std::size_t>(next.octets, 1);
    const bool plain = next.octets != 0 && is_plain(next.character);
    const std::string_view piece = plain ? text.substr(0, octets) : kReplacement;
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
