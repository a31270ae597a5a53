// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two forms of every vector instruction: `count` contiguous elements, or mask, repeats and strides.

#include "system.h"

namespace AscendC {

struct UnaryRepeatParams {
  std::uint32_t blockNumber = 8;
  std::uint16_t dstBlkStride = 1, srcBlkStride = 1;
  std::uint8_t dstRepStride = 8, srcRepStride = 8;
  bool repeatStrideMode = false, strideSizeMode = false, halfBlock = false;
  UnaryRepeatParams() = default;
  UnaryRepeatParams(std::uint16_t dst_block, std::uint16_t src_block, std::uint8_t dst_repeat, std::uint8_t src_repeat)
      : dstBlkStride(dst_block), srcBlkStride(src_block), dstRepStride(dst_repeat), srcRepStride(src_repeat) {}
};
struct BinaryRepeatParams {
  std::uint32_t blockNumber = 8;
  std::uint8_t dstBlkStride = 1, src0BlkStride = 1, src1BlkStride = 1, dstRepStride = 8, src0RepStride = 8,
               src1RepStride = 8;
  bool repeatStrideMode = false, strideSizeMode = false;
  BinaryRepeatParams() = default;
  BinaryRepeatParams(std::uint8_t dst_block, std::uint8_t src0_block, std::uint8_t src1_block, std::uint8_t dst_repeat,
                     std::uint8_t src0_repeat, std::uint8_t src1_repeat)
      : dstBlkStride(dst_block), src0BlkStride(src0_block), src1BlkStride(src1_block), dstRepStride(dst_repeat),
        src0RepStride(src0_repeat), src1RepStride(src1_repeat) {}
};
struct CopyRepeatParams {
  std::uint16_t dstStride = 1, srcStride = 1, dstRepeatSize = 8, srcRepeatSize = 8;
  CopyRepeatParams() = default;
  CopyRepeatParams(std::uint16_t dst, std::uint16_t src, std::uint16_t dst_repeat, std::uint16_t src_repeat)
      : dstStride(dst), srcStride(src), dstRepeatSize(dst_repeat), srcRepeatSize(src_repeat) {}
};
struct BrcbRepeatParams {
  std::uint16_t dstBlkStride = 1, dstRepStride = 8;
  BrcbRepeatParams() = default;
  BrcbRepeatParams(std::uint16_t block, std::uint16_t repeat) : dstBlkStride(block), dstRepStride(repeat) {}
};

namespace detail {

// Whether a mask argument may be one contiguous number or a pair of bit words.
template <class M>
struct IsMask {
  static constexpr bool value = std::is_integral<M>::value || std::is_pointer<std::decay_t<M>>::value;
};

template <class D, class S>
inline etalon_asc_vector vector_of(int op, std::uint32_t dst) {
  etalon_asc_vector v = {};
  v.op = static_cast<std::uint16_t>(op);
  v.dst_type = type_code<D>;
  v.src_type = type_code<S>;
  v.dst = dst;
  return v;
}
inline void need_count(std::int64_t count) {
  if (count < 0) etalon_asc_fail("ascendc.range", "a count of elements below 0");
}
// The field for repeats has eight bits.
inline std::uint32_t need_repeat(std::int64_t repeat) {
  if (repeat < 0 || repeat > 255) etalon_asc_fail("ascendc.range", "repeats are 0 to 255, got a number outside");
  return static_cast<std::uint32_t>(repeat);
}
inline void set_count(etalon_asc_vector& v, std::int64_t count) {
  need_count(count);
  v.count_form = 1;
  v.repeat = static_cast<std::uint32_t>(count);
}
template <bool isSetMask>
inline void set_mask(etalon_asc_vector& v, std::uint64_t mask) {
  etalon_asc_core* core = etalon_asc_current;
  if (isSetMask) {
    if (core->mask_counter != 0) core->mask[0] = mask, core->mask[1] = 0;
    else contiguous_mask(mask, core->mask);
  }
  v.counter = core->mask_counter;
  v.mask[0] = core->mask[0];
  v.mask[1] = core->mask[1];
}
template <bool isSetMask>
inline void set_mask(etalon_asc_vector& v, const std::uint64_t* mask) {
  etalon_asc_core* core = etalon_asc_current;
  if (isSetMask) core->mask[0] = mask[0], core->mask[1] = mask[1];
  v.counter = core->mask_counter;
  v.mask[0] = core->mask[0];
  v.mask[1] = core->mask[1];
}
inline void set_strides(etalon_asc_vector& v, int repeat, const UnaryRepeatParams& p) {
  v.repeat = static_cast<std::uint32_t>(repeat);
  v.dst_block = p.dstBlkStride;
  v.src0_block = p.srcBlkStride;
  v.dst_repeat = p.dstRepStride;
  v.src0_repeat = p.srcRepStride;
}
inline void set_strides(etalon_asc_vector& v, int repeat, const BinaryRepeatParams& p) {
  v.repeat = static_cast<std::uint32_t>(repeat);
  v.dst_block = p.dstBlkStride;
  v.src0_block = p.src0BlkStride;
  v.src1_block = p.src1BlkStride;
  v.dst_repeat = p.dstRepStride;
  v.src0_repeat = p.src0RepStride;
  v.src1_repeat = p.src1RepStride;
}
template <class T>
inline void set_scalar(etalon_asc_vector& v, T value) {
  if constexpr (std::is_integral<T>::value) v.scalar.integer = static_cast<std::int64_t>(value);
  else v.scalar.real = static_cast<double>(static_cast<float>(value));
}
template <class S0, class S1>
inline void set_sources(etalon_asc_vector& v, const S0& a, const S1& b) {
  v.sources = 2;
  v.src0 = a.offset();
  v.src1 = b.offset();
}
template <class S0>
inline void set_source(etalon_asc_vector& v, const S0& a) {
  v.sources = 1;
  v.src0 = a.offset();
}

}  // namespace detail
}  // namespace AscendC
