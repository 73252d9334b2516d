#include "profile/name_rule.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "profile/shown.h"

namespace certwright::profile {
namespace {

using Kind = x509::GeneralName::Kind;

constexpr std::size_t kPatternMaxOctets = 512;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

enum class Case : std::uint8_t { ignored, exact };

// A pattern as a small automaton. Place i is before pattern[i]; `inside_[i]` says that the `*` at i
// took a character already and may take more.
class PatternRun {
 public:
  PatternRun(std::string_view pattern, Case letters)
      : pattern_(pattern), letters_(letters), at_(pattern.size() + 1), inside_(pattern.size() + 1) {
    at_[0] = 1;
  }

  void take(char c) {
    step([&](char wanted) {
      return letters_ == Case::exact ? wanted == c : lower(wanted) == lower(c);
    });
  }

  // One or more characters other than a dot, whatever they are.
  void take_label() {
    std::vector<char> at(at_.size()), inside(at_.size());
    for (bool more = true; more;) {  // each round adds a place, so there are at most 2n of them
      step([](char wanted) { return wanted != '.'; });
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
  template <class Takes>
  void step(Takes takes) {
    std::vector<char> at(at_.size()), inside(at_.size());
    for (std::size_t i = 0; i < pattern_.size(); ++i) {
      if (pattern_[i] == '*') {
        if (at_[i] != 0 || inside_[i] != 0) inside[i] = at[i + 1] = 1;
      } else if (at_[i] != 0 && takes(pattern_[i])) {
        at[i + 1] = 1;
      }
    }
    at_ = std::move(at);
    inside_ = std::move(inside);
  }

  std::string_view pattern_;
  Case letters_;
  std::vector<char> at_, inside_;
};

bool run_matches(std::string_view pattern, std::string_view text, Case letters) {
  PatternRun run(pattern, letters);
  for (const char c : text) run.take(c);
  return run.accepts();
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

// RFC 3986 section 6.2.2.1: scheme and host in lower case, the rest as written. Escapes are left
// alone, so patterns are about the text of a URI.
std::string fold_uri(std::string_view uri) {
  const std::size_t authority = uri.find("//");
  const std::size_t path =
      authority == std::string_view::npos ? uri.find(':') : uri.find('/', authority + 2);
  std::string folded(uri);
  for (char& c : std::span(folded).first(std::min(path, folded.size()))) c = lower(c);
  return folded;
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
    case Kind::uri: return run_matches(fold_uri(pattern), fold_uri(name.text()), Case::exact);
    case Kind::dns:
    case Kind::email: return pattern_matches(pattern, name.text());
    default: return false;
  }
}

bool pattern_matches(std::string_view pattern, std::string_view text) {
  return run_matches(pattern, text, Case::ignored);
}

bool pattern_meets(std::string_view pattern, std::string_view host) {
  if (!host.starts_with("*.")) return pattern_matches(pattern, host);
  PatternRun run(pattern, Case::ignored);
  run.take_label();
  for (const char c : host.substr(1)) run.take(c);
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
