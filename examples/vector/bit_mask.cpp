// SPDX-License-Identifier: Apache-2.0
// Masks bit by bit: two 64-bit words, a bit for each of the 128 halves of a repeat. Complex numbers (re, im,
// re, im, ...) are conjugated by negating every second element.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kCount = 128 * 16;

extern "C" __global__ __vector__ void conjugate(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<half> from, to;
  from.SetGlobalBuffer((__gm__ half*)x, kCount);
  to.SetGlobalBuffer((__gm__ half*)y, kCount);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  pipe.InitBuffer(in, 1, kCount * sizeof(half));
  pipe.InitBuffer(out, 1, kCount * sizeof(half));

  LocalTensor<half> a = in.AllocTensor<half>();
  DataCopy(a, from, kCount);
  in.EnQue(a);
  a = in.DeQue<half>();
  LocalTensor<half> b = out.AllocTensor<half>();
  const uint64_t even[2] = {0x5555555555555555u, 0x5555555555555555u};
  const uint64_t odd[2] = {0xaaaaaaaaaaaaaaaau, 0xaaaaaaaaaaaaaaaau};
  const UnaryRepeatParams dense(1, 1, 8, 8);
  Muls(b, a, half(1.0f), even, kCount / 128, dense);  // the two fill different bytes: no barrier needed
  Muls(b, a, half(-1.0f), odd, kCount / 128, dense);
  out.EnQue(b);
  in.FreeTensor(a);
  b = out.DeQue<half>();
  DataCopy(to, b, kCount);
  out.FreeTensor(b);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::halved(example::numbers(kCount, -4, 4));
  example::Buffer<aclFloat16> dx(example::to_half(x)), dy(kCount);
  conjugate<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) { return i % 2 == 1 ? -double(x[i]) : double(x[i]); };
  return example::compare("vector/bit_mask", example::from_half(dy.read()), golden, 0);
}
