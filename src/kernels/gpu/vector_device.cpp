// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/vector_device.h"

#include <algorithm>

namespace etalon::kernels::gpu {
namespace {

void read_common(const catalog::Chip& chip, DeviceFacts& d) {
  const chip::GpuFacts g = chip::read_gpu_facts(chip);
  d.sms = g.sms;
  d.clock = g.clock_max.value;
  d.bf16 = g.bf16.value;
  d.fp8 = g.fp8.value;
  d.int8 = g.int8.value;
  d.tf32 = g.tf32.value;
  d.cuda = g.cuda_fp32.value;
  d.sfu = chip.get<FlopsPerCycle>("sfu.rate").value;
  d.smem_rate = g.smem_bandwidth.value;
  d.asynchronous = g.operands != chip::OperandPath::registers;
  d.hbm = chip.get<BytesPerSecond>("hbm.bandwidth").value;
  d.hbm_attained = chip.get<double>("hbm.attained");
  d.hbm_latency = g.hbm_latency.value;
  d.l2_latency = g.l2_latency.value / g.clock_max.value;
  d.l2_capacity = g.l2_capacity.value;
  d.kept_full = chip.get<double>("l2.effective");
  d.l2_rate = g.l2_rate.value;
  d.launch_graph = g.launch_graph.value;
  d.launch_eager = g.launch_eager.value;
  d.gemm = read_gemm_chip(chip);
  d.load_latency = d.gemm.gemm.load_latency.value;
}

double cycles(const catalog::Chip& chip, const char* path) { return chip.get<Cycles>(path).value; }

void read_kernels(const catalog::Chip& chip, DeviceFacts& d) {
  d.elementwise = chip.get<double>("framework.elementwise");
  d.cache_write = chip.get<double>("framework.cache_write");
  d.tuned = chip.get<double>("stream.attained");
  d.tensor_efficiency = chip.get<double>("attention.tensor_efficiency");
  d.softmax = cycles(chip, "attention.softmax");
  d.softmax_alone = chip.get<double>("attention.softmax_alone");
  d.row_cycles = cycles(chip, "attention.row");
  d.scan_cycles = cycles(chip, "attention.scan");
  d.backward_softmax = cycles(chip, "attention.backward_softmax");
  d.latent_mask_cycles = cycles(chip, "latent.decode_mask");
  d.route_cycles = cycles(chip, "moe.route");
  d.moe_launches_mxfp4 = chip.count("moe.launches_mxfp4");
}

bool eight_bits(llm::Dtype t) {
  return t == llm::Dtype::fp8 || t == llm::Dtype::fp8_block || t == llm::Dtype::mxfp8;
}

}  // namespace

DeviceFacts read_device(const catalog::Chip& chip) {
  DeviceFacts d;
  read_common(chip, d);
  read_kernels(chip, d);
  return d;
}

double tensor_rate(const DeviceFacts& d, llm::Dtype dtype) {
  if (eight_bits(dtype)) return d.fp8;
  switch (dtype) {
    case llm::Dtype::bf16:
    case llm::Dtype::fp16:
    case llm::Dtype::mxfp4_w:
      return d.bf16;
    case llm::Dtype::int8:
      return d.int8;
    case llm::Dtype::tf32:
      return d.tf32;
    case llm::Dtype::fp32:
      return d.cuda;
    default:
      return 0;
  }
}

double launch_seconds(const DeviceFacts& d, const Harness& harness) {
  return harness.launch == Harness::Launch::eager ? std::max(d.launch_eager, d.launch_graph) : d.launch_graph;
}

chip::Settled settle(const catalog::Chip& chip, const DeviceFacts& d, const Harness& harness,
                     llm::Dtype dtype, double flops, double l2_bytes, double hbm_bytes, double seconds,
                     double scaling, double vector) {
  chip::Activity activity;
  activity.compute =
      chip.get<JoulesPerFlop>(eight_bits(dtype) ? "energy.matrix_fp8" : "energy.matrix_fp16") * Flops{flops} +
      chip.get<JoulesPerFlop>("energy.cuda_fp32") * Flops{vector};
  activity.l2 = Bytes{l2_bytes};
  activity.hbm = Bytes{hbm_bytes};
  const auto time_at = [&](Hertz f) { return Seconds{seconds - scaling + scaling * d.clock / f.value}; };
  if (!harness.clock) return chip::settle_clock(chip, activity, time_at, harness.replays, harness.sustained);
  chip::Settled s;
  s.clock = *harness.clock;
  s.time = time_at(s.clock);
  s.energy = chip::power_at(chip::read_power_facts(chip), activity, s.clock, s.time) * s.time;
  return s;
}

}  // namespace etalon::kernels::gpu
