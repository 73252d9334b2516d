#include "audit/journal.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>
#include <string>

namespace certwright::audit {
namespace {

// The length of the UTF-8 sequence that `text` begins with, or 0 (RFC 3629 section 4).
std::size_t sequence_octets(std::string_view text) noexcept {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto between = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && octet(i) >= low && octet(i) <= high;
  };
  const auto tail = [&](std::size_t i) { return between(i, 0x80, 0xbf); };
  const std::uint8_t first = octet(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef)
    return between(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) && tail(2) ? 3 : 0;
  if (first >= 0xf0 && first <= 0xf4)
    return between(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) && tail(2) &&
                   tail(3)
               ? 4
               : 0;
  return 0;
}

// How many characters at the beginning need neither escape nor a look at their encoding.
std::size_t plain_octets(std::string_view text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
    ++n;
  return n;
}

void append_escape(std::string& out, std::uint8_t octet) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[octet >> 4];
  out += kDigits[octet & 15];
}

void append_string(std::string& out, std::string_view value) {
  out += '"';
  const std::size_t most = out.size() + kMaxValueOctets;
  while (!value.empty()) {
    if (out.size() >= most) {
      out += "\xe2\x80\xa6";
      break;
    }
    if (const std::size_t plain = plain_octets(value.substr(0, most - out.size())); plain != 0) {
      out.append(value.data(), plain);  // nearly every value is one such run
      value.remove_prefix(plain);
      continue;
    }
    const auto octet = static_cast<std::uint8_t>(value.front());
    const std::size_t size = sequence_octets(value);
    if (size == 0) {
      out += "\xef\xbf\xbd";
    } else if (octet == '"' || octet == '\\') {
      out += '\\';
      out += value.front();
    } else if (octet < 0x20 || octet == 0x7f) {
      append_escape(out, octet);
    } else {
      out.append(value.data(), size);
    }
    value.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out += '"';
}

void append_digits(std::string& out, std::uint64_t value, unsigned digits) {
  std::array<char, 20> text{};
  for (unsigned i = digits; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out.append(text.data(), digits);
}

// RFC 3339 with six decimals always, so that records of one second sort as text.
void append_time(std::string& out, Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  auto us = static_cast<std::uint64_t>((time - day).count());
  append_digits(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  const std::uint64_t s = us / 1'000'000;
  us %= 1'000'000;
  append_digits(out, s / 3600, 2);
  out += ':';
  append_digits(out, s / 60 % 60, 2);
  out += ':';
  append_digits(out, s % 60, 2);
  out += '.';
  append_digits(out, us, 6);
  out += 'Z';
}

std::string_view request_field(EventType type) noexcept {
  switch (type) {
    case EventType::certificate_issued:
    case EventType::certificate_renewed: return "approval";
    case EventType::access_denied: return "object";
    case EventType::notification_acknowledged: return "subject";
    default: return "request";
  }
}

// store::RequestRecord::id. Objects and subjects are of all kinds, and what a stranger typed.
bool is_request_id(std::string_view text) noexcept {
  constexpr std::size_t kDigits = 32;
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

#ifndef NDEBUG
bool in_catalogue(const EventInfo& info, std::string_view field) {
  std::string_view names = info.fields;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(' '));
    if (name == field) return true;
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
  return false;
}
#endif

}  // namespace

Bytes encode_leaf(const Event& event, Time time) {
  const EventInfo& info = event_info(event.type);
  std::string out;
  out.reserve(512);
  out += R"({"v":1,"time":")";
  append_time(out, time);
  out += R"(","event":")";
  out += info.name;
  out += R"(","actor":{"principal":)";
  append_string(out, event.actor.principal);
  out += R"(,"tenant":)";
  append_string(out, event.actor.tenant);
  out += R"(,"door":)";
  append_string(out, event.actor.door);
  out += R"(,"remote":)";
  append_string(out, event.actor.remote);
  out += R"(},"fields":{)";
  bool first = true;
  const std::size_t count = std::min(event.fields.size(), kMaxFields);
  for (const auto& [name, value] : std::span(event.fields).first(count)) {
    assert(in_catalogue(info, name) && "the catalogue does not have this field for this event");
    if (!first) out += ',';
    first = false;
    append_string(out, name);
    out += ':';
    append_string(out, value);
  }
  out += "}}";
  return to_bytes(as_bytes(out));
}

std::string_view request_of(const Event& event) noexcept {
  const std::string_view field = request_field(event.type);
  const auto named = std::ranges::find(event.fields, field, [](const auto& f) { return f.first; });
  return named != event.fields.end() && is_request_id(named->second) ? named->second : std::string_view();
}

store::Command Journal::leaf(const Event& event) const {
  return store::AppendAuditLeaf{encode_leaf(event, clock_.now()), std::string(request_of(event))};
}

Result<void> Journal::record(const Event& event) { return store_.apply({leaf(event)}); }

}  // namespace certwright::audit
