//===- HostMemory.cpp - Memory that is left to this process ---------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "device/cpu/HostMemory.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <sys/sysinfo.h>

namespace ringrt {

static constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();

/// Blocks below this are not worth a look at the system.
static constexpr int64_t leastProbed = int64_t(1) << 20;

/// The number a file consists of; `otherwise` for anything else ("max").
static int64_t readNumber(const std::string &path, int64_t otherwise) {
  std::ifstream file(path);
  int64_t number;
  return file >> number && number >= 0 ? number : otherwise;
}

/// The sum of the numbers that follow `first` and `second` at the beginning of
/// a line.
static int64_t readFields(const std::string &path, const std::string &first,
                          const std::string &second, bool &found) {
  std::ifstream file(path);
  std::string line, name;
  int64_t sum = 0, number;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    if (fields >> name >> number && (name == first || name == second)) {
      sum += number;
      found = true;
    }
  }
  return sum;
}

namespace {
/// How a version of control groups names its files.
struct GroupFiles {
  const char *limit, *usage, *activeCache, *inactiveCache;
};
} // namespace

static constexpr GroupFiles version1 = {
    "memory.limit_in_bytes", "memory.usage_in_bytes", "total_active_file",
    "total_inactive_file"};
static constexpr GroupFiles version2 = {"memory.max", "memory.current",
                                        "active_file", "inactive_file"};

/// What a group and those that it is in leave. In a container the path may be
/// that of the host, of which only the end, or nothing, is mounted.
static int64_t groupLeaves(const std::string &mount, std::string path,
                           const GroupFiles &files) {
  int64_t least = unlimited;
  for (;;) {
    std::string folder = mount + path + "/";
    int64_t limit = readNumber(folder + files.limit, unlimited);
    if (limit != unlimited) {
      bool found = false;
      int64_t cache = readFields(folder + "memory.stat", files.activeCache,
                                 files.inactiveCache, found);
      int64_t usage = readNumber(folder + files.usage, 0);
      least = std::min(
          least,
          std::max<int64_t>(0, limit - std::max<int64_t>(0, usage - cache)));
    }
    size_t slash = path.rfind('/');
    if (slash == std::string::npos)
      return least;
    path.resize(slash);
  }
}

/// Each line of /proc/self/cgroup is NUMBER:CONTROLLERS:PATH, with no
/// controllers in version 2.
static int64_t groupsLeave(const std::string &root) {
  int64_t least = unlimited;
  std::string mount = root + "/sys/fs/cgroup";
  std::ifstream file(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    size_t first = line.find(':');
    size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos)
      continue;
    std::string controllers =
        "," + line.substr(first + 1, second - first - 1) + ",";
    std::string path = line.substr(second + 1);
    if (controllers == ",,")
      least = std::min(least, groupLeaves(mount, path, version2));
    else if (controllers.find(",memory,") != std::string::npos)
      least = std::min(least, groupLeaves(mount + "/memory", path, version1));
  }
  return least;
}

static int64_t systemHas(const std::string &root) {
  bool found = false;
  int64_t kilobytes =
      readFields(root + "/proc/meminfo", "MemAvailable:", "SwapFree:", found);
  if (found)
    return kilobytes << 10;
  struct sysinfo info;
  if (sysinfo(&info) != 0)
    return unlimited;
  return static_cast<int64_t>((info.totalram + info.totalswap) * info.mem_unit);
}

int64_t availableMemory(const std::string &root) {
  return std::min(systemHas(root), groupsLeave(root));
}

bool MemoryBudget::fitsLocked(int64_t bytes, int64_t &available) {
  int64_t now =
      hooks.availableMemory ? hooks.availableMemory() : availableMemory();
  if (held == 0)
    initial = now;
  // At least `now - held`, if nothing of what is held is filled yet, and more
  // where others have given memory back since the beginning.
  available = std::min(now, std::max(initial, now) - held);
  available = std::max<int64_t>(0, available);
  return bytes <= available;
}

bool MemoryBudget::fits(int64_t bytes, int64_t &available) {
  std::lock_guard<std::mutex> lock(mutex);
  return fitsLocked(bytes, available);
}

bool MemoryBudget::take(int64_t bytes, int64_t &available) {
  std::lock_guard<std::mutex> lock(mutex);
  if ((bytes >= leastProbed || held == 0) && !fitsLocked(bytes, available))
    return false;
  held += bytes;
  return true;
}

void MemoryBudget::give(int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  held -= bytes;
}

} // namespace ringrt
