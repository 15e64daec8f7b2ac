//===- ModuleTest.cpp - Manifests, packages and CPU features --------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Harness.h"
#include "core/CpuFeatures.h"
#include "core/Manifest.h"

#include <gtest/gtest.h>

#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace ringrt;
using namespace ringrt::test;

namespace {

const std::string valid = R"({
  "abi": 1, "target": "cpu", "target_cpu": "x", "cpu_features": ["sse2"],
  "grid": {"name": "ring", "shape": [4]}, "groups": [{"axes": [0]}],
  "later": {"is": "ignored"},
  "entries": [{"name": "main",
    "arguments": [{"dtype": "f32", "shape": [1, -1],
      "sharding": {"dim": 1, "group": 0, "layout": "striped",
                   "granularity": 16}}],
    "results": [{"dtype": "bf16", "shape": [{"argument": 0, "dim": 1}],
      "sharding": null}]}]})";

/// `valid` with the first occurrence of `from` replaced.
std::string with(const std::string &from, const std::string &to) {
  std::string text = valid;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Manifest, IsRead) {
  Manifest manifest;
  Status status = parseManifest(valid, manifest);
  ASSERT_TRUE(status.ok()) << status.message;
  EXPECT_EQ(manifest.grid->shape, std::vector<int64_t>{4});
  const EntrySpec &entry = *manifest.findEntry("main");
  EXPECT_EQ(entry.arguments[0].sharding->layout.granularity, 16);
  EXPECT_EQ(entry.arguments[0].shape[1].size, -1);
  EXPECT_EQ(entry.results[0].shape[0].dim, 1);
  EXPECT_EQ(entry.results[0].elementBytes, 2);
}

TEST(Manifest, ProblemsAreNamedByPath) {
  struct Case {
    std::string text, message;
    int32_t code = RR_DATA_LOSS;
  };
  const Case cases[] = {
      {"{", "not a JSON document"},
      {"[]", "expected a JSON object"},
      {"{}", "abi: missing"},
      {with("\"abi\": 1", "\"abi\": 2"), "the module needs version 2",
       RR_ABI_MISMATCH},
      {with("\"cpu\"", "\"sm_80\""), "target: 'sm_80'", RR_UNIMPLEMENTED},
      {with("[\"sse2\"]", "[3]"), "cpu_features[0]: expected a string"},
      {with("[4]", "[-1, -1]"), "grid.shape: at most one size may be -1"},
      {with("[4]", "[0]"), "grid.shape[0]: expected a size, got 0"},
      {with("[4]", "[\"4\"]"), "grid.shape[0]: expected an integer"},
      {with("[4]", "[1e3]"), "grid.shape[0]: expected an integer"},
      {with("[4]", "[18446744073709551615]"), "grid.shape[0]: expected an"},
      {with("[0]", "[1]"),
       "groups[0].axes[0]: expected an integer from 0 to 0"},
      {with("[0]", "[0, 0]"),
       "groups[0].axes[1]: axis 0 is listed twice, expected each axis once"},
      {with("\"f32\"", "\"f8\""), "entries[0].arguments[0].dtype: unknown "
                                  "element type 'f8', expected f64"},
      {with("-1]", "-2]"), "entries[0].arguments[0].shape[1]: expected"},
      {with("\"dim\": 1, \"group\"", "\"dim\": 2, \"group\""),
       "entries[0].arguments[0].sharding.dim: expected an integer from 0 to 1"},
      {with("\"group\": 0", "\"group\": 1"),
       "entries[0].arguments[0].sharding.group"},
      {with("striped", "spiral"), "unknown layout 'spiral'"},
      {with("16", "0"), "sharding.granularity: expected an integer from 1"},
      {with("\"argument\": 0, \"dim\": 1", "\"argument\": 1, \"dim\": 1"),
       "entries[0].results[0].shape[0].argument"},
      {with("\"argument\": 0, \"dim\": 1", "\"argument\": 0, \"dim\": 2"),
       "entries[0].results[0].shape[0].dim"},
      {with("{\"argument\": 0, \"dim\": 1}", "-1"),
       "entries[0].results[0].shape[0]: expected an integer from 0"},
      {with("\"name\": \"main\",", ""), "entries[0].name: missing"},
  };
  for (const Case &test : cases) {
    Manifest manifest;
    Status status = parseManifest(test.text, manifest);
    EXPECT_EQ(status.code, test.code) << test.message;
    EXPECT_CONTAINS(status.message, test.message);
  }
}

TEST(Manifest, NoTruncationOrFlippedBitIsFatal) {
  for (size_t length = 0; length < valid.size(); ++length) {
    Manifest manifest;
    EXPECT_FALSE(parseManifest(valid.substr(0, length), manifest).ok());
  }
  for (size_t at = 0; at < valid.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string text = valid;
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      Manifest manifest;
      Status status = parseManifest(text, manifest);
      EXPECT_EQ(status.ok(), status.message.empty());
    }
}

TEST(CpuFeatures, AModuleForAnotherCpuIsReadableButNotRun) {
  std::string manifest = ringManifest();
  manifest.insert(1, "\"cpu_features\":[\"avx4096\"],");
  TestModule module(manifest,
                    [](rr_ctx *, void *const *, const int64_t *) -> int32_t {
                      return RR_OK;
                    });
  ASSERT_NE(module.get(), nullptr);
  EXPECT_EQ(rr_module_manifest(module.get()), manifest);
  rr_world_options options;
  rr_world_options_init(&options);
  rr_world *world = nullptr;
  ASSERT_EQ(rr_world_create(&options, &world), RR_OK);
  rr_context *context = nullptr;
  EXPECT_EQ(rr_context_create(world, module.get(), 0, &context),
            RR_UNAVAILABLE);
  EXPECT_CONTAINS(rr_last_error(nullptr), "'avx4096'");
  EXPECT_EQ(context, nullptr);
  rr_world_destroy(world);
}

TEST(CpuFeatures, AreCheckedByName) {
  EXPECT_TRUE(checkCpuFeatures({"sse2", "+sse", "-avx512f"}).ok());
  EXPECT_TRUE(checkCpuFeatures({"prefer-256-bit", "64bit", "cx8"}).ok());
  Status unknown = checkCpuFeatures({"sse2", "avx4096"});
  EXPECT_EQ(unknown.code, RR_UNAVAILABLE);
  EXPECT_CONTAINS(unknown.message, "avx4096");
  // No CPU has both.
  Status both = checkCpuFeatures({"xop", "amx-tile"});
  EXPECT_EQ(both.code, RR_UNAVAILABLE);
  for (const char *feature : {"egpr", "push2pop2", "ppx", "ndd", "cf"})
    EXPECT_EQ(checkCpuFeatures({"tbm", feature}).code, RR_UNAVAILABLE)
        << feature;
}

TEST(Module, OtherVersionsAreRefused) {
  static rr_module_header header;
  static bool calls;
  static rr_entry_point point;
  point = {"main", [](rr_ctx *, void *const *, const int64_t *) -> int32_t {
             calls = true;
             return RR_OK;
           }};
  auto open = [](std::string *message) {
    rr_module *module = nullptr;
    int32_t status = rr_module_from_query(
        [](uint32_t) -> const rr_module_header * { return &header; }, &module);
    *message = rr_last_error(nullptr);
    rr_module_close(module);
    return status;
  };
  std::string message;
  header = {};
  header.struct_size = sizeof(header);
  header.abi_version = RR_ABI_VERSION + 1;
  header.manifest = valid.data();
  header.manifest_size = valid.size();
  EXPECT_EQ(open(&message), RR_ABI_MISMATCH);
  EXPECT_CONTAINS(message, "ABI version 2, this runtime has 1");
  header.abi_version = RR_ABI_VERSION;
  EXPECT_EQ(open(&message), RR_DATA_LOSS);
  EXPECT_CONTAINS(message, "entry 'main', for which the module has no code");
  header.entries = &point;
  header.num_entries = 1;
  EXPECT_EQ(open(&message), RR_OK);
  header.struct_size = 16;
  EXPECT_EQ(open(&message), RR_ABI_MISMATCH);
  EXPECT_FALSE(calls);

  rr_module *module = nullptr;
  EXPECT_EQ(rr_module_from_query(
                [](uint32_t) -> const rr_module_header * { return nullptr; },
                &module),
            RR_ABI_MISMATCH);
  EXPECT_EQ(rr_module_from_query(nullptr, &module), RR_INVALID_ARGUMENT);
}

class Package : public testing::Test {
protected:
  Package() {
    char name[] = "/tmp/ringrt-test-XXXXXX";
    directory = mkdtemp(name);
  }
  ~Package() override { std::filesystem::remove_all(directory); }

  std::string write(const std::string &bytes) {
    std::string path = directory + "/module.so";
    std::ofstream(path, std::ios::binary) << bytes;
    chmod(path.c_str(), 0644);
    return path;
  }

  static int32_t open(const std::string &path, std::string &message) {
    rr_module *module = nullptr;
    int32_t status = rr_module_open(path.c_str(), &module);
    message = rr_last_error(nullptr);
    rr_module_close(module);
    return status;
  }

  std::string directory;
};

std::string libraryBytes() {
  std::ifstream file(RINGRT_LIBRARY, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Package, WhatIsNoModuleIsRefused) {
  std::string message;
  EXPECT_EQ(open(directory + "/none.so", message), RR_NOT_FOUND);
  EXPECT_EQ(open(directory, message), RR_INVALID_ARGUMENT);
  EXPECT_EQ(open(write("text"), message), RR_DATA_LOSS);
  EXPECT_CONTAINS(message, "is not a shared object, expected a 64-bit ELF");
  // A shared object, but no module.
  std::string path = write(libraryBytes());
  EXPECT_EQ(open(path, message), RR_DATA_LOSS);
  EXPECT_CONTAINS(message, "does not export rr_module_query");
  chmod(path.c_str(), 0666);
  EXPECT_EQ(open(path, message), RR_INVALID_ARGUMENT);
  EXPECT_CONTAINS(message, "writable by everyone");
}

TEST_F(Package, TruncationIsNoticedBeforeLoading) {
  std::string bytes = libraryBytes();
  ASSERT_FALSE(bytes.empty());
  std::string message;
  for (size_t part = 0; part < 40; ++part) {
    EXPECT_EQ(open(write(bytes.substr(0, bytes.size() * part / 40)), message),
              RR_DATA_LOSS);
    EXPECT_EQ(message.find("cannot load"), std::string::npos) << message;
  }
}

TEST(Library, DependsOnNoCompiler) {
  std::string bytes = libraryBytes();
  Elf64_Ehdr header;
  ASSERT_GE(bytes.size(), sizeof(header));
  memcpy(&header, bytes.data(), sizeof(header));
  std::vector<std::string> needed;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section, strings;
    memcpy(&section, &bytes[header.e_shoff + i * sizeof(section)],
           sizeof(section));
    if (section.sh_type != SHT_DYNAMIC)
      continue;
    memcpy(&strings, &bytes[header.e_shoff + section.sh_link * sizeof(strings)],
           sizeof(strings));
    for (uint64_t at = 0; at < section.sh_size; at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      memcpy(&entry, &bytes[section.sh_offset + at], sizeof(entry));
      if (entry.d_tag == DT_NEEDED)
        needed.push_back(&bytes[strings.sh_offset + entry.d_un.d_val]);
    }
  }
  EXPECT_FALSE(needed.empty());
  for (const std::string &name : needed) {
    EXPECT_EQ(name.find("LLVM"), std::string::npos) << name;
    EXPECT_EQ(name.find("MLIR"), std::string::npos) << name;
  }
}

} // namespace
