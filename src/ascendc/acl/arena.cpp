// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace etalon::ascendc {
namespace {

constexpr std::int64_t kPage = 4096;

}  // namespace

Arena::Arena(std::int64_t bytes) {
  // Half as much, and half of that, under a limit on address space.
  for (std::int64_t size = (std::max(bytes, kPage) + kPage - 1) / kPage * kPage; size >= kPage; size /= 2) {
    size = size / kPage * kPage;
    void* p = mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) continue;
    base_ = static_cast<std::byte*>(p);
    capacity_ = size;
    free_[0] = size;
    return;
  }
}

Arena::~Arena() {
  if (base_ != nullptr) munmap(base_, static_cast<std::size_t>(capacity_));
}

std::byte* Arena::allocate(std::int64_t bytes) {
  if (bytes <= 0 || bytes > capacity_) return nullptr;
  const std::int64_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment + kAlignment;
  for (auto it = free_.begin(); it != free_.end(); ++it) {  // first fit: the same program, the same addresses
    if (it->second < size) continue;
    const std::int64_t at = it->first, rest = it->second - size;
    free_.erase(it);
    if (rest > 0) free_[at + size] = rest;
    taken_[at] = {size, bytes};
    used_ += size;
    return base_ + at;
  }
  return nullptr;
}

bool Arena::release(const void* address) {
  if (!contains(address)) return false;
  const std::int64_t at = static_cast<const std::byte*>(address) - base_;
  const auto it = taken_.find(at);
  if (it == taken_.end()) return false;
  const std::int64_t size = it->second.size;
  taken_.erase(it);
  used_ -= size;
  give_back(at, size);
  // Whole pages go back to the host; what shares a page with a neighbour is cleared by hand.
  const std::int64_t first = (at + kPage - 1) / kPage * kPage, last = (at + size) / kPage * kPage;
  if (first < last) {
    std::memset(base_ + at, 0, static_cast<std::size_t>(first - at));
    std::memset(base_ + last, 0, static_cast<std::size_t>(at + size - last));
    if (madvise(base_ + first, static_cast<std::size_t>(last - first), MADV_REMOVE) != 0)
      std::memset(base_ + first, 0, static_cast<std::size_t>(last - first));
  } else {
    std::memset(base_ + at, 0, static_cast<std::size_t>(size));
  }
  return true;
}

void Arena::give_back(std::int64_t at, std::int64_t size) {
  auto next = free_.lower_bound(at);
  if (next != free_.end() && at + size == next->first) {
    size += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == at) {
      before->second += size;
      return;
    }
  }
  free_[at] = size;
}

std::int64_t Arena::find(const void* address, std::byte** start) const {
  if (!contains(address)) return 0;
  const std::int64_t at = static_cast<const std::byte*>(address) - base_;
  auto it = taken_.upper_bound(at);
  if (it == taken_.begin()) return 0;
  --it;
  if (at >= it->first + it->second.bytes) return 0;
  if (start != nullptr) *start = base_ + it->first;
  return it->second.bytes;
}

}  // namespace etalon::ascendc
