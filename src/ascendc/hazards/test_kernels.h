// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of the hazard checker: runs device code under it, and expects one finding with its lines.
//   Findings f = check(KernelType::aiv, 1, [&](Gm& gm) { AT("copy") DataCopy(...); });
//   EXPECT_FINDING(f, "hazard.raw", "add", "copy", "SetFlag<HardEvent::MTE2_V>");

#include <fmt/format.h>

#include <map>

#include "ascendc/hazards/checker.h"
#include "ascendc/test_core.h"

namespace etalon::ascendc {

inline std::map<std::string, int>& marked_lines() {
  static std::map<std::string, int> lines;
  return lines;
}
// Names the line of the call that follows it.
#define AT(name) marked_lines()[name] = __LINE__;

// Device memory of a test: an input and an output of `kElements` floats and a workspace.
constexpr std::uint32_t kN = 256;  // elements of a tile
struct Gm {
  float *x, *y, *z;
  AscendC::GlobalTensor<float> gx, gy, gz;
};

inline Findings check(KernelType type, int blocks, const std::function<void(Gm&)>& kernel,
                      const std::function<void(HazardChecker&, const Gm&)>& before = {}) {
  marked_lines().clear();
  TestDevice device;
  Gm gm;
  constexpr std::int64_t elements = 64 * kN;
  gm.x = device.allocate_of<float>(elements);
  gm.y = device.allocate_of<float>(elements);
  gm.z = device.allocate_of<float>(elements);
  for (std::int64_t i = 0; i < elements; ++i) gm.x[i] = static_cast<float>(i % 7);
  gm.gx.SetGlobalBuffer(gm.x);
  gm.gy.SetGlobalBuffer(gm.y);
  gm.gz.SetGlobalBuffer(gm.z);
  HazardChecker checker("test");
  if (before) before(checker, gm);
  LaunchOptions options;
  options.type = type;
  options.blocks = blocks;
  options.observer = &checker;
  static_cast<void>(launch(device, options, [&] { kernel(gm); }));
  return checker.findings();
}

inline std::string text_of(const Findings& findings) {
  std::string text;
  for (const auto& f : findings)
    text += fmt::format("\n[{}] {} {}", static_cast<int>(f.severity), f.code, f.text);
  return text.empty() ? " none" : text;
}

// No failure and no warning; notes are advice.
inline ::testing::AssertionResult clean(const Findings& findings) {
  for (const auto& f : findings) {
    if (f.severity != Severity::note)
      return ::testing::AssertionFailure() << "findings:" << text_of(findings);
  }
  return ::testing::AssertionSuccess();
}

// Exactly one finding besides notes: of this code, at the line marked `now`, naming that marked `before` (if
// any) and the words.
inline ::testing::AssertionResult one_finding(const Findings& findings, Severity severity,
                                              const std::string& code, const std::string& file,
                                              const std::string& now, const std::string& before,
                                              const std::vector<std::string>& words) {
  const Finding* found = nullptr;
  int count = 0;
  for (const auto& f : findings) {
    if (severity != Severity::note && f.severity == Severity::note) continue;
    ++count;
    if (f.code == code) found = &f;
  }
  if (found == nullptr || count != 1 || found->severity != severity)
    return ::testing::AssertionFailure() << "expected one " << code << ", findings:" << text_of(findings);
  const auto place = [&](const std::string& mark) {
    return fmt::format("{}:{}", file.substr(file.rfind('/') + 1), marked_lines().at(mark));
  };
  std::vector<std::string> expected = words;
  if (!now.empty() && !found->where.ends_with(place(now)))
    return ::testing::AssertionFailure()
           << "expected at " << place(now) << ", findings:" << text_of(findings);
  if (!before.empty()) expected.push_back(place(before));
  for (const auto& word : expected) {
    if (found->text.find(word) == std::string::npos)
      return ::testing::AssertionFailure() << "'" << word << "' is missing, findings:" << text_of(findings);
  }
  return ::testing::AssertionSuccess();
}
#define EXPECT_WARNING(findings, code, now, before, ...) \
  EXPECT_TRUE(one_finding(findings, Severity::warning, code, __FILE__, now, before, {__VA_ARGS__}))
#define EXPECT_FINDING(findings, code, now, before, ...) \
  EXPECT_TRUE(one_finding(findings, Severity::failure, code, __FILE__, now, before, {__VA_ARGS__}))

inline AscendC::LocalTensor<float> tile(std::uint32_t byte, std::uint32_t elements = kN) {
  return AscendC::LocalTensor<float>(AscendC::TPosition::VECCALC, byte, elements);
}

template <AscendC::HardEvent event>
void sync(int id = 0) {
  AscendC::SetFlag<event>(id);
  AscendC::WaitFlag<event>(id);
}

}  // namespace etalon::ascendc
