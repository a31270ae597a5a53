// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/messages.h"

#include <algorithm>
#include <iterator>
#include <utility>

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

// "a.h:28:41: note: ...": the file, or nothing if the line begins no message.
std::string_view file_of(std::string_view line) {
  for (const std::string_view kind : {": error: ", ": warning: ", ": note: "}) {
    const std::size_t at = line.find(kind);
    if (at != std::string_view::npos) return line.substr(0, line.find(':'));
  }
  return {};
}
bool is_ours(std::string_view file) { return file.find("/src/ascendc/api/") != std::string_view::npos; }
// "   28 | code" and the lines of carets below it.
bool is_snippet(std::string_view line) {
  const std::size_t bar = line.find_first_not_of(" 0123456789");
  return bar != std::string_view::npos && bar >= 2 && line[bar] == '|';
}

// Types of the interface as programs name them: number.h has one class for all small floats.
std::string with_usual_types(std::string_view line) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"Half", "half"},       {"Bf16", "bfloat16_t"}, {"E4m3", "fp8_e4m3fn_t"},
      {"E5m2", "fp8_e5m2_t"}, {"Hif8", "hifloat8_t"}, {"E8m0", "fp8_e8m0_t"}};
  std::string out;
  for (;;) {
    const std::size_t at = line.find("Small<"), tag = line.find("Tag>", at);
    if (at == std::string_view::npos || tag == std::string_view::npos) return out.append(line);
    std::string_view before = line.substr(0, at);
    for (const std::string_view scope : {"number::", "AscendC::"}) {
      if (before.ends_with(scope)) before.remove_suffix(scope.size());
    }
    const std::string_view type = line.substr(at, tag - at);
    const auto* name = std::find_if(std::begin(kNames), std::end(kNames),
                                    [&](const auto& n) { return type.ends_with(n.first); });
    if (name == std::end(kNames)) return out.append(line);
    out.append(before).append(name->second);
    line.remove_prefix(tag + 4);
  }
}

}  // namespace

void Messages::add(std::string_view text) {
  std::string block;
  bool begun = false, in_ours = false;
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
    // Of our own headers the place is said, the line is not shown.
    if (const std::string_view file = file_of(line); !file.empty()) in_ours = is_ours(file);
    if (in_ours && is_snippet(line)) continue;
    block += with_usual_types(line);
    block += '\n';
  }
  close();
}

}  // namespace etalon::ascendc::compiler
