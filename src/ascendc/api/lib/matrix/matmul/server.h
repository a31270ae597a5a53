// SPDX-License-Identifier: Apache-2.0
#pragma once

// What REGIST_MATMUL_OBJ does: vector cores learn which object is which, the cube core serves their requests
// until the last of them has ended.

#include "object.h"

namespace AscendC {
namespace detail {
namespace mm {

template <class T>
constexpr bool is_tiling =
    std::is_pointer<std::decay_t<T>>::value || std::is_same<std::decay_t<T>, std::nullptr_t>::value;

template <class T>
inline const TCubeTiling* tiling_of(T* tiling) {
  return reinterpret_cast<const TCubeTiling*>(tiling);
}
inline const TCubeTiling* tiling_of(std::nullptr_t) { return nullptr; }

// Objects, each with its tiling behind it, or, if Init will bring that, without.
template <int index>
inline void enlist(TPipe*) {}
template <int index, class M>
inline void enlist(TPipe* pipe, M& object) {
  object.enlist(index, nullptr, pipe, false);
}
template <int index, class M, class Next, class... Rest>
inline void enlist(TPipe* pipe, M& object, Next&& next, Rest&&... rest) {
  static_assert(index < 4, "a kernel registers four Matmul objects at most");
  if constexpr (is_tiling<Next>) {
    object.enlist(index, tiling_of(next), pipe, true);
    enlist<index + 1>(pipe, rest...);
  } else {
    object.enlist(index, nullptr, pipe, false);
    enlist<index + 1>(pipe, next, rest...);
  }
}

template <int index>
inline void serve(const etalon_matmul_request&) {}
template <int index, class M, class... Rest>
inline void serve(const etalon_matmul_request& request, M& object, Rest&&... rest) {
  if constexpr (is_tiling<M>) {
    serve<index>(request, rest...);
  } else {
    if (request.object == index)
      object.serve(request);
    else
      serve<index + 1>(request, rest...);
  }
}
// Whether both operands of an object are shared, so that one product serves both vector cores.
template <int index>
inline bool shared(std::int32_t) {
  return false;
}
template <int index, class M, class... Rest>
inline bool shared(std::int32_t object, M&, Rest&&... rest) {
  if constexpr (is_tiling<M>)
    return shared<index>(object, rest...);
  else
    return object == index ? M::kShared : shared<index + 1>(object, rest...);
}
template <class M, class... Rest>
constexpr bool served = M::kServed;

template <class... Objects>
inline void serve_all(Objects&&... objects) {
  const auto cores = static_cast<int>(etalon_asc_current->sub_blocks);
  // Of shared products: those computed for the first vector core, those the second has asked for, and been
  // told of.
  std::int64_t computed = 0, wanted = 0, told = 0;
  const auto tell_second = [&] {
    for (; told < wanted && told < computed; ++told) tell_served(1);
  };
  for (int ended = 0; ended < cores;) {
    int sub = 0;
    const etalon_matmul_request& request = next_request(sub);
    if (request.work == kMatmulDone) {
      ++ended;
      continue;
    }
    const bool both = cores == 2 && (request.work & (kMatmulAll | kMatmulNothing)) != 0 &&
                      shared<0>(request.object, objects...);
    if (both && sub == 1) {
      ++wanted;
      tell_second();
      continue;
    }
    serve<0>(request, objects...);
    tell_served(sub);
    if (both) {
      ++computed;
      tell_second();
    }
  }
}

// True on a cube core that has served: the kernel is over there. `alone`: cube cores use the objects
// themselves.
template <bool alone, class First, class... Objects>
inline bool regist(TPipe* pipe, First& first, Objects&&... objects) {
  if ASCEND_IS_AIV {
    if (!alone) enlist<0>(pipe, first, objects...);
    return false;
  } else {
    enlist<0>(pipe, first, objects...);
    if (alone || !First::kServed || etalon_asc_current->sub_blocks == 0) return false;
    serve_all(first, objects...);
    // Now, not in a destructor: the TPipe may be declared after the objects, and go before them.
    etalon_matmul_block& block = state();
    if (block.active != nullptr) block.take_back(block.active);
    block.active = nullptr;
    return true;
  }
}

}  // namespace mm
}  // namespace detail
}  // namespace AscendC
