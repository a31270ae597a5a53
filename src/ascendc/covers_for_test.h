// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a test covers of the Ascend C interface, for the table of docs/reference/ascendc.md.
//
//   TEST(Vector, AddRoundsOnce) {
//     COVERS("Add", "BinaryRepeatParams");
//     ... EXPECT_EQ(got, expected) against numbers computed in double precision, or the effect of a move or a
//     flag
//   }
//
// Say a name only if this very test would fail were the name's numbers (or its effect) wrong, and if what it
// costs is a fact of data/. Names are those of data/ascendc/names.csv: functions, members, types,
// enumerators, macros, without namespace or class. COVERS speaks of dav-2201 (910B, 910C);
// COVERS_ON("dav-3510", ...) of the 950; what a test shows of device code that both run alike is said once,
// by COVERS. Programs that `etalon cc` compiles and that check their own numbers
// (tests/ascend_programs/programs, examples) say it in a comment:  // COVERS("Add", "DataCopy")
//
// The markers are read from the sources by tools/check/ascendc-coverage, which refuses a name that the file
// does not use and a test that expects nothing, and writes the table:
//   tools/check/ascendc-coverage --write

#define COVERS(...) static_assert(::etalon::ascendc::covers_names(__VA_ARGS__), "names as strings")
#define COVERS_ON(chip, ...) COVERS(chip, __VA_ARGS__)

namespace etalon::ascendc {
template <class... Names>
constexpr bool covers_names(const Names*... names) {
  return ((names != nullptr) && ...);
}
}  // namespace etalon::ascendc
