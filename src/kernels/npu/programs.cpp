// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/programs.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <tuple>

#include "chip/npu.h"
#include "kernels/npu/matmul_launch.h"
#include "kernels/npu/probes.h"

namespace etalon::kernels {
namespace {

// Typed look-up; the first bad one is kept as the error.
class Reader {
 public:
  explicit Reader(const ProgramParams& params) : params_(params) {}
  bool has(const char* key) const { return params_.contains(key); }
  std::string text(const char* key, std::string otherwise = {}) const {
    const auto it = params_.find(key);
    return it == params_.end() ? otherwise : it->second;
  }
  std::int64_t number(const char* key, std::int64_t otherwise) {
    const auto it = params_.find(key);
    return it == params_.end() ? otherwise : parse(key, it->second);
  }
  std::int64_t required(const char* key) {
    const auto it = params_.find(key);
    if (it != params_.end()) return parse(key, it->second);
    note(key, "is missing");
    return 1;
  }
  // "4x6"
  std::pair<std::int64_t, std::int64_t> pair(const char* key,
                                             std::pair<std::int64_t, std::int64_t> otherwise) {
    const auto it = params_.find(key);
    if (it == params_.end()) return otherwise;
    const auto x = it->second.find('x');
    if (x == std::string::npos) {
      note(key, "expects two numbers as 4x6, got '" + it->second + "'");
      return otherwise;
    }
    return {parse(key, it->second.substr(0, x)), parse(key, it->second.substr(x + 1))};
  }
  void note(const char* key, const std::string& what) {
    if (error_.empty()) error_ = fmt::format("parameter '{}' {}", key, what);
  }
  const std::string& error() const { return error_; }

 private:
  std::int64_t parse(const char* key, const std::string& s) {
    std::int64_t v = 0;
    const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (ec != std::errc{} || end != s.data() + s.size() || v <= 0 || v > (std::int64_t{1} << 40)) {
      note(key, "expects a positive whole number, got '" + s + "'");
      return 1;
    }
    return v;
  }
  const ProgramParams& params_;
  std::string error_;
};

Result<double> size_of_type(const std::string& dtype) {
  if (dtype == "fp16" || dtype == "bf16") return 2.0;
  if (dtype == "fp32") return 4.0;
  if (dtype == "int8") return 1.0;
  return fail("program.parameter", fmt::format("dtype '{}' is not fp16, bf16, fp32 or int8", dtype));
}

Result<double> pick(const catalog::Chip& chip, const chip::RunStats& run, const std::string& metric) {
  if (!run.deadlock.empty()) throw std::logic_error("an NPU program never ends: " + run.deadlock);
  const auto busy = [&](chip::NpuPipe p) { return run.pipes[static_cast<int>(p)].busy_mean.value * 1e6; };
  if (metric == "task_us") return (run.time + chip::npu_launch(chip).profiler).value * 1e6;
  if (metric == "core_us") return run.core_mean.value * 1e6;
  if (metric == "cube_busy_us") return busy(chip::NpuPipe::cube);
  if (metric == "mte2_busy_us") return busy(chip::NpuPipe::mte2);
  if (metric == "vector_busy_us") return busy(chip::NpuPipe::vector);
  return fail("program.metric",
              fmt::format("metric '{}' is not task_us, core_us, cube_busy_us, mte2_busy_us or vector_busy_us",
                          metric));
}

// The templates of the published steps. One base block per transfer and buffer ("single"); several ("multi"),
// by default half of the given depth per transfer, so that L1 holds two of each.
Result<chip::RunStats> matmul(const catalog::Chip& chip, Reader& in) {
  MatmulJob job;
  npu::MatmulTiling& t = job.tiling;
  t.m = in.required("m");
  t.n = in.required("n");
  t.k = in.required("k");
  const std::string dtype = in.text("dtype", "fp16");
  TRY_VOID(size_of_type(dtype));
  if (!llm::parse(dtype, job.dtype))
    return fail("program.parameter", fmt::format("dtype '{}' is unknown", dtype));
  job.out = job.dtype == llm::Dtype::int8 ? llm::Dtype::int32 : job.dtype;
  const auto costs = chip::npu_costs(chip);
  t.base_m = static_cast<std::int32_t>(in.number("base_m", 128));
  t.base_n = static_cast<std::int32_t>(in.number("base_n", 256));
  t.base_k = static_cast<std::int32_t>(in.number("base_k", 64));
  const auto cores = in.number("cores", costs.cubes);
  t.single_m = in.number("single_m", t.m);
  t.single_n = in.number("single_n", t.n);
  // Columns of cores from the strips' width, rows from what is left, unless the split is given. With more
  // strips than cores (L2 split) the cores take them in rounds.
  const std::int64_t columns = (t.n + t.single_n - 1) / t.single_n;
  const auto grid = in.pair("split", {std::max<std::int64_t>(1, cores / columns), columns});
  const std::int64_t rounds = in.number("l2_split_m", 1);
  if (grid.first * rounds * t.single_m < t.m || grid.second * t.single_n < t.n)
    in.note("single_m", "and single_n do not cover the product with these cores");
  const std::string blocks = in.text("l1_blocks", "single");
  if (blocks == "single") {
    t.step_ka = t.step_kb = t.buffers_a = t.buffers_b = 1;
    t.tiles_n_first = true;  // the Norm template walks along N
  } else {
    // Depths that are not given: those the tiling function takes by itself (8 and 8 base blocks), or, for
    // kernels on the basic API, all of L1.
    const bool fill = blocks == "multi";
    t.step_ka = static_cast<int>(std::max<std::int64_t>(1, in.number("depth_a1", fill ? 16 : 8) / 2));
    t.step_kb = static_cast<int>(std::max<std::int64_t>(1, in.number("depth_b1", 8) / 2));
  }
  job.runtime_tiling = in.text("tiling") != "constant";
  t.unit_flag = in.text("unit_flag") == "1";
  if (!in.error().empty()) return fail("program.parameter", in.error());
  if (grid.first * grid.second > costs.cubes) {
    return fail("program.parameter", fmt::format("{} cores asked for, {} has {} cube cores",
                                                 grid.first * grid.second, chip.name, costs.cubes));
  }
  job.cores = static_cast<int>(grid.first * grid.second);
  chip::Machine machine(chip::npu_machine_spec(chip));
  return MatmulOnDevice(machine, costs, std::move(job)).run();
}

Result<chip::RunStats> timed(ascendc::Device& device, ascendc::KernelType type, std::int64_t blocks,
                             const std::function<void()>& kernel) {
  ascendc::LaunchOptions o;
  o.type = type;
  o.blocks = static_cast<int>(blocks);
  o.mode = device.with_data() ? ascendc::Mode::both : ascendc::Mode::timing_only;
  o.runtime_tiling = false;
  TRY(result, ascendc::launch(device, o, kernel));
  return std::move(result.stats);
}

Result<chip::RunStats> read(const catalog::Chip& chip, Reader& in) {
  const auto costs = chip::npu_costs(chip);
  npu::ReadTiling t;
  t.rows = in.required("rows");
  t.columns = in.required("cols");
  TRY(size, size_of_type(in.text("dtype", "fp16")));
  const std::string path = in.text("path", "GM_TO_UB");
  if (path.starts_with("GM_TO_L1"))
    t.to_l1 = true;
  else if (path != "GM_TO_UB")
    in.note("path", "is GM_TO_UB, GM_TO_L1 or GM_TO_L1_ND2NZ, got '" + path + "'");
  t.fractals = path == "GM_TO_L1_ND2NZ";
  const auto tile = in.pair("tile", {64, 1024});
  t.tile_rows = static_cast<std::int32_t>(tile.first);
  t.tile_columns = static_cast<std::int32_t>(tile.second);
  const int most = t.to_l1 ? costs.cubes : costs.vectors;
  const std::int64_t cores = in.number("cores", most);
  t.passes = static_cast<std::int32_t>(in.number("passes", 1));
  const std::string order = in.text("order", "whole");
  if (order == "same")
    t.order = npu::ReadOrder::same;
  else if (order == "staggered")
    t.order = npu::ReadOrder::staggered;
  else if (order.ends_with("column slices"))
    t.slices = std::max(1, std::atoi(order.c_str()));
  else if (order != "whole")
    in.note("order", "is whole, N column slices, same or staggered, got '" + order + "'");
  if (cores > most) in.note("cores", fmt::format("is {}, {} has {}", cores, chip.name, most));
  if (!in.error().empty()) return fail("program.parameter", in.error());
  chip::Machine machine(chip::npu_machine_spec(chip));
  ascendc::Device device(costs, &machine, false);
  const auto bytes = static_cast<std::int64_t>(size);
  const auto x =
      reinterpret_cast<npu::GmAddress>(device.allocate(t.rows * t.columns * bytes, t.columns * bytes));
  return timed(device, t.to_l1 ? ascendc::KernelType::aic : ascendc::KernelType::aiv, cores, [&] {
    if (bytes == 1)
      npu::read_kernel<std::int8_t>(x, t);
    else if (bytes == 2)
      npu::read_kernel<half>(x, t);
    else
      npu::read_kernel<float>(x, t);
  });
}

struct Elementwise {
  npu::StreamTiling tiling;
  std::int64_t cores = 0;
  bool bypass_inputs = false, with_data = false;
};

template <class Op>
Result<chip::RunStats> run_elementwise(const catalog::Chip& chip, const Elementwise& w) {
  chip::Machine machine(chip::npu_machine_spec(chip));
  ascendc::Device device(chip::npu_costs(chip), &machine, w.with_data);
  npu::GmAddress at[Op::kInputs + 1] = {};
  for (int i = 0; i <= Op::kInputs; ++i) {
    std::byte* p = device.allocate(w.tiling.columns * Op::out_bytes(0));
    if (i < Op::kInputs) device.set_bypass_l2(p, w.bypass_inputs);
    at[i] = reinterpret_cast<npu::GmAddress>(p);
  }
  return timed(device, ascendc::KernelType::aiv, w.cores,
               [&] { npu::stream_kernel(at, at + Op::kInputs, w.tiling, Op{}); });
}

// A scalar loop takes as long for each tile as for the others: two short runs give the time of a tile.
template <class T>
Result<chip::RunStats> scalar_loop(const catalog::Chip& chip, Elementwise w) {
  const std::int64_t all = w.tiling.columns, tile = w.tiling.tile_columns;
  w.with_data = true;
  w.tiling.columns = std::min(all, 2 * tile * w.cores);
  TRY(a, run_elementwise<npu::ScalarAddOp<T>>(chip, w));
  w.tiling.columns = std::min(all, 4 * tile * w.cores);
  TRY(b, run_elementwise<npu::ScalarAddOp<T>>(chip, w));
  if (w.tiling.columns == all) return b;
  const double more =
      static_cast<double>(all - w.tiling.columns) / (2.0 * static_cast<double>(tile * w.cores));
  b.time += (b.time - a.time) * more;
  b.core_mean += (b.core_mean - a.core_mean) * more;
  for (std::size_t p = 0; p < b.pipes.size(); ++p) {
    b.pipes[p].busy_mean += (b.pipes[p].busy_mean - a.pipes[p].busy_mean) * more;
  }
  return b;
}

template <class T>
Result<chip::RunStats> elementwise_of(const catalog::Chip& chip, const std::string& op, const Elementwise& w,
                                      bool scalar) {
  using npu::Single;
  if (scalar) return scalar_loop<T>(chip, w);
  if (op == "add") return run_elementwise<npu::AddOp<T>>(chip, w);
  if (op == "sub") return run_elementwise<npu::SingleOp<T, Single::sub>>(chip, w);
  if (op == "mul") return run_elementwise<npu::SingleOp<T, Single::mul>>(chip, w);
  if (op == "max") return run_elementwise<npu::SingleOp<T, Single::max>>(chip, w);
  if (op == "min") return run_elementwise<npu::SingleOp<T, Single::min>>(chip, w);
  if (op == "div") return run_elementwise<npu::SingleOp<T, Single::div>>(chip, w);
  if (op == "exp") return run_elementwise<npu::SingleOp<T, Single::exp>>(chip, w);
  if (op == "ln") return run_elementwise<npu::SingleOp<T, Single::ln>>(chip, w);
  if (op == "sqrt") return run_elementwise<npu::SingleOp<T, Single::sqrt>>(chip, w);
  if (op == "abs") return run_elementwise<npu::SingleOp<T, Single::abs>>(chip, w);
  if (op == "relu") return run_elementwise<npu::SingleOp<T, Single::relu>>(chip, w);
  if (op == "muls") return run_elementwise<npu::SingleOp<T, Single::muls>>(chip, w);
  if (op == "adds") return run_elementwise<npu::SingleOp<T, Single::adds>>(chip, w);
  return fail(
      "program.parameter",
      "parameter 'op' is add, sub, mul, max, min, div, exp, ln, sqrt, abs, relu, muls or adds, got '" + op +
          "'");
}

Result<chip::RunStats> elementwise(const catalog::Chip& chip, Reader& in) {
  const auto costs = chip::npu_costs(chip);
  Elementwise w;
  w.tiling.columns = in.required("rows") * in.required("cols");
  const std::string dtype = in.text("dtype", "fp16"), op = in.text("op", "add");
  if (dtype != "fp16" && dtype != "fp32")
    in.note("dtype", "of vector instructions is fp16 or fp32, got '" + dtype + "'");
  w.tiling.tile_columns = static_cast<std::int32_t>(in.number("copy_elements", 16384));
  const std::int64_t buffers = in.number("buffers", 1);
  if (buffers < 1 || buffers > npu::kMostStreamBuffers)
    in.note("buffers", fmt::format("is {}, expected 1 to {}", buffers, npu::kMostStreamBuffers));
  w.tiling.buffers = static_cast<std::int32_t>(buffers);
  w.cores = in.number("cores", costs.vectors);
  w.bypass_inputs = in.text("inputs") == "bypass_l2";
  const bool scalar = in.text("compute") == "scalar";
  if (scalar && op != "add") in.note("op", "of a scalar loop is add, got '" + op + "'");
  if (w.cores > costs.vectors)
    in.note("cores", fmt::format("is {}, {} has {}", w.cores, chip.name, costs.vectors));
  if (!in.error().empty()) return fail("program.parameter", in.error());
  return dtype == "fp16" ? elementwise_of<half>(chip, op, w, scalar)
                         : elementwise_of<float>(chip, op, w, scalar);
}

}  // namespace

Result<ProgramParams> parse_program_params(const std::string& text) {
  ProgramParams out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find(';', at), text.size());
    const auto item = text.substr(at, end - at);
    const auto equals = item.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail("program.parameter", fmt::format("'{}' is not key=value", item));
    }
    out[item.substr(0, equals)] = item.substr(equals + 1);
    at = end + 1;
  }
  return out;
}

Result<double> program_metric(const catalog::Chip& chip, const std::string& program,
                              const ProgramParams& params, const std::string& metric) {
  if (chip.kind != catalog::CoreKind::npu) {
    return fail("program.chip", fmt::format("programs run on NPUs, {} is a GPU", chip.name));
  }
  Reader in(params);
  if (program == "matmul") {
    TRY(run, matmul(chip, in));
    return pick(chip, run, metric);
  }
  if (program == "read") {
    TRY(run, read(chip, in));
    return pick(chip, run, metric);
  }
  if (program == "elementwise") {
    TRY(run, elementwise(chip, in));
    return pick(chip, run, metric);
  }
  return fail("program.unknown", fmt::format("program '{}' is not matmul, read or elementwise", program));
}

}  // namespace etalon::kernels
