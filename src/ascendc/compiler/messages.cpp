// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/messages.h"

namespace etalon::ascendc::compiler {
namespace {

// The line that begins a message; notes, carets and "in file included" belong to one.
bool begins(std::string_view line) {
  return line.find("error:") != std::string_view::npos || line.find("warning:") != std::string_view::npos;
}
bool leads(std::string_view line) { return line.find("n file included from ") != std::string_view::npos; }
bool is_count(std::string_view line) {
  return line.find(" generated.") != std::string_view::npos && line.find('\'') == std::string_view::npos;
}

}  // namespace

void Messages::add(std::string_view text) {
  std::string block;
  bool begun = false;
  const auto close = [&] {
    if (!block.empty() && seen_.insert(block).second) text_ += block;
    block.clear();
    begun = false;
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (is_count(line)) continue;
    if ((begins(line) && begun) || (leads(line) && begun)) close();
    begun |= begins(line);
    block += line;
    block += '\n';
  }
  close();
}

}  // namespace etalon::ascendc::compiler
