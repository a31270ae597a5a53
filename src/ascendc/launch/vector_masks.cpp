// SPDX-License-Identifier: Apache-2.0
// Compare writes bit masks, Select reads them.
#include <cstring>
#include <vector>

#include "ascendc/api/ascendc/enums.h"
#include "ascendc/launch/core_runtime.h"
#include "ascendc/launch/lanes.h"
#include "ascendc/launch/numbers.h"

namespace etalon::ascendc {

using AscendC::CMPMODE;

namespace {

bool bit_at(const std::byte* bits, std::int64_t i) {
  return (static_cast<unsigned>(bits[i / 8]) >> (i % 8) & 1u) != 0;
}

}  // namespace

void compare_numbers(const etalon_asc_vector& v, std::byte* ub) {
  const int size = bytes_of(v.src_type);
  const bool real = is_real(v.src_type);
  std::vector<std::byte> bits(ub + v.dst, ub + v.dst + (repeats_of(v) * (256 / size) + 7) / 8);
  each_element(v, 1, size, 256 / size, [&](std::int64_t i, std::int64_t, std::int64_t s0, std::int64_t s1) {
    bool on = false;
    if (real) {
      float a = 0, b = static_cast<float>(v.scalar.real);
      load_reals(v.src_type, ub + v.src0 + s0, 1, 0, &a);
      if (v.sources > 1) load_reals(v.src_type, ub + v.src1 + s1, 1, 0, &b);
      on = AscendC::detail::holds(static_cast<CMPMODE>(v.detail), a, b);
    } else {
      std::int64_t a = 0, b = v.scalar.integer;
      load_integers(v.src_type, ub + v.src0 + s0, 1, 0, &a);
      if (v.sources > 1) load_integers(v.src_type, ub + v.src1 + s1, 1, 0, &b);
      on = AscendC::detail::holds(static_cast<CMPMODE>(v.detail), a, b);
    }
    auto& byte = bits[static_cast<std::size_t>(i / 8)];
    const auto bit = std::byte{static_cast<unsigned char>(1u << (i % 8))};
    byte = on ? byte | bit : byte & ~bit;
  });
  std::memcpy(ub + v.dst, bits.data(), bits.size());
}

// What goes into the compare register, and out of it.
void compare_register(const etalon_asc_vector& v, std::byte* ub, etalon_asc_core& core) {
  constexpr std::size_t bytes = 16;
  if (v.op == kAscSetBits) {
    std::memcpy(core.compare_bits, ub + v.src0, bytes);
  } else if (v.op == kAscGetBits) {
    std::memcpy(ub + v.dst, core.compare_bits, bytes);
  } else {  // one repeat, compared beyond the sources
    etalon_asc_vector w = v;
    std::vector<std::byte> image(ub, ub + core.space_bytes[kAscUb]);
    image.resize(image.size() + bytes);
    w.op = kAscCompare;
    w.dst = static_cast<std::uint32_t>(image.size() - bytes);
    w.repeat = 1;
    std::memcpy(image.data() + w.dst, core.compare_bits, bytes);
    compare_numbers(w, image.data());
    std::memcpy(core.compare_bits, image.data() + w.dst, bytes);
  }
}

etalon_asc_vector with_bits_in_place(etalon_asc_vector v, const std::byte* src1,
                                     const etalon_asc_core& core) {
  if (v.op != kAscSelect || v.extra[1] == 0) return v;
  if (v.detail == kAscSelectMaskPerRepeat) {
    v.extra[0] = core.compare_bits[0];
  } else if (v.detail == kAscSelectScalar) {
    v.extra[0] = src1 != nullptr ? load_as<std::uint32_t>(src1) : 0;
    std::byte bits[8] = {};
    std::memcpy(bits, core.compare_bits, 4);
    float real = 0;
    if (is_real(v.dst_type)) {
      load_reals(v.dst_type, bits, 1, 0, &real);
      v.scalar.real = static_cast<double>(real);
    } else {
      load_integers(v.dst_type, bits, 1, 0, &v.scalar.integer);
    }
    v.sources = 1;
  }
  return v;
}

void select_numbers(etalon_asc_vector v, std::byte* ub, const etalon_asc_core& core) {
  const bool in_register = v.extra[1] != 0 && v.detail == kAscSelectMaskOnce;
  v = with_bits_in_place(v, ub + v.src1, core);
  std::byte bits[16];
  std::memcpy(bits, core.compare_bits, sizeof(bits));
  const int size = bytes_of(v.dst_type);
  const int per_repeat = 256 / size;
  const bool once = v.detail == static_cast<int>(AscendC::SELMODE::VSEL_CMPMASK_SPR);
  std::byte scalar[8] = {};
  if (v.sources < 2) {
    if (is_real(v.dst_type)) {
      const auto s = static_cast<float>(v.scalar.real);
      store_reals(v.dst_type, &s, 1, scalar, 0);
    } else {
      store_integers(v.dst_type, &v.scalar.integer, 1, scalar, 0);
    }
  }
  each_element(v, size, size, per_repeat,
               [&](std::int64_t i, std::int64_t d, std::int64_t s0, std::int64_t s1) {
                 const bool first = bit_at(in_register ? bits : ub + v.extra[0], once ? i % per_repeat : i);
                 const std::byte* from = first ? ub + v.src0 + s0 : v.sources < 2 ? scalar : ub + v.src1 + s1;
                 std::memmove(ub + v.dst + d, from, static_cast<std::size_t>(size));
               });
}

}  // namespace etalon::ascendc
