// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiler's own vector functions. Operands are addresses in UB (LocalTensor::GetPhyAddr), elements those that
// set_vector_mask selects (or so many, after set_mask_count); block and repeat strides count 32 bytes.

#include "reduce.h"

namespace etalon_asc {
inline std::uint32_t offset(const volatile void* p) { return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(p)); }
template <class D, class S>
inline etalon_asc_vector vector_of(int op, const D* dst, int repeat) {
  etalon_asc_vector v = AscendC::detail::vector_of<D, S>(op, offset(dst));
  AscendC::detail::set_mask<false>(v, std::uint64_t{0});
  v.repeat = static_cast<std::uint32_t>(repeat);
  return v;
}
template <class D, class S>
inline etalon_asc_vector unary_of(int op, const D* dst, const S* src, int repeat, int dst_block, int src_block,
                                  int dst_repeat, int src_repeat) {
  etalon_asc_vector v = vector_of<D, S>(op, dst, repeat);
  v.sources = 1;
  v.src0 = offset(src);
  v.dst_block = static_cast<std::uint16_t>(dst_block), v.src0_block = static_cast<std::uint16_t>(src_block);
  v.dst_repeat = static_cast<std::uint16_t>(dst_repeat), v.src0_repeat = static_cast<std::uint16_t>(src_repeat);
  return v;
}
template <class D, class S>
inline etalon_asc_vector reduction_of(int op, const D* dst, const S* src, int repeat, int dst_repeat, int src_block,
                                      int src_repeat, int order) {
  etalon_asc_vector v = unary_of(op, dst, src, repeat, 1, src_block, dst_repeat, src_repeat);
  v.detail = static_cast<std::uint8_t>(order);
  return v;
}
}  // namespace etalon_asc

#define ETALON_RAW_BINARY(name, code)                                                                              \
  template <class T>                                                                                               \
  inline void name(__ubuf__ T* dst, const __ubuf__ T* src0, const __ubuf__ T* src1, std::uint8_t repeat,           \
                   std::uint8_t dst_block, std::uint8_t src0_block, std::uint8_t src1_block,                       \
                   std::uint8_t dst_repeat, std::uint8_t src0_repeat, std::uint8_t src1_repeat) {                  \
    etalon_asc_vector v = etalon_asc::unary_of(code, dst, src0, repeat, dst_block, src0_block, dst_repeat, src0_repeat); \
    v.sources = 2;                                                                                                 \
    v.src1 = etalon_asc::offset(src1);                                                                             \
    v.src1_block = src1_block, v.src1_repeat = src1_repeat;                                                        \
    etalon_asc_vector_op(&v);                                                                                      \
  }
ETALON_RAW_BINARY(vadd, kAscAdd)
ETALON_RAW_BINARY(vsub, kAscSub)
ETALON_RAW_BINARY(vmul, kAscMul)
ETALON_RAW_BINARY(vdiv, kAscDiv)
ETALON_RAW_BINARY(vmax, kAscMax)
ETALON_RAW_BINARY(vmin, kAscMin)
ETALON_RAW_BINARY(vand, kAscAnd)
ETALON_RAW_BINARY(vor, kAscOr)
ETALON_RAW_BINARY(vmla, kAscMulAddDst)
#undef ETALON_RAW_BINARY

#define ETALON_RAW_UNARY(name, code)                                                                           \
  template <class T>                                                                                           \
  inline void name(__ubuf__ T* dst, const __ubuf__ T* src, std::uint8_t repeat, std::uint16_t dst_block,       \
                   std::uint16_t src_block, std::uint8_t dst_repeat, std::uint8_t src_repeat) {                \
    const etalon_asc_vector v =                                                                                \
        etalon_asc::unary_of(code, dst, src, repeat, dst_block, src_block, dst_repeat, src_repeat);            \
    etalon_asc_vector_op(&v);                                                                                  \
  }
ETALON_RAW_UNARY(vexp, kAscExp)
ETALON_RAW_UNARY(vln, kAscLn)
ETALON_RAW_UNARY(vabs, kAscAbs)
ETALON_RAW_UNARY(vsqrt, kAscSqrt)
ETALON_RAW_UNARY(vrsqrt, kAscRsqrt)
ETALON_RAW_UNARY(vrec, kAscReciprocal)
ETALON_RAW_UNARY(vrelu, kAscRelu)
ETALON_RAW_UNARY(vnot, kAscNot)
#undef ETALON_RAW_UNARY

#define ETALON_RAW_SCALAR(name, code)                                                                          \
  template <class T, class V>                                                                                  \
  inline void name(__ubuf__ T* dst, const __ubuf__ T* src, V scalar, std::uint8_t repeat,                      \
                   std::uint16_t dst_block, std::uint16_t src_block, std::uint8_t dst_repeat,                  \
                   std::uint8_t src_repeat) {                                                                  \
    etalon_asc_vector v =                                                                                      \
        etalon_asc::unary_of(code, dst, src, repeat, dst_block, src_block, dst_repeat, src_repeat);            \
    AscendC::detail::set_scalar(v, static_cast<T>(scalar));                                                    \
    etalon_asc_vector_op(&v);                                                                                  \
  }
ETALON_RAW_SCALAR(vadds, kAscAdds)
ETALON_RAW_SCALAR(vmuls, kAscMuls)
ETALON_RAW_SCALAR(vmaxs, kAscMaxs)
ETALON_RAW_SCALAR(vmins, kAscMins)
ETALON_RAW_SCALAR(vaxpy, kAscAxpy)
#undef ETALON_RAW_SCALAR

template <class T, class V>
inline void vector_dup(__ubuf__ T* dst, V scalar, std::uint8_t repeat, std::uint16_t dst_block,
                       std::uint16_t /*src_block*/, std::uint8_t dst_repeat, std::uint8_t /*src_repeat*/) {
  etalon_asc_vector v = etalon_asc::vector_of<T, T>(kAscDuplicate, dst, repeat);
  AscendC::detail::set_scalar(v, static_cast<T>(scalar));
  v.dst_block = dst_block, v.dst_repeat = dst_repeat;
  etalon_asc_vector_op(&v);
}

// vconv_<from>2<to><mode>: r to nearest even, f down, c up, a half away from zero, z towards zero; none where nothing is
// lost.
#define ETALON_RAW_CONVERT(name, From, To, mode)                                                               \
  inline void name(__ubuf__ To* dst, const __ubuf__ From* src, std::uint8_t repeat, std::uint16_t dst_block,   \
                   std::uint16_t src_block, std::uint8_t dst_repeat, std::uint8_t src_repeat) {                \
    etalon_asc_vector v =                                                                                      \
        etalon_asc::unary_of(kAscCast, dst, src, repeat, dst_block, src_block, dst_repeat, src_repeat);        \
    v.detail = static_cast<std::uint8_t>(AscendC::RoundMode::mode);                                            \
    etalon_asc_vector_op(&v);                                                                                  \
  }
ETALON_RAW_CONVERT(vconv_f162f32, half, float, CAST_NONE)
ETALON_RAW_CONVERT(vconv_bf162f32, bfloat16_t, float, CAST_NONE)
ETALON_RAW_CONVERT(vconv_f322f16, float, half, CAST_NONE)
ETALON_RAW_CONVERT(vconv_f322f16r, float, half, CAST_RINT)
ETALON_RAW_CONVERT(vconv_f322bf16r, float, bfloat16_t, CAST_RINT)
ETALON_RAW_CONVERT(vconv_f162s32r, half, std::int32_t, CAST_RINT)
ETALON_RAW_CONVERT(vconv_f322s32r, float, std::int32_t, CAST_RINT)
ETALON_RAW_CONVERT(vconv_f322s32f, float, std::int32_t, CAST_FLOOR)
ETALON_RAW_CONVERT(vconv_f322s16r, float, std::int16_t, CAST_RINT)
ETALON_RAW_CONVERT(vconv_s162f16, std::int16_t, half, CAST_NONE)
ETALON_RAW_CONVERT(vconv_s162f32, std::int16_t, float, CAST_NONE)
ETALON_RAW_CONVERT(vconv_s322f32, std::int32_t, float, CAST_NONE)
#undef ETALON_RAW_CONVERT

// One value per repeat; mode: true adds up all repeats, which is not available here.
template <class T>
inline void vcadd(__ubuf__ T* dst, const __ubuf__ T* src, std::uint8_t repeat, std::uint16_t dst_repeat,
                  std::uint16_t src_block, std::uint16_t src_repeat, bool mode) {
  if (mode) etalon_asc_fail("ascendc.type", "vcadd: the mode that adds up repeats is not available; use mode 0");
  const etalon_asc_vector v =
      etalon_asc::reduction_of(kAscWholeSum, dst, src, repeat, dst_repeat, src_block, src_repeat, 0);
  etalon_asc_vector_op(&v);
}
enum Order_t { VALUE_INDEX, INDEX_VALUE, ONLY_VALUE, ONLY_INDEX };
#define ETALON_RAW_EXTREME(name, code)                                                                         \
  template <class T>                                                                                           \
  inline void name(__ubuf__ T* dst, const __ubuf__ T* src, std::uint8_t repeat, std::uint16_t dst_repeat,      \
                   std::uint16_t src_block, std::uint16_t src_repeat, Order_t order) {                         \
    const etalon_asc_vector v =                                                                                \
        etalon_asc::reduction_of(code, dst, src, repeat, dst_repeat, src_block, src_repeat, order);            \
    etalon_asc_vector_op(&v);                                                                                  \
  }
ETALON_RAW_EXTREME(vcmax, kAscWholeMax)
ETALON_RAW_EXTREME(vcmin, kAscWholeMin)
#undef ETALON_RAW_EXTREME
#define ETALON_RAW_GROUPS(name, code)                                                                          \
  template <class T>                                                                                           \
  inline void name(__ubuf__ T* dst, const __ubuf__ T* src, std::uint8_t repeat, std::uint16_t dst_repeat,      \
                   std::uint16_t src_block, std::uint16_t src_repeat) {                                        \
    const etalon_asc_vector v =                                                                                \
        etalon_asc::reduction_of(code, dst, src, repeat, dst_repeat, src_block, src_repeat, 0);                \
    etalon_asc_vector_op(&v);                                                                                  \
  }
ETALON_RAW_GROUPS(vcgadd, kAscBlockSum)
ETALON_RAW_GROUPS(vcgmax, kAscBlockMax)
ETALON_RAW_GROUPS(vcgmin, kAscBlockMin)
ETALON_RAW_GROUPS(vcpadd, kAscPairSum)
#undef ETALON_RAW_GROUPS

template <class T>
inline void vbrcb(__ubuf__ T* dst, const __ubuf__ T* src, std::uint16_t dst_block, std::uint16_t dst_repeat,
                  std::uint8_t repeat) {
  const etalon_asc_vector v = etalon_asc::unary_of(kAscBrcb, dst, src, repeat, dst_block, 1, dst_repeat, 8);
  etalon_asc_vector_op(&v);
}
