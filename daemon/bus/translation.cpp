#include "daemon/bus/translation.hpp"

namespace homepatch::bus {

std::string english(const Translations& translations) {
  if (const auto found = translations.find("en"); found != translations.end()) return found->second;
  return translations.empty() ? std::string() : translations.begin()->second;
}

}  // namespace homepatch::bus
