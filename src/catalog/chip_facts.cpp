// SPDX-License-Identifier: Apache-2.0
#include "catalog/chip_facts.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <mutex>
#include <stdexcept>

#include "base/text.h"
#include "catalog/formula.h"

namespace etalon::catalog {

struct FactSheet::Recorder {
  std::mutex mutex;
  std::set<std::string, std::less<>> read;
  void record(std::string_view path) {
    const std::lock_guard lock(mutex);
    if (!read.contains(path)) read.emplace(path);
  }
};

namespace {

bool is_absent(const Fact& f) { return !f.is_categorical() && std::isnan(f.si.value); }

// Derived facts in the order of their dependencies, each computed once.
class Recomputation {
 public:
  explicit Recomputation(std::map<std::string, Fact, std::less<>>& facts) : facts_(facts) {}

  // All problems are collected; a fact that depends on a faulty one is not complained of again.
  Result<std::monostate> run() {
    for (auto& [path, fact] : facts_) {
      if (!fact.formula.empty()) compute(fact);
    }
    if (problems_.empty()) return std::monostate{};
    Error first = std::move(problems_.front());
    first.also.assign(std::make_move_iterator(problems_.begin() + 1),
                      std::make_move_iterator(problems_.end()));
    return fail(std::move(first));
  }

 private:
  bool compute(Fact& fact) {
    State& state = states_[fact.path];
    if (state == State::done) return true;
    if (state == State::faulty) return false;
    if (state == State::running) return complain(fact, "formula.cycle", "the formula depends on itself");
    state = State::running;
    bool good = true;
    for (const std::string& needed : facts_in_formula(fact.formula)) {
      const auto it = facts_.find(needed);
      if (it != facts_.end() && !it->second.formula.empty()) good = compute(it->second) && good;
    }
    good = good && evaluate(fact);
    state = good ? State::done : State::faulty;
    return good;
  }

  bool evaluate(Fact& fact) {
    const auto value = evaluate_formula(fact.formula, scope());
    if (!value) return complain(fact, value.error().code, value.error().message, value.error().fix);
    if (!value->is_absent && value->dimension != fact.dimension) {
      return complain(fact, "fact.dimension",
                      fmt::format("the formula does not yield a value in {}", fact.unit));
    }
    fact.si = value->is_absent ? Interval{NAN, NAN, NAN} : value->si;
    return true;
  }

  FormulaScope scope() {
    return {[this](std::string_view path) -> const FormulaValue* {
              const auto it = facts_.find(path);
              if (it == facts_.end() || it->second.is_categorical()) return nullptr;
              scratch_ = {it->second.si, it->second.dimension, is_absent(it->second)};
              return &scratch_;
            },
            [this](std::string_view path) -> const std::string* {
              const auto it = facts_.find(path);
              if (it == facts_.end() || !it->second.is_categorical()) return nullptr;
              return &it->second.choice;
            }};
  }

  bool complain(const Fact& fact, std::string code, const std::string& what, std::string fix = {}) {
    problems_.push_back({std::move(code),
                         fmt::format("fact '{}': {}", fact.path, what),
                         std::move(fix),
                         fact.file,
                         fact.line,
                         1,
                         {}});
    return false;
  }

  enum class State { untouched, running, done, faulty };
  std::map<std::string, Fact, std::less<>>& facts_;
  std::map<std::string, State> states_;
  FormulaValue scratch_;
  std::vector<Error> problems_;
};

}  // namespace

FactSheet::FactSheet() : recorder_(std::make_shared<Recorder>()) {}

bool FactSheet::has(std::string_view path) const {
  recorder_->record(path);
  const auto it = facts_.find(path);
  return it != facts_.end() && !is_absent(it->second);
}

double FactSheet::number(std::string_view path, Dimension expected) const {
  recorder_->record(path);
  const auto it = facts_.find(path);
  if (it == facts_.end() || is_absent(it->second)) {
    throw std::logic_error(fmt::format("{} has no fact '{}'", name, path));
  }
  const Fact& fact = it->second;
  if (fact.is_categorical())
    throw std::logic_error(fmt::format("{}: '{}' is a choice, not a number", name, path));
  if (fact.dimension != expected) {
    throw std::logic_error(
        fmt::format("{}: '{}' is in {}, asked for as another dimension", name, path, fact.unit));
  }
  return fact.si.value;
}

const std::string& FactSheet::choice(std::string_view path) const {
  recorder_->record(path);
  const auto it = facts_.find(path);
  if (it == facts_.end() || !it->second.is_categorical()) {
    throw std::logic_error(fmt::format("{} has no choice '{}'", name, path));
  }
  return it->second.choice;
}

FactSheet FactSheet::with(std::string_view path, double si) const {
  FactSheet out = *this;
  const auto it = out.facts_.find(path);
  if (it == out.facts_.end() || it->second.is_categorical()) {
    throw std::logic_error(fmt::format("{} has no number '{}' to change", name, path));
  }
  it->second.si = Interval::exact(si);
  it->second.formula.clear();  // a derived fact set by hand stays as set
  if (auto done = out.recompute_derived(); !done) throw std::logic_error(done.error().text());
  return out;
}

FactSheet FactSheet::with_choice(std::string_view path, std::string choice) const {
  FactSheet out = *this;
  const auto it = out.facts_.find(path);
  if (it == out.facts_.end() || !it->second.choices.contains(choice)) {
    throw std::logic_error(fmt::format("{}: '{}' has no choice '{}'", name, path, choice));
  }
  if (it->second.choice == choice) return out;
  it->second.choice = std::move(choice);
  out.apply_alternatives();
  if (auto done = out.recompute_derived(); !done) throw std::logic_error(done.error().text());
  return out;
}

std::set<std::string> FactSheet::facts_read() const {
  const std::lock_guard lock(recorder_->mutex);
  return {recorder_->read.begin(), recorder_->read.end()};
}

void FactSheet::start_recording() { recorder_ = std::make_shared<Recorder>(); }

std::string FactSheet::fingerprint(const std::set<std::string>& paths) const {
  std::string out;
  const auto add = [&](const std::string& path, const Fact* fact) {
    if (fact == nullptr || is_absent(*fact))
      out += path + "=absent;";
    else if (fact->is_categorical())
      out += fmt::format("{}={};", path, fact->choice);
    else
      out += fmt::format("{}={};", path, fact->si.value);
  };
  if (paths.empty()) {
    for (const auto& [path, fact] : facts_) add(path, &fact);
  } else {
    for (const std::string& path : paths) {
      const auto it = facts_.find(path);
      add(path, it == facts_.end() ? nullptr : &it->second);
    }
  }
  return out;
}

Result<std::monostate> FactSheet::insert(Fact fact) {
  if (!fact.is_categorical() && fact.formula.empty() &&
      !(fact.si.low <= fact.si.value && fact.si.value <= fact.si.high)) {
    return fail(Error{
        "fact.outside-range",
        fmt::format("fact '{}': value {} lies outside its own range [{}, {}]", fact.path,
                    significant(fact.si.value / fact.unit_scale), significant(fact.si.low / fact.unit_scale),
                    significant(fact.si.high / fact.unit_scale)),
        "low and high are hard bounds: widen them or mend the value",
        fact.file,
        fact.line,
        1,
        {}});
  }
  std::string path = fact.path;
  if (alternatives_ != nullptr) {
    Alternatives changed = *alternatives_;
    for (auto& [unused, by_choice] : changed) {
      for (auto& [choice, facts] : by_choice) facts.erase(path);
    }
    alternatives_ = std::make_shared<const Alternatives>(std::move(changed));
  }
  facts_.insert_or_assign(std::move(path), std::move(fact));
  return std::monostate{};
}

void FactSheet::set_alternatives(const std::string& path, std::map<std::string, Facts> by_choice) {
  Alternatives changed = alternatives_ == nullptr ? Alternatives{} : *alternatives_;
  changed[path] = std::move(by_choice);
  alternatives_ = std::make_shared<const Alternatives>(std::move(changed));
}

void FactSheet::apply_alternatives() {
  if (alternatives_ == nullptr) return;
  for (const auto& [path, by_choice] : *alternatives_) {
    const auto chosen = facts_.find(path);
    if (chosen == facts_.end()) continue;
    const auto now = by_choice.find(chosen->second.choice);
    for (const auto& [choice, facts] : by_choice) {
      for (const auto& [other, unused] : facts) facts_.erase(other);
    }
    if (now == by_choice.end()) continue;
    for (const auto& [other, fact] : now->second) facts_.insert_or_assign(other, fact);
  }
}

bool FactSheet::erase(std::string_view path) {
  const auto it = facts_.find(path);
  if (it == facts_.end()) return false;
  facts_.erase(it);
  return true;
}

namespace {
template <class Sheet>
Sheet with_facts(const Sheet& original, FactSheet changed) {
  Sheet out = original;
  static_cast<FactSheet&>(out) = std::move(changed);
  return out;
}
}  // namespace

Chip Chip::with(std::string_view path, double si) const {
  return with_facts(*this, FactSheet::with(path, si));
}
Chip Chip::with_choice(std::string_view path, std::string choice) const {
  Chip out = with_facts(*this, FactSheet::with_choice(path, choice));
  if (path == "core.architecture") out.family = std::move(choice);
  return out;
}
Node Node::with(std::string_view path, double si) const {
  return with_facts(*this, FactSheet::with(path, si));
}
Node Node::with_choice(std::string_view path, std::string choice) const {
  return with_facts(*this, FactSheet::with_choice(path, std::move(choice)));
}

Result<std::monostate> FactSheet::recompute_derived() { return Recomputation(facts_).run(); }

}  // namespace etalon::catalog
