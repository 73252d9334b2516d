#include "gateway/g3fcgen/configuration.h"

#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

namespace certwright::gateway::g3fcgen {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view kPem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
constexpr std::string_view kBackend = "backend: {ca_certificate: ca.pem, ca_private_key: ca.key}\n";

class ConfigurationTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("certwright-g3fcgen-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    write("ca.pem", kPem);
    write("ca.key", "KEY");
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const std::string& name, std::string_view text) { std::ofstream(folder_ / name, std::ios::binary) << text; }
  Result<Configuration> load(std::string_view text) {
    write("main.yaml", text);
    return load_configuration(folder_ / "main.yaml");
  }
  fs::path folder_;
};

TEST_F(ConfigurationTest, TheSmallestFile) {
  const auto c = load(kBackend);
  ASSERT_TRUE(c) << c.error().detail;
  EXPECT_EQ(c->ca_certificates_pem, kPem);
  EXPECT_EQ(as_text(c->ca_private_key_pem.reveal()), "KEY");
  EXPECT_FALSE(c->no_append_ca_cert.has_value());
  EXPECT_FALSE(c->keep_serial);
  EXPECT_EQ(c->ttl_max_s, 86'400U);
  EXPECT_FALSE(c->workers || c->statsd);
  EXPECT_TRUE(c->without_effect.empty());
}

TEST_F(ConfigurationTest, EverythingThatG3fcgenKnows) {
  const auto c = load(R"(
runtime: {thread_number: 0, thread_name: main, thread_stack_size: 2M, max_io_events_per_tick: 1024, server-offline-delay: 1s, task_wait_delay: 1s, task_wait_timeout: 1s, task_quit_timeout: 1s}
worker: {Thread-Number: 3, thread_number_per_runtime: 1, sched_affinity: {0: "0-3"}, thread_stack_size: 2M, max_io_events_per_tick: 9}
stat: {target: {udp: "127.0.0.1:8125"}, prefix: fcgen, emit_interval: 500ms, cache_size: 256K, max_segment_size: 1200}
BACKEND:
  CA-certificate: [ca.pem, "-----BEGIN CERTIFICATE-----\nMAE=\n-----END CERTIFICATE-----"]
  ca_private_key: |
    -----BEGIN PRIVATE KEY-----
    MAA=
    -----END PRIVATE KEY-----
  no_append_ca_cert: true
  keep_serial: yes
  max_ttl: 7200
  duration_stats: {quantile: "0.5,0.999", rotate: 8s}
)");
  ASSERT_TRUE(c) << c.error().detail;
  EXPECT_EQ(c->ca_certificates_pem, std::string(kPem) + "-----BEGIN CERTIFICATE-----\nMAE=\n-----END CERTIFICATE-----\n");
  EXPECT_TRUE(as_text(c->ca_private_key_pem.reveal()).starts_with("-----BEGIN PRIVATE KEY-----\nMAA=\n"));
  EXPECT_EQ(c->no_append_ca_cert, true);
  EXPECT_TRUE(c->keep_serial);
  EXPECT_EQ(c->ttl_max_s, 7'200U);
  EXPECT_EQ(c->workers, 3U);
  ASSERT_TRUE(c->statsd);
  EXPECT_EQ(c->statsd->udp, (ListenAddress{"127.0.0.1", 8125}));
  EXPECT_EQ(c->statsd->prefix, "fcgen");
  EXPECT_EQ(c->statsd->emit_interval, 500ms);
  EXPECT_EQ(c->statsd->max_segment_octets, 1'200U);
  EXPECT_EQ(c->statsd->rotate, 8s);
  EXPECT_EQ(c->statsd->quantiles, (std::vector<std::string>{"0.50", "0.999"}));
  EXPECT_EQ(c->without_effect.size(), 13U);
}

TEST_F(ConfigurationTest, AliasesAndSeveralDocuments) {
  const auto c = load(std::string("stat: {backend_udp: {addr: \"[::1]:8125\", bind: \"::1\"}, emit_duration: 1}\n---\n") +
                      "backend: {ca_certificate: ca.pem, ca_private_key: ca.key, no_append_ca_cert: false, max_ttl: 5, duration_metrics: 2s}\n");
  ASSERT_TRUE(c) << c.error().detail;
  ASSERT_TRUE(c->statsd);
  EXPECT_EQ(c->statsd->udp, (ListenAddress{"::1", 8125}));
  EXPECT_EQ(c->statsd->udp_bind_ip, "::1");
  EXPECT_EQ(c->statsd->emit_interval, 1s);
  EXPECT_EQ(c->statsd->rotate, 2s);
  EXPECT_EQ(c->no_append_ca_cert, false);
  EXPECT_EQ(c->ttl_max_s, 300U) << "the floor";
  const auto local = load(std::string(kBackend) + "stat: {target: {unix: /run/statsd.sock}}\n");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->statsd->unix_path, "/run/statsd.sock");
}

struct RefusedCase { const char* name; const char* text; Errc code; const char* says; };
class RefusedConfiguration : public ConfigurationTest, public testing::WithParamInterface<RefusedCase> {};

TEST_P(RefusedConfiguration, SaysWhereAndWhat) {
  const auto c = load(GetParam().text);
  ASSERT_FALSE(c);
  EXPECT_EQ(c.error().code, GetParam().code);
  EXPECT_NE(c.error().detail.find(GetParam().says), std::string::npos) << c.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Files, RefusedConfiguration,
    testing::Values(RefusedCase{"Empty", "", Errc::invalid, "required"},
                    RefusedCase{"NoKey", "backend: {ca_certificate: ca.pem}", Errc::invalid, "required"},
                    RefusedCase{"UnknownSection", "listen: 1", Errc::invalid, "main.yaml:1: listen: unknown key"},
                    RefusedCase{"UnknownKey", "backend:\n  ca_certificat: x\n", Errc::invalid, "main.yaml:2: backend.ca_certificat: unknown key"},
                    RefusedCase{"NoSuchFile", "backend: {ca_certificate: none.pem, ca_private_key: ca.key}", Errc::not_found, "none.pem"},
                    RefusedCase{"Ttl", "backend: {max_ttl: -1}", Errc::invalid, "max_ttl"},
                    RefusedCase{"Flag", "backend: {keep_serial: maybe}", Errc::invalid, "true or false"},
                    RefusedCase{"Quantile", "backend: {duration_stats: {quantile: \"0.5,1.1\"}}", Errc::invalid, "quantile"},
                    RefusedCase{"StatWithoutTarget", "stat: {prefix: x}", Errc::invalid, "target"},
                    RefusedCase{"StatTargetIsAName", "stat: {target: {udp: \"statsd:8125\"}}", Errc::invalid, "statsd:8125"},
                    RefusedCase{"NoYaml", "backend: [", Errc::bad_encoding, "main.yaml:"},
                    RefusedCase{"NoMap", "- a", Errc::invalid, "mapping"}),
    [](const auto& c) { return std::string(c.param.name); });

TEST_F(ConfigurationTest, IsFoundInAFolder) {
  EXPECT_EQ(find_configuration_file(folder_).error().code, Errc::not_found);
  write("g3fcgen.yaml", kBackend);
  EXPECT_EQ(find_configuration_file(folder_).value().filename(), "g3fcgen.yaml");
  write("main.conf", kBackend);
  EXPECT_EQ(find_configuration_file(folder_).value().filename(), "main.conf");
  EXPECT_EQ(find_configuration_file(folder_ / "g3fcgen.yaml").value().filename(), "g3fcgen.yaml");
  EXPECT_EQ(find_configuration_file(folder_ / "none").error().code, Errc::not_found);
}

}  // namespace
}  // namespace certwright::gateway::g3fcgen
