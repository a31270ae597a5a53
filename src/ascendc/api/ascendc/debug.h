// SPDX-License-Identifier: Apache-2.0
#pragma once

// What kernels print and assert. Text goes to the program's standard output, in the order cores come to it.

#include <cstdio>

#include "print_format.h"
#include "tensor.h"

namespace AscendC {

namespace detail {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  char text[512];
  std::snprintf(text, sizeof(text), "ASSERT(%s) does not hold at %s:%d", condition, file, line);
  etalon_asc_fail("ascendc.assert", text);
}

// 0, so that it may follow a value: kernels are found whose ASSERT stands where a build without assertions has nothing.
inline int check_assertion(bool holds, const char* condition, const char* file, int line) {
  if (!holds) assertion_failed(condition, file, line);
  return 0;
}

template <class T>
inline void print_value(T value) {
  if constexpr (std::is_integral<T>::value) std::printf("%lld ", static_cast<long long>(value));
  else std::printf("%g ", static_cast<double>(static_cast<float>(value)));
}

}  // namespace detail

// Where dumps and texts would be gathered on a device: here they go to the standard output.
template <class... Places>
inline void InitDump(const Places&...) {}

// A range of device memory a kernel vouches for: checked, as all that it touches is.
template <class T>
inline void OOMCheckAddrRange(__gm__ T* address, std::uint64_t bytes) {
  if (bytes > 0) etalon_asc_cache_clean(reinterpret_cast<const unsigned char*>(address) + bytes - 1);
}

// The first `elements` of a tensor on one line, with the number the caller gave it.
template <class T>
inline void DumpTensor(const LocalTensor<T>& tensor, std::uint32_t number, std::uint32_t elements) {
  std::printf("DumpTensor %u, block %u: ", number, etalon_asc_current->block);
  for (std::uint32_t i = 0; i < elements; ++i) detail::print_value(tensor.GetValue(i));
  std::printf("\n");
}
template <class T>
inline void DumpTensor(const GlobalTensor<T>& tensor, std::uint32_t number, std::uint32_t elements) {
  std::printf("DumpTensor %u, block %u: ", number, etalon_asc_current->block);
  for (std::uint32_t i = 0; i < elements; ++i) detail::print_value(tensor.GetValue(i));
  std::printf("\n");
}

}  // namespace AscendC

#ifndef ASSERT
#define ASSERT(condition) \
  +AscendC::detail::check_assertion(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#endif
#ifndef ascendc_assert
#define ascendc_assert(condition, ...) ASSERT(condition)
#endif
// Marks of the vendor's own timeline; ours has the calls themselves.
#ifndef TRACE_START
#define TRACE_START(id) static_cast<void>(id)
#define TRACE_STOP(id) static_cast<void>(id)
#endif
using AscendC::PRINTF;
