#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"
#include "http_client/client.h"
#include "json/value.h"

namespace CLI { class App; }

namespace certwright::cli {

// Where the server is and as whom to speak. What is not given comes from the environment
// (CERTWRIGHT_SERVER, _CA, _TOKEN, _TOKEN_FILE), then from the state directory, then from defaults.
struct Connection {
  std::string server, ca_file, token_file, certificate_file, key_file, state;
  bool json = false;  // print the server's JSON instead of a table
};

// One command on its way: talks to the server, prints for people or, with --json, for programs.
class Session {
 public:
  explicit Session(const Connection& connection) : connection_(connection) {}

  bool json() const noexcept { return connection_.json; }
  const Connection& connection() const noexcept { return connection_; }

  // The body of a 2xx answer. Any other status is an Error with the server's own words.
  Result<http_client::Reply> call(std::string_view method, std::string_view path, std::string_view body = {},
                                  const http_client::HeaderList& headers = {});
  Result<json::Value> call_json(std::string_view method, std::string_view path, std::string_view body = {});
  // The address that calls go to.
  Result<std::string> server() const;
  // The file that must sign the server's certificate; empty: the system's anchors.
  std::string ca_file() const;

 private:
  Result<void> connect();
  const Connection& connection_;
  std::unique_ptr<http_client::Client> client_;
};

using Command = std::function<Result<void>(Session&)>;

// Collects commands while the command line is declared; the last one parsed is run.
struct Registry {
  Connection connection;
  Command chosen;
};

// A subcommand with the connection's options, whose callback chooses `command`.
CLI::App* add_command(CLI::App& group, Registry& registry, const std::string& name, const std::string& help,
                      Command command);

// Rows under headings, columns as wide as they need to be. Control characters are shown escaped: what
// the server stores may come from strangers.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : rows_{std::move(headings)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Members as text, for tables: "" if absent or null.
std::string text_of(const json::Value& object, std::string_view member);
std::string printable(std::string_view text);
void print_json(const json::Value& value);
// "name: value" lines of an object's plain members.
void print_members(const json::Value& object);

Result<std::string> read_text_file(const std::string& path, std::size_t size_octets_max = 1024 * 1024);
// mode 0600 for secrets. Errors: conflict if the file exists and `overwrite` is false.
Result<void> write_output(const std::string& path, std::string_view content, bool secret);

}  // namespace certwright::cli
