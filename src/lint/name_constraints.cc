#include "lint/name_constraints.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "profile/shown.h"
#include "x509/oids.h"

namespace certwright::lint {
namespace {

namespace oids = x509::oids;
using x509::GeneralName;
using Kind = GeneralName::Kind;

// Which question is asked of a subtree: does it hold all that the name stands for (permitted), or
// anything of it (excluded)? They differ for wildcards, and for what cannot be judged.
enum class Holds : std::uint8_t { all, any };

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_folded(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, folded, folded);
}

bool ends_folded(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equal_folded(text.substr(text.size() - end.size()), end);
}

// Is `host` the subtree's own host, or one below it?
bool dns_subtree_holds_host(std::string_view subtree, std::string_view host) {
  if (subtree.empty()) return true;
  if (subtree.front() == '.') return host.size() > subtree.size() && ends_folded(host, subtree);
  if (host.size() == subtree.size()) return equal_folded(host, subtree);
  return host.size() > subtree.size() && ends_folded(host, subtree) &&
         host[host.size() - subtree.size() - 1] == '.';
}

bool dns_subtree_holds(std::string_view subtree, std::string_view host, Holds what) {
  if (dns_subtree_holds_host(subtree, host)) return true;
  if (what == Holds::all || !host.starts_with("*.")) return false;
  // "*.example.com" stands for "secret.example.com": one label in front of its base.
  const std::string_view base = host.substr(1);
  return ends_folded(subtree, base) && subtree.size() > base.size() &&
         subtree.substr(0, subtree.size() - base.size()).find('.') == std::string_view::npos;
}

// A host, or with a leading dot everything below it: rfc822Name's and URI's subtrees.
bool host_subtree_holds(std::string_view subtree, std::string_view host) {
  if (!subtree.starts_with('.')) return equal_folded(subtree, host);
  return host.size() > subtree.size() && ends_folded(host, subtree);
}

bool email_subtree_holds(std::string_view subtree, std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::size_t subtree_at = subtree.rfind('@');
  if (subtree_at == std::string_view::npos)
    return subtree.empty() || host_subtree_holds(subtree, address.substr(at + 1));
  return address.substr(0, at) == subtree.substr(0, subtree_at) &&
         equal_folded(address.substr(at + 1), subtree.substr(subtree_at + 1));
}

// The host of the authority part (RFC 3986 section 3.2.2); empty if there is none or it is an address.
std::string_view host_of(std::string_view uri) {
  const std::size_t start = uri.find("://");
  if (start == std::string_view::npos) return {};
  std::string_view authority = uri.substr(start + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos)
    authority.remove_prefix(at + 1);
  authority = authority.substr(0, authority.find(':'));
  return x509::valid_dns_name(authority, x509::Wildcard::refused, x509::Underscore::allowed)
             ? authority
             : std::string_view();
}

bool uri_subtree_holds(std::string_view subtree, std::string_view uri, Holds what) {
  const std::string_view host = host_of(uri);
  if (host.empty()) return what == Holds::any;
  return subtree.empty() || host_subtree_holds(subtree, host);
}

bool ip_subtree_holds(ByteView subtree, ByteView address) {
  if (subtree.size() != 2 * address.size()) return false;
  for (std::size_t i = 0; i < address.size(); ++i)
    if (((subtree[i] ^ address[i]) & subtree[address.size() + i]) != 0) return false;
  return true;
}

std::string without_case_and_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += folded(c);
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool equal_attribute(const x509::Name::Attribute& a, const x509::Name::Attribute& b) {
  return a.type == b.type && a.rdn == b.rdn &&
         without_case_and_spaces(a.text()) == without_case_and_spaces(b.text());
}

// Attributes are in DER's order within an RDN on both sides, so whole RDNs compare one by one.
bool name_subtree_holds(const GeneralName& subtree, const x509::Name& name) {
  const auto base = subtree.name();
  if (!base || base->size() > name.size()) return false;
  for (std::size_t i = 0; i < base->size(); ++i)
    if (!equal_attribute(base->attribute(i), name.attribute(i))) return false;
  return base->size() == name.size() || base->empty() ||
         name.attribute(base->size()).rdn != name.attribute(base->size() - 1).rdn;
}

bool subtree_holds(const GeneralName& subtree, const GeneralName& name, Holds what) {
  if (subtree.kind() != name.kind()) return false;
  switch (name.kind()) {
    case Kind::dns: return dns_subtree_holds(subtree.text(), name.text(), what);
    case Kind::email: return email_subtree_holds(subtree.text(), name.text());
    case Kind::uri: return uri_subtree_holds(subtree.text(), name.text(), what);
    case Kind::ip: return ip_subtree_holds(subtree.octets(), name.octets());
    case Kind::directory_name: {
      const auto own = name.name();
      return own ? name_subtree_holds(subtree, *own) : what == Holds::any;
    }
    default: return what == Holds::any;
  }
}

std::optional<std::string> complaint_about(const x509::NameConstraints& constraints,
                                           const GeneralName& name) {
  const auto text = [&] { return profile::shown(name.to_text()); };
  for (const GeneralName& subtree : constraints.excluded)
    if (subtree_holds(subtree, name, Holds::any))
      return fmt::format("{} is in the excluded {}", text(), profile::shown(subtree.to_text()));
  bool constrained = false;
  for (const GeneralName& subtree : constraints.permitted) {
    if (subtree.kind() != name.kind()) continue;
    constrained = true;
    if (subtree_holds(subtree, name, Holds::all)) return {};
  }
  if (!constrained) return {};
  return fmt::format("{} is in no permitted subtree", text());
}

}  // namespace

std::optional<std::string> name_constraints_complaint(const x509::NameConstraints& constraints,
                                                      const x509::Name& subject,
                                                      const std::vector<GeneralName>& names) {
  for (const GeneralName& name : names)
    if (auto complaint = complaint_about(constraints, name)) return complaint;
  if (!subject.empty())
    if (auto complaint = complaint_about(constraints, GeneralName::directory_name(subject)))
      return complaint;
  for (const std::string& address : subject.values(oids::kEmailAddress)) {
    const auto name = GeneralName::email(address);
    if (!name) return fmt::format("emailAddress {} is no mailbox", profile::shown(address));
    if (auto complaint = complaint_about(constraints, *name)) return complaint;
  }
  if (std::ranges::any_of(names, [](const auto& name) { return name.kind() == Kind::dns; })) return {};
  for (const std::string& common_name : subject.common_names()) {
    if (common_name.find('.') == std::string::npos ||
        !x509::valid_dns_name(common_name, x509::Wildcard::allowed, x509::Underscore::allowed))
      continue;
    if (auto complaint = complaint_about(constraints, *GeneralName::dns(common_name)))
      return complaint;
  }
  return {};
}

}  // namespace certwright::lint
