// A maker's words as the bus shows them: one text of the several languages that a catalog may hold.
#pragma once

#include <string>

#include "core/catalog.hpp"

namespace homepatch::bus {

// The English text; without one the first there is; "" for none.
std::string english(const Translations& translations);

}  // namespace homepatch::bus
