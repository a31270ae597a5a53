// SPDX-License-Identifier: Apache-2.0
#include "ascendc/api/ascendc/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ascendc/launch/numbers.h"
#include "base/rng.h"

namespace etalon::ascendc {
namespace {

using AscendC::RoundMode;
using AscendC::number::Bf16;
using AscendC::number::Fp16;

TEST(Numbers, AreConstantExpressionsAndTrivial) {
  static_assert(half(1) + half(2) == 3);
  static_assert(static_cast<float>(half(1.0f / 3)) == 0.333251953125f);
  static_assert(std::is_trivially_copyable_v<half> && sizeof(half) == 2 && sizeof(bfloat16_t) == 2 &&
                sizeof(hifloat8_t) == 1);
  EXPECT_EQ(half(65504.0f), 65504.0f);
}

// Many at a time, as vector instructions convert them, against one at a time by definition.
TEST(Numbers, RowsConvertLikeSingleNumbers) {
  std::vector<std::uint16_t> bits(65536), back(65536);
  std::vector<float> reals(65536);
  for (std::uint32_t i = 0; i < 65536; ++i) bits[i] = static_cast<std::uint16_t>(i);
  const auto* from = reinterpret_cast<const std::byte*>(bits.data());
  const auto same = [](float x, float y) {
    return std::isnan(x) ? std::isnan(y)
                         : __builtin_bit_cast(std::uint32_t, x) == __builtin_bit_cast(std::uint32_t, y);
  };
  for (const int type : {kAscF16, kAscBf16}) {
    load_reals(type, from, 65536, 2, reals.data());
    for (std::uint32_t i = 0; i < 65536; ++i)
      ASSERT_TRUE(same(reals[i], type == kAscF16 ? Fp16::decode(i) : Bf16::decode(i))) << i;
  }
  // Every exponent; the least steps around the middle between two results, and anything.
  Rng rng(11, "rows");
  for (int round = 0; round < 32; ++round) {
    for (std::uint32_t i = 0; i < 65536; ++i) {
      const std::uint32_t low[] = {0, 1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001};
      const std::uint32_t u = round < 8 ? i << 16 | low[round] : static_cast<std::uint32_t>(rng.bits());
      reals[i] = __builtin_bit_cast(float, u);
    }
    for (const int type : {kAscF16, kAscBf16}) {
      store_reals(type, reals.data(), 65536, reinterpret_cast<std::byte*>(back.data()), 2,
                  RoundMode::CAST_RINT);
      for (std::uint32_t i = 0; i < 65536; ++i) {
        const auto expected =
            static_cast<std::uint16_t>(type == kAscF16 ? Fp16::encode(reals[i], RoundMode::CAST_RINT)
                                                       : Bf16::encode(reals[i], RoundMode::CAST_RINT));
        if (std::isnan(reals[i]))
          ASSERT_TRUE(std::isnan(type == kAscF16 ? Fp16::decode(back[i]) : Bf16::decode(back[i])))
              << reals[i];
        else
          ASSERT_EQ(back[i], expected) << reals[i];
      }
    }
  }
}

TEST(Numbers, EveryHalfAndBfloat16SurvivesTheWayThroughFloat) {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const float h = Fp16::decode(i), b = Bf16::decode(i);
    if (!std::isnan(h)) {
      EXPECT_EQ(Fp16::encode(h), i);
    }
    if (!std::isnan(b)) {
      EXPECT_EQ(Bf16::encode(b), i);
    }
    if (!std::isnan(h)) {
      EXPECT_EQ(float_to_half(h), i);
    }
  }
}

TEST(Numbers, HalfRoundsAsTheCompilersOwnTypeDoes) {
  Rng rng(1, "half");
  for (int i = 0; i < 200000; ++i) {
    const float f = __builtin_bit_cast(float, static_cast<std::uint32_t>(rng.bits()));
    if (std::isnan(f)) continue;
    const auto native = static_cast<_Float16>(f);
    EXPECT_EQ(half(f).bits(), __builtin_bit_cast(std::uint16_t, native)) << f;
    EXPECT_EQ(float_to_half(f), half(f).bits()) << f;
  }
}

TEST(Numbers, RoundTheHalfwayCaseByMode) {
  // 2049 lies between the halves 2048 (even) and 2050.
  const auto rounded = [](float f, RoundMode m) { return static_cast<float>(half::rounded(f, m)); };
  EXPECT_EQ(rounded(2049, RoundMode::CAST_RINT), 2048);
  EXPECT_EQ(rounded(2049, RoundMode::CAST_ROUND), 2050);
  EXPECT_EQ(rounded(2049, RoundMode::CAST_CEIL), 2050);
  EXPECT_EQ(rounded(-2049, RoundMode::CAST_CEIL), -2048);
  EXPECT_EQ(rounded(2049, RoundMode::CAST_FLOOR), 2048);
  EXPECT_EQ(rounded(-2049, RoundMode::CAST_FLOOR), -2050);
  EXPECT_EQ(rounded(-2049, RoundMode::CAST_TRUNC), -2048);
  EXPECT_EQ(rounded(2048.5f, RoundMode::CAST_ODD), 2050);
}

TEST(Numbers, Fp8HasItsLargestValuesAndSpecials) {
  EXPECT_EQ(static_cast<float>(fp8_e4m3fn_t(1000.0f)), 448);
  EXPECT_TRUE(std::isnan(static_cast<float>(fp8_e4m3fn_t::from_bits(0x7f))));
  EXPECT_EQ(static_cast<float>(fp8_e5m2_t(57344.0f)), 57344);
  EXPECT_TRUE(std::isinf(static_cast<float>(fp8_e5m2_t(1e9f))));
  EXPECT_EQ(static_cast<float>(fp8_e4m3fn_t::from_bits(1)), 0x1p-9f);
}

TEST(Numbers, Hif8TapersItsMantissa) {
  EXPECT_EQ(hifloat8_t(1.0f).bits(), 0x08u);
  EXPECT_EQ(static_cast<float>(hifloat8_t::from_bits(0x01)), 0x1p-22f);  // smallest
  EXPECT_EQ(static_cast<float>(hifloat8_t::from_bits(0x6e)), 0x1p15f);   // largest
  EXPECT_TRUE(std::isinf(static_cast<float>(hifloat8_t::from_bits(0x6f))));
  EXPECT_TRUE(std::isnan(static_cast<float>(hifloat8_t::from_bits(0x80))));
  for (std::uint32_t i = 0; i < 256; ++i) {
    const float f = AscendC::number::Hif8::decode(i);
    if (std::isfinite(f)) {
      EXPECT_EQ(AscendC::number::Hif8::encode(f), i);
    }
  }
}

TEST(Numbers, IntegersSaturateAndRoundByMode) {
  EXPECT_EQ(to_integer(2.5, kAscS32, RoundMode::CAST_RINT), 2);
  EXPECT_EQ(to_integer(-2.5, kAscS32, RoundMode::CAST_ROUND), -3);
  EXPECT_EQ(to_integer(1e12, kAscS32, RoundMode::CAST_TRUNC), 2147483647);
  EXPECT_EQ(to_integer(-1000, kAscU8, RoundMode::CAST_TRUNC), 0);
  EXPECT_EQ(to_integer(NAN, kAscS8, RoundMode::CAST_RINT), 0);
  EXPECT_EQ(to_float(16777217.0, RoundMode::CAST_CEIL), 16777218.0f);
  EXPECT_EQ(to_float(16777217.0, RoundMode::CAST_TRUNC), 16777216.0f);
}

}  // namespace
}  // namespace etalon::ascendc
