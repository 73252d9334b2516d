#include "daemon/serve.h"

#include <algorithm>
#include <csignal>
#include <mutex>
#include <set>
#include <utility>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secure_memory.h"
#include "crypto/self_test.h"
#include "daemon/certgen_door.h"
#include "daemon/gateways.h"
#include "daemon/housekeeping.h"
#include "daemon/initialise.h"
#include "daemon/installation.h"
#include "daemon/log.h"
#include "daemon/notices.h"
#include "daemon/server_certificate.h"
#include "daemon/version.h"
#include "gateway/web/problem.h"
#include "http/server.h"
#include "http/service_manager.h"
#include "json/writer.h"
#include "registration/hierarchy.h"

namespace certwright::daemon {
namespace {

using namespace std::chrono_literals;
constexpr auto kDrain = 10s;

// Signals are taken by sigwait() in the main thread; every other thread inherits the block.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

// A shell's usual 1,024 open files are fewer than the connections that are allowed: two peers could
// take them all.
void raise_open_files() {
  constexpr rlim_t kEnough = 65'536;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  const rlim_t wanted = std::min(files.rlim_max, kEnough);
  if (files.rlim_cur >= wanted) return;
  files.rlim_cur = wanted;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) log_warning("the limit of open files could not be raised");
}

std::size_t worker_threads(const Configuration& configuration) {
  return configuration.worker_threads != 0 ? configuration.worker_threads : http::ServerOptions{}.worker_threads;
}

session::SessionOptions session_options(const Configuration& configuration) {
  session::SessionOptions options;
  options.idle = Seconds(configuration.session_idle_s);
  options.absolute = Seconds(configuration.session_s);
  return options;
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

// Whose clients are believed. Each CA is an anchor by itself, so a root is left out where a CA below it
// is revoked: a client may send that CA's certificate along, and TLS looks at no CRL. What gets past it,
// below a CA between the two, the authenticator refuses. Nothing of a hierarchy that intercepts: whoever
// reaches the generator's port has any name there.
std::vector<Bytes> client_cas(const ca::CaDirectory& cas, const registration::ProfileDirectory& profiles) {
  const auto known = cas.all();
  std::set<std::string> left_out;
  for (const auto& ca : known) {
    if (!ca->is_revoked()) continue;
    left_out.insert(ca->id());
    auto above = cas.find(ca->record().parent);
    for (std::size_t i = 0; above != nullptr && i < known.size(); ++i) {
      if (above->is_root()) left_out.insert(above->id());
      above = cas.find(above->record().parent);
    }
  }
  std::vector<Bytes> all;
  for (const auto& ca : registration::outside_of_interception(cas, profiles))
    if (!left_out.contains(ca->id())) all.push_back(to_bytes(ca->certificate().der()));
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
  // All must outlive this.
  Serving(Installation& installation, const Configuration& configuration, Notices& notices)
      : in_(installation), configuration_(configuration), notices_(notices), certificate_(installation, configuration),
        gateways_(installation, configuration, notices) {}

  // `inherited` sockets are this object's from here on.
  Result<void> start(const std::vector<http::InheritedSocket>& inherited) {
    CERTWRIGHT_TRY(auto identity, certificate_.current());
    CERTWRIGHT_CHECK(open_certgen(inherited));
    CERTWRIGHT_TRY(auto* handler, gateways_.open());
    http::ServerOptions options;
    options.listeners = listeners(configuration_, inherited);
    if (options.listeners.empty())
      return fail(Errc::invalid, "both listeners are off: there is nothing to serve");
    options.identity = std::move(identity);
    client_cas_ = client_cas(in_.cas, in_.profiles);
    options.client_ca_der = client_cas_;
    options.io_threads = configuration_.io_threads;
    options.worker_threads = worker_threads(configuration_);
    options.error_response = gateway::web::server_error_response;
    options.log = [](std::string_view message) { log_warning(message); };
    auto server = http::Server::bind(std::move(options), *handler);
    if (!server)
      return fail(server.error().code, server.error().detail + "; addresses are chosen with --https and --http, or in the configuration file");
    server_ = std::move(*server);
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
        {"expired keys", 10s, [this] { return drop_value(in_.download_grants.erase_expired()); }},
        {"client CAs", 1s, [this] { return renew_client_cas(); }},
        {"key-encryption key", 250ms, [this] { return seal_again(); }},
        {"server certificate", 60s, [this] { return renew_certificate(); }},
        // A job each: what fails for long must not keep the others from their work.
        {"old idempotency keys", 10s, [this] { return forget_old_idempotency_keys(); }},
        {"ended download grants", 10s, [this] { return erase_ended_grants(); }},
        {"overdue requests", 5s, [this] { return drop_value(in_.requests.expire_overdue(system_actor())); }},
        {"waiting requests", 5s, [this] { return drop_value(in_.requests.settle_waiting(system_actor())); }},
        {"approved requests", 5s, [this] { return resume_approved(); }},
        {"ended sessions", 60s, [this] { return in_.sessions.forget_ended(); }},
    };
    for (auto& job : notices_.jobs()) all.push_back(std::move(job));
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
    CERTWRIGHT_CHECK(renew_client_cas());
    CERTWRIGHT_CHECK(write_public_files(in_));
    CERTWRIGHT_CHECK(renew_certificate());
    return certgen_ == nullptr ? Result<void>() : certgen_->refresh();
  }

  // All sockets, for whoever takes over.
  Result<void> keep_sockets(Succession& succession) const {
    for (const auto& endpoint : server_->endpoints()) CERTWRIGHT_CHECK(succession.keep(endpoint.fd, endpoint.name));
    if (certgen_ == nullptr) return {};
    for (const auto& socket : certgen_->sockets()) CERTWRIGHT_CHECK(succession.keep(socket.fd(), "certgen"));
    return {};
  }

  void stop(std::string_view cause) {
    server_->stop(kDrain);
    notices_.stop();
    if (certgen_ != nullptr) {  // last: its clients wait for four seconds only
      if (const auto stopped = certgen_->stop(); !stopped) log_unsettled(stopped.error());
    }
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

  // CAs that came or were revoked meanwhile. Sessions of before can then not be resumed.
  Result<void> renew_client_cas() {
    const std::lock_guard lock(client_cas_mutex_);
    auto present = client_cas(in_.cas, in_.profiles);
    if (present == client_cas_) return {};
    CERTWRIGHT_CHECK(server_->set_client_cas(present));
    client_cas_ = std::move(present);
    return {};
  }

  // What has served its time; in small commits beside the issuing ones.
  Result<void> forget_old_idempotency_keys() {
    CERTWRIGHT_TRY(const auto keys, in_.issuance.forget_old_idempotency_keys());
    forgotten_keys_.increment(static_cast<double>(keys));
    return {};
  }
  Result<void> erase_ended_grants() {
    CERTWRIGHT_TRY(const auto grants, in_.download_grants.erase_ended_grants());
    erased_grants_.increment(static_cast<double>(grants));
    return {};
  }

  // What a crash or an outage left unissued, and what settle_waiting() approved. The first time no door of this
  // process has any of them in hand.
  Result<void> resume_approved() {
    const Seconds since = std::exchange(at_start_, false) ? Seconds(0) : issuance::IssuanceService::kDoorsTurn;
    CERTWRIGHT_TRY(const auto issued, in_.issuance.resume_approved(system_actor(), since));
    if (issued != 0) log_info("approved requests were issued", {{"requests", std::to_string(issued)}});
    return {};
  }

  // Less than half of the time, so that requests hardly feel it.
  Result<void> seal_again() {
    const auto until = std::chrono::steady_clock::now() + 100ms;
    do {
      CERTWRIGHT_TRY(const bool more, in_.rotation.step());
      if (!more) break;
    } while (std::chrono::steady_clock::now() < until);
    return {};
  }

  Result<void> renew_certificate() {
    if (!certificate_.is_due()) return {};
    CERTWRIGHT_TRY(const auto identity, certificate_.current());
    CERTWRIGHT_CHECK(server_->set_identity(identity));
    log_info("the server's certificate was renewed");
    return {};
  }

  metrics::Counter forgotten(const char* kind) {
    return in_.metrics.counter("certwright_records_forgotten_total",
                               "Records that had served their time and were deleted.", {{"kind", kind}});
  }

  Installation& in_;
  const Configuration& configuration_;
  Notices& notices_;
  const metrics::Counter forgotten_keys_ = forgotten("idempotency_key");
  const metrics::Counter erased_grants_ = forgotten("download_grant");
  ServerCertificate certificate_;
  Gateways gateways_;
  std::unique_ptr<CertgenDoor> certgen_;
  std::unique_ptr<http::Server> server_;
  bool at_start_ = true;  // of resume_approved()
  std::mutex client_cas_mutex_;
  std::vector<Bytes> client_cas_;
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

enum class Ended : std::uint8_t { stopped, again };

// Serves until a signal ends it, or until a successor that was ready did not come after all: `again`, and
// `sockets` are what to go on with.
Result<Ended> serve_once(const Configuration& configuration, Succession& succession, const sigset_t& signals,
                         std::vector<http::InheritedSocket>& sockets) {
  CERTWRIGHT_TRY(const auto installation, Installation::open(StateDirectory{configuration.state}, worker_threads(configuration),
                                                             session_options(configuration)));
  CERTWRIGHT_CHECK(installation->load());
  CERTWRIGHT_TRY(const auto notices, Notices::open(*installation, configuration));
  Serving serving(*installation, configuration, *notices);
  CERTWRIGHT_CHECK(serving.start(std::exchange(sockets, {})));
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
        http::notify_reloading("handing over");
        serving.stop("succession");
        const auto failed = succession.take_over();  // what is left here has nothing that a crash would lose
        log_error("the successor could not be started; this process serves again", {{"reason", failed.error().detail}});
        sockets = succession.take_back();
        return Ended::again;
      }
      log_info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      http::notify_stopping("draining");
      serving.stop(signal == SIGTERM ? "SIGTERM" : "SIGINT");
      break;
    }
  }
  log_info("stopped");
  return Ended::stopped;
}

}  // namespace

Result<void> serve(const Configuration& configuration, Succession& succession) {
  ::umask(077);
  succession.reserve();
  const sigset_t signals = block_signals();
  for (const auto& refused : crypto::harden_process()) log_warning(refused);
  raise_open_files();
  CERTWRIGHT_CHECK(crypto::self_test());
  CERTWRIGHT_CHECK(StateDirectory{configuration.state}.check_initialised());
  auto sockets = http::take_inherited_sockets();
  for (;;) {
    CERTWRIGHT_TRY(const auto ended, serve_once(configuration, succession, signals, sockets));
    if (ended == Ended::stopped) return {};
  }
}

}  // namespace certwright::daemon
