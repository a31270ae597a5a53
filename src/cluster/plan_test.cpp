// SPDX-License-Identifier: Apache-2.0
#include "cluster/plan.h"

#include <gtest/gtest.h>

namespace etalon::cluster {
namespace {

llm::Architecture small() {
  llm::Architecture a;
  a.name = "small";
  a.hidden = 1024, a.heads = 16, a.kv_heads = 8, a.head_dim = 64, a.ffn = 4096, a.vocab = 32000;
  a.layers.assign(12, {});
  return a;
}
llm::Architecture experts() {
  llm::Architecture a = small();
  a.experts = 32, a.top_k = 2, a.expert_ffn = 512;
  for (auto& layer : a.layers) layer.experts = true;
  return a;
}
Fabric eight() {
  Fabric f;
  f.node = "node", f.chip = "chip", f.packages = 8;
  return f;
}

std::string code(const ParallelPlan& p, const llm::Architecture& a = small(), Task task = {4096, 64}) {
  const auto count = micro_batches(p, a, eight(), task);
  return count ? "" : count.error().code;
}
ParallelPlan plan(std::int64_t dp, std::int64_t tp, std::int64_t pp) {
  ParallelPlan p;
  p.dp = dp, p.tp = tp, p.pp = pp;
  return p;
}

TEST(Plan, MicroBatchesAreTheGlobalBatchOverDataRanksAndMicroBatch) {
  ParallelPlan p = plan(4, 2, 1);
  p.micro_batch = 2;
  EXPECT_EQ(micro_batches(p, small(), eight(), {4096, 64}).value(), 8);
}

TEST(Plan, DegreesMustMultiplyToTheDevices) { EXPECT_EQ(code(plan(4, 4, 1)), "plan.degrees"); }

TEST(Plan, DevicesOfAPackageCountAsRanks) {
  Fabric f = eight();
  f.devices_per_package = 2;
  EXPECT_TRUE(micro_batches(plan(8, 2, 1), small(), f, {4096, 64}).has_value());
  EXPECT_FALSE(micro_batches(plan(4, 2, 1), small(), f, {4096, 64}).has_value());
}

TEST(Plan, DegreesBelowOneAreRefused) { EXPECT_EQ(code(plan(8, 0, 1)), "plan.degree"); }

TEST(Plan, HeadsMustDivideByTensorRanks) {
  llm::Architecture a = small();
  a.heads = 12, a.kv_heads = 12;
  EXPECT_EQ(code(plan(1, 8, 1), a), "plan.heads");
}

TEST(Plan, LayersMustReachEveryStage) {
  llm::Architecture a = small();
  a.layers.resize(4);
  EXPECT_EQ(code(plan(1, 1, 8), a), "plan.layers");
}

TEST(Plan, InterleavingNeedsAPipelineThatDividesTheLayers) {
  ParallelPlan p = plan(8, 1, 1);
  p.vp = 2;
  EXPECT_EQ(code(p), "plan.layers");
  p = plan(2, 1, 4), p.vp = 2;
  EXPECT_EQ(code(p), "plan.layers");
  p.vp = 3;
  EXPECT_EQ(code(p), "");
}

TEST(Plan, TheGlobalBatchMustDivide) { EXPECT_EQ(code(plan(8, 1, 1), small(), {4096, 12}), "plan.batch"); }

TEST(Plan, ExpertsNeedAModelThatHasThem) {
  ParallelPlan p = plan(8, 1, 1);
  p.ep = 8;
  EXPECT_EQ(code(p), "plan.experts");
  EXPECT_EQ(code(p, experts()), "");
  p.ep = 3;
  EXPECT_EQ(code(p, experts()), "plan.experts");
}

TEST(Plan, TheSequenceMustDivideByItsRanks) {
  ParallelPlan p = plan(2, 1, 1);
  p.cp = 4;
  EXPECT_EQ(code(p, small(), {4098, 64}), "plan.sequence");
  EXPECT_EQ(code(p, small(), {0, 64}), "plan.sequence");
}

TEST(Plan, ShardedGradientsDoNotGoWithAPipeline) {
  ParallelPlan p = plan(4, 1, 2);
  p.zero = 3;
  EXPECT_EQ(code(p), "plan.zero");
  p.zero = 7;
  EXPECT_EQ(code(p), "plan.zero");
}

TEST(Plan, EveryEnumeratedPlanIsValidAndWithinItsLimits) {
  PlanLimits limits;
  limits.tp = 2;
  const auto plans = enumerate_plans(limits, small(), eight(), {4096, 64});
  EXPECT_GT(plans.size(), 10u);
  for (const auto& p : plans) {
    EXPECT_EQ(p.tp, 2);
    EXPECT_EQ(code(p), "") << describe(p);
  }
}

TEST(Plan, ADescriptionLeavesOutDegreesOfOne) {
  EXPECT_EQ(describe(plan(8, 1, 1)), "dp 8 zero 1 micro-batch 1 recompute none bf16");
}

}  // namespace
}  // namespace etalon::cluster
