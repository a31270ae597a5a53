// SPDX-License-Identifier: Apache-2.0
// One kernel for several element types: a class template with a thin kernel around it, launched for half,
// float and int32.
#include <type_traits>

#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kBlocks = 2, kTile = 512, kCount = kBlocks * kTile;

template <class T>
class Maximum {
 public:
  __aicore__ inline void Init(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
    x_.SetGlobalBuffer((__gm__ T*)x + AscendC::GetBlockIdx() * kTile, kTile);
    y_.SetGlobalBuffer((__gm__ T*)y + AscendC::GetBlockIdx() * kTile, kTile);
    z_.SetGlobalBuffer((__gm__ T*)z + AscendC::GetBlockIdx() * kTile, kTile);
    pipe_.InitBuffer(in_x_, 1, kTile * sizeof(T));
    pipe_.InitBuffer(in_y_, 1, kTile * sizeof(T));
    pipe_.InitBuffer(out_, 1, kTile * sizeof(T));
  }
  __aicore__ inline void Process() {
    AscendC::LocalTensor<T> x = in_x_.template AllocTensor<T>(), y = in_y_.template AllocTensor<T>();
    AscendC::DataCopy(x, x_, kTile);
    AscendC::DataCopy(y, y_, kTile);
    in_x_.EnQue(x);
    in_y_.EnQue(y);
    x = in_x_.template DeQue<T>();
    y = in_y_.template DeQue<T>();
    AscendC::LocalTensor<T> z = out_.template AllocTensor<T>();
    AscendC::Max(z, x, y, kTile);
    AscendC::PipeBarrier<PIPE_V>();
    AscendC::Adds(z, z, static_cast<T>(1), kTile);
    out_.EnQue(z);
    in_x_.FreeTensor(x);
    in_y_.FreeTensor(y);
    z = out_.template DeQue<T>();
    AscendC::DataCopy(z_, z, kTile);
    out_.FreeTensor(z);
  }

 private:
  AscendC::TPipe pipe_;
  AscendC::TQue<AscendC::TPosition::VECIN, 1> in_x_, in_y_;
  AscendC::TQue<AscendC::TPosition::VECOUT, 1> out_;
  AscendC::GlobalTensor<T> x_, y_, z_;
};

template <class T>
__global__ __vector__ void maximum(GM_ADDR x, GM_ADDR y, GM_ADDR z) {
  Maximum<T> op;
  op.Init(x, y, z);
  op.Process();
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::integers<float>(kCount, -50, 50, 1),
                           y = example::integers<float>(kCount, -50, 50, 2);
  const auto golden = [&](size_t i) { return std::fmax(double(x[i]), double(y[i])) + 1; };

  example::Buffer<float> fx(x), fy(y), fz(kCount);
  maximum<float><<<kBlocks, nullptr, acl.stream>>>(fx, fy, fz);
  example::Buffer<aclFloat16> hx(example::to_half(x)), hy(example::to_half(y)), hz(kCount);
  maximum<half><<<kBlocks, nullptr, acl.stream>>>(hx, hy, hz);
  example::Buffer<int32_t> ix(std::vector<int32_t>(x.begin(), x.end())),
      iy(std::vector<int32_t>(y.begin(), y.end())), iz(kCount);
  maximum<int32_t><<<kBlocks, nullptr, acl.stream>>>(ix, iy, iz);
  acl.wait();
  return example::compare("tiling/types float", fz.read(), golden, 0) |
         example::compare("tiling/types half", example::from_half(hz.read()), golden, 0) |
         example::compare("tiling/types int32", iz.read(), golden, 0);
}
