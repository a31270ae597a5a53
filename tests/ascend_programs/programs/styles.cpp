// SPDX-License-Identifier: Apache-2.0

// Ways of writing that published kernels have: pointers handed to a launch as void*, a kernel named like a
// function of the C library, constants that nobody declares, elements as tensor(i), comparisons as tensor
// expressions, a TBuf used like a queue, sizes that are narrowed in braces, the system's part of the
// workspace.

#include <cmath>
#include <cstdio>
#include <vector>

#include "device_memory.h"
#include "kernel_operator.h"
#include "kernel_utils.h"

using namespace AscendC;

constexpr int kCount = 1024;

class Hypot {
 public:
  __aicore__ inline Hypot(GM_ADDR x, GM_ADDR y, GM_ADDR z, size_t count) : count_(count) {
    x_.SetGlobalBuffer((__gm__ float*)x);
    y_.SetGlobalBuffer((__gm__ float*)y);
    z_.SetGlobalBuffer((__gm__ float*)z);
    pipe_.InitBuffer(in_, 2, count * B32_BYTE_SIZE);
    pipe_.InitBuffer(out_, 1, count * B32_BYTE_SIZE);
    pipe_.InitBuffer(scratch_, count * B32_BYTE_SIZE);
    pipe_.InitBuffer(bits_, count / 8);
  }
  __aicore__ inline void Process() {
    DataCopyExtParams whole = {1, count_ * sizeof(float), 0, 0, 0};
    DataCopyPadExtParams<float> none = {false, 0, 0, 0};
    LocalTensor<float> x = in_.AllocTensor<float>(), y = in_.AllocTensor<float>();
    DataCopyPad(x, x_, whole, none);
    DataCopyPad(y, y_, whole, none);
    in_.EnQue(x);
    in_.EnQue(y);
    x = in_.DeQue<float>();
    y = in_.DeQue<float>();
    LocalTensor<float> z = out_.AllocTensor<float>(), larger = scratch_.AllocTensor<float>();
    LocalTensor<uint8_t> bits = bits_.Get<uint8_t>();
    bits = x > y;
    Select(larger, bits, x, y, SELMODE::VSEL_TENSOR_TENSOR_MODE, count_);
    x = x * x;
    y = y * y;
    z = x + y;
    Sqrt(z, z, count_);
    SetFlag<HardEvent::V_S>(EVENT_ID0);
    WaitFlag<HardEvent::V_S>(EVENT_ID0);
    const float first = z(0);
    z(0) = larger(0);
    z(1) = first + PI / TWO;
    z(2) += larger(2);
    SetFlag<HardEvent::S_MTE3>(EVENT_ID0);
    WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
    out_.EnQue(z);
    z = out_.DeQue<float>();
    DataCopyPad(z_, z, whole);
    out_.FreeTensor(z);
    in_.FreeTensor(x);
    in_.FreeTensor(y);
    scratch_.FreeTensor(larger);
  }

 private:
  size_t count_;
  GlobalTensor<float> x_, y_, z_;
  TPipe pipe_;
  TQue<TPosition::VECIN, 2> in_;
  TQue<TPosition::VECOUT, 1> out_;
  TBuf<TPosition::VECCALC> scratch_, bits_;
};

extern "C" __global__ __aicore__ void hypot(GM_ADDR x, GM_ADDR y, GM_ADDR z, GM_ADDR workspace,
                                            size_t count) {
  if (GetSysWorkSpacePtr() == nullptr) return;
  SetSysWorkspace(workspace);
  if (GetSysWorkSpacePtr() != workspace || sbitset1(sbitset0(7, 1), 3) != 13) return;
  Hypot op(x, y, z, count);
  op.Process();
}

// As libraries hand kernels to frameworks: everything is void*.
struct Buffers {
  void *x, *y;
};
extern "C" int hypot_launch(Buffers b, void* z, const void* workspace, void* stream) {
  hypot<<<1, nullptr, stream>>>(b.x, b.y, z, const_cast<void*>(workspace), kCount);
  return 0;
}

int main() {
  aclrtStream stream = start();
  std::vector<float> x(kCount), y(kCount);
  for (int i = 0; i < kCount; ++i) {
    x[i] = static_cast<float>(i % 37) / 7;
    y[i] = static_cast<float>(i % 41) / 5;
  }
  uint8_t *dx = to_device(x), *dy = to_device(y), *dz = to_device(std::vector<float>(kCount)),
          *workspace = to_device(std::vector<float>(8));
  hypot_launch({dx, dy}, dz, workspace, stream);
  MUST(aclrtSynchronizeStream(stream));
  const std::vector<float> z = from_device<float>(dz, kCount);
  bool right = true;
  for (int i = 0; i < kCount; ++i) {
    double want = std::sqrt(double{x[i]} * x[i] + double{y[i]} * y[i]);
    if (i == 1) want = std::sqrt(double{x[0]} * x[0] + double{y[0]} * y[0]) + 3.14159265358979 / 2;
    if (i == 0) want = std::fmax(x[0], y[0]);
    if (i == 2) want += std::fmax(x[2], y[2]);
    right &= std::fabs(z[i] - want) <= 1e-5;
  }
  return finish(right);
}
