// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of the libraries (api/lib): a kernel on one vector core with its operands and temporary memory in
// buffers of a TPipe, under the hazard checker.

#include <cmath>

#include "ascendc/api/lib/families.h"
#include "ascendc/covers_for_test.h"
#include "ascendc/hazards/checker.h"
#include "ascendc/test_core.h"
#include "base/rng.h"

namespace etalon::ascendc {

// The operands of a library call: any number of inputs and outputs as raw bytes of UB.
class LibraryRun {
 public:
  template <class T>
  LibraryRun& in(const std::vector<T>& values) {
    Operand o;
    o.bytes.resize((values.size() * sizeof(T) + 31) / 32 * 32);
    std::memcpy(o.bytes.data(), values.data(), values.size() * sizeof(T));
    o.elements = values.size();
    operands_.push_back(o);
    return *this;
  }
  template <class T>
  LibraryRun& out(std::size_t elements) {
    Operand o;
    o.output = true;
    o.bytes.resize((elements * sizeof(T) + 31) / 32 * 32);
    o.elements = elements;
    operands_.push_back(o);
    return *this;
  }
  // An input that the call changes.
  template <class T>
  LibraryRun& in_out(const std::vector<T>& values) {
    in(values);
    operands_.back().output = true;
    return *this;
  }
  LibraryRun& temporary(std::uint32_t bytes) {
    temporary_ = bytes;
    return *this;
  }

  // Inside the kernel: operand `i` and the temporary tensor.
  template <class T>
  AscendC::LocalTensor<T> at(std::size_t i) const {
    const auto raw = buffers_[i].template Get<T>();
    auto tensor = raw;
    tensor.SetSize(static_cast<std::uint32_t>(operands_[i].elements));
    return tensor;
  }
  AscendC::LocalTensor<std::uint8_t> tmp() const { return scratch_.Get<std::uint8_t>(); }

  // Runs `code`; expects no error, no hazard, and a barrier between dependent instructions. Afterwards
  // `result` gives the operands that were written.
  void run(const std::function<void(LibraryRun&)>& code) {
    TestDevice device;
    std::vector<std::byte*> memory;
    for (const Operand& o : operands_) {
      memory.push_back(static_cast<std::byte*>(device.allocate(static_cast<std::int64_t>(o.bytes.size()))));
      std::memcpy(memory.back(), o.bytes.data(), o.bytes.size());
    }
    HazardChecker checker("library");
    LaunchOptions options;
    options.observer = &checker;
    const auto launched = launch(device, options, [&] {
      using namespace AscendC;
      TPipe pipe;
      buffers_.resize(operands_.size());
      const auto each = [&](bool output, const auto& move) {
        for (std::size_t i = 0; i < operands_.size(); ++i) {
          GlobalTensor<std::uint8_t> gm;
          gm.SetGlobalBuffer(reinterpret_cast<std::uint8_t*>(memory[i]));
          if (operands_[i].output == output || (!output && operands_[i].elements > 0))
            move(gm, buffers_[i].template Get<std::uint8_t>(),
                 static_cast<std::uint32_t>(operands_[i].bytes.size()));
        }
      };
      for (std::size_t i = 0; i < operands_.size(); ++i)
        pipe.InitBuffer(buffers_[i], static_cast<std::uint32_t>(operands_[i].bytes.size()));
      if (temporary_ > 0) pipe.InitBuffer(scratch_, temporary_);
      each(false, [](auto& gm, const auto& ub, std::uint32_t n) { DataCopy(ub, gm, n); });
      PipeBarrier<PIPE_ALL>();
      code(*this);
      PipeBarrier<PIPE_ALL>();
      each(true, [](auto& gm, const auto& ub, std::uint32_t n) { DataCopy(gm, ub, n); });
    });
    error_ = launched ? std::string() : launched.error().text();
    code_ = launched ? std::string() : launched.error().code;
    for (const Finding& f : checker.findings()) {
      if (f.severity != Severity::note) findings_ += f.code + ": " + f.text + "\n";
      if (f.code == "hazard.vector-barrier") advice_ += f.text + "\n";
    }
    for (std::size_t i = 0; i < operands_.size(); ++i)
      std::memcpy(operands_[i].bytes.data(), memory[i], operands_[i].bytes.size());
  }
  LibraryRun& go(const std::function<void(LibraryRun&)>& code) {
    run(code);
    EXPECT_EQ(error_, "");
    EXPECT_EQ(findings_, "");
    EXPECT_EQ(advice_, "");
    return *this;
  }
  template <class T>
  std::vector<T> result(std::size_t i) const {
    std::vector<T> values(operands_[i].elements);
    std::memcpy(values.data(), operands_[i].bytes.data(), values.size() * sizeof(T));
    return values;
  }
  const std::string& error_code() const { return code_; }

 private:
  struct Operand {
    std::vector<std::byte> bytes;
    std::size_t elements = 0;
    bool output = false;
  };
  std::vector<Operand> operands_;
  std::vector<AscendC::TBuf<>> buffers_;
  AscendC::TBuf<> scratch_;
  std::uint32_t temporary_ = 0;
  std::string error_, code_, findings_, advice_;
};

template <class T>
std::vector<T> random_values(std::size_t n, double low, double high, std::uint64_t seed = 1) {
  Rng rng(seed, "library");
  std::vector<T> x;
  for (std::size_t i = 0; i < n; ++i)
    x.push_back(static_cast<T>(static_cast<float>(low + (high - low) * rng.uniform())));
  return x;
}

// Units in the last place of a type, relative.
template <class T>
constexpr double unit_of = std::is_same_v<T, float>  ? 0x1p-23
                           : std::is_same_v<T, half> ? 0x1p-10
                                                     : 0x1p-7;

// |got - want| <= absolute + relative |want|; a half may also be off by its last place. NaN equals NaN.
template <class T>
::testing::AssertionResult near(T got, double want, double absolute, double relative) {
  const double g = static_cast<double>(static_cast<float>(got));
  if (std::isnan(want) && std::isnan(g)) return ::testing::AssertionSuccess();
  if (std::isinf(want) || std::isinf(g)) {
    if (g == want || static_cast<float>(T(static_cast<float>(want))) == static_cast<float>(got))
      return ::testing::AssertionSuccess();
  }
  double allowed = absolute + relative * std::fabs(want);
  if (!std::is_same_v<T, float>) allowed += unit_of<T> * std::max(std::fabs(want), 0x1p-14) * 0.51;
  if (std::fabs(g - want) <= allowed) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "got " << g << ", want " << want << " within " << allowed;
}

}  // namespace etalon::ascendc
