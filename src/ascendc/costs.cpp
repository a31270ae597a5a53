// SPDX-License-Identifier: Apache-2.0
#include "ascendc/costs.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace etalon::ascendc {
namespace {

using chip::VectorClass;

struct OpTrait {
  const char* name;
  VectorClass cls;
};

constexpr std::array<OpTrait, kAscOps> make_traits() {
  std::array<OpTrait, kAscOps> t{};
  for (auto& e : t) e = {"vector", VectorClass::unary};
  t[kAscAdd] = {"Add", VectorClass::binary};
  t[kAscSub] = {"Sub", VectorClass::binary};
  t[kAscMul] = {"Mul", VectorClass::binary};
  t[kAscDiv] = {"Div", VectorClass::divide};
  t[kAscMax] = {"Max", VectorClass::binary};
  t[kAscMin] = {"Min", VectorClass::binary};
  t[kAscAnd] = {"And", VectorClass::binary};
  t[kAscOr] = {"Or", VectorClass::binary};
  t[kAscAddRelu] = {"AddRelu", VectorClass::binary};
  t[kAscSubRelu] = {"SubRelu", VectorClass::binary};
  t[kAscMulAddDst] = {"MulAddDst", VectorClass::multiply_add};
  t[kAscFusedMulAdd] = {"FusedMulAdd", VectorClass::multiply_add};
  t[kAscFusedMulAddRelu] = {"FusedMulAddRelu", VectorClass::multiply_add};
  t[kAscAdds] = {"Adds", VectorClass::unary};
  t[kAscMuls] = {"Muls", VectorClass::unary};
  t[kAscMaxs] = {"Maxs", VectorClass::unary};
  t[kAscMins] = {"Mins", VectorClass::unary};
  t[kAscLeakyRelu] = {"LeakyRelu", VectorClass::unary};
  t[kAscShiftLeft] = {"ShiftLeft", VectorClass::unary};
  t[kAscShiftRight] = {"ShiftRight", VectorClass::unary};
  t[kAscAxpy] = {"Axpy", VectorClass::axpy};
  t[kAscExp] = {"Exp", VectorClass::transcendental};
  t[kAscLn] = {"Ln", VectorClass::transcendental};
  t[kAscAbs] = {"Abs", VectorClass::unary};
  t[kAscSqrt] = {"Sqrt", VectorClass::transcendental};
  t[kAscRsqrt] = {"Rsqrt", VectorClass::unary};
  t[kAscReciprocal] = {"Reciprocal", VectorClass::unary};
  t[kAscRelu] = {"Relu", VectorClass::unary};
  t[kAscNot] = {"Not", VectorClass::unary};
  t[kAscCast] = {"Cast", VectorClass::convert};
  t[kAscCopy] = {"Copy", VectorClass::copy};
  t[kAscDuplicate] = {"Duplicate", VectorClass::copy};
  t[kAscCompare] = {"Compare", VectorClass::compare};
  t[kAscCompares] = {"Compares", VectorClass::compare_scalar};
  t[kAscSelect] = {"Select", VectorClass::select};
  t[kAscWholeSum] = {"WholeReduceSum", VectorClass::whole_sum};
  t[kAscWholeMax] = {"WholeReduceMax", VectorClass::whole_extreme};
  t[kAscWholeMin] = {"WholeReduceMin", VectorClass::whole_extreme};
  t[kAscBlockSum] = {"BlockReduceSum", VectorClass::block_reduce};
  t[kAscBlockMax] = {"BlockReduceMax", VectorClass::block_reduce};
  t[kAscBlockMin] = {"BlockReduceMin", VectorClass::block_reduce};
  t[kAscPairSum] = {"PairReduceSum", VectorClass::pair_reduce};
  t[kAscRepeatSum] = {"RepeatReduceSum", VectorClass::whole_sum};
  t[kAscBrcb] = {"Brcb", VectorClass::copy};
  t[kAscGather] = {"Gather", VectorClass::gather};
  t[kAscGatherBlock] = {"Gatherb", VectorClass::gather_block};
  t[kAscGatherMask] = {"GatherMask", VectorClass::gather_mask};
  t[kAscTranspose16] = {"Transpose", VectorClass::transpose};
  t[kAscTransposeBlocks] = {"TransDataTo5HD", VectorClass::transpose};
  t[kAscSort32] = {"Sort32", VectorClass::sort};
  t[kAscMrgSort] = {"MrgSort", VectorClass::merge_sort};
  t[kAscArange] = {"CreateVecIndex", VectorClass::unary};
  t[kAscCompareBits] = {"Compare", VectorClass::compare};
  t[kAscSetBits] = {"SetCmpMask", VectorClass::copy};
  t[kAscGetBits] = {"GetCmpMask", VectorClass::copy};
  return t;
}
constexpr auto kTraits = make_traits();

// Two sources read in the same cycle from different rows of one bank group wait for each other. A repeat
// reads eight consecutive groups per source: only a distance of exactly half the groups keeps them apart.
bool operands_conflict(const etalon_asc_vector& v, const InstructionCosts& costs) {
  if (v.sources != 2 || v.src0 == v.src1) return false;
  const auto groups = static_cast<std::uint32_t>(costs.bank_groups);
  return (v.src0 / 32 - v.src1 / 32) % groups != groups / 2;
}

}  // namespace

const char* name_of(EtalonAscOp op) { return kTraits[op].name; }
chip::VectorClass class_of(EtalonAscOp op) { return kTraits[op].cls; }

int bytes_of(int type) {
  static constexpr int sizes[kAscTypes] = {2, 2, 4, 1, 1, 2, 2, 4, 4, 8, 8, 1, 1, 1, 1, 1, 1, 1};
  return sizes[type];
}

std::int64_t repeats_of(const etalon_asc_vector& v) {
  if (v.op == kAscMrgSort) {
    const std::int64_t pairs =
        (v.extra[2] & 0xffff) + (v.extra[2] >> 16) + (v.extra[3] & 0xffff) + (v.extra[3] >> 16);
    return (pairs + 31) / 32 * v.repeat;
  }
  if (v.op == kAscGatherMask && v.extra[0] != 0)  // so many elements at a time
    return v.repeat * ((std::int64_t{v.extra[0]} * bytes_of(v.src_type) + 255) / 256);
  std::int64_t elements = 0;
  if (v.count_form != 0)
    elements = v.repeat;
  else if (v.counter != 0)
    elements = static_cast<std::int64_t>(v.mask[0]);
  else
    return v.repeat;
  const int size = v.op == kAscCompare || v.op == kAscCompares || v.op == kAscCompareBits
                       ? bytes_of(v.src_type)
                       : std::max(bytes_of(v.dst_type), bytes_of(v.src_type));
  return (elements * size + 255) / 256;
}

double vector_cycles(const etalon_asc_vector& v, const InstructionCosts& costs) {
  const auto cls = class_of(static_cast<EtalonAscOp>(v.op));
  const int wide = std::max(bytes_of(v.dst_type), bytes_of(v.src_type)) >= 4 ? 1 : 0;
  double per_repeat = costs.vector_repeat[static_cast<int>(cls)][wide];
  if (cls == VectorClass::gather_mask) per_repeat = costs.squeeze;  // GatherMask counts what it keeps
  return static_cast<double>(repeats_of(v)) * per_repeat / costs.vector_issue + conflict_cycles(v, costs);
}

double conflict_cycles(const etalon_asc_vector& v, const InstructionCosts& costs) {
  const bool is_binary = class_of(static_cast<EtalonAscOp>(v.op)) == VectorClass::binary;
  if (!is_binary || !operands_conflict(v, costs)) return 0;
  return static_cast<double>(repeats_of(v)) * costs.bank_conflict / costs.vector_issue;
}

double mmad_cycles(const etalon_asc_mmad& d, const InstructionCosts& costs) {
  double rate = 0;
  switch (d.a_type) {
    case kAscF16:
      rate = costs.macs_fp16;
      break;
    case kAscBf16:
      rate = costs.macs_bf16;
      break;
    case kAscF32:
      rate = (d.hf32 & 1) != 0 ? costs.macs_hf32 : costs.macs_fp32;
      break;
    case kAscS4:
      rate = costs.macs_int4;
      break;
    case kAscE4m3:
    case kAscE5m2:
    case kAscHif8:
      rate = costs.macs_fp8;
      break;
    default:
      rate = costs.macs_int8;
  }
  if (rate <= 0) return 0;
  const int k0 = d.a_type == kAscS4 ? 64 : 32 / bytes_of(d.a_type);
  const double macs = ((d.m + 15) / 16) * 16.0 * ((d.n + 15) / 16) * 16.0 * ((d.k + k0 - 1) / k0) * k0;
  return macs / rate;
}

double unaligned_bytes(std::uint64_t address, std::int64_t rows, std::int64_t row_bytes, std::int64_t pitch,
                       const InstructionCosts& costs) {
  const auto line = static_cast<std::int64_t>(costs.line);
  if (!costs.unaligned_costs || line <= 0 || rows <= 0 || row_bytes <= 0) return 0;
  const auto offset = static_cast<std::int64_t>(address % static_cast<std::uint64_t>(line));
  const std::int64_t aligned = (row_bytes + line - 1) / line;
  const auto beyond = [&](std::int64_t o) {  // lines touched beyond those of an aligned row
    const std::int64_t lines = (o + row_bytes + line - 1) / line;
    return static_cast<double>((lines - aligned) * line) * costs.unaligned_lines;
  };
  if (rows == 1 || pitch % line == 0) return static_cast<double>(rows) * beyond(offset);
  double sum = 0;
  std::int64_t o = offset;
  for (std::int64_t r = 0; r < rows; ++r) {
    sum += beyond(o);
    o = (o + pitch) % line;
  }
  return sum;
}

double transfer_cycles(const chip::TransferCost& cost, std::int64_t rows) {
  return std::max(cost.minimum, cost.issue + static_cast<double>(rows) * cost.row);
}

}  // namespace etalon::ascendc
