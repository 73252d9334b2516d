#include "gateway/g3fcgen/listen_address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace certwright::gateway::g3fcgen {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view digits) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return {};
  return port;
}

}  // namespace

Result<ListenAddress> parse_ip_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  std::array<std::uint8_t, 16> parsed{};
  if (colon != std::string_view::npos) {
    const auto port = parse_port(text.substr(colon + 1));
    const auto host = text.substr(0, colon);
    const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    const std::string address(in_brackets ? host.substr(1, host.size() - 2) : host);
    if (port && inet_pton(in_brackets ? AF_INET6 : AF_INET, address.c_str(), parsed.data()) == 1) return ListenAddress{address, *port};
  }
  return fail(Errc::invalid, fmt::format("\"{}\" is not ADDRESS:PORT or [IPv6]:PORT", text));
}

Result<ListenAddress> listen_address(std::string_view group_name, std::string_view listen_environment) {
  constexpr std::string_view kPort = "port";
  if (!listen_environment.empty()) {
    auto address = parse_ip_and_port(listen_environment);
    if (!address) return fail_field(Errc::invalid, "UDP_LISTEN_ADDR", "UDP_LISTEN_ADDR: " + address.error().detail);
    return address;
  }
  if (group_name.starts_with(kPort))
    if (const auto port = parse_port(group_name.substr(kPort.size()))) return ListenAddress{"::", *port};
  return ListenAddress{};
}

}  // namespace certwright::gateway::g3fcgen
