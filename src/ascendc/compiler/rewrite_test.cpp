// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/rewrite.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ascendc/compiler/tokens.h"

namespace etalon::ascendc::compiler {
namespace {

// Text with every run of white space as one space, so that tests need not care how much of it is left.
std::string squeezed(std::string_view s) {
  std::string out;
  for (const char c : s) {
    const bool space = c == ' ' || c == '\n';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : c;
  }
  return out;
}
std::string host(std::string_view s) { return squeezed(rewrite(s, Pass::host)->text); }
std::string device(std::string_view s) { return squeezed(rewrite(s, Pass::vector)->text); }

void expect_launch(std::string_view statement, std::string_view call, std::string_view config) {
  const std::string wanted = "::etalon_cc::launch(::etalon_cc::pending(" + std::string(config) +
                             "), [&]() { " + std::string(call) + "; });";
  EXPECT_NE(host(statement).find(wanted), std::string::npos) << host(statement) << "\nwanted " << wanted;
  EXPECT_NE(device(statement).find(squeezed(call)), std::string::npos) << device(statement);
  EXPECT_EQ(device(statement).find("<<<"), std::string::npos) << device(statement);
}

TEST(Tokens, strings_hold_anything) {
  const std::string_view s =
      R"x(a = R"d(<<< ")" [aicore])d" + u8"\"<<<" + 'x' + '\'' + 1'000'000 + 0x1p-3; b)x";
  std::vector<std::string_view> words;
  for (const Token& t : tokens_of(s)) {
    EXPECT_NE(s.substr(t.begin, t.end - t.begin), "<");
    if (t.kind == TokenKind::word || t.kind == TokenKind::number)
      words.push_back(s.substr(t.begin, t.end - t.begin));
  }
  EXPECT_EQ(words, (std::vector<std::string_view>{"a", "1'000'000", "0x1p-3", "b"}));
}

TEST(Tokens, unfinished_text_ends) {
  for (const std::string_view s : {"R\"x(", "\"abc", "'", "\"a\\", "<", "# 1", ""}) {
    for (const Token& t : tokens_of(s)) EXPECT_LE(t.end, s.size());
  }
}

TEST(Rewrite, launches_become_calls) {
  expect_launch("k<<<8, nullptr, s>>>(a, b);", "k (a, b)", "8, nullptr, s");
  expect_launch("ns::k<half, 2><<<n, 0, s>>>(a);", "ns::k<half, 2> (a)", "n, 0, s");
  expect_launch("K<std::pair<int, A<int>>> <<<n, 0, s>>>(a);", "K<std::pair<int, A<int>>> (a)", "n, 0, s");
  expect_launch("Op::template run<(a > b)><<<1>>>();", "Op::template run<(a > b)> ()", "1");
  expect_launch("::k<<<Ceil<int>(n, 8), nullptr, s>>>(a);", "::k (a)", "Ceil<int>(n, 8), nullptr, s");
  expect_launch("k<<<get<A<B<int>>>(x), 0, s>>>(a);", "k (a)", "get<A<B<int>>>(x), 0, s");
  expect_launch("k<<<n < 8 ? 1 : 2, 0, s>>>(a);", "k (a)", "n < 8 ? 1 : 2, 0, s");
  expect_launch("(*pointer)<<<1, 0, s>>>(f(g(1)), {1, 2});", "(*pointer) (f(g(1)), {1, 2})", "1, 0, s");
  expect_launch("if (x) table[i]<<<1, 0, s>>>(a);", "table[i] (a)", "1, 0, s");
  expect_launch("auto r = this->k<<<1, 0, s>>>(a);", "this->k (a)", "1, 0, s");
  expect_launch("k<< <1, 0, s>>>(a);", "k (a)", "1, 0, s");  // as a macro may leave it
}

TEST(Rewrite, void_pointers_go_to_kernels_as_any_pointer) {
  const std::string_view s =
      "void f(void* x, const void *y, int n, S* s) { k<<<n, 0, t>>>(x, n, const_cast<void*>(y), s->x, *s, "
      "h(x)); }";
  EXPECT_NE(
      host(s).find("k ((::etalon_cc::Argument(), x), n, (::etalon_cc::Argument(), const_cast<void*>(y)), "
                   "(::etalon_cc::Argument(), s->x), *s, h(x));"),
      std::string::npos)
      << host(s);
  expect_launch("void* x; k<<<1, 0, t>>>(f<x, 2>(x), x);", "k (f<x, 2>(x), x)", "1, 0, t");  // whose comma?
}

TEST(Rewrite, kernels_named_like_functions_of_the_system_are_overloads) {
  const std::string system =
      "# 1 \"/usr/include/math.h\" 3\nextern double hypot(double, double);\n# 2 \"k.cpp\"\n";
  for (const std::string kernel : {"extern \"C\" __etalon_global__ void hypot(int* x) {}",
                                   "extern \"C\" { __etalon_global__ void hypot(int* x) {} }"}) {
    EXPECT_NE(device(system + kernel).find("extern \"C++\""), std::string::npos) << device(system + kernel);
    EXPECT_EQ(device(kernel).find("C++"), std::string::npos);
  }
}

TEST(Rewrite, usual_constants_are_there_for_sources_that_do_not_declare_them) {
  EXPECT_NE(device("int f() { return n * B32_BYTE_SIZE; }").find("static constexpr int B32_BYTE_SIZE = 4;"),
            std::string::npos);
  for (const std::string_view s :
       {"constexpr float PI = 3; float f() { return PI; }", "enum { ONE, PI }; int f() { return PI; }",
        "float f(float PI) { return PI; }", "float f() { return S::PI; }", "int f() { return 2; }"}) {
    EXPECT_EQ(device(s), s);
  }
}

TEST(Rewrite, what_only_looks_like_a_launch_stays) {
  for (const std::string_view s : {"std::operator<<<char>(o, c);", "a << b < c;", "x = f<g<h<int>>>(y);",
                                   "const char* s = \"k<<<1>>>(a)\";", "a <<= 1;"}) {
    EXPECT_EQ(device(s), s);
    EXPECT_EQ(host(s), s);
  }
}

TEST(Rewrite, core_attributes_go) {
  EXPECT_EQ(device("inline [aicore] void f();"), "inline void f();");
  EXPECT_EQ(device("template <class T> [host, aicore] inline T f();"), "template <class T> inline T f();");
  EXPECT_EQ(device("[aicore, host] static int f();"), "static int f();");
  EXPECT_EQ(device("[host] inline int f();"), "inline int f();");
  EXPECT_EQ(device("auto f = [&] [aicore](int x) { return x; };"), "auto f = [&] (int x) { return x; };");
  EXPECT_EQ(device("v = table[host] + a[i];"), "v = table[host] + a[i];");
}

TEST(Rewrite, kernels_lose_their_body_on_the_host) {
  const std::string_view s =
      "extern \"C\" __etalon_global__ void k(uint8_t* x, int n = 3)\n{\n  f<<<1>>>(x);\n}\nint a;";
  const auto r = rewrite(s, Pass::host);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->launches, 0);
  ASSERT_EQ(r->kernels.size(), 1u);
  EXPECT_TRUE(r->kernels[0].definition && r->kernels[0].plain_c);
  EXPECT_EQ(r->kernels[0].name, "k");
  EXPECT_NE(squeezed(r->text).find("void k(uint8_t* x, int n = 3) ; int a;"), std::string::npos) << r->text;
  // The declaration after it is still on its line.
  const std::string before = r->text.substr(0, r->text.find("int a"));
  EXPECT_EQ(std::count(before.begin(), before.end(), '\n'), 4);
  EXPECT_NE(
      r->text.find("unsigned aclrtlaunch_k(unsigned etalon_blocks, void* etalon_stream, uint8_t * x, int n)"),
      std::string::npos)
      << r->text;
}

TEST(Rewrite, line_markers_inside_a_body_stay) {
  const auto r =
      rewrite("__etalon_global__ void k() {\n# 7 \"h.h\" 1\n g();\n# 3 \"k.cpp\" 2\n}\nint a;", Pass::host);
  ASSERT_TRUE(r);
  EXPECT_NE(r->text.find("\n# 7 \"h.h\" 1\n"), std::string::npos);
  EXPECT_NE(r->text.find("\n# 3 \"k.cpp\" 2\n"), std::string::npos);
  EXPECT_EQ(r->text.find("g()"), std::string::npos);
}

TEST(Rewrite, kernel_types_in_any_order) {
  const auto type = [](std::string_view s) { return rewrite(s, Pass::cube)->kernels.at(0).type; };
  EXPECT_EQ(type("__etalon_global__ __etalon_vector__ void k() {}"), "aiv");
  EXPECT_EQ(type("__etalon_vector__ __etalon_global__ void k() {}"), "aiv");
  EXPECT_EQ(type("extern \"C\" __etalon_cube__ __etalon_global__ void k() {}"), "aic");
  EXPECT_EQ(type("template <class T> __etalon_global__ __etalon_mix__(1, 2) void k(T) {}"), "mix12");
  EXPECT_EQ(type("__etalon_mix__(1, 1) __etalon_schedmode__(1) __etalon_global__ void k() {}"),
            "mix11.batch");
  EXPECT_EQ(type("__etalon_global__ void k() {}"), "auto");
  EXPECT_NE(device("__etalon_global__ __etalon_mix__(1, 2) void k() {}").find(".text.etalon.kernel.mix12"),
            std::string::npos);
  EXPECT_EQ(device("__etalon_vector__ inline void helper() {}"), "inline void helper() {}");
}

TEST(Rewrite, declarations_and_instantiations) {
  EXPECT_EQ(host("__etalon_global__ void k(int);"), "void k(int);");
  EXPECT_EQ(host("template __etalon_global__ void k<float>(float*);"),
            "extern template void k<float>(float*);");
  EXPECT_EQ(device("template __etalon_global__ void k<float>(float*);"), "template void k<float>(float*);");
  const auto r = rewrite(
      "extern \"C\" {\n__etalon_global__ __attribute__((unused)) void k(void) noexcept {}\n}", Pass::host);
  EXPECT_TRUE(r->kernels.at(0).plain_c && r->kernels.at(0).definition);
}

TEST(Rewrite, signatures_of_generated_headers) {
  RewrittenKernel k;
  k.name = "k";
  k.parameters = "uint8_t* x, const float *y, ns::T<int, 2> t, int32_t n = 4";
  const LaunchSignature s = launch_signature(k);
  EXPECT_EQ(s.declaration, "void* x, void* y, const void* t, int32_t n");
  EXPECT_EQ(s.definition, "uint8_t * x, const float * y, const ns :: T < int , 2 >* t, int32_t n");
  EXPECT_EQ(s.call, "x, y, *t, n");
  EXPECT_EQ(s.by_value, "void* x, void* y, const Of_t& t, int32_t n");
  EXPECT_NE(launch_header(k).find("uint32_t aclrtlaunch_k(uint32_t blocks, void* stream, void* x"),
            std::string::npos);
  k.parameters = "uint8_t*";
  EXPECT_FALSE(launch_signature(k).complete);
  k.parameters = "void";
  EXPECT_TRUE(launch_signature(k).complete && launch_signature(k).call.empty() &&
              launch_signature(k).by_value.empty());
}

TEST(Rewrite, errors_name_the_users_line) {
  const auto r = rewrite("# 1 \"k.cpp\"\nint a;\n\nvoid f() { k<<<1, 2; }\n", Pass::host);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, "cc.launch");
  EXPECT_EQ(r.error().file, "k.cpp");
  EXPECT_EQ(r.error().line, 3);
  const auto g = rewrite("__etalon_global__ int x;", Pass::cube);
  ASSERT_FALSE(g);
  EXPECT_EQ(g.error().code, "cc.kernel");
}

TEST(Rewrite, the_kernel_s_own_tiling_class_is_read) {
  const std::string text =
      "namespace optiling { __etalon_tiling_class__(PartOp, Part) __etalon_tiling_class__(AddCustom, All)\n"
      "__etalon_tiling_class__(OtherOp, Other) }\n";
  const auto kernel = rewrite(text + "extern \"C\" __etalon_global__ void add_custom(int) {}", Pass::vector);
  ASSERT_TRUE(kernel.has_value());
  EXPECT_NE(kernel->text.find("using etalon_tiling_default = ::optiling::All;"), std::string::npos)
      << kernel->text;
  EXPECT_EQ(kernel->text.find("::Part;"), std::string::npos);
  EXPECT_EQ(kernel->text.find("::Other;"), std::string::npos);
  const auto host = rewrite(text, Pass::host);
  ASSERT_TRUE(host.has_value());
  EXPECT_NE(host->text.find("::optiling::Other;"), std::string::npos) << "the last one";
}

}  // namespace
}  // namespace etalon::ascendc::compiler
