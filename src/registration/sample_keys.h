#pragma once
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "errors/result.h"

namespace certwright::registration {

// Public keys that stand for one that is not made yet, so that the certificate can be built and linted. Their
// private keys are gone: nobody can use them. One of each algorithm, made when it is first needed (seconds for a
// large RSA key, for which others wait too). Safe to call from any thread.
class SampleKeys {
 public:
  // SubjectPublicKeyInfo, DER. Errors: invalid and unavailable, field "key_type", for what cannot be made.
  Result<Bytes> of(std::string_view key_algorithm);

 private:
  std::mutex mutex_;
  std::map<std::string, Bytes, std::less<>> made_;
};

}  // namespace certwright::registration
