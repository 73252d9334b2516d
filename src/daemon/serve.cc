#include "daemon/serve.h"

#include <csignal>
#include <cstdlib>
#include <thread>

#include <unistd.h>

#include "crypto/secure_memory.h"
#include "crypto/self_test.h"
#include "daemon/certgen_door.h"
#include "daemon/gateways.h"
#include "daemon/housekeeping.h"
#include "daemon/initialise.h"
#include "daemon/installation.h"
#include "daemon/log.h"
#include "daemon/server_certificate.h"
#include "daemon/version.h"
#include "gateway/web/problem.h"
#include "http/server.h"
#include "http/service_manager.h"
#include "json/writer.h"

namespace certwright::daemon {
namespace {

using namespace std::chrono_literals;
constexpr auto kDrain = 10s;
constexpr auto kSettle = 60ms;  // the aggregate log writes every 20 ms

// Signals are taken by sigwait() in the main thread; every other thread inherits the block.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

std::vector<http::ListenerOptions> listeners(const Configuration& configuration,
                                             const std::vector<http::InheritedSocket>& inherited) {
  std::vector<http::ListenerOptions> all;
  const auto add = [&](const std::string& name, const std::optional<ListenAddress>& address, http::Security security) {
    http::ListenerOptions listener;
    listener.name = name;
    listener.security = security;
    for (const auto& socket : inherited)
      if (socket.name == name) listener.inherited_fd = socket.fd;
    if (!address && !listener.inherited_fd) return;
    if (address) {
      listener.address = address->address;
      listener.port = address->port;
    }
    all.push_back(std::move(listener));
  };
  add("https", configuration.https, http::Security::tls);
  add("http", configuration.http, http::Security::plain);
  return all;
}

std::vector<Bytes> client_cas(const ca::CaDirectory& cas) {
  std::vector<Bytes> all;
  for (const auto& ca : cas.all()) all.push_back(to_bytes(ca->certificate().der()));
  return all;
}

using Endpoints = std::vector<std::pair<std::string, std::string>>;  // name, address and port

Result<void> write_endpoints(const StateDirectory& state, const Endpoints& endpoints) {
  json::Writer w;
  w.begin_object();
  for (const auto& [name, address] : endpoints) w.member(name, address);
  w.member("pid", ::getpid());
  w.end_object();
  return write_file(state.endpoints(), as_bytes(std::move(w).take() + "\n"), 0600);
}

std::string text_of(const Endpoints& endpoints) {
  std::string text;
  for (const auto& [name, address] : endpoints) text += (text.empty() ? "" : " ") + name + "=" + address;
  return text;
}

class Serving {
 public:
  Serving(Installation& installation, const Configuration& configuration)
      : in_(installation), configuration_(configuration), certificate_(installation, configuration),
        gateways_(installation, configuration) {}

  Result<void> start() {
    const auto inherited = http::take_inherited_sockets();
    CERTWRIGHT_TRY(auto identity, certificate_.current());
    CERTWRIGHT_CHECK(open_certgen(inherited));
    CERTWRIGHT_TRY(auto* handler, gateways_.open());
    http::ServerOptions options;
    options.listeners = listeners(configuration_, inherited);
    if (options.listeners.empty())
      return fail(Errc::invalid, "both listeners are off: there is nothing to serve");
    options.identity = std::move(identity);
    options.client_ca_der = client_cas(in_.cas);
    options.io_threads = configuration_.io_threads;
    if (configuration_.worker_threads != 0) options.worker_threads = configuration_.worker_threads;
    options.error_response = gateway::web::server_error_response;
    options.log = [](std::string_view message) { log_warning(message); };
    CERTWRIGHT_TRY(server_, http::Server::bind(std::move(options), *handler));
    gateways_.count_connections(*server_);
    CERTWRIGHT_CHECK(server_->start());
    if (certgen_ != nullptr) certgen_->start();
    CERTWRIGHT_CHECK(write_endpoints(in_.state, endpoints()));
    return in_.journal.record({.type = audit::EventType::server_started,
                               .actor = system_actor(),
                               .fields = {{"version", std::string(kVersion)},
                                          {"store", "sqlite"},
                                          {"listeners", text_of(endpoints())}}});
  }

  Endpoints endpoints() const {
    Endpoints all;
    for (const auto& endpoint : server_->endpoints()) all.emplace_back(endpoint.name, endpoint.text());
    if (certgen_ != nullptr) all.emplace_back("certgen", certgen_->endpoint());
    return all;
  }

  std::vector<Housekeeping::Job> jobs() {
    std::vector<Housekeeping::Job> all = {
        {"audit checkpoint", 1s, [this] { return drop_value(in_.checkpointer.run_once()); }},
        {"crl", 1s, [this] { return drop_value(in_.crls.run_due()); }},
        {"ocsp", 5s, [this] { return drop_value(in_.ocsp.run_due()); }},
        {"server certificate", 60s, [this] { return renew_certificate(); }},
    };
    if (certgen_ != nullptr) all.push_back({"interception", 1s, [this] { return certgen_->refresh(); }});
    if (const auto interval = http::watchdog_interval())
      all.push_back({"watchdog", std::chrono::duration_cast<std::chrono::milliseconds>(*interval), [] {
                       http::notify_watchdog();
                       return Result<void>();
                     }});
    return all;
  }

  Result<void> reload() {
    CERTWRIGHT_CHECK(in_.profiles.reload());
    CERTWRIGHT_CHECK(in_.authority.load());
    in_.authenticator.invalidate();
    CERTWRIGHT_CHECK(server_->set_client_cas(client_cas(in_.cas)));
    CERTWRIGHT_CHECK(write_public_files(in_));
    if (certgen_ != nullptr) CERTWRIGHT_CHECK(certgen_->refresh());
    return renew_certificate();
  }

  // After stop(). With a certificate generator this does not return: ending in order would wait for an RSA
  // key that is being made at the lowest priority, minutes on a busy machine. What was acknowledged is
  // durable, so leaving at once is as good.
  void leave() const {
    if (certgen_ == nullptr) return;
    certgen_->settle();
    std::_Exit(0);
  }

  // All sockets, for whoever takes over.
  Result<void> keep_sockets(Succession& succession) const {
    for (const auto& endpoint : server_->endpoints()) {
      const int fd = listening_socket_at(endpoint.text());
      if (fd >= 0) CERTWRIGHT_CHECK(succession.keep(fd, endpoint.name));
    }
    if (certgen_ == nullptr) return {};
    for (const auto& socket : certgen_->sockets()) CERTWRIGHT_CHECK(succession.keep(socket.fd(), "certgen"));
    return {};
  }

  void stop(std::string_view cause) {
    http::notify_stopping("draining");
    server_->stop(kDrain);
    if (certgen_ != nullptr) certgen_->stop();  // last: its clients wait for four seconds only
    (void)in_.journal.record({.type = audit::EventType::server_stopped,
                              .actor = system_actor(),
                              .fields = {{"cause", std::string(cause)}}});
    (void)in_.checkpointer.run_once();
    std::error_code ignored;
    std::filesystem::remove(in_.state.endpoints(), ignored);
  }

 private:
  Result<void> open_certgen(const std::vector<http::InheritedSocket>& inherited) {
    std::vector<int> sockets;
    for (const auto& socket : inherited)
      if (socket.name == "certgen") sockets.push_back(socket.fd);
    if (!configuration_.certgen && sockets.empty()) return {};
    CERTWRIGHT_TRY(certgen_, CertgenDoor::open(in_, configuration_, sockets));
    gateways_.add_facts([door = certgen_.get()] { return door->facts(); });
    return {};
  }

  template <class T>
  static Result<void> drop_value(const Result<T>& result) {
    if (!result) return tl::unexpected(result.error());
    return {};
  }

  Result<void> renew_certificate() {
    if (!certificate_.is_due()) return {};
    CERTWRIGHT_TRY(const auto identity, certificate_.current());
    CERTWRIGHT_CHECK(server_->set_identity(identity));
    log_info("the server's certificate was renewed");
    return {};
  }

  Installation& in_;
  const Configuration& configuration_;
  ServerCertificate certificate_;
  Gateways gateways_;
  std::unique_ptr<CertgenDoor> certgen_;
  std::unique_ptr<http::Server> server_;
};

// True if the successor is willing and has everything it needs.
bool prepare(const Serving& serving, Succession& succession) {
  auto prepared = succession.rehearse("--check");
  if (prepared) prepared = serving.keep_sockets(succession);
  if (prepared) return true;
  succession.abandon();
  log_error("no successor; this process goes on", {{"reason", prepared.error().detail}});
  return false;
}

}  // namespace

Result<void> serve(const Configuration& configuration, Succession& succession) {
  const sigset_t signals = block_signals();
  for (const auto& refused : crypto::harden_process()) log_warning(refused);
  CERTWRIGHT_CHECK(crypto::self_test());
  const StateDirectory state{configuration.state};
  CERTWRIGHT_CHECK(state.check_initialised());
  CERTWRIGHT_TRY(const auto installation, Installation::open(state));
  CERTWRIGHT_CHECK(installation->load());
  Serving serving(*installation, configuration);
  CERTWRIGHT_CHECK(serving.start());
  {
    const Housekeeping housekeeping(serving.jobs());
    const std::string endpoints = text_of(serving.endpoints());
    log_info("ready", {{"version", std::string(kVersion)}, {"endpoints", endpoints}});
    http::notify_ready(endpoints);
    for (;;) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (signal == SIGHUP) {
        if (const auto reloaded = serving.reload(); !reloaded)
          log_error("reload failed; what was loaded before stays", {{"reason", reloaded.error().detail}});
        else
          log_info("reloaded");
        continue;
      }
      if (signal == SIGUSR2) {
        if (!prepare(serving, succession)) continue;
        log_info("handing over", {{"program", succession.program()}});
        serving.stop("succession");
        std::this_thread::sleep_for(kSettle);
        // At once: what is left here has nothing that a crash would lose, and ending it in order may
        // wait for an RSA key that is being made.
        return succession.take_over();
      }
      log_info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      serving.stop(signal == SIGTERM ? "SIGTERM" : "SIGINT");
      break;
    }
  }
  log_info("stopped");
  serving.leave();
  return {};
}

}  // namespace certwright::daemon
