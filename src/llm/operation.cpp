// SPDX-License-Identifier: Apache-2.0
#include "llm/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace etalon::llm {
namespace {

constexpr std::array<std::pair<Dtype, const char*>, 11> kDtypes{{{Dtype::fp32, "fp32"},
                                                                 {Dtype::tf32, "tf32"},
                                                                 {Dtype::fp16, "fp16"},
                                                                 {Dtype::bf16, "bf16"},
                                                                 {Dtype::fp8, "fp8"},
                                                                 {Dtype::fp8_block, "fp8_block"},
                                                                 {Dtype::mxfp8, "mxfp8"},
                                                                 {Dtype::mxfp4_w, "mxfp4_w"},
                                                                 {Dtype::int8, "int8"},
                                                                 {Dtype::int32, "int32"},
                                                                 {Dtype::hif8, "hif8"}}};

constexpr std::array<std::pair<VectorOp, const char*>, 20> kVectorOps{
    {{VectorOp::rmsnorm, "rmsnorm"},
     {VectorOp::layernorm, "layernorm"},
     {VectorOp::rope, "rope"},
     {VectorOp::swiglu, "swiglu"},
     {VectorOp::gelu, "gelu"},
     {VectorOp::relu2, "relu2"},
     {VectorOp::softmax, "softmax"},
     {VectorOp::residual_add, "residual_add"},
     {VectorOp::add, "add"},
     {VectorOp::cast, "cast"},
     {VectorOp::transpose, "transpose"},
     {VectorOp::embedding, "embedding"},
     {VectorOp::cross_entropy, "cross_entropy"},
     {VectorOp::topk_gate, "topk_gate"},
     {VectorOp::permute, "permute"},
     {VectorOp::unpermute, "unpermute"},
     {VectorOp::quantise, "quantise"},
     {VectorOp::adamw, "adamw"},
     {VectorOp::zero, "zero"},
     {VectorOp::norm, "norm"}}};

// Query-key pairs that are looked at, per sequence and head. Causal: the last query sees every key, and half
// of the square on the diagonal is counted, as all published rates do. Window: at most `window` keys a query.
double attended_pairs(const Attention& a) {
  const double q = static_cast<double>(a.seq_q), kv = static_cast<double>(a.seq_kv);
  const double w = static_cast<double>(a.window);
  if (w <= 0 || w >= kv) return a.causal ? q * std::max(0.0, kv - q) + q * std::min(q, kv) / 2 : q * kv;
  if (!a.causal) return q * w;
  // Queries stand at the end of the keys; the first max(0, w - (kv - q)) of them see fewer than w keys.
  const double ramp = std::clamp(w - std::max(0.0, kv - q), 0.0, q);
  return q * w - ramp * ramp / 2;
}

// Bytes of an activation operand: weight-only formats keep 16-bit activations.
double activation_size(Dtype d) { return d == Dtype::mxfp4_w ? 2.0 : size_of(d).value; }

Traffic traffic_of(const Matmul& o) {
  const double m = static_cast<double>(o.m), n = static_cast<double>(o.n), k = static_cast<double>(o.k);
  const double a = o.quantise_activation ? 2.0 : activation_size(o.dtype);
  const double c = m * n * size_of(o.out_dtype).value;
  const double read = m * k * a + n * k * size_of(o.dtype).value + (o.accumulate ? c : 0);
  return {Bytes{read} * static_cast<double>(o.batch), Bytes{c} * static_cast<double>(o.batch)};
}

Traffic traffic_of(const GroupedMatmul& o) {
  const double ep = static_cast<double>(std::max<std::int64_t>(o.ep, 1));
  const double tokens = static_cast<double>(o.tokens) / ep, h = static_cast<double>(o.hidden);
  const double rows = tokens * static_cast<double>(o.top_k), f = static_cast<double>(o.inter);
  const double touched = std::min(static_cast<double>(o.experts) / ep, rows);
  const double weights = touched * (o.gated ? 3 : 2) * h * f * size_of(o.dtype).value;
  const double token_rows = o.matmuls_only ? rows : tokens;
  return {Bytes{weights + token_rows * h * activation_size(o.dtype)}, Bytes{token_rows * h * 2}};
}

Traffic traffic_of(const Attention& o) {
  const double e = size_of(o.dtype).value, b = static_cast<double>(o.batch);
  const double hq = static_cast<double>(o.heads_q), hk = static_cast<double>(o.heads_kv);
  const double d = static_cast<double>(o.head_dim);
  const double dv = static_cast<double>(o.head_dim_v > 0 ? o.head_dim_v : o.head_dim);
  const double keys = o.window > 0
                          ? std::min(static_cast<double>(o.seq_kv), static_cast<double>(o.window + o.seq_q))
                          : static_cast<double>(o.seq_kv);
  const double q = b * hq * static_cast<double>(o.seq_q) * d * e;
  const double out = b * hq * static_cast<double>(o.seq_q) * dv * 2;
  const double lse = b * hq * static_cast<double>(o.seq_q) * 4;
  const double kv = b * hk * keys * (o.shared_kv ? d : d + dv) * e;
  switch (o.phase) {
    case Phase::forward:
      return {Bytes{q + kv}, Bytes{out + lse}};
    case Phase::backward:
      return {Bytes{q + kv + 2 * out + lse}, Bytes{q + kv}};
    case Phase::decode:
      return {Bytes{q + kv}, Bytes{out}};
  }
  return {};
}

// Elements read and written per element of rows x cols, in units of dtype (in) and out_dtype (out).
struct Streams {
  double in = 1, out = 1;
};
Streams streams_of(const Vector& o) {
  const bool back = o.phase == Phase::backward;
  const double copies = static_cast<double>(std::max<std::int64_t>(o.extra, 1));
  switch (o.op) {
    case VectorOp::swiglu:
      return back ? Streams{3, 2} : Streams{2, 1};
    case VectorOp::rmsnorm:
    case VectorOp::layernorm:
    case VectorOp::gelu:
    case VectorOp::relu2:
    case VectorOp::softmax:
      return back ? Streams{2, 1} : Streams{1, 1};
    case VectorOp::residual_add:
    case VectorOp::add:
      return {2, 1};
    case VectorOp::embedding:
      return back ? Streams{2, 1} : Streams{1, 1};
    case VectorOp::permute:
      return back ? Streams{copies, 1} : Streams{1, copies};
    case VectorOp::unpermute:
      return back ? Streams{1, copies} : Streams{copies, 1};
    case VectorOp::zero:
      return {0, 1};
    case VectorOp::norm:
      return {1, 0};
    case VectorOp::rope:
    case VectorOp::cast:
    case VectorOp::transpose:
    case VectorOp::quantise:
    case VectorOp::cross_entropy:
    case VectorOp::topk_gate:
    case VectorOp::adamw:
      return {1, 1};
  }
  return {};
}

Traffic traffic_of(const Vector& o) {
  const double rows = static_cast<double>(o.rows), n = rows * static_cast<double>(o.cols);
  const double in = size_of(o.dtype).value, out = size_of(o.out_dtype).value;
  if (o.op == VectorOp::adamw) return {Bytes{16 * n}, Bytes{12 * n + out * n}};  // g, w, m, v; w, m, v, copy
  if (o.op == VectorOp::topk_gate) {
    const double chosen = 8 * rows * static_cast<double>(o.extra);  // weight and index
    return o.phase == Phase::backward ? Traffic{Bytes{chosen}, Bytes{n * out}}
                                      : Traffic{Bytes{n * in}, Bytes{chosen}};
  }
  if (o.op == VectorOp::cross_entropy && o.phase != Phase::backward)
    return {Bytes{n * in}, Bytes{n * out + 4 * rows}};  // the softmax is kept for backward
  const Streams s = streams_of(o);
  double side = 0;  // parameters of a norm, token ids of a look-up
  if (o.op == VectorOp::rmsnorm || o.op == VectorOp::layernorm) side = static_cast<double>(o.cols) * in;
  if (o.op == VectorOp::embedding) side = 8 * rows;
  return {Bytes{s.in * n * in + side}, Bytes{s.out * n * out}};
}

std::string text_of(const Matmul& o) {
  std::string s = fmt::format("matmul {} {}x{}x{}", name_of(o.dtype), o.m, o.n, o.k);
  if (o.batch != 1) s += fmt::format(" batch={}", o.batch);
  if (o.out_dtype != Dtype::bf16) s += fmt::format(" out={}", name_of(o.out_dtype));
  if (o.transpose_a) s += " ta";
  if (!o.transpose_b) s += " nb";
  if (o.quantise_activation) s += " quant";
  if (o.accumulate) s += " accumulate";
  return s;
}
std::string text_of(const GroupedMatmul& o) {
  std::string s = fmt::format("grouped_matmul {} tokens={} {}x{} experts={} top_k={} ep={}", name_of(o.dtype),
                              o.tokens, o.hidden, o.inter, o.experts, o.top_k, o.ep);
  if (!o.gated) s += " ungated";
  if (o.skew != 0) s += fmt::format(" skew={}", o.skew);
  if (o.matmuls_only) s += " matmuls_only";
  return s;
}
std::string text_of(const Attention& o) {
  std::string s = fmt::format("attention {} {} b={} q={} kv={} d={}", name_of(o.phase), name_of(o.dtype),
                              o.batch, o.heads_q, o.heads_kv, o.head_dim);
  if (o.head_dim_v > 0 && o.head_dim_v != o.head_dim) s += fmt::format("/{}", o.head_dim_v);
  s += fmt::format(" seq={}x{}", o.seq_q, o.seq_kv);
  if (o.causal) s += " causal";
  if (o.window > 0) s += fmt::format(" window={}", o.window);
  if (o.shared_kv) s += " shared_kv";
  if (o.framework_call) s += " framework_call";
  return s;
}
std::string text_of(const Vector& o) {
  std::string s =
      fmt::format("vector {} {} {}x{} {}", name_of(o.op), name_of(o.phase), o.rows, o.cols, name_of(o.dtype));
  if (o.out_dtype != o.dtype) s += fmt::format(">{}", name_of(o.out_dtype));
  if (o.extra != 0) s += fmt::format(" extra={}", o.extra);
  return s;
}

double flops_of(const Matmul& o) {
  return 2.0 * static_cast<double>(o.m) * static_cast<double>(o.n) * static_cast<double>(o.k) *
         static_cast<double>(o.batch);
}
double flops_of(const GroupedMatmul& o) {
  const double rows = static_cast<double>(o.tokens) * static_cast<double>(o.top_k) /
                      static_cast<double>(std::max<std::int64_t>(o.ep, 1));
  return 2.0 * rows * (o.gated ? 3 : 2) * static_cast<double>(o.hidden) * static_cast<double>(o.inter);
}
double flops_of(const Attention& o) {
  const double d = static_cast<double>(o.head_dim);
  const double dv = static_cast<double>(o.head_dim_v > 0 ? o.head_dim_v : o.head_dim);
  const double pairs = static_cast<double>(o.batch) * static_cast<double>(o.heads_q) * attended_pairs(o);
  // Backward: scores again, dV, dP, dQ, dK; forward: scores and output.
  return 2.0 * pairs * (o.phase == Phase::backward ? 3 * d + 2 * dv : d + dv);
}
double flops_of(const Vector&) { return 0; }

}  // namespace

Bytes size_of(Dtype d) {
  switch (d) {
    case Dtype::fp32:
    case Dtype::tf32:
    case Dtype::int32:
      return {4};
    case Dtype::fp16:
    case Dtype::bf16:
      return {2};
    case Dtype::fp8:
    case Dtype::int8:
    case Dtype::hif8:
      return {1};
    case Dtype::fp8_block:
      return {1 + 4.0 / 128};  // an fp32 scale for 128 elements
    case Dtype::mxfp8:
      return {1 + 1.0 / 32};  // an 8-bit exponent for 32 elements (OCP MX)
    case Dtype::mxfp4_w:
      return {0.5 + 1.0 / 32};
  }
  return {0};
}

const char* name_of(Dtype d) {
  for (const auto& [value, name] : kDtypes)
    if (value == d) return name;
  return "?";
}
bool parse(const std::string& text, Dtype& out) {
  for (const auto& [value, name] : kDtypes)
    if (text == name) return out = value, true;
  return false;
}
const char* name_of(Phase p) {
  return p == Phase::forward ? "forward" : p == Phase::backward ? "backward" : "decode";
}
const char* name_of(VectorOp v) {
  for (const auto& [value, name] : kVectorOps)
    if (value == v) return name;
  return "?";
}
bool parse(const std::string& text, VectorOp& out) {
  for (const auto& [value, name] : kVectorOps)
    if (text == name) return out = value, true;
  return false;
}

Flops flops(const Operation& op) {
  return std::visit([](const auto& o) { return Flops{flops_of(o)}; }, op);
}
Traffic compulsory_traffic(const Operation& op) {
  return std::visit([](const auto& o) { return traffic_of(o); }, op);
}
std::string describe(const Operation& op) {
  return std::visit([](const auto& o) { return text_of(o); }, op);
}

}  // namespace etalon::llm
