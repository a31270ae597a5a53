// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiler's own transfers: `bursts` runs of `length`, gaps from the end of one to the start of the next. Lengths and
// gaps count 32 bytes; in the *_align_* forms lengths and device-side gaps count bytes.

#include "copy.h"
#include "intrinsics_vector.h"

enum pad_t { PAD_NONE, PAD_MODE1, PAD_MODE2, PAD_MODE3, PAD_MODE4, PAD_MODE5, PAD_MODE6, PAD_MODE7, PAD_MODE8 };

namespace etalon_asc {
inline etalon_asc_move bursts_of(int from, int to, const volatile void* gm, const volatile void* local, std::int64_t rows,
                                 std::int64_t bytes, std::int64_t src_gap, std::int64_t dst_gap) {
  etalon_asc_move m = {};
  m.src_space = static_cast<std::uint8_t>(from);
  m.dst_space = static_cast<std::uint8_t>(to);
  m.type = kAscU8;
  m.gm = const_cast<void*>(gm);
  m.local = offset(local);
  m.rows = rows;
  m.row_bytes = bytes;
  m.src_pitch = bytes + src_gap;
  m.dst_pitch = bytes + dst_gap;
  return m;
}
// What declared padding of transfers into UB holds.
inline std::uint64_t& pad_value() { return etalon_asc_current->pad_bits; }

template <class T>
inline void align_in(T* dst, const T* src, int bursts, std::int64_t bytes, int left, int right, std::int64_t src_gap,
                     std::int64_t dst_gap) {
  etalon_asc_move m = bursts_of(kAscGm, kAscUb, src, dst, bursts, bytes, src_gap, 0);
  m.kind = kAscMovePad;
  m.type = AscendC::detail::type_code<T>;
  m.is_pad = left + right > 0 ? 1 : 0;
  m.left_pad = static_cast<std::uint8_t>(left * static_cast<int>(sizeof(T)));
  m.right_pad = static_cast<std::uint8_t>(right * static_cast<int>(sizeof(T)));
  m.pad_bits = pad_value();
  m.dst_pitch = (bytes + m.left_pad + m.right_pad + 31) / 32 * 32 + dst_gap * 32;
  etalon_asc_move_op(&m);
}
template <class T>
inline void align_out(T* dst, const T* src, int bursts, std::int64_t bytes, std::int64_t src_gap, std::int64_t dst_gap) {
  etalon_asc_move m = bursts_of(kAscUb, kAscGm, dst, src, bursts, bytes, 0, dst_gap);
  m.kind = kAscMovePad;
  m.type = AscendC::detail::type_code<T>;
  m.src_pitch = (bytes + 31) / 32 * 32 + src_gap * 32;
  etalon_asc_move_op(&m);
}
}  // namespace etalon_asc

inline void copy_gm_to_ubuf(__ubuf__ void* dst, const __gm__ void* src, std::uint8_t /*sid*/, std::uint16_t bursts,
                            std::uint16_t length, std::uint16_t src_gap, std::uint16_t dst_gap) {
  const etalon_asc_move m = etalon_asc::bursts_of(kAscGm, kAscUb, src, dst, bursts, length * 32, src_gap * 32, dst_gap * 32);
  etalon_asc_move_op(&m);
}
inline void copy_ubuf_to_gm(__gm__ void* dst, const __ubuf__ void* src, std::uint8_t /*sid*/, std::uint16_t bursts,
                            std::uint16_t length, std::uint16_t src_gap, std::uint16_t dst_gap) {
  const etalon_asc_move m = etalon_asc::bursts_of(kAscUb, kAscGm, dst, src, bursts, length * 32, src_gap * 32, dst_gap * 32);
  etalon_asc_move_op(&m);
}
inline void copy_gm_to_cbuf(__cbuf__ void* dst, const __gm__ void* src, std::uint8_t /*sid*/, std::uint16_t bursts,
                            std::uint16_t length, std::uint16_t src_gap, std::uint16_t dst_gap, pad_t pad = PAD_NONE) {
  if (pad != PAD_NONE) etalon_asc_fail("ascendc.type", "copy_gm_to_cbuf: only PAD_NONE is available");
  const etalon_asc_move m = etalon_asc::bursts_of(kAscGm, kAscL1, src, dst, bursts, length * 32, src_gap * 32, dst_gap * 32);
  etalon_asc_move_op(&m);
}
inline void copy_ubuf_to_ubuf(__ubuf__ void* dst, const __ubuf__ void* src, std::uint8_t /*sid*/, std::uint16_t bursts,
                              std::uint16_t length, std::uint16_t src_gap, std::uint16_t dst_gap) {
  etalon_asc_move m = etalon_asc::bursts_of(kAscUb, kAscUb, nullptr, src, bursts, length * 32, src_gap * 32, dst_gap * 32);
  m.local2 = etalon_asc::offset(dst);
  etalon_asc_move_op(&m);
}

inline void set_mov_pad_val(std::uint64_t value) { etalon_asc::pad_value() = value; }
#define ETALON_RAW_ALIGN(suffix, Type)                                                                               \
  inline void copy_gm_to_ubuf_align_##suffix(__ubuf__ void* dst, const __gm__ void* src, std::uint8_t /*sid*/,       \
                                             std::uint16_t bursts, std::uint32_t bytes, std::uint8_t left,           \
                                             std::uint8_t right, std::uint32_t src_gap, std::uint32_t dst_gap) {     \
    etalon_asc::align_in(static_cast<Type*>(dst), static_cast<const Type*>(src), bursts, bytes, left, right, src_gap, \
                         dst_gap);                                                                                   \
  }                                                                                                                  \
  inline void copy_ubuf_to_gm_align_##suffix(__gm__ void* dst, const __ubuf__ void* src, std::uint8_t /*sid*/,       \
                                             std::uint16_t bursts, std::uint32_t bytes, std::uint8_t /*left*/,       \
                                             std::uint8_t /*right*/, std::uint32_t src_gap, std::uint32_t dst_gap) { \
    etalon_asc::align_out(static_cast<Type*>(dst), static_cast<const Type*>(src), bursts, bytes, src_gap, dst_gap);  \
  }
ETALON_RAW_ALIGN(b8, std::uint8_t)
ETALON_RAW_ALIGN(b16, std::uint16_t)
ETALON_RAW_ALIGN(b32, std::uint32_t)
#undef ETALON_RAW_ALIGN
