// SPDX-License-Identifier: Apache-2.0
#include "kernels/npu/programs.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <tuple>

#include "chip/npu.h"
#include "kernels/npu/matmul_launch.h"
#include "kernels/npu/stream_program.h"

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

Result<chip::RunStats> read(const catalog::Chip& chip, Reader& in) {
  const auto costs = chip::npu_costs(chip);
  NpuRead w;
  w.rows = in.required("rows");
  w.columns = in.required("cols");
  TRY(size, size_of_type(in.text("dtype", "fp16")));
  w.element = static_cast<std::int64_t>(size);
  const std::string path = in.text("path", "GM_TO_UB");
  if (path.starts_with("GM_TO_L1"))
    w.path = chip::NpuPath::gm_l1;
  else if (path != "GM_TO_UB")
    in.note("path", "is GM_TO_UB, GM_TO_L1 or GM_TO_L1_ND2NZ, got '" + path + "'");
  w.nd2nz = path == "GM_TO_L1_ND2NZ";
  std::tie(w.tile_rows, w.tile_columns) = in.pair("tile", {64, 1024});
  const int most = w.path == chip::NpuPath::gm_l1 ? costs.cubes : costs.vectors;
  w.cores = static_cast<int>(in.number("cores", most));
  w.passes = static_cast<int>(in.number("passes", 1));
  const std::string order = in.text("order", "whole");
  if (order == "same")
    w.order = NpuRead::Order::same;
  else if (order == "staggered")
    w.order = NpuRead::Order::staggered;
  else if (order.ends_with("column slices"))
    w.slices = std::max(1, std::atoi(order.c_str()));
  else if (order != "whole")
    in.note("order", "is whole, N column slices, same or staggered, got '" + order + "'");
  if (w.cores > most) in.note("cores", fmt::format("is {}, {} has {}", w.cores, chip.name, most));
  if (!in.error().empty()) return fail("program.parameter", in.error());
  chip::Machine machine(chip::npu_machine_spec(chip));
  return run_read(machine, costs, w);
}

Result<chip::RunStats> elementwise(const catalog::Chip& chip, Reader& in) {
  const auto costs = chip::npu_costs(chip);
  NpuElementwise w;
  w.elements = in.required("rows") * in.required("cols");
  const std::string dtype = in.text("dtype", "fp16"), op = in.text("op", "add");
  TRY(size, size_of_type(dtype));
  w.element = static_cast<std::int64_t>(size);
  w.copy_elements = in.number("copy_elements", 16384);
  w.buffers = static_cast<int>(in.number("buffers", 1));
  w.cores = static_cast<int>(in.number("cores", costs.vectors));
  w.bypass_inputs = in.text("inputs") == "bypass_l2";
  auto kind = chip::VectorClass::binary;
  if (op == "exp" || op == "ln" || op == "sqrt")
    kind = chip::VectorClass::transcendental;
  else if (op == "div")
    kind = chip::VectorClass::divide;
  else if (op == "abs" || op == "relu" || op == "muls" || op == "adds")
    kind = chip::VectorClass::unary;
  else if (op != "add" && op != "sub" && op != "mul" && op != "max" && op != "min") {
    in.note("op",
            "is add, sub, mul, max, min, div, exp, ln, sqrt, abs, relu, muls or adds, got '" + op + "'");
  }
  w.inputs = kind == chip::VectorClass::binary || kind == chip::VectorClass::divide ? 2 : 1;
  const bool conflict = kind == chip::VectorClass::binary && in.text("ub") != "conflict_free";
  w.vector_cycles_per_repeat =
      costs.vector_repeat[static_cast<int>(kind)][size == 4 ? 1 : 0] + (conflict ? costs.bank_conflict : 0);
  if (in.text("compute") == "scalar") w.scalar_cycles = costs.scalar_ub_read;
  if (w.cores > costs.vectors)
    in.note("cores", fmt::format("is {}, {} has {}", w.cores, chip.name, costs.vectors));
  if (!in.error().empty()) return fail("program.parameter", in.error());
  chip::Machine machine(chip::npu_machine_spec(chip));
  return run_elementwise(machine, costs, w);
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
