#include "sim/lwm2m/object_tree.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace homepatch::sim {
namespace {

class ObjectTreeTest : public ::testing::Test {
 protected:
  ObjectTreeTest() { fill(tree); }

  void fill(ObjectTree& target) {
    target.resource(3, 3).read = [] { return Lwm2mValue(std::string("1.0.0")); };
    target.resource(3, 11).read = [] { return Lwm2mValue(std::map<std::uint16_t, std::int64_t>{{0, 0}}); };
    target.resource(5, 2).execute = [this] {
      ++executed;
      return coap::kChanged;
    };
    target.resource(5, 3).read = [] { return Lwm2mValue(std::int64_t{0}); };
    target.resource(5, 1).write = [](const CoapMessage&) { return only_code(coap::kChanged); };
  }

  static CoapMessage request(std::uint8_t method, std::string_view path, std::optional<std::uint32_t> accept = {}) {
    CoapMessage message;
    message.code = method;
    while (!path.empty()) {
      const auto end = std::min(path.find('/', 1), path.size());
      message.add(coap::kUriPath, path.substr(1, end - 1));
      path.remove_prefix(end);
    }
    if (accept) message.add_number(coap::kAccept, *accept);
    return message;
  }

  [[nodiscard]] CoapMessage get(std::string_view path, std::optional<std::uint32_t> accept = {}) const {
    return tree.answer(request(coap::kGet, path, accept));
  }

  ObjectTree tree{{true, false}};
  int executed = 0;
};

TEST_F(ObjectTreeTest, ASingleResourceIsReadAsText) {
  const auto response = get("/3/0/3", content_format::kText);
  EXPECT_EQ(response.code, coap::kContent);
  EXPECT_EQ(response.payload, "1.0.0");
  EXPECT_EQ(response.find_number(coap::kContentFormat), content_format::kText);
}

TEST_F(ObjectTreeTest, AWholeInstanceIsReadAsTlvAndAWholeObjectWithItsInstance) {
  EXPECT_EQ(to_hex(get("/3/0").payload), "c503312e302e30830b410000");
  EXPECT_EQ(to_hex(get("/3").payload), "08000cc503312e302e30830b410000");
}

TEST_F(ObjectTreeTest, WhatItDoesNotSpeakIsNotAcceptable) {
  EXPECT_EQ(get("/3/0/3", 112).code, coap::kNotAcceptable);
  EXPECT_EQ(get("/3/0", content_format::kText).code, coap::kNotAcceptable);
  EXPECT_EQ(get("/3/0/11", content_format::kText).code, coap::kNotAcceptable);
}

TEST_F(ObjectTreeTest, WhatIsNotThereIsNotFound) {
  for (const auto* const path : {"/4", "/3/1", "/3/0/99", "/3/0/3/0/0", "/rd", "/3/0/x", "", "/99999/0"}) {
    EXPECT_EQ(get(path).code, coap::kNotFound) << path;
  }
}

TEST_F(ObjectTreeTest, WhatIsNotAllowedIsNotDone) {
  EXPECT_EQ(get("/5/0/2").code, coap::kMethodNotAllowed);
  EXPECT_EQ(get("/5/0/1").code, coap::kMethodNotAllowed);
  EXPECT_EQ(tree.answer(request(coap::kPut, "/3/0/3")).code, coap::kMethodNotAllowed);
  EXPECT_EQ(tree.answer(request(coap::kPost, "/3/0/3")).code, coap::kMethodNotAllowed);
  EXPECT_EQ(tree.answer(request(coap::kDelete, "/3/0")).code, coap::kMethodNotAllowed);
  EXPECT_EQ(executed, 0);
}

TEST_F(ObjectTreeTest, AnExecuteIsDone) {
  EXPECT_EQ(tree.answer(request(coap::kPost, "/5/0/2")).code, coap::kChanged);
  EXPECT_EQ(executed, 1);
}

TEST_F(ObjectTreeTest, DiscoverListsTheResources) {
  EXPECT_EQ(get("/5", content_format::kLinks).payload, "</5>,</5/0>,</5/0/1>,</5/0/2>,</5/0/3>");
  ObjectTree silent({false, true});
  fill(silent);
  EXPECT_EQ(silent.answer(request(coap::kGet, "/5", content_format::kLinks)).code, coap::kNotImplemented);
}

TEST_F(ObjectTreeTest, AClientMayAnswerTlvWhenNobodySaysWhatHeAccepts) {
  EXPECT_EQ(get("/5/0/3").payload, "0");
  ObjectTree other({true, true});
  fill(other);
  EXPECT_EQ(to_hex(other.answer(request(coap::kGet, "/5/0/3")).payload), "c10300");
}

TEST_F(ObjectTreeTest, TheLinksNameEveryInstance) {
  EXPECT_EQ(tree.links(), R"(</>;rt="oma.lwm2m";ct=11542,</3/0>,</5/0>)");
}

TEST_F(ObjectTreeTest, AWriteIsUnderstoodAsTextAndAsTlv) {
  auto text = request(coap::kPut, "/5/0/1");
  text.payload = "coap://x";
  EXPECT_EQ(written_value(text, 1), "coap://x");
  auto tlv = request(coap::kPut, "/5/0/1");
  tlv.add_number(coap::kContentFormat, content_format::kTlv);
  tlv.payload = "\xc0\x01";
  EXPECT_EQ(written_value(tlv, 1), "");
  auto json = request(coap::kPut, "/5/0/1");
  json.add_number(coap::kContentFormat, 110);
  EXPECT_EQ(written_value(json, 1), std::nullopt);
}

}  // namespace
}  // namespace homepatch::sim
