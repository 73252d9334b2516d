#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "errors/result.h"

namespace certwright::gateway::g3fcgen {

// A YAML mapping whose keys must all be known: keys are compared in lower case with `_` for `-`.
// Private to this room's .cc files: it shows yaml-cpp.
class YamlMap {
 public:
  // `file` is for messages: "file:line: path: what".
  static Result<YamlMap> of(const YAML::Node& node, std::string file, std::string path);

  // The value of the first of these keys that is there; all of them count as known.
  std::optional<YAML::Node> take(std::initializer_list<std::string_view> keys);
  // Scalars. Errors: invalid, if it is something else.
  Result<std::optional<std::string>> take_text(std::initializer_list<std::string_view> keys);
  Result<std::optional<bool>> take_flag(std::initializer_list<std::string_view> keys);
  // The keys that were not taken. Errors: invalid, naming the first one.
  Result<void> expect_no_more() const;

  tl::unexpected<Error> problem(const YAML::Node& at, std::string_view key, const std::string& what) const;
  const std::string& path() const noexcept { return path_; }
  const std::string& file() const noexcept { return file_; }

 private:
  struct Entry { std::string key; YAML::Node key_node, value; bool taken = false; };
  std::string file_, path_;
  std::vector<Entry> entries_;
};

}  // namespace certwright::gateway::g3fcgen
