// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/coverage.h"

#include <gtest/gtest.h>

#include "ascendc/compiler/process.h"

namespace etalon::ascendc::compiler {
namespace {

TEST(Coverage, names_used_missing_and_own) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "names.csv",
                         "# "
                         "text\nname,kind,family\nAdd,free,vector\nSort,free,sort\nCeilDiv,free,scalar\n__"
                         "CCE__,lang,language\n"));
  std::filesystem::create_directory(folder.path() / "api");
  ASSERT_TRUE(
      write_file(folder.path() / "api/a.h", "// Sort is not here\ntemplate <class T> void Add(T);\n"));
  const auto interface = Interface::read(folder.path() / "names.csv", {folder.path() / "api"});
  ASSERT_TRUE(interface);
  const auto used = interface->used_in(
      "// Sort\n#define CeilDiv(a) a\n/* Add */\nint x = CeilDiv(1);\nAdd(\"Sort\");\nAscendC::Sort(x);\n");
  ASSERT_EQ(used.size(), 2u);
  EXPECT_EQ(used[0].name, "Add");
  EXPECT_TRUE(used[0].here);
  EXPECT_EQ(used[0].line, 5);
  EXPECT_EQ(used[1].name, "Sort");
  EXPECT_FALSE(used[1].here);
  EXPECT_EQ(used[1].family, "sort");
  EXPECT_NE(interface->explain("k.cpp:1:1: error: no member named 'Sort' in namespace 'AscendC'")
                .find("Sort (sort) is part"),
            std::string::npos);
  EXPECT_EQ(interface->explain("error: use of undeclared identifier 'foo'"), "");
  EXPECT_EQ(Interface::read(folder.path() / "none.csv", {}).error().code, "file.unreadable");
}

}  // namespace
}  // namespace etalon::ascendc::compiler
