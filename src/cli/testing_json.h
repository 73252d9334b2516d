#pragma once
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "json/value.h"

namespace certwright::cli {

inline json::Value document(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : json::Value();
}

inline bool has(const std::string& text, std::string_view piece) { return text.find(piece) != std::string::npos; }

}  // namespace certwright::cli
