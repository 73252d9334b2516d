#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "http/message.h"

namespace certwright::gateway::portal {

struct KeyCommand {
  std::string key_type{};  // crypto's name
  std::string command{};
};

// GET /csr/ca-template/{caId}: what a CSR for this CA should be like. The first nine are the specification's;
// the rest is ours.
struct CaTemplate {
  std::string id{}, name{}, common_name{}, organization{}, country{};
  bool requires_manual_approval = false;      // for some profile of the CA
  std::int64_t max_validity_days = 0;         // of a request without further words
  std::vector<std::uint32_t> allowed_key_sizes{};   // RSA, in bits
  std::vector<std::string> allowed_extensions{};    // server_auth, ...
  std::vector<std::string> allowed_key_types{};     // crypto's names: "ecdsa-p256", "rsa-2048"
  std::string openssl_config{};   // to be saved as csr.cnf; the names in it are to be replaced
  std::string openssl_command{};  // with that file: makes key.pem and request.pem; empty: it has no profile
  // The same for each type of key that the profile of a request without further words takes, which the file is
  // made for; openssl_command is the first.
  std::vector<KeyCommand> openssl_commands{};
};

http::Response template_answer(const CaTemplate& shown);

}  // namespace certwright::gateway::portal
