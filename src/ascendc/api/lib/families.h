// SPDX-License-Identifier: Apache-2.0
#pragma once

// The libraries that device code gets with kernel_operator.h.

#include "activation/gelu.h"
#include "activation/sigmoid.h"
#include "activation/softmax.h"
#include "activation/softmax_flash.h"
#include "activation/softmax_grad.h"
#include "filter/drop_out.h"
#include "filter/select_bytes.h"
#include "index/arange.h"
#include "math/arithmetic.h"
#include "math/cumulative.h"
#include "math/error_function.h"
#include "math/exponential.h"
#include "math/rounding.h"
#include "math/trigonometry.h"
#include "norm/layer_norm.h"
#include "quant/dequant.h"
#include "quant/quant.h"
#include "reduce/reduce_pattern.h"
#include "reduce/sum.h"
#include "sort/sort.h"
#include "sort/top_k.h"
#include "transpose/broadcast.h"
#include "transpose/confusion_transpose.h"
#include "utils/global_memory.h"
