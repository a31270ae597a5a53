// SPDX-License-Identifier: Apache-2.0
#pragma once

// The side of a vector core: operands in its unified buffer, which the cube core reads in device memory, and
// results.

#include "ascendc/copy.h"
#include "ascendc/matmul_mailbox.h"
#include "ascendc/pipe.h"
#include "types.h"

namespace AscendC {
namespace detail {
namespace mm {

template <HardEvent event>
inline void hand_over() {
  TPipe* pipe = GetTPipePtr();
  const TEventID id = pipe->template AllocEventID<event>();
  SetFlag<event>(id);
  WaitFlag<event>(id);
  pipe->template ReleaseEventID<event>(id);
}

// A result in device memory into UB, where the vector unit may have worked before and will after.
template <class T>
inline void to_ub(const LocalTensor<T>& local, T* from, std::int64_t count) {
  GlobalTensor<T> gm;
  gm.SetGlobalBuffer(from);
  hand_over<HardEvent::V_MTE2>();
  DataCopy(local, gm, static_cast<std::uint32_t>(align(count, 32 / static_cast<std::int64_t>(sizeof(T)))));
  hand_over<HardEvent::MTE2_V>();
}

// An operand that may lie in UB. ND there: rows of 32 bytes each; NZ: as in device memory, without a part
// around it.
template <class T, bool nz>
class LocalSide {
  static constexpr std::int64_t kPack = Element<T>::packed,
                                kC0 = 32 * kPack / static_cast<std::int64_t>(sizeof(T));

 public:
  void from_gm() { local_ = fresh_ = false; }
  void from_local(const LocalTensor<T>& tensor) {
    tensor_ = tensor, local_ = in_ub(tensor.GetPosition()), fresh_ = true;
  }
  bool is_local() const { return local_; }
  // Of rows x columns of the operand, part of a matrix of all_rows x all_columns.
  std::int64_t pitch(std::int64_t rows, std::int64_t columns, std::int64_t all_rows,
                     std::int64_t all_columns) const {
    if (nz) return align(local_ ? rows : all_rows, 16);
    return local_ ? align(columns, kC0) : all_columns;
  }
  // Copies it to `room`, which moves on, the first time it is asked for.
  const void* to_gm(std::uint8_t*& room, std::int64_t rows, std::int64_t columns) {
    const std::int64_t count = nz ? align(rows, 16) * align(columns, kC0) : rows * align(columns, kC0);
    auto* at = reinterpret_cast<T*>(room);
    room += align(static_cast<std::int64_t>(bytes_of<T>(static_cast<std::uint64_t>(count))), 512);
    if (fresh_ || kept_ != at) {
      wait_served(channel().asked);  // what was there before has been read
      hand_over<HardEvent::V_MTE3>();
      hand_over<HardEvent::MTE2_MTE3>();
      GlobalTensor<T> gm;
      gm.SetGlobalBuffer(at);
      DataCopy(gm, tensor_, static_cast<std::uint32_t>(count));
    }
    fresh_ = false;
    kept_ = at;
    return kept_;
  }

 private:
  LocalTensor<T> tensor_;
  bool local_ = false, fresh_ = false;
  const void* kept_ = nullptr;
};

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
