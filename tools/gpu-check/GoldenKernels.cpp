//===- GoldenKernels.cpp - Kernels of the golden vectors ------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Golden.h"
#include "GoldenInstructions.h"

#include "../../runtime/test/SimGolden.h"

#include <sstream>

using namespace gpucheck;
using namespace ringrt::test;

namespace {

/// Writes one kernel after the other. Registers: %thread, %base (shared
/// memory), %r, %d and %p are scratch.
class KernelWriter {
public:
  explicit KernelWriter(std::ostream &os) : os(os) {}

  void writeProduct(size_t index, const WgmmaCase &test);
  void writeLoad(size_t index, const TensorCase &test);
  void writeStore(size_t index, const TensorCase &test);

private:
  void begin(const std::string &name, const std::string &parameters);
  void end() { os << "  ret;\n}\n\n"; }
  /// The threads copy `bytes` (a register), a word each at a time, between the
  /// global address in register `global` and shared memory at `offset`.
  void copyWords(const char *global, const char *bytes, unsigned offset,
                 bool toShared);
  /// What generic accesses did to shared memory, for the asynchronous proxy.
  void publish() { os << "  fence.proxy.async;\n  bar.sync 0;\n"; }
  /// Branches to the returned label unless this is thread 0.
  std::string ifFirstThread();
  std::string label() { return "L" + std::to_string(labels++); }
  void loadMap(uint32_t rank);
  static std::string coordinates(uint32_t rank);

  std::ostream &os;
  int labels = 0;
};

} // namespace

void KernelWriter::begin(const std::string &name,
                         const std::string &parameters) {
  os << ".visible .entry " << name << "(" << parameters << ")\n"
     << ".maxntid 128, 1, 1\n.minnctapersm 1\n{\n"
     << "  .reg .pred %p, %accumulate;\n"
     << "  .reg .b32 %thread, %base, %i, %r, %s, %bytes, %bytesB;\n"
     << "  .reg .b64 %d, %e, %from, %fromB, %to, %map;\n"
     << "  .reg .b32 %c<5>;\n"
     << "  mov.u32 %thread, %tid.x;\n"
     << "  mov.u32 %base, shared;\n";
}

void KernelWriter::copyWords(const char *global, const char *bytes,
                             unsigned offset, bool toShared) {
  std::string loop = label(), done = label();
  os << "  shl.b32 %i, %thread, 2;\n"
     << loop << ":\n"
     << "  setp.ge.u32 %p, %i, " << bytes << ";\n"
     << "  @%p bra " << done << ";\n"
     << "  cvt.u64.u32 %d, %i;\n"
     << "  add.u64 %d, %d, " << global << ";\n"
     << "  add.u32 %s, %base, %i;\n";
  if (toShared)
    os << "  ld.global.b32 %r, [%d];\n"
       << "  st.shared.b32 [%s+" << offset << "], %r;\n";
  else
    os << "  ld.shared.b32 %r, [%s+" << offset << "];\n"
       << "  st.global.b32 [%d], %r;\n";
  os << "  add.u32 %i, %i, 512;\n"
     << "  bra " << loop << ";\n"
     << done << ":\n";
}

std::string KernelWriter::ifFirstThread() {
  std::string skip = label();
  os << "  setp.ne.u32 %p, %thread, 0;\n  @%p bra " << skip << ";\n";
  return skip;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Parameters: images of A and B and their sizes; descriptors of A and B for
/// shared memory at 0; the registers of A and the accumulators by thread.
void KernelWriter::writeProduct(size_t index, const WgmmaCase &test) {
  const bool single = test.type == RS_TF32;
  const int count = test.n / 2;
  begin("wgmma_" + std::to_string(index),
        ".param .u64 a, .param .u32 bytesA, .param .u64 b, .param .u32 bytesB, "
        ".param .u64 descriptorA, .param .u64 descriptorB, "
        ".param .u64 fragments, .param .u64 sums");
  os << "  .reg .f32 %f<" << count << ">;\n"
     << "  .reg .b32 %a<4>;\n"
     << "  .reg .b64 %da, %db;\n"
     << "  ld.param.u64 %from, [a];\n  ld.param.u32 %bytes, [bytesA];\n"
     << "  ld.param.u64 %fromB, [b];\n  ld.param.u32 %bytesB, [bytesB];\n";
  copyWords("%from", "%bytes", 0, /*toShared=*/true);
  copyWords("%fromB", "%bytesB", goldenOffsetB, /*toShared=*/true);
  publish();
  os << "  shr.u32 %r, %base, 4;\n"
     << "  cvt.u64.u32 %d, %r;\n"
     << "  ld.param.u64 %da, [descriptorA];\n  add.u64 %da, %da, %d;\n"
     << "  ld.param.u64 %db, [descriptorB];\n  add.u64 %db, %db, %d;\n"
     << "  ld.param.u64 %from, [fragments];\n"
     << "  mul.wide.u32 %d, %thread, 16;\n"
     << "  add.u64 %from, %from, %d;\n"
     << "  ld.global.v4.b32 {%a0, %a1, %a2, %a3}, [%from];\n"
     << "  ld.param.u64 %to, [sums];\n"
     << "  mul.wide.u32 %d, %thread, " << 4 * count << ";\n"
     << "  add.u64 %to, %to, %d;\n";
  for (int i = 0; i < count; ++i)
    os << "  ld.global.f32 %f" << i << ", [%to+" << 4 * i << "];\n";
  os << "  setp." << (test.accumulate ? "eq" : "ne")
     << ".u32 %accumulate, 0, 0;\n"
     << "  wgmma.fence.sync.aligned;\n"
     << "  wgmma.mma_async.sync.aligned.m64n" << test.n << "k"
     << (single ? 8 : 16) << ".f32.";
  const char *type = single ? "tf32" : test.type == RS_BF16 ? "bf16" : "f16";
  os << type << "." << type << "\n    {";
  for (int i = 0; i < count; ++i)
    os << (i == 0 ? "" : i % 12 == 0 ? ",\n     " : ", ") << "%f" << i;
  os << "},\n    " << (test.registersA ? "{%a0, %a1, %a2, %a3}" : "%da")
     << ", %db, %accumulate, 1, 1";
  if (!single && !test.registersA)
    os << ", " << test.transposeA;
  if (!single)
    os << ", " << test.transposeB;
  os << ";\n  wgmma.commit_group.sync.aligned;\n"
     << "  wgmma.wait_group.sync.aligned 0;\n";
  for (int i = 0; i < count; ++i)
    os << "  st.global.f32 [%to+" << 4 * i << "], %f" << i << ";\n";
  end();
}

//===----------------------------------------------------------------------===//
// Tensor copies
//===----------------------------------------------------------------------===//

static const char *const copyParameters =
    ".param .align 64 .b8 tensor[128], .param .u32 c0, .param .u32 c1, "
    ".param .u32 c2, .param .u32 c3, .param .u32 c4, .param .u64 image, "
    ".param .u32 imageBytes, .param .u32 boxBytes";

void KernelWriter::loadMap(uint32_t rank) {
  os << "  mov.b64 %map, tensor;\n  cvta.param.u64 %map, %map;\n";
  for (uint32_t d = 0; d < rank; ++d)
    os << "  ld.param.u32 %c" << d << ", [c" << d << "];\n";
  os << "  ld.param.u64 %to, [image];\n"
     << "  ld.param.u32 %bytes, [imageBytes];\n";
}

std::string KernelWriter::coordinates(uint32_t rank) {
  std::string list;
  for (uint32_t d = 0; d < rank; ++d)
    list += (d ? ", %c" : "%c") + std::to_string(d);
  return "[%map, {" + list + "}]";
}

/// Fills shared memory with what `image` holds, loads the box over it, and
/// writes shared memory back.
void KernelWriter::writeLoad(size_t index, const TensorCase &test) {
  begin("load_" + std::to_string(index), copyParameters);
  os << "  .shared .align 8 .b64 barrier;\n"
     << "  .reg .b32 %barrier;\n"
     << "  .reg .b64 %state;\n"
     << "  mov.u32 %barrier, barrier;\n";
  loadMap(test.rank);
  copyWords("%to", "%bytes", 0, /*toShared=*/true);
  std::string skip = ifFirstThread();
  os << "  mbarrier.init.shared::cta.b64 [%barrier], 1;\n"
     << "  fence.mbarrier_init.release.cluster;\n"
     << skip << ":\n";
  publish();
  skip = ifFirstThread();
  os << "  ld.param.u32 %r, [boxBytes];\n"
     << "  mbarrier.arrive.expect_tx.shared::cta.b64 %state, [%barrier], %r;\n"
     << "  cp.async.bulk.tensor." << test.rank
     << "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes\n"
     << "    [%base], " << coordinates(test.rank) << ", [%barrier];\n"
     << skip << ":\n";
  std::string loop = label();
  os << loop << ":\n"
     << "  mbarrier.try_wait.parity.shared::cta.b64 %p, [%barrier], 0;\n"
     << "  @!%p bra " << loop << ";\n";
  copyWords("%to", "%bytes", 0, /*toShared=*/false);
  end();
}

/// Stores the box that `image` holds.
void KernelWriter::writeStore(size_t index, const TensorCase &test) {
  begin("store_" + std::to_string(index), copyParameters);
  loadMap(test.rank);
  copyWords("%to", "%bytes", 0, /*toShared=*/true);
  publish();
  std::string skip = ifFirstThread();
  os << "  cp.async.bulk.tensor." << test.rank
     << "d.global.shared::cta.tile.bulk_group " << coordinates(test.rank)
     << ", [%base];\n"
     << "  cp.async.bulk.commit_group;\n"
     << "  cp.async.bulk.wait_group 0;\n"
     << skip << ":\n";
  end();
}

std::string gpucheck::makeGoldenKernels() {
  std::ostringstream os;
  os << "// Golden vectors of instructions, products and tensor copies.\n"
     << ".version 8.0\n.target sm_90a\n.address_size 64\n\n"
     << ".extern .shared .align 1024 .b8 shared[];\n\n";
  writeInstructionKernels(os);
  KernelWriter writer(os);
  const std::vector<WgmmaCase> products = wgmmaCases();
  for (size_t i = 0; i < products.size(); ++i)
    writer.writeProduct(i, products[i]);
  const std::vector<TensorCase> copies = tensorCases();
  for (size_t i = 0; i < copies.size(); ++i) {
    writer.writeLoad(i, copies[i]);
    writer.writeStore(i, copies[i]);
  }
  return os.str();
}
