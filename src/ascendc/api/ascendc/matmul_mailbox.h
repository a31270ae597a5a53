// SPDX-License-Identifier: Apache-2.0
#pragma once

// How Matmul objects on vector cores ask the cube core of their block. Each vector core has a ring of
// requests. It raises two flags per request: its own, and the bell of the cube core, which tells that one of
// them has asked and, by `order`, which. The cube core serves requests in that order and raises the flag of
// the one that asked. Requests of one vector core end in the order they were made in; it may make several
// before it waits.

#include "system.h"

extern "C" {

enum EtalonMatmulWork {
  kMatmulCompute = 1,   // base block `block` into L0C
  kMatmulStore = 2,     // what lies in L0C to c
  kMatmulAll = 4,       // all base blocks, each to its place in c
  kMatmulAdd = 8,       // onto what lies in L0C
  kMatmulNothing = 16,  // the sender only keeps step
  kMatmulDone = 32,     // no more to come from this vector core
  kMatmulInit = 64      // `a` is the tiling
};

struct etalon_matmul_request {
  std::int32_t object, work, block;
  std::int32_t single_m, single_n, single_k;
  const void *a, *b, *bias, *quant;
  void* c;
  // From row to row of a row-major matrix, from column to column (16-byte rows count 1) of one in fractals;
  // elements.
  std::int64_t pitch_a, pitch_b, pitch_c;
  std::uint64_t quant_scalar, user, data;
  std::uint32_t local_a, local_b;  // operands in L1
  std::uint8_t a_transposed, b_transposed, atomic, hf32;
  std::uint8_t
      packed;  // base blocks: 1: one behind the other, as wide as a base block; 2: as wide as they are
  std::uint8_t to_ub;     // c is on its way to UB: rows of 32 bytes each
  std::uint8_t quantise;  // 1: by quant_scalar; 2: by quant
};

constexpr std::uint32_t kMatmulRing = 8;
struct etalon_matmul_channel {
  etalon_matmul_request ring[kMatmulRing];
  std::uint32_t asked, served,
      known;              // requests made; taken by the cube core; whose end the vector core has seen
  std::uint32_t objects;  // registered ones that live
};
struct etalon_matmul_block {
  etalon_matmul_channel channel[2];
  std::uint8_t order[2 * kMatmulRing];
  std::uint32_t rung, heard;
  // On the cube core: whose flags between pipes are out, and how it takes them back.
  void* active;
  void (*take_back)(void*);
};

// Of the core's block; its share of device memory for vector core `sub`: results, then operands.
struct etalon_matmul_block* etalon_matmul_state();
void* etalon_matmul_scratch(std::uint32_t sub);

}  // extern "C"

namespace AscendC {
namespace detail {
namespace mm {

constexpr std::uint32_t kScratchResult = 192 * 1024, kScratchOperands = 192 * 1024;

inline etalon_matmul_block& state() { return *etalon_matmul_state(); }
inline etalon_matmul_channel& channel() { return state().channel[GetSubBlockIdx()]; }

// Cross-core flags: 15 of each vector core at the cube core (+ 16 for the second) and back, 14 the bell.
constexpr int kOwnFlag = 15, kBell = 14, kMessage = 5, kOneFlag = 4;

// On a vector core: until its first `count` requests are served.
inline void wait_served(std::uint32_t count) {
  etalon_matmul_channel& mine = channel();
  for (; mine.known < count; ++mine.known) etalon_asc_cross_wait_mode(kOneFlag, kOwnFlag);
}
// The number of the request, to wait for.
inline std::uint32_t post(const etalon_matmul_request& request) {
  etalon_matmul_channel& mine = channel();
  if (mine.asked - mine.known >= kMatmulRing - 1) wait_served(mine.known + 1);
  mine.ring[mine.asked % kMatmulRing] = request;
  const auto sub = static_cast<int>(GetSubBlockIdx());
  etalon_asc_cross_set(kMessage, kAscPipeMte3, kOwnFlag + 16 * sub);
  etalon_matmul_block& block = state();
  block.order[block.rung++ % (2 * kMatmulRing)] = static_cast<std::uint8_t>(sub);
  etalon_asc_cross_set(kMessage, kAscPipeMte3, kBell);
  return ++mine.asked;
}
// On a cube core: the next request and who made it.
inline const etalon_matmul_request& next_request(int& sub) {
  etalon_asc_cross_wait_mode(kOneFlag, kBell);
  etalon_matmul_block& block = state();
  sub = block.order[block.heard++ % (2 * kMatmulRing)];
  etalon_asc_cross_wait_mode(kOneFlag, kOwnFlag + 16 * sub);
  etalon_matmul_channel& from = block.channel[sub];
  return from.ring[from.served++ % kMatmulRing];
}
inline void tell_served(int sub) { etalon_asc_cross_set(kMessage, kAscPipeFix, kOwnFlag + 16 * sub); }

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
