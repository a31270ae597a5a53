// SPDX-License-Identifier: Apache-2.0
// The backward pass of a clipped ReLU: dx = 0 < x < 6 ? dy : 0. Two comparisons with a scalar, their bits
// joined by And, one Select between two tensors.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 2048;

extern "C" __global__ __vector__ void relu6_grad(GM_ADDR x, GM_ADDR dy, GM_ADDR dx) {
  using namespace AscendC;
  GlobalTensor<half> gx, gdy, gdx;
  gx.SetGlobalBuffer((__gm__ half*)x, kTile);
  gdy.SetGlobalBuffer((__gm__ half*)dy, kTile);
  gdx.SetGlobalBuffer((__gm__ half*)dx, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in_x, in_dy;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> above_buffer, below_buffer, zero_buffer;
  pipe.InitBuffer(in_x, 1, kTile * sizeof(half));
  pipe.InitBuffer(in_dy, 1, kTile * sizeof(half));
  pipe.InitBuffer(out, 1, kTile * sizeof(half));
  pipe.InitBuffer(above_buffer, kTile / 8);
  pipe.InitBuffer(below_buffer, kTile / 8);
  pipe.InitBuffer(zero_buffer, kTile * sizeof(half));

  LocalTensor<half> a = in_x.AllocTensor<half>(), g = in_dy.AllocTensor<half>();
  DataCopy(a, gx, kTile);
  DataCopy(g, gdy, kTile);
  in_x.EnQue(a);
  in_dy.EnQue(g);
  a = in_x.DeQue<half>();
  g = in_dy.DeQue<half>();
  LocalTensor<half> c = out.AllocTensor<half>(), zero = zero_buffer.Get<half>();
  LocalTensor<uint8_t> above = above_buffer.Get<uint8_t>(), below = below_buffer.Get<uint8_t>();
  CompareScalar(above, a, half(0.0f), CMPMODE::GT, kTile);
  CompareScalar(below, a, half(6.0f), CMPMODE::LT, kTile);
  Duplicate(zero, half(0.0f), kTile);
  PipeBarrier<PIPE_V>();
  // And works on 16-bit words: the same bytes under another type.
  LocalTensor<uint16_t> both = above.ReinterpretCast<uint16_t>();
  And(both, both, below.ReinterpretCast<uint16_t>(), kTile / 16);
  PipeBarrier<PIPE_V>();
  Select(c, above, g, zero, SELMODE::VSEL_TENSOR_TENSOR_MODE, kTile);
  out.EnQue(c);
  in_x.FreeTensor(a);
  in_dy.FreeTensor(g);
  c = out.DeQue<half>();
  DataCopy(gdx, c, kTile);
  out.FreeTensor(c);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::halved(example::numbers(kTile, -3, 9, 1)),
                           dy = example::halved(example::numbers(kTile, -1, 1, 2));
  example::Buffer<aclFloat16> gx(example::to_half(x)), gdy(example::to_half(dy)), gdx(kTile);
  relu6_grad<<<1, nullptr, acl.stream>>>(gx, gdy, gdx);
  acl.wait();
  const auto golden = [&](size_t i) { return x[i] > 0 && x[i] < 6 ? double(dy[i]) : 0.0; };
  return example::compare("vector/relu_by_mask", example::from_half(gdx.read()), golden, 0);
}
