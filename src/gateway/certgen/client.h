#pragma once
#include <chrono>

#include "gateway/certgen/response.h"

namespace certwright::gateway::certgen {

struct AskedAnswer {
  Response response;
  std::size_t octets = 0;  // of the datagram
  std::chrono::microseconds took{0};
};

// Asks a certificate generator once, as g3proxy does: from a connected socket, without a repetition.
// An answer for another host, service or usage is not the answer; the wait goes on.
// Errors: invalid if `address` is no IP address; unavailable if nobody listens there or nothing comes in
// time; bad_encoding if what comes is no answer; too_large if the request is.
Result<AskedAnswer> ask(const std::string& address, std::uint16_t port, const Request& request, std::chrono::milliseconds timeout);

}  // namespace certwright::gateway::certgen
