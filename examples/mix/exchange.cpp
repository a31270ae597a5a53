// SPDX-License-Identifier: Apache-2.0
// Mode 1: the two vector cores of one block among themselves. Each sums one half of a row, both need the
// whole sum: they swap their partial sums through device memory. The cube core has nothing to do here.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kHalf = 1024, kRow = 2 * kHalf, kSlot = 8;

__global__ __mix__(1, 2) void subtract_mean(GM_ADDR x, GM_ADDR partial, GM_ADDR y) {
  if ASCEND_IS_AIV {
    using namespace AscendC;
    const uint32_t me = GetBlockIdx(), other = me ^ 1;  // sub-blocks 0 and 1 of a block are neighbours
    GlobalTensor<float> from, sums, to;
    from.SetGlobalBuffer((__gm__ float*)x + me * kHalf, kHalf);
    sums.SetGlobalBuffer((__gm__ float*)partial, 2 * GetBlockNum() * kSlot);
    to.SetGlobalBuffer((__gm__ float*)y + me * kHalf, kHalf);
    TPipe pipe;
    TQue<TPosition::VECIN, 1> in, in_sum;
    TQue<TPosition::VECOUT, 1> out, out_sum;
    TBuf<TPosition::VECCALC> work_buffer;
    pipe.InitBuffer(in, 1, kHalf * sizeof(float));
    pipe.InitBuffer(out, 1, kHalf * sizeof(float));
    pipe.InitBuffer(in_sum, 1, kSlot * sizeof(float));
    pipe.InitBuffer(out_sum, 1, kSlot * sizeof(float));
    pipe.InitBuffer(work_buffer, 1024);

    LocalTensor<float> a = in.AllocTensor<float>();
    DataCopy(a, from, kHalf);
    in.EnQue(a);
    a = in.DeQue<float>();
    LocalTensor<float> mine = out_sum.AllocTensor<float>();
    Duplicate(mine, 0.0f, kSlot);
    PipeBarrier<PIPE_V>();
    ReduceSum(mine, a, work_buffer.Get<float>(), kHalf);
    out_sum.EnQue(mine);
    mine = out_sum.DeQue<float>();
    DataCopy(sums[me * kSlot], mine, kSlot);
    CrossCoreSetFlag<1, PIPE_MTE3>(5);
    CrossCoreWaitFlag(5);
    LocalTensor<float> theirs = in_sum.AllocTensor<float>();
    DataCopy(theirs, sums[other * kSlot], kSlot);
    in_sum.EnQue(theirs);
    theirs = in_sum.DeQue<float>();
    Add(theirs, theirs, mine, kSlot);
    const event_t added = static_cast<event_t>(pipe.FetchEventID(HardEvent::V_S));
    SetFlag<HardEvent::V_S>(added);
    WaitFlag<HardEvent::V_S>(added);
    const float mean = theirs.GetValue(0) / kRow;
    LocalTensor<float> b = out.AllocTensor<float>();
    Adds(b, a, -mean, kHalf);
    out.EnQue(b);
    in.FreeTensor(a);
    in_sum.FreeTensor(theirs);
    out_sum.FreeTensor(mine);
    b = out.DeQue<float>();
    DataCopy(to, b, kHalf);
    out.FreeTensor(b);
  }
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kBlocks * kRow, 0, 10);
  example::Buffer<float> dx(x), partial(2 * kBlocks * kSlot), dy(kBlocks * kRow);
  subtract_mean<<<kBlocks, nullptr, acl.stream>>>(dx, partial, dy);
  acl.wait();
  std::vector<double> mean(kBlocks);
  for (size_t i = 0; i < x.size(); ++i) mean[i / kRow] += double(x[i]) / kRow;
  return example::compare("mix/exchange", dy.read(), [&](size_t i) { return x[i] - mean[i / kRow]; }, 1e-5);
}
