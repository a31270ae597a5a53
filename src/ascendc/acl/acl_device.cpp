// SPDX-License-Identifier: Apache-2.0
// Start and end, devices and contexts.
#include <fmt/format.h>

#include <cctype>
#include <cstdio>

#include "ascendc/acl/exit_code.h"
#include "ascendc/acl/runtime.h"

using namespace etalon::ascendc;

namespace {

aclError null_pointer(const char* function, const char* argument) {
  return refuse(ACL_ERROR_INVALID_PARAM, function, "acl.null", fmt::format("{} is null", argument));
}

aclError no_such_device(const char* function, int device) {
  const int count = Runtime::get().device_count();
  if (count == 0) {
    if (const auto chip = Runtime::get().chip(); !chip)
      return refuse(ACL_ERROR_RT_NO_DEVICE, function, chip.error().code.c_str(), chip.error().message,
                    chip.error().fix);
  }
  return refuse(ACL_ERROR_RT_INVALID_DEVICEID, function, "acl.device",
                fmt::format("device {}, expected 0 to {}", device, count - 1));
}

}  // namespace

extern "C" {

aclError aclInit(const char*) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (r.initialised)
    return refuse(ACL_ERROR_REPEAT_INITIALIZE, __func__, "acl.order", "called twice", "call it once");
  const auto chip = r.chip();
  if (!chip) {
    std::fprintf(stderr, "etalon: %s\n", chip.error().text().c_str());
    note_exit(kWrongChip);
    return refuse(ACL_ERROR_INTERNAL_ERROR, __func__, chip.error().code.c_str(), chip.error().message,
                  chip.error().fix);
  }
  r.initialised = true;
  r.was_finalised = false;
  return ACL_SUCCESS;
}

aclError aclFinalize(void) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (!r.initialised) {
    return refuse(r.was_finalised ? ACL_ERROR_REPEAT_FINALIZE : ACL_ERROR_UNINITIALIZE, __func__, "acl.order",
                  r.was_finalised ? "called twice" : "without aclInit");
  }
  r.initialised = false;
  r.was_finalised = true;
  return ACL_SUCCESS;
}

aclError aclrtSetDevice(int32_t device) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  const aclError code = r.use_device(device);
  if (code != ACL_SUCCESS) return no_such_device(__func__, device);
  ++r.device(device)->users;
  return ACL_SUCCESS;
}

aclError aclrtResetDevice(int32_t device) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (device < 0 || device >= r.device_count()) return no_such_device(__func__, device);
  VirtualDevice& d = *r.device(device);
  if (d.users > 0 && --d.users > 0) return ACL_SUCCESS;
  // What the program left on the device goes with it; its handles are unknown from now on.
  const auto is_here = [&](aclrtContext c) {
    const auto it = r.contexts.find(c);
    return it != r.contexts.end() && it->second.device == device;
  };
  std::erase_if(r.streams, [&](const auto& s) { return is_here(s.second.context); });
  std::erase_if(r.contexts, [&](const auto& c) { return c.second.device == device; });
  const auto buffers = d.device->buffers();
  for (const Buffer& b : buffers) {
    d.device->release(b.host);
    if (d.written) d.written->remove(b.host);
    d.arena->release(b.host);
  }
  d.failed = false;
  return ACL_SUCCESS;
}

aclError aclrtResetDeviceForce(int32_t device) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (device >= 0 && device < r.device_count()) r.device(device)->users = 0;
  return aclrtResetDevice(device);
}

aclError aclrtGetDevice(int32_t* device) {
  if (device == nullptr) return null_pointer(__func__, "device");
  const Lock lock(Runtime::get().mutex);
  const ContextState* context = Runtime::get().current_context();
  if (context == nullptr)
    return refuse(ACL_ERROR_RT_CONTEXT_NULL, __func__, "acl.no-context", "no device is set",
                  "call aclrtSetDevice");
  *device = context->device;
  return ACL_SUCCESS;
}

aclError aclrtGetDeviceCount(uint32_t* count) {
  if (count == nullptr) return null_pointer(__func__, "count");
  const Lock lock(Runtime::get().mutex);
  const int found = Runtime::get().device_count();
  if (found == 0) return no_such_device(__func__, 0);
  *count = static_cast<uint32_t>(found);
  return ACL_SUCCESS;
}

aclError aclrtGetRunMode(aclrtRunMode* mode) {
  if (mode == nullptr) return null_pointer(__func__, "mode");
  *mode = ACL_HOST;
  return ACL_SUCCESS;
}

aclError aclrtGetVersion(int32_t* major, int32_t* minor, int32_t* patch) {
  if (major == nullptr || minor == nullptr || patch == nullptr) return null_pointer(__func__, "a result");
  *major = 1, *minor = 0, *patch = 0;
  return ACL_SUCCESS;
}

// The vendor's spelling of the chip's name: ascend-910b1 is Ascend910B1.
const char* aclrtGetSocName(void) {
  static std::string name;
  const Lock lock(Runtime::get().mutex);
  const auto chip = Runtime::get().chip();
  if (!chip) return nullptr;
  name.clear();
  for (const char c : (*chip)->name) {
    if (c == '-') continue;
    name += static_cast<char>(name.size() >= 6 || name.empty() ? std::toupper(c) : c);
  }
  return name.c_str();
}

aclError aclrtGetDeviceInfo(uint32_t device, aclrtDevAttr attribute, int64_t* value) {
  if (value == nullptr) return null_pointer(__func__, "value");
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (device >= static_cast<uint32_t>(r.device_count()))
    return no_such_device(__func__, static_cast<int>(device));
  const etalon::catalog::Chip& chip = **r.chip();
  const auto bytes = [&](const char* fact) {
    return static_cast<int64_t>(chip.get<etalon::Bytes>(fact).value);
  };
  switch (attribute) {
    case ACL_DEV_ATTR_AICORE_CORE_NUM:
    case ACL_DEV_ATTR_CUBE_CORE_NUM:
      *value = r.device(static_cast<int>(device))->device->costs().cubes;
      return ACL_SUCCESS;
    case ACL_DEV_ATTR_VECTOR_CORE_NUM:
      *value = r.device(static_cast<int>(device))->device->costs().vectors;
      return ACL_SUCCESS;
    case ACL_DEV_ATTR_UBUF_PER_VECTOR_CORE:
      *value = r.device(static_cast<int>(device))->device->costs().ub_size;
      return ACL_SUCCESS;
    case ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE:
      *value = bytes("hbm.capacity");
      return ACL_SUCCESS;
    case ACL_DEV_ATTR_L2_CACHE_SIZE:
      *value = bytes("l2.capacity");
      return ACL_SUCCESS;
    default:
      return refuse(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, __func__, "acl.unsupported",
                    fmt::format("attribute {} is not modelled", static_cast<int>(attribute)));
  }
}

aclError aclGetDeviceCapability(uint32_t device, aclDeviceInfo info, int64_t* value) {
  const aclrtDevAttr attribute = info == ACL_DEVICE_INFO_VECTOR_CORE_NUM ? ACL_DEV_ATTR_VECTOR_CORE_NUM
                                 : info == ACL_DEVICE_INFO_L2_SIZE       ? ACL_DEV_ATTR_L2_CACHE_SIZE
                                                                         : ACL_DEV_ATTR_AICORE_CORE_NUM;
  return aclrtGetDeviceInfo(device, attribute, value);
}

aclError aclrtDeviceCanAccessPeer(int32_t* can, int32_t device, int32_t peer) {
  if (can == nullptr) return null_pointer(__func__, "can");
  const Lock lock(Runtime::get().mutex);
  const int count = Runtime::get().device_count();
  *can = device >= 0 && peer >= 0 && device < count && peer < count && device != peer ? 1 : 0;
  return ACL_SUCCESS;
}

aclError aclrtDeviceEnablePeerAccess(int32_t peer, uint32_t) {
  const Lock lock(Runtime::get().mutex);
  return peer >= 0 && peer < Runtime::get().device_count() ? ACL_SUCCESS : no_such_device(__func__, peer);
}

aclError aclrtDeviceDisablePeerAccess(int32_t peer) { return aclrtDeviceEnablePeerAccess(peer, 0); }

// Flags between cores need no address here; kernels pass the value on and nobody looks at it.
aclError aclrtGetHardwareSyncAddr(void** address) {
  if (address == nullptr) return null_pointer(__func__, "address");
  *address = nullptr;
  return ACL_SUCCESS;
}

aclError aclrtCreateContext(aclrtContext* context, int32_t device) {
  if (context == nullptr) return null_pointer(__func__, "context");
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (r.device(device) == nullptr) return no_such_device(__func__, device);
  *context = r.new_handle();
  r.contexts[*context] = {device, false};
  ++r.device(device)->users;
  thread_state().context = *context;
  return ACL_SUCCESS;
}

aclError aclrtDestroyContext(aclrtContext context) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  const auto it = r.contexts.find(context);
  if (it == r.contexts.end())
    return refuse(ACL_ERROR_RT_CONTEXT_NULL, __func__, "acl.handle", "no such context, or destroyed before");
  --r.device(it->second.device)->users;
  std::erase_if(r.streams, [&](const auto& s) { return s.second.context == context; });
  r.contexts.erase(it);
  return ACL_SUCCESS;
}

aclError aclrtSetCurrentContext(aclrtContext context) {
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  if (!r.contexts.contains(context))
    return refuse(ACL_ERROR_RT_CONTEXT_NULL, __func__, "acl.handle", "no such context, or destroyed before");
  thread_state().context = context;
  return ACL_SUCCESS;
}

aclError aclrtGetCurrentContext(aclrtContext* context) {
  if (context == nullptr) return null_pointer(__func__, "context");
  const Lock lock(Runtime::get().mutex);
  if (Runtime::get().current_context(context) == nullptr)
    return refuse(ACL_ERROR_RT_CONTEXT_NULL, __func__, "acl.no-context", "no device is set",
                  "call aclrtSetDevice");
  return ACL_SUCCESS;
}

}  // extern "C"
