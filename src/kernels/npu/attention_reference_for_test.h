// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention in double precision, for tests of the kernels; and shapes of tensors [batch, sequence, heads,
// dim].

#include "kernels/npu/attention_item.h"
#include "kernels/npu/test_device.h"

namespace etalon::kernels::npu {

inline const chip::NpuCosts& costs_of_950() {
  static const chip::NpuCosts costs = chip::npu_costs(*catalog::find_chip("ascend-950pr"));
  return costs;
}

template <class T>
T* random_of(ascendc::Device& device, std::int64_t n, const char* stream) {
  T* p = device.allocate_of<T>(n);
  Rng rng(20261123, stream);
  for (std::int64_t i = 0; i < n; ++i) p[i] = T(static_cast<float>(rng.normal()));
  return p;
}

inline AttentionShape shape_of(std::int64_t batch, std::int64_t heads, std::int64_t kv_heads, std::int64_t q,
                               std::int64_t kv, std::int64_t dim, std::int64_t dim_v, bool causal) {
  AttentionShape s;
  s.batch = batch, s.heads = heads, s.kv_heads = kv_heads, s.seq_q = q, s.seq_kv = kv, s.dim = dim,
  s.dim_v = dim_v;
  s.causal = causal;
  s.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(dim)));
  s.q_head = s.kv_head = dim, s.q_row = heads * dim, s.q_batch = q * s.q_row, s.kv_row = kv_heads * dim,
  s.kv_batch = kv * s.kv_row;
  s.v_head = s.o_head = dim_v, s.v_row = kv_heads * dim_v, s.v_batch = kv * s.v_row, s.o_row = heads * dim_v,
  s.o_batch = q * s.o_row;
  return s;
}

struct Reference {
  std::vector<double> o, lse;      // o as the tensor lies, lse [batch, heads, seq_q]
  std::vector<double> dq, dk, dv;  // as q, k, v lie
};

// With `grad` (of o, as it lies) also the gradients.
template <class T>
Reference reference_forward(const AttentionShape& s, const T* q, const T* k, const T* v,
                            const T* grad = nullptr) {
  const auto real = [](T x) { return static_cast<double>(static_cast<float>(x)); };
  const auto sized = [](std::int64_t n) { return std::vector<double>(static_cast<std::size_t>(n)); };
  Reference r;
  r.o = sized(s.batch * s.o_batch);
  if (grad != nullptr) {
    r.dq = sized(s.batch * s.q_batch), r.dk = sized(s.batch * s.kv_batch), r.dv = sized(s.batch * s.v_batch);
  }
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t h = 0; h < s.heads; ++h) {
      const std::int64_t g = h * s.kv_heads / s.heads;
      for (std::int64_t i = 0; i < s.seq_q; ++i) {
        const std::int64_t last = i + s.seq_kv - s.seq_q;
        const std::int64_t end = s.causal ? std::min(s.seq_kv, last + 1) : s.seq_kv;
        const std::int64_t first = s.window > 0 ? std::max<std::int64_t>(0, last - s.window + 1) : 0;
        const T* qi = q + b * s.q_batch + i * s.q_row + h * s.q_head;
        const std::int64_t oi = b * s.o_batch + i * s.o_row + h * s.o_head;
        std::vector<double> weight;
        double most = -1e300, sum = 0;
        for (std::int64_t j = first; j < end; ++j) {
          const T* kj = k + b * s.kv_batch + j * s.kv_row + g * s.kv_head;
          double dot = 0;
          for (std::int64_t d = 0; d < s.dim; ++d) dot += real(qi[d]) * real(kj[d]);
          weight.push_back(dot * s.scale);
          most = std::max(most, weight.back());
        }
        for (auto& w : weight) sum += w = std::exp(w - most);
        r.lse.push_back(most + std::log(sum));
        double delta = 0;  // of the gradient and the output
        for (std::int64_t d = 0; d < s.dim_v; ++d) {
          double x = 0;
          for (std::int64_t j = first; j < end; ++j)
            x += weight[static_cast<std::size_t>(j - first)] / sum *
                 real(v[b * s.v_batch + j * s.v_row + g * s.v_head + d]);
          r.o[static_cast<std::size_t>(oi + d)] = x;
          if (grad != nullptr) delta += x * real(grad[oi + d]);
        }
        for (std::int64_t j = first; j < end && grad != nullptr; ++j) {
          const std::int64_t kj = b * s.kv_batch + j * s.kv_row + g * s.kv_head,
                             vj = b * s.v_batch + j * s.v_row + g * s.v_head,
                             qj = b * s.q_batch + i * s.q_row + h * s.q_head;
          const double p = weight[static_cast<std::size_t>(j - first)] / sum;
          double dp = 0;
          for (std::int64_t d = 0; d < s.dim_v; ++d) {
            dp += real(grad[oi + d]) * real(v[vj + d]);
            r.dv[static_cast<std::size_t>(vj + d)] += p * real(grad[oi + d]);
          }
          const double ds = p * (dp - delta) * s.scale;
          for (std::int64_t d = 0; d < s.dim; ++d) {
            r.dq[static_cast<std::size_t>(qj + d)] += ds * real(k[kj + d]);
            r.dk[static_cast<std::size_t>(kj + d)] += ds * real(q[qj + d]);
          }
        }
      }
    }
  }
  return r;
}

}  // namespace etalon::kernels::npu
