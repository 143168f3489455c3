// Tells ThreadSanitizer in which order oneTBB runs the bodies of a pipeline.
//
// Debian's libtbb is not instrumented, so that ThreadSanitizer can't see how it
// hands a token from one thread to another, and takes each hand-over for a
// race: 250 of 300 tests failed so.  Hiding these reports would hide our own
// races as well.  So this file, linked into test programs of the preset tsan,
// takes the place of libtbb's parallel_pipeline(), calls the real one with each
// filter wrapped, and declares what oneTBB promises, and no more:
//
// - what the caller did comes before every body, every body before the return;
// - what a filter did to a token comes before the next filter gets it;
// - a serial filter's bodies come one after the other.
//
// Two bodies of a parallel filter stay unordered: selftest.cpp proves it.
// Tokens must be such as oneTBB keeps in memory of their own (a shared_ptr), or
// pointers: the address is what the order hangs on.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <tbb/parallel_pipeline.h>

#include <cstdlib>
#include <new>
#include <utility>

namespace r1 = tbb::detail::r1;
using tbb::detail::d1::base_filter;
using tbb::detail::d1::filter_node;
using tbb::detail::d1::filter_node_ptr;
using tbb::detail::d1::task_group_context;

namespace {

unsigned int mode_of(base_filter& filter) {
  if (!filter.is_serial())
    return base_filter::filter_is_out_of_order;
  return filter.is_ordered() ? base_filter::filter_is_serial
                             : base_filter::filter_is_serial |
                                   base_filter::filter_is_out_of_order;
}

unsigned int null_of(base_filter& filter) {
  return filter.object_may_be_null() ? base_filter::filter_may_emit_null : 0;
}

class Stage : public base_filter {
 public:
  // \param end an address that all stages of a pipeline have in common.
  Stage(base_filter& filter, void* end)
      : base_filter(mode_of(filter) | null_of(filter)),
        filter_(filter),
        end_(end) {
    __tsan_release(this);
  }

  // libtbb destroys its filters when all bodies are over.
  ~Stage() override {
    __tsan_acquire(end_);
    filter_.~base_filter();
    r1::deallocate_memory(&filter_);
  }

  void* operator()(void* item) override {
    // Before anything is read: what the caller did, and in a serial filter what
    // the bodies before this one did.
    __tsan_acquire(this);
    if (item)
      __tsan_acquire(item);

    running = this;
    void* const result = filter_(item);

    if (result)
      __tsan_release(result);
    if (is_serial())
      __tsan_release(this);
    __tsan_release(end_);
    return result;
  }

  void finalize(void* item) override {
    __tsan_acquire(this);
    __tsan_acquire(item);
    filter_.finalize(item);
    __tsan_release(end_);
  }

  // The stage that this thread is in.
  static thread_local Stage* running;

 private:
  base_filter& filter_;
  void* const end_;
};

thread_local Stage* Stage::running = nullptr;

template <typename Node, typename... Arguments>
filter_node_ptr make_node(Arguments&&... arguments) {
  return filter_node_ptr(new (r1::allocate_memory(sizeof(Node)))
                             Node(std::forward<Arguments>(arguments)...));
}

// Its stage is made at once, and not when libtbb asks for it: here is where the
// caller's side of the order ends.
class Leaf : public filter_node {
 public:
  Leaf(const filter_node& original, void* end)
      : stage_(new (r1::allocate_memory(sizeof(Stage)))
                   Stage(*original.create_filter(), end)) {}

  base_filter* create_filter() const override { return stage_; }

 private:
  Stage* const stage_;
};

filter_node_ptr wrapped(const filter_node& node, void* end) {
  if (!node.left || !node.right)
    return make_node<Leaf>(node, end);
  return make_node<filter_node>(wrapped(*node.left, end),
                                wrapped(*node.right, end));
}

template <typename Function>
Function* real(const char* symbol) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, symbol));
}

}  // namespace

// What libtbb itself calls is not looked at: its last worker gives back what
// libtbb kept for all, once a count of users that nobody sees is down to none.
// Of 60 clean runs of selftest.cpp 35 were reported for it, and none now; of 60
// with a race, all are still.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libtbb.so.12\n";
}

namespace tbb::detail::r1 {

void parallel_pipeline(task_group_context& context, std::size_t tokens,
                       const filter_node& filters) {
  // On the heap: there the address is of this pipeline alone.
  struct Return {
    char* end = new char;
    ~Return() {
      __tsan_acquire(end);
      delete end;
    }
  } const at_return;
  const filter_node_ptr chain = wrapped(filters, at_return.end);
  real<void(task_group_context&, std::size_t, const filter_node&)>(
      "_ZN3tbb6detail2r117parallel_pipelineERNS0_2d118task_group_contextEm"
      "RKNS2_11filter_nodeE")(context, tokens, *chain);
}

// The filter that says so is inside a stage, which is the one libtbb knows.
void set_end_of_input(base_filter&) {
  real<void(base_filter&)>(
      "_ZN3tbb6detail2r116set_end_of_inputERNS0_2d111base_filterE")(
      *Stage::running);
}

// libtbb's own allocator would give one thread's memory to another unseen.
void* allocate_memory(std::size_t size) {
  if (void* const memory = std::malloc(size))
    return memory;
  throw std::bad_alloc();
}

void deallocate_memory(void* memory) {
  std::free(memory);
}

}  // namespace tbb::detail::r1
