#include "registration/profile_publisher.h"

#include <algorithm>

#include "ca/ca_policy.h"
#include "crypto/digest.h"

namespace certwright::registration {

Result<std::shared_ptr<const profile::Profile>> ProfilePublisher::publish(const json::Value& document,
                                                                          const audit::Actor& actor) {
  CERTWRIGHT_TRY(auto parsed, profile::parse_profile(document));
  const auto present = directory_.find(parsed.name);
  if (parsed.internal || (present != nullptr && present->internal))
    return fail_field(Errc::not_permitted, "name",
                      "name: \"" + parsed.name + "\" is internal; the CA itself decides it");
  CERTWRIGHT_CHECK(check_nature(parsed, present.get()));
  parsed.version = present == nullptr ? 1 : present->version + 1;
  CERTWRIGHT_CHECK(put(parsed, actor));
  CERTWRIGHT_CHECK(directory_.reload());
  return directory_.find(parsed.name);
}

Result<void> ProfilePublisher::check_nature(const profile::Profile& profile,
                                            const profile::Profile* present) const {
  const bool intercepts = profile::is_of_interception(profile);
  const std::string member = profile.ca ? "interception_ca" : "interception";
  if (present != nullptr) {
    if (intercepts == profile::is_of_interception(*present)) return {};
    return fail_field(Errc::policy, member,
                      member + ": \"" + profile.name + "\" " + (intercepts ? "never intercepted" : "intercepts") +
                          ", and CAs have it as such; publish this under another name");
  }
  if (!intercepts) return {};
  // A CA of an older version may have the name of a profile that there never was.
  CERTWRIGHT_TRY(const auto cas, store_.list_cas());
  for (const auto& ca : cas) {
    CERTWRIGHT_TRY(const auto policy, ca::parse_ca_policy(ca.policy));
    if (std::ranges::find(policy.profiles, profile.name) != policy.profiles.end())
      return fail_field(Errc::policy, "name",
                        "name: CA \"" + ca.id + "\" has \"" + profile.name +
                            "\" in its policy already; take it out first, or publish this under another name");
  }
  return {};
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
