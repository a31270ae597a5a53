// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transfers between device memory and on-chip memory, and on-chip copies.

#include "tensor.h"

namespace AscendC {

// Units of 32 bytes; gaps are from the end of one block to the start of the next.
struct DataCopyParams {
  std::uint16_t blockCount = 1, blockLen = 0;
  union {  // both names are in use
    std::uint16_t srcGap = 0, srcStride;
  };
  union {
    std::uint16_t dstGap = 0, dstStride;
  };
  DataCopyParams() = default;
  DataCopyParams(std::uint16_t count, std::uint16_t length, std::uint16_t src_gap, std::uint16_t dst_gap)
      : blockCount(count), blockLen(length), srcGap(src_gap), dstGap(dst_gap) {}
};

// What else a copy could do on the way; here only what changes nothing is available.
enum class BlockMode : std::uint8_t {
  BLOCK_MODE_NORMAL, BLOCK_MODE_MATRIX, BLOCK_MODE_VECTOR, BLOCK_MODE_SMALL_CHANNEL, BLOCK_MODE_DEPTHWISE
};
enum class DeqScale : std::uint8_t { DEQ_NONE, DEQ, VDEQ, DEQ8, VDEQ8, DEQ16, VDEQ16 };
struct DataCopyEnhancedParams {
  BlockMode blockMode = BlockMode::BLOCK_MODE_NORMAL;
  DeqScale deqScale = DeqScale::DEQ_NONE;
  std::uint64_t deqValue = 0;
  std::uint8_t sidStoreMode = 0;
  bool isRelu = false;
};

// blockLen in bytes; strides are gaps: bytes on the device side, 32 bytes on the on-chip side.
struct DataCopyExtParams {
  std::uint16_t blockCount = 1;
  std::uint32_t blockLen = 0, srcStride = 0, dstStride = 0, rsv = 0;
  DataCopyExtParams() = default;
  DataCopyExtParams(std::uint16_t count, std::uint32_t length, std::uint32_t src, std::uint32_t dst, std::uint32_t r)
      : blockCount(count), blockLen(length), srcStride(src), dstStride(dst), rsv(r) {}
};

struct DataCopyPadParams {
  bool isPad = false;
  std::uint8_t leftPadding = 0, rightPadding = 0;
  std::uint64_t paddingValue = 0;
};

template <class T>
struct DataCopyPadExtParams {
  bool isPad = false;
  std::uint8_t leftPadding = 0, rightPadding = 0;  // elements
  T paddingValue = T(0);
  DataCopyPadExtParams() = default;
  DataCopyPadExtParams(bool pad, std::uint8_t left, std::uint8_t right, T value)
      : isPad(pad), leftPadding(left), rightPadding(right), paddingValue(value) {}
};

// ndNum row-major matrices of nValue x dValue elements become fractal columns of 32 bytes.
struct Nd2NzParams {
  std::uint16_t ndNum = 1, nValue = 0;
  std::uint32_t dValue = 0, srcNdMatrixStride = 0, srcDValue = 0;  // elements
  std::uint16_t dstNzC0Stride = 0, dstNzNStride = 1;               // 32 bytes: column to column, row to row
  std::uint32_t dstNzMatrixStride = 0;                             // elements
  Nd2NzParams() = default;
  Nd2NzParams(std::uint16_t matrices, std::uint16_t n, std::uint32_t d, std::uint32_t src_matrix, std::uint32_t src_d,
              std::uint16_t c0_stride, std::uint16_t n_stride, std::uint32_t dst_matrix)
      : ndNum(matrices), nValue(n), dValue(d), srcNdMatrixStride(src_matrix), srcDValue(src_d),
        dstNzC0Stride(c0_stride), dstNzNStride(n_stride), dstNzMatrixStride(dst_matrix) {}
};

namespace detail {

template <class T>
inline etalon_asc_move move_of(const GlobalTensor<T>& gm, const LocalTensor<T>& local, bool read) {
  etalon_asc_move m = {};
  m.src_space = static_cast<std::uint8_t>(read ? kAscGm : local.space());
  m.dst_space = static_cast<std::uint8_t>(read ? local.space() : kAscGm);
  m.type = type_code<T>;
  m.local = local.offset();
  m.gm = const_cast<void*>(static_cast<const void*>(gm.GetPhyAddr()));
  m.bypass_l2 = gm.bypasses_l2() ? 1 : 0;
  m.rows = 1;
  return m;
}
// Into the bias table lengths and destination gaps count 64 bytes, into the FixPipe buffer 128.
inline void set_blocks(etalon_asc_move& m, const DataCopyParams& p) {
  const std::int64_t unit = m.dst_space == kAscBt ? 64 : m.dst_space == kAscFb ? 128 : 32;
  m.rows = p.blockCount;
  m.row_bytes = p.blockLen * unit;
  m.src_pitch = m.row_bytes + std::int64_t{p.srcGap} * 32;
  m.dst_pitch = m.row_bytes + p.dstGap * unit;
}
template <class T>
inline std::uint64_t pattern_of(T value) {
  std::uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof(T));
  return bits;
}

}  // namespace detail

template <class T>
inline void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, std::uint32_t count) {
  etalon_asc_move m = detail::move_of(src, dst, true);
  m.row_bytes = static_cast<std::int64_t>(detail::bytes_of<T>(count));
  etalon_asc_move_op(&m);
}
template <class T>
inline void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t count) {
  etalon_asc_move m = detail::move_of(dst, src, false);
  m.row_bytes = static_cast<std::int64_t>(detail::bytes_of<T>(count));
  etalon_asc_move_op(&m);
}
template <class T>
inline void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const DataCopyParams& p) {
  etalon_asc_move m = detail::move_of(src, dst, true);
  detail::set_blocks(m, p);
  etalon_asc_move_op(&m);
}
template <class T>
inline void DataCopy(const GlobalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyParams& p) {
  etalon_asc_move m = detail::move_of(dst, src, false);
  detail::set_blocks(m, p);
  etalon_asc_move_op(&m);
}
template <class T>
inline void DataCopy(const LocalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyParams& p) {
  etalon_asc_move m = {};
  m.src_space = static_cast<std::uint8_t>(src.space());
  m.dst_space = static_cast<std::uint8_t>(dst.space());
  m.type = detail::type_code<T>;
  m.local = src.offset();
  m.local2 = dst.offset();
  detail::set_blocks(m, p);
  etalon_asc_move_op(&m);
}
template <class T>
inline void DataCopy(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t count) {
  etalon_asc_move m = {};
  m.src_space = static_cast<std::uint8_t>(src.space());
  m.dst_space = static_cast<std::uint8_t>(dst.space());
  m.type = detail::type_code<T>;
  m.local = src.offset();
  m.local2 = dst.offset();
  m.rows = 1;
  m.row_bytes = static_cast<std::int64_t>(detail::bytes_of<T>(count));
  etalon_asc_move_op(&m);
}
namespace detail {
inline void need_plain(const DataCopyEnhancedParams& p) {
  if (p.blockMode != BlockMode::BLOCK_MODE_NORMAL || p.deqScale != DeqScale::DEQ_NONE || p.isRelu)
    etalon_asc_fail("ascendc.type", "DataCopy: of DataCopyEnhancedParams only the defaults are available");
}
}  // namespace detail
template <class D, class S>
inline void DataCopy(const D& dst, const S& src, const DataCopyParams& p, const DataCopyEnhancedParams& enhanced) {
  detail::need_plain(enhanced);
  DataCopy(dst, src, p);
}
template <class T>
inline void DataCopy(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const Nd2NzParams& p) {
  etalon_asc_move m = detail::move_of(src, dst, true);
  constexpr auto size = static_cast<std::int64_t>(sizeof(T));
  m.kind = kAscMoveNd2Nz;
  m.matrices = p.ndNum;
  m.rows = p.nValue;
  m.row_bytes = p.dValue * size;
  m.src_pitch = p.srcDValue * size;
  m.dst_pitch = std::int64_t{p.dstNzNStride} * 32;
  m.dst_column_pitch = std::int64_t{p.dstNzC0Stride} * 32;
  m.src_matrix_pitch = p.srcNdMatrixStride * size;
  m.dst_matrix_pitch = p.dstNzMatrixStride * size;
  etalon_asc_move_op(&m);
}

template <class T>
inline void DataCopyPad(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const DataCopyExtParams& p,
                        const DataCopyPadExtParams<T>& pad) {
  etalon_asc_move m = detail::move_of(src, dst, true);
  m.kind = kAscMovePad;
  m.rows = p.blockCount;
  m.row_bytes = p.blockLen;
  m.src_pitch = std::int64_t{p.blockLen} + p.srcStride;
  if (pad.isPad && (pad.leftPadding > 32 / sizeof(T) || pad.rightPadding > 32 / sizeof(T)))
    etalon_asc_fail("ascendc.range", "DataCopyPad with more than 32 bytes of padding on one side");
  m.is_pad = pad.isPad ? 1 : 0;
  m.left_pad = static_cast<std::uint8_t>(pad.isPad ? pad.leftPadding * sizeof(T) : 0);
  m.right_pad = static_cast<std::uint8_t>(pad.isPad ? pad.rightPadding * sizeof(T) : 0);
  m.pad_bits = detail::pattern_of(pad.paddingValue);
  m.dst_pitch = (m.row_bytes + m.left_pad + m.right_pad + 31) / 32 * 32 + std::int64_t{p.dstStride} * 32;
  etalon_asc_move_op(&m);
}
template <class T>
inline void DataCopyPad(const LocalTensor<T>& dst, const GlobalTensor<T>& src, const DataCopyParams& p,
                        const DataCopyPadParams& pad) {
  // Here blockLen and the device-side gap are bytes.
  T value{};
  __builtin_memcpy(&value, &pad.paddingValue, sizeof(T));
  DataCopyPad(dst, src, DataCopyExtParams(p.blockCount, p.blockLen, p.srcGap, p.dstGap, 0),
              DataCopyPadExtParams<T>(pad.isPad, pad.leftPadding, pad.rightPadding, value));
}
template <class T>
inline void DataCopyPad(const GlobalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyExtParams& p) {
  etalon_asc_move m = detail::move_of(dst, src, false);
  m.kind = kAscMovePad;
  m.rows = p.blockCount;
  m.row_bytes = p.blockLen;
  m.src_pitch = (std::int64_t{p.blockLen} + 31) / 32 * 32 + std::int64_t{p.srcStride} * 32;
  m.dst_pitch = std::int64_t{p.blockLen} + p.dstStride;
  etalon_asc_move_op(&m);
}
template <class T>
inline void DataCopyPad(const GlobalTensor<T>& dst, const LocalTensor<T>& src, const DataCopyParams& p) {
  DataCopyPad(dst, src, DataCopyExtParams(p.blockCount, p.blockLen, p.srcGap, p.dstGap, 0));
}

}  // namespace AscendC
