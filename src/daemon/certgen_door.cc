#include "daemon/certgen_door.h"

#include <algorithm>

#include "daemon/log.h"

namespace certwright::daemon {
namespace {

namespace certgen = gateway::certgen;

Result<certgen::ChainForm> chain_form(std::string_view word) {
  if (word == "without-root") return certgen::ChainForm::without_root;
  if (word == "with-root") return certgen::ChainForm::with_root;
  if (word == "leaf-only") return certgen::ChainForm::leaf_only;
  return fail_field(Errc::invalid, "certgen.chain", "certgen.chain: expected without-root, with-root or leaf-only");
}

Result<std::vector<certgen::UdpSocket>> open_sockets(const Configuration& configuration, const std::vector<int>& inherited) {
  std::vector<certgen::UdpSocket> sockets;
  for (const int fd : inherited) {
    CERTWRIGHT_TRY(auto socket, certgen::UdpSocket::adopt(fd, {}));
    if (!socket.is_loopback_only() && configuration.certgen_settings.allowed_peers.empty())
      return fail_field(Errc::policy, "certgen.allowed_peers",
                        "the inherited socket of the certificate generator is bound to " + socket.endpoint() +
                            ": beyond loopback it needs certgen.allowed_peers");
    if (const auto& wanted = configuration.certgen; wanted && wanted->port != 0 && wanted->text() != socket.endpoint())
      log_warning("the inherited socket counts, not the configured address", {{"socket", socket.endpoint()}, {"configured", wanted->text()}});
    sockets.push_back(std::move(socket));
  }
  if (sockets.empty()) {
    CERTWRIGHT_TRY(auto socket, certgen::UdpSocket::bind({.address = configuration.certgen->address, .port = configuration.certgen->port}));
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

}  // namespace

Result<certgen::DoorOptions> door_options(const Configuration& configuration) {
  const auto& settings = configuration.certgen_settings;
  certgen::DoorOptions options;
  CERTWRIGHT_TRY(options.chain, chain_form(settings.chain));
  std::vector<certgen::AddressPrefix> allowed;
  for (const auto& text : settings.allowed_peers) {
    auto prefix = certgen::AddressPrefix::parse(text);
    if (!prefix) return fail_field(Errc::invalid, "certgen.allowed_peers", "certgen.allowed_peers: " + prefix.error().detail);
    allowed.push_back(*prefix);
  }
  options.peers = certgen::PeerPolicy(std::move(allowed));
  options.requests_per_second_and_peer = static_cast<double>(settings.requests_per_second_and_peer);
  options.burst_per_peer = 2 * options.requests_per_second_and_peer;
  options.workers = settings.workers;
  options.cache.entries_max = settings.cache_entries;
  options.cache.lifetime = Seconds(settings.cache_lifetime_s);
  options.queue.deadline = std::chrono::milliseconds(settings.deadline_ms);
  options.warn = [](std::string_view text) { log_warning("certificate generator", {{"what", std::string(text)}}); };
  return options;
}

Result<void> CertgenDoor::check(const Configuration& configuration) {
  CERTWRIGHT_CHECK(door_options(configuration));
  if (configuration.certgen && !configuration.certgen->is_loopback() && configuration.certgen_settings.allowed_peers.empty())
    return fail_field(Errc::policy, "certgen.allowed_peers",
                      "the certificate generator on " + configuration.certgen->text() +
                          ": whoever reaches it can have any server name, so beyond loopback it needs certgen.allowed_peers");
  return {};
}

Result<std::unique_ptr<CertgenDoor>> CertgenDoor::open(Installation& in, const Configuration& configuration, const std::vector<int>& inherited) {
  CERTWRIGHT_CHECK(check(configuration));
  const auto& settings = configuration.certgen_settings;
  std::unique_ptr<CertgenDoor> made(new CertgenDoor(in.metrics));
  CERTWRIGHT_TRY(auto options, door_options(configuration));
  options.on_answer = [made = made.get()](std::chrono::nanoseconds took, std::size_t octets) { made->metrics_.observe(took, octets); };
  CERTWRIGHT_TRY(auto sockets, open_sockets(configuration, inherited));
  made->interception_ = std::make_unique<Interception>(
      in, Interception::Options{.ca = settings.ca, .profile = settings.profile, .rsa_pool_capacity = settings.rsa_pool});
  if (const auto opened = made->interception_->refresh(); !opened)
    log_error("the certificate generator cannot issue; the rest of the server can, and it is tried again", {{"reason", opened.error().detail}});
  CERTWRIGHT_TRY(made->door_, certgen::Door::open(std::move(sockets), std::move(options), *made->interception_, in.clock));
  made->metrics_.follow(*made->door_);
  return made;
}

Result<void> CertgenDoor::stop() {
  door_->stop();
  return interception_->settle();
}

std::vector<std::pair<std::string, std::string>> CertgenDoor::facts() const {
  const auto& door = *door_;
  const auto now = door.statistics();
  const auto issuer = door.issuer_statistics();
  std::size_t receive_buffer = SIZE_MAX;
  for (const auto& socket : door.sockets()) receive_buffer = std::min(receive_buffer, socket.receive_buffer_octets());
  const auto text = [](std::uint64_t value) { return std::to_string(value); };
  return {{"certgen_endpoint", door.endpoint()},
          {"certgen_requests", text(now.requests)},
          {"certgen_answers", text(now.answered_cached + now.answered_issued)},
          {"certgen_invalid", text(now.invalid)},
          {"certgen_denied", text(now.denied)},
          {"certgen_rate_limited", text(now.rate_limited)},
          {"certgen_shed", text(now.shed_late + now.shed_full)},
          {"certgen_failed", text(now.failed)},
          {"certgen_kernel_dropped", text(now.kernel_dropped)},
          {"certgen_cache_entries", text(now.cache_entries)},
          {"certgen_receive_buffer_octets", text(receive_buffer)},
          {"certgen_key_pool_depth", text(issuer.rsa_pool_depth)},
          {"certgen_key_pool_capacity", text(issuer.rsa_pool_capacity)},
          {"certgen_records_failed", text(issuer.records_failed)},
          {"certgen_record_failure", interception_->record_failure()},
          {"certgen_trouble", interception_->trouble()}};
}

}  // namespace certwright::daemon
