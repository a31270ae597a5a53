// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/matmul_launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/npu/matmul_sum.h"
#include "kernels/npu/stream.h"

namespace etalon::kernels {
namespace {

using llm::Dtype;
using npu::matmul_detail::align;
using npu::matmul_detail::ceil_div;

constexpr std::int64_t kSumTile = 8192;     // elements of a tile of the vector cores, what UB holds
constexpr std::int64_t kSumColumns = 2048;  // of one row at most

bool is_fp8(Dtype d) {
  return d == Dtype::fp8 || d == Dtype::fp8_block || d == Dtype::mxfp8 || d == Dtype::hif8;
}
bool is_narrow(Dtype d) { return llm::size_of(d).value <= 2; }
bool is_word(Dtype d) { return d == Dtype::fp32 || d == Dtype::tf32; }

// Tiles of the vector cores: about one for each, no wider than they can hold.
void set_sum_tile(npu::MatmulTiling& t, int vectors) {
  const std::int64_t share = align(ceil_div(t.m * t.n, std::max(1, vectors)), 64);
  t.sum_columns =
      static_cast<std::int32_t>(std::min({align(t.n, 64), kSumColumns, std::max<std::int64_t>(share, 256)}));
  t.sum_rows = static_cast<std::int32_t>(std::clamp<std::int64_t>(
      share / t.sum_columns, 1, std::max<std::int64_t>(1, kSumTile / t.sum_columns)));
}

struct Addresses {
  npu::GmAddress a, b, c, workspace, row_scale, column_scale, groups;
};

template <class T, class O>
void run_kernel(const MatmulJob& job, const Addresses& at) {
  if (!job.groups.empty())
    npu::grouped_matmul_kernel<T, O>(at.a, at.b, at.c, at.groups, job.tiling);
  else if (job.through_vectors())
    npu::matmul_sum_kernel<T, O>(at.a, at.b, at.c, at.workspace, at.row_scale, at.column_scale, job.tiling);
  else
    npu::matmul_kernel<T, O>(at.a, at.b, at.c, job.tiling);
}
template <class T, class Narrow>
void run_into(const MatmulJob& job, const Addresses& at) {
  if (is_narrow(job.out))
    run_kernel<T, Narrow>(job, at);
  else
    run_kernel<T, float>(job, at);
}
void run_of_type(const MatmulJob& job, const Addresses& at) {
  if (job.dtype == Dtype::fp16) return run_into<half, half>(job, at);
  if (is_word(job.dtype)) return run_kernel<float, float>(job, at);
  if (is_fp8(job.dtype)) return run_into<fp8_e4m3fn_t, bfloat16_t>(job, at);
  if (job.dtype != Dtype::int8) return run_into<bfloat16_t, bfloat16_t>(job, at);
  // int8: sums as they are, or scaled by the vector cores.
  if (job.groups.empty() && job.through_vectors()) {
    if (is_narrow(job.out))
      npu::matmul_sum_kernel<std::int8_t, bfloat16_t>(at.a, at.b, at.c, at.workspace, at.row_scale,
                                                      at.column_scale, job.tiling);
    else
      npu::matmul_sum_kernel<std::int8_t, float>(at.a, at.b, at.c, at.workspace, at.row_scale,
                                                 at.column_scale, job.tiling);
    return;
  }
  if (is_narrow(job.out))
    run_kernel<std::int8_t, half>(job, at);
  else if (job.groups.empty())
    npu::matmul_kernel<std::int8_t, std::int32_t>(at.a, at.b, at.c, job.tiling);
  else
    npu::grouped_matmul_kernel<std::int8_t, std::int32_t>(at.a, at.b, at.c, at.groups, job.tiling);
}

}  // namespace

double cube_bytes(Dtype dtype) { return dtype == Dtype::mxfp4_w ? 2 : llm::size_of(dtype).value; }

bool MatmulJob::through_vectors() const {
  const bool wide = !is_narrow(out) && dtype != Dtype::int8;  // slices of K add up in C itself
  return scaled || npu::matmul_detail::shares(tiling) > 1 ||
         (npu::matmul_detail::slices(tiling) > 1 && !wide);
}

std::string MatmulJob::text() const {
  const npu::MatmulTiling& t = tiling;
  std::string s = fmt::format("{}x{}x{}, L1 {}x{} A {}x{} B", t.base_m, t.base_n, t.base_k, t.buffers_a,
                              t.step_ka, t.buffers_b, t.step_kb);
  if (t.single_m > 0) s += fmt::format(", blocks of {}x{}", t.single_m, t.single_n);
  if (t.k_slices > 1) s += fmt::format(", K in {} slices", t.k_slices);
  if (t.split_k > 1) s += fmt::format(", split-K {}", t.split_k);
  if (t.a_resident) s += ", A resident";
  return s;
}

void set_pitches(MatmulJob& job) {
  npu::MatmulTiling& t = job.tiling;
  const std::int64_t rows = cube_bytes(job.dtype) < 2 ? 32 : 16;  // fractals of 8-bit operands pair up
  t.lda = t.nz_a ? align(t.m, rows) : t.trans_a ? t.m : t.k;
  t.ldb = t.nz_b ? align(t.k, rows) : t.trans_b ? t.k : t.n;
  t.ldc = t.n;
}

std::int64_t matmul_blocks(const MatmulJob& job) {
  const npu::MatmulTiling& t = job.tiling;
  if (!job.groups.empty()) {
    std::int64_t rows = 0;
    for (const auto g : job.groups) rows += ceil_div(g, t.base_m);
    return rows * ceil_div(t.n, t.base_n);
  }
  return ceil_div(t.m, t.single_m > 0 ? t.single_m : t.base_m) *
         ceil_div(t.n, t.single_n > 0 ? t.single_n : t.base_n) * npu::matmul_detail::shares(t);
}

int matmul_cores(const MatmulJob& job, const chip::NpuCosts& costs) {
  const int most = job.cores > 0 ? std::min(job.cores, costs.cubes) : costs.cubes;
  return static_cast<int>(std::clamp<std::int64_t>(matmul_blocks(job), 1, most));
}

MatmulOnDevice::MatmulOnDevice(chip::Machine& machine, const chip::NpuCosts& costs, MatmulJob job)
    : machine_(machine), device_(costs, &machine, false), job_(std::move(job)) {
  npu::MatmulTiling& t = job_.tiling;
  t.groups = static_cast<std::int32_t>(job_.groups.size());
  t.hf32 = job_.dtype == Dtype::tf32;
  set_pitches(job_);
  set_sum_tile(t, costs.vectors);
  const double size = cube_bytes(job_.dtype);
  const auto columns = static_cast<std::int64_t>(32 / size);  // of a column of fractals
  const std::int64_t matrices = std::max<std::int64_t>(1, t.groups);
  a_ = t.nz_a ? allocate(ceil_div(t.k, columns), t.lda * columns, size)
              : allocate(t.trans_a ? t.k : t.m, t.lda, size);
  b_ = t.nz_b ? allocate(ceil_div(t.n, columns), t.ldb * columns, size)
              : allocate((t.trans_b ? t.n : t.k) * matrices, t.ldb, size);
  c_ = allocate(t.m, t.n, is_narrow(job_.out) ? 2 : 4);
  if (job_.through_vectors()) workspace_ = allocate(t.m * npu::matmul_detail::shares(t), t.n, 4);
  if (job_.scaled) {
    row_scale_ = allocate(1, t.m, 4);
    column_scale_ = allocate(1, t.n, 4);
  }
  if (t.groups > 0) {
    auto* list = device_.allocate_of<std::int32_t>(t.groups, 0, ascendc::Content::control);
    std::copy(job_.groups.begin(), job_.groups.end(), list);
    groups_ = reinterpret_cast<std::byte*>(list);
  }
}

MatmulOnDevice::Operand MatmulOnDevice::allocate(std::int64_t rows, std::int64_t columns, double size) {
  const auto row = static_cast<std::int64_t>(static_cast<double>(columns) * size);
  return {device_.allocate(rows * row, row), rows, row};
}
void MatmulOnDevice::touch(const Operand& o) {
  machine_.touch({device_.find(o.at, 1)->device, o.rows, o.row_bytes, o.row_bytes});
}
void MatmulOnDevice::touch_a() { touch(a_); }
void MatmulOnDevice::touch_b() { touch(b_); }

Result<chip::RunStats> MatmulOnDevice::run(bool want_timeline) {
  const auto gm = [](std::byte* p) { return reinterpret_cast<npu::GmAddress>(p); };
  const Addresses at{gm(a_.at),         gm(b_.at),         gm(c_.at),
                     gm(workspace_.at), gm(row_scale_.at), gm(column_scale_.at),
                     gm(groups_)};
  ascendc::LaunchOptions o;
  o.mode = ascendc::Mode::timing_only;
  o.runtime_tiling = job_.runtime_tiling;
  o.want_timeline = want_timeline;
  o.blocks = matmul_cores(job_, device_.costs());
  o.type = ascendc::KernelType::aic;
  if (job_.through_vectors()) {  // as many blocks as have work on either kind of
                                 // core
    o.type = ascendc::KernelType::mix_1_2;
    const npu::MatmulTiling& t = job_.tiling;
    const std::int64_t tiles = ceil_div(t.m, t.sum_rows) * ceil_div(t.n, t.sum_columns);
    o.blocks = static_cast<int>(std::clamp<std::int64_t>(std::max<std::int64_t>(o.blocks, ceil_div(tiles, 2)),
                                                         1, device_.costs().cubes));
  }
  TRY(result, ascendc::launch(device_, o, [&] { run_of_type(job_, at); }));
  return std::move(result.stats);
}

}  // namespace etalon::kernels
