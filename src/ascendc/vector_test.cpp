// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numeric>

#include "ascendc/covers_for_test.h"
#include "ascendc/test_core.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

std::vector<float> ramp(int n, float first = 0) {
  std::vector<float> x(static_cast<std::size_t>(n));
  std::iota(x.begin(), x.end(), first);
  return x;
}
std::vector<half> halves(std::initializer_list<float> values) {
  std::vector<half> x;
  for (float v : values) x.emplace_back(v);
  x.resize((x.size() + 15) / 16 * 16, half(0.0f));
  return x;
}

TEST(Vector, HalfArithmeticRoundsOnceToEven) {
  const auto z = on_vector_core<half, half>(halves({2048, 0.1f, 65504, 3}), 32, 16,
                                            [] { Add(ub<half>(32), ub<half>(0), ub<half>(0), 16); });
  EXPECT_EQ(z[0], 4096.0f);
  EXPECT_EQ(z[1].bits(), half(2 * static_cast<float>(half(0.1f))).bits());
  EXPECT_TRUE(std::isinf(static_cast<float>(z[2])));
  const auto y = on_vector_core<half, half>(halves({2048, 1}), 32, 16,
                                            [] { Adds(ub<half>(32), ub<half>(0), half(1.0f), 16); });
  EXPECT_EQ(y[0], 2048.0f);  // 2049 ties to even
}

TEST(Vector, ContiguousMaskLeavesTheOtherElements) {
  const auto z = on_vector_core<float, float>(ramp(64), 256, 64, [] {
    Duplicate(ub<float>(256), -1.0f, 64);
    Muls(ub<float>(256), ub<float>(0), 2.0f, std::uint64_t{10}, 1, UnaryRepeatParams(1, 1, 8, 8));
  });
  EXPECT_EQ(z[9], 18);
  EXPECT_EQ(z[10], -1);
}

TEST(Vector, BitMaskSelectsElementsAndStridesPlaceBlocks) {
  const auto z = on_vector_core<float, float>(ramp(64), 256, 128, [] {
    Duplicate(ub<float>(256), 0.0f, 128);
    const std::uint64_t mask[2] = {0xff0f, 0};
    Adds(ub<float>(256), ub<float>(0), 100.0f, mask, 1,
         UnaryRepeatParams(2, 1, 8, 8));  // every other block of dst
  });
  EXPECT_EQ(z[3], 103);
  EXPECT_EQ(z[4], 0);
  EXPECT_EQ(z[8], 0);
  EXPECT_EQ(z[16], 108);
}

TEST(Vector, SourceBlockStrideZeroRepeatsOneBlock) {
  const auto z = on_vector_core<float, float>(ramp(64), 256, 64, [] {
    Mul(ub<float>(256), ub<float>(0), ub<float>(32), std::uint64_t{64}, 1,
        BinaryRepeatParams(1, 1, 0, 8, 8, 0));
  });
  for (int i = 0; i < 64; ++i) EXPECT_EQ(z[static_cast<std::size_t>(i)], static_cast<float>(i * (8 + i % 8)));
}

TEST(Vector, CounterModeIgnoresRepeats) {
  const auto z = on_vector_core<float, float>(ramp(128), 512, 128, [] {
    Duplicate(ub<float>(512), 0.0f, 128);
    SetMaskCount();
    SetVectorMask<float, MaskMode::COUNTER>(0, 100);
    Exp<float, false>(ub<float>(512), ub<float>(512), MASK_PLACEHOLDER, 1, UnaryRepeatParams(1, 1, 8, 8));
    SetMaskNorm();
    ResetMask();
  });
  EXPECT_EQ(z[99], 1);
  EXPECT_EQ(z[100], 0);
}

TEST(Vector, MultiplyAddFormsRoundAsDocumented) {
  // 1.0009765625^2 = 1.00195407867...: rounded to half before the sum, or not.
  const auto x = halves({1.0009765625f});
  const auto separate = on_vector_core<half, half>(x, 32, 16, [] {
    Duplicate(ub<half>(32), half(-1.001953125f), 16);
    MulAddDst(ub<half>(32), ub<half>(0), ub<half>(0), 16);
  });
  EXPECT_EQ(separate[0], 0.0f);
  const auto fused = on_vector_core<half, half>(x, 32, 16, [] {
    Duplicate(ub<half>(64), half(-1.001953125f), 16);
    Adds(ub<half>(32), ub<half>(0), half(0.0f), 16);
    FusedMulAdd(ub<half>(32), ub<half>(0), ub<half>(64), 16);
  });
  EXPECT_GT(static_cast<float>(fused[0]), 0.0f);
}

TEST(Vector, CastsWithEveryRoundMode) {
  const std::vector<float> x = {2.5f, -2.5f, 3.5f, 2.4f, -2.6f, 0, 1e10f, -1e10f};
  const auto cast = [&](RoundMode mode) {
    return on_vector_core<float, std::int32_t>(x, 32, 8,
                                               [mode] { Cast(ub<std::int32_t>(32), ub<float>(0), mode, 8); });
  };
  EXPECT_EQ(cast(RoundMode::CAST_RINT),
            (std::vector<std::int32_t>{2, -2, 4, 2, -3, 0, 2147483647, -2147483647 - 1}));
  EXPECT_EQ(cast(RoundMode::CAST_ROUND)[1], -3);
  EXPECT_EQ(cast(RoundMode::CAST_FLOOR)[1], -3);
  EXPECT_EQ(cast(RoundMode::CAST_CEIL)[0], 3);
  EXPECT_EQ(cast(RoundMode::CAST_TRUNC)[4], -2);
}

TEST(Vector, CastFromInt32ToHalfUsesTheDequantisationScale) {
  const std::vector<std::int32_t> x = {100, -200, 3, 4, 5, 6, 7, 8};
  const auto z = on_vector_core<std::int32_t, half>(x, 32, 8, [] {
    SetDeqScale(half(0.5f));
    Cast(ub<half>(32), ub<std::int32_t>(0), RoundMode::CAST_NONE, 8);
  });
  EXPECT_EQ(z[0], 50.0f);
  EXPECT_EQ(z[1], -100.0f);
}

TEST(Vector, WideningCastWithStridesTakesHalfAsManySourceBlocks) {
  std::vector<half> x;
  for (int i = 0; i < 128; ++i) x.emplace_back(static_cast<float>(i));
  const auto z = on_vector_core<half, float>(x, 256, 128, [] {
    Cast(ub<float>(256), ub<half>(0), RoundMode::CAST_NONE, std::uint64_t{64}, 2,
         UnaryRepeatParams(1, 1, 8, 4));
  });
  for (int i = 0; i < 128; ++i) EXPECT_EQ(z[static_cast<std::size_t>(i)], static_cast<float>(i));
}

TEST(Vector, ComparesPackBitsAndSelectReadsThem) {
  const auto z = on_vector_core<float, float>(ramp(128), 1024, 128, [] {
    Compares(ub<std::uint8_t>(512), ub<float>(0), 70.0f, CMPMODE::LT, 128);
    Select(ub<float>(1024), ub<std::uint8_t>(512), ub<float>(0), -5.0f, SELMODE::VSEL_TENSOR_SCALAR_MODE,
           128);
  });
  EXPECT_EQ(z[69], 69);
  EXPECT_EQ(z[70], -5);
  const auto bits = on_vector_core<float, std::uint64_t>(ramp(128), 512, 2, [] {
    Adds(ub<float>(1024), ub<float>(0), 0.0f, 128);
    Compare(ub<std::uint8_t>(512), ub<float>(0), ub<float>(1024), CMPMODE::NE, 128);
  });
  EXPECT_EQ(bits[0] | bits[1], 0u);
}

TEST(Vector, ReductionsSumNeighboursAndFindTheFirstExtreme) {
  const auto sum = on_vector_core<float, float>(
      ramp(64), 256, 8, [] { WholeReduceSum(ub<float>(256), ub<float>(0), 64, 1, 1, 1, 8); });
  EXPECT_EQ(sum[0], 2016);
  auto x = ramp(64);
  x[5] = x[9] = 1000;
  const auto most = on_vector_core<float, float>(
      x, 256, 8, [] { WholeReduceMax(ub<float>(256), ub<float>(0), 64, 1, 1, 1, 8); });
  EXPECT_EQ(most[0], 1000);
  EXPECT_EQ(__builtin_bit_cast(std::uint32_t, most[1]), 5u);
  const auto blocks = on_vector_core<float, float>(
      ramp(64), 256, 8, [] { BlockReduceMax(ub<float>(256), ub<float>(0), 1, 64, 1, 1, 8); });
  EXPECT_EQ(blocks, (std::vector<float>{7, 15, 23, 31, 39, 47, 55, 63}));
  const auto pairs = on_vector_core<float, float>(
      ramp(64), 256, 32, [] { PairReduceSum(ub<float>(256), ub<float>(0), 1, 64, 1, 1, 8); });
  EXPECT_EQ(pairs[3], 13);
}

TEST(Vector, HalfSumsRoundAtEveryLevelOfTheTree) {
  std::vector<half> x(128, half(0.0f));
  x[0] = 2048.0f, x[1] = 1.0f, x[2] = 1.0f, x[3] = 1.0f;
  // (2048 + 1) -> 2048, (1 + 1) = 2, their sum 2050: not 2051 -> 2052.
  const auto z = on_vector_core<half, half>(
      x, 256, 16, [] { WholeReduceSum(ub<half>(256), ub<half>(0), 128, 1, 1, 1, 8); });
  EXPECT_EQ(z[0], 2050.0f);
}

TEST(Vector, ReduceSumTakesAnyCount) {
  for (int n : {1, 63, 64, 65, 1000, 20000}) {
    const auto z = on_vector_core<float, float>(ramp(n, 1), 150016, 8, [n] {
      ReduceSum(ub<float>(150016), ub<float>(0), ub<float>(100000 / 32 * 32), n);
    });
    EXPECT_NEAR(z[0], 0.5 * n * (n + 1), 1e-6 * n * n) << n;
  }
}

TEST(Vector, BrcbSpreadsElementsOverBlocks) {
  const auto z = on_vector_core<float, float>(
      ramp(16), 512, 128, [] { Brcb(ub<float>(512), ub<float>(0), 2, BrcbRepeatParams(1, 8)); });
  for (int i = 0; i < 128; ++i) EXPECT_EQ(z[static_cast<std::size_t>(i)], static_cast<float>(i / 8));
}

TEST(Vector, GatherTransposeSortAndMerge) {
  std::vector<std::uint32_t> x(64);
  for (std::uint32_t i = 0; i < 32; ++i)
    x[i] = (31 - i) * 4, x[32 + i] = __builtin_bit_cast(std::uint32_t, static_cast<float>(i * i));
  const auto g = on_vector_core<std::uint32_t, float>(
      x, 512, 32, [] { Gather(ub<float>(512), ub<float>(128), ub<std::uint32_t>(0), 0u, 32u); });
  EXPECT_EQ(g[0], 961);
  std::vector<half> m;
  for (int i = 0; i < 256; ++i) m.emplace_back(static_cast<float>(i));
  const auto t = on_vector_core<half, half>(m, 512, 256, [] { Transpose(ub<half>(512), ub<half>(0)); });
  EXPECT_EQ(t[1], 16.0f);
  std::vector<float> s(64);
  for (std::size_t i = 0; i < 32; ++i)
    s[i] = static_cast<float>((i * 7) % 32),
    s[32 + i] = __builtin_bit_cast(float, static_cast<std::uint32_t>(i));
  const auto sorted = on_vector_core<float, float>(s, 512, 128, [] {
    Sort32(ub<float>(512), ub<float>(0), ub<std::uint32_t>(128), 1);
    MrgSort4Info info;
    info.elementLengths[0] = info.elementLengths[1] = 32;
    info.validBit = 3;
    MrgSort(ub<float>(1024),
            MrgSortSrcList<float>{ub<float>(512), ub<float>(512), ub<float>(0), ub<float>(0)}, info);
    PipeBarrier<PIPE_V>();
    Adds(ub<float>(512), ub<float>(1024), 0.0f, 128);
  });
  EXPECT_EQ(sorted[0], 31);
  EXPECT_EQ(sorted[2], 31);  // the same list twice
  EXPECT_EQ(sorted[4], 30);
}

TEST(Vector, ShiftsThatRound) {
  COVERS("ShiftRight", "__attribute__");
  struct __attribute__((aligned(32))) Block {
    std::int32_t words[8];
  };
  static_assert(alignof(Block) == 32 && sizeof(Block) == 32, "one block of UB");
  std::vector<std::int32_t> in;
  for (int i = 0; i < 64; ++i) in.push_back((i - 31) * 37 + i % 5);
  constexpr std::uint64_t kBits[2] = {0xf0f0f0f0f0f0ff01, 0};
  const auto z = on_vector_core<std::int32_t, std::int32_t>(in, 1024, 128, [&] {
    Duplicate(ub<std::int32_t>(1024), 0, 128);
    PipeBarrier<PIPE_V>();
    const UnaryRepeatParams p(1, 1, 8, 8);
    ShiftRight(ub<std::int32_t>(1024), ub<std::int32_t>(0), 3, std::uint64_t{50}, 1, p, true);
    ShiftRight(ub<std::int32_t>(1280), ub<std::int32_t>(0), 3, kBits, 1, p, false);
  });
  for (int i = 0; i < 64; ++i) {
    const double exact = in[static_cast<std::size_t>(i)] / 8.0;
    EXPECT_EQ(z[static_cast<std::size_t>(i)], i < 50 ? std::floor(exact + 0.5) : 0) << i;
    EXPECT_EQ(z[static_cast<std::size_t>(64 + i)], (kBits[0] >> i & 1) != 0 ? std::floor(exact) : 0) << i;
  }
}

TEST(Vector, GathersByBits) {
  COVERS("Gather");
  std::vector<std::uint32_t> in;
  for (std::uint32_t i = 0; i < 64; ++i) in.push_back(i * 7 + 3);
  for (std::uint32_t i = 0; i < 64; ++i) in.push_back((i * 13 % 64) * 4);
  constexpr std::uint64_t kBits[2] = {0x123456789abcdef1, 0};
  const auto z = on_vector_core<std::uint32_t, std::uint32_t>(in, 1024, 64, [&] {
    Duplicate(ub<std::uint32_t>(1024), 0u, 64);
    PipeBarrier<PIPE_V>();
    Gather(ub<std::uint32_t>(1024), ub<std::uint32_t>(0), ub<std::uint32_t>(256), 0, kBits, 1, 8);
  });
  for (std::size_t i = 0; i < 64; ++i)
    EXPECT_EQ(z[i], (kBits[0] >> i & 1) != 0 ? in[in[64 + i] / 4] : 0) << i;
}

}  // namespace
}  // namespace etalon::ascendc
