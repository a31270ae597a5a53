// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state behind the host interface: one chip, its virtual devices, and what the program has made of them.
// One per process; every entry point of acl_*.cpp locks it, looks its handles up and never trusts a pointer.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ascendc/acl/arena.h"
#include "ascendc/acl/include/acl/acl.h"
#include "ascendc/acl/written_memory.h"
#include "ascendc/launch/device.h"
#include "base/result.h"
#include "catalog/chip_facts.h"

namespace etalon::ascendc {

struct VirtualDevice {
  int users = 0;                           // SetDevice and contexts
  std::unique_ptr<Arena> arena;            // from the first use on, until the process ends
  std::unique_ptr<chip::Machine> machine;  // under the profiler
  std::unique_ptr<Device> device;
  std::unique_ptr<WrittenMemory> written;  // if kernels are checked for hazards
  double clock_us = 0;                     // modelled time that has passed
  bool failed = false;                     // a kernel failed since the last synchronisation
  aclError failure = ACL_SUCCESS;
};

struct ContextState {
  int device = 0;
  bool implicit = false;  // made by aclrtSetDevice
};
struct StreamState {
  aclrtContext context = nullptr;
  std::int32_t id = 0;
  aclError failure = ACL_SUCCESS;  // of a kernel, until the stream is synchronised
};
struct EventState {
  bool timed = true, recorded = false;
  double at_us = 0;
  int device = 0;
};

class Runtime {
 public:
  static Runtime& get();

  std::recursive_mutex mutex;
  bool initialised = false, was_finalised = false;
  bool wants_time = false;  // a timed event was recorded: later launches are timed
  std::int32_t last_id = 0;

  // The chip named by ETALON_CHIP. Errors: those of the catalog, "acl.chip" if it is no Ascend chip,
  // "acl.architecture" if the program's kernels were compiled for another core.
  Result<const catalog::Chip*> chip();
  void register_image(std::string architecture) { image_ = std::move(architecture); }
  Result<std::monostate> check_architecture(const char* of_kernel);
  int device_count();
  // The device with its memory made ready; null if it does not exist.
  VirtualDevice* device(int index);
  // The same for one that has been used; never makes one.
  std::vector<VirtualDevice>& devices() { return devices_; }

  std::map<aclrtContext, ContextState> contexts;
  std::map<aclrtStream, StreamState> streams;
  std::map<aclrtEvent, EventState> events;
  std::map<void*, std::size_t> host_memory;  // aclrtMallocHost

  // What the calling thread works on; null if it has neither device nor context.
  ContextState* current_context(aclrtContext* handle = nullptr);
  // That of `stream`, or the default stream's if null. Null if it does not live or there is no context.
  StreamState* stream(aclrtStream stream);
  aclError use_device(int index);

  // Which allocation of which device holds the address.
  struct Place {
    int device = -1;  // -1: not device memory
    std::byte* start = nullptr;
    std::int64_t bytes = 0;  // 0: device address space that nothing lives in
  };
  Place place_of(const void* address);

  void* new_handle();

 private:
  std::optional<catalog::Chip> chip_;
  std::optional<Error> chip_error_;
  std::string image_;
  int count_ = 0;
  std::vector<VirtualDevice> devices_;
  std::map<aclrtContext, StreamState> default_streams_;
  std::uintptr_t next_handle_ = 0x1000;
};

// The thread's current context and the text of its last error.
struct ThreadState {
  aclrtContext context = nullptr;
  std::string error, shown;
};
ThreadState& thread_state();

// Keeps `text` for aclGetRecentErrMsg and returns `code`.
aclError refuse(aclError code, const char* function, const char* stable, const std::string& text,
                const std::string& fix = {});

using Lock = std::lock_guard<std::recursive_mutex>;

}  // namespace etalon::ascendc
