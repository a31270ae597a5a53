// SPDX-License-Identifier: Apache-2.0
#pragma once

// One operation of a language model as a device sees it: what `llm` asks for and `kernels` does.
// Shapes are per device (after the parallel plan). Element counts are int64; sizes are exact.

#include <cstdint>
#include <string>
#include <variant>

#include "base/units.h"

namespace etalon::llm {

// fp8: e4m3 with one scale a tensor; fp8_block: e4m3 with 1x128 / 128x128 scales; mxfp4_w: 4-bit weights,
// 16-bit activations.
enum class Dtype { fp32, tf32, fp16, bf16, fp8, fp8_block, mxfp8, mxfp4_w, int8, int32, hif8 };
Bytes size_of(Dtype);  // bytes of one element (mxfp4_w: 0.5 + scale share)
const char* name_of(Dtype);
bool parse(const std::string& text, Dtype& out);

enum class Phase { forward, backward, decode };
const char* name_of(Phase);

// C[m,n] (+)= A[m,k] B[k,n]; B of a linear layer is its weight. `batch` independent products.
struct Matmul {
  std::int64_t m = 0, n = 0, k = 0, batch = 1;
  Dtype dtype = Dtype::bf16, out_dtype = Dtype::bf16;
  bool transpose_a = false, transpose_b = true;  // B stored [n,k], as frameworks store weights
  bool quantise_activation = false;  // fp8 kinds: A arrives in bf16 and is quantised by kernels before
  bool accumulate = false;           // C is read, added to and written (weight gradients)
  bool operator==(const Matmul&) const = default;
};

// One rank's share of a mixture-of-experts layer: route, permute, up(+gate), activation, down, unpermute.
struct GroupedMatmul {
  std::int64_t tokens = 0;  // of the whole expert-parallel group
  std::int64_t hidden = 0, inter = 0, experts = 0, top_k = 0, ep = 1;
  bool gated = true;
  double skew = 0;  // 0: balanced; else exponent of the power law of expert loads
  Dtype dtype = Dtype::bf16;
  bool matmuls_only = false;  // true: the grouped products alone, no routing, permutation or activation
  bool operator==(const GroupedMatmul&) const = default;
};

// Softmax(Q K^T) V. Latent attention in training and prefill is `Attention` with head_dim 192, head_dim_v
// 128; latent decode is absorbed: heads_kv = 1, head_dim 576, head_dim_v 512, shared_kv = true (V is a part
// of K).
struct Attention {
  Phase phase = Phase::forward;
  Dtype dtype = Dtype::bf16;
  std::int64_t batch = 0, heads_q = 0, heads_kv = 0, head_dim = 0, head_dim_v = 0;
  std::int64_t seq_q = 0, seq_kv = 0;
  bool causal = true;
  std::int64_t window = 0;  // sliding window in keys; 0: none
  bool shared_kv = false;
  bool framework_call =
      false;  // with the launches a serving framework makes around the kernel (cache write, metadata)
  bool operator==(const Attention&) const = default;
};

// A streaming operation over rows x cols.
enum class VectorOp {
  rmsnorm,
  layernorm,
  rope,
  swiglu,
  gelu,
  relu2,
  softmax,
  residual_add,
  add,
  cast,
  transpose,
  embedding,
  cross_entropy,
  topk_gate,
  permute,
  unpermute,
  quantise,
  adamw,
  zero,
  norm
};
const char* name_of(VectorOp);
bool parse(const std::string& text, VectorOp& out);
struct Vector {
  VectorOp op = VectorOp::add;
  Phase phase = Phase::forward;
  std::int64_t rows = 0, cols = 0;
  Dtype dtype = Dtype::bf16, out_dtype = Dtype::bf16;
  std::int64_t extra = 0;  // topk_gate: k; permute: copies of a row; rope: heads; cross_entropy: 0
  bool operator==(const Vector&) const = default;
};

using Operation = std::variant<Matmul, GroupedMatmul, Attention, Vector>;

Flops flops(const Operation&);  // executed on the matrix units, a multiply-add is 2
struct Traffic {
  Bytes read, written;
};
Traffic compulsory_traffic(const Operation&);  // each operand once
std::string describe(const Operation&);  // "matmul bf16 4096x4096x4096", one line, canonical: used as key

}  // namespace etalon::llm
