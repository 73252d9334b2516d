#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "errors/result.h"

namespace certwright::daemon {

// The process's log, on standard error or to syslog: one line per event, as JSON or as text. Never a secret: fields
// are what the caller names, request targets are not among them. Safe from any thread.
enum class Level : unsigned char { debug, info, warning, error };
using Field = std::pair<std::string_view, std::string>;

class Log {
 public:
  enum class Target : unsigned char { standard_error, syslog };
  // Errors: invalid for an unknown level or format.
  static Result<void> configure(std::string_view level, std::string_view format, Target target = Target::standard_error);
  static bool writes(Level level) noexcept;  // for what would be costly to put together
  static void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
};

inline void log_info(std::string_view m, std::initializer_list<Field> f = {}) { Log::write(Level::info, m, f); }
inline void log_warning(std::string_view m, std::initializer_list<Field> f = {}) { Log::write(Level::warning, m, f); }
inline void log_error(std::string_view m, std::initializer_list<Field> f = {}) { Log::write(Level::error, m, f); }

}  // namespace certwright::daemon
