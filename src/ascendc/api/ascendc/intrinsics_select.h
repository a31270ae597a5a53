// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiler's own comparisons, selections and rearrangements. Operands are addresses in UB; strides count
// 32 bytes.

#include "arrange.h"
#include "intrinsics_vector.h"

// vcmp_..: one repeat into the compare register. vcmpv_..: bits of all elements, one repeat after the other,
// into UB; vcmpvs_..: against a scalar. The latter two take no mask.
namespace etalon_asc {
inline void every_element(etalon_asc_vector& v) {
  v.counter = 0;
  v.mask[0] = v.mask[1] = ~std::uint64_t{0};
}
template <class D, class S>
inline etalon_asc_vector comparison_of(int op, D* dst, const S* src0, int mode, int repeat, int src0_block,
                                       int src0_repeat) {
  etalon_asc_vector v = unary_of(op, dst, src0, repeat, 1, src0_block, 8, src0_repeat);
  v.detail = static_cast<std::uint8_t>(mode);
  return v;
}
}  // namespace etalon_asc
#define ETALON_RAW_COMPARE(suffix, mode)                                                                     \
  template <class T>                                                                                         \
  inline void vcmp_##suffix(__ubuf__ T* src0, __ubuf__ T* src1, std::uint8_t /*repeat*/,                     \
                            std::uint8_t /*dst_block*/, std::uint8_t src0_block, std::uint8_t src1_block,    \
                            std::uint8_t /*dst_repeat*/, std::uint8_t src0_repeat,                           \
                            std::uint8_t src1_repeat) {                                                      \
    etalon_asc_vector v = etalon_asc::comparison_of(kAscCompareBits, static_cast<std::uint8_t*>(nullptr),    \
                                                    src0, mode, 1, src0_block, src0_repeat);                 \
    v.sources = 2;                                                                                           \
    v.src1 = etalon_asc::offset(src1), v.src1_block = src1_block, v.src1_repeat = src1_repeat;               \
    etalon_asc_vector_op(&v);                                                                                \
  }                                                                                                          \
  template <class T>                                                                                         \
  inline void vcmpv_##suffix(__ubuf__ std::uint8_t* dst, __ubuf__ T* src0, __ubuf__ T* src1,                 \
                             std::uint8_t repeat, std::uint8_t /*dst_block*/, std::uint8_t src0_block,       \
                             std::uint8_t src1_block, std::uint8_t /*dst_repeat*/, std::uint8_t src0_repeat, \
                             std::uint8_t src1_repeat) {                                                     \
    etalon_asc_vector v =                                                                                    \
        etalon_asc::comparison_of(kAscCompare, dst, src0, mode, repeat, src0_block, src0_repeat);            \
    v.sources = 2;                                                                                           \
    v.src1 = etalon_asc::offset(src1), v.src1_block = src1_block, v.src1_repeat = src1_repeat;               \
    etalon_asc::every_element(v);                                                                            \
    etalon_asc_vector_op(&v);                                                                                \
  }                                                                                                          \
  template <class T, class V>                                                                                \
  inline void vcmpvs_##suffix(__ubuf__ std::uint8_t* dst, __ubuf__ T* src, V scalar, std::uint8_t repeat,    \
                              std::uint16_t /*dst_block*/, std::uint16_t src_block,                          \
                              std::uint16_t /*dst_repeat*/, std::uint16_t src_repeat) {                      \
    etalon_asc_vector v =                                                                                    \
        etalon_asc::comparison_of(kAscCompares, dst, src, mode, repeat, src_block, src_repeat);              \
    AscendC::detail::set_scalar(v, static_cast<T>(scalar));                                                  \
    etalon_asc::every_element(v);                                                                            \
    etalon_asc_vector_op(&v);                                                                                \
  }
ETALON_RAW_COMPARE(lt, static_cast<int>(AscendC::CMPMODE::LT))
ETALON_RAW_COMPARE(gt, static_cast<int>(AscendC::CMPMODE::GT))
ETALON_RAW_COMPARE(eq, static_cast<int>(AscendC::CMPMODE::EQ))
ETALON_RAW_COMPARE(le, static_cast<int>(AscendC::CMPMODE::LE))
ETALON_RAW_COMPARE(ge, static_cast<int>(AscendC::CMPMODE::GE))
ETALON_RAW_COMPARE(ne, static_cast<int>(AscendC::CMPMODE::NE))
#undef ETALON_RAW_COMPARE

// The compare register: 128 bits from UB, and to it.
inline void set_cmpmask(__ubuf__ void* src) {
  AscendC::SetCmpMask(
      AscendC::LocalTensor<std::uint8_t>(AscendC::TPosition::VECCALC, etalon_asc::offset(src), 16));
}
inline void get_cmpmask(__ubuf__ void* dst) {
  AscendC::GetCmpMask(
      AscendC::LocalTensor<std::uint8_t>(AscendC::TPosition::VECCALC, etalon_asc::offset(dst), 16));
}
// Mode 0: by the bits of the compare register. 1: src0 or the scalar in that register, by bits whose place
// the first 4 bytes of src1 hold. 2: by bits whose place that register holds.
template <class T>
inline void vsel(__ubuf__ T* dst, __ubuf__ T* src0, __ubuf__ void* src1, std::uint8_t repeat,
                 std::uint8_t dst_block, std::uint8_t src0_block, std::uint8_t src1_block,
                 std::uint8_t dst_repeat, std::uint8_t src0_repeat, std::uint8_t src1_repeat,
                 std::uint8_t mode = 0) {
  if (mode > 2) etalon_asc_fail("ascendc.range", "vsel: the mode, expected 0 to 2");
  etalon_asc_vector v =
      etalon_asc::unary_of(kAscSelect, dst, src0, repeat, dst_block, src0_block, dst_repeat, src0_repeat);
  v.sources = 2;
  v.src1 = etalon_asc::offset(src1), v.src1_block = src1_block, v.src1_repeat = src1_repeat;
  v.detail = mode;
  v.extra[1] = 1;
  etalon_asc_vector_op(&v);
}

// Elements kept by a pattern (1 to 7 as in GatherMask, 0: the bits at src1); so many at a time after
// set_mask_count.
template <class T>
inline void vreducev2(__ubuf__ T* dst, __ubuf__ T* src0, __ubuf__ T* src1, std::uint16_t repeat,
                      std::uint8_t src0_block, std::uint8_t pattern, std::uint16_t src0_repeat,
                      std::uint8_t src1_repeat) {
  if (pattern > 7) etalon_asc_fail("ascendc.range", "vreducev2: the pattern, expected 0 to 7");
  const etalon_asc_core* core = etalon_asc_current;
  etalon_asc_vector v = AscendC::detail::vector_of<T, T>(kAscGatherMask, etalon_asc::offset(dst));
  v.sources = pattern == 0 ? 2 : 1;
  v.src0 = etalon_asc::offset(src0), v.src0_block = src0_block, v.src0_repeat = src0_repeat;
  v.src1 = pattern == 0 ? etalon_asc::offset(src1) : 0, v.src1_repeat = src1_repeat;
  v.repeat = repeat;
  v.detail = pattern;
  v.extra[0] = core->mask_counter != 0 ? static_cast<std::uint32_t>(core->mask[0]) : 0;
  etalon_asc_vector_op(&v);
}
inline std::uint64_t get_rsvd_cnt() { return etalon_asc_current->kept; }
// Value and index of the last reduction: the index in the high half.
inline std::int64_t get_max_min_cnt() {
  etalon_asc_settle();
  const std::uint64_t index = etalon_asc_current->reduced_at;
  return static_cast<std::int64_t>(index << 32 | etalon_asc_current->reduced);
}

// Elements, or blocks of 32 bytes, from the byte offsets at `offset`, counted from byte `base`.
template <class T>
inline void vgather(__ubuf__ T* dst, __ubuf__ std::uint32_t* offset, std::uint32_t base,
                    std::uint16_t dst_repeat, std::uint8_t repeat) {
  using AscendC::TPosition;
  AscendC::Gather(AscendC::LocalTensor<T>(TPosition::VECCALC, etalon_asc::offset(dst), 0),
                  AscendC::LocalTensor<T>(TPosition::VECCALC, 0, 0),
                  AscendC::LocalTensor<std::uint32_t>(TPosition::VECCALC, etalon_asc::offset(offset), 0),
                  base, std::uint64_t{256 / sizeof(T)}, repeat, dst_repeat);
}
template <class T>
inline void vgatherb(__ubuf__ T* dst, __ubuf__ std::uint32_t* offset, std::uint32_t base,
                     std::uint16_t dst_repeat, std::uint8_t dst_block, std::uint8_t repeat) {
  using AscendC::TPosition;
  AscendC::Gatherb(AscendC::LocalTensor<T>(TPosition::VECCALC, etalon_asc::offset(dst), 0),
                   AscendC::LocalTensor<T>(TPosition::VECCALC, base, 0),
                   AscendC::LocalTensor<std::uint32_t>(TPosition::VECCALC, etalon_asc::offset(offset), 0),
                   repeat, AscendC::GatherRepeatParams(dst_block, dst_repeat));
}

// 16 x 16 elements of 16 bits.
template <class T>
inline void vtranspose(__ubuf__ T* dst, __ubuf__ T* src) {
  using AscendC::TPosition;
  AscendC::Transpose(AscendC::LocalTensor<T>(TPosition::VECCALC, etalon_asc::offset(dst), 256),
                     AscendC::LocalTensor<T>(TPosition::VECCALC, etalon_asc::offset(src), 256));
}
// Two registers of eight addresses name 16 blocks; scatter_vnchwconv transposes the blocks of `src` and the
// next register into those of `dst` and the next.
enum ub_addr8_t { VA0, VA1, VA2, VA3, VA4, VA5, VA6, VA7 };
namespace etalon_asc {
inline std::uint32_t* addresses_of(ub_addr8_t r) { return etalon_asc_current->block_addresses[r]; }
template <class T>
inline void scatter_blocks(ub_addr8_t dst, ub_addr8_t src, const AscendC::TransDataTo5HDParams& p) {
  if (dst > VA6 || src > VA6)
    etalon_asc_fail("ascendc.range", "scatter_vnchwconv: registers, expected VA0 to VA6");
  std::uint32_t lists[32];
  for (int i = 0; i < 16; ++i) {
    lists[i] = addresses_of(static_cast<ub_addr8_t>(dst + i / 8))[i % 8];
    lists[16 + i] = addresses_of(static_cast<ub_addr8_t>(src + i / 8))[i % 8];
  }
  AscendC::detail::trans_data<T>(lists, p);
}
}  // namespace etalon_asc
inline void set_va_reg_sb(ub_addr8_t r, const std::uint64_t addresses[8]) {
  for (int i = 0; i < 8; ++i) etalon_asc::addresses_of(r)[i] = static_cast<std::uint32_t>(addresses[i]);
}
inline void scatter_vnchwconv_b8(ub_addr8_t dst, ub_addr8_t src, std::uint8_t repeat,
                                 std::uint16_t dst_repeat, std::uint16_t src_repeat, bool dst_high,
                                 bool src_high) {
  etalon_asc::scatter_blocks<std::uint8_t>(dst, src, {dst_high, src_high, repeat, dst_repeat, src_repeat});
}
inline void scatter_vnchwconv_b16(ub_addr8_t dst, ub_addr8_t src, std::uint8_t repeat,
                                  std::uint16_t dst_repeat, std::uint16_t src_repeat) {
  etalon_asc::scatter_blocks<std::uint16_t>(dst, src, {false, false, repeat, dst_repeat, src_repeat});
}
inline void scatter_vnchwconv_b32(ub_addr8_t dst, ub_addr8_t src, std::uint8_t repeat,
                                  std::uint16_t dst_repeat, std::uint16_t src_repeat) {
  etalon_asc::scatter_blocks<std::uint32_t>(dst, src, {false, false, repeat, dst_repeat, src_repeat});
}
