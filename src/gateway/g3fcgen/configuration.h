#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/secret_bytes.h"
#include "errors/result.h"
#include "gateway/g3fcgen/statsd.h"

namespace certwright::gateway::g3fcgen {

// What is in g3fcgen's configuration file, as far as it means something here.
struct Configuration {
  std::string ca_certificates_pem;   // the issuer first, then what follows it in answers
  SecretBytes ca_private_key_pem;  // to be given up when the CA is made of it
  // no_append_ca_cert: none follows; given and false: all do. Not given: all but a root.
  std::optional<bool> no_append_ca_cert;
  bool keep_serial = false;          // asked for, and not done: serials are never reused
  std::uint32_t ttl_max_s = 86'400;  // at least 300
  std::optional<std::size_t> workers;
  std::optional<StatsdOptions> statsd;
  // Keys that are accepted and have no effect, with the reason: for warnings at the start.
  std::vector<std::string> without_effect;
};

// The file itself, or in a folder the first of main.yaml, main.yml, main.conf, g3fcgen.yaml,
// g3fcgen.yml, g3fcgen.conf. Errors: not_found.
Result<std::filesystem::path> find_configuration_file(const std::filesystem::path& file_or_folder);

// Reads the file and the PEM files it names, relative to its folder. It may hold several documents.
// Errors: invalid with file, line and key, also for unknown keys; not_found; too_large (certificates
// over 4 MB, a key over 256 KB); bad_encoding for what is no YAML.
Result<Configuration> load_configuration(const std::filesystem::path& file);

}  // namespace certwright::gateway::g3fcgen
