// SPDX-License-Identifier: Apache-2.0
// Memory of devices and host. Every address is looked up before it is used.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "ascendc/acl/runtime.h"

using namespace etalon::ascendc;

namespace {

aclError null_pointer(const char* function, const char* argument) {
  return refuse(ACL_ERROR_INVALID_PARAM, function, "acl.null", fmt::format("{} is null", argument));
}

// Does the host hold these addresses at all? Asks page by page without touching any.
bool is_mapped(const void* address, std::size_t bytes) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(address) / page * page;
  const std::uintptr_t last = reinterpret_cast<std::uintptr_t>(address) + bytes;
  if (last < first) return false;
  return msync(reinterpret_cast<void*>(first), last - first, MS_ASYNC) == 0;
}

// And may it write them? A byte of each page is written over itself by the system, which refuses where a
// store would end this process. Where the system does not offer that, all that is mapped counts as writable.
bool is_writable(void* address, std::size_t bytes) {
  if (bytes == 0) return true;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(address), end = begin + bytes;
  std::vector<iovec> places;
  for (std::uintptr_t at = begin; at < end; at = at / page * page + page)
    places.push_back({reinterpret_cast<void*>(at), 1});
  constexpr std::size_t kAtOnce = 1024;
  for (std::size_t i = 0; i < places.size(); i += kAtOnce) {
    const auto n = static_cast<unsigned long>(std::min(kAtOnce, places.size() - i));
    const ssize_t done = process_vm_writev(getpid(), &places[i], n, &places[i], n, 0);
    if (done < 0 && errno != EFAULT) return true;
    if (done != static_cast<ssize_t>(n)) return false;
  }
  return true;
}

enum class Side { host, device, any };

aclError check_writable(const char* function, const char* argument, void* address, std::size_t bytes) {
  if (Runtime::get().place_of(address).device >= 0 || is_writable(address, bytes)) return ACL_SUCCESS;
  return refuse(ACL_ERROR_RT_PARAM_INVALID, function, "acl.address",
                fmt::format("{}: {} bytes from {} on may not be written", argument, bytes, address));
}

// Whether `bytes` from `address` on may be copied as memory of `side`.
aclError check_range(const char* function, const char* argument, const void* address, std::size_t bytes,
                     Side side) {
  if (address == nullptr) return null_pointer(function, argument);
  const Runtime::Place place = Runtime::get().place_of(address);
  if (place.device < 0) {
    if (side == Side::device)
      return refuse(ACL_ERROR_RT_INVALID_MEMORY_TYPE, function, "acl.kind",
                    fmt::format("{} is no device memory, the kind of the copy says it is", argument),
                    "check the last argument");
    if (!is_mapped(address, bytes))
      return refuse(
          ACL_ERROR_RT_PARAM_INVALID, function, "acl.address",
          fmt::format("{}: {} bytes from {} on are no memory of this process", argument, bytes, address));
    return ACL_SUCCESS;
  }
  if (side == Side::host)
    return refuse(ACL_ERROR_RT_INVALID_MEMORY_TYPE, function, "acl.kind",
                  fmt::format("{} is device memory, the kind of the copy says host", argument),
                  "check the last argument");
  if (place.bytes == 0)
    return refuse(ACL_ERROR_RT_PARAM_INVALID, function, "acl.address",
                  fmt::format("{} points into no live allocation of device {}", argument, place.device),
                  "it was freed, or never allocated");
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - place.start);
  if (bytes > static_cast<std::size_t>(place.bytes) - offset)
    return refuse(
        ACL_ERROR_RT_PARAM_INVALID, function, "acl.range",
        fmt::format("{}: {} bytes at byte {} of an allocation of {}", argument, bytes, offset, place.bytes));
  return ACL_SUCCESS;
}

aclError sides_of(const char* function, aclrtMemcpyKind kind, Side* to, Side* from) {
  switch (kind) {
    case ACL_MEMCPY_HOST_TO_HOST:
      *to = *from = Side::host;
      return ACL_SUCCESS;
    case ACL_MEMCPY_HOST_TO_DEVICE:
    case ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE:
      *to = Side::device, *from = Side::host;
      return ACL_SUCCESS;
    case ACL_MEMCPY_DEVICE_TO_HOST:
      *to = Side::host, *from = Side::device;
      return ACL_SUCCESS;
    case ACL_MEMCPY_DEVICE_TO_DEVICE:
    case ACL_MEMCPY_INNER_DEVICE_TO_DEVICE:
    case ACL_MEMCPY_INTER_DEVICE_TO_DEVICE:
      *to = *from = Side::device;
      return ACL_SUCCESS;
    case ACL_MEMCPY_DEFAULT:
      *to = *from = Side::any;
      return ACL_SUCCESS;
  }
  return refuse(ACL_ERROR_INVALID_PARAM, function, "acl.kind",
                fmt::format("no kind of copy has number {}", static_cast<int>(kind)));
}

// Bytes that the host has written, for the hazard checker.
void note_written(const void* address, std::size_t count) {
  Runtime& r = Runtime::get();
  const Runtime::Place place = r.place_of(address);
  if (place.device < 0) return;
  if (WrittenMemory* written = r.device(place.device)->written.get()) written->mark(address, count);
}

aclError copy(const char* function, void* to, std::size_t capacity, const void* from, std::size_t count,
              aclrtMemcpyKind kind) {
  Side to_side = Side::any, from_side = Side::any;
  const Lock lock(Runtime::get().mutex);
  if (const aclError code = sides_of(function, kind, &to_side, &from_side); code != 0) return code;
  if (count > capacity)
    return refuse(ACL_ERROR_INVALID_PARAM, function, "acl.range",
                  fmt::format("{} bytes into a destination of {}", count, capacity));
  if (const aclError code = check_range(function, "the destination", to, count, to_side); code != 0)
    return code;
  if (const aclError code = check_range(function, "the source", from, count, from_side); code != 0)
    return code;
  if (const aclError code = check_writable(function, "the destination", to, count); code != 0) return code;
  std::memmove(to, from, count);
  note_written(to, count);
  return ACL_SUCCESS;
}

aclError check_stream(const char* function, aclrtStream stream) {
  const Lock lock(Runtime::get().mutex);
  if (Runtime::get().stream(stream) != nullptr) return ACL_SUCCESS;
  return refuse(ACL_ERROR_RT_INVALID_HANDLE, function, "acl.handle", "no such stream, or destroyed before");
}

}  // namespace

extern "C" {

aclError aclrtMalloc(void** address, size_t bytes, aclrtMemMallocPolicy) {
  if (address == nullptr) return null_pointer(__func__, "address");
  *address = nullptr;
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  const ContextState* context = r.current_context();
  if (context == nullptr)
    return refuse(ACL_ERROR_RT_CONTEXT_NULL, __func__, "acl.no-context", "no device is set",
                  "call aclrtSetDevice");
  if (bytes == 0) return refuse(ACL_ERROR_INVALID_PARAM, __func__, "acl.range", "0 bytes asked for");
  VirtualDevice& d = *r.device(context->device);
  const auto size =
      static_cast<std::int64_t>(std::min<std::size_t>(bytes, static_cast<std::size_t>(INT64_MAX / 2)));
  std::byte* memory = d.arena->allocate(size);
  if (memory == nullptr)
    return refuse(ACL_ERROR_RT_MEMORY_ALLOCATION, __func__, "acl.out-of-memory",
                  fmt::format("{} bytes asked for on device {}, {} of {} are free", bytes, context->device,
                              d.arena->capacity() - d.arena->used(), d.arena->capacity()),
                  "free what is no longer needed");
  d.device->adopt(memory, size);
  if (d.written) d.written->add(memory, d.device->find(memory, 1)->reachable());
  *address = memory;
  return ACL_SUCCESS;
}

aclError aclrtMallocAlign32(void** address, size_t bytes, aclrtMemMallocPolicy policy) {
  return aclrtMalloc(address, bytes, policy);
}
aclError aclrtMallocCached(void** address, size_t bytes, aclrtMemMallocPolicy policy) {
  return aclrtMalloc(address, bytes, policy);
}
aclError aclrtMemFlush(void* address, size_t bytes) {
  const Lock lock(Runtime::get().mutex);
  return check_range(__func__, "the address", address, bytes, Side::device);
}
aclError aclrtMemInvalidate(void* address, size_t bytes) { return aclrtMemFlush(address, bytes); }

aclError aclrtFree(void* address) {
  if (address == nullptr) return null_pointer(__func__, "address");
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  const Runtime::Place place = r.place_of(address);
  if (place.device < 0 || place.bytes == 0 || place.start != address)
    return refuse(ACL_ERROR_RT_PARAM_INVALID, __func__, "acl.address",
                  place.bytes > 0 ? fmt::format("byte {} of an allocation, not its start",
                                                static_cast<std::byte*>(address) - place.start)
                                  : std::string("no live allocation of a device begins here"),
                  "it was freed before, or is not from aclrtMalloc");
  VirtualDevice& d = *r.device(place.device);
  d.device->release(address);
  if (d.written) d.written->remove(address);
  d.arena->release(address);
  return ACL_SUCCESS;
}

aclError aclrtMallocHost(void** address, size_t bytes) {
  if (address == nullptr) return null_pointer(__func__, "address");
  *address = nullptr;
  if (bytes == 0) return refuse(ACL_ERROR_INVALID_PARAM, __func__, "acl.range", "0 bytes asked for");
  const Lock lock(Runtime::get().mutex);
  void* memory = bytes > SIZE_MAX - 64 ? nullptr : std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (memory == nullptr)
    return refuse(ACL_ERROR_RT_MEMORY_ALLOCATION, __func__, "acl.out-of-memory",
                  fmt::format("{} bytes of host memory asked for", bytes));
  Runtime::get().host_memory[memory] = bytes;
  *address = memory;
  return ACL_SUCCESS;
}

aclError aclrtFreeHost(void* address) {
  if (address == nullptr) return null_pointer(__func__, "address");
  const Lock lock(Runtime::get().mutex);
  if (Runtime::get().host_memory.erase(address) == 0)
    return refuse(ACL_ERROR_RT_PARAM_INVALID, __func__, "acl.address", "nothing was allocated here",
                  "it was freed before, or is not from aclrtMallocHost");
  std::free(address);
  return ACL_SUCCESS;
}

aclError aclrtMemset(void* address, size_t capacity, int32_t value, size_t count) {
  const Lock lock(Runtime::get().mutex);
  if (count > capacity)
    return refuse(ACL_ERROR_INVALID_PARAM, __func__, "acl.range",
                  fmt::format("{} bytes into a destination of {}", count, capacity));
  if (const aclError code = check_range(__func__, "the address", address, count, Side::any); code != 0)
    return code;
  if (const aclError code = check_writable(__func__, "the address", address, count); code != 0) return code;
  std::memset(address, value, count);
  note_written(address, count);
  return ACL_SUCCESS;
}

aclError aclrtMemsetAsync(void* address, size_t capacity, int32_t value, size_t count, aclrtStream stream) {
  if (const aclError code = check_stream(__func__, stream); code != 0) return code;
  return aclrtMemset(address, capacity, value, count);
}

aclError aclrtMemcpy(void* to, size_t capacity, const void* from, size_t count, aclrtMemcpyKind kind) {
  return copy(__func__, to, capacity, from, count, kind);
}

aclError aclrtMemcpyAsync(void* to, size_t capacity, const void* from, size_t count, aclrtMemcpyKind kind,
                          aclrtStream stream) {
  if (const aclError code = check_stream(__func__, stream); code != 0) return code;
  return copy(__func__, to, capacity, from, count, kind);
}

aclError aclrtMemcpy2d(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                       size_t height, aclrtMemcpyKind kind) {
  if (width > to_pitch || width > from_pitch)
    return refuse(
        ACL_ERROR_INVALID_PARAM, __func__, "acl.range",
        fmt::format("rows of {} bytes are wider than a pitch of {} or {}", width, to_pitch, from_pitch));
  for (size_t row = 0; row < height; ++row) {
    const aclError code = copy(__func__, static_cast<std::byte*>(to) + row * to_pitch, width,
                               static_cast<const std::byte*>(from) + row * from_pitch, width, kind);
    if (code != ACL_SUCCESS) return code;
  }
  return ACL_SUCCESS;
}

aclError aclrtMemcpy2dAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                            size_t height, aclrtMemcpyKind kind, aclrtStream stream) {
  if (const aclError code = check_stream(__func__, stream); code != 0) return code;
  return aclrtMemcpy2d(to, to_pitch, from, from_pitch, width, height, kind);
}

aclError aclrtGetMemInfo(aclrtMemAttr, size_t* free_bytes, size_t* total_bytes) {
  if (free_bytes == nullptr || total_bytes == nullptr) return null_pointer(__func__, "a result");
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  const ContextState* context = r.current_context();
  if (context == nullptr)
    return refuse(ACL_ERROR_RT_CONTEXT_NULL, __func__, "acl.no-context", "no device is set",
                  "call aclrtSetDevice");
  const Arena& arena = *r.device(context->device)->arena;
  *total_bytes = static_cast<size_t>(arena.capacity());
  *free_bytes = static_cast<size_t>(arena.capacity() - arena.used());
  return ACL_SUCCESS;
}

aclError aclrtPointerGetAttributes(const void* pointer, aclrtPtrAttributes* attributes) {
  if (pointer == nullptr || attributes == nullptr) return null_pointer(__func__, "an argument");
  Runtime& r = Runtime::get();
  const Lock lock(r.mutex);
  *attributes = {};
  attributes->pageSize = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  const Runtime::Place place = r.place_of(pointer);
  auto host = r.host_memory.upper_bound(const_cast<void*>(pointer));
  const bool is_host =
      host != r.host_memory.begin() && pointer < static_cast<std::byte*>((--host)->first) + host->second;
  attributes->location.type = place.bytes > 0 ? ACL_MEM_LOCATION_TYPE_DEVICE
                              : is_host       ? ACL_MEM_LOCATION_TYPE_HOST
                                              : ACL_MEM_LOCATION_TYPE_UNREGISTERED;
  if (place.bytes > 0) attributes->location.id = static_cast<uint32_t>(place.device);
  return ACL_SUCCESS;
}

}  // extern "C"
