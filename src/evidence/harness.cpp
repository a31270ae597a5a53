// SPDX-License-Identifier: Apache-2.0
#include "evidence/harness.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "catalog/fact.h"
#include "catalog/toml.h"

namespace etalon::evidence {
namespace {

using catalog::TomlValue;
using Type = TomlValue::Type;

const std::vector<std::string> kKeys = {"name",   "source",    "kinds",          "note",
                                        "launch", "replays",   "weight_copies",  "weight_rotation",
                                        "warm",   "sustained", "framework_call", "software",
                                        "why",    "seeds",     "host"};

std::unexpected<Error> wrong(const std::string& file, const TomlValue& value, std::string code,
                             std::string message, std::string fix) {
  return fail(Error{std::move(code), std::move(message), std::move(fix), file, value.line, value.column, {}});
}

Result<kernels::Harness::Launch> read_launch(const std::string& file, const TomlValue& value) {
  using Launch = kernels::Harness::Launch;
  if (value.string == "graph") return Launch::graph;
  if (value.string == "eager") return Launch::eager;
  if (value.string == "profiler") return Launch::profiler;
  return wrong(file, value, "harness.value", fmt::format("got launch \"{}\"", value.string),
               "write graph, eager or profiler");
}

Result<Bytes> read_bytes(const std::string& file, const TomlValue& value) {
  auto measure = catalog::parse_measure(value.string);
  if (!measure || measure->dimension != catalog::dimension_of(static_cast<Bytes*>(nullptr)) ||
      measure->si < 0) {
    return wrong(file, value, "harness.value",
                 fmt::format("got \"{}\", expected a number of bytes", value.string),
                 "for example \"50 MB\"");
  }
  return Bytes{measure->si};
}

Result<Seconds> read_seconds(const std::string& file, const TomlValue& value) {
  auto measure = catalog::parse_measure(value.string);
  if (!measure || measure->dimension != catalog::dimension_of(static_cast<Seconds*>(nullptr)) ||
      measure->si < 0) {
    return wrong(file, value, "harness.value", fmt::format("got \"{}\", expected a time", value.string),
                 "for example \"21 us\"");
  }
  return Seconds{measure->si};
}

Result<std::monostate> apply(const std::string& file, const std::string& key, const TomlValue& value,
                             HarnessRule& rule) {
  const bool is_text = value.type == Type::string, is_flag = value.type == Type::boolean;
  const bool is_count = value.type == Type::integer && value.number >= 1 && value.number <= 1e9;
  const auto bad = [&](const char* expected) {
    return wrong(file, value, "harness.value", fmt::format("{}: expected {}", key, expected),
                 "see the file's head");
  };
  if (key == "kinds") {
    for (const TomlValue& word : value.array) {
      const auto kind = parse_kind(word.string);
      if (!kind) return bad("names of kinds of evidence");
      rule.kinds.push_back(*kind);
    }
  } else if (key == "warm" || key == "sustained" || key == "framework_call") {
    if (!is_flag) return bad("true or false");
    (key == "warm"        ? rule.harness.warm
     : key == "sustained" ? rule.harness.sustained
                          : rule.framework_call) = value.boolean;
  } else if (key == "replays" || key == "weight_copies" || key == "seeds") {
    if (!is_count) return bad("a whole number from 1");
    (key == "replays"         ? rule.harness.replays
     : key == "weight_copies" ? rule.harness.weight_copies
                              : rule.harness.seeds) = static_cast<int>(value.number);
  } else if (!is_text) {
    return bad("a text");
  } else if (key == "launch") {
    TRY(launch, read_launch(file, value));
    rule.harness.launch = launch;
  } else if (key == "weight_rotation") {
    TRY(bytes, read_bytes(file, value));
    rule.harness.weight_rotation = bytes;
  } else if (key == "host") {
    TRY(host, read_seconds(file, value));
    rule.host = host;
  } else {
    (key == "name"     ? rule.name
     : key == "source" ? rule.source
     : key == "note"   ? rule.note
     : key == "why"    ? rule.why
                       : rule.harness.software) = value.string;
  }
  return std::monostate{};
}

Result<std::monostate> read_rules(const TomlValue& root, const std::string& file,
                                  std::vector<HarnessRule>& rules) {
  const TomlValue* entries = root.find("harness");
  if (!entries || entries->array.empty()) {
    return fail(Error{"harness.no-default", "got no [[harness]] entry", "add one", file, 1, 0, {}});
  }
  for (const TomlValue& entry : entries->array) {
    HarnessRule rule;
    for (const auto& [key, value] : entry.table) {
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
        return wrong(file, value, "harness.key", fmt::format("got the unknown key \"{}\"", key),
                     did_you_mean(key, kKeys));
      }
      if (auto applied = apply(file, key, value, rule); !applied) return fail(std::move(applied).error());
    }
    if (rule.why.empty() || rule.name.empty()) {
      return wrong(file, entry, "harness.value", "a harness needs name and why",
                   "say where it is known from");
    }
    rules.push_back(std::move(rule));
  }
  if (!rules.back().source.empty() || !rules.back().note.empty()) {
    return fail(Error{"harness.no-default",
                      "the last [[harness]] does not take every source",
                      "end with an entry whose source is empty",
                      file,
                      1,
                      0,
                      {}});
  }
  return std::monostate{};
}

}  // namespace

Result<HarnessBook> HarnessBook::load(const std::filesystem::path& file) {
  TRY(root, catalog::read_toml(file));
  HarnessBook book;
  TRY_VOID(read_rules(root, file.string(), book.rules_));
  return book;
}

Result<HarnessBook> HarnessBook::parse(std::string_view toml, const std::string& file) {
  TRY(root, catalog::parse_toml(toml, file));
  HarnessBook book;
  TRY_VOID(read_rules(root, file, book.rules_));
  return book;
}

const HarnessRule& HarnessBook::of(const Row& row) const {
  for (const HarnessRule& rule : rules_) {
    const bool is_kind = std::find(rule.kinds.begin(), rule.kinds.end(), row.kind) != rule.kinds.end();
    if (is_kind && row.source.starts_with(rule.source) && row.note.find(rule.note) != std::string::npos)
      return rule;
  }
  return rules_.back();
}

kernels::Harness HarnessBook::harness_of(const Row& row) const {
  kernels::Harness harness = of(row).harness;
  if (!row.l2_state.empty()) harness.warm = row.l2_state == "warm";
  return harness;
}

}  // namespace etalon::evidence
