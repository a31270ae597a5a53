// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiler's own functions that kernels call without a namespace.

#include <math.h>  // scalar sqrt, fabs and the like

#include "constants.h"
#include "intrinsics_move.h"
#include "scalar.h"

inline void set_flag(pipe_t from, pipe_t to, std::int32_t id) { etalon_asc_set_flag(from, to, id); }
inline void wait_flag(pipe_t from, pipe_t to, std::int32_t id) { etalon_asc_wait_flag(from, to, id); }
inline void pipe_barrier(pipe_t pipe) { etalon_asc_barrier(pipe); }
inline void set_vector_mask(std::uint64_t high, std::uint64_t low) { AscendC::SetVectorMask<std::uint8_t>(high, low); }
inline void set_mask_norm() { AscendC::SetMaskNorm(); }
inline void set_mask_count() { AscendC::SetMaskCount(); }
inline void set_atomic_none() { AscendC::SetAtomicNone(); }
inline void set_atomic_f32() { AscendC::SetAtomicType<float>(); }
inline void set_atomic_f16() { AscendC::SetAtomicType<half>(); }
inline void set_atomic_s32() { AscendC::SetAtomicType<std::int32_t>(); }
inline void set_atomic_s16() { AscendC::SetAtomicType<std::int16_t>(); }
inline void set_atomic_bf16() { AscendC::SetAtomicType<bfloat16_t>(); }
inline void set_atomic_add() { etalon_asc_atomic(kAscAtomicAdd, -1); }
inline void set_atomic_max() { etalon_asc_atomic(kAscAtomicMax, -1); }
inline void set_atomic_min() { etalon_asc_atomic(kAscAtomicMin, -1); }
inline std::uint64_t get_ctrl() { return etalon_asc_current->control; }
inline void set_ctrl(std::uint64_t value) { etalon_asc_current->control = value; }
[[noreturn]] inline void trap() { etalon_asc_fail("ascendc.assert", "the kernel called trap"); }
// Flags between cores: bits 4 and 5 of `config` are the mode, bits 8 to 11 the flag.
inline void ffts_cross_core_sync(pipe_t pipe, std::uint64_t config) {
  etalon_asc_cross_set(static_cast<int>(config >> 4 & 3), pipe, static_cast<int>(config >> 8 & 15));
}
inline void wait_flag_dev(std::int64_t id) { etalon_asc_cross_wait(static_cast<int>(id)); }
inline void set_ffts_base_addr(std::uint64_t) {}
// Device memory past the cache.
template <class T, class V>
inline void st_dev(V value, __gm__ T* address, std::int16_t offset) {
  const T v = static_cast<T>(value);
  etalon_asc_scalar_gm_write(reinterpret_cast<unsigned char*>(address) + offset, sizeof(T), &v);
}
template <class T>
inline T ld_dev(const __gm__ T* address, std::int16_t offset) {
  T value{};
  etalon_asc_scalar_gm_read(reinterpret_cast<const unsigned char*>(address) + offset, sizeof(T), &value);
  return value;
}
enum mem_dsb_t { DSB_ALL, DSB_DDR, DSB_UB, DSB_SEQ };
inline void dsb(mem_dsb_t) { etalon_asc_barrier_scalar(); }
inline void dcci(const volatile __gm__ void* address, std::uint64_t /*lines*/, std::uint64_t /*destination*/ = 0) {
  etalon_asc_cache_clean(const_cast<const void*>(address));
}
// A number for the instruction itself: an address in UB, which kernels also read and write through. Where it lies on the
// host ends with the same 32 bits (launch/local_memory.cpp).
inline std::int64_t get_imm(std::int64_t value) {
  if (etalon_asc_current->is_cube != 0 || value < 0 || value >= etalon_asc_current->space_bytes[kAscUb]) return value;
  const void* there = etalon_asc_local_pointer(kAscUb, static_cast<std::uint32_t>(value));
  return there != nullptr ? static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(there)) : value;
}
inline std::int64_t get_subblockdim() { return AscendC::GetSubBlockNum(); }
inline std::int64_t get_system_cycle() { return AscendC::GetSystemCycle(); }

// Which way a branch usually goes: says nothing here.
inline constexpr bool likely(bool condition) { return condition; }
inline constexpr bool unlikely(bool condition) { return condition; }

// x with one bit set or cleared.
inline constexpr std::uint64_t sbitset0(std::uint64_t x, std::int64_t bit) { return x & ~(std::uint64_t{1} << bit); }
inline constexpr std::uint64_t sbitset1(std::uint64_t x, std::int64_t bit) { return x | std::uint64_t{1} << bit; }

using float32_t = float;

// Scalars; any function of the same name that takes two arguments of one type is the better match.
#ifndef min
template <class A, class B, class = decltype(A(0) < B(0))>
constexpr auto min(A a, B b) -> decltype(true ? A(a) : B(b)) {  // a value: of one type, a and b are lvalues
  return b < a ? b : a;
}
#endif
#ifndef max
template <class A, class B, class = decltype(A(0) < B(0))>
constexpr auto max(A a, B b) -> decltype(true ? A(a) : B(b)) {
  return a < b ? b : a;
}
#endif

// block_idx and block_num are words of the compiler; here values that read the core they are used on.
namespace etalon_asc {
struct BlockIndex {
  constexpr BlockIndex() = default;
  operator std::int64_t() const { return AscendC::GetBlockIdx(); }
};
struct BlockNumber {
  constexpr BlockNumber() = default;
  operator std::int64_t() const { return AscendC::GetBlockNum(); }
};
}  // namespace etalon_asc
inline constexpr etalon_asc::BlockIndex block_idx{};
inline constexpr etalon_asc::BlockNumber block_num{};

namespace AscendC {
// The part of the workspace that is the kernel's own: all of it, our Matmul objects keep none there.
inline __gm__ std::uint8_t* GetUserWorkspace(__gm__ std::uint8_t* workspace) { return workspace; }
// The other part, that of libraries: nothing is kept there, but kernels hand it on and ask whether there is one. What
// has not been set is no address to read or write.
__BLOCK_LOCAL__ __gm__ std::uint8_t* etalon_system_workspace;
inline void SetSysWorkspace(__gm__ std::uint8_t* workspace) { etalon_system_workspace = workspace; }
inline void SetSysWorkspaceForce(__gm__ std::uint8_t* workspace) { SetSysWorkspace(workspace); }
inline __gm__ std::uint8_t* GetSysWorkSpacePtr() {
  return etalon_system_workspace != nullptr ? etalon_system_workspace
                                            : reinterpret_cast<__gm__ std::uint8_t*>(std::uintptr_t{1});
}
}  // namespace AscendC
