#include "http/server.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <future>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "http/connection.h"
#include "http/listening.h"

namespace certwright::http {
namespace {

constexpr std::chrono::milliseconds kLongestTick{250};
constexpr std::chrono::milliseconds kShortestTick{10};

Result<void> check_options(const ServerOptions& options) {
  if (options.listeners.empty()) return fail(Errc::invalid, "a server needs a listener");
  const bool wants_tls = std::ranges::any_of(
      options.listeners, [](const auto& l) { return l.security == Security::tls; });
  if (wants_tls && !options.identity) {
    return fail(Errc::invalid, "a TLS listener needs a certificate");
  }
  if (options.worker_threads == 0) return fail(Errc::invalid, "a server needs worker threads");
  return {};
}

}  // namespace

// Accepts on one listening socket, on the first loop, and hands connections out in turn.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  using Accept = std::function<void(int fd, Peer peer, Security security)>;
  Acceptor(Loop& loop, ListeningSocket socket, Security security, Accept accept,
           std::function<void(std::string_view)> log)
      : name_(socket.endpoint().name),
        security_(security),
        socket_(loop.io),
        retry_(loop.io),
        accept_(std::move(accept)),
        log_(std::move(log)) {
    const auto family = socket.endpoint().address.find(':') == std::string::npos
                            ? boost::asio::ip::tcp::v4()
                            : boost::asio::ip::tcp::v6();
    boost::system::error_code ignored;  // the socket is ours, new to Asio, and open
    fd_ = socket.release();
    socket_.assign(family, fd_, ignored);
  }

  void wait() {
    socket_.async_wait(boost::asio::socket_base::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& ec) {
                         if (ec) return;
                         if (self->accept_what_is_there()) self->wait();
                       });
  }

  void close() {
    accept_what_is_there();  // they saw the connection succeed: serve them
    boost::system::error_code ignored;
    socket_.close(ignored);
    retry_.cancel();
  }

 private:
  // False if accepting has to pause.
  bool accept_what_is_there() {
    constexpr int kMostAtOnce = 64;
    for (int i = 0; i < kMostAtOnce; ++i) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Peer peer = peer_from(address);
        peer.listener = name_;
        accept_(fd, std::move(peer), security_);
        continue;
      }
      const bool out_of_something =
          errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (!out_of_something) return true;  // nothing more, or a connection that went away
      pause(errno);
      return false;
    }
    return true;
  }

  void pause(int error) {
    constexpr std::chrono::milliseconds kPause{100};
    if (log_ && !complained_) {
      log_(fmt::format("cannot accept connections: {}", std::strerror(error)));
    }
    complained_ = true;
    retry_.expires_after(kPause);
    retry_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
      if (ec) return;
      self->complained_ = false;
      if (self->accept_what_is_there()) self->wait();
    });
  }

  std::string name_;
  Security security_;
  boost::asio::ip::tcp::acceptor socket_;
  boost::asio::steady_timer retry_;
  int fd_ = -1;
  Accept accept_;
  std::function<void(std::string_view)> log_;
  bool complained_ = false;
};

class Server::Impl {
 public:
  Impl(ServerOptions options, Handler& handler, std::vector<ListeningSocket> sockets)
      : shared_(std::move(options), handler),
        peers_(shared_.options.limits.connections, shared_.options.limits.connections_per_peer),
        sockets_(std::move(sockets)) {
    for (const ListeningSocket& socket : sockets_) endpoints_.push_back(socket.endpoint());
    if (shared_.options.identity) identity_ = std::move(*shared_.options.identity);
    shared_.options.identity.reset();
    shared_.on_closed = [this](const Peer& peer) { on_closed(peer); };
  }

  ~Impl() { stop(std::chrono::milliseconds(0)); }

  // Makes the context that new handshakes use; on error the old one stays.
  Result<void> renew_tls(const TlsIdentity& identity, const std::vector<Bytes>& client_ca_der) {
    CERTWRIGHT_TRY(auto context, TlsContext::make(identity, client_ca_der, shared_.tickets));
    const std::lock_guard guard(shared_.tls_lock);
    shared_.tls = std::move(context);
    return {};
  }

  Result<void> set_identity(const TlsIdentity& identity) {
    const std::lock_guard guard(identity_lock_);
    CERTWRIGHT_CHECK(renew_tls(identity, shared_.options.client_ca_der));
    identity_ = {identity.chain, identity.private_key.clone()};
    return {};
  }

  Result<void> set_client_cas(const std::vector<Bytes>& client_ca_der) {
    const std::lock_guard guard(identity_lock_);
    CERTWRIGHT_CHECK(renew_tls(identity_, client_ca_der));
    shared_.options.client_ca_der = client_ca_der;
    shared_.tickets.forget_all();
    return {};
  }

  Result<void> prepare_tls() {
    if (identity_.chain.empty()) return {};
    return renew_tls(identity_, shared_.options.client_ca_der);
  }

  Result<void> start();
  void stop(std::chrono::milliseconds deadline);
  ServerStatistics statistics() const noexcept;
  const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }

 private:
  enum class Phase : std::uint8_t { bound, running, stopped };

  void admit(int fd, Peer peer, Security security);
  void on_closed(const Peer& peer);
  void tick(Loop& loop);
  std::chrono::milliseconds tick_length() const;
  void on_each_loop(const std::function<void(Loop&)>& action);  // and waits until it was done

  Shared shared_;
  PeerCounts peers_;
  std::mutex identity_lock_;
  TlsIdentity identity_;
  std::vector<ListeningSocket> sockets_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  std::size_t next_loop_ = 0;  // of the first loop's thread
  Phase phase_ = Phase::bound;
  Count accepted_, refused_;  // of the first loop's thread
  std::mutex closed_lock_;
  std::condition_variable closed_;
};

Result<void> Server::Impl::start() {
  if (phase_ != Phase::bound) return fail(Errc::conflict, "the server was started before");
  phase_ = Phase::running;
  std::size_t threads = shared_.options.io_threads;
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  try {
    shared_.workers.start(shared_.options.worker_threads);
    for (std::size_t i = 0; i < threads; ++i) loops_.push_back(std::make_unique<Loop>());
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      acceptors_.push_back(std::make_shared<Acceptor>(
          *loops_.front(), std::move(sockets_[i]), shared_.options.listeners[i].security,
          [this](int fd, Peer peer, Security s) { admit(fd, std::move(peer), s); },
          shared_.options.log));
      acceptors_.back()->wait();
    }
    for (const auto& loop : loops_) {
      tick(*loop);
      loop->thread = std::thread([&loop = *loop] {
        block_signals_in_this_thread();
        loop.io.run();
      });
    }
  } catch (const std::exception& e) {
    return fail(Errc::unavailable, fmt::format("cannot start the server's threads: {}", e.what()));
  }
  return {};
}

void Server::Impl::admit(int fd, Peer peer, Security security) {
  accepted_.add();
  if (!peers_.try_add(peer.address)) {
    refused_.add();
    ::close(fd);
    return;
  }
  Loop& loop = *loops_[next_loop_];
  next_loop_ = (next_loop_ + 1) % loops_.size();
  boost::asio::post(loop.io, [this, &loop, fd, security, peer = std::move(peer)]() mutable {
    std::make_shared<Connection>(shared_, loop, fd, std::move(peer), security)->start();
  });
}

void Server::Impl::on_closed(const Peer& peer) {
  peers_.remove(peer.address);
  if (!shared_.draining.load(std::memory_order_relaxed)) return;
  const std::lock_guard guard(closed_lock_);
  closed_.notify_all();
}

std::chrono::milliseconds Server::Impl::tick_length() const {
  const Limits& limits = shared_.options.limits;
  const auto shortest = std::min({limits.handshake_timeout, limits.header_timeout,
                                  limits.idle_timeout, limits.transfer_timeout});
  return std::clamp(shortest / 4, kShortestTick, kLongestTick);
}

void Server::Impl::tick(Loop& loop) {
  loop.tick.expires_after(tick_length());
  loop.tick.async_wait([this, &loop](const boost::system::error_code& ec) {
    if (ec || loop.is_ending) return;
    const Moment at = std::chrono::steady_clock::now();
    for (auto it = loop.connections.begin(); it != loop.connections.end();) {
      Connection* connection = *it++;  // it may leave the list
      connection->check_deadline(at);
    }
    tick(loop);
  });
}

void Server::Impl::on_each_loop(const std::function<void(Loop&)>& action) {
  for (const auto& loop : loops_) {
    std::promise<void> done;
    boost::asio::post(loop->io, [&] {
      action(*loop);
      done.set_value();
    });
    done.get_future().wait();
  }
}

void Server::Impl::stop(std::chrono::milliseconds deadline) {
  if (std::exchange(phase_, Phase::stopped) != Phase::running) return;
  const Moment until = std::chrono::steady_clock::now() + deadline;
  const bool threads_run =
      std::ranges::all_of(loops_, [](const auto& loop) { return loop->thread.joinable(); });
  if (threads_run) {
    on_each_loop([this](Loop& loop) {
      if (&loop != loops_.front().get()) return;
      for (const auto& acceptor : acceptors_) acceptor->close();
    });
    shared_.draining = true;
    const auto for_each_connection = [this](const std::function<void(Connection&)>& action) {
      on_each_loop([&](Loop& loop) {
        for (auto it = loop.connections.begin(); it != loop.connections.end();) action(**it++);
      });
    };
    for_each_connection([](Connection& connection) { connection.drain(); });
    {
      std::unique_lock guard(closed_lock_);
      closed_.wait_until(guard, until, [this] { return peers_.open() == 0; });
    }
    for_each_connection([](Connection& connection) { connection.close(); });
  }
  shared_.workers.stop();
  for (const auto& loop : loops_) {
    boost::asio::post(loop->io, [&l = *loop] {
      l.guard.reset();
      l.is_ending = true;  // a tick that is due already can no longer be cancelled
      l.tick.cancel();
    });
  }
  for (const auto& loop : loops_) {
    if (loop->thread.joinable()) loop->thread.join();
  }
}

ServerStatistics Server::Impl::statistics() const noexcept {
  ServerStatistics all;
  all.connections_accepted = accepted_.get();
  all.connections_refused = refused_.get();
  all.connections_open = peers_.open();
  all.requests_in_flight = shared_.workers.in_flight();
  all.handler_exceptions = shared_.handler_exceptions.load(std::memory_order_relaxed);
  for (const auto& loop : loops_) {
    const Loop::Counts& counts = loop->counts;
    all.handshakes_failed += counts.handshakes_failed.get();
    all.handshakes_resumed += counts.handshakes_resumed.get();
    all.handshakes_full += counts.handshakes_full.get();
    all.requests += counts.requests.get();
    all.requests_refused += counts.requests_refused.get();
    all.timeouts += counts.timeouts.get();
  }
  return all;
}

Result<std::unique_ptr<Server>> Server::bind(ServerOptions options, Handler& handler) {
  CERTWRIGHT_CHECK(check_options(options));
  std::vector<ListeningSocket> sockets;
  for (const ListenerOptions& listener : options.listeners) {
    CERTWRIGHT_TRY(ListeningSocket socket, ListeningSocket::open(listener));
    sockets.push_back(std::move(socket));
  }
  auto impl = std::make_unique<Impl>(std::move(options), handler, std::move(sockets));
  CERTWRIGHT_CHECK(impl->prepare_tls());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
const std::vector<Endpoint>& Server::endpoints() const noexcept { return impl_->endpoints(); }
Result<void> Server::start() { return impl_->start(); }
void Server::stop(std::chrono::milliseconds deadline) { impl_->stop(deadline); }
Result<void> Server::set_identity(const TlsIdentity& identity) {
  return impl_->set_identity(identity);
}
Result<void> Server::set_client_cas(const std::vector<Bytes>& client_ca_der) {
  return impl_->set_client_cas(client_ca_der);
}
ServerStatistics Server::statistics() const noexcept { return impl_->statistics(); }

}  // namespace certwright::http
