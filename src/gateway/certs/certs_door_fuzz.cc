// Whatever is sent to the certs service: no crash, never a 500, and every error in its form.
// Input: one octet (method, credential), a target up to a newline, then the body. "$S" in the
// target stands for the serial of a certificate that exists, "$T" for a good download token of it.
#include <cstdlib>
#include <memory>
#include <string>

#include "gateway/certs/testing_world.h"

using namespace certwright;
using gateway::certs::testing::World;

namespace {

constexpr int kInputsPerWorld =
    2'000;  // what is issued is kept: memory is bounded by starting anew

struct FuzzedWorld {
  World world;
  std::string serial = world.issue(world.admin, "entity");
  int inputs = 0;
};

void put_in(std::string& text, std::string_view mark, const std::string& value) {
  if (const auto at = text.find(mark); at != std::string::npos)
    text.replace(at, mark.size(), value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto state = std::make_unique<FuzzedWorld>();
  if (size == 0) return 0;
  if (++state->inputs > kInputsPerWorld) state = std::make_unique<FuzzedWorld>();
  constexpr const char* kMethods[] = {"GET",  "POST",    "PATCH", "DELETE",
                                      "HEAD", "OPTIONS", "PUT",   "X"};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto line = std::min(text.find('\n'), text.size());
  std::string target = text.substr(0, line);
  std::string body = line < text.size() ? text.substr(line + 1) : std::string();
  if (!target.starts_with('/')) target = "/certs/" + target;
  put_in(target, "$S", state->serial);
  if (target.find("$T") != std::string::npos)
    put_in(target, "$T", state->world.download_token(state->world.admin, state->serial));
  if (body.find("rsa") != std::string::npos) return 0;  // seconds of key generation teach nothing

  http::Headers headers;
  if (data[0] & 8) headers.add("Authorization", "Bearer " + state->world.admin);
  auto request =
      gateway::web::testing::make_request(kMethods[data[0] & 7], target, std::move(headers), body);
  if (gateway::web::testing::server_would_refuse(request)) return 0;
  (void)state->world.handler->dispatch(request);
  const auto response = state->world.handler->handle(std::move(request));
  if (response.status == 500 || response.status < 200) std::abort();
  if (response.status >= 400 && response.headers.get("Content-Type") == "application/json") {
    const auto document = json::parse(response.body.text());
    if (!document || document->find("error") == nullptr || document->find("message") == nullptr)
      std::abort();
  }
  return 0;
}
