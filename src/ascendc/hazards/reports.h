// SPDX-License-Identifier: Apache-2.0
#pragma once

// Collects what was found. Lines are looked up and texts finished only when findings are asked for.

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "ascendc/hazards/shadow.h"
#include "base/finding.h"

namespace etalon::ascendc::hazards {

const char* name_of_pipe(int pipe);    // "MTE2"
const char* name_of_space(int space);  // "UB"

class Reports {
 public:
  // What makes two findings one.
  struct Key {
    const char* code = "";
    SiteId now = 0, before = 0;
    int detail = 0;
    auto order() const { return std::tuple(std::string_view(code), now, before, detail); }
    bool operator<(const Key& o) const { return order() < o.order(); }
  };

  // True for the first of its kind and for one that is worse than those before: it is to be described by
  // `add`. Others are counted.
  bool fresh(const Key& key, std::uint32_t block, Severity severity);
  // In the text `{now}`, `{before}` and `{@7}` (any site) become source lines.
  void add(const Key& key, Severity severity, const std::string& who, std::string text);

  Findings findings(const Sites& sites) const;
  bool failed() const { return failed_; }

 private:
  struct Item {
    Severity severity = Severity::failure;
    std::string who, text;
    std::int64_t count = 0;
    std::set<std::uint32_t> blocks;
    std::size_t number = 0;
  };
  std::map<Key, Item> items_;
  bool failed_ = false;
};

}  // namespace etalon::ascendc::hazards
