//===- GoldenInstructions.cpp - Kernels of single instructions ------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GoldenInstructions.h"

#include "../../runtime/test/SimInstructions.h"

#include <ostream>

using namespace gpucheck;
using namespace ringrt::test;

namespace {

/// Writes one kernel after the other. Registers: %i what goes in, %o what comes
/// out, %thread, %lane, %warp and %base (shared memory); %r, %s, %x, %y,
/// %state, %p and %q are scratch.
class Writer {
public:
  explicit Writer(std::ostream &os) : os(os) {}
  void write(size_t index, const InstructionCase &test);

private:
  void writeBody(const InstructionCase &test);
  void writeNumber(const char *instruction);
  void writeElect();
  void writeBarriers();
  void writePipeline();
  void writeParity();

  /// Register %o<to> = the number of lanes that have 1 in it.
  void count(unsigned to);
  void await(const char *address, unsigned parity);
  /// Stores the thread's word of a round, at the lane's place, late enough for
  /// those who do not wait to miss it.
  void storeLate(unsigned round, unsigned offset);
  /// Loads what the lane opposite has stored.
  void loadOpposite(unsigned to, unsigned offset);
  std::string label() { return "I" + std::to_string(labels++); }

  std::ostream &os;
  int labels = 0;
};

} // namespace

void Writer::write(size_t index, const InstructionCase &test) {
  os << ".visible .entry instruction_" << index
     << "(.param .u64 in, .param .u64 out)\n"
     << ".maxntid " << test.threads << ", 1, 1\n.minnctapersm 1\n{\n"
     << "  .reg .pred %p, %q;\n"
     << "  .reg .b32 %thread, %lane, %warp, %base, %r, %s;\n"
     << "  .reg .b32 %i<" << test.inputs << ">, %o<" << test.outputs << ">;\n"
     << "  .reg .f32 %x, %y;\n"
     << "  .reg .b64 %from, %to, %d, %state;\n"
     << "  mov.u32 %thread, %tid.x;\n"
     << "  and.b32 %lane, %thread, 31;\n"
     << "  shr.u32 %warp, %thread, 5;\n"
     << "  mov.u32 %base, shared;\n"
     << "  ld.param.u64 %from, [in];\n"
     << "  mul.wide.u32 %d, %thread, " << 4 * test.inputs << ";\n"
     << "  add.u64 %from, %from, %d;\n";
  for (unsigned i = 0; i < test.inputs; ++i)
    os << "  ld.global.b32 %i" << i << ", [%from+" << 4 * i << "];\n";
  for (unsigned i = 0; i < test.outputs; ++i)
    os << "  mov.b32 %o" << i << ", 0;\n";
  writeBody(test);
  os << "  ld.param.u64 %to, [out];\n"
     << "  mul.wide.u32 %d, %thread, " << 4 * test.outputs << ";\n"
     << "  add.u64 %to, %to, %d;\n";
  for (unsigned i = 0; i < test.outputs; ++i)
    os << "  st.global.b32 [%to+" << 4 * i << "], %o" << i << ";\n";
  os << "  ret;\n}\n\n";
}

void Writer::writeBody(const InstructionCase &test) {
  switch (test.instruction) {
  case Instruction::ToTF32:
    os << "  mov.b32 %x, %i0;\n  cvt.rna.tf32.f32 %o0, %x;\n";
    return;
  case Instruction::PackBF16:
  case Instruction::PackF16:
    os << "  mov.b32 %x, %i0;\n  mov.b32 %y, %i1;\n  cvt.rn."
       << (test.instruction == Instruction::PackBF16 ? "bf16x2" : "f16x2")
       << ".f32 %o0, %x, %y;\n";
    return;
  case Instruction::Ex2:
    return writeNumber("ex2.approx.ftz.f32");
  case Instruction::Lg2:
    return writeNumber("lg2.approx.ftz.f32");
  case Instruction::Shuffle:
    os << "  shfl.sync." << (test.shuffle == RS_SHFL_BFLY ? "bfly" : "idx")
       << ".b32 %o0, %i0, " << test.lane << ", " << test.clamp
       << ", 0xffffffff;\n";
    return;
  case Instruction::Elect:
    return writeElect();
  case Instruction::Barriers:
    return writeBarriers();
  case Instruction::Pipeline:
    return writePipeline();
  case Instruction::Parity:
    return writeParity();
  case Instruction::MaxRegister: {
    // As the compiler's kernels have it: 24 + 2 * 240 registers of 3 * 168.
    const std::string more = label(), done = label();
    os << "  setp.ge.u32 %p, %thread, 128;\n  @%p bra " << more << ";\n"
       << "  setmaxnreg.dec.sync.aligned.u32 24;\n  bra " << done << ";\n"
       << more << ":\n  setmaxnreg.inc.sync.aligned.u32 240;\n"
       << done << ":\n  mov.b32 %o0, %i0;\n";
    return;
  }
  }
}

void Writer::writeNumber(const char *instruction) {
  os << "  mov.b32 %x, %i0;\n  " << instruction
     << " %y, %x;\n  mov.b32 %o0, %y;\n";
}

void Writer::count(unsigned to) {
  for (unsigned distance = 1; distance < 32; distance *= 2)
    os << "  shfl.sync.bfly.b32 %r, %o" << to << ", " << distance
       << ", 31, 0xffffffff;\n  add.u32 %o" << to << ", %o" << to << ", %r;\n";
}

void Writer::writeElect() {
  os << "  elect.sync %r|%p, 0xffffffff;\n"
     << "  elect.sync %r|%q, 0xffffffff;\n"
     << "  and.pred %q, %q, %p;\n"
     << "  selp.b32 %o0, 1, 0, %p;\n"
     << "  selp.b32 %o1, 1, 0, %q;\n";
  count(0);
  count(1);
}

void Writer::storeLate(unsigned round, unsigned offset) {
  os << "  nanosleep.u32 20000;\n"
     << "  mad.lo.u32 %r, %lane, 7, " << 1000 * round + 1 << ";\n"
     << "  shl.b32 %s, %lane, 2;\n"
     << "  add.u32 %s, %s, %base;\n"
     << "  st.shared.b32 [%s+" << offset << "], %r;\n";
}

void Writer::loadOpposite(unsigned to, unsigned offset) {
  os << "  sub.u32 %s, 31, %lane;\n"
     << "  shl.b32 %s, %s, 2;\n"
     << "  add.u32 %s, %s, %base;\n"
     << "  ld.shared.b32 %o" << to << ", [%s+" << offset << "];\n";
}

void Writer::writeBarriers() {
  for (unsigned round = 0; round < barrierRounds; ++round) {
    const std::string others = label(), half = label(), done = label();
    os << "  setp.ne.u32 %p, %warp, 0;\n  @%p bra " << others << ";\n";
    storeLate(round, 0);
    os << "  bar.arrive 3, 128;\n  bra " << half << ";\n" << others << ":\n";
    os << "  bar.sync 3, 128;\n";
    loadOpposite(round, 0);
    // The number of a barrier may be in a register.
    os << half << ":\n  shr.u32 %r, %warp, 1;\n  add.u32 %r, %r, 1;\n"
       << "  bar.sync %r, 64;\n  @%p bra " << done << ";\n";
    loadOpposite(round, 0);
    os << done << ":\n  bar.sync 0;\n";
  }
}

void Writer::await(const char *address, unsigned parity) {
  const std::string loop = label();
  os << loop << ":\n  mbarrier.try_wait.parity.shared.b64 %q, [" << address
     << "], " << parity << ";\n  @!%q bra " << loop << ";\n";
}

void Writer::writePipeline() {
  const std::string ready = label();
  os << "  setp.ne.u32 %p, %thread, 0;\n  @%p bra " << ready << ";\n"
     << "  mbarrier.init.shared.b64 [%base], 32;\n"
     << "  mbarrier.init.shared.b64 [%base+8], 32;\n"
     << "  fence.mbarrier_init.release.cluster;\n"
     << ready << ":\n  bar.sync 0;\n"
     << "  setp.ne.u32 %p, %warp, 0;\n";
  for (unsigned phase = 0; phase < pipelinePhases; ++phase) {
    const std::string drain = label(), done = label();
    os << "  @%p bra " << drain << ";\n";
    await("%base+8", (phase & 1) ^ 1);
    storeLate(phase, 128);
    os << "  mbarrier.arrive.shared.b64 %state, [%base];\n  bra " << done
       << ";\n"
       << drain << ":\n";
    await("%base", phase & 1);
    loadOpposite(phase, 128);
    os << "  mbarrier.arrive.shared.b64 %state, [%base+8];\n" << done << ":\n";
  }
}

void Writer::writeParity() {
  const std::string done = label();
  os << "  setp.ne.u32 %p, %thread, 0;\n  @%p bra " << done << ";\n"
     << "  mbarrier.init.shared.b64 [%base], 2;\n"
     << "  fence.mbarrier_init.release.cluster;\n";
  unsigned to = 0;
  for (const ParityStep &step : paritySteps()) {
    if (step.event == ParityStep::Arrive)
      os << "  mbarrier.arrive.shared.b64 %state, [%base];\n";
    if (step.event == ParityStep::Expect)
      os << "  mbarrier.arrive.expect_tx.shared.b64 %state, [%base], "
         << expectedBytes << ";\n";
    for (unsigned parity : {0u, 1u})
      os << "  mbarrier.test_wait.parity.shared.b64 %q, [%base], " << parity
         << ";\n  selp.b32 %o" << to++ << ", 1, 0, %q;\n";
  }
  os << done << ":\n";
}

void gpucheck::writeInstructionKernels(std::ostream &os) {
  Writer writer(os);
  const std::vector<InstructionCase> cases = instructionCases();
  for (size_t i = 0; i < cases.size(); ++i)
    writer.write(i, cases[i]);
}
