#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"
#include "errors/result.h"
#include "http_client/client.h"
#include "json/value.h"

namespace CLI {
class App;
}

namespace certwright::cli {

class Waiting;

// Where the server is and as whom to speak. What is not given comes from the environment
// (CERTWRIGHT_SERVER, _CA, _TOKEN, _TOKEN_FILE), then from the state directory, then from defaults.
struct Connection {
  std::string server, ca_file, token_file, certificate_file, key_file, state;
  bool json = false;  // print the server's JSON instead of a table
};

// One command on its way: talks to the server, prints for people or, with --json, for programs.
class Session {
 public:
  explicit Session(const Connection& connection);
  ~Session();

  bool json() const noexcept { return connection_.json; }

  // The body of a 2xx answer. Any other status is an Error with the server's own words. What people must
  // approve first is approval_required, with how to look at the request; with --json, the answer is printed.
  Result<http_client::Reply> call(std::string_view method, std::string_view path,
                                  std::string_view body = {},
                                  const http_client::HeaderList& headers = {});
  Result<json::Value> call_json(std::string_view method, std::string_view path,
                                std::string_view body = {});
  // What a command did: the document with --json, else the text and a line break.
  void report(const json::Value& document, std::string_view text) const;
  // From now on a terminal says that this is waited for, over several calls; an empty text: no more.
  void wait_for(std::string what);
  // The exit code of a command that did its work, where that is not all: see kWaitsForPeople.
  void exit_with(int code) noexcept { exit_code_ = code; }
  int exit_code() const noexcept { return exit_code_; }
  // The address that calls go to.
  Result<std::string> server() const;
  // The state directory of a server on this machine, given or of the environment; empty: none.
  std::string state() const;
  // The file that must sign the server's certificate; empty: the system's anchors.
  std::string ca_file() const;

 private:
  Result<void> connect();
  const Connection& connection_;
  std::unique_ptr<http_client::Client> client_;
  std::unique_ptr<Waiting> waiting_;  // of wait_for()
  bool has_credentials_ = false;
  int exit_code_ = 0;
};

using Command = std::function<Result<void>(Session&)>;

// Collects commands while the command line is declared; the last one parsed is run.
struct Registry {
  Connection connection;
  Command chosen;
};

// Makes commands of functions that take their group's options.
template <class Options>
auto command_with(std::shared_ptr<Options> options) {
  return [options](Result<void> (*function)(Session&, const Options&)) -> Command {
    return [options, function](Session& session) { return function(session, *options); };
  };
}

// A subcommand with the connection's options, whose callback chooses `command`.
// `--json` is among them: a command answers it with exactly one JSON document on standard output.
CLI::App* add_command(CLI::App& group, Registry& registry, const std::string& name,
                      const std::string& help, Command command);
// The same for one that asks no server: `--json` is its only option of these.
CLI::App* add_offline_command(CLI::App& group, Registry& registry, const std::string& name,
                              const std::string& help, Command command);
// Percent-encodes what is not unreserved (RFC 3986 section 2.3), for paths and queries.
std::string url_encode(std::string_view text);

Result<std::string> read_text_file(const std::string& path,
                                   std::size_t size_octets_max = 1024 * 1024);

}  // namespace certwright::cli
