#include "gateway/g3fcgen/listen_address.h"

#include <gtest/gtest.h>

namespace certwright::gateway::g3fcgen {
namespace {

TEST(ListenAddress, DefaultGroupAndEnvironment) {
  EXPECT_EQ(listen_address("", "").value(), (ListenAddress{"127.0.0.1", 2999}));
  EXPECT_EQ(listen_address("main", "").value(), (ListenAddress{"127.0.0.1", 2999}));
  EXPECT_EQ(listen_address("port3000", "").value(), (ListenAddress{"::", 3000}));
  EXPECT_EQ(listen_address("port", "").value(), (ListenAddress{"127.0.0.1", 2999}));
  EXPECT_EQ(listen_address("port70000", "").value(), (ListenAddress{"127.0.0.1", 2999}));
  EXPECT_EQ(listen_address("port30x", "").value(), (ListenAddress{"127.0.0.1", 2999}));
  EXPECT_EQ(listen_address("port3000", "192.0.2.1:2998").value(), (ListenAddress{"192.0.2.1", 2998}));
  EXPECT_EQ(listen_address("", "[::1]:2998").value(), (ListenAddress{"::1", 2998}));
  const auto refused = listen_address("", "localhost:2999");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "UDP_LISTEN_ADDR");
}

TEST(ListenAddress, RefusesWhatIsNoAddress) {
  for (const auto* text : {"", "2999", ":2999", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "::1:2999", "[127.0.0.1]:2999", "[]:1", "1.2.3.4:65536"})
    EXPECT_FALSE(parse_ip_and_port(text)) << text;
}

}  // namespace
}  // namespace certwright::gateway::g3fcgen
