// SPDX-License-Identifier: Apache-2.0
// The program as its users meet it: exit codes, messages, files.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

struct Outcome {
  int code = -1;
  std::string text;  // standard output and error together
};

Outcome etalon(const std::string& arguments) {
  Outcome out;
  FILE* pipe = popen((std::string("'" ETALON_PROGRAM "' ") + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> buffer{};
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    out.text.append(buffer.data(), n);
  const int status = pclose(pipe);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

void expect(const std::string& arguments, int code, const std::string& words) {
  const Outcome o = etalon(arguments);
  EXPECT_EQ(o.code, code) << arguments << "\n" << o.text;
  EXPECT_NE(o.text.find(words), std::string::npos) << arguments << "\n" << o.text;
}

TEST(Program, lists_shows_and_compares_chips) {
  expect("chips", 0, "ascend-910d");
  expect("chips show h100-sxm", 0, "nvidia-h100-datasheet");
  expect("chips diff ascend-910d h100-sxm", 0, "3A090.a");
  expect("nodes", 0, "dgx-h100");
  expect("nodes show dgx-h100", 0, "nvswitch");
  expect("facts hbm", 0, "declared memory bandwidth");
  expect("facts hmb", 2, "did you mean");
}

TEST(Program, offers_what_is_near_when_a_name_is_wrong) {
  expect("chps", 2, "did you mean chips");
  expect("chps", 2, "usage.unknown-word");
  expect("chips shw h20", 2, "did you mean show");
  expect("chips show h100-sxn", 2, "did you mean h100-sxm");
  expect("chips --jsn x", 2, "did you mean --json");
  expect("chips --jsn x", 2, "usage.unknown-flag");
}

TEST(Program, runs_programs_and_passes_on_how_they_end) {
  expect("run sh -c 'echo $ETALON_CHIP; exit 7' --flag-of-its-own", 7, "\n");
  expect("run --chip ascend-910b3 --timeout 5 sh -c 'echo on $ETALON_CHIP, $ETALON_TIMEOUT s'", 0,
         "on ascend-910b3, 5 s");
  expect("run --chip h100-sxm true", 2, "acl.chip");
  expect("run ./no-such-program", 2, "run.program");
  expect("run", 2, "usage.wrong");
  expect("profile true", 0, "profile.no-kernels");
  expect("profile false", 3, "profile.program");
}

TEST(Program, says_what_is_missing) {
  expect("", 2, "usage.wrong");
  expect("chips show", 2, "usage.wrong");
  expect("chips diff h20", 2, "usage.wrong");
}

TEST(Program, helps) {
  expect("--help", 0, "chips");
  expect("chips --help", 0, "diff");
  expect("--version", 0, "etalon");
}

TEST(Program, writes_json_and_says_when_it_cannot) {
  const auto file = std::filesystem::temp_directory_path() / "etalon-cli-test.json";
  expect("chips show h20 --json " + file.string(), 0, "h20");
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_NE(text.str().find("\"package.power\""), std::string::npos);
  std::filesystem::remove(file);
  expect("chips --json /nonexistent/folder/x", 2, "file.unwritable");
}

TEST(Program, prints_no_colour_into_a_pipe) {
  EXPECT_EQ(etalon("chips").text.find('\x1b'), std::string::npos);
}

}  // namespace
