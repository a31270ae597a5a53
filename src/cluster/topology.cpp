// SPDX-License-Identifier: Apache-2.0
#include "cluster/topology.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "catalog/catalog.h"

namespace etalon::cluster {
namespace {

LibraryFacts read_library(const catalog::Node& node) {
  LibraryFacts out;
  const auto time = [&](const char* path) { return node.get_or<Seconds>(path, Seconds{0}); };
  const auto ratio = [&](const char* path) { return node.get_or<double>(path, 0.0); };
  const auto rate = [&](const char* path) { return node.get_or<BytesPerSecond>(path, BytesPerSecond{0}); };
  out.launch = node.get<Seconds>("collective.launch");
  out.bulk_rate = node.get<double>("collective.bulk_rate");
  out.bulk_step = time("collective.bulk_step");
  out.step = time("collective.step");
  out.step_rate = ratio("collective.step_rate");
  out.step_limit = node.get_or<Bytes>("collective.step_limit", Bytes{1e18});
  out.fill = time("collective.fill");
  out.copy = rate("collective.copy");
  out.multicast_rate = ratio("collective.multicast_rate");
  out.multicast_launch = time("collective.multicast_launch");
  out.exchange_launch = node.get_or<Seconds>("collective.exchange_launch", out.launch);
  out.exchange_low = rate("collective.exchange_low");
  out.one_shot_launch = time("collective.one_shot_launch");
  out.one_shot_step = time("collective.one_shot_step");
  out.one_shot_rate = ratio("collective.one_shot_rate");
  return out;
}

}  // namespace

Result<Fabric> read_fabric(const catalog::Node& node, const catalog::Chip& chip) {
  if (!node.has("collective.launch") || !node.has("collective.bulk_rate")) {
    return fail("node.collective",
                fmt::format("node '{}' has no collective.launch or collective.bulk_rate", node.name),
                "add the [collective] facts, or base = \"a node that has them\"");
  }
  Fabric out;
  out.node = node.name;
  out.chip = chip.name;
  out.packages = node.packages;
  out.devices_per_package = static_cast<int>(chip.get_or<double>("package.devices", 1.0));
  if (node.has("link.topology") && node.choice("link.topology") == "full-mesh") out.kind = FabricKind::mesh;
  out.link = node.has("link.bandwidth") ? node.get<BytesPerSecond>("link.bandwidth")
                                        : chip.get<BytesPerSecond>("link.bandwidth");
  out.peer = node.has("link.peer") && out.kind == FabricKind::mesh ? node.get<BytesPerSecond>("link.peer")
                                                                   : out.link;
  if (out.devices_per_package > 1 && chip.has("package.link_bandwidth"))
    out.die_link = chip.get<BytesPerSecond>("package.link_bandwidth");
  out.library = read_library(node);
  return out;
}

namespace {

bool is_in(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The catalog's node for this chip; where it was built for another chip, the links are those of this one.
Result<catalog::Node> node_of(const catalog::Chip& chip) {
  TRY(node, catalog::find_node_for(chip));
  const auto own = catalog::find_node(node.name);
  if (!own || own->chip == chip.name || !chip.has("link.bandwidth")) return node;
  for (const char* path : {"link.bandwidth", "link.peer"}) {
    if (node.has(path)) node = node.with(path, chip.get<BytesPerSecond>("link.bandwidth").value);
  }
  return node;
}

}  // namespace

Result<NodeAndChip> find_node_and_chip(const std::string& name, int chips) {
  NodeAndChip out;
  if (is_in(catalog::node_names(), name)) {
    TRY(node, catalog::find_node(name));
    TRY(chip, catalog::find_chip(node.chip));
    out = {std::move(node), std::move(chip)};
  } else if (auto chip = catalog::find_chip(name); chip) {
    TRY(node, node_of(*chip));
    out = {std::move(node), *std::move(chip)};
  } else if (auto node = catalog::find_node(name); node) {  // a file
    TRY(its_chip, catalog::find_chip(node->chip));
    out = {*std::move(node), std::move(its_chip)};
  } else {
    Error error = std::move(chip).error();
    if (error.code == "chip.unknown") {
      auto names = catalog::chip_names();
      for (auto& n : catalog::node_names()) names.push_back(std::move(n));
      error.message = fmt::format("no chip or node is called '{}'", name);
      error.fix = did_you_mean(name, names);
    }
    return fail(std::move(error));
  }
  if (chips < 0 || chips > out.node.packages) {
    return fail("plan.chips",
                fmt::format("{} chips, but node '{}' holds {}", chips, out.node.name, out.node.packages),
                "steps over several nodes are not modelled yet");
  }
  if (chips > 0) out.node.packages = chips;
  return out;
}

}  // namespace etalon::cluster
