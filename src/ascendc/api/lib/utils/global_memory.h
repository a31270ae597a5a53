// SPDX-License-Identifier: Apache-2.0
#pragma once

// One value written to a range of device memory: InitGlobalMemory, InitOutput, and Fill, its name of 2026. To
// be called before InitBuffer: all of UB is used. The caller waits (MTE3_MTE2, SyncAll) before touching what
// depends on it.

#include "../../ascendc/copy.h"
#include "../common/steps.h"

namespace AscendC {
namespace detail {
namespace lib {

template <class T>
inline void fill_memory(const GlobalTensor<T>& gm, std::uint64_t count, T value) {
  constexpr std::uint32_t most = 32 * 1024 / sizeof(T);
  const KeptMask kept;
  Temporary memory = Temporary::rest_of_ub();
  const std::uint32_t step =
      memory.fit(sizeof(T), count < most ? static_cast<std::uint32_t>(count) : most, 16);
  if (count == 0) return;
  const LocalTensor<T> line = memory.take<T>(step);
  TPipe* pipe = GetTPipePtr();
  const TEventID reuse = pipe->FetchEventID<HardEvent::MTE3_V>(),
                 ready = pipe->FetchEventID<HardEvent::V_MTE3>();
  SetFlag<HardEvent::MTE3_V>(reuse);  // after what earlier copies still read from UB
  WaitFlag<HardEvent::MTE3_V>(reuse);
  fill(line, value, step);
  SetFlag<HardEvent::V_MTE3>(ready);
  WaitFlag<HardEvent::V_MTE3>(ready);
  for (std::uint64_t at = 0; at < count; at += step) {
    const std::uint32_t n = count - at < step ? static_cast<std::uint32_t>(count - at) : step;
    DataCopyPad(gm[at], line, DataCopyExtParams(1, n * static_cast<std::uint32_t>(sizeof(T)), 0, 0, 0));
  }
  const TEventID done = pipe->FetchEventID<HardEvent::MTE3_V>();
  SetFlag<HardEvent::MTE3_V>(done);
  WaitFlag<HardEvent::MTE3_V>(done);
}

}  // namespace lib
}  // namespace detail

template <class T>
inline void InitGlobalMemory(GlobalTensor<T>& gmWorkspaceAddr, const std::uint64_t size, const T value) {
  detail::lib::fill_memory(gmWorkspaceAddr, size, value);
}
template <class T>
inline void Fill(GlobalTensor<T>& gmWorkspaceAddr, const std::uint64_t size, const T value) {
  detail::lib::fill_memory(gmWorkspaceAddr, size, value);
}
template <class T>
inline void InitOutput(GlobalTensor<T> gmWorkspaceAddr, std::uint32_t size, T value = T(0)) {
  detail::lib::fill_memory(gmWorkspaceAddr, size, value);
}

}  // namespace AscendC
