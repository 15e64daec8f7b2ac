//===- Block.cpp - One block of a simulated grid --------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/sim/Block.h"
#include "core/Status.h"

#include <exception>

using namespace ringrt;
using namespace ringrt::sim;

static const char *nameOf(Op op) {
  switch (op) {
  case Op::Shfl:
    return "shfl.sync";
  case Op::Elect:
    return "elect.sync";
  case Op::WarpSync:
    return "bar.warp.sync";
  case Op::SetMaxNReg:
    return "setmaxnreg";
  case Op::BarSync:
    return "bar.sync";
  case Op::BarArrive:
    return "bar.arrive";
  case Op::LdMatrix:
    return "ldmatrix";
  case Op::StMatrix:
    return "stmatrix";
  case Op::WgmmaFence:
    return "wgmma.fence";
  case Op::Wgmma:
    return "wgmma.mma_async";
  case Op::WgmmaCommit:
    return "wgmma.commit_group";
  case Op::WgmmaWait:
    return "wgmma.wait_group";
  }
  return "?";
}

/// "0-31, 64".
static std::string formatRanges(const std::vector<uint32_t> &ascending) {
  std::string text;
  for (size_t i = 0, end; i < ascending.size(); i = end) {
    for (end = i + 1;
         end < ascending.size() && ascending[end] == ascending[end - 1] + 1;)
      ++end;
    if (!text.empty())
      text += ", ";
    text += std::to_string(ascending[i]);
    if (end - i > 1)
      text += "-" + std::to_string(ascending[end - 1]);
  }
  return text;
}

static std::string formatLanes(uint32_t mask) {
  std::vector<uint32_t> lanes;
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    if (mask >> lane & 1)
      lanes.push_back(lane);
  return (lanes.size() == 1 ? "lane " : "lanes ") + formatRanges(lanes);
}

/// Blocks differ in what they draw; seed 0 stays 0.
static uint64_t seedOf(uint64_t seed, const uint32_t (&id)[3]) {
  for (uint32_t i : id)
    seed = seed == 0 ? 0 : mix(seed + i + 1) | 1;
  return seed;
}

Block::Block(const rs_kernel &kernel, const rs_launch &launch, Window &window,
             Stacks &stacks, GlobalMemory &global, const uint32_t (&blockId)[3])
    : kernel(kernel), launch(launch), id{blockId[0], blockId[1], blockId[2]},
      seed(seedOf(launch.seed, blockId)),
      clockSize(
          (kernel.threads + maxMBarriers + kernel.threads / warpSize + 7) &
          ~size_t(7)),
      window(window), global(global), clocks(kernel.threads * clockSize),
      threads(kernel.threads), warps(kernel.threads / warpSize),
      scheduler(*this, seed, kernel.threads), shadow(*this), barriers(*this),
      mbarriers(*this), registers(*this), copies(*this), wgmmas(*this) {
  window.poison();
  for (uint32_t i = 0; i < kernel.threads; ++i) {
    Thread &thread = threads[i];
    thread.ops = &instructions;
    thread.block = this;
    thread.index = i;
    thread.clock = &clocks[i * clockSize];
    thread.epoch() = 1;
    thread.fiber.start(stacks.bottom(i), stacks.bytes(i), enter, &thread);
  }
  for (uint32_t i = 0; i < warps.size(); ++i) {
    warps[i].index = i;
    warps[i].lanes = &threads[i * warpSize];
    warps[i].registers = registers.atLaunch();
  }
}

bool Block::run() {
  for (Thread &thread : threads)
    scheduler.makeReady(thread);
  scheduler.run();
  return message.empty();
}

void Block::enter(void *argument) {
  auto &thread = *static_cast<Thread *>(argument);
  Block &block = *thread.block;
  try {
    block.kernel.function(&thread, block.launch.arguments);
    block.endThread(thread);
  } catch (const std::exception &error) {
    block.message = std::string("the simulator failed: ") + error.what();
  } catch (...) {
    block.message = "the simulated kernel threw an exception";
  }
  if (!block.message.empty())
    block.scheduler.leave();
  block.scheduler.end(thread);
}

void Block::endThread(Thread &thread) {
  Warp &warp = warps[thread.warp()];
  const uint32_t bit = 1u << thread.lane();
  for (const Meeting &meeting : warp.meetings)
    if (meeting.mask & bit)
      fail(formatString("%s ends, but %s of its warp execute %s at %s, which "
                        "needs it",
                        name(thread), keep(formatLanes(meeting.came)),
                        nameOf(meeting.op), at(meeting.where)));
  warp.ended |= bit;
  copies.checkEnd(thread);
  if (warp.ended == UINT32_MAX)
    wgmmas.checkEnd(warp);
}

void Block::nobodyRuns() {
  for (const Thread &thread : threads)
    if (thread.state == Thread::State::Waiting)
      failDeadlocked();
  registers.checkEnd();
  mbarriers.checkEnd();
}

void Block::happen(const Event &event) { copies.happen(event); }

void Block::fail(std::string text) {
  message = formatString("kernel '%s', block (%u, %u, %u): ", kernel.name,
                         id[0], id[1], id[2]) +
            text;
  std::string().swap(text);
  scheduler.leave();
}

void Block::fail(const Thread &thread, uint32_t where, std::string text) {
  text = std::string(name(thread)) + " at " + at(where) + ": " + text;
  fail(std::move(text));
}

void Block::fail(const Warp &warp, uint32_t where, std::string text) {
  text =
      "warp " + std::to_string(warp.index) + " at " + at(where) + ": " + text;
  fail(std::move(text));
}

const char *Block::keep(std::string text) {
  kept.push_back(std::move(text));
  return kept.back().c_str();
}

const char *Block::at(uint32_t where) {
  if (where < kernel.num_locations && kernel.locations &&
      kernel.locations[where])
    return keep(std::string("'") + kernel.locations[where] + "'");
  return keep("location " + std::to_string(where));
}

const char *Block::name(const Thread &thread) {
  return keep(formatString("thread %u (warp %u)", thread.index, thread.warp()));
}

Meeting *Block::meet(Thread &thread, Op op, uint32_t where, uint32_t mask,
                     void *arguments) {
  Warp &warp = warps[thread.warp()];
  const uint32_t bit = 1u << thread.lane();
  if (!(mask & bit))
    fail(thread, where,
         formatString("the mask 0x%08x of %s lacks the executing lane", mask,
                      nameOf(op)));
  if (mask & warp.ended)
    fail(thread, where,
         formatString("%s needs %s, which ended", nameOf(op),
                      keep(formatLanes(mask & warp.ended))));
  Meeting &meeting = warp.meetings[__builtin_ctz(mask)];
  if (warp.meeting & mask) {
    for (const Meeting &other : warp.meetings)
      if ((other.mask & mask) &&
          (other.mask != mask || other.where != where || other.op != op))
        fail(thread, where,
             formatString("divergence: lane %u executes %s with mask 0x%08x, "
                          "while %s wait in %s with mask 0x%08x at %s",
                          thread.lane(), nameOf(op), mask,
                          keep(formatLanes(other.came)), nameOf(other.op),
                          other.mask, at(other.where)));
  } else {
    warp.meeting |= mask;
    meeting.mask = mask;
    meeting.came = 0;
    meeting.where = where;
    meeting.op = op;
  }
  meeting.came |= bit;
  meeting.arguments[thread.lane()] = arguments;
  if (meeting.came == mask)
    return &meeting;
  scheduler.block(thread, {Wait::Lanes, where, warp.index, mask});
  return nullptr;
}

void Block::part(Thread &thread, Meeting &meeting) {
  Warp &warp = warps[thread.warp()];
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    if ((meeting.mask >> lane & 1) && lane != thread.lane())
      scheduler.makeReady(warp.lanes[lane]);
  warp.meeting &= ~meeting.mask;
  meeting.mask = 0;
}

void Block::blockAll(Thread &thread, const Meeting &meeting, const Wait &wait) {
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    if (meeting.mask >> lane & 1)
      warps[thread.warp()].lanes[lane].wait = wait;
  scheduler.block(thread, wait);
}

std::string Block::describe(const Wait &wait) {
  switch (wait.kind) {
  case Wait::Lanes: {
    const Warp &warp = warps[wait.object];
    const Meeting &meeting = warp.meetings[__builtin_ctz(wait.value)];
    return formatString("for %s of warp %u in %s",
                        keep(formatLanes(meeting.mask & ~meeting.came)),
                        warp.index, nameOf(meeting.op));
  }
  case Wait::Barrier:
    return barriers.describe(wait.object);
  case Wait::MBarrier:
    return mbarriers.describe(wait.object, wait.value);
  case Wait::Registers:
    return formatString("for %u registers a thread (setmaxnreg): %s",
                        wait.object, registers.describe().c_str());
  case Wait::Bulk:
    return "for bulk copies";
  case Wait::Wgmma:
    return "for wgmma operations that not all warps of the warpgroup issued";
  }
  return "";
}

void Block::failDeadlocked() {
  std::string text = "deadlock: ";
  std::vector<bool> told(threads.size());
  const char *separator = "";
  for (const Thread &first : threads) {
    if (first.state != Thread::State::Waiting || told[first.index])
      continue;
    std::vector<uint32_t> same;
    for (const Thread &thread : threads)
      if (thread.state == Thread::State::Waiting && thread.wait == first.wait) {
        same.push_back(thread.index);
        told[thread.index] = true;
      }
    text += formatString("%s%s %s %s %s at %s", separator,
                         same.size() == 1 ? "thread" : "threads",
                         formatRanges(same).c_str(),
                         same.size() == 1 ? "waits" : "wait",
                         describe(first.wait).c_str(), at(first.wait.where));
    separator = "; ";
  }
  told = std::vector<bool>();
  fail(std::move(text));
}
