// SPDX-License-Identifier: Apache-2.0
#pragma once

// first, first + step, ...: the first 32 bytes from the scalar unit, the rest by adding to copies, twice as
// many each time. Of half and float each doubling rounds once. Arange, and ArithProgression, its older name.

#include "../common/steps.h"

namespace AscendC {

template <class T>
inline void Arange(const LocalTensor<T>& dst, const T firstValue, const T diffValue,
                   const std::int32_t count) {
  const detail::lib::KeptMask kept;
  constexpr std::int32_t block = 32 / static_cast<std::int32_t>(sizeof(T));
  const TEventID before = GetTPipePtr()->FetchEventID<HardEvent::V_S>();
  SetFlag<HardEvent::V_S>(before);
  WaitFlag<HardEvent::V_S>(before);
  const std::int32_t first = count < block ? count : block;
  for (std::int32_t i = 0; i < first; ++i) {
    if constexpr (std::is_integral<T>::value)
      dst.SetValue(static_cast<std::uint32_t>(i), static_cast<T>(firstValue + diffValue * i));
    else
      dst.SetValue(static_cast<std::uint32_t>(i),
                   static_cast<float>(firstValue) + static_cast<float>(diffValue) * static_cast<float>(i));
  }
  const TEventID ready = GetTPipePtr()->FetchEventID<HardEvent::S_V>();
  SetFlag<HardEvent::S_V>(ready);
  WaitFlag<HardEvent::S_V>(ready);
  for (std::int32_t done = block; done < count; done *= 2) {
    const std::int32_t n = count - done < done ? count - done : done;
    T step;
    if constexpr (std::is_integral<T>::value)
      step = static_cast<T>(diffValue * done);
    else
      step = static_cast<float>(diffValue) * static_cast<float>(done);
    detail::lib::adds(dst[static_cast<std::uint32_t>(done)], dst, step, static_cast<std::uint32_t>(n));
  }
}
template <class T>
inline void ArithProgression(const LocalTensor<T>& dst, const T firstValue, const T diffValue,
                             const std::int32_t count) {
  Arange(dst, firstValue, diffValue, count);
}

}  // namespace AscendC
