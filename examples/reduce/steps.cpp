// SPDX-License-Identifier: Apache-2.0
// The single steps that reductions are made of. Of one tile of 1024 floats (16 repeats of 64):
//   PairReduceSum     neighbours: 512 values           BlockReduceSum / Max / Min   blocks of 8 floats: 128
//   values each WholeReduceSum    repeats of 64 floats: 16 values  RepeatReduceSum              the same,
//   under its other name
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 1024, kRepeats = kTile / 64, kPairs = kTile / 2, kBlocks8 = kTile / 8;
constexpr uint32_t kMax = kPairs + kBlocks8, kMin = kMax + kBlocks8, kWhole = kMin + kBlocks8,
                   kRepeat = kWhole + kRepeats, kTotal = kRepeat + kRepeats;

extern "C" __global__ __vector__ void steps(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kTile);
  to.SetGlobalBuffer((__gm__ float*)y, kTotal);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, kTile * sizeof(float));
  pipe.InitBuffer(out, 1, kTotal * sizeof(float));

  LocalTensor<float> a = in.AllocTensor<float>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  a = in.DeQue<float>();
  LocalTensor<float> r = out.AllocTensor<float>();
  const int32_t all = 64;  // elements of a repeat that take part
  // The destination stride counts what a repeat gives: 32 sums (128 bytes) of pairs, 8 of blocks, 1 of the
  // whole.
  PairReduceSum(r, a, kRepeats, all, 1, 1, 8);
  BlockReduceSum(r[kPairs], a, kRepeats, all, 1, 1, 8);
  BlockReduceMax(r[kMax], a, kRepeats, all, 1, 1, 8);
  BlockReduceMin(r[kMin], a, kRepeats, all, 1, 1, 8);
  WholeReduceSum(r[kWhole], a, all, kRepeats, 1, 1, 8);
  RepeatReduceSum(r[kRepeat], a, kRepeats, all, 1, 1, 1, 8);
  out.EnQue(r);
  in.FreeTensor(a);
  r = out.DeQue<float>();
  DataCopy(to, r, kTotal);
  out.FreeTensor(r);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kTile, -1, 1);
  example::Buffer<float> dx(x), dy(kTotal);
  steps<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto over = [&](size_t first, size_t count, auto join) {
    double r = x[first];
    for (size_t i = first + 1; i < first + count; ++i) r = join(r, double(x[i]));
    return r;
  };
  const auto plus = [](double a, double b) { return a + b; };
  const auto larger = [](double a, double b) { return std::fmax(a, b); };
  const auto smaller = [](double a, double b) { return std::fmin(a, b); };
  const auto golden = [&](size_t i) {
    if (i < kPairs) return over(2 * i, 2, plus);
    if (i < kMax) return over(8 * (i - kPairs), 8, plus);
    if (i < kMin) return over(8 * (i - kMax), 8, larger);
    if (i < kWhole) return over(8 * (i - kMin), 8, smaller);
    return over(64 * ((i - kWhole) % kRepeats), 64, plus);
  };
  return example::compare("reduce/steps", dy.read(), golden, 1e-6);
}
