// SPDX-License-Identifier: Apache-2.0
#include "chip/l2_slices.h"

#include <algorithm>
#include <cmath>

namespace etalon::chip {

L2Slices::L2Slices(const MachineSpec& spec)
    : slices_(spec.l2_slices),
      granule_(std::max(1.0, spec.l2_granule.value)),
      line_(static_cast<double>(spec.l2_line)),
      classes_(spec.paths.size()) {
  for (auto& c : classes_) c.fill(-1);
}

L2Slices::Use L2Slices::use(const Region& region, double bytes, double found) const {
  Use out;
  out.bytes = bytes;
  out.footprint = kSpread;
  if (region.rows == 1 || region.pitch == region.row_bytes) return out;
  out.footprint = 0;
  const auto rows = static_cast<double>(region.rows);
  const double granules = std::max(1.0, rows * std::min(1.0, static_cast<double>(region.pitch) / granule_));
  while (out.footprint < kSpread && (1 << out.footprint) < granules) ++out.footprint;
  if ((1 << out.footprint) >= slices_) out.footprint = kSpread;
  const auto row = static_cast<double>(region.row_bytes);
  if (row < line_) {
    const double hidden = std::clamp(granules - 1, 0.0, 1.0);
    const double given = rows * found * (row + (line_ - row) * (1 - hidden));
    if (given > bytes) {
      out.weight =
          static_cast<std::uint8_t>(std::clamp<long>(std::lround(2 * given / bytes) - 2, 0, kWeights - 1));
      out.bytes = given;
    }
  }
  return out;
}

int L2Slices::flow_class(engine::SharedBandwidth& channel, std::uint8_t path, bool burst, BytesPerSecond cap,
                         const Use& use) {
  std::int16_t& index = classes_[path][(use.footprint * kWeights + use.weight) * 2 + (burst ? 1 : 0)];
  if (index < 0) {
    index = static_cast<std::int16_t>(
        channel.add_class(cap * (1 + 0.5 * use.weight), use.footprint == kSpread ? 0 : 1 << use.footprint));
  }
  return index;
}

}  // namespace etalon::chip
