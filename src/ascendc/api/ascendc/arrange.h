// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rearrangements of UB: elements kept by a mask, blocks gathered by offsets, matrices of blocks transposed.

#include "vector_select.h"

namespace AscendC {

// Strides count 32 bytes: of blocks in a repeat, of repeats of the source, of repeats of the mask.
struct GatherMaskParams {
  std::uint8_t src0BlockStride = 1;
  std::uint16_t repeatTimes = 0;
  std::uint16_t src0RepeatStride = 8, src1RepeatStride = 8;  // programs that set repeatTimes only read on and on
  GatherMaskParams() = default;
  GatherMaskParams(std::uint8_t block, std::uint16_t repeat, std::uint16_t src_repeat, std::uint16_t mask_repeat)
      : src0BlockStride(block), repeatTimes(repeat), src0RepeatStride(src_repeat), src1RepeatStride(mask_repeat) {}
};

namespace detail {
template <class T>
inline etalon_asc_vector gather_mask_of(const LocalTensor<T>& dst, const LocalTensor<T>& src0, bool by_count,
                                        std::uint32_t count, const GatherMaskParams& p) {
  etalon_asc_vector v = vector_of<T, T>(kAscGatherMask, dst.offset());
  set_source(v, src0);
  v.repeat = p.repeatTimes;
  v.extra[0] = by_count ? count : 0;
  v.src0_block = p.src0BlockStride;
  v.src0_repeat = p.src0RepeatStride;
  v.src1_repeat = p.src1RepeatStride;
  return v;
}
}  // namespace detail

// Packs the elements whose bit of `src1Pattern` is set; rsvdCnt becomes their number. reduceMode false: a repeat takes
// 256 bytes; true: `mask` elements.
template <class T, class U>
inline void GatherMask(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<U>& src1Pattern,
                       bool reduceMode, std::uint32_t mask, const GatherMaskParams& p, std::uint64_t& rsvdCnt) {
  etalon_asc_vector v = detail::gather_mask_of(dst, src0, reduceMode, mask, p);
  v.sources = 2;
  v.src1 = src1Pattern.offset();
  etalon_asc_vector_op(&v);
  rsvdCnt = etalon_asc_current->kept;
}
// Pattern 1, 2: the first, second of every two; 3 to 6: the first to fourth of every four; 7: all.
template <class T>
inline void GatherMask(const LocalTensor<T>& dst, const LocalTensor<T>& src0, std::uint8_t src1Pattern, bool reduceMode,
                       std::uint32_t mask, const GatherMaskParams& p, std::uint64_t& rsvdCnt) {
  if (src1Pattern < 1 || src1Pattern > 7) etalon_asc_fail("ascendc.range", "GatherMask: pattern, expected 1 to 7");
  etalon_asc_vector v = detail::gather_mask_of(dst, src0, reduceMode, mask, p);
  v.detail = src1Pattern;
  etalon_asc_vector_op(&v);
  rsvdCnt = etalon_asc_current->kept;
}
inline std::int64_t GetGatherMaskRemainCount() { return static_cast<std::int64_t>(etalon_asc_current->kept); }

struct GatherRepeatParams {
  std::uint16_t dstBlkStride = 1, dstRepStride = 8;
  GatherRepeatParams() = default;
  GatherRepeatParams(std::uint16_t block, std::uint16_t repeat) : dstBlkStride(block), dstRepStride(repeat) {}
};
// Eight 32-byte blocks per repeat, from the byte offsets in `offset`.
template <class T>
inline void Gatherb(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<std::uint32_t>& offset,
                    std::uint8_t repeatTime, const GatherRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscGatherBlock, dst.offset());
  detail::set_sources(v, src0, offset);
  v.repeat = repeatTime;
  v.dst_block = p.dstBlkStride;
  v.dst_repeat = p.dstRepStride;
  etalon_asc_vector_op(&v);
}

// Half of an 8-bit block: which 16 of its 32 elements. Repeat strides count 32 bytes.
struct TransDataTo5HDParams {
  bool dstHighHalf = false, srcHighHalf = false;
  std::uint8_t repeatTimes = 1;
  std::uint16_t dstRepStride = 0, srcRepStride = 0;
  TransDataTo5HDParams() = default;
  TransDataTo5HDParams(bool dst_high, bool src_high, std::uint8_t repeat, std::uint16_t dst_stride,
                       std::uint16_t src_stride)
      : dstHighHalf(dst_high), srcHighHalf(src_high), repeatTimes(repeat), dstRepStride(dst_stride),
        srcRepStride(src_stride) {}
};
namespace detail {
template <class T>
inline void trans_data(const std::uint32_t (&lists)[32], const TransDataTo5HDParams& p) {
  static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4, "TransDataTo5HD takes elements of 8, 16 or 32 bits");
  etalon_asc_vector v = vector_of<T, T>(kAscTransposeBlocks, lists[0]);
  v.sources = 1;
  v.src0 = lists[16];
  v.lists = lists;
  v.repeat = p.repeatTimes;
  v.dst_repeat = p.repeatTimes > 1 ? p.dstRepStride : 0;
  v.src0_repeat = p.repeatTimes > 1 ? p.srcRepStride : 0;
  v.extra[0] = p.dstHighHalf ? 1 : 0;
  v.extra[1] = p.srcHighHalf ? 1 : 0;
  etalon_asc_vector_op(&v);
}
}  // namespace detail

// Transposes 16 blocks of 16 elements (of 16 or 8 bits), or 16 x 8 elements of 32 bits into 8 rows of two blocks.
template <class T>
inline void TransDataTo5HD(const LocalTensor<T> (&dstList)[16], const LocalTensor<T> (&srcList)[16],
                           const TransDataTo5HDParams& p) {
  std::uint32_t lists[32];
  for (int i = 0; i < 16; ++i) lists[i] = dstList[i].offset(), lists[16 + i] = srcList[i].offset();
  detail::trans_data<T>(lists, p);
}
// The blocks by address (LocalTensor::GetPhyAddr).
template <class T>
inline void TransDataTo5HD(std::uint64_t dstList[16], std::uint64_t srcList[16], const TransDataTo5HDParams& p) {
  std::uint32_t lists[32];
  for (int i = 0; i < 16; ++i) {
    lists[i] = static_cast<std::uint32_t>(dstList[i]);
    lists[16 + i] = static_cast<std::uint32_t>(srcList[i]);
  }
  detail::trans_data<T>(lists, p);
}

// How many pairs the last MrgSort took of each of its lists.
inline void GetMrgSortResult(std::uint16_t& list1, std::uint16_t& list2, std::uint16_t& list3, std::uint16_t& list4) {
  const std::uint16_t* merged = etalon_asc_current->merged;
  list1 = merged[0], list2 = merged[1], list3 = merged[2], list4 = merged[3];
}

}  // namespace AscendC
