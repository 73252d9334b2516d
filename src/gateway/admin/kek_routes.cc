// The key-encryption key: its state, and another one.
#include "gateway/admin/routes.h"

namespace certwright::gateway::admin {
namespace {

using access::Action;
using web::Context;
using web::Guard;

Result<http::Response> show_kek(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::keys_manage, {}, "key-encryption key"));
  const auto progress = d.rotation.progress();
  json::Writer w;
  w.begin_object().member("phase", key_rotation::name_of(progress.phase)).member("source", progress.source)
      .member("active", progress.active).key("retired").begin_array();
  for (const auto& id : progress.retired) w.value(id);
  w.end_array().member("kept", progress.kept).member("resealed", progress.resealed);
  if (progress.remaining) w.member("remaining", *progress.remaining);
  if (!progress.problem.empty()) w.member("problem", progress.problem);
  w.end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> rotate_kek(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(context.authorise(Action::keys_manage, {}, "key-encryption key"));
  CERTWRIGHT_TRY(const auto rotated, d.rotation.rotate(context.actor()));
  json::Writer w;
  w.begin_object().member("switched", rotated.switched).member("active", rotated.active);
  if (rotated.switched) w.member("retired", rotated.retired);
  w.member("source", rotated.source).end_object();
  return json_response(200, std::move(w));
}

}  // namespace

std::vector<web::Route> kek_routes(const Dependencies& d) {
  const auto with = handlers_with(d);
  const auto manage = Guard::needs(Action::keys_manage);
  return {
      route("GET", "/api/v1/kek", manage, "showKek", with(show_kek)),
      route("POST", "/api/v1/kek/rotate", manage, "rotateKek", with(rotate_kek)),
  };
}

}  // namespace certwright::gateway::admin
