// SPDX-License-Identifier: Apache-2.0
#pragma once

// On-chip memory of one simulated core. It starts as all ones (NaN: what was never written shows), without
// the cost of writing them: pages are those of one common file of ones until the core writes to them.

#include <cstddef>
#include <cstdint>
#include <utility>

namespace etalon::ascendc {

class LocalMemory {
 public:
  LocalMemory() = default;
  explicit LocalMemory(std::int64_t bytes);  // throws std::bad_alloc
  ~LocalMemory();
  LocalMemory(LocalMemory&& other) noexcept { swap(other); }
  LocalMemory& operator=(LocalMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  std::byte* get() const { return data_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  void swap(LocalMemory& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(mapped_, other.mapped_);
  }
  std::byte* data_ = nullptr;
  std::size_t mapped_ = 0;
};

}  // namespace etalon::ascendc
