// SPDX-License-Identifier: Apache-2.0
// Tiling as a struct by value: the host decides how the work is cut, with what the platform says about the
// chip, and the kernel is told. y = a x + b over any number of elements, on all vector cores, in tiles that
// fill half of the unified buffer.
#include <algorithm>

#include "../common.h"
#include "kernel_operator.h"
#include "tiling/platform/platform_ascendc.h"

struct Tiling {
  uint32_t count, per_block, tile;  // elements; all but `count` multiples of 8
  float a, b;
};

extern "C" __global__ __vector__ void affine(GM_ADDR x, GM_ADDR y, Tiling tiling) {
  using namespace AscendC;
  const uint32_t first = GetBlockIdx() * tiling.per_block;
  if (first >= tiling.count) return;
  const uint32_t mine = tiling.count - first < tiling.per_block ? tiling.count - first : tiling.per_block;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x + first, mine);
  to.SetGlobalBuffer((__gm__ float*)y + first, mine);
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECOUT, 2> out;
  pipe.InitBuffer(in, 2, tiling.tile * sizeof(float));
  pipe.InitBuffer(out, 2, tiling.tile * sizeof(float));
  for (uint32_t at = 0; at < mine; at += tiling.tile) {
    const uint32_t count = mine - at < tiling.tile ? mine - at : tiling.tile;
    const DataCopyExtParams bytes(1, count * sizeof(float), 0, 0, 0);
    LocalTensor<float> a = in.AllocTensor<float>();
    DataCopyPad(a, from[at], bytes, DataCopyPadExtParams<float>());
    in.EnQue(a);
    a = in.DeQue<float>();
    LocalTensor<float> b = out.AllocTensor<float>();
    Muls(b, a, tiling.a, count);
    PipeBarrier<PIPE_V>();
    Adds(b, b, tiling.b, count);
    out.EnQue(b);
    in.FreeTensor(a);
    b = out.DeQue<float>();
    DataCopyPad(to[at], b, bytes);
    out.FreeTensor(b);
  }
}

Tiling plan(uint32_t count, uint32_t& blocks) {
  const auto* platform = platform_ascendc::PlatformAscendCManager::GetInstance();
  uint64_t unified_buffer = 0;
  platform->GetCoreMemSize(platform_ascendc::CoreMemType::UB, unified_buffer);
  const auto up = [](uint32_t value) { return (value + 7) / 8 * 8; };
  Tiling t;
  t.count = count;
  t.per_block = up((count + platform->GetCoreNumAiv() - 1) / platform->GetCoreNumAiv());
  // Four buffers in half of the memory: the rest is for whoever changes this kernel.
  t.tile = std::min<uint32_t>(t.per_block, unified_buffer / 2 / 4 / sizeof(float) / 8 * 8);
  t.a = 0.5f;
  t.b = -2.0f;
  blocks = (count + t.per_block - 1) / t.per_block;
  return t;
}

int main() {
  example::Session acl;
  int wrong = 0;
  for (const uint32_t count : {1u, 1000u, 300'001u}) {
    uint32_t blocks = 0;
    const Tiling tiling = plan(count, blocks);
    const std::vector<float> x = example::numbers(count, -9, 9);
    example::Buffer<float> dx(x), dy(count);
    affine<<<blocks, nullptr, acl.stream>>>(dx, dy, tiling);
    acl.wait();
    wrong |= example::compare("tiling/by_value", dy.read(), [&](size_t i) { return 0.5 * x[i] - 2.0; }, 1e-6);
  }
  return wrong;
}
