// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/vector_kernels.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/gpu/vector_program.h"
#include "kernels/gpu/vector_stream.h"

namespace etalon::kernels {
namespace {

using gpu::DeviceFacts;
using gpu::StreamShape;
using gpu::StreamTime;

bool accepts(const catalog::Chip& chip, const llm::Operation& op) {
  return chip.kind == catalog::CoreKind::gpu && std::holds_alternative<llm::Vector>(op);
}

Result<KernelCost> cost(const catalog::Chip& chip, const llm::Operation& operation, const Harness& harness,
                        const CostOptions& options) {
  const auto& op = std::get<llm::Vector>(operation);
  if (op.rows < 1 || op.cols < 1 || op.rows > (std::int64_t{1} << 40) || op.cols > (std::int64_t{1} << 40))
    return fail("kernel.shape", fmt::format("rows and columns must be positive, got {}", llm::describe(op)));
  DeviceFacts d = gpu::read_device(chip);
  const StreamShape shape = gpu::stream_shape(op);
  const double ratio = gpu::stream_ratio(d, harness);
  StreamTime t = gpu::stream_formula(d, shape, ratio, harness);
  const double bytes = shape.read + shape.written;
  const chip::Settled settled =
      gpu::settle(chip, d, harness, llm::Dtype::bf16, 0, bytes, bytes * (1 - t.kept), t.total,
                  t.compute > t.memory ? t.compute : t.memory * t.kept);
  d.clock = settled.clock.value;
  t = gpu::stream_formula(d, shape, ratio, harness);
  KernelCost k;
  k.fidelity = Fidelity::formula;
  if (options.fidelity == Fidelity::cycle) {
    gpu::StreamRun run = gpu::simulate_stream(chip, d, shape, ratio, t.kept, options.want_timeline);
    t.total = t.launch + run.seconds;
    k.fidelity = Fidelity::cycle;
    if (options.want_timeline) k.timeline = std::move(run.stats.timeline);
    if (!run.stats.deadlock.empty())
      k.findings.push_back({Severity::failure, "vector.deadlock", run.stats.deadlock, ""});
  }
  k.time = k.low = k.high = Seconds{t.total};
  k.launch = Seconds{t.launch};
  k.clock = settled.clock;
  k.hbm_read = Bytes{shape.read * (1 - t.kept)};
  k.hbm_written = Bytes{shape.written * (1 - t.kept)};
  k.l2_read = Bytes{shape.read};
  k.energy = settled.energy;
  k.busy = {{"cuda", Seconds{t.compute}}, {"hbm", Seconds{t.memory}}};
  k.limits[Limit::launch] = t.launch / t.total;
  k.limits[Limit::latency] = t.ramp / t.total;
  const double body = std::max(t.memory, t.compute) / t.total;
  k.limits[t.compute > t.memory ? Limit::vector : t.kept > 0.5 ? Limit::l2 : Limit::hbm] = body;
  k.tiling = fmt::format("{} SMs, {:.0f} % of the declared memory rate", d.sms, 100 * ratio);
  k.mechanism = t.total < 2.5 * t.launch ? "vector.launch" : "vector.stream";
  return k;
}

}  // namespace

const std::vector<Kernel>& vector_kernels() {
  static const std::vector<Kernel> list = {{"gpu.vector",
                                            "one streaming pass: norms, rotary embedding, activations, "
                                            "softmax, casts, permutations, loss, optimizer",
                                            "matrix products and attention", "tile program of our own",
                                            "etalon kernel rmsnorm --chip h100-sxm --rows 8192 --cols 4096",
                                            catalog::CoreKind::gpu, accepts, cost}};
  return list;
}

}  // namespace etalon::kernels
