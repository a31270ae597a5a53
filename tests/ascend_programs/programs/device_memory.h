// SPDX-License-Identifier: Apache-2.0
#pragma once

// Device memory and one exit for the test programs.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "acl/acl.h"

inline void must(int error, const char* what) {
  if (error == 0) return;
  std::fprintf(stderr, "%s: error %d: %s\n", what, error, aclGetRecentErrMsg());
  std::exit(1);
}
#define MUST(call) must(call, #call)

template <class T>
uint8_t* to_device(const std::vector<T>& host) {
  void* device = nullptr;
  MUST(aclrtMalloc(&device, host.size() * sizeof(T), ACL_MEM_MALLOC_HUGE_FIRST));
  MUST(aclrtMemcpy(device, host.size() * sizeof(T), host.data(), host.size() * sizeof(T), ACL_MEMCPY_HOST_TO_DEVICE));
  return static_cast<uint8_t*>(device);
}
template <class T>
std::vector<T> from_device(const uint8_t* device, std::size_t count) {
  std::vector<T> host(count);
  MUST(aclrtMemcpy(host.data(), count * sizeof(T), device, count * sizeof(T), ACL_MEMCPY_DEVICE_TO_HOST));
  return host;
}
inline aclrtStream start() {
  MUST(aclInit(nullptr));
  MUST(aclrtSetDevice(0));
  aclrtStream stream = nullptr;
  MUST(aclrtCreateStream(&stream));
  return stream;
}
inline int finish(bool right) {
  MUST(aclrtResetDevice(0));
  MUST(aclFinalize());
  std::puts(right ? "all right" : "wrong numbers");
  return right ? 0 : 1;
}
