// SPDX-License-Identifier: Apache-2.0
// The sum of a long vector: every core sums its part with ReduceSum, and adds it to one number in device
// memory. Atomic mode makes the store an addition, so that no core needs to wait for another.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 8, kTile = 4096, kCount = kBlocks * kTile;

extern "C" __global__ __vector__ void sum(GM_ADDR x, GM_ADDR total) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ float*)total, 1);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> work;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, 32);
  pipe.InitBuffer(work, kTile / 64 * sizeof(float));  // a partial sum for each repeat of 64 floats

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> s = out.AllocTensor<float>();
  ReduceSum(s, a, work.Get<float>(), kTile);
  out.EnQue(s);
  in.FreeTensor(a);
  s = out.DeQue<float>();
  SetAtomicAdd<float>();
  DataCopyPad(to, s, DataCopyExtParams(1, sizeof(float), 0, 0, 0));  // four bytes: DataCopy moves 32 at least
  SetAtomicNone();
  out.FreeTensor(s);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, 0, 1);
  double golden = 0;
  for (const float v : x) golden += v;
  example::Buffer<float> dx(x), total(1);  // starts from zero
  sum<<<kBlocks, nullptr, acl.stream>>>(dx, total);
  acl.wait();
  return example::compare("reduce/sum", total.read(), [&](size_t) { return golden; }, 1e-5);
}
