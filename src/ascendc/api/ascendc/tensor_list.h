// SPDX-License-Identifier: Apache-2.0
#pragma once

// A list of tensors whose number is known at run time, as the host lays it out in device memory: the byte
// offset of their addresses, then what describes each shape (its number of dimensions and the tensor's
// number, 32 bits each, and the dimensions, 64 bits each), then one address per tensor.

#include "tensor.h"

namespace AscendC {

// One tensor of a list. Its shape goes where SetShapeAddr says: dimensions, as many as GetDim.
template <class T>
class TensorDesc {
 public:
  void SetShapeAddr(std::uint64_t* shape) { shape_ = shape; }
  std::uint64_t GetDim() const { return dim_; }
  std::uint64_t GetIndex() const { return index_; }
  std::uint64_t GetShape(std::uint32_t axis) const {
    if (shape_ == nullptr || axis >= dim_)
      etalon_asc_fail("ascendc.range",
                      "TensorDesc::GetShape of a dimension the tensor does not have, or before "
                      "SetShapeAddr and GetDesc");
    return shape_[axis];
  }
  __gm__ T* GetDataPtr() const { return data_; }
  GlobalTensor<T> GetDataObj() const {
    std::uint64_t elements = dim_ > 0 ? 1 : 0;
    for (std::uint64_t i = 0; i < dim_; ++i) elements *= shape_[i];
    GlobalTensor<T> tensor;
    tensor.SetGlobalBuffer(data_, elements);
    return tensor;
  }

 private:
  friend class ListTensorDesc;
  std::uint64_t* shape_ = nullptr;
  std::uint64_t dim_ = 0, index_ = 0;
  T* data_ = nullptr;
};

class ListTensorDesc {
 public:
  ListTensorDesc() = default;
  explicit ListTensorDesc(__gm__ void* data, std::uint32_t length = 0xffffffff,
                          std::uint32_t tensors = 0xffffffff) {
    Init(data, length, tensors);
  }
  // `length` in bytes and the number of tensors are checked if given.
  void Init(__gm__ void* data, std::uint32_t length = 0xffffffff, std::uint32_t tensors = 0xffffffff) {
    data_ = static_cast<unsigned char*>(data);
    if (length != 0xffffffff && word(0) > length)
      etalon_asc_fail("ascendc.range", "ListTensorDesc: the addresses lie beyond the length given");
    if (tensors != 0xffffffff && GetSize() != tensors)
      etalon_asc_fail("ascendc.range", "ListTensorDesc: the list does not hold as many tensors as given");
  }
  // How many tensors.
  std::uint32_t GetSize() const {
    return walk([](std::uint32_t, std::uint64_t, std::uint64_t) {});
  }
  // The address of tensor `index`.
  template <class T>
  __gm__ T* GetDataPtr(std::uint32_t index) const {
    return reinterpret_cast<T*>(word(word(0) + std::uint64_t{index} * 8));
  }
  // Number, shape and address of tensor `index`.
  template <class T>
  void GetDesc(TensorDesc<T>& desc, std::uint32_t index) const {
    if (desc.shape_ == nullptr)
      etalon_asc_fail("ascendc.range", "ListTensorDesc::GetDesc before TensorDesc::SetShapeAddr");
    bool found = false;
    walk([&](std::uint32_t number, std::uint64_t at, std::uint64_t dims) {
      if (number != index) return;
      found = true;
      desc.dim_ = dims;
      for (std::uint64_t i = 0; i < dims; ++i) desc.shape_[i] = word(at + 8 + i * 8);
    });
    if (!found)
      etalon_asc_fail("ascendc.range", "ListTensorDesc::GetDesc of a tensor the list does not have");
    desc.index_ = index;
    desc.data_ = GetDataPtr<T>(index);
  }

 private:
  static constexpr std::uint64_t kMostDims = 8;
  // visit(number, byte offset of the description, dimensions) of each tensor. Descriptions are as long as
  // their dimensions, or all of eight.
  template <class F>
  std::uint32_t walk(F visit) const {
    const std::uint64_t end = word(0);
    for (const bool fixed : {false, true}) {
      std::uint64_t at = 8;
      std::uint32_t count = 0;
      while (at < end) {
        const std::uint64_t head = word(at), dims = head & 0xffffffff;
        if (dims > kMostDims || head >> 32 != count) break;
        at += 8 + (fixed ? kMostDims : dims) * 8, ++count;
      }
      if (at != end) continue;
      at = 8;
      for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t dims = word(at) & 0xffffffff;
        visit(i, at, dims);
        at += 8 + (fixed ? kMostDims : dims) * 8;
      }
      return count;
    }
    etalon_asc_fail("ascendc.range", "ListTensorDesc: the memory does not hold a list of tensors");
  }
  std::uint64_t word(std::uint64_t offset) const {
    std::uint64_t value = 0;
    etalon_asc_scalar_gm_read(data_ + offset, sizeof(value), &value);
    return value;
  }
  unsigned char* data_ = nullptr;
};

}  // namespace AscendC
