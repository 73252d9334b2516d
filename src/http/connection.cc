#include "http/connection.h"

#include <openssl/err.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "bytes/secret_bytes.h"

namespace certwright::http {
namespace {

constexpr int kRequestTimeout = 408;
constexpr int kTooLarge = 413;
constexpr int kInternalError = 500;
constexpr int kServiceUnavailable = 503;
constexpr std::string_view kConnectionClose = "Connection: close\r\n";
constexpr std::size_t kGatherOver = 16 * 1024;        // larger bodies are not copied into out_
constexpr std::size_t kPipelineOctets = 64 * 1024;    // of answers, before they are sent
constexpr int kStepsPerTurn = 256;                    // about as many requests answered inline
constexpr Moment kNever = Moment::max();

std::string what_went_wrong(std::exception_ptr error) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace

void Shared::log(std::string_view message) const noexcept {
  try {
    if (options.log) options.log(message);
  } catch (...) {  // a log that fails must not end the connection
  }
}

Response Shared::error_response(int status, std::string_view message) const noexcept {
  Response response;
  try {
    if (options.error_response) {
      response = options.error_response(status, message);
    } else {
      constexpr const char* kProblem =
          R"({{"type":"about:blank","title":"{}","status":{},"detail":"{}"}})";
      response = respond(status, "application/problem+json",
                         fmt::format(kProblem, reason_phrase(status), status, message));
    }
  } catch (...) {
    response = {};
  }
  response.status = status;
  return response;
}

Connection::Connection(Shared& shared, Loop& loop, int fd, Peer peer, Security security)
    : shared_(shared),
      loop_(loop),
      socket_(loop.io),
      fd_(fd),
      peer_(std::make_shared<Peer>(std::move(peer))),
      parser_({shared.options.limits.request_line_octets, shared.options.limits.header_octets,
               shared.options.limits.header_count}) {
  if (security == Security::tls) {
    tls_context_ = shared.tls_context();
    state_ = State::handshake;
  }
  self_ = loop_.connections.insert(loop_.connections.end(), this);
}

Connection::~Connection() { close(); }

void Connection::start() {
  boost::system::error_code ec;
  const auto family = peer_->address.find(':') == std::string::npos ? boost::asio::ip::tcp::v4()
                                                                     : boost::asio::ip::tcp::v6();
  socket_.assign(family, fd_, ec);
  if (ec) {
    ::close(fd_);
    return close();
  }
  const Limits& limits = shared_.options.limits;
  if (state_ == State::handshake) {
    ssl_ = tls_context_->accept_on(fd_);
    if (!ssl_) return close();
    deadline_ = now() + limits.handshake_timeout;
  } else {
    head_deadline_ = now() + limits.header_timeout;
  }
  drive();
}

void Connection::close() noexcept {
  if (state_ == State::closed) return;
  if (state_ != State::working) wipe(request_.body);  // or a worker has it, and wipes it
  state_ = State::closed;
  drop_large();
  wipe_memory(in_.data(), in_.size());
  if (ssl_ && ssl_usable_) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  boost::system::error_code ignored;
  socket_.close(ignored);
  loop_.connections.erase(self_);
  shared_.on_closed(*peer_);
}

void Connection::drain() {
  const auto self = shared_from_this();
  const auto is_idle = [this] { return state_ == State::head && !head_started_ && !is_posted_; };
  if (is_idle()) drive();  // a request may have arrived that nobody has read yet
  if (is_idle() || state_ == State::handshake) close();
}

void Connection::check_deadline(Moment at) {
  if (at < deadline_ || state_ == State::working || state_ == State::closed || is_posted_) return;
  const auto self = shared_from_this();
  if (state_ != State::lingering) loop_.counts.timeouts.add();
  const bool owes_an_answer = state_ == State::body || (state_ == State::head && head_started_);
  if (!owes_an_answer) return close();
  ++wait_id_;  // the wait under way is no longer ours
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  refuse(kRequestTimeout, "the request took too long to arrive");
  drive();
}

// One that always has more to do lets the others of its thread have their turn.
void Connection::drive() {
  for (int steps = 0; step();) {
    if (++steps < kStepsPerTurn) continue;
    is_posted_ = true;
    boost::asio::post(loop_.io, [self = shared_from_this()] {
      self->is_posted_ = false;
      self->drive();
      if (self->shared_.draining.load(std::memory_order_relaxed)) self->drain();
    });
    return;
  }
}

bool Connection::step() {
  switch (state_) {
    case State::handshake: return step_handshake();
    case State::head: return step_head();
    case State::body: return step_body();
    case State::writing: return step_writing();
    case State::lingering: return step_lingering();
    case State::working:
    case State::closed: return false;
  }
  return false;
}

bool Connection::step_head() {
  if (!unread().empty()) {
    if (!head_started_) {
      head_started_ = true;
      head_deadline_ = now() + shared_.options.limits.header_timeout;
    }
    const auto outcome = parser_.read_head(unread(), request_, framing_);
    if (outcome.kind == RequestParser::Kind::refused) {
      refuse(outcome.refusal.status, outcome.refusal.message);
      return true;
    }
    if (outcome.kind == RequestParser::Kind::complete) {
      consume(outcome.consumed);
      head_started_ = false;
      begin_request();
      return true;
    }
  }
  if (!out_.empty()) {
    start_write(AfterWrite::next_request);
    return true;
  }
  deadline_ = head_deadline_;
  return receive();
}

void Connection::begin_request() {
  loop_.counts.requests.add();
  const Limits& limits = shared_.options.limits;
  request_.peer = peer_;
  keep_alive_ = framing_.keep_alive && ++requests_ < limits.requests_per_connection;
  is_head_request_ = request_.method == "HEAD";
  try {
    dispatch_ = shared_.handler.dispatch(request_);
  } catch (...) {
    shared_.handler_exceptions.fetch_add(1, std::memory_order_relaxed);
    shared_.log(fmt::format("dispatch failed: {}", what_went_wrong(std::current_exception())));
    return refuse(kInternalError, "an internal error; the server's log says more");
  }
  if (framing_.content_length > dispatch_.body_limit_octets) {
    return refuse(kTooLarge, "the body is too large");
  }
  if (dispatch_.run == Run::worker && shared_.workers.is_full()) {
    return refuse(kServiceUnavailable, "too many requests at once; try again shortly",
                  framing_.has_body());
  }
  if (!framing_.has_body()) return run_request();
  body_received_ = 0;
  body_start_ = now();
  state_ = State::body;
  if (framing_.expects_continue && unread().empty()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  if (!out_.empty()) start_write(AfterWrite::read_body);
}

bool Connection::step_body() {
  if (const std::string_view input = unread(); !input.empty()) {
    const auto outcome = parser_.read_body(input, dispatch_.body_limit_octets, request_.body);
    if (outcome.kind == RequestParser::Kind::refused) {
      refuse(outcome.refusal.status, outcome.refusal.message);
      return true;
    }
    body_received_ += outcome.consumed;
    consume(outcome.consumed);
    if (outcome.kind == RequestParser::Kind::complete) {
      run_request();
      return true;
    }
  }
  deadline_ = body_start_ + transfer_allowance(body_received_);
  return receive();
}

void Connection::run_request() {
  if (dispatch_.run == Run::inline_) return respond(call_handler());
  if (dispatch_.run == Run::either) {
    if (auto response = ask_for_answer_now()) return respond(*std::move(response));
  }
  start_write(AfterWrite::submit);  // earlier answers first, if any
}

// Hands the request to a worker; from then on this thread touches nothing until completed().
bool Connection::submit() {
  state_ = State::working;
  deadline_ = kNever;
  if (shared_.workers.try_submit(shared_from_this())) return false;
  refuse(kServiceUnavailable, "too many requests at once; try again shortly", false);
  return true;
}

void Connection::run() noexcept {
  response_ = call_handler();
  boost::asio::post(loop_.io, [self = shared_from_this()] { self->completed(); });
}

Response Connection::call_handler() noexcept {
  Response response;
  try {
    response = shared_.handler.handle(std::move(request_));
  } catch (...) {
    response = answer_exception();
  }
  wipe(request_.body);  // what the handler did not take
  return response;
}

std::optional<Response> Connection::ask_for_answer_now() noexcept {
  try {
    return shared_.handler.answer_now(request_);
  } catch (...) {
    return answer_exception();
  }
}

// For the exception that is being handled.
Response Connection::answer_exception() noexcept {
  shared_.handler_exceptions.fetch_add(1, std::memory_order_relaxed);
  shared_.log(fmt::format("a handler failed: {}", what_went_wrong(std::current_exception())));
  return shared_.error_response(kInternalError, "an internal error; the server's log says more");
}

void Connection::completed() {
  if (state_ == State::closed) {
    if (response_.secret) response_.body.wipe();
    return;
  }
  respond(std::exchange(response_, {}));
  drive();
}

void Connection::refuse(int status, std::string_view message, bool must_close) {
  loop_.counts.requests_refused.add();
  Response response = shared_.error_response(status, message);
  if (status == kServiceUnavailable && !response.headers.has("Retry-After")) {
    response.headers.add("Retry-After", "1");
  }
  if (must_close) keep_alive_ = false;
  respond(std::move(response));
}

void Connection::respond(Response response) {
  wipe(request_.body);  // also of a request that was refused half way
  if (shared_.draining.load(std::memory_order_relaxed)) keep_alive_ = false;
  if (response.prepared) {
    append_prepared(std::move(response.prepared));
  } else {
    append_ordinary(response);
  }
  is_head_request_ = false;
  if (!keep_alive_) return start_write(AfterWrite::close);
  const bool more_to_answer = !unread().empty() && large_.empty() && out_.size() < kPipelineOctets;
  if (!more_to_answer) return start_write(AfterWrite::next_request);
  state_ = State::head;
}

void Connection::append_prepared(std::shared_ptr<const PreparedResponse> prepared) {
  out_ += prepared->status_line();
  out_ += loop_.date.get();
  if (!keep_alive_) out_ += kConnectionClose;
  const std::string_view rest = prepared->rest();
  if (is_head_request_) {
    out_ += rest.substr(0, prepared->head_size());
  } else if (rest.size() <= kGatherOver) {
    out_ += rest;
  } else {
    large_ = rest;
    large_prepared_ = std::move(prepared);
  }
}

void Connection::append_ordinary(Response& response) {
  constexpr int kLowestFinal = 200;
  constexpr int kHighest = 599;
  const std::size_t start = out_.size();
  const auto append_head = [&] {
    append_status_line(out_, response.status);
    out_ += loop_.date.get();
    if (!keep_alive_) out_ += kConnectionClose;
    return append_fields(out_, response);
  };
  if (response.status < kLowestFinal || response.status > kHighest || !append_head()) {
    shared_.log("a handler's answer has an impossible status or header field");
    out_.resize(start);
    if (response.secret) response.body.wipe();
    response = {};
    response.status = kInternalError;
    append_head();
  }
  out_ += "\r\n";
  if (is_head_request_ || !status_has_body(response.status)) {
    if (response.secret) response.body.wipe();
    return;
  }
  if (response.body.size() <= kGatherOver && !response.secret) {
    out_ += response.body.text();
  } else {
    large_body_ = std::move(response.body);
    large_ = large_body_.text();
    large_secret_ = response.secret;
  }
}

}  // namespace certwright::http
