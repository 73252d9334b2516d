#pragma once
#include <string>

#include "errors/result.h"
#include "notification/event.h"

namespace certwright::notification {

// What is written about one event. {{name}} stands for a fact of the event; there is nothing else: no
// conditions, no loops. A line with placeholders of which all are empty is left out.
struct Template {
  std::string subject;
  std::string text;
  std::string html;  // what stands inside <body>
};

struct Rendered {
  std::string subject;  // one line, not encoded
  std::string text;
  std::string html;
};

inline constexpr std::size_t kMaxSubjectOctets = 200;
inline constexpr std::size_t kMaxTemplateOctets = 16 * 1024;
inline constexpr std::size_t kMaxRenderedOctets = 64 * 1024;  // of the text, of the HTML: more is cut

// Errors: too_large; invalid, with the field, for a fact that the event does not have, "{{" without
// "}}", a subject of more than one line, HTML whose tags are not plainly tags (no comments, values between
// double quotes, no line break inside), elements that are not simple text, tables and links, attributes but
// href and align, elements that are not closed in order, or a placeholder inside of a tag: only
// href="{{link}}" may be, for only that fact is made here. A line with placeholders, which may be left out,
// closes what it opens.
Result<void> check_template(EventKind kind, const Template& what);

// Facts are escaped for where they stand: in the HTML, &<>"' become entities. Of a template that
// check_template() accepts, no fact can become markup.
Rendered render(const Template& what, const Facts& facts);

const Template& default_template(EventKind kind);

// &<>"' as entities.
std::string escape_html(std::string_view text);

}  // namespace certwright::notification
