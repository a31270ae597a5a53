// SPDX-License-Identifier: Apache-2.0
// Comparisons, selections, reductions and rearrangements against plain loops in double precision.
#include <algorithm>
#include <cmath>

#include "ascendc/covers_for_test.h"
#include "ascendc/test_core.h"
#include "base/rng.h"

namespace etalon::ascendc {
namespace {

using namespace AscendC;

template <class T>
std::vector<T> random_numbers(std::size_t n, double low = -8, double high = 8) {
  Rng rng(11, "arrange");
  std::vector<T> x;
  for (std::size_t i = 0; i < n; ++i)
    x.push_back(static_cast<T>(static_cast<float>(low + (high - low) * rng.uniform())));
  return x;
}

bool holds(CMPMODE mode, double a, double b) {
  return mode == CMPMODE::LT   ? a < b
         : mode == CMPMODE::GT ? a > b
         : mode == CMPMODE::EQ ? a == b
         : mode == CMPMODE::LE ? a <= b
         : mode == CMPMODE::GE ? a >= b
                               : a != b;
}

TEST(Masks, CompareAndSelectInEveryMode) {
  COVERS("Compare", "Compares", "CompareScalar", "Select", "CMPMODE", "SELMODE");
  std::vector<float> x = random_numbers<float>(256);
  for (float& v : x) v = std::round(v);
  for (const CMPMODE mode : {CMPMODE::LT, CMPMODE::GT, CMPMODE::EQ, CMPMODE::LE, CMPMODE::GE, CMPMODE::NE}) {
    const auto z = on_vector_core<float, float>(x, 4096, 512, [mode] {
      const auto a = ub<float>(0), b = ub<float>(512), bits = ub<float>(2048);
      Compare(ub<std::uint8_t>(2048), a, b, mode, 128);
      Select(ub<float>(4096), ub<std::uint8_t>(2048), a, b, SELMODE::VSEL_TENSOR_TENSOR_MODE, 128);
      Compares(ub<std::uint8_t>(2080), a, 2.0f, mode, 128);
      Select(ub<float>(4608), ub<std::uint8_t>(2080), a, -1.0f, SELMODE::VSEL_TENSOR_SCALAR_MODE, 128);
      CompareScalar(ub<std::uint8_t>(2112), a, 1.0f, mode, 64);
      Select(ub<float>(5120), ub<std::uint8_t>(2112), a, b, SELMODE::VSEL_CMPMASK_SPR, std::uint64_t{64}, 2,
             BinaryRepeatParams(1, 1, 1, 8, 8, 8));
      Compare(ub<std::uint8_t>(2144), a, b, mode, std::uint64_t{64}, 2, BinaryRepeatParams(1, 1, 1, 8, 8, 0));
      Select(ub<float>(5632), ub<std::uint8_t>(2144), a, 5.0f, SELMODE::VSEL_TENSOR_SCALAR_MODE, 128);
      static_cast<void>(bits);
    });
    for (std::size_t i = 0; i < 128; ++i) {
      const double a = x[i], b = x[128 + i];
      EXPECT_EQ(z[i], holds(mode, a, b) ? a : b);
      EXPECT_EQ(z[128 + i], holds(mode, a, 2) ? a : -1);
      EXPECT_EQ(z[256 + i], holds(mode, x[i % 64], 1) ? a : b);
      EXPECT_EQ(z[384 + i], holds(mode, a, x[128 + i % 64]) ? a : 5);
    }
  }
}

template <class T>
void expect_reductions() {
  constexpr std::size_t per = 256 / sizeof(T), block = 32 / sizeof(T), repeats = 3;
  const double unit = sizeof(T) == 2 ? 0x1p-9 : 0x1p-20;
  const std::vector<T> x = random_numbers<T>(per * repeats);
  const auto at = [&](std::size_t i) { return static_cast<double>(static_cast<float>(x[i])); };
  const auto n = static_cast<std::int32_t>(per);
  enum {
    kSum = 0,
    kMax = 64,
    kMin = 128,
    kBlockSum = 192,
    kBlockMax = 256,
    kBlockMin = 320,
    kPairs = 384,
    kRepeat = 1024
  };
  const auto z = on_vector_core<T, T>(x, 8192, 2048, [&] {
    const auto to = [](std::uint32_t element) {
      return ub<T>(8192 + element * static_cast<std::uint32_t>(sizeof(T)));
    };
    const auto a = ub<T>(0);
    WholeReduceSum(to(kSum), a, n, 3, 1, 1, 8);
    WholeReduceMax(to(kMax), a, n, 3, 1, 1, 8, ReduceOrder::ORDER_VALUE_INDEX);
    WholeReduceMin(to(kMin), a, n - 3, 3, 1, 1, 8, ReduceOrder::ORDER_ONLY_VALUE);
    BlockReduceSum(to(kBlockSum), a, 3, n, 1, 1, 8);
    BlockReduceMax(to(kBlockMax), a, 3, n, 1, 1, 8);
    BlockReduceMin(to(kBlockMin), a, 3, n, 1, 1, 8);
    PairReduceSum(to(kPairs), a, 3, n, 1, 1, 8);
    RepeatReduceSum(to(kRepeat), a, 3, n - 5, 0, 1, 1, 8);
  });
  const auto got = [&](std::size_t i) { return static_cast<double>(static_cast<float>(z[i])); };
  for (std::size_t r = 0; r < repeats; ++r) {
    double sum = 0, short_sum = 0, size = 0, least = INFINITY;
    std::size_t most = 0;
    for (std::size_t e = 0; e < per; ++e) {
      const double v = at(r * per + e);
      sum += v, size += std::fabs(v);
      if (e < per - 5) short_sum += v;
      if (e < per - 3) least = std::min(least, v);
      if (v > at(r * per + most)) most = e;
    }
    EXPECT_NEAR(got(kSum + r), sum, unit * size);
    EXPECT_NEAR(got(kRepeat + r), short_sum, unit * size);
    EXPECT_EQ(got(kMax + 2 * r), at(r * per + most));
    std::uint32_t index = 0;
    std::memcpy(&index, &z[kMax + 2 * r + 1], sizeof(T));
    EXPECT_EQ(index, most);
    EXPECT_EQ(got(kMin + r), least);
    for (std::size_t b = 0; b < 8; ++b) {
      double of_block = 0, high = -INFINITY, low = INFINITY;
      for (std::size_t e = 0; e < block; ++e) {
        const double v = at(r * per + b * block + e);
        of_block += v, high = std::max(high, v), low = std::min(low, v);
      }
      EXPECT_NEAR(got(kBlockSum + r * 8 + b), of_block, unit * 64);
      EXPECT_EQ(got(kBlockMax + r * 8 + b), high);
      EXPECT_EQ(got(kBlockMin + r * 8 + b), low);
    }
    for (std::size_t p = 0; p < per / 2; ++p) {
      const double pair = at(r * per + 2 * p) + at(r * per + 2 * p + 1);
      EXPECT_NEAR(got(kPairs + r * 128 / sizeof(T) + p), pair, unit * 8);
    }
  }
}
TEST(Reductions, OfRepeatsBlocksAndPairs) {
  COVERS("WholeReduceSum", "WholeReduceMax", "WholeReduceMin", "BlockReduceSum", "BlockReduceMax",
         "BlockReduceMin", "PairReduceSum", "RepeatReduceSum", "ReduceOrder");
  expect_reductions<float>();
  expect_reductions<half>();
}

TEST(Reductions, OfAnyCountOfElements) {
  COVERS("ReduceSum", "ReduceMax", "ReduceMin");
  for (const int n : {8, 64, 100, 777, 9000}) {
    const auto x = random_numbers<float>(static_cast<std::size_t>(n));
    const auto z = on_vector_core<float, float>(x, 160000, 24, [n] {
      const auto a = ub<float>(0), tmp = ub<float>(100000 / 32 * 32);
      ReduceSum(ub<float>(160000), a, tmp, n);
      ReduceMax(ub<float>(160032), a, tmp, n);
      ReduceMin(ub<float>(160064), a, tmp, n);
    });
    double sum = 0;
    for (const float v : x) sum += v;
    EXPECT_NEAR(z[0], sum, 1e-6 * 8 * n);
    EXPECT_EQ(z[8], *std::max_element(x.begin(), x.end()));
    EXPECT_EQ(z[16], *std::min_element(x.begin(), x.end()));
  }
}

// The first largest and smallest with their places, through one, two and three levels of pairs.
template <class T>
void expect_places(int n) {
  auto x = random_numbers<T>(static_cast<std::size_t>(n));
  const int size = static_cast<int>(sizeof(T));
  const auto z = on_vector_core<T, T>(x, 160000, 64, [n] {
    const auto a = ub<T>(0), tmp = ub<T>(100000 / 32 * 32);
    ReduceMax(ub<T>(160000), a, tmp, n, true);
    ReduceMin(ub<T>(160000 + 16 * sizeof(T)), a, tmp, n, true);
    if (n < 256) return;
    const int per = 256 / static_cast<int>(sizeof(T));
    ReduceMax(ub<T>(160000 + 32 * sizeof(T)), a, tmp, per - 3, n / per, 8, true);
    ReduceSum(ub<T>(160000 + 48 * sizeof(T)), a, tmp, per - 3, n / per, 8);
  });
  const auto at = [&](std::size_t i) { return static_cast<float>(x[i]); };
  const auto place = [&](std::size_t i) {
    std::uint32_t index = 0;
    std::memcpy(&index, &z[i + 1], sizeof(T));
    return index;
  };
  std::size_t most = 0, least = 0, masked = 0;
  const auto per = static_cast<std::size_t>(256 / size);
  double sum = 0, scale = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (at(i) > at(most)) most = i;
    if (at(i) < at(least)) least = i;
    if (i % per >= per - 3 || i >= x.size() / per * per) continue;
    if (at(i) > at(masked)) masked = i;
    sum += at(i), scale += std::fabs(at(i));
  }
  EXPECT_EQ(static_cast<float>(z[0]), at(most));
  EXPECT_EQ(place(0), most) << n;
  EXPECT_EQ(static_cast<float>(z[16]), at(least));
  EXPECT_EQ(place(16), least) << n;
  if (n < 256) return;
  EXPECT_EQ(static_cast<float>(z[32]), at(masked));
  EXPECT_EQ(place(32), masked) << n;
  EXPECT_NEAR(static_cast<float>(z[48]), sum, (size == 2 ? 1e-3 : 1e-6) * scale);
}
TEST(Reductions, WithTheirPlaces) {
  COVERS("ReduceMax", "ReduceMin", "ReduceSum");
  for (const int n : {8, 64, 100, 777, 9000}) expect_places<float>(n);
  for (const int n : {16, 128, 777, 16384}) expect_places<half>(n);
}

TEST(Arrange, KeepsWhatTheMaskSays) {
  COVERS("GatherMask", "GatherMaskParams");
  std::vector<float> x = random_numbers<float>(192);
  std::vector<std::uint32_t> bits;
  Rng rng(3, "bits");
  for (int i = 0; i < 6; ++i) bits.push_back(static_cast<std::uint32_t>(rng.bits()));
  std::vector<std::uint32_t> in(256);
  std::memcpy(in.data(), x.data(), x.size() * 4);
  for (std::size_t r = 0; r < 3; ++r) in[192 + r * 8] = bits[2 * r], in[192 + r * 8 + 1] = bits[2 * r + 1];
  std::uint64_t kept = 0, of_two = 0, of_four = 0;
  const auto z = on_vector_core<std::uint32_t, float>(in, 4096, 512, [&] {
    const auto a = ub<float>(0);
    GatherMask(ub<float>(4096), a, ub<std::uint32_t>(768), false, 0, GatherMaskParams(1, 3, 8, 1), kept);
    GatherMaskParams repeats_only;
    repeats_only.repeatTimes = 2;
    GatherMask(ub<float>(4096 + 1024), a, std::uint8_t{2}, false, 0, repeats_only, of_two);
    GatherMask(ub<float>(4096 + 1536), a, 5, true, 70, {1, 1, 8, 0}, of_four);
  });
  std::vector<float> want;
  for (std::size_t i = 0; i < 192; ++i) {
    if ((bits[i / 64 * 2 + i % 64 / 32] >> (i % 32) & 1) != 0) want.push_back(x[i]);
  }
  ASSERT_EQ(kept, want.size());
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ(z[i], want[i]);
  ASSERT_EQ(of_two, 64u);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(z[256 + i], x[2 * i + 1]);
  ASSERT_EQ(of_four, 17u);  // of elements 2, 6, ... below 70
  for (std::size_t i = 0; i < 17; ++i) EXPECT_EQ(z[384 + i], x[4 * i + 2]);
}

template <class T>
void expect_transposed() {
  constexpr std::size_t columns = 32 / sizeof(T) < 16 ? 32 / sizeof(T) : 16;
  constexpr std::size_t row = 32 / sizeof(T);  // elements of a block
  std::vector<T> x;
  for (std::size_t i = 0; i < 2 * 16 * row; ++i) x.push_back(static_cast<T>(static_cast<float>(i % 125)));
  const auto z = on_vector_core<T, T>(x, 2048, 2 * 16 * row, [] {
    std::uint64_t to[16], from[16];
    for (std::uint32_t i = 0; i < 16; ++i) {
      from[i] = ub<T>(i * 32).GetPhyAddr();
      to[i] = ub<T>(2048 + i * 32).GetPhyAddr();
    }
    Duplicate(ub<std::int16_t>(2048), 0, 512);
    TransDataTo5HD<T>(to, from, TransDataTo5HDParams(false, false, 2, 16, 16));
  });
  for (std::size_t r = 0; r < 2; ++r) {
    for (std::size_t i = 0; i < 16; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        const std::size_t at = sizeof(T) == 4 ? j * 16 + i : j * row + i;
        EXPECT_EQ(z[r * 16 * row + at], x[(r * 16 + i) * row + j]) << i << ' ' << j;
      }
    }
  }
}
TEST(Arrange, TransposesSixteenBlocks) {
  COVERS("TransDataTo5HD", "TransDataTo5HDParams", "Transpose");
  expect_transposed<half>();
  expect_transposed<float>();
  expect_transposed<std::int8_t>();
  std::vector<half> x;
  for (int i = 0; i < 256; ++i) x.emplace_back(static_cast<float>(i));
  const auto z = on_vector_core<half, half>(x, 4096, 512, [] {
    LocalTensor<half> to[16], from[16];
    for (std::uint32_t i = 0; i < 16; ++i) from[i] = ub<half>(i * 32), to[i] = ub<half>(4096 + i * 32);
    TransDataTo5HD<half>(to, from, TransDataTo5HDParams());
    Transpose(ub<half>(4608), ub<half>(0));
  });
  for (std::size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(z[i], x[i % 16 * 16 + i / 16]);
    EXPECT_EQ(z[256 + i], x[i % 16 * 16 + i / 16]);
  }
}

TEST(Arrange, GathersElementsAndBlocks) {
  COVERS("Gather", "Gatherb", "GatherRepeatParams", "Brcb", "BrcbRepeatParams", "CreateVecIndex");
  std::vector<std::uint32_t> in(512);
  const auto x = random_numbers<float>(256);
  std::memcpy(in.data(), x.data(), 1024);
  Rng rng(5, "offsets");
  for (std::size_t i = 0; i < 128; ++i) in[256 + i] = static_cast<std::uint32_t>(rng.below(256) * 4);
  for (std::size_t i = 0; i < 16; ++i) in[384 + i] = static_cast<std::uint32_t>(rng.below(32) * 32);
  const auto z = on_vector_core<std::uint32_t, float>(in, 8192, 1024, [] {
    Gather(ub<float>(8192), ub<float>(0), ub<std::uint32_t>(1024), 0u, 128u);
    Gather(ub<float>(8704), ub<float>(0), ub<std::uint32_t>(1024), 0u, std::uint64_t{64}, std::uint8_t{2}, 8);
    Gatherb(ub<float>(9216), ub<float>(0), ub<std::uint32_t>(1536), 2, GatherRepeatParams(1, 8));
    Brcb(ub<float>(9728), ub<float>(0), 4, BrcbRepeatParams(1, 8));
    CreateVecIndex(ub<float>(10752), 3.0f, 100u);
    CreateVecIndex(ub<std::int32_t>(11264), 5, 32, 2, 1, 4);
  });
  for (std::size_t i = 0; i < 128; ++i) {
    EXPECT_EQ(z[i], x[in[256 + i] / 4]);
    EXPECT_EQ(z[128 + i], x[in[256 + i] / 4]);
    EXPECT_EQ(z[256 + i], x[in[384 + i / 8] / 4 + i % 8]);
  }
  for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(z[384 + i], x[i / 8]);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(z[640 + i], 3.0 + static_cast<double>(i));
  for (std::size_t i = 0; i < 64; ++i)
    EXPECT_EQ(__builtin_bit_cast(std::int32_t, z[768 + i]), 5 + static_cast<int>(i));
}

TEST(Arrange, SortsAndMerges) {
  COVERS("Sort32", "MrgSort", "MrgSortSrcList", "MrgSort4Info", "GetMrgSortResult");
  const auto scores = random_numbers<float>(128);
  std::vector<float> in(256);
  for (std::size_t i = 0; i < 128; ++i) {
    in[i] = scores[i];
    const auto number = static_cast<std::uint32_t>(i);
    std::memcpy(&in[128 + i], &number, 4);
  }
  std::uint16_t taken[4] = {};
  const auto z = on_vector_core<float, float>(in, 8192, 512, [&] {
    Sort32(ub<float>(4096), ub<float>(0), ub<std::uint32_t>(512), 4);
    const std::uint16_t lengths[4] = {32, 32, 32, 32};
    const MrgSortSrcList<float> lists(ub<float>(4096), ub<float>(4352), ub<float>(4608), ub<float>(4864));
    MrgSort(ub<float>(8192), lists, MrgSort4Info(lengths, false, 15, 1));
    MrgSort(ub<float>(9216), lists, MrgSort4Info(lengths, true, 3, 1));
    GetMrgSortResult(taken[0], taken[1], taken[2], taken[3]);
  });
  std::vector<std::size_t> order(128);
  for (std::size_t i = 0; i < 128; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  for (std::size_t i = 0; i < 128; ++i) {
    EXPECT_EQ(z[2 * i], scores[order[i]]);
    EXPECT_EQ(__builtin_bit_cast(std::uint32_t, z[2 * i + 1]), order[i]);
  }
  // A repeat takes the four lists behind those of the one before.
  const auto merged = on_vector_core<float, float>(in, 8192, 256, [&] {
    Sort32(ub<float>(4096), ub<float>(0), ub<std::uint32_t>(512), 4);
    const std::uint16_t lengths[4] = {16, 16, 16, 16};
    const MrgSortSrcList<float> lists(ub<float>(4096), ub<float>(4224), ub<float>(4352), ub<float>(4480));
    MrgSort(ub<float>(8192), lists, MrgSort4Info(lengths, false, 15, 2));
  });
  for (std::size_t half = 0; half < 2; ++half) {
    std::vector<float> want(scores.begin() + 64 * half, scores.begin() + 64 * (half + 1));
    std::sort(want.begin(), want.end(), std::greater<>());
    for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(merged[128 * half + 2 * i], want[i]);
  }
  // It ends once one of the two lists is used up.
  EXPECT_EQ(std::max(taken[0], taken[1]), 32);
  EXPECT_LT(std::min(taken[0], taken[1]), 32);
  const auto last = static_cast<std::size_t>(taken[0] + taken[1] - 1);
  EXPECT_EQ(z[256 + 2 * last], taken[0] == 32 ? *std::min_element(scores.begin(), scores.begin() + 32)
                                              : *std::min_element(scores.begin() + 32, scores.begin() + 64));
}

TEST(Masks, SetThroughTheOlderClass) {
  COVERS("AscendCUtils", "NORMAL", "SetVectorMask");
  const auto z = on_vector_core<float, float>(random_numbers<float>(64), 4096, 256, [] {
    Duplicate(ub<float>(4096), 0.0f, 256);
    AscendCUtils::SetMask<float>(10);
    Duplicate<float, false>(ub<float>(4096), 1.0f, MASK_PLACEHOLDER, 1, 1, 8);
    AscendCUtils::SetMask<float>(0, 0xf0);
    Duplicate<float, false>(ub<float>(4352), 2.0f, MASK_PLACEHOLDER, 1, 1, 8);
    SetVectorMask<float, MaskMode::NORMAL>(0, 0x3);
    Duplicate<float, false>(ub<float>(4608), 3.0f, MASK_PLACEHOLDER, 1, 1, 8);
    AscendCUtils::ResetMask();
    Duplicate<float, false>(ub<float>(4864), 4.0f, MASK_PLACEHOLDER, 1, 1, 8);
  });
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(z[i], i < 10 ? 1 : 0);
    EXPECT_EQ(z[64 + i], i >= 4 && i < 8 ? 2 : 0);
    EXPECT_EQ(z[128 + i], i < 2 ? 3 : 0);
    EXPECT_EQ(z[192 + i], 4);
  }
}

TEST(Arrange, CopiesAndFillsWithStrides) {
  COVERS("Copy", "CopyRepeatParams", "Duplicate");
  const auto x = random_numbers<float>(128);
  const auto z = on_vector_core<float, float>(x, 4096, 512, [] {
    Duplicate(ub<float>(4096), 7.0f, 512);
    Copy(ub<float>(4096), ub<float>(0), std::uint64_t{64}, 2, CopyRepeatParams(1, 1, 16, 8));
    Duplicate(ub<float>(5120), -2.0f, std::uint64_t{5}, 2, 1, 8);
    const std::uint64_t bits[2] = {0xf0, 0};
    Duplicate(ub<float>(5632), 9.0f, bits, 1, 1, 8);
  });
  for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(z[i], i % 128 < 64 ? x[i / 128 * 64 + i % 128] : 7) << i;
  for (std::size_t i = 0; i < 128; ++i) EXPECT_EQ(z[256 + i], i % 64 < 5 ? -2 : 7);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(z[384 + i], i >= 4 && i < 8 ? 9 : 7);
}

}  // namespace
}  // namespace etalon::ascendc
