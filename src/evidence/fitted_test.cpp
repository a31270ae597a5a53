// SPDX-License-Identifier: Apache-2.0
#include "evidence/fitted.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace etalon::evidence {
namespace {

namespace fs = std::filesystem;

TEST(Fitted, IdsComeFromTheListsAndFromTheFactsThatNameTheirRows) {
  const fs::path data = fs::temp_directory_path() / ("etalon_fitted_test_" + std::to_string(getpid()));
  fs::create_directories(data / "calibration");
  fs::create_directories(data / "chips");
  std::ofstream(data / "calibration" / "a.txt") << "# list\nrow-1\n\nrow-2  # why\n";
  std::ofstream(data / "calibration" / "b.csv") << "row-9\n";
  std::ofstream(data / "chips" / "c.toml")
      << "[x]\ny = { value = 1, rows = [\"row-3\", \"file:data/calibration/a.txt\"] }\n";
  auto fitted = FittedRows::load(data);
  fs::remove_all(data);
  ASSERT_TRUE(fitted.has_value()) << fitted.error().text();
  EXPECT_EQ(fitted->size(), 3u);
  Row row;
  row.id = "row-3";
  EXPECT_TRUE(fitted->holds(row));
  row.id = "row-9";
  EXPECT_FALSE(fitted->holds(row));
}

TEST(Fitted, AnEmptyDataFolderListsNothing) {
  auto fitted = FittedRows::load("/nonexistent");
  ASSERT_TRUE(fitted.has_value());
  EXPECT_EQ(fitted->size(), 0u);
}

TEST(Fitted, AListThatCannotBeReadIsAnErrorAndNoEmptyList) {
  const fs::path data = fs::temp_directory_path() / ("etalon_fitted_link_" + std::to_string(getpid()));
  fs::create_directories(data / "calibration");
  fs::create_symlink("nowhere", data / "calibration" / "a.txt");
  auto fitted = FittedRows::load(data);
  fs::remove_all(data);
  ASSERT_FALSE(fitted.has_value());
  EXPECT_EQ(fitted.error().code, "evidence.unreadable");
}

}  // namespace
}  // namespace etalon::evidence
