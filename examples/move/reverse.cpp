// SPDX-License-Identifier: Apache-2.0
// Gather: every element from wherever its offset says, in bytes. The offsets n - 1, n - 2, ... turn a vector
// round.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 1024;

extern "C" __global__ __vector__ void reverse(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kTile);
  to.SetGlobalBuffer((__gm__ float*)y, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> offset_buffer;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTile * sizeof(float));
  pipe.InitBuffer(offset_buffer, kTile * sizeof(int32_t));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  LocalTensor<int32_t> offsets = offset_buffer.Get<int32_t>();
  CreateVecIndex(offsets, int32_t(0), kTile);  // while the data is on its way
  PipeBarrier<PIPE_V>();
  Muls(offsets, offsets, int32_t(-4), kTile);
  PipeBarrier<PIPE_V>();
  Adds(offsets, offsets, int32_t(4 * (kTile - 1)), kTile);
  PipeBarrier<PIPE_V>();
  a = in.DeQue<float>();
  LocalTensor<float> b = out.AllocTensor<float>();
  Gather(b, a, offsets.ReinterpretCast<uint32_t>(), 0, kTile);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<float>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kTile, -1, 1);
  example::Buffer<float> dx(x), dy(kTile);
  reverse<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  return example::compare("move/reverse", dy.read(), [&](size_t i) { return double(x[kTile - 1 - i]); }, 0);
}
