// SPDX-License-Identifier: Apache-2.0
// Calls the kernel of a shared library, as extension modules of frameworks do.
#include "device_memory.h"

extern "C" void launch_multiply_and_scale(uint32_t blocks, void* stream, uint8_t* a, uint8_t* b, uint8_t* c);

int main() {
  const aclrtStream stream = start();
  constexpr int kBlocks = 3, kSize = 32, kAll = kBlocks * kSize * kSize;
  std::vector<aclFloat16> a(kAll), b(kAll);
  std::vector<float> fa(kAll), fb(kAll);
  for (int i = 0; i < kAll; ++i) {
    fa[i] = static_cast<float>(i % 7 - 3), fb[i] = static_cast<float>(i % 11 - 5);
    a[i] = aclFloatToFloat16(fa[i]), b[i] = aclFloatToFloat16(fb[i]);
  }
  uint8_t* c = to_device(std::vector<float>(kAll));
  launch_multiply_and_scale(kBlocks, stream, to_device(a), to_device(b), c);
  MUST(aclrtSynchronizeStream(stream));
  bool right = true;
  const std::vector<float> got = from_device<float>(c, kAll);
  for (int block = 0; block < kBlocks; ++block) {
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) {
        const int at = block * kSize * kSize;
        double sum = 0;
        for (int k = 0; k < kSize; ++k) sum += double(fa[at + i * kSize + k]) * fb[at + k * kSize + j];
        right = right && got[at + i * kSize + j] == (i % 2 == 0 ? 2 : 1) * sum;
      }
    }
  }
  return finish(right);
}
