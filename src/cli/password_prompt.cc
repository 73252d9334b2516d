#include "cli/password_prompt.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "bytes/secret_bytes.h"
#include "cli/session.h"

namespace certwright::cli {
namespace {

constexpr std::size_t kMaxOctets = 1024;

// The terminal of the process, silent until this goes.
class SilentTerminal {
 public:
  SilentTerminal() : descriptor_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (descriptor_ < 0 || ::tcgetattr(descriptor_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_ready_ = ::tcsetattr(descriptor_, TCSAFLUSH, &silent) == 0;
  }
  ~SilentTerminal() {
    if (is_ready_) (void)::tcsetattr(descriptor_, TCSAFLUSH, &before_);
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  bool is_ready() const noexcept { return is_ready_; }
  std::string ask(std::string_view what) {
    (void)!::write(descriptor_, what.data(), what.size());
    std::string line;
    line.reserve(kMaxOctets);  // no copy is left behind by growing
    for (char c = 0; line.size() < kMaxOctets && ::read(descriptor_, &c, 1) == 1 && c != '\n';) line += c;
    (void)!::write(descriptor_, "\n", 1);
    return line;
  }

 private:
  int descriptor_;
  termios before_{};
  bool is_ready_ = false;
};

}  // namespace

Result<std::string> ask_new_password() {
  SilentTerminal terminal;
  if (!terminal.is_ready())
    return fail(Errc::unavailable, "there is no terminal to ask for the password: use --password-file");
  std::string password = terminal.ask("New password: ");
  std::string again = terminal.ask("Again: ");
  const bool same = password == again;
  wipe(again);
  if (same) return password;
  wipe(password);
  return fail(Errc::invalid, "the two passwords differ");
}

Result<std::string> password_of_file(const std::string& path) {
  std::string text;
  if (path == "-") {
    std::getline(std::cin, text);
  } else {
    CERTWRIGHT_TRY(text, read_text_file(path, kMaxOctets));
    if (const auto line = text.find('\n'); line != text.npos) text.resize(line);
  }
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return fail(Errc::invalid, "there is no password in " + path);
  return text;
}

}  // namespace certwright::cli
