// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory without a TPipe: tensors one after another from the start of one of the core's memories.

#include "tensor.h"

namespace AscendC {

enum class Hardware : std::uint8_t { GM, UB, L1, L0A, L0B, L0C, BIAS, FIXBUF, MAX };

namespace detail {
constexpr int space_of(Hardware h) {
  return h == Hardware::L1       ? kAscL1
         : h == Hardware::L0A    ? kAscL0a
         : h == Hardware::L0B    ? kAscL0b
         : h == Hardware::L0C    ? kAscL0c
         : h == Hardware::BIAS   ? kAscBt
         : h == Hardware::FIXBUF ? kAscFb
                                 : kAscUb;
}
constexpr TPosition position_of(Hardware h) {
  return h == Hardware::L1       ? TPosition::A1
         : h == Hardware::L0A    ? TPosition::A2
         : h == Hardware::L0B    ? TPosition::B2
         : h == Hardware::L0C    ? TPosition::CO1
         : h == Hardware::BIAS   ? TPosition::C2
         : h == Hardware::FIXBUF ? TPosition::C2PIPE2GM
                                 : TPosition::VECCALC;
}
}  // namespace detail

template <Hardware hard = Hardware::UB>
class LocalMemAllocator {
 public:
  template <TPosition position, class T, std::uint32_t elements>
  LocalTensor<T> Alloc() {
    return take<T>(position, elements);
  }
  template <class T, std::uint32_t elements>
  LocalTensor<T> Alloc() {
    return take<T>(detail::position_of(hard), elements);
  }
  template <TPosition position, class T>
  LocalTensor<T> Alloc(std::uint32_t elements) {
    return take<T>(position, elements);
  }
  template <class T>
  LocalTensor<T> Alloc(std::uint32_t elements) {
    return take<T>(detail::position_of(hard), elements);
  }
  std::uint32_t GetCurAddr() const { return next_; }

 private:
  template <class T>
  LocalTensor<T> take(TPosition position, std::uint32_t elements) {
    constexpr int space = detail::space_of(hard);
    const std::uint64_t bytes = (std::uint64_t{elements} * sizeof(T) + 31) / 32 * 32;
    if (next_ + bytes > etalon_asc_current->space_bytes[space])
      etalon_asc_fail("ascendc.memory", "LocalMemAllocator asks for more on-chip memory than there is left");
    const LocalTensor<T> tensor(position, next_, elements);
    next_ += static_cast<std::uint32_t>(bytes);
    return tensor;
  }
  std::uint32_t next_ = 0;
};

}  // namespace AscendC
