// SPDX-License-Identifier: Apache-2.0
#pragma once

// The operations of `etalon kernel`: the flags of each shape, and how they become an llm::Operation.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "llm/operation.h"

namespace etalon::cli {

inline constexpr std::int64_t kLargest = 1'000'000'000'000;

// What all operations share.
struct Common {
  std::string chip, fidelity = "cycle", timeline, sweep, launch = "graph";
  bool no_cache = false, cold = false;
  int replays = 12, copies = 1, jobs = 2;
};

// One operation: its flags by name, and how they become an llm::Operation. Values live as long as the parser.
struct Shape {
  std::map<std::string, std::int64_t> counts;  // without leading dashes
  std::map<std::string, std::string> words;
  std::map<std::string, bool> switches;
  double skew = 0;
  std::function<Result<llm::Operation>(const Shape&)> make;
  Common common;

  std::int64_t count(const std::string& name) const { return counts.at(name); }
  bool is_on(const std::string& name) const { return switches.at(name); }
  Result<llm::Dtype> dtype(const std::string& name, llm::Dtype otherwise) const {
    const std::string& word = words.at(name);
    if (word.empty()) return otherwise;
    llm::Dtype out{};
    if (llm::parse(word, out)) return out;
    return etalon::fail("kernel.dtype", fmt::format("--{}: got \"{}\"", name, word),
                        "use bf16, fp16, fp32, tf32, fp8, fp8_block, mxfp8, mxfp4_w, int8 or hif8");
  }
  Result<llm::Phase> phase() const {
    const std::string& word = words.at("phase");
    return word == "backward" ? llm::Phase::backward
           : word == "decode" ? llm::Phase::decode
                              : llm::Phase::forward;
  }
};

class Parser {
 public:
  Parser(CLI::App& command, std::shared_ptr<Shape> shape) : command_(command), shape_(std::move(shape)) {}

  // Without a default the count has to be given, or swept.
  Parser& count(const std::string& name, const std::string& help, std::int64_t otherwise = 0) {
    shape_->counts[name] = otherwise;
    command_.add_option("--" + name, shape_->counts[name], help + (otherwise == 0 ? " (needed)" : ""))
        ->check(CLI::Range(std::int64_t{1}, kLargest));
    return *this;
  }
  Parser& dtype(const std::string& name = "dtype",
                const std::string& help = "number format, bf16 if not given") {
    shape_->words[name];
    command_.add_option("--" + name, shape_->words[name], help);
    return *this;
  }
  Parser& phase(const std::vector<std::string>& phases) {
    shape_->words["phase"] = phases.front();
    command_.add_option("--phase", shape_->words["phase"], fmt::format("{}", fmt::join(phases, ", ")))
        ->check(CLI::IsMember(phases));
    return *this;
  }
  Parser& flag(const std::string& name, const std::string& help) {
    shape_->switches[name] = false;
    command_.add_flag("--" + name, shape_->switches[name], help);
    return *this;
  }

 private:
  CLI::App& command_;
  std::shared_ptr<Shape> shape_;
};

struct OperationCommand {
  std::string name, help;
  std::function<Result<llm::Operation>(const Shape&)> make;
  std::function<void(Parser&, Shape&, CLI::App&)> flags;  // declares the flags of this shape
};
std::vector<OperationCommand> operation_commands();

}  // namespace etalon::cli
