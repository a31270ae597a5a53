// SPDX-License-Identifier: Apache-2.0
#pragma once

// What all register instructions share: elements of registers, masks over them, what they cost, and which of
// the bytes that a load brought are really used.

#include "types.h"

namespace AscendC {
namespace Reg {
namespace detail {

template <class R>
struct IsRegister : std::false_type {};
template <class T, const RegTrait& trait>
struct IsRegister<RegTensor<T, trait>> : std::true_type {};
template <class R>
constexpr bool is_register = IsRegister<std::decay_t<R>>::value;
template <class R>
using OnlyRegister = std::enable_if_t<is_register<R>, int>;

// The element type an instruction works on: the one it names, or the register's.
template <class T, class R>
using TypeOf = std::conditional_t<std::is_same<T, DefaultType>::value, typename std::decay_t<R>::ActualT, T>;
template <class R>
constexpr std::uint32_t bytes_in = sizeof(std::decay_t<R>::bytes);
template <class T, class R>
constexpr std::uint32_t lanes_in = bytes_in<R> / sizeof(T);
// Bits of a mask from one element to the next: a mask spans one register or both.
template <class T, class R>
constexpr std::uint32_t mask_step = 256 / lanes_in<T, R>;

template <class T, class R>
inline T get(const R& r, std::uint32_t lane) {
  T value;
  __builtin_memcpy(&value, r.bytes + lane * sizeof(T), sizeof(T));
  return value;
}
template <class T, class R>
inline void put(R& r, std::uint32_t lane, T value) {
  __builtin_memcpy(r.bytes + lane * sizeof(T), &value, sizeof(T));
}

inline void work(EtalonAscRegWork what, std::uint32_t amount = 1) {
  etalon_asc_current->reg_work[what] += amount;
}
inline void simple() { work(kAscRegSimple); }

inline bool watched() { return etalon_asc_current->watched != 0; }
inline bool any(const MaskReg& m) { return (m.bits[0] | m.bits[1] | m.bits[2] | m.bits[3]) != 0; }
template <class R>
inline bool any_undefined(const R& r) {
  for (const MaskReg& m : r.undefined) {
    if (any(m)) return true;
  }
  return false;
}
template <class R>
inline bool undefined_at(const R& r, std::uint32_t byte, std::uint32_t bytes) {
  for (std::uint32_t b = byte; b < byte + bytes; ++b) {
    if (r.undefined[b / 256].at(b % 256)) return true;
  }
  return false;
}
template <class R>
inline void mark(const R& r, std::uint32_t byte, std::uint32_t bytes, bool undefined) {
  for (std::uint32_t b = byte; b < byte + bytes; ++b) r.undefined[b / 256].set(b % 256, undefined);
}
template <class R>
inline void defined(const R& r) {
  r.pending.size = 0;
  for (MaskReg& m : r.undefined) m = MaskReg();
}

// Tells the observer that elements of `r` for which on(element) holds are used, if they are still as loaded.
// An element is `lane` bytes here, which may be wider or narrower than those that were loaded.
template <class R, class On>
void use_some(const R& r, std::uint32_t lane, const char* name, On on) {
  Pending& p = r.pending;
  if (p.size == 0 || !watched()) return;
  etalon_asc_reg_run runs[512];
  std::uint16_t first_of[512];  // element of each run
  std::uint32_t count = 0;
  const std::uint32_t elements = bytes_in<R> / p.lane;
  std::uint32_t next = 0;
  for (std::uint32_t e = 0; e < elements; ++e) {
    if (!on(e * p.lane / lane)) continue;
    const std::uint32_t begin = p.from + e * p.step;
    if (count > 0 && next == begin) {
      runs[count - 1].bytes += p.size;
    } else {
      runs[count] = {begin, p.size};
      first_of[count++] = static_cast<std::uint16_t>(e);
    }
    next = begin + p.size;
  }
  if (count == 0) return;
  unsigned char undefined[512] = {};
  const etalon_asc_reg_access access = {name, runs, count, kAscRegRead, 1, undefined};
  etalon_asc_reg_memory(&access);
  std::uint32_t at = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::uint32_t b = 0; b < runs[i].bytes; ++b, ++at) {
      if (undefined[at] != 0) mark(r, (first_of[i] + b / p.size) * p.lane + b % p.size, 1, true);
    }
  }
}
template <class R>
void use_all(const R& r, const char* name) {
  use_some(r, bytes_in<R>, name, [](std::uint32_t) { return true; });
}
template <class T, class R>
void use(const R& r, const MaskReg& mask, const char* name) {
  use_some(r, sizeof(T), name, [&](std::uint32_t lane) { return mask.at(lane * mask_step<T, R>); });
}

// dst[i] = f(i) for the elements that `mask` selects; the others become zero or stay. `doubt(i)`: whether the
// result of element i is undefined, asked only if `doubtful`.
template <class T, class D, class F, class Doubt>
inline void each(D& dst, const MaskReg& mask, MaskMergeMode mode, bool doubtful, F f, Doubt doubt) {
  D result = dst;
  if (watched()) {
    if (mode == MaskMergeMode::MERGING) {
      use_some(dst, sizeof(T), "merge", [&](std::uint32_t lane) { return !mask.at(lane * mask_step<T, D>); });
      for (std::uint32_t i = 0; i < sizeof(dst.undefined) / sizeof(MaskReg); ++i)
        result.undefined[i] = dst.undefined[i];
    }
    result.pending.size = 0;
  }
  const bool shadows = doubtful || any_undefined(result);
  for (std::uint32_t i = 0; i < lanes_in<T, D>; ++i) {
    const bool on = mask.at(i * mask_step<T, D>);
    if (on)
      put<T>(result, i, f(i));
    else if (mode != MaskMergeMode::MERGING)
      put<T>(result, i, T{});
    if (shadows && (on || mode != MaskMergeMode::MERGING))
      mark(result, i * sizeof(T), sizeof(T), on && doubtful && doubt(i));
  }
  dst = result;
}

// A mode is a MaskMergeMode or the address of a structure that has one.
template <class M>
constexpr MaskMergeMode merge_of(M mode) {
  if constexpr (std::is_same<M, MaskMergeMode>::value)
    return mode;
  else
    return mode->mrgMode;
}

template <class T, auto mode, class D, class A, class F>
inline void one_source(const char* name, D& dst, const A& a, const MaskReg& mask, F f) {
  using E = TypeOf<T, D>;
  use<E>(a, mask, name);
  each<E>(
      dst, mask, merge_of(mode), any_undefined(a),
      [&](std::uint32_t i) { return static_cast<E>(f(get<E>(a, i))); },
      [&](std::uint32_t i) { return undefined_at(a, i * sizeof(E), sizeof(E)); });
}
template <class T, auto mode, class D, class A, class B, class F>
inline void two_sources(const char* name, D& dst, const A& a, const B& b, const MaskReg& mask, F f) {
  using E = TypeOf<T, D>;
  use<E>(a, mask, name);
  use<E>(b, mask, name);
  each<E>(
      dst, mask, merge_of(mode), any_undefined(a) || any_undefined(b),
      [&](std::uint32_t i) { return static_cast<E>(f(get<E>(a, i), get<E>(b, i))); },
      [&](std::uint32_t i) {
        return undefined_at(a, i * sizeof(E), sizeof(E)) || undefined_at(b, i * sizeof(E), sizeof(E));
      });
}

// Integers wrap: they are computed without a sign.
template <class T>
using Wrapping = std::conditional_t<(sizeof(T) < 8), std::uint32_t, std::uint64_t>;
template <class T>
inline T added(T a, T b) {
  if constexpr (std::is_integral<T>::value)
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  else
    return a + b;
}
template <class T>
inline T less(T a, T b) {
  if constexpr (std::is_integral<T>::value)
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  else
    return a - b;
}
template <class T>
inline T times(T a, T b) {
  if constexpr (std::is_integral<T>::value)
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  else
    return a * b;
}

}  // namespace detail
}  // namespace Reg
}  // namespace AscendC
