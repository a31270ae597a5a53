// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/matmul_tilings.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace etalon::kernels {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// The product as the closed form sees it.
struct Product {
  std::int64_t m, n, k;
  double a_bytes, c_bytes, macs_per_cycle;  // operands are of one type
  Product(const NpuDevice& d, const MatmulJob& job)
      : m(job.tiling.m),
        n(job.tiling.n),
        k(job.tiling.k),
        a_bytes(cube_bytes(job.dtype)),
        c_bytes(llm::size_of(job.out).value),
        macs_per_cycle(d.macs(job.dtype)) {}
};

// Base tile of at most so much: no larger than the product, whole fractals.
void set_base(MatmulJob& job, std::int64_t m, std::int64_t n, std::int64_t k) {
  npu::MatmulTiling& t = job.tiling;
  const auto whole = [](std::int64_t x, std::int64_t to) { return ceil_div(x, to) * to; };
  const auto depth = static_cast<std::int64_t>(32 / cube_bytes(job.dtype));
  t.base_m = static_cast<std::int32_t>(std::min(m, whole(t.m, 16)));
  t.base_n = static_cast<std::int32_t>(std::min(n, whole(t.n, 16)));
  t.base_k = static_cast<std::int32_t>(std::min(k, whole(t.k, std::max<std::int64_t>(16, depth))));
}

// L1 holds two transfers of each operand; K per transfer as long as fits, B first where it is the longer.
void fill_l1(MatmulJob& job, std::int64_t k_of_core, const chip::NpuCosts& costs) {
  npu::MatmulTiling& t = job.tiling;
  t.buffers_a = t.buffers_b = 2;
  const double size = cube_bytes(job.dtype);
  const double a = t.base_m * t.base_k * size, b = t.base_n * t.base_k * size;
  const auto steps = static_cast<int>(ceil_div(k_of_core, t.base_k));
  t.step_ka = t.step_kb = 1;
  // Doubling keeps the steps in phase; rows of up to 1 KiB are worth having.
  for (bool grown = true; grown;) {
    grown = false;
    const auto fits = [&](int ka, int kb) {
      return 2 * (ka * a + kb * b) <= static_cast<double>(costs.l1_size);
    };
    const auto row = [&](int k) { return k * t.base_k * size < 2048; };
    if (t.step_kb < steps && t.step_kb <= t.step_ka && fits(t.step_ka, 2 * t.step_kb) && row(t.step_kb)) {
      t.step_kb *= 2;
      grown = true;
    } else if (t.step_ka < steps && fits(2 * t.step_ka, t.step_kb) && row(t.step_ka)) {
      t.step_ka *= 2;
      grown = true;
    }
  }
}

}  // namespace

double estimated_matmul_cycles(const NpuDevice& d, const MatmulJob& job) {
  const Product p(d, job);
  const npu::MatmulTiling& t = job.tiling;
  const chip::NpuCosts& c = d.costs;
  const std::int64_t rows = ceil_div(p.m, t.base_m), columns = ceil_div(p.n, t.base_n);
  const std::int64_t tiles = rows * columns * t.split_k;
  const std::int64_t cores = std::min<std::int64_t>(c.cubes, tiles), per_core = ceil_div(tiles, cores);
  const double f = d.spec.clock.value;
  const double share =
      std::min(d.spec.paths[0].core_hit.value, d.spec.l2_rates[0].value / static_cast<double>(cores)) / f;
  const auto bm = static_cast<double>(std::min<std::int64_t>(t.base_m, p.m)),
             bn = static_cast<double>(std::min<std::int64_t>(t.base_n, p.n));
  const double depth = static_cast<double>(p.k) / t.split_k,
               steps = std::ceil(depth / static_cast<double>(t.base_k));
  const double latency = d.spec.paths[0].latency_hit.value + c.gm_l1_nd2nz.minimum;
  const double ka = static_cast<double>(t.step_ka * t.base_k), kb = static_cast<double>(t.step_kb * t.base_k);
  const double rows_a = t.nz_a ? 0 : t.trans_a ? depth : bm * std::ceil(depth / ka);
  const double rows_b = t.nz_b ? 0 : t.trans_b ? bn * std::ceil(depth / kb) : depth;
  const double load = (depth * (bm + bn) * p.a_bytes + (rows_a + rows_b) * c.gm_l1_nd2nz.row_bytes) / share +
                      latency * (std::ceil(depth / ka) + std::ceil(depth / kb));
  const double l1 = depth * p.a_bytes * (bm / c.l1_l0a + bn / c.l1_l0b) + steps * 2 * c.load_start;
  const double cube = steps * (c.mmad_start + std::ceil(bm / 16) * std::ceil(bn / 16) * 256 *
                                                  static_cast<double>(t.base_k) / p.macs_per_cycle);
  const double store =
      d.spec.paths[3].latency_hit.value + bm * bn * (t.split_k > 1 ? 4 : p.c_bytes) / c.l0c_gm;
  const double first = d.spec.paths[0].latency_miss.value + load / std::max(1.0, std::ceil(depth / ka));
  const double body =
      first + static_cast<double>(per_core) * (std::max({load, l1, cube}) + 0.25 * store) + store;
  const double compulsory =
      (static_cast<double>(p.m * p.k) * p.a_bytes + static_cast<double>(p.n * p.k) * p.a_bytes) /
      (d.hbm().value / f);
  const double reduce = t.split_k > 1 ? c.sync_all + static_cast<double>(p.m * p.n) * 4 * (t.split_k + 1) /
                                                         (d.spec.l2_rates[1].value / f)
                                      : 0;
  return std::max(body, compulsory + first) + reduce;
}

std::vector<MatmulJob> matmul_candidates(const NpuDevice& d, const MatmulJob& job) {
  std::vector<MatmulJob> out;
  const double size = cube_bytes(job.dtype);
  const auto wide = static_cast<std::int64_t>(128 / size);  // K of a 128-byte row
  const std::int64_t least_k = std::max<std::int64_t>(16, wide / 4);
  for (const auto& [bm, bn] : {std::pair<std::int64_t, std::int64_t>{128, 256},
                               {256, 256},
                               {256, 128},
                               {128, 128},
                               {64, 256},
                               {256, 64},
                               {128, 192},
                               {192, 128},
                               {64, 128},
                               {32, 256},
                               {16, 256},
                               {16, 512},
                               {64, 512}}) {
    MatmulJob next = job;
    npu::MatmulTiling& t = next.tiling;
    set_base(next, bm, bn, wide);
    if (std::int64_t{t.base_m} * t.base_n * 4 > d.costs.l0c_size) continue;
    while (t.base_k > least_k && (t.base_n * t.base_k * size > static_cast<double>(d.costs.l0b_size) ||
                                  t.base_m * t.base_k * size > static_cast<double>(d.costs.l0a_size))) {
      t.base_k /= 2;
    }
    const std::int64_t tiles = ceil_div(t.m, t.base_m) * ceil_div(t.n, t.base_n);
    for (int split : {1, 2, 4, 8, 16}) {
      if (split > 1 && (tiles * split > 2 * d.costs.cubes || t.k / split < 4 * t.base_k)) break;
      t.split_k = split;
      fill_l1(next, ceil_div(t.k, split), d.costs);
      if (std::none_of(out.begin(), out.end(), [&](const MatmulJob& o) { return o.text() == next.text(); }))
        out.push_back(next);
    }
  }
  return out;
}

MatmulJob named_matmul(const NpuDevice& d, const MatmulJob& job, const NpuSoftware& s) {
  MatmulJob out = job;
  npu::MatmulTiling& t = out.tiling;
  const std::string base = s.text("base");
  std::int64_t m = 128, n = 256, k = 64;
  if (const auto x = base.find('x'), y = base.rfind('x'); x != std::string::npos && y > x) {
    m = std::max<std::int64_t>(16, std::atoll(base.substr(0, x).c_str()));
    n = std::max<std::int64_t>(16, std::atoll(base.substr(x + 1, y - x - 1).c_str()));
    k = std::max<std::int64_t>(16, std::atoll(base.substr(y + 1).c_str()));
  }
  set_base(out, m, n, k);
  t.unit_flag = !s.has("no_unit_flag");
  t.split_k = s.text("split_k") == "auto" ? 1 : static_cast<int>(s.number("split_k", 1));
  if (s.has("k_slice")) t.k_slices = static_cast<int>(ceil_div(t.k, s.number("k_slice", t.k)));
  t.swizzle = static_cast<int>(s.number("swizzle", 3));
  t.swizzle_rows = !s.has("columns");
  t.serpentine = s.has("columns");
  if (s.has("single")) {
    t.buffers_a = t.buffers_b = t.step_ka = t.step_kb = 1;
  } else if (s.has("l1_k")) {
    t.buffers_a = t.buffers_b = 2;
    t.step_ka = t.step_kb = static_cast<int>(std::max<std::int64_t>(1, s.number("l1_k", 256) / t.base_k));
  } else {
    fill_l1(out, t.k, d.costs);
  }
  const auto strips = [&](std::int64_t rows, std::int64_t columns) {
    t.single_m = ceil_div(ceil_div(t.m, rows), t.base_m) * t.base_m;
    t.single_n = ceil_div(ceil_div(t.n, columns), t.base_n) * t.base_n;
    t.swizzle = 0;
  };
  if (const std::string grid = s.text("strips"); grid.find('x') != std::string::npos) {
    strips(std::max(1, std::atoi(grid.c_str())), std::max(1, std::atoi(grid.c_str() + grid.find('x') + 1)));
  }
  if (s.has("resident")) {  // cores go along a row of tiles; A's buffers hold
                            // all of K
    const std::int64_t chunks = ceil_div(t.k, std::int64_t{t.step_ka} * t.base_k);
    const double bytes =
        cube_bytes(out.dtype) * t.base_k *
        static_cast<double>(t.base_m * t.step_ka * chunks + t.base_n * t.step_kb * t.buffers_b);
    if (chunks <= 4 && bytes <= static_cast<double>(d.costs.l1_size)) {
      const std::int64_t rows = ceil_div(t.m, t.base_m);
      strips(rows, std::max<std::int64_t>(1, d.costs.cubes / rows));
      t.buffers_a = static_cast<std::int32_t>(chunks);
      t.a_resident = t.tiles_n_first = true;
    }
  }
  return out;
}

}  // namespace etalon::kernels
