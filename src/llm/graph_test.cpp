// SPDX-License-Identifier: Apache-2.0
#include "llm/graph.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>

#include "llm/flops.h"
#include "llm/models.h"

namespace etalon::llm {
namespace {

class Graph : public testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("ETALON_DATA", ETALON_SOURCE_DIR "/data", 0); }
};

Architecture get(const std::string& name) {
  auto m = find_model(name);
  EXPECT_TRUE(m) << m.error().text();
  return *m;
}
TrainingGraph graph_of(const Architecture& m, const Shard& s) {
  auto g = training_graph(m, s);
  EXPECT_TRUE(g) << g.error().text();
  return g ? *g : TrainingGraph{};
}
double model_flops_of(const TrainingGraph& g) {
  double sum = model_flops(g.head_forward).value + model_flops(g.head_backward).value;
  for (const auto* layers : {&g.layers, &g.mtp})
    for (const auto& l : *layers)
      sum += static_cast<double>(l.count) * (model_flops(l.forward).value + model_flops(l.backward).value);
  return sum;
}
const GraphOp* op_named(const GraphOps& ops, const std::string& name) {
  for (const auto& op : ops)
    if (op.name == name) return &op;
  return nullptr;
}

// 6 per multiplied weight and three times attention's core, half of the square: no norms, no biases.
double formula(const Architecture& m, double seq, bool mtp) {
  const ParameterCounts p = parameters(m);
  const double all = train_flops_per_token(m, seq, FlopConvention::causal, mtp).value;
  const double linear = active_parameters(m) - p.positions - (m.tied ? 0 : p.embedding);
  return all - 6 * (linear - active_matmul_weights(m));
}

TEST_F(Graph, MultipliesExactlyWhatTheFormulaCounts) {
  for (const auto& name : model_names()) {
    const Architecture m = get(name);
    Shard s;
    s.seq = 4096;
    s.micro_batch = 2;
    const double counted = model_flops_of(graph_of(m, s)) / (2 * 4096.0);
    EXPECT_NEAR(counted / formula(m, 4096, false), 1, 1e-9) << name;
    EXPECT_NEAR(counted / train_flops_per_token(m, 4096).value, 1, 1e-3) << name;
  }
}

TEST_F(Graph, OfMultiTokenPredictionAddsItsLayerAndItsHead) {
  const Architecture m = get("deepseek-v3");
  Shard s;
  s.mtp = true;
  EXPECT_NEAR(model_flops_of(graph_of(m, s)) / 4096 / formula(m, 4096, true), 1, 1e-9);
  EXPECT_FALSE(training_graph(get("llama-3.1-8b"), s));
}

TEST_F(Graph, SplitOverRanksDoesTheSameWorkInAll) {
  // Latent down projections, the router and routed experts work on split tokens; all else on split columns.
  for (const char* name : {"llama-3.1-70b", "gpt3-175b", "deepseek-v3", "qwen3-30b-a3b"}) {
    const Architecture m = get(name);
    Shard one;
    const double whole = model_flops_of(graph_of(m, one));
    for (const std::int64_t tp : {2, 4}) {
      Shard s;
      s.tp = tp;
      s.sequence_parallel = true;
      EXPECT_NEAR(model_flops_of(graph_of(m, s)) * static_cast<double>(tp) / whole, 1, 1e-6)
          << name << " tp " << tp;
    }
    Shard s;
    s.cp = 4;
    EXPECT_NEAR(model_flops_of(graph_of(m, s)) * 4 / whole, 1, 1e-6) << name << " all-to-all";
    s.context = ContextMethod::ring;
    EXPECT_NEAR(model_flops_of(graph_of(m, s)) * 4 / whole, 1, 1e-6) << name << " ring";
  }
}

TEST_F(Graph, GivesGradientsOfALinearLayerTheirShapes) {
  const TrainingGraph g = graph_of(get("llama-3.1-8b"), {});
  const GraphOp* dgrad = op_named(g.layers[0].backward, "layer.mlp.gate_up.dgrad");
  const GraphOp* wgrad = op_named(g.layers[0].backward, "layer.mlp.gate_up.wgrad");
  ASSERT_TRUE(dgrad && wgrad);
  EXPECT_EQ(describe(op_named(g.layers[0].forward, "layer.mlp.gate_up")->op), "matmul bf16 4096x28672x4096");
  EXPECT_EQ(describe(dgrad->op), "matmul bf16 4096x4096x28672 nb");
  EXPECT_EQ(describe(wgrad->op), "matmul bf16 28672x4096x4096 out=fp32 ta nb accumulate");
}

TEST_F(Graph, OfTensorParallelLayersHasFourAndSixCollectives) {
  Shard s;
  s.tp = 4;
  const auto count = [](const GraphOps& ops) {
    int n = 0;
    for (const auto& op : ops)
      n += (op.before.kind != Exchange::Kind::none) + (op.after.kind != Exchange::Kind::none);
    return n;
  };
  TrainingGraph g = graph_of(get("llama-3.1-8b"), s);
  EXPECT_EQ(count(g.layers[0].forward), 2);  // all-reduces
  EXPECT_EQ(count(g.layers[0].backward), 2);
  s.sequence_parallel = true;
  g = graph_of(get("llama-3.1-8b"), s);
  EXPECT_EQ(count(g.layers[0].forward), 4);
  EXPECT_EQ(count(g.layers[0].backward), 6);  // the inputs of column-parallel layers are gathered again
  EXPECT_EQ(op_named(g.layers[0].forward, "layer.mlp.gate_up")->before.bytes.value, 4096.0 * 4096 * 2);
}

TEST_F(Graph, OfExpertsSendsAndReturnsEachCopyOfAToken) {
  Shard s;
  s.ep = 8;
  const TrainingGraph g = graph_of(get("qwen3-30b-a3b"), s);
  const GraphOp* permute = op_named(g.layers[0].forward, "layer.experts.permute");
  ASSERT_TRUE(permute);
  EXPECT_EQ(permute->after.kind, Exchange::Kind::expert_dispatch);
  EXPECT_EQ(permute->after.bytes.value, 4096.0 * 8 * 2048 * 2);
  const auto& products = std::get<GroupedMatmul>(op_named(g.layers[0].forward, "layer.experts.products")->op);
  EXPECT_EQ(products.tokens, 4096 * 8);
  EXPECT_TRUE(products.matmuls_only);
}

TEST_F(Graph, RecomputesAllOrTheUnfusedAttentionCore) {
  Shard s;
  s.recompute = Recompute::full;
  TrainingGraph g = graph_of(get("llama-3.1-8b"), s);
  EXPECT_EQ(g.layers[0].recompute.size(), g.layers[0].forward.size());
  s.recompute = Recompute::selective;
  g = graph_of(get("llama-3.1-8b"), s);  // of wq wk wv wo w1 w3 w2: wk, wo and one of w1, w3
  EXPECT_NEAR(model_flops(g.layers[0].recompute).value, 2.0 * 4096 * 4096 * (1024 + 4096 + 14336), 1);
  EXPECT_FALSE(op_named(g.layers[0].recompute, "layer.attention.core"));
  s.attention = AttentionKernel::unfused;
  EXPECT_EQ(graph_of(get("llama-3.1-8b"), s).layers[0].recompute.size(), 3u);
}

TEST_F(Graph, RefusesDegreesThatDoNotDivide) {
  const auto refused = [](const char* name, Shard s) {
    auto g = training_graph(get(name), s);
    return !g && g.error().code == "model.shard";
  };
  Shard s;
  s.tp = 3;
  EXPECT_TRUE(refused("llama-3.1-8b", s));
  s = {};
  s.tp = 0;
  EXPECT_TRUE(refused("llama-3.1-8b", s));
  s = {};
  s.ep = 2;
  EXPECT_TRUE(refused("llama-3.1-8b", s));
  s.ep = 7;
  EXPECT_TRUE(refused("qwen3-30b-a3b", s));
  s = {};
  s.cp = 3;
  EXPECT_TRUE(refused("llama-3.1-8b", s));
  s = {};
  s.tp = 2;
  EXPECT_TRUE(refused("qwen3-30b-a3b", s));  // experts with tensor but without sequence parallelism
  s = {};
  s.dtype = Dtype::mxfp4_w;
  EXPECT_TRUE(refused("llama-3.1-8b", s));
  s = {};
  s.micro_batch = 0;
  EXPECT_TRUE(refused("llama-3.1-8b", s));
}

TEST_F(Graph, OfPrefillNeedsTheForwardFlops) {
  for (const char* name : {"llama-3.1-8b", "qwen3-30b-a3b", "deepseek-v3", "gpt-oss-120b"}) {
    const Architecture m = get(name);
    InferenceShard s;
    s.new_tokens = 4096;
    auto g = prefill_graph(m, s);
    ASSERT_TRUE(g) << g.error().text();
    double sum = 0;
    for (const auto& l : g->layers) sum += static_cast<double>(l.count) * model_flops(l.forward).value;
    const double head = 2.0 * static_cast<double>(m.vocab) * static_cast<double>(m.hidden);
    EXPECT_NEAR(sum / 4096 / (formula(m, 4096, false) / 3 - head), 1, 1e-9) << name;
  }
}

TEST_F(Graph, OfLatentDecodeReadsTheLatentsOnce) {
  InferenceShard s;
  s.batch = 128;
  s.context = 4096;
  auto g = decode_graph(get("deepseek-v3"), s);
  ASSERT_TRUE(g);
  const auto& core = std::get<Attention>(op_named(g->layers[0].forward, "layer.attention.core")->op);
  EXPECT_EQ(core.heads_kv, 1);
  EXPECT_EQ(core.head_dim, 576);
  EXPECT_TRUE(core.shared_kv);
  const double cache = 128.0 * 4096 * 1152;
  EXPECT_NEAR(compulsory_traffic(core).read.value / cache, 1, 0.1);
  EXPECT_NEAR(flops(core).value / cache, 242, 1);  // FLOP per cached byte: at the ridge
}

TEST_F(Graph, OfDecodeStreamsEveryActiveWeightOnce) {
  const Architecture m = get("llama-3.1-8b");
  InferenceShard s;
  s.context = 1024;
  auto g = decode_graph(m, s);
  ASSERT_TRUE(g);
  double read = 0;
  for (const auto& l : g->layers)
    for (const auto& op : l.forward)
      if (std::holds_alternative<Matmul>(op.op))
        read += static_cast<double>(l.count) * compulsory_traffic(op.op).read.value;
  for (const auto& op : g->head)
    if (std::holds_alternative<Matmul>(op.op)) read += compulsory_traffic(op.op).read.value;
  EXPECT_NEAR(read / (2 * active_matmul_weights(m)), 1, 0.001);
}

TEST(Operations, NamesAreReadBack) {
  for (const char* name :
       {"fp32", "tf32", "fp16", "bf16", "fp8", "fp8_block", "mxfp8", "mxfp4_w", "int8", "int32", "hif8"}) {
    Dtype d{};
    ASSERT_TRUE(parse(name, d)) << name;
    EXPECT_STREQ(name_of(d), name);
    EXPECT_GT(size_of(d).value, 0);
  }
  VectorOp v{};
  EXPECT_TRUE(parse("unpermute", v));
  EXPECT_FALSE(parse("matmul", v));
}

TEST(Operations, OfTrafficNeverReadLessThanTheirSmallestOperand) {
  rc::check([] {
    const auto dim = [] { return *rc::gen::inRange<std::int64_t>(1, 5000); };
    const Matmul o{dim(), dim(), dim(), 1, Dtype::bf16, Dtype::bf16, false, true, false, false};
    const Traffic t = compulsory_traffic(o);
    RC_ASSERT(t.read.value == 2.0 * static_cast<double>(o.k) * static_cast<double>(o.m + o.n));
    RC_ASSERT(t.written.value == 2.0 * static_cast<double>(o.m) * static_cast<double>(o.n));
  });
}

TEST(Operations, OfAttentionCountHalfOfTheSquareAndFewerInAWindow) {
  rc::check([] {
    Attention a;
    a.batch = 1;
    a.heads_q = a.heads_kv = 2;
    a.head_dim = a.head_dim_v = 64;
    a.seq_q = *rc::gen::inRange<std::int64_t>(1, 3000);
    a.seq_kv = a.seq_q + *rc::gen::inRange<std::int64_t>(0, 3000);
    const double causal = flops(a).value;
    a.window = *rc::gen::inRange<std::int64_t>(1, 6000);
    const double windowed = flops(a).value;
    RC_ASSERT(windowed <= causal * (1 + 1e-12));
    Attention back = a;
    back.phase = Phase::backward;
    RC_ASSERT(std::abs(flops(back).value - 2.5 * windowed) <= 1e-9 * causal);
    a.window = 0;
    a.causal = false;
    RC_ASSERT(causal <= flops(a).value && 2 * causal >= flops(a).value);
  });
}

TEST(Operations, OfDifferentFieldsNeverShareADescription) {
  rc::check([] {
    const auto small = [] { return *rc::gen::inRange<std::int64_t>(1, 4); };
    const auto make = [&] {
      Matmul o;
      o.m = small(), o.n = small(), o.k = small(), o.batch = small();
      o.transpose_a = *rc::gen::arbitrary<bool>();
      o.transpose_b = *rc::gen::arbitrary<bool>();
      o.accumulate = *rc::gen::arbitrary<bool>();
      return o;
    };
    const Matmul a = make(), b = make();
    RC_ASSERT((a == b) == (describe(a) == describe(b)));
  });
}

}  // namespace
}  // namespace etalon::llm
