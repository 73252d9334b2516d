// The door as a client sees it, over loopback, with an issuer that a test can slow down.
#include "gateway/certgen/door.h"

#include <ifaddrs.h>

#include <condition_variable>
#include <cstring>
#include <optional>

#include <gtest/gtest.h>

#include "gateway/certgen/door_metrics.h"
#include "gateway/certgen/testing_client.h"
#include "gateway/certgen/testing_issuer.h"

namespace certwright::gateway::certgen {
namespace {

using namespace std::chrono_literals;

class DoorTest : public testing::Test {
 protected:
  void open(DoorOptions options = {}, const char* address = "127.0.0.1") {
    std::vector<UdpSocket> sockets;
    sockets.push_back(UdpSocket::bind({.address = address, .port = 0}).value());
    port_ = sockets.front().port();
    door_ = Door::open(std::move(sockets), std::move(options), *issuer_, clock_).value();
    door_->start();
  }
  bool eventually(const std::function<bool(const DoorStatistics&)>& holds) {
    for (int i = 0; i < 500; ++i) {
      if (holds(door_->statistics())) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  ManualClock clock_{SystemClock().now()};
  std::shared_ptr<TestingIssuer> issuer_ = std::make_shared<TestingIssuer>();
  std::unique_ptr<Door> door_;
  std::uint16_t port_ = 0;
};

TEST_F(DoorTest, AnswersAndEchoesHostServiceAndUsage) {
  open();
  const TestingClient client(port_);
  ASSERT_TRUE(client.ask("WwW.example.com.", 2));
  const auto answer = client.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->host, "WwW.example.com.");
  EXPECT_EQ(answer->service, 2);
  EXPECT_EQ(answer->usage, issuance::InterceptionUsage::tls_server);
  EXPECT_EQ(answer->ttl_s, 86'400U);
  EXPECT_TRUE(client.ask(""));
  EXPECT_TRUE(client.answer());
}

TEST_F(DoorTest, RepeatedHostsComeFromTheCacheForEveryService) {
  open();
  const TestingClient client(port_), other(port_);
  ASSERT_TRUE(client.ask("a"));
  const auto first = client.answer();
  ASSERT_TRUE(first);
  clock_.advance(Seconds(10));
  ASSERT_TRUE(other.ask("a", 1));
  const auto second = other.answer();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->chain_pem, first->chain_pem);
  EXPECT_EQ(second->service, 1);
  EXPECT_EQ(issuer_->issued, 1U);
  EXPECT_TRUE(eventually([](const auto& s) { return s.answered_cached == 1 && s.answered_issued == 1; }));
  EXPECT_EQ(door_->statistics().cache_entries, 1U);
}

TEST_F(DoorTest, ATtlOfTheCacheFollowsTheClock) {
  issuer_->not_after = clock_.now() + Seconds(1'000);
  open();
  const TestingClient client(port_);
  ASSERT_TRUE(client.ask("a"));
  EXPECT_EQ(client.answer()->ttl_s, 1'000U);
  clock_.advance(Seconds(400));
  ASSERT_TRUE(client.ask("a"));
  EXPECT_EQ(client.answer()->ttl_s, 600U);
  EXPECT_EQ(issuer_->issued, 1U);
}

TEST_F(DoorTest, AnAgeingAnswerIsRefreshedWhileItStillServes) {
  DoorOptions options;
  options.cache.lifetime = Seconds(100);
  open(std::move(options));
  const TestingClient client(port_);
  ASSERT_TRUE(client.ask("a"));
  ASSERT_TRUE(client.answer());
  clock_.advance(Seconds(85));
  ASSERT_TRUE(client.ask("a"));
  ASSERT_TRUE(client.answer());
  EXPECT_TRUE(eventually([](const auto& s) { return s.refreshed == 1; }));
  clock_.advance(Seconds(50));  // beyond the first answer's life
  ASSERT_TRUE(client.ask("a"));
  ASSERT_TRUE(client.answer());
  EXPECT_EQ(issuer_->issued, 2U);
}

TEST_F(DoorTest, OneCertificateForAllWhoAskAtOnce) {
  std::mutex mutex;
  std::condition_variable open_gate;
  bool opened = false;
  issuer_->before = [&] {
    std::unique_lock lock(mutex);
    open_gate.wait(lock, [&] { return opened; });
  };
  open();
  const TestingClient first(port_), second(port_), third(port_);
  for (const auto* client : {&first, &second, &third}) ASSERT_TRUE(client->ask("a"));
  ASSERT_TRUE(first.ask("a"));  // again: one answer is enough
  ASSERT_TRUE(first.ask("a", 1));
  EXPECT_TRUE(eventually([](const auto& s) { return s.requests == 5; }));
  {
    const std::lock_guard guard(mutex);
    opened = true;
  }
  open_gate.notify_all();
  for (const auto* client : {&first, &second, &third}) EXPECT_TRUE(client->answer());
  EXPECT_TRUE(first.answer());
  EXPECT_FALSE(first.answer(50ms));
  EXPECT_EQ(issuer_->issued, 1U);
  EXPECT_EQ(door_->statistics().duplicates, 1U);
}

TEST_F(DoorTest, InvalidRequestsAreCountedAndNotAnswered) {
  open();
  const TestingClient client(port_);
  const Bytes garbage = {0xc1}, empty_map = {0x80};
  ASSERT_TRUE(client.send(garbage));
  ASSERT_TRUE(client.send(empty_map));
  ASSERT_TRUE(client.send({}));
  EXPECT_TRUE(eventually([](const auto& s) { return s.invalid == 3; }));
  ASSERT_TRUE(client.ask("a"));
  EXPECT_TRUE(client.answer());
}

TEST_F(DoorTest, WhatComesTooLateIsShedWithoutWork) {
  DoorOptions options;
  options.workers = 1;
  options.queue.deadline = 200ms;
  options.queue.overload = 10s;
  issuer_->takes = 150ms;
  open(std::move(options));
  const TestingClient client(port_);
  for (const auto* host : {"a", "b", "c", "d", "e", "f"}) ASSERT_TRUE(client.ask(host));
  EXPECT_TRUE(eventually([](const auto& s) { return s.shed_late + s.answered_issued == 6; }));
  const auto statistics = door_->statistics();
  EXPECT_GE(statistics.shed_late, 3U);
  EXPECT_LE(issuer_->issued, 3U);
}

TEST_F(DoorTest, RequestsThatWaitedInTheKernelKeepTheirAge) {
  DoorOptions options;
  options.queue.deadline = 1500ms;  // "b" is answered sooner, on a busy machine too
  open(std::move(options));
  door_->stop();
  const TestingClient client(port_);
  ASSERT_TRUE(client.ask("a"));
  std::this_thread::sleep_for(1600ms);
  ASSERT_TRUE(client.ask("b"));
  door_->start();
  const auto answer = client.answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->host, "b");
  EXPECT_FALSE(client.answer(50ms));
  EXPECT_EQ(door_->statistics().shed_late, 1U);
}

TEST_F(DoorTest, StoppedItAnswersWhatItReadAndStartedAgainWhatCameMeanwhile) {
  issuer_->takes = 20ms;
  open();
  const TestingClient client(port_);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.ask("host" + std::to_string(i)));
  EXPECT_TRUE(eventually([](const auto& s) { return s.requests > 0; }));
  door_->stop();
  for (int i = 10; i < 20; ++i) ASSERT_TRUE(client.ask("host" + std::to_string(i)));
  door_->start();
  int answers = 0;
  while (answers < 20 && client.answer()) ++answers;
  EXPECT_EQ(answers, 20);
}

TEST_F(DoorTest, LoopbackHasNoRate) {
  DoorOptions options;
  options.requests_per_second_and_peer = 1;
  options.burst_per_peer = 1;
  open(std::move(options));
  const TestingClient client(port_);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.ask("a"));
  EXPECT_TRUE(eventually([](const auto& s) { return s.answered_cached + s.answered_issued + s.duplicates == 5; }));
  EXPECT_EQ(door_->statistics().rate_limited, 0U);
}

TEST_F(DoorTest, AFailingIssuerIsReportedOnceASecondAndTriedAgain) {
  std::atomic<int> warnings = 0;
  DoorOptions options;
  options.warn = [&](std::string_view) { ++warnings; };
  issuer_->failing = true;
  open(std::move(options));
  const TestingClient client(port_);
  for (const auto* host : {"a", "b", "c", "d"}) ASSERT_TRUE(client.ask(host));
  EXPECT_TRUE(eventually([](const auto& s) { return s.failed == 4; }));
  EXPECT_GE(warnings, 1);
  EXPECT_LE(warnings, 2);
  issuer_->failing = false;
  ASSERT_TRUE(client.ask("a"));
  EXPECT_TRUE(client.answer());
}

TEST_F(DoorTest, AnswersOfAFormerGenerationAreForgotten) {
  open();
  const TestingClient client(port_);
  for (const auto* host : {"a", "b"}) {
    ASSERT_TRUE(client.ask(host));
    ASSERT_TRUE(client.answer());
  }
  issuer_->number = 2;
  ASSERT_TRUE(client.ask("a"));
  ASSERT_TRUE(client.answer());
  EXPECT_EQ(issuer_->issued, 3U);
  EXPECT_EQ(door_->statistics().cache_entries, 1U);  // the key of "b" is not kept either
}

// An address of this host that is not loopback; datagrams between two of its own go over loopback all
// the same. None: the host has no network.
std::optional<std::string> own_address() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return {};
  std::optional<std::string> found;
  for (const ifaddrs* each = all; each != nullptr && !found; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    sockaddr_storage address{};
    std::memcpy(&address, each->ifa_addr, sizeof(sockaddr_in));
    if (const IpAddress ip = IpAddress::of(address); !ip.is_loopback()) found = ip.text();
  }
  freeifaddrs(all);
  return found;
}

TEST_F(DoorTest, PeersThatMayNotAskGetNothing) {
  const auto own = own_address();
  if (!own) GTEST_SKIP() << "this host has loopback only";
  open({}, "0.0.0.0");
  const TestingClient stranger(port_, "127.0.0.1", own->c_str());  // this host, but under another address than it asks
  const TestingClient same(port_, own->c_str(), own->c_str());
  ASSERT_TRUE(stranger.connected() && same.connected());
  ASSERT_TRUE(stranger.ask("a"));
  EXPECT_TRUE(eventually([](const auto& s) { return s.denied == 1; }));
  ASSERT_TRUE(same.ask("a"));
  EXPECT_TRUE(same.answer());
  EXPECT_FALSE(stranger.receive(0ms));
  EXPECT_EQ(issuer_->issued, 1U);
}

TEST_F(DoorTest, WithAListOnlyItsPeersAreAnsweredAndAtTheirRate) {
  const auto own = own_address();
  if (!own) GTEST_SKIP() << "this host has loopback only";
  DoorOptions options;
  options.peers = PeerPolicy({AddressPrefix::parse(*own).value()});
  options.requests_per_second_and_peer = 0.001;
  options.burst_per_peer = 2;
  open(std::move(options), "0.0.0.0");
  const TestingClient listed(port_, "127.0.0.1", own->c_str()), loopback(port_);
  ASSERT_TRUE(listed.connected());
  for (const auto* host : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(listed.ask(host));
  EXPECT_TRUE(eventually([](const auto& s) { return s.rate_limited == 3 && s.answered_issued == 2; }));
  for (const auto* host : {"f", "g", "h"}) {
    ASSERT_TRUE(loopback.ask(host));
    EXPECT_TRUE(loopback.answer());
  }
  EXPECT_EQ(door_->statistics().denied, 0U);
}

TEST_F(DoorTest, ManyClientsFromManyThreadsAllGetTheirAnswers) {
  open();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      const TestingClient client(port_);
      for (int i = 0; i < 250; ++i) {
        const std::string host = "host" + std::to_string((i * (t + 1)) % 100);
        if (!client.ask(host)) continue;
        const auto answer = client.answer();
        if (answer && answer->host == host) ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 1'000);
}

TEST_F(DoorTest, ItsSeriesAreExported) {
  metrics::Registry registry;
  DoorMetrics series(registry);
  DoorOptions options;
  options.on_answer = [&](auto took, auto octets) { series.observe(took, octets); };
  open(std::move(options));
  series.follow(*door_);
  const TestingClient client(port_);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client.ask("a"));
    ASSERT_TRUE(client.answer());
  }
  EXPECT_TRUE(eventually([](const auto& s) { return s.answered_cached == 1; }));
  door_->stop();
  const std::string text = registry.text();
  for (const auto* line : {"certwright_certgen_requests_total 2", "certwright_certgen_answers_total{source=\"cache\"} 1",
                           "certwright_certgen_answers_total{source=\"issued\"} 1", "certwright_certgen_cache_entries 1",
                           "certwright_certgen_key_pool_depth 7", "certwright_certgen_keys_total{algorithm=\"ecdsa-p256\"} 1",
                           "certwright_certgen_answer_seconds_count 2", "certwright_certgen_shed_total{reason=\"deadline\"} 0"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

}  // namespace
}  // namespace certwright::gateway::certgen
