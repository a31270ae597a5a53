// SPDX-License-Identifier: Apache-2.0
#include "kernels/cost.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "catalog/catalog.h"
#include "kernels/cache.h"

namespace etalon::kernels {
namespace {

namespace fs = std::filesystem;

catalog::Chip h100() { return *catalog::find_chip("h100-sxm"); }

llm::Matmul product(std::int64_t m, llm::Dtype dtype = llm::Dtype::bf16) {
  llm::Matmul op;
  op.m = m, op.n = 1024, op.k = 1024, op.dtype = dtype;
  return op;
}

struct File {
  fs::path path = fs::temp_directory_path() / ("etalon-cost-" + std::to_string(::getpid()) + ".db");
  ~File() {
    std::error_code ignored;
    for (const char* end : {"", "-wal", "-shm"}) fs::remove(path.string() + end, ignored);
  }
  CostOptions options() const { return {Fidelity::cycle, path.string(), false}; }
};

TEST(CostModel, TheSecondAnswerIsTheFirstToTheBitFromMemoryAndFromTheFile) {
  const File file;
  const CostModel model(h100(), file.options());
  const auto first = model.cost(product(512));
  ASSERT_TRUE(first);
  EXPECT_EQ(to_text(*model.cost(product(512))), to_text(*first));
  EXPECT_EQ(to_text(*CostModel(h100(), file.options()).cost(product(512))), to_text(*first));
}

TEST(CostModel, AFactThatWasReadChangesTheAnswerAndOneThatWasNotDoesNotSpoilTheCache) {
  const File file;
  const auto before = CostModel(h100(), file.options()).cost(product(512));
  catalog::Chip slower = h100(), dearer = h100();
  static_cast<catalog::FactSheet&>(slower) = slower.with("launch.graph", 9e-6);
  static_cast<catalog::FactSheet&>(dearer) = dearer.with("package.price", 99999);
  EXPECT_NE(CostModel(slower, file.options()).cost(product(2048))->time.value,
            CostModel(h100(), file.options()).cost(product(2048))->time.value);
  EXPECT_EQ(CostModel(dearer, file.options()).cost(product(512))->time.value, before->time.value);
}

TEST(CostModel, TheHarnessIsPartOfTheQuestion) {
  const CostModel model(h100(), {Fidelity::formula, "", false});
  Harness slow;
  slow.clock = Hertz{0.5e9};
  EXPECT_GT(model.cost(product(4096), slow)->time, model.cost(product(4096))->time);
}

TEST(CostModel, AnOperationThatNoKernelDoesIsRefusedNamingWhatThereIs) {
  const CostModel model(h100());
  const auto cost = model.cost(product(64, llm::Dtype::hif8));
  ASSERT_FALSE(cost);
  EXPECT_EQ(cost.error().code, "kernel.none");
  EXPECT_NE(cost.error().message.find("gpu.gemm"), std::string::npos);
}

TEST(CostModel, ACorruptCacheIsAFindingAndTheAnswerComesAllTheSame) {
  const File file;
  std::ofstream(file.path) << std::string(4096, '?');
  const CostModel model(h100(), file.options());
  EXPECT_TRUE(model.cost(product(512)));
  ASSERT_FALSE(model.findings().empty());
  EXPECT_EQ(model.findings()[0].code, "cache.unusable");
}

TEST(CostModel, SeveralThreadsGetTheSameAnswers) {
  const File file;
  const CostModel model(h100(), file.options());
  std::vector<double> times(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < times.size(); ++i)
    threads.emplace_back([&, i] { times[i] = model.cost(product(777))->time.value; });
  for (std::thread& t : threads) t.join();
  for (const double t : times) EXPECT_EQ(t, times[0]);
  EXPECT_TRUE(model.findings().empty());
}

}  // namespace
}  // namespace etalon::kernels
