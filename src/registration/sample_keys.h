#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "errors/result.h"

namespace certwright::registration {

// Public keys that stand for one that is not made yet, so that the certificate can be built and linted. Their
// private keys are gone: nobody can use them. One of each algorithm, made when it is first needed (seconds for a
// large RSA key, for which those wait who need the same). Safe to call from any thread.
class SampleKeys {
 public:
  // SubjectPublicKeyInfo, DER. Errors: invalid and unavailable, field "key_type", for what cannot be made.
  Result<Bytes> of(std::string_view key_algorithm);

 private:
  struct Sample {
    std::mutex mutex{};
    Bytes subject_public_key_info{};  // empty: not made yet
  };
  std::mutex mutex_;  // of the map, never held while a key is made
  std::map<std::string, std::shared_ptr<Sample>, std::less<>> samples_;
};

}  // namespace certwright::registration
