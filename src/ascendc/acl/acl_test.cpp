// SPDX-License-Identifier: Apache-2.0
// The host interface: what it does, and that nothing a program hands it brings the program down.
#include "ascendc/acl/include/acl/acl.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

#include "ascendc/acl/arena.h"
#include "ascendc/acl/include/register/tilingdata_base.h"
#include "ascendc/acl/include/tiling/platform/platform_ascendc.h"
#include "ascendc/acl/launch_abi.h"
#include "ascendc/covers_for_test.h"

// Operators in use end the declaration with a semicolon of their own, or without.
namespace tiling_forms {
BEGIN_TILING_DATA_DEF(Bare)
TILING_DATA_FIELD_DEF(uint32_t, rows);
END_TILING_DATA_DEF
BEGIN_TILING_DATA_DEF(Closed)
TILING_DATA_FIELD_DEF(uint32_t, rows);
END_TILING_DATA_DEF;
}  // namespace tiling_forms

namespace {

std::string recent() {
  const char* text = aclGetRecentErrMsg();
  return text == nullptr ? "" : text;
}

// A device, a context and a stream for the length of a test.
struct Host {
  Host() {
    EXPECT_EQ(aclInit(nullptr), ACL_SUCCESS);
    EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
  }
  ~Host() {
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
    EXPECT_EQ(aclrtResetDevice(0), ACL_SUCCESS);
    EXPECT_EQ(aclFinalize(), ACL_SUCCESS);
    aclGetRecentErrMsg();
  }
  void* device_memory(std::size_t bytes) {
    void* p = nullptr;
    EXPECT_EQ(aclrtMalloc(&p, bytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS) << recent();
    return p;
  }
  aclrtStream stream = nullptr;
};

TEST(Acl, starts_and_ends_in_order) {
  EXPECT_NE(aclFinalize(), ACL_SUCCESS);
  EXPECT_EQ(aclInit(nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclInit(nullptr), ACL_ERROR_REPEAT_INITIALIZE);
  EXPECT_NE(recent().find("acl.order"), std::string::npos);
  EXPECT_EQ(aclFinalize(), ACL_SUCCESS);
  EXPECT_EQ(aclFinalize(), ACL_ERROR_REPEAT_FINALIZE);
}

TEST(Acl, converts_half_precision) {
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const auto half = static_cast<aclFloat16>(bits);
    EXPECT_EQ(aclFloatToFloat16(aclFloat16ToFloat(half)), half);
  }
  EXPECT_EQ(aclFloat16ToFloat(0x3c00), 1.0f);
  EXPECT_EQ(aclFloatToFloat16(1.0f + 0x1p-11f), 0x3c00);  // a tie goes to the even neighbour
  EXPECT_EQ(aclFloatToFloat16(1.0f + 3 * 0x1p-11f), 0x3c02);
  EXPECT_EQ(aclFloatToFloat16(1e9f), 0x7c00);
  EXPECT_TRUE(std::isnan(aclFloat16ToFloat(aclFloatToFloat16(NAN))));
  EXPECT_EQ(aclDataTypeSize(ACL_BF16), 2u);
  EXPECT_EQ(aclDataTypeSize(ACL_DOUBLE), 8u);
  EXPECT_EQ(aclDataTypeSize(static_cast<aclDataType>(99)), 0u);
}

TEST(Acl, knows_its_devices) {
  std::uint32_t count = 0;
  ASSERT_EQ(aclrtGetDeviceCount(&count), ACL_SUCCESS);
  EXPECT_GE(count, 2u);
  EXPECT_EQ(aclrtGetDeviceCount(nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtSetDevice(static_cast<int>(count)), ACL_ERROR_RT_INVALID_DEVICEID);
  EXPECT_NE(recent().find("acl.device"), std::string::npos);
  EXPECT_EQ(aclrtSetDevice(-1), ACL_ERROR_RT_INVALID_DEVICEID);
  std::int64_t value = 0;
  EXPECT_EQ(aclrtGetDeviceInfo(0, ACL_DEV_ATTR_CUBE_CORE_NUM, &value), ACL_SUCCESS);
  EXPECT_EQ(value, 24);
  EXPECT_EQ(aclrtGetDeviceInfo(0, ACL_DEV_ATTR_VECTOR_CORE_NUM, &value), ACL_SUCCESS);
  EXPECT_EQ(value, 48);
  EXPECT_EQ(aclrtGetDeviceInfo(0, static_cast<aclrtDevAttr>(77), &value), ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
  EXPECT_EQ(recent().find("acl.unsupported") == std::string::npos, false);
  EXPECT_STREQ(aclrtGetSocName(), "Ascend910B1");
  aclrtRunMode mode = ACL_DEVICE;
  EXPECT_EQ(aclrtGetRunMode(&mode), ACL_SUCCESS);
  EXPECT_EQ(mode, ACL_HOST);
}

TEST(Acl, platform_is_that_of_the_chip) {
  COVERS("CoreMemType", "RESERVED", "GetCoreMemSize", "GetCoreNumAic", "GetCoreNumAiv",
         "PlatformAscendCManager");
  auto* platform = platform_ascendc::PlatformAscendCManager::GetInstance();
  EXPECT_EQ(platform->GetCoreNumAic(), 24u);
  EXPECT_EQ(platform->GetCoreNumAiv(), 48u);
  std::uint64_t size = 0;
  platform->GetCoreMemSize(platform_ascendc::CoreMemType::UB, size);
  EXPECT_EQ(size, 192u * 1024);
  platform->GetCoreMemSize(platform_ascendc::CoreMemType::L2, size);
  EXPECT_EQ(size, 192u << 20);
  platform->GetCoreMemSize(platform_ascendc::CoreMemType::RESERVED, size);
  EXPECT_EQ(size, 0u);
  EXPECT_EQ(platform->GetSocVersion(), platform_ascendc::SocVersion::ASCEND910B);
  EXPECT_EQ(platform->CalcTschBlockDim(48, 24, 48), 24u);
}

TEST(Acl, moves_memory) {
  Host host;
  std::vector<std::uint32_t> in(1000), out(1000);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint32_t>(i * 7);
  const std::size_t bytes = in.size() * 4;
  void *a = host.device_memory(bytes), *b = host.device_memory(bytes);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a) % 512, 0u);
  EXPECT_EQ(aclrtMemcpy(a, bytes, in.data(), bytes, ACL_MEMCPY_HOST_TO_DEVICE), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpyAsync(b, bytes, a, bytes, ACL_MEMCPY_DEVICE_TO_DEVICE, host.stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(out.data(), bytes, b, bytes, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
  EXPECT_EQ(in, out);
  EXPECT_EQ(aclrtMemset(b, bytes, 0xff, 8), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemcpy(out.data(), bytes, b, bytes, ACL_MEMCPY_DEFAULT), ACL_SUCCESS);
  EXPECT_EQ(out[1], ~0u);
  EXPECT_EQ(out[2], 14u);
  EXPECT_EQ(aclrtMemcpy2d(out.data(), 8, a, 16, 4, 10, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
  EXPECT_EQ(out[2 * 3], in[4 * 3]);
  aclrtPtrAttributes where;
  EXPECT_EQ(aclrtPointerGetAttributes(static_cast<char*>(a) + 5, &where), ACL_SUCCESS);
  EXPECT_EQ(where.location.type, ACL_MEM_LOCATION_TYPE_DEVICE);
  EXPECT_EQ(aclrtFree(a), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(b), ACL_SUCCESS);
}

TEST(Acl, refuses_what_would_crash) {
  Host host;
  std::vector<char> host_side(4096);
  char* p = static_cast<char*>(host.device_memory(1000));
  const auto copy = [&](void* to, const void* from, std::size_t n, aclrtMemcpyKind kind) {
    return aclrtMemcpy(to, n, from, n, kind);
  };
  EXPECT_EQ(copy(nullptr, p, 8, ACL_MEMCPY_DEVICE_TO_HOST), ACL_ERROR_INVALID_PARAM);
  EXPECT_NE(recent().find("acl.null"), std::string::npos);
  EXPECT_EQ(copy(host_side.data(), p, 8, ACL_MEMCPY_HOST_TO_DEVICE), ACL_ERROR_RT_INVALID_MEMORY_TYPE);
  EXPECT_NE(recent().find("acl.kind"), std::string::npos);
  static const char constant[64] = "not to be written";
  EXPECT_EQ(copy(const_cast<char*>(constant), p, 8, ACL_MEMCPY_DEVICE_TO_HOST), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_NE(recent().find("may not be written"), std::string::npos);
  EXPECT_EQ(copy(host_side.data(), p, 8, static_cast<aclrtMemcpyKind>(42)), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(copy(p, host_side.data(), 1001, ACL_MEMCPY_HOST_TO_DEVICE), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_NE(recent().find("acl.range"), std::string::npos);
  EXPECT_EQ(aclrtMemcpy(p, 4, host_side.data(), 8, ACL_MEMCPY_HOST_TO_DEVICE), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(copy(p, reinterpret_cast<void*>(0x10), 8, ACL_MEMCPY_HOST_TO_DEVICE), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_NE(recent().find("acl.address"), std::string::npos);
  EXPECT_EQ(copy(p, reinterpret_cast<void*>(~0ul - 4), 8, ACL_MEMCPY_DEFAULT), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtFree(p + 8), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtFree(host_side.data()), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtFree(nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtFree(p), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(p), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(copy(p, host_side.data(), 8, ACL_MEMCPY_HOST_TO_DEVICE), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(aclrtFreeHost(host_side.data()), ACL_ERROR_RT_PARAM_INVALID);
  void* big = nullptr;
  EXPECT_EQ(aclrtMalloc(&big, std::size_t{1} << 60, ACL_MEM_MALLOC_HUGE_FIRST),
            ACL_ERROR_RT_MEMORY_ALLOCATION);
  EXPECT_NE(recent().find("acl.out-of-memory"), std::string::npos);
  EXPECT_EQ(big, nullptr);
  EXPECT_EQ(aclrtMalloc(&big, 0, ACL_MEM_MALLOC_HUGE_FIRST), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtMallocHost(&big, ~std::size_t{0}), ACL_ERROR_RT_MEMORY_ALLOCATION);
}

TEST(Acl, forgets_handles_that_were_destroyed) {
  Host host;
  aclrtStream stream = nullptr;
  ASSERT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_NE(recent().find("acl.handle"), std::string::npos);
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtSynchronizeStream(reinterpret_cast<void*>(0xdeadbeef)), ACL_ERROR_RT_INVALID_HANDLE);
  aclrtEvent event = nullptr;
  ASSERT_EQ(aclrtCreateEvent(&event), ACL_SUCCESS);
  EXPECT_EQ(aclrtRecordEvent(event, stream), ACL_ERROR_RT_INVALID_HANDLE);
  float ms = 0;
  EXPECT_EQ(aclrtEventElapsedTime(&ms, event, event), ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID);
  EXPECT_NE(recent().find("acl.event"), std::string::npos);
  EXPECT_EQ(aclrtDestroyEvent(event), ACL_SUCCESS);
  EXPECT_EQ(aclrtRecordEvent(event, host.stream), ACL_ERROR_RT_INVALID_HANDLE);
  EXPECT_EQ(aclrtDestroyContext(reinterpret_cast<void*>(0x1234)), ACL_ERROR_RT_CONTEXT_NULL);
}

TEST(Acl, contexts_name_devices_and_threads_have_their_own) {
  Host host;
  aclrtContext first = nullptr, other = nullptr;
  ASSERT_EQ(aclrtGetCurrentContext(&first), ACL_SUCCESS);
  ASSERT_EQ(aclrtCreateContext(&other, 1), ACL_SUCCESS);
  std::int32_t device = -1;
  EXPECT_EQ(aclrtGetDevice(&device), ACL_SUCCESS);
  EXPECT_EQ(device, 1);
  void* there = host.device_memory(64);
  aclrtPtrAttributes where;
  EXPECT_EQ(aclrtPointerGetAttributes(there, &where), ACL_SUCCESS);
  EXPECT_EQ(where.location.id, 1u);
  std::thread([] {
    void* p = nullptr;
    EXPECT_EQ(aclrtMalloc(&p, 64, ACL_MEM_MALLOC_HUGE_FIRST), ACL_ERROR_RT_CONTEXT_NULL);
    EXPECT_NE(recent().find("acl.no-context"), std::string::npos);
  }).join();
  EXPECT_EQ(aclrtDestroyContext(other), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetCurrentContext(other), ACL_ERROR_RT_CONTEXT_NULL);
  EXPECT_EQ(aclrtSetCurrentContext(first), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(there), ACL_SUCCESS);
}

TEST(Acl, resetting_a_device_frees_what_is_on_it) {
  std::size_t free_before = 0, free_after = 0, total = 0;
  void* p = nullptr;
  {
    Host host;
    ASSERT_EQ(aclrtGetMemInfo(ACL_HBM_MEM, &free_before, &total), ACL_SUCCESS);
    p = host.device_memory(1 << 20);
  }
  Host host;
  ASSERT_EQ(aclrtGetMemInfo(ACL_HBM_MEM, &free_after, &total), ACL_SUCCESS);
  EXPECT_EQ(free_before, free_after);
  EXPECT_EQ(aclrtFree(p), ACL_ERROR_RT_PARAM_INVALID);
}

TEST(Arena, gives_out_gaps_again_and_only_zeros) {
  etalon::ascendc::Arena arena(1 << 20);
  std::byte *a = arena.allocate(5000), *b = arena.allocate(100), *c = arena.allocate(5000);
  ASSERT_NE(c, nullptr);
  std::memset(a, 1, 5000);
  std::memset(b, 2, 100);
  std::byte* start = nullptr;
  EXPECT_EQ(arena.find(b + 99, &start), 100);
  EXPECT_EQ(start, b);
  EXPECT_EQ(arena.find(b + 100, &start), 0);
  EXPECT_TRUE(arena.release(a));
  EXPECT_FALSE(arena.release(a));
  EXPECT_EQ(static_cast<int>(b[99]), 2);
  EXPECT_TRUE(arena.release(b));
  std::byte* again = arena.allocate(5600);  // both gaps, joined
  EXPECT_EQ(again, a);
  for (int i = 0; i < 5600; ++i) ASSERT_EQ(static_cast<int>(again[i]), 0) << i;
  EXPECT_EQ(arena.allocate(1 << 20), nullptr);
  EXPECT_TRUE(arena.release(again));
  EXPECT_TRUE(arena.release(c));
  EXPECT_EQ(arena.used(), 0);
  EXPECT_NE(arena.allocate((1 << 20) - 1024), nullptr);
}

}  // namespace

TEST(TilingData, ends_with_a_semicolon_or_without) {
  tiling_forms::Bare bare;
  tiling_forms::Closed closed;
  bare.set_rows(7);
  uint32_t bytes = 0;
  bare.SaveToBuffer(&bytes, sizeof(bytes));
  EXPECT_EQ(bytes, 7u);
  EXPECT_EQ(bare.GetDataSize(), closed.GetDataSize());
}
