// SPDX-License-Identifier: Apache-2.0
// Any bytes as a chip file: either an error that names itself and its place, or a chip whose every fact keeps
// its bounds, has a source, and can be changed and printed.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "catalog/loader.h"
#include "catalog/show.h"

namespace {

using namespace etalon::catalog;

void require(bool holds) {
  if (!holds) std::abort();
}

const LoadContext& context() {
  static const LoadContext loaded = [] {
    auto c = load_context(data_directory());
    require(c.has_value());
    return *std::move(c);
  }();
  return loaded;
}

void ask_everything(const Chip& chip) {
  for (const auto& [path, fact] : chip.facts()) {
    require(fact.path == path && !fact.source.empty());
    if (fact.is_categorical()) {
      require(chip.choice(path) == fact.choice);
      for (const auto& [choice, probability] : fact.choices)
        require(chip.with_choice(path, choice).choice(path) == choice);
    } else if (chip.has(path)) {
      require(fact.si.low <= fact.si.value && fact.si.value <= fact.si.high && std::isfinite(fact.si.value));
    }
  }
  (void)chip.fingerprint();
  require(!show_chip(chip).blocks.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto chip = parse_chip(text, "chip.toml", context());
  if (chip)
    ask_everything(*chip);
  else
    require(!chip.error().code.empty() && !chip.error().message.empty() && !chip.error().file.empty());
  return 0;
}
