// SPDX-License-Identifier: Apache-2.0
// Lengths that are no multiple of 32 bytes: DataCopyPad moves single bytes. y = |x| over 1003 halves on 3
// cores, which get 335, 335 and 333.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kCount = 1003, kBlocks = 3, kPerBlock = (kCount + kBlocks - 1) / kBlocks, kBuffer = 352;

extern "C" __global__ __vector__ void absolute(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  const uint32_t first = GetBlockIdx() * kPerBlock;
  const uint32_t count = kCount - first < kPerBlock ? kCount - first : kPerBlock;
  GlobalTensor<half> from, to;
  from.SetGlobalBuffer((__gm__ half*)x + first, count);
  to.SetGlobalBuffer((__gm__ half*)y + first, count);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, kBuffer * sizeof(half));
  pipe.InitBuffer(out, 1, kBuffer * sizeof(half));

  LocalTensor<half> a = in.AllocTensor<half>();
  DataCopyExtParams bytes;
  bytes.blockCount = 1;
  bytes.blockLen = count * sizeof(half);
  DataCopyPad(a, from, bytes, DataCopyPadExtParams<half>());  // the last 32 bytes are filled up
  in.EnQue(a);
  a = in.DeQue<half>();
  LocalTensor<half> b = out.AllocTensor<half>();
  Abs(b, a, count);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<half>();
  DataCopyPad(to, b, bytes);  // and here exactly `count` halves leave: the neighbour's are untouched
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::halved(example::numbers(kCount, -4, 4));
  example::Buffer<aclFloat16> dx(example::to_half(x)), dy(kCount);
  absolute<<<kBlocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) { return std::fabs(double(x[i])); };
  return example::compare("move/tail", example::from_half(dy.read()), golden, 0);
}
