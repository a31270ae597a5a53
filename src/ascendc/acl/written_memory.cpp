// SPDX-License-Identifier: Apache-2.0
#include "ascendc/acl/written_memory.h"

#include <sys/mman.h>

namespace etalon::ascendc {
namespace {

std::size_t words_bytes(std::uint64_t bytes) { return (bytes + 63) / 64 * sizeof(std::uint64_t); }

}  // namespace

WrittenMemory::~WrittenMemory() {
  for (const auto& [base, region] : regions_) munmap(region.bits, words_bytes(region.bytes));
}

void WrittenMemory::add(const void* base, std::int64_t bytes) {
  const auto size = static_cast<std::uint64_t>(bytes);
  void* bits = mmap(nullptr, words_bytes(size), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (bits == MAP_FAILED) return;  // what is not tracked counts as written
  regions_[base] = {static_cast<const std::byte*>(base), size, static_cast<std::uint64_t*>(bits)};
}

void WrittenMemory::remove(const void* base) {
  const auto it = regions_.find(base);
  if (it == regions_.end()) return;
  munmap(it->second.bits, words_bytes(it->second.bytes));
  regions_.erase(it);
}

void WrittenMemory::mark(const void* begin, std::uint64_t count) {
  auto it = regions_.upper_bound(begin);
  if (it == regions_.begin()) return;
  --it;
  const std::byte* end = it->second.base + it->second.bytes;
  if (static_cast<const std::byte*>(begin) + count <= end) it->second.mark(begin, count);
}

std::vector<WrittenBytes> WrittenMemory::all() const {
  std::vector<WrittenBytes> out;
  for (const auto& [base, region] : regions_) out.push_back(region);
  return out;
}

}  // namespace etalon::ascendc
