// SPDX-License-Identifier: Apache-2.0
// A kernel in a file of its own: launched by name, or run by ICPU_RUN_KF. Tiling through device memory.
#include "by_name_tiling.h"
#include "kernel_operator.h"

REGISTER_TILING_DEFAULT(ScaleTiling);

extern "C" __global__ __aicore__ void scale(GM_ADDR x, GM_ADDR y, GM_ADDR tiling_data, int32_t times,
                                            ScaleTiling by_value) {
  GET_TILING_DATA(tiling, tiling_data);
  AscendC::TPipe pipe;
  AscendC::TBuf<AscendC::TPosition::VECCALC> buffer;
  pipe.InitBuffer(buffer, tiling.count * sizeof(float));
  AscendC::LocalTensor<float> local = buffer.Get<float>();
  AscendC::GlobalTensor<float> in, out;
  in.SetGlobalBuffer((__gm__ float*)x + block_idx * tiling.count, tiling.count);
  out.SetGlobalBuffer((__gm__ float*)y + block_idx * tiling.count, tiling.count);
  AscendC::DataCopy(local, in, tiling.count);
  set_flag(PIPE_MTE2, PIPE_V, EVENT_ID0);
  wait_flag(PIPE_MTE2, PIPE_V, EVENT_ID0);
  for (int32_t i = 0; i < times; ++i) {
    AscendC::Muls(local, local, tiling.factor, tiling.count);
    pipe_barrier(PIPE_V);
  }
  AscendC::Adds(local, local, by_value.factor, tiling.count);
  set_flag(PIPE_V, PIPE_MTE3, EVENT_ID0);
  wait_flag(PIPE_V, PIPE_MTE3, EVENT_ID0);
  AscendC::DataCopy(out, local, tiling.count);
}

// Kernels for newer cores alone are hidden from older ones, and with them from the host, which launches them
// by name. A block of 32 bytes is read from 12; a queue has no bytes at first and is given some later.
#if __CCE_AICORE__ >= 220
extern "C" __global__ __aicore__ void newer_cores(GM_ADDR three, GM_ADDR y, int64_t count) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  AscendC::TPipe pipe;
  AscendC::TQue<AscendC::TPosition::VECIN, 1> queue;
  AscendC::GlobalTensor<float> in, out;
  in.SetGlobalBuffer((__gm__ float*)three, 3);
  out.SetGlobalBuffer((__gm__ float*)y, count);
  for (uint32_t bytes = 0; bytes <= 32; bytes += 32) {
    pipe.InitBuffer(queue, 1, bytes);
    AscendC::LocalTensor<float> local = queue.AllocTensor<float>();
    if (bytes > 0) AscendC::DataCopy(local, in, 8);
    queue.EnQue(local);
    local = queue.DeQue<float>();
    for (int64_t i = 0; i < min(count, static_cast<int64_t>(bytes)); ++i) out.SetValue(i, local.GetValue(i));
    queue.FreeTensor(local);
  }
}
#endif
