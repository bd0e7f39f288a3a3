// Result<T>: a value or an Error. A class of its own over tl::expected so that ignoring one is a warning
// wherever it is returned.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace homepatch {

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

using Unexpected = tl::unexpected<Error>;

inline Unexpected fail(Errc code, std::string text) { return Unexpected(Error{code, std::move(text)}); }
inline Unexpected fail(Error error) { return Unexpected(std::move(error)); }

// What TRY gives: the value, moved out; nothing for a Status (whose value() not every release of tl::expected can
// call).
template <typename T>
T take_value(Result<T>& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace homepatch

// The value of a Result, or the early return of its error. GCC's and clang's statement expression: it stands alone on
// the right of a `=` or as a statement, because the early return does not destroy what a larger expression (a braced
// list, a call with other arguments) has already made.
#define TRY(expression)                                                         \
  __extension__({                                                               \
    auto try_result_ = (expression);                                            \
    if (!try_result_) return ::homepatch::fail(std::move(try_result_).error()); \
    ::homepatch::take_value(try_result_);                                       \
  })

// The same, with the place put in front of the error's text.
#define TRY_IN(place, expression)                                                         \
  __extension__({                                                                         \
    auto try_result_ = (expression);                                                      \
    if (!try_result_) return ::homepatch::fail(std::move(try_result_).error().in(place)); \
    ::homepatch::take_value(try_result_);                                                 \
  })
