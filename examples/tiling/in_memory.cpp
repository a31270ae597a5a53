// SPDX-License-Identifier: Apache-2.0
// Tiling through device memory, as operators of the library get it: the host copies a struct there, the
// kernel registers the struct and reads it with GET_TILING_DATA_WITH_STRUCT.
#include "../common.h"
#include "kernel_operator.h"

struct Shape {
  uint32_t rows, columns;
};
struct Tiling {
  Shape shape;
  uint32_t rows_per_block;
  float scale;
};

extern "C" __global__ __vector__ void scale_rows(GM_ADDR x, GM_ADDR y, GM_ADDR tiling) {
  using namespace AscendC;
  REGISTER_TILING_DEFAULT(Tiling);
  GET_TILING_DATA_WITH_STRUCT(Tiling, t, tiling);
  const uint32_t first = GetBlockIdx() * t.rows_per_block, columns = t.shape.columns;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, t.shape.rows * columns);
  to.SetGlobalBuffer((__gm__ float*)y, t.shape.rows * columns);
  TPipe pipe;
  TQue<TPosition::VECIN, 2> in;
  TQue<TPosition::VECOUT, 2> out;
  pipe.InitBuffer(in, 2, columns * sizeof(float));
  pipe.InitBuffer(out, 2, columns * sizeof(float));
  for (uint32_t row = first; row < first + t.rows_per_block && row < t.shape.rows; ++row) {
    LocalTensor<float> a = in.AllocTensor<float>();
    DataCopy(a, from[row * columns], columns);
    in.EnQue(a);
    a = in.DeQue<float>();
    LocalTensor<float> b = out.AllocTensor<float>();
    Muls(b, a, t.scale * static_cast<float>(row), columns);
    out.EnQue(b);
    in.FreeTensor(a);
    b = out.DeQue<float>();
    DataCopy(to[row * columns], b, columns);
    out.FreeTensor(b);
  }
}

int main() {
  example::Session acl;
  const Tiling tiling = {{50, 128}, 7, 0.25f};
  const uint32_t blocks = (tiling.shape.rows + tiling.rows_per_block - 1) / tiling.rows_per_block;
  const size_t count = tiling.shape.rows * tiling.shape.columns;
  const std::vector<float> x = example::numbers(count, -1, 1);
  example::Buffer<float> dx(x), dy(count);
  example::Buffer<Tiling> dt(std::vector<Tiling>{tiling});
  scale_rows<<<blocks, nullptr, acl.stream>>>(dx, dy, dt);
  acl.wait();
  const auto golden = [&](size_t i) { return double(x[i]) * 0.25 * double(i / tiling.shape.columns); };
  return example::compare("tiling/in_memory", dy.read(), golden, 1e-6);
}
