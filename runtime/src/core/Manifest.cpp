//===- Manifest.cpp - The manifest of a compiled module -------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Manifest.h"

#include <nlohmann/json.hpp>

#include <limits>
#include <set>

namespace ringrt {

using Json = nlohmann::json;

/// A manifest describes shapes; anything near this size is not one.
static constexpr size_t maxManifestBytes = size_t(1) << 24;
static constexpr int64_t maxInt32 = std::numeric_limits<int32_t>::max();

static int64_t elementBytesOf(std::string_view dtype) {
  if (dtype == "i1" || dtype == "i8")
    return 1;
  if (dtype == "f16" || dtype == "bf16" || dtype == "i16")
    return 2;
  if (dtype == "f32" || dtype == "i32")
    return 4;
  if (dtype == "f64" || dtype == "i64")
    return 8;
  return 0;
}

namespace {

/// Walks the JSON document; the first problem ends the walk.
class Parser {
public:
  explicit Parser(Manifest &manifest) : manifest(manifest) {}

  Status run(const Json &root) {
    parseRoot(root);
    return std::move(status);
  }

private:
  bool fail(const std::string &path, const std::string &what,
            int32_t code = RR_DATA_LOSS) {
    if (status.ok())
      status = {code, "manifest: " + path + ": " + what};
    return false;
  }

  const Json *field(const Json &object, const std::string &path,
                    const char *name) {
    if (!object.is_object()) {
      fail(path, "expected an object");
      return nullptr;
    }
    auto it = object.find(name);
    if (it == object.end()) {
      fail(path.empty() ? name : path + "." + name, "missing");
      return nullptr;
    }
    return &*it;
  }

  bool integer(const Json &value, const std::string &path, int64_t least,
               int64_t most, int64_t &out) {
    bool fits = value.is_number_integer() &&
                !(value.is_number_unsigned() &&
                  value.get<uint64_t>() >
                      uint64_t(std::numeric_limits<int64_t>::max()));
    if (!fits || value.get<int64_t>() < least || value.get<int64_t>() > most)
      return fail(path, "expected an integer from " + std::to_string(least) +
                            " to " + std::to_string(most) + ", got " +
                            shown(value));
    out = value.get<int64_t>();
    return true;
  }

  bool string(const Json &object, const std::string &path, const char *name,
              std::string &out) {
    const Json *value = field(object, path, name);
    if (!value)
      return false;
    if (!value->is_string())
      return fail(path + "." + name, "expected a string, got " + shown(*value));
    out = value->get<std::string>();
    return true;
  }

  bool array(const Json &value, const std::string &path) {
    return value.is_array() ||
           fail(path, "expected an array, got " + shown(value));
  }

  static std::string shown(const Json &value) {
    std::string text =
        value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 60) + "..." : text;
  }

  static std::string at(const std::string &path, size_t index) {
    return path + "[" + std::to_string(index) + "]";
  }

  bool parseRoot(const Json &root) {
    const Json *abi = field(root, "", "abi");
    int64_t version;
    if (!abi || !integer(*abi, "abi", 0, maxInt32, version))
      return false;
    if (version != RR_ABI_VERSION)
      return fail("abi",
                  "the module needs version " + std::to_string(version) +
                      ", this runtime has " + std::to_string(RR_ABI_VERSION),
                  RR_ABI_MISMATCH);
    if (!string(root, "", "target", manifest.target))
      return false;
    if (manifest.target != "cpu" && manifest.target != "sm_90a")
      return fail(
          "target",
          "'" + manifest.target +
              "' cannot be executed by this runtime; available: cpu, sm_90a",
          RR_UNIMPLEMENTED);
    return parseFeatures(root) && parseGrid(root) && parseGroups(root) &&
           parseEntries(root);
  }

  bool parseFeatures(const Json &root) {
    auto it = root.find("cpu_features");
    if (it == root.end())
      return true;
    if (!array(*it, "cpu_features"))
      return false;
    for (size_t i = 0; i < it->size(); ++i) {
      if (!(*it)[i].is_string())
        return fail(at("cpu_features", i), "expected a string");
      manifest.cpuFeatures.push_back((*it)[i].get<std::string>());
    }
    return true;
  }

  bool parseGrid(const Json &root) {
    auto it = root.find("grid");
    if (it == root.end() || it->is_null())
      return true;
    GridSpec grid;
    if (it->contains("name") && !string(*it, "grid", "name", grid.name))
      return false;
    const Json *shape = field(*it, "grid", "shape");
    if (!shape || !array(*shape, "grid.shape"))
      return false;
    size_t dynamic = 0;
    for (size_t i = 0; i < shape->size(); ++i) {
      int64_t size;
      if (!integer((*shape)[i], at("grid.shape", i), -1, maxInt32, size))
        return false;
      if (size == 0)
        return fail(at("grid.shape", i), "expected a size, got 0");
      dynamic += size == -1;
      grid.shape.push_back(size);
    }
    if (grid.shape.empty())
      return fail("grid.shape", "expected at least one axis");
    if (dynamic > 1)
      return fail("grid.shape",
                  "at most one size may be -1, got " + std::to_string(dynamic));
    manifest.grid = std::move(grid);
    return true;
  }

  bool parseGroups(const Json &root) {
    auto it = root.find("groups");
    if (it == root.end() || it->is_null())
      return true;
    if (!array(*it, "groups"))
      return false;
    int64_t numAxes = manifest.grid ? int64_t(manifest.grid->shape.size()) : 0;
    for (size_t i = 0; i < it->size(); ++i) {
      std::string path = at("groups", i);
      if (!manifest.grid)
        return fail(path, "grid is null, expected one for a group");
      const Json *axes = field((*it)[i], path, "axes");
      if (!axes || !array(*axes, path + ".axes"))
        return false;
      std::vector<int32_t> group;
      for (size_t a = 0; a < axes->size(); ++a) {
        int64_t axis;
        if (!integer((*axes)[a], at(path + ".axes", a), 0, numAxes - 1, axis))
          return false;
        for (int32_t other : group)
          if (other == axis)
            return fail(at(path + ".axes", a),
                        "axis " + std::to_string(axis) +
                            " is listed twice, expected each axis once");
        group.push_back(int32_t(axis));
      }
      manifest.groups.push_back(std::move(group));
    }
    return true;
  }

  bool parseEntries(const Json &root) {
    const Json *entries = field(root, "", "entries");
    if (!entries || !array(*entries, "entries"))
      return false;
    std::set<std::string> names;
    for (size_t i = 0; i < entries->size(); ++i) {
      std::string path = at("entries", i);
      EntrySpec entry;
      if (!string((*entries)[i], path, "name", entry.name))
        return false;
      if (!names.insert(entry.name).second)
        return fail(path + ".name",
                    "'" + entry.name +
                        "' is defined twice, expected each name once");
      if (!parseTensors((*entries)[i], path, "arguments", nullptr,
                        entry.arguments) ||
          !parseTensors((*entries)[i], path, "results", &entry.arguments,
                        entry.results) ||
          !parseEqual((*entries)[i], path, entry))
        return false;
      manifest.entries.push_back(std::move(entry));
    }
    return true;
  }

  bool parseEqual(const Json &json, const std::string &entryPath,
                  EntrySpec &entry) {
    std::string path = entryPath + ".equal";
    auto it = json.find("equal");
    if (it == json.end())
      return true;
    if (!array(*it, path))
      return false;
    for (size_t i = 0; i < it->size(); ++i) {
      const Json &pair = (*it)[i];
      if (!pair.is_array() || pair.size() != 2 || !pair[0].is_object())
        return fail(at(path, i),
                    "expected a dimension and what it equals, got " +
                        shown(pair));
      EqualSpec equal;
      if (!parseDim(pair[0], at(path, i) + "[0]", &entry.arguments,
                    equal.dim) ||
          !parseDim(pair[1], at(path, i) + "[1]", &entry.arguments,
                    equal.expected))
        return false;
      entry.equal.push_back(equal);
    }
    return true;
  }

  /// `arguments` is null when the arguments themselves are parsed.
  bool parseTensors(const Json &entry, const std::string &entryPath,
                    const char *name, const std::vector<TensorSpec> *arguments,
                    std::vector<TensorSpec> &out) {
    std::string path = entryPath + "." + name;
    const Json *tensors = field(entry, entryPath, name);
    if (!tensors || !array(*tensors, path))
      return false;
    for (size_t i = 0; i < tensors->size(); ++i) {
      TensorSpec tensor;
      if (!parseTensor((*tensors)[i], at(path, i), arguments, tensor))
        return false;
      out.push_back(std::move(tensor));
    }
    return true;
  }

  bool parseTensor(const Json &json, const std::string &path,
                   const std::vector<TensorSpec> *arguments, TensorSpec &out) {
    if (!string(json, path, "dtype", out.dtype))
      return false;
    out.elementBytes = elementBytesOf(out.dtype);
    if (!out.elementBytes)
      return fail(path + ".dtype", "unknown element type '" + out.dtype +
                                       "', expected f64, f32, f16, bf16, i64, "
                                       "i32, i16, i8 or i1");
    const Json *shape = field(json, path, "shape");
    if (!shape || !array(*shape, path + ".shape"))
      return false;
    for (size_t i = 0; i < shape->size(); ++i) {
      DimSpec dim;
      if (!parseDim((*shape)[i], at(path + ".shape", i), arguments, dim))
        return false;
      out.shape.push_back(dim);
    }
    auto it = json.find("sharding");
    if (it == json.end() || it->is_null())
      return true;
    return parseSharding(*it, path + ".sharding", out);
  }

  bool parseDim(const Json &json, const std::string &path,
                const std::vector<TensorSpec> *arguments, DimSpec &out) {
    constexpr int64_t most = std::numeric_limits<int64_t>::max();
    if (!json.is_object() || !arguments)
      return integer(json, path, arguments ? 0 : -1, most, out.size);
    const Json *argument = field(json, path, "argument");
    const Json *dim = field(json, path, "dim");
    int64_t argumentIndex, dimIndex;
    if (!argument || !dim ||
        !integer(*argument, path + ".argument", 0,
                 int64_t(arguments->size()) - 1, argumentIndex) ||
        !integer(*dim, path + ".dim", 0,
                 int64_t((*arguments)[argumentIndex].shape.size()) - 1,
                 dimIndex))
      return false;
    out.argument = int32_t(argumentIndex);
    out.dim = int32_t(dimIndex);
    return true;
  }

  bool parseSharding(const Json &json, const std::string &path,
                     TensorSpec &out) {
    const Json *dim = field(json, path, "dim");
    const Json *group = field(json, path, "group");
    std::string layout;
    int64_t dimIndex, groupIndex;
    if (!dim || !group ||
        !integer(*dim, path + ".dim", 0, int64_t(out.shape.size()) - 1,
                 dimIndex) ||
        !integer(*group, path + ".group", 0,
                 int64_t(manifest.groups.size()) - 1, groupIndex) ||
        !string(json, path, "layout", layout))
      return false;
    ShardingSpec sharding;
    sharding.dim = int32_t(dimIndex);
    sharding.group = int32_t(groupIndex);
    if (layout == "contiguous") {
      sharding.layout.kind = LayoutKind::Contiguous;
    } else if (layout == "zigzag") {
      sharding.layout.kind = LayoutKind::Zigzag;
    } else if (layout == "striped") {
      sharding.layout.kind = LayoutKind::Striped;
      const Json *granularity = field(json, path, "granularity");
      if (!granularity || !integer(*granularity, path + ".granularity", 1,
                                   std::numeric_limits<int64_t>::max(),
                                   sharding.layout.granularity))
        return false;
    } else {
      return fail(path + ".layout",
                  "unknown layout '" + layout +
                      "'; expected contiguous, striped or zigzag");
    }
    out.sharding = sharding;
    return true;
  }

  Manifest &manifest;
  Status status;
};

} // namespace

const EntrySpec *Manifest::findEntry(std::string_view name) const {
  for (const EntrySpec &entry : entries)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

Status parseManifest(std::string_view json, Manifest &manifest) {
  if (json.size() > maxManifestBytes)
    return makeError(RR_DATA_LOSS, "manifest: %zu bytes, at most %zu expected",
                     json.size(), maxManifestBytes);
  Json root = Json::parse(json.begin(), json.end(), nullptr,
                          /*allow_exceptions=*/false);
  if (root.is_discarded())
    return {RR_DATA_LOSS, "manifest: not a JSON document"};
  if (!root.is_object())
    return {RR_DATA_LOSS, "manifest: expected a JSON object"};
  return Parser(manifest).run(root);
}

} // namespace ringrt
