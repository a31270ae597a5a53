// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "base/text.h"
#include "catalog/loader.h"

namespace etalon::catalog {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".toml") out.push_back(entry.path().stem().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Schema and sources are read once per data folder; failures are not kept, so that a mended file is seen.
Result<std::shared_ptr<const LoadContext>> context() {
  static std::mutex mutex;
  static std::map<fs::path, std::shared_ptr<const LoadContext>> known;
  const std::lock_guard lock(mutex);
  const fs::path data = data_directory();
  if (const auto it = known.find(data); it != known.end()) return it->second;
  TRY(loaded, load_context(data));
  auto shared = std::make_shared<const LoadContext>(std::move(loaded));
  known.emplace(data, shared);
  return std::shared_ptr<const LoadContext>(shared);
}

Result<fs::path> locate(const std::string& name_or_path, const std::string& word) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".toml"))
    return fs::path(name_or_path);
  const fs::path folder = data_directory() / (word + "s");
  const fs::path file = folder / (name_or_path + ".toml");
  std::error_code ignored;
  if (!name_or_path.empty() && fs::is_regular_file(file, ignored)) return file;
  std::string fix = did_you_mean(name_or_path, names_in(folder));
  if (!fix.empty()) fix += " ";
  fix += fmt::format("`etalon {}s` lists them; a file of your own is given by its path", word);
  return fail(word + ".unknown", fmt::format("there is no {} '{}'", word, name_or_path), fix);
}

}  // namespace

Result<Chip> find_chip(const std::string& name_or_path) {
  TRY(file, locate(name_or_path, "chip"));
  TRY(known, context());
  return load_chip(file, *known);
}

Result<Node> find_node(const std::string& name_or_path) {
  TRY(file, locate(name_or_path, "node"));
  TRY(known, context());
  return load_node(file, *known);
}

Result<Node> find_node_for(const Chip& chip) {
  std::map<std::string, Node> by_chip;  // the first node of each chip
  for (const std::string& name : node_names()) {
    TRY(node, find_node(name));
    std::string held = node.chip;
    by_chip.emplace(std::move(held), std::move(node));
  }
  std::vector<std::string> wanted = chip.bases;
  wanted.insert(wanted.begin(), chip.name);
  for (const std::string& name : wanted) {
    const auto it = by_chip.find(name);
    if (it == by_chip.end()) continue;
    it->second.chip = chip.name;
    return it->second;
  }
  return fail("node.none", fmt::format("no node of the catalog holds '{}'", chip.name),
              "write a node file with chip = \"...\", or base the chip on one that has a node");
}

std::vector<std::string> chip_names() { return names_in(data_directory() / "chips"); }
std::vector<std::string> node_names() { return names_in(data_directory() / "nodes"); }

Result<std::map<std::string, Source>> sources() {
  TRY(known, context());
  return known->sources;
}

}  // namespace etalon::catalog
