// SPDX-License-Identifier: Apache-2.0
#pragma once

// Elements put elsewhere: broadcast, counted up, interleaved, gathered, squeezed, packed.

#include "transfer.h"

namespace AscendC {
namespace Reg {
namespace detail {

// dst[i] = element source(i) of `from`, all elements.
template <class E, class D, class S, class Source>
inline void permute(D& dst, const S& from, Source source) {
  D out;
  const bool doubtful = any_undefined(from);
  for (std::uint32_t i = 0; i < lanes_in<E, D>; ++i) {
    const std::uint32_t s = source(i);
    put<E>(out, i, get<E>(from, s));
    if (doubtful) mark(out, i * sizeof(E), sizeof(E), undefined_at(from, s * sizeof(E), sizeof(E)));
  }
  dst = out;
}
template <class E, class D, class Source>
inline void permute_two(D& dst, const D& a, const D& b, Source source) {
  D out;
  const bool doubtful = any_undefined(a) || any_undefined(b);
  constexpr std::uint32_t lanes = lanes_in<E, D>;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    const std::uint32_t s = source(i);
    const D& from = s < lanes ? a : b;
    put<E>(out, i, get<E>(from, s % lanes));
    if (doubtful) mark(out, i * sizeof(E), sizeof(E), undefined_at(from, s % lanes * sizeof(E), sizeof(E)));
  }
  dst = out;
}

}  // namespace detail

// A scalar everywhere the mask is set.
template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, class N,
          detail::OnlyRegister<D> = 0, std::enable_if_t<!detail::is_register<N>, int> = 0>
inline void Duplicate(D& dst, N scalar, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  const E value = static_cast<E>(scalar);
  detail::simple();
  detail::each<E>(
      dst, mask, detail::merge_of(mode), false, [&](std::uint32_t) { return value; },
      [](std::uint32_t) { return false; });
}
template <class T = DefaultType, class D, class N, detail::OnlyRegister<D> = 0,
          std::enable_if_t<!detail::is_register<N>, int> = 0>
inline void Duplicate(D& dst, N scalar) {
  using E = detail::TypeOf<T, D>;
  Duplicate<T>(dst, scalar, detail::mask_where(detail::lanes_in<E, D>, [](std::uint32_t) { return true; }));
}
// The lowest or highest element of a register.
template <class T = DefaultType, HighLowPart part = HighLowPart::LOWEST, auto mode = MaskMergeMode::ZEROING,
          class D, class S, detail::OnlyRegister<S> = 0>
inline void Duplicate(D& dst, const S& src, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  constexpr std::uint32_t lane = part == HighLowPart::LOWEST ? 0 : detail::lanes_in<E, S> - 1;
  detail::simple();
  detail::use_some(src, sizeof(E), "Duplicate", [](std::uint32_t l) { return l == lane; });
  const E value = detail::get<E>(src, lane);
  const bool doubtful = detail::undefined_at(src, lane * sizeof(E), sizeof(E));
  detail::each<E>(
      dst, mask, detail::merge_of(mode), doubtful, [&](std::uint32_t) { return value; },
      [](std::uint32_t) { return true; });
}

// start, start + 1, ...; decreasing, the last element is start.
template <class T = DefaultType, IndexOrder order = IndexOrder::INCREASE_ORDER, class D, class N,
          detail::OnlyRegister<D> = 0>
inline void Arange(D& dst, N start) {
  using E = detail::TypeOf<T, D>;
  constexpr std::uint32_t lanes = detail::lanes_in<E, D>;
  detail::simple();
  D out;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    const std::uint32_t step = order == IndexOrder::INCREASE_ORDER ? i : lanes - 1 - i;
    detail::put<E>(out, i, detail::added(static_cast<E>(start), static_cast<E>(step)));
  }
  dst = out;
}

template <class T = DefaultType, class D, detail::OnlyRegister<D> = 0>
inline void Interleave(D& dst0, D& dst1, const D& src0, const D& src1) {
  using E = detail::TypeOf<T, D>;
  constexpr std::uint32_t lanes = detail::lanes_in<E, D>;
  detail::simple();
  detail::use_all(src0, "Interleave");
  detail::use_all(src1, "Interleave");
  const D a = src0, b = src1;
  detail::permute_two<E>(dst0, a, b, [](std::uint32_t i) { return i / 2 + i % 2 * lanes; });
  detail::permute_two<E>(dst1, a, b, [](std::uint32_t i) { return (lanes + i) / 2 + i % 2 * lanes; });
}
template <class T = DefaultType, class D, detail::OnlyRegister<D> = 0>
inline void DeInterleave(D& dst0, D& dst1, const D& src0, const D& src1) {
  using E = detail::TypeOf<T, D>;
  detail::simple();
  detail::use_all(src0, "DeInterleave");
  detail::use_all(src1, "DeInterleave");
  const D a = src0, b = src1;
  detail::permute_two<E>(dst0, a, b, [](std::uint32_t i) { return 2 * i; });
  detail::permute_two<E>(dst1, a, b, [](std::uint32_t i) { return 2 * i + 1; });
}

// A register to another.
template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, detail::OnlyRegister<D> = 0>
inline void Move(D& dst, const D& src, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  detail::simple();
  detail::one_source<T, mode>("Move", dst, D(src), mask, [](E a) { return a; });
}
template <class T = DefaultType, class D, detail::OnlyRegister<D> = 0>
inline void Move(D& dst, const D& src) {
  detail::simple();
  dst = src;
}
template <class T = DefaultType, auto mode = MaskMergeMode::ZEROING, class D, detail::OnlyRegister<D> = 0>
inline void Copy(D& dst, const D& src, const MaskReg& mask) {
  Move<T, mode>(dst, src, mask);
}
template <class T = DefaultType, class D, detail::OnlyRegister<D> = 0>
inline void Copy(D& dst, const D& src) {
  Move<T>(dst, src);
}

// The low halves of all elements into one half of the register; the other becomes zero.
template <class T = DefaultType, class U = DefaultType, HighLowPart part = HighLowPart::LOWEST, class D,
          class S, detail::OnlyRegister<D> = 0>
inline void Pack(D& dst, const S& src) {
  using E = detail::TypeOf<U, S>;
  constexpr std::uint32_t half = sizeof(E) / 2, first = part == HighLowPart::HIGHEST ? 128 : 0;
  detail::simple();
  detail::use_all(src, "Pack");
  D out;
  for (std::uint32_t i = 0; i < 256 / sizeof(E); ++i) {
    __builtin_memcpy(out.bytes + first + i * half, src.bytes + i * sizeof(E), half);
    detail::mark(out, first + i * half, half, detail::undefined_at(src, i * sizeof(E), half));
  }
  dst = out;
}
// One half of the elements, widened: signed ones keep their sign.
template <class T = DefaultType, class U = DefaultType, HighLowPart part = HighLowPart::LOWEST, class D,
          class S, detail::OnlyRegister<D> = 0>
inline void UnPack(D& dst, const S& src) {
  using To = detail::TypeOf<T, D>;
  using From = detail::TypeOf<U, S>;
  constexpr std::uint32_t lanes = detail::lanes_in<To, D>, first = part == HighLowPart::HIGHEST ? lanes : 0;
  detail::simple();
  detail::use_some(src, sizeof(From), "UnPack",
                   [](std::uint32_t l) { return l >= first && l < first + lanes; });
  D out;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    detail::put<To>(out, i, static_cast<To>(detail::get<From>(src, first + i)));
    detail::mark(out, i * sizeof(To), sizeof(To),
                 detail::undefined_at(src, (first + i) * sizeof(From), sizeof(From)));
  }
  dst = out;
}

// The selected elements one after another; the rest becomes zero.
template <class T = DefaultType, GatherMaskMode store = GatherMaskMode::NO_STORE_REG, class D,
          detail::OnlyRegister<D> = 0>
inline void Squeeze(D& dst, const D& src, const MaskReg& mask) {
  using E = detail::TypeOf<T, D>;
  detail::simple();
  detail::use<E>(src, mask, "Squeeze");
  D out;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < detail::lanes_in<E, D>; ++i) {
    if (!mask.at(i * detail::mask_step<E, D>)) continue;
    detail::put<E>(out, kept, detail::get<E>(src, i));
    detail::mark(out, kept++ * sizeof(E), sizeof(E), detail::undefined_at(src, i * sizeof(E), sizeof(E)));
  }
  if (store == GatherMaskMode::STORE_REG) etalon_asc_current->kept = kept * sizeof(E);
  dst = out;
}

// Elements of a register, or of UB from `base`, by index.
template <class T = DefaultType, class U = DefaultType, class D, class I, detail::OnlyRegister<D> = 0,
          detail::OnlyRegister<I> = 0>
inline void Gather(D& dst, const D& src, const I& index) {
  using E = detail::TypeOf<T, D>;
  using N = typename I::ActualT;
  detail::simple();
  detail::use_all(src, "Gather");
  detail::use_all(index, "Gather");
  const D from = src;
  detail::permute<E>(dst, from, [&](std::uint32_t i) {
    return static_cast<std::uint32_t>(detail::get<detail::Unsigned<N>>(index, i)) % detail::lanes_in<E, D>;
  });
}
template <class T = DefaultType, class U = DefaultType, class D, class P, class I,
          detail::OnlyRegister<D> = 0, detail::OnlyRegister<I> = 0>
inline void Gather(D& dst, P* base, const I& index, const MaskReg& mask) {
  using N = detail::Unsigned<typename I::ActualT>;
  constexpr std::uint32_t lanes = detail::lanes_in<N, I>,
                          to = detail::bytes_in<D> / lanes;  // bytes are widened
  detail::work(kAscRegLoad, 2);
  detail::use<N>(index, mask, "Gather");
  D out;
  etalon_asc_reg_run runs[256];
  std::uint32_t lane[256], count = 0;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    if (!mask.at(i * detail::mask_step<N, I>)) continue;
    runs[count] = {detail::offset_in_ub(base) + static_cast<std::uint32_t>(detail::get<N>(index, i)) *
                                                    static_cast<std::uint32_t>(sizeof(P)),
                   sizeof(P)};
    lane[count++] = i;
  }
  if (count > 0) {
    unsigned char undefined[1024] = {};
    etalon_asc_reg_access access = {"Gather", runs, count, kAscRegMayRead, 1, undefined};
    const auto* ub = static_cast<const unsigned char*>(etalon_asc_reg_memory(&access));
    access.kind = kAscRegRead;
    if (detail::watched()) etalon_asc_reg_memory(&access);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (ub != nullptr) __builtin_memcpy(out.bytes + lane[i] * to, ub + runs[i].begin, sizeof(P));
      if (undefined[i * sizeof(P)] != 0) detail::mark(out, lane[i] * to, to, true);
    }
  }
  dst = out;
}
template <class T = DefaultType, class U = DefaultType, class D, class P, class I,
          detail::OnlyRegister<D> = 0>
inline void DataCopyGather(D& dst, P* base, const I& index, const MaskReg& mask) {
  Gather<T, U>(dst, base, index, mask);
}
template <class T = DefaultType, class U = DefaultType, class S, class P, class I,
          detail::OnlyRegister<S> = 0>
inline void Scatter(P* base, const S& src, const I& index, const MaskReg& mask) {
  using N = detail::Unsigned<typename I::ActualT>;
  constexpr std::uint32_t lanes = detail::lanes_in<N, I>, from = detail::bytes_in<S> / lanes;
  detail::work(kAscRegStore, 2);
  detail::use<N>(index, mask, "Scatter");
  detail::use_some(src, from, "Scatter",
                   [&](std::uint32_t i) { return mask.at(i * detail::mask_step<N, I>); });
  detail::Pieces pieces;
  for (std::uint32_t i = 0; i < lanes; ++i) {
    if (mask.at(i * detail::mask_step<N, I>))
      pieces.add(detail::offset_in_ub(base) + static_cast<std::uint32_t>(detail::get<N>(index, i)) *
                                                  static_cast<std::uint32_t>(sizeof(P)),
                 src, i * from, sizeof(P));
  }
  pieces.store("Scatter", detail::offset_in_ub(base), sizeof(P));
}
template <class T = DefaultType, class U = DefaultType, class S, class P, class I,
          detail::OnlyRegister<S> = 0>
inline void DataCopyScatter(P* base, const S& src, const I& index, const MaskReg& mask) {
  Scatter<T, U>(base, src, index, mask);
}

// Loads and stores of UB wait for one another within a vector function.
template <MemType src, MemType dst>
inline void LocalMemBar() {
  detail::work(kAscRegBarrier);
}

}  // namespace Reg
}  // namespace AscendC
