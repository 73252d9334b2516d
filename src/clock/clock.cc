#include "clock/clock.h"

#include <fmt/format.h>

namespace certwright {

Time SystemClock::now() const noexcept {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Time t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{t - day};
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 time.hours().count(), time.minutes().count(), time.seconds().count());
  if (const auto us = time.subseconds().count(); us != 0) {
    std::string fraction = fmt::format("{:06}", us);
    while (fraction.ends_with('0')) fraction.pop_back();  // as Go prints times
    text += '.' + fraction;
  }
  return text + 'Z';
}

}  // namespace certwright
