//===- CommandLine.cpp - Options of the tools -----------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstdlib>
#include <map>
#include <unistd.h>

using namespace llvm;
using namespace ringattn::tools;

int ringattn::tools::reportError(const Twine &message, int code) {
  outs().flush();
  errs() << "error: " << message << '\n';
  return code;
}

int ringattn::tools::reportError(Error error, int code) {
  return reportError(toString(std::move(error)), code);
}

int ringattn::tools::finish(int code) {
  outs().flush();
  if (!outs().has_error())
    return code;
  std::error_code reason = outs().error();
  outs().clear_error();
  if (code != ExitSuccess)
    return code;
  return reportError("cannot write the standard output: " + reason.message());
}

void ringattn::tools::finishAtExit() {
  // What is registered last runs first: before the stream is destroyed.
  outs();
  std::atexit([] {
    if (int code = finish(ExitSuccess))
      _exit(code);
  });
}

void ringattn::tools::hideLibraryOptions() {
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (name != "help" && name != "version" &&
        option->getOptionHiddenFlag() == cl::NotHidden)
      option->setHiddenFlag(cl::Hidden);
}

void CommandLine::addFlag(StringRef name, StringRef help, bool &value) {
  Option option;
  option.name = name.str();
  option.help = help.str();
  option.isFlag = true;
  option.handler = [&value](StringRef text) -> Error {
    if (text != "" && text != "true" && text != "false")
      return createStringError("expected true or false");
    value = text != "false";
    return Error::success();
  };
  options.push_back(std::move(option));
}

void CommandLine::addOption(StringRef name, StringRef metavar, StringRef help,
                            Handler handler) {
  Option option;
  option.name = name.str();
  option.metavar = metavar.str();
  option.help = help.str();
  option.handler = std::move(handler);
  options.push_back(std::move(option));
}

void CommandLine::addList(StringRef name, StringRef metavar, StringRef help,
                          Handler handler) {
  addOption(name, metavar, help, std::move(handler));
  options.back().mayRepeat = true;
}

void CommandLine::addVariable(StringRef name, StringRef help) {
  variables.emplace_back(name.str(), help.str());
}

void CommandLine::setPositional(StringRef metavar, std::string &value) {
  positionalName = metavar.str();
  positional = &value;
}

CommandLine::Option *CommandLine::find(StringRef name) {
  auto it = find_if(options, [&](Option &o) { return o.name == name; });
  return it == options.end() ? nullptr : &*it;
}

bool CommandLine::isOption(StringRef argument) {
  StringRef name = argument.split('=').first;
  return (name.consume_front("--") || name.consume_front("-")) && find(name);
}

Error CommandLine::parseOption(StringRef argument, ArrayRef<char *> &rest) {
  StringRef body = argument.substr(argument.starts_with("--") ? 2 : 1);
  auto [name, value] = body.split('=');
  bool hasValue = body.size() > name.size();
  StringRef shown = argument.split('=').first;
  Option *option = find(name);
  // `-o` is the one option with a single letter; `-ofile` is not taken.
  if (!option)
    return createStringError("unknown option '" + shown + "'; see " + tool +
                             " --help");
  if (option->seen && !option->mayRepeat)
    return createStringError("option '" + shown + "' given more than once");
  option->seen = true;
  std::string usage =
      (shown + (option->name.size() == 1 ? " " : "=") + option->metavar).str();
  if (!option->isFlag && !hasValue) {
    // What another option begins with is not meant as this one's value.
    if (rest.empty() || isOption(rest.front()))
      return createStringError("option '" + shown +
                               "' needs a value: " + usage);
    value = rest.front();
    rest = rest.drop_front();
  }
  if (!option->isFlag && value.empty())
    return createStringError("option '" + shown +
                             "' has an empty value: expected " + usage);
  if (Error error = option->handler(value)) {
    // What is unavailable says so itself.
    std::string message = toString(std::move(error));
    if (StringRef(message).starts_with("expected"))
      return createStringError("option '" + shown + "' has the value '" +
                               value + "', " + message);
    return createStringError(message);
  }
  return Error::success();
}

std::optional<int> CommandLine::parse(int argc, char **argv) {
  ArrayRef<char *> rest(argv + 1, argc - 1);
  bool onlyPositional = false;
  while (!rest.empty()) {
    StringRef argument = rest.front();
    rest = rest.drop_front();
    if (!onlyPositional &&
        (argument == "--help" || argument == "-h" || argument == "-help")) {
      printHelp();
      return ExitSuccess;
    }
    if (!onlyPositional && argument == "--version") {
      outs() << tool << " (RingAttn " RINGATTN_VERSION ", MLIR "
             << LLVM_VERSION_STRING << ")\n";
      return ExitSuccess;
    }
    if (!onlyPositional && argument == "--") {
      onlyPositional = true;
    } else if (onlyPositional || argument == "-" ||
               !argument.starts_with("-")) {
      if (!positional || !positional->empty())
        return reportError("unexpected argument '" + argument + "'; see " +
                               tool + " --help",
                           ExitUsage);
      *positional = argument.str();
      if (positional->empty())
        return reportError("the name of " + positionalName + " is empty",
                           ExitUsage);
    } else if (Error error = parseOption(argument, rest)) {
      return reportError(std::move(error), ExitUsage);
    }
  }
  if (positional && positional->empty())
    return reportError(
        "no " + positionalName + " given; see " + tool + " --help", ExitUsage);
  return std::nullopt;
}

void CommandLine::printHelp() {
  raw_ostream &os = outs();
  os << overview << "\n\nUsage: " << tool;
  if (positional)
    os << ' ' << positionalName;
  os << " [options]\n\nOptions:\n";
  auto print = [&](StringRef left, StringRef help) {
    constexpr size_t column = 34;
    os << "  " << left;
    size_t used = 2 + left.size();
    if (used + 2 > column) {
      os << '\n';
      used = 0;
    }
    SmallVector<StringRef> lines;
    help.split(lines, '\n');
    for (StringRef line : lines) {
      os.indent(column - used) << line << '\n';
      used = 0;
    }
  };
  for (const Option &option : options) {
    std::string left = (option.name.size() == 1 ? "-" : "--") + option.name;
    if (!option.isFlag)
      left += (option.name.size() == 1 ? " " : "=") + option.metavar;
    print(left, option.help);
  }
  print("--help", "print this text");
  print("--version", "print the version");
  if (!variables.empty())
    os << "\nEnvironment:\n";
  for (const auto &[name, help] : variables)
    print(name, help);
  os << "\nExit status: 0 success; 1 the program or its input is wrong; 2 "
        "usage;"
        "\n3 a fault at run time.\n";
}

CommandLine::Handler ringattn::tools::asString(std::string &value) {
  return [&value](StringRef text) {
    value = text.str();
    return Error::success();
  };
}

CommandLine::Handler ringattn::tools::asList(std::vector<std::string> &values) {
  return [&values](StringRef text) {
    values.push_back(text.str());
    return Error::success();
  };
}

static CommandLine::Handler expectFile(CommandLine::Handler handler) {
  return [handler](StringRef text) -> Error {
    if (text == "-")
      return createStringError(
          "expected a file; the standard output has the table");
    return handler(text);
  };
}

CommandLine::Handler ringattn::tools::asOutputFile(std::string &value) {
  return expectFile(asString(value));
}

CommandLine::Handler
ringattn::tools::asOutputFiles(std::vector<std::string> &values) {
  return expectFile(asList(values));
}

Error ringattn::tools::checkDistinct(
    ArrayRef<std::pair<StringRef, StringRef>> outputs) {
  std::map<std::string, std::pair<StringRef, StringRef>> seen;
  for (const auto &[option, path] : outputs) {
    sys::fs::file_status status;
    if (path.empty() ||
        (!sys::fs::status(path, status) && sys::fs::exists(status) &&
         !sys::fs::is_regular_file(status)))
      continue;
    SmallString<128> place(path);
    sys::fs::make_absolute(place);
    sys::path::remove_dots(place, /*remove_dot_dot=*/true);
    auto [other, isNew] =
        seen.try_emplace(place.str().str(), std::make_pair(option, path));
    if (!isNew)
      return createStringError("options '" + other->second.first + "=" +
                               other->second.second + "' and '" + option + "=" +
                               path + "' name the same file");
  }
  return Error::success();
}

CommandLine::Handler ringattn::tools::asInteger(int64_t &value, int64_t least,
                                                int64_t most) {
  return [&value, least, most](StringRef text) -> Error {
    if (text.getAsInteger(10, value) || value < least || value > most)
      return createStringError("expected an integer from " + Twine(least) +
                               " to " + Twine(most));
    return Error::success();
  };
}

CommandLine::Handler ringattn::tools::asPositive(double &value) {
  return [&value](StringRef text) -> Error {
    if (text.getAsDouble(value) || !std::isfinite(value) || value <= 0)
      return createStringError("expected a number above 0");
    return Error::success();
  };
}

Error ringattn::tools::checkAvailable(StringRef what, StringRef value,
                                      ArrayRef<StringRef> available,
                                      ArrayRef<StringRef> known) {
  if (is_contained(available, value))
    return Error::success();
  std::string expected = ", expected " + join(available, " or ");
  if (is_contained(known, value))
    return createStringError(what + " '" + value +
                             "' is not available in this build" + expected);
  return createStringError("unknown " + what + " '" + value + "'" + expected);
}

void ringattn::tools::addTargetOption(CommandLine &line, std::string &target) {
  line.addOption(
      "target", "cpu|sm_90a", "what to generate code for (sm_80 is reserved)",
      [&target](StringRef value) {
        target = value.str();
        return checkAvailable("target", value, {"cpu", "sm_90a"}, {"sm_80"});
      });
}
