// One object of a Zigbee index, read by zigbee_index. Restrictions are typed and refuse what is malformed; what is only
// shown is forgiven.
#pragma once

#include "protocols/feeds/json_fields.hpp"
#include "protocols/feeds/zigbee_index.hpp"

namespace homepatch::feeds {

// Refuses an entry with a member that is not known here: it may say whom the image is not for.
Status check_members(const JsonFields& fields);

Result<ZigbeeIndexEntry> read_zigbee_entry(const JsonFields& fields);

}  // namespace homepatch::feeds
