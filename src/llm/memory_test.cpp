// SPDX-License-Identifier: Apache-2.0
// Peak memory against published measurements and the published closed forms.
#include "llm/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "llm/models.h"

namespace etalon::llm {
namespace {

class Memory : public testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("ETALON_DATA", ETALON_SOURCE_DIR "/data", 0); }
};

Architecture get(const std::string& name) {
  auto m = find_model(name);
  EXPECT_TRUE(m) << m.error().text();
  return *m;
}
StageMemory peak(const Architecture& m, const MemoryPlan& p) {
  auto r = peak_memory(m, p);
  EXPECT_TRUE(r) << r.error().text();
  return r ? *r : StageMemory{};
}

struct Row {
  const char* model;
  std::int64_t tp, pp, dp, cp, ep, seq, micro_batches;
  double gib;
};
MemoryPlan plan_of(const Row& r) {
  MemoryPlan p;
  p.shard.seq = r.seq;
  p.shard.tp = r.tp;
  p.shard.cp = r.cp;
  p.shard.ep = r.ep;
  p.shard.sequence_parallel = true;
  p.pp = r.pp;
  p.dp = r.dp;
  p.micro_batches = r.micro_batches;
  p.workspace = 0.2 * kGiB;
  return p;
}

// MooreThreads/SimuMax docs/b200 @4dcaae513ba7: Megatron-LM with Transformer Engine on eight B200.
TEST_F(Memory, PeaksAreWithinTwoPercentOfThoseMeasuredOnB200) {
  const Row rows[] = {{"llama-3.1-70b:layers=12", 1, 2, 4, 1, 1, 4096, 4, 66.55},
                      {"llama-3.1-70b:layers=12", 2, 1, 4, 1, 1, 4096, 4, 60.68},
                      {"llama-3.1-70b:layers=12", 4, 1, 2, 1, 1, 4096, 4, 39.07},
                      {"llama-3.1-70b:layers=12", 8, 1, 1, 1, 1, 4096, 4, 28.29},
                      {"llama-3.1-70b:layers=12", 2, 1, 1, 4, 1, 32768, 4, 68.43},
                      {"llama-3.1-70b:layers=12", 1, 1, 1, 8, 1, 32768, 4, 104.51},
                      {"llama-3.1-70b:layers=12", 2, 1, 1, 4, 1, 131072, 4, 112.67},
                      {"llama-3.1-70b:layers=12", 1, 1, 1, 8, 1, 131072, 4, 147.99},
                      {"deepseek-v2:layers=4", 1, 1, 8, 1, 8, 4096, 4, 45.63},
                      {"deepseek-v2:layers=4", 1, 2, 4, 1, 4, 4096, 4, 44.70}};
  std::vector<double> errors;
  for (const auto& r : rows) {
    const double gib = peak(get(r.model), plan_of(r)).total().value / kGiB.value;
    errors.push_back(std::abs(gib / r.gib - 1));
    EXPECT_NEAR(gib / r.gib, 1, 0.02)
        << r.model << " tp " << r.tp << " pp " << r.pp << " cp " << r.cp << " s " << r.seq << ": " << gib;
  }
  std::sort(errors.begin(), errors.end());
  EXPECT_LE((errors[4] + errors[5]) / 2, 0.01);
}

// A wider dense model and a larger mixture, of the same source. The 405B rows told a placeholder for each
// weight shape from a second vocabulary gradient, which the rows above cannot; one dense layer of the mixture
// is inferred.
TEST_F(Memory, PeaksOfWiderModelsFollowWithoutNewConstants) {
  Architecture v3 = get("deepseek-v3");
  v3.layers.assign(4, LayerKind{true, 0});
  v3.layers[0].experts = false;
  const Row rows[] = {{"llama-3.1-405b:layers=4", 1, 2, 4, 1, 1, 4096, 4, 87.08},
                      {"llama-3.1-405b:layers=4", 2, 1, 4, 1, 1, 4096, 4, 81.59},
                      {"llama-3.1-405b:layers=4", 4, 1, 2, 1, 1, 4096, 4, 52.89},
                      {"llama-3.1-405b:layers=4", 8, 1, 1, 1, 1, 4096, 4, 38.57},
                      {"", 1, 1, 8, 1, 8, 4096, 4, 104.30},
                      {"", 1, 2, 4, 1, 4, 4096, 4, 114.00}};
  for (const auto& r : rows) {
    const double gib = peak(*r.model ? get(r.model) : v3, plan_of(r)).total().value / kGiB.value;
    EXPECT_NEAR(gib / r.gib, 1, 0.02)
        << r.model << " tp " << r.tp << " pp " << r.pp << " ep " << r.ep << ": " << gib;
  }
}

// arXiv 2205.05198, table 2 and figure 1 (22B: micro-batch 4, t = 8): fp16, unfused attention with dropout.
TEST_F(Memory, ActivationsOfAGptAreThePublishedClosedForms) {
  const Architecture m = get("megatron-22b");
  Shard s;
  s.micro_batch = 4;
  s.seq = 2048;
  s.tp = 8;
  s.dtype = Dtype::fp16;
  s.dropout = true;
  s.attention = AttentionKernel::unfused;
  const auto layers = [&](const Shard& shard) {
    auto items = layer_activations(m, {}, shard);
    EXPECT_TRUE(items);
    double sum = 0;
    for (const auto& i : *items) sum += i.bytes.value;
    return sum * 48 / kGiB.value;
  };
  EXPECT_NEAR(layers(s), 59.25, 0.01);
  s.sequence_parallel = true;
  s.recompute = Recompute::selective;
  EXPECT_NEAR(layers(s), 9.5625, 0.001);
}

TEST_F(Memory, StatesPerParameterAreTheKnownBytes) {
  const Architecture m = get("llama-3.1-8b");
  MemoryPlan p;
  const auto states = [&](const MemoryPlan& plan) {
    const StageMemory s = peak(m, plan);
    return (s.of(MemoryClass::weights) + s.of(MemoryClass::gradients) + s.of(MemoryClass::optimizer)).value /
           parameters(m).total();
  };
  EXPECT_NEAR(states(p), 18, 1e-6);  // Megatron: 2 + 4 + 12
  p.dp = 8;
  EXPECT_NEAR(states(p), 6 + 12.0 / 8, 1e-6);
  p.zero = 0;
  EXPECT_NEAR(states(p), 18, 1e-6);
  p.zero = 2;
  EXPECT_NEAR(states(p), 2 + 16.0 / 8, 1e-6);
  p.zero = 3;
  EXPECT_NEAR(states(p), 16.0 / 8, 1e-6);
  p.zero = 1;
  p.shard.fp32_gradients = false;
  EXPECT_NEAR(states(p), 4 + 12.0 / 8, 1e-6);
}

TEST_F(Memory, ExpertStatesAreSharedOnlyByTheirOwnReplicas) {
  MemoryPlan p;
  p.dp = 8;
  p.shard.ep = 8;
  auto s = stage_parameters(get("qwen3-30b-a3b"), p, 0);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->dense_shards, 8);
  EXPECT_EQ(s->expert_shards, 1);
  const ParameterCounts all = parameters(get("qwen3-30b-a3b"));
  EXPECT_NEAR(s->experts, all.experts / 8, 1);
  EXPECT_NEAR(s->dense, all.total() - all.experts, 1);
}

TEST_F(Memory, StagesHoldAllLayersAndFewerMicroBatchesTowardsTheEnd) {
  const Architecture m = get("llama-3.1-405b");
  MemoryPlan p;
  p.pp = 8;
  p.micro_batches = 16;
  std::int64_t at = 0;
  double parameters_of_all = 0;
  for (std::int64_t stage = 0; stage < 8; ++stage) {
    const LayerRange r = stage_layers(m, 8, stage);
    EXPECT_EQ(r.first, at);
    at = r.last;
    auto s = stage_memory(m, p, stage);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->micro_batches_alive, 8.0 - static_cast<double>(stage));
    parameters_of_all += stage_parameters(m, p, stage)->dense;
  }
  EXPECT_EQ(at, 126);
  EXPECT_NEAR(parameters_of_all, parameters(m).total(), 1);
  p.vp = 2;  // interleaved: p (1 + (p-1)/(p v))
  EXPECT_NEAR(stage_memory(m, p, 0)->micro_batches_alive, 8 * (1 + 7.0 / 16), 1e-12);
  p.micro_batches = 2;
  EXPECT_EQ(stage_memory(m, p, 0)->micro_batches_alive, 2);
}

TEST_F(Memory, OfRecomputedLayersIsTheirInputsAndOneLayer) {
  const Architecture m = get("llama-3.1-8b");
  MemoryPlan none, full;
  full.shard.recompute = Recompute::full;
  const double one = peak(m, none).of(MemoryClass::activations).value / 32;
  EXPECT_NEAR(peak(m, full).of(MemoryClass::activations).value, one + 32 * 2.0 * 4096 * 4096, 1);
}

TEST_F(Memory, OfOperatorLevelCheckpointsLiesBetweenAllAndInputs) {
  const Architecture m = get("llama-3.1-8b");
  const auto activations = [&](Recompute r) {
    MemoryPlan p;
    p.zero = 3;
    p.dp = 8;
    p.shard.seq = 8192;
    p.shard.micro_batch = 2;
    p.shard.recompute = r;
    return peak(m, p).of(MemoryClass::activations).value;
  };
  EXPECT_LT(activations(Recompute::full), activations(Recompute::selective));
  EXPECT_LT(activations(Recompute::selective), activations(Recompute::none));
  const double kept = 2 * 4096 + 8192 + 128 + 2 * (4096 + 1024) + 2 * 14336 + 2 * 4096;
  const double layer = activations(Recompute::none) / 32;
  EXPECT_NEAR(activations(Recompute::selective), 32 * kept * 16384 + layer, 1e3);
}

TEST_F(Memory, RefusesPlansThatCannotBe) {
  const auto refused = [](const char* model, MemoryPlan p) {
    auto r = peak_memory(get(model), p);
    return !r && r.error().code == "model.shard";
  };
  MemoryPlan p;
  p.pp = 33;
  EXPECT_TRUE(refused("llama-3.1-8b", p));
  p = {};
  p.zero = 4;
  EXPECT_TRUE(refused("llama-3.1-8b", p));
  p = {};
  p.dp = 0;
  EXPECT_TRUE(refused("llama-3.1-8b", p));
  p = {};
  p.shard.ep = 8;
  EXPECT_TRUE(refused("qwen3-30b-a3b", p));  // more expert ranks than ranks
  EXPECT_FALSE(stage_memory(get("llama-3.1-8b"), {}, 1));
}

}  // namespace
}  // namespace etalon::llm
