// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiler's own functions around the cube, on raw addresses.

#include "cube.h"
#include "intrinsics_move.h"

// What loads with im2col and copies into L1 pad with: the low bits, by the width of the type.
inline void set_padding(std::uint64_t config) {
  etalon_asc_current->load_pad = 0;
  if (config != 0)
    etalon_asc_fail("ascendc.unsupported",
                    "set_padding: got a value other than 0; use SetLoadDataPaddingValue");
}
// Row-major results: how many matrices (bits 0 to 15), from one to the next in L0C (16 to 31) and outside (32
// to 47).
inline void set_nd_para(std::uint64_t config) {
  AscendC::SetFixpipeNz2ndFlag(static_cast<std::uint16_t>(config), static_cast<std::uint16_t>(config >> 16),
                               static_cast<std::uint16_t>(config >> 32));
}
// Lengths and destination gaps count 128 bytes, source gaps 32.
inline void copy_cbuf_to_fbuf(__fbuf__ void* dst, __cbuf__ void* src, std::uint16_t bursts,
                              std::uint16_t length, std::uint16_t src_gap, std::uint16_t dst_gap) {
  etalon_asc_move m =
      etalon_asc::bursts_of(kAscL1, kAscFb, nullptr, src, bursts, length * 128, src_gap * 32, dst_gap * 128);
  m.local2 = etalon_asc::offset(dst);
  etalon_asc_move_op(&m);
}
// c (+)= a * b, of m x k and k x n elements.
template <class C, class A, class B>
inline void mad(__cc__ C* c, __ca__ A* a, __cb__ B* b, std::uint16_t m, std::uint16_t k, std::uint16_t n,
                std::uint8_t unit_flag, bool k_align, bool c_source, bool c_init) {
  if (c_source) etalon_asc_fail("ascendc.unsupported", "mad: cmatrixSource, expected 0 (L0C)");
  using AscendC::LocalTensor;
  using AscendC::TPosition;
  AscendC::MmadParams p;
  p.m = m, p.n = n, p.k = k, p.unitFlag = unit_flag, p.kDirectionAlign = k_align, p.cmatrixInitVal = c_init;
  AscendC::Mmad(LocalTensor<C>(TPosition::CO1, etalon_asc::offset(c), 0),
                LocalTensor<A>(TPosition::A2, etalon_asc::offset(a), 0),
                LocalTensor<B>(TPosition::B2, etalon_asc::offset(b), 0), p);
}
