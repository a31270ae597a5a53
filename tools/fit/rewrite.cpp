// SPDX-License-Identifier: Apache-2.0
#include "rewrite.h"

#include <fmt/format.h>

namespace etalon::fit {

Result<std::string> with_value(const std::string& text, const std::string& path, double value) {
  const auto missing = [&] {
    return fail("fit.no-such-fact", fmt::format("the chip file has no line for {}", path),
                "write it as NAME = { value = ..., basis = \"fitted\", ... } in its table");
  };
  const std::size_t dot = path.find('.');
  const std::size_t table = text.find("\n[" + path.substr(0, dot) + "]\n");
  if (table == std::string::npos) return missing();
  const std::string start = "\n" + path.substr(dot + 1) + " = { value = ";
  const std::size_t line = text.find(start, table + 1);
  if (line == std::string::npos || text.find("\n[", table + 1) < line) return missing();
  const std::size_t from = line + start.size();
  const bool quoted = text[from] == '"';
  const std::size_t number = from + (quoted ? 1 : 0);
  const std::size_t end = text.find_first_of(quoted ? " \"" : ", }", number);
  return text.substr(0, number) + fmt::format("{:.3g}", value) + text.substr(end);
}

}  // namespace etalon::fit
