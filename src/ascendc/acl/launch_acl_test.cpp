// SPDX-License-Identifier: Apache-2.0
// Launches through the host interface: numbers come back, and whatever a kernel does stays in its process.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "ascendc/acl/exit_code.h"
#include "ascendc/acl/include/acl/acl.h"
#include "ascendc/acl/include/tikicpulib.h"
#include "ascendc/acl/launch_abi.h"
#include "ascendc/acl/profile_record.h"
#include "ascendc/acl/profile_report.h"
#include "ascendc/acl/runtime.h"
#include "ascendc/api/kernel_operator.h"
#include "catalog/catalog.h"

namespace {

using namespace etalon::ascendc;

constexpr std::uint32_t kTile = 1024;

// z = x + x, `kTile` elements a block.
void doubled(float* x, float* z) {
  using namespace AscendC;
  GlobalTensor<float> in, out;
  in.SetGlobalBuffer(x + GetBlockIdx() * kTile, kTile);
  out.SetGlobalBuffer(z + GetBlockIdx() * kTile, kTile);
  TPipe pipe;
  TQue<TPosition::VECIN, 1> from;
  TQue<TPosition::VECOUT, 1> to;
  pipe.InitBuffer(from, 1, kTile * sizeof(float));
  pipe.InitBuffer(to, 1, kTile * sizeof(float));
  auto a = from.AllocTensor<float>();
  DataCopy(a, in, kTile);
  from.EnQue(a);
  a = from.DeQue<float>();
  auto b = to.AllocTensor<float>();
  Add(b, a, a, kTile);
  to.EnQue(b);
  from.FreeTensor(a);
  b = to.DeQue<float>();
  DataCopy(out, b, kTile);
  to.FreeTensor(b);
}

class AclLaunch : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(aclrtSetDevice(0), ACL_SUCCESS);
    ASSERT_EQ(aclrtCreateStream(&stream_), ACL_SUCCESS);
    ASSERT_EQ(aclrtMalloc(&x_, kBytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    ASSERT_EQ(aclrtMalloc(&z_, kBytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    std::vector<float> in(kElements);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i) / 3;
    ASSERT_EQ(aclrtMemcpy(x_, kBytes, in.data(), kBytes, ACL_MEMCPY_HOST_TO_DEVICE), ACL_SUCCESS);
  }
  void TearDown() override {
    aclrtDestroyStream(stream_);
    aclrtResetDeviceForce(0);
    aclGetRecentErrMsg();
    etalon::ascendc::Runtime::get().wants_time = false;
    etalon::ascendc::forget_exit();
  }
  template <class Body>
  int launch(Body body, std::uint32_t type = ETALON_KERNEL_AIV, std::uint32_t blocks = kBlocks) {
    etalon_launch_config c = {};
    c.size = sizeof c;
    c.blocks = blocks;
    c.kernel = "tested";
    c.type = type;
    c.stream = stream_;
    c.file = "there.cpp";
    c.line = 7;
    return etalon_launch_call(c, body);
  }
  // The kernel fails: with this code of the host interface and these words, and the device still works.
  template <class Body>
  void expect_failure(Body body, int code, const std::string& words, std::uint32_t type = ETALON_KERNEL_AIV) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(launch(body, type), code);
    const std::string shown = testing::internal::GetCapturedStderr();
    EXPECT_NE(shown.find(words), std::string::npos) << shown;
    EXPECT_NE(shown.find("tested"), std::string::npos) << shown;
    EXPECT_NE(shown.find("there.cpp:7"), std::string::npos) << shown;
    const char* recent = aclGetRecentErrMsg();
    ASSERT_NE(recent, nullptr);
    EXPECT_NE(std::string(recent).find(words), std::string::npos) << recent;
    EXPECT_EQ(aclrtSynchronizeStream(stream_), code);
    EXPECT_EQ(aclrtSynchronizeStream(stream_), ACL_SUCCESS);
    expect_doubles();
  }
  void expect_doubles() {
    ASSERT_EQ(launch([&] { doubled(static_cast<float*>(x_), static_cast<float*>(z_)); }), ACL_SUCCESS);
    std::vector<float> out(kElements);
    ASSERT_EQ(aclrtMemcpy(out.data(), kBytes, z_, kBytes, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
    for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], static_cast<float>(i) / 3 * 2) << i;
  }

  static constexpr std::uint32_t kBlocks = 5;
  static constexpr std::size_t kElements = kBlocks * kTile, kBytes = kElements * sizeof(float);
  aclrtStream stream_ = nullptr;
  void *x_ = nullptr, *z_ = nullptr;
};

TEST_F(AclLaunch, numbers_come_back) { expect_doubles(); }

TEST_F(AclLaunch, what_a_kernel_writes_elsewhere_is_lost) {
  int mine = 1;
  EXPECT_EQ(launch([&] { ++mine; }), ACL_SUCCESS);
  EXPECT_EQ(mine, 1);
}

TEST_F(AclLaunch, crashes_stay_in_their_process) {
  expect_failure([] { *reinterpret_cast<volatile int*>(0x40) = 1; }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION,
                 "run.crash");
  expect_failure([] { std::abort(); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.abort");
  expect_failure([] { throw std::runtime_error("boo"); }, ACL_ERROR_RT_AICORE_EXCEPTION, "throws: boo",
                 ETALON_KERNEL_AIC);
  expect_failure([] { throw 3; }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.exception");
  expect_failure([] { AscendC::GetBlockIdx() == 2 ? throw 3 : 0; }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION,
                 "block 2, vector core: the kernel throws");
  expect_failure([] { std::_Exit(9); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.exit");
  expect_failure([] { ualarm(1000, 0), pause(); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.killed");
  expect_failure(
      [] {
        volatile char large[1 << 19];
        for (std::size_t i = 0; i < sizeof large; i += 64) large[i] = 1;
      },
      ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.stack");
  expect_failure([] { throw std::bad_alloc(); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.memory");
}

TEST_F(AclLaunch, processes_of_a_kernel_end_with_it) {
  expect_failure([] { fork(); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.fork");
  expect_failure([] { AscendC::GetBlockIdx() == 1 ? std::exit(0) : void(); },
                 ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "block 1, vector core: ends its process with code 0");
  expect_failure([] { kill(getppid(), SIGKILL); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.signal");
  expect_failure([] { raise(SIGSTOP); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.signal");
  expect_failure(
      [] {
        if (AscendC::GetBlockIdx() == 0 && vfork() == 0) execl("/bin/sleep", "sleep", "1000", nullptr);
      },
      ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.fork");
  expect_failure([] { close(1), close(2), std::abort(); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.abort");
  signal(SIGCHLD, SIG_IGN);  // the system takes ended children away
  expect_failure([] { ualarm(1000, 0), pause(); }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "run.lost");
  signal(SIGCHLD, SIG_DFL);
}

#if defined(__x86_64__)
TEST_F(AclLaunch, addresses_that_cannot_be_are_said_to_be) {
  volatile std::uintptr_t wild = 0xdeadbeefdeadbee0;
  expect_failure([&] { *reinterpret_cast<volatile int*>(wild) = 1; }, ACL_ERROR_RT_VECTOR_CORE_EXCEPTION,
                 "0xdeadbeefdeadbee0, which no address can be");
}
#endif

TEST_F(AclLaunch, memory_comes_in_whole_blocks) {
  void* small = nullptr;
  ASSERT_EQ(aclrtMalloc(&small, 12, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  ASSERT_EQ(aclrtMemset(small, 12, 0, 12), ACL_SUCCESS);
  const auto copy = [&](bool out, std::uint32_t floats) {
    testing::internal::CaptureStderr();
    const int code = launch(
        [=] {
          AscendC::GlobalTensor<float> there;
          there.SetGlobalBuffer(static_cast<float*>(small));
          const AscendC::LocalTensor<float> here(AscendC::TPosition::VECCALC, 0, floats);
          if (out)
            AscendC::Duplicate(here, 0.0f, static_cast<std::int32_t>(floats)),
                AscendC::PipeBarrier<PIPE_ALL>(), AscendC::DataCopy(there, here, floats);
          else
            AscendC::DataCopy(here, there, floats);
        },
        ETALON_KERNEL_AIV, 1);
    return std::pair(code, testing::internal::GetCapturedStderr());
  };
  const auto read = copy(false, 8), written = copy(true, 8), beyond = copy(false, 24);
  EXPECT_EQ(read.first, ACL_SUCCESS);
  EXPECT_NE(read.second.find("note hazard.out-of-bounds"), std::string::npos) << read.second;
  EXPECT_NE(read.second.find("reads 20 bytes more than the 12"), std::string::npos) << read.second;
  EXPECT_EQ(written.first, ACL_SUCCESS);
  EXPECT_NE(written.second.find("warning hazard.out-of-bounds"), std::string::npos) << written.second;
  EXPECT_NE(beyond.first, ACL_SUCCESS);
  EXPECT_EQ(beyond.second.find("ascendc.out-of-range"), beyond.second.rfind("ascendc.out-of-range"));  // once
  aclrtSynchronizeStream(stream_);
}

TEST_F(AclLaunch, division_by_zero_names_block_and_core) {
  volatile int zero = 0;
  volatile int result = 0;
  expect_failure(
      [&] {
        if (AscendC::GetBlockIdx() == 3) {
          const int quotient = 100 / zero;
          result = quotient;
        }
      },
      ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "block 3, vector core");
}

TEST_F(AclLaunch, endless_loops_end) {
  setenv("ETALON_TIMEOUT", "0.1", 1);
  const auto spin = [] {
    for (volatile int i = 0;; i = i + 1) {
    }
  };
  testing::internal::CaptureStderr();
  EXPECT_EQ(launch(spin), ACL_ERROR_RT_VECTOR_CORE_TIMEOUT);
  EXPECT_EQ(launch(spin, ETALON_KERNEL_MIX_1_2), ACL_ERROR_RT_AICORE_TIMEOUT);
  unsetenv("ETALON_TIMEOUT");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("run.timeout"), std::string::npos);
  expect_doubles();
}

TEST_F(AclLaunch, wild_pointers_and_deadlocks_are_findings_of_the_device) {
  expect_failure([] { doubled(reinterpret_cast<float*>(0x1000), reinterpret_cast<float*>(0x2000)); },
                 ACL_ERROR_RT_VECTOR_CORE_EXCEPTION, "ascendc.out-of-range");
  expect_failure([] { AscendC::CrossCoreWaitFlag(3); }, ACL_ERROR_RT_AICORE_EXCEPTION, "deadlock",
                 ETALON_KERNEL_MIX_1_2);
  float* freed = static_cast<float*>(z_);
  ASSERT_EQ(aclrtFree(freed), ACL_SUCCESS);
  testing::internal::CaptureStderr();
  EXPECT_NE(launch([&] { doubled(freed, freed); }), ACL_SUCCESS);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("ascendc.out-of-range"), std::string::npos);
}

TEST_F(AclLaunch, hazards_are_told_and_the_numbers_still_come) {
  void* fresh = nullptr;  // nothing was ever copied there
  ASSERT_EQ(aclrtMalloc(&fresh, kBytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  testing::internal::CaptureStderr();
  EXPECT_EQ(launch([&] { doubled(static_cast<float*>(fresh), static_cast<float*>(z_)); }), ACL_SUCCESS);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("failure hazard.undefined"), std::string::npos);
  // A kernel writes it; the next finds it written.
  EXPECT_EQ(launch([&] { doubled(static_cast<float*>(x_), static_cast<float*>(fresh)); }), ACL_SUCCESS);
  testing::internal::CaptureStderr();
  EXPECT_EQ(launch([&] { doubled(static_cast<float*>(fresh), static_cast<float*>(z_)); }), ACL_SUCCESS);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(AclLaunch, floods_of_output_are_cut) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  EXPECT_EQ(launch(
                [] {
                  const std::string line(1000, 'x');
                  for (int i = 0; i < 3000; ++i) std::puts(line.c_str());
                },
                ETALON_KERNEL_AIV, 1),
            ACL_SUCCESS);
  EXPECT_EQ(testing::internal::GetCapturedStdout().size(), 1u << 20);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("run.output"), std::string::npos);
}

TEST_F(AclLaunch, wrong_launches_are_refused) {
  testing::internal::CaptureStderr();
  EXPECT_NE(launch([] {}, 99), ACL_SUCCESS);
  EXPECT_NE(launch([] {}, ETALON_KERNEL_AIV, 0), ACL_SUCCESS);
  EXPECT_NE(launch([] {}, ETALON_KERNEL_AIV, 65536), ACL_SUCCESS);
  EXPECT_EQ(etalon_launch(nullptr, nullptr, nullptr), ACL_ERROR_INVALID_PARAM);
  etalon_launch_config c = {};
  c.size = sizeof c;
  c.blocks = 1;
  c.architecture = "dav-3510";
  EXPECT_NE(etalon_launch_call(c, [] {}), ACL_SUCCESS);
  c.architecture = nullptr;
  c.stream = reinterpret_cast<void*>(0x5);
  EXPECT_EQ(etalon_launch_call(c, [] {}), ACL_ERROR_RT_INVALID_HANDLE);
  const std::string shown = testing::internal::GetCapturedStderr();
  for (const char* code : {"launch.type", "launch.blocks", "acl.architecture", "acl.handle"})
    EXPECT_NE(shown.find(code), std::string::npos) << code;
}

TEST_F(AclLaunch, kernels_cannot_use_the_host_interface_to_harm) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(launch(
                [&] {
                  aclrtFree(x_);
                  launch([] {});
                },
                ETALON_KERNEL_AIV, 1),
            ACL_SUCCESS);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("launch.nested"), std::string::npos);
}

TEST_F(AclLaunch, events_have_the_time_of_the_model) {
  aclrtEvent begin = nullptr, end = nullptr;
  ASSERT_EQ(aclrtCreateEvent(&begin), ACL_SUCCESS);
  ASSERT_EQ(aclrtCreateEvent(&end), ACL_SUCCESS);
  ASSERT_EQ(aclrtRecordEvent(begin, stream_), ACL_SUCCESS);
  expect_doubles();
  ASSERT_EQ(aclrtRecordEvent(end, stream_), ACL_SUCCESS);
  float ms = 0;
  ASSERT_EQ(aclrtEventElapsedTime(&ms, begin, end), ACL_SUCCESS);
  EXPECT_GT(ms, 0.001f);
  EXPECT_LT(ms, 0.1f);
}

TEST_F(AclLaunch, the_profiler_sees_bytes_and_pipes) {
  const std::string file = testing::TempDir() + "etalon-profile-test";
  std::remove(file.c_str());
  setenv("ETALON_PROFILE", file.c_str(), 1);
  setenv("ETALON_TIMELINE", "1", 1);
  expect_doubles();
  expect_doubles();
  unsetenv("ETALON_PROFILE");
  unsetenv("ETALON_TIMELINE");
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  std::remove(file.c_str());
  const auto records = parse_profile(text.str());
  ASSERT_TRUE(records.has_value()) << records.error().text();
  ASSERT_EQ(records->size(), 2u);
  const auto& first = records->front();
  EXPECT_EQ(first.kernel, "tested");
  EXPECT_EQ(first.type, "aiv");
  EXPECT_EQ(first.vectors, static_cast<int>(kBlocks));
  EXPECT_EQ(first.hbm_read, static_cast<double>(kBytes));  // nothing was in L2
  EXPECT_EQ((*records)[1].hbm_read, 0);                    // the first launch left its input there
  EXPECT_FALSE(first.spans.empty());
  EXPECT_GT(first.task_us, first.time_us);
  EXPECT_EQ(as_text(first), as_text(parse_profile(as_text(first))->front()));
  const auto chip = *etalon::catalog::find_chip("ascend-910b1");
  const auto bound = lower_bound(chip, first);
  EXPECT_GT(bound.us, 0);
  EXPECT_LT(bound.us, first.time_us);
  const auto document = profile_report(chip, "program", *records);
  EXPECT_TRUE(document.findings.empty());
  const auto list = advice(chip, first);
  ASSERT_FALSE(list.empty());
  EXPECT_LE(list.size(), 3u);
  EXPECT_NE(list.front().text.find("launch"), std::string::npos);  // a tiny kernel
  EXPECT_EQ(profile_report(chip, "program", {}).findings.front().code, "profile.no-kernels");
  EXPECT_EQ(parse_profile("kernel a\nnonsense 3\n").error().code, "profile.syntax");
  EXPECT_EQ(parse_profile("kernel a\n").error().code, "profile.syntax");
}

TEST_F(AclLaunch, the_profiler_can_leave_numbers_out) {
  const std::string file = testing::TempDir() + "etalon-profile-time-only-test";
  std::remove(file.c_str());
  setenv("ETALON_PROFILE", file.c_str(), 1);
  setenv("ETALON_TIME_ONLY", "1", 1);
  EXPECT_EQ(launch([&] { doubled(static_cast<float*>(x_), static_cast<float*>(z_)); }), ACL_SUCCESS);
  unsetenv("ETALON_TIME_ONLY");
  ASSERT_EQ(aclrtMemcpy(z_, kBytes, z_, kBytes, ACL_MEMCPY_DEVICE_TO_DEVICE), ACL_SUCCESS);
  float first = -1;
  ASSERT_EQ(aclrtMemcpy(&first, 4, static_cast<float*>(z_) + 1, 4, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
  EXPECT_EQ(first, 0);
  aclrtResetDeviceForce(0);
  SetUp();  // nothing in L2 that was not there before
  expect_doubles();
  unsetenv("ETALON_PROFILE");
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  std::remove(file.c_str());
  const auto records = parse_profile(text.str());
  ASSERT_TRUE(records.has_value());
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ(records->front().time_us, records->back().time_us);
}

TEST_F(AclLaunch, kernels_run_without_the_host_interface) {
  AscendC::SetKernelMode(KernelMode::AIV_MODE);
  auto* x = static_cast<float*>(AscendC::GmAlloc(kBytes));
  auto* z = static_cast<float*>(AscendC::GmAlloc(kBytes));
  for (std::size_t i = 0; i < kElements; ++i) x[i] = static_cast<float>(i);
  ICPU_SET_TILING_KEY(42);
  EXPECT_EQ(etalon_tiling_key(), 42u);
  testing::internal::CaptureStderr();
  EXPECT_EQ(ICPU_RUN_KF(doubled, kBlocks, x, z), 0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  for (std::size_t i = 0; i < kElements; ++i) ASSERT_EQ(z[i], 2.0f * static_cast<float>(i));
  AscendC::GmFree(x);
  AscendC::GmFree(z);
  AscendC::SetKernelMode(KernelMode::MIX_MODE);
}

// A program that takes no notice of a failed kernel still ends with its code.
TEST_F(AclLaunch, programs_end_with_the_code_of_their_kernels) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    std::freopen("/dev/null", "w", stderr);
    launch([] { std::abort(); });
    std::exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

}  // namespace
