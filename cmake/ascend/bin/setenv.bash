# SPDX-License-Identifier: Apache-2.0
# The name under which samples' run.sh source it.
source "$(dirname "${BASH_SOURCE[0]}")/../set_env.sh"
