// SPDX-License-Identifier: Apache-2.0
// A mix kernel for a shared library: the cube core multiplies, the vector cores scale rows of the product. In forms that
// kernels in the wild use: queue calls that fill a tensor, the older names of gaps, the block by GetBlockIdx() divided by
// GetSubBlockNum() on either kind of core, both operands by LoadData 3D.
#include "kernel_operator.h"

using namespace AscendC;

constexpr uint32_t kSize = 32;  // A, B and C are kSize x kSize

__aicore__ inline void to_l1(const LocalTensor<half>& l1, const GlobalTensor<half>& from) {
  DataCopy(l1, from, Nd2NzParams(1, kSize, kSize, 0, kSize, kSize, 1, 0));
}
__aicore__ inline void to_l0(const LocalTensor<half>& l0, const LocalTensor<half>& l1) {
  LoadData3DParamsV2<half> p;
  p.l1H = 1;
  p.l1W = kSize;
  p.channelSize = p.kExtension = p.mExtension = kSize;
  LoadData(l0, l1, p);
}

class Product {
 public:
  __aicore__ inline void Process(const GlobalTensor<half>& a, const GlobalTensor<half>& b, const GlobalTensor<float>& c) {
    TPipe pipe;
    pipe.InitBuffer(a1_, 1, kSize * kSize * sizeof(half));
    pipe.InitBuffer(b1_, 1, kSize * kSize * sizeof(half));
    pipe.InitBuffer(a2_, 1, kSize * kSize * sizeof(half));
    pipe.InitBuffer(b2_, 1, kSize * kSize * sizeof(half));
    pipe.InitBuffer(out_, 1, kSize * kSize * sizeof(float));
    LocalTensor<half> l;
    a1_.AllocTensor<half>(l), to_l1(l, a), a1_.EnQue(l);
    b1_.AllocTensor<half>(l), to_l1(l, b), b1_.EnQue(l);
    move(a1_, a2_);
    move(b1_, b2_);
    LocalTensor<half> l0a, l0b;
    a2_.DeQue<half>(l0a);
    b2_.DeQue<half>(l0b);
    LocalTensor<float> l0c;
    out_.AllocTensor<float>(l0c);
    MmadParams p;
    p.m = p.n = p.k = kSize;
    Mmad(l0c, l0a, l0b, p);
    a2_.FreeTensor(l0a), b2_.FreeTensor(l0b);
    out_.EnQue(l0c), out_.DeQue<float>(l0c);
    FixpipeParamsV220 f;
    f.nSize = f.mSize = f.srcStride = f.dstStride = kSize;
    Fixpipe(c, l0c, f);
    out_.FreeTensor(l0c);
  }

 private:
  template <class From, class To>
  __aicore__ inline void move(From& from, To& to) {
    LocalTensor<half> l1, l0;
    from.template DeQue<half>(l1);
    to.template AllocTensor<half>(l0);
    to_l0(l0, l1);
    to.EnQue(l0);
    from.FreeTensor(l1);
  }
  TQue<TPosition::A1, 1> a1_;
  TQue<TPosition::B1, 1> b1_;
  TQue<TPosition::A2, 1> a2_;
  TQue<TPosition::B2, 1> b2_;
  TQue<TPosition::CO1, 1> out_;
};

// Every other row of this vector core's half of C, times two.
__aicore__ inline void scale_rows(const GlobalTensor<float>& c) {
  TPipe pipe;
  TQue<TPosition::VECIN, 1> in;
  TQue<TPosition::VECOUT, 1> out;
  constexpr uint32_t rows = kSize / 4;
  pipe.InitBuffer(in, 1, rows * kSize * sizeof(float));
  pipe.InitBuffer(out, 1, rows * kSize * sizeof(float));
  DataCopyParams gaps;
  gaps.blockCount = rows;
  gaps.blockLen = gaps.srcStride = kSize * sizeof(float) / 32;
  LocalTensor<float> x, y;
  in.AllocTensor<float>(x);
  DataCopy(x, c, gaps);
  in.EnQue(x), in.DeQue<float>(x);
  out.AllocTensor<float>(y);
  Muls(y, x, 2.0f, rows * kSize);
  out.EnQue(y), out.DeQue<float>(y);
  in.FreeTensor(x);
  gaps.srcStride = 0;
  gaps.dstStride = kSize * sizeof(float) / 32;
  DataCopy(c, y, gaps);
  out.FreeTensor(y);
}

extern "C" __global__ __aicore__ void multiply_and_scale(GM_ADDR a, GM_ADDR b, GM_ADDR c) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_2);
  const uint32_t block = GetBlockIdx() / GetSubBlockNum(), at = block * kSize * kSize;
  GlobalTensor<half> as, bs;
  GlobalTensor<float> cs;
  as.SetGlobalBuffer((__gm__ half*)a + at, kSize * kSize);
  bs.SetGlobalBuffer((__gm__ half*)b + at, kSize * kSize);
  cs.SetGlobalBuffer((__gm__ float*)c + at, kSize * kSize);
  if ASCEND_IS_AIC {
    Product product;
    product.Process(as, bs, cs);
    CrossCoreSetFlag<0x2, PIPE_FIX>(3);
  }
  if ASCEND_IS_AIV {
    CrossCoreWaitFlag(3);
    scale_rows(cs[GetSubBlockIdx() * kSize / 2 * kSize]);
  }
}

extern "C" void launch_multiply_and_scale(uint32_t blocks, void* stream, uint8_t* a, uint8_t* b, uint8_t* c) {
  multiply_and_scale<<<blocks, nullptr, stream>>>(a, b, c);
}
