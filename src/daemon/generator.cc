#include "daemon/generator.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "crypto/secure_memory.h"
#include "crypto/self_test.h"
#include "daemon/interception.h"
#include "daemon/log.h"
#include "daemon/stand_alone.h"
#include "daemon/state_directory.h"
#include "daemon/version.h"
#include "gateway/certgen/door.h"
#include "gateway/g3fcgen/quantity.h"
#include "gateway/g3fcgen/statsd.h"
#include "http/service_manager.h"

namespace certwright::daemon {
namespace {

namespace certgen = gateway::certgen;
namespace g3fcgen = gateway::g3fcgen;
namespace fs = std::filesystem;

sigset_t generator_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  return set;
}

Result<certgen::PeerPolicy> peer_policy(const std::vector<std::string>& peers) {
  std::vector<certgen::AddressPrefix> allowed;
  for (const auto& text : peers) {
    auto prefix = certgen::AddressPrefix::parse(text);
    if (!prefix) return fail_field(Errc::invalid, "--peer", "--peer: " + prefix.error().detail);
    allowed.push_back(*prefix);
  }
  return certgen::PeerPolicy(std::move(allowed));
}

Result<certgen::SocketOptions> socket_options(const GeneratorOptions& options) {
  const char* environment = std::getenv("UDP_LISTEN_ADDR");
  CERTWRIGHT_TRY(const auto listen, g3fcgen::listen_address(options.group_name, environment == nullptr ? "" : environment));
  certgen::SocketOptions made{.address = listen.address, .port = listen.port, .share_port = true};
  if (!options.receive_buffer.empty()) {
    CERTWRIGHT_TRY(made.receive_buffer_octets, g3fcgen::parse_size_octets(options.receive_buffer));
  }
  if (!options.send_buffer.empty()) {
    CERTWRIGHT_TRY(made.send_buffer_octets, g3fcgen::parse_size_octets(options.send_buffer));
  }
  return made;
}

// Sockets of the service manager or of a predecessor, else one of our own.
Result<std::vector<certgen::UdpSocket>> generator_sockets(const GeneratorOptions& options) {
  CERTWRIGHT_TRY(const auto wanted, socket_options(options));
  std::vector<certgen::UdpSocket> sockets;
  for (const auto& inherited : http::take_inherited_sockets()) {
    CERTWRIGHT_TRY(auto socket, certgen::UdpSocket::adopt(inherited.fd, wanted));
    sockets.push_back(std::move(socket));
  }
  if (!sockets.empty()) return sockets;
  CERTWRIGHT_TRY(auto socket, certgen::UdpSocket::bind(wanted));
  sockets.push_back(std::move(socket));
  return sockets;
}

certgen::ChainForm chain_form(const g3fcgen::Configuration& configuration) noexcept {
  if (!configuration.no_append_ca_cert) return certgen::ChainForm::without_root;
  return *configuration.no_append_ca_cert ? certgen::ChainForm::leaf_only : certgen::ChainForm::with_root;
}

// The process, from its files to the signal that ends it.
class Generator {
 public:
  Generator(const GeneratorOptions& options, Succession& succession) : options_(options), succession_(succession) {}

  // Reads the files; an issuer that is ready. Errors: everything that is wrong with them.
  Result<std::shared_ptr<StandAlone>> load() {
    CERTWRIGHT_TRY(const auto file, g3fcgen::find_configuration_file(options_.config_file));
    CERTWRIGHT_TRY(configuration_, g3fcgen::load_configuration(file));
    return StandAlone::open(configuration_, {.always_p256 = options_.always_p256, .rsa_pool = options_.rsa_pool}, log_.get(), random_, clock_);
  }

  Result<void> test() {
    CERTWRIGHT_CHECK(socket_options(options_));
    CERTWRIGHT_CHECK(peer_policy(options_.peers));
    return load().map([](const auto&) {});
  }

  Result<void> start() {
    if (!options_.state_dir.empty()) {
      // The interval's root stands in its file; there is no audit log to sign it.
      CERTWRIGHT_TRY(log_, aggregate::Log::open({.folder = fs::path(options_.state_dir) / "aggregate"}, clock_,
                                                [](const aggregate::ClosedInterval&) { return Result<void>(); }));
    }
    CERTWRIGHT_TRY(issuer_, load());
    warn_of_ignored();
    CERTWRIGHT_TRY(auto sockets, generator_sockets(options_));
    certgen::DoorOptions door;
    door.chain = chain_form(configuration_);
    CERTWRIGHT_TRY(door.peers, peer_policy(options_.peers));
    if (!door.peers.has_list())
      for (const auto& socket : sockets)
        if (!socket.is_loopback_only())
          log_warning("answering this host only, until there is a --peer", {{"endpoint", socket.endpoint()}});
    door.workers = configuration_.workers.value_or(0);
    door.warn = [](std::string_view text) { log_warning("certificate generator", {{"what", std::string(text)}}); };
    door.on_answer = [this](std::chrono::nanoseconds took, std::size_t) {
      if (statsd_ != nullptr) statsd_->record(took);
    };
    CERTWRIGHT_TRY(door_, certgen::Door::open(std::move(sockets), std::move(door), as_issuer(issuer_), clock_));
    if (configuration_.statsd) {
      CERTWRIGHT_TRY(statsd_, g3fcgen::StatsdEmitter::open(*configuration_.statsd, [this] { return door_->statistics(); }));
    }
    door_->start();
    log_info("ready", {{"endpoint", door_->endpoint()}, {"ca", issuer_->ca().certificate().subject().to_text()}});
    http::notify_ready("certgen=" + door_->endpoint());
    return {};
  }

  // Until a signal ends it.
  Result<void> run(const sigset_t& signals) {
    for (;;) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (signal == SIGHUP) {
        reload();
      } else if (signal == SIGUSR2) {
        if (prepare()) return hand_over();
      } else {
        http::notify_stopping("draining");
        door_->stop();
        statsd_.reset();
        if (log_ != nullptr) {
          if (const auto settled = log_->settle(); !settled) log_unsettled(settled.error());
        }
        log_info("stopped");
        return {};
      }
    }
  }

 private:
  static std::shared_ptr<issuance::InterceptionIssuer> as_issuer(const std::shared_ptr<StandAlone>& issuer) {
    return {issuer, &issuer->issuer()};
  }

  void warn_of_ignored() const {
    if (configuration_.keep_serial)
      log_warning("backend.keep_serial is not done: a serial is never used twice under one issuer, or browsers refuse both certificates");
    for (const auto& what : configuration_.without_effect) log_info("configuration", {{"what", what}});
    if (options_.monitored || options_.panic_quit) log_info("--monitored and --panic-quit have no effect, as in g3fcgen");
  }

  // What the socket and statsd were opened with stays until the process is replaced.
  void reload() {
    const auto loaded = load();
    if (!loaded) return log_error("reload failed; what was loaded before stays", {{"reason", loaded.error().detail}});
    door_->set_issuer(as_issuer(*loaded));
    const auto former = std::exchange(issuer_, *loaded);
    log_info("reloaded", {{"ca", issuer_->ca().certificate().subject().to_text()}});
  }

  bool prepare() {
    auto prepared = succession_.rehearse("--test-config");
    for (const auto& socket : door_->sockets())
      if (prepared) prepared = succession_.keep(socket.fd(), "certgen");
    if (prepared) return true;
    succession_.abandon();
    log_error("no successor; this process goes on", {{"reason", prepared.error().detail}});
    return false;
  }

  // If it fails after all, this process ends with the error.
  Result<void> hand_over() {
    log_info("handing over", {{"program", succession_.program()}});
    door_->stop();
    if (log_ != nullptr) {
      if (const auto settled = log_->settle(); !settled) log_unsettled(settled.error());
    }
    return succession_.take_over();
  }

  const GeneratorOptions& options_;
  Succession& succession_;
  SystemClock clock_;
  crypto::SystemRandom random_;
  g3fcgen::Configuration configuration_;
  std::unique_ptr<aggregate::Log> log_;
  std::shared_ptr<StandAlone> issuer_;
  std::unique_ptr<certgen::Door> door_;
  std::unique_ptr<g3fcgen::StatsdEmitter> statsd_;
};

// The pid file goes with the process that wrote it.
class PidFile {
 public:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  ~PidFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Result<void> write() const {
    if (path_.empty()) return {};
    return write_file(path_, as_bytes(std::to_string(::getpid()) + "\n"), 0644);
  }

 private:
  const std::string path_;
};

// Into the background: a child of nobody, with standard streams that lead nowhere. A successor is there
// already and stays where it is.
Result<void> go_into_background() {
  if (::getppid() == 1 || std::getenv("LISTEN_FDS") != nullptr) return {};
  const pid_t child = ::fork();
  if (child < 0) return fail(Errc::unavailable, "cannot go into the background");
  if (child > 0) _exit(0);
  ::setsid();
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, stream);
  return {};
}

void print_version(int verbose) {
  fmt::print("certwright {} ({})\n", kVersion, kCommit);
  if (verbose > 0) fmt::print("built {}\n", kBuildTime);
  if (verbose > 1) fmt::print("compiler: {}\n", __VERSION__);
}

}  // namespace

void add_generator_options(CLI::App& app, GeneratorOptions& o) {
  app.add_option("-c,--config-file", o.config_file, "g3fcgen's configuration file, or a folder with main.yaml or g3fcgen.yaml")->type_name("FILE");
  app.add_option("-G,--group-name", o.group_name, "a name; port<N> listens on port N of every address, for this host until there is a --peer")->type_name("NAME");
  app.add_option("--recv-buf-size", o.receive_buffer, "receive buffer of the socket, e.g. 16M")->type_name("SIZE");
  app.add_option("--send-buf-size", o.send_buffer, "send buffer of the socket")->type_name("SIZE");
  app.add_flag("-v,--verbose", o.verbose, "log more; twice, still more");
  app.add_flag("-V,--version", o.version, "show the version; with -v more of it");
  app.add_flag("-t,--test-config", o.test_config, "only check configuration and CA: exit code 0 or 1");
  auto* pid_file = app.add_option("-p,--pid-file", o.pid_file, "write the process id here")->type_name("FILE");
  app.add_flag("-d,--daemon", o.daemon, "run in the background, log to syslog")->needs(pid_file);
  app.add_flag("-s,--systemd", o.systemd, "log for journald");
  app.add_flag("-m,--monitored", o.monitored, "has no effect, as in g3fcgen");
  app.add_flag("--panic-quit", o.panic_quit, "has no effect, as in g3fcgen");
  app.add_option("--peer", o.peers, "address or prefix that may ask, beyond this host; may be repeated")
      ->type_name("PREFIX")->envname("CERTWRIGHT_CERTGEN_PEERS")->delimiter(',')->group("Certwright");
  app.add_option("--state-dir", o.state_dir, "keep records of what was issued here, for `certgen prove`")
      ->type_name("DIR")->envname("CERTWRIGHT_CERTGEN_STATE_DIR")->group("Certwright");
  app.add_flag("--always-p256", o.always_p256, "P-256 keys for every upstream, RSA too")->group("Certwright");
  app.add_option("--rsa-pool", o.rsa_pool, "RSA keys made ahead; 0: none")->capture_default_str()->type_name("N")->group("Certwright");
}

Result<void> run_generator(const GeneratorOptions& options, Succession& succession) {
  if (options.version) {
    print_version(options.verbose);
    return {};
  }
  constexpr const char* kLevels[] = {"warning", "info", "debug"};
  CERTWRIGHT_CHECK(Log::configure(kLevels[std::min(options.verbose, 2)], "text", options.daemon ? Log::Target::syslog : Log::Target::standard_error));
  if (options.config_file.empty()) return fail_field(Errc::invalid, "--config-file", "--config-file is required");
  if (options.test_config) {
    GeneratorOptions without_pool = options;
    without_pool.rsa_pool = 0;
    return Generator(without_pool, succession).test();
  }
  if (options.daemon) CERTWRIGHT_CHECK(go_into_background());
  const sigset_t signals = generator_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  for (const auto& refused : crypto::harden_process()) log_warning(refused);
  CERTWRIGHT_CHECK(crypto::self_test());
  const PidFile pid_file(options.pid_file);
  CERTWRIGHT_CHECK(pid_file.write());
  const auto generator = std::make_unique<Generator>(options, succession);
  CERTWRIGHT_CHECK(generator->start());
  return generator->run(signals);
}

}  // namespace certwright::daemon
