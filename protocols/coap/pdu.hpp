// Between our messages and libcoap's PDUs. Only context.cpp and this pair know libcoap's types.
// Reading takes every byte as foreign: an option of the wrong length counts as absent.
#pragma once

#include <coap3/coap.h>

#include "protocols/coap/message.hpp"

namespace homepatch::coap {

coap_address_t to_coap(const Address& address);

Route route_of(const coap_session_t* session);
Incoming read_request(const coap_session_t* session, const coap_pdu_t* pdu);
Response read_response(const coap_pdu_t* pdu);
std::string token_of(const coap_pdu_t* pdu);

// False when the message does not fit into the PDU: then it must not be sent, for a request cut short means something
// else to the device (an empty write resets its update).
[[nodiscard]] bool write_request(coap_pdu_t* pdu, const Request& request, const std::string& token);
[[nodiscard]] bool write_answer(coap_pdu_t* pdu, const Answer& answer);

}  // namespace homepatch::coap
