// SPDX-License-Identifier: Apache-2.0
// arch: dav-3510
// COVERS_ON("dav-3510", "SatMode", "SAT")
// Rows of float to fp8 with a scale per row: the largest magnitude of a row becomes 448, the largest
// fp8_e4m3fn_t. Cast puts an fp8 into every fourth byte of a register; DIST_PACK4_B32 stores these bytes
// alone. The host decodes what it gets.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 16, kWidth = 256, kLanes = 64;
static constexpr AscendC::Reg::CastTrait kToFp8 = {AscendC::Reg::RegLayout::ZERO, AscendC::Reg::SatMode::SAT,
                                                   AscendC::Reg::MaskMergeMode::ZEROING,
                                                   AscendC::RoundMode::CAST_RINT};

__global__ __vector__ void quantise(GM_ADDR x, GM_ADDR y, GM_ADDR scales) {
  using namespace AscendC;
  TPipe pipe;
  TBuf<TPosition::VECCALC> in, out, per_row;
  pipe.InitBuffer(in, kRows * kWidth * sizeof(float));
  pipe.InitBuffer(out, kRows * kWidth);
  pipe.InitBuffer(per_row, kRows * sizeof(float));
  GlobalTensor<float> gx, gs;
  GlobalTensor<uint8_t> gy;
  gx.SetGlobalBuffer((__gm__ float*)x, kRows * kWidth);
  gy.SetGlobalBuffer((__gm__ uint8_t*)y, kRows * kWidth);
  gs.SetGlobalBuffer((__gm__ float*)scales, kRows);
  DataCopy(in.Get<float>(), gx, kRows * kWidth);
  SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
  WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
  __ubuf__ float* from = (__ubuf__ float*)in.Get<float>().GetPhyAddr();
  __ubuf__ uint8_t* to = (__ubuf__ uint8_t*)out.Get<uint8_t>().GetPhyAddr();
  __ubuf__ float* of_row = (__ubuf__ float*)per_row.Get<float>().GetPhyAddr();
  __VEC_SCOPE__ {
    MicroAPI::RegTensor<float> v, most, scale, largest;
    MicroAPI::RegTensor<fp8_e4m3fn_t> small;
    MicroAPI::MaskReg all = MicroAPI::CreateMask<float, MicroAPI::MaskPattern::ALL>();
    MicroAPI::Duplicate(largest, 448.0f);
    for (uint16_t r = 0; r < static_cast<uint16_t>(kRows); ++r) {
      MicroAPI::Duplicate(most, 0.0f);
      for (uint16_t i = 0; i < static_cast<uint16_t>(kWidth / kLanes); ++i) {
        MicroAPI::DataCopy(v, from + r * kWidth + i * kLanes);
        MicroAPI::Abs(v, v, all);
        MicroAPI::Max(most, most, v, all);
      }
      MicroAPI::ReduceMax(most, most, all);
      MicroAPI::Duplicate(most, most, all);
      MicroAPI::Div(scale, most, largest, all);
      MicroAPI::DataCopy<float, MicroAPI::StoreDist::DIST_FIRST_ELEMENT_B32>(of_row + r, scale, all);
      for (uint16_t i = 0; i < static_cast<uint16_t>(kWidth / kLanes); ++i) {
        MicroAPI::DataCopy(v, from + r * kWidth + i * kLanes);
        MicroAPI::Div(v, v, scale, all);
        MicroAPI::Cast<fp8_e4m3fn_t, float, kToFp8>(small, v, all);
        MicroAPI::DataCopy<uint8_t, MicroAPI::PostLiteral::POST_MODE_UPDATE,
                           MicroAPI::StoreDist::DIST_PACK4_B32>(to, (MicroAPI::RegTensor<uint8_t>&)small,
                                                                static_cast<int32_t>(kLanes), all);
      }
    }
  }
  SetFlag<HardEvent::V_MTE3>(EVENT_ID0);
  WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
  DataCopy(gy, out.Get<uint8_t>(), kRows * kWidth);
  DataCopy(gs, per_row.Get<float>(), kRows);
}

// fp8 with four exponent and three mantissa bits.
double decoded(uint8_t v) {
  const int e = v >> 3 & 15, m = v & 7;
  const double magnitude = e == 0 ? std::ldexp(m, -9) : std::ldexp(8 + m, e - 10);
  return (v & 128) != 0 ? -magnitude : magnitude;
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kRows * kWidth, -30, 30, 5);
  example::Buffer<float> dx(x), ds(kRows);
  example::Buffer<uint8_t> dy(kRows * kWidth);
  quantise<<<1, nullptr, acl.stream>>>(dx, dy, ds);
  acl.wait();
  const std::vector<uint8_t> y = dy.read();
  const std::vector<float> scales = ds.read();
  std::vector<double> errors;
  for (size_t i = 0; i < y.size(); ++i) {
    double most = 0;
    for (size_t j = 0; j < kWidth; ++j) most = std::fmax(most, std::fabs(double(x[i / kWidth * kWidth + j])));
    // Half a unit in the last of three bits, or of the smallest number.
    const double unit = std::fmax(std::fabs(double(x[i])) / 16, most / 448 / 1024);
    errors.push_back(std::fabs(decoded(y[i]) * scales[i / kWidth] - x[i]) / unit);
  }
  return example::compare("registers/quantise", errors, [](size_t) { return 0.5; }, 0.5001);
}
