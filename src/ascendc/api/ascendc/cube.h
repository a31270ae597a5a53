// SPDX-License-Identifier: Apache-2.0
#pragma once

// The cube: matrix multiply-accumulate, and the way out through FixPipe.

#include "cube_load.h"

namespace AscendC {

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
// dav-3510: strides of the destination count elements, also of fractal columns; also L0C to the unified buffers of the block's vector cores, to one of them (subBlockId) or halved between
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
  bool isToUB = false;
};
inline constexpr FixpipeConfig CFG_NZ = {CO2Layout::NZ};
inline constexpr FixpipeConfig CFG_ROW_MAJOR = {CO2Layout::ROW_MAJOR};

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
// Operands with scales (number_types_3510.h).
template <class T>
constexpr bool is_mx = false;
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
  static_assert(sizeof(A) * 8 > 4 && (type_code<A> < kAscE2m1) && (type_code<B> < kAscE2m1),
                "Mmad: products of 4-bit floating-point numbers (fp4x2_e2m1_t, fp4x2_e1m2_t) are not available");
  d.mx = is_mx<A> && is_mx<B> ? 1 : 0;
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
// B holds two of every four of its k rows (LoadDataWithSparse), A all k of its columns.
template <class C, class A>
inline void MmadWithSparse(const LocalTensor<C>& c, const LocalTensor<A>& a, const LocalTensor<A>& b,
                           const MmadParams& p) {
  static_assert(std::is_same<C, std::int32_t>::value && std::is_same<A, std::int8_t>::value,
                "MmadWithSparse multiplies int8_t into int32_t");
  etalon_asc_mmad d = detail::mmad_of(c, a, b, p);
  d.sparse = 1;
  d.table = etalon_asc_current->space_bytes[kAscL0b];
  etalon_asc_mmad_op(&d);
}
// Operands that were loaded with their scales, whatever their type says (dav-3510).
template <class C, class A, class B>
inline void MmadMx(const LocalTensor<C>& c, const LocalTensor<A>& a, const LocalTensor<B>& b, const MmadParams& p) {
  etalon_asc_mmad d = detail::mmad_of(c, a, b, p);
  d.mx = 1;
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
namespace detail {
template <class D, CO2Layout format, class S>
inline etalon_asc_fixpipe fixpipe_of_3510(const LocalTensor<S>& src, const FixpipeParamsC310<format>& p) {
  etalon_asc_fixpipe f = fixpipe_common<D>(src, p, format == CO2Layout::NZ);
  if (format == CO2Layout::NZ) f.dst_stride = static_cast<std::uint32_t>(p.dstStride * sizeof(D) / 32);
  f.dual = p.dualDstCtl;
  f.sub_block = p.subBlockId;
  return f;
}
}  // namespace detail
template <class D, class S, CO2Layout format>
inline void Fixpipe(const LocalTensor<D>& dst, const LocalTensor<S>& src, const FixpipeParamsC310<format>& p) {
  etalon_asc_fixpipe f = detail::fixpipe_of_3510<D>(src, p);
  f.dst_space = static_cast<std::uint8_t>(dst.space());
  f.dst = dst.offset();
  etalon_asc_fixpipe_op(&f);
}
template <class D, class S, CO2Layout format>
inline void Fixpipe(const GlobalTensor<D>& dst, const LocalTensor<S>& src, const FixpipeParamsC310<format>& p) {
  etalon_asc_fixpipe f = detail::fixpipe_of_3510<D>(src, p);
  f.dst_space = kAscGm;
  f.gm = dst.GetPhyAddr();
  etalon_asc_fixpipe_op(&f);
}
// The layout is that of the parameters; the configuration says it once more.
template <class D, class S, const FixpipeConfig& config, CO2Layout format>
inline void Fixpipe(const LocalTensor<D>& dst, const LocalTensor<S>& src, const FixpipeParamsC310<format>& p) {
  Fixpipe<D, S, format>(dst, src, p);
}
template <class D, class S, const FixpipeConfig& config, CO2Layout format>
inline void Fixpipe(const GlobalTensor<D>& dst, const LocalTensor<S>& src, const FixpipeParamsC310<format>& p) {
  Fixpipe<D, S, format>(dst, src, p);
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

template <CO2Layout format = CO2Layout::ROW_MAJOR>
using FixpipeParamsArch3510 = FixpipeParamsC310<format>;

// --- the way out by DataCopy, whose scales and matrices are set before

// Where in the FixPipe buffer the scales of the channels lie.
template <class T, bool setRelu = false>
inline void SetFixPipeConfig(const LocalTensor<T>& preTensor, bool /*isUnitFlag*/ = false) {
  static_assert(!setRelu, "SetFixPipeConfig: scales of a ReLU are not available here");
  etalon_asc_current->fix_scales = preTensor.offset();
}
// One scale for all channels: fp32 bits in the low half.
inline void SetFixpipePreQuantFlag(std::uint64_t config) { etalon_asc_current->fix_scale = config; }
// Row-major results: how many matrices, from one to the next in L0C (fractals of 1024 bytes) and outside (elements).
inline void SetFixpipeNz2ndFlag(std::uint16_t ndNum, std::uint16_t srcNdStride, std::uint16_t dstNdStride) {
  etalon_asc_current->fix_matrices = ndNum;
  etalon_asc_current->fix_src_matrix = srcNdStride;
  etalon_asc_current->fix_dst_matrix = dstNdStride;
}

// dstStride: elements if nz2ndEn, else 32 bytes; srcStride: rows of 16 elements per column of fractals.
struct DataCopyCO12DstParams {
  std::uint8_t sid = 0;
  std::uint16_t nSize = 0, mSize = 0;
  std::uint32_t dstStride = 0;
  std::uint16_t srcStride = 0;
  std::uint8_t unitFlag = 0, clipReluPre = 0, eltWiseOp = 0;
  QuantMode_t quantPre = NoQuant;
  std::uint8_t reluPre = 0;
  bool channelSplit = false, nz2ndEn = false;
  DataCopyCO12DstParams() = default;
  DataCopyCO12DstParams(std::uint16_t n, std::uint16_t m, std::uint32_t dst_stride, std::uint16_t src_stride,
                        QuantMode_t quant, std::uint8_t relu, bool split, bool row_major)
      : nSize(n), mSize(m), dstStride(dst_stride), srcStride(src_stride), quantPre(quant), reluPre(relu),
        channelSplit(split), nz2ndEn(row_major) {}
};

namespace detail {
template <class D, class S>
inline etalon_asc_fixpipe copy_out_of(const LocalTensor<S>& src, const DataCopyCO12DstParams& p) {
  if (p.clipReluPre != 0 || p.eltWiseOp != 0)
    etalon_asc_fail("ascendc.type", "DataCopy out of CO1: clipReluPre and eltWiseOp are not available");
  FixpipeParamsV220 q;
  q.nSize = p.nSize, q.mSize = p.mSize, q.srcStride = p.srcStride, q.dstStride = p.dstStride;
  q.quantPre = p.quantPre, q.reluEn = p.reluPre != 0, q.unitFlag = p.unitFlag, q.isChannelSplit = p.channelSplit;
  const etalon_asc_core* core = etalon_asc_current;
  const bool per_channel = p.quantPre == VDEQF16 || p.quantPre == VREQ8 || p.quantPre == VQF322B8_PRE;
  q.deqScalar = per_channel ? core->fix_scales : core->fix_scale;
  if (p.nz2ndEn && core->fix_matrices > 0) {
    q.ndNum = core->fix_matrices;
    q.srcNdStride = core->fix_src_matrix, q.dstNdStride = core->fix_dst_matrix;
  }
  return fixpipe_of<D>(src, q, !p.nz2ndEn);
}
}  // namespace detail
template <class D, class S>
inline void DataCopy(const GlobalTensor<D>& dst, const LocalTensor<S>& src, const DataCopyCO12DstParams& p) {
  etalon_asc_fixpipe f = detail::copy_out_of<D>(src, p);
  f.dst_space = kAscGm;
  f.gm = dst.GetPhyAddr();
  etalon_asc_fixpipe_op(&f);
}
template <class D, class S>
inline void DataCopy(const LocalTensor<D>& dst, const LocalTensor<S>& src, const DataCopyCO12DstParams& p) {
  etalon_asc_fixpipe f = detail::copy_out_of<D>(src, p);
  f.dst_space = static_cast<std::uint8_t>(dst.space());
  f.dst = dst.offset();
  etalon_asc_fixpipe_op(&f);
}

}  // namespace AscendC
