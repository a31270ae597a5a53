// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace etalon {

// A number with bounds. For facts: hard bounds. For outputs of a study: the 90% interval.
struct Interval {
  double low = 0, value = 0, high = 0;
  static constexpr Interval exact(double v) { return {v, v, v}; }
  constexpr bool holds(double v) const { return low <= v && v <= high; }
  constexpr Interval scaled(double s) const {
    return s >= 0 ? Interval{low * s, value * s, high * s} : Interval{high * s, value * s, low * s};
  }
  constexpr bool operator==(const Interval&) const = default;
};

}  // namespace etalon
