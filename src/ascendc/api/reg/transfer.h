// SPDX-License-Identifier: Apache-2.0
#pragma once

// Between UB and registers. An address in UB is its byte offset, as LocalTensor::GetPhyAddr gives it.

#include "cast.h"

namespace AscendC {
namespace Reg {
namespace detail {

inline std::uint32_t offset_in_ub(const volatile void* p) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(p));
}
// Where `bytes` at `from` lie, checked; null without data.
inline const unsigned char* ub_to_read(const char* name, std::uint32_t from, std::uint32_t bytes,
                                       std::uint32_t alignment) {
  const etalon_asc_reg_run run = {from, bytes};
  const etalon_asc_reg_access access = {name,   &run, 1, kAscRegMayRead, static_cast<std::uint8_t>(alignment),
                                        nullptr};
  auto* ub = static_cast<unsigned char*>(etalon_asc_reg_memory(&access));
  return ub == nullptr ? nullptr : ub + from;
}

// How a load spreads elements: of `size` bytes, `step` bytes apart in UB, each into `lane` bytes of the
// register.
struct Spread {
  std::uint32_t count, size, step, lane, alignment;
};
template <class R>
inline void load_spread(const char* name, R& dst, std::uint32_t from, const Spread& s,
                        std::uint32_t all_bytes) {
  const unsigned char* ub = ub_to_read(name, from, all_bytes, s.alignment);
  dst = R();
  if (ub != nullptr) {
    if (s.step == s.size && s.lane == s.size)
      __builtin_memcpy(dst.bytes, ub, std::size_t{s.count} * s.size);
    else
      for (std::uint32_t i = 0; i < s.count; ++i)
        __builtin_memcpy(dst.bytes + i * s.lane, ub + i * s.step, s.size);
  }
  if (watched()) {
    dst.pending = {from, static_cast<std::uint8_t>(s.size), static_cast<std::uint8_t>(s.step),
                   static_cast<std::uint8_t>(s.lane)};
  }
}
// Few elements, each for many places: `place(i)` says which element goes to the i-th piece of `size` bytes.
template <class R, class Place>
inline void load_copies(const char* name, R& dst, std::uint32_t from, std::uint32_t bytes, std::uint32_t size,
                        std::uint32_t alignment, Place place) {
  const unsigned char* ub = ub_to_read(name, from, bytes, alignment);
  dst = R();
  unsigned char undefined[512] = {};
  if (watched()) {
    const etalon_asc_reg_run run = {from, bytes};
    const etalon_asc_reg_access access = {name, &run, 1, kAscRegRead, 1, undefined};
    etalon_asc_reg_memory(&access);
  }
  for (std::uint32_t i = 0; i < bytes_in<R> / size; ++i) {
    const std::uint32_t e = place(i) * size;
    if (ub != nullptr) __builtin_memcpy(dst.bytes + i * size, ub + e, size);
    if (undefined[e] != 0) mark(dst, i * size, size, true);
  }
}

template <class T, LoadDist dist, class R>
inline void load_one(const char* name, R& dst, std::uint32_t from) {
  work(kAscRegLoad);
  constexpr std::uint32_t all = bytes_in<R>;
  const auto spread = [&](std::uint32_t size, std::uint32_t step, std::uint32_t lane,
                          std::uint32_t alignment) {
    const std::uint32_t count = all / lane;
    load_spread(name, dst, from, {count, size, step, lane, alignment}, (count - 1) * step + size);
  };
  const auto copies = [&](std::uint32_t bytes, std::uint32_t size, std::uint32_t alignment,
                          std::uint32_t repeat) {
    load_copies(name, dst, from, bytes, size, alignment,
                [&](std::uint32_t i) { return i / repeat % (bytes / size); });
  };
  switch (dist) {
    case LoadDist::DIST_BRC_B8:
      return copies(1, 1, 1, 1);
    case LoadDist::DIST_BRC_B16:
      return copies(2, 2, 2, 1);
    case LoadDist::DIST_BRC_B32:
      return copies(4, 4, 4, 1);
    case LoadDist::DIST_US_B8:
      return copies(all / 2, 1, 32, 2);
    case LoadDist::DIST_US_B16:
      return copies(all / 2, 2, 32, 2);
    case LoadDist::DIST_DS_B8:
      return spread(1, 2, 1, 32);
    case LoadDist::DIST_DS_B16:
      return spread(2, 4, 2, 32);
    case LoadDist::DIST_UNPACK_B8:
      return spread(1, 1, 2, 32);
    case LoadDist::DIST_UNPACK_B16:
      return spread(2, 2, 4, 32);
    case LoadDist::DIST_UNPACK_B32:
      return spread(4, 4, 8, 32);
    case LoadDist::DIST_UNPACK4_B8:
      return spread(1, 1, 4, 32);
    case LoadDist::DIST_BLK:
      return copies(32, 32, 32, 1);
    case LoadDist::DIST_E2B_B16:
      return copies(all / 16, 2, 16, 16);
    case LoadDist::DIST_E2B_B32:
      return copies(all / 8, 4, 32, 8);
    default:
      return spread(sizeof(T), sizeof(T), sizeof(T), 32);
  }
}
template <LoadDist dist, class R>
inline void load_two(const char* name, R& dst0, R& dst1, std::uint32_t from) {
  constexpr std::uint32_t size = dist == LoadDist::DIST_DINTLV_B8    ? 1
                                 : dist == LoadDist::DIST_DINTLV_B16 ? 2
                                                                     : 4;
  static_assert(dist == LoadDist::DIST_DINTLV_B8 || dist == LoadDist::DIST_DINTLV_B16 ||
                    dist == LoadDist::DIST_DINTLV_B32,
                "two registers are loaded by DIST_DINTLV_B8, _B16 or _B32");
  work(kAscRegLoad, 2);
  constexpr std::uint32_t count = bytes_in<R> / size;
  ub_to_read(name, from, 2 * bytes_in<R>, 32);
  load_spread(name, dst0, from, {count, size, 2 * size, size, 1}, 2 * bytes_in<R> - size);
  load_spread(name, dst1, from + size, {count, size, 2 * size, size, 1}, 2 * bytes_in<R> - size);
}

// Pieces of a register that go to UB.
struct Pieces {
  etalon_asc_reg_run runs[512];
  unsigned char bytes[1024], undefined[1024];
  std::uint32_t count = 0, filled = 0;
  bool doubtful = false;
  template <class R>
  void add(std::uint32_t to, const R& src, std::uint32_t from, std::uint32_t size) {
    if (count > 0 && runs[count - 1].begin + runs[count - 1].bytes == to)
      runs[count - 1].bytes += size;
    else
      runs[count++] = {to, size};
    __builtin_memcpy(bytes + filled, src.bytes + from, size);
    for (std::uint32_t b = 0; b < size; ++b) {
      const bool u = watched() && src.undefined[(from + b) / 256].at((from + b) % 256);
      undefined[filled + b] = u ? 255 : 0;
      doubtful = doubtful || u;
    }
    filled += size;
  }
  void store(const char* name, std::uint32_t address, std::uint32_t alignment) {
    if (alignment > 1 && address % alignment != 0) {  // told also if the mask selects nothing
      const etalon_asc_reg_run run = {address, 0};
      const etalon_asc_reg_access access = {
          name, &run, 1, kAscRegMayRead, static_cast<std::uint8_t>(alignment), nullptr};
      etalon_asc_reg_memory(&access);
    }
    if (count == 0) return;
    const etalon_asc_reg_access access = {name, runs, count, kAscRegWrite, 1, doubtful ? undefined : nullptr};
    auto* ub = static_cast<unsigned char*>(etalon_asc_reg_memory(&access));
    if (ub == nullptr) return;
    for (std::uint32_t i = 0, at = 0; i < count; at += runs[i++].bytes)
      __builtin_memcpy(ub + runs[i].begin, bytes + at, runs[i].bytes);
  }
};

template <class T, StoreDist dist, class R>
inline void store_one(const char* name, std::uint32_t to, const R& src, const MaskReg& mask) {
  work(kAscRegStore);
  constexpr bool first = dist == StoreDist::DIST_FIRST_ELEMENT_B8 ||
                         dist == StoreDist::DIST_FIRST_ELEMENT_B16 ||
                         dist == StoreDist::DIST_FIRST_ELEMENT_B32;
  // Of elements of `lane` bytes the low `size` are stored.
  constexpr std::uint32_t lane =
      dist == StoreDist::DIST_NORM_B8 || dist == StoreDist::DIST_FIRST_ELEMENT_B8 ? 1
      : dist == StoreDist::DIST_NORM_B16 || dist == StoreDist::DIST_PACK_B16 ||
              dist == StoreDist::DIST_FIRST_ELEMENT_B16
          ? 2
      : dist == StoreDist::DIST_NORM_B32 || dist == StoreDist::DIST_PACK_B32 ||
              dist == StoreDist::DIST_PACK4_B32 || dist == StoreDist::DIST_FIRST_ELEMENT_B32
          ? 4
      : dist == StoreDist::DIST_PACK_B64 ? 8
                                         : sizeof(T);
  constexpr std::uint32_t size =
      dist == StoreDist::DIST_PACK_B16 || dist == StoreDist::DIST_PACK_B32 || dist == StoreDist::DIST_PACK_B64
          ? lane / 2
      : dist == StoreDist::DIST_PACK4_B32 ? 1
                                          : lane;
  constexpr std::uint32_t lanes = bytes_in<R> / lane, step = 256 / lanes;
  const auto on = [&](std::uint32_t i) { return first ? i == 0 : mask.at(i * step); };
  use_some(src, lane, name, on);
  Pieces pieces;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    if (on(i)) pieces.add(to + i * size, src, i * lane, size);
  }
  pieces.store(name, to, first ? size : 32);
}
template <StoreDist dist, class R>
inline void store_two(const char* name, std::uint32_t to, const R& src0, const R& src1, const MaskReg& mask) {
  static_assert(dist == StoreDist::DIST_INTLV_B8 || dist == StoreDist::DIST_INTLV_B16 ||
                    dist == StoreDist::DIST_INTLV_B32,
                "two registers are stored by DIST_INTLV_B8, _B16 or _B32");
  constexpr std::uint32_t size = dist == StoreDist::DIST_INTLV_B8    ? 1
                                 : dist == StoreDist::DIST_INTLV_B16 ? 2
                                                                     : 4;
  constexpr std::uint32_t lanes = bytes_in<R> / size, step = 256 / lanes;
  work(kAscRegStore, 2);
  const auto on = [&](std::uint32_t i) { return mask.at(i * step); };
  use_some(src0, size, name, on);
  use_some(src1, size, name, on);
  Pieces pieces;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    if (!on(i)) continue;
    pieces.add(to + 2 * i * size, src0, i * size, size);
    pieces.add(to + (2 * i + 1) * size, src1, i * size, size);
  }
  pieces.store(name, to, 32);
}

// Blocks of 32 bytes, `stride` blocks from one to the next. A block takes part if any of its bits is set.
inline bool block_on(const MaskReg& mask, std::uint32_t block) {
  return (mask.bits[block / 2] >> (block % 2 * 32) & 0xffffffffu) != 0;
}
template <class R>
inline void load_blocks(const char* name, R& dst, std::uint32_t from, std::uint32_t stride,
                        const MaskReg& mask) {
  work(kAscRegLoad);
  dst = R();
  for (std::uint32_t b = 0; b < 8; ++b) {
    if (!block_on(mask, b)) continue;
    RegTensor<std::uint8_t> block;
    load_copies(name, block, from + b * stride * 32, 32, 32, 32, [](std::uint32_t) { return 0u; });
    __builtin_memcpy(dst.bytes + b * 32, block.bytes, 32);
    for (std::uint32_t i = 0; i < 32; ++i) mark(dst, b * 32 + i, 1, block.undefined[0].at(i));
  }
}
template <class T, class R>
inline void store_blocks(const char* name, std::uint32_t to, const R& src, std::uint32_t stride,
                         const MaskReg& mask) {
  work(kAscRegStore);
  use<T>(src, mask, name);
  Pieces pieces;
  for (std::uint32_t i = 0; i < 256 / sizeof(T); ++i) {
    const std::uint32_t byte = i * sizeof(T);
    if (mask.at(byte)) pieces.add(to + byte / 32 * stride * 32 + byte % 32, src, byte, sizeof(T));
  }
  pieces.store(name, to, 32);
}
template <class P>
inline void advance(P*& address, std::int64_t elements) {
  address =
      reinterpret_cast<P*>(reinterpret_cast<std::uintptr_t>(address) +
                           static_cast<std::uintptr_t>(elements * static_cast<std::int64_t>(sizeof(P))));
}
template <class P>
inline std::uint32_t at(P* address, const AddrReg& offset) {
  return offset_in_ub(address) +
         static_cast<std::uint32_t>(offset.elements * static_cast<std::int64_t>(sizeof(P)));
}

}  // namespace detail
}  // namespace Reg
}  // namespace AscendC

// The same instructions under their names of today and of before.
#define ETALON_REG_LOAD LoadAlign
#define ETALON_REG_STORE StoreAlign
#include "transfer_forms.inc"
#undef ETALON_REG_LOAD
#undef ETALON_REG_STORE
#define ETALON_REG_LOAD DataCopy
#define ETALON_REG_STORE DataCopy
#include "transfer_forms.inc"
#undef ETALON_REG_LOAD
#undef ETALON_REG_STORE
