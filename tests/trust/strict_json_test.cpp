#include "trust/strict_json.hpp"

#include <gtest/gtest.h>

namespace homepatch {
namespace {

using nlohmann::json;

JsonLimits strict() {
  JsonLimits limits;
  limits.reject_floats = true;
  return limits;
}

struct Refusal {
  const char* fear;
  std::string text;
  Errc code;
  const char* says;
};

class StrictJsonRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(StrictJsonRefuses, WithAReason) {
  const auto parsed = parse_json(GetParam().text, strict());
  ASSERT_FALSE(parsed) << GetParam().fear;
  EXPECT_EQ(parsed.error().code, GetParam().code);
  EXPECT_EQ(parsed.error().text, GetParam().says);
}

using std::string_literals::operator""s;

INSTANTIATE_TEST_SUITE_P(
    Adversary, StrictJsonRefuses,
    ::testing::Values(
        Refusal{"nothing", "", Errc::malformed, "not valid JSON at byte 1"},
        Refusal{"truncated", R"({"a":1)", Errc::malformed, "not valid JSON at byte 7"},
        Refusal{"text behind", R"({"a":1}x)", Errc::malformed, "not valid JSON at byte 8"},
        Refusal{"text hidden behind a NUL", "{\"a\":1}\0{\"a\":2}"s, Errc::malformed, "not valid JSON at byte 8"},
        Refusal{"NUL in a string", "\"a\0b\""s, Errc::malformed, "not valid JSON at byte 3"},
        Refusal{"invalid UTF-8", "\"\xC3(\"", Errc::malformed, "not valid JSON at byte 3"},
        Refusal{"overlong UTF-8", "\"\xC0\xAF\"", Errc::malformed, "not valid JSON at byte 2"},
        Refusal{"surrogate in UTF-8", "\"\xED\xA0\x80\"", Errc::malformed, "not valid JSON at byte 3"},
        Refusal{"half a surrogate pair", R"("\ud800")", Errc::malformed, "not valid JSON at byte 8"},
        Refusal{"duplicate key", R"({"a":1,"a":2})", Errc::malformed, "the key \"a\" appears twice"},
        Refusal{"duplicate key by escape", R"({"a":1,"\u0061":2})", Errc::malformed, "the key \"a\" appears twice"},
        Refusal{"duplicate key of a container", R"({"b":{},"b":{}})", Errc::malformed, "the key \"b\" appears twice"},
        Refusal{"control character in a key shown", R"({"\u001b[2J":1,"\u001b[2J":2})", Errc::malformed,
                "the key \"\xEF\xBF\xBD[2J\" appears twice"},
        Refusal{"float", "[1.5]", Errc::malformed, "a number is not an integer, or too large"},
        Refusal{"float that is whole", "[1.0]", Errc::malformed, "a number is not an integer, or too large"},
        Refusal{"exponent", "[1e3]", Errc::malformed, "a number is not an integer, or too large"},
        Refusal{"above int64", "[9223372036854775808]", Errc::malformed, "an integer is too large"},
        Refusal{"below int64", "[-9223372036854775809]", Errc::malformed, "a number is not an integer, or too large"},
        Refusal{"above uint64", "[18446744073709551616]", Errc::malformed, "a number is not an integer, or too large"},
        Refusal{"deep nesting", std::string(33, '[') + std::string(33, ']'), Errc::too_large,
                "nested deeper than 32 levels"},
        Refusal{"deep nesting without end", std::string(100'000, '['), Errc::too_large, "nested deeper than 32 levels"},
        Refusal{"comment", "/* */ 1", Errc::malformed, "not valid JSON at byte 1"},
        Refusal{"number that is none", "NaN", Errc::malformed, "not valid JSON at byte 1"}));

TEST(StrictJson, GivesTheValue) {
  const auto parsed = parse_json(R"( {"b":[1,-2,true,null,"\u00e9\n"],"a":{}, "n":9223372036854775807} )", strict());
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(*parsed, (json{{"b", {1, -2, true, nullptr, "\xC3\xA9\n"}}, {"a", json::object()}, {"n", INT64_MAX}}));
}

TEST(StrictJson, TakesDepthUpToTheLimit) {
  EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']'), strict()));
}

TEST(StrictJson, CountsBytesAndValues) {
  JsonLimits limits;
  limits.max_bytes = 5;
  EXPECT_TRUE(parse_json("[1,2]", limits));
  EXPECT_EQ(parse_json("[1, 2]", limits).error().text, "6 bytes of JSON; the limit is 5");
  limits.max_nodes = 2;
  EXPECT_EQ(parse_json("[1,2]", limits).error().text, "more than 2 values");
}

TEST(StrictJson, ReadsFloatsAndRepeatedKeysWhereTheyAreAllowed) {
  JsonLimits limits;
  limits.reject_duplicate_keys = false;
  EXPECT_EQ(parse_json(R"({"a":1.5,"a":{"x":1},"a":[2]})", limits).value(), (json{{"a", {2}}}));
  EXPECT_EQ(parse_json("18446744073709551615", limits).value(), UINT64_MAX);
  EXPECT_FALSE(parse_json("1e999", limits));
}

TEST(JsonFields, GiveTypedValues) {
  const json object = {{"s", "x"}, {"i", 7}, {"b", true}, {"a", {"p", "q"}}, {"o", {{"k", 1}}}};
  EXPECT_EQ(string_field(object, "s").value(), "x");
  EXPECT_EQ(integer_field(object, "i", 7, 7).value(), 7);
  EXPECT_TRUE(bool_field(object, "b").value());
  EXPECT_EQ(strings_field(object, "a").value(), (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ((*object_field(object, "o").value())["k"], 1);
  EXPECT_EQ(array_field(object, "a").value()->size(), 2U);
}

TEST(JsonFields, NameTheFieldThatIsWrong) {
  const json object = {{"s", 1}, {"i", "7"}, {"n", nullptr}, {"f", 1.0}, {"big", UINT64_MAX}, {"a", {1}}};
  EXPECT_EQ(string_field(object, "s").error().text, "s: is not a string");
  EXPECT_EQ(string_field(object, "version").error().text, "version: is missing");
  EXPECT_EQ(integer_field(object, "i").error().text, "i: is not an integer");
  EXPECT_EQ(integer_field(object, "f").error().text, "f: is not an integer");
  EXPECT_EQ(integer_field(object, "big").error().text, "big: is too large");
  EXPECT_EQ(integer_field(json{{"x", 0}}, "x", 1).error().text, "x: is below 1");
  EXPECT_EQ(integer_field(json{{"x", 9}}, "x", 1, 8).error().text, "x: is above 8");
  EXPECT_EQ(bool_field(object, "s").error().text, "s: is neither true nor false");
  EXPECT_EQ(strings_field(object, "a").error().text, "a: holds something that is not a string");
  EXPECT_EQ(object_field(object, "a").error().text, "a: is not an object");
  EXPECT_EQ(array_field(object, "s").error().text, "s: is not an array");
  EXPECT_EQ(string_field(json::array(), "s").error().text, "s: the value around it is not an object");
}

TEST(JsonFields, OptionalOnesMayBeAbsentButNotOfAnotherType) {
  const json object = {{"n", nullptr}};
  EXPECT_EQ(optional_string_field(object, "x").value(), std::nullopt);
  EXPECT_EQ(optional_integer_field(object, "x").value(), std::nullopt);
  EXPECT_EQ(optional_bool_field(object, "x").value(), std::nullopt);
  EXPECT_EQ(optional_array_field(object, "x").value(), nullptr);
  EXPECT_EQ(optional_object_field(object, "x").value(), nullptr);
  EXPECT_FALSE(optional_string_field(object, "n"));
  EXPECT_FALSE(optional_object_field(object, "n"));
}

}  // namespace
}  // namespace homepatch
