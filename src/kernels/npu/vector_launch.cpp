// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/vector_launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ascendc/launch/launch.h"
#include "kernels/npu/activations.h"
#include "kernels/npu/cross_entropy.h"
#include "kernels/npu/gather_rows.h"
#include "kernels/npu/quantise.h"
#include "kernels/npu/rope.h"
#include "kernels/npu/rows.h"
#include "kernels/npu/top_k.h"
#include "kernels/npu/transpose.h"

namespace etalon::kernels {
namespace {

using llm::VectorOp;
using npu::GmAddress;
using npu::row::align;
using npu::row::ceil_div;

constexpr std::int64_t kLargestTopK = 512;  // experts that one sort of the gate kernel takes
constexpr std::int64_t kScaleBlock = 128;   // elements of a row that share a scale of block formats
constexpr std::int64_t kLargestRepeats = 255;

class Launcher {
 public:
  Launcher(chip::Machine& machine, const chip::NpuCosts& costs, const llm::Vector& v)
      : device_(costs, &machine, false), costs_(costs), v_(v), elements_(v.rows * v.cols) {}

  Result<VectorRun> run() {
    if (is_wide(v_.dtype)) return run_typed<float>();
    return run_typed<bfloat16_t>();
  }

 private:
  static bool is_wide(llm::Dtype d) { return llm::size_of(d).value >= 4; }
  bool backward() const { return v_.phase == llm::Phase::backward; }

  GmAddress tensor(std::int64_t elements, std::int64_t size, std::int64_t columns = 0) {
    return reinterpret_cast<GmAddress>(
        device_.allocate(std::max<std::int64_t>(1, elements) * size, columns * size));
  }
  // Row numbers below `limit`, each as often as any other, neighbours far apart.
  GmAddress indices(std::int64_t count, std::int64_t limit) {
    auto* p =
        device_.allocate_of<std::int32_t>(std::max<std::int64_t>(1, count), 0, ascendc::Content::control);
    constexpr std::int64_t kStride = 7919;
    const std::int64_t stride = limit % kStride == 0 ? 1 : kStride;
    for (std::int64_t i = 0; i < count; ++i) p[i] = static_cast<std::int32_t>(i * stride % limit);
    return reinterpret_cast<GmAddress>(p);
  }
  Result<VectorRun> launch(std::int64_t work, std::string tiling, const std::function<void()>& kernel) {
    ascendc::LaunchOptions o;
    o.type = ascendc::KernelType::aiv;
    o.mode = ascendc::Mode::timing_only;
    o.runtime_tiling = false;
    o.blocks = static_cast<int>(std::clamp<std::int64_t>(work, 1, costs_.vectors));
    TRY(result, ascendc::launch(device_, o, kernel));
    return VectorRun{std::move(result.stats), fmt::format("{}, {} vector cores", tiling, o.blocks), o.blocks};
  }

  template <class Op>
  Result<VectorRun> stream(const Op& op) {
    npu::StreamTiling t;
    t.columns = elements_;
    const std::int64_t fits = npu::stream_tile_columns<Op>(costs_.ub_size, t.buffers);
    const std::int64_t share = std::max<std::int64_t>(128, align(ceil_div(elements_, costs_.vectors), 128));
    t.tile_columns = static_cast<std::int32_t>(std::min(fits, share));
    GmAddress in[Op::kInputs + 1] = {}, out[Op::kOutputs] = {};
    for (int i = 0; i < Op::kInputs; ++i) in[i] = tensor(elements_, Op::in_bytes(i));
    for (int i = 0; i < Op::kOutputs; ++i) out[i] = tensor(elements_, Op::out_bytes(i));
    return launch(ceil_div(elements_, t.tile_columns), fmt::format("chunks of {} elements", t.tile_columns),
                  [&] { npu::stream_kernel(in, out, t, op); });
  }

  // Rows in pieces: a block of rows is read again for the results, so all blocks together leave half of L2
  // free.
  template <class T, class O>
  npu::SweepTiling sweeps(double inputs) {
    npu::SweepTiling s;
    s.rows = v_.rows;
    s.columns = v_.cols;
    s.chunk = npu::sweep_chunk<T, O>(costs_.ub_size);
    const double row = static_cast<double>(v_.cols) * sizeof(T) * inputs;
    const double fit = device_.machine()->spec().l2_capacity.value / 2 / costs_.vectors / std::max(row, 1.0);
    s.rows_at_once = static_cast<std::int32_t>(std::clamp(fit, 1.0, 32.0));
    return s;
  }

  template <class T, npu::RowOperation operation>
  Result<VectorRun> rows() {
    constexpr std::int64_t size = sizeof(T);
    const GmAddress x = tensor(elements_, size), y = tensor(elements_, size), gamma = tensor(v_.cols, size),
                    beta = tensor(v_.cols, size);
    npu::RowTiling t;
    t.rows = v_.rows;
    t.columns = t.in_pitch = t.out_pitch = v_.cols;
    if (!backward() && npu::row_tile_bytes<T, operation>(1, v_.cols, t.buffers) <= costs_.ub_size) {
      const std::int64_t share = ceil_div(v_.rows, costs_.vectors);
      while (t.tile_rows < std::min(share, kLargestRepeats) &&
             npu::row_tile_bytes<T, operation>(t.tile_rows + 1, v_.cols, t.buffers) <= costs_.ub_size)
        ++t.tile_rows;
      return launch(ceil_div(v_.rows, t.tile_rows), fmt::format("{} rows at a time", t.tile_rows),
                    [&] { npu::row_kernel<T, operation>(x, gamma, beta, y, t); });
    }
    const npu::SweepTiling s = sweeps<T, T>(backward() ? 2 : 1);
    const std::string text =
        fmt::format("rows in pieces of {} elements", std::min<std::int64_t>(s.chunk, v_.cols));
    if (!backward())
      return launch(v_.rows, text, [&] { npu::long_row_kernel<T, operation>(x, gamma, beta, y, s); });
    const GmAddress dy = tensor(elements_, size), dgamma = tensor(v_.cols, 4), dbeta = tensor(v_.cols, 4);
    return launch(v_.rows, text,
                  [&] { npu::row_gradient_kernel<T, operation>(x, dy, gamma, y, dgamma, dbeta, s); });
  }

  // Heads in as many parts as UB needs; the gradient turns the other way.
  template <class T>
  Result<VectorRun> rope() {
    constexpr std::int64_t size = sizeof(T);
    const std::int64_t heads = std::max<std::int64_t>(1, v_.extra);
    npu::RopeTiling t;
    t.dim = align(ceil_div(v_.cols, heads), 16);
    const std::int64_t fits = (costs_.ub_size - 16384) / (t.dim * (4 * size + 12));
    const std::int64_t parts = ceil_div(heads, std::clamp<std::int64_t>(fits, 1, kLargestRepeats));
    t.heads = ceil_div(heads, parts);
    t.tokens = v_.rows * parts;
    t.pitch = t.heads * t.dim;
    const GmAddress x = tensor(t.tokens * t.pitch, size), y = tensor(t.tokens * t.pitch, size),
                    cos = tensor(t.tokens * t.dim, 4), sin = tensor(t.tokens * t.dim, 4);
    return launch(t.tokens, fmt::format("{} heads at a time", t.heads),
                  [&] { npu::rope_kernel<T>(x, cos, sin, y, t); });
  }

  // Whole rows to where an index says; `from` rows exist, `to` are written.
  template <class T>
  npu::GatherTiling gather_tiling(std::int64_t rows, std::int64_t choices) const {
    npu::GatherTiling t;
    t.rows = rows;
    t.columns = v_.cols;
    t.choices = static_cast<std::int32_t>(choices);
    const std::int64_t room = costs_.ub_size - 4096 - 96 * align(choices, 8);
    t.chunk = static_cast<std::int32_t>(room / (4 * static_cast<std::int64_t>(sizeof(T)) + 8) / 64 * 64);
    return t;
  }
  template <class T>
  Result<VectorRun> gather(std::int64_t from, std::int64_t to, bool scatter) {
    constexpr std::int64_t size = sizeof(T);
    const auto t = gather_tiling<T>(to, 1);
    const GmAddress x = tensor(from * v_.cols, size), y = tensor(to * v_.cols, size),
                    index = indices(to, from);
    if (scatter)
      return launch(to, "a row at a time, added", [&] { npu::scatter_rows_kernel<T>(y, index, x, t); });
    return launch(to, "a row at a time", [&] { npu::gather_rows_kernel<T>(x, index, y, t); });
  }
  template <class T>
  Result<VectorRun> combine(std::int64_t choices) {
    constexpr std::int64_t size = sizeof(T);
    const auto t = gather_tiling<T>(v_.rows, choices);
    const std::int64_t from = v_.rows * choices;
    const GmAddress x = tensor(from * v_.cols, size), y = tensor(elements_, size),
                    index = indices(from, from), weights = tensor(from, 4);
    return launch(v_.rows, fmt::format("{} rows summed", choices),
                  [&] { npu::combine_rows_kernel<T>(x, index, weights, y, t); });
  }

  // Forward keeps the softmax, backward makes the gradient of it; each in the type that the graph says.
  template <class T>
  Result<VectorRun> cross_entropy() {
    return is_wide(v_.out_dtype) ? cross_entropy_into<T, float>() : cross_entropy_into<T, bfloat16_t>();
  }
  template <class T, class O>
  Result<VectorRun> cross_entropy_into() {
    const GmAddress x = tensor(elements_, sizeof(T)), y = tensor(elements_, sizeof(O));
    if (!backward()) {
      const npu::SweepTiling s = sweeps<T, O>(1);
      return launch(
          v_.rows, fmt::format("rows in pieces of {} elements", std::min<std::int64_t>(s.chunk, v_.cols)),
          [&] { npu::long_row_kernel<T, npu::RowOperation::softmax, O>(x, nullptr, nullptr, y, s); });
    }
    npu::CrossEntropyTiling t;
    t.rows = v_.rows;
    t.columns = t.pitch = v_.cols;
    t.chunk = static_cast<std::int32_t>(std::min(
        (costs_.ub_size - 8192) / (2 * static_cast<std::int64_t>(sizeof(T) + sizeof(O)) + 4) / 64 * 64,
        align(v_.cols, 64)));
    const GmAddress labels = indices(v_.rows, v_.cols), sums = tensor(v_.rows, 4);
    return launch(v_.rows, fmt::format("rows in pieces of {} elements", t.chunk),
                  [&] { npu::cross_entropy_gradient_kernel<T, O>(x, labels, sums, y, t); });
  }

  Result<VectorRun> top_k() {
    npu::TopKTiling t;
    const std::int64_t pieces = ceil_div(v_.cols, kLargestTopK);
    t.tokens = v_.rows * pieces;
    t.experts = ceil_div(v_.cols, pieces);
    t.k = static_cast<std::int32_t>(std::clamp<std::int64_t>(v_.extra, 1, t.experts));
    const GmAddress scores = tensor(t.tokens * t.experts, 4), weights = tensor(t.tokens * t.k, 4),
                    chosen = tensor(t.tokens * t.k, 4);
    return launch(t.tokens, fmt::format("{} of {}", t.k, t.experts),
                  [&] { npu::top_k_kernel(scores, weights, chosen, t); });
  }

  // 8-bit output: int8 where the cube has no fp8. One scale per row, or per 128 of a row.
  template <class T>
  Result<VectorRun> quantise() {
    npu::QuantiseTiling t;
    const bool blocks = v_.out_dtype == llm::Dtype::fp8_block || v_.out_dtype == llm::Dtype::mxfp8;
    t.columns = blocks ? std::min(kScaleBlock, v_.cols) : v_.cols;
    t.rows = ceil_div(elements_, t.columns);
    t.chunk = npu::quantise_chunk<T>(costs_.ub_size);
    t.tile_rows = static_cast<std::int32_t>(std::clamp<std::int64_t>(
        std::min(t.chunk / align(t.columns, 64), ceil_div(t.rows, costs_.vectors)), 1, kLargestRepeats));
    const GmAddress x = tensor(elements_, sizeof(T)), q = tensor(elements_, 1), scales = tensor(t.rows, 4);
    return launch(ceil_div(t.rows, t.tile_rows), fmt::format("{} rows at a time", t.tile_rows), [&] {
      if (costs_.macs_fp8 > 0)
        npu::quantise_kernel<T, fp8_e4m3fn_t, false>(x, q, scales, t);
      else
        npu::quantise_kernel<T, std::int8_t, false>(x, q, scales, t);
    });
  }

  template <class T>
  Result<VectorRun> run_typed() {
    using npu::RowOperation;
    constexpr std::int64_t size = sizeof(T);
    const std::int64_t copies = std::max<std::int64_t>(1, v_.extra);
    switch (v_.op) {
      case VectorOp::rmsnorm:
        return rows<T, RowOperation::rms_norm>();
      case VectorOp::layernorm:
        return rows<T, RowOperation::layer_norm>();
      case VectorOp::softmax:
        return rows<T, RowOperation::softmax>();
      case VectorOp::rope:
        return rope<T>();
      case VectorOp::swiglu:
        return backward() ? stream(npu::SwigluGradientOp<T>{}) : stream(npu::SwigluOp<T>{});
      case VectorOp::gelu:
        return backward() ? stream(npu::GeluGradientOp<T>{}) : stream(npu::GeluOp<T>{});
      case VectorOp::relu2:
        return backward() ? stream(npu::SquaredReluGradientOp<T>{}) : stream(npu::SquaredReluOp<T>{});
      case VectorOp::residual_add:
      case VectorOp::add:
        return stream(npu::AddOp<T>{});
      case VectorOp::cast:
        if (llm::size_of(v_.out_dtype).value < 2) return quantise<T>();
        return is_wide(v_.out_dtype) ? stream(npu::CastOp<T, float>{}) : stream(npu::CastOp<T, bfloat16_t>{});
      case VectorOp::transpose: {
        const npu::TransposeTiling t{v_.rows, v_.cols * size / 2};
        const GmAddress x = tensor(elements_, size), y = tensor(elements_, size);
        return launch(ceil_div(t.rows, 128) * ceil_div(t.columns, 128), "tiles of 128x128",
                      [&] { npu::transpose_kernel<bfloat16_t>(x, y, t); });
      }
      case VectorOp::embedding:
        return gather<T>(v_.rows, v_.rows, backward());
      case VectorOp::permute:
        return backward() ? combine<T>(copies) : gather<T>(v_.rows, v_.rows * copies, false);
      case VectorOp::unpermute:
        return backward() ? gather<T>(v_.rows, v_.rows * copies, false) : combine<T>(copies);
      case VectorOp::cross_entropy:
        return cross_entropy<T>();
      case VectorOp::topk_gate:
        return backward() ? rows<T, RowOperation::softmax>() : top_k();
      case VectorOp::quantise:
        return quantise<T>();
      case VectorOp::adamw:
        return stream(npu::AdamWOp<T>{});
      case VectorOp::zero:
        return stream(npu::ZeroOp<T>{});
      case VectorOp::norm: {
        const GmAddress x = tensor(elements_, size), sum = tensor(1, 4);
        const std::int64_t fits = (costs_.ub_size - 8192) / (2 * size + 4) / 64 * 64,
                           share = align(ceil_div(elements_, costs_.vectors), 64);
        const auto chunk = static_cast<std::int32_t>(std::max<std::int64_t>(64, std::min(fits, share)));
        return launch(ceil_div(elements_, chunk), fmt::format("chunks of {} elements", chunk),
                      [&] { npu::square_sum_kernel<T>(x, sum, elements_, chunk); });
      }
    }
    return fail("kernel.none", "no kernel of the vector cores for this operation");
  }

  ascendc::Device device_;
  const chip::NpuCosts& costs_;
  const llm::Vector& v_;
  std::int64_t elements_;
};

}  // namespace

Result<VectorRun> run_vector(chip::Machine& machine, const chip::NpuCosts& costs, const llm::Vector& op) {
  return Launcher(machine, costs, op).run();
}

}  // namespace etalon::kernels
