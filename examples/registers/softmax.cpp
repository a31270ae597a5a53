// SPDX-License-Identifier: Apache-2.0
// arch: dav-3510
// COVERS_ON("dav-3510", "asc_vf_call", "__simd_vf__", "CastTrait", "RegLayout", "ZERO", "UNKNOWN", "NO_SAT")
// COVERS_ON("dav-3510", "RoundMode", "LocalMemBar", "MemType", "VEC_STORE", "VEC_LOAD", "VL1")
// Softmax of rows of 200 half, in registers: half is unpacked to float on its way in (DIST_UNPACK_B16 and
// Cast), packed on its way out (DIST_PACK_B32). Between the passes the exponentials lie in UB: LocalMemBar
// lets the loads of the last pass wait for the stores of the one before.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 24, kWidth = 200, kPitch = 256, kLanes = 64;
constexpr uint16_t kParts = (kWidth + kLanes - 1) / kLanes;

static constexpr AscendC::Reg::CastTrait kWiden = {
    AscendC::Reg::RegLayout::ZERO, AscendC::Reg::SatMode::UNKNOWN, AscendC::Reg::MaskMergeMode::ZEROING,
    AscendC::RoundMode::UNKNOWN};
static constexpr AscendC::Reg::CastTrait kNarrow = {
    AscendC::Reg::RegLayout::ZERO, AscendC::Reg::SatMode::NO_SAT, AscendC::Reg::MaskMergeMode::ZEROING,
    AscendC::RoundMode::CAST_RINT};

__simd_vf__ inline void Softmax(__ubuf__ half* to, __ubuf__ half* from, __ubuf__ float* exponentials,
                                uint16_t rows) {
  using namespace AscendC::Reg;
  RegTensor<half> narrow;
  RegTensor<float> x, most, part, sum, total;
  MaskReg all = CreateMask<float, MaskPattern::ALL>(), one = CreateMask<float, MaskPattern::VL1>();
  for (uint16_t r = 0; r < rows; ++r) {
    __ubuf__ half* row = from + r * kPitch;
    Duplicate(most, -65504.0f);
    uint32_t left = kWidth;
    for (uint16_t i = 0; i < kParts; ++i) {
      MaskReg mask = UpdateMask<float>(left);
      LoadAlign<half, LoadDist::DIST_UNPACK_B16>(narrow, row + i * kLanes);
      Cast<float, half, kWiden>(x, narrow, mask);
      ReduceMax(part, x, mask);
      Max<float, MaskMergeMode::MERGING>(most, most, part, one);
    }
    Duplicate(most, most, all);
    Duplicate(total, 0.0f);
    left = kWidth;
    for (uint16_t i = 0; i < kParts; ++i) {
      MaskReg mask = UpdateMask<float>(left);
      LoadAlign<half, LoadDist::DIST_UNPACK_B16>(narrow, row + i * kLanes);
      Cast<float, half, kWiden>(x, narrow, mask);
      ExpSub(x, x, most, mask);
      StoreAlign(exponentials + i * kLanes, x, mask);
      ReduceSum(sum, x, mask);
      Add<float, MaskMergeMode::MERGING>(total, total, sum, one);
    }
    Duplicate(total, total, all);
    LocalMemBar<MemType::VEC_STORE, MemType::VEC_LOAD>();
    left = kWidth;
    for (uint16_t i = 0; i < kParts; ++i) {
      MaskReg mask = UpdateMask<float>(left);
      LoadAlign(x, exponentials + i * kLanes);
      Div(x, x, total, mask);
      Cast<half, float, kNarrow>(narrow, x, mask);
      StoreAlign<half, StoreDist::DIST_PACK_B32>(to + r * kPitch + i * kLanes, narrow, mask);
    }
    LocalMemBar<MemType::VEC_LOAD, MemType::VEC_STORE>();
  }
}

__global__ __vector__ void softmax(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  TPipe pipe;
  TBuf<TPosition::VECCALC> in, out, work;
  pipe.InitBuffer(in, kRows * kPitch * sizeof(half));
  pipe.InitBuffer(out, kRows * kPitch * sizeof(half));
  pipe.InitBuffer(work, kPitch * sizeof(float));
  GlobalTensor<half> gx, gy;
  gx.SetGlobalBuffer((__gm__ half*)x, kRows * kWidth);
  gy.SetGlobalBuffer((__gm__ half*)y, kRows * kWidth);
  const LocalTensor<half> a = in.Get<half>(), b = out.Get<half>();
  const DataCopyExtParams rows(kRows, kWidth * sizeof(half), 0, (kPitch - kWidth) * sizeof(half) / 32, 0);
  DataCopyPad(a, gx, rows, DataCopyPadExtParams<half>(false, 0, 0, half(0)));
  SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
  asc_vf_call<Softmax>((__ubuf__ half*)b.GetPhyAddr(), (__ubuf__ half*)a.GetPhyAddr(),
                       (__ubuf__ float*)work.Get<float>().GetPhyAddr(), static_cast<uint16_t>(kRows));
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopyPad(gy, b,
              DataCopyExtParams(kRows, kWidth * sizeof(half), (kPitch - kWidth) * sizeof(half) / 32, 0, 0));
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::halved(example::numbers(kRows * kWidth, -6, 6, 3));
  example::Buffer<aclFloat16> dx(example::to_half(x)), dy(kRows * kWidth);
  softmax<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) {
    const size_t row = i / kWidth * kWidth;
    double most = -1e9, sum = 0;
    for (size_t j = 0; j < kWidth; ++j) most = std::fmax(most, x[row + j]);
    for (size_t j = 0; j < kWidth; ++j) sum += std::exp(x[row + j] - most);
    return std::exp(x[i] - most) / sum;
  };
  return example::compare("registers/softmax", example::from_half(dy.read()), golden, 5e-4);
}
