// SPDX-License-Identifier: Apache-2.0
// Streaming operations on the vector cores: what each moves and the vector instructions it is made of,
// computed in fp32 (16-bit operands are cast on the way in and out), simulated chunk by chunk.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "kernels/npu/npu_cost.h"
#include "kernels/npu/stream_program.h"

namespace etalon::kernels {
namespace {

// Vector instructions per element, by class; reads and writes of full arrays beside the compulsory traffic.
struct Body {
  int unary = 0, binary = 0, special = 0, divide = 0, reduce = 0, small = 0;
  int inputs = 1, outputs = 1;
  bool scattered = false;
};

Body body_of(const llm::Vector& v) {
  using llm::VectorOp;
  switch (v.op) {
    case VectorOp::rmsnorm:
      return {.unary = 1, .binary = 3, .reduce = 1, .small = 3, .inputs = 2};
    case VectorOp::layernorm:
      return {.unary = 1, .binary = 5, .reduce = 2, .small = 5, .inputs = 2};
    case VectorOp::rope:
      return {.unary = 0, .binary = 4, .inputs = 2};
    case VectorOp::swiglu:
      return {.unary = 2, .binary = 1, .special = 1, .divide = 1, .inputs = 2};
    case VectorOp::gelu:
      return {.unary = 4, .binary = 3, .special = 1, .divide = 1};
    case VectorOp::relu2:
      return {.unary = 1, .binary = 1};
    case VectorOp::softmax:
      return {.unary = 1, .binary = 2, .special = 1, .reduce = 2, .small = 3};
    case VectorOp::residual_add:
    case VectorOp::add:
      return {.binary = 1, .inputs = 2};
    case VectorOp::cast:
      return {};
    case VectorOp::transpose:
      return {.unary = 3};
    case VectorOp::embedding:
      return {.inputs = 1, .scattered = true};
    case VectorOp::cross_entropy:
      return {.unary = 1, .binary = 2, .special = 1, .reduce = 2, .small = 4};
    case VectorOp::topk_gate:
      return {.unary = 18, .binary = 2, .special = 1, .reduce = 2, .small = 4};
    case VectorOp::permute:
      return {.scattered = true};
    case VectorOp::unpermute:
      return {.unary = 1, .binary = 1, .scattered = true};
    case VectorOp::quantise:
      return {.unary = 2, .binary = 1, .reduce = 1, .small = 2};
    case VectorOp::adamw:
      return {.unary = 5, .binary = 6, .special = 1, .divide = 1, .inputs = 4, .outputs = 4};
    case VectorOp::zero:
      return {.unary = 1, .inputs = 0};
    case VectorOp::norm:
      return {.binary = 1, .reduce = 1, .small = 1, .outputs = 0};
  }
  return {};
}

NpuStream stream_of(const NpuDevice& d, const llm::Vector& v) {
  const Body b = body_of(v);
  const llm::Traffic traffic = llm::compulsory_traffic(v);
  NpuStream s;
  s.elements = std::max(1.0, static_cast<double>(v.rows) * static_cast<double>(v.cols));
  const auto share = [&](double bytes, int arrays) {
    std::vector<double> out;
    for (int i = 0; i < arrays && bytes > 0; ++i) out.push_back(bytes / s.elements / arrays);
    return out;
  };
  s.reads = share(traffic.read.value, std::max(1, b.inputs));
  s.writes = share(traffic.written.value, std::max(1, b.outputs));
  const double more = v.phase == llm::Phase::backward ? 2 : 1;
  const auto repeat = [&](chip::VectorClass c) { return d.costs.vector_repeat[static_cast<int>(c)][1]; };
  const bool narrow = llm::size_of(v.dtype).value < 4;
  const double casts = narrow ? static_cast<double>(s.reads.size() + s.writes.size()) : 0;
  const double issue = std::max(1.0, d.chip.get_or<double>("vector.issue", 1));
  s.cycles_per_repeat = (more * (b.unary * repeat(chip::VectorClass::unary) +
                                 b.binary * (repeat(chip::VectorClass::binary) + d.costs.bank_conflict) +
                                 b.special * repeat(chip::VectorClass::transcendental) +
                                 b.divide * repeat(chip::VectorClass::divide) +
                                 b.reduce * repeat(chip::VectorClass::block_reduce)) +
                         casts * repeat(chip::VectorClass::convert)) /
                        issue;
  s.instructions = static_cast<int>(more) * (b.unary + b.binary + b.special + b.divide + b.reduce + b.small) +
                   static_cast<int>(casts);
  if (b.scattered) s.row_bytes = static_cast<double>(v.cols) * llm::size_of(v.dtype).value;
  // UB holds two chunks of every array, and as much again in fp32 to compute on.
  double per_element = 8;
  for (double x : s.reads) per_element += 2 * x;
  for (double x : s.writes) per_element += 2 * x;
  const double fits = static_cast<double>(d.costs.ub_size) / per_element;
  s.cores = d.costs.vectors;
  const double each = std::ceil(s.elements / s.cores);
  s.chunk =
      static_cast<std::int64_t>(std::max(64.0, std::floor(std::min(fits, std::max(each, 64.0)) / 64) * 64));
  s.cores = static_cast<int>(std::clamp(std::ceil(s.elements / 64), 1.0, static_cast<double>(s.cores)));
  return s;
}

// Arrays beyond a few times L2 continue at the pace of their beginning.
double simulated_elements(const NpuDevice& d, const NpuStream& s) {
  double bytes = 0;
  for (double x : s.reads) bytes += x;
  for (double x : s.writes) bytes += x;
  return std::min(s.elements, 3 * d.spec.l2_capacity.value / std::max(bytes, 1e-9));
}

}  // namespace

Result<KernelCost> npu_vector_cost(const catalog::Chip& chip, const llm::Operation& op, const Harness& h,
                                   const CostOptions& options) {
  const auto& v = std::get<llm::Vector>(op);
  const NpuDevice d(chip);
  NpuStream s = stream_of(d, v);
  NpuWork w;
  std::optional<Timeline> timeline;
  const double all = s.elements;
  const llm::Traffic traffic = llm::compulsory_traffic(op);
  if (options.fidelity == Fidelity::cycle) {
    s.elements = simulated_elements(d, s);
    const double scale = all / s.elements;
    // Operands that keep their addresses and fit: the last call left them in L2, nothing comes from memory.
    const bool resident = h.warm && (traffic.read + traffic.written).value < 0.75 * d.spec.l2_capacity.value;
    chip::MachineSpec spec = d.spec;
    if (resident) {
      spec.hbm_rate = d.spec.l2_rates[1];
      for (auto& p : spec.paths) p.core_miss = p.core_hit;
    }
    chip::Machine machine(spec);
    chip::RunStats run = run_stream(machine, d.costs, s);
    if (resident) {
      run.l2_read += run.hbm_read;
      run.hbm_read = run.hbm_written = Bytes{0};
      run.hbm_busy = Seconds{0};
    }
    w.body = run.time * scale;
    add_run(w, run);
    for (auto* q : {&w.hbm_read, &w.hbm_written, &w.l2_read}) *q = *q * scale;
    w.hbm_busy = w.hbm_busy * scale;
    for (auto* map : {&w.busy, &w.stalls}) {
      for (auto& [name, time] : *map) time = time * scale;
    }
  } else {
    const double vector = all / 64 * s.cycles_per_repeat / s.cores / d.spec.clock.value;
    w.hbm_read = traffic.read;
    w.hbm_written = traffic.written;
    w.hbm_busy = Seconds{(traffic.read + traffic.written).value / d.hbm().value};
    w.body = std::max(Seconds{vector}, w.hbm_busy);
    w.busy["vector"] = Seconds{vector};
    w.fidelity = Fidelity::formula;
  }
  w.launch = launch_cost(d, h, parse_npu_software(h.software));
  w.vector_flops = Flops{all * s.cycles_per_repeat};
  w.dtype = v.dtype;
  w.tiling = fmt::format("chunks of {} elements, {} vector cores", s.chunk, s.cores);
  w.mechanism = w.body < w.launch ? "vector.launch" : "vector.memory";
  return npu_cost(d, h, w);
}

}  // namespace etalon::kernels
