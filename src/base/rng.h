// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counter-based random numbers: the n-th draw of a named stream never depends on what others drew, on the
// thread count or on the standard library. SplitMix64 finaliser over (seed, stream, counter).

#include <cmath>
#include <cstdint>
#include <string_view>

namespace etalon {

class Rng {
 public:
  Rng(std::uint64_t seed, std::string_view stream) : key_(mix(seed + 0x9e3779b97f4a7c15ull)) {
    for (char c : stream) key_ = mix(key_ ^ static_cast<unsigned char>(c));
  }
  std::uint64_t bits() { return mix(key_ + 0x9e3779b97f4a7c15ull * ++counter_); }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }  // [0, 1)
  std::uint64_t below(std::uint64_t n) { return static_cast<std::uint64_t>(uniform() * static_cast<double>(n)); }
  double normal() {  // Box-Muller, one of the pair
    const double u = 1.0 - uniform(), v = uniform();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
  }

 private:
  static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::uint64_t key_, counter_ = 0;
};

}  // namespace etalon
