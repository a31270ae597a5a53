// SPDX-License-Identifier: Apache-2.0
#pragma once

// The families of models that are known; private to the room.

#include <vector>

#include "llm/architecture.h"
#include "llm/config_reader.h"

namespace etalon::llm {

using Read = void (*)(ConfigReader&, Architecture&);
struct Family {
  const char* type;          // `model_type`
  const char* architecture;  // first of `architectures`, where `model_type` is absent
  Read read;
};

const std::vector<Family>& families();

}  // namespace etalon::llm
