// SPDX-License-Identifier: Apache-2.0
#include "catalog/formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace etalon::catalog {
namespace {

constexpr int kDeepest = 64;  // nesting; keeps hostile files from exhausting the stack

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool continues_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

Result<FormulaValue> checked(FormulaValue v) {
  if (!std::isfinite(v.si.low) || !std::isfinite(v.si.value) || !std::isfinite(v.si.high)) {
    return fail("formula.range", "the formula overflows or divides by a range that holds zero");
  }
  return v;
}

Result<FormulaValue> add(const FormulaValue& a, const FormulaValue& b, double sign) {
  if (a.dimension != b.dimension) {
    return fail("formula.dimension", "the formula adds or compares values of different dimensions");
  }
  const Interval s = b.si.scaled(sign);
  return checked({{a.si.low + s.low, a.si.value + s.value, a.si.high + s.high}, a.dimension});
}

Result<FormulaValue> multiply(const FormulaValue& a, const FormulaValue& b) {
  const double c[] = {a.si.low * b.si.low, a.si.low * b.si.high, a.si.high * b.si.low, a.si.high * b.si.high};
  FormulaValue out{{*std::min_element(c, c + 4), a.si.value * b.si.value, *std::max_element(c, c + 4)}, {}};
  for (std::size_t i = 0; i < out.dimension.exponent.size(); ++i) {
    const int sum = a.dimension.exponent[i] + b.dimension.exponent[i];
    if (sum < -60 || sum > 60) return fail("formula.dimension", "the formula multiplies too many units");
    out.dimension.exponent[i] = static_cast<std::int8_t>(sum);
  }
  return checked(out);
}

Result<FormulaValue> inverse(const FormulaValue& a) {
  if (a.si.low <= 0 && a.si.high >= 0) {
    return fail("formula.range", "the formula divides by a value whose range holds zero");
  }
  FormulaValue out{{1 / a.si.high, 1 / a.si.value, 1 / a.si.low}, {}};
  for (std::size_t i = 0; i < out.dimension.exponent.size(); ++i) {
    out.dimension.exponent[i] = static_cast<std::int8_t>(-a.dimension.exponent[i]);
  }
  return checked(out);
}

// Recursive descent, evaluating as it reads. An absent operand makes the result absent.
class Parser {
 public:
  Parser(std::string_view text, const FormulaScope& scope) : text_(text), scope_(scope) {}

  Result<FormulaValue> run() {
    TRY(value, sum());
    skip_space();
    if (at_ < text_.size()) return syntax(fmt::format("'{}' is left over", text_.substr(at_)));
    return value;
  }

 private:
  std::unexpected<Error> syntax(const std::string& what) const {
    return fail("formula.syntax", fmt::format("formula '{}': {}", text_, what));
  }
  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  static Result<FormulaValue> combine(const FormulaValue& a, const FormulaValue& b, char op) {
    if (a.is_absent || b.is_absent) return FormulaValue{{}, {}, true};
    if (op == '+') return add(a, b, 1);
    if (op == '-') return add(a, b, -1);
    if (op == '*') return multiply(a, b);
    TRY(inverted, inverse(b));
    return multiply(a, inverted);
  }

  Result<FormulaValue> sum() {
    TRY(left, product());
    while (peek() == '+' || peek() == '-') {
      const char op = text_[at_++];
      TRY(right, product());
      TRY(both, combine(left, right, op));
      left = both;
    }
    return left;
  }
  Result<FormulaValue> product() {
    TRY(left, power());
    while (peek() == '*' || peek() == '/') {
      const char op = text_[at_++];
      TRY(right, power());
      TRY(both, combine(left, right, op));
      left = both;
    }
    return left;
  }
  Result<FormulaValue> power() {
    TRY(base, atom());
    if (!take("^")) return base;
    skip_space();
    int exponent = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), exponent);
    if (error != std::errc{} || exponent < 1 || exponent > 4) return syntax("a power is 1, 2, 3 or 4");
    at_ = static_cast<std::size_t>(end - text_.data());
    FormulaValue out = base;
    for (int i = 1; i < exponent; ++i) {
      TRY(next, combine(out, base, '*'));
      out = next;
    }
    return out;
  }

  Result<FormulaValue> atom() {
    if (++depth_ > kDeepest) return syntax("nested too deeply");
    auto value = atom_inside();
    --depth_;
    return value;
  }
  Result<FormulaValue> atom_inside() {
    const char c = peek();
    if (take("-")) {
      TRY(value, atom());
      return value.is_absent ? value : FormulaValue{value.si.scaled(-1), value.dimension};
    }
    if (take("(")) {
      TRY(value, sum());
      if (!take(")")) return syntax("a ')' is missing");
      return value;
    }
    if (c == '"') {
      TRY(text, quoted());
      TRY(measure, parse_measure(text));
      return FormulaValue{Interval::exact(measure.si), measure.dimension};
    }
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') return literal();
    if (starts_name(c)) return named();
    return syntax(c == '\0' ? "it ends too early" : fmt::format("'{}' is not expected here", c));
  }
  Result<FormulaValue> literal() {
    double number = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (error != std::errc{}) return syntax("a number cannot be read");
    at_ = static_cast<std::size_t>(end - text_.data());
    return checked({Interval::exact(number), {}});
  }
  Result<std::string> quoted() {
    if (!take("\"")) return syntax("a quoted text is missing");
    const std::size_t end = text_.find('"', at_);
    if (end == std::string_view::npos) return syntax("a quote is not closed");
    std::string out(text_.substr(at_, end - at_));
    at_ = end + 1;
    return out;
  }
  std::string_view word() {
    skip_space();
    const std::size_t start = at_;
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }
  Result<FormulaValue> named() {
    const std::string_view name = word();
    if (name == "none") return FormulaValue{{}, {}, true};
    if (take("(")) {
      if (name == "when") return when();
      if (name == "min" || name == "max") return extreme(name == "min");
      return syntax(fmt::format("there is no function '{}'; there are when, min and max", name));
    }
    const FormulaValue* value = scope_.number(name);
    if (value == nullptr) {
      return fail("formula.unknown-fact",
                  fmt::format("the formula names '{}', which the file does not hold", name),
                  "give that fact or correct its path");
    }
    return *value;
  }
  Result<FormulaValue> extreme(bool least) {
    TRY(best, sum());
    while (take(",")) {
      TRY(other, sum());
      if (best.is_absent || other.is_absent) {
        best.is_absent = true;
        continue;
      }
      TRY_VOID(add(best, other, 1));  // same dimension
      const auto pick = [least](double a, double b) { return least ? std::min(a, b) : std::max(a, b); };
      best.si = {pick(best.si.low, other.si.low), pick(best.si.value, other.si.value),
                 pick(best.si.high, other.si.high)};
    }
    if (!take(")")) return syntax("a ')' is missing");
    return best;
  }
  // when(PATH == "choice", value if so, value if not)
  Result<FormulaValue> when() {
    const std::string_view path = word();
    const std::string* choice = scope_.choice(path);
    if (choice == nullptr) {
      return fail("formula.unknown-fact",
                  fmt::format("the formula asks for the choice '{}', which the file does not hold", path),
                  "give that fact or correct its path");
    }
    if (!take("==")) return syntax("'==' is missing in when()");
    TRY(wanted, quoted());
    if (!take(",")) return syntax("when() takes three parts");
    TRY(yes, sum());
    if (!take(",")) return syntax("when() takes three parts");
    TRY(no, sum());
    if (!take(")")) return syntax("a ')' is missing");
    return *choice == wanted ? yes : no;
  }

  std::string_view text_;
  const FormulaScope& scope_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<FormulaValue> evaluate_formula(std::string_view formula, const FormulaScope& scope) {
  return Parser(formula, scope).run();
}

std::set<std::string> facts_in_formula(std::string_view formula) {
  std::set<std::string> out;
  for (std::size_t i = 0; i < formula.size();) {
    if (formula[i] == '"') {
      const std::size_t end = formula.find('"', i + 1);
      i = end == std::string_view::npos ? formula.size() : end + 1;
    } else if (starts_name(formula[i])) {
      std::size_t end = i;
      while (end < formula.size() && continues_name(formula[end])) ++end;
      const std::string_view word = formula.substr(i, end - i);
      if (word != "none" && word != "when" && word != "min" && word != "max") out.emplace(word);
      i = end;
    } else if (std::isdigit(static_cast<unsigned char>(formula[i]))) {  // skips the e of 1e9
      while (i < formula.size() && continues_name(formula[i])) ++i;
    } else {
      ++i;
    }
  }
  return out;
}

}  // namespace etalon::catalog
