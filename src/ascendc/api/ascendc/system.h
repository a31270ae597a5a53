// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which core this is, flags between pipes and cores, barriers, the mask register, atomics.

#include "tensor.h"

namespace AscendC {

inline std::int64_t GetBlockIdx() { return etalon_asc_current->block; }
inline std::int64_t GetBlockNum() { return etalon_asc_current->blocks; }
inline std::int64_t GetSubBlockIdx() { return etalon_asc_current->sub_block; }
// Of a mix kernel, seen from a vector core; a cube core is alone in its half of the block, so that
// GetBlockIdx() / GetSubBlockNum() is the block on either.
inline std::int64_t GetSubBlockNum() {
  return etalon_asc_current->is_cube != 0 || etalon_asc_current->sub_blocks == 0 ? 1 : etalon_asc_current->sub_blocks;
}
inline std::int64_t GetTaskRation() { return etalon_asc_current->sub_blocks > 0 ? etalon_asc_current->sub_blocks : 1; }
inline std::int64_t GetTaskRatio() { return GetTaskRation(); }
inline std::int64_t GetSystemCycle() { return etalon_asc_cycle(); }

template <HardEvent event>
inline void SetFlag(std::int32_t id) {
  constexpr detail::EventPipes p = detail::pipes_of(event);
  etalon_asc_set_flag(p.from, p.to, id);
}
template <HardEvent event>
inline void WaitFlag(std::int32_t id) {
  constexpr detail::EventPipes p = detail::pipes_of(event);
  etalon_asc_wait_flag(p.from, p.to, id);
}
template <pipe_t pipe>
inline void PipeBarrier() {
  etalon_asc_barrier(pipe);
}

// A flag between two pipes by their names.
template <pipe_t src, pipe_t dst>
class TQueSync {
 public:
  void SetFlag(TEventID id) { etalon_asc_set_flag(src, dst, id); }
  void WaitFlag(TEventID id) { etalon_asc_wait_flag(src, dst, id); }
};

// Modes 0 to 2 reach all cores of a kind, the vector cores of a block, or a cube core and all its vector cores. Mode 4
// (dav-3510) joins a cube core and one vector core: on the cube's side ids from 16 name the second vector core.
template <std::uint8_t mode, pipe_t pipe>
inline void CrossCoreSetFlag(std::uint16_t id) {
  etalon_asc_cross_set(mode, pipe, id);
}
template <std::uint8_t mode = 0, pipe_t pipe = PIPE_S>
inline void CrossCoreWaitFlag(std::uint16_t id) {
  if constexpr (mode == 4)
    etalon_asc_cross_wait_mode(mode, id);
  else
    etalon_asc_cross_wait(id);
}
template <bool isAIVOnly = true>
inline void SyncAll() {
  etalon_asc_sync_all(isAIVOnly ? 1 : 0);
}

// With flags in device memory, 32 bytes per core, and room for them on chip; usedCores 0: all.
template <bool isAIVOnly = true>
inline void SyncAll(const GlobalTensor<std::int32_t>& gmWorkspace, const LocalTensor<std::int32_t>& ubWorkspace,
                    std::int32_t usedCores = 0) {
  static_cast<void>(gmWorkspace), static_cast<void>(ubWorkspace);
  if (usedCores > 0) etalon_asc_sync_some(usedCores);
  else etalon_asc_sync_all(isAIVOnly ? 1 : 0);
}

inline void SetMaskNorm() { etalon_asc_current->mask_counter = 0; }
inline void SetMaskCount() { etalon_asc_current->mask_counter = 1; }
template <class T, MaskMode mode = MaskMode::NORMAL>
inline void SetVectorMask(std::uint64_t high, std::uint64_t low) {
  etalon_asc_current->mask[0] = low;
  etalon_asc_current->mask[1] = high;
}
namespace detail {
// The first n of 128 elements as a bit mask.
inline void contiguous_mask(std::uint64_t n, std::uint64_t out[2]) {
  if (n > 128) etalon_asc_fail("ascendc.range", "a mask selects 0 to 128 elements of a repeat, got a number outside");
  out[0] = n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
  out[1] = n >= 128 ? ~std::uint64_t{0} : (n <= 64 ? 0 : (std::uint64_t{1} << (n - 64)) - 1);
}
}  // namespace detail
template <class T, MaskMode mode = MaskMode::NORMAL>
inline void SetVectorMask(std::int32_t length) {
  if (mode == MaskMode::COUNTER) {
    etalon_asc_current->mask[0] = static_cast<std::uint64_t>(length);
    etalon_asc_current->mask[1] = 0;
  } else {
    detail::contiguous_mask(static_cast<std::uint64_t>(length), etalon_asc_current->mask);
  }
}
inline void ResetMask() { etalon_asc_current->mask[0] = etalon_asc_current->mask[1] = ~std::uint64_t{0}; }

template <class T>
inline void SetAtomicAdd() {
  etalon_asc_atomic(kAscAtomicAdd, detail::type_code<T>);
}
template <class T>
inline void SetAtomicMax() {
  etalon_asc_atomic(kAscAtomicMax, detail::type_code<T>);
}
template <class T>
inline void SetAtomicMin() {
  etalon_asc_atomic(kAscAtomicMin, detail::type_code<T>);
}
inline void SetAtomicNone() { etalon_asc_atomic(kAscAtomicNone, 0); }
inline void DisableDmaAtomic() { SetAtomicNone(); }
// The type of atomic transfers alone; what they do stays.
template <class T>
inline void SetAtomicType() {
  etalon_asc_atomic(-1, detail::type_code<T>);
}
inline void SetHF32Mode(bool on) {
  etalon_asc_current->hf32 = static_cast<std::uint8_t>(on ? etalon_asc_current->hf32 | 1 : etalon_asc_current->hf32 & ~1);
}
enum class HF32Mode : std::uint8_t { DISABLE, ENABLE };
inline void SetHF32Mode(HF32Mode mode) { SetHF32Mode(mode == HF32Mode::ENABLE); }
// How fp32 becomes HF32: towards zero, or to nearest, ties to even (as at the start).
inline void SetHF32TransMode(bool towards_zero) {
  etalon_asc_current->hf32 =
      static_cast<std::uint8_t>(towards_zero ? etalon_asc_current->hf32 | 2 : etalon_asc_current->hf32 & ~2);
}
// Which direction of the result the cube walks first: time of the hardware's own, not numbers.
inline void SetMMLayoutTransform(bool /*columns_first*/) {}
inline void SetMMRowMajor() {}
inline void SetMMColumnMajor() {}
inline void SetDeqScale(half scale) { etalon_asc_current->deq_scale = scale; }
inline void SetDeqScale(float scale) { etalon_asc_current->deq_scale = scale; }

template <class T>
constexpr T CeilDivision(T a, T b) {
  return b == 0 ? a : (a + b - 1) / b;
}

}  // namespace AscendC

// With one compile pass per core type the type is a constant; without, it is asked at run time.
#if defined(__DAV_C220_CUBE__) || defined(__DAV_CUBE__)
#define ASCEND_IS_AIC constexpr(true)
#define ASCEND_IS_AIV constexpr(false)
constexpr int g_coreType = AscendC::AIC;
#elif defined(__DAV_C220_VEC__) || defined(__DAV_VEC__)
#define ASCEND_IS_AIC constexpr(false)
#define ASCEND_IS_AIV constexpr(true)
constexpr int g_coreType = AscendC::AIV;
#elif defined(ETALON_CC)  // the host pass, where kernels have no bodies
#define ASCEND_IS_AIC constexpr(false)
#define ASCEND_IS_AIV constexpr(false)
constexpr int g_coreType = AscendC::MIX;
#else
#define ASCEND_IS_AIC (etalon_asc_current->is_cube != 0)
#define ASCEND_IS_AIV (etalon_asc_current->is_cube == 0)
#endif

inline std::int64_t get_block_idx() { return AscendC::GetBlockIdx(); }
inline std::int64_t get_block_num() { return AscendC::GetBlockNum(); }
inline std::int64_t get_subblockid() { return AscendC::GetSubBlockIdx(); }
#ifndef ETALON_CC
#define KERNEL_TASK_TYPE_DEFAULT(type) static_cast<void>(AscendC::type)
#define KERNEL_TASK_TYPE(key, type) static_cast<void>(AscendC::type)
#endif
