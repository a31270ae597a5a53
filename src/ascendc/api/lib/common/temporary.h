// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory for intermediate values of the libraries: the caller's tensor, or what InitBuffer has left of UB.
// The libraries cut their work into pieces that fit, so any size of at least one smallest piece will do.

#include <cstdio>

#include "../../ascendc/pipe.h"
#include "../../ascendc/tensor.h"

namespace AscendC {
namespace detail {
namespace lib {

class Temporary {
 public:
  explicit Temporary(const LocalTensor<std::uint8_t>& tensor)
      : at_(tensor.offset()), end_(at_ + tensor.GetLength()) {}
  template <class T>
  static Temporary of(const LocalTensor<T>& tensor) {
    return Temporary(tensor.offset(), tensor.offset() + tensor.GetLength());
  }
  // What the kernel's TPipe has not handed out; nothing without a TPipe.
  static Temporary rest_of_ub() {
    if (GetTPipePtr() == nullptr) return Temporary(0, 0);
    return Temporary(GetTPipePtr()->first_free(kAscUb), etalon_asc_current->space_bytes[kAscUb]);
  }

  std::uint32_t bytes() const { return end_ - at_; }

  // How many of `count` units of `unit_bytes` fit, in multiples of `granule` unless all do. Fails if not one
  // granule.
  std::uint32_t fit(std::uint32_t unit_bytes, std::uint32_t count, std::uint32_t granule) const {
    if (unit_bytes == 0 || count == 0) return count;
    const std::uint32_t fits = bytes() / unit_bytes;
    if (fits >= (count + granule - 1) / granule * granule) return count;
    if (fits < granule) short_of(granule * unit_bytes);
    return fits / granule * granule;
  }
  template <class T>
  LocalTensor<T> take(std::uint32_t elements) {
    const std::uint32_t size = (elements * static_cast<std::uint32_t>(sizeof(T)) + 31) / 32 * 32;
    if (size > bytes()) short_of(size);
    const LocalTensor<T> taken(TPosition::VECCALC, at_, size / static_cast<std::uint32_t>(sizeof(T)));
    at_ += size;
    return taken;
  }
  // Takes away what a later step needs.
  void reserve(std::uint32_t size) {
    if (size > bytes()) short_of(size);
    end_ -= size;
  }

 private:
  Temporary(std::uint32_t begin, std::uint32_t end)
      : at_((begin + 31) / 32 * 32), end_(end > at_ ? end : at_) {}
  [[noreturn]] void short_of(std::uint32_t needed) const {
    char text[160];
    std::snprintf(
        text, sizeof(text),
        "got %u bytes of temporary memory, expected at least %u; give a larger sharedTmpBuffer, or leave "
        "more of UB to the framework",
        bytes(), needed);
    etalon_asc_fail("ascendc.memory", text);
  }
  std::uint32_t at_, end_;
};

// The libraries set masks of their own: back comes what the caller had.
class KeptMask {
 public:
  KeptMask() : counter_(etalon_asc_current->mask_counter) {
    mask_[0] = etalon_asc_current->mask[0];
    mask_[1] = etalon_asc_current->mask[1];
    SetMaskNorm();
  }
  ~KeptMask() {
    etalon_asc_current->mask_counter = counter_;
    etalon_asc_current->mask[0] = mask_[0];
    etalon_asc_current->mask[1] = mask_[1];
  }
  KeptMask(const KeptMask&) = delete;
  KeptMask& operator=(const KeptMask&) = delete;

 private:
  std::uint64_t mask_[2];
  std::uint8_t counter_;
};

}  // namespace lib
}  // namespace detail
}  // namespace AscendC
