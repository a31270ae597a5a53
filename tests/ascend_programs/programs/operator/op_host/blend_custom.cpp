// SPDX-License-Identifier: Apache-2.0
// The host side of an operator: not compiled here, but read for what it says of the kernel's types.
#include "blend_custom_tiling.h"
#include "register/op_def_registry.h"

namespace ops {
class BlendCustom : public OpDef {
 public:
  explicit BlendCustom(const char* name) : OpDef(name) {
    this->Input("x").ParamType(REQUIRED).DataType({ge::DT_FLOAT, ge::DT_FLOAT16}).Format({ge::FORMAT_ND, ge::FORMAT_ND});
    this->Input("y")  // Input("w").DataType({ge::DT_INT8}): a comment says nothing
        .ParamType(REQUIRED)
        .DataType({ge::DT_FLOAT, ge::DT_FLOAT16})
        .Format({ge::FORMAT_ND, ge::FORMAT_ND});
    this->Output("z").ParamType(REQUIRED).DataType({ge::DT_FLOAT, ge::DT_FLOAT16}).Format({ge::FORMAT_ND, ge::FORMAT_ND});
  }
};
OP_ADD(BlendCustom);
}  // namespace ops
