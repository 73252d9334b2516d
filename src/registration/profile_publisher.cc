#include "registration/profile_publisher.h"

#include "crypto/digest.h"

namespace certwright::registration {

Result<std::shared_ptr<const profile::Profile>> ProfilePublisher::publish(const json::Value& document,
                                                                          const audit::Actor& actor) {
  CERTWRIGHT_TRY(auto parsed, profile::parse_profile(document));
  const auto present = directory_.find(parsed.name);
  if (parsed.internal || (present != nullptr && present->internal))
    return fail_field(Errc::not_permitted, "name",
                      "name: \"" + parsed.name + "\" is internal; the CA itself decides it");
  parsed.version = present == nullptr ? 1 : present->version + 1;
  CERTWRIGHT_CHECK(put(parsed, actor));
  CERTWRIGHT_CHECK(directory_.reload());
  return directory_.find(parsed.name);
}

Result<std::size_t> ProfilePublisher::publish_shipped(const audit::Actor& actor) {
  CERTWRIGHT_CHECK(directory_.reload());
  std::size_t published = 0;
  for (auto profile : profile::shipped_profiles()) {
    if (directory_.find(profile.name) != nullptr) continue;
    profile.version = 1;
    CERTWRIGHT_CHECK(put(profile, actor));
    ++published;
  }
  CERTWRIGHT_CHECK(directory_.reload());
  return published;
}

Result<void> ProfilePublisher::put(const profile::Profile& profile, const audit::Actor& actor) {
  const std::string document = profile::write_profile(profile);
  return store_.apply(
      {store::PutProfile{{.name = profile.name,
                          .version = profile.version,
                          .document = document,
                          .created_by = actor.principal,
                          .created_at = clock_.now()}},
       journal_.leaf({.type = audit::EventType::profile_created,
                      .actor = actor,
                      .fields = {{"profile", profile.name},
                                 {"version", std::to_string(profile.version)},
                                 {"sha256", to_hex(crypto::sha256(as_bytes(document)))}}})});
}

}  // namespace certwright::registration
