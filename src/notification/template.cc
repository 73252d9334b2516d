#include "notification/template.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

namespace certwright::notification {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return result;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// What a notification needs. Nothing of this can hide, cover or move what stands outside of it, as a style or a
// class could, nor fetch anything.
constexpr std::string_view kTags[] = {"a",  "b",  "blockquote", "br",   "code",   "div",   "em",    "h1", "h2", "h3",
                                      "hr", "i",  "li",         "ol",   "p",      "pre",   "small", "span", "strong",
                                      "table", "tbody", "td",   "th",   "thead",  "tr",    "u",     "ul"};
constexpr std::size_t kDeepest = 32;

tl::unexpected<Error> bad_tag() {
  return fail_field(Errc::invalid, "html",
                    "html: a < begins a tag such as <p>, </p> or <a href=\"{{link}}\">, on one line, with its values "
                    "between double quotes, and nothing else; write &lt; for the character");
}

bool is_empty_element(std::string_view tag) { return tag == "br" || tag == "hr"; }

bool is_good_value(std::string_view attribute, std::string_view value) {
  if (attribute == "align") return value == "left" || value == "center" || value == "right";
  return value == "{{link}}" || value.starts_with("https://") || value.starts_with("mailto:");
}

// The tags of HTML, so strictly that nobody can read them in another way: no comments, no single quotes, no
// < or > in values, no line break inside, elements closed in the order in which they were opened. Errors:
// invalid, also for what is not in kTags, attributes but href and align, and a placeholder in a value that is
// not href="{{link}}".
class TagChecker {
 public:
  explicit TagChecker(std::string_view html) : html_(html) {}
  Result<void> check() {
    while ((at_ = html_.find('<', at_)) != std::string_view::npos) {
      ++at_;
      CERTWRIGHT_CHECK(check_tag());
    }
    if (open_.empty()) return {};
    return fail_field(Errc::invalid, "html",
                      "html: <" + open_.back() + "> is not closed; on a line with a fact it must be closed on that "
                      "line, which is left out where there is no such fact");
  }

 private:
  char now() const { return at_ < html_.size() ? html_[at_] : '\0'; }
  std::string_view name() {
    const auto begin = at_;
    while (is_letter(now()) || (at_ > begin && (now() == '-' || (now() >= '0' && now() <= '9')))) ++at_;
    return html_.substr(begin, at_ - begin);
  }
  Result<void> check_tag() {
    const bool closes = now() == '/';
    if (closes) ++at_;
    const std::string tag = lower(name());
    if (tag.empty()) return bad_tag();
    if (std::ranges::find(kTags, tag) == std::ranges::end(kTags))
      return fail_field(Errc::invalid, "html", "html: <" + cleaned(tag.substr(0, 60)) + "> is not allowed");
    while (true) {
      const auto before = at_;
      while (now() == ' ') ++at_;
      if (now() == '/' && is_empty_element(tag)) ++at_;
      if (now() == '>') break;
      if (before == at_ || closes) return bad_tag();
      CERTWRIGHT_CHECK(check_attribute(tag));
    }
    ++at_;
    return balance(tag, closes);
  }
  Result<void> balance(const std::string& tag, bool closes) {
    if (closes) {
      if (open_.empty() || open_.back() != tag)
        return fail_field(Errc::invalid, "html", "html: </" + tag + "> closes nothing, or something else; on a line "
                          "with a fact it must have been opened on that line");
      open_.pop_back();
    } else if (!is_empty_element(tag)) {
      if (open_.size() == kDeepest) return fail_field(Errc::invalid, "html", "html: is nested too deeply");
      open_.push_back(tag);
    }
    return {};
  }
  Result<void> check_attribute(std::string_view tag) {
    const std::string attribute = lower(name());
    if (attribute.empty() || now() != '=') return bad_tag();
    ++at_;
    const auto end = now() == '"' ? html_.find('"', at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) return bad_tag();
    const auto value = html_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (value.find_first_of("<>\n") != std::string_view::npos) return bad_tag();
    if (value.find(kOpen) != std::string_view::npos && !(attribute == "href" && value == "{{link}}"))
      return fail_field(Errc::invalid, "html", "html: inside of a tag only href=\"{{link}}\" may be filled in");
    if (attribute != (tag == "a" ? "href" : "align") || !is_good_value(attribute, value))
      return fail_field(Errc::invalid, "html",
                        "html: the only attributes are align=\"left\", \"center\" or \"right\", and of <a> href with "
                        "{{link}}, https:// or mailto:");
    return {};
  }

  std::string_view html_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
};

// A line with placeholders may be left out: what is left must be as good without it.
Result<void> check_html(std::string_view html) {
  CERTWRIGHT_CHECK(TagChecker(html).check());
  while (!html.empty()) {
    const auto end = html.find('\n');
    const auto line = html.substr(0, end);
    if (line.find(kOpen) != std::string_view::npos) CERTWRIGHT_CHECK(TagChecker(line).check());
    html.remove_prefix(end == std::string_view::npos ? html.size() : end + 1);
  }
  return {};
}

Result<void> check_placeholder(const EventInfo& event, const char* field, std::string_view name) {
  if (event.has_fact(name)) return {};
  return fail_field(Errc::invalid, field,
                    std::string(field) + ": {{" + cleaned(name.substr(0, 60)) +
                        "}} is not one of this event's facts: " + std::string(event.facts));
}

Result<void> check_part(const EventInfo& event, const char* field, std::string_view text, std::size_t most) {
  if (text.size() > most) return fail_field(Errc::too_large, field, std::string(field) + ": is too long");
  if (text.empty()) return fail_field(Errc::invalid, field, std::string(field) + ": is empty");
  std::size_t at = 0;
  while ((at = text.find(kOpen, at)) != std::string_view::npos) {
    const auto end = text.find(kClose, at);
    if (end == std::string_view::npos)
      return fail_field(Errc::invalid, field, std::string(field) + ": {{ without }}");
    CERTWRIGHT_CHECK(check_placeholder(event, field, text.substr(at + 2, end - at - 2)));
    at = end + kClose.size();
  }
  return {};
}

using Escape = std::function<std::string(std::string_view)>;

// One line filled in; nothing if it has placeholders and none of them has a value.
std::optional<std::string> filled(std::string_view line, const Facts& facts, const Escape& escape) {
  std::string result;
  bool any = false;
  bool value = false;
  std::size_t open = 0;
  while ((open = line.find(kOpen)) != std::string_view::npos) {
    const auto close = line.find(kClose, open);
    if (close == std::string_view::npos) break;
    const auto what = fact(facts, line.substr(open + 2, close - open - 2));
    any = true;
    value = value || !what.empty();
    result += line.substr(0, open);
    result += escape(what);
    line.remove_prefix(close + kClose.size());
  }
  result += line;
  if (any && !value) return std::nullopt;
  return result;
}

std::string filled_lines(std::string_view text, const Facts& facts, const Escape& escape) {
  std::string result;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (const auto line = filled(text.substr(0, end), facts, escape); line) {
      if (result.size() + line->size() > kMaxRenderedOctets) return result;
      result += *line + "\n";
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return result;
}

// What most events have in common: rows of "Name: {{fact}}" after a sentence.
struct Labelled {
  std::string_view label;
  std::string_view fact;
};
Template made_of(std::string_view subject, std::string_view sentence, std::initializer_list<Labelled> rows,
                 bool with_link) {
  Template made;
  made.subject = subject;
  made.text = std::string(sentence) + "\n\n";
  made.html = "<p>" + std::string(sentence) + "</p>\n<table>\n";
  for (const auto& [label, fact] : rows) {
    const std::string placeholder = "{{" + std::string(fact) + "}}";
    made.text += std::string(label) + ": " + placeholder + "\n";
    made.html += "<tr><th align=\"left\">" + std::string(label) + "</th><td>" + placeholder + "</td></tr>\n";
  }
  made.html += "</table>\n";
  if (with_link) {
    made.text += "\n{{link}}\n";
    made.html += "<p><a href=\"{{link}}\">{{link}}</a></p>\n";
  }
  return made;
}

std::vector<Template> make_defaults() {
  const Labelled request{"Request", "request"}, ca{"CA", "ca"}, profile{"Profile", "profile"}, name{"Name", "common_name"},
      serial{"Serial number", "serial"}, subject{"Subject", "subject"}, ends{"Valid until", "not_after"},
      decided{"Decided by", "decided_by"}, reason{"Reason", "reason"};
  std::vector<Template> all;
  all.push_back(made_of("A request for {{common_name}} waits for approval",
                        "A certificate request waits for your decision.",
                        {request, {"Requested by", "requester"}, {"Account id", "requester_id"}, ca, profile, name,
                         {"Other names", "names"}, reason}, true));
  all.push_back(made_of("Your request for {{common_name}} was approved", "Your certificate request was approved.",
                        {request, ca, profile, name, decided, reason, {"Changes", "changes"}}, true));
  all.push_back(made_of("Your request for {{common_name}} was denied", "Your certificate request was denied.",
                        {request, ca, profile, name, decided, reason}, true));
  all.push_back(made_of("Your certificate for {{common_name}} was issued", "The certificate of your request was issued.",
                        {request, ca, profile, name, serial, ends, decided, {"Changes", "changes"}}, true));
  all.push_back(made_of("Your request for {{common_name}} came to nothing",
                        "Your certificate request was not issued. You can ask again.",
                        {request, ca, profile, name, reason}, true));
  all.push_back(made_of("Repeated wrong approval passwords at CA {{ca}}",
                        "Somebody has given wrong approval passwords again and again. They are locked out for a while.",
                        {ca, {"Account", "principal_name"}, {"Account id", "principal"}, {"Attempts", "count"}}, false));
  all.push_back(made_of("Certificate {{subject}} expires in {{days}} days or less",
                        "A certificate of yours is about to expire and was not renewed. To hear no more about it, "
                        "acknowledge this notification.",
                        {subject, serial, ca, profile, {"Kind", "entity_type"}, {"For", "entity_id"}, ends}, true));
  all.push_back(made_of("Certificate {{subject}} was revoked", "A certificate of yours was revoked.",
                        {subject, serial, ca, profile, {"Kind", "entity_type"}, {"For", "entity_id"}, reason,
                         {"Revoked at", "revoked_at"}}, true));
  all.push_back(made_of("CA {{ca}} expires in {{days}} days or less",
                        "The certificate of a CA is about to expire. Rotate it: what it issues cannot outlive it.",
                        {ca, {"Title", "name"}, subject, ends}, false));
  all.push_back(made_of("The CRL of CA {{ca}} is about to expire",
                        "A CRL is about to expire and was not replaced. After that, relying parties may refuse every "
                        "certificate of the CA.",
                        {ca, {"Part", "shard"}, {"Number", "number"}, {"Next update due", "next_update"}}, false));
  all.push_back(made_of("A test of webhook {{webhook}}", "This is a test.", {{"Sent by", "sent_by"}}, false));
  return all;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  return escaped;
}

Result<void> check_template(EventKind kind, const Template& what) {
  const EventInfo& event = info_of(kind);
  CERTWRIGHT_CHECK(check_part(event, "subject", what.subject, kMaxSubjectOctets));
  if (cleaned(what.subject) != what.subject)
    return fail_field(Errc::invalid, "subject", "subject: must be one line without control characters");
  CERTWRIGHT_CHECK(check_part(event, "text", what.text, kMaxTemplateOctets));
  CERTWRIGHT_CHECK(check_part(event, "html", what.html, kMaxTemplateOctets));
  return check_html(what.html);
}

Rendered render(const Template& what, const Facts& facts) {
  const Escape line = [](std::string_view value) { return cleaned(value); };
  const Escape html = [](std::string_view value) { return escape_html(cleaned(value)); };
  return {cleaned(filled(what.subject, facts, line).value_or("")), filled_lines(what.text, facts, line),
          filled_lines(what.html, facts, html)};
}

const Template& default_template(EventKind kind) {
  static const std::vector<Template> all = make_defaults();
  return all[static_cast<std::size_t>(kind)];
}

}  // namespace certwright::notification
