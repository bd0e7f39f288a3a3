// Who belongs to which group of the system, by the system's own database. Callers on the bus are judged by it.
#pragma once

#include <sys/types.h>

#include <string>

namespace homepatch::bus {

// Whether the user has the group as the first or as one of the others. False for users and groups that do not exist.
bool is_member(uid_t user, const std::string& group);

}  // namespace homepatch::bus
