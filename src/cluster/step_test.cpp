// SPDX-License-Identifier: Apache-2.0
// Steps with stand-ins for the kernels: what the cluster adds is known by hand.
#include "cluster/step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "catalog/catalog.h"
#include "llm/models.h"

namespace etalon::cluster {
namespace {

// Every operation runs at the same FLOP rate and moves its compulsory bytes.
Result<kernels::KernelCost> flat(const llm::Operation& op, const kernels::Harness&) {
  kernels::KernelCost cost;
  const auto traffic = llm::compulsory_traffic(op);
  cost.time = Seconds{llm::flops(op).value / 500e12 + (traffic.read + traffic.written).value / 3e12};
  cost.low = cost.high = cost.time;
  cost.flops = llm::flops(op);
  cost.hbm_read = traffic.read;
  cost.hbm_written = traffic.written;
  cost.limits[kernels::Limit::matrix] = 1;
  cost.mechanism = "flat";
  return cost;
}

StepModel model_on(const char* node, int chips, const Software& software) {
  auto found = find_node_and_chip(node, chips).value();
  return StepModel::make(std::move(found.node), std::move(found.chip), software, {}, flat, flat).value();
}
StepModel ideal(int chips = 8) { return model_on("dgx-h100", chips, find_software("ideal").value()); }
llm::Architecture llama() { return llm::find_model("llama-3.1-8b").value(); }

ParallelPlan data_parallel(std::int64_t dp) {
  ParallelPlan p;
  p.dp = dp, p.zero = dp > 1 ? 3 : 0;
  return p;
}

double sum(const std::map<std::string, Seconds>& parts) {
  double all = 0;
  for (const auto& [name, t] : parts) all += t.value;
  return all;
}

TEST(Step, EverySplitOfTheTimeAddsUpToTheTime) {
  ParallelPlan tensor;
  tensor.tp = 2, tensor.dp = 2, tensor.pp = 2;
  for (const auto& plan : {data_parallel(8), tensor}) {
    const auto r = model_on("dgx-h100", 8, find_software("attained").value()).step(llama(), plan, {4096, 32});
    ASSERT_TRUE(r.has_value()) << r.error().text();
    EXPECT_NEAR(sum(r->by_operation), r->time.value, 1e-9 * r->time.value);
    EXPECT_NEAR(sum(r->by_limit), r->time.value, 1e-9 * r->time.value);
    EXPECT_NEAR(sum(r->by_mechanism), r->time.value, 1e-9 * r->time.value);
  }
}

TEST(Step, OneDeviceTakesTheTimeOfItsOperations) {
  const auto r = ideal(1).step(llama(), data_parallel(1), {2048, 1}).value();
  // 6 FLOP per weight and token, at 500 TFLOP/s, and bytes: between the products alone and twice that.
  const double products = 6 * 7.5e9 * 2048 / 500e12;
  EXPECT_GT(r.time.value, products);
  EXPECT_LT(r.time.value, 2 * products);
}

TEST(Step, TwiceTheBatchTakesTwiceTheMicroBatches) {
  const auto steps = ideal();
  const auto one = steps.step(llama(), data_parallel(8), {4096, 32}).value();
  const auto two = steps.step(llama(), data_parallel(8), {4096, 64}).value();
  EXPECT_EQ(two.micro_batches, 2 * one.micro_batches);
  EXPECT_GT(two.time.value, 1.8 * one.time.value);
  EXPECT_LE(two.time.value, 2.0 * one.time.value * (1 + 1e-9));
}

TEST(Step, IdealSoftwareIsNeverSlower) {
  ParallelPlan tensor;
  tensor.tp = 8;
  for (const auto& plan : {data_parallel(8), tensor}) {
    for (const auto& name : software_names()) {
      const auto other = model_on("dgx-h100", 8, find_software(name).value()).step(llama(), plan, {4096, 32});
      EXPECT_LE(ideal().step(llama(), plan, {4096, 32})->time.value, other->time.value * (1 + 1e-9)) << name;
    }
  }
}

TEST(Step, FullRecomputationCostsAForwardAndSavesMemory) {
  const auto steps = ideal();
  ParallelPlan p = data_parallel(8);
  const auto none = steps.step(llama(), p, {4096, 32}).value();
  p.recompute = llm::Recompute::full;
  const auto full = steps.step(llama(), p, {4096, 32}).value();
  EXPECT_GT(full.time.value, 1.15 * none.time.value);
  EXPECT_LT(full.time.value, 1.45 * none.time.value);
  EXPECT_LT(full.memory.total().value, none.memory.total().value);
}

// Kernels that spend more than the closed form guessed: the step still draws what the board may.
TEST(Step, AStepLimitedByPowerDrawsTheBudgetWhateverItsKernelsSpend) {
  const auto hungry = [](const llm::Operation& op, const kernels::Harness& h) {
    auto cost = flat(op, h);
    cost->l2_read = cost->flops / Flops{1} * Bytes{0.05};
    return cost;
  };
  auto found = find_node_and_chip("dgx-h100", 8).value();
  const Watts budget = found.chip.get<Watts>("package.power");
  const auto steps =
      StepModel::make(found.node, found.chip, find_software("ideal").value(), {}, hungry, flat);
  const auto r = steps->step(llama(), data_parallel(8), {4096, 32}).value();
  ASSERT_TRUE(r.power_limited);
  EXPECT_NEAR(r.power / budget, 1, 1e-3);
  EXPECT_GT(r.time.value, ideal().step(llama(), data_parallel(8), {4096, 32})->time.value);
  EXPECT_NEAR(sum(r.by_operation), r.time.value, 1e-9 * r.time.value);
}

TEST(Step, YoungLibrariesSlowProductsOnNpusOnly) {
  Software full = find_software("attained").value();
  static_cast<catalog::FactSheet&>(full) = full.with("matrix.npu", 1.0);
  for (const char* node : {"dgx-h100", "atlas-800t-a2"}) {
    const double ratio =
        model_on(node, 8, find_software("attained").value())
            .step(llama(), data_parallel(8), {4096, 32})
            ->by_operation.at("mlp") /
        model_on(node, 8, full).step(llama(), data_parallel(8), {4096, 32})->by_operation.at("mlp");
    if (std::string(node) == "dgx-h100")
      EXPECT_NEAR(ratio, 1, 1e-12);
    else
      EXPECT_NEAR(ratio, 1 / 0.9, 1e-6);
  }
}

TEST(Step, APipelineShowsItsBubble) {
  ParallelPlan p;
  p.pp = 4, p.dp = 2;
  const auto r = ideal().step(llama(), p, {4096, 16}).value();
  const double bubble = r.by_operation.at("pipeline bubble").value / r.time.value;
  EXPECT_GT(bubble, 0.1);  // (p-1)/(m+p-1) = 3/11 of equal stages, less for the heavier last
  EXPECT_LT(bubble, 0.3);
}

TEST(Step, WhatDoesNotFitIsAFailureAndWhatIsTightAWarning) {
  const auto r = ideal().step(llm::find_model("llama-3.1-70b").value(), data_parallel(8), {8192, 64}).value();
  EXPECT_FALSE(r.fits());
  ASSERT_FALSE(r.findings.empty());
  EXPECT_EQ(r.findings.back().code, "memory.does-not-fit");
  EXPECT_EQ(r.findings.back().severity, Severity::failure);
}

TEST(Step, TheSearchFindsAPlanThatFitsAndIsNotBeatenByOthers) {
  const auto steps = model_on("dgx-h100", 8, find_software("attained").value());
  const Task task{8192, 64};
  const auto best = steps.best_step(llama(), task, {});
  ASSERT_TRUE(best.has_value()) << best.error().text();
  EXPECT_TRUE(best->fits());
  for (const auto& plan : enumerate_plans({}, llama(), steps.fabric(), task)) {
    const auto other = steps.quick_step(llama(), plan, task);
    if (other && other->memory.total() <= other->memory_capacity * 0.97)
      EXPECT_LE(best->time.value, other->time.value * (1 + 1e-9)) << describe(plan);
  }
}

TEST(Step, ASearchWithoutAnyPlanThatFitsSaysHowMuchIsMissing) {
  const auto none = ideal(1).search(llm::find_model("llama-3.1-405b").value(), {8192, 8}, {});
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, "plan.none");
}

TEST(Step, PowerIsWithinTheBudgetAndEnergyIsPowerTimesTime) {
  const auto r = ideal().step(llama(), data_parallel(8), {8192, 64}).value();
  EXPECT_LE(r.power.value, 700 * 1.02);
  EXPECT_GT(r.power.value, 150);
  EXPECT_NEAR(r.energy.value, r.power.value * r.time.value * 8, 1e-6 * r.energy.value);
}

TEST(Step, SameInputSameAnswer) {
  const auto one = ideal().step(llama(), data_parallel(8), {4096, 32}).value();
  const auto two = ideal().step(llama(), data_parallel(8), {4096, 32}).value();
  EXPECT_EQ(one.time, two.time);
  EXPECT_EQ(one.energy, two.energy);
}

TEST(Step, NpuNodesWithSeveralDevicesAPackageWork) {
  const auto steps = model_on("ascend-910d", 8, find_software("attained").value());
  const auto best = steps.best_step(llama(), {8192, 128}, {});
  ASSERT_TRUE(best.has_value()) << best.error().text();
  EXPECT_EQ(best->plan.devices(), steps.fabric().devices());
  EXPECT_GT(best->tokens_per_second_per_chip, 0);
}

TEST(Machines, AreFoundByChipByNodeAndRefusedOtherwise) {
  EXPECT_EQ(find_node_and_chip("h100-sxm")->node.name, "dgx-h100");
  EXPECT_EQ(find_node_and_chip("dgx-b200")->chip.name, "b200");
  EXPECT_EQ(find_node_and_chip("h100-sxm", 16).error().code, "plan.chips");
  EXPECT_EQ(find_node_and_chip("h100-smx").error().code, "chip.unknown");
}

TEST(Machines, ANodeWithoutCollectiveFactsIsRefused) {
  auto found = find_node_and_chip("dgx-h100").value();
  found.node.erase("collective.launch");
  EXPECT_EQ(read_fabric(found.node, found.chip).error().code, "node.collective");
}

TEST(Software, UnknownNamesAreRefusedWithTheNearest) {
  EXPECT_EQ(find_software("atained").error().code, "software.unknown");
  EXPECT_NE(find_software("atained").error().fix.find("attained"), std::string::npos);
  EXPECT_EQ(software_of_row("homemade").error().code, "software.unknown");
  EXPECT_EQ(software_of_row("Megatron-LM (2022)")->name, "megatron-2022");
}

TEST(Software, AFileThatBuildsOnItselfIsRefused) {
  const std::string file = ::testing::TempDir() + "loop.toml";
  std::ofstream(file) << "base = \"loop\"\n";
  EXPECT_EQ(find_software(file).error().code, "software.base");
}

TEST(Step, MemoryWithinThreePercentOfTheCapacityIsAWarning) {
  auto found = find_node_and_chip("dgx-h100", 8).value();
  const auto need = ideal().memory(llama(), data_parallel(8), {4096, 32}).value().total();
  found.chip = found.chip.with("hbm.capacity", need.value * 1.01);
  const auto steps =
      StepModel::make(found.node, found.chip, find_software("ideal").value(), {}, flat, flat).value();
  const auto r = steps.step(llama(), data_parallel(8), {4096, 32}).value();
  ASSERT_FALSE(r.findings.empty());
  EXPECT_EQ(r.findings.back().code, "memory.tight");
}

TEST(Step, AChipWithoutEnergiesIsTakenAtItsDeclaredPower) {
  auto found = find_node_and_chip("dgx-h100", 8).value();
  found.chip.erase("energy.hbm");
  const auto steps =
      StepModel::make(found.node, found.chip, find_software("ideal").value(), {}, flat, flat).value();
  const auto r = steps.step(llama(), data_parallel(8), {4096, 32}).value();
  EXPECT_DOUBLE_EQ(r.power.value, 700);
  EXPECT_EQ(r.findings.back().code, "power.unknown");
}

TEST(Software, EveryFileLoads) {
  for (const auto& name : software_names()) {
    const auto software = find_software(name);
    EXPECT_TRUE(software.has_value()) << name << ": " << (software ? "" : software.error().text());
  }
}

}  // namespace
}  // namespace etalon::cluster
