#include "kernels/product.h"

#include <omp.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <tuple>

#include "absl/container/flat_hash_map.h"

namespace idiolect {
namespace {

using dnnl::memory;

const dnnl::engine& Cpu() {
  static const auto* const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

memory::data_type TypeOf(Precision precision) {
  switch (precision) {
    case Precision::kBfloat16:
      return memory::data_type::bf16;
    case Precision::kInt8:
      return memory::data_type::s8;
    case Precision::kFloat32:
      break;
  }
  return memory::data_type::f32;
}

memory::data_type InputType(Precision precision) {
  return precision == Precision::kInt8 ? memory::data_type::u8 : TypeOf(precision);
}

memory::data_type OutputType(Precision precision) {
  return precision == Precision::kInt8 ? memory::data_type::s32 : memory::data_type::f32;
}

dnnl::matmul::primitive_desc Describe(const memory::desc& a, const memory::desc& b, const memory::desc& c) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return {dnnl::matmul::desc(a, b, c), attributes, Cpu()};
}

dnnl::matmul::primitive_desc DescribeWeights(int rows, int columns, int depth, Precision precision,
                                             const memory::desc& weights) {
  return Describe(memory::desc({rows, depth}, InputType(precision), memory::format_tag::ab), weights,
                  memory::desc({rows, columns}, OutputType(precision), memory::format_tag::ab));
}

}  // namespace

// A memory object for every description in use, moved to the buffer of the moment: making one costs more than a small
// product does.
struct Scratch::Handles {
  dnnl::stream stream{Cpu()};
  absl::flat_hash_map<const void*, std::unordered_map<int, memory>> arguments;  // by product
  using Shape = std::tuple<int, int, int, bool, int64_t, int64_t, int64_t>;
  struct Plain {
    dnnl::matmul::primitive_desc description;
    dnnl::matmul product;
  };
  absl::flat_hash_map<Shape, Plain> plain;
};

Scratch::Scratch() : handles_(std::make_unique<Handles>()) {}
Scratch::~Scratch() = default;
void* Scratch::Take(Purpose purpose, size_t bytes) {
  if (buffers_[purpose].size() < bytes) buffers_[purpose] = Buffer(bytes);
  return buffers_[purpose].data();
}

struct PackedMatrix::Impl {
  memory packed;
};

PackedMatrix::PackedMatrix(const void* weight, int columns, int depth, Precision precision, const Allocator& allocate) {
  const OneThread one_thread;
  constexpr int kTypicalRows = 32;
  const auto description = DescribeWeights(kTypicalRows, columns, depth, precision,
                                           memory::desc({depth, columns}, TypeOf(precision), memory::format_tag::any));
  const memory::data_type given = precision == Precision::kInt8 ? memory::data_type::s8 : memory::data_type::f32;
  memory plain(memory::desc({depth, columns}, given, memory::format_tag::ba), Cpu(), const_cast<void*>(weight));
  const memory::desc layout = description.weights_desc();
  impl_ = std::make_unique<Impl>(Impl{memory(layout, Cpu(), allocate(layout.get_size()))});
  dnnl::stream stream(Cpu());
  dnnl::reorder(plain, impl_->packed).execute(stream, plain, impl_->packed);
  stream.wait();
}
PackedMatrix::~PackedMatrix() = default;
PackedMatrix::PackedMatrix(PackedMatrix&&) noexcept = default;

struct WeightProduct::Impl {
  dnnl::matmul::primitive_desc description;
  dnnl::matmul product;
};

WeightProduct::WeightProduct(int rows, int columns, int depth, Precision precision, const PackedMatrix& like) {
  const OneThread one_thread;  // oneDNN divides the work when it prepares it, not when it does it
  const auto description = DescribeWeights(rows, columns, depth, precision, like.impl_->packed.get_desc());
  impl_ = std::make_unique<Impl>(Impl{description, dnnl::matmul(description)});
}
WeightProduct::~WeightProduct() = default;
WeightProduct::WeightProduct(WeightProduct&&) noexcept = default;

void WeightProduct::Run(const PackedMatrix& weights, Scratch& scratch) const {
  const auto& d = impl_->description;
  auto& arguments = scratch.handles().arguments[impl_.get()];
  if (arguments.empty()) {
    arguments = {{DNNL_ARG_SRC, memory(d.src_desc(), Cpu(), nullptr)},
                 {DNNL_ARG_DST, memory(d.dst_desc(), Cpu(), nullptr)},
                 {DNNL_ARG_SCRATCHPAD, memory(d.scratchpad_desc(), Cpu(), nullptr)}};
  }
  const auto point = [&](int argument, Scratch::Purpose purpose) {
    memory& m = arguments[argument];
    m.set_data_handle(scratch.Take(purpose, m.get_desc().get_size()));
  };
  point(DNNL_ARG_SRC, Scratch::kInput);
  point(DNNL_ARG_DST, Scratch::kOutput);
  point(DNNL_ARG_SCRATCHPAD, Scratch::kLibrary);
  arguments[DNNL_ARG_WEIGHTS] = weights.impl_->packed;
  impl_->product.execute(scratch.handles().stream, arguments);
}

void MultiplyFloats(MatrixView a, MatrixView b, bool transpose, int rows, int columns, int depth, float* c,
                    int64_t stride, Scratch& scratch) {
  Scratch::Handles& handles = scratch.handles();
  const Scratch::Handles::Shape shape(rows, columns, depth, transpose, a.stride, b.stride, stride);
  auto found = handles.plain.find(shape);
  if (found == handles.plain.end()) {
    const auto view = [](int r, int k, int64_t row_stride, int64_t column_stride) {
      return memory::desc({r, k}, memory::data_type::f32, memory::dims{row_stride, column_stride});
    };
    const auto description = Describe(view(rows, depth, a.stride, 1),
                                      transpose ? view(depth, columns, 1, b.stride) : view(depth, columns, b.stride, 1),
                                      view(rows, columns, stride, 1));
    found = handles.plain.insert({shape, {description, dnnl::matmul(description)}}).first;
  }
  const auto& d = found->second.description;
  const auto at = [](const memory::desc& desc, const void* data) {
    return memory(desc, Cpu(), const_cast<void*>(data));
  };
  void* library = scratch.Take(Scratch::kLibrary, d.scratchpad_desc().get_size());
  found->second.product.execute(handles.stream, {{DNNL_ARG_SRC, at(d.src_desc(), a.data)},
                                                 {DNNL_ARG_WEIGHTS, at(d.weights_desc(), b.data)},
                                                 {DNNL_ARG_DST, at(d.dst_desc(), c)},
                                                 {DNNL_ARG_SCRATCHPAD, at(d.scratchpad_desc(), library)}});
}

OneThread::OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
OneThread::~OneThread() { omp_set_num_threads(before_); }

}  // namespace idiolect
