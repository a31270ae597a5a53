// SPDX-License-Identifier: Apache-2.0
#include "cluster/topology.h"

#include <fmt/format.h>

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
  if (out.devices_per_package > 1 && chip.has("package.link_bandwidth"))
    out.die_link = chip.get<BytesPerSecond>("package.link_bandwidth");
  out.library = read_library(node);
  return out;
}

}  // namespace etalon::cluster
