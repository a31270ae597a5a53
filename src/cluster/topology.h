// SPDX-License-Identifier: Apache-2.0
#pragma once

// The devices of one node and the links between them, read once from the facts of the node and of its chip.
// A rank is a device; a package may hold several, joined by die-to-die links that are faster than the fabric
// between packages. Ranks are numbered package by package, so neighbours share a package.

#include <optional>
#include <string>

#include "base/result.h"
#include "base/units.h"
#include "catalog/chip_facts.h"

namespace etalon::cluster {

enum class FabricKind {
  switched,  // every pair may use the whole link rate of a device (NVSwitch, UB switch)
  mesh,      // one fixed link to each other device: a pair has 1/(devices - 1) of the rate
};

// What the collective library attains on a fabric. Rates are shares of the declared link rate of a device.
struct LibraryFacts {
  Seconds launch;        // kernel launch, entry and exit barrier
  Seconds step;          // one hop of the low-latency protocol (flag in every line, no fence)
  double step_rate = 0;  // rate of that protocol; 0: the library has none
  Bytes step_limit;      // share of one rank above which the library leaves it
  Seconds bulk_step;     // one hop of the bulk protocol (fence per chunk)
  double bulk_rate = 1;
  Seconds fill;               // t += sqrt(fill * bytes/rate): filling channels and chunks
  BytesPerSecond copy;        // own share, from input to output buffer; 0: in place
  double multicast_rate = 0;  // reduction in the switch, tensor bytes per time; 0: none
  Seconds multicast_launch;
  Seconds exchange_launch;      // point-to-point kernel (all-to-all, send and receive)
  BytesPerSecond exchange_low;  // its low-latency protocol, to one peer; 0: none
  // One-shot all-reduce of serving libraries: each rank reads the whole tensor of every peer.
  Seconds one_shot_launch, one_shot_step;
  double one_shot_rate = 0;
};

struct Fabric {
  std::string node, chip;
  int packages = 1, devices_per_package = 1;
  FabricKind kind = FabricKind::switched;
  BytesPerSecond link;                     // one device, one direction, all its links to other packages
  BytesPerSecond peer;                     // one pair of packages; on a switch the whole link
  std::optional<BytesPerSecond> die_link;  // between the devices of a package
  LibraryFacts library;
  int devices() const { return packages * devices_per_package; }
};

// Errors: node.collective (no collective facts).
Result<Fabric> read_fabric(const catalog::Node&, const catalog::Chip&);

// A node with its chip, by the name of either or by a file; `chips` packages of it are used (0: all). A chip
// without a node of its own takes that of its family, with its own links.
struct NodeAndChip {
  catalog::Node node;
  catalog::Chip chip;
};
// Errors: node.none (no node for this chip), plan.chips (more than the node holds), those of the catalog.
Result<NodeAndChip> find_node_and_chip(const std::string& chip_or_node, int chips = 0);

}  // namespace etalon::cluster
