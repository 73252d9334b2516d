#include "cli/template_text.h"

#include <fmt/format.h>

#include "cli/output.h"

namespace certwright::cli {

std::string notification_template_text(const json::Value& shown) {
  json::Value plain = json::Object{};
  for (const char* member : {"event", "description", "facts", "own", "updated_by", "updated_at"})
    if (const auto text = member == std::string_view("updated_at") ? time_of(shown, member) : text_of(shown, member); !text.empty())
      plain.set(member, text);
  const std::string about = members_text(plain);
  return fmt::format("{}{}Subject: {}\n\n-- text\n{}\n-- html\n{}", about, about.empty() ? "" : "\n",
                     printable(text_of(shown, "subject")), printable_lines(text_of(shown, "text")),
                     printable_lines(text_of(shown, "html")));
}

}  // namespace certwright::cli
