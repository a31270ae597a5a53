// SPDX-License-Identifier: Apache-2.0
#pragma once

// The registers of the 950's vector core (dav-3510) and the names of what their instructions can do. A
// register holds 256 bytes; a mask register has one bit for each of them, of which the lowest of an element
// counts.

#include "../ascendc/number_types_3510.h"
#include "../ascendc/system.h"

#define ETALON_REG_SCOPE_NAME2(line) etalon_reg_scope_##line
#define ETALON_REG_SCOPE_NAME(line) ETALON_REG_SCOPE_NAME2(line)
#ifndef ETALON_CC  // there the driver has its own meaning for these (etalon_cc/prelude.h)
#define __simd_vf__
#define __simd_callee__
#define __local_mem__
#define __VEC_SCOPE__ if (const ::AscendC::Reg::detail::Scope ETALON_REG_SCOPE_NAME(__LINE__); true)
#endif

namespace AscendC {

constexpr std::uint32_t VECTOR_REG_WIDTH = 256;
constexpr std::uint32_t GetVecLen() { return VECTOR_REG_WIDTH; }

namespace Reg {
using AscendC::CMPMODE;
using AscendC::RoundMode;

struct RegTrait {
  int REG_NUM;
};
inline constexpr RegTrait RegTraitNumOne = {1}, RegTraitNumTwo = {2};

enum class MaskPattern : std::uint8_t {
  ALL,
  VL1,
  VL2,
  VL3,
  VL4,
  VL8,
  VL16,
  VL32,
  VL64,
  VL128,
  M3,
  M4,
  H,
  Q,
  ALLF = 15
};
enum class MaskMergeMode : std::uint8_t { UNKNOWN, MERGING, ZEROING };
enum class SatMode : std::int8_t { UNKNOWN = -1, NO_SAT, SAT };
enum class RegLayout : std::int8_t { UNKNOWN = -1, ZERO, ONE, TWO, THREE };
enum class HighLowPart : std::uint8_t { LOWEST, HIGHEST };
enum class PostLiteral : std::uint8_t { POST_MODE_NORMAL, POST_MODE_UPDATE };
enum class DataCopyMode : std::uint8_t { NORM, DATA_BLOCK_COPY };
enum class ReduceType : std::uint8_t { SUM, MAX, MIN };
enum class IndexOrder : std::uint8_t { INCREASE_ORDER, DECREASE_ORDER };
enum class GatherMaskMode : std::uint8_t { NO_STORE_REG, STORE_REG };
enum class HistogramsBinType : std::uint8_t { BIN0, BIN1 };
enum class HistogramsType : std::uint8_t { FREQUENCY, ACCUMULATE };
enum class MemType : std::uint8_t { VEC_STORE, VEC_LOAD, SCALAR_STORE, SCALAR_LOAD, VEC_ALL, SCALAR_ALL };
enum class MaskDist : std::uint8_t { DIST_NORM, DIST_US, DIST_DS, DIST_PACK };
enum class LoadDist : std::uint8_t {
  DIST_NORM,
  DIST_BRC_B8,
  DIST_BRC_B16,
  DIST_BRC_B32,
  DIST_US_B8,
  DIST_US_B16,
  DIST_DS_B8,
  DIST_DS_B16,
  DIST_UNPACK_B8,
  DIST_UNPACK_B16,
  DIST_UNPACK_B32,
  DIST_UNPACK4_B8,
  DIST_BLK,
  DIST_E2B_B16,
  DIST_E2B_B32,
  DIST_DINTLV_B8,
  DIST_DINTLV_B16,
  DIST_DINTLV_B32
};
enum class StoreDist : std::uint8_t {
  DIST_NORM,
  DIST_NORM_B8,
  DIST_NORM_B16,
  DIST_NORM_B32,
  DIST_FIRST_ELEMENT_B8,
  DIST_FIRST_ELEMENT_B16,
  DIST_FIRST_ELEMENT_B32,
  DIST_PACK_B16,
  DIST_PACK_B32,
  DIST_PACK_B64,
  DIST_PACK4_B32,
  DIST_INTLV_B8,
  DIST_INTLV_B16,
  DIST_INTLV_B32
};

struct CastTrait {
  RegLayout layoutMode = RegLayout::UNKNOWN;
  SatMode satMode = SatMode::UNKNOWN;
  MaskMergeMode mrgMode = MaskMergeMode::UNKNOWN;
  RoundMode roundMode = RoundMode::UNKNOWN;
};
inline constexpr CastTrait castTrait = {RegLayout::ZERO, SatMode::NO_SAT, MaskMergeMode::ZEROING,
                                        RoundMode::CAST_NONE};

// How exactly some functions compute. The functions here are correctly rounded, which satisfies every mode.
enum class DivAlgo : std::uint8_t {
  INTRINSIC,
  DIFF_COMPENSATION,
  PRECISION_0ULP_FTZ_TRUE,
  PRECISION_0ULP_FTZ_FALSE,
  PRECISION_1ULP_FTZ_TRUE,
  PRECISION_1ULP_FTZ_FALSE
};
enum class SqrtAlgo : std::uint8_t {
  INTRINSIC,
  FAST_INVERSE,
  PRECISION_0ULP_FTZ_TRUE,
  PRECISION_0ULP_FTZ_FALSE,
  PRECISION_1ULP_FTZ_TRUE,
  PRECISION_1ULP_FTZ_FALSE
};
enum class ExpAlgo : std::uint8_t { INTRINSIC, PRECISION_1ULP_FTZ_TRUE, PRECISION_1ULP_FTZ_FALSE };
enum class LnAlgo : std::uint8_t { INTRINSIC, PRECISION_1ULP_FTZ_TRUE, PRECISION_1ULP_FTZ_FALSE };
using LogAlgo = LnAlgo;
struct DivSpecificMode {
  MaskMergeMode mrgMode = MaskMergeMode::ZEROING;
  bool precisionMode = false;
  DivAlgo algo = DivAlgo::INTRINSIC;
};
struct SqrtSpecificMode {
  MaskMergeMode mrgMode = MaskMergeMode::ZEROING;
  bool precisionMode = false;
  SqrtAlgo algo = SqrtAlgo::INTRINSIC;
};
struct ExpSpecificMode {
  MaskMergeMode mrgMode = MaskMergeMode::ZEROING;
  ExpAlgo algo = ExpAlgo::INTRINSIC;
};
struct LnSpecificMode {
  MaskMergeMode mrgMode = MaskMergeMode::ZEROING;
  LnAlgo algo = LnAlgo::INTRINSIC;
};
using LogSpecificMode = LnSpecificMode;

struct DefaultType {};

// One bit for each byte of a register.
struct MaskReg {
  std::uint64_t bits[4] = {0, 0, 0, 0};
  bool at(std::uint32_t bit) const { return (bits[bit / 64] >> (bit % 64) & 1) != 0; }
  void set(std::uint32_t bit, bool on = true) {
    const std::uint64_t one = std::uint64_t{1} << (bit % 64);
    bits[bit / 64] = on ? bits[bit / 64] | one : bits[bit / 64] & ~one;
  }
};

namespace detail {

// What a register still owes the observer of UB: it was loaded from there, and what of it is used is read
// only then (a tail beyond the tensor is loaded, but masked). Element e came from `from` + e * step.
struct Pending {
  std::uint32_t from = 0;
  std::uint8_t size = 0,
               step = 0;  // bytes in UB of an element, from one to the next; size 0: nothing is owed
  std::uint8_t lane = 0;  // bytes of an element in the register
};

template <int count>
struct Register {
  alignas(32) unsigned char bytes[256 * count] = {};
  // Undefined bytes, never written or computed from such; only if somebody watches.
  mutable MaskReg undefined[count];
  mutable Pending pending;
};

// A vector function, from its begin to its end.
struct Scope {
  Scope() { etalon_asc_reg_scope(); }
  ~Scope() { etalon_asc_reg_scope(); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
};

}  // namespace detail

// Registers of different element types have one layout, so that kernels may look at one as the other.
template <class T, const RegTrait& trait = RegTraitNumOne>
struct RegTensor : detail::Register<trait.REG_NUM> {
  using ActualT = T;
  static constexpr const RegTrait& regTrait = trait;
};

// State of unaligned transfers, which needs none here: they go to UB at once.
struct UnalignRegForLoad {};
struct UnalignRegForStore {};
struct UnalignReg : UnalignRegForLoad, UnalignRegForStore {};

// An offset in elements.
struct AddrReg {
  std::int64_t elements = 0;
  AddrReg() = default;
  AddrReg(std::int64_t count) : elements(count) {}  // NOLINT: kernels pass numbers
};
template <class T>
inline AddrReg CreateAddrReg(std::uint32_t index0, std::uint32_t stride0) {
  return AddrReg(std::int64_t{index0} * stride0);
}
template <class T>
inline AddrReg CreateAddrReg(std::uint32_t index0, std::uint32_t stride0, std::uint32_t index1,
                             std::uint32_t stride1) {
  return AddrReg(std::int64_t{index0} * stride0 + std::int64_t{index1} * stride1);
}
template <class T>
inline AddrReg CreateAddrReg(std::uint32_t index0, std::uint32_t stride0, std::uint32_t index1,
                             std::uint32_t stride1, std::uint32_t index2, std::uint32_t stride2) {
  return AddrReg(CreateAddrReg<T>(index0, stride0, index1, stride1).elements +
                 std::int64_t{index2} * stride2);
}

}  // namespace Reg
namespace MicroAPI = Reg;
}  // namespace AscendC

// Runs a vector function.
template <auto function, class... Args>
inline void asc_vf_call(Args&&... args) {
  const AscendC::Reg::detail::Scope scope;
  function(static_cast<Args&&>(args)...);
}
template <auto function, class... Args>
inline void VF_CALL(Args&&... args) {
  asc_vf_call<function>(static_cast<Args&&>(args)...);
}
