// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace etalon {

// Up to `most` candidates nearest to `word` by edit distance, nearest first; only plausible ones.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates,
                                 std::size_t most = 3);

// "did you mean a, b or c?" from nearest(); empty string if nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// 1234.5 -> "1.234e3"-free human text with `digits` significant digits: "1234", "0.01235", "1.2e-07".
std::string significant(double v, int digits = 4);

std::vector<std::string> split(std::string_view s, char separator);
std::string_view trim(std::string_view s);

}  // namespace etalon
