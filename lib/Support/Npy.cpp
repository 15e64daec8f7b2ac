//===- Npy.cpp - NumPy's .npy files ---------------------------------------===//
//
// Part of the RingAttn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ringattn/Support/Npy.h"

#include "ringattn/Support/Files.h"
#include "ringattn/Support/Float16.h"
#include "ringattn/Support/InputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ringattn;

static constexpr StringLiteral magic("\x93NUMPY");
static constexpr uint64_t maxHeaderSize = 1 << 20;

namespace {

struct Header {
  /// The type without its byte order, such as `f4`.
  StringRef type;
  bool bigEndian = false;
  bool fortranOrder = false;
  SmallVector<int64_t> shape;
};

/// The dictionary of a header: a Python literal of a fixed form.
class HeaderParser {
public:
  HeaderParser(StringRef text, StringRef name) : rest(text), name(name) {}
  Expected<Header> parse();

private:
  Error error(const Twine &message) {
    return createStringError(name + ": malformed header: " + message);
  }
  /// Skips white space, then `token` if it is next.
  bool consume(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  Error expect(StringRef token) {
    if (consume(token))
      return Error::success();
    return error("expected '" + token + "' " + where());
  }
  std::string where() {
    if (rest.empty())
      return "at its end";
    std::string text;
    raw_string_ostream os(text);
    os << "before '";
    printEscapedString(rest.take_front(16), os);
    os << "'";
    return text;
  }
  Error parseString(StringRef &value);
  Error parseBool(bool &value);
  Error parseShape(SmallVectorImpl<int64_t> &shape);
  Error parseDescr(Header &header);

  StringRef rest;
  StringRef name;
};

} // namespace

Error HeaderParser::parseString(StringRef &value) {
  rest = rest.ltrim();
  char quote = rest.empty() ? '\0' : rest.front();
  size_t end =
      quote == '\'' || quote == '"' ? rest.find(quote, 1) : StringRef::npos;
  if (end == StringRef::npos)
    return error("expected a quoted string " + where());
  value = rest.slice(1, end);
  rest = rest.drop_front(end + 1);
  return Error::success();
}

Error HeaderParser::parseBool(bool &value) {
  value = consume("True");
  if (value || consume("False"))
    return Error::success();
  return error("expected True or False " + where());
}

Error HeaderParser::parseShape(SmallVectorImpl<int64_t> &shape) {
  if (Error e = expect("("))
    return e;
  bool comma = true;
  while (!consume(")")) {
    if (!comma)
      return error("expected ',' or ')' " + where());
    StringRef digits = rest.take_while(isDigit);
    int64_t size;
    if (digits.getAsInteger(10, size))
      return error("expected a size below 2^63 " + where());
    rest = rest.drop_front(digits.size());
    rest.consume_front("L"); // Python 2
    shape.push_back(size);
    comma = consume(",");
  }
  // (4) is a number in Python, (4,) a shape.
  if (shape.size() == 1 && !comma)
    return error("expected ',' after the size of a shape of rank 1");
  return Error::success();
}

Error HeaderParser::parseDescr(Header &header) {
  if (consume("["))
    return createStringError(name + ": dtype is a structure, expected a "
                                    "floating-point or integer type");
  StringRef descr;
  if (Error e = parseString(descr))
    return e;
  header.type = descr;
  if (!descr.empty() && StringRef("<>=|").contains(descr.front())) {
    header.bigEndian = descr.front() == '>';
    header.type = descr.drop_front();
  }
  return Error::success();
}

Expected<Header> HeaderParser::parse() {
  Header header;
  bool hasDescr = false, hasOrder = false, hasShape = false;
  if (Error e = expect("{"))
    return e;
  bool comma = true;
  while (!consume("}")) {
    if (!comma)
      return error("expected ',' or '}' " + where());
    StringRef key;
    if (Error e = parseString(key))
      return e;
    if (Error e = expect(":"))
      return e;
    bool *seen = StringSwitch<bool *>(key)
                     .Case("descr", &hasDescr)
                     .Case("fortran_order", &hasOrder)
                     .Case("shape", &hasShape)
                     .Default(nullptr);
    if (!seen || *seen)
      return error(Twine(seen ? "repeated" : "unknown") + " key '" +
                   toStringRef(arrayRefFromStringRef(key.take_front(32))) +
                   "', expected descr, fortran_order and shape once each");
    *seen = true;
    if (Error e = seen == &hasDescr   ? parseDescr(header)
                  : seen == &hasOrder ? parseBool(header.fortranOrder)
                                      : parseShape(header.shape))
      return e;
    comma = consume(",");
  }
  for (auto [seen, key] : {std::pair<bool, StringRef>{hasDescr, "descr"},
                           {hasOrder, "fortran_order"},
                           {hasShape, "shape"}})
    if (!seen)
      return error("no key '" + key +
                   "', expected descr, fortran_order and shape");
  rest = rest.ltrim();
  if (!rest.empty())
    return error("expected nothing after '}' " + where());
  return header;
}

/// Splits a file into header and data.
static Expected<Header> parseHeader(StringRef bytes, StringRef name,
                                    StringRef &data) {
  auto truncated = [&](uint64_t expected) {
    return createStringError(name + ": truncated: the file has " +
                             Twine(bytes.size()) + " bytes, its header needs " +
                             Twine(expected));
  };
  size_t common = std::min(bytes.size(), magic.size());
  if (bytes.take_front(common) != magic.take_front(common) || bytes.empty())
    return createStringError(
        name + (bytes.empty() ? ": empty file" : ": wrong first bytes") +
        ", expected a .npy file");
  if (bytes.size() < 8)
    return truncated(10);
  unsigned major = static_cast<uint8_t>(bytes[6]);
  if (major < 1 || major > 3)
    return createStringError(name + ": .npy version is " + Twine(major) + "." +
                             Twine(unsigned(static_cast<uint8_t>(bytes[7]))) +
                             ", expected 1.0, 2.0 or 3.0");
  uint64_t start = major == 1 ? 10 : 12;
  if (bytes.size() < start)
    return truncated(start);
  uint64_t size = major == 1 ? support::endian::read16le(bytes.data() + 8)
                             : support::endian::read32le(bytes.data() + 8);
  if (size > maxHeaderSize)
    return createStringError(name + ": header has " + Twine(size) +
                             " bytes, expected at most " +
                             Twine(maxHeaderSize));
  if (bytes.size() < start + size)
    return truncated(start + size);
  data = bytes.drop_front(start + size);
  return HeaderParser(bytes.substr(start, size), name).parse();
}

/// The file types an element type is read from, the preferred one last.
static SmallVector<StringRef, 2> getFileTypes(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return {"f8"};
  case DType::F32:
  case DType::BF16:
    return {"f4"};
  case DType::F16:
    return {"f2", "f4"};
  case DType::I64:
    return {"i8"};
  case DType::I32:
    return {"i4"};
  case DType::I16:
    return {"i2"};
  case DType::I8:
    return {"i1"};
  case DType::I1:
    return {"b1"};
  }
  llvm_unreachable("unknown element type");
}

/// Stores the file's elements, each of `size` bytes read by `load`, into
/// `array`, whose index is row-major.
template <typename Store>
static void forEachElement(const HostArray &array, bool fortranOrder,
                           Store store) {
  int64_t count = array.getNumElements();
  ArrayRef<int64_t> shape = array.getShape();
  if (!fortranOrder || shape.size() < 2) {
    for (int64_t i = 0; i < count; ++i)
      store(i, i);
    return;
  }
  SmallVector<int64_t> strides(shape.size()), index(shape.size(), 0);
  int64_t stride = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    strides[d] = stride;
    stride *= shape[d];
  }
  int64_t source = 0;
  for (int64_t i = 0; i < count; ++i) {
    store(i, source);
    for (size_t d = shape.size(); d-- > 0;) {
      source += strides[d];
      if (++index[d] < shape[d])
        break;
      source -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

template <typename T, typename Convert>
static void readElements(StringRef data, const Header &header, HostArray &array,
                         Convert convert) {
  auto *out = array.as<decltype(convert(T()))>();
  endianness order = header.bigEndian ? endianness::big : endianness::little;
  forEachElement(array, header.fortranOrder, [&](int64_t to, int64_t from) {
    out[to] = convert(support::endian::read<T, support::unaligned>(
        data.data() + from * static_cast<int64_t>(sizeof(T)), order));
  });
}

static void readElements(StringRef data, const Header &header,
                         HostArray &array) {
  auto same = [](auto value) { return value; };
  DType dtype = array.getDType();
  if (header.type == "f4" && dtype != DType::F32)
    return readElements<uint32_t>(data, header, array, [&](uint32_t bits) {
      float value = bit_cast<float>(bits);
      return dtype == DType::F16 ? floatToHalf(value) : floatToBfloat16(value);
    });
  if (dtype == DType::I1)
    return readElements<uint8_t>(data, header, array, [](uint8_t value) {
      return static_cast<uint8_t>(value != 0);
    });
  switch (getByteSize(dtype)) {
  case 8:
    return readElements<uint64_t>(data, header, array, same);
  case 4:
    return readElements<uint32_t>(data, header, array, same);
  case 2:
    return readElements<uint16_t>(data, header, array, same);
  default:
    return readElements<uint8_t>(data, header, array, same);
  }
}

Expected<HostArray> ringattn::parseNpy(StringRef bytes, StringRef file,
                                       DType dtype, ArrayRef<int64_t> shape) {
  std::string name = ("'" + file + "'").str();
  StringRef data;
  Expected<Header> header = parseHeader(bytes, name, data);
  if (!header)
    return header.takeError();

  SmallVector<StringRef, 2> types = getFileTypes(dtype);
  if (!is_contained(types, header->type)) {
    std::string type;
    raw_string_ostream os(type);
    printEscapedString(header->type.take_front(32), os);
    return createStringError(name + ": dtype is " + type + ", expected " +
                             join(types, " or ") + " for " + getName(dtype));
  }
  bool matches = shape.size() == header->shape.size();
  for (size_t i = 0; matches && i < shape.size(); ++i)
    matches = shape[i] < 0 || shape[i] == header->shape[i];
  if (!matches)
    return createStringError(name + ": shape is " + formatShape(header->shape) +
                             ", expected " + formatShape(shape));

  // The file's size is checked before memory is taken for the array.
  uint64_t width = header->type.back() - '0', expected = width;
  bool overflow = false;
  for (int64_t size : header->shape) {
    bool o = false;
    expected = SaturatingMultiply(expected, static_cast<uint64_t>(size), &o);
    overflow |= o;
  }
  if (is_contained(header->shape, 0))
    expected = 0, overflow = false;
  if (overflow || data.size() < expected)
    return createStringError(
        name + ": truncated: data has " + Twine(data.size()) +
        " bytes, expected " + (overflow ? "2^64 or more" : Twine(expected)) +
        " for " + formatShape(header->shape) + " of " + header->type);
  if (data.size() > expected)
    return createStringError(name + ": " + Twine(data.size() - expected) +
                             " bytes after the data, expected none for " +
                             formatShape(header->shape) + " of " +
                             header->type);
  Expected<HostArray> array = HostArray::create(dtype, header->shape);
  if (!array)
    return createStringError(name + ": " + toString(array.takeError()));
  readElements(data, *header, *array);
  return array;
}

Expected<HostArray> ringattn::readNpy(StringRef path, DType dtype,
                                      ArrayRef<int64_t> shape) {
  if (Error error = checkInputFile(path, InputKinds::Regular))
    return error;
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read '" + path +
                             "': " + buffer.getError().message());
  return parseNpy((*buffer)->getBuffer(), path, dtype, shape);
}

/// Writes magic, version 1.0 header and data. The data starts at a multiple of
/// 64, as NumPy's own does.
static void writeContents(raw_ostream &os, const HostArray &array) {
  DType dtype = array.getDType();
  StringRef type = getFileTypes(dtype).back();
  std::string dict;
  raw_string_ostream text(dict);
  text << "{'descr': '" << (getByteSize(dtype) == 1 ? "|" : "<") << type
       << "', 'fortran_order': False, 'shape': (";
  interleave(array.getShape(), text, ", ");
  text << (array.getShape().size() == 1 ? ",), }" : "), }");
  size_t size = alignTo(10 + dict.size() + 1, 64);
  dict.append(size - 10 - dict.size() - 1, ' ');
  dict += '\n';
  os << magic << '\1' << '\0';
  uint16_t length = static_cast<uint16_t>(dict.size());
  os << static_cast<char>(length & 0xff) << static_cast<char>(length >> 8)
     << dict;

  if (dtype != DType::F16 && dtype != DType::BF16) {
    os.write(reinterpret_cast<const char *>(array.data()),
             static_cast<size_t>(array.getNumBytes()));
    return;
  }
  const uint16_t *bits = array.as<uint16_t>();
  SmallVector<float, 0> chunk(1 << 14);
  for (int64_t i = 0, n = array.getNumElements(); i < n;) {
    int64_t count = std::min<int64_t>(n - i, chunk.size());
    for (int64_t j = 0; j < count; ++j)
      chunk[j] = dtype == DType::F16 ? halfToFloat(bits[i + j])
                                     : bfloat16ToFloat(bits[i + j]);
    os.write(reinterpret_cast<const char *>(chunk.data()),
             static_cast<size_t>(count) * sizeof(float));
    i += count;
  }
}

Error ringattn::writeNpy(StringRef path, const HostArray &array) {
  return writeFileAtomically(
      path, [&](raw_ostream &os) { writeContents(os, array); });
}
