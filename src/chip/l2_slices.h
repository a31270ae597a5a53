// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a read lies on the slices of L2. Lines one after another are dealt to all slices. Rows at a pitch are
// not: those that lie in one granule of addresses meet in one slice, so a transfer whose rows lie in k granules
// keeps k slices busy at a time, and meets the other transfers there at random (the channel's rule,
// engine/shared_bandwidth). A slice gives out whole lines: who asks for part of a line waits for all of it,
// unless its other granules hide that.
//
// What it leaves out: which slice it is. Equal addresses meet no more often than others, which is too kind to
// cores that read one tensor in the same order.

#include <array>
#include <cstdint>
#include <vector>

#include "chip/machine.h"
#include "engine/shared_bandwidth.h"

namespace etalon::chip {

class L2Slices {
 public:
  explicit L2Slices(const MachineSpec& spec);
  bool on() const { return slices_ > 0; }

  struct Use {
    std::uint8_t footprint = 0;  // log2 of the slices in use at a time; kSpread: all
    std::uint8_t weight = 0;     // bytes of the slices over bytes of the port, in halves above 1
    double bytes = 0;            // what the slices give out
  };
  static constexpr std::uint8_t kSpread = 5;

  // A read of `region` of which `found` (a share in [0, 1]) lies in L2; its port carries `bytes` of it.
  Use use(const Region& region, double bytes, double found) const;

  // The channel's class for flows of such a use on a path whose port is capped at `cap`; made when first met.
  int flow_class(engine::SharedBandwidth& channel, std::uint8_t path, bool burst, BytesPerSecond cap,
                 const Use& use);

 private:
  static constexpr int kWeights = 8;
  using Classes = std::array<std::int16_t, (kSpread + 1) * kWeights * 2>;
  int slices_;
  double granule_, line_;
  std::vector<Classes> classes_;  // per path; -1: not yet made
};

}  // namespace etalon::chip
