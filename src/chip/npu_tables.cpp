// SPDX-License-Identifier: Apache-2.0
#include "chip/npu_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "chip/npu.h"

namespace etalon::chip {
namespace {

constexpr double kGiB = 1073741824.0;

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string f; std::getline(in, f, ',');) out.push_back(f);
  return out;
}

double number(const std::string& text) { return text.empty() ? 0 : std::strtod(text.c_str(), nullptr); }

// Cycles of one instruction alone on a core. `from_memory`: its data are not in L2.
double single(const catalog::Chip& chip, const Instruction& i, bool from_memory) {
  Machine machine(npu_machine_spec(chip));
  Instruction once = i;
  if (i.access != Access::none) {
    once.region.address = machine.allocate(i.region.bytes());
    if (!from_memory) machine.touch(once.region);
  }
  constexpr double kBefore = 100;  // the pipe has been idle
  const RunStats run = machine.run(1, [&](Core& core) {
    core.scalar(kBefore);
    core.issue(once);
  });
  return run.time.value * machine.spec().clock.value - kBefore;
}

// Cycles per instruction of a long row of equal ones.
double queued(const catalog::Chip& chip, const Instruction& i) {
  Machine machine(npu_machine_spec(chip));
  constexpr int kMany = 64;
  const RunStats run = machine.run(1, [&](Core& core) {
    for (int n = 0; n < kMany; ++n) core.issue(i);
  });
  return run.time.value * machine.spec().clock.value / kMany;
}

Instruction transfer(NpuPipe pipe, NpuPath path, bool write, double bytes, double minimum) {
  Instruction i;
  i.pipe = static_cast<PipeId>(pipe);
  i.path = static_cast<std::uint8_t>(path);
  i.access = write ? Access::write : Access::read;
  i.region = {0, 1, static_cast<std::int64_t>(bytes), static_cast<std::int64_t>(bytes)};
  i.cycles = minimum;
  return i;
}

Instruction on_chip(NpuPipe pipe, double cycles) {
  Instruction i;
  i.pipe = static_cast<PipeId>(pipe);
  i.cycles = cycles;
  return i;
}

// A transposing load goes block by block: the size in powers of two of at most 64 KiB, of at least 16 KiB
// each.
double transposed_blocks(double kib) {
  double left = kib, blocks = 0;
  for (double block = 64; block >= 16; block /= 2) {
    const double n = std::floor(left / block);
    blocks += n;
    left -= n * block;
  }
  return std::max(1.0, blocks + (left > 0 ? 1 : 0));
}

Result<double> move_cycles(const catalog::Chip& chip, const NpuCosts& c, const CorePoint& p) {
  const double bytes = p.p1 * 1024;
  const std::string& op = p.op;
  if (op == "GM_TO_L1")
    return single(chip, transfer(NpuPipe::mte2, NpuPath::gm_l1, false, bytes, c.gm_l1.minimum), false);
  if (op == "GM_TO_UB") {
    return single(chip, transfer(NpuPipe::mte2, NpuPath::gm_ub, false, bytes, c.gm_ub.minimum),
                  p.chip == "910b1");
  }
  if (op == "UB_TO_GM") return single(chip, transfer(NpuPipe::mte3, NpuPath::ub_gm, true, bytes, 0), false);
  if (op == "L0C_TO_GM" || op == "L0C_TO_GM_TRANS") {
    return single(chip, transfer(NpuPipe::fixpipe, NpuPath::l0c_gm, true, bytes, 0), false);
  }
  if (op == "GM_TO_L1_TRANS") {
    return single(chip,
                  on_chip(NpuPipe::mte2, c.transposed_start + c.transposed_block * transposed_blocks(p.p1) +
                                             bytes / c.transposed_rate),
                  false);
  }
  if (op == "L1_TO_L0A") return queued(chip, on_chip(NpuPipe::mte1, c.load_start + bytes / c.l1_l0a));
  if (op == "L1_TO_L0B") return queued(chip, on_chip(NpuPipe::mte1, c.load_start + bytes / c.l1_l0b));
  if (op == "L1_TO_BT") return queued(chip, on_chip(NpuPipe::mte1, std::max(c.load_start, bytes / c.l1_bt)));
  if (op == "L1_TO_FB") return queued(chip, on_chip(NpuPipe::mte1, c.bias_start + bytes / c.l1_fb));
  if (op == "UB_TO_UB") return queued(chip, on_chip(NpuPipe::vector, bytes / c.ub_ub));
  return fail("core.op", "no instruction moves data as '" + op + "'");
}

Result<double> mmad_cycles(const catalog::Chip& chip, const NpuCosts& c, const CorePoint& p) {
  const double fractals = std::ceil(p.p1 / 16) * std::ceil(p.p2 / 16) * std::ceil(p.p3 / 16);
  Instruction i = on_chip(NpuPipe::cube, c.mmad_start + fractals * 4096 / c.macs_fp16);
  i.idle_cycles = c.mmad_idle;
  return p.chip == "910b3" ? single(chip, i, false) : queued(chip, i);
}

// Class of a vector instruction by its name, "VADD_FP32_FP32_FP32", and what its operands add per repeat.
struct VectorOp {
  VectorClass kind = VectorClass::unary;
  double conflict = 0;
  double each = 0;  // > 0: cycles per repeat instead of the class's
};
Result<VectorOp> vector_op(const NpuCosts& c, const std::string& op) {
  const std::string name = op.substr(0, op.find('_'));
  static const std::set<std::string> binary = {"VADD",     "VSUB",         "VMUL",         "VMAX",
                                               "VMIN",     "VAND",         "VOR",          "VADDRELU",
                                               "VSUBRELU", "VADDRELUCONV", "VSUBRELUCONV", "VMULCONV"};
  static const std::map<std::string, VectorClass> kinds = {{"VABS", VectorClass::unary},
                                                           {"VADDS", VectorClass::unary},
                                                           {"VMULS", VectorClass::unary},
                                                           {"VMAXS", VectorClass::unary},
                                                           {"VMINS", VectorClass::unary},
                                                           {"VNOT", VectorClass::unary},
                                                           {"VRELU", VectorClass::unary},
                                                           {"VREC", VectorClass::unary},
                                                           {"VRSQRT", VectorClass::unary},
                                                           {"VSHL", VectorClass::unary},
                                                           {"VSHR", VectorClass::unary},
                                                           {"VLRELU", VectorClass::unary},
                                                           {"VCOPY", VectorClass::copy},
                                                           {"VBRCB", VectorClass::copy},
                                                           {"VECTORDUP", VectorClass::copy},
                                                           {"VCONV", VectorClass::convert},
                                                           {"VCONVDEQ", VectorClass::convert},
                                                           {"VCPADD", VectorClass::pair_reduce},
                                                           {"VCMPVS", VectorClass::compare_scalar},
                                                           {"VCMPV", VectorClass::compare},
                                                           {"VAXPY", VectorClass::axpy},
                                                           {"VCMP", VectorClass::select},
                                                           {"VSEL", VectorClass::select},
                                                           {"VEXP", VectorClass::transcendental},
                                                           {"VLN", VectorClass::transcendental},
                                                           {"VSQRT", VectorClass::transcendental},
                                                           {"VDIV", VectorClass::divide},
                                                           {"VMADD", VectorClass::multiply_add},
                                                           {"VMLA", VectorClass::multiply_add},
                                                           {"VMADDRELU", VectorClass::multiply_add},
                                                           {"VCADD", VectorClass::whole_sum},
                                                           {"VCMAX", VectorClass::whole_extreme},
                                                           {"VCMIN", VectorClass::whole_extreme},
                                                           {"VCONVVDEQ", VectorClass::whole_extreme},
                                                           {"VCGADD", VectorClass::block_reduce},
                                                           {"VCGMAX", VectorClass::block_reduce},
                                                           {"VCGMIN", VectorClass::block_reduce},
                                                           {"VGATHER", VectorClass::gather},
                                                           {"VGATHERB", VectorClass::gather_block},
                                                           {"VREDUCE", VectorClass::gather_mask},
                                                           {"VMRGSORT", VectorClass::merge_sort}};
  if (name == "VREDUCEV2") return VectorOp{VectorClass::gather_mask, 0, c.squeeze};
  if (binary.contains(name)) {
    // Two of the published tables have their operands on different bank groups.
    const bool apart = op == "VADD_FP16_FP16_FP16" || op == "VMUL_FP16_FP16_FP16";
    return VectorOp{VectorClass::binary, apart ? 0 : c.bank_conflict};
  }
  if (name == "VMLA" && op.ends_with("_FP16_FP16_FP32")) return VectorOp{VectorClass::multiply_add_mixed};
  const auto found = kinds.find(name);
  if (found != kinds.end()) return VectorOp{found->second};
  return fail("core.op", "no class of vector instructions holds '" + op + "'");
}

Result<double> vector_op_cycles(const catalog::Chip& chip, const NpuCosts& c, const CorePoint& p) {
  TRY(v, vector_op(c, p.op));
  const bool wide = p.op.find("32_") != std::string::npos && p.op.find("FP16") == std::string::npos;
  // Narrowing casts count repeats of their output.
  const double each = p.op == "VCONV_FP32_FP16" ? 0.5 : 1;
  double cycles = vector_cycles(c, v.kind, wide, p.p2 * each) + p.p2 * v.conflict;
  if (v.each > 0) cycles = std::max(c.vector_minimum, p.p2 * v.each);
  return queued(chip, on_chip(NpuPipe::vector, cycles));
}

double quantile(std::vector<double> v, double q) {
  std::sort(v.begin(), v.end());
  return v.empty() ? 0
                   : v[std::min(v.size() - 1, static_cast<std::size_t>(q * static_cast<double>(v.size())))];
}

}  // namespace

Result<std::vector<CorePoint>> read_core_points(const std::filesystem::path& csv) {
  std::ifstream in(csv);
  if (!in) return fail("core.file", "cannot read " + csv.string(), "give a file of core measurements");
  std::string line;
  std::map<std::string, std::size_t> column;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    const auto names = fields(line);
    for (std::size_t i = 0; i < names.size(); ++i) column[names[i]] = i;
    break;
  }
  for (const char* need : {"group", "op", "chip", "p1", "p2", "p3", "value", "unit"}) {
    if (!column.contains(need))
      return fail("core.columns", fmt::format("{}: the column '{}' is missing", csv.string(), need));
  }
  std::vector<CorePoint> out;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    const auto f = fields(line);
    const auto get = [&](const char* name) {
      const auto it = column.find(name);
      return it == column.end() || it->second >= f.size() ? std::string() : f[it->second];
    };
    CorePoint p;
    p.group = get("group");
    p.op = get("op");
    if (p.op.ends_with("_1_core")) p.op.resize(p.op.size() - 7);
    p.chip = get("chip");
    p.p1 = number(get("p1"));
    p.p2 = number(get("p2"));
    p.p3 = number(get("p3"));
    p.cycles = number(get("cycles"));
    const double value = number(get("value"));
    if (value <= 0) continue;
    if (p.group == "move")
      p.cycles = p.p1 * 1024 / (value * kGiB) * 1.85e9;  // the tables are at 1.85 GHz
    else if (p.cycles <= 0)
      p.cycles = p.p1 / value;
    else if (const double times = p.cycles * value / (p.p2 * 256);
             p.group == "vector" && times > 900 && times < 1100)
      p.cycles /= 1000;  // one table gives the cycles of a thousand instructions beside the rate of one
    out.push_back(std::move(p));
  }
  return out;
}

Result<double> core_point_cycles(const catalog::Chip& chip, const CorePoint& p) {
  const NpuCosts c = npu_costs(chip);
  if (p.group == "move") return move_cycles(chip, c, p);
  if (p.group == "mmad") return mmad_cycles(chip, c, p);
  return vector_op_cycles(chip, c, p);
}

std::vector<CoreTable> core_table_errors(const catalog::Chip& chip, const std::vector<CorePoint>& points,
                                         std::vector<std::string>* skipped) {
  std::map<std::string, std::vector<double>> errors;
  std::set<std::string> without;
  for (const CorePoint& p : points) {
    const auto cycles = core_point_cycles(chip, p);
    const std::string name = p.group + " " + p.op + " " + p.chip;
    if (cycles)
      errors[name].push_back(std::abs(*cycles / p.cycles - 1));
    else
      without.insert(name);
  }
  if (skipped) skipped->assign(without.begin(), without.end());
  std::vector<CoreTable> out;
  for (const auto& [name, e] : errors)
    out.push_back({name, static_cast<int>(e.size()), quantile(e, 0.5), quantile(e, 0.9)});
  return out;
}

}  // namespace etalon::chip
