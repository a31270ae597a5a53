// SPDX-License-Identifier: Apache-2.0
#pragma once

// Compare to bit masks, select by bit masks, gathers and rearrangements.

#include "vector_form.h"

namespace AscendC {

// One bit per element, packed; a repeat of 64 fp32 elements gives 8 bytes.
template <class T, class U>
inline void Compare(const LocalTensor<U>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode,
                    std::uint32_t count) {
  etalon_asc_vector v = detail::vector_of<U, T>(kAscCompare, dst.offset());
  v.detail = static_cast<std::uint8_t>(mode);
  detail::set_sources(v, src0, src1);
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
template <class T, class U, bool isSetMask = true, class M>
inline void Compare(const LocalTensor<U>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode,
                    M mask, std::uint8_t repeatTime, const BinaryRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<U, T>(kAscCompare, dst.offset());
  v.detail = static_cast<std::uint8_t>(mode);
  detail::set_sources(v, src0, src1);
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, repeatTime, p);
  etalon_asc_vector_op(&v);
}
// One repeat into the compare register; bits of elements that are masked out stay.
template <class T, bool isSetMask = true, class M>
inline void Compare(const LocalTensor<T>& src0, const LocalTensor<T>& src1, CMPMODE mode, M mask,
                    const BinaryRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<std::uint8_t, T>(kAscCompareBits, 0);
  v.detail = static_cast<std::uint8_t>(mode);
  detail::set_sources(v, src0, src1);
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, 1, p);
  etalon_asc_vector_op(&v);
}
// 128 bits into the compare register, and out of it.
template <class T>
inline void SetCmpMask(const LocalTensor<T>& src) {
  etalon_asc_vector v = detail::vector_of<std::uint8_t, std::uint8_t>(kAscSetBits, 0);
  detail::set_source(v, src);
  v.repeat = 1;
  etalon_asc_vector_op(&v);
}
template <class T>
inline void GetCmpMask(const LocalTensor<T>& dst) {
  etalon_asc_vector v = detail::vector_of<std::uint8_t, std::uint8_t>(kAscGetBits, dst.offset());
  v.repeat = 1;
  etalon_asc_vector_op(&v);
}
template <class T, class U>
inline void Compares(const LocalTensor<U>& dst, const LocalTensor<T>& src0, T scalar, CMPMODE mode,
                     std::uint32_t count) {
  etalon_asc_vector v = detail::vector_of<U, T>(kAscCompares, dst.offset());
  v.detail = static_cast<std::uint8_t>(mode);
  detail::set_source(v, src0);
  detail::set_scalar(v, scalar);
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
template <class T, class U, bool isSetMask = true, class M>
inline void Compares(const LocalTensor<U>& dst, const LocalTensor<T>& src0, T scalar, CMPMODE mode, M mask,
                     std::uint8_t repeatTime, const UnaryRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<U, T>(kAscCompares, dst.offset());
  v.detail = static_cast<std::uint8_t>(mode);
  detail::set_source(v, src0);
  detail::set_scalar(v, scalar);
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, repeatTime, p);
  etalon_asc_vector_op(&v);
}
template <class T, class U>
inline void CompareScalar(const LocalTensor<U>& dst, const LocalTensor<T>& src0, T scalar, CMPMODE mode,
                          std::uint32_t count) {
  Compares(dst, src0, scalar, mode, count);
}
template <class T, class U, bool isSetMask = true, class M>
inline void CompareScalar(const LocalTensor<U>& dst, const LocalTensor<T>& src0, T scalar, CMPMODE mode, M mask,
                          std::uint8_t repeatTime, const UnaryRepeatParams& p) {
  Compares<T, U, isSetMask>(dst, src0, scalar, mode, mask, repeatTime, p);
}

namespace detail {
template <class T, class U>
inline etalon_asc_vector select_of(const LocalTensor<T>& dst, const LocalTensor<U>& mask, const LocalTensor<T>& src0,
                                   SELMODE mode) {
  etalon_asc_vector v = vector_of<T, T>(kAscSelect, dst.offset());
  v.detail = static_cast<std::uint8_t>(mode);
  v.extra[0] = mask.offset();
  set_source(v, src0);
  return v;
}
}  // namespace detail

// dst = bit ? src0 : src1. Mode SPR re-reads the first bits of `mask` in every repeat, the others go through it.
template <class T, class U>
inline void Select(const LocalTensor<T>& dst, const LocalTensor<U>& mask, const LocalTensor<T>& src0,
                   const LocalTensor<T>& src1, SELMODE mode, std::uint32_t count) {
  etalon_asc_vector v = detail::select_of(dst, mask, src0, mode);
  detail::set_sources(v, src0, src1);
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
template <class T, class U>
inline void Select(const LocalTensor<T>& dst, const LocalTensor<U>& mask, const LocalTensor<T>& src0, T src1,
                   SELMODE mode, std::uint32_t count) {
  etalon_asc_vector v = detail::select_of(dst, mask, src0, mode);
  detail::set_scalar(v, src1);
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
template <class T, class U, bool isSetMask = true, class M>
inline void Select(const LocalTensor<T>& dst, const LocalTensor<U>& selMask, const LocalTensor<T>& src0,
                   const LocalTensor<T>& src1, SELMODE mode, M mask, std::uint8_t repeatTime,
                   const BinaryRepeatParams& p) {
  etalon_asc_vector v = detail::select_of(dst, selMask, src0, mode);
  detail::set_sources(v, src0, src1);
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, repeatTime, p);
  etalon_asc_vector_op(&v);
}
template <class T, class U, bool isSetMask = true, class M>
inline void Select(const LocalTensor<T>& dst, const LocalTensor<U>& selMask, const LocalTensor<T>& src0, T src1,
                   SELMODE mode, M mask, std::uint8_t repeatTime, const BinaryRepeatParams& p) {
  etalon_asc_vector v = detail::select_of(dst, selMask, src0, mode);
  detail::set_scalar(v, src1);
  detail::set_mask<isSetMask>(v, mask);
  detail::set_strides(v, repeatTime, p);
  etalon_asc_vector_op(&v);
}

// By the compare register, over the elements of the mask register: it holds the bits of a repeat, or a scalar (src1
// then holds where the bits lie), or where the bits lie (SetCmpMask).
template <class T, SELMODE selMode>
inline void Select(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,
                   std::uint8_t repeatTime, const BinaryRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscSelect, dst.offset());
  v.detail = static_cast<std::uint8_t>(selMode);
  v.extra[1] = 1;
  detail::set_sources(v, src0, src1);
  detail::set_mask<false>(v, std::uint64_t{0});
  detail::set_strides(v, repeatTime, p);
  etalon_asc_vector_op(&v);
}

// Eight elements per repeat, each spread over one 32-byte block.
template <class T>
inline void Brcb(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint8_t repeatTime,
                 const BrcbRepeatParams& p) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscBrcb, dst.offset());
  detail::set_source(v, src);
  v.repeat = repeatTime;
  v.dst_block = p.dstBlkStride;
  v.dst_repeat = p.dstRepStride;
  etalon_asc_vector_op(&v);
}

// dst[i] = element of src at byte offset srcOffset[i] + srcBaseAddr.
template <class T>
inline void Gather(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint32_t>& srcOffset,
                   std::uint32_t srcBaseAddr, std::uint32_t count) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscGather, dst.offset());
  detail::set_sources(v, src, srcOffset);
  v.extra[0] = srcBaseAddr;
  detail::set_count(v, count);
  etalon_asc_vector_op(&v);
}
template <class T, class M>
inline void Gather(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint32_t>& srcOffset,
                   std::uint32_t srcBaseAddr, M mask, std::uint8_t repeatTime, std::uint16_t dstRepStride) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscGather, dst.offset());
  detail::set_sources(v, src, srcOffset);
  v.extra[0] = srcBaseAddr;
  if constexpr (std::is_integral<M>::value) detail::set_mask<true>(v, static_cast<std::uint64_t>(mask));
  else detail::set_mask<true>(v, mask);
  v.repeat = repeatTime;
  v.dst_block = 1;
  v.dst_repeat = dstRepStride;
  v.src1_block = 1;
  v.src1_repeat = static_cast<std::uint16_t>(8 * sizeof(std::uint32_t) / (sizeof(T) < 4 ? 2 : 4));
  etalon_asc_vector_op(&v);
}

// A 16 x 16 matrix of 16-bit elements.
template <class T>
inline void Transpose(const LocalTensor<T>& dst, const LocalTensor<T>& src) {
  static_assert(sizeof(T) == 2, "Transpose takes 16 x 16 elements of 16 bits");
  etalon_asc_vector v = detail::vector_of<T, T>(kAscTranspose16, dst.offset());
  detail::set_source(v, src);
  v.repeat = 1;
  etalon_asc_vector_op(&v);
}

// Per repeat: 32 scores with their indices become 32 (score, index) pairs of 8 bytes, largest first.
template <class T>
inline void Sort32(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<std::uint32_t>& src1,
                   std::int32_t repeatTime) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscSort32, dst.offset());
  detail::set_sources(v, src0, src1);
  v.repeat = static_cast<std::uint32_t>(repeatTime);
  etalon_asc_vector_op(&v);
}

template <class T>
struct MrgSortSrcList {
  LocalTensor<T> src1, src2, src3, src4;
  MrgSortSrcList() = default;
  MrgSortSrcList(const LocalTensor<T>& a, const LocalTensor<T>& b, const LocalTensor<T>& c, const LocalTensor<T>& d)
      : src1(a), src2(b), src3(c), src4(d) {}
};
struct MrgSort4Info {
  std::uint16_t elementLengths[4] = {0, 0, 0, 0};  // pairs in each list
  bool ifExhaustedSuspension = false;
  std::uint16_t validBit = 0;                      // which lists take part
  std::uint16_t repeatTimes = 1;
  MrgSort4Info() = default;
  MrgSort4Info(const std::uint16_t lengths[4], bool suspends, std::uint16_t valid, std::uint16_t repeat)
      : ifExhaustedSuspension(suspends), validBit(valid), repeatTimes(repeat) {
    for (int i = 0; i < 4; ++i) elementLengths[i] = lengths[i];
  }
};
// Merges up to four sorted lists of (score, index) pairs. A repeat takes the next four lists, which lie behind those
// of the repeat before. With ifExhaustedSuspension it ends once one list is used up.
template <class T>
inline void MrgSort(const LocalTensor<T>& dst, const MrgSortSrcList<T>& src, const MrgSort4Info& p) {
  etalon_asc_vector v = detail::vector_of<T, T>(kAscMrgSort, dst.offset());
  v.sources = 1;
  v.src0 = src.src1.offset();
  v.src1 = src.src2.offset();
  v.extra[0] = src.src3.offset();
  v.extra[1] = src.src4.offset();
  v.extra[2] = p.elementLengths[0] | (static_cast<std::uint32_t>(p.elementLengths[1]) << 16);
  v.extra[3] = p.elementLengths[2] | (static_cast<std::uint32_t>(p.elementLengths[3]) << 16);
  v.detail = static_cast<std::uint8_t>((p.validBit & 15) | (p.ifExhaustedSuspension ? 0x80 : 0));
  v.repeat = p.repeatTimes;
  etalon_asc_vector_op(&v);
}

}  // namespace AscendC
