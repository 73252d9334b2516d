#pragma once
// Internal to http: one connection's life, on one I/O thread. Includes Asio.
#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "http/request_parser.h"
#include "http/response_writer.h"
#include "http/server.h"
#include "http/tls_context.h"
#include "http/worker_pool.h"

namespace certwright::http {

class Connection;
using Moment = std::chrono::steady_clock::time_point;
inline Moment now() { return std::chrono::steady_clock::now(); }

// Counted by one thread, read by any.
class Count {
 public:
  void add() noexcept { n_.store(get() + 1, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return n_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> n_{0};
};

// One I/O thread and what its connections share.
struct Loop {
  struct alignas(64) Counts {
    Count handshakes_failed, handshakes_resumed, handshakes_full;
    Count requests, requests_refused, timeouts;
  } counts;
  DateLine date;
  std::array<char, 64 * 1024> scratch;  // where reads land
  std::list<Connection*> connections;   // open ones
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
      io.get_executor()};
  boost::asio::steady_timer tick{io};
  bool is_ending = false;  // no further tick
  std::thread thread;
};

// What all connections of a server share.
struct Shared {
  Shared(ServerOptions opts, Handler& h)
      : options(std::move(opts)), handler(h), workers(options.limits.worker_requests) {}

  ServerOptions options;  // identity and client CAs are moved out
  Handler& handler;
  WorkerPool workers;
  TicketKeys tickets;
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> handler_exceptions{0};

  std::shared_ptr<const TlsContext> tls_context() {
    const std::lock_guard guard(tls_lock);
    return tls;
  }
  std::mutex tls_lock;
  std::shared_ptr<const TlsContext> tls;

  // Told when a connection is over; keeps the counts that limits are held against.
  std::function<void(const Peer&)> on_closed;

  void log(std::string_view message) const noexcept;
  Response error_response(int status, std::string_view message) const noexcept;
};

// A state machine that runs until it would block, then waits for the socket. Everything is called
// on the loop's thread, but run(): a worker calls that, and owns request_ and response_ meanwhile.
class Connection final : public Job, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, Loop& loop, int fd, Peer peer, Security security);
  ~Connection() override;

  void start();
  void check_deadline(Moment now);
  void drain();  // closes at once if nothing is in flight
  void close() noexcept;
  void run() noexcept override;

 private:
  enum class State : std::uint8_t { handshake, head, body, working, writing, lingering, closed };
  enum class AfterWrite : std::uint8_t { next_request, read_body, submit, close };
  enum class Io : std::uint8_t { done, want_read, want_write, end, failed };
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;

  void drive();
  bool step();  // false: waits, works or is closed
  bool step_handshake();
  bool step_head();
  bool step_body();
  bool step_writing();
  bool step_lingering();

  void begin_request();
  void run_request();
  bool submit();
  Response call_handler() noexcept;
  std::optional<Response> ask_for_answer_now() noexcept;
  Response answer_exception() noexcept;
  void completed();
  void respond(Response response);
  void append_prepared(std::shared_ptr<const PreparedResponse> prepared);
  void append_ordinary(Response& response);
  void refuse(int status, std::string_view message, bool must_close = true);

  bool receive();
  Io read_some(std::size_t& count);
  Io write_some(std::size_t& count);
  Io ssl_outcome(int result);
  void wait(Io what);
  void start_write(AfterWrite then);
  void finish_write();
  void drop_large() noexcept;
  std::string_view unread() const noexcept { return std::string_view(in_).substr(in_at_); }
  void consume(std::size_t octets);
  std::chrono::milliseconds transfer_allowance(std::uint64_t octets) const;

  Shared& shared_;
  Loop& loop_;
  Socket socket_;
  int fd_;
  std::shared_ptr<Peer> peer_;
  std::shared_ptr<const TlsContext> tls_context_;
  SslPtr ssl_;
  bool ssl_usable_ = false;  // established, and no fatal error since

  State state_ = State::head;
  Moment deadline_;       // of the state it is in
  Moment head_deadline_;  // of the head being read, or of the idle time before it
  bool head_started_ = false;
  bool readable_ = true;  // the socket may hold more
  bool is_posted_ = false;  // drive() goes on after others had their turn
  std::uint64_t wait_id_ = 0;
  std::list<Connection*>::iterator self_;

  std::string in_;
  std::size_t in_at_ = 0;
  RequestParser parser_;
  Framing framing_;
  Request request_;
  Dispatch dispatch_;
  std::size_t requests_ = 0;
  bool keep_alive_ = false;
  bool is_head_request_ = false;

  std::uint64_t body_received_ = 0;
  Moment body_start_;

  Response response_;
  std::string out_;
  std::size_t out_at_ = 0;
  AfterWrite after_write_ = AfterWrite::next_request;
  // A large or secret body that follows out_, and what keeps it alive.
  std::string_view large_;
  Body large_body_;
  bool large_secret_ = false;
  std::shared_ptr<const PreparedResponse> large_prepared_;
  std::size_t lingered_octets_ = 0;
};

}  // namespace certwright::http
