#include "gateway/certgen/response.h"

#include <charconv>

#include "msgpack/reader.h"
#include "msgpack/writer.h"

namespace certwright::gateway::certgen {
namespace {

using msgpack::Item;
using msgpack::Type;

enum class Field : std::uint8_t { unknown, host, service, cert, key, ttl, usage };

Result<Field> field_of(const Item& item) {
  constexpr std::array<std::string_view, 7> kNames = {"", "host", "service", "cert", "key", "ttl", "usage"};
  if (item.type == Type::unsigned_integer)
    return item.unsigned_integer < kNames.size() ? static_cast<Field>(item.unsigned_integer) : Field::unknown;
  if (item.type != Type::text) return fail(Errc::bad_encoding, "a key of the answer is neither text nor a number");
  std::string name(as_text(item.payload));
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  for (std::size_t i = 1; i < kNames.size(); ++i)
    if (name == kNames[i]) return static_cast<Field>(i);
  return Field::unknown;
}

Result<std::uint64_t> number_of(const Item& item, std::uint64_t most) {
  std::uint64_t number = item.unsigned_integer;
  if (item.is_textual()) {
    const auto text = as_text(item.payload);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return fail(Errc::bad_encoding, "not a number");
  } else if (item.type != Type::unsigned_integer) {
    return fail(Errc::bad_encoding, "not a number");
  }
  if (number > most) return fail(Errc::bad_encoding, "the number is too large");
  return number;
}

class ResponseFields {
 public:
  Result<void> take(Field key, msgpack::Reader value_reader) {
    CERTWRIGHT_TRY(const auto value, value_reader.read());
    switch (key) {
      case Field::host: return take_host(value);
      case Field::service: {
        if (value.is_textual()) {
          CERTWRIGHT_TRY(response.service, parse_service(as_text(value.payload)));
          return {};
        }
        CERTWRIGHT_TRY(const auto number, number_of(value, UINT8_MAX));
        response.service = static_cast<std::uint8_t>(number);
        return {};
      }
      case Field::usage: {
        std::string usage(as_text(value.payload));
        if (!value.is_textual()) {
          CERTWRIGHT_TRY(const auto number, number_of(value, UINT8_MAX));
          usage = std::to_string(number);
        }
        CERTWRIGHT_TRY(response.usage, parse_usage(usage));
        return {};
      }
      case Field::cert: return take_certificates(value, value_reader);
      case Field::key: return take_key(value);
      case Field::ttl: {
        CERTWRIGHT_TRY(const auto number, number_of(value, UINT32_MAX));
        response.ttl_s = static_cast<std::uint32_t>(number);
        return {};
      }
      case Field::unknown: break;
    }
    return {};
  }

  Response response;

 private:
  Result<void> take_host(const Item& value) {
    if (value.is_textual()) response.host = std::string(as_text(value.payload));
    else if (value.type == Type::unsigned_integer) response.host = std::to_string(value.unsigned_integer);
    else return fail(Errc::bad_encoding, "host is not text");
    return {};
  }

  Result<void> take_certificates(const Item& value, msgpack::Reader& after) {
    response.chain_pem.clear();
    if (value.is_textual()) response.chain_pem = std::string(as_text(value.payload));
    else if (value.type != Type::array) return fail(Errc::bad_encoding, "cert is not PEM");
    for (std::uint32_t i = 0; i < value.count && value.type == Type::array; ++i) {
      CERTWRIGHT_TRY(const auto element, after.read());
      if (!element.is_textual()) return fail(Errc::bad_encoding, "cert is not PEM");
      response.chain_pem += as_text(element.payload);
    }
    return {};
  }

  Result<void> take_key(const Item& value) {
    if (!value.is_textual()) return fail(Errc::bad_encoding, "key is neither PEM nor DER");
    response.key_is_pem = value.type == Type::text;
    response.private_key = SecretBytes::copy_of(value.payload);
    return {};
  }
};

}  // namespace

std::size_t encode_head(const Request& request, std::span<std::uint8_t> buffer) noexcept {
  msgpack::Writer writer(buffer);
  writer.map_head(6).unsigned_integer(1).text(request.host);
  writer.unsigned_integer(2).unsigned_integer(request.service);
  writer.unsigned_integer(6).unsigned_integer(static_cast<std::uint64_t>(request.usage));
  return writer.size();
}

SecretBytes encode_body(std::string_view chain_pem, ByteView key_der) {
  SecretBytes body(body_octets(chain_pem.size(), key_der.size()));
  msgpack::Writer(body.writable()).unsigned_integer(3).text(chain_pem).unsigned_integer(4).binary(key_der);
  return body;
}

std::size_t body_octets(std::size_t chain_pem_octets, std::size_t key_octets) noexcept {
  msgpack::Writer heads({});
  heads.unsigned_integer(3).text_head(static_cast<std::uint32_t>(chain_pem_octets));
  heads.unsigned_integer(4).binary_head(static_cast<std::uint32_t>(key_octets));
  return heads.size() + chain_pem_octets + key_octets;
}

std::size_t encode_tail(std::uint32_t ttl_s, std::span<std::uint8_t, kTailOctetsMax> buffer) noexcept {
  msgpack::Writer writer(buffer);
  writer.unsigned_integer(5).unsigned_integer(ttl_s);
  return writer.size();
}

Result<Response> decode_response(ByteView datagram) {
  if (datagram.size() > kResponseOctetsMax) return fail(Errc::too_large, "the answer is longer than a client's buffer");
  msgpack::Reader reader(datagram);
  CERTWRIGHT_TRY(const auto root, reader.read());
  if (root.type != Type::map) return fail(Errc::bad_encoding, "the answer is no map");
  ResponseFields fields;
  for (std::uint32_t i = 0; i < root.count; ++i) {
    CERTWRIGHT_TRY(const auto key_item, reader.read());
    CERTWRIGHT_TRY(const auto key, field_of(key_item));
    const msgpack::Reader value = reader;
    CERTWRIGHT_CHECK(reader.skip());
    CERTWRIGHT_CHECK(fields.take(key, value));
  }
  if (fields.response.chain_pem.empty() || fields.response.private_key.empty())
    return fail(Errc::bad_encoding, "the answer has no certificate or no key");
  return std::move(fields.response);
}

}  // namespace certwright::gateway::certgen
