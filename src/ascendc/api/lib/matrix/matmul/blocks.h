// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a core's part of a product falls into base blocks, and what of them lies in L1 at a time.

#include "ascendc/matmul_mailbox.h"
#include "static_tiling.h"

namespace AscendC {
namespace detail {
namespace mm {

struct Place {
  std::int64_t m0, n0, m, n;
};

struct Blocks {
  std::int64_t single_m, single_n, base_m, base_n;
  bool along_m;  // neighbours share their columns

  Blocks(const etalon_matmul_request& r, const TCubeTiling& t)
      : single_m(r.single_m),
        single_n(r.single_n),
        base_m(t.baseM),
        base_n(t.baseN),
        along_m(t.iterateOrder == 0) {}
  std::int64_t rows() const { return up(single_m, base_m); }
  std::int64_t columns() const { return up(single_n, base_n); }
  std::int64_t count() const { return rows() * columns(); }
  Place place(std::int64_t block) const {
    const std::int64_t row = along_m ? block % rows() : block / columns(),
                       column = along_m ? block / rows() : block % columns();
    const std::int64_t m0 = row * base_m, n0 = column * base_n;
    return {m0, n0, least(base_m, single_m - m0), least(base_n, single_n - n0)};
  }
  bool wanted(std::int64_t block, int triangle) const {
    const Place p = place(block);
    return triangle == 0 || (triangle > 0 ? p.n0 / base_n >= p.m0 / base_m : p.n0 / base_n <= p.m0 / base_m);
  }
};

// One operand in L1: a ring of buffers of `steps` base blocks of K each. MDL brings step blocks per transfer,
// Norm one; as no more than three buffers have flags, more blocks than that share transfers.
struct Ring {
  static constexpr std::int64_t kMost = 3;
  std::int64_t buffers = 1, steps = 1, bytes = 0;
  std::uint32_t at = 0;
  std::int64_t used = 0;  // buffers given back so far

  void cut(std::int64_t depth, std::int64_t step, bool several) {
    depth = depth > 0 ? depth : 1;
    steps = several && step > 0 ? least(step, depth) : up(depth, kMost);
    buffers = depth / steps;
    buffers = buffers < 1 ? 1 : least(buffers, kMost);
  }
  // Half of it, if that is possible; `block`: bytes of a base block.
  bool shrink(std::int64_t block) {
    if (steps > 1)
      steps /= 2;
    else if (buffers > 1)
      --buffers;
    else
      return false;
    bytes = block * steps;
    return true;
  }
  std::uint32_t buffer(std::int64_t index) const {
    return at + static_cast<std::uint32_t>(index % buffers * bytes);
  }
};

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
