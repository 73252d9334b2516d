#include "gateway/g3fcgen/yaml_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace certwright::gateway::g3fcgen {
namespace {

std::string normalised(std::string key) {
  for (char& c : key) {
    if (c == '-') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return key;
}

}  // namespace

Result<YamlMap> YamlMap::of(const YAML::Node& node, std::string file, std::string path) {
  YamlMap map;
  map.file_ = std::move(file);
  map.path_ = std::move(path);
  if (node.IsNull()) return map;
  if (!node.IsMap()) return map.problem(node, "", "expected a mapping of keys to values");
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return map.problem(entry.first, "", "expected a key");
    map.entries_.push_back({normalised(entry.first.Scalar()), entry.first, entry.second, false});
  }
  return map;
}

std::optional<YAML::Node> YamlMap::take(std::initializer_list<std::string_view> keys) {
  std::optional<YAML::Node> found;
  for (auto& entry : entries_) {
    if (std::ranges::find(keys, entry.key) == keys.end()) continue;
    entry.taken = true;
    found.emplace(entry.value);
  }
  return found;
}

Result<std::optional<std::string>> YamlMap::take_text(std::initializer_list<std::string_view> keys) {
  const auto node = take(keys);
  if (!node) return std::optional<std::string>();
  if (!node->IsScalar()) return problem(*node, *keys.begin(), "expected one value");
  return std::optional<std::string>(node->Scalar());
}

Result<std::optional<bool>> YamlMap::take_flag(std::initializer_list<std::string_view> keys) {
  const auto node = take(keys);
  if (!node) return std::optional<bool>();
  const std::string text = node->IsScalar() ? normalised(node->Scalar()) : "";
  for (const auto* yes : {"true", "yes", "on", "1"})
    if (text == yes) return std::optional<bool>(true);
  for (const auto* no : {"false", "no", "off", "0"})
    if (text == no) return std::optional<bool>(false);
  return problem(*node, *keys.begin(), "expected true or false");
}

Result<void> YamlMap::expect_no_more() const {
  for (const auto& entry : entries_)
    if (!entry.taken) return problem(entry.key_node, entry.key, "unknown key");
  return {};
}

tl::unexpected<Error> YamlMap::problem(const YAML::Node& at, std::string_view key, const std::string& what) const {
  const std::string where = fmt::format("{}{}{}", path_, path_.empty() || key.empty() ? "" : ".", key);
  const int line = at.Mark().line;
  std::string text = line < 0 ? file_ : fmt::format("{}:{}", file_, line + 1);
  text += where.empty() ? ": " + what : fmt::format(": {}: {}", where, what);
  return fail_field(Errc::invalid, where, std::move(text));
}

}  // namespace certwright::gateway::g3fcgen
