// SPDX-License-Identifier: Apache-2.0
#include "kernels/cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

namespace etalon::kernels {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("etalon-cache-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  std::string file(const char* name) const { return (path / name).string(); }
};

KernelCost sample() {
  KernelCost c;
  c.time = Seconds{0.1 + 0.2};
  c.clock = Hertz{1.98e9};
  c.fidelity = Fidelity::cycle;
  c.kernels = 3;
  c.energy = Joules{-0.0};
  c.busy["tensor"] = Seconds{1e-300};
  c.limits[Limit::hbm] = 1.0 / 3;
  c.tiling = "128x256, \"a\"\tb\\n\nc";
  c.mechanism = "gemm.compute";
  c.findings.push_back({Severity::warning, "x.y", "text\twith tab", ""});
  return c;
}

const CostCache::Fingerprint kSame = [](const std::string&) { return std::string("f"); };

TEST(Cache, TextKeepsEveryFieldToTheBit) {
  const auto back = cost_from_text(to_text(sample()));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_text(*back), to_text(sample()));
  EXPECT_EQ(back->time.value, 0.1 + 0.2);
  EXPECT_EQ(back->tiling, sample().tiling);
  EXPECT_EQ(back->findings, sample().findings);
}

TEST(Cache, TextCutShortOrAlteredIsRefused) {
  const std::string text = to_text(sample());
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(cost_from_text(text.substr(0, n))) << n;
  EXPECT_FALSE(cost_from_text("time\tnonsense\nend\t1\n"));
  EXPECT_FALSE(cost_from_text("unknown\t0x1p+0\nend\t1\n"));
}

TEST(Cache, FindsWhatAnotherProcessWouldHaveStored) {
  const Folder folder;
  CostCache(folder.file("a.db")).store("key", "hbm.bandwidth\n", "f", sample());
  CostCache again(folder.file("a.db"));
  const auto found = again.find("key", kSame);
  ASSERT_TRUE(found);
  EXPECT_EQ(to_text(*found), to_text(sample()));
  EXPECT_FALSE(again.find("other", kSame));
}

TEST(Cache, AChangedFactThatWasReadMisses) {
  const Folder folder;
  CostCache cache(folder.file("a.db"));
  cache.store("key", "hbm.bandwidth\n", "f", sample());
  std::string asked;
  const auto changed = [&](const std::string& paths) { return asked = paths, std::string("g"); };
  EXPECT_FALSE(cache.find("key", changed));
  EXPECT_EQ(asked, "hbm.bandwidth\n");
}

TEST(Cache, ACorruptFileIsDoneWithoutAndSaidSo) {
  const Folder folder;
  std::ofstream(folder.file("bad.db")) << std::string(8192, 'x');
  CostCache cache(folder.file("bad.db"));
  cache.store("key", "", "f", sample());
  EXPECT_FALSE(cache.find("key", kSame));
  ASSERT_EQ(cache.findings().size(), 1u);
  EXPECT_EQ(cache.findings()[0].code, "cache.unusable");
}

TEST(Cache, AFileThatCannotBeCreatedIsDoneWithoutAndSaidSo) {
  CostCache cache("/proc/no-such-folder/cache.db");
  cache.store("key", "", "f", sample());
  EXPECT_EQ(cache.findings().size(), 1u);
}

TEST(Cache, ManyThreadsAndConnectionsShareOneFile) {
  const Folder folder;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      CostCache mine(folder.file("shared.db"));
      for (int i = 0; i < 20; ++i) mine.store("key" + std::to_string(i), "", "f", sample());
      EXPECT_TRUE(mine.findings().empty()) << t;
    });
  for (auto& t : threads) t.join();
  CostCache cache(folder.file("shared.db"));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(cache.find("key" + std::to_string(i), kSame));
}

}  // namespace
}  // namespace etalon::kernels
