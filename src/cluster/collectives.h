// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long a collective takes inside one node. The algorithm and the protocol with the least time are taken,
// as the library's own tuner would: low-latency ring, bulk ring, reduction in the switch, direct exchange on
// a full mesh, one-shot for serving.
//
// With S the full tensor, n ranks, k ring steps (n-1, all-reduce 2(n-1)), f = k/n S the bytes a rank sends:
//   low latency   launch + k step + f / (step_rate B)
//   bulk ring     launch + hypot(k bulk_step, f/R) + sqrt(fill f/R) + (S/n) / copy        R = bulk_rate B
//   multicast     launch + multicast_launch + S / (multicast_rate B)
//   exchange      exchange_launch + min(p / exchange_low, bulk_step + f/R + sqrt(fill f/R) + p / copy), p =
//   S/n one-shot      one_shot_launch + n one_shot_step + (n-1) S / (one_shot_rate B)
// The hops of a ring overlap with the stream of later chunks, hence hypot and not the sum. On a mesh a group
// of n devices uses n-1 of the links of a device, so B is its share of the link rate and a ring has one step.
//
// Left out: contention with compute for SMs and HBM (see step.h), tree algorithms (slower inside a node).

#include <string>

#include "base/result.h"
#include "cluster/topology.h"

namespace etalon::cluster {

enum class CollectiveOp { all_reduce, all_gather, reduce_scatter, all_to_all, broadcast, send_recv };
const char* name_of(CollectiveOp);
bool parse(const std::string& text, CollectiveOp& out);

// Devices that take part: `ranks` of them, `stride` apart in rank order.
struct Group {
  int ranks = 1, stride = 1;
};

struct CollectiveCost {
  Seconds time;
  Seconds latency;        // the part that does not depend on the bytes
  Bytes sent;             // by each rank over its links
  std::string algorithm;  // "ring", "multicast", "direct", "one-shot", "none"
  std::string protocol;   // "low-latency", "bulk", ""
};

// `bytes` is the full tensor; for all_to_all the send buffer of a rank; for send_recv the message.
// `software`: "" the library of training frameworks, "serving" may also use one-shot all-reduce.
// Errors: collective.ranks, collective.bytes.
Result<CollectiveCost> collective(const Fabric&, CollectiveOp, Group, Bytes bytes,
                                  const std::string& software = {});

// The same for a row of evidence: a whole-node group read from the catalog's sheets.
Result<CollectiveCost> collective(const catalog::Node&, const catalog::Chip&, CollectiveOp, int ranks,
                                  Bytes bytes, const std::string& software = {});

}  // namespace etalon::cluster
