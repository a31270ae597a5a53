// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/npu_cost.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "chip/power.h"

namespace etalon::kernels {

NpuDevice::NpuDevice(const catalog::Chip& c)
    : chip(c), spec(chip::npu_machine_spec(c)), costs(chip::npu_costs(c)), launch(chip::npu_launch(c)) {}

double NpuDevice::macs(llm::Dtype dtype) const {
  switch (dtype) {
    case llm::Dtype::fp16:
    case llm::Dtype::mxfp4_w:
      return costs.macs_fp16;
    case llm::Dtype::bf16:
      return costs.macs_bf16;
    case llm::Dtype::fp32:
      return costs.macs_fp32;
    case llm::Dtype::tf32:
      return costs.macs_hf32;
    case llm::Dtype::int8:
      return costs.macs_int8;
    case llm::Dtype::fp8:
    case llm::Dtype::fp8_block:
    case llm::Dtype::mxfp8:
    case llm::Dtype::hif8:
      return costs.macs_fp8;
    case llm::Dtype::int32:
      return 0;
  }
  return 0;
}

std::int64_t NpuSoftware::number(const char* key, std::int64_t otherwise) const {
  return has(key) ? std::max<std::int64_t>(1, std::atoll(text(key).c_str())) : otherwise;
}

NpuSoftware parse_npu_software(const std::string& text) {
  NpuSoftware out;
  const auto colon = std::min(text.find(':'), text.size());
  out.family = text.substr(0, colon);
  for (std::size_t at = colon + 1; at < text.size();) {
    const auto end = std::min(text.find(';', at), text.size());
    const std::string item = text.substr(at, end - at);
    const auto equals = std::min(item.find('='), item.size());
    out.options[item.substr(0, equals)] = equals < item.size() ? item.substr(equals + 1) : std::string("1");
    at = end + 1;
  }
  return out;
}

Seconds launch_cost(const NpuDevice& d, const Harness& h, const NpuSoftware& s) {
  if (s.has("launch")) {  // the harness times something else than a task: "core" is inside the kernel
    if (s.text("launch") == "core") return d.launch.library;
    if (s.text("launch") == "network") return d.launch.graph;
  }
  switch (h.launch) {
    case Harness::Launch::graph:
      return d.launch.graph;
    case Harness::Launch::eager:
      return d.launch.eager;
    case Harness::Launch::profiler:
      return d.launch.profiler;
  }
  return d.launch.graph;
}

void add_run(NpuWork& w, const chip::RunStats& run) {
  w.hbm_read += run.hbm_read;
  w.hbm_written += run.hbm_written;
  w.l2_read += run.l2_read;
  w.hbm_busy += run.hbm_busy;
  for (std::size_t p = 0; p < run.pipes.size(); ++p) {
    const std::string name = chip::kNpuPipeNames[p];
    const chip::PipeStats& s = run.pipes[p];
    if (s.instructions == 0) continue;
    w.busy[name] += s.busy_mean;
    w.stalls[name + " waits for a flag"] += s.wait_flag;
    w.stalls[name + " waits for memory"] += s.wait_memory;
    w.stalls[name + " waits for the scalar unit"] += s.wait_scalar;
  }
}

namespace {

JoulesPerFlop energy_of(const catalog::Chip& chip, llm::Dtype dtype) {
  const char* path = "energy.matrix_fp16";
  switch (dtype) {
    case llm::Dtype::fp8:
    case llm::Dtype::fp8_block:
    case llm::Dtype::mxfp8:
    case llm::Dtype::hif8:
      path = "energy.matrix_fp8";
      break;
    case llm::Dtype::int8:
      path = "energy.matrix_int8";
      break;
    case llm::Dtype::fp32:
    case llm::Dtype::tf32:
      path = "energy.matrix_tf32";
      break;
    default:
      break;
  }
  return chip.get_or<JoulesPerFlop>(path, {});
}

}  // namespace

KernelCost npu_cost(const NpuDevice& d, const Harness& h, const NpuWork& w) {
  KernelCost k;
  k.launch = w.launch;
  k.flops = w.matrix_flops;
  k.hbm_read = w.hbm_read;
  k.hbm_written = w.hbm_written;
  k.l2_read = w.l2_read;
  k.kernels = w.kernels;
  k.busy = w.busy;
  k.stalls = w.stalls;
  k.tiling = w.tiling;
  k.mechanism = "npu." + w.mechanism;  // what GPU kernels were off by says nothing of these
  k.fidelity = w.fidelity;
  // Memory keeps its own clock: only what is not memory time follows that of the cores.
  const double f0 = d.spec.clock.value;
  const Seconds memory = std::min(w.hbm_busy, Seconds{(w.hbm_read + w.hbm_written).value / d.hbm().value});
  const Seconds fixed = w.launch + std::min(memory, w.body), scaled = w.body - std::min(memory, w.body);
  const auto time_at = [&](Hertz f) { return fixed + scaled * (f0 / f.value); };
  const bool powered = d.chip.has("power.static") && d.chip.has("package.power");
  k.clock = h.clock.value_or(d.spec.clock);
  k.time = time_at(k.clock);
  if (powered) {
    chip::Activity a;
    a.compute = w.matrix_flops * energy_of(d.chip, w.dtype) +
                w.vector_flops * d.chip.get_or<JoulesPerFlop>("energy.cuda_fp32", {});
    a.l2 = w.l2_read;
    a.hbm = w.hbm_read + w.hbm_written;
    const auto power = chip::read_power_facts(d.chip);
    if (h.clock) {
      k.energy = chip::power_at(power, a, k.clock, k.time) * k.time;
    } else {
      const auto settled = chip::settle_clock(power, a, time_at, h.replays, h.sustained);
      k.clock = settled.clock;
      k.time = settled.time;
      k.energy = settled.energy;
    }
  }
  k.low = k.high = k.time;
  // Who set the time: launch; then the busiest pipe, whose transfers are memory's as far as HBM was busy.
  const double total = std::max(k.time.value, 1e-30), body = std::max(w.body.value, 1e-30);
  const auto busy = [&](const char* pipe) {
    const auto it = w.busy.find(pipe);
    return it == w.busy.end() ? 0.0 : std::min(1.0, it->second.value / body);
  };
  const double share = (k.time - w.launch).value / total;
  const double cube = busy("cube"), vector = busy("vector"), transfers = std::max(busy("mte2"), busy("mte3"));
  const double hbm = std::min(1.0, memory.value / body);
  const double sum = cube + vector + hbm + std::max(0.0, transfers - hbm);
  const double scale = sum > 0 ? share / std::max(1.0, sum) : 0;
  k.limits[Limit::launch] = w.launch.value / total;
  k.limits[Limit::matrix] = cube * scale;
  k.limits[Limit::vector] = vector * scale;
  k.limits[Limit::hbm] = hbm * scale;
  k.limits[Limit::l2] = std::max(0.0, transfers - hbm) * scale;
  double known = 0;
  for (const auto& [limit, part] : k.limits) known += part;
  k.limits[Limit::latency] = std::max(0.0, 1 - known);
  return k;
}

}  // namespace etalon::kernels
