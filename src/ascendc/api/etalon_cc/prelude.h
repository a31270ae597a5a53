// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `etalon cc` includes before anything else, in every pass. The words of the language that are not C++: some
// become nothing, some become words that the rewriting step looks for (it runs after the preprocessor, so that
// attributes in macros and headers are seen too). One of ETALON_ASC_PASS_HOST, ETALON_ASC_PASS_CUBE and
// ETALON_ASC_PASS_VECTOR is defined.

#include <stddef.h>
#include <stdint.h>

#define __global__ __etalon_global__
#define __vector__ __etalon_vector__
#define __cube__ __etalon_cube__
#define __mix__(cubes, vectors) __etalon_mix__(cubes, vectors)
#define __schedmode__(mode) __etalon_schedmode__(mode)

#define __aicore__
#define __host_aicore__
#define __gm__
#define __ubuf__
#define __cbuf__
#define __ca__
#define __cb__
#define __cc__
#define __fbuf__
#define __local__
#define __ssbuf__
#define __biasbuf__
#define __local_mem__
// Vector functions of dav-3510 (reg/types.h). Those of many threads are another programming model.
#define __simd_vf__
#define __simd_callee__
#define __VEC_SCOPE__ if (const ::AscendC::Reg::detail::Scope etalon_reg_scope; true)
#define __simt_vf__ ETALON_NO_SIMT
#define __simt_callee__ ETALON_NO_SIMT
#define ETALON_NO_SIMT \
  _Pragma("GCC error \"etalon: SIMT functions (__simt_vf__) are not available; write vector code with RegTensor or LocalTensor\"")
// One for each core: the section is exchanged when another core runs (launch/core_runtime.cpp).
#define __BLOCK_LOCAL__ static __attribute__((section("etalon_block_local")))
#define GM_ADDR __gm__ uint8_t*
#ifndef __forceinline__
#define __forceinline__ inline __attribute__((always_inline))
#endif
#ifndef __force_inline__
#define __force_inline__ inline __attribute__((always_inline))
#endif
#ifndef __inline__
#define __inline__ inline
#endif

// The kernel type may be said anywhere the kernel reaches. In device passes it leaves a mark in the object file, a
// relocation that does nothing; the key of KERNEL_TASK_TYPE is its addend.
#ifdef ETALON_ASC_PASS_HOST
#define KERNEL_TASK_TYPE_DEFAULT(type) static_cast<void>(0)
#define KERNEL_TASK_TYPE(key, type) static_cast<void>(0)
#else
#define KERNEL_TASK_TYPE_DEFAULT(type) __asm__ volatile(".reloc ., BFD_RELOC_NONE, etalon_task_type_" #type)
#define KERNEL_TASK_TYPE(key, type)                                                             \
  __asm__ volatile(".reloc ., BFD_RELOC_NONE, etalon_keyed_task_type_" #type "+%c0" ::"i"( \
      static_cast<int64_t>(key)))
#endif

// Arguments of a launch that may be void*: (Argument(), x) is x, and if that is a void* a pointer of any type, as the
// functions have it that the vendor's build makes of kernels.
namespace etalon_cc {
struct Argument {};
struct AnyPointer {
  const void* address;
  template <class T>
  operator T*() const {
    return const_cast<T*>(static_cast<const volatile T*>(address));
  }
};
template <class T>
struct OfVoid {};
template <>
struct OfVoid<void> {
  typedef AnyPointer Pointer;
};
template <>
struct OfVoid<const void> {
  typedef AnyPointer Pointer;
};
template <class T>
inline typename OfVoid<T>::Pointer operator,(Argument, T* address) {
  return {address};
}
}  // namespace etalon_cc

#ifdef ETALON_ASC_PASS_HOST
#include "launch.h"
#endif
#include "tiling.h"
