//===- HopperPlan.cpp - How a kernel uses an sm_90a SM --------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Codegen/Hopper/HopperPlan.h"
#include "ringattn/Codegen/Tile/PlanReader.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ringattn;

/// Registers of an SM, and the most that a thread has before setmaxnreg (CUDA C
/// Programming Guide, compute capability 9.0).
static constexpr int64_t kRegisters = 65536, kMaxLaunchRegisters = 255;
/// What setmaxnreg takes (PTX ISA, "Miscellaneous Instructions: setmaxnreg").
static constexpr int64_t kRegisterUnit = 8, kLeastRegisters = 24;

DictionaryAttr HopperPlan::toAttr(MLIRContext *context) const {
  Builder b(context);
  SmallVector<NamedAttribute> attrs;
  for (auto [name, value] :
       {std::pair<StringRef, int64_t>("consumers", consumers),
        {"stages", stages},
        {"producer_registers", producerRegisters},
        {"consumer_registers", consumerRegisters}})
    attrs.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
  for (auto [name, value] : {std::pair<StringRef, bool>("ping_pong", pingPong),
                             {"longest_first", longestFirst}})
    if (value)
      attrs.push_back(b.getNamedAttr(name, b.getUnitAttr()));
  return b.getDictionaryAttr(attrs);
}

int64_t HopperPlan::getLaunchRegisters() const {
  return std::min(kRegisters / getThreads() / kRegisterUnit * kRegisterUnit,
                  kMaxLaunchRegisters);
}

LogicalResult HopperPlan::verifyRegisters(FunctionOpInterface kernel) const {
  int64_t launch = getLaunchRegisters();
  auto reject = [&](StringRef name, int64_t value) {
    return kernel->emitOpError()
           << kHopperAttr << " " << name << " is " << value << ", expected ";
  };
  if ((producerRegisters == 0) != (consumerRegisters == 0))
    return reject("producer_registers", producerRegisters)
           << (producerRegisters ? "0 as consumer_registers"
                                 : "at least 24 as with consumer_registers");
  if (producerRegisters == 0)
    return success();
  if (!hasProducer())
    return reject("producer_registers", producerRegisters)
           << "0 in a kernel without stages";
  // An increase that the pool has no registers for waits forever.
  if (producerRegisters > launch)
    return reject("producer_registers", producerRegisters)
           << "at most " << launch << ", the registers of the launch of "
           << getThreads() << " threads";
  int64_t most = (launch * (consumers + 1) - producerRegisters) / consumers /
                 kRegisterUnit * kRegisterUnit;
  if (consumerRegisters < launch || consumerRegisters > most)
    return reject("consumer_registers", consumerRegisters)
           << launch << " to " << most << ", what the launch of "
           << getThreads() << " threads and the producer leave";
  return success();
}

FailureOr<HopperPlan> HopperPlan::get(FunctionOpInterface kernel) {
  HopperPlan plan;
  PlanReader reader(kernel, kHopperAttr, "sm_90a");
  reader.number("consumers", plan.consumers, {1, 3});
  reader.number("stages", plan.stages, {0, 8});
  const PlanReader::Range registers{0, 256, kRegisterUnit};
  reader.number("producer_registers", plan.producerRegisters, registers);
  reader.number("consumer_registers", plan.consumerRegisters, registers);
  reader.flag("ping_pong", plan.pingPong);
  reader.flag("longest_first", plan.longestFirst);
  if (failed(reader.finish()))
    return failure();
  if (plan.stages == 1)
    return kernel->emitOpError()
           << kHopperAttr << " stages is 1, expected 0 or 2 to 8";
  for (auto [name, value] : {std::pair<StringRef, int64_t>(
                                 "producer_registers", plan.producerRegisters),
                             {"consumer_registers", plan.consumerRegisters}})
    if (value != 0 && value < kLeastRegisters)
      return kernel->emitOpError()
             << kHopperAttr << " " << name << " is " << value
             << ", expected 0 or at least " << kLeastRegisters;
  if (failed(plan.verifyRegisters(kernel)))
    return failure();
  if (plan.pingPong && plan.consumers < 2)
    return kernel->emitOpError()
           << kHopperAttr << " consumers is " << plan.consumers
           << ", expected at least 2 with ping_pong";
  return plan;
}
