// SPDX-License-Identifier: Apache-2.0
#pragma once

// A list of tensors whose number is known at run time, as the host lays it out in device memory: the byte offset of their
// addresses, then what describes their shapes, then one address per tensor.

#include "tensor.h"

namespace AscendC {

class ListTensorDesc {
 public:
  ListTensorDesc() = default;
  explicit ListTensorDesc(__gm__ void* data, std::uint32_t /*length*/ = 0xffffffff, std::uint32_t /*shapes*/ = 0xffffffff) {
    Init(data);
  }
  void Init(__gm__ void* data, std::uint32_t /*length*/ = 0xffffffff, std::uint32_t /*shapes*/ = 0xffffffff) {
    data_ = static_cast<unsigned char*>(data);
  }
  // The address of tensor `index`.
  template <class T>
  __gm__ T* GetDataPtr(std::uint32_t index) const {
    const std::uint64_t offset = word(data_);
    return reinterpret_cast<T*>(word(data_ + offset + std::uint64_t{index} * 8));
  }

 private:
  static std::uint64_t word(const unsigned char* address) {
    std::uint64_t value = 0;
    etalon_asc_scalar_gm_read(address, sizeof(value), &value);
    return value;
  }
  unsigned char* data_ = nullptr;
};

}  // namespace AscendC
