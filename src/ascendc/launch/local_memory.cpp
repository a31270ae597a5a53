// SPDX-License-Identifier: Apache-2.0
#include "ascendc/launch/local_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <vector>

namespace etalon::ascendc {
namespace {

constexpr std::size_t kPage = 4096, kFileBytes = std::size_t{1} << 20;  // larger than any memory of a core

// -1 if the system has none to give.
int file_of_ones() {
  static const int file = [] {
    const int made = memfd_create("etalon-ones", MFD_CLOEXEC);
    if (made < 0) return -1;
    const std::vector<unsigned char> ones(kFileBytes, 0xff);
    if (write(made, ones.data(), ones.size()) == static_cast<ssize_t>(ones.size())) return made;
    close(made);
    return -1;
  }();
  return file;
}

// Room for a memory at a multiple of 4 GiB: there an address and its offset in the memory have the same 32
// bits, so that instructions take either. Null if the system has no such room; then any place does.
void* aligned_room(std::size_t bytes) {
  constexpr std::uintptr_t kStep = std::uintptr_t{1} << 32;
  void* room = mmap(nullptr, kStep + bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return nullptr;
  const auto begin = reinterpret_cast<std::uintptr_t>(room), at = (begin + kStep - 1) / kStep * kStep;
  if (at > begin) munmap(room, at - begin);
  if (begin + kStep > at) munmap(reinterpret_cast<void*>(at + bytes), begin + kStep - at);
  return reinterpret_cast<void*>(at);
}

}  // namespace

LocalMemory::LocalMemory(std::int64_t bytes)
    : mapped_((static_cast<std::size_t>(bytes) + kPage - 1) / kPage * kPage) {
  const int file = mapped_ <= kFileBytes ? file_of_ones() : -1;
  void* room = aligned_room(mapped_);
  void* p = mmap(room, mapped_, PROT_READ | PROT_WRITE,
                 (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE) | (room != nullptr ? MAP_FIXED : 0),
                 file, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(p);
  if (file < 0) std::memset(p, 0xff, mapped_);
}

LocalMemory::~LocalMemory() {
  if (data_ != nullptr) munmap(data_, mapped_);
}

}  // namespace etalon::ascendc
