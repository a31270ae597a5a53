# SPDX-License-Identifier: Apache-2.0
# To be sourced: where programs and their build scripts find the toolkit, and its compiler on PATH.
ASCEND_HOME_PATH=$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")" && pwd)
export ASCEND_HOME_PATH ASCEND_HOME_DIR=$ASCEND_HOME_PATH ASCEND_TOOLKIT_HOME=$ASCEND_HOME_PATH
export CMAKE_PREFIX_PATH=$ASCEND_HOME_PATH:$ASCEND_HOME_PATH/tools/tikicpulib/lib/cmake${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}
export PATH=$ASCEND_HOME_PATH/bin:$PATH
