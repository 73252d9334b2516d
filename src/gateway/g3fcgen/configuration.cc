#include "gateway/g3fcgen/configuration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <limits>

#include "gateway/g3fcgen/quantity.h"
#include "gateway/g3fcgen/yaml_reader.h"

namespace certwright::gateway::g3fcgen {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileOctetsMax = 1024 * 1024, kCertificatesOctetsMax = 4 * 1024 * 1024, kKeyOctetsMax = 256 * 1024;
constexpr std::uint32_t kTtlFloor_s = 300;

Result<SecretBytes> read_file(const fs::path& path, std::size_t octets_max) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return fail(Errc::not_found, path.string() + ": cannot be read");
  const auto end = in.tellg();
  if (end < 0) return fail(Errc::not_found, path.string() + ": cannot be read");
  const auto octets = static_cast<std::size_t>(end);
  if (octets > octets_max) return fail(Errc::too_large, path.string() + ": over " + std::to_string(octets_max) + " octets");
  SecretBytes content(octets);
  in.seekg(0);
  in.read(reinterpret_cast<char*>(content.writable().data()), static_cast<std::streamsize>(octets));
  if (!in) return fail(Errc::not_found, path.string() + ": cannot be read");
  return content;
}

bool is_pem(std::string_view text) noexcept { return text.find("-----BEGIN ") != std::string_view::npos; }

class File {
 public:
  explicit File(const fs::path& path) : path_(path) {}

  Result<Configuration> read() {
    CERTWRIGHT_TRY(const auto text, read_file(path_, kFileOctetsMax));
    try {
      std::string copy(as_text(text.reveal()));  // may have the key in it
      const auto documents = YAML::LoadAll(copy);
      wipe(copy);
      for (const auto& document : documents) CERTWRIGHT_CHECK(read_document(document));
    } catch (const YAML::Exception& error) {
      return fail(Errc::bad_encoding, path_.string() + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
    }
    if (made_.ca_certificates_pem.empty() || made_.ca_private_key_pem.empty())
      return fail_field(Errc::invalid, "backend", path_.string() + ": backend: ca_certificate and ca_private_key are required");
    return std::move(made_);
  }

 private:
  Result<void> read_document(const YAML::Node& document) {
    CERTWRIGHT_TRY(auto root, YamlMap::of(document, path_.string(), ""));
    if (const auto node = root.take({"runtime"})) CERTWRIGHT_CHECK(read_runtime(*node));
    if (const auto node = root.take({"worker"})) CERTWRIGHT_CHECK(read_worker(*node));
    if (const auto node = root.take({"stat"})) CERTWRIGHT_CHECK(read_stat(*node));
    if (const auto node = root.take({"backend"})) CERTWRIGHT_CHECK(read_backend(*node));
    return root.expect_no_more();
  }

  void no_effect(const YamlMap& map, std::string_view key, std::string_view why) {
    made_.without_effect.push_back(map.path() + "." + std::string(key) + ": " + std::string(why));
  }

  // Known keys that say how g3fcgen's own machinery is set up.
  void skip(YamlMap& map, std::initializer_list<std::string_view> keys) {
    for (const auto key : keys)
      if (map.take({key})) no_effect(map, key, "has no counterpart here");
  }

  Result<void> read_runtime(const YAML::Node& node) {
    CERTWRIGHT_TRY(auto map, YamlMap::of(node, path_.string(), "runtime"));
    skip(map, {"thread_number", "thread_name", "thread_stack_size", "max_io_events_per_tick", "server_offline_delay", "task_wait_delay",
               "task_wait_timeout", "task_quit_timeout"});
    return map.expect_no_more();
  }

  Result<void> read_worker(const YAML::Node& node) {
    CERTWRIGHT_TRY(auto map, YamlMap::of(node, path_.string(), "worker"));
    CERTWRIGHT_TRY(const auto threads, map.take_text({"thread_number"}));
    if (threads) {
      CERTWRIGHT_TRY(const auto number, number_of(map, node, "thread_number", *threads, 1'024));
      if (number != 0) made_.workers = number;
    }
    skip(map, {"thread_number_per_runtime", "sched_affinity", "thread_stack_size", "max_io_events_per_tick"});
    return map.expect_no_more();
  }

  Result<void> read_backend(const YAML::Node& node) {
    CERTWRIGHT_TRY(auto map, YamlMap::of(node, path_.string(), "backend"));
    if (const auto value = map.take({"ca_certificate"})) CERTWRIGHT_CHECK(read_certificates(map, *value));
    CERTWRIGHT_TRY(auto key, map.take_text({"ca_private_key"}));
    if (key) {
      CERTWRIGHT_TRY(made_.ca_private_key_pem, is_pem(*key) ? Result<SecretBytes>(SecretBytes::copy_of(as_bytes(*key)))
                                                            : read_file(path_.parent_path() / *key, kKeyOctetsMax));
      wipe(*key);
    }
    CERTWRIGHT_TRY(const auto no_append, map.take_flag({"no_append_ca_cert"}));
    if (no_append) made_.no_append_ca_cert = *no_append;
    CERTWRIGHT_TRY(const auto keep_serial, map.take_flag({"keep_serial"}));
    made_.keep_serial = keep_serial.value_or(made_.keep_serial);
    CERTWRIGHT_TRY(const auto max_ttl, map.take_text({"max_ttl"}));
    if (max_ttl) {
      CERTWRIGHT_TRY(const auto seconds, number_of(map, node, "max_ttl", *max_ttl, INT32_MAX));
      made_.ttl_max_s = std::max(kTtlFloor_s, static_cast<std::uint32_t>(seconds));
    }
    if (const auto stats = map.take({"duration_stats", "duration_metrics"})) CERTWRIGHT_CHECK(read_durations(*stats));
    return map.expect_no_more();
  }

  Result<void> read_certificates(const YamlMap& map, const YAML::Node& value) {
    made_.ca_certificates_pem.clear();
    if (value.IsScalar()) return add_certificates(value.Scalar());
    if (!value.IsSequence()) return map.problem(value, "ca_certificate", "expected a path, PEM, or a list of them");
    for (const auto& element : value) {
      if (!element.IsScalar()) return map.problem(element, "ca_certificate", "expected a path or PEM");
      CERTWRIGHT_CHECK(add_certificates(element.Scalar()));
    }
    return {};
  }

  Result<void> add_certificates(const std::string& path_or_pem) {
    std::string pem = path_or_pem;
    if (!is_pem(pem)) {
      CERTWRIGHT_TRY(const auto content, read_file(path_.parent_path() / path_or_pem, kCertificatesOctetsMax));
      pem = std::string(as_text(content.reveal()));
    }
    made_.ca_certificates_pem += pem;
    if (!pem.ends_with('\n')) made_.ca_certificates_pem += '\n';
    return {};
  }

  Result<void> read_durations(const YAML::Node& node) {
    if (node.IsScalar()) return set_duration(rotate_, "backend.duration_stats", node);
    CERTWRIGHT_TRY(auto map, YamlMap::of(node, path_.string(), "backend.duration_stats"));
    if (const auto quantile = map.take({"quantile"})) CERTWRIGHT_CHECK(read_quantiles(map, *quantile));
    if (const auto rotate = map.take({"rotate"})) CERTWRIGHT_CHECK(set_duration(rotate_, "backend.duration_stats.rotate", *rotate));
    apply_durations();
    return map.expect_no_more();
  }

  // "0.5,0.8" or a list. Tags have two decimals, or as many as were given if more.
  Result<void> read_quantiles(const YamlMap& map, const YAML::Node& node) {
    std::string text;
    if (node.IsScalar()) text = node.Scalar();
    else if (node.IsSequence())
      for (const auto& element : node) text += (text.empty() ? "" : ",") + (element.IsScalar() ? element.Scalar() : std::string("?"));
    quantiles_.emplace();
    for (std::size_t at = 0; at <= text.size();) {
      const auto comma = std::min(text.find(',', at), text.size());
      std::string one = text.substr(at, comma - at);
      std::erase(one, ' ');
      at = comma + 1;
      double value = -1;
      const auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), value);
      if (error != std::errc() || end != one.data() + one.size() || !(value >= 0 && value <= 1))
        return map.problem(node, "quantile", "expected numbers from 0 to 1");
      while (one.find('.') != std::string::npos && one.size() - one.find('.') < 3) one += '0';
      quantiles_->push_back(std::move(one));
    }
    return {};
  }

  Result<void> read_stat(const YAML::Node& node) {
    CERTWRIGHT_TRY(auto map, YamlMap::of(node, path_.string(), "stat"));
    StatsdOptions options;
    if (const auto target = map.take({"target", "backend"})) CERTWRIGHT_CHECK(read_target(options, map, *target));
    if (const auto udp = map.take({"target_udp", "backend_udp"})) CERTWRIGHT_CHECK(read_udp(options, map, *udp));
    CERTWRIGHT_TRY(const auto unix_path, map.take_text({"target_unix", "backend_unix"}));
    if (unix_path) options.unix_path = *unix_path;
    CERTWRIGHT_TRY(const auto prefix, map.take_text({"prefix"}));
    if (prefix) options.prefix = *prefix;
    if (const auto interval = map.take({"emit_duration", "emit_interval"})) CERTWRIGHT_CHECK(set_duration(options.emit_interval, "stat.emit_interval", *interval));
    CERTWRIGHT_TRY(const auto segment, map.take_text({"max_segment_size"}));
    if (segment) {
      const auto octets = parse_size_octets(*segment);
      if (!octets || *octets == 0) return map.problem(node, "max_segment_size", "expected a size");
      options.max_segment_octets = *octets;
    }
    skip(map, {"cache_size"});
    CERTWRIGHT_CHECK(map.expect_no_more());
    if (!options.udp && options.unix_path.empty()) return map.problem(node, "target", "where do the metrics go?");
    made_.statsd = std::move(options);
    apply_durations();
    return {};
  }

  Result<void> read_target(StatsdOptions& options, const YamlMap& stat, const YAML::Node& node) {
    if (!node.IsMap()) return stat.problem(node, "target", "expected udp or unix");
    CERTWRIGHT_TRY(auto map, YamlMap::of(node, path_.string(), "stat.target"));
    if (const auto udp = map.take({"udp"})) CERTWRIGHT_CHECK(read_udp(options, map, *udp));
    CERTWRIGHT_TRY(const auto unix_path, map.take_text({"unix"}));
    if (unix_path) options.unix_path = *unix_path;
    return map.expect_no_more();
  }

  Result<void> read_udp(StatsdOptions& options, const YamlMap& parent, const YAML::Node& node) {
    std::string address;
    if (node.IsScalar()) {
      address = node.Scalar();
    } else {
      CERTWRIGHT_TRY(auto map, YamlMap::of(node, path_.string(), parent.path() + ".udp"));
      CERTWRIGHT_TRY(const auto given, map.take_text({"address", "addr"}));
      CERTWRIGHT_TRY(const auto bind_ip, map.take_text({"bind_ip", "bind"}));
      CERTWRIGHT_CHECK(map.expect_no_more());
      address = given.value_or("");
      options.udp_bind_ip = bind_ip.value_or("");
    }
    const auto parsed = parse_ip_and_port(address);
    if (!parsed) return parent.problem(node, "udp", parsed.error().detail);
    options.udp = *parsed;
    return {};
  }

  Result<void> set_duration(std::chrono::nanoseconds& target, const std::string& key, const YAML::Node& node) {
    const auto parsed = parse_duration(node.IsScalar() ? node.Scalar() : "");
    if (!parsed || parsed->count() == 0)
      return fail_field(Errc::invalid, key, path_.string() + ":" + std::to_string(node.Mark().line + 1) + ": " + key + ": expected a duration such as 4s or 200ms");
    target = *parsed;
    apply_durations();
    return {};
  }

  static Result<std::uint64_t> number_of(const YamlMap& map, const YAML::Node& at, std::string_view key, const std::string& text, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number > most)
      return map.problem(at, key, "expected a number from 0 to " + std::to_string(most));
    return number;
  }

  // `stat` and `backend` may come in either order, in one document or two.
  void apply_durations() {
    if (!made_.statsd) return;
    made_.statsd->rotate = rotate_;
    if (quantiles_) made_.statsd->quantiles = *quantiles_;
  }

  const fs::path path_;
  Configuration made_;
  std::chrono::nanoseconds rotate_ = StatsdOptions().rotate;
  std::optional<std::vector<std::string>> quantiles_;
};

}  // namespace

Result<fs::path> find_configuration_file(const fs::path& file_or_folder) {
  std::error_code ignored;
  if (!fs::is_directory(file_or_folder, ignored)) {
    if (fs::exists(file_or_folder, ignored)) return file_or_folder;
    return fail(Errc::not_found, file_or_folder.string() + ": no such file");
  }
  for (const auto* name : {"main.yaml", "main.yml", "main.conf", "g3fcgen.yaml", "g3fcgen.yml", "g3fcgen.conf"})
    if (const auto candidate = file_or_folder / name; fs::exists(candidate, ignored)) return candidate;
  return fail(Errc::not_found, file_or_folder.string() + ": has neither main.yaml nor g3fcgen.yaml");
}

Result<Configuration> load_configuration(const fs::path& file) { return File(file).read(); }

}  // namespace certwright::gateway::g3fcgen
