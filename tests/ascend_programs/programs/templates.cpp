// SPDX-License-Identifier: Apache-2.0
#include "templates.h"

#include "ascendc/host_api/tiling/template_argument.h"

bool more(aclrtStream stream);

namespace {
__global__ __vector__ void hidden(GM_ADDR, int) {}  // a name of this file only
// The instances that a build in advance would make; here launches make them. COVERS("ASCENDC_TPL_UI_LIST",
// "ASCENDC_TPL_UI_RANGE", "ASCENDC_TPL_2_BW", "ASCENDC_TPL_8_BW", "ASCENDC_TPL_AIV_ONLY")
ASCENDC_TPL_ARGS_DECL(Scaled, ASCENDC_TPL_UINT_DECL(TILE, ASCENDC_TPL_8_BW, ASCENDC_TPL_UI_LIST, 1, 2),
                      ASCENDC_TPL_UINT_DECL(BLOCKS, ASCENDC_TPL_2_BW, ASCENDC_TPL_UI_RANGE, 1, 0, 3),
                      ASCENDC_TPL_BOOL_DECL(DOUBLED, 0, 1));
#define SCALED_INSTANCE(tile)                                                 \
  ASCENDC_TPL_ARGS_SEL(ASCENDC_TPL_UINT_SEL(TILE, ASCENDC_TPL_UI_LIST, tile), \
                       ASCENDC_TPL_BOOL_SEL(DOUBLED, 0, 1),                   \
                       ASCENDC_TPL_KERNEL_TYPE_SEL(ASCENDC_TPL_AIV_ONLY))
ASCENDC_TPL_SEL(SCALED_INSTANCE(1), SCALED_INSTANCE(2));

template <uint32_t TILE, bool DOUBLED>
__global__ __aicore__ void scaled(GM_ADDR x, GM_ADDR z, uint32_t n) {
  if constexpr (DOUBLED) {
    Add<float> kernel;
    kernel.Init(x, x, z, n, TILE * 64);
    kernel.Process();
  }
}

bool instances(aclrtStream stream) {
  const std::vector<float> x(256, 3.0f);
  uint8_t *from = to_device(x), *to = to_device(x);
  scaled<2, true><<<1, nullptr, stream>>>(from, to, 256);
  scaled<1, false><<<1, nullptr, stream>>>(to, from, 256);
  MUST(aclrtSynchronizeStream(stream));
  return from_device<float>(to, 256) == std::vector<float>(256, 6.0f) && from_device<float>(from, 256) == x;
}

}  // namespace

int main() {
  const aclrtStream stream = start();
  bool right = Launcher<float>{stream}.run(2048) && Launcher<int32_t>{stream}.run(1024) && more(stream) &&
               instances(stream);
  hidden<<<1, nullptr, stream>>>(nullptr, 1);
  MUST(aclrtSynchronizeStream(stream));
  return finish(right);
}
