// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the cost functions of NPU kernels share: launch cost by harness, power, and filling a KernelCost from
// a run.

#include <functional>
#include <map>
#include <string>

#include "chip/machine.h"
#include "chip/npu.h"
#include "kernels/cost.h"

namespace etalon::kernels {

// One simulated device of a chip, its instruction costs and launch costs.
struct NpuDevice {
  explicit NpuDevice(const catalog::Chip& chip);
  const catalog::Chip& chip;
  chip::MachineSpec spec;
  chip::NpuCosts costs;
  chip::NpuLaunch launch;
  double macs(llm::Dtype dtype) const;  // of one cube per cycle, 0: the cube lacks the type
  BytesPerSecond hbm() const { return spec.hbm_rate; }
};

// "catlass:base=128x256x64;b=nz" -> family "catlass" and options. Harnesses of published kernels name their
// tiling.
struct NpuSoftware {
  std::string family;
  std::map<std::string, std::string, std::less<>> options;
  bool has(const char* key) const { return options.contains(key); }
  std::string text(const char* key) const { return has(key) ? options.find(key)->second : std::string(); }
  std::int64_t number(const char* key, std::int64_t otherwise) const;
};
NpuSoftware parse_npu_software(const std::string& text);

// Launch cost of one kernel as the harness counts it. Kernels inside a captured graph or a network follow
// closely.
Seconds launch_cost(const NpuDevice& device, const Harness& harness, const NpuSoftware& software);

// What a kernel did: the body's time at the highest clock and how much of it scales with the clock.
struct NpuWork {
  Seconds body, launch;
  Flops matrix_flops, vector_flops;
  llm::Dtype dtype = llm::Dtype::bf16;
  Bytes hbm_read, hbm_written, l2_read;
  Seconds hbm_busy;
  int kernels = 1;
  std::map<std::string, Seconds> busy, stalls;
  std::string tiling, mechanism;
  Fidelity fidelity = Fidelity::cycle;
};
void add_run(NpuWork& work, const chip::RunStats& run);  // traffic, pipes and stalls of a simulation
KernelCost npu_cost(const NpuDevice& device, const Harness& harness, const NpuWork& work);

// The cost functions, one per family of kernels.
Result<KernelCost> npu_matmul_cost(const catalog::Chip&, const llm::Operation&, const Harness&,
                                   const CostOptions&);
Result<KernelCost> npu_grouped_cost(const catalog::Chip&, const llm::Operation&, const Harness&,
                                    const CostOptions&);
Result<KernelCost> npu_attention_cost(const catalog::Chip&, const llm::Operation&, const Harness&,
                                      const CostOptions&);
Result<KernelCost> npu_vector_cost(const catalog::Chip&, const llm::Operation&, const Harness&,
                                   const CostOptions&);

}  // namespace etalon::kernels
