// SPDX-License-Identifier: Apache-2.0
#include "evidence/corpus.h"

#include <gtest/gtest.h>

#include <set>

#include "base/published_rows_for_test.h"

namespace etalon::evidence {
namespace {

constexpr const char* kGemm = "id,chip,dtype,m,n,k,time_us,source,note\n";

std::string code_of(Kind kind, const std::string& text) {
  auto corpus = parse_corpus(kind, text, "x.csv");
  return corpus ? "" : corpus.error().code;
}

TEST(Corpus, AGemmRowBecomesAMatmul) {
  auto corpus =
      parse_corpus(Kind::gemm, std::string(kGemm) + "r,h100-sxm,fp8+quant,1,2,3,4.5,s,n\n", "gemm.csv");
  ASSERT_TRUE(corpus.has_value());
  const Row& row = corpus->rows.at(0);
  const auto& op = std::get<llm::Matmul>(std::get<llm::Operation>(row.shape));
  EXPECT_EQ(op.m, 1);
  EXPECT_EQ(op.n, 2);
  EXPECT_EQ(op.k, 3);
  EXPECT_EQ(op.dtype, llm::Dtype::fp8);
  EXPECT_TRUE(op.quantise_activation);
  EXPECT_EQ(row.measured, 4.5);
  EXPECT_EQ(row.unit, "us");
}

TEST(Corpus, LatentDecodeIsAbsorbedAndPrefillIsNot) {
  const std::string head = "id,chip,phase,dtype,heads,batch,seq_q,seq_kv,time_us,source,note\n";
  auto corpus = parse_corpus(
      Kind::mla, head + "a,c,decode,bf16,16,2,1,99,5,s,\nb,c,forward,bf16,16,2,64,64,5,s,\n", "f");
  ASSERT_TRUE(corpus.has_value());
  const auto& decode = std::get<llm::Attention>(std::get<llm::Operation>(corpus->rows[0].shape));
  const auto& forward = std::get<llm::Attention>(std::get<llm::Operation>(corpus->rows[1].shape));
  EXPECT_EQ(decode.heads_kv, 1);
  EXPECT_EQ(decode.head_dim, 576);
  EXPECT_TRUE(decode.shared_kv);
  EXPECT_EQ(forward.heads_kv, 16);
  EXPECT_EQ(forward.head_dim_v, 128);
  EXPECT_TRUE(forward.causal);
}

TEST(Corpus, OptionalTrailingColumnsAreUnderstood) {
  auto corpus = parse_corpus(Kind::gemm,
                             "id,chip,dtype,m,n,k,time_us,source,note,batch,layout,out_dtype,l2_state\n"
                             "r,c,bf16,1,2,3,4,s,,8,nn,fp32,cold\n",
                             "f");
  ASSERT_TRUE(corpus.has_value());
  const auto& op = std::get<llm::Matmul>(std::get<llm::Operation>(corpus->rows[0].shape));
  EXPECT_EQ(op.batch, 8);
  EXPECT_FALSE(op.transpose_b);
  EXPECT_EQ(op.out_dtype, llm::Dtype::fp32);
  EXPECT_EQ(corpus->rows[0].l2_state, "cold");
}

TEST(Corpus, AVectorOperationWithoutAKernelStreamsItsBytes) {
  auto corpus = parse_corpus(Kind::vector,
                             "id,chip,op,dtype,elements,bytes,time_us,source,note\n"
                             "r,c,sigmoid,fp32,1000,8000,4,s,\n",
                             "f");
  ASSERT_TRUE(corpus.has_value());
  const auto& op = std::get<llm::Vector>(std::get<llm::Operation>(corpus->rows[0].shape));
  EXPECT_EQ(op.op, llm::VectorOp::cast);
  EXPECT_EQ(op.rows * op.cols, 1000);
}

TEST(Corpus, BadInputGivesOneErrorWithLineColumnAndFix) {
  EXPECT_EQ(code_of(Kind::gemm, "id,chip,dtype,m,n,k,time_us,source,note,colour\n"), "evidence.column");
  EXPECT_EQ(code_of(Kind::gemm, "id,id,chip,dtype,m,n,k,time_us,source,note\n"), "evidence.column");
  EXPECT_EQ(code_of(Kind::gemm, "id,chip,dtype,m,n,k,time_us,source\n"), "evidence.missing-column");
  EXPECT_EQ(code_of(Kind::gemm, std::string(kGemm) + "r,c,bf16,x,2,3,4,s,\n"), "evidence.number");
  EXPECT_EQ(code_of(Kind::gemm, std::string(kGemm) + "r,c,bf16,0,2,3,4,s,\n"), "evidence.number");
  EXPECT_EQ(code_of(Kind::gemm, std::string(kGemm) + "r,c,bf16,1,2,3,nan,s,\n"), "evidence.number");
  EXPECT_EQ(code_of(Kind::gemm, std::string(kGemm) + "r,c,bf17,1,2,3,4,s,\n"), "evidence.value");
  EXPECT_EQ(code_of(Kind::gemm, std::string(kGemm) + ",c,bf16,1,2,3,4,s,\n"), "evidence.value");
  EXPECT_EQ(code_of(Kind::gemm, std::string(kGemm) + "r,c,bf16,1,2,3,4,s,\nr,c,bf16,1,2,4,4,s,\n"),
            "evidence.duplicate-id");
  const Error error =
      parse_corpus(Kind::gemm, std::string(kGemm) + "# c\nr,c,bf17,x,2,3,4,s,\n", "mine/gemm.csv").error();
  EXPECT_EQ(error.line, 3);
  EXPECT_NE(error.message.find("column m"), std::string::npos);
  EXPECT_EQ(error.also.size(), 1u) << "both problems of the row are reported";
  EXPECT_FALSE(error.fix.empty());
}

TEST(Corpus, ADirectoryWithoutEvidenceIsAnError) {
  EXPECT_EQ(load_corpus("/nonexistent").error().code, "evidence.no-directory");
  EXPECT_EQ(load_corpus(ETALON_SOURCE_DIR "/src/base").error().code, "evidence.no-files");
  EXPECT_EQ(load_corpus(ETALON_SOURCE_DIR "/CMakeLists.txt").error().code, "evidence.no-files");
}

TEST(Corpus, EqualMeasurementsHaveEqualKeysAndOthersDiffer) {
  auto corpus = parse_corpus(Kind::gemm,
                             std::string(kGemm) +
                                 "a,c,bf16,1,2,3,4,s,\nb,c,bf16,1,2,3,5,s,\n"
                                 "c,c,bf16,1,2,3,5,t,\n",
                             "f");
  ASSERT_TRUE(corpus.has_value());
  EXPECT_EQ(corpus->rows[0].key(), corpus->rows[1].key());
  EXPECT_NE(corpus->rows[0].key(), corpus->rows[2].key());
}

TEST(Corpus, TheOpenEvidenceIsReadWhole) {
  const auto directory = test::evidence_folder();
  if (!directory) GTEST_SKIP() << test::kNoEvidence;
  auto corpus = load_corpus(*directory);
  ASSERT_TRUE(corpus.has_value()) << corpus.error().text();
  std::set<Kind> kinds;
  for (const Row& row : corpus->rows) kinds.insert(row.kind);
  EXPECT_GE(kinds.size(), 7u);
}

}  // namespace
}  // namespace etalon::evidence
