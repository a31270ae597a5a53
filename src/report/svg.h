// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pictures as SVG elements that stand alone or inside a page. Colours follow the page's
// `prefers-color-scheme` through the classes named in kPictureStyle.

#include <string>

#include "base/document.h"
#include "base/picture.h"

namespace etalon::report {

extern const char* const kPictureStyle;  // CSS
// For text between tags and in attributes.
std::string escaped_for_html(const std::string& text);

// Both axes logarithmic; a point's name is its tooltip and stands beside it.
std::string as_svg(const Roofline& roofline);
std::string as_svg(const Occupancy& occupancy);
// The first `most` microseconds (all of it if 0), one row a lane.
std::string as_svg(const Timeline& timeline, double most_us = 0);

}  // namespace etalon::report
