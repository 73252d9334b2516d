#pragma once
// For tests: golden files are prose, the command that made them, and one PEM block.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "x509/pem.h"

namespace certwright::x509::golden {

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

// The DER of the file's one block, whatever its label.
inline Bytes read_der(const std::filesystem::path& file) {
  return parse_pem(read_text(file)).value().at(0).der;
}

// All files of a folder, sorted; at least one.
inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty()) throw std::runtime_error("nothing in " + folder.string());
  return files;
}

}  // namespace certwright::x509::golden
