#pragma once
// An issuer for tests: certificates are octets of chosen sizes that say what they were asked for, so a
// test can see which limits an answer was made under. Nothing is signed.
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

#include "issuance/interception.h"

namespace certwright::gateway::certgen {

class TestingIssuer final : public issuance::InterceptionIssuer {
 public:
  // What the certificates look like.
  std::size_t leaf_rest_octets = 400, names_octets = 60, covering_names_octets = 20, key_octets = 121, small_key_octets = 121;
  std::vector<std::size_t> chain_octets = {300, 350};  // the last one is a root
  bool chain_ends_in_root = true;
  Time not_after = SystemClock().now() + Seconds(90 * 86'400);
  std::uint32_t ttl_s = 86'400;
  std::chrono::microseconds takes{0};
  std::function<void()> before;  // called in issue()
  std::atomic<bool> failing = false;
  std::atomic<std::uint64_t> number = 1, issued = 0;

  Result<issuance::InterceptionCertificate> issue(const issuance::InterceptionRequest& request,
                                                  const issuance::InterceptionLimits& limits) override {
    if (before) before();
    if (takes.count() > 0) std::this_thread::sleep_for(takes);
    if (failing) return fail(Errc::unavailable, "the CA has expired");
    issued.fetch_add(1);
    issuance::InterceptionCertificate made;
    const bool trimmed = names_octets > limits.names_octets_max;
    made.certificate_der = Bytes(leaf_rest_octets + (trimmed ? covering_names_octets : names_octets), 0x30);
    const std::size_t shown = std::min(request.host.size(), made.certificate_der.size());
    for (std::size_t i = 0; i < shown; ++i) made.certificate_der[i] = static_cast<std::uint8_t>(request.host[i]);
    for (const auto octets : chain_octets) made.issuer_chain_der.emplace_back(octets, std::uint8_t{0x31});
    made.chain_ends_in_root = chain_ends_in_root && !chain_octets.empty();
    made.private_key_der = SecretBytes(limits.prefer_small_key ? small_key_octets : key_octets);
    made.key_algorithm = limits.prefer_small_key || key_octets == small_key_octets ? "ecdsa-p256" : "rsa-2048";
    made.not_after = not_after;
    made.ttl_s = ttl_s;
    made.names_trimmed = trimmed;
    made.key_type_switched = limits.prefer_small_key && key_octets != small_key_octets;
    return made;
  }
  std::uint64_t generation() const noexcept override { return number; }
  issuance::InterceptionStatistics statistics() const noexcept override {
    issuance::InterceptionStatistics all;
    all.issued = issued;
    all.rsa_pool_depth = 7;
    return all;
  }
};

}  // namespace certwright::gateway::certgen
