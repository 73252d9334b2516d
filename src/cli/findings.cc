#include "cli/findings.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/output.h"
#include "json/writer.h"

namespace certwright::cli {

std::string_view name_of(Verdict verdict) noexcept {
  constexpr std::string_view kNames[] = {"ok", "warn", "BAD"};
  return kNames[static_cast<std::size_t>(verdict)];
}

void Findings::add(Verdict verdict, std::string what, std::string state, std::string advice) {
  worst_ = std::max(worst_, verdict);
  rows_.push_back({verdict, std::move(what), std::move(state), std::move(advice)});
}

Result<void> Findings::print(bool as_json) const {
  if (as_json) {
    json::Writer w;
    w.begin_object().key("checks").begin_array();
    for (const auto& row : rows_)
      w.begin_object()
          .member("verdict", name_of(row.verdict))
          .member("check", row.what)
          .member("state", row.state)
          .member("advice", row.advice)
          .end_object();
    w.end_array().end_object();
    fmt::print("{}\n", w.text());
  } else {
    Table table({"", "CHECK", "STATE", "WHAT TO DO"});
    for (const auto& row : rows_)
      table.add({std::string(name_of(row.verdict)), row.what, row.state, row.advice});
    table.print();
  }
  if (worst_ == Verdict::bad) return fail(Errc::invalid, "something needs attention");
  return {};
}

}  // namespace certwright::cli
