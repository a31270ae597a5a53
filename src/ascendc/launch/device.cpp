// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/device.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace etalon::ascendc {
namespace {

constexpr std::int64_t kPage = 4096;

std::byte* reserve(std::int64_t bytes, bool real) {
  void* p = mmap(nullptr, static_cast<std::size_t>(bytes), real ? PROT_READ | PROT_WRITE : PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(p);
}

void unmap(const Buffer& b) {
  if (b.owned) munmap(b.host, static_cast<std::size_t>(b.mapped));
}

}  // namespace

Device::Device(const chip::NpuCosts& costs, chip::Machine* machine, bool with_data)
    : costs_(costs), machine_(machine), with_data_(with_data) {}

Device::~Device() {
  for (const auto& b : buffers_) unmap(b);
}

std::byte* Device::allocate(std::int64_t bytes, std::int64_t pitch, Content content) {
  Buffer b;
  b.bytes = std::max<std::int64_t>(bytes, 1);
  b.content = content;
  b.real = with_data_ || content == Content::control;
  b.mapped = (b.bytes + kPage - 1) / kPage * kPage;
  b.host = reserve(b.mapped, b.real);
  insert(b, pitch);
  return b.host;
}

void Device::insert(Buffer b, std::int64_t pitch) {
  if (machine_ != nullptr) {
    b.device = machine_->allocate(b.bytes, pitch);
  } else {
    b.device = next_;
    next_ += static_cast<chip::Address>((b.mapped + (1 << 20)) / 512 * 512);
  }
  const auto at = std::lower_bound(buffers_.begin(), buffers_.end(), b.host,
                                   [](const Buffer& x, const std::byte* host) { return x.host < host; });
  buffers_.insert(at, b);
}

void Device::adopt(std::byte* host, std::int64_t bytes) {
  Buffer b;
  b.host = host;
  b.bytes = b.mapped = std::max<std::int64_t>(bytes, 1);
  b.content = Content::control;  // there in any mode of a launch
  b.real = true;
  b.owned = false;
  insert(b, 0);
}

void Device::release(const void* host) {
  std::erase_if(buffers_, [&](const Buffer& b) { return b.host == host && !b.owned; });
}

void Device::free_all() {
  for (const auto& b : buffers_) unmap(b);
  buffers_.clear();
  if (machine_ != nullptr) machine_->free_all();
}

void Device::set_bypass_l2(const void* buffer, bool bypass) {
  for (auto& b : buffers_) {
    if (b.host == buffer) b.bypass_l2 = bypass;
  }
}

const Buffer* Device::find(const void* pointer, std::int64_t bytes) const {
  const auto* p = static_cast<const std::byte*>(pointer);
  const auto holds = [&](const Buffer& b) { return p >= b.host && p + bytes <= b.host + b.reachable(); };
  if (last_ < buffers_.size() && holds(buffers_[last_])) return &buffers_[last_];
  auto at = std::upper_bound(buffers_.begin(), buffers_.end(), p,
                             [](const std::byte* host, const Buffer& x) { return host < x.host; });
  if (at == buffers_.begin()) return nullptr;
  --at;
  if (!holds(*at)) return nullptr;
  last_ = static_cast<std::size_t>(at - buffers_.begin());
  return &*at;
}

std::string Device::place_beyond(const void* pointer) const {
  const auto* p = static_cast<const std::byte*>(pointer);
  if (p == nullptr) return ": the address is null";
  auto at = std::upper_bound(buffers_.begin(), buffers_.end(), p,
                             [](const std::byte* host, const Buffer& x) { return host < x.host; });
  constexpr std::uintptr_t kNear = std::uintptr_t{1} << 32;
  if (at == buffers_.begin() ||
      reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>((at - 1)->host) > kNear)
    return ": a wild or freed address";
  return fmt::format(": they begin at byte {} of a buffer of {}", p - (at - 1)->host, (at - 1)->bytes);
}

}  // namespace etalon::ascendc
