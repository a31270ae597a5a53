// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tiling known when the kernel is compiled: a MatmulConfig with block sizes (and the sizes of a core's part,
// then REGIST needs no tiling) and the numbers of blocks in L1 that follow from them.

#include "config.h"
#include "kernel_tiling/kernel_tiling.h"
#include "types.h"

namespace AscendC {

// The fields of TCubeTiling; those that are 0 come from the tiling given at run time.
struct MatmulApiStaticTiling {
  std::int32_t usedCoreNum = 0, M = 0, N = 0, Ka = 0, Kb = 0, singleCoreM = 0, singleCoreN = 0,
               singleCoreK = 0, baseM = 0, baseN = 0, baseK = 0, depthA1 = 0, depthB1 = 0, stepM = 0,
               stepN = 0, stepKa = 0, stepKb = 0, isBias = 0, transLength = 0, iterateOrder = -1, dbL0A = 0,
               dbL0B = 0, dbL0C = 0, shareMode = 0, shareL1Size = 0, shareL0CSize = 0, shareUbSize = 0,
               batchM = 0, batchN = 0, singleBatchM = 0, singleBatchN = 0;
  MatmulConfig cfg;
};

namespace detail {
namespace mm {

constexpr std::int64_t kL1Bytes = 512 * 1024;

// How many of `count` blocks of K share `bytes` of L1, two sets of them if more than one fits.
constexpr std::int32_t blocks_in(std::int64_t bytes, std::int64_t block, std::int64_t count) {
  const std::int64_t fit = block > 0 ? bytes / block : 1;
  if (fit >= count) return static_cast<std::int32_t>(count > 0 ? count : 1);
  return static_cast<std::int32_t>(fit > 1 ? fit / 2 : 1);
}

constexpr const MatmulConfig& config_of(const MatmulConfig& c) { return c; }
constexpr const MatmulConfig& config_of(const MatmulApiStaticTiling& t) { return t.cfg; }

// What is known at compile time over what the tiling says.
inline TCubeTiling merged(const MatmulConfig& c, const TCubeTiling* t) {
  TCubeTiling out = t != nullptr ? *t : TCubeTiling{};
  const auto put = [](std::int32_t& field, std::uint32_t value) {
    if (value != 0) field = static_cast<std::int32_t>(value);
  };
  put(out.baseM, c.basicM), put(out.baseN, c.basicN), put(out.baseK, c.basicK);
  if (t == nullptr || c.doSpecialBasicBlock)
    put(out.singleCoreM, c.singleCoreM), put(out.singleCoreN, c.singleCoreN),
        put(out.singleCoreK, c.singleCoreK);
  if (c.iterateOrder != IterateOrder::UNDEF)
    out.iterateOrder = c.iterateOrder == IterateOrder::ORDER_M ? 0 : 1;
  return out;
}
inline TCubeTiling merged(const MatmulApiStaticTiling& s, const TCubeTiling* t) {
  TCubeTiling out = merged(s.cfg, t);
  const auto put = [](std::int32_t& field, std::int32_t value) {
    if (value > 0) field = value;
  };
  put(out.baseM, s.baseM), put(out.baseN, s.baseN), put(out.baseK, s.baseK);
  put(out.depthA1, s.depthA1), put(out.depthB1, s.depthB1), put(out.stepM, s.stepM), put(out.stepN, s.stepN);
  put(out.stepKa, s.stepKa), put(out.stepKb, s.stepKb), put(out.dbL0A, s.dbL0A), put(out.dbL0B, s.dbL0B);
  put(out.dbL0C, s.dbL0C);
  if (s.iterateOrder >= 0) out.iterateOrder = s.iterateOrder;
  if (t != nullptr) return out;
  put(out.singleCoreM, s.singleCoreM), put(out.singleCoreN, s.singleCoreN),
      put(out.singleCoreK, s.singleCoreK);
  put(out.M, s.M), put(out.N, s.N), put(out.Ka, s.Ka), put(out.Kb, s.Kb);
  return out;
}

}  // namespace mm
}  // namespace detail

// l1Size: bytes of L1 for A and B together.
template <class A_TYPE, class B_TYPE, class C_TYPE, class BIAS_TYPE = C_TYPE>
constexpr MatmulApiStaticTiling GetMatmulApiTiling(const MatmulConfig& mmCFG,
                                                   std::int32_t l1Size = detail::mm::kL1Bytes) {
  using detail::mm::least;
  using detail::mm::up;
  MatmulApiStaticTiling t;
  t.cfg = mmCFG;
  t.baseM = static_cast<std::int32_t>(mmCFG.basicM), t.baseN = static_cast<std::int32_t>(mmCFG.basicN);
  t.baseK = static_cast<std::int32_t>(mmCFG.basicK);
  t.singleCoreM = t.M = static_cast<std::int32_t>(mmCFG.singleCoreM);
  t.singleCoreN = t.N = static_cast<std::int32_t>(mmCFG.singleCoreN);
  t.singleCoreK = t.Ka = t.Kb = static_cast<std::int32_t>(mmCFG.singleCoreK);
  t.stepM = t.stepN = t.batchM = t.batchN = t.singleBatchM = t.singleBatchN = 1;
  t.isBias = std::is_same<BIAS_TYPE, C_TYPE>::value ? 0 : 1;
  if (t.baseM <= 0 || t.baseN <= 0 || t.baseK <= 0) return t;
  constexpr std::int64_t packed = detail::mm::Element<typename A_TYPE::T>::packed;
  const std::int64_t size = sizeof(typename A_TYPE::T);
  const std::int64_t a = std::int64_t{t.baseM} * t.baseK * size / packed,
                     b = std::int64_t{t.baseN} * t.baseK * size / packed;
  const std::int64_t count = t.singleCoreK > 0 ? up(t.singleCoreK, t.baseK) : 2;
  t.depthA1 = detail::mm::blocks_in(l1Size / 2, a, count);
  t.depthB1 = detail::mm::blocks_in(l1Size / 2, b, count);
  const bool several = mmCFG.doMultiDataLoad || mmCFG.doSpecialMDL;
  t.stepKa = several ? t.depthA1 : 1, t.stepKb = several ? t.depthB1 : 1;
  // Of K in several transfers, two sets of blocks lie in L1.
  if (t.depthA1 < count) t.depthA1 *= 2;
  if (t.depthB1 < count) t.depthB1 *= 2;
  t.dbL0A = t.dbL0B = 2;
  t.dbL0C = std::int64_t{t.baseM} * t.baseN * 8 <= 128 * 1024 ? 2 : 1;
  t.iterateOrder = mmCFG.iterateOrder == IterateOrder::ORDER_N   ? 1
                   : mmCFG.iterateOrder == IterateOrder::ORDER_M ? 0
                                                                 : -1;
  return t;
}

}  // namespace AscendC
