// SPDX-License-Identifier: Apache-2.0
#pragma once

// The cube's instructions: L1 to L0A/L0B, matrix multiply-accumulate, and the way out through FixPipe.

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

struct MmadParams {
  std::uint16_t m = 0, n = 0, k = 0;
  bool isBias = false;
  std::int32_t fmOffset = 0;
  bool enSsparse = false, enWinogradA = false, enWinogradB = false;
  std::uint8_t unitFlag = 0;
  bool kDirectionAlign = false, cmatrixSource = false, cmatrixInitVal = true;
};

struct FixpipeParamsV220 {
  std::uint16_t nSize = 0, mSize = 0, srcStride = 0;
  std::uint32_t dstStride = 0;
  QuantMode_t quantPre = NoQuant;
  std::uint64_t deqScalar = 0;
  std::uint16_t ndNum = 1, srcNdStride = 0, dstNdStride = 0;
  bool reluEn = false;
  std::uint8_t unitFlag = 0;
  bool isChannelSplit = false;
};
enum class CO2Layout : std::uint8_t { NZ, ROW_MAJOR };
// dav-3510: also L0C to the unified buffers of the block's vector cores, to one of them (subBlockId) or halved between
// both by rows (dualDstCtl 1) or by columns (2).
template <CO2Layout format = CO2Layout::ROW_MAJOR>
struct FixpipeParamsC310 {
  std::uint16_t nSize = 0, mSize = 0, srcStride = 0;
  std::uint32_t dstStride = 0;
  QuantMode_t quantPre = NoQuant;
  std::uint64_t deqScalar = 0;
  bool reluEn = false;
  std::uint8_t unitFlag = 0;
  bool isChannelSplit = false;
  std::uint8_t dualDstCtl = 0, subBlockId = 0;
};
struct FixpipeConfig {
  CO2Layout format;
};
inline constexpr FixpipeConfig CFG_NZ = {CO2Layout::NZ};
inline constexpr FixpipeConfig CFG_ROW_MAJOR = {CO2Layout::ROW_MAJOR};

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
inline void LoadDataWithTranspose(const LocalTensor<T>& dst, const LocalTensor<T>& src,
                                  const LoadData2dTransposeParams& p) {
  etalon_asc_load l = detail::load_of(kAscLoadTranspose, dst, src, true);
  detail::set_repeats(l, p);
  l.dst_fractal_gap = p.dstFracGap;
  etalon_asc_load_op(&l);
}
template <class T, class U = T>
inline void LoadData(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LoadData3DParamsV2<U>& p) {
  etalon_asc_load l = detail::load_of(kAscLoad3d, dst, src, p.enTranspose);
  l.l1_h = p.l1H;
  l.l1_w = p.l1W;
  l.channels = p.channelSize;
  l.k_extension = p.kExtension;
  l.m_extension = p.mExtension;
  l.k_start = p.kStartPt;
  l.m_start = p.mStartPt;
  for (int i = 0; i < 4; ++i) l.pad[i] = p.padList[i];
  l.stride_w = p.strideW;
  l.stride_h = p.strideH;
  l.filter_w = p.filterW;
  l.filter_h = p.filterH;
  l.dilation_w = p.dilationFilterW;
  l.dilation_h = p.dilationFilterH;
  l.pad_value = static_cast<double>(static_cast<float>(p.padValue));
  etalon_asc_load_op(&l);
}

// Fills a range of L1, L0A or L0B with one value.
template <class T>
struct InitConstValueParams {
  std::uint16_t repeatTimes = 0, blockNum = 0, dstGap = 0;
  T initValue = T(0);
};
template <class T>
inline void InitConstValue(const LocalTensor<T>& dst, const InitConstValueParams<T>& p) {
  const std::int64_t unit = dst.space() == kAscL1 ? 32 : 512;
  for (int i = 0; i < p.repeatTimes; ++i) {
    etalon_asc_fill_op(dst.space(), dst.offset() + static_cast<std::uint32_t>(i * (p.blockNum + p.dstGap) * unit),
                       p.blockNum * unit, detail::pattern_of(p.initValue), sizeof(T));
  }
}

namespace detail {
template <class C, class A, class B>
inline etalon_asc_mmad mmad_of(const LocalTensor<C>& c, const LocalTensor<A>& a, const LocalTensor<B>& b,
                               const MmadParams& p) {
  etalon_asc_mmad d = {};
  d.a_type = type_code<A>;
  d.b_type = type_code<B>;
  d.c_type = type_code<C>;
  d.unit_flag = p.unitFlag;
  d.init = p.cmatrixInitVal ? 1 : 0;
  d.k_align = p.kDirectionAlign ? 1 : 0;
  d.hf32 = etalon_asc_current->hf32;
  d.a = a.offset();
  d.b = b.offset();
  d.c = c.offset();
  d.m = p.m;
  d.n = p.n;
  d.k = p.k;
  return d;
}
}  // namespace detail

template <class C, class A, class B>
inline void Mmad(const LocalTensor<C>& c, const LocalTensor<A>& a, const LocalTensor<B>& b, const MmadParams& p) {
  const etalon_asc_mmad d = detail::mmad_of(c, a, b, p);
  etalon_asc_mmad_op(&d);
}
// C = bias (one row of n values in the bias table) + A * B.
template <class C, class A, class B, class D>
inline void Mmad(const LocalTensor<C>& c, const LocalTensor<A>& a, const LocalTensor<B>& b, const LocalTensor<D>& bias,
                 const MmadParams& p) {
  etalon_asc_mmad d = detail::mmad_of(c, a, b, p);
  d.bias = 1;
  d.init = 0;
  d.bias_offset = bias.offset();
  etalon_asc_mmad_op(&d);
}

namespace detail {
// What both parameter structures share.
template <class D, class S, class Params>
inline etalon_asc_fixpipe fixpipe_common(const LocalTensor<S>& src, const Params& p, bool nz) {
  etalon_asc_fixpipe f = {};
  f.dst_type = type_code<D>;
  f.src_type = type_code<S>;
  f.quant = static_cast<std::uint8_t>(p.quantPre);
  f.relu = p.reluEn ? 1 : 0;
  f.unit_flag = p.unitFlag;
  f.nz = nz ? 1 : 0;
  f.channel_split = p.isChannelSplit ? 1 : 0;
  f.src = src.offset();
  f.m = p.mSize;
  f.n = p.nSize;
  f.src_stride = p.srcStride;
  f.dst_stride = p.dstStride;
  f.matrices = 1;
  f.scale = p.deqScalar;
  return f;
}
template <class D, class S>
inline etalon_asc_fixpipe fixpipe_of(const LocalTensor<S>& src, const FixpipeParamsV220& p, bool nz) {
  etalon_asc_fixpipe f = fixpipe_common<D>(src, p, nz);
  f.matrices = p.ndNum;
  f.src_matrix = p.srcNdStride;
  f.dst_matrix = p.dstNdStride;
  return f;
}
}  // namespace detail

template <class D, class S, const FixpipeConfig& config = CFG_ROW_MAJOR>
inline void Fixpipe(const GlobalTensor<D>& dst, const LocalTensor<S>& src, const FixpipeParamsV220& p) {
  etalon_asc_fixpipe f = detail::fixpipe_of<D>(src, p, config.format == CO2Layout::NZ);
  f.dst_space = kAscGm;
  f.gm = dst.GetPhyAddr();
  etalon_asc_fixpipe_op(&f);
}
template <class D, class S, const FixpipeConfig& config = CFG_ROW_MAJOR>
inline void Fixpipe(const LocalTensor<D>& dst, const LocalTensor<S>& src, const FixpipeParamsV220& p) {
  etalon_asc_fixpipe f = detail::fixpipe_of<D>(src, p, config.format == CO2Layout::NZ);
  f.dst_space = static_cast<std::uint8_t>(dst.space());
  f.dst = dst.offset();
  etalon_asc_fixpipe_op(&f);
}
template <class D, class S, CO2Layout format>
inline void Fixpipe(const LocalTensor<D>& dst, const LocalTensor<S>& src, const FixpipeParamsC310<format>& p) {
  etalon_asc_fixpipe f = detail::fixpipe_common<D>(src, p, format == CO2Layout::NZ);
  f.dst_space = static_cast<std::uint8_t>(dst.space());
  f.dst = dst.offset();
  f.dual = p.dualDstCtl;
  f.sub_block = p.subBlockId;
  etalon_asc_fixpipe_op(&f);
}
// With per-channel scales in the FixPipe buffer.
template <class D, class S, class U, const FixpipeConfig& config = CFG_ROW_MAJOR>
inline void Fixpipe(const GlobalTensor<D>& dst, const LocalTensor<S>& src, const LocalTensor<U>& scales,
                    const FixpipeParamsV220& p) {
  etalon_asc_fixpipe f = detail::fixpipe_of<D>(src, p, config.format == CO2Layout::NZ);
  f.dst_space = kAscGm;
  f.gm = dst.GetPhyAddr();
  f.scale = scales.offset();
  etalon_asc_fixpipe_op(&f);
}

}  // namespace AscendC
