// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/runtime.h"

#include <fmt/format.h>

#include <cstdlib>

#include "ascendc/acl/settings.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "chip/npu.h"

namespace etalon::ascendc {
namespace {

constexpr const char* kDefaultChip = "ascend-910b1";
constexpr std::size_t kKernelStack =
    256 * 1024;  // bytes for a core of a timed launch, as for one that is not

Result<catalog::Chip> load_chip(const std::string& name) {
  TRY(chip, catalog::find_chip(name));
  if (chip.kind != catalog::CoreKind::npu)
    return fail("acl.chip", fmt::format("{} is no Ascend chip", chip.name),
                "name one that begins with ascend");
  return chip;
}

}  // namespace

Runtime& Runtime::get() {
  static Runtime* const runtime = new Runtime;  // never destroyed: programs free memory in their own exits
  return *runtime;
}

ThreadState& thread_state() {
  thread_local ThreadState state;
  return state;
}

Result<const catalog::Chip*> Runtime::chip() {
  if (!chip_ && !chip_error_) {
    auto loaded = load_chip(setting("ETALON_CHIP", kDefaultChip));
    if (loaded)
      chip_ = std::move(*loaded);
    else
      chip_error_ = loaded.error();
  }
  if (chip_error_) return fail(*chip_error_);
  if (auto fits = check_architecture(image_.empty() ? nullptr : image_.c_str()); !fits)
    return fail(fits.error());
  return &*chip_;
}

Result<std::monostate> Runtime::check_architecture(const char* of_kernel) {
  if (of_kernel == nullptr || *of_kernel == '\0' || !chip_ || chip_->family == of_kernel)
    return std::monostate{};
  return fail("acl.architecture",
              fmt::format("the kernels of this program are compiled for {}, {} has {} cores", of_kernel,
                          chip_->name, chip_->family),
              fmt::format("compile them with `etalon cc --chip {}`", chip_->name));
}

int Runtime::device_count() {
  if (count_ == 0) {
    const auto chip = this->chip();
    if (!chip) return 0;
    count_ = 1;
    if (const auto node = catalog::find_node_for(**chip)) {
      count_ = node->packages * static_cast<int>((*chip)->get_or<double>("package.devices", 1));
    }
    devices_.resize(static_cast<std::size_t>(count_));
  }
  return count_;
}

VirtualDevice* Runtime::device(int index) {
  if (index < 0 || index >= device_count()) return nullptr;
  VirtualDevice& d = devices_[static_cast<std::size_t>(index)];
  if (d.arena == nullptr) {
    d.arena = std::make_unique<Arena>(static_cast<std::int64_t>(chip_->get<Bytes>("hbm.capacity").value));
    chip::MachineSpec spec = chip::npu_machine_spec(*chip_);
    spec.stack_bytes = kKernelStack;
    d.machine = std::make_unique<chip::Machine>(spec);
    d.device = std::make_unique<Device>(chip::npu_costs(*chip_), d.machine.get(), true);
    if (wants_hazards()) d.written = std::make_unique<WrittenMemory>();
  }
  return &d;
}

ContextState* Runtime::current_context(aclrtContext* handle) {
  const auto it = contexts.find(thread_state().context);
  if (it == contexts.end()) return nullptr;
  if (handle != nullptr) *handle = it->first;
  return &it->second;
}

StreamState* Runtime::stream(aclrtStream stream) {
  if (stream != nullptr) {
    const auto it = streams.find(stream);
    return it == streams.end() ? nullptr : &it->second;
  }
  aclrtContext context = nullptr;
  if (current_context(&context) == nullptr) return nullptr;
  StreamState& s = default_streams_[context];
  s.context = context;
  return &s;
}

aclError Runtime::use_device(int index) {
  VirtualDevice* d = device(index);
  if (d == nullptr) return ACL_ERROR_RT_INVALID_DEVICEID;
  for (const auto& [handle, context] : contexts) {
    if (!context.implicit || context.device != index) continue;
    thread_state().context = handle;
    return ACL_SUCCESS;
  }
  const aclrtContext made = new_handle();
  contexts[made] = {index, true};
  thread_state().context = made;
  return ACL_SUCCESS;
}

Runtime::Place Runtime::place_of(const void* address) {
  Place place;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const Arena* arena = devices_[i].arena.get();
    if (arena == nullptr || !arena->contains(address)) continue;
    place.device = static_cast<int>(i);
    place.bytes = arena->find(address, &place.start);
    break;
  }
  return place;
}

// Handles are never addresses and never used again: one that was destroyed stays unknown.
void* Runtime::new_handle() {
  next_handle_ += 16;
  return reinterpret_cast<void*>(next_handle_);
}

aclError refuse(aclError code, const char* function, const char* stable, const std::string& text,
                const std::string& fix) {
  std::string& error = thread_state().error;
  error = fmt::format("{}: {} [{}, {}]", function, text, stable, code);
  if (!fix.empty()) error += " (" + fix + ")";
  return code;
}

}  // namespace etalon::ascendc
