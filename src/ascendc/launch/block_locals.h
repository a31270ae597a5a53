// SPDX-License-Identifier: Apache-2.0
#pragma once

// Variables of which every core has its own (__BLOCK_LOCAL__): the program's start code tells the runtime where they lie.

extern "C" {
// Bytes [begin, end); each core says so as it begins a block.
void etalon_asc_block_locals(char* begin, char* end);
}
