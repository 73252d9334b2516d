#include "http/message.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "bytes/secret_bytes.h"

#include "http/response_writer.h"

namespace certwright::http {
namespace {

constexpr std::size_t kMaxQueryParameters = 64;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool has_control(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

bool is_unreserved(char c) noexcept {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower, lower);
}

const std::string* Headers::find(std::string_view name) const noexcept {
  for (const Field& field : fields_) {
    if (equal_ignoring_case(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const noexcept {
  const std::string* value = find(name);
  return value == nullptr ? std::string_view() : *value;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      fields_, [&](const Field& field) { return equal_ignoring_case(field.name, name); }));
}

void Headers::add(std::string name, std::string value) {
  fields_.push_back({std::move(name), std::move(value)});
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [&](const Field& f) { return equal_ignoring_case(f.name, name); });
  add(std::string(name), std::move(value));
}

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      const std::size_t run = std::min(text.find('%', i), text.size()) - i;
      decoded.append(text, i, run);
      i += run - 1;
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return fail(Errc::bad_encoding, "bad percent-encoding");
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[octet >> 4U];
    encoded += kHex[octet & 0x0FU];
  }
  return encoded;
}

Query Query::parse(std::string_view raw) {
  Query query;
  const auto refuse = [&] {
    query.pairs_.clear();
    query.malformed_ = true;
  };
  const auto decode = [](std::string_view part) -> Result<std::string> {
    std::string spaced(part);
    std::ranges::replace(spaced, '+', ' ');
    CERTWRIGHT_TRY(std::string decoded, percent_decode(spaced));
    if (has_control(decoded)) return fail(Errc::bad_encoding, "a control character");
    return decoded;
  };
  while (!raw.empty()) {
    const std::string_view pair = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(raw.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals));
    auto value = decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view());
    if (!name || !value || query.pairs_.size() == kMaxQueryParameters) {
      refuse();
      return query;
    }
    query.pairs_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

const std::string* Query::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::size_t Query::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(pairs_, [&](const auto& pair) { return pair.first == name; }));
}

ByteView Body::view() const noexcept {
  if (const auto* text = std::get_if<std::string>(&data_)) return as_bytes(*text);
  if (const auto* octets = std::get_if<Bytes>(&data_)) return *octets;
  const auto& shared = std::get<std::shared_ptr<const Bytes>>(data_);
  return shared ? ByteView(*shared) : ByteView();
}

void Body::wipe() noexcept {
  if (auto* text = std::get_if<std::string>(&data_)) certwright::wipe(*text);
  if (auto* octets = std::get_if<Bytes>(&data_)) certwright::wipe(*octets);
  if (auto* shared = std::get_if<std::shared_ptr<const Bytes>>(&data_)) shared->reset();
}

Result<std::shared_ptr<const PreparedResponse>> PreparedResponse::make(const Response& response) {
  constexpr int kLowestFinal = 200;
  constexpr int kHighest = 599;
  if (response.status < kLowestFinal || response.status > kHighest) {
    return fail(Errc::invalid, fmt::format("{} is not a final HTTP status", response.status));
  }
  std::shared_ptr<PreparedResponse> prepared(new PreparedResponse);
  prepared->status_ = response.status;
  append_status_line(prepared->status_line_, response.status);
  if (!append_fields(prepared->rest_, response)) {
    return fail(Errc::invalid, "a header field has a character that HTTP does not allow");
  }
  prepared->rest_ += "\r\n";
  prepared->head_size_ = prepared->rest_.size();
  if (status_has_body(response.status)) prepared->rest_ += response.body.text();
  return std::shared_ptr<const PreparedResponse>(std::move(prepared));
}

Response respond(int status, std::string content_type, Body body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

std::string_view reason_phrase(int status) noexcept {
  struct Phrase {
    int status;
    std::string_view text;
  };
  constexpr Phrase kPhrases[] = {
      {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
      {206, "Partial Content"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
      {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
      {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
      {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {408, "Request Timeout"},
      {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"}, {412, "Precondition Failed"},
      {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {421, "Misdirected Request"},
      {422, "Unprocessable Content"}, {426, "Upgrade Required"}, {428, "Precondition Required"},
      {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
      {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"}};
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Unknown";
}

}  // namespace certwright::http
