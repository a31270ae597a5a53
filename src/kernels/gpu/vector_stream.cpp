// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/vector_stream.h"

#include <algorithm>

#include "kernels/gpu/attention_formula.h"

namespace etalon::kernels::gpu {
namespace {

struct Work {
  double arithmetic, special, passes;
};

// Instructions per element of the larger operand, counted from the operations' definitions.
Work work_of(llm::VectorOp op, bool backward) {
  using llm::VectorOp;
  const double more = backward ? 2 : 1;
  switch (op) {
    case VectorOp::rmsnorm:
    case VectorOp::layernorm:
      return {4 * more, 0, 2};
    case VectorOp::rope:
      return {3, 0, 1};
    case VectorOp::swiglu:
      return {3 * more, 1, 1};
    case VectorOp::gelu:
      return {6 * more, 1, 1};
    case VectorOp::softmax:
      return {4 * more, 1, 2};
    case VectorOp::cross_entropy:
      return {4, 1, 2};
    case VectorOp::adamw:
      return {12, 2, 1};
    case VectorOp::topk_gate:
      return {8, 1, 2};
    case VectorOp::quantise:
      return {3, 0, 2};
    case VectorOp::norm:
      return {1, 0, 2};
    case VectorOp::zero:
      return {0, 0, 1};
    default:
      return {1, 0, 1};
  }
}

}  // namespace

StreamShape stream_shape(const llm::Vector& op) {
  const llm::Traffic traffic = llm::compulsory_traffic(op);
  const Work work = work_of(op.op, op.phase == llm::Phase::backward);
  StreamShape s;
  s.read = traffic.read.value;
  s.written = traffic.written.value;
  s.elements = static_cast<double>(op.rows) * static_cast<double>(op.cols);
  s.arithmetic = work.arithmetic;
  s.special = work.special;
  s.passes = work.passes;
  return s;
}

double stream_ratio(const DeviceFacts& d, const Harness& harness) {
  const bool framework = harness.software.starts_with("vidur") || harness.software.starts_with("framework");
  return framework ? d.elementwise : d.tuned;
}

StreamTime stream_formula(const DeviceFacts& d, const StreamShape& s, double ratio, const Harness& harness) {
  StreamTime t;
  const double bytes = s.read + s.written;
  t.kept = harness.warm ? kept_in_l2(d, bytes) : 0;
  t.memory = bytes * (1 - t.kept) / (ratio * d.hbm) + bytes * t.kept / d.l2_rate;
  const double lanes = d.cuda / 2;  // instructions per cycle and SM
  t.compute = s.elements * (s.arithmetic / lanes + s.special / d.sfu) / (d.sms * d.clock);
  // Before the stream is full and after its last load: a load's latency per dependent pass, and a store's.
  t.ramp = (s.passes + (s.written > 0 ? 1 : 0)) * (t.kept > 0.5 ? d.l2_latency : d.hbm_latency);
  t.launch = launch_seconds(d, harness);
  t.total = t.launch + t.ramp + std::max(t.memory, t.compute);
  return t;
}

}  // namespace etalon::kernels::gpu
