// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/gemm.h"

#include <gtest/gtest.h>

#include <chrono>

#include "catalog/catalog.h"
#include "kernels/gpu/gemm_program.h"

namespace etalon::kernels {
namespace {

catalog::Chip chip(const std::string& name = "h100-sxm") {
  auto found = catalog::find_chip(name);
  if (!found) throw std::runtime_error(found.error().text());
  return *std::move(found);
}

llm::Matmul product(std::int64_t m, std::int64_t n, std::int64_t k, llm::Dtype dtype = llm::Dtype::bf16) {
  llm::Matmul op;
  op.m = m, op.n = n, op.k = k, op.dtype = dtype;
  return op;
}

GemmProblem problem(const GemmChip& g, const llm::Matmul& op) { return *gemm_problem(chip(), g, op); }

Seconds cost_of(const llm::Matmul& op, Fidelity fidelity = Fidelity::cycle,
                const std::string& name = "h100-sxm") {
  CostOptions options;
  options.fidelity = fidelity;
  return gemm_cost(chip(name), op, {}, options)->time;
}

TEST(Gemm, LargeTilesJustKeepTheSharedMemoryPortBusyAndSmallOnesOverloadIt) {
  const GemmChip g = read_gemm_chip(chip());
  const GemmProblem p = problem(g, product(4096, 4096, 4096));
  GemmTiling t{128, 256};
  EXPECT_DOUBLE_EQ(count(g, p, t).tensor_cycles, 1024);
  EXPECT_DOUBLE_EQ(count(g, p, t).smem_cycles, 1024);
  t.cols = 128;
  EXPECT_DOUBLE_EQ(count(g, p, t).tensor_cycles, 512);
  EXPECT_DOUBLE_EQ(count(g, p, t).smem_cycles, 640);
}

TEST(Gemm, EveryCandidateCoversTheProductAndItsRingHasRoomForTwoStages) {
  const GemmChip g = read_gemm_chip(chip());
  for (const auto& op : {product(1, 8192, 8192), product(4097, 513, 65), product(64, 64, 65536)}) {
    const GemmProblem p = problem(g, op);
    const auto all = candidates(g, p);
    ASSERT_FALSE(all.empty());
    for (const GemmTiling& t : all) {
      const GemmCounts c = count(g, p, t);
      EXPECT_GE(c.tiles_m * t.tile_m(), p.m);
      EXPECT_GE(c.tiles_n * t.tile_n(), p.n);
      EXPECT_GE(c.steps * t.split * p.step(), p.k);
      EXPECT_GE(c.stages, 2);
      EXPECT_GE(c.rounds * c.slots, c.units);
    }
  }
}

TEST(Gemm, LongNarrowProductsAreSplitAlongK) {
  const GemmChip g = read_gemm_chip(chip());
  const GemmProblem p = problem(g, product(128, 128, 65536));
  EXPECT_GT(ranked(g, p, {}, Hertz{1.755e9}, 1)[0].split, 1);
  EXPECT_EQ(ranked(g, problem(g, product(8192, 8192, 8192)), {}, Hertz{1.755e9}, 1)[0].split, 1);
}

TEST(Gemm, BlockScaledProductsAreNeverSplit) {
  const GemmChip g = read_gemm_chip(chip());
  for (const GemmTiling& t : candidates(g, problem(g, product(16, 128, 65536, llm::Dtype::fp8_block))))
    EXPECT_EQ(t.split, 1);
}

// The published rule by hand: fewest waves, then the fullest last one, then the narrowest tile.
TEST(Gemm, BlockScaledTilesFollowThePublishedRule) {
  const GemmChip g = read_gemm_chip(chip());
  const auto tile = [&](std::int64_t m, std::int64_t n) {
    return block_scaled_tiling(g, problem(g, product(m, n, 4096, llm::Dtype::fp8_block)));
  };
  EXPECT_EQ(tile(80, 5120), (GemmTiling{128, 40, false, 1, 1, 1}));   // 128 tiles in one wave
  EXPECT_EQ(tile(64, 16384), (GemmTiling{64, 128, false, 1, 1, 1}));  // 128 tiles, 64 rows at most
  EXPECT_EQ(tile(257, 768), (GemmTiling{128, 24, false, 1, 1, 1}));   // 144 of 16 columns would take two
  EXPECT_EQ(tile(31, 16384), (GemmTiling{128, 32, true, 1, 1, 1}));   // weights on the side of 128
  EXPECT_EQ(tile(16, 16384), (GemmTiling{128, 16, true, 1, 1, 1}));
}

TEST(Gemm, ATileThatReachesOverTheEdgeOfItsTensorIsSlowerToCopyThanAFullOne) {
  const auto time = [&](std::int64_t m) {
    return cost_of(product(m, 16384, 3584, llm::Dtype::fp8_block)).value;
  };
  EXPECT_GT(time(257), 1.1 * time(384));
}

TEST(Gemm, WhatFitsInHalfOfL2SurvivesAndOfWhatExceedsAllOfItNothingDoes) {
  const chip::GpuFacts gpu = read_gemm_chip(chip()).gpu;
  EXPECT_EQ(survival(gpu.l2_reuse.value, gpu), 1);
  EXPECT_EQ(survival(gpu.l2_capacity.value, gpu), 0);
  EXPECT_NEAR(survival(0.5 * (gpu.l2_reuse + gpu.l2_capacity).value, gpu), 0.5, 1e-12);
}

TEST(Gemm, SimulatedTimeIsNeverBelowThePeakRates) {
  for (const auto& op : {product(4096, 4096, 4096), product(8, 16384, 16384), product(1024, 1024, 512)}) {
    const double flop_time = 2.0 * op.m * op.n * op.k / (132 * 4096 * 1.98e9);
    EXPECT_GT(cost_of(op).value, flop_time);
  }
  EXPECT_GT(cost_of(product(8, 16384, 16384)).value, 2.0 * 16384 * 16384 / 3.35e12);
}

TEST(Gemm, MoreWorkNeverTakesNoticeablyLess) {
  double before = 0;
  for (std::int64_t m = 64; m <= 8192; m *= 2) {
    const double now = cost_of(product(m, 4096, 4096)).value;
    EXPECT_GT(now, 0.99 * before) << m;
    before = now;
  }
}

TEST(Gemm, CoarserStepsAndSkippedRoundsStayWithinHalfAPercentOfTheWholeRun) {
  const GemmChip g = read_gemm_chip(chip());
  const Hertz clock{1.6e9};
  const GemmEffort everything{1e12, 1};
  for (const auto& op : {product(8192, 3072, 6144), product(4096, 4096, 4096), product(64, 12288, 51200),
                         product(32768, 2048, 256), product(4096, 8192, 1024)}) {
    const GemmProblem p = problem(g, op);
    const GemmTiling t = ranked(g, p, {}, clock, 1)[0];
    const double whole = simulate(g, p, t, {}, false, clock, false, everything).body.value;
    const GemmRun quick = simulate(g, p, t, {}, false, clock);
    EXPECT_NEAR(quick.body.value / whole, 1, 0.005) << op.m << "x" << op.n << "x" << op.k;
  }
}

TEST(Gemm, OneTilingOf4096CubedTakesWellUnderATenthOfASecond) {
  const GemmChip g = read_gemm_chip(chip());
  const GemmProblem p = problem(g, product(4096, 4096, 4096));
  const auto start = std::chrono::steady_clock::now();
  simulate(g, p, {128, 256}, {}, false, Hertz{1.6e9});
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::seconds(2));  // loaded machines, sanitizers
}

TEST(Gemm, TheSameInputGivesTheSameBytes) {
  CostOptions options;
  const auto once = gemm_cost(chip(), product(777, 3333, 999), {}, options);
  const auto again = gemm_cost(chip(), product(777, 3333, 999), {}, options);
  EXPECT_EQ(once->time.value, again->time.value);
  EXPECT_EQ(once->energy.value, again->energy.value);
}

TEST(Gemm, ChipsWithoutAnEightBitFloatUnitRefuseIt) {
  const auto cost = gemm_cost(chip("a100-80g-sxm"), product(64, 64, 64, llm::Dtype::fp8), {}, {});
  ASSERT_FALSE(cost);
  EXPECT_EQ(cost.error().code, "kernel.dtype");
}

TEST(Gemm, SizesThatAreNotPositiveAreRefused) {
  const auto cost = gemm_cost(chip(), product(0, 64, 64), {}, {});
  ASSERT_FALSE(cost);
  EXPECT_EQ(cost.error().code, "kernel.shape");
}

TEST(Gemm, AProductLargerThanTheMemoryIsPricedByFormulaAndAbsurdSizesAreRefused) {
  const auto large = gemm_cost(chip(), product(2000000, 200000, 4096), {}, {});
  ASSERT_TRUE(large);
  EXPECT_EQ(large->fidelity, Fidelity::formula);
  EXPECT_FALSE(gemm_cost(chip(), product(1000000000000, 64, 64), {}, {}));
}

TEST(Gemm, AFixedClockIsKeptAndAStepThatLastsRunsSlowerThanABurst) {
  Harness fixed, step;
  fixed.clock = Hertz{1.2e9};
  step.sustained = true;
  const auto op = product(8192, 8192, 8192);
  EXPECT_EQ(gemm_cost(chip(), op, fixed, {})->clock.value, 1.2e9);
  EXPECT_LT(gemm_cost(chip(), op, step, {})->clock, gemm_cost(chip(), op, {}, {})->clock);
}

TEST(Gemm, EveryTypeOfEveryGpuHasATimeAndSharesThatSumToOne) {
  using enum llm::Dtype;
  for (const char* name : {"h100-sxm", "a100-80g-sxm", "b200"})
    for (const llm::Dtype dtype : {bf16, fp16, tf32, fp32, int8}) {
      const auto cost = gemm_cost(chip(name), product(2048, 2048, 2048, dtype), {}, {});
      ASSERT_TRUE(cost) << name;
      double sum = 0;
      for (const auto& [limit, share] : cost->limits) sum += share;
      EXPECT_NEAR(sum, 1, 1e-6) << name;
      EXPECT_GT(cost->energy.value, 0);
    }
}

}  // namespace
}  // namespace etalon::kernels
