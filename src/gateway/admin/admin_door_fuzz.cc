// Whatever is sent to the operators' door: no crash, never a 500, every error a problem document
// (RFC 9457), and nothing but the public routes without a credential.
// Input: one octet (method, credential), a target up to a line feed, then the body. "$P" in the target
// stands for the id of a principal that exists, "$R" for that of a request that waits, in the body "$B" for what
// it is approved by.
#include <cstdlib>
#include <memory>
#include <string>

#include "gateway/admin/admin_door.h"
#include "gateway/admin/request_routes.h"
#include "gateway/certs/testing_world.h"
#include "gateway/web/testing_request.h"
#include "json/value.h"
#include "registration/profile_publisher.h"

using namespace certwright;
using gateway::certs::testing::must;
using gateway::certs::testing::World;

namespace {

constexpr int kInputsPerWorld = 500;  // what is made is kept: memory is bounded by starting anew

struct FuzzedWorld {
  World world;
  World::Account subject = world.add_account(world.add_tenant("acme"), {{access::Role::requester, "acme", {}}});
  registration::ProfilePublisher publisher{world.store, world.journal, world.profiles, world.clock};
  std::string request = waiting_request();
  key_rotation::Rotation rotation{{.store = world.store, .journal = world.journal, .sealer = world.sealer,
                                   .random = world.random, .source = {}}};
  std::unique_ptr<gateway::web::WebHandler> handler = make_handler();
  int inputs = 0;

  std::string waiting_request() {
    world.set_approval("issuing", {{}});
    const auto requester = world.add_account("default", {{access::Role::requester, "default", {}}});
    const auto csr = World::csr_body(World::csr_pem(must(x509::Name::from_text("CN=a.example"))));
    return World::text_of(world.call("POST", "/certs/csrs/e", requester.token, csr), "request_id");
  }
  std::string binding() const { return to_hex(must(world.requests.find(request)).value().binding); }

  std::unique_ptr<gateway::web::WebHandler> make_handler() {
    gateway::web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    const gateway::admin::Dependencies dependencies{
        .authority = world.authority, .cas = world.cas, .crls = world.crls, .profiles = world.profiles,
        .publisher = publisher, .access = world.directory, .authenticator = world.authenticator,
        .journal = world.journal, .store = world.store,
        .checkpoint_key = must(audit::CheckpointKey::create("test", {})), .clock = world.clock,
        .rotation = rotation, .accounts = world.accounts, .sessions = world.sessions,
        .status = [] { return std::vector<std::pair<std::string, std::string>>{}; }};
    auto routes = gateway::admin::admin_routes(dependencies);
    const auto requests = gateway::admin::request_routes(
        {.requests = world.requests, .issuance = world.issuance, .passwords = world.approval_passwords,
         .selection = world.selection, .cas = world.cas, .store = world.store,
         .checkpoint_key = dependencies.checkpoint_key});
    routes.insert(routes.end(), requests.begin(), requests.end());
    return must(gateway::web::WebHandler::create(
        {world.authenticator, world.clock, world.random, world.metrics, &world.journal}, std::move(routes),
        std::move(options)));
  }
};

// Slow (keys, passphrases), or about files.
bool teaches_nothing(const std::string& target, const std::string& body) {
  for (const char* word : {"rsa", "slh", "passphrase"})
    if (body.find(word) != std::string::npos) return true;
  return target.find("rotate") != std::string::npos;
}

bool is_public(const std::string& target) {
  return target.starts_with("/api/v1/audit/key") || target.starts_with("/api/v1/audit/events");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto state = std::make_unique<FuzzedWorld>();
  if (size == 0) return 0;
  if (++state->inputs > kInputsPerWorld) state = std::make_unique<FuzzedWorld>();
  constexpr const char* kMethods[] = {"GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "X"};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto line = std::min(text.find('\n'), text.size());
  std::string target = text.substr(0, line);
  std::string body = line < text.size() ? text.substr(line + 1) : std::string();
  if (!target.starts_with('/')) target = "/api/v1/" + target;
  if (const auto at = target.find("$P"); at != std::string::npos) target.replace(at, 2, state->subject.id);
  if (const auto at = target.find("$R"); at != std::string::npos) target.replace(at, 2, state->request);
  if (const auto at = body.find("$B"); at != std::string::npos) body.replace(at, 2, state->binding());
  if (teaches_nothing(target, body)) return 0;

  http::Headers headers;
  const bool signs_in = (data[0] & 8) != 0;
  if (signs_in) headers.add("Authorization", "Bearer " + state->world.admin);
  auto request = gateway::web::testing::make_request(kMethods[data[0] & 7], target, std::move(headers), body);
  if (gateway::web::testing::server_would_refuse(request)) return 0;
  (void)state->handler->dispatch(request);
  const auto response = state->handler->handle(std::move(request));
  if (response.status == 500 || response.status < 200) std::abort();
  // OPTIONS only says which methods there are.
  const bool asks_for_methods = (data[0] & 7) == 6;
  if (!signs_in && response.status < 400 && !is_public(target) && !asks_for_methods) std::abort();
  if (response.status < 400) return 0;
  const auto problem = json::parse(response.body.text());
  if (response.headers.get("Content-Type") != "application/problem+json" || !problem) std::abort();
  const json::Value* status = problem->find("status");
  if (status == nullptr || *status != json::Value(static_cast<std::int64_t>(response.status))) std::abort();
  return 0;
}
