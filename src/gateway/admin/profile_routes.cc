#include "gateway/admin/routes.h"
#include "profile/profile.h"

namespace certwright::gateway::admin {
namespace {

using access::Action;
using web::Context;
using web::Guard;

Result<http::Response> list_profiles(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::profile_read, {}, "profiles"));
  json::Writer w;
  w.begin_object().key("profiles").begin_array();
  for (const auto& profile : d.profiles.all()) w.raw(profile::write_profile(*profile));
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> show_profile(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::profile_read, {}, context.param("profile")));
  const auto profile = d.profiles.find(context.param("profile"));
  if (profile == nullptr) return tl::unexpected(access::not_found_error());
  json::Writer w;
  w.raw(profile::write_profile(*profile));
  return json_response(200, std::move(w));
}

Result<http::Response> publish_profile(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::profile_manage, {}, "profile"));
  CERTWRIGHT_TRY(const auto document, context.json_body());
  CERTWRIGHT_TRY(const auto profile, d.publisher.publish(document, context.actor()));
  json::Writer w;
  w.raw(profile::write_profile(*profile));
  return json_response(201, std::move(w));
}

}  // namespace

std::vector<web::Route> profile_routes(const Dependencies& d) {
  const auto with = handlers_with(d);
  return {
      route("GET", "/api/v1/profiles", Guard::needs(Action::profile_read), "listProfiles", with(list_profiles)),
      route("GET", "/api/v1/profiles/{profile}", Guard::needs(Action::profile_read), "showProfile", with(show_profile)),
      route("POST", "/api/v1/profiles", Guard::needs(Action::profile_manage), "publishProfile",
            with(publish_profile), 256 * 1024),
  };
}

}  // namespace certwright::gateway::admin
