// SPDX-License-Identifier: Apache-2.0
// A kernel in a file of its own: launched by name, or run by ICPU_RUN_KF. Tiling through device memory.
#include "by_name_tiling.h"
#include "kernel_operator.h"

REGISTER_TILING_DEFAULT(ScaleTiling);

extern "C" __global__ __aicore__ void scale(GM_ADDR x, GM_ADDR y, GM_ADDR tiling_data, int32_t times, ScaleTiling by_value) {
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
