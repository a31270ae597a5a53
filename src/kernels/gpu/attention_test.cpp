// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <numeric>

#include "catalog/catalog.h"
#include "kernels/gpu/attention_kernels.h"
#include "kernels/gpu/attention_plan.h"
#include "kernels/gpu/mla_formula.h"
#include "kernels/gpu/moe_kernels.h"
#include "kernels/gpu/moe_routing.h"
#include "kernels/gpu/vector_kernels.h"

namespace etalon::kernels {
namespace {

llm::Attention attention(std::int64_t batch, std::int64_t heads, std::int64_t kv, std::int64_t dim,
                         std::int64_t seq, bool causal = true) {
  llm::Attention a;
  a.batch = batch, a.heads_q = heads, a.heads_kv = kv, a.head_dim = a.head_dim_v = dim;
  a.seq_q = a.seq_kv = seq;
  a.causal = causal;
  return a;
}
llm::GroupedMatmul experts(std::int64_t tokens, double skew) {
  llm::GroupedMatmul g;
  g.tokens = tokens, g.hidden = 2048, g.inter = 768, g.experts = 128, g.top_k = 8, g.ep = 4, g.skew = skew;
  return g;
}
Result<KernelCost> cost(const char* chip, const Kernel& kernel, const llm::Operation& op, Harness h = {},
                        Fidelity fidelity = Fidelity::cycle) {
  CostOptions options;
  options.fidelity = fidelity;
  return kernel.cost(*catalog::find_chip(chip), op, h, options);
}
double seconds(const char* chip, const Kernel& kernel, const llm::Operation& op,
               Fidelity fidelity = Fidelity::cycle) {
  const auto c = cost(chip, kernel, op, {}, fidelity);
  EXPECT_TRUE(c) << (c ? "" : c.error().text());
  return c ? c->time.value : 0;
}
constexpr const char* kGpus[] = {"h100-sxm",     "h200-sxm",     "h800-sxm", "h20",
                                 "a100-80g-sxm", "a100-40g-sxm", "b200"};

TEST(AttentionPlan, CausalTilesSeeHalfOfTheKeyBlocks) {
  const auto causal = gpu::plan_attention(attention(1, 1, 1, 128, 4096), {132, false});
  const auto full = gpu::plan_attention(attention(1, 1, 1, 128, 4096, false), {132, false});
  const auto blocks = [](const gpu::AttentionPlan& p) {
    return std::accumulate(p.items.begin(), p.items.end(), 0,
                           [](int n, const gpu::WorkItem& w) { return n + w.blocks; });
  };
  EXPECT_EQ(blocks(full), 32 * 32);
  EXPECT_EQ(blocks(causal), 32 * 33 / 2);
  EXPECT_GT(causal.items.front().blocks, causal.items.back().blocks);
}
TEST(AttentionPlan, AWindowBoundsTheKeyBlocksOfEveryTile) {
  llm::Attention a = attention(1, 1, 1, 128, 8192);
  a.window = 512;
  for (const gpu::WorkItem& w : gpu::plan_attention(a, {132, false}).items) EXPECT_LE(w.blocks, 6);
}
TEST(AttentionPlan, DecodePacksTheHeadsOfAGroup) {
  llm::Attention a = attention(8, 32, 8, 128, 4096);
  a.phase = llm::Phase::decode, a.seq_q = 1;
  const auto plan = gpu::plan_attention(a, {132, false});
  EXPECT_TRUE(plan.packed);
  EXPECT_EQ(plan.heads, 64);
  EXPECT_EQ(plan.items.front().rows, 4);
}
TEST(AttentionPlan, KeysAreNotSplitWhereTheMachineIsFullOrThereIsLittleToCut) {
  EXPECT_EQ(gpu::split_count(8, 4, 132, 1), 1);
  EXPECT_EQ(gpu::split_count(128, 64, 132, 1), 1);
  EXPECT_GT(gpu::split_count(8, 64, 132, 1), 8);
}
TEST(AttentionPlan, BackwardTilesOfCausalAttentionSeeOnlyLaterQueries) {
  const auto plan = gpu::plan_attention_backward(attention(1, 4, 4, 128, 1024), {132, false});
  EXPECT_EQ(plan.items.front().blocks, 16);
  EXPECT_EQ(plan.items.back().blocks, 2);
}
TEST(LatentPlan, PartitionsCoverEveryKeyBlockOnce) {
  llm::Attention a;
  a.phase = llm::Phase::decode, a.batch = 37, a.heads_q = 16, a.heads_kv = 1, a.head_dim = 576,
  a.head_dim_v = 512;
  a.seq_q = 1, a.seq_kv = 5000, a.shared_kv = true;
  const auto job = gpu::latent_job(gpu::read_device(*catalog::find_chip("h100-sxm")), a, {});
  std::vector<std::int64_t> next(37, 0);
  for (const auto& run : job.partitions)
    for (const gpu::LatentSegment& s : run) {
      EXPECT_EQ(s.first, next[static_cast<std::size_t>(s.sequence)]);
      next[static_cast<std::size_t>(s.sequence)] += s.blocks;
    }
  for (std::int64_t n : next) EXPECT_EQ(n, 79);
  EXPECT_LE(job.partitions.size(), 132u);
}

TEST(MoeRouting, DrawsKeepTheNumberOfRoutedTokensAndRepeat) {
  const llm::GroupedMatmul g = [] {
    auto x = experts(1000, 1.2);
    x.ep = 1;
    return x;
  }();
  const auto a = gpu::drawn_loads(g, 3), b = gpu::drawn_loads(g, 3), c = gpu::drawn_loads(g, 4);
  EXPECT_EQ(gpu::total(a), 8000);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}
TEST(MoeRouting, BalancedLoadsAreEvenAndTheSkewedRankIsTheHeaviest) {
  const auto even = gpu::balanced_loads(experts(1024, 0));
  EXPECT_EQ(even.size(), 32u);
  for (std::int64_t n : even) EXPECT_EQ(n, 64);
  EXPECT_GT(gpu::total(gpu::drawn_loads(experts(1024, 1.2), 0)), 1024 * 8 / 4);
}

TEST(GpuKernels, EveryGpuOfTheCatalogCostsEveryKernelWithoutAMissingFact) {
  llm::Attention backward = attention(1, 16, 4, 128, 2048);
  backward.phase = llm::Phase::backward;
  llm::Attention latent = attention(1, 16, 16, 192, 1024);
  latent.head_dim_v = 128;
  llm::Vector norm{llm::VectorOp::rmsnorm, llm::Phase::forward, 4096, 4096};
  for (const char* chip : kGpus) {
    EXPECT_GT(seconds(chip, attention_kernels().front(), attention(1, 16, 4, 128, 2048)), 0) << chip;
    EXPECT_GT(seconds(chip, attention_kernels().front(), backward), 0) << chip;
    EXPECT_GT(seconds(chip, attention_kernels().front(), latent), 0) << chip;
    EXPECT_GT(seconds(chip, moe_kernels().front(), experts(512, 1.01)), 0) << chip;
    EXPECT_GT(seconds(chip, vector_kernels().front(), norm), 0) << chip;
  }
}
TEST(GpuKernels, LongForwardAndBackwardAttentionRunAtPublishedRates) {
  llm::Attention a = attention(1, 16, 16, 128, 16384, false);
  const double forward = seconds("h100-sxm", attention_kernels().front(), a);
  const double rate =
      4.0 * 16384 * 16384 * 128 * 16 / forward * 1e-12;  // published: about 600 to 660 TFLOP/s
  EXPECT_GT(rate, 520);
  EXPECT_LT(rate, 720);
  a.phase = llm::Phase::backward;
  const double back =
      10.0 * 16384 * 16384 * 128 * 16 / seconds("h100-sxm", attention_kernels().front(), a) * 1e-12;
  EXPECT_GT(back, 430);
  EXPECT_LT(back, 600);
}
TEST(GpuKernels, MoreWorkTakesLonger) {
  const Kernel& k = attention_kernels().front();
  double before = 0;
  for (std::int64_t s : {256, 1024, 4096, 16384}) {
    const double t = seconds("h100-sxm", k, attention(1, 32, 8, 128, s));
    EXPECT_GT(t, before);
    before = t;
  }
  EXPECT_LT(seconds("h100-sxm", moe_kernels().front(), experts(512, 0)),
            seconds("h100-sxm", moe_kernels().front(), experts(8192, 0)));
}
TEST(GpuKernels, TheClosedFormStaysNearTheSimulation) {
  const Kernel& k = attention_kernels().front();
  for (std::int64_t s : {512, 2048, 8192}) {
    const auto op = attention(2, 32, 8, 128, s);
    EXPECT_NEAR(seconds("h100-sxm", k, op, Fidelity::formula) / seconds("h100-sxm", k, op), 1, 0.25) << s;
  }
}
TEST(GpuKernels, TheSameQuestionGetsTheSameAnswerToTheBit) {
  const auto op = attention(3, 24, 8, 64, 777);
  EXPECT_EQ(seconds("h100-sxm", attention_kernels().front(), op),
            seconds("h100-sxm", attention_kernels().front(), op));
}
TEST(GpuKernels, ImpossibleShapesAreRefusedWithAReason) {
  const auto heads = cost("h100-sxm", attention_kernels().front(), attention(1, 30, 8, 128, 64));
  ASSERT_FALSE(heads);
  EXPECT_EQ(heads.error().code, "kernel.shape");
  llm::Attention eight = attention(1, 8, 8, 128, 64);
  eight.dtype = llm::Dtype::fp8;
  const auto type = cost("a100-80g-sxm", attention_kernels().front(), eight);
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().code, "kernel.dtype");
  EXPECT_FALSE(cost("h100-sxm", moe_kernels().front(), experts(0, 0)));
}
TEST(GpuKernels, TunedStreamsComeNearTheMemoryRateAndFrameworkOnesDoNot) {
  const llm::Operation add = llm::Vector{llm::VectorOp::residual_add, llm::Phase::forward, 16384, 8192};
  const double bytes = llm::compulsory_traffic(add).read.value + llm::compulsory_traffic(add).written.value;
  Harness old;
  old.software = "vidur-2023";
  const double tuned = bytes / cost("h100-sxm", vector_kernels().front(), add)->time.value;
  const double framework = bytes / cost("h100-sxm", vector_kernels().front(), add, old)->time.value;
  EXPECT_GT(tuned, 0.85 * 3.35e12);
  EXPECT_LT(framework, 0.65 * 3.35e12);
}

}  // namespace
}  // namespace etalon::kernels
