#include "protocols/coap/link_format.hpp"

#include <gtest/gtest.h>

namespace homepatch::coap {
namespace {

TEST(LinkFormat, ReadsAnLwm2mRegistration) {
  const auto links = parse_links(R"(</>;rt="oma.lwm2m";ct=110,</1/0>,</3>;ver=1.2,</3/0>,</5/0>)").value();
  ASSERT_EQ(links.size(), 5U);
  EXPECT_TRUE(links[0].lists("rt", "oma.lwm2m"));
  EXPECT_EQ(links[0].value("ct"), "110");
  EXPECT_EQ(links[2].target, "/3");
  EXPECT_EQ(links[2].value("ver"), "1.2");
  EXPECT_TRUE(links[4].parameters.empty());
}

TEST(LinkFormat, TakesSeparatorsInsideQuotesAndTargetsAsData) {
  const auto links = parse_links(R"(</a,b;c>;title="x, <y>; \"z\"";obs)").value();
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].target, "/a,b;c");
  EXPECT_EQ(links[0].value("title"), R"(x, <y>; "z")");
  EXPECT_EQ(links[0].value("obs"), std::nullopt);
  EXPECT_EQ(links[0].parameters[1].name, "obs");
}

TEST(LinkFormat, ToleratesWhatTheFieldWrites) {
  EXPECT_EQ(parse_links("</a> ; ct=40 ,\r\n </b>").value().size(), 2U);
  EXPECT_EQ(parse_links("</a>;CT=60 110").value()[0].value("ct"), "60 110");
  EXPECT_EQ(parse_links("<//15001/65536>;ct=0").value()[0].target, "//15001/65536");
  EXPECT_TRUE(parse_links("").value().empty());
}

TEST(LinkFormat, TheFirstOfARepeatedParameterCounts) {
  EXPECT_EQ(parse_links("</a>;rt=x;rt=y").value()[0].value("rt"), "x");
}

class MalformedLinks : public ::testing::TestWithParam<std::string> {};

TEST_P(MalformedLinks, AreRefused) { EXPECT_FALSE(parse_links(GetParam()).has_value()); }

INSTANTIATE_TEST_SUITE_P(Hostile, MalformedLinks,
                         ::testing::Values("x", "<", "</a", "</a>x", "</a>,", "</a>,,</b>", "</a>;", "</a>;=1",
                                           "</a>;rt=", "</a>;rt=\"x", "</a>;rt=\"x\\", "</a\n>", "</a b>", "<</a>>",
                                           std::string("</a\0>", 5), "</" + std::string(300, 'a') + ">",
                                           "</a>;rt=\"" + std::string(300, 'a') + "\"", "</a>;" + std::string(300, 'a'),
                                           std::string(65, ',')));

TEST(LinkFormat, HasLimits) {
  std::string many = "</0>";
  for (std::size_t i = 1; i < kMaxLinks; ++i) many += ",</" + std::to_string(i) + ">";
  EXPECT_EQ(parse_links(many).value().size(), kMaxLinks);
  EXPECT_EQ(parse_links(many + ",</x>").error().code, Errc::too_large);

  std::string wide = "</a>";
  for (std::size_t i = 0; i < kMaxLinkParameters; ++i) wide += ";a" + std::to_string(i);
  EXPECT_TRUE(parse_links(wide).has_value());
  EXPECT_EQ(parse_links(wide + ";b").error().code, Errc::too_large);

  EXPECT_EQ(parse_links("</" + std::string(kMaxLinkBytes, 'a')).error().code, Errc::too_large);
}

TEST(LinkFormat, FiltersAsRfc6690Says) {
  const auto links = parse_links(R"(</light>;rt="light-lux core.s";ct=40)").value();
  EXPECT_TRUE(passes(links[0], "rt=light*"));
  EXPECT_TRUE(passes(links[0], "rt=core.s"));
  EXPECT_FALSE(passes(links[0], "rt=core"));
  EXPECT_TRUE(passes(links[0], "href=/li*"));
  EXPECT_FALSE(passes(links[0], "href=/li"));
  EXPECT_FALSE(passes(links[0], "if=*"));
  EXPECT_TRUE(passes(links[0], "ct=40"));
}

TEST(LinkFormat, WritesWhatItReads) {
  const auto links = parse_links(R"(</a>;title="x \"y\" \\";obs,</b>)").value();
  EXPECT_EQ(parse_links(to_text(links)).value(), links);
}

}  // namespace
}  // namespace homepatch::coap
