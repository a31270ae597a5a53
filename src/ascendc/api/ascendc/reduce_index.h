// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reductions to one value in the forms with an index and with a mask. Included by reduce.h.
//
// The largest element with its index goes through levels of pairs (value, index of its repeat) in the
// temporary tensor: the first level reduces the source, each further one the values of the pairs before it,
// until one pair is left. Its index names a place in the level before, so the scalar unit follows it back to
// the source.

#include "pipe.h"
#include "vector.h"

namespace AscendC {
namespace detail {

// `count` as a mask of the even elements among them: the values of pairs.
inline void even_elements(std::int32_t count, std::uint64_t (&mask)[2]) {
  for (int half = 0; half < 2; ++half) {
    const std::int32_t bits = count - 64 * half;
    const std::uint64_t all = bits >= 64 ? ~std::uint64_t{0} : bits <= 0 ? 0 : (std::uint64_t{1} << bits) - 1;
    mask[half] = all & 0x5555555555555555u;
  }
}

template <class T>
inline std::uint32_t index_bits(const LocalTensor<T>& tensor, std::uint32_t element) {
  using Index = std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>;
  return tensor.template ReinterpretCast<Index>().GetValue(element);
}

template <HardEvent event>
inline void wait_once() {
  const TEventID id = GetTPipePtr() == nullptr ? TEventID{7} : GetTPipePtr()->template FetchEventID<event>();
  SetFlag<event>(id);
  WaitFlag<event>(id);
}

// Further levels: `pairs` pairs at the start of `tmp`, each of a repeat that starts `step` elements after the
// one before it. Writes value and index of the source to dst.
template <class T>
inline void reduce_pairs(int op, const LocalTensor<T>& dst, const LocalTensor<T>& tmp, std::int32_t pairs,
                         std::int32_t step) {
  constexpr std::int32_t per_repeat = 256 / static_cast<std::int32_t>(sizeof(T)),
                         per_block = 32 / static_cast<std::int32_t>(sizeof(T)), most_levels = 6;
  const int order = static_cast<int>(ReduceOrder::ORDER_VALUE_INDEX);
  std::int32_t starts[most_levels] = {0}, level = 0, from = 0;
  while (pairs > 1) {
    const std::int32_t to = (from + 2 * pairs + per_block - 1) / per_block * per_block;
    const std::int32_t full = 2 * pairs / per_repeat, tail = 2 * pairs % per_repeat;
    std::uint64_t mask[2];
    PipeBarrier<PIPE_V>();
    for (std::int32_t done = 0; done < full; done += 255) {
      even_elements(per_repeat, mask);
      reduce<true>(op, tmp[static_cast<std::uint32_t>(to + 2 * done)],
                   tmp[static_cast<std::uint32_t>(from + done * per_repeat)], mask,
                   full - done < 255 ? full - done : 255, 1, 1, 8, order);
    }
    if (tail > 0) {
      even_elements(tail, mask);
      reduce<true>(op, tmp[static_cast<std::uint32_t>(to + 2 * full)],
                   tmp[static_cast<std::uint32_t>(from + full * per_repeat)], mask, 1, 1, 1, 8, order);
    }
    starts[++level] = from = to;
    pairs = full + (tail > 0 ? 1 : 0);
  }
  wait_once<HardEvent::V_S>();
  std::uint32_t repeat = 0;
  for (; level > 0; --level) {
    const std::uint32_t pair = static_cast<std::uint32_t>(starts[level]) + 2 * repeat;
    repeat = (repeat * static_cast<std::uint32_t>(per_repeat) + index_bits(tmp, pair + 1)) / 2;
  }
  const std::uint32_t index = repeat * static_cast<std::uint32_t>(step) + index_bits(tmp, 2 * repeat + 1);
  using Index = std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint32_t>;
  dst.SetValue(0, tmp.GetValue(2 * repeat));
  dst.template ReinterpretCast<Index>().SetValue(1, static_cast<Index>(index));
  wait_once<HardEvent::S_V>();
}

template <class T>
inline void reduce_with_index(int op, const LocalTensor<T>& dst, const LocalTensor<T>& src,
                              const LocalTensor<T>& tmp, std::int32_t count) {
  need_count(count);
  constexpr std::int32_t per_repeat = 256 / static_cast<std::int32_t>(sizeof(T));
  const std::int32_t full = count / per_repeat, tail = count % per_repeat;
  const bool single = count <= per_repeat;
  const int order = static_cast<int>(ReduceOrder::ORDER_VALUE_INDEX);
  for (std::int32_t done = 0; done < full; done += 255) {
    reduce<true>(op, single ? dst : tmp[static_cast<std::uint32_t>(2 * done)],
                 src[static_cast<std::uint32_t>(done * per_repeat)], static_cast<std::uint64_t>(per_repeat),
                 full - done < 255 ? full - done : 255, 1, 1, 8, order);
  }
  if (tail > 0) {
    reduce<true>(op, single ? dst : tmp[static_cast<std::uint32_t>(2 * full)],
                 src[static_cast<std::uint32_t>(full * per_repeat)], static_cast<std::uint64_t>(tail), 1, 1,
                 1, 8, order);
  }
  if (!single) reduce_pairs(op, dst, tmp, full + (tail > 0 ? 1 : 0), per_repeat);
}

// The forms with a mask: `repeats` repeats of the source, `stride` blocks apart.
template <class T, class M>
inline void reduce_masked(int op, const LocalTensor<T>& dst, const LocalTensor<T>& src,
                          const LocalTensor<T>& tmp, M mask, std::int32_t repeats, std::int32_t stride,
                          bool with_index) {
  need_count(repeats);
  const int order = op == kAscWholeSum ? 0
                    : with_index       ? static_cast<int>(ReduceOrder::ORDER_VALUE_INDEX)
                                       : static_cast<int>(ReduceOrder::ORDER_ONLY_VALUE);
  const bool single = repeats <= 1;
  for (std::int32_t done = 0; done < repeats; done += 255) {
    reduce<true>(op, single ? dst : tmp[static_cast<std::uint32_t>(done * (with_index ? 2 : 1))],
                 src[static_cast<std::uint32_t>(done * stride * 32 / static_cast<std::int32_t>(sizeof(T)))],
                 mask, repeats - done < 255 ? repeats - done : 255, 1, 1, stride, order);
  }
  if (single) return;
  if (with_index) {
    reduce_pairs(op, dst, tmp, repeats, stride * 32 / static_cast<std::int32_t>(sizeof(T)));
  } else {
    PipeBarrier<PIPE_V>();
    reduce_all(op, dst, tmp, tmp, repeats, order);
  }
}

}  // namespace detail

#define ETALON_REDUCE_EXTREME(Name, code)                                                                   \
  template <class T>                                                                                        \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src,                                    \
                   const LocalTensor<T>& sharedTmpBuffer, std::int32_t count, bool calIndex) {              \
    if (calIndex) return detail::reduce_with_index(code, dst, src, sharedTmpBuffer, count);                 \
    Name(dst, src, sharedTmpBuffer, count);                                                                 \
  }                                                                                                         \
  template <class T>                                                                                        \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src,                                    \
                   const LocalTensor<T>& sharedTmpBuffer, const std::int32_t mask,                          \
                   const std::int32_t repeatTime, const std::int32_t srcRepStride, bool calIndex = false) { \
    detail::reduce_masked(code, dst, src, sharedTmpBuffer, static_cast<std::uint64_t>(mask), repeatTime,    \
                          srcRepStride, calIndex);                                                          \
  }                                                                                                         \
  template <class T>                                                                                        \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src,                                    \
                   const LocalTensor<T>& sharedTmpBuffer, const std::uint64_t mask[],                       \
                   const std::int32_t repeatTime, const std::int32_t srcRepStride, bool calIndex = false) { \
    detail::reduce_masked(code, dst, src, sharedTmpBuffer, mask, repeatTime, srcRepStride, calIndex);       \
  }
ETALON_REDUCE_EXTREME(ReduceMax, kAscWholeMax)
ETALON_REDUCE_EXTREME(ReduceMin, kAscWholeMin)
#undef ETALON_REDUCE_EXTREME

template <class T>
inline void ReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                      const LocalTensor<T>& sharedTmpBuffer, const std::int32_t mask,
                      const std::int32_t repeatTime, const std::int32_t srcRepStride) {
  detail::reduce_masked(kAscWholeSum, dst, src, sharedTmpBuffer, static_cast<std::uint64_t>(mask), repeatTime,
                        srcRepStride, false);
}
template <class T>
inline void ReduceSum(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                      const LocalTensor<T>& sharedTmpBuffer, const std::uint64_t mask[],
                      const std::int32_t repeatTime, const std::int32_t srcRepStride) {
  detail::reduce_masked(kAscWholeSum, dst, src, sharedTmpBuffer, mask, repeatTime, srcRepStride, false);
}

}  // namespace AscendC
