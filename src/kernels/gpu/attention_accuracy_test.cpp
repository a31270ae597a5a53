// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "catalog/catalog.h"
#include "kernels/gpu/attention_kernels.h"
#include "kernels/gpu/attention_program.h"
#include "kernels/gpu/attention_rows_for_test.h"
#include "kernels/gpu/mla_program.h"
#include "kernels/gpu/moe_kernels.h"
#include "kernels/gpu/moe_program.h"

namespace etalon::kernels {
namespace {

using testing::MeasuredRow;

struct Errors {
  std::vector<double> values;
  double at(double share) {
    std::sort(values.begin(), values.end());
    return values.empty()
               ? 0
               : values[std::min(values.size() - 1,
                                 static_cast<std::size_t>(share * static_cast<double>(values.size())))];
  }
};

// Every `every`-th row of a kind and half; all with ETALON_ALL_ROWS set, to keep the usual run short.
std::vector<MeasuredRow> some(const std::vector<MeasuredRow>& rows, const std::string& kind, bool fitted,
                              int every) {
  std::vector<MeasuredRow> out;
  int n = 0;
  if (std::getenv("ETALON_ALL_ROWS")) every = 1;
  for (const MeasuredRow& r : rows)
    if (r.kind == kind && r.fitted == fitted && n++ % every == 0) out.push_back(r);
  return out;
}

void expect_errors(const std::vector<MeasuredRow>& rows, const Kernel& kernel, const std::string& kind,
                   int every, double median, double p90) {
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  const catalog::Chip chip = *catalog::find_chip("h100-sxm");
  for (const bool fitted : {true, false}) {
    Errors all, longer;
    for (const MeasuredRow& r : some(rows, kind, fitted, every)) {
      const auto cost = kernel.cost(chip, r.operation, Harness{}, CostOptions{});
      ASSERT_TRUE(cost) << r.id << ": " << cost.error().text();
      const double e = std::fabs(cost->time.value / r.seconds - 1);
      all.values.push_back(e);
      if (r.seconds >= 20e-6) longer.values.push_back(e);
    }
    fmt::print(
        "{:14} {:5} {:3} rows: median {:4.1f} %, p90 {:4.1f} %, worst {:5.1f} %; from 20 us: {:4.1f} / "
        "{:4.1f} %\n",
        kind, fitted ? "fit" : "check", all.values.size(), 100 * all.at(0.5), 100 * all.at(0.9),
        100 * all.at(1), 100 * longer.at(0.5), 100 * longer.at(0.9));
    if (fitted) continue;  // only rows that no constant saw are held to the bounds
    EXPECT_LE(all.at(0.5), median) << kind;
    EXPECT_LE(all.at(0.9), p90) << kind;
  }
}

TEST(AttentionAccuracy, PrefillStaysWithinItsErrorOnRowsNotFitted) {
  expect_errors(testing::attention_rows(), attention_kernels().front(), "forward", 4, 0.06, 0.15);
}
TEST(AttentionAccuracy, DecodeStaysWithinItsErrorOnRowsNotFitted) {
  expect_errors(testing::attention_rows(), attention_kernels().front(), "decode", 2, 0.06, 0.14);
}
TEST(AttentionAccuracy, LatentPrefillStaysWithinItsErrorOnRowsNotFitted) {
  expect_errors(testing::latent_rows(), attention_kernels().front(), "latent forward", 2, 0.06, 0.14);
}
TEST(AttentionAccuracy, LatentDecodeStaysWithinItsErrorOnRowsNotFitted) {
  expect_errors(testing::latent_rows(), attention_kernels().front(), "latent decode", 2, 0.08, 0.18);
}
TEST(AttentionAccuracy, BalancedExpertsStayWithinTheirErrorOnRowsNotFitted) {
  expect_errors(testing::expert_rows(), moe_kernels().front(), "balanced", 4, 0.1, 0.5);
}
TEST(AttentionAccuracy, SkewedExpertsStayWithinTheirErrorOnRowsNotFitted) {
  expect_errors(testing::expert_rows(), moe_kernels().front(), "skewed", 6, 0.15, 0.6);
}

// --- what each mechanism is worth -----------------------------------------------------------------------

struct Ablation {
  const char* name;
  void (*change)(gpu::DeviceFacts&, gpu::AttentionJob&);
};

double predict(const catalog::Chip& chip, gpu::DeviceFacts d, const llm::Attention& op,
               const Ablation* ablation) {
  gpu::AttentionJob job = gpu::attention_job(d, op, Harness{});
  if (ablation) ablation->change(d, job);
  const gpu::AttentionTime around = gpu::around_attention(d, op, job, Harness{});
  return around.launch + around.scan + gpu::simulate_small(chip, d, around.small) +
         gpu::simulate_attention(chip, d, job, false).seconds;
}

// Work cut as if query heads never shared a tile.
void unpack(gpu::DeviceFacts&, gpu::AttentionJob& job) {
  if (!job.plan.packed) return;
  job.plan.heads *= 4;
  for (gpu::WorkItem& w : job.plan.items) w.rows = std::max(1, w.rows / 4);
}

TEST(AttentionAblation, EachMechanismSwitchedOffMakesItsRowsWorse) {
  struct Case {
    Ablation ablation;
    const char* kind;
  };
  const Case cases[] = {
      {{"no split of keys", [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.plan.splits = 1; }}, "decode"},
      {{"no residency in L2", [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.kept = 0; }}, "decode"},
      {{"no page look-up", [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.costs.look_up = 0; }}, "decode"},
      {{"no packing of heads", unpack}, "decode"},
      {{"no framework launches", [](gpu::DeviceFacts& d, gpu::AttentionJob&) { d.launch_graph /= 3; }},
       "decode"},
      {{"no search through sequences",
        [](gpu::DeviceFacts& d, gpu::AttentionJob& j) { d.scan_cycles = 0, j.costs.fetch = 0; }},
       "decode"},
      {{"softmax fully hidden", [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.costs.softmax = 0; }},
       "forward"},
      {{"softmax fully serial",
        [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.costs.first += j.costs.softmax; }},
       "forward"},
      {{"no causal skipping",
        [](gpu::DeviceFacts&, gpu::AttentionJob& j) {
          for (gpu::WorkItem& w : j.plan.items)
            w.blocks = j.plan.items.front().blocks, w.keys = j.plan.items.front().keys;
        }},
       "forward"},
      {{"no mask", [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.costs.mask = 0; }}, "forward"},
      {{"no cost of rows at the ends of items",
        [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.costs.row = 0; }},
       "forward"},
      {{"latents: rows gathered after the output",
        [](gpu::DeviceFacts& d, gpu::AttentionJob& j) { j.boxes = false, j.costs.row = d.row_cycles; }},
       "latent forward"},
      {{"latents: no fill before the first load",
        [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.fill = 0; }},
       "latent forward"},
      {{"latents: sums drained at once", [](gpu::DeviceFacts&, gpu::AttentionJob& j) { j.costs.drain = 0; }},
       "latent forward"},
  };
  std::vector<MeasuredRow> rows = testing::attention_rows();
  for (MeasuredRow& r : testing::latent_rows()) rows.push_back(std::move(r));
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  const catalog::Chip chip = *catalog::find_chip("h100-sxm");
  const gpu::DeviceFacts d = gpu::read_device(chip);
  for (const Case& c : cases) {
    Errors with, without;
    for (const MeasuredRow& r : some(rows, c.kind, false, 7)) {
      const auto& op = std::get<llm::Attention>(r.operation);
      with.values.push_back(std::fabs(predict(chip, d, op, nullptr) / r.seconds - 1));
      without.values.push_back(std::fabs(predict(chip, d, op, &c.ablation) / r.seconds - 1));
    }
    double sum_with = 0, sum_without = 0;
    for (double e : with.values) sum_with += e;
    for (double e : without.values) sum_without += e;
    fmt::print("{:40} {:8} median {:4.1f} -> {:5.1f} %, p90 {:4.1f} -> {:5.1f} %\n", c.ablation.name, c.kind,
               100 * with.at(0.5), 100 * without.at(0.5), 100 * with.at(0.9), 100 * without.at(0.9));
    EXPECT_GT(sum_without, sum_with) << c.ablation.name;
  }
}

// Calls of many milliseconds run under the power controller, which sees what CUDA cores and L2 spend.
TEST(AttentionAblation, LongCallsAreWorseAtTheHighestClock) {
  std::vector<MeasuredRow> rows = testing::attention_rows();
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  for (MeasuredRow& r : testing::latent_rows()) rows.push_back(std::move(r));
  const catalog::Chip chip = *catalog::find_chip("h100-sxm");
  Harness fast;
  fast.clock = chip.get<Hertz>("clock.max");
  Errors settled, highest;
  for (const MeasuredRow& r : rows) {
    if (r.seconds < 7e-3 || r.fitted) continue;
    const auto at = [&](const Harness& h) {
      return std::fabs(attention_kernels().front().cost(chip, r.operation, h, {})->time.value / r.seconds -
                       1);
    };
    settled.values.push_back(at(Harness{}));
    highest.values.push_back(at(fast));
  }
  if (settled.values.empty()) GTEST_SKIP() << test::kNoEvidence;
  fmt::print("{} calls above 7 ms: median {:.1f} -> {:.1f} %\n", settled.values.size(), 100 * settled.at(0.5),
             100 * highest.at(0.5));
  EXPECT_LT(settled.at(0.5), highest.at(0.5));
}

// Experts, with one mechanism off: its own way to route, to tile or to launch.
struct ExpertAblation {
  const char* name;
  void (*shape)(llm::GroupedMatmul&);
  void (*loads)(gpu::ExpertLoads&);
  void (*device)(gpu::DeviceFacts&);
};

double predict(const catalog::Chip& chip, gpu::DeviceFacts d, llm::GroupedMatmul op,
               const ExpertAblation* off) {
  if (off && off->device) off->device(d);
  if (off && off->shape) off->shape(op);
  gpu::ExpertLoads loads = op.skew == 0 ? gpu::balanced_loads(op) : gpu::drawn_loads(op, 0);
  if (off && off->loads) off->loads(loads);
  const gpu::MoeTime around = gpu::around_products(d, op, loads);
  double seconds = around.launch + gpu::simulate_small(chip, d, around.small);
  const double kept = gpu::kept_in_l2(d, gpu::layer_bytes(op, loads));
  for (const gpu::GroupedProduct& p : {gpu::up_product(op), gpu::down_product(op)})
    seconds += gpu::simulate_product(chip, d, op, loads, p, gpu::choose_tile(d, op, p), kept, false).seconds;
  return seconds;
}

TEST(ExpertAblation, EachMechanismSwitchedOffMakesItsRowsWorse) {
  const ExpertAblation cases[] = {
      {"weights of idle experts streamed too", nullptr,
       [](gpu::ExpertLoads& l) {
         for (std::int64_t& n : l) n = std::max<std::int64_t>(n, 1);
       },
       nullptr},
      {"power law taken for balanced", [](llm::GroupedMatmul& g) { g.skew = 0; }, nullptr, nullptr},
      {"no kernels around the products", [](llm::GroupedMatmul& g) { g.matmuls_only = true; }, nullptr,
       nullptr},
      {"small kernels at the rate of tuned ones", nullptr, nullptr,
       [](gpu::DeviceFacts& d) { d.elementwise = d.tuned; }},
      {"no cost of routing", nullptr, nullptr, [](gpu::DeviceFacts& d) { d.route_cycles = 0; }},
  };
  const std::vector<MeasuredRow> rows = testing::expert_rows();
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  const catalog::Chip chip = *catalog::find_chip("h100-sxm");
  const gpu::DeviceFacts d = gpu::read_device(chip);
  for (const ExpertAblation& off : cases) {
    Errors with, without;
    double sum_with = 0, sum_without = 0;
    for (const char* kind : {"balanced", "skewed"})
      for (const MeasuredRow& r : some(rows, kind, false, 12)) {
        const auto& op = std::get<llm::GroupedMatmul>(r.operation);
        // Ratios, so that being ten times too fast weighs as much as being ten times too slow.
        with.values.push_back(std::fabs(std::log(predict(chip, d, op, nullptr) / r.seconds)));
        without.values.push_back(std::fabs(std::log(predict(chip, d, op, &off) / r.seconds)));
        sum_with += with.values.back(), sum_without += without.values.back();
      }
    fmt::print("{:40} median {:4.1f} -> {:5.1f} %, p90 {:4.1f} -> {:5.1f} %\n", off.name, 100 * with.at(0.5),
               100 * without.at(0.5), 100 * with.at(0.9), 100 * without.at(0.9));
    EXPECT_GT(sum_without, sum_with) << off.name;
  }
}

}  // namespace
}  // namespace etalon::kernels
