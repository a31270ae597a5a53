// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which names of the Ascend C interface a source uses, and which of them our headers lack.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etalon::ascendc::compiler {

struct NameUse {
  std::string name, family;
  int line = 0;  // of the first use
  bool here = false;
};

class Interface {
 public:
  // Known names of data/ascendc/names.csv; those that occur in a header under `headers` are here. Error:
  // "file.unreadable".
  static Result<Interface> read(const std::filesystem::path& names,
                                const std::vector<std::filesystem::path>& headers);

  // Names of the interface in one source, by name. What the source itself defines does not count.
  std::vector<NameUse> used_in(std::string_view source) const;
  // A line for each name of the interface that a compiler's messages call unknown; empty if there is none.
  std::string explain(std::string_view messages) const;

 private:
  std::map<std::string, std::string, std::less<>> family_;  // by name
  std::set<std::string, std::less<>> here_;
};

}  // namespace etalon::ascendc::compiler
