#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.h"
#include "store/store.h"

namespace certwright::registration {

// The profiles in force: the newest version of each, parsed once. Safe from any thread.
class ProfileDirectory {
 public:
  explicit ProfileDirectory(const store::Store& store) : store_(store) {}
  // Reads all from the store. Errors: the store's; invalid if a stored document cannot be read.
  Result<void> reload();
  std::shared_ptr<const profile::Profile> find(std::string_view name) const;  // null if there is none
  std::vector<std::shared_ptr<const profile::Profile>> all() const;           // by name

 private:
  const store::Store& store_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const profile::Profile>, std::less<>> profiles_;
};

}  // namespace certwright::registration
