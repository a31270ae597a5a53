// SPDX-License-Identifier: Apache-2.0
#include "cluster/collectives.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace etalon::cluster {
namespace {

constexpr const char* kNames[] = {"all_reduce", "all_gather", "reduce_scatter",
                                  "all_to_all", "broadcast",  "send_recv"};

// One call, with the sizes that every algorithm needs.
struct Call {
  const Fabric& fabric;
  const LibraryFacts& library;
  CollectiveOp op;
  int ranks;
  Bytes bytes, share, sent;
  int steps;            // hops one after the other
  BytesPerSecond link;  // usable by one device for this group
};

BytesPerSecond usable_link(const Fabric& fabric, Group group) {
  if (fabric.die_link && group.ranks * group.stride <= fabric.devices_per_package) return *fabric.die_link;
  if (fabric.kind == FabricKind::switched) return fabric.link;
  // On a mesh of packages, a group reaches only the peers' own links.
  const double peers = std::max(1, std::min(group.ranks, fabric.packages) - 1);
  return std::min(fabric.link, fabric.peer * peers);
}

Call prepare(const Fabric& fabric, CollectiveOp op, Group group, Bytes bytes) {
  const int n = group.ranks;
  const bool is_mesh = fabric.kind == FabricKind::mesh;
  const int passes = op == CollectiveOp::all_reduce ? 2 : 1;
  Call call{fabric, fabric.library, op, n, bytes, bytes / n, {}, 0, usable_link(fabric, group)};
  call.steps = passes * (is_mesh ? 1 : n - 1);
  call.sent = call.share * static_cast<double>(passes * (n - 1));
  if (op == CollectiveOp::send_recv) {
    call.link = usable_link(fabric, {2, group.stride});
    call.share = call.sent = bytes;
  } else if (op == CollectiveOp::broadcast) {
    call.sent = bytes;
  }
  return call;
}

class Cheapest {
 public:
  void offer(CollectiveCost cost) {
    if (cost_.algorithm.empty() || cost.time < cost_.time) cost_ = std::move(cost);
  }
  const CollectiveCost& cost() const { return cost_; }

 private:
  CollectiveCost cost_;
};

CollectiveCost answer(const Call& call, Seconds latency, Seconds bytes, const char* algorithm,
                      const char* protocol) {
  return {latency + bytes, latency, call.sent, algorithm, protocol};
}

Seconds stream_time(const Call& call) { return call.sent / (call.library.bulk_rate * call.link); }

Seconds fill_time(const Call& call) {
  return Seconds{std::sqrt(call.library.fill.value * stream_time(call).value)};
}

Seconds copy_time(const Call& call) {
  return call.library.copy.value > 0 ? call.share / call.library.copy : Seconds{0};
}

void offer_rings(const Call& call, Cheapest& best) {
  const LibraryFacts& lib = call.library;
  const char* algorithm = call.fabric.kind == FabricKind::mesh ? "direct" : "ring";
  if (lib.step_rate > 0 && call.share <= lib.step_limit) {
    best.offer(answer(call, lib.launch + call.steps * lib.step, call.sent / (lib.step_rate * call.link),
                      algorithm, "low-latency"));
  }
  const Seconds hops = call.steps * lib.bulk_step;
  const Seconds flow{std::hypot(hops.value, stream_time(call).value)};
  best.offer(
      answer(call, lib.launch + hops, flow - hops + fill_time(call) + copy_time(call), algorithm, "bulk"));
}

void offer_exchange(const Call& call, Cheapest& best) {
  const LibraryFacts& lib = call.library;
  if (lib.exchange_low.value > 0) {
    best.offer(answer(call, lib.exchange_launch, call.share / lib.exchange_low, "direct", "low-latency"));
  }
  best.offer(answer(call, lib.exchange_launch + lib.bulk_step,
                    stream_time(call) + fill_time(call) + copy_time(call), "direct", "bulk"));
}

void offer_all_reduce_extras(const Call& call, const std::string& software, Cheapest& best) {
  const LibraryFacts& lib = call.library;
  if (lib.multicast_rate > 0 && call.ranks > 2) {
    best.offer(answer(call, lib.launch + lib.multicast_launch, call.bytes / (lib.multicast_rate * call.link),
                      "multicast", ""));
  }
  if (software == "serving" && lib.one_shot_rate > 0) {
    best.offer(answer(call, lib.one_shot_launch + call.ranks * lib.one_shot_step,
                      static_cast<double>(call.ranks - 1) * call.bytes / (lib.one_shot_rate * call.link),
                      "one-shot", ""));
  }
}

}  // namespace

const char* name_of(CollectiveOp op) { return kNames[static_cast<int>(op)]; }

bool parse(const std::string& text, CollectiveOp& out) {
  for (int i = 0; i < 6; ++i) {
    if (text == kNames[i]) {
      out = static_cast<CollectiveOp>(i);
      return true;
    }
  }
  return false;
}

Result<CollectiveCost> collective(const Fabric& fabric, CollectiveOp op, Group group, Bytes bytes,
                                  const std::string& software) {
  if (group.ranks < 1 || group.stride < 1 || group.ranks > fabric.devices()) {
    return fail("collective.ranks",
                fmt::format("{} over {} ranks, stride {}: expected 1 to {} ranks of node '{}'", name_of(op),
                            group.ranks, group.stride, fabric.devices(), fabric.node));
  }
  if (!(bytes.value >= 0) || bytes.value > 1e18) {
    return fail("collective.bytes",
                fmt::format("{} of {} bytes: expected 0 to 1e18", name_of(op), bytes.value));
  }
  if (group.ranks == 1 || bytes.value == 0) return CollectiveCost{{}, {}, {}, "none", ""};
  const Call call = prepare(fabric, op, group, bytes);
  Cheapest best;
  if (op == CollectiveOp::all_to_all || op == CollectiveOp::send_recv) {
    offer_exchange(call, best);
  } else {
    offer_rings(call, best);
    if (op == CollectiveOp::all_reduce) offer_all_reduce_extras(call, software, best);
  }
  return best.cost();
}

Result<CollectiveCost> collective(const catalog::Node& node, const catalog::Chip& chip, CollectiveOp op,
                                  int ranks, Bytes bytes, const std::string& software) {
  TRY(fabric, read_fabric(node, chip));
  return collective(fabric, op, Group{ranks, 1}, bytes, software);
}

}  // namespace etalon::cluster
