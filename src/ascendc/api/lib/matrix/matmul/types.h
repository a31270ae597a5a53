// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a Matmul object multiplies: where a matrix lies, in which order, of which type, and how batches follow
// one another.

#include "ascendc/tensor.h"

// ND: row-major. NZ: fractals of 16 rows x 32 bytes, column after column. VECTOR: one row. ND_ALIGN:
// row-major, rows of 32 bytes each.
enum class CubeFormat { ND, NZ, ZN, ZZ, NN, VECTOR, SCALAR, ND_ALIGN };
// Batches: [B S N G D], [S B N G D], [B N G S1 S2] of attention, or one matrix behind the other.
enum class LayoutMode { NONE, BSNGD, SBNGD, BNGS1S2, NORMAL };

namespace AscendC {

// share: vector cores of a block that give the same matrix share it.
template <TPosition position, CubeFormat layout, class Type, bool transposed = false,
          LayoutMode mode = LayoutMode::NONE, bool share = false>
struct MatmulType {
  static constexpr TPosition pos = position;
  static constexpr CubeFormat format = layout;
  static constexpr bool isTrans = transposed, ibShare = share;
  static constexpr LayoutMode layout_mode = mode;
  using T = Type;
};

namespace detail {
namespace mm {

constexpr std::int64_t up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit; }
constexpr std::int64_t align(std::int64_t value, std::int64_t unit) { return up(value, unit) * unit; }
constexpr std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

constexpr bool in_l1(TPosition p) { return space_of(p) == kAscL1; }
constexpr bool in_ub(TPosition p) { return space_of(p) == kAscUb; }
constexpr bool in_gm(TPosition p) { return space_of(p) == kAscGm; }

// What the cube adds up in; what bytes of an operand move as (two of int4b_t share one).
template <class T>
struct Element {
  static constexpr bool integer = std::is_same<T, std::int8_t>::value || std::is_same<T, int4b_t>::value;
  using Sum = std::conditional_t<integer, std::int32_t, float>;
  using Raw = std::conditional_t<std::is_same<T, int4b_t>::value, std::int8_t, T>;
  static constexpr std::int64_t packed = std::is_same<T, int4b_t>::value ? 2 : 1;
};
template <class T>
constexpr bool multiplies = std::is_same<T, half>::value || std::is_same<T, bfloat16_t>::value ||
                            std::is_same<T, float>::value || Element<T>::integer;

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
