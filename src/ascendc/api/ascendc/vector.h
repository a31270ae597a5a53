// SPDX-License-Identifier: Apache-2.0
#pragma once

// Element-wise vector instructions. fp16 operations compute in fp32 and round once to fp16; integers wrap.

#include "vector_form.h"

namespace AscendC {

#define ETALON_BINARY(Name, code)                                                                                   \
  template <class T, class U>                                                                                       \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<U>& src0, const LocalTensor<U>& src1,               \
                   std::int32_t count) {                                                                            \
    etalon_asc_vector v = detail::vector_of<T, U>(code, dst.offset());                                              \
    detail::set_sources(v, src0, src1);                                                                             \
    detail::set_count(v, count);                                                                                    \
    etalon_asc_vector_op(&v);                                                                                       \
  }                                                                                                                 \
  template <class T, bool isSetMask = true, class U, class M>                                                       \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<U>& src0, const LocalTensor<U>& src1, M mask,       \
                   std::uint8_t repeatTime, const BinaryRepeatParams& p) {                                          \
    etalon_asc_vector v = detail::vector_of<T, U>(code, dst.offset());                                              \
    detail::set_sources(v, src0, src1);                                                                             \
    detail::set_mask<isSetMask>(v, mask);                                                                           \
    detail::set_strides(v, repeatTime, p);                                                                          \
    etalon_asc_vector_op(&v);                                                                                       \
  }
ETALON_BINARY(Add, kAscAdd)
ETALON_BINARY(Sub, kAscSub)
ETALON_BINARY(Mul, kAscMul)
ETALON_BINARY(Div, kAscDiv)
ETALON_BINARY(Max, kAscMax)
ETALON_BINARY(Min, kAscMin)
ETALON_BINARY(And, kAscAnd)
ETALON_BINARY(Or, kAscOr)
ETALON_BINARY(AddRelu, kAscAddRelu)
ETALON_BINARY(SubRelu, kAscSubRelu)
ETALON_BINARY(MulAddDst, kAscMulAddDst)
ETALON_BINARY(FusedMulAdd, kAscFusedMulAdd)
ETALON_BINARY(FusedMulAddRelu, kAscFusedMulAddRelu)
#undef ETALON_BINARY

// dst = a * b + dst under its other name.
template <class T>
inline void MulAdd(const LocalTensor<T>& dst, const LocalTensor<T>& a, const LocalTensor<T>& b, std::int32_t count) {
  MulAddDst(dst, a, b, count);
}

#define ETALON_UNARY(Name, code)                                                                                    \
  template <class T>                                                                                                \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::int32_t count) {                      \
    etalon_asc_vector v = detail::vector_of<T, T>(code, dst.offset());                                              \
    detail::set_source(v, src);                                                                                     \
    detail::set_count(v, count);                                                                                    \
    etalon_asc_vector_op(&v);                                                                                       \
  }                                                                                                                 \
  template <class T, bool isSetMask = true, class M>                                                                \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, M mask, std::uint8_t repeatTime,           \
                   const UnaryRepeatParams& p) {                                                                    \
    etalon_asc_vector v = detail::vector_of<T, T>(code, dst.offset());                                              \
    detail::set_source(v, src);                                                                                     \
    detail::set_mask<isSetMask>(v, mask);                                                                           \
    detail::set_strides(v, repeatTime, p);                                                                          \
    etalon_asc_vector_op(&v);                                                                                       \
  }
ETALON_UNARY(Exp, kAscExp)
ETALON_UNARY(Ln, kAscLn)
ETALON_UNARY(Abs, kAscAbs)
ETALON_UNARY(Sqrt, kAscSqrt)
ETALON_UNARY(Rsqrt, kAscRsqrt)
ETALON_UNARY(Reciprocal, kAscReciprocal)
ETALON_UNARY(Relu, kAscRelu)
ETALON_UNARY(Not, kAscNot)
#undef ETALON_UNARY

#define ETALON_SCALAR(Name, code)                                                                                   \
  template <class T, class V>                                                                                       \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, V scalar, std::int32_t count) {            \
    etalon_asc_vector v = detail::vector_of<T, T>(code, dst.offset());                                              \
    detail::set_source(v, src);                                                                                     \
    detail::set_scalar(v, static_cast<T>(scalar));                                                                  \
    detail::set_count(v, count);                                                                                    \
    etalon_asc_vector_op(&v);                                                                                       \
  }                                                                                                                 \
  template <class T, bool isSetMask = true, class V, class M>                                                       \
  inline void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, V scalar, M mask,                          \
                   std::uint8_t repeatTime, const UnaryRepeatParams& p) {                                           \
    etalon_asc_vector v = detail::vector_of<T, T>(code, dst.offset());                                              \
    detail::set_source(v, src);                                                                                     \
    detail::set_scalar(v, static_cast<T>(scalar));                                                                  \
    detail::set_mask<isSetMask>(v, mask);                                                                           \
    detail::set_strides(v, repeatTime, p);                                                                          \
    etalon_asc_vector_op(&v);                                                                                       \
  }
ETALON_SCALAR(Adds, kAscAdds)
ETALON_SCALAR(Muls, kAscMuls)
ETALON_SCALAR(Maxs, kAscMaxs)
ETALON_SCALAR(Mins, kAscMins)
ETALON_SCALAR(LeakyRelu, kAscLeakyRelu)
ETALON_SCALAR(ShiftLeft, kAscShiftLeft)
ETALON_SCALAR(ShiftRight, kAscShiftRight)
#undef ETALON_SCALAR
// With roundEn the last bit shifted out is added.
template <class T, bool isSetMask = true, class V, class M>
inline void ShiftRight(const LocalTensor<T>& dst, const LocalTensor<T>& src, V scalar, M mask, std::uint8_t repeatTime,
                       const UnaryRepeatParams& p, bool roundEn) {
  static_assert(std::is_integral<T>::value, "ShiftRight takes integers");
  etalon_asc_vector v = detail::vector_of<T, T>(kAscShiftRight, dst.offset());
  v.detail = roundEn ? 1 : 0;
  detail::set_source(v, src);
  detail::set_scalar(v, static_cast<T>(scalar));
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, repeatTime, p);
  etalon_asc_vector_op(&v);
}

// dst = src * scalar + dst.
template <class T, class U>
inline void Axpy(const LocalTensor<T>& dst, const LocalTensor<U>& src, U scalar, std::int32_t count) {
  etalon_asc_vector v = detail::vector_of<T, U>(kAscAxpy, dst.offset());
  detail::set_source(v, src);
  detail::set_scalar(v, scalar);
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
template <class T, class U, bool isSetMask = true, class M>
inline void Axpy(const LocalTensor<T>& dst, const LocalTensor<U>& src, U scalar, M mask, std::uint8_t repeatTime,
                 const UnaryRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<T, U>(kAscAxpy, dst.offset());
  detail::set_source(v, src);
  detail::set_scalar(v, scalar);
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, repeatTime, p);
  etalon_asc_vector_op(&v);
}

// exp(src0 - src1): one instruction of dav-3510, here its steps.
template <class T, class U>
inline void FusedExpSub(const LocalTensor<T>& dst, const LocalTensor<U>& src0, const LocalTensor<U>& src1,
                        std::uint32_t count) {
  static_assert(std::is_same<T, U>::value, "FusedExpSub gives the type of its sources here");
  Sub(dst, src0, src1, static_cast<std::int32_t>(count));
  PipeBarrier<PIPE_V>();
  Exp(dst, dst, static_cast<std::int32_t>(count));
}

template <class D, class S>
inline void Cast(const LocalTensor<D>& dst, const LocalTensor<S>& src, RoundMode mode, std::uint32_t count) {
  etalon_asc_vector v = detail::vector_of<D, S>(kAscCast, dst.offset());
  v.detail = static_cast<std::uint8_t>(mode);
  detail::set_source(v, src);
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
template <class D, class S, bool isSetMask = true, class M>
inline void Cast(const LocalTensor<D>& dst, const LocalTensor<S>& src, RoundMode mode, M mask, std::uint8_t repeatTime,
                 const UnaryRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<D, S>(kAscCast, dst.offset());
  v.detail = static_cast<std::uint8_t>(mode);
  detail::set_source(v, src);
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, repeatTime, p);
  etalon_asc_vector_op(&v);
}

template <class T, class V>
inline void Duplicate(const LocalTensor<T>& dst, V scalar, std::int32_t count) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscDuplicate, dst.offset());
  detail::set_scalar(v, static_cast<T>(scalar));
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
template <class T, bool isSetMask = true, class V, class M>
inline void Duplicate(const LocalTensor<T>& dst, V scalar, M mask, std::uint8_t repeatTime, std::uint16_t dstBlockStride,
                      std::uint8_t dstRepeatStride) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscDuplicate, dst.offset());
  detail::set_scalar(v, static_cast<T>(scalar));
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, repeatTime, UnaryRepeatParams(dstBlockStride, 1, dstRepeatStride, 8));
  etalon_asc_vector_op(&v);
}

template <class T, bool isSetMask = true, class M>
inline void Copy(const LocalTensor<T>& dst, const LocalTensor<T>& src, M mask, std::uint8_t repeatTime,
                 const CopyRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscCopy, dst.offset());
  detail::set_source(v, src);
  detail::set_mask<isSetMask>(v, mask);
  v.repeat = repeatTime;
  v.dst_block = p.dstStride;
  v.src0_block = p.srcStride;
  v.dst_repeat = p.dstRepeatSize;
  v.src0_repeat = p.srcRepeatSize;
  etalon_asc_vector_op(&v);
}

// first, first + step, ... (built from scalar work and doubling copies on real cores; one instruction per 256 bytes)
template <class T, class V>
inline void CreateVecIndex(const LocalTensor<T>& dst, V first, std::uint32_t count) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscArange, dst.offset());
  detail::set_scalar(v, static_cast<T>(first));
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
// With a mask: each repeat goes on where the one before it ended.
template <class T, class V, class M>
inline void CreateVecIndex(const LocalTensor<T>& dst, V first, M mask, std::uint8_t repeatTime,
                           std::uint16_t dstBlkStride, std::uint8_t dstRepStride) {
  std::uint64_t per_repeat = 256 / sizeof(T);
  if constexpr (std::is_integral<M>::value) per_repeat = static_cast<std::uint64_t>(mask);
  for (std::uint64_t r = 0; r < repeatTime; ++r) {
    etalon_asc_vector v = detail::vector_of<T, T>(kAscArange, dst.offset() + static_cast<std::uint32_t>(r) *
                                                                                  dstRepStride * 32);
    detail::set_scalar(v, static_cast<T>(first + static_cast<V>(r * per_repeat)));
    detail::set_mask<true>(v, mask);
    detail::set_strides(v, 1, UnaryRepeatParams(dstBlkStride, 1, dstRepStride, 8));
    etalon_asc_vector_op(&v);
  }
}

}  // namespace AscendC
