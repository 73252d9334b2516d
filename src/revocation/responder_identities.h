#pragma once
// Private to revocation: the keys that sign OCSP answers, one per CA, renewed by themselves.
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ca/certification_authority.h"
#include "clock/clock.h"
#include "revocation/ocsp_responder.h"

namespace certwright::revocation {

// One identity in use: immutable but for the count, shared by the threads that sign with it.
struct Responder {
  std::shared_ptr<signer::Signer> signer;
  Bytes certificate;  // DER; empty if the CA itself signs
  std::array<std::uint8_t, 20> key_hash{};
  Bytes ca_key_tlv;   // SubjectPublicKeyInfo of the CA that it speaks for
  Time not_before{};
  Time not_after{};
  mutable std::atomic<std::uint64_t> signatures{0};
};
using ResponderPtr = std::shared_ptr<const Responder>;

// Safe to call from any thread. Who needs a responder while it is being made waits for it; who has
// one that is still good does not.
class ResponderIdentities {
 public:
  ResponderIdentities(OcspResponder::IdentitySource source, const Clock& clock)
      : source_(std::move(source)), clock_(clock) {}

  // For an answer that is signed now. Makes the first one, and a new one where the last is nearly
  // over. Errors: the source's, which is not asked again for a few seconds; internal if what it gave
  // cannot speak for this CA (RFC 6960 section 4.2.2.2).
  Result<ResponderPtr> get(const ca::CertificationAuthority& ca);
  // Makes a new one if the CA has one and two thirds of its time are over.
  Result<void> renew_if_due(const ca::CertificationAuthority& ca);
  // Never sign with it again: it made a signature that does not verify.
  void distrust(std::string_view ca, const ResponderPtr& responder);

 private:
  struct Slot {
    std::mutex making;           // held while the source works
    mutable std::mutex mutex;    // guards what is below
    ResponderPtr responder;
    std::optional<Error> failure;
    Time failed_at{};
  };
  Slot& slot_of(std::string_view ca);
  Result<ResponderPtr> make(const ca::CertificationAuthority& ca, Slot& slot,
                            const ResponderPtr& replaced);
  Result<ResponderPtr> check(const ca::CertificationAuthority& ca, ResponderIdentity identity) const;

  const OcspResponder::IdentitySource source_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Slot>, std::less<>> slots_;
};

}  // namespace certwright::revocation
