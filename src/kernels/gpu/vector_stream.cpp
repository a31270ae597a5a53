// SPDX-License-Identifier: Apache-2.0
#include "kernels/gpu/vector_stream.h"

#include <algorithm>
#include <cmath>

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

StreamBody stream_body(const DeviceFacts& d, const StreamShape& s, double ratio, double kept) {
  StreamBody b;
  const double bytes = s.read + s.written, sms = s.sms > 0 ? s.sms : d.sms;
  const double busy_hit = d.load_latency - d.hbm_latency + d.l2_latency;
  const double load = kept > 0.5 ? busy_hit : d.load_latency, store = s.written > 0 ? busy_hit : 0;
  // Before the stream is full and after its last load: small tables, a load's latency per dependent pass, a
  // store's.
  b.ramp = s.chain * d.l2_latency + s.passes * load + store;
  b.memory = bytes * (1 - kept) / (ratio * d.hbm) + bytes * kept / d.l2_rate;
  if (s.window > 0) {  // so many bytes an SM, a chain of latencies each time
    const double rounds = std::ceil(std::max(s.read, s.written) / s.window / sms);
    b.memory = std::max(b.memory, (rounds - 1) * b.ramp);
  }
  const double lanes = d.cuda / 2;  // instructions per cycle and SM
  b.compute = s.elements * (s.arithmetic / lanes + s.special / d.sfu) / (sms * d.clock);
  b.seconds = b.ramp + std::max(b.memory, b.compute);
  return b;
}

StreamTime stream_formula(const DeviceFacts& d, const StreamShape& s, double ratio, const Harness& harness) {
  StreamTime t;
  t.kept = harness.warm ? kept_in_l2(d, s.read + s.written) : 0;
  const StreamBody b = stream_body(d, s, ratio, t.kept);
  t.memory = b.memory;
  t.compute = b.compute;
  t.ramp = b.ramp;
  t.launch = launch_seconds(d, harness);
  t.total = t.launch + b.seconds;
  return t;
}

}  // namespace etalon::kernels::gpu
