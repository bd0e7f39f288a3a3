#include "sim/lwm2m/coap_message.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace homepatch::sim {
namespace {

std::string bytes(std::string_view hex) {
  const auto raw = from_hex(hex).value();
  return {raw.begin(), raw.end()};
}

// A registration as wakaama's client sends it.
constexpr std::string_view kRegistration =
    "4102000101b27264112837"
    "65703d77616b31"
    "056c743d3630"
    "096c776d326d3d312e31"
    "03623d55ff"
    "3c2f333e";

TEST(CoapMessage, AForeignRegistrationIsUnderstood) {
  const auto message = parse_coap(bytes(kRegistration));
  ASSERT_TRUE(message) << message.error().text;
  EXPECT_EQ(message->type, CoapType::con);
  EXPECT_EQ(message->code, coap::kPost);
  EXPECT_EQ(message->id, 1);
  EXPECT_EQ(message->token, "\x01");
  EXPECT_EQ(message->joined(coap::kUriPath), "/rd");
  EXPECT_EQ(message->joined(coap::kUriQuery), "/ep=wak1/lt=60/lwm2m=1.1/b=U");
  EXPECT_EQ(message->find_number(coap::kContentFormat), 40U);
  EXPECT_EQ(message->payload, "</3>");
}

TEST(CoapMessage, WhatWasReadIsWrittenTheSame) {
  const auto wire = bytes(kRegistration);
  EXPECT_EQ(to_hex(encode_coap(parse_coap(wire).value())), kRegistration);
}

TEST(CoapMessage, OptionsAreWrittenInTheOrderOfTheirNumbersWhateverTheOrderOfAdding) {
  CoapMessage message;
  message.code = coap::kPut;
  message.add_number(coap::kSize1, 300000);
  message.add(coap::kUriPath, "5");
  message.add_number(coap::kContentFormat, 42);
  message.add(coap::kUriPath, "0");
  const auto back = parse_coap(encode_coap(message));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->joined(coap::kUriPath), "/5/0");
  EXPECT_EQ(back->find_number(coap::kSize1), 300000U);
  EXPECT_EQ(back->find_number(coap::kContentFormat), 42U);
}

TEST(CoapMessage, LongOptionsUseTheExtendedLengths) {
  for (const std::size_t size : {12U, 13U, 268U, 269U, 700U}) {
    CoapMessage message;
    message.code = coap::kGet;
    message.add(2049, std::string(size, 'x'));  // a number that needs the two-byte delta
    const auto back = parse_coap(encode_coap(message));
    ASSERT_TRUE(back) << size;
    ASSERT_NE(back->find(2049), nullptr);
    EXPECT_EQ(back->find(2049)->size(), size);
  }
}

TEST(CoapMessage, ZeroIsAnOptionOfNoBytes) {
  CoapMessage message;
  message.code = coap::kGet;
  message.add_number(coap::kObserve, 0);
  EXPECT_EQ(*message.find(coap::kObserve), "");
  EXPECT_EQ(message.find_number(coap::kObserve), 0U);
}

TEST(CoapMessage, BlockOptionsHaveTheBytesOfTheStandard) {
  CoapMessage first;
  add_block(first, coap::kBlock1, {0, true, 6});
  EXPECT_EQ(to_hex(*first.find(coap::kBlock1)), "0e");
  CoapMessage last;
  add_block(last, coap::kBlock1, {1023, false, 6});
  EXPECT_EQ(to_hex(*last.find(coap::kBlock1)), "3ff6");
  const auto read = find_block(last, coap::kBlock1).value();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->number, 1023U);
  EXPECT_FALSE(read->more);
  EXPECT_EQ(read->offset(), 1023U * 1024U);
}

TEST(CoapMessage, TheReservedBlockSizeIsRefused) {
  CoapMessage message;
  message.add(coap::kBlock1, "\x07");
  EXPECT_FALSE(find_block(message, coap::kBlock1));
}

TEST(CoapMessage, WhatIsNotWellFormedIsRefused) {
  for (const auto* const hex : {
           "",              // nothing
           "400100",        // shorter than the header
           "80010001",      // version 2
           "49010001",      // a token of nine bytes
           "4201000101",    // a token that ends early
           "40000001ff",    // an empty message with something in it
           "40010001ff",    // a payload marker without payload
           "40010001b5",    // an option that ends early
           "40010001f0",    // reserved delta
           "400100010f",    // reserved length
           "40010001d0",    // no byte for the extended delta
           "40010001e001",  // half of the extended delta
       }) {
    EXPECT_FALSE(parse_coap(bytes(hex))) << hex;
  }
}

TEST(CoapMessage, NoCutOfAGoodMessageIsReadBeyondItsEnd) {
  const auto wire = bytes(kRegistration);
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const std::string cut = wire.substr(0, size);
    (void)parse_coap(cut);
  }
}

}  // namespace
}  // namespace homepatch::sim
