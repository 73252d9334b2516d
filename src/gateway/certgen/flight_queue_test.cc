#include "gateway/certgen/flight_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace certwright::gateway::certgen {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart(1h);

Asker asker(std::uint16_t port, SteadyTime at, std::uint8_t service = 0) {
  Asker made;
  made.path.peer.ss_family = AF_INET;
  reinterpret_cast<sockaddr_in&>(made.path.peer).sin_port = port;
  made.path.peer_octets = sizeof(sockaddr_in);
  made.service = service;
  made.received_at = at;
  return made;
}

AnswerKey flight_key(std::uint8_t first) { return AnswerKey{first}; }
Request host(std::string_view name) { return {.host = name, .service = 0, .usage = {}, .upstream_certificate = {}}; }

struct Queue : FlightQueue {
  explicit Queue(QueueLimits limits = {}) : FlightQueue(limits) {}
  void ask(std::string_view name, SteadyTime at, bool costly = false, std::uint16_t port = 1) {
    join(flight_key(static_cast<std::uint8_t>(name[0])), host(name), costly, asker(port, at));
  }
  std::string next_host(SteadyTime now) {
    const auto flight = try_next(now);
    return flight ? flight->host : "";
  }
};

TEST(FlightQueue, IsInOrderOfArrivalWhileThereIsTime) {
  Queue queue;
  queue.ask("a", kStart);
  queue.ask("b", kStart + 1ms, true);
  queue.ask("c", kStart + 2ms);
  EXPECT_EQ(queue.waiting(), 3U);
  for (const auto* expected : {"a", "b", "c", ""}) EXPECT_EQ(queue.next_host(kStart + 10ms), expected);
}

TEST(FlightQueue, OneFlightForAllWhoAskForTheSame) {
  Queue queue;
  queue.ask("a", kStart, false, 1);
  queue.ask("a", kStart, false, 2);
  const auto flight = queue.try_next(kStart);
  ASSERT_TRUE(flight);
  queue.ask("a", kStart, false, 3);  // while it is being worked on
  EXPECT_FALSE(queue.try_next(kStart));
  EXPECT_EQ(queue.land(flight).size(), 3U);
  queue.ask("a", kStart, false, 4);
  const auto second = queue.try_next(kStart);
  ASSERT_TRUE(second);
  EXPECT_NE(second, flight);
  EXPECT_TRUE(queue.land(flight).empty());
  EXPECT_EQ(queue.land(second).size(), 1U);
}

TEST(FlightQueue, ARepeatedRequestIsOneAskerAsNewAsTheLast) {
  Queue queue({.deadline = 3'500ms});
  queue.ask("a", kStart);
  queue.ask("a", kStart + 3s);
  EXPECT_EQ(queue.duplicates(), 1U);
  queue.join(flight_key('a'), host("a"), false, asker(1, kStart, 2));  // another service is another answer
  const auto flight = queue.try_next(kStart + 4s);
  ASSERT_TRUE(flight);
  EXPECT_EQ(queue.land(flight).size(), 2U);
}

TEST(FlightQueue, WhoWaitedTooLongIsDroppedWithoutWork) {
  Queue queue({.deadline = 1'000ms});
  queue.ask("a", kStart);
  queue.ask("a", kStart, false, 2);
  queue.ask("b", kStart + 10ms);
  EXPECT_EQ(queue.next_host(kStart + 1'000ms), "b");
  EXPECT_EQ(queue.shed_late(), 2U);
  queue.ask("a", kStart + 1s);  // its flight is gone, so this is a new one
  EXPECT_EQ(queue.next_host(kStart + 1s), "a");
}

TEST(FlightQueue, BehindTheNewestAndTheCheapGoFirst) {
  Queue queue({.overload = 100ms});
  queue.ask("a", kStart);
  queue.ask("b", kStart + 10ms, true);
  queue.ask("c", kStart + 20ms);
  queue.ask("d", kStart + 30ms, true);
  EXPECT_EQ(queue.next_host(kStart + 100ms), "c");
  EXPECT_EQ(queue.next_host(kStart + 100ms), "a");
  EXPECT_EQ(queue.next_host(kStart + 110ms), "d");
  EXPECT_EQ(queue.next_host(kStart + 110ms), "b");
}

TEST(FlightQueue, FullItDropsTheOldestCostlyFirst) {
  Queue queue({.flights_max = 3});
  queue.ask("a", kStart);
  queue.ask("b", kStart, true);
  queue.ask("c", kStart, true);
  queue.ask("d", kStart + 1ms);
  EXPECT_EQ(queue.shed_full(), 1U);
  for (const auto* expected : {"a", "c", "d", ""}) EXPECT_EQ(queue.next_host(kStart), expected);
}

TEST(FlightQueue, IsBoundedByOctetsAndByAskers) {
  Queue queue({.octets_max = 100'000, .askers_per_flight_max = 2});
  const Bytes certificate(40'000, 0x30);
  for (std::uint8_t i = 1; i <= 9; ++i)
    queue.join(flight_key(i), {.host = "x", .service = 0, .usage = {}, .upstream_certificate = certificate}, false, asker(1, kStart));
  EXPECT_LE(queue.waiting(), 3U);
  EXPECT_EQ(queue.shed_full(), 9U - queue.waiting());
  Queue many({.askers_per_flight_max = 2});
  for (std::uint16_t port = 1; port <= 3; ++port) many.ask("a", kStart, false, port);
  EXPECT_EQ(many.shed_full(), 1U);
  EXPECT_EQ(many.land(many.try_next(kStart)).size(), 2U);
}

TEST(FlightQueue, ARefreshWaitsForEverybodyUntilSomebodyAsksForIt) {
  Queue queue;
  queue.refresh(flight_key('r'), host("r"), false);
  queue.refresh(flight_key('r'), host("r"), false);
  queue.refresh(flight_key('s'), host("s"), false);
  queue.ask("a", kStart);
  EXPECT_EQ(queue.waiting(), 3U);
  queue.ask("s", kStart);
  for (const auto* expected : {"a", "s", "r", ""}) EXPECT_EQ(queue.next_host(kStart), expected);
}

TEST(FlightQueue, StoppedItDropsRefreshesAndServesWhoWaits) {
  Queue queue;
  queue.refresh(flight_key(1), host("a"), false);
  queue.refresh(flight_key(2), host("b"), true);
  queue.ask("c", std::chrono::steady_clock::now());
  queue.stop();
  EXPECT_EQ(queue.waiting(), 1U);
  const auto flight = queue.next();
  ASSERT_TRUE(flight);
  EXPECT_EQ(flight->host, "c");
  EXPECT_FALSE(queue.next());
  queue.restart();
  queue.refresh(flight_key(1), host("a"), false);  // not taken for one that is under way
  EXPECT_TRUE(queue.next());
}

TEST(FlightQueue, StoppedItGivesOutWhatIsQueuedThenNothing) {
  Queue queue;
  std::atomic<int> served = 0;
  std::thread worker([&] {
    while (const auto flight = queue.next()) ++served;
  });
  const auto now = std::chrono::steady_clock::now();
  for (const auto* name : {"a", "b", "c"}) queue.ask(name, now);
  queue.stop();
  worker.join();
  EXPECT_EQ(served, 3);
  queue.restart();
  queue.ask("d", std::chrono::steady_clock::now());
  EXPECT_TRUE(queue.next());
}

}  // namespace
}  // namespace certwright::gateway::certgen
