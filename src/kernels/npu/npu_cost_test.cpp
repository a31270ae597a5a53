// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/npu_cost.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernels/npu/npu_kernels.h"

namespace etalon::kernels {
namespace {

const char* const kChips[] = {"ascend-910b1", "ascend-910b3", "ascend-910b4",    "ascend-910c",
                              "ascend-910d",  "ascend-950pr", "ascend-910c-die", "ascend-950dt"};

catalog::Chip chip_named(const std::string& name) {
  auto chip = catalog::find_chip(name);
  if (!chip) throw std::runtime_error(chip.error().text());
  return *std::move(chip);
}

Result<KernelCost> cost_of(const catalog::Chip& chip, const llm::Operation& op, Harness h = {},
                           CostOptions options = {}) {
  for (const Kernel& k : npu_kernels()) {
    if (k.accepts(chip, op)) return k.cost(chip, op, h, options);
  }
  return fail("kernel.none", "no kernel");
}

llm::Attention attention(llm::Phase phase, std::int64_t q, std::int64_t kv) {
  llm::Attention a;
  a.phase = phase;
  a.batch = phase == llm::Phase::decode ? 16 : 1;
  a.heads_q = 16;
  a.heads_kv = 4;
  a.head_dim = a.head_dim_v = 128;
  a.seq_q = q;
  a.seq_kv = kv;
  return a;
}

std::vector<llm::Operation> operations() {
  std::vector<llm::Operation> out = {llm::Matmul{.m = 1024, .n = 1536, .k = 2048},
                                     llm::Matmul{.m = 1, .n = 5000, .k = 333},
                                     llm::Matmul{.m = 300, .n = 7, .k = 4096, .transpose_a = true},
                                     llm::Matmul{.m = 64, .n = 64, .k = 64, .batch = 5},
                                     attention(llm::Phase::forward, 1000, 1000),
                                     attention(llm::Phase::backward, 1000, 1000),
                                     attention(llm::Phase::decode, 1, 3000)};
  for (auto op :
       {llm::VectorOp::rmsnorm, llm::VectorOp::swiglu, llm::VectorOp::adamw, llm::VectorOp::zero,
        llm::VectorOp::norm, llm::VectorOp::permute, llm::VectorOp::cross_entropy, llm::VectorOp::cast}) {
    out.push_back(llm::Vector{.op = op, .rows = 777, .cols = 1111, .extra = 2});
  }
  llm::GroupedMatmul g;
  g.tokens = 512;
  g.hidden = 1024;
  g.inter = 512;
  g.experts = 16;
  g.top_k = 2;
  g.ep = 2;
  out.push_back(g);
  return out;
}

TEST(NpuCost, EveryOperationHasAPositiveTimeAndItsLimitsSumToOneOnEveryChip) {
  for (const char* name : kChips) {
    const auto chip = chip_named(name);
    for (const auto& op : operations()) {
      for (auto fidelity : {Fidelity::cycle, Fidelity::formula}) {
        CostOptions o;
        o.fidelity = fidelity;
        const auto cost = cost_of(chip, op, {}, o);
        ASSERT_TRUE(cost) << name << " " << llm::describe(op) << ": " << cost.error().text();
        EXPECT_GT(cost->time.value, 0) << name << " " << llm::describe(op);
        EXPECT_LT(cost->time.value, 1) << name << " " << llm::describe(op);
        EXPECT_GE(cost->time, cost->launch) << name << " " << llm::describe(op);
        double sum = 0;
        for (const auto& [limit, share] : cost->limits) sum += share;
        EXPECT_NEAR(sum, 1, 1e-6) << name << " " << llm::describe(op);
      }
    }
  }
}

TEST(NpuCost, NoProductIsFasterThanTheCubes) {
  for (const char* name : kChips) {
    const auto chip = chip_named(name);
    const NpuDevice d(chip);
    const llm::Matmul m{.m = 4096, .n = 4096, .k = 4096};
    Harness h;
    h.clock = d.spec.clock;
    const auto cost = cost_of(chip, m, h);
    ASSERT_TRUE(cost);
    const double peak = 2 * d.costs.macs_bf16 * d.costs.cubes * d.spec.clock.value;
    const double share = llm::flops(m).value / cost->time.value / peak;
    fmt::print("{:16} 4096^3 bf16: {:.0f} TFLOP/s, {:.0f}% of the cubes, {}\n", name,
               llm::flops(m).value / cost->time.value / 1e12, 100 * share, cost->tiling);
    EXPECT_LT(share, 1) << name;
    EXPECT_GT(share, 0.5) << name;
  }
}

TEST(NpuCost, The950IsPredictedFromThe910BWithoutAFit) {
  // asc-devkit publishes 2558 us for the 8192^3 fp16 product on 950PR; no constant was fitted on it.
  Harness h;
  h.launch = Harness::Launch::profiler;
  const auto chip = chip_named("ascend-950pr");
  h.clock = chip.get<Hertz>("clock.max");
  const auto cost = cost_of(chip,
                            llm::Matmul{.m = 8192,
                                        .n = 8192,
                                        .k = 8192,
                                        .dtype = llm::Dtype::fp16,
                                        .out_dtype = llm::Dtype::fp16,
                                        .transpose_b = false},
                            h);
  ASSERT_TRUE(cost);
  EXPECT_NEAR(cost->time.value * 1e6 / 2558, 1, 0.1);
}

TEST(NpuCost, AttentionThroughL2IsSlowerThanDirectlyFromCubeToVector) {
  // The same units per core: on dav-c220 S and P go through L2, on dav-3510 they do not.
  const auto op = attention(llm::Phase::forward, 4096, 4096);
  const auto through = cost_of(chip_named("ascend-910b2"), op),
             direct = cost_of(chip_named("ascend-950pr"), op);
  ASSERT_TRUE(through && direct);
  EXPECT_NE(through->tiling.find("through L2"), std::string::npos);
  EXPECT_NE(direct->tiling.find("UB and L1"), std::string::npos);
  EXPECT_GT(through->l2_read, direct->l2_read);
  EXPECT_GT(through->time / direct->time, 1.3);
}

TEST(NpuCost, ATypeTheCubeLacksIsAnError) {
  llm::Matmul m{.m = 64, .n = 64, .k = 64, .dtype = llm::Dtype::fp8};
  EXPECT_EQ(cost_of(chip_named("ascend-910b1"), m).error().code, "kernel.dtype");
  EXPECT_TRUE(cost_of(chip_named("ascend-950pr"), m));
}

TEST(NpuCost, ALongProductContinuedAtItsPaceTakesTheTimeOfItsParts) {
  const auto chip = chip_named("ascend-910b1");
  Harness h;
  h.warm = false;
  h.clock = chip.get<Hertz>("clock.max");
  const auto whole = cost_of(chip, llm::Matmul{.m = 65536, .n = 8192, .k = 2048}, h);
  const auto part = cost_of(chip, llm::Matmul{.m = 16384, .n = 8192, .k = 2048}, h);
  ASSERT_TRUE(whole && part);
  EXPECT_NEAR((whole->time - whole->launch).value / (part->time - part->launch).value, 4, 0.2);
}

TEST(NpuCost, ANamedTilingOfAHarnessIsTheOneSimulated) {
  Harness h;
  h.software = "catlass:base=128x256x64;l1_k=256";
  const auto cost = cost_of(chip_named("ascend-910b1"), llm::Matmul{.m = 512, .n = 512, .k = 1024}, h);
  ASSERT_TRUE(cost);
  EXPECT_NE(cost->tiling.find("128x256x64"), std::string::npos) << cost->tiling;
}

}  // namespace
}  // namespace etalon::kernels
