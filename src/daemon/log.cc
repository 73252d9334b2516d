#include "daemon/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

#include "clock/clock.h"
#include "json/writer.h"

namespace certwright::daemon {
namespace {

bool log_as_json = true;

constexpr spdlog::level::level_enum kSpdlogLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                       spdlog::level::warn, spdlog::level::err};
constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

}  // namespace

Result<void> Log::configure(std::string_view level, std::string_view format, Target target) {
  std::size_t index = 0;
  while (index < 4 && kLevelNames[index] != level) ++index;
  if (index == 4 || (format != "json" && format != "text"))
    return fail(Errc::invalid, "unknown log level or format");
  log_as_json = format == "json";
  spdlog::sink_ptr sink;
  if (target == Target::syslog) sink = std::make_shared<spdlog::sinks::syslog_sink_mt>("certwright", LOG_PID, LOG_DAEMON, true);
  else sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("certwright", std::move(sink));
  logger->set_pattern("%v");  // the line is made here, so that text cannot forge a field
  logger->set_level(kSpdlogLevels[index]);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

bool Log::writes(Level level) noexcept {
  return spdlog::default_logger_raw()->should_log(kSpdlogLevels[static_cast<std::size_t>(level)]);
}

void Log::write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  const auto index = static_cast<std::size_t>(level);
  if (!writes(level)) return;
  json::Writer line(256);
  const std::string time = to_rfc3339(SystemClock().now());
  if (log_as_json) {
    line.begin_object();
    line.member("time", time).member("level", kLevelNames[index]).member("message", message);
    for (const auto& [name, value] : fields) line.member(name, value);
    line.end_object();
    spdlog::default_logger_raw()->log(kSpdlogLevels[index], "{}", line.text());
    return;
  }
  std::string text = time + " " + std::string(kLevelNames[index]) + " " + std::string(message);
  for (const auto& [name, value] : fields) {
    json::Writer quoted;
    quoted.value(value);  // control characters are escaped
    text += " " + std::string(name) + "=" + quoted.text();
  }
  spdlog::default_logger_raw()->log(kSpdlogLevels[index], "{}", text);
}

}  // namespace certwright::daemon
