// SPDX-License-Identifier: Apache-2.0
// SoftMax of the library: by_hand.cpp in one call, for rows of any multiple of 8 floats. The host asks how
// much temporary memory the call may use and fills a tiling struct for it; the kernel gets both.
#include "../common.h"
#include "kernel_operator.h"
#include "tiling/tiling_api.h"

constexpr uint32_t kRows = 32, kColumns = 160, kCount = kRows * kColumns, kBlocks = 3;

struct Tiling {
  uint32_t temporary;  // bytes
  SoftMaxTiling softmax;
};

extern "C" __global__ __vector__ void softmax(GM_ADDR x, GM_ADDR y, Tiling tiling) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kCount, kCount);
  to.SetGlobalBuffer((__gm__ float*)y + GetBlockIdx() * kCount, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> sum_buffer, max_buffer, temporary_buffer;
  pipe.InitBuffer(in, 1, kCount * sizeof(float));
  pipe.InitBuffer(out, 1, kCount * sizeof(float));
  pipe.InitBuffer(sum_buffer,
                  kRows * 32);  // sums and maxima come out as well: a block of 32 bytes for each row
  pipe.InitBuffer(max_buffer, kRows * 32);
  pipe.InitBuffer(temporary_buffer, tiling.temporary);

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kCount);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> b = out.AllocTensor<float>();
  const SoftMaxShapeInfo shape = {kRows, kColumns, kRows, kColumns};  // with and without padding
  SoftMax<float>(b, sum_buffer.Get<float>(), max_buffer.Get<float>(), a, temporary_buffer.Get<uint8_t>(),
                 tiling.softmax, shape);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kCount);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  Tiling tiling;
  const ge::Shape shape({kRows, kColumns});
  tiling.temporary = AscendC::GetSoftMaxMaxTmpSize(shape, sizeof(float), false);
  optiling::SoftMaxTiling plan;
  AscendC::SoftMaxTilingFunc(shape, sizeof(float), tiling.temporary, plan);
  plan.SaveToBuffer(&tiling.softmax, sizeof(tiling.softmax));
  const std::vector<float> x = example::numbers(kBlocks * kCount, -20, 20);
  example::Buffer<float> dx(x), dy(kBlocks * kCount);
  softmax<<<kBlocks, nullptr, acl.stream>>>(dx, dy, tiling);
  acl.wait();
  const auto golden = [&](size_t i) {
    const float* row = &x[i / kColumns * kColumns];
    double largest = row[0], sum = 0;
    for (size_t k = 1; k < kColumns; ++k) largest = std::fmax(largest, row[k]);
    for (size_t k = 0; k < kColumns; ++k) sum += std::exp(row[k] - largest);
    return std::exp(x[i] - largest) / sum;
  };
  return example::compare("softmax/library", dy.read(), golden, 1e-6);
}
