// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every example needs on the host, so that the rest of its file is about its kernel: a device with one
// stream, device memory that frees itself, test data, half precision, and the comparison with a golden in
// double precision. vector/add.cpp does all of it by hand once.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "acl/acl.h"

namespace example {

// Ends the program with the runtime's own words if a call failed.
inline void must(int error, const char* call) {
  if (error == ACL_SUCCESS) return;
  const char* text = aclGetRecentErrMsg();
  std::fprintf(stderr, "%s: error %d: %s\n", call, error, text != nullptr ? text : "");
  std::exit(1);
}
#define MUST(call) example::must(call, #call)

// Device 0 and a stream on it, for as long as this lives.
class Session {
 public:
  Session() {
    MUST(aclInit(nullptr));
    MUST(aclrtSetDevice(0));
    MUST(aclrtCreateStream(&stream));
  }
  ~Session() {
    aclrtDestroyStream(stream);
    aclrtResetDevice(0);
    aclFinalize();
  }
  void wait() { MUST(aclrtSynchronizeStream(stream)); }
  aclrtStream stream = nullptr;
};

// Device memory for `count` values of T, filled from the host or with zeros. As a launch argument it is its
// address.
template <class T>
class Buffer {
 public:
  explicit Buffer(const std::vector<T>& host) : count_(host.size()) {
    MUST(aclrtMalloc(&device_, bytes(), ACL_MEM_MALLOC_HUGE_FIRST));
    MUST(aclrtMemcpy(device_, bytes(), host.data(), bytes(), ACL_MEMCPY_HOST_TO_DEVICE));
  }
  explicit Buffer(size_t count) : Buffer(std::vector<T>(count)) {}
  ~Buffer() { aclrtFree(device_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  operator uint8_t*() const { return static_cast<uint8_t*>(device_); }
  std::vector<T> read() const {
    std::vector<T> host(count_);
    MUST(aclrtMemcpy(host.data(), bytes(), device_, bytes(), ACL_MEMCPY_DEVICE_TO_HOST));
    return host;
  }

 private:
  size_t bytes() const { return count_ * sizeof(T); }
  void* device_ = nullptr;
  size_t count_;
};

// `count` numbers in [low, high), the same on every machine.
inline std::vector<float> numbers(size_t count, float low, float high, uint32_t seed = 1) {
  std::vector<float> out(count);
  uint32_t state = seed * 2654435761u + 12345u;
  for (float& v : out) {
    state = state * 1664525u + 1013904223u;
    v = low + (high - low) * static_cast<float>(state >> 8) / 16777216.0f;
  }
  return out;
}
// The same, whole numbers.
template <class T>
std::vector<T> integers(size_t count, int low, int high, uint32_t seed = 1) {
  std::vector<T> out;
  for (const float v : numbers(count, static_cast<float>(low), static_cast<float>(high), seed))
    out.push_back(static_cast<T>(std::floor(v)));
  return out;
}

// The host has no half type of its own: 16 bits, and AscendCL's conversions.
inline std::vector<aclFloat16> to_half(const std::vector<float>& values) {
  std::vector<aclFloat16> out;
  for (const float v : values) out.push_back(aclFloatToFloat16(v));
  return out;
}
inline std::vector<float> from_half(const std::vector<aclFloat16>& values) {
  std::vector<float> out;
  for (const aclFloat16 v : values) out.push_back(aclFloat16ToFloat(v));
  return out;
}
// What is left of `values` in half precision: the golden starts from what the kernel is given.
inline std::vector<float> halved(const std::vector<float>& values) { return from_half(to_half(values)); }

// Exit code: 0 if all values are within `tolerance` (relative above 1, absolute below) of wanted(i), a
// double.
template <class T, class Wanted>
int compare(const char* name, const std::vector<T>& got, Wanted wanted, double tolerance) {
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double want = wanted(i), have = static_cast<double>(got[i]);
    const double error = std::fabs(have - want) / std::fmax(1.0, std::fabs(want));
    if (!(error <= tolerance)) {  // also if it is no number
      std::printf("%s: WRONG: value %zu is %.9g, expected %.9g\n", name, i, have, want);
      return 1;
    }
    worst = std::fmax(worst, error);
  }
  std::printf("%s: %zu values right, largest error %.2g\n", name, got.size(), worst);
  return 0;
}

}  // namespace example
