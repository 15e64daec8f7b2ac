//===- CommandLine.h - Options of the tools ---------------------*- C++ -*-===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RINGATTN_TOOLS_COMMANDLINE_H
#define RINGATTN_TOOLS_COMMANDLINE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ringattn::tools {

enum ExitCode : int {
  ExitSuccess = 0,
  /// The program or its input is wrong.
  ExitFailure = 1,
  ExitUsage = 2,
  /// A fault while ranks were running.
  ExitRuntime = 3
};

/// Prints `error: message` and returns `code`.
int reportError(const llvm::Twine &message, int code = ExitFailure);
int reportError(llvm::Error error, int code = ExitFailure);

/// The exit code of a tool that would end with `code`: a failure, which is
/// reported, where the standard output could not be written.
int finish(int code);
/// The same for a process that LLVM's option parser ends.
void finishAtExit();

/// Hides the options that LLVM's parser knows already, those of its own
/// libraries, from `--help`; `--help-hidden` shows them.
void hideLibraryOptions();

/// A command line of `--name=value`, `--name value` and `--flag` options and
/// positional arguments. Only what a tool declares is known: LLVM's own parser
/// would accept every option of the libraries and end the process by itself.
class CommandLine {
public:
  /// Takes an option's value; the error says what was expected.
  using Handler = std::function<llvm::Error(llvm::StringRef)>;

  CommandLine(llvm::StringRef tool, llvm::StringRef overview)
      : tool(tool), overview(overview) {}

  void addFlag(llvm::StringRef name, llvm::StringRef help, bool &value);
  /// An option that may be given once.
  void addOption(llvm::StringRef name, llvm::StringRef metavar,
                 llvm::StringRef help, Handler handler);
  /// One that may be repeated.
  void addList(llvm::StringRef name, llvm::StringRef metavar,
               llvm::StringRef help, Handler handler);
  /// A variable of the environment, for the help.
  void addVariable(llvm::StringRef name, llvm::StringRef help);
  /// The one positional argument, which must be given.
  void setPositional(llvm::StringRef metavar, std::string &value);

  /// Parses; a value means that the tool should exit with it, having printed
  /// help or an error.
  std::optional<int> parse(int argc, char **argv);

private:
  struct Option {
    std::string name;
    std::string metavar;
    std::string help;
    Handler handler;
    bool isFlag = false;
    bool mayRepeat = false;
    bool seen = false;
  };

  Option *find(llvm::StringRef name);
  /// Whether this is one of the declared options, with or without a value.
  bool isOption(llvm::StringRef argument);
  llvm::Error parseOption(llvm::StringRef argument,
                          llvm::ArrayRef<char *> &rest);
  void printHelp();

  std::string tool;
  std::string overview;
  std::vector<Option> options;
  std::vector<std::pair<std::string, std::string>> variables;
  std::string positionalName;
  std::string *positional = nullptr;
};

// Handlers for common values; the references must outlive the command line.

CommandLine::Handler asString(std::string &value);
CommandLine::Handler asList(std::vector<std::string> &values);
/// The names of files to write, which `-` is not: what they get would mix with
/// what is printed.
CommandLine::Handler asOutputFile(std::string &value);
CommandLine::Handler asOutputFiles(std::vector<std::string> &values);
/// An integer from `least` to `most`.
CommandLine::Handler asInteger(int64_t &value, int64_t least, int64_t most);
/// A finite number above 0.
CommandLine::Handler asPositive(double &value);

/// Refuses two of these (option, path) that name the same file; devices and
/// empty paths do not count.
llvm::Error checkDistinct(
    llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> outputs);

/// Checks a value that names one of a few things of which only `available`
/// exists in this build.
llvm::Error checkAvailable(llvm::StringRef what, llvm::StringRef value,
                           llvm::ArrayRef<llvm::StringRef> available,
                           llvm::ArrayRef<llvm::StringRef> known);
/// Declares `--target`.
void addTargetOption(CommandLine &line, std::string &target);

} // namespace ringattn::tools

#endif // RINGATTN_TOOLS_COMMANDLINE_H
