// SPDX-License-Identifier: Apache-2.0
#pragma once

// How Matmul objects on vector cores ask the cube core of their block. Each vector core has a place for one request;
// cross-core flag 15 says that both have written theirs, and, the other way, that both were served. So the vector cores
// of a block ask in step: one that has nothing (more) to ask says so until both have ended.

#include "system.h"

extern "C" {
struct etalon_matmul_request {
  std::int32_t object;  // which of the registered ones; -1: nothing to do; -2: no more to come
  std::int32_t block;   // base block; -1: all of them
  const void *a, *b;
  void* c;
  std::int32_t single_m, single_n, single_k, c_stride;  // c_stride 0: rows of C; 1: of the base block
  std::uint8_t a_transposed, b_transposed, atomic, ended;
};
// The place of vector core `sub` of this block, and its share of device memory for results (128 KiB).
struct etalon_matmul_request* etalon_matmul_mailbox(std::uint32_t block, std::uint32_t sub);
void* etalon_matmul_scratch(std::uint32_t block, std::uint32_t sub);
}

namespace AscendC {
namespace detail {

constexpr std::uint16_t kMatmulFlag = 15;

inline std::uint32_t matmul_block() {
  const auto index = static_cast<std::uint32_t>(GetBlockIdx());
  return etalon_asc_current->is_cube != 0 ? index : index / etalon_asc_current->sub_blocks;
}
// One turn of a vector core; true once every vector core of the block has ended.
inline bool matmul_turn(const etalon_matmul_request& request) {
  etalon_matmul_request* mine = etalon_matmul_mailbox(matmul_block(), static_cast<std::uint32_t>(GetSubBlockIdx()));
  *mine = request;
  CrossCoreSetFlag<2, PIPE_MTE3>(kMatmulFlag);
  CrossCoreWaitFlag(kMatmulFlag);
  return mine->ended != 0;
}

}  // namespace detail
}  // namespace AscendC
