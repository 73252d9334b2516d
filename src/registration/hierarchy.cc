#include "registration/hierarchy.h"

#include <algorithm>
#include <optional>

namespace certwright::registration {
namespace {

struct Kinds {
  std::string interception, other;  // a profile of each, if there is one
};

void note_kinds(const ProfileDirectory& profiles, const std::vector<std::string>& names, Kinds& kinds) {
  for (const auto& name : names)
    if (const auto profile = profiles.find(name))
      (profile::is_of_interception(*profile) ? kinds.interception : kinds.other) = name;
}

}  // namespace

Result<void> check_hierarchy(const ca::CaDirectory& cas, const ProfileDirectory& profiles, ByteView root,
                             std::string_view id, const std::vector<std::string>& wanted) {
  Kinds kinds;
  note_kinds(profiles, wanted, kinds);
  std::string in_the_way(id);
  for (const auto& other : cas.all()) {
    if (other->id() == id || !std::ranges::equal(other->root_certificate(), root)) continue;
    Kinds theirs;
    note_kinds(profiles, other->policy().profiles, theirs);
    if ((!kinds.interception.empty() && !theirs.other.empty()) ||
        (!kinds.other.empty() && !theirs.interception.empty())) {
      in_the_way = other->id();
      if (kinds.interception.empty()) kinds.interception = theirs.interception;
      if (kinds.other.empty()) kinds.other = theirs.other;
    }
  }
  if (kinds.interception.empty() || kinds.other.empty()) return {};
  return fail_field(Errc::policy, "profiles",
                    "profiles: \"" + kinds.interception + "\" intercepts and needs a root of its own, but \"" +
                        kinds.other + "\" is issued under this one (CA \"" + in_the_way + "\")");
}

std::vector<ca::CaPtr> outside_of_interception(const ca::CaDirectory& cas, const ProfileDirectory& profiles) {
  auto all = cas.all();
  std::vector<Bytes> roots;
  for (const auto& ca : all) {
    Kinds kinds;
    note_kinds(profiles, ca->policy().profiles, kinds);
    if (!kinds.interception.empty()) roots.push_back(to_bytes(ca->root_certificate()));
  }
  std::erase_if(all, [&](const ca::CaPtr& ca) {
    return std::ranges::any_of(roots, [&](const Bytes& root) { return std::ranges::equal(root, ca->root_certificate()); });
  });
  return all;
}

}  // namespace certwright::registration
