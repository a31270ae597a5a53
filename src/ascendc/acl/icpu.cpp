// SPDX-License-Identifier: Apache-2.0
// The interface of kernels that are run without AscendCL: ICPU_RUN_KF and what goes with it.
#include <cstring>

#include "ascendc/acl/launch_abi.h"
#include "ascendc/acl/runtime.h"

using namespace etalon::ascendc;

namespace {

std::uint64_t tiling_key = 0;
std::uint32_t kernel_mode = ETALON_KERNEL_MIX_1_2;

bool have_device() {
  Runtime& r = Runtime::get();
  return r.current_context() != nullptr || r.use_device(0) == ACL_SUCCESS;
}

}  // namespace

extern "C" {

void etalon_set_tiling_key(uint64_t key) { tiling_key = key; }
uint64_t etalon_tiling_key(void) { return tiling_key; }
void etalon_set_kernel_mode(uint32_t type) { kernel_mode = type; }

void* etalon_gm_alloc(uint64_t bytes) {
  const Lock lock(Runtime::get().mutex);
  void* address = nullptr;
  if (!have_device() || aclrtMalloc(&address, bytes, ACL_MEM_MALLOC_HUGE_FIRST) != ACL_SUCCESS)
    return nullptr;
  // The program fills it through the pointer, unseen: it counts as written.
  VirtualDevice& d = *Runtime::get().device(Runtime::get().place_of(address).device);
  if (d.written) d.written->remove(address);
  return address;
}

void etalon_gm_free(void* address) {
  if (address != nullptr) aclrtFree(address);
}

int etalon_launch_icpu(const etalon_launch_config* config, void (*body)(void*), void* closure) {
  if (config == nullptr) return etalon_launch(nullptr, body, closure);
  const Lock lock(Runtime::get().mutex);
  etalon_launch_config c = {};
  std::memcpy(&c, config, config->size < sizeof c ? config->size : sizeof c);
  c.size = sizeof c;
  have_device();  // if not, the launch says why
  if (c.type == ETALON_KERNEL_UNKNOWN) c.type = kernel_mode;
  const bool scratch = etalon_matmul_scratch_of_host != nullptr;
  if (scratch) etalon_matmul_scratch_of_host(1);
  const int status = etalon_launch(&c, body, closure);
  if (scratch) etalon_matmul_scratch_of_host(0);
  return status;
}

}  // extern "C"
