// Whatever is sent to the notification routes: no crash, never a 500, every error a problem document
// (RFC 9457), and nothing without a credential.
// Input: one octet (method, credential), a target up to a line feed, then the body. "$W" in the target
// stands for the id of a webhook that exists.
#include <cstdlib>
#include <memory>
#include <string>

#include "gateway/notices/testing_notices.h"

using namespace certwright;
using gateway::certs::testing::must;

namespace {

constexpr int kInputsPerWorld = 500;  // what is made is kept: memory is bounded by starting anew

struct Fuzzed {
  gateway::notices::testing::NoticesWorld notices;
  std::string webhook = must(notices.webhooks.create({"default", "https://hooks.example.org/", {}}, {})).webhook.id;
  int inputs = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto state = std::make_unique<Fuzzed>();
  if (size == 0) return 0;
  if (++state->inputs > kInputsPerWorld) state = std::make_unique<Fuzzed>();
  constexpr const char* kMethods[] = {"GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "X"};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto line = std::min(text.find('\n'), text.size());
  std::string target = text.substr(0, line);
  const std::string body = line < text.size() ? text.substr(line + 1) : std::string();
  if (!target.starts_with('/')) target = "/api/v1/" + target;
  if (const auto at = target.find("$W"); at != std::string::npos) target.replace(at, 2, state->webhook);

  http::Headers headers;
  const bool signs_in = (data[0] & 8) != 0;
  if (signs_in) headers.add("Authorization", "Bearer " + state->notices.world.admin);
  const bool is_options = (data[0] & 7) == 6;
  auto request = gateway::web::testing::make_request(kMethods[data[0] & 7], target, std::move(headers), body);
  if (gateway::web::testing::server_would_refuse(request)) return 0;
  const auto response = state->notices.handler->handle(std::move(request));
  if (response.status == 500 || response.status < 200) std::abort();
  // OPTIONS only says which methods there are.
  if (!signs_in && !is_options && response.status < 400) std::abort();
  if (response.status < 400) return 0;
  const auto problem = json::parse(response.body.text());
  if (response.headers.get("Content-Type") != "application/problem+json" || !problem) std::abort();
  return 0;
}
