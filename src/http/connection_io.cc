// A connection's octets: what it reads, writes and waits for. What they mean: connection.cc.
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bytes/secret_bytes.h"
#include "http/connection.h"

namespace certwright::http {
namespace {

constexpr std::size_t kKeepBufferOctets = 32 * 1024;  // larger buffers are given back when empty
constexpr std::chrono::seconds kLinger{1};
constexpr std::size_t kLingerOctets = 512 * 1024;

void empty(std::string& buffer) {
  if (buffer.capacity() > kKeepBufferOctets) buffer = {};
  buffer.clear();
}

// What arrives may hold a private key to import: no copy of it stays behind where input is kept. A few
// hundred octets to overwrite are nothing beside reading them.
void append_input(std::string& to, char* from, std::size_t count) {
  reserve_wiping(to, count);
  to.append(from, count);
  wipe_memory(from, count);
}

void drop_input(std::string& from, std::size_t count) {
  const std::size_t size = from.size();
  from.erase(0, count);
  from.resize(size);  // with zeros
  from.resize(size - count);
}

}  // namespace

bool Connection::step_handshake() {
  const Io outcome = ssl_outcome(SSL_do_handshake(ssl_.get()));
  if (outcome == Io::want_read || outcome == Io::want_write) {
    wait(outcome);
    return false;
  }
  if (outcome != Io::done) {
    loop_.counts.handshakes_failed.add();
    ::shutdown(fd_, SHUT_WR);  // the alert is on its way: do not reset over it
    state_ = State::lingering;
    deadline_ = now() + kLinger;
    return true;
  }
  ssl_usable_ = true;
  (SSL_session_reused(ssl_.get()) != 0 ? loop_.counts.handshakes_resumed
                                       : loop_.counts.handshakes_full)
      .add();
  peer_->tls_version = SSL_get_version(ssl_.get());
  peer_->client_chain = client_chain_of(ssl_.get());
  tls_context_.reset();
  state_ = State::head;
  head_deadline_ = now() + shared_.options.limits.header_timeout;
  return true;
}

// Reads once. False if it has to wait, or the connection is over.
bool Connection::receive() {
  std::size_t count = 0;
  const Io outcome = readable_ ? read_some(count) : Io::want_read;
  if (outcome == Io::done) {
    if (in_at_ > 0) drop_input(in_, std::exchange(in_at_, 0));
    append_input(in_, loop_.scratch.data(), count);
    return true;
  }
  if (outcome == Io::want_read || outcome == Io::want_write) {
    readable_ = true;
    wait(outcome);
  } else {
    close();  // also when the peer half-closes: what it sent is not a whole request
  }
  return false;
}

void Connection::consume(std::size_t octets) {
  in_at_ += octets;
  if (in_at_ < in_.size()) return;
  wipe_memory(in_.data(), in_.size());
  empty(in_);
  in_at_ = 0;
}

bool Connection::step_lingering() {
  for (;;) {
    const ssize_t got = ::recv(fd_, loop_.scratch.data(), loop_.scratch.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      wait(Io::want_read);
      return false;
    }
    if (got > 0) {
      lingered_octets_ += static_cast<std::size_t>(got);
      wipe_memory(loop_.scratch.data(), static_cast<std::size_t>(got));
    }
    if (got <= 0 || lingered_octets_ > kLingerOctets) {
      close();
      return false;
    }
  }
}

bool Connection::step_writing() {
  while (out_at_ < out_.size() + large_.size()) {
    std::size_t count = 0;
    const Io outcome = write_some(count);
    if (outcome == Io::done) {
      out_at_ += count;
    } else if (outcome == Io::want_read || outcome == Io::want_write) {
      wait(outcome);
      return false;
    } else {
      close();
      return false;
    }
  }
  finish_write();
  return after_write_ == AfterWrite::submit ? submit() : true;
}

void Connection::finish_write() {
  empty(out_);
  out_at_ = 0;
  drop_large();
  switch (after_write_) {
    case AfterWrite::next_request:
      state_ = State::head;
      if (!head_started_) head_deadline_ = now() + shared_.options.limits.idle_timeout;
      return;
    case AfterWrite::read_body: state_ = State::body; return;
    case AfterWrite::submit: return;
    case AfterWrite::close:
      // RFC 9112 section 9.6: half-close, then read on for a while, or a reset could take the
      // answer away from a client that is still sending.
      if (ssl_) SSL_shutdown(ssl_.get());
      ERR_clear_error();
      ssl_usable_ = false;
      ::shutdown(fd_, SHUT_WR);
      state_ = State::lingering;
      deadline_ = now() + kLinger;
      return;
  }
}

void Connection::start_write(AfterWrite then) {
  after_write_ = then;
  out_at_ = 0;
  state_ = State::writing;
  if (!out_.empty()) deadline_ = now() + transfer_allowance(out_.size() + large_.size());
}

void Connection::drop_large() noexcept {
  large_ = {};
  if (std::exchange(large_secret_, false)) large_body_.wipe();
  large_body_ = {};
  large_prepared_.reset();
}

Connection::Io Connection::read_some(std::size_t& count) {
  if (ssl_) {
    const int result = SSL_read_ex(ssl_.get(), loop_.scratch.data(), loop_.scratch.size(), &count);
    const Io outcome = ssl_outcome(result);
    // Records that have arrived are in OpenSSL's buffer, not in the socket.
    if (outcome == Io::done) readable_ = SSL_has_pending(ssl_.get()) != 0;
    return outcome;
  }
  const ssize_t got = ::recv(fd_, loop_.scratch.data(), loop_.scratch.size(), 0);
  if (got > 0) {
    count = static_cast<std::size_t>(got);
    readable_ = count == loop_.scratch.size();  // a short read emptied the socket
    return Io::done;
  }
  if (got == 0) return Io::end;
  return errno == EAGAIN || errno == EINTR ? Io::want_read : Io::failed;
}

Connection::Io Connection::write_some(std::size_t& count) {
  const std::string_view first = std::string_view(out_).substr(std::min(out_at_, out_.size()));
  const std::string_view second = large_.substr(out_at_ - (out_.size() - first.size()));
  if (ssl_) {
    const std::string_view part = first.empty() ? second : first;
    return ssl_outcome(SSL_write_ex(ssl_.get(), part.data(), part.size(), &count));
  }
  iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                    {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = first.empty() ? parts + 1 : parts;
  message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
  const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
  if (sent >= 0) {
    count = static_cast<std::size_t>(sent);
    return Io::done;
  }
  return errno == EAGAIN || errno == EINTR ? Io::want_write : Io::failed;
}

Connection::Io Connection::ssl_outcome(int result) {
  if (result == 1) return Io::done;
  const int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  switch (error) {
    case SSL_ERROR_WANT_READ: return Io::want_read;
    case SSL_ERROR_WANT_WRITE: return Io::want_write;
    case SSL_ERROR_ZERO_RETURN: return Io::end;
    default: ssl_usable_ = false; return Io::failed;
  }
}

void Connection::wait(Io what) {
  const auto direction = what == Io::want_read ? Socket::wait_read : Socket::wait_write;
  socket_.async_wait(direction, [self = shared_from_this(), id = ++wait_id_](
                                    const boost::system::error_code& ec) {
    if (id != self->wait_id_ || ec == boost::asio::error::operation_aborted) return;
    if (ec) return self->close();
    self->drive();
  });
}

std::chrono::milliseconds Connection::transfer_allowance(std::uint64_t octets) const {
  constexpr std::uint64_t kMsPerS = 1000;
  const Limits& limits = shared_.options.limits;
  const std::uint64_t rate = std::max<std::uint64_t>(1, limits.min_rate_octets_per_s);
  return limits.transfer_timeout +
         std::chrono::milliseconds(static_cast<std::int64_t>(octets * kMsPerS / rate));
}

}  // namespace certwright::http
