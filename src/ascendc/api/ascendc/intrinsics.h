// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiler's own functions that kernels call without a namespace.

#include <math.h>  // scalar sqrt, fabs and the like

#include "system.h"

inline void set_flag(pipe_t from, pipe_t to, std::int32_t id) { etalon_asc_set_flag(from, to, id); }
inline void wait_flag(pipe_t from, pipe_t to, std::int32_t id) { etalon_asc_wait_flag(from, to, id); }
inline void pipe_barrier(pipe_t pipe) { etalon_asc_barrier(pipe); }
inline void set_vector_mask(std::uint64_t high, std::uint64_t low) { AscendC::SetVectorMask<std::uint8_t>(high, low); }
inline std::int64_t get_subblockdim() { return AscendC::GetSubBlockNum(); }
inline std::int64_t get_system_cycle() { return AscendC::GetSystemCycle(); }

// Which way a branch usually goes: says nothing here.
inline constexpr bool likely(bool condition) { return condition; }
inline constexpr bool unlikely(bool condition) { return condition; }

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
}  // namespace AscendC
