// SPDX-License-Identifier: Apache-2.0
// Compiled as C++17: device code sees only the headers of api/, by the name it uses for them.
#include "kernel_operator.h"

using namespace AscendC;

class AddKernel {
 public:
  __aicore__ inline void Init(GM_ADDR x, GM_ADDR y, GM_ADDR z, std::uint32_t n) {
    x_.SetGlobalBuffer((__gm__ half*)x, n);
    y_.SetGlobalBuffer((__gm__ half*)y, n);
    z_.SetGlobalBuffer((__gm__ half*)z, n);
    pipe_.InitBuffer(in_x_, 2, 1024);
    pipe_.InitBuffer(in_y_, 2, 1024);
    pipe_.InitBuffer(out_, 2, 1024);
    pipe_.InitBuffer(calc_, 2048);
  }
  __aicore__ inline void Process() {
    LocalTensor<half> x = in_x_.AllocTensor<half>(), y = in_y_.AllocTensor<half>();
    DataCopy(x, x_, 512);
    DataCopy(y, y_, 512);
    in_x_.EnQue(x);
    in_y_.EnQue(y);
    x = in_x_.DeQue<half>();
    y = in_y_.DeQue<half>();
    LocalTensor<half> z = out_.AllocTensor<half>();
    Add(z, x, y, 512);
    Muls(z, z, (half)2.0f, (uint64_t)128, 4, {1, 1, 8, 8});
    uint64_t mask[2] = {0xffffffffull, 0};
    Exp(z, z, mask, 4, {1, 1, 8, 8});
    LocalTensor<float> wide = calc_.Get<float>();
    Cast(wide, z, RoundMode::CAST_NONE, 512);
    ReduceSum(wide, wide, wide, 512);
    out_.EnQue<half>(z);
    in_x_.FreeTensor(x);
    in_y_.FreeTensor(y);
    z = out_.DeQue<half>();
    DataCopy(z_, z, 512);
    out_.FreeTensor(z);
  }

 private:
  TPipe pipe_;
  TQue<QuePosition::VECIN, 2> in_x_, in_y_;
  TQue<QuePosition::VECOUT, 2> out_;
  TBuf<TPosition::VECCALC> calc_;
  GlobalTensor<half> x_, y_, z_;
};

extern "C" __global__ __aicore__ void add_check(GM_ADDR x, GM_ADDR y, GM_ADDR z, std::uint32_t n) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  AddKernel op;
  op.Init(x, y, z, n);
  op.Process();
}

extern "C" __global__ __aicore__ void cube_check(GM_ADDR c) {
  TPipe pipe;
  TBuf<TPosition::A1> l1;
  TBuf<TPosition::A2> l0a;
  TBuf<TPosition::B2> l0b;
  TBuf<TPosition::CO1> l0c;
  pipe.InitBuffer(l1, 512);
  pipe.InitBuffer(l0a, 512);
  pipe.InitBuffer(l0b, 512);
  pipe.InitBuffer(l0c, 1024);
  LoadData(l0a.Get<half>(), l1.Get<half>(), LoadData2DParams(0, 1, 1, 0, 0, false, 0));
  PipeBarrier<PIPE_ALL>();
  Mmad(l0c.Get<float>(), l0a.Get<half>(), l0b.Get<half>(), MmadParams());
  GlobalTensor<half> out;
  out.SetGlobalBuffer((__gm__ half*)c);
  Fixpipe<half, float, CFG_ROW_MAJOR>(out, l0c.Get<float>(), FixpipeParamsV220());
  if (get_block_idx() % 2 == 0) CrossCoreSetFlag<2, PIPE_FIX>(0);
}
