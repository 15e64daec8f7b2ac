//===- Package.cpp - A look at a shared object before it is loaded --------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Package.h"

#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringrt {

namespace {

struct File {
  int descriptor = -1;
  ~File() {
    if (descriptor >= 0)
      close(descriptor);
  }

  bool read(void *out, size_t bytes, uint64_t offset) const {
    return pread(descriptor, out, bytes, static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(bytes);
  }
};

#if defined(__x86_64__)
constexpr uint16_t hostMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t hostMachine = EM_AARCH64;
#else
constexpr uint16_t hostMachine = EM_NONE;
#endif

bool within(uint64_t offset, uint64_t bytes, uint64_t size) {
  return offset <= size && bytes <= size - offset;
}

} // namespace

Status checkPackage(const std::string &path) {
  const char *name = path.c_str();
  File file;
  file.descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file.descriptor < 0)
    return makeError(errno == ENOENT ? RR_NOT_FOUND : RR_INVALID_ARGUMENT,
                     "cannot open module '%s': %s", name, strerror(errno));
  struct stat info;
  if (fstat(file.descriptor, &info) != 0 || !S_ISREG(info.st_mode))
    return makeError(RR_INVALID_ARGUMENT, "module '%s' is not a regular file",
                     name);
  if (info.st_mode & S_IWOTH)
    return makeError(RR_INVALID_ARGUMENT,
                     "module '%s' is writable by everyone; a module is native "
                     "code, so this is refused",
                     name);

  uint64_t size = static_cast<uint64_t>(info.st_size);
  Elf64_Ehdr header;
  if (size < sizeof(header) || !file.read(&header, sizeof(header), 0) ||
      memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN)
    return makeError(
        RR_DATA_LOSS,
        "module '%s' is not a shared object, expected a 64-bit ELF "
        "file of type DYN",
        name);
  if (hostMachine != EM_NONE && header.e_machine != hostMachine)
    return makeError(RR_DATA_LOSS,
                     "module '%s' was built for another machine (ELF machine "
                     "%u, this is %u)",
                     name, unsigned(header.e_machine), unsigned(hostMachine));
  Status truncated =
      makeError(RR_DATA_LOSS,
                "module '%s' is damaged: it ends before its segments do", name);
  if (header.e_phentsize != sizeof(Elf64_Phdr) ||
      !within(header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr),
              size) ||
      !within(header.e_shoff,
              uint64_t(header.e_shnum) * uint64_t(header.e_shentsize), size))
    return truncated;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!file.read(&segment, sizeof(segment),
                   header.e_phoff + i * sizeof(segment)) ||
        !within(segment.p_offset, segment.p_filesz, size))
      return truncated;
  }
  return {};
}

} // namespace ringrt
