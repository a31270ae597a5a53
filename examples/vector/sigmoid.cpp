// SPDX-License-Identifier: Apache-2.0
// y = 1 / (1 + exp(-x)) in half precision: Exp and Reciprocal, the transcendental instructions of the vector
// unit.
//
// Halves are computed in float: 11 bits of the input leave no room for rounding each of four steps. Cast
// widens on the way in and rounds once on the way out.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 4, kTile = 1024, kCount = kBlocks * kTile;

extern "C" __global__ __vector__ void sigmoid(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<half> from, to;
  from.SetGlobalBuffer((__gm__ half*)x + GetBlockIdx() * kTile, kTile);
  to.SetGlobalBuffer((__gm__ half*)y + GetBlockIdx() * kTile, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> wide;  // for the floats in between: no queue, only the vector unit touches them
  pipe.InitBuffer(in, 1, kTile * sizeof(half));
  pipe.InitBuffer(out, 1, kTile * sizeof(half));
  pipe.InitBuffer(wide, kTile * sizeof(float));

  LocalTensor<half> a = in.AllocTensor<half>();
  DataCopy(a, from, kTile);
  in.EnQue(a);
  a = in.DeQue<half>();
  LocalTensor<float> w = wide.Get<float>();
  Cast(w, a, RoundMode::CAST_NONE, kTile);  // exact
  PipeBarrier<PIPE_V>();
  in.FreeTensor(a);
  Muls(w, w, -1.0f, kTile);
  PipeBarrier<PIPE_V>();
  Exp(w, w, kTile);
  PipeBarrier<PIPE_V>();
  Adds(w, w, 1.0f, kTile);
  PipeBarrier<PIPE_V>();
  Reciprocal(w, w, kTile);
  PipeBarrier<PIPE_V>();
  LocalTensor<half> b = out.AllocTensor<half>();
  Cast(b, w, RoundMode::CAST_RINT, kTile);  // to nearest, ties to even
  out.EnQue(b);
  b = out.DeQue<half>();
  DataCopy(to, b, kTile);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::halved(example::numbers(kCount, -9, 9));
  example::Buffer<aclFloat16> dx(example::to_half(x)), dy(kCount);
  sigmoid<<<kBlocks, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) { return 1.0 / (1.0 + std::exp(-double(x[i]))); };
  return example::compare("vector/sigmoid", example::from_half(dy.read()), golden,
                          5e-4);  // half of 2^-10 below 1
}
