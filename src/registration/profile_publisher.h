#pragma once
#include "audit/journal.h"
#include "json/value.h"
#include "registration/profile_directory.h"

namespace certwright::registration {

// Adds versions of profiles. A version never changes: what was issued names it. Safe from any thread.
class ProfilePublisher {
 public:
  // All must outlive this.
  ProfilePublisher(store::Store& store, audit::Journal& journal, ProfileDirectory& directory, const Clock& clock)
      : store_(store), journal_(journal), directory_(directory), clock_(clock) {}

  // `document`: profile/README.md. Its version is set here: 1 for a new name, else the next one.
  // In force for requests that come after the return. Errors: invalid with the field; not_permitted
  // for internal profiles; conflict if somebody else published at the same time; policy if it intercepts
  // (profile::is_of_interception) where the version before did not, or the other way round: the CAs that
  // have it attached were put under their roots for what it was.
  Result<std::shared_ptr<const profile::Profile>> publish(const json::Value& document,
                                                          const audit::Actor& actor);
  // The profiles shipped with the product that the store does not have yet, internal ones too.
  Result<std::size_t> publish_shipped(const audit::Actor& actor);

 private:
  Result<void> check_nature(const profile::Profile& profile, const profile::Profile* present) const;
  Result<void> put(const profile::Profile& profile, const audit::Actor& actor);
  store::Store& store_;
  audit::Journal& journal_;
  ProfileDirectory& directory_;
  const Clock& clock_;
};

}  // namespace certwright::registration
