// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "kernels/gpu/gemm_plan.h"

namespace etalon::kernels {

GemmChip read_gemm_chip(const catalog::Chip& chip) {
  GemmChip g;
  g.gpu = chip::read_gpu_facts(chip);
  g.power = chip::read_power_facts(chip);
  GemmFacts& f = g.gemm;
  f.stages_max = static_cast<int>(chip.count("gemm.stages"));
  f.stage_bytes = g.gpu.smem_size * chip.get<double>("gemm.stage_share");
  f.load_latency = chip.get<Seconds>("gemm.load_latency");
  f.epilogue_latency = chip.get<Seconds>("gemm.epilogue_latency");
  f.epilogue_rate = chip.get<BytesPerCycle>("gemm.epilogue_rate");
  f.overlap = chip.get<double>("gemm.overlap");
  f.promotion = chip.get<double>("gemm.promotion");
  f.promotion_wait = chip.get<Cycles>("gemm.promotion_wait");
  f.edge_requests = chip.get<double>("gemm.edge_requests");
  f.edge_copies = chip.get<double>("gemm.edge_copies");
  f.quantise_kernels = static_cast<int>(chip.count("quantise.kernels"));
  f.quantise_attained = chip.get<double>("quantise.attained");
  f.quantise_rate = chip.get<BytesPerCycle>("quantise.rate");
  f.block_quantise_launch = chip.get<Seconds>("quantise.block_launch");
  f.candidates = static_cast<int>(chip.count("gemm.candidates"));
  f.power_of_two_tiles = g.gpu.operands == chip::OperandPath::registers;
  f.candidate_margin = chip.get<double>("gemm.candidate_margin");
  return g;
}

namespace {

struct MatrixType {
  double size;  // bytes per element of both operands
  FlopsPerCycle chip::GpuFacts::* rate;
  const char* energy;
};

// Element size, rate and energy of a type on the matrix units.
MatrixType matrix_type(llm::Dtype dtype) {
  using chip::GpuFacts;
  switch (dtype) {
    case llm::Dtype::fp16:
      return {2, &GpuFacts::fp16, "energy.matrix_fp16"};
    case llm::Dtype::tf32:
      return {4, &GpuFacts::tf32, "energy.matrix_tf32"};
    case llm::Dtype::fp32:
      return {4, &GpuFacts::cuda_fp32, "energy.cuda_fp32"};
    case llm::Dtype::int8:
      return {1, &GpuFacts::int8, "energy.matrix_int8"};
    case llm::Dtype::fp8:
      return {1, &GpuFacts::fp8, "energy.matrix_fp8"};
    case llm::Dtype::fp8_block:
    case llm::Dtype::mxfp8:
      return {1, &GpuFacts::fp8, "energy.matrix_fp8"};
    case llm::Dtype::mxfp4_w:
      return {2, &GpuFacts::bf16, "energy.matrix_fp16"};
    default:
      return {2, &GpuFacts::bf16, "energy.matrix_fp16"};
  }
}

}  // namespace

Result<GemmProblem> gemm_problem(const catalog::Chip& chip, const GemmChip& g, const llm::Matmul& op) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  const auto is_odd = [](std::int64_t v) { return v < 1 || v > kMost; };
  if (is_odd(op.m) || is_odd(op.n) || is_odd(op.k) || is_odd(op.batch))
    return fail("kernel.shape",
                fmt::format("matmul sizes must be from 1 to 2^31, got m={} n={} k={} batch={}", op.m, op.n,
                            op.k, op.batch));
  const MatrixType type = matrix_type(op.dtype);
  if (op.dtype == llm::Dtype::int32 || op.dtype == llm::Dtype::hif8 || (g.gpu.*type.rate).value <= 0)
    return fail("kernel.dtype",
                fmt::format("{} has no matrix unit for {}", chip.name, llm::name_of(op.dtype)),
                "see `etalon chips show` for the types it has");
  GemmProblem p;
  p.m = op.m, p.n = op.n, p.k = op.k, p.batch = op.batch;
  p.a_size = p.b_size = type.size;
  if (op.dtype == llm::Dtype::mxfp4_w) p.b_size = llm::size_of(op.dtype).value;
  p.out_size = llm::size_of(op.out_dtype).value;
  p.rate = g.gpu.*type.rate * (op.dtype == llm::Dtype::fp32 ? 1.0 : g.gpu.tensor_issue);
  p.energy = chip.get<JoulesPerFlop>(type.energy);
  // Blackwell's matrix unit applies the block scales of mxfp8 itself; DeepGEMM's 1x128 scales it does not.
  p.block_scales = op.dtype == llm::Dtype::fp8_block ||
                   (op.dtype == llm::Dtype::mxfp8 && g.gpu.operands != chip::OperandPath::tensor_memory);
  // Hopper's tensor cores add 8-bit products with about 14 bits; libraries promote the sums every 128 of K.
  p.promotes = p.block_scales || (op.dtype == llm::Dtype::fp8 && g.gpu.operands == chip::OperandPath::shared);
  p.accumulate = op.accumulate;
  p.tensor_core = op.dtype != llm::Dtype::fp32;
  return p;
}

}  // namespace etalon::kernels
