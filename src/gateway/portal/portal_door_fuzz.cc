// Whatever is sent to the portal: no crash, never a 500, every error in its form, and no certificate for
// one who is not signed in or where an officer must approve.
// Input: one octet (bits 0-2 method, 3 credential, 4-5 Content-Type, 6 approval), a target up to a line feed,
// then the body. "$R" in the target stands for the id of a request that exists.
#include <cstdlib>
#include <memory>
#include <string>

#include "gateway/certs/testing_world.h"
#include "gateway/portal/portal_door.h"

using namespace certwright;
using gateway::certs::testing::must;
using gateway::certs::testing::World;

namespace {

constexpr int kInputsPerWorld = 1'000;  // what is made is kept: memory is bounded by starting anew

struct FuzzedWorld {
  explicit FuzzedWorld(bool waits) {
    if (waits) world.set_approval("issuing", {{}});
    gateway::web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    handler = must(gateway::web::WebHandler::create(
        {world.authenticator, world.clock, world.random, world.metrics, &world.journal}, door.routes(),
        std::move(options)));
    gateway::portal::CsrForm form;
    form.csr = must(pkcs10::parse_pem_or_der(as_bytes(World::csr_pem(must(x509::Name::from_text("CN=a.example"))))));
    form.common_name = "a.example";
    const auto admin = must(world.directory.find_principal(world.admin_id));
    request = must(service.process(std::move(form), admin, {.principal = admin.id, .tenant = "default", .door = "portal", .remote = ""})).request.id;
  }

  World world;
  gateway::portal::CsrService service{{.requests = world.requests, .issuance = world.issuance, .cas = world.cas,
                                       .profiles = world.profiles, .selection = world.selection,
                                       .store = world.store, .clock = world.clock}};
  gateway::portal::Door door{service, world.requests};
  std::unique_ptr<gateway::web::WebHandler> handler;
  std::string request;
  int inputs = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<FuzzedWorld> worlds[2];
  if (size == 0) return 0;
  const bool waits = (data[0] & 64) != 0, signs_in = (data[0] & 8) != 0;
  auto& state = worlds[waits ? 1 : 0];
  if (state == nullptr || ++state->inputs > kInputsPerWorld) state = std::make_unique<FuzzedWorld>(waits);
  constexpr const char* kMethods[] = {"GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "PUT", "X"};
  constexpr const char* kTypes[] = {"application/json", "application/x-www-form-urlencoded",
                                    "multipart/form-data; boundary=x", "text/plain"};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto line = std::min(text.find('\n'), text.size());
  std::string target = text.substr(0, line);
  const std::string body = line < text.size() ? text.substr(line + 1) : std::string();
  if (!target.starts_with('/')) target = "/csr/" + target;
  if (const auto at = target.find("$R"); at != std::string::npos) target.replace(at, 2, state->request);

  http::Headers headers;
  if (signs_in) headers.add("Authorization", "Bearer " + state->world.admin);
  headers.add("Content-Type", kTypes[data[0] >> 4 & 3]);
  auto request = gateway::web::testing::make_request(kMethods[data[0] & 7], target, std::move(headers), body);
  if (gateway::web::testing::server_would_refuse(request)) return 0;
  (void)state->handler->dispatch(request);
  const auto response = state->handler->handle(std::move(request));
  if (response.status == 500 || response.status < 200) std::abort();
  const std::string_view answer = response.body.text();
  if (answer.find("BEGIN CERTIFICATE-") != answer.npos && (waits || !signs_in)) std::abort();
  const bool asks_for_methods = (data[0] & 7) == 5;
  if (!signs_in && response.status < 400 && !asks_for_methods) std::abort();
  if (response.status >= 400 && response.headers.get("Content-Type") == "application/json") {
    const auto document = json::parse(answer);
    if (!document || document->find("success") == nullptr || document->find("message") == nullptr) std::abort();
  }
  return 0;
}
