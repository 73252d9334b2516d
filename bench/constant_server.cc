// What an answer costs when there is nothing to find out: serves one constant through http::Server,
// from an inline handler, as prepared octets. script/bench holds the OCSP responder against it.
// Usage: constant_server HEAD BODY   (files; HEAD as `curl -D` writes it). Prints the port it
// listens on at 127.0.0.1 and ends on SIGTERM.
#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include "http/server.h"

namespace {

using namespace certwright;

std::string content_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

http::Response constant(std::string_view head, std::string body) {
  http::Response response;
  response.body = std::move(body);
  head.remove_prefix(std::min(head.find("\r\n") + 2, head.size()));  // the status line
  for (;;) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    if (line.empty()) return response;
    const std::size_t colon = std::min(line.find(": "), line.size() - 2);
    response.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
  }
}

class Constant final : public http::Handler {
 public:
  explicit Constant(std::shared_ptr<const http::PreparedResponse> prepared) {
    response_.prepared = std::move(prepared);
  }
  http::Dispatch dispatch(const http::RequestHead&) override { return {.run = http::Run::inline_}; }
  http::Response handle(http::Request&&) override { return response_; }

 private:
  http::Response response_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto prepared = http::PreparedResponse::make(constant(content_of(argv[1]), content_of(argv[2])));
  if (!prepared) return 1;
  Constant handler(*std::move(prepared));
  http::ServerOptions options;
  options.listeners.push_back({.name = "http", .security = http::Security::plain});
  auto server = http::Server::bind(std::move(options), handler);
  if (!server || !(*server)->start()) return 1;
  fmt::print("{}\n", (*server)->endpoints().front().port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->stop(std::chrono::milliseconds(0));
  return 0;
}
