#pragma once
#include <string>
#include <vector>

#include "errors/result.h"
#include "http/service_manager.h"

namespace certwright::daemon {

// The program that takes this process's place: the same process id, the same arguments, the sockets
// that were kept, and the binary that is now where this one came from, perhaps a newer one. What
// waits in a kept socket, datagrams or connections, waits for the successor.
class Succession {
 public:
  // As main() got them. Call before anything changes the working directory.
  Succession(int argc, char** argv);
  Succession(const Succession&) = delete;

  // Keeps the numbers free that the successor's sockets will have, so that take_over() need not move what
  // this process works with. Call before anything opens files.
  void reserve();
  // Runs the successor with one more argument that makes it only check what it would start with.
  // Errors: invalid if it says no or does not end within ten seconds: then it must not take over.
  Result<void> rehearse(const std::string& check_argument) const;
  // Keeps a copy of the socket for the successor, which finds it under this name
  // (http::take_inherited_sockets()). Errors: unavailable.
  Result<void> keep(int fd, std::string name);
  // Forgets what was kept.
  void abandon();
  // Does not return, unless it fails: everything that must end in order must have ended before. Then
  // every descriptor is what it was, and what was kept still is. Errors: unavailable.
  Result<void> take_over();
  // What was kept, for this process to go on with; the caller owns it.
  std::vector<http::InheritedSocket> take_back();

  const std::string& program() const noexcept { return program_; }
  const std::vector<std::string>& arguments() const noexcept { return arguments_; }  // argv[0] first

 private:
  Result<void> pass_on();
  std::string program_;
  std::vector<std::string> arguments_;
  std::vector<http::InheritedSocket> kept_;
};

}  // namespace certwright::daemon
