// SPDX-License-Identifier: Apache-2.0
#pragma once

// Device memory as the runtime sees it. A buffer has a host address, which kernels get as their argument, and
// a device address, which timing sees. Data buffers of a device without data are reserved address space
// without pages: any size works, and touching them from the host is a fault. Control buffers (tiling,
// lengths, flags) are always real.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chip/machine.h"
#include "chip/npu_costs.h"

namespace etalon::ascendc {

enum class Content : std::uint8_t { data, control };

struct Buffer {
  std::byte* host = nullptr;
  std::int64_t bytes = 0, mapped = 0;
  chip::Address device = 0;
  Content content = Content::data;
  bool real = false;
  bool bypass_l2 = false;
  bool owned = true;  // false: adopted, somebody else's pages
  // Bytes that instructions may touch. aclrtMalloc hands out whole blocks of 32 bytes and one more, and
  // kernels that copy a tiling struct of 12 bytes as one block rely on it.
  std::int64_t reachable() const { return owned ? bytes : (bytes + 31) / 32 * 32 + 32; }
};

class Device {
 public:
  // `machine` may be null: then only functional launches are possible. It must outlive the device.
  Device(const chip::NpuCosts& costs, chip::Machine* machine, bool with_data);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // Zero-filled, 512-byte aligned. `pitch` > 0 declares the bytes of one row (see Machine::allocate).
  std::byte* allocate(std::int64_t bytes, std::int64_t pitch = 0, Content content = Content::data);
  template <class T>
  T* allocate_of(std::int64_t elements, std::int64_t row_elements = 0, Content content = Content::data) {
    const auto size = static_cast<std::int64_t>(sizeof(T));
    return reinterpret_cast<T*>(allocate(elements * size, row_elements * size, content));
  }
  void free_all();
  // Takes over `bytes` of real memory that belong to somebody else, until `release`, with what is left of
  // their last 32; `host` must lie in no other buffer. A released buffer keeps its device addresses: they are
  // not given out again.
  void adopt(std::byte* host, std::int64_t bytes);
  void release(const void* host);
  const std::vector<Buffer>& buffers() const { return buffers_; }  // by host address
  // Reads and writes of this buffer pass L2 by.
  void set_bypass_l2(const void* buffer, bool bypass);

  // The buffer that holds [pointer, pointer + bytes); null if none.
  const Buffer* find(const void* pointer, std::int64_t bytes) const;
  // Where an address lies that no buffer holds, for errors: ": 40 bytes into a buffer of 32".
  std::string place_beyond(const void* pointer) const;
  const chip::NpuCosts& costs() const { return costs_; }
  chip::Machine* machine() const { return machine_; }
  bool with_data() const { return with_data_; }

 private:
  chip::NpuCosts costs_;
  chip::Machine* machine_;
  bool with_data_;
  void insert(Buffer buffer, std::int64_t pitch);

  std::vector<Buffer> buffers_;  // by host address
  mutable std::size_t last_ = 0;
  chip::Address next_ = 1 << 20;
};

}  // namespace etalon::ascendc
