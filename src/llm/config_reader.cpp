// SPDX-License-Identifier: Apache-2.0
#include "llm/config_reader.h"

#include <fmt/format.h>

#include <cmath>

namespace etalon::llm {
namespace {

// Lengths of sequences are sometimes written as "practically unbounded"; no other dimension of a published
// model comes within a factor of 100 of its limit.
constexpr std::int64_t kLongest = 1'000'000'000'000, kWidest = 100'000'000;
std::int64_t most_of(std::string_view key) {
  const bool length = key == "max_position_embeddings" || key == "max_seq_len" || key == "sliding_window";
  return length ? kLongest : kWidest;
}

std::string shown(const nlohmann::json& value) {
  std::string s = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (s.size() > 40) s = s.substr(0, 37) + "...";
  return s;
}

}  // namespace

Place place_of(std::string_view text, std::size_t byte) {
  Place p{1, 1};
  for (std::size_t i = 0; i < byte && i < text.size(); ++i) {
    if (text[i] == '\n')
      ++p.line, p.column = 1;
    else
      ++p.column;
  }
  return p;
}

const nlohmann::json* ConfigReader::find(Keys keys) const {
  for (const char* key : keys) {
    const auto at = object_.find(key);
    if (at != object_.end() && !at->is_null()) return &*at;
  }
  return nullptr;
}

bool ConfigReader::has(const char* key) const { return find({key}) != nullptr; }

void ConfigReader::problem(std::string code, const char* key, std::string message, std::string fix) {
  Place at;
  // The parser keeps no positions: the key's first appearance in the text is its place in all but odd files.
  if (const std::size_t byte = text_.find(fmt::format("\"{}\"", key)); byte != std::string_view::npos)
    at = place_of(text_, byte);
  problems_.push_back(
      Error{std::move(code), std::move(message), std::move(fix), file_, at.line, at.column, {}});
}

Error ConfigReader::error() const {
  Error first = problems_.front();
  first.also.assign(problems_.begin() + 1, problems_.end());
  return first;
}

std::int64_t ConfigReader::number(const char* key, const nlohmann::json& value, std::int64_t least) {
  const std::int64_t most = most_of(key);
  const std::string expected = fmt::format("expected an integer from {} to {}", least, most);
  std::int64_t n = 0;
  if (value.is_number_unsigned()) {
    const auto u = value.get<std::uint64_t>();
    n = u > static_cast<std::uint64_t>(most) ? most + 1 : static_cast<std::int64_t>(u);
  } else if (value.is_number_integer()) {
    n = value.get<std::int64_t>();
  } else if (value.is_number_float() && value.get<double>() == std::floor(value.get<double>()) &&
             std::abs(value.get<double>()) <= static_cast<double>(most)) {
    n = static_cast<std::int64_t>(value.get<double>());
  } else {
    problem("model.key", key, fmt::format("key \"{}\" is {}, {}", key, shown(value), expected));
    return least;
  }
  if (n < least || n > most) {
    problem("model.dimensions", key, fmt::format("key \"{}\" is {}, {}", key, shown(value), expected));
    return least;
  }
  return n;
}

std::int64_t ConfigReader::integer(Keys keys, std::int64_t least) {
  for (const char* key : keys)
    if (const auto* v = find({key})) return number(key, *v, least);
  const char* key = *keys.begin();
  problem("model.key", key, fmt::format("key \"{}\" is missing", key),
          fmt::format("add \"{}\": <integer>", key));
  return least;
}

std::int64_t ConfigReader::integer_or(Keys keys, std::int64_t otherwise, std::int64_t least) {
  for (const char* key : keys)
    if (const auto* v = find({key})) return number(key, *v, least);
  return otherwise;
}

bool ConfigReader::flag_or(Keys keys, bool otherwise) {
  for (const char* key : keys) {
    const auto* v = find({key});
    if (v == nullptr) continue;
    if (v->is_boolean()) return v->get<bool>();
    problem("model.key", key, fmt::format("key \"{}\" is {}, expected true or false", key, shown(*v)));
    return otherwise;
  }
  return otherwise;
}

std::string ConfigReader::text_or(Keys keys, const std::string& otherwise) {
  for (const char* key : keys) {
    const auto* v = find({key});
    if (v == nullptr) continue;
    if (v->is_string()) return v->get<std::string>();
    problem("model.key", key, fmt::format("key \"{}\" is {}, expected a string", key, shown(*v)));
    return otherwise;
  }
  return otherwise;
}

}  // namespace etalon::llm
