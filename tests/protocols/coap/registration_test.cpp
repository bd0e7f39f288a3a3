#include "protocols/coap/registration.hpp"

#include <gtest/gtest.h>

#include "protocols/coap/registration_facts.hpp"

namespace homepatch::coap {
namespace {

TEST(RegistrationQuery, ReadsWhatClientsSend) {
  const auto query = parse_registration_query({"ep=urn:imei:1", "lt=300", "lwm2m=1.1", "b=U", "Q", "x=y"}).value();
  EXPECT_EQ(query.endpoint, "urn:imei:1");
  EXPECT_EQ(query.lifetime, std::chrono::seconds(300));
  EXPECT_EQ(query.version, "1.1");
  EXPECT_EQ(query.binding, "U");
  EXPECT_TRUE(query.queue);
}

TEST(RegistrationQuery, ReadsTheOldQueueModeInTheBinding) {
  EXPECT_TRUE(parse_registration_query({"b=UQ"}).value().queue);
  EXPECT_FALSE(parse_registration_query({"b=U"}).value().queue);
}

TEST(RegistrationQuery, BoundsTheLifetime) {
  EXPECT_EQ(parse_registration_query({"lt=4294967295"}).value().lifetime, kMaxLifetime);
  EXPECT_EQ(parse_registration_query({"lt=0"}).value().lifetime, kMaxLifetime);
  EXPECT_EQ(parse_registration_query({"ep=a"}).value().lifetime, std::nullopt);
}

class MalformedQuery : public ::testing::TestWithParam<Segments> {};

TEST_P(MalformedQuery, IsRefused) { EXPECT_EQ(parse_registration_query(GetParam()).error().code, Errc::malformed); }

INSTANTIATE_TEST_SUITE_P(Hostile, MalformedQuery,
                         ::testing::Values(Segments{"ep="}, Segments{"ep"}, Segments{"ep=a", "ep=b"},
                                           Segments{"ep=" + std::string(64, 'a')}, Segments{"ep=a\x1b[2J"},
                                           Segments{"ep=\xff\xfe"}, Segments{std::string("ep=a\0b", 6)},
                                           Segments{"lt=-1"}, Segments{"lt=1x"}, Segments{"lt=4294967296"},
                                           Segments{"lt=1e9"}, Segments{"lt="}, Segments{"b=u"},
                                           Segments{"b=UUUUUUUUU"}, Segments{"b="}, Segments(33, "x=1"),
                                           Segments{"x=" + std::string(300, 'a')}));

TEST(RegistrationQuery, RefusesLwm2mVersionsThatAreNotSpoken) {
  EXPECT_EQ(parse_registration_query({"lwm2m=2.0"}).error().code, Errc::unsupported);
  EXPECT_EQ(parse_registration_query({"lwm2m="}).error().code, Errc::unsupported);
  EXPECT_TRUE(parse_registration_query({"lwm2m=1.2"}).has_value());
}

TEST(ObjectLinks, NameObjectsAndInstances) {
  const auto tree = parse_object_links("</1/0>,</3>;ver=1.2,</3/0>,</5>,</x/y>,</3/0/1>,</70000>").value();
  EXPECT_TRUE(tree.root.empty());
  EXPECT_EQ(to_text(tree.objects, 300), "1/0 3 3/0 5");
}

TEST(ObjectLinks, LieBelowAnAlternateRoot) {
  const auto tree = parse_object_links(R"(</lwm2m>;rt="oma.lwm2m";ct="60 110",</lwm2m/3/0>,</5/0>)").value();
  EXPECT_EQ(tree.root, Segments{"lwm2m"});
  EXPECT_EQ(to_text(tree.objects, 300), "3/0");
}

TEST(ObjectLinks, RefuseARootThatIsNoPath) {
  for (const auto* root : {"coap://x", "/a/b/c/d/e", "/%00", "/\xff"}) {
    EXPECT_FALSE(parse_object_links("<" + std::string(root) + R"(>;rt="oma.lwm2m")").has_value()) << root;
  }
}

TEST(ObjectText, IsCutAtWholeItems) {
  EXPECT_EQ(to_text(objects_from("3/0 5/0 9"), 300), "3/0 5/0 9");
  EXPECT_EQ(to_text(objects_from("3/0 5/0 9"), 6), "3/0");
  EXPECT_TRUE(objects_from("x 3/x /").empty());
}

Registration registration() {
  Registration out(DeviceId::from_endpoint("urn:dev:1").value());
  out.id = "Ab3-_x9Z";
  out.endpoint = "urn:dev:1";
  out.route = {Address::make("fe80::7%2", 40000).value(), Address::make("192.168.1.1", 5683).value(), 2};
  out.lifetime = std::chrono::seconds(60);
  out.version = "1.1";
  out.queue = true;
  out.tree = {{"lwm2m"}, objects_from("3/0 5/0")};
  return out;
}

TEST(RegistrationFacts, BringARegistrationBack) {
  const auto before = registration();
  const auto facts = facts_of(before);
  EXPECT_EQ(facts.at("remote"), "[fe80::7%2]:40000");
  const auto after = registration_from(before.device, facts).value();
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.endpoint, before.endpoint);
  EXPECT_EQ(after.route.remote, before.route.remote);
  EXPECT_EQ(after.route.local, before.route.local);
  EXPECT_EQ(after.lifetime, before.lifetime);
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.queue, before.queue);
  EXPECT_EQ(after.tree, before.tree);
}

TEST(RegistrationFacts, AreRefusedWhenTheyAreNotWhole) {
  const auto device = registration().device;
  EXPECT_FALSE(registration_from(device, {}).has_value());
  auto facts = facts_of(registration());
  facts["remote"] = "somewhere";
  EXPECT_FALSE(registration_from(device, facts).has_value());
}

TEST(AddressText, ReadsWhatItWrites) {
  for (const auto* text : {"192.168.1.7:5683", "[fd00::7]:5683", "[fe80::7%3]:1"}) {
    EXPECT_EQ(Address::parse(text).value().to_string(), text);
  }
}

TEST(AddressText, ResolvesNoNames) {
  for (const auto* text : {"localhost:5683", "192.168.1.7", "fd00::7:5683", "[192.168.1.7]:1", "1.2.3.4:65536", "", ":",
                           "[]:1", "1.2.3.4:"}) {
    EXPECT_FALSE(Address::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace homepatch::coap
