// SPDX-License-Identifier: Apache-2.0
#pragma once

// Device memory of one virtual device: address space as large as the device's HBM, shared with the child
// processes that run kernels, at the same addresses there. Pages exist from their first touch.

#include <cstddef>
#include <cstdint>
#include <map>

namespace etalon::ascendc {

class Arena {
 public:
  // Rounded to pages. If the host does not lend that much address space, capacity() is less.
  explicit Arena(std::int64_t bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  static constexpr std::int64_t kAlignment = 512;
  // Zero-filled, 512-byte aligned; at least 512 bytes that belong to nobody lie behind it. Null if there is
  // no room.
  std::byte* allocate(std::int64_t bytes);
  // False if nothing that was allocated begins at `address`.
  bool release(const void* address);
  // Bytes of the allocation that holds `address`, its start in `start`; 0 if none does.
  std::int64_t find(const void* address, std::byte** start) const;
  bool contains(const void* address) const { return address >= base_ && address < base_ + capacity_; }
  std::int64_t capacity() const { return capacity_; }
  std::int64_t used() const { return used_; }

 private:
  struct Block {
    std::int64_t size = 0;   // of the address space taken
    std::int64_t bytes = 0;  // asked for
  };
  void give_back(std::int64_t at, std::int64_t size);

  std::byte* base_ = nullptr;
  std::int64_t capacity_ = 0, used_ = 0;
  std::map<std::int64_t, Block> taken_;        // by offset
  std::map<std::int64_t, std::int64_t> free_;  // offset -> size, neighbours joined
};

}  // namespace etalon::ascendc
