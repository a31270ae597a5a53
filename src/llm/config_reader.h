// SPDX-License-Identifier: Apache-2.0
#pragma once

// Typed access to the keys of one JSON object, private to hugging_face.cpp. Problems are collected, never
// thrown; each names the file, the line of the key and the value found.

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etalon::llm {

struct Place {
  int line = 0, column = 0;
};
Place place_of(std::string_view text, std::size_t byte);

class ConfigReader {
 public:
  using Keys = std::initializer_list<const char*>;
  ConfigReader(const nlohmann::json& object, std::string_view text, std::string file)
      : object_(object), text_(text), file_(std::move(file)) {}

  bool has(const char* key) const;  // present and not null
  // The first of `keys` that is present; aliases of one meaning. Integers only, from `least` to 10^8
  // (lengths: 10^12).
  std::int64_t integer(Keys keys, std::int64_t least = 1);
  std::int64_t integer_or(Keys keys, std::int64_t otherwise, std::int64_t least = 0);
  bool flag_or(Keys keys, bool otherwise);
  std::string text_or(Keys keys, const std::string& otherwise);
  const nlohmann::json* find(Keys keys) const;

  void problem(std::string code, const char* key, std::string message, std::string fix = {});
  bool clean() const { return problems_.empty(); }
  Error error() const;  // the first problem with the others in `also`

 private:
  std::int64_t number(const char* key, const nlohmann::json& value, std::int64_t least);
  const nlohmann::json& object_;
  std::string_view text_;
  std::string file_;
  std::vector<Error> problems_;
};

}  // namespace etalon::llm
