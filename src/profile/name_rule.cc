#include "profile/name_rule.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "profile/shown.h"
#include "profile/uri_parts.h"

namespace certwright::profile {
namespace {

using Kind = x509::GeneralName::Kind;

constexpr std::size_t kPatternMaxOctets = 512;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// A pattern as a small automaton. Place i is before pattern[i]; `inside_[i]` says that the `*` at i
// took a character already and may take more.
class PatternRun {
 public:
  explicit PatternRun(std::string_view pattern)
      : pattern_(pattern), at_(pattern.size() + 1), inside_(pattern.size() + 1),
        next_at_(pattern.size() + 1), next_inside_(pattern.size() + 1) {
    at_[0] = 1;
  }

  // `is(wanted)`: is the character this one of the pattern? `star_takes`: may a `*` stand for it?
  template <class Is>
  void take(Is is, bool star_takes) {
    std::ranges::fill(next_at_, '\0');
    std::ranges::fill(next_inside_, '\0');
    for (std::size_t i = 0; i < pattern_.size(); ++i) {
      if (pattern_[i] == '*') {
        if (star_takes && (at_[i] != 0 || inside_[i] != 0)) next_inside_[i] = next_at_[i + 1] = 1;
      } else if (at_[i] != 0 && is(pattern_[i])) {
        next_at_[i + 1] = 1;
      }
    }
    at_.swap(next_at_);
    inside_.swap(next_inside_);
  }

  // One or more characters other than a dot, whatever they are.
  void take_label() {
    std::vector<char> at(at_.size()), inside(at_.size());
    for (bool more = true; more;) {  // each round adds a place, so there are at most 2n of them
      take([](char wanted) { return wanted != '.'; }, true);
      more = false;
      for (std::size_t i = 0; i < at.size(); ++i) {
        more = more || at_[i] > at[i] || inside_[i] > inside[i];
        at[i] = std::max(at[i], at_[i]);
        inside[i] = std::max(inside[i], inside_[i]);
      }
    }
    at_ = std::move(at);
    inside_ = std::move(inside);
  }

  bool accepts() const { return at_.back() != 0; }

 private:
  std::string_view pattern_;
  std::vector<char> at_, inside_, next_at_, next_inside_;
};

bool same_letter(char a, char b) { return lower(a) == lower(b); }

// `is(i, wanted)`: is text[i] this character of the pattern? `star_takes(i)`: may a `*` stand for text[i]?
template <class Is, class StarTakes>
bool whole_matches(std::string_view pattern, std::string_view text, Is is, StarTakes star_takes) {
  const std::size_t star = pattern.find('*');
  const bool has_star = star != std::string_view::npos;
  if (has_star && pattern.find('*', star + 1) != std::string_view::npos) {
    PatternRun run(pattern);
    for (std::size_t i = 0; i < text.size(); ++i)
      run.take([&](char wanted) { return is(i, wanted); }, star_takes(i));
    return run.accepts();
  }
  // As nearly all are: what must begin, and what must end. A rule may have hundreds of thousands of them.
  if (has_star ? text.size() < pattern.size() : text.size() != pattern.size()) return false;
  const std::size_t begins = has_star ? star : pattern.size();
  const std::size_t ends = has_star ? pattern.size() - star - 1 : 0;
  for (std::size_t i = 0; i < begins; ++i)
    if (!is(i, pattern[i])) return false;
  for (std::size_t i = 1; i <= ends; ++i)
    if (!is(text.size() - i, pattern[pattern.size() - i])) return false;
  for (std::size_t i = begins; i < text.size() - ends; ++i)
    if (!star_takes(i)) return false;
  return true;
}

// RFC 3986 section 6.2.2.1: scheme and host in any case, the rest as written. Escapes are left alone, so patterns
// are about the text of a URI. A `*` takes no separator that would begin another part, or make the host of an
// https URI another one.
bool uri_matches(std::string_view pattern, std::string_view uri) {
  if (has_dot_segment(uri)) return false;
  if (pattern == "*") return true;
  const UriParts parts = uri_parts(uri);
  const bool has_authority = uri.substr(0, parts.path).find("//") != std::string_view::npos;
  return whole_matches(
      pattern, uri,
      [&](std::size_t i, char wanted) { return i < parts.path ? same_letter(uri[i], wanted) : uri[i] == wanted; },
      [&](std::size_t i) {
        if (i < parts.path) return std::string_view("/?#@:%").find(uri[i]) == std::string_view::npos;
        return i != parts.query && i != parts.fragment && !(has_authority && i == parts.path);
      });
}

bool is_v4_mapped(ByteView address) {
  constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return address.size() == 16 && std::ranges::equal(address.first(12), kPrefix);
}

bool prefix_holds(ByteView prefix_and_mask, ByteView address) {
  if (prefix_and_mask.size() != 2 * address.size()) return false;
  for (std::size_t i = 0; i < address.size(); ++i)
    if (((prefix_and_mask[i] ^ address[i]) & prefix_and_mask[address.size() + i]) != 0) return false;
  return true;
}

const NameRule* rule_for(const Profile& profile, Kind kind) {
  switch (kind) {
    case Kind::dns: return &profile.dns;
    case Kind::ip: return &profile.ip;
    case Kind::email: return &profile.email;
    case Kind::uri: return &profile.uri;
    default: return nullptr;
  }
}

Result<void> check_form(const x509::GeneralName& name) {
  const std::string_view text = name.text();
  switch (name.kind()) {
    case Kind::dns:
      if (x509::valid_dns_name(text, x509::Wildcard::allowed, x509::Underscore::refused)) return {};
      if (x509::parse_ip_address(text))
        return fail(Errc::invalid,
                    fmt::format("dNSName {} is an IP address: ask for it as iPAddress", shown(text)));
      return fail(Errc::invalid,
                  fmt::format("dNSName {} is not a host name: labels of letters, digits and inner "
                              "hyphens, A-labels for IDNA, \"*\" only as the left-most label",
                              shown(text)));
    case Kind::ip:
      if (name.octets().size() == 4 || name.octets().size() == 16) return {};
      return fail(Errc::invalid, fmt::format("iPAddress of {} octets: 4 or 16 are an address",
                                             name.octets().size()));
    case Kind::email:
      if (x509::valid_email_address(text)) return {};
      return fail(Errc::invalid,
                  fmt::format("rfc822Name {} is not a mailbox such as user@host", shown(text)));
    case Kind::uri:
      if (x509::valid_absolute_uri(text)) return {};
      return fail(Errc::invalid,
                  fmt::format("uniformResourceIdentifier {} is not an absolute URI", shown(text)));
    default: return name.check();
  }
}

std::string shown_name(const x509::GeneralName& name) { return shown(name.to_text()); }

bool matches_deny(Kind kind, std::string_view pattern, const x509::GeneralName& name) {
  if (kind == Kind::ip) return prefix_matches(pattern, name.octets());
  if (kind == Kind::dns) return pattern_meets(pattern, name.text());
  return pattern_matches(pattern, name.text());
}

}  // namespace

bool name_matches(std::string_view pattern, const x509::GeneralName& name) {
  switch (name.kind()) {
    case Kind::ip: return prefix_matches(pattern, name.octets());
    case Kind::uri: return uri_matches(pattern, name.text());
    case Kind::dns:
    case Kind::email: return pattern_matches(pattern, name.text());
    default: return false;
  }
}

bool pattern_matches(std::string_view pattern, std::string_view text) {
  return whole_matches(
      pattern, text, [&](std::size_t i, char wanted) { return same_letter(text[i], wanted); },
      [](std::size_t) { return true; });
}

bool pattern_meets(std::string_view pattern, std::string_view host) {
  if (!host.starts_with("*.")) return pattern_matches(pattern, host);
  PatternRun run(pattern);
  run.take_label();
  for (const char c : host.substr(1)) run.take([&](char wanted) { return same_letter(c, wanted); }, true);
  return run.accepts();
}

bool prefix_matches(std::string_view prefix, ByteView address) {
  if (is_v4_mapped(address) && prefix_matches(prefix, address.subspan(12))) return true;
  if (prefix.find('/') == std::string_view::npos) {
    const auto exact = x509::parse_ip_address(prefix);
    return exact && std::ranges::equal(*exact, address);
  }
  const auto constraint = x509::GeneralName::ip_constraint(prefix);
  return constraint && prefix_holds(constraint->octets(), address);
}

Result<void> check_pattern(Kind kind, std::string_view pattern) {
  if (pattern.empty() || pattern.size() > kPatternMaxOctets)
    return fail(Errc::invalid, fmt::format("a pattern has 1 to {} characters", kPatternMaxOctets));
  if (kind == Kind::ip) {
    if (pattern.find('/') == std::string_view::npos) {
      CERTWRIGHT_CHECK(x509::parse_ip_address(pattern));
    } else {
      CERTWRIGHT_CHECK(x509::GeneralName::ip_constraint(pattern));
    }
    return {};
  }
  for (const char c : pattern)
    if (c <= 0x20 || c >= 0x7f)
      return fail(Errc::invalid, fmt::format("pattern {} has a character that no such name has",
                                             shown(pattern)));
  return {};
}

Result<void> check_name_count(const Profile& profile, std::size_t names) {
  if (names <= profile.names_max) return {};
  return fail_field(Errc::policy, "names",
                    fmt::format("{} names are asked for; profile {} allows {}", names, profile.name, profile.names_max));
}

Result<void> check_name(const Profile& profile, const x509::GeneralName& name) {
  const Kind kind = name.kind();
  const NameRule* rule = rule_for(profile, kind);
  if (rule == nullptr || !rule->permitted)
    return fail(Errc::policy, fmt::format("profile {} permits no names of the type of {}",
                                          profile.name, shown_name(name)));
  CERTWRIGHT_CHECK(check_form(name));
  if (kind == Kind::dns && name.text().starts_with('*') && !profile.dns_wildcards)
    return fail(Errc::policy,
                fmt::format("profile {} allows no wildcard names: {}", profile.name,
                            shown_name(name)));
  const bool decides = !rule->deny.empty() || !rule->allow.empty();
  if (kind == Kind::uri && decides && has_dot_segment(name.text()))
    return fail(Errc::policy, fmt::format("profile {} has patterns for URIs, and {} has a path with \".\" or \"..\": "
                                          "ask for what it stands for", profile.name, shown_name(name)));
  for (const std::string& pattern : rule->deny)
    if (matches_deny(kind, pattern, name))
      return fail(Errc::policy, fmt::format("profile {} denies {} (pattern {})", profile.name,
                                            shown_name(name), shown(pattern)));
  if (rule->allow.empty()) return {};
  for (const std::string& pattern : rule->allow)
    if (name_matches(pattern, name)) return {};
  return fail(Errc::policy, fmt::format("profile {} has no pattern that allows {}", profile.name,
                                        shown_name(name)));
}

}  // namespace certwright::profile
