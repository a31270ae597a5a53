// SPDX-License-Identifier: Apache-2.0
// Costs of attention from the Ascend C kernels: simulations of a part against whole ones, the direct path of
// the 950, decode and latent decode.
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernels/npu/attention_run.h"

namespace etalon::kernels {
namespace {

const catalog::Chip& chip_named(const std::string& name) {
  static std::map<std::string, catalog::Chip> chips;
  const auto at = chips.find(name);
  if (at != chips.end()) return at->second;
  return chips.emplace(name, *catalog::find_chip(name)).first->second;
}

llm::Attention attention(llm::Phase phase, std::int64_t batch, std::int64_t heads, std::int64_t kv_heads,
                         std::int64_t dim, std::int64_t q, std::int64_t kv, bool causal) {
  llm::Attention a;
  a.phase = phase;
  a.batch = batch, a.heads_q = heads, a.heads_kv = kv_heads, a.head_dim = a.head_dim_v = dim;
  a.seq_q = q, a.seq_kv = kv, a.causal = causal;
  return a;
}
llm::Attention latent(std::int64_t batch, std::int64_t heads, std::int64_t kv) {
  llm::Attention a = attention(llm::Phase::decode, batch, heads, 1, 576, 1, kv, true);
  a.head_dim_v = 512;
  a.shared_kv = true;
  return a;
}

struct Both {
  chip::RunStats whole;
  NpuWork part;
};
Both both(const std::string& chip, const llm::Attention& a) {
  const NpuDevice d(chip_named(chip));
  AttentionRun run;
  run.plan = plan_attention(d, a, true);
  std::optional<Timeline> timeline;
  auto whole = run_attention(d, run, false);
  auto part = attention_body(d, run, false, timeline);
  if (!whole || !part) throw std::runtime_error((!whole ? whole.error() : part.error()).text());
  return {std::move(*whole), std::move(*part)};
}

TEST(NpuAttentionCost, APartContinuedAtItsPaceTakesTheTimeOfTheWhole) {
  const auto forward = llm::Phase::forward;
  struct Case {
    llm::Attention a;
    double tolerance;
  };
  for (const Case& c : {Case{attention(forward, 1, 8, 8, 128, 8192, 8192, false), 0.02},
                        Case{attention(forward, 1, 1, 1, 128, 32768, 32768, false), 0.02},
                        Case{attention(forward, 1, 64, 8, 128, 4096, 4096, true), 0.02},
                        Case{attention(forward, 1, 4, 4, 128, 16384, 16384, true), 0.05},
                        Case{attention(llm::Phase::decode, 64, 32, 8, 128, 1, 8192, true), 0.03},
                        Case{latent(32, 128, 8192), 0.03}}) {
    const Both r = both("ascend-910b1", c.a);
    EXPECT_NEAR(r.part.body / r.whole.time, 1, c.tolerance) << llm::describe(c.a);
    EXPECT_NEAR(r.part.l2_read / r.whole.l2_read, 1, 0.05) << llm::describe(c.a);
  }
}

// The same kernel, shape and chip, but through L2 as on dav-c220: what the 950 gains by its direct path.
void expect_gain(const llm::Attention& a, double least) {
  const NpuDevice d(chip_named("ascend-950pr"));
  AttentionRun run;
  run.plan = plan_attention(d, a, true);
  ASSERT_TRUE(run.plan.direct);
  const auto direct = run_attention(d, run, false);
  run.plan.direct = false;
  const auto through = run_attention(d, run, false);
  ASSERT_TRUE(direct && through);
  EXPECT_GT(through->time / direct->time, least) << llm::describe(a);
  EXPECT_NEAR(direct->flops / through->flops, 1, 1e-9);
  // Scores, weights and partial outputs of each tile are read back out of L2 by the other kind of core: 4, 2
  // and 4 bytes an element forward; scores and weights twice backward. Direct, nothing of it is.
  const auto& s = run.plan.shape;
  const double tiles = run.plan.load(run.plan.rounds(), 1 << 30).all_tiles;
  const double scores = static_cast<double>(s.rows * s.keys), outputs = static_cast<double>(s.rows * s.dim_v);
  const double exchanged =
      tiles * (run.plan.backward ? 2 * scores * (4 + 2) : scores * (4 + 2) + outputs * 4);
  const double saved = (through->l2_read - direct->l2_read).value;
  EXPECT_NEAR(saved / exchanged, 1, 0.05) << llm::describe(a);
}
TEST(NpuAttentionCost, The950IsFasterByTheBytesThatNeedNotPassL2) {
  expect_gain(attention(llm::Phase::forward, 1, 8, 8, 128, 2048, 2048, false), 1.1);
  expect_gain(attention(llm::Phase::backward, 1, 8, 8, 128, 2048, 2048, false), 1.1);
}

TEST(NpuAttentionCost, DecodeReadsTheCacheOnceAtTheRateOfMemory) {
  const llm::Attention a = attention(llm::Phase::decode, 32, 32, 8, 128, 1, 4096, true);
  const double cache = 2.0 * 32 * 8 * 4096 * 128 * 2;
  for (const char* name : {"ascend-910b1", "ascend-950pr"}) {
    const Both r = both(name, a);
    const NpuDevice d(chip_named(name));
    EXPECT_NEAR(r.whole.hbm_read.value / cache, 1, 0.05) << name;
    EXPECT_GT(r.whole.time.value, cache / d.hbm().value) << name;
    EXPECT_LT(r.whole.time.value, 1.5 * cache / d.hbm().value) << name;
  }
}
TEST(NpuAttentionCost, LatentDecodeReadsItsSharedRowsOnce) {
  // One sequence per core: 576 values a token, not 576 and 512 again.
  const Both r = both("ascend-910b1", latent(24, 64, 4096));
  EXPECT_NEAR(r.whole.hbm_read.value / (24.0 * 4096 * 576 * 2), 1, 0.05);
}

TEST(NpuAttentionCost, FewTilesOfRowsShareOutTheKeys) {
  const NpuDevice d(chip_named("ascend-910b1"));
  const llm::Attention a = attention(llm::Phase::decode, 1, 32, 8, 128, 1, 32768, true);
  AttentionRun split, whole;
  split.plan = plan_attention(d, a, true);
  EXPECT_EQ(split.plan.shape.splits, 3);
  EXPECT_EQ(split.plan.blocks, 24);
  whole.plan = split.plan;
  whole.plan.shape.splits = 1;
  whole.plan.blocks = 8;
  const auto with = run_attention(d, split, false), without = run_attention(d, whole, false);
  ASSERT_TRUE(with && without);
  EXPECT_LT(with->time / without->time, 0.6);
}

TEST(NpuAttentionCost, BackwardAddsUpItsGradientsInMemory) {
  const llm::Attention a = attention(llm::Phase::backward, 1, 8, 8, 128, 1024, 1024, false);
  const Both r = both("ascend-910b1", a);
  // Five products, and for each tile of 128 x 128 three results of 64 KiB beside scores and slopes.
  EXPECT_NEAR(r.whole.flops.value / (5 * 2.0 * 8 * 1024 * 1024 * 128), 1, 1e-9);
  EXPECT_NEAR(r.whole.l2_written.value / (8.0 * 64 * 65536 * (3 + 2 + 1)), 1, 0.1);
  EXPECT_GT(r.part.body, r.whole.time);  // clearing and casting them are passes of their own
}

TEST(NpuAttentionCost, EveryHeadSizeOfPublishedModelsHasATileThatFits) {
  for (const char* name : {"ascend-910b1", "ascend-950pr"}) {
    const NpuDevice d(chip_named(name));
    for (auto phase : {llm::Phase::forward, llm::Phase::backward, llm::Phase::decode}) {
      for (std::int64_t dim : {64, 72, 80, 96, 112, 128, 192, 256}) {
        const auto plan = plan_attention(
            d, attention(phase, 2, 8, 2, dim, phase == llm::Phase::decode ? 1 : 300, 300, true), true);
        EXPECT_TRUE(attention_fits(d, plan)) << name << " " << dim;
        AttentionRun run;
        run.plan = plan;
        EXPECT_TRUE(run_attention(d, run, false)) << name << " " << dim;
      }
    }
    EXPECT_TRUE(attention_fits(d, plan_attention(d, latent(8, 128, 1000), true))) << name;
  }
}

}  // namespace
}  // namespace etalon::kernels
