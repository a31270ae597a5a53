// SPDX-License-Identifier: Apache-2.0
#pragma once

// GlobalTensor: a typed pointer into device memory. LocalTensor: a typed range of on-chip memory, named by
// position and byte offset. Both are small values and never own anything.

#include "element.h"
#include "enums.h"
#include "shape_info.h"

namespace AscendC {

// Where a LocalTensor lies: bytes from the start of the memory of its position, and how many.
struct TBuffAddr {
  std::uint32_t dataLen = 0, bufferAddr = 0;
  std::uint8_t logicPos = static_cast<std::uint8_t>(TPosition::VECCALC);
};

template <class T>
class LocalTensor {
 public:
  using PrimType = T;
  LocalTensor() = default;
  explicit LocalTensor(const TBuffAddr& address) : address_(address) {}
  // `offset` in bytes from the start of the position's memory, `elements` of T.
  LocalTensor(TPosition position, std::uint32_t offset, std::uint32_t elements)
      : address_{static_cast<std::uint32_t>(detail::bytes_of<T>(elements)), offset,
                 static_cast<std::uint8_t>(position)} {}

  // tensor = a + b (tensor_operators.h)
  template <class E, class = typename E::TensorExpression>
  const LocalTensor& operator=(const E& expression) const {
    expression.write(*this);
    return *this;
  }

  LocalTensor operator[](std::uint32_t element) const {
    const std::uint32_t from = at(element), end = address_.bufferAddr + address_.dataLen;
    LocalTensor r(TBuffAddr{end > from ? end - from : 0, from, address_.logicPos});
    r.shape_ = shape_;
    return r;
  }
  using Index = std::uint32_t;
  detail::Element<LocalTensor> operator()(std::uint32_t element) const { return {*this, element}; }
  template <class U>
  LocalTensor<U> ReinterpretCast() const {
    return LocalTensor<U>(address_);
  }
  T GetValue(std::uint32_t element) const {
    T value{};
    etalon_asc_scalar_read(space(), at(element), sizeof(T), &value);
    return value;
  }
  template <class U>
  void SetValue(std::uint32_t element, U value) const {
    const T v = static_cast<T>(value);
    etalon_asc_scalar_write(space(), at(element), sizeof(T), &v);
  }
  std::uint32_t GetSize() const {
    return static_cast<std::uint32_t>(std::uint64_t{address_.dataLen} * 2 / detail::bytes_of<T>(2));
  }
  std::uint32_t GetLength() const { return address_.dataLen; }
  void SetSize(std::uint32_t elements) {
    address_.dataLen = static_cast<std::uint32_t>(detail::bytes_of<T>(elements));
  }
  void SetAddr(const TBuffAddr& address) { address_ = address; }
  void SetBufferLen(std::uint32_t elements) { SetSize(elements); }
  void SetShapeInfo(const ShapeInfo& info) { shape_ = detail::ShapeTable::all().number_of(info); }
  ShapeInfo GetShapeInfo() const { return detail::ShapeTable::all().at(shape_); }
  TPosition GetPosition() const { return static_cast<TPosition>(address_.logicPos); }
  std::uint64_t GetPhyAddr() const { return address_.bufferAddr; }
  std::uint64_t GetPhyAddr(std::uint32_t element) const { return at(element); }
  std::uint32_t offset() const { return address_.bufferAddr; }
  int space() const { return detail::space_of(GetPosition()); }

  TBuffAddr address_{0, kAscNowhere, TBuffAddr{}.logicPos};  // kernels read and set it

 private:
  // An element before the tensor comes as a number beyond 2^31; what lies outside any memory stays outside.
  std::uint32_t at(std::uint32_t element) const {
    const bool before = element >> 31 != 0;
    const std::uint64_t bytes = detail::bytes_of<T>(std::uint64_t{before ? 0u - element : element});
    if (before) return bytes <= address_.bufferAddr ? static_cast<std::uint32_t>(address_.bufferAddr - bytes) : kAscNowhere;
    return bytes <= kAscNowhere - address_.bufferAddr ? static_cast<std::uint32_t>(address_.bufferAddr + bytes) : kAscNowhere;
  }
  std::uint16_t shape_ = 0;  // of detail::ShapeTable
};

template <class T>
class GlobalTensor {
 public:
  using PrimType = T;
  void SetGlobalBuffer(__gm__ T* address, std::uint64_t elements = 0) {
    address_ = address;
    elements_ = elements;
  }
  GlobalTensor operator[](std::uint64_t element) const {
    GlobalTensor r = *this;
    r.address_ =
        reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(address_) + detail::bytes_of<T>(element));
    r.elements_ = elements_ > element ? elements_ - element : 0;
    return r;
  }
  using Index = std::uint64_t;
  detail::Element<GlobalTensor> operator()(std::uint64_t element) const { return {*this, element}; }
  T GetValue(std::uint64_t element) const {
    T value{};
    etalon_asc_scalar_gm_read((*this)[element].address_, sizeof(T), &value);
    return value;
  }
  void SetValue(std::uint64_t element, T value) const {
    etalon_asc_scalar_gm_write((*this)[element].address_, sizeof(T), &value);
  }
  __gm__ T* GetPhyAddr() const { return address_; }
  __gm__ T* GetPhyAddr(std::uint64_t element) const { return (*this)[element].address_; }
  std::uint64_t GetSize() const { return elements_; }
  void SetShapeInfo(const ShapeInfo& info) { shape_ = detail::ShapeTable::all().number_of(info); }
  ShapeInfo GetShapeInfo() const { return detail::ShapeTable::all().at(shape_); }
  void SetL2CacheHint(CacheMode mode) { bypass_ = mode == CacheMode::CACHE_MODE_DISABLE; }
  bool bypasses_l2() const { return bypass_; }

 private:
  T* address_ = nullptr;
  std::uint64_t elements_ = 0;
  bool bypass_ = false;
  std::uint16_t shape_ = 0;
};

}  // namespace AscendC
