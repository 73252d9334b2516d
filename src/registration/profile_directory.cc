#include "registration/profile_directory.h"

#include "json/value.h"

namespace certwright::registration {

Result<void> ProfileDirectory::reload() {
  CERTWRIGHT_TRY(const auto records, store_.list_profiles());
  std::map<std::string, std::shared_ptr<const profile::Profile>, std::less<>> profiles;
  for (const auto& record : records) {
    CERTWRIGHT_TRY(const auto document, json::parse(record.document));
    auto parsed = profile::load_profile(document);
    if (!parsed)
      return fail_field(Errc::invalid, parsed.error().field,
                        "profile \"" + record.name + "\": " + parsed.error().detail);
    parsed->name = record.name;
    parsed->version = record.version;
    profiles.emplace(record.name, std::make_shared<const profile::Profile>(std::move(*parsed)));
  }
  const std::lock_guard lock(mutex_);
  profiles_ = std::move(profiles);
  return {};
}

std::shared_ptr<const profile::Profile> ProfileDirectory::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const profile::Profile>> ProfileDirectory::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const profile::Profile>> all;
  for (const auto& [name, profile] : profiles_) all.push_back(profile);
  return all;
}

}  // namespace certwright::registration
