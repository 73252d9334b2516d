#pragma once
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace certwright::cli {

// Calls `visit` with every command that can be run, as typed after the program's name ("cert
// issue").
void for_each_command(const CLI::App& app,
                      const std::function<void(const std::string& path, const CLI::App&)>& visit);

enum class Shell : std::uint8_t { bash, zsh };

// A script for the shell to source: completes commands, their options, and the options' values
// where those are files or of a fixed set. Made from the command line itself, so it has all there
// is.
std::string completion_script(const CLI::App& app, Shell shell);

}  // namespace certwright::cli
