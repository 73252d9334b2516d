#pragma once
// For tests: requests as http::Server would hand them over.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace certwright::gateway::web::testing {

inline std::shared_ptr<http::Peer> tls_peer(std::string address = "192.0.2.7") {
  auto peer = std::make_shared<http::Peer>();
  peer->address = std::move(address);
  peer->is_loopback = peer->address == "127.0.0.1" || peer->address == "::1";
  peer->listener = "https";
  peer->tls_version = "TLSv1.3";
  return peer;
}

inline std::shared_ptr<http::Peer> plain_peer(std::string address = "192.0.2.7") {
  auto peer = tls_peer(std::move(address));
  peer->listener = "http";
  peer->tls_version.clear();
  return peer;
}

// A request with that target. A path that http::Server would refuse gives no segments.
inline http::Request make_request(std::string method, std::string target,
                                  http::Headers headers = {}, std::string_view body = {}) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  const std::string_view whole = request.target;
  const std::size_t mark = std::min(whole.find('?'), whole.size());
  request.raw_path = std::string(whole.substr(0, mark));
  if (mark < whole.size()) request.raw_query = std::string(whole.substr(mark + 1));
  request.query = http::Query::parse(request.raw_query);
  std::string_view rest = request.raw_path;
  if (rest.starts_with('/')) rest.remove_prefix(1);
  for (;;) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    auto segment = http::percent_decode(rest.substr(0, slash));
    if (!segment) {
      request.segments.clear();
      break;
    }
    request.segments.push_back(*std::move(segment));
    if (slash == rest.size()) break;
    rest.remove_prefix(slash + 1);
  }
  request.headers = std::move(headers);
  request.body = to_bytes(as_bytes(body));
  request.peer = tls_peer();
  return request;
}

// Its path is one that http::Server answers with 400 before any handler sees it.
inline bool server_would_refuse(const http::Request& request) {
  if (request.segments.empty()) return true;
  for (const std::string& segment : request.segments)
    for (const char c : segment)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  return false;
}

}  // namespace certwright::gateway::web::testing
