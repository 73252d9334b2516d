#include "gateway/certgen/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "msgpack/reader.h"
#include "msgpack/writer.h"
#include "x509/pem.h"

namespace certwright::gateway::certgen {
namespace {

using issuance::InterceptionUsage;
using msgpack::Item;
using msgpack::Type;

enum class RequestKey : std::uint8_t { unknown, host, service, cert, usage };

constexpr std::size_t kNameOctetsMax = 32;

// Lower case without `-` and `_`; empty if it is too long to be a name of the protocol.
struct PlainName {
  explicit PlainName(std::string_view text) noexcept {
    for (const char c : text) {
      if (c == '-' || c == '_') continue;
      if (size == letters.size()) {
        size = 0;
        return;
      }
      letters[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  std::string_view view() const noexcept { return {letters.data(), size}; }
  std::array<char, kNameOctetsMax> letters{};
  std::size_t size = 0;
};

struct NamedUsage { std::string_view name; InterceptionUsage usage; };
constexpr std::array<NamedUsage, 6> kUsages = {{{"tlsserver", InterceptionUsage::tls_server},
                                                {"tlsservertongsuo", InterceptionUsage::tls_server_tongsuo},
                                                {"tlcpserversignature", InterceptionUsage::tlcp_server_signature},
                                                {"tlcpserversign", InterceptionUsage::tlcp_server_signature},
                                                {"tlcpserverencryption", InterceptionUsage::tlcp_server_encryption},
                                                {"tlcpserverenc", InterceptionUsage::tlcp_server_encryption}}};
constexpr std::array<std::string_view, 3> kServices = {"http", "smtp", "imap"};

RequestKey request_key_of(const Item& item) noexcept {
  if (item.type == Type::unsigned_integer) {
    constexpr std::array<RequestKey, 5> kByNumber = {RequestKey::unknown, RequestKey::host, RequestKey::service, RequestKey::cert, RequestKey::usage};
    return item.unsigned_integer < kByNumber.size() ? kByNumber[item.unsigned_integer] : RequestKey::unknown;
  }
  if (!item.is_textual()) return RequestKey::unknown;
  const PlainName name(as_text(item.payload));
  if (name.view() == "host") return RequestKey::host;
  if (name.view() == "service") return RequestKey::service;
  if (name.view() == "cert") return RequestKey::cert;
  return name.view() == "usage" ? RequestKey::usage : RequestKey::unknown;
}

Result<InterceptionUsage> usage_of_number(std::uint64_t number) {
  for (const auto& [name, usage] : kUsages)
    if (number == static_cast<std::uint64_t>(usage)) return usage;
  return fail_field(Errc::invalid, "usage", "no such usage");
}

Result<std::uint8_t> service_of(const Item& item) {
  if (item.is_textual()) return parse_service(as_text(item.payload));
  if (item.type != Type::unsigned_integer || item.unsigned_integer > UINT8_MAX)
    return fail_field(Errc::invalid, "service", "a service is a name or a number below 256");
  return static_cast<std::uint8_t>(item.unsigned_integer);
}

Result<InterceptionUsage> usage_of(const Item& item) {
  if (item.is_textual()) return parse_usage(as_text(item.payload));
  if (item.type != Type::unsigned_integer) return fail_field(Errc::invalid, "usage", "a usage is a name or a number");
  return usage_of_number(item.unsigned_integer);
}

bool is_der(ByteView certificate) noexcept {
  constexpr std::uint8_t kSequence = 0x30;
  return !certificate.empty() && certificate.front() == kSequence;
}

// The DER of the first certificate in a text that may hold other things too.
Bytes first_pem_certificate(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
  const auto begin = text.find(kBegin);
  if (begin == std::string_view::npos) return {};
  const auto end = text.find(kEnd, begin);
  if (end == std::string_view::npos) return {};
  auto der = x509::parse_pem_one(text.substr(begin, end + kEnd.size() - begin), x509::kPemCertificate);
  return der && is_der(*der) ? *std::move(der) : Bytes{};
}

std::optional<std::uint64_t> decimal(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

}  // namespace

bool operator==(const Request& a, const Request& b) noexcept {
  return a.host == b.host && a.service == b.service && a.usage == b.usage &&
         std::ranges::equal(a.upstream_certificate, b.upstream_certificate);
}

Result<Request> RequestDecoder::decode(ByteView datagram) {
  Request request;
  bool has_host = false;
  const auto take_host = [&](const Item& item) -> Result<void> {
    if (item.is_textual()) request.host = as_text(item.payload);
    else if (item.type == Type::unsigned_integer) request.host = number_ = std::to_string(item.unsigned_integer);
    else if (item.type == Type::negative_integer) request.host = number_ = std::to_string(item.negative_integer);
    else return fail_field(Errc::bad_encoding, "host", "a host is text");
    has_host = true;
    return {};
  };
  const auto take_certificate = [&](const Item& item) {
    request.upstream_certificate = {};
    if (!item.is_textual()) return;
    if (is_der(item.payload)) {
      request.upstream_certificate = item.payload;
      return;
    }
    der_ = first_pem_certificate(as_text(item.payload));
    request.upstream_certificate = der_;
  };

  msgpack::Reader reader(datagram);
  CERTWRIGHT_TRY(const auto root, reader.read());
  if (root.type != Type::map) CERTWRIGHT_CHECK(take_host(root));
  const std::uint32_t pairs = root.type == Type::map ? root.count : 0;
  for (std::uint32_t i = 0; i < pairs; ++i) {
    msgpack::Reader ahead = reader;
    CERTWRIGHT_TRY(const auto key_item, ahead.read());
    CERTWRIGHT_CHECK(reader.skip());
    ahead = reader;
    CERTWRIGHT_TRY(const auto value, ahead.read());
    CERTWRIGHT_CHECK(reader.skip());
    switch (request_key_of(key_item)) {
      case RequestKey::host: CERTWRIGHT_CHECK(take_host(value)); break;
      case RequestKey::service: { CERTWRIGHT_TRY(request.service, service_of(value)); break; }
      case RequestKey::usage: { CERTWRIGHT_TRY(request.usage, usage_of(value)); break; }
      case RequestKey::cert: take_certificate(value); break;
      case RequestKey::unknown: break;
    }
  }
  if (!has_host) return fail_field(Errc::bad_encoding, "host", "a request needs a host");
  if (request.host.size() > kHostOctetsMax) return fail_field(Errc::too_large, "host", "the host is too long");
  return request;
}

Bytes encode_request(const Request& request) {
  const auto write = [&](msgpack::Writer writer) {
    const bool has_certificate = !request.upstream_certificate.empty();
    writer.map_head(has_certificate ? 4 : 3).unsigned_integer(1).text(request.host);
    writer.unsigned_integer(2).unsigned_integer(request.service);
    writer.unsigned_integer(4).unsigned_integer(static_cast<std::uint64_t>(request.usage));
    if (has_certificate) writer.unsigned_integer(3).binary(request.upstream_certificate);
    return writer.size();
  };
  Bytes encoded(write(msgpack::Writer({})));
  write(msgpack::Writer(encoded));
  return encoded;
}

std::string service_name(std::uint8_t service) {
  return service < kServices.size() ? std::string(kServices[service]) : std::to_string(service);
}

std::string_view usage_name(InterceptionUsage usage) noexcept {
  switch (usage) {
    case InterceptionUsage::tls_server: return "tls_server";
    case InterceptionUsage::tls_server_tongsuo: return "tls_server_tongsuo";
    case InterceptionUsage::tlcp_server_signature: return "tlcp_server_signature";
    case InterceptionUsage::tlcp_server_encryption: return "tlcp_server_encryption";
  }
  return "tls_server";
}

Result<std::uint8_t> parse_service(std::string_view text) {
  const PlainName name(text);
  for (std::size_t i = 0; i < kServices.size(); ++i)
    if (name.view() == kServices[i]) return static_cast<std::uint8_t>(i);
  if (const auto number = decimal(text); number && *number <= UINT8_MAX) return static_cast<std::uint8_t>(*number);
  return fail_field(Errc::invalid, "service", "a service is http, smtp, imap or a number below 256");
}

Result<InterceptionUsage> parse_usage(std::string_view text) {
  const PlainName name(text);
  for (const auto& [known, usage] : kUsages)
    if (name.view() == known) return usage;
  if (const auto number = decimal(text)) return usage_of_number(*number);
  return fail_field(Errc::invalid, "usage",
                    "a usage is tls_server, tls_server_tongsuo, tlcp_server_signature or tlcp_server_encryption");
}

}  // namespace certwright::gateway::certgen
