// SPDX-License-Identifier: Apache-2.0
// A launch that never ends.
void kernel();
void run() { kernel<<<8, nullptr>>; }
