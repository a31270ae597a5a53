// SPDX-License-Identifier: Apache-2.0
// bfloat16_t: the vector unit has no arithmetic of it, only casts. So z = x * y goes through float and back.
#include <cstring>

#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kTile = 1024;

extern "C" __global__ __vector__ void multiply(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
  using namespace AscendC;
  GlobalTensor<bfloat16_t> gx, gy, gz;
  gx.SetGlobalBuffer((__gm__ bfloat16_t*)x, kTile);
  gy.SetGlobalBuffer((__gm__ bfloat16_t*)y, kTile);
  gz.SetGlobalBuffer((__gm__ bfloat16_t*)z, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in_x, in_y;
  TQue<TPosition::VECOUT, 1> out;
  TBuf<TPosition::VECCALC> wide_x, wide_y;
  pipe.InitBuffer(in_x, 1, kTile * sizeof(bfloat16_t));
  pipe.InitBuffer(in_y, 1, kTile * sizeof(bfloat16_t));
  pipe.InitBuffer(out, 1, kTile * sizeof(bfloat16_t));
  pipe.InitBuffer(wide_x, kTile * sizeof(float));
  pipe.InitBuffer(wide_y, kTile * sizeof(float));

  LocalTensor<bfloat16_t> a = in_x.AllocTensor<bfloat16_t>(), b = in_y.AllocTensor<bfloat16_t>();
  DataCopy(a, gx, kTile);
  DataCopy(b, gy, kTile);
  in_x.EnQue(a);
  in_y.EnQue(b);
  a = in_x.DeQue<bfloat16_t>();
  b = in_y.DeQue<bfloat16_t>();
  LocalTensor<float> fa = wide_x.Get<float>(), fb = wide_y.Get<float>();
  Cast(fa, a, RoundMode::CAST_NONE, kTile);
  Cast(fb, b, RoundMode::CAST_NONE, kTile);
  PipeBarrier<PIPE_V>();
  Mul(fa, fa, fb, kTile);
  PipeBarrier<PIPE_V>();
  LocalTensor<bfloat16_t> c = out.AllocTensor<bfloat16_t>();
  Cast(c, fa, RoundMode::CAST_RINT, kTile);
  out.EnQue(c);
  in_x.FreeTensor(a);
  in_y.FreeTensor(b);
  c = out.DeQue<bfloat16_t>();
  DataCopy(gz, c, kTile);
  out.FreeTensor(c);
}

// bfloat16 is the upper half of a float.
uint16_t upper(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, 4);
  return static_cast<uint16_t>(bits >> 16);
}
float widened(uint16_t v) {
  const uint32_t bits = static_cast<uint32_t>(v) << 16;
  float out;
  std::memcpy(&out, &bits, 4);
  return out;
}

int main() {
  example::Session acl;
  std::vector<uint16_t> x, y;
  for (const float v : example::numbers(kTile, -8, 8, 1)) x.push_back(upper(v));
  for (const float v : example::numbers(kTile, -8, 8, 2)) y.push_back(upper(v));
  example::Buffer<uint16_t> dx(x), dy(y), dz(kTile);
  multiply<<<1, nullptr, acl.stream>>>(dx, dy, dz);
  acl.wait();
  std::vector<float> z;
  for (const uint16_t v : dz.read()) z.push_back(widened(v));
  const auto golden = [&](size_t i) { return double(widened(x[i])) * widened(y[i]); };
  return example::compare("vector/bfloat16", z, golden, 1.0 / 256);  // 8 bits: half a unit in the last place
}
