// SPDX-License-Identifier: Apache-2.0
#pragma once

// L1 to L0A and L0B: fractals, blocks turned around, feature maps unrolled.

#include "copy.h"

namespace AscendC {

// Fractals of 512 bytes: srcStride from start to start, dstGap from end to start.
struct LoadData2DParams {
  std::uint16_t startIndex = 0;
  std::uint8_t repeatTimes = 0;
  std::uint16_t srcStride = 0;
  std::uint8_t sid = 0;
  std::uint16_t dstGap = 0;
  bool ifTranspose = false;
  std::uint8_t addrMode = 0;
  LoadData2DParams() = default;
  LoadData2DParams(std::uint16_t start, std::uint8_t repeat, std::uint16_t stride, std::uint8_t id, std::uint16_t gap,
                   bool transpose, std::uint8_t mode)
      : startIndex(start), repeatTimes(repeat), srcStride(stride), sid(id), dstGap(gap), ifTranspose(transpose),
        addrMode(mode) {}
};

using LoadData2dParams = LoadData2DParams;

// A region of an operand in fractal columns (dav-3510): its first fractal in either direction, how many; srcStride and
// dstStride from one column to the next. Transposed, columns become rows, whatever the width of an element.
struct LoadData2DParamsV2 {
  std::uint32_t mStartPosition = 0, kStartPosition = 0;
  std::uint16_t mStep = 0, kStep = 0;
  std::int32_t srcStride = 0;
  std::uint16_t dstStride = 0;
  bool ifTranspose = false;
  std::uint8_t sid = 0;
  LoadData2DParamsV2() = default;
  LoadData2DParamsV2(std::uint32_t m, std::uint32_t k, std::uint16_t m_step, std::uint16_t k_step, std::int32_t src_stride,
                     std::uint16_t dst_stride, bool transpose, std::uint8_t id = 0)
      : mStartPosition(m), kStartPosition(k), mStep(m_step), kStep(k_step), srcStride(src_stride), dstStride(dst_stride),
        ifTranspose(transpose), sid(id) {}
};
// Scales of such an operand, one for 32 elements of k: pieces of 32 bytes, 16 rows of m (or n) by two scales, so row by row of
// pieces in L1. x counts rows of pieces, y pieces in them; strides from one row to the next.
struct LoadData2DMxParams {
  std::uint16_t xStartPosition = 0, yStartPosition = 0;
  std::uint8_t xStep = 0, yStep = 0;
  std::uint16_t srcStride = 0, dstStride = 0;
};

// Square blocks (16x16 of 16 bit, 32x32 of 8 bit, 16x16 of 32 bit); start and srcStride count blocks, gaps fractals.
struct LoadData2dTransposeParams {
  std::uint16_t startIndex = 0;
  std::uint8_t repeatTimes = 0;
  std::uint16_t srcStride = 0, dstGap = 0, dstFracGap = 0;
  std::uint8_t addrMode = 0;
  LoadData2dTransposeParams() = default;
  LoadData2dTransposeParams(std::uint16_t start, std::uint8_t repeat, std::uint16_t stride, std::uint16_t gap,
                            std::uint16_t fractal_gap, std::uint8_t mode = 0)
      : startIndex(start), repeatTimes(repeat), srcStride(stride), dstGap(gap), dstFracGap(fractal_gap), addrMode(mode) {}
};

// im2col of an NC1HWC0 feature map in L1: rows are output positions, columns filter taps times channels.
template <class T>
struct LoadData3DParamsV2 {
  std::uint8_t padList[4] = {0, 0, 0, 0};  // left, right, top, bottom
  std::uint16_t l1H = 0, l1W = 0, channelSize = 0, kExtension = 0, mExtension = 0, kStartPt = 0, mStartPt = 0;
  std::uint8_t strideW = 1, strideH = 1, filterW = 1, filterH = 1, dilationFilterW = 1, dilationFilterH = 1;
  bool enTranspose = false, enSmallK = false;
  T padValue = T(0);
  bool filterSizeW = false, filterSizeH = false, fMatrixCtrl = false;
};

// What LoadData sets by itself; what it does not comes from SetFmatrix and SetLoadDataPaddingValue.
struct IsResetLoad3dConfig {
  bool isSetFMatrix = true, isSetPadding = true;
};
inline constexpr IsResetLoad3dConfig IS_RESER_LOAD3D_DEFAULT_CONFIG = {true, true};
enum class FmatrixMode : std::uint8_t { FMATRIX_LEFT, FMATRIX_RIGHT };

namespace detail {
template <class T>
inline etalon_asc_load load_of(int kind, const LocalTensor<T>& dst, const LocalTensor<T>& src, bool transpose) {
  etalon_asc_load l = {};
  l.kind = static_cast<std::uint8_t>(kind);
  l.dst_space = static_cast<std::uint8_t>(dst.space());
  l.type = type_code<T>;
  l.transpose = transpose ? 1 : 0;
  l.dst = dst.offset();
  l.src = src.offset();
  return l;
}
// What loads of whole fractals or blocks share.
template <class Params>
inline void set_repeats(etalon_asc_load& l, const Params& p) {
  l.start = p.startIndex;
  l.repeat = p.repeatTimes;
  l.src_stride = p.srcStride;
  l.dst_gap = p.dstGap;
}
}  // namespace detail

template <class T>
inline void LoadData(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LoadData2DParams& p) {
  etalon_asc_load l = detail::load_of(kAscLoad2d, dst, src, p.ifTranspose);
  detail::set_repeats(l, p);
  etalon_asc_load_op(&l);
}
template <class T>
inline void LoadData(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LoadData2DParamsV2& p) {
  etalon_asc_load l = detail::load_of(kAscLoadRegion, dst, src, p.ifTranspose);
  l.m_start = static_cast<std::uint16_t>(p.mStartPosition), l.k_start = static_cast<std::uint16_t>(p.kStartPosition);
  l.m_step = p.mStep, l.k_step = p.kStep;
  l.src_stride = p.srcStride, l.dst_stride = p.dstStride;
  etalon_asc_load_op(&l);
}
// An operand with its scales.
template <class T, class U, class Scale>
inline void LoadData(const LocalTensor<U>& dst, const LocalTensor<T>& src, const LocalTensor<Scale>& scales,
                     const LoadData2DParamsV2& p, const LoadData2DMxParams& mx) {
  static_assert(sizeof(T) == sizeof(U) && sizeof(Scale) == 1, "operands of one byte and scales of fp8_e8m0_t");
  LoadData(LocalTensor<std::uint8_t>(dst.GetPosition(), dst.offset(), 0), LocalTensor<std::uint8_t>(src.GetPosition(), src.offset(), 0), p);
  etalon_asc_load l = {};
  l.kind = kAscLoadScales;
  l.type = kAscU8;
  l.dst_space = static_cast<std::uint8_t>(dst.space());
  l.dst = dst.offset(), l.src = scales.offset();
  l.table = etalon_asc_current->space_bytes[dst.space()];
  l.m_start = mx.yStartPosition, l.m_step = mx.yStep, l.k_start = mx.xStartPosition, l.k_step = mx.xStep;
  l.src_stride = mx.srcStride, l.dst_stride = mx.dstStride;
  etalon_asc_load_op(&l);
}
template <class T>
inline void LoadDataWithTranspose(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                                  const LoadData2dTransposeParams& p) {
  etalon_asc_load l = detail::load_of(kAscLoadTranspose, dst, src, true);
  detail::set_repeats(l, p);
  l.dst_fractal_gap = p.dstFracGap;
  etalon_asc_load_op(&l);
}
// 4:2 sparsity: fractals of B of which two of every four rows are stored, with their indices (2 bits each, the first in
// the lowest bits of a byte): 128 bytes of `idx` for each 512 of `src`.
template <class T, class U>
inline void LoadDataWithSparse(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<U>& idx,
                               const LoadData2DParams& p) {
  static_assert(std::is_same<T, std::int8_t>::value && sizeof(U) == 1, "LoadDataWithSparse takes int8_t and bytes of indices");
  if (dst.space() != kAscL0b) etalon_asc_fail("ascendc.type", "LoadDataWithSparse loads into B2");
  if (p.ifTranspose) etalon_asc_fail("ascendc.type", "LoadDataWithSparse does not transpose");
  etalon_asc_load l = detail::load_of(kAscLoadSparse, dst, src, false);
  detail::set_repeats(l, p);
  l.index = idx.offset();
  l.table = etalon_asc_current->space_bytes[kAscL0b];
  etalon_asc_load_op(&l);
}
// Fractals straight from device memory.
template <class T>
inline void LoadData(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const LoadData2DParams& p) {
  if (p.ifTranspose) etalon_asc_fail("ascendc.type", "LoadData from device memory does not transpose");
  etalon_asc_move m = detail::move_of(src, dst, true);
  m.gm = static_cast<unsigned char*>(m.gm) + std::size_t{p.startIndex} * 512;
  m.rows = p.repeatTimes;
  m.row_bytes = 512;
  m.src_pitch = std::int64_t{p.srcStride} * 512;
  m.dst_pitch = (1 + std::int64_t{p.dstGap}) * 512;
  etalon_asc_move_op(&m);
}

inline void SetFmatrix(std::uint16_t l1H, std::uint16_t l1W, const std::uint8_t padList[4], FmatrixMode mode) {
  auto& f = etalon_asc_current->fmatrix[static_cast<int>(mode)];
  f.height = l1H;
  f.width = l1W;
  for (int i = 0; i < 4; ++i) f.pad[i] = padList[i];
}
template <class T>
inline void SetLoadDataPaddingValue(const T value) {
  etalon_asc_current->load_pad = static_cast<double>(static_cast<float>(value));
}
// Loads that run beyond L1 wrap around at this address; 0: at its end. They stay inside L1 here.
inline void SetLoadDataBoundary(std::uint32_t boundary) {
  if (boundary != 0) etalon_asc_fail("ascendc.type", "SetLoadDataBoundary: only 0, the end of L1, is available");
}

// extConfig: k and m extension, k and m start, 16 bits each from the lowest. filterConfig: stride, size and dilation of the
// filter, width before height, 8 bits each.
struct LoadData3DParamsV2Pro {
  std::uint16_t channelSize = 0;
  bool enTranspose = false, enSmallK = false, filterSizeW = false, filterSizeH = false, fMatrixCtrl = false;
  std::uint64_t extConfig = 0, filterConfig = 0x010101010101;
};
template <class T>
inline void LoadData(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LoadData3DParamsV2Pro& p) {
  etalon_asc_load l = detail::load_of(kAscLoad3d, dst, src, p.enTranspose);
  const auto& f = etalon_asc_current->fmatrix[p.fMatrixCtrl ? 1 : 0];
  const auto ext = [&](int i) { return static_cast<std::uint16_t>(p.extConfig >> (16 * i)); };
  const auto filter = [&](int i) { return static_cast<std::uint8_t>(p.filterConfig >> (8 * i)); };
  l.l1_h = f.height, l.l1_w = f.width;
  for (int i = 0; i < 4; ++i) l.pad[i] = f.pad[i];
  l.channels = p.channelSize;
  l.k_extension = ext(0), l.m_extension = ext(1), l.k_start = ext(2), l.m_start = ext(3);
  l.stride_w = filter(0), l.stride_h = filter(1), l.filter_w = filter(2), l.filter_h = filter(3);
  l.dilation_w = filter(4), l.dilation_h = filter(5);
  l.pad_value = etalon_asc_current->load_pad;
  etalon_asc_load_op(&l);
}
template <class T, const IsResetLoad3dConfig& config = IS_RESER_LOAD3D_DEFAULT_CONFIG, class U = T>
inline void LoadData(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LoadData3DParamsV2<U>& p) {
  etalon_asc_load l = detail::load_of(kAscLoad3d, dst, src, p.enTranspose);
  const auto& f = etalon_asc_current->fmatrix[p.fMatrixCtrl ? 1 : 0];
  l.l1_h = config.isSetFMatrix ? p.l1H : f.height;
  l.l1_w = config.isSetFMatrix ? p.l1W : f.width;
  l.channels = p.channelSize;
  l.k_extension = p.kExtension;
  l.m_extension = p.mExtension;
  l.k_start = p.kStartPt;
  l.m_start = p.mStartPt;
  for (int i = 0; i < 4; ++i) l.pad[i] = config.isSetFMatrix ? p.padList[i] : f.pad[i];
  l.stride_w = p.strideW;
  l.stride_h = p.strideH;
  l.filter_w = p.filterW;
  l.filter_h = p.filterH;
  l.dilation_w = p.dilationFilterW;
  l.dilation_h = p.dilationFilterH;
  l.pad_value =
      config.isSetPadding ? static_cast<double>(static_cast<float>(p.padValue)) : etalon_asc_current->load_pad;
  etalon_asc_load_op(&l);
}

}  // namespace AscendC
