// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pictures as SVG elements that stand alone or inside a page. Colours follow the page's
// `prefers-color-scheme` through the classes named in kPictureStyle.

#include <string>
#include <vector>

#include "base/document.h"
#include "base/flow.h"
#include "base/picture.h"

namespace etalon::report {

extern const char* const kPictureStyle;  // CSS
// For text between tags and in attributes.
std::string escaped_for_html(const std::string& text);

// Both axes logarithmic; a point's name is its tooltip and stands beside it.
std::string as_svg(const Roofline& roofline);
std::string as_svg(const Occupancy& occupancy);
// One row a lane, flows as lines between them.
std::string as_svg(const Timeline& timeline, const std::vector<Flow>& flows = {});
// A picture as a file of its own, on white.
std::string alone(const std::string& svg);

}  // namespace etalon::report
