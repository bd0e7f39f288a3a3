// Result<T>: a value or an Error. A class of its own over tl::expected so that ignoring one is a warning
// wherever it is returned.
#pragma once

#include <string>
#include <tl/expected.hpp>
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

}  // namespace homepatch

// The value of a Result, or the early return of its error. GCC's and clang's statement expression.
#define TRY(expression)                                                         \
  __extension__({                                                               \
    auto try_result_ = (expression);                                            \
    if (!try_result_) return ::homepatch::fail(std::move(try_result_).error()); \
    std::move(try_result_).value();                                             \
  })

// The same, with the place put in front of the error's text.
#define TRY_IN(place, expression)                                                         \
  __extension__({                                                                         \
    auto try_result_ = (expression);                                                      \
    if (!try_result_) return ::homepatch::fail(std::move(try_result_).error().in(place)); \
    std::move(try_result_).value();                                                       \
  })
