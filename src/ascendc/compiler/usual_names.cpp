// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/usual_names.h"

#include <fmt/format.h>

#include <array>
#include <map>

namespace etalon::ascendc::compiler {
namespace {

struct Name {
  std::string_view name, type, value;
};
constexpr std::array<Name, 16> kNames = {{{"PI", "float", "3.14159265358979323846f"},
                                          {"TWO", "int", "2"},
                                          {"FULL_MASK", "unsigned long", "~0ul"},
                                          {"BRCB_BROADCAST_NUMBER", "int", "8"},
                                          {"B8_BYTE_SIZE", "int", "1"},
                                          {"B16_BYTE_SIZE", "int", "2"},
                                          {"B32_BYTE_SIZE", "int", "4"},
                                          {"B64_BYTE_SIZE", "int", "8"},
                                          {"B8_DATA_NUM_PER_BLOCK", "int", "32"},
                                          {"B16_DATA_NUM_PER_BLOCK", "int", "16"},
                                          {"B32_DATA_NUM_PER_BLOCK", "int", "8"},
                                          {"B64_DATA_NUM_PER_BLOCK", "int", "4"},
                                          {"B8_DATA_NUM_PER_REPEAT", "int", "256"},
                                          {"B16_DATA_NUM_PER_REPEAT", "int", "128"},
                                          {"B32_DATA_NUM_PER_REPEAT", "int", "64"},
                                          {"B64_DATA_NUM_PER_REPEAT", "int", "32"}}};

// Whether the innermost brace around token i opens an enumeration.
bool in_enumeration(const TokenWalk& text, std::size_t i) {
  int depth = 0;
  while (i-- > 0) {
    if (text.is(i, ";")) return false;
    if (text.is(i, "}")) ++depth;
    if (!text.is(i, "{") || depth-- > 0) continue;
    for (std::size_t back = 1; back <= 6 && back <= i; ++back) {
      if (text.is(i - back, "enum")) return true;
      if (text.is(i - back, ";") || text.is(i - back, "}") || text.is(i - back, ")")) return false;
    }
    return false;
  }
  return false;
}

// float PI =, int PI), enum { PI: a name being declared, not used.
bool declares(const TokenWalk& text, std::size_t i) {
  if (text.is(i + 1, "=") && !text.is(i + 2, "=")) return true;
  if (i > 0 && (text.is(i - 1, "::") || text.is(i - 1, ".") || text.is(i - 1, "->")))
    return true;  // another's
  if (i > 0 && text.is_word(i - 1) && !text.is(i - 1, "return") && !text.is(i - 1, "case")) return true;
  return in_enumeration(text, i);
}

}  // namespace

std::string usual_names(const TokenWalk& text) {
  std::map<std::string_view, const Name*> known;
  for (const Name& n : kNames) known.emplace(n.name, &n);
  std::map<std::string_view, bool> declared;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!text.is_word(i)) continue;
    const auto at = known.find(text.word(i));
    if (at != known.end()) declared[at->first] |= declares(text, i);
  }
  std::string out;
  for (const auto& [name, is_declared] : declared) {
    if (!is_declared)
      out += fmt::format("static constexpr {} {} = {}; ", known[name]->type, name, known[name]->value);
  }
  return out.empty() ? out : out + "\n";
}

}  // namespace etalon::ascendc::compiler
