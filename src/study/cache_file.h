// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace etalon::study {

// Where kernel costs are kept between runs: $ETALON_CACHE if set (empty: nowhere), else etalon/costs.sqlite
// under $XDG_CACHE_HOME or ~/.cache. The folder is made if it can be; whoever opens the file reports if it
// cannot.
std::string cache_file();

}  // namespace etalon::study
