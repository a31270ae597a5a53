// SPDX-License-Identifier: Apache-2.0
// The Ascend C kernels, run for their time: they agree with published figures that were not fitted, scale as
// they should, and run at full size without data.
#include "kernels/npu/cross_entropy.h"
#include "kernels/npu/elementwise.h"
#include "kernels/npu/flash_attention.h"
#include "kernels/npu/gather_rows.h"
#include "kernels/npu/rope.h"
#include "kernels/npu/rows.h"
#include "kernels/npu/test_device.h"
#include "kernels/npu/top_k.h"
#include "kernels/npu/transpose.h"

namespace etalon::kernels::npu {
namespace {

chip::RunStats timed(chip::Machine& machine, ascendc::Device& device, ascendc::KernelType type, int blocks,
                     bool runtime_tiling, const std::function<void()>& kernel) {
  machine.flush_l2();
  ascendc::LaunchOptions options;
  options.type = type;
  options.blocks = blocks;
  options.mode = ascendc::Mode::timing_only;
  options.runtime_tiling = runtime_tiling;
  auto result = ascendc::launch(device, options, kernel);
  EXPECT_TRUE(result.has_value()) << result.error().text();
  return result ? result->stats : chip::RunStats{};
}

TEST(NpuOneSource, VectorBusyTimeOfTheAddStepsIsThePublishedOne) {
  // asc-add8192: one core with 8-KB copies 761.65 us; 48 cores with 32-KB copies 12.85 us; operands on
  // separate bank groups 6.95 us.
  struct Row {
    int cores, copy;
    double vector_us;
  };
  for (const Row& r : {Row{1, 4096, 761.65}, Row{48, 16384, 12.85}, Row{48, 16256, 6.95}}) {
    chip::Machine machine(chip::npu_machine_spec(test_chip()));
    ascendc::Device device(test_costs(), &machine, false);
    const std::int64_t n = 8192 * 8192;
    StreamTiling t;
    t.columns = n, t.tile_columns = r.copy, t.buffers = r.cores == 1 ? 1 : 2;
    const GmAddress in[] = {reinterpret_cast<GmAddress>(device.allocate(2 * n)),
                            reinterpret_cast<GmAddress>(device.allocate(2 * n))};
    const GmAddress out[] = {reinterpret_cast<GmAddress>(device.allocate(2 * n))};
    const auto stats = timed(machine, device, ascendc::KernelType::aiv, r.cores, true,
                             [&] { stream_kernel(in, out, t, AddOp<half>{}); });
    EXPECT_NEAR(stats.pipes[0].busy_mean.value * 1e6 / r.vector_us, 1, 0.02) << r.cores << " " << r.copy;
  }
}

TEST(NpuOneSource, FlashAttentionReachesThePublishedRateWithoutAFit) {
  // 168.5 TFLOP/s for one head of 32k queries and keys on 910B2; two tiles of queries a core give the rate.
  const auto chip = *catalog::find_chip("ascend-910b2");
  const auto costs = chip::npu_costs(chip);
  chip::Machine machine(chip::npu_machine_spec(chip));
  ascendc::Device device(costs, &machine, false);
  AttentionShape s;
  s.seq_q = 2 * costs.cubes * 128, s.seq_kv = 32768;
  s.q_row = s.kv_row = s.v_row = s.o_row = 128;
  s.q_batch = s.o_batch = s.seq_q * 128, s.kv_batch = s.v_batch = s.seq_kv * 128;
  const auto tensor = [&](std::int64_t n) { return reinterpret_cast<GmAddress>(device.allocate(2 * n)); };
  const auto q = tensor(s.q_batch), k = tensor(s.kv_batch), v = tensor(s.v_batch), o = tensor(s.o_batch);
  const auto workspace = reinterpret_cast<GmAddress>(device.allocate(attention_workspace(s, costs.cubes)));
  const auto stats = timed(machine, device, ascendc::KernelType::mix_1_2, costs.cubes, false,
                           [&] { flash_attention_kernel<half>(q, k, v, o, nullptr, workspace, s); });
  const double rate = 4.0 * static_cast<double>(s.seq_q * s.seq_kv) * 128 / stats.time.value;
  EXPECT_NEAR(rate / 168.5e12, 1, 0.1);
}

TEST(NpuOneSource, NormsMoveEachByteOnce) {
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  ascendc::Device device(test_costs(), &machine, false);
  const std::int64_t rows = 16384, columns = 4096;
  RowTiling t;
  t.rows = rows, t.columns = t.in_pitch = t.out_pitch = columns;
  const auto tensor = [&](std::int64_t n) { return reinterpret_cast<GmAddress>(device.allocate(2 * n)); };
  const auto x = tensor(rows * columns), y = tensor(rows * columns), gamma = tensor(columns);
  const auto stats = timed(machine, device, ascendc::KernelType::aiv, 48, true,
                           [&] { row_kernel<bfloat16_t, RowOperation::rms_norm>(x, gamma, gamma, y, t); });
  const double bytes = 2.0 * static_cast<double>(rows * columns);
  EXPECT_NEAR((stats.hbm_read.value) / bytes, 1, 0.02);
  EXPECT_GT(stats.time.value, bytes / 1.6e12);
}

TEST(NpuOneSource, KernelsOfTokensRunAtFullSizeWithoutData) {
  chip::Machine machine(chip::npu_machine_spec(test_chip()));
  ascendc::Device device(test_costs(), &machine, false);
  const std::int64_t tokens = 4096, hidden = 4096, vocabulary = 128256;
  const auto tensor = [&](std::int64_t bytes) { return reinterpret_cast<GmAddress>(device.allocate(bytes)); };
  auto* index = device.allocate_of<std::int32_t>(tokens * 8, 0, ascendc::Content::control);
  for (std::int64_t i = 0; i < tokens * 8; ++i) index[i] = static_cast<std::int32_t>(i * 7 % tokens);
  const auto at = reinterpret_cast<GmAddress>(index);
  const auto x = tensor(tokens * hidden * 2), y = tensor(tokens * hidden * 2), small = tensor(tokens * 512);
  const auto logits = tensor(tokens / 8 * vocabulary * 2);
  // Seconds of each, at least those of its bytes at the declared bandwidth of HBM when nothing is in L2
  // before.
  const auto expect = [&](double bytes, const std::function<void()>& kernel) {
    const auto stats = timed(machine, device, ascendc::KernelType::aiv, 48, true, kernel);
    EXPECT_GT(stats.time.value, bytes / 1.6e12);
    EXPECT_LT(stats.time.value, 100 * bytes / 1.6e12);
  };
  const double matrix = 2.0 * static_cast<double>(tokens * hidden);
  GatherTiling gather;
  gather.rows = tokens, gather.columns = hidden;
  expect(matrix, [&] { gather_rows_kernel<bfloat16_t>(x, at, y, gather); });
  gather.rows = tokens / 8, gather.choices = 8;
  expect(matrix / 2, [&] { combine_rows_kernel<bfloat16_t>(x, at, small, y, gather); });
  RopeTiling rope;
  rope.tokens = tokens, rope.heads = 32, rope.dim = 128, rope.pitch = hidden;
  expect(matrix, [&] { rope_kernel<bfloat16_t>(x, small, small, y, rope); });
  CrossEntropyTiling loss;
  loss.rows = tokens / 8, loss.columns = loss.pitch = vocabulary;
  for (std::int64_t i = 0; i < loss.rows; ++i) index[i] = static_cast<std::int32_t>(i);
  expect(2.0 * static_cast<double>(loss.rows * vocabulary),
         [&] { cross_entropy_kernel<bfloat16_t>(logits, at, small, loss); });
  TopKTiling gate;
  gate.tokens = tokens, gate.experts = 128, gate.k = 8;
  expect(static_cast<double>(tokens) * 512, [&] { top_k_kernel(small, y, x, gate); });
  expect(matrix, [&] { transpose_kernel<bfloat16_t>(x, y, TransposeTiling{tokens, hidden}); });
}

}  // namespace
}  // namespace etalon::kernels::npu
