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
#include "gateway/certgen/socket_address.h"
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

// Leaves `octets` alone where there is no text.
Result<void> read_size(const char* option, const std::string& text, std::size_t& octets) {
  if (text.empty()) return {};
  const auto size = g3fcgen::parse_size_octets(text);
  if (!size) return fail_field(Errc::invalid, option, fmt::format("{}: \"{}\": {}", option, text, size.error().detail));
  octets = *size;
  return {};
}

Result<certgen::SocketOptions> socket_options(const GeneratorOptions& options) {
  const char* environment = std::getenv("UDP_LISTEN_ADDR");
  CERTWRIGHT_TRY(const auto listen, g3fcgen::listen_address(options.group_name, environment == nullptr ? "" : environment));
  certgen::SocketOptions made{.address = listen.address, .port = listen.port, .share_port = true};
  CERTWRIGHT_CHECK(read_size("--recv-buf-size", options.receive_buffer, made.receive_buffer_octets));
  CERTWRIGHT_CHECK(read_size("--send-buf-size", options.send_buffer, made.send_buffer_octets));
  return made;
}

// Sockets of the service manager or of a predecessor, else one of our own.
Result<std::vector<certgen::UdpSocket>> generator_sockets(const GeneratorOptions& options) {
  CERTWRIGHT_TRY(const auto wanted, socket_options(options));
  const bool is_default = g3fcgen::ListenAddress{wanted.address, wanted.port} == g3fcgen::ListenAddress{};
  std::vector<certgen::UdpSocket> sockets;
  for (const auto& inherited : http::take_inherited_sockets()) {
    CERTWRIGHT_TRY(auto socket, certgen::UdpSocket::adopt(inherited.fd, wanted));
    const auto asked = certgen::SocketAddress::of(wanted.address, wanted.port);
    if (!is_default && wanted.port != 0 && asked &&
        (socket.port() != wanted.port || !(socket.address() == certgen::IpAddress::of(asked->storage()))))
      log_warning("the inherited socket counts, not --group-name or UDP_LISTEN_ADDR", {{"socket", socket.endpoint()}});
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

  // Errors: everything that is wrong with the options and the files.
  Result<void> test() {
    CERTWRIGHT_CHECK(socket_options(options_));
    CERTWRIGHT_CHECK(peer_policy(options_.peers));
    CERTWRIGHT_TRY(const auto configuration, read_files());
    if (configuration.statsd) CERTWRIGHT_CHECK(g3fcgen::StatsdEmitter::check(*configuration.statsd));
    return open_issuer(configuration, 0).map([](const auto&) {});
  }

  Result<void> start() {
    if (!options_.state_dir.empty()) {
      // The interval's root stands in its file; there is no audit log to sign it.
      CERTWRIGHT_TRY(log_, aggregate::Log::open({.folder = fs::path(options_.state_dir) / "aggregate", .warn = warn_of_records}, clock_,
                                                [](const aggregate::ClosedInterval&) { return Result<void>(); }));
    }
    CERTWRIGHT_TRY(const auto configuration, read_files());
    CERTWRIGHT_TRY(issuer_, open_issuer(configuration, options_.rsa_pool));
    warn_of_ignored(configuration);
    CERTWRIGHT_TRY(auto sockets, generator_sockets(options_));
    certgen::DoorOptions door;
    door.chain = chain_form(configuration);
    CERTWRIGHT_TRY(door.peers, peer_policy(options_.peers));
    if (!door.peers.has_list())
      for (const auto& socket : sockets)
        if (!socket.is_loopback_only())
          log_warning("answering this host only, until there is a --peer", {{"endpoint", socket.endpoint()}});
    door.workers = configuration.workers.value_or(0);
    door.warn = [](std::string_view text) { log_warning("certificate generator", {{"what", std::string(text)}}); };
    door.on_answer = [this](std::chrono::nanoseconds took, std::size_t) {
      if (statsd_ != nullptr) statsd_->record(took);
    };
    CERTWRIGHT_TRY(door_, certgen::Door::open(std::move(sockets), std::move(door), issuer_->issuer(), clock_));
    if (configuration.statsd) {
      CERTWRIGHT_TRY(statsd_, g3fcgen::StatsdEmitter::open(*configuration.statsd, [this] { return door_->statistics(); }));
    }
    door_->start();
    log_info("ready", {{"endpoint", door_->endpoint()}, {"ca", issuer_->ca_name()}});
    http::notify_ready("certgen=" + door_->endpoint());
    return {};
  }

  // Until a signal ends it.
  void run(const sigset_t& signals) {
    for (;;) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (signal == SIGHUP) {
        reload();
      } else if (signal == SIGUSR2) {
        if (prepare()) hand_over();
      } else {
        http::notify_stopping("draining");
        door_->stop();
        statsd_.reset();
        if (log_ != nullptr) {
          if (const auto settled = log_->settle(); !settled) log_unsettled(settled.error());
        }
        log_info("stopped");
        return;
      }
    }
  }

 private:
  Result<g3fcgen::Configuration> read_files() const {
    CERTWRIGHT_TRY(const auto file, g3fcgen::find_configuration_file(options_.config_file));
    return g3fcgen::load_configuration(file);
  }

  Result<std::unique_ptr<StandAlone>> open_issuer(const g3fcgen::Configuration& configuration, std::size_t rsa_pool) {
    return StandAlone::open(configuration, {.always_p256 = options_.always_p256, .rsa_pool = rsa_pool}, log_.get(), random_, clock_);
  }

  void warn_of_ignored(const g3fcgen::Configuration& configuration) const {
    if (configuration.keep_serial)
      log_warning("backend.keep_serial is not done: a serial is never used twice under one issuer, or browsers refuse both certificates");
    for (const auto& what : configuration.without_effect) log_info("configuration", {{"what", what}});
    if (options_.monitored || options_.panic_quit) log_info("--monitored and --panic-quit have no effect, as in g3fcgen");
  }

  // CA and ttl. What the door and statsd were opened with stays until the process is replaced.
  void reload() {
    const auto configuration = read_files();
    const Result<void> reloaded = configuration ? issuer_->reload(*configuration) : tl::unexpected(configuration.error());
    if (!reloaded) return log_error("reload failed; what was loaded before stays", {{"reason", reloaded.error().detail}});
    log_info("reloaded", {{"ca", issuer_->ca_name()}});
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

  // Returns if it fails after all. Then this process goes on: the socket never closed.
  void hand_over() {
    log_info("handing over", {{"program", succession_.program()}});
    http::notify_reloading("handing over");
    door_->stop();
    if (log_ != nullptr) {
      if (const auto settled = log_->settle(); !settled) log_unsettled(settled.error());
    }
    const auto failed = succession_.take_over();
    succession_.abandon();
    door_->start();
    log_error("the successor could not be started; this process serves again", {{"reason", failed.error().detail}});
    http::notify_ready("certgen=" + door_->endpoint());
  }

  const GeneratorOptions& options_;
  Succession& succession_;
  SystemClock clock_;
  crypto::SystemRandom random_;
  std::unique_ptr<aggregate::Log> log_;
  std::unique_ptr<StandAlone> issuer_;
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
  if (std::getenv("LISTEN_FDS") != nullptr) return {};
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
  if (options.test_config)  // 0 or 1, as g3fcgen's, whatever is wrong
    return Generator(options, succession).test().map_error([](Error error) {
      error.code = Errc::invalid;
      return error;
    });
  succession.reserve();
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
  generator->run(signals);
  return {};
}

}  // namespace certwright::daemon
