// SPDX-License-Identifier: Apache-2.0
// The long form of a vector instruction: mask, repeats and strides. y = a matrix whose odd rows are doubled.
//
// A repeat is 256 bytes: 8 blocks of 32 bytes, here 64 floats. The matrix has rows of 48 floats (6 blocks),
// so a repeat takes one row: the mask selects its first 48 elements, and the stride from repeat to repeat, in
// blocks, skips a row. What no mask selects keeps its value.
#include "../common.h"
#include "kernel_operator.h"

constexpr uint32_t kRows = 32, kColumns = 48, kCount = kRows * kColumns,
                   kRowBlocks = kColumns * sizeof(float) / 32;

extern "C" __global__ __vector__ void double_odd_rows(GM_ADDR x, GM_ADDR y) {
  using namespace AscendC;
  GlobalTensor<float> from, to;
  from.SetGlobalBuffer((__gm__ float*)x, kCount);
  to.SetGlobalBuffer((__gm__ float*)y, kCount);
  TPipe pipe;
  TQueBind<TPosition::VECIN, TPosition::VECOUT, 1>
      queue;  // one buffer that is read, changed in place and written
  pipe.InitBuffer(queue, 1, kCount * sizeof(float));

  LocalTensor<float> a = queue.AllocTensor<float>();
  DataCopy(a, from, kCount);
  // The queue's own flag goes from MTE2 straight to MTE3; the vector unit in between needs two more.
  const event_t loaded = static_cast<event_t>(pipe.FetchEventID(HardEvent::MTE2_V));
  SetFlag<HardEvent::MTE2_V>(loaded);
  WaitFlag<HardEvent::MTE2_V>(loaded);
  const LocalTensor<float> odd = a[kColumns];
  UnaryRepeatParams rows;
  rows.dstBlkStride = 1;  // blocks of a repeat follow one another
  rows.srcBlkStride = 1;
  rows.dstRepStride = 2 * kRowBlocks;  // repeats are two rows apart
  rows.srcRepStride = 2 * kRowBlocks;
  const uint64_t first_48 = kColumns;  // one number: so many elements from the start of a repeat
  Muls(odd, odd, 2.0f, first_48, kRows / 2, rows);
  const event_t doubled = static_cast<event_t>(pipe.FetchEventID(HardEvent::V_MTE3));
  SetFlag<HardEvent::V_MTE3>(doubled);
  WaitFlag<HardEvent::V_MTE3>(doubled);
  queue.EnQue(a);
  a = queue.DeQue<float>();
  DataCopy(to, a, kCount);
  queue.FreeTensor(a);
}

int main() {
  example::Session acl;
  const std::vector<float> x = example::numbers(kCount, -4, 4);
  example::Buffer<float> dx(x), dy(kCount);
  double_odd_rows<<<1, nullptr, acl.stream>>>(dx, dy);
  acl.wait();
  const auto golden = [&](size_t i) { return double(x[i]) * (i / kColumns % 2 == 1 ? 2 : 1); };
  return example::compare("vector/mask_and_repeat", dy.read(), golden, 0);
}
