// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reductions. Inside one repeat the sum is a binary tree over neighbours (elements masked out are left out); each
// addition rounds to the element type. ReduceSum over `count` elements sums the repeats' sums the same way.

#include "vector.h"

namespace AscendC {

namespace detail {
template <bool isSetMask, class T, class M>
inline void reduce(int op, const LocalTensor<T>& dst, const LocalTensor<T>& src, M mask, std::int32_t repeat,
                   std::int32_t dst_repeat, std::int32_t src_block, std::int32_t src_repeat, int detail_code) {
  etalon_asc_vector v = vector_of<T, T>(op, dst.offset());
  set_source(v, src);
  set_mask<isSetMask>(v, mask);
  v.repeat = need_repeat(repeat);
  v.dst_repeat = static_cast<std::uint16_t>(dst_repeat);
  v.src0_block = static_cast<std::uint16_t>(src_block);
  v.src0_repeat = static_cast<std::uint16_t>(src_repeat);
  v.detail = static_cast<std::uint8_t>(detail_code);
  etalon_asc_vector_op(&v);
}
}  // namespace detail

// One value per repeat; dstRepStride in elements.
template <class T, bool isSetMask = true, class M>
inline void WholeReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, M mask, std::int32_t repeatTime,
                           std::int32_t dstRepStride, std::int32_t srcBlkStride, std::int32_t srcRepStride) {
  detail::reduce<isSetMask>(kAscWholeSum, dst, src, mask, repeatTime, dstRepStride, srcBlkStride, srcRepStride, 0);
}
// Value and index (bits of an index cast to T) per repeat; dstRepStride counts the pair, or the value alone.
template <class T, bool isSetMask = true, class M>
inline void WholeReduceMax(const LocalTensor<T>& dst, const LocalTensor<T>& src, M mask, std::int32_t repeatTime,
                           std::int32_t dstRepStride, std::int32_t srcBlkStride, std::int32_t srcRepStride,
                           ReduceOrder order = ReduceOrder::ORDER_VALUE_INDEX) {
  detail::reduce<isSetMask>(kAscWholeMax, dst, src, mask, repeatTime, dstRepStride, srcBlkStride, srcRepStride,
                            static_cast<int>(order));
}
template <class T, bool isSetMask = true, class M>
inline void WholeReduceMin(const LocalTensor<T>& dst, const LocalTensor<T>& src, M mask, std::int32_t repeatTime,
                           std::int32_t dstRepStride, std::int32_t srcBlkStride, std::int32_t srcRepStride,
                           ReduceOrder order = ReduceOrder::ORDER_VALUE_INDEX) {
  detail::reduce<isSetMask>(kAscWholeMin, dst, src, mask, repeatTime, dstRepStride, srcBlkStride, srcRepStride,
                            static_cast<int>(order));
}
// One value per 32-byte block, eight per repeat; dstRepStride counts eight values.
#define ETALON_BLOCK_REDUCE(Name, code)                                                                            \
  template <class T, bool isSetMask = true, class M>                                                               \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::int32_t repeatTime, M mask,          \
                   std::int32_t dstRepStride, std::int32_t srcBlkStride, std::int32_t srcRepStride) {              \
    detail::reduce<isSetMask>(code, dst, src, mask, repeatTime, dstRepStride, srcBlkStride, srcRepStride, 0);      \
  }
ETALON_BLOCK_REDUCE(BlockReduceSum, kAscBlockSum)
ETALON_BLOCK_REDUCE(BlockReduceMax, kAscBlockMax)
ETALON_BLOCK_REDUCE(BlockReduceMin, kAscBlockMin)
// Neighbours summed: half as many values; dstRepStride counts 128 bytes.
ETALON_BLOCK_REDUCE(PairReduceSum, kAscPairSum)
#undef ETALON_BLOCK_REDUCE

// One sum per repeat; dstRepStride in elements.
template <class T, bool isSetMask = true>
inline void RepeatReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::int32_t repeatTime,
                            std::int32_t elemsInOneRepeat, std::int32_t /*dstBlkStride*/, std::int32_t srcBlkStride,
                            std::int32_t dstRepStride, std::int32_t srcRepStride) {
  detail::reduce<isSetMask>(kAscRepeatSum, dst, src, static_cast<std::uint64_t>(elemsInOneRepeat), repeatTime,
                            dstRepStride, srcBlkStride, srcRepStride, 0);
}

namespace detail {
// Whole-repeat reductions of `count` contiguous elements to one, level by level through `tmp`.
template <class T>
inline void reduce_all(int op, const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& tmp,
                       std::int32_t count, int order) {
  need_count(count);
  constexpr std::int32_t per_repeat = 256 / static_cast<std::int32_t>(sizeof(T));
  LocalTensor<T> from = src;
  while (true) {
    const std::int32_t full = count / per_repeat, tail = count % per_repeat;
    const LocalTensor<T> to = count <= per_repeat ? dst : tmp;
    for (std::int32_t done = 0; done < full; done += 255) {
      const std::int32_t repeats = full - done < 255 ? full - done : 255;
      reduce<true>(op, to[static_cast<std::uint32_t>(done)], from[static_cast<std::uint32_t>(done * per_repeat)],
                   static_cast<std::uint64_t>(per_repeat), repeats, 1, 1, 8, order);
    }
    if (tail > 0) {
      reduce<true>(op, to[static_cast<std::uint32_t>(full)], from[static_cast<std::uint32_t>(full * per_repeat)],
                   static_cast<std::uint64_t>(tail), 1, 1, 1, 8, order);
    }
    if (count <= per_repeat) return;
    PipeBarrier<PIPE_V>();
    count = full + (tail > 0 ? 1 : 0);
    from = tmp;
  }
}
}  // namespace detail

template <class T>
inline void ReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& sharedTmpBuffer,
                      std::int32_t count) {
  detail::reduce_all(kAscWholeSum, dst, src, sharedTmpBuffer, count, 0);
}
template <class T>
inline void ReduceMax(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& sharedTmpBuffer,
                      std::int32_t count) {
  detail::reduce_all(kAscWholeMax, dst, src, sharedTmpBuffer, count,
                     static_cast<int>(ReduceOrder::ORDER_ONLY_VALUE));
}
template <class T>
inline void ReduceMin(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<T>& sharedTmpBuffer,
                      std::int32_t count) {
  detail::reduce_all(kAscWholeMin, dst, src, sharedTmpBuffer, count,
                     static_cast<int>(ReduceOrder::ORDER_ONLY_VALUE));
}

}  // namespace AscendC

#include "reduce_index.h"
