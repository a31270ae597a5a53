// SPDX-License-Identifier: Apache-2.0
#pragma once

// Physical quantities as types. A bare double never crosses a room's public header as a quantity:
//   BytesPerSecond rate = 3.35 * kTB / kSecond;   Seconds t = Bytes{1e9} / rate;
// Dimensions: byte, flop, second, joule, cycle. One multiply-add is 2 FLOP; GB = 1e9 B, GiB = 2^30 B.
// A clock is cycle/second, so Cycles / Hertz is Seconds.

#include <compare>
#include <cstdint>

namespace etalon {

template <int Byte, int Flop, int Second, int Joule, int Cycle>
struct Quantity {
  double value = 0;
  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator-() const { return {-value}; }
  constexpr Quantity& operator+=(Quantity o) { value += o.value; return *this; }
  constexpr Quantity& operator-=(Quantity o) { value -= o.value; return *this; }
  constexpr Quantity& operator*=(double s) { value *= s; return *this; }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.value + b.value}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.value - b.value}; }
  friend constexpr Quantity operator*(Quantity a, double s) { return {a.value * s}; }
  friend constexpr Quantity operator*(double s, Quantity a) { return {a.value * s}; }
  friend constexpr Quantity operator/(Quantity a, double s) { return {a.value / s}; }
};

namespace units_detail {
template <int B, int F, int S, int J, int C>
constexpr auto make(double v) {
  if constexpr (B == 0 && F == 0 && S == 0 && J == 0 && C == 0) return v;
  else return Quantity<B, F, S, J, C>{v};
}
}  // namespace units_detail

template <int B, int F, int S, int J, int C, int b, int f, int s, int j, int c>
constexpr auto operator*(Quantity<B, F, S, J, C> x, Quantity<b, f, s, j, c> y) {
  return units_detail::make<B + b, F + f, S + s, J + j, C + c>(x.value * y.value);
}
template <int B, int F, int S, int J, int C, int b, int f, int s, int j, int c>
constexpr auto operator/(Quantity<B, F, S, J, C> x, Quantity<b, f, s, j, c> y) {
  return units_detail::make<B - b, F - f, S - s, J - j, C - c>(x.value / y.value);
}
template <int B, int F, int S, int J, int C>
constexpr auto operator/(double x, Quantity<B, F, S, J, C> y) {
  return units_detail::make<-B, -F, -S, -J, -C>(x / y.value);
}

using Bytes = Quantity<1, 0, 0, 0, 0>;
using Flops = Quantity<0, 1, 0, 0, 0>;
using Seconds = Quantity<0, 0, 1, 0, 0>;
using Joules = Quantity<0, 0, 0, 1, 0>;
using Cycles = Quantity<0, 0, 0, 0, 1>;
using Hertz = Quantity<0, 0, -1, 0, 1>;  // cycle/s
using BytesPerSecond = Quantity<1, 0, -1, 0, 0>;
using FlopsPerSecond = Quantity<0, 1, -1, 0, 0>;
using BytesPerCycle = Quantity<1, 0, 0, 0, -1>;
using FlopsPerCycle = Quantity<0, 1, 0, 0, -1>;
using Watts = Quantity<0, 0, -1, 1, 0>;
using JoulesPerByte = Quantity<-1, 0, 0, 1, 0>;
using JoulesPerFlop = Quantity<0, -1, 0, 1, 0>;

inline constexpr Bytes kKiB{1024.0}, kMiB{1048576.0}, kGiB{1073741824.0}, kGB{1e9}, kTB{1e12};
inline constexpr Seconds kSecond{1.0}, kMicrosecond{1e-6}, kNanosecond{1e-9};

// Simulated time: a signed 64-bit count of picoseconds (about 106 days). Durations round up.
using Picoseconds = std::int64_t;
inline constexpr Picoseconds kNever = INT64_MAX;

constexpr Picoseconds ceil_picoseconds(Seconds t) {
  const double ps = t.value * 1e12;
  const auto whole = static_cast<Picoseconds>(ps);
  return whole + (static_cast<double>(whole) < ps ? 1 : 0);
}
constexpr Seconds to_seconds(Picoseconds t) { return {static_cast<double>(t) * 1e-12}; }

}  // namespace etalon
