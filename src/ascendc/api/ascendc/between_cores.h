// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cores that wait for one another through flags in device memory. The flags are kept by the runtime: the
// memory that the interface asks for names them and is not written.

#include "system.h"

namespace AscendC {

// One core's flag, set once for one who waits. isAIVOnly is of the hardware's own numbering of flags.
template <bool isAIVOnly = true>
inline void IBSet(const GlobalTensor<std::int32_t>& gmWorkspace,
                  const LocalTensor<std::int32_t>& /*ubWorkspace*/, std::int32_t blockIdx,
                  std::int32_t eventID) {
  etalon_asc_token_give(gmWorkspace.GetPhyAddr(), eventID << 16 | blockIdx);
}
template <bool isAIVOnly = true>
inline void IBWait(const GlobalTensor<std::int32_t>& gmWorkspace,
                   const LocalTensor<std::int32_t>& /*ubWorkspace*/, std::int32_t blockIdx,
                   std::int32_t eventID) {
  etalon_asc_token_take(gmWorkspace.GetPhyAddr(), eventID << 16 | blockIdx);
}

// Turns: block after block passes from WaitPreBlock to NotifyNextBlock, the first again after the last.
inline void InitDetermineComputeWorkspace(GlobalTensor<std::int32_t>& gmWorkspace,
                                          LocalTensor<std::int32_t>& /*ubWorkspace*/) {
  if (GetBlockIdx() == 0) etalon_asc_token_give(gmWorkspace.GetPhyAddr(), 0);
}
inline void WaitPreBlock(GlobalTensor<std::int32_t>& gmWorkspace,
                         LocalTensor<std::int32_t>& /*ubWorkspace*/) {
  etalon_asc_token_take(gmWorkspace.GetPhyAddr(), static_cast<int>(GetBlockIdx()));
}
inline void NotifyNextBlock(GlobalTensor<std::int32_t>& gmWorkspace,
                            LocalTensor<std::int32_t>& /*ubWorkspace*/) {
  const std::int64_t cores = GetBlockNum() * (etalon_asc_current->is_cube != 0 ? 1 : GetTaskRation());
  etalon_asc_token_give(gmWorkspace.GetPhyAddr(), static_cast<int>((GetBlockIdx() + 1) % cores));
}

// `waitSize` cores go on once `arriveSize` have arrived. Who arrives and who waits have numbers of their own,
// from 0.
enum class PipeMode : std::uint8_t { MTE3_MODE = 0, MAX };
template <PipeMode pipeMode = PipeMode::MTE3_MODE>
class GroupBarrier {
 public:
  GroupBarrier(GM_ADDR groupWorkspace, std::uint32_t arriveSize, std::uint32_t waitSize)
      : place_(groupWorkspace), arrive_(arriveSize), wait_(waitSize) {}
  void Arrive(std::uint32_t arriveIndex) {
    if (arriveIndex >= arrive_)
      etalon_asc_fail("ascendc.range", "GroupBarrier::Arrive: the index is not below arriveSize");
    for (std::uint32_t w = 0; w < wait_; ++w) etalon_asc_token_give(place_, static_cast<int>(w));
  }
  void Wait(std::uint32_t waitIndex) {
    if (waitIndex >= wait_)
      etalon_asc_fail("ascendc.range", "GroupBarrier::Wait: the index is not below waitSize");
    for (std::uint32_t a = 0; a < arrive_; ++a) etalon_asc_token_take(place_, static_cast<int>(waitIndex));
  }
  std::uint64_t GetWorkspaceLen() const { return std::uint64_t{512} * (arrive_ + wait_); }

 private:
  const void* place_;
  std::uint32_t arrive_, wait_;
};

// Kernels that a framework joins into one say here that the next may begin, and wait for the one before. One
// kernel alone begins after the one before it has ended.
inline void SetNextTaskStart() {}
inline void WaitPreTaskEnd() {}

}  // namespace AscendC
