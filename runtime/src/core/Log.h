//===- Log.h - Messages for whoever debugs a run ----------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGRT_CORE_LOG_H
#define RINGRT_CORE_LOG_H

#include <cstdio>
#include <mutex>
#include <string>

namespace ringrt {

enum class LogLevel { Off, Warn, Info, Trace };

/// Writes where RINGRT_DEBUG_FILE says (%h: host name, %p: process id; default:
/// standard error) what RINGRT_DEBUG=WARN|INFO|TRACE asks for (default:
/// nothing).
class Log {
public:
  Log();
  ~Log();
  Log(const Log &) = delete;
  Log &operator=(const Log &) = delete;

  bool enabled(LogLevel asked) const { return asked <= level; }
  void write(LogLevel asked, const char *format, ...)
      __attribute__((format(printf, 3, 4)));

private:
  LogLevel level = LogLevel::Off;
  FILE *file = stderr;
  std::mutex mutex;
};

/// Replaces %h and %p.
std::string expandLogPath(const std::string &pattern);

} // namespace ringrt

#endif // RINGRT_CORE_LOG_H
