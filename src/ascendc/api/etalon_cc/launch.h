// SPDX-License-Identifier: Apache-2.0
#pragma once

// What k<<<blocks, bytes, stream>>>(arguments) becomes on the host:
//   ::etalon_cc::launch(::etalon_cc::pending(blocks, bytes, stream), [&] { k(arguments); });
// The call goes to the kernel's trampoline, which keeps the arguments as the calling convention laid them out
// and hands them to the runtime. So they are evaluated once, here, and converted as for any call.

#include <stdint.h>

extern "C" {
struct etalon_pending_launch {
  uint32_t blocks;
  uint64_t dynamic_ub;
  void* stream;
  const char* file;
  int line;
  int status;             // 0 or an aclError
  const void* stack_top;  // arguments on the stack lie below
  struct etalon_pending_launch* outer;
  int without_acl;  // by ICPU_RUN_KF: no context is needed
};
void etalon_launch_begin(struct etalon_pending_launch* launch);
int etalon_launch_end(struct etalon_pending_launch* launch);
}

namespace etalon_cc {

// The second launch argument is a number of bytes, or a pointer without meaning here.
inline uint64_t bytes_of(const volatile void*) { return 0; }
inline uint64_t bytes_of(decltype(nullptr)) { return 0; }
inline uint64_t bytes_of(int bytes) { return bytes > 0 ? static_cast<uint64_t>(bytes) : 0; }
inline uint64_t bytes_of(unsigned bytes) { return bytes; }
inline uint64_t bytes_of(long bytes) { return bytes > 0 ? static_cast<uint64_t>(bytes) : 0; }
inline uint64_t bytes_of(unsigned long bytes) { return bytes; }
inline uint64_t bytes_of(unsigned long long bytes) { return bytes; }

template <class Blocks>
inline etalon_pending_launch pending(Blocks blocks, const char* file = __builtin_FILE(),
                                     int line = __builtin_LINE()) {
  return {static_cast<uint32_t>(blocks), 0, nullptr, file, line, 0, nullptr, nullptr, 0};
}
template <class Blocks, class Bytes>
inline etalon_pending_launch pending(Blocks blocks, Bytes bytes, decltype(nullptr),
                                     const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return {static_cast<uint32_t>(blocks), bytes_of(bytes), nullptr, file, line, 0, nullptr, nullptr, 0};
}
template <class Blocks, class Bytes>
inline etalon_pending_launch pending(Blocks blocks, Bytes bytes, void* stream,
                                     const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return {static_cast<uint32_t>(blocks), bytes_of(bytes), stream, file, line, 0, nullptr, nullptr, 0};
}

template <class Blocks>
inline etalon_pending_launch pending_icpu(Blocks blocks, const char* file = __builtin_FILE(),
                                          int line = __builtin_LINE()) {
  etalon_pending_launch out = pending(blocks, file, line);
  out.without_acl = 1;
  return out;
}

// Not inlined: the frame address here bounds the frames in which `call` lays out arguments.
template <class Call>
__attribute__((noinline)) int launch(etalon_pending_launch pending, Call&& call) {
  pending.stack_top = __builtin_frame_address(0);
  etalon_launch_begin(&pending);
  call();
  return etalon_launch_end(&pending);
}

}  // namespace etalon_cc
