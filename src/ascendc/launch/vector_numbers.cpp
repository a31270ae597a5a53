// SPDX-License-Identifier: Apache-2.0
// The numbers of vector instructions. Operands of a repeat (or of a chunk of contiguous elements) are loaded
// into float or int64 arrays, computed, and stored back, so that each operation is written once for all
// types.
#include <algorithm>
#include <cmath>

#include "ascendc/api/ascendc/enums.h"
#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/lanes.h"
#include "ascendc/launch/numbers.h"
#include "ascendc/launch/widest.h"

namespace etalon::ascendc {

// d = op(a, b) of n integers (vector_integers.cpp).
void apply_integers(const etalon_asc_vector& v, const std::int64_t* a, const std::int64_t* b, std::int64_t* d,
                    int n);

using AscendC::RoundMode;

namespace {

constexpr std::int64_t kChunk = 512;

struct RealOperation {
  const etalon_asc_vector& v;
  float scalar;
  bool half;

  float once(float x) const { return half ? half_to_float(float_to_half(x)) : x; }

  template <class F>
  void two(const float* a, const float* b, float* d, int n, F f) const {
    widest([=]() ETALON_INLINE {
      for (int i = 0; i < n; ++i) d[i] = f(a[i], b[i]);
    });
  }
  template <class F>
  void one(const float* a, float* d, int n, F f) const {
    widest([=]() ETALON_INLINE {
      for (int i = 0; i < n; ++i) d[i] = f(a[i]);
    });
  }

  void apply(const float* a, const float* b, float* d, int n) const {
    const float s = scalar;
    switch (v.op) {
      case kAscAdd:
        two(a, b, d, n, [](float x, float y) { return x + y; });
        break;
      case kAscSub:
        two(a, b, d, n, [](float x, float y) { return x - y; });
        break;
      case kAscMul:
        two(a, b, d, n, [](float x, float y) { return x * y; });
        break;
      case kAscDiv:
        two(a, b, d, n, [](float x, float y) { return x / y; });
        break;
      case kAscMax:
        two(a, b, d, n, [](float x, float y) { return x > y || x != x ? x : y; });
        break;
      case kAscMin:
        two(a, b, d, n, [](float x, float y) { return x < y || x != x ? x : y; });
        break;
      case kAscAddRelu:
        two(a, b, d, n, [](float x, float y) { return std::max(x + y, 0.0f); });
        break;
      case kAscSubRelu:
        two(a, b, d, n, [](float x, float y) { return std::max(x - y, 0.0f); });
        break;
      case kAscMulAddDst:
        for (int i = 0; i < n; ++i) d[i] = once(a[i] * b[i]) + d[i];
        break;
      case kAscFusedMulAdd:
      case kAscFusedMulAddRelu:  // one rounding: double holds the product of two floats exactly
        for (int i = 0; i < n; ++i) {
          const double r = static_cast<double>(a[i]) * static_cast<double>(d[i]) + static_cast<double>(b[i]);
          d[i] = static_cast<float>(v.op == kAscFusedMulAddRelu ? std::max(r, 0.0) : r);
        }
        break;
      case kAscAdds:
        one(a, d, n, [s](float x) { return x + s; });
        break;
      case kAscMuls:
        one(a, d, n, [s](float x) { return x * s; });
        break;
      case kAscMaxs:
        one(a, d, n, [s](float x) { return x > s || x != x ? x : s; });
        break;
      case kAscMins:
        one(a, d, n, [s](float x) { return x < s || x != x ? x : s; });
        break;
      case kAscLeakyRelu:
        one(a, d, n, [s](float x) { return x >= 0 ? x : x * s; });
        break;
      case kAscAxpy:
        for (int i = 0; i < n; ++i) d[i] = once(a[i] * s) + d[i];
        break;
      case kAscExp:
        one(a, d, n, [](float x) { return static_cast<float>(std::exp(static_cast<double>(x))); });
        break;
      case kAscLn:
        one(a, d, n, [](float x) { return static_cast<float>(std::log(static_cast<double>(x))); });
        break;
      case kAscAbs:
        one(a, d, n, [](float x) { return std::fabs(x); });
        break;
      case kAscSqrt:
        one(a, d, n, [](float x) { return std::sqrt(x); });
        break;
      case kAscRsqrt:
        one(a, d, n, [](float x) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(x))); });
        break;
      case kAscReciprocal:
        one(a, d, n, [](float x) { return 1.0f / x; });
        break;
      case kAscRelu:
        one(a, d, n, [](float x) { return x > 0 || x != x ? x : 0.0f; });
        break;
      case kAscDuplicate:
        std::fill(d, d + n, s);
        break;
      case kAscCopy:
        std::copy(a, a + n, d);
        break;
      case kAscArange:
        break;
      default:
        throw DeviceFault("ascendc.type", std::string(name_of(static_cast<EtalonAscOp>(v.op))) +
                                              " has no form for real types");
    }
  }
};

// Whether the operation looks at bits, whatever the type.
bool is_bitwise(int op) { return op == kAscAnd || op == kAscOr || op == kAscNot || op == kAscCopy; }

bool reads_destination(int op) {
  return op == kAscMulAddDst || op == kAscFusedMulAdd || op == kAscFusedMulAddRelu || op == kAscAxpy;
}

void cast_chunk(const etalon_asc_vector& v, const std::byte* src, std::int64_t n, std::int64_t src_stride,
                std::byte* dst, std::int64_t dst_stride, float deq_scale) {
  const auto mode = static_cast<RoundMode>(v.detail);
  float real[kChunk];
  std::int64_t integer[kChunk];
  const bool from_real = is_real(v.src_type), to_real = is_real(v.dst_type);
  if (from_real && to_real) {
    load_reals(v.src_type, src, n, src_stride, real);
    if (v.src_type == v.dst_type) {
      for (std::int64_t i = 0; i < n; ++i) real[i] = static_cast<float>(round_integral(real[i], mode));
    }
    store_reals(v.dst_type, real, n, dst, dst_stride, mode);
  } else if (from_real) {
    load_reals(v.src_type, src, n, src_stride, real);
    for (std::int64_t i = 0; i < n; ++i) integer[i] = to_integer(real[i], v.dst_type, mode);
    store_integers(v.dst_type, integer, n, dst, dst_stride);
  } else if (to_real) {
    load_integers(v.src_type, src, n, src_stride, integer);
    if (v.src_type == kAscS32 && v.dst_type == kAscF16) {
      for (std::int64_t i = 0; i < n; ++i) real[i] = static_cast<float>(integer[i]) * deq_scale;
    } else {
      for (std::int64_t i = 0; i < n; ++i) real[i] = to_float(static_cast<double>(integer[i]), mode);
    }
    store_reals(v.dst_type, real, n, dst, dst_stride, mode);
  } else {
    load_integers(v.src_type, src, n, src_stride, integer);
    for (std::int64_t i = 0; i < n; ++i) integer[i] = saturate(integer[i], v.dst_type);
    store_integers(v.dst_type, integer, n, dst, dst_stride);
  }
}

// n elements at the given strides; the pointers are the first elements.
void element_chunk(const etalon_asc_vector& v, std::byte* dst, const std::byte* s0, const std::byte* s1,
                   std::int64_t n, std::int64_t first) {
  const int dst_size = bytes_of(v.dst_type), src_size = bytes_of(v.src_type);
  if (!is_real(v.src_type) || is_bitwise(v.op)) {
    std::int64_t a[kChunk], b[kChunk], d[kChunk];
    if (v.sources > 0) load_integers(v.src_type, s0, n, src_size, a);
    if (v.sources > 1) load_integers(v.src_type, s1, n, src_size, b);
    if (reads_destination(v.op)) load_integers(v.dst_type, dst, n, dst_size, d);
    if (v.op == kAscArange) {
      for (std::int64_t i = 0; i < n; ++i) d[i] = v.scalar.integer + first + i;
    } else {
      apply_integers(v, a, b, d, static_cast<int>(n));
    }
    store_integers(v.dst_type, d, n, dst, dst_size);
    return;
  }
  float a[kChunk], b[kChunk], d[kChunk];
  if (v.sources > 0) load_reals(v.src_type, s0, n, src_size, a);
  if (v.sources > 1) load_reals(v.src_type, s1, n, src_size, b);
  if (reads_destination(v.op)) load_reals(v.dst_type, dst, n, dst_size, d);
  const RealOperation op{v, static_cast<float>(v.scalar.real), v.dst_type == kAscF16};
  if (v.op == kAscArange) {
    for (std::int64_t i = 0; i < n; ++i) d[i] = op.scalar + static_cast<float>(first + i);
  } else {
    op.apply(a, b, d, static_cast<int>(n));
  }
  store_reals(v.dst_type, d, n, dst, dst_size);
}

// Conversions with 4-bit integers: two share a byte, the lower first. Only contiguous elements.
void check_int4(const etalon_asc_vector& v) {
  if (v.count_form == 0 || (v.src_type == kAscS4 ? v.dst_type : v.src_type) != kAscF16)
    throw DeviceFault("ascendc.type", "Cast of int4b_t goes to and from half, in the form with a count");
}
void cast_int4(const etalon_asc_vector& v, std::byte* ub) {
  const bool from = v.src_type == kAscS4;
  for (std::int64_t i = 0; i < v.repeat; ++i) {
    std::byte* pair = ub + (from ? v.src0 : v.dst) + i / 2;
    std::byte* other = ub + (from ? v.dst : v.src0) + i * 2;
    const int shift = i % 2 * 4;
    float real = 0;
    if (from) {
      const int bits = static_cast<int>(*pair) >> shift & 15;
      real = static_cast<float>(bits < 8 ? bits : bits - 16);
      store_reals(kAscF16, &real, 1, other, 0);
    } else {
      load_reals(kAscF16, other, 1, 0, &real);
      const auto value = to_integer(real, kAscS4, static_cast<RoundMode>(v.detail));
      const auto bits = static_cast<unsigned>(value & 15) << shift;
      *pair = (*pair & std::byte{static_cast<unsigned char>(0xf0 >> shift)}) |
              std::byte{static_cast<unsigned char>(bits)};
    }
  }
}

// How many elements follow one another in all operands, none of which lies partly over the destination; 0 if
// they do not. Such repeats are one stretch.
std::int64_t contiguous_elements(const etalon_asc_vector& v, int per_repeat, std::int64_t repeats) {
  if (v.op == kAscArange) return 0;
  const auto follows = [&](int type, int block, int repeat) {
    return block == 1 && (repeats == 1 || repeat * 32 == per_repeat * bytes_of(type));
  };
  if (!follows(v.dst_type, v.dst_block, v.dst_repeat)) return 0;
  const auto all = [](int lanes) {
    return lanes == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << lanes) - 1;
  };
  std::int64_t n = repeats * per_repeat;
  if (v.counter != 0) {
    n = static_cast<std::int64_t>(v.mask[0]);
  } else if (per_repeat > 64 ? (v.mask[0] & v.mask[1]) != ~std::uint64_t{0}
                             : (v.mask[0] & all(per_repeat)) != all(per_repeat)) {
    return 0;
  }
  const auto apart = [&](std::int64_t source) {
    return source == v.dst || source + n * bytes_of(v.src_type) <= v.dst ||
           v.dst + n * bytes_of(v.dst_type) <= source;
  };
  if (v.src_type != v.dst_type && (v.src0 == v.dst || v.src1 == v.dst)) return 0;
  if (v.sources > 0 && (!follows(v.src_type, v.src0_block, v.src0_repeat) || !apart(v.src0))) return 0;
  if (v.sources > 1 && (!follows(v.src_type, v.src1_block, v.src1_repeat) || !apart(v.src1))) return 0;
  return n;
}

void elementwise(const etalon_asc_vector& v, std::byte* ub, const etalon_asc_core& core) {
  if (v.op == kAscCast && (v.src_type == kAscS4 || v.dst_type == kAscS4)) return cast_int4(v, ub);
  const int dst_size = bytes_of(v.dst_type), src_size = bytes_of(v.src_type);
  const auto run = [&](std::byte* d, const std::byte* a, const std::byte* b, std::int64_t n,
                       std::int64_t first) {
    if (v.op == kAscCast)
      cast_chunk(v, a, n, src_size, d, dst_size, core.deq_scale);
    else
      element_chunk(v, d, a, b, n, first);
  };
  const int per_repeat = 256 / std::max(dst_size, src_size);
  const std::int64_t repeats = repeats_of(v);
  if (const std::int64_t elements =
          v.count_form != 0 ? v.repeat : contiguous_elements(v, per_repeat, repeats);
      elements > 0) {
    for (std::int64_t at = 0; at < elements; at += kChunk) {
      const std::int64_t n = std::min<std::int64_t>(kChunk, elements - at);
      run(ub + v.dst + at * dst_size, ub + v.src0 + at * src_size, ub + v.src1 + at * src_size, n, at);
    }
    return;
  }
  // Runs of neighbouring elements that stay inside one block of the wider operand, or in contiguous blocks.
  const bool contiguous =
      v.dst_block == 1 && (v.sources < 1 || v.src0_block == 1) && (v.sources < 2 || v.src1_block == 1);
  const int block = contiguous ? 128 : 32 / std::max(dst_size, src_size);
  struct {
    int first, n;
  } runs[128];
  int count = 0;
  for (std::int64_t r = 0; r < repeats; ++r) {
    if (r == 0 || v.counter != 0) {  // with bit masks every repeat is like the first
      const Lanes lanes = lanes_of(v, per_repeat, r);
      count = 0;
      for (int i = 0; i < lanes.count; ++i) {
        const int e = lanes.index[i];
        if (count > 0 && runs[count - 1].first + runs[count - 1].n == e && e % block != 0)
          ++runs[count - 1].n;
        else
          runs[count++] = {e, 1};
      }
    }
    std::byte* d = ub + v.dst + r * v.dst_repeat * 32;
    const std::byte* a = ub + v.src0 + r * v.src0_repeat * 32;
    const std::byte* b = ub + v.src1 + r * v.src1_repeat * 32;
    for (int i = 0; i < count; ++i) {
      const auto [e, n] = runs[i];
      run(d + offset_of(e, dst_size, v.dst_block), a + offset_of(e, src_size, v.src0_block),
          b + offset_of(e, src_size, v.src1_block), n, 0);
    }
  }
}

}  // namespace

void compare_numbers(const etalon_asc_vector& v, std::byte* ub);
void compare_register(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core);
void select_numbers(etalon_asc_vector v, std::byte* ub, const etalon_asc_core& core);
void reduce_numbers(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core);
void arrange_numbers(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core);

void check_vector_form(const etalon_asc_vector& v) {
  const bool is_elementwise = v.op <= kAscDuplicate || v.op == kAscArange;
  if (!is_elementwise || (v.op == kAscCast && v.src_type != kAscS4 && v.dst_type != kAscS4)) return;
  if (v.op == kAscCast)
    check_int4(v);
  else
    element_chunk(v, nullptr, nullptr, nullptr, 0, 0);
}

void vector_numbers(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core) {
  if (v.op == kAscCompare || v.op == kAscCompares)
    compare_numbers(v, ub);
  else if (v.op == kAscSelect)
    select_numbers(v, ub, core);
  else if (v.op >= kAscCompareBits)
    compare_register(v, ub, core);
  else if (v.op >= kAscWholeSum && v.op <= kAscRepeatSum)
    reduce_numbers(v, ub, core);
  else if (v.op >= kAscBrcb && v.op <= kAscMrgSort)
    arrange_numbers(v, ub, core);
  else
    elementwise(v, ub, core);
}

}  // namespace etalon::ascendc
