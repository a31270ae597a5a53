// SPDX-License-Identifier: Apache-2.0
#include "chip/gpu.h"

namespace etalon::chip {
namespace {

OperandPath operand_path(const std::string& choice) {
  if (choice == "registers") return OperandPath::registers;
  if (choice == "tensor_memory") return OperandPath::tensor_memory;
  return OperandPath::shared;
}

}  // namespace

GpuFacts read_gpu_facts(const catalog::Chip& chip) {
  GpuFacts g;
  g.sms = static_cast<int>(chip.count("sm.count"));
  const auto rate = [&](const char* path) { return chip.get_or<FlopsPerCycle>(path, FlopsPerCycle{0}); };
  g.bf16 = rate("tensor.bf16");
  g.fp16 = rate("tensor.fp16");
  g.fp8 = rate("tensor.fp8");
  g.int8 = rate("tensor.int8");
  g.tf32 = rate("tensor.tf32");
  g.fp4 = rate("tensor.fp4");
  g.cuda_fp32 = rate("cuda.fp32");
  g.tensor_issue = chip.get<double>("tensor.issue");
  g.operands = operand_path(chip.choice("tensor.operands"));
  g.smem_size = chip.get<Bytes>("smem.size");
  g.register_size = chip.get<Bytes>("register.size");
  g.smem_bandwidth = chip.get<BytesPerCycle>("smem.bandwidth");
  g.hbm_declared = chip.get<BytesPerSecond>("hbm.bandwidth");
  g.hbm_rate = g.hbm_declared * chip.get<double>("hbm.attained");
  g.hbm_latency = chip.get<Seconds>("hbm.latency");
  g.l2_rate = chip.get<BytesPerSecond>("l2.bandwidth");
  g.tma_rate = chip.get<BytesPerSecond>("l2.copy_bandwidth");
  g.l2_port = chip.get<BytesPerCycle>("l2.port");
  g.l2_latency = chip.get<Cycles>("l2.latency");
  g.l2_capacity = chip.get<Bytes>("l2.capacity");
  g.l2_reuse = g.l2_capacity * chip.get<double>("l2.effective");
  g.l2_kernel = g.l2_capacity * chip.get<double>("l2.kernel_share");
  g.l2_block = static_cast<std::int64_t>(chip.get<Bytes>("l2.block").value);
  g.clock_max = chip.get<Hertz>("clock.max");
  g.clock_reference = chip.get<Hertz>("power.reference_clock");
  g.launch_graph = chip.get<Seconds>("launch.graph");
  g.launch_eager = chip.get<Seconds>("launch.eager");
  g.launch_profiler = chip.get<Seconds>("launch.profiler");
  g.launch_next = chip.get<Seconds>("launch.next");
  g.launch_fill = chip.get<Seconds>("launch.fill");
  return g;
}

MachineSpec gpu_machine_spec(const GpuFacts& g, Hertz clock) {
  MachineSpec s;
  s.cores = g.sms;
  s.pipes = {"copy in", "tensor", "cuda", "sfu", "store"};
  s.flags = kGpuFlags;
  s.queue_depth = 32;
  s.clock = clock;
  const auto cycles = [&](Seconds t) { return Cycles{t.value * clock.value}; };
  PathSpec load;
  load.name = "load";
  load.latency_hit = g.l2_latency;
  load.latency_miss = cycles(g.hbm_latency);
  load.core_hit = load.core_miss = g.l2_port * clock;
  load.in_flight = 16;
  PathSpec store = load;
  store.name = "store";
  store.latency_miss = store.latency_hit;  // written into the cache
  PathSpec second = load;
  second.name = "second load";
  s.paths = {load, store, second};
  s.l2_rates = {g.tma_rate};
  s.hbm_rate = g.hbm_rate;
  s.l2_capacity = g.l2_kernel;
  s.l2_block = g.l2_block;
  s.l2_random_replacement = false;
  return s;
}

MachineSpec gpu_machine_spec(const catalog::Chip& chip, Hertz clock) {
  return gpu_machine_spec(read_gpu_facts(chip), clock);
}

}  // namespace etalon::chip
