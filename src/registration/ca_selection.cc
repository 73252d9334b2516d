#include "registration/ca_selection.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "access/principal.h"
#include "crypto/algorithm.h"
#include "profile/name_rule.h"
#include "profile/shown.h"
#include "registration/served.h"
#include "x509/general_name.h"
#include "x509/oids.h"

namespace certwright::registration {
namespace {

constexpr std::array<der::Oid, 4> kExtensionOids = {x509::oids::kServerAuth, x509::oids::kClientAuth,
                                                    x509::oids::kEmailProtection, x509::oids::kCodeSigning};

// Of an explanation, which is stored with each request and read by people.
constexpr std::size_t kMaxExplained = 20;
constexpr std::size_t kMaxExplanationOctets = 8'000;  // beyond it no other CA is explained
// What most requests want that say nothing of what they are for.
constexpr std::string_view kUsualProfile = "tls-server-client";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// "@example.com" is every address of the domain and of those below it.
bool email_matches(const std::string& rule, std::string_view email) {
  const std::string wanted = lower_case(rule), is = lower_case(email);
  if (!wanted.starts_with('@')) return wanted == is;
  const auto at = is.rfind('@');
  if (at == std::string::npos || at == 0) return false;
  const std::string_view domain = std::string_view(is).substr(at);
  return domain == wanted || domain.ends_with("." + wanted.substr(1));
}

bool network_matches(const std::string& rule, std::string_view address) {
  const auto octets = x509::parse_ip_address(address);
  return octets && profile::prefix_matches(rule, *octets);
}

// "rsa" is every RSA key, "rsa-2048" that size.
bool key_type_matches(std::string_view rule, std::string_view key_type) {
  return key_type == rule || (key_type.starts_with(rule) && key_type.substr(rule.size()).starts_with('-'));
}

struct Criterion {
  std::string_view name;
  std::string_view fact;
  const std::vector<std::string>& wanted;
  int points;
  bool (*matches)(const std::string& rule, std::string_view fact);
};

// What the tenant's rule for the CA says of the request.
void apply_rule(const SelectionRule& rule, const SelectionFacts& facts, const SelectionPolicy& policy,
                SelectionCandidate& candidate) {
  const Criterion criteria[] = {
      {"purpose", facts.purpose, rule.purposes, policy.purpose_points,
       [](const std::string& wanted, std::string_view is) { return wanted == is; }},
      {"e-mail", facts.principal.email, rule.emails, policy.email_points, &email_matches},
      {"client address", facts.client_address, rule.networks, policy.network_points, &network_matches},
      {"key type", facts.key_type, rule.key_types, policy.key_type_points,
       [](const std::string& wanted, std::string_view is) { return key_type_matches(wanted, is); }}};
  for (const auto& each : criteria) {
    if (each.wanted.empty()) continue;
    const auto met = std::ranges::find_if(
        each.wanted, [&](const std::string& wanted) { return each.matches(wanted, each.fact); });
    const std::string fact = each.fact.empty() ? "none" : profile::shown(each.fact);
    if (met != each.wanted.end()) {
      candidate.points += each.points;
      candidate.reasons.push_back(fmt::format("{} {} matches \"{}\" (+{})", each.name, fact, *met, each.points));
    } else if (rule.required) {
      candidate.excluded = true;
      candidate.reasons.push_back(fmt::format("{} {} is none of those its rule requires", each.name, fact));
    } else {
      candidate.reasons.push_back(fmt::format("{} {} is none of those its rule prefers (+0)", each.name, fact));
    }
  }
}

void exclude(SelectionCandidate& candidate, std::string why) {
  candidate.excluded = true;
  candidate.reasons.push_back(std::move(why));
}

struct Ranked {
  SelectionCandidate candidate{};
  Time not_after{};
  std::string instead{};  // of the usual profile, where the request says nothing of what it is for
};

void count_lifetime(const ca::CertificationAuthority& ca, const SelectionFacts& facts, const SelectionPolicy& policy,
                    Time now, Ranked& ranked) {
  auto& candidate = ranked.candidate;
  const auto left = std::chrono::floor<Seconds>(ca.not_after() - now);
  const auto needed = std::max(facts.validity.value_or(Seconds(0)), policy.remaining_min);
  if (left < needed)
    return exclude(candidate, fmt::format("it ends in {} days, before the {} that are needed",
                                          left.count() / 86'400, needed.count() / 86'400));
  const int enough = left >= 2 * needed ? policy.lifetime_points : policy.lifetime_points / 2;
  // A CA for something special may last for decades, and is not for everything because of that.
  const int points = ranked.instead.empty() ? enough : 0;
  candidate.points += points;
  candidate.reasons.push_back(fmt::format("it lasts {} days more (+{})", left.count() / 86'400, points));
  if (!ranked.instead.empty())
    candidate.reasons.push_back(fmt::format("it would give \"{}\", not the usual \"{}\"", ranked.instead, kUsualProfile));
}

// Can it do what is asked for at all?
void check_ability(const ca::CertificationAuthority& ca, const SelectionFacts& facts,
                   const SelectionPolicy& policy, const ProfileDirectory& profiles, Time now, Ranked& ranked) {
  auto& candidate = ranked.candidate;
  if (!ca.can_issue(now)) return exclude(candidate, "it cannot issue now");
  if (!facts.profile.empty()) {
    if (std::ranges::find(ca.policy().profiles, facts.profile) == ca.policy().profiles.end())
      return exclude(candidate, "it has no profile " + profile::shown(facts.profile));
    return count_lifetime(ca, facts, policy, now, ranked);
  }
  const auto profile = profile_for(ca, profiles, facts.extensions, facts.purpose);
  if (profile == nullptr)
    return exclude(candidate, facts.extensions.empty()
                                  ? std::string("it has no profile for requests")
                                  : fmt::format("it has no profile with {}", fmt::join(facts.extensions, ", ")));
  if (!facts.key_type.empty() &&
      std::ranges::find(profile->key_algorithms, facts.key_type) == profile->key_algorithms.end())
    return exclude(candidate, fmt::format("its profile \"{}\" takes no {} keys", profile->name, facts.key_type));
  if (facts.extensions.empty() && profile->name != facts.purpose && profile->name != kUsualProfile)
    ranked.instead = profile->name;
  count_lifetime(ca, facts, policy, now, ranked);
}

std::string explain(const Selection& selection) {
  std::string text;
  for (std::size_t i = 0; i < selection.candidates.size(); ++i) {
    const auto& candidate = selection.candidates[i];
    if (!text.empty()) text += "; ";
    if (i >= kMaxExplained || text.size() >= kMaxExplanationOctets) {
      text += fmt::format("and {} more", selection.candidates.size() - i);
      break;
    }
    const auto why = fmt::format("{}", fmt::join(candidate.reasons, ", "));
    if (candidate.excluded) text += fmt::format("{} excluded because {}", candidate.ca, why);
    else if (candidate.ca == selection.ca) text += fmt::format("chose {} ({} points) because {}", candidate.ca, candidate.points, why);
    else text += fmt::format("{} has {} points: {}", candidate.ca, candidate.points, why);
  }
  return text.empty() ? "there is no issuing CA that you may use for this tenant" : text;
}

}  // namespace

std::vector<std::string> extension_names(const profile::Profile& profile) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kExtensionOids.size(); ++i)
    if (std::ranges::find(profile.extended_key_usage, kExtensionOids[i]) != profile.extended_key_usage.end())
      names.emplace_back(kExtensionNames[i]);
  return names;
}

std::shared_ptr<const profile::Profile> profile_for(const ca::CertificationAuthority& ca,
                                                    const ProfileDirectory& profiles,
                                                    const std::vector<std::string>& extensions,
                                                    std::string_view purpose) {
  std::vector<std::shared_ptr<const profile::Profile>> usable;
  for (const auto& name : ca.policy().profiles) {
    auto profile = profiles.find(name);
    if (profile != nullptr && !profile->internal && !profile->ca && !profile->interception)
      usable.push_back(std::move(profile));
  }
  if (extensions.empty()) {
    for (const std::string_view wanted : {purpose, kUsualProfile})
      for (const auto& profile : usable)
        if (profile->name == wanted) return profile;
    return usable.empty() ? nullptr : usable.front();
  }
  std::shared_ptr<const profile::Profile> best;
  std::size_t best_rights = 0;
  for (const auto& profile : usable) {
    const auto names = extension_names(*profile);
    const bool has_all = std::ranges::all_of(extensions, [&](const std::string& wanted) {
      return std::ranges::find(names, wanted) != names.end();
    });
    const std::size_t rights = profile->extended_key_usage.size();
    if (!has_all || (best != nullptr && rights >= best_rights)) continue;
    best = profile;
    best_rights = rights;
  }
  return best;
}

bool is_key_type(std::string_view text) {
  return std::ranges::any_of(crypto::key_algorithms(), [&](const auto& row) { return key_type_matches(text, row.name); });
}

Selection select_ca(const SelectionFacts& facts, const SelectionPolicy& policy, const ca::CaDirectory& cas,
                    const ProfileDirectory& profiles, Time now) {
  std::vector<Ranked> ranked;
  for (const auto& ca : cas.all()) {
    // One that is retired never comes back: no news for anybody.
    if (ca->is_root() || ca->record().state == store::CaState::retired || !serves(*ca, facts.tenant)) continue;
    if (!access::authorise(facts.principal, access::Action::certificate_issue_csr, {facts.tenant, ca->id(), ""}))
      continue;
    Ranked each{.candidate = {.ca = ca->id()}, .not_after = ca->not_after()};
    check_ability(*ca, facts, policy, profiles, now, each);
    const auto rule = std::ranges::find(policy.rules, ca->id(), &SelectionRule::ca);
    if (rule != policy.rules.end()) apply_rule(*rule, facts, policy, each.candidate);
    ranked.push_back(std::move(each));
  }
  std::ranges::sort(ranked, [](const Ranked& a, const Ranked& b) {
    if (a.candidate.excluded != b.candidate.excluded) return b.candidate.excluded;
    if (a.candidate.points != b.candidate.points) return a.candidate.points > b.candidate.points;
    if (a.instead.empty() != b.instead.empty()) return a.instead.empty();
    if (a.not_after != b.not_after) return a.not_after > b.not_after;
    return a.candidate.ca < b.candidate.ca;
  });
  Selection selection;
  for (auto& each : ranked) selection.candidates.push_back(std::move(each.candidate));
  if (!selection.candidates.empty() && !selection.candidates.front().excluded)
    selection.ca = selection.candidates.front().ca;
  selection.explanation = explain(selection);
  return selection;
}

}  // namespace certwright::registration
